"""An upgrade: a candidate's recordings that show no difference become the baseline, too."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from pytest_llmregress.behavior.traits import extract_traits
from pytest_llmregress.cli.carry_out import DecisionResult
from pytest_llmregress.cli.output import CommandResult, ExitStatus
from pytest_llmregress.cli.pending_item import PendingItem
from pytest_llmregress.cli.selection import FileProblems, shorten
from pytest_llmregress.comparison.compare_behavior import compare
from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.pipeline.extract import build_stamp
from pytest_llmregress.providers.asked_models import never_asked
from pytest_llmregress.providers.registry import known_providers, read_calls
from pytest_llmregress.storage.cassette_file import read_cassette
from pytest_llmregress.storage.decisions import read_rejections
from pytest_llmregress.storage.errors import (
    NotAcceptableError,
    UnreadableFileError,
    UnwritableValueError,
)
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.storage.pending import StoredTest, accept, deciding
from pytest_llmregress.storage.snapshot_file import read_snapshot, write_snapshot
from pytest_llmregress.values.behavior import Behavior, Severity
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.file_names import slug_of_variant
from pytest_llmregress.values.settings import Candidate
from pytest_llmregress.values.snapshot import (
    Decision,
    PendingReason,
    PendingState,
    SampleSnapshot,
    Snapshot,
)

_MAX_NAMED = 10
_STATUS = "pytest-llmregress status"


class UpgradeState(StrEnum):
    """Where a test stands with a candidate that nothing waits of."""

    SAME = "no difference"
    """Its recording can become the baseline as it is."""
    RUN = "a run has to read its values"
    """It compares values with `llm_snapshot`, which no recording holds."""
    DIFFERS = "it differs, and nothing waits: only a run knows the rules of the test"
    REJECTED = "rejected"
    MISSING = "no recording"
    DONE = "its baseline is of this model"
    WAITS = "it waits for a decision"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeStep:
    """One test of an upgrade."""

    stored: StoredTest
    paths: TestPaths
    """Of the candidate."""
    candidate: str
    state: UpgradeState
    accepted: Snapshot | None = None
    cassette: Cassette | None = None

    @property
    def missing_samples(self) -> int:
        """How many samples fewer the baseline has, once this recording is in its place."""
        if self.state is not UpgradeState.SAME or self.accepted is None or self.cassette is None:
            return 0
        return max(0, len(self.accepted.samples) - len(self.cassette.notes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """All tests of an upgrade of which nothing waits."""

    candidate: str
    steps: tuple[UpgradeStep, ...]
    before: tuple[str, ...]
    """The models that the baselines ask for."""
    problems: tuple[str, ...]
    is_named: bool
    """Whether the command names the candidate, and so means an upgrade."""

    @classmethod
    def plan(cls, candidate: str, tests: Sequence[StoredTest], *, is_named: bool) -> "Upgrade":
        """Return where each test stands that has a baseline, and of which nothing waits."""
        problems, variant = FileProblems(), slug_of_variant(candidate)
        steps = tuple(
            _find_step(stored, candidate, variant, problems) for stored in tests if stored.snapshot
        )
        accepted = (step.accepted for step in steps if step.accepted is not None)
        return cls(
            candidate=candidate,
            steps=tuple(step for step in steps if step.state is not UpgradeState.WAITS),
            before=tuple(
                dict.fromkeys(name for each in accepted for name in each.requested_models)
            ),
            problems=problems.messages,
            is_named=is_named,
        )

    def refuse(self, waiting: Sequence[PendingItem], reason: str) -> CommandResult | None:
        """Return what keeps the upgrade from being made; None where all is decided on."""
        if not self.is_named:
            return None
        states = {step.state for step in self.steps}
        if not waiting and states <= {UpgradeState.MISSING}:
            fault = f"{self.candidate}: no recording of it is below this folder"
            return CommandResult(status=ExitStatus.FAILED, problems=(f"{fault}. {_STATUS}",))
        if reason or not waiting:
            return None
        option = f"--candidate {shlex.quote(self.candidate)}"
        fault = (
            f"{count(len(waiting), 'test')} not decided on, and nothing was accepted; look at it: "
            f"pytest-llmregress review {option}, or accept all of it with a reason: "
            f"pytest-llmregress accept --all {option} --reason …"
        )
        lines = tuple(f"{each.test}: {each.reason}" for each in waiting)
        return CommandResult(status=ExitStatus.PENDING, lines=lines, problems=(fault,))

    def carry_out(self, before: Sequence[str], decision: Decision) -> CommandResult:
        """Promote what shows no difference, and say what is left to do.

        Parameters: `before`, what was said of the tests that waited.
        """
        done = [promote(s, decision) for s in self.steps if s.state is UpgradeState.SAME]
        faults = (*self.problems, *(fault for each in done for fault in each.faults))
        lines = [*before, *(line for each in done for line in each.lines)]
        left = any(step.state is UpgradeState.DIFFERS for step in self.steps)
        status = ExitStatus.PENDING if left else ExitStatus.FINE
        return CommandResult(
            status=ExitStatus.FAILED if faults else status,
            lines=(*(lines or ["nothing is pending"]), *self._say_what_is_left()),
            problems=faults,
        )

    @property
    def _option(self) -> str:
        return f"--llmregress-candidate {shlex.quote(self.candidate)}"

    def _say_what_is_left(self) -> Iterator[str]:
        """Yield what to change in the code, and what the new baseline lacks."""
        candidate = Candidate(name=self.candidate)
        new = candidate.new
        if candidate.is_variant:
            yield f"next: run your code as {new} from now on"
        elif old := ", ".join(name for name in self.before if name != new):
            yield f"next: ask for {new} in your code, where it asks for {old}"
        for state, what, options in (
            (
                UpgradeState.RUN,
                "values that a run has to read",
                f"{self._option} --llmregress-accept",
            ),
            (UpgradeState.DIFFERS, "a difference that a run has to weigh", self._option),
            (UpgradeState.REJECTED, "a rejection", ""),
            (UpgradeState.MISSING, "no recording", f"--llmregress-record once {self._option}"),
        ):
            tests = [step.stored.test for step in self.steps if step.state is state]
            if tests:
                yield f"not on {new} yet, with {what}: {_name(tests)}"
            if tests and options:
                yield f"  pytest {_arguments(tests)} {options}"
        fewer = {step.stored.test: step.missing_samples for step in self.steps}
        if tests := [test for test, missing in fewer.items() if missing]:
            wanted = max(len(s.accepted.samples) for s in self.steps if s.accepted)
            yield f"fewer samples than before: {_name(tests)}; once the code asks for {new}"
            options = f"--llmregress-record once --llmregress-samples {wanted}"
            yield f"  pytest {_arguments(tests)} {options}"


def _find_step(
    stored: StoredTest, candidate: str, variant: str, problems: FileProblems
) -> UpgradeStep:
    paths = replace(stored.paths, variant=variant)
    accepted = problems.read(stored.paths.snapshot, read_snapshot)
    cassette = problems.read(paths.cassette, read_cassette)
    step = UpgradeStep(
        stored=stored,
        paths=paths,
        candidate=candidate,
        state=UpgradeState.MISSING,
        accepted=accepted,
        cassette=cassette,
    )
    if variant in {each.variant for each in stored.pending}:
        return replace(step, state=UpgradeState.WAITS)
    if accepted is None:
        return step
    if cassette is None or never_asked(cassette):
        is_done = set(accepted.requested_models) == {Candidate(name=candidate).new}
        return replace(step, state=UpgradeState.DONE if is_done else UpgradeState.MISSING)
    if _is_rejected(stored, candidate):
        return replace(step, state=UpgradeState.REJECTED)
    if _differs(step, problems):
        return replace(step, state=UpgradeState.DIFFERS)
    return replace(step, state=UpgradeState.RUN if accepted.value_names else UpgradeState.SAME)


def promote(step: UpgradeStep, decision: Decision) -> DecisionResult:
    """Make the recording of a candidate the baseline of its test; on disk, or not done."""
    cassette, accepted = step.cassette, step.accepted
    if cassette is None or accepted is None:
        return DecisionResult()
    snapshot = Snapshot(
        test=cassette.test,
        cassette=cassette.digest,
        requested_models=cassette.requested_models,
        served_models=cassette.served_models,
        recorded_at=cassette.recorded_at,
        samples=_build_samples(cassette),
        extractors=build_stamp(),
        pending=PendingState(
            why=PendingReason.DRIFTED, candidate=step.candidate, baseline=accepted.models
        ),
    )
    try:
        with deciding(step.paths):
            write_snapshot(step.paths.pending_snapshot, snapshot)
            files = accept(step.paths, decision=decision)
    except (UnreadableFileError, UnwritableValueError, NotAcceptableError) as error:
        return DecisionResult(faults=(str(error),))
    head = f"accepted {step.stored.test}: {accepted.models} → {snapshot.models}, no difference"
    return DecisionResult(lines=(head, *(f"  wrote {shorten(path)}" for path in files)))


def _differs(step: UpgradeStep, problems: FileProblems) -> bool:
    """Tell whether a recording differs from the baseline in more than small things."""
    baseline = problems.read(step.stored.paths.cassette, read_cassette)
    if step.cassette is None or step.accepted is None or baseline is None:
        return True
    passed = {sample.passed is not False for sample in step.cassette.notes}
    if passed != {sample.passed for sample in step.accepted.samples}:
        return True
    before = _observe(baseline)
    changes = (change for each in _observe(step.cassette) for change in compare(before, each))
    return any(change.severity is not Severity.COSMETIC for change in changes)


def _observe(cassette: Cassette) -> tuple[Behavior, ...]:
    providers = known_providers()
    samples = (extract_traits(read_calls(run, providers)) for run in cassette.runs)
    return tuple(Behavior(traits=tuple(traits)) for traits in samples)


def _build_samples(cassette: Cassette) -> tuple[SampleSnapshot, ...]:
    several = len(cassette.notes) > 1
    return tuple(
        SampleSnapshot(
            behavior=behavior,
            passed=note.passed is not False,
            session=note.session if several else "",
        )
        for behavior, note in zip(_observe(cassette), cassette.notes, strict=True)
    )


def _is_rejected(stored: StoredTest, candidate: str) -> bool:
    """Tell whether a recording of a candidate was rejected for a test."""
    try:
        rejections = read_rejections(stored.paths)
    except UnreadableFileError:
        return True  # what it says is not known: nothing is decided
    return any(Candidate(name=candidate).new in each.models for each in rejections)


def _name(tests: Sequence[str]) -> str:
    more = f" and {len(tests) - _MAX_NAMED} more" if len(tests) > _MAX_NAMED else ""
    return f"{count(len(tests), 'test')} ({', '.join(tests[:_MAX_NAMED])}{more})"


def _arguments(tests: Sequence[str]) -> str:
    if len(tests) <= _MAX_NAMED:
        return shlex.join(tests)
    return shlex.join(sorted({test.partition("::")[0] for test in tests}))
