"""The life of one marked test: from before its set-up to after its tear-down."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import pytest

from pytest_llmregress.adapters.cassette.tape import TapeMode
from pytest_llmregress.adapters.foreign.reading import read_any
from pytest_llmregress.adapters.store.paths import paths_of
from pytest_llmregress.adapters.store.pending import accept
from pytest_llmregress.adapters.store.snapshot_file import read_snapshot
from pytest_llmregress.core.behavior import Behavior, Drift
from pytest_llmregress.core.call import Call, Calls
from pytest_llmregress.core.contract import Contract
from pytest_llmregress.core.matching import Matching
from pytest_llmregress.core.report import Mode, Problem, TestRecord
from pytest_llmregress.core.settings import RecordMode, Settings
from pytest_llmregress.glue.commands import Commands
from pytest_llmregress.glue.judgement import Judgement
from pytest_llmregress.glue.keeping import Found, Kept, keep
from pytest_llmregress.glue.rules import Rules, RulesError
from pytest_llmregress.glue.traffic import Traffic, distinct
from pytest_llmregress.reporting import failures
from pytest_llmregress.reporting.drift import render_drift

if TYPE_CHECKING:
    from pytest_llmregress.glue.run import Run

_T = TypeVar("_T")
_INTERRUPTS = (KeyboardInterrupt, SystemExit, pytest.exit.Exception)


class TestRun:
    """One run of one marked test."""

    __test__ = False  # pytest must not collect it

    def __init__(self, run: "Run", *, node_id: str, path: Path, markers: list[pytest.Mark]) -> None:
        self.node_id = node_id
        self.judgement = Judgement(accepted=None, exact=False, accept=False)
        self._run = run
        settings = Settings.resolve(run.sources)
        candidate = settings.candidate
        self._paths = paths_of(path, node_id, candidate.name if candidate else None)
        self._commands = Commands(
            node_id, path, invoked_from=run.invoked_from, settings=settings, in_ci=run.in_ci
        )
        self._markers = markers
        self._rules = Rules(
            settings=settings,
            contract=Contract(),
            matching=Matching(),
            redactor=run.redactor,
        )
        self._traffic: Traffic | None = None
        self._behavior = Behavior()
        self._drift: Drift | None = None
        self._drift_text = ""
        self._problems: list[Problem] = []
        self._misses: list[Problem] = []
        """In order; appended to from whichever thread has asked."""
        self._body_passed = False
        self._failed_by_us = False
        """Whether we failed the body of a test that had passed."""
        self._passed_elsewhere = True
        """Whether set-up, tear-down and, where a framework hides its exception, the body passed."""
        self._skipped = False

    @classmethod
    def of_item(cls, item: pytest.Item, run: "Run") -> "TestRun":
        """Return the run of a marked item."""
        markers = list(item.iter_markers("llm"))
        return cls(run, node_id=item.nodeid, path=item.path, markers=markers)

    # --- before the test ---------------------------------------------------------------------

    def open(self) -> None:
        """Open the cassette. Fails the test where a file or a keyword is not what it can be."""
        self._read_rules({})
        settings, paths = self._rules.settings, self._paths
        try:
            if settings.accept and settings.candidate is None:
                accept(paths)  # what an earlier run left pending
            accepted = _read_if_there(paths.snapshot, read_snapshot)
            old = _read_if_there(paths.cassette, read_any)
        except (ValueError, OSError) as error:
            self._fail("unreadable_file", str(error))
        if settings.candidate is not None and accepted is None:
            recorded = paths.of_baseline().cassette.exists()
            command = self._commands.baseline(recorded=recorded)
            self._fail("no_baseline", failures.no_baseline(self.node_id, command))
        mode = _tape_mode(settings.record, exists=old is not None)
        self.judgement = Judgement(
            accepted=accepted,
            exact=mode is TapeMode.REPLAY and settings.candidate is None,
            accept=settings.accept,
            clean=self._clean,
        )
        try:
            self._traffic = Traffic(
                self._run,
                test=self.node_id,
                cassette=self._relative(paths.cassette),
                old=old,
                mode=mode,
                candidate=settings.candidate,
                commands=self._commands,
                paths=paths,
                misses=self._misses,
            )
        except OSError as error:
            self._fail("not_kept", failures.not_kept(self.node_id, str(error)))

    def configure(self, config: Mapping[str, Any]) -> None:
        """Take the test's `llm_config`; fails the test where it holds what cannot be."""
        if config:
            self._read_rules(config)
            if self._traffic is not None:
                self._traffic.tape.match(self._rules.matching, redactor=self._rules.redactor)

    # --- while it runs -----------------------------------------------------------------------

    def calls(self) -> tuple[Call, ...]:
        """Return the model calls so far that have their answer."""
        return () if self._traffic is None else self._traffic.calls()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Let no miss be swallowed: whatever else comes of a phase, it fails by the miss."""
        told = len(self._misses)
        try:
            yield
        except _INTERRUPTS:
            raise
        except BaseException:
            if len(self._misses) == told:
                raise
        if len(self._misses) > told:
            more = len(self._misses) - told - 1
            message = self._misses[told].message + (f"\n  (and {more} more)" if more else "")
            raise pytest.fail.Exception(message, pytrace=False) from None

    @contextmanager
    def judged(self) -> Iterator[None]:
        """Judge what the test did, as soon as its own body is over."""
        try:
            yield
        except _INTERRUPTS:
            raise
        except pytest.skip.Exception:
            if self.calls():  # it has asked before it gave up: a replay comes to the same end
                self._body_passed = True
                self._judge()
            raise
        except BaseException:
            self._judge()
            raise
        else:
            self._body_passed = True
            self._judge()

    def note(self, report: pytest.TestReport) -> None:
        """Take notice of how a phase ended, whoever decided on it."""
        if hasattr(report, "wasxfail"):
            if self._misses:  # what was not recorded is not the failure that was expected
                del report.wasxfail
                report.outcome, report.longrepr = "failed", self._misses[0].message
            elif report.skipped:
                self._body_passed = True  # it failed as it should: this is its recording
        elif report.skipped:
            self._skipped = True
        elif report.failed and not (report.when == "call" and self._failed_by_us):
            self._passed_elsewhere = False

    @property
    def accept_command(self) -> str:
        """The command that accepts what this test leaves pending."""
        return self._commands.accept()

    # --- after it ----------------------------------------------------------------------------

    def close(self) -> None:
        """Close the cassette: from here on nothing is intercepted."""
        if self._traffic is not None:
            self._traffic.close()

    def finish(self) -> TestRecord:
        """Keep what is to be kept, and say what happened."""
        kept = Kept()
        traffic, calls = self._traffic, Calls(self.calls())
        if traffic is not None and self._skipped and not self._body_passed:
            traffic.journal.remove()  # the test itself has said that there is nothing to record
        elif traffic is not None and not self._misses:
            try:
                kept = self._keep(traffic)
            except (OSError, ValueError) as error:
                self._note_problem("not_kept", failures.not_kept(self.node_id, str(error)))
        passed = self._body_passed and self._passed_elsewhere
        candidate = self._rules.settings.candidate
        return TestRecord(
            test=self.node_id,
            mode=Mode.IDLE if traffic is None else traffic.mode,
            passed=passed,
            candidate=None if candidate is None else candidate.name,
            cassette=self._relative(self._paths.cassette),
            calls=len(calls),
            requested_models=distinct(call.requested_model for call in calls),
            served_models=distinct(call.served_model for call in calls),
            input_tokens=calls.usage.total_tokens - calls.usage.output_tokens,
            output_tokens=calls.usage.output_tokens,
            unplayed=len(traffic.tape.unplayed) if traffic and passed else 0,
            problems=(*self._misses, *self._problems, *self._remarks()),
            drift=self._drift,
            carried=len(traffic.carried) if traffic else 0,
            pending=None if kept.pending is None else self._relative(kept.pending),
            accepted=kept.accepted,
        )

    @property
    def untold(self) -> str:
        """What a report of this test still has to say, empty where its failure says it all."""
        if self._failed_by_us or self._misses:
            return ""
        parts = [*(problem.message for problem in self._problems), self._drift_text]
        return "\n\n".join(part for part in parts if part)

    # --- inside ------------------------------------------------------------------------------

    def _judge(self) -> None:
        """Hold what the test did against its contract and against what was accepted."""
        traffic = self._traffic
        if traffic is None or self._misses:
            return
        calls = Calls(traffic.calls_as_recorded())
        self._behavior = Behavior(traits=self._run.traits(calls))
        if traffic.mode in {Mode.RECORDED, Mode.MIXED}:
            self.judgement.exact = False
        reasons = traffic.unfinished()
        if reasons:
            message = failures.not_whole(self.node_id, reasons, saved=len(traffic.journal.read()))
            self._note_problem("not_whole", message)
        elif self._body_passed:
            self._check_rules(traffic, calls)
        if not reasons:  # an outage or a bad key is no drift
            models = ", ".join(distinct(call.requested_model for call in calls))
            self._drift = self.judgement.drift(
                self._behavior, models=models, passed=self._body_passed
            )
        fails = self._say_drift()
        if self._body_passed and (self._problems or fails):
            told = [problem.message for problem in self._problems]
            told += [self._drift_text] if fails else []
            self._failed_by_us = True
            pytest.fail("\n\n".join(told), pytrace=False)

    def _check_rules(self, traffic: Traffic, calls: Calls) -> None:
        """Note every rule that a test broke whose own body passed."""
        fault = traffic.fault()
        if fault is not None:
            self._problems.append(fault)
        broken = self._rules.contract.violations(calls)
        if broken:
            self._note_problem("contract", failures.contract_broken(self.node_id, broken))
        if self.judgement.exact and not self._problems and not self._rules.settings.accept:
            changes = self.judgement.changes(self._behavior, passed=True)
            if changes:
                message = failures.replay_differs(self.node_id, changes, self.accept_command)
                self._note_problem("changed", message)

    def _say_drift(self) -> bool:
        """Put the drift in words; return whether it fails the test."""
        if self._drift is None or self._drift.severity is None:
            return False
        accepts = self._rules.settings.accept and self._body_passed
        fails = not accepts and self._rules.settings.fail_on.fails(self._drift.severity)
        self._drift_text = render_drift(
            test=self.node_id,
            drift=self._drift,
            fails=fails,
            look=self._commands.show(self._paths),
            accept=self.accept_command,
        )
        return fails

    def _keep(self, traffic: Traffic) -> Kept:
        calls = traffic.calls()
        return keep(
            Found(
                test=self.node_id,
                paths=self._paths,
                settings=self._rules.settings,
                traffic=traffic,
                judgement=self.judgement,
                behavior=self._behavior,
                requested_models=distinct(call.requested_model for call in calls),
                served_models=distinct(call.served_model for call in calls),
                body_passed=self._body_passed and self._passed_elsewhere,
                broken=bool(self._problems),
                versions=self._run.versions,
                in_ci=self._run.in_ci,
            )
        )

    def _read_rules(self, config: Mapping[str, Any]) -> None:
        try:
            self._rules = Rules.read(
                test=self.node_id,
                sources=self._run.sources,
                redactor=self._run.redactor,
                markers=self._markers,
                config=config,
            )
        except RulesError as error:
            self._fail(error.code, str(error))

    def _remarks(self) -> list[Problem]:
        """Return what a passing test has to say, and does not fail by."""
        traffic = self._traffic
        replayed = traffic is not None and traffic.mode is Mode.REPLAYED
        if replayed and self._body_passed and self.judgement.accepted is None:
            message = failures.no_snapshot(self.node_id, self._commands.accept_by_running())
            return [Problem(code="no_snapshot", message=message)]
        return []

    def _clean(self, value: Any) -> Any:
        return self._rules.redactor.value(value)

    def _note_problem(self, code: str, message: str) -> None:
        self._problems.append(Problem(code=code, message=message))

    def _fail(self, code: str, message: str) -> NoReturn:
        """Fail the set-up by a problem of ours: no stack trace for a user's mistake."""
        self._note_problem(code, message)
        self._failed_by_us = True
        self._passed_elsewhere = False
        raise pytest.fail.Exception(message, pytrace=False) from None

    def _relative(self, path: Path) -> str:
        try:
            return path.relative_to(self._run.root).as_posix()
        except ValueError:
            return path.as_posix()


def _tape_mode(record: RecordMode, *, exists: bool) -> TapeMode:
    match record:
        case RecordMode.NONE:
            return TapeMode.REPLAY
        case RecordMode.ONCE:
            return TapeMode.REPLAY if exists else TapeMode.RECORD
        case RecordMode.NEW_EPISODES:
            return TapeMode.EXTEND
        case RecordMode.ALL | RecordMode.REWRITE:
            return TapeMode.RECORD


def _read_if_there(path: Path, read: Callable[[Path], _T]) -> _T | None:
    try:
        return read(path)
    except FileNotFoundError:
        return None
