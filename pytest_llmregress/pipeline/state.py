"""The values that one test's run is made of, from what is there before it to what it came to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from pytest_llmregress.pipeline.check_rules import RuleCheckResult
from pytest_llmregress.pipeline.config import TestConfig, TestIdentity
from pytest_llmregress.pipeline.next_command import NextCommand
from pytest_llmregress.pipeline.plan import SamplePlan, SideVariant
from pytest_llmregress.recording.cassette_session import SampleMode
from pytest_llmregress.storage.file_paths import TestPaths, relative_to_root
from pytest_llmregress.values.behavior import Behavior, Change, Drift
from pytest_llmregress.values.call import Call
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.evidence import TestEvidence
from pytest_llmregress.values.http import Interaction
from pytest_llmregress.values.run_report import AnswerSource, Problem
from pytest_llmregress.values.settings import Candidate, FailOn, Settings
from pytest_llmregress.values.snapshot import Snapshot
from pytest_llmregress.verdicts.control_gate import is_controlled
from pytest_llmregress.verdicts.first_pass import MIN_BASELINE


@dataclass(frozen=True, slots=True, kw_only=True)
class TestState:
    """A test before it runs: what holds for it, what is there, and what is to be run."""

    __test__ = False  # pytest must not collect it

    identity: TestIdentity
    config: TestConfig
    paths: TestPaths
    commands: NextCommand
    variant: str | None = None
    """The name that its recording goes by beside the baseline's; None for the baseline."""
    side: SideVariant | None = None
    """What it is beside a test; None for the test itself."""
    promoted: Candidate | None = None
    """The candidate of this run where it is the baseline by now: nothing is to be compared."""
    accepted: Snapshot | None = None
    """What was accepted before this run; None where nothing was."""
    old: Cassette | None = None
    """The cassette as it was before this run; None where there is none."""
    carried: Mapping[int, tuple[Interaction, ...]] = field(default_factory=dict)
    """Answers that an earlier recording has paid for, by sample."""
    journal_size: int | None = None
    """Bytes of its journal when the answers were read; None where it was not read."""
    plans: tuple[SamplePlan, ...] = (SamplePlan(number=1, mode=SampleMode.REPLAY),)
    """At least one."""
    confirm: int = 0
    """Fresh samples that are to follow where these look different."""
    among: int = 0
    """The tests of the run, which share alpha, where the old model is to be asked again; else 0."""
    has_again: bool = False
    """Whether fresh samples of both models are recorded, of a suite that looked worse."""
    refused: Problem | None = None
    """What every request of the test is refused with; None where it may ask."""
    setup_error: Problem | None = None
    """What keeps the test from being run at all."""

    @property
    def node_id(self) -> str:
        """The test's node id."""
        return self.identity.node_id

    @property
    def settings(self) -> Settings:
        """The settings that hold for the test."""
        return self.config.settings

    @property
    def is_baseline(self) -> bool:
        """Whether its recording is the accepted one, and none beside it."""
        return self.variant is None

    @property
    def is_canary(self) -> bool:
        """Whether it is one night of many, recorded of the model of the baseline."""
        return self.settings.history is not None and not self.is_baseline and self.side is None

    @property
    def has_noise(self) -> bool:
        """Whether the baseline has enough samples to show its own noise."""
        return check_enough_samples(self.accepted)

    def is_quarantined(self, today: date) -> bool:
        """Tell whether somebody wrote down why it does not gate, until a day that is not over."""
        quarantine = self.config.terms.quarantine
        return quarantine is not None and not quarantine.is_over(today)

    def is_sampled(self, today: date) -> bool:
        """Tell whether it is told by several samples, or by evidence over several."""
        is_decided = self.settings.candidate is not None and (
            self.has_noise or self.is_quarantined(today)
        )
        is_open = bool(self.among) or self.has_again or self.config.terms.pass_rate is not None
        return self.setup_error is None and (len(self.plans) > 1 or is_decided or is_open)

    def cassette_name(self, root: Path) -> str:
        """Return the path of its cassette, as reports have it."""
        return f"{relative_to_root(self.paths.directory, root)}/{self.paths.cassette.name}"


def deduplicate(names: Iterable[str | None]) -> tuple[str, ...]:
    """Return the names that are there, each once, in order of first use."""
    return tuple(dict.fromkeys(name for name in names if name is not None))


def check_enough_samples(accepted: Snapshot | None) -> bool:
    """Tell whether a baseline has enough samples to show its own noise."""
    return accepted is not None and len(accepted.samples) >= MIN_BASELINE


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedBaseline:
    """The accepted samples, with the behavior that the extractors of today find."""

    snapshot: Snapshot
    """What is accepted, its behavior as of today."""
    new: frozenset[str] = frozenset()
    """Names of built-in traits that came with a later version than it was accepted with."""
    is_extracted: bool = True
    """Whether it is what today's extractors say; False where no cassette is left to read."""

    @property
    def gating(self) -> Snapshot:
        """The same without the traits that are new: nothing fails by those."""
        if not self.new:
            return self.snapshot
        kept = [
            Behavior(traits=tuple(t for t in each.traits if t.name not in self.new))
            for each in self.snapshot.behaviors
        ]
        return replace_behaviors(self.snapshot, kept)


def replace_behaviors(snapshot: Snapshot, behaviors: Sequence[Behavior]) -> Snapshot:
    """Return a snapshot with another behavior of each sample; one too many is left out."""
    pairs = zip(snapshot.samples, behaviors, strict=False)
    return replace(
        snapshot,
        samples=tuple(replace(sample, behavior=behavior) for sample, behavior in pairs),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRecording:
    """What one sample has sent and was answered."""

    plan: SamplePlan
    mode: AnswerSource = AnswerSource.IDLE
    """Where its answers came from."""
    interactions: tuple[Interaction, ...] = ()
    """What is kept of it: the old recording, the new one, or both."""
    calls: tuple[Call, ...] = ()
    """Those that have their answer, in the order of the requests."""
    calls_as_recorded: tuple[Call, ...] = ()
    """The same in the order of the cassette."""
    carried: int = 0
    """Answers that were there before it began."""
    unplayed: int = 0
    """Recorded answers that it has not asked for."""
    not_asked: int = 0
    """How many interactions at its beginning an earlier recording has left, and it did not ask."""
    after_body: int = 0
    """How many interactions at its end were asked once the body of the test was over."""
    not_understood: tuple[str, ...] = ()
    """Requests to a model that no provider reads."""
    program: str = ""
    """The versions of an agent's program, with an arrow, where another one was replayed than was
    recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedSample:
    """What one sample has come to."""

    recording: SampleRecording
    behavior: Behavior = field(default_factory=Behavior)
    values: Mapping[str, Any] = field(default_factory=dict)
    """What `llm_snapshot` was compared with, by name."""
    body_passed: bool = True
    own_passed: bool = True
    """Whether set-up, body and tear-down passed; contract and drift apart."""
    good: bool = True
    """Whether it counts as passed: nothing of its own failed, no rule broke."""
    usable: bool = True
    """Whether it is a sample at all: it asked, and each request has its whole answer."""
    is_exact: bool = False
    """Whether it replayed the very recording that is accepted."""
    lost: bool = False
    """Whether it replayed a sample that passed when it was accepted."""
    compared: bool = False
    """Whether it is a new recording that was held against what is accepted."""
    changes: tuple[Change, ...] = ()
    """What it does differently then."""
    problems: tuple[Problem, ...] = ()
    """What failed it, in order; the misses first."""
    rules: RuleCheckResult = field(default_factory=RuleCheckResult)
    why: str = ""
    """Why it does not count as passed, in a line; empty where it does."""
    failure: str = ""
    """What pytest tells of its failure, where it failed by itself; empty where it did not."""
    skipped: bool = False
    is_unread: bool = False
    """Whether what it came to is unknown, so that nothing of it is kept."""
    unasked: Problem | None = None
    """Why it is no sample of the candidate; None where it is, or there is no candidate."""
    found_in_replay: tuple[Change, ...] = ()
    """What the test's code makes of the accepted recording, where that is new."""

    @property
    def plan(self) -> SamplePlan:
        """What it was to do."""
        return self.recording.plan

    @property
    def mode(self) -> AnswerSource:
        """Where its answers came from."""
        return self.recording.mode

    @property
    def calls(self) -> tuple[Call, ...]:
        """Its model calls, in the order of the requests."""
        return self.recording.calls


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedSide:
    """What samples beside a test have come to by now."""

    state: TestState
    samples: tuple[ObservedSample, ...] = ()
    not_kept: str = ""
    """Why its recording could not be written; empty where nothing went wrong."""

    @property
    def usable(self) -> tuple[ObservedSample, ...]:
        """The samples that count."""
        return tuple(sample for sample in self.samples if sample.usable)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedTest:
    """What a test has come to by now, over all its samples."""

    state: TestState
    samples: tuple[ObservedSample, ...]
    run_fail_on: FailOn = FailOn.BREAKING
    """From where on a drift fails in a test that says nothing of its own."""
    is_quarantined: bool = False
    """Whether somebody wrote down why it does not gate, until a day that is not over."""
    drift: Drift | None = None
    """What its new recordings do differently; None where nothing was compared."""
    observed: ObservedBaseline | None = None
    """What is accepted, as today's extractors see it; None where nothing was compared."""
    evidence: TestEvidence | None = None
    """What the samples say about a change; None where nothing was compared."""
    sides: tuple[ObservedSide, ...] = ()
    """What was run beside it, in the order in which drivers asked for it."""

    @property
    def is_tested(self) -> bool:
        """Whether what it does differently was tested, and not observed once."""
        is_controlled_now = self.evidence is not None and is_controlled(self.evidence)
        return self.state.has_noise or is_controlled_now

    @property
    def gating(self) -> Snapshot | None:
        """What is accepted, with those traits that may fail a test; None where nothing is."""
        return self.state.accepted if self.observed is None else self.observed.gating

    @property
    def node_id(self) -> str:
        """The test's node id."""
        return self.state.node_id

    @property
    def settings(self) -> Settings:
        """The settings that hold for the test."""
        return self.state.config.settings

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What failed it, over all samples, each said once."""
        return tuple(dict.fromkeys(p for sample in self.samples for p in sample.problems))

    @property
    def compared(self) -> tuple[ObservedSample, ...]:
        """The samples that are new recordings, held against what is accepted."""
        return tuple(sample for sample in self.samples if sample.compared)

    @property
    def is_compared(self) -> bool:
        """Whether there is any such sample."""
        return any(sample.compared for sample in self.samples)

    @property
    def is_replay(self) -> bool:
        """Whether all answers come from the cassette."""
        return all(sample.mode is AnswerSource.REPLAYED for sample in self.samples)

    @property
    def found_in_replay(self) -> tuple[Change, ...]:
        """What the test's code makes of a replay of the baseline, where that is new."""
        if not self.state.is_baseline or not self.is_replay:
            return ()
        return tuple(change for sample in self.samples for change in sample.found_in_replay)

    def find_side(self, name: str) -> ObservedSide | None:
        """Return what was run beside it under a name; None where nothing was."""
        return next((s for s in self.sides if s.state.side and s.state.side.name == name), None)
