"""One marked test with all its samples: what is recorded for it, what it ran, what it came to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from pytest_llmregress.adapters.cassette.tape import TapeMode
from pytest_llmregress.adapters.foreign.reading import read_any
from pytest_llmregress.adapters.store.cassette_file import read_cassette
from pytest_llmregress.adapters.store.journal import Journal
from pytest_llmregress.adapters.store.paths import paths_of
from pytest_llmregress.adapters.store.pending import accept
from pytest_llmregress.adapters.store.snapshot_file import read_snapshot
from pytest_llmregress.core.attribution import Recording, find_cause
from pytest_llmregress.core.behavior import Behavior, Change, Drift, Severity, Trait
from pytest_llmregress.core.call import Call, Calls
from pytest_llmregress.core.cassette import Cassette
from pytest_llmregress.core.cause import Cause
from pytest_llmregress.core.contract import Contract
from pytest_llmregress.core.evidence import TestEvidence
from pytest_llmregress.core.http import Interaction
from pytest_llmregress.core.judging import judge_test
from pytest_llmregress.core.matching import Matching
from pytest_llmregress.core.merging import merge_changes
from pytest_llmregress.core.report import Mode, Problem, TestRecord
from pytest_llmregress.core.screening import MIN_BASELINE, looks_different
from pytest_llmregress.core.settings import RecordMode, Settings
from pytest_llmregress.core.side import Side
from pytest_llmregress.core.snapshot import Snapshot
from pytest_llmregress.core.verdict import Gate, TestVerdict
from pytest_llmregress.glue.commands import Commands
from pytest_llmregress.glue.conclusion import good_samples, is_good
from pytest_llmregress.glue.evidence import evidence_of
from pytest_llmregress.glue.judge import Judge
from pytest_llmregress.glue.keeping import RECORDERS, Found, Kept, keep
from pytest_llmregress.glue.planning import Slot, plan
from pytest_llmregress.glue.rules import Rules, RulesError
from pytest_llmregress.glue.samplerun import SampleRun
from pytest_llmregress.glue.terms import Held, hold
from pytest_llmregress.glue.traffic import Traffic, distinct
from pytest_llmregress.reporting import failures
from pytest_llmregress.reporting.drift import render_drift
from pytest_llmregress.reporting.verdict import lines_of_test

if TYPE_CHECKING:
    from pytest_llmregress.glue.run import Run

_T = TypeVar("_T")


class TestRun:
    """One marked test, over all the samples that this session runs of it."""

    __test__ = False  # pytest must not collect it

    def __init__(self, run: "Run", *, node_id: str, path: Path, markers: list[pytest.Mark]) -> None:
        self.node_id = node_id
        self._run = run
        self._markers = markers
        settings = Settings.resolve(run.sources)
        self.rules = Rules(
            settings=settings, contract=Contract(), matching=Matching(), redactor=run.redactor
        )
        candidate = settings.candidate
        self.paths = paths_of(path, node_id, candidate.name if candidate else None)
        self._commands = Commands(
            node_id, path, invoked_from=run.invoked_from, settings=settings, in_ci=run.in_ci
        )
        self.samples: list[SampleRun] = []
        self.accepted: Snapshot | None = None
        """What was accepted before this run; None where nothing was."""
        self.old: Cassette | None = None
        """The cassette as it was before this run; None where there is none."""
        self.fault: tuple[str, str] | None = None
        """Code and message of what keeps this test from being run at all."""
        self._journal = Journal(self.paths.journal, test=node_id)
        self._carried: dict[int, tuple[Interaction, ...]] = {}
        self._waiting: list[Slot] = []
        self._confirming = 0
        """Fresh samples that are still to be asked for, should it look different."""
        try:
            self._prepare()
        except _FaultError as error:
            self.fault = (error.code, str(error))
        if not self._waiting:
            self._waiting = [Slot(number=1, mode=TapeMode.REPLAY)]

    @classmethod
    def of_item(cls, item: pytest.Item, run: "Run") -> "TestRun":
        """Return the run of a marked item."""
        markers = list(item.iter_markers("llm"))
        return cls(run, node_id=item.nodeid, path=item.path, markers=markers)

    # --- its samples -------------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        """The settings that hold for this test."""
        return self.rules.settings

    @property
    def is_sampled(self) -> bool:
        """Whether its outcome is told by several samples, or by evidence over several."""
        decided = self.settings.candidate is not None and self.has_noise
        several = len(self.samples) + len(self._waiting) > 1
        return self.fault is None and (several or decided)

    @property
    def has_more(self) -> bool:
        """Whether another sample is to be run; asked once the last one has been judged."""
        last = self.samples[-1] if self.samples else None
        if last is not None and (last.skipped or not last.usable):
            return False
        if not self._waiting and self._confirming and looks_different(self.evidence()):
            first = len(self.samples) + 1
            self._waiting = [
                Slot(number=first + each, mode=TapeMode.RECORD, confirms=True)
                for each in range(self._confirming)
            ]
            self._confirming = 0
        return bool(self._waiting)

    def begin(self) -> SampleRun:
        """Begin the next sample."""
        sample = SampleRun(self, self._waiting.pop(0))
        self.samples.append(sample)
        return sample

    @property
    def current(self) -> SampleRun:
        """The sample that runs now, or ran last."""
        return self.samples[-1]

    # --- what a sample asks of it ------------------------------------------------------------

    def traffic(self, slot: Slot, misses: list[Problem]) -> Traffic:
        """Open the traffic of a sample; OSError where a recording could not be saved."""
        if slot.mode is not TapeMode.REPLAY and len(self.samples) == 1:
            self._journal.check_place()
            self._journal.start(self._carried)
        return Traffic(
            self._run,
            test=self.node_id,
            cassette=self._relative(self.paths.cassette),
            recorded=slot.recorded,
            exists=self.old is not None,
            mode=slot.mode,
            candidate=self.settings.candidate,
            commands=self._commands,
            paths=self.paths,
            misses=misses,
            journal=self._journal,
            carried=self._carried.get(slot.number, ()),
            number=slot.number,
        )

    def read_rules(self, config: Mapping[str, Any]) -> None:
        """Read the rules with the test's `llm_config`; RulesError where it cannot be."""
        self.rules = Rules.read(
            test=self.node_id,
            sources=self._run.sources,
            redactor=self._run.redactor,
            markers=self._markers,
            config=config,
        )

    def behavior_of(self, calls: Calls) -> Behavior:
        """Return the behavior that calls show."""
        return Behavior(traits=self._run.traits(calls))

    def hold_to_terms(self, calls: Calls, *, is_new: bool) -> Held:
        """Hold calls against contract, standing rules and quarantine."""
        model = self.settings.judge_model
        return hold(
            self.node_id,
            calls,
            rules=self.rules,
            baseline=self._baseline_calls,
            price=self._run.price,
            judge=None if model is None else Judge(self.node_id, model=model),
            is_new=is_new,
        )

    def classify(
        self, change: Change, before: Trait | None, after: Trait | None
    ) -> Severity | None:
        """Ask all plugins how bad a change is; None where nobody says otherwise."""
        return self._run.classify(change, before, after)

    def failing_drift(self) -> str:
        """Return the drift of the only sample in words where it fails the test, else nothing."""
        return self.drift_text() if not self.is_sampled and self.drift_fails() else ""

    def clean(self, value: Any) -> Any:
        """Take secrets out of a JSON value."""
        return self.rules.redactor.value(value)

    @property
    def saved(self) -> int:
        """Whole answers that an interrupted recording would carry on with."""
        return sum(map(len, self._journal.read().values()))

    @property
    def accept_command(self) -> str:
        """The command that accepts what this test leaves pending."""
        return self._commands.accept()

    # --- what it came to ---------------------------------------------------------------------

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What failed it, over all samples, each said once."""
        found = [p for sample in self.samples for p in (*sample.misses, *sample.problems)]
        return tuple(dict.fromkeys(found))

    @property
    def drift(self) -> Drift | None:
        """What its new recordings do differently, merged; None where nothing was compared."""
        compared = [sample for sample in self.samples if sample.compared]
        if not compared or self.accepted is None:
            return None
        models = distinct(call.requested_model for each in compared for call in each.calls())
        changes = merge_changes([sample.changes for sample in compared])
        return Drift(
            baseline=self.accepted.models,
            candidate=", ".join(models),
            changes=changes,
            cause=self._cause(compared) if changes else None,
        )

    def evidence(self) -> TestEvidence:
        """Return what the samples say about a change."""
        quarantine = self.rules.terms.quarantine
        return evidence_of(
            self.node_id,
            accepted=self.accepted,
            samples=self.samples,
            quarantine="" if quarantine is None else quarantine.reason,
        )

    def verdict(self) -> TestVerdict:
        """Return what that evidence allows one to say about this test alone."""
        return judge_test(self.evidence(), settings=Gate())

    def finish(self, *, unconfirmed: bool = False) -> TestRecord:
        """Keep what is to be kept, and say what happened."""
        kept = Kept()
        if all(sample.skipped and not sample.body_passed for sample in self.samples):
            self._journal.remove()  # the test itself has said that there is nothing to record
        elif not any(sample.misses or sample.traffic is None for sample in self.samples):
            try:
                kept = self._keep()
            except (OSError, ValueError) as error:
                message = failures.not_kept(self.node_id, str(error))
                self.current.problems.append(Problem(code="not_kept", message=message))
        return self._record(kept, unconfirmed=unconfirmed)

    @property
    def untold(self) -> str:
        """What a report of this test still has to say, empty where its failure says it all."""
        if any(sample.failed_by_us or sample.misses for sample in self.samples):
            return ""
        parts = [*(problem.message for problem in self.problems), self.drift_text()]
        return "\n\n".join(part for part in parts if part)

    # --- inside ------------------------------------------------------------------------------

    @property
    def has_noise(self) -> bool:
        """Whether the baseline has enough samples to show its own noise."""
        return self.accepted is not None and len(self.accepted.samples) >= MIN_BASELINE

    @cached_property
    def _now(self) -> str:
        """When what this run records is said to be recorded."""
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    @cached_property
    def _baseline(self) -> Cassette | None:
        """The accepted recording as it was before this run; None where it is gone."""
        if self.settings.candidate is None:
            return self.old
        try:
            return _read_if_there(self.paths.of_baseline().cassette, read_any)
        except ValueError:
            return None

    def _baseline_calls(self) -> Calls | None:
        if self.accepted is None or self._baseline is None:
            return None
        return Calls(self._read(self._baseline.runs[0]))

    def _read(self, interactions: Iterable[Interaction]) -> tuple[Call, ...]:
        read = (self._run.read(each) for each in interactions if not each.judge)
        return tuple(call for call in read if call is not None)

    def _cause(self, compared: Sequence[SampleRun]) -> Cause | None:
        """Return what the drift of the first sample that differs is consistent with."""
        before = self._baseline
        sample = next((each for each in compared if each.changes), None)
        if before is None or sample is None or sample.traffic is None:
            return None
        is_played = sample.mode is Mode.REPLAYED and self.old is not None
        return find_cause(
            self._recording(self._read(before.runs[0]), before.versions, before.recorded_at),
            self._recording(
                sample.traffic.calls_as_recorded(),
                self.old.versions if is_played and self.old else self._run.versions,
                self.old.recorded_at if is_played and self.old else self._now,
            ),
        )

    def _recording(
        self, calls: Iterable[Call], versions: Mapping[str, str], recorded_at: str
    ) -> Recording:
        settled = self.rules.matching.settled
        return Recording(
            calls=[replace(call, request=settled(call.request)) for call in calls],
            versions={name: versions[name] for name in RECORDERS if name in versions},
            recorded_at=recorded_at,
        )

    def _prepare(self) -> None:
        """Read what is there, and plan the samples; `_FaultError` where something is wrong."""
        try:
            self.read_rules({})
        except RulesError as error:
            raise _FaultError(error.code, str(error)) from None
        settings = self.settings
        try:
            if settings.accept and settings.candidate is None:
                accept(self.paths)  # what an earlier run left pending
            self.accepted = _read_if_there(self.paths.snapshot, read_snapshot)
            self.old = _read_if_there(self.paths.cassette, read_any)
            if settings.record is not RecordMode.NONE:
                self._carried = self._paid_for()
        except (ValueError, OSError) as error:
            raise _FaultError("unreadable_file", str(error)) from None
        if settings.candidate is not None and self.accepted is None:
            recorded = self.paths.of_baseline().cassette.exists()
            command = self._commands.baseline(recorded=recorded)
            raise _FaultError("no_baseline", failures.no_baseline(self.node_id, command))
        self._waiting = plan(
            self.old,
            record=settings.record,
            wanted=self._wanted,
            is_candidate=settings.candidate is not None,
        )
        if settings.candidate is not None and self.has_noise and self._wanted is None:
            confirmed = any(slot.confirms for slot in self._waiting)
            may_record = settings.record is not RecordMode.NONE
            self._confirming = settings.confirm if may_record and not confirmed else 0

    @property
    def _wanted(self) -> int | None:
        """How many samples were asked for; None where nobody said."""
        asked = Settings.resolve(self._run.sources).samples
        if asked is not None or self.settings.candidate is not None:
            return asked  # the marker's samples are the baseline's
        return self.rules.terms.samples

    def _paid_for(self) -> dict[int, tuple[Interaction, ...]]:
        """Return the whole answers of an earlier recording that was not accepted, by sample."""
        found = self._journal.read()
        if not found and self.old is None:  # a first recording that waits since the test failed
            try:
                pending = read_cassette(self.paths.pending_cassette)
            except (FileNotFoundError, ValueError):
                return {}
            found = dict(enumerate(pending.runs, start=1))
        return {
            sample: tuple(each for each in interactions if self._run.incomplete(each) is None)
            for sample, interactions in found.items()
        }

    def drift_fails(self) -> bool:
        """Whether a drift of one recording against one fails the test."""
        drift = self.drift
        if drift is None or drift.severity is None:
            return False
        if self.settings.accept and all(sample.body_passed for sample in self.samples):
            return False
        return self.settings.fail_on.fails(drift.severity)

    def drift_text(self) -> str:
        """Return the drift in words; empty where there is none."""
        drift = self.drift
        if drift is None or drift.severity is None:
            return ""
        return render_drift(
            test=self.node_id,
            drift=drift,
            fails=self.verdict().fails if self.has_noise else self.drift_fails(),
            look=self._commands.show(self.paths),
            accept=self.accept_command,
            evidence=lines_of_test(self.verdict()) if self.has_noise else (),
        )

    def _keep(self) -> Kept:
        calls = self._calls()
        return keep(
            Found(
                test=self.node_id,
                paths=self.paths,
                rules=self.rules,
                samples=tuple(self.samples),
                whole=not self._waiting and all(sample.usable for sample in self.samples),
                old=self.old,
                accepted=self.accepted,
                journal=self._journal,
                requested_models=distinct(call.requested_model for call in calls),
                served_models=distinct(call.served_model for call in calls),
                good=is_good(self),
                session=self._run.started,
                recorded_at=self._now,
                versions=self._run.versions,
                in_ci=self._run.in_ci,
            )
        )

    def _calls(self) -> tuple[Call, ...]:
        return tuple(call for sample in self.samples for call in sample.calls())

    def _record(self, kept: Kept, *, unconfirmed: bool) -> TestRecord:
        calls, samples = self._calls(), self.samples
        usage = Calls(calls).usage
        candidate = self.settings.candidate
        whole = all(sample.own_passed for sample in samples)
        before, after = self._sides() if self.is_compared else (None, None)
        return TestRecord(
            test=self.node_id,
            mode=_mode_of([sample.mode for sample in samples]),
            passed=whole,
            candidate=None if candidate is None else candidate.name,
            cassette=self._relative(self.paths.cassette),
            calls=len(calls),
            requested_models=distinct(call.requested_model for call in calls),
            served_models=distinct(call.served_model for call in calls),
            input_tokens=usage.total_tokens - usage.output_tokens,
            output_tokens=usage.output_tokens,
            unplayed=sum(
                len(sample.traffic.tape.unplayed)
                for sample in samples
                if sample.traffic and sample.own_passed
            ),
            problems=(*self.problems, *self._remarks()),
            drift=self.drift,
            carried=sum(len(sample.traffic.carried) for sample in samples if sample.traffic),
            pending=None if kept.pending is None else self._relative(kept.pending),
            accepted=kept.accepted,
            samples=len(samples),
            passes=good_samples(self).passed,
            unconfirmed=unconfirmed,
            evidence=self.evidence() if self.is_compared else None,
            rules=tuple(each for sample in samples for each in sample.held.rules),
            rules_before=next((s.held.rules_before for s in samples if s.held.rules_before), ()),
            cost_usd=_sum_known([sample.held.cost for sample in samples]),
            before=before,
            after=after,
            verdict=self.verdict() if self.is_compared and self.has_noise else None,
        )

    def _sides(self) -> tuple[Side | None, Side]:
        """Return the accepted run and the new one that a report shows side by side."""
        compared = [sample for sample in self.samples if sample.compared]
        shown = next((sample for sample in compared if sample.changes), compared[0])
        calls = () if shown.traffic is None else shown.traffic.calls_as_recorded()
        before = self._baseline_calls()
        return (None if before is None else Side.of(before)), Side.of(Calls(calls))

    def _remarks(self) -> list[Problem]:
        """Return what a passing test has to say, and does not fail by."""
        replayed = all(sample.mode is Mode.REPLAYED for sample in self.samples)
        passed = all(sample.body_passed for sample in self.samples)
        if replayed and passed and self.accepted is None:
            message = failures.no_snapshot(self.node_id, self._commands.accept_by_running())
            return [Problem(code="no_snapshot", message=message)]
        return []

    @property
    def is_compared(self) -> bool:
        """Whether any sample is a new recording that was held against what is accepted."""
        return any(sample.compared for sample in self.samples)

    def _relative(self, path: Path) -> str:
        try:
            return path.relative_to(self._run.root).as_posix()
        except ValueError:
            return path.as_posix()


class _FaultError(Exception):
    """What keeps a test from being run: its code, and a message for the user."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def _mode_of(modes: Sequence[Mode]) -> Mode:
    """Return where the answers of all samples together came from."""
    told = {mode for mode in modes if mode is not Mode.IDLE}
    if not told:
        return Mode.IDLE
    return told.pop() if len(told) == 1 else Mode.MIXED


def _sum_known(costs: Sequence[float | None]) -> float | None:
    """Return the sum, or None where one of them is not known."""
    known = [cost for cost in costs if cost is not None]
    return sum(known) if known and len(known) == len(costs) else None


def _read_if_there(path: Path, read: Callable[[Path], _T]) -> _T | None:
    try:
        return read(path)
    except FileNotFoundError:
        return None
