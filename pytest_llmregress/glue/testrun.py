"""The life of one marked test: its cassette from before set-up to after tear-down."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar
from urllib.parse import urlsplit

import pytest

from pytest_llmregress.adapters import sdk
from pytest_llmregress.adapters.cassette.interception import intercepted
from pytest_llmregress.adapters.cassette.tape import Miss, Tape, TapeMode
from pytest_llmregress.adapters.store.cassette_file import read_cassette
from pytest_llmregress.adapters.store.paths import TestPaths, paths_of
from pytest_llmregress.adapters.store.pending import accept
from pytest_llmregress.adapters.store.snapshot_file import read_snapshot
from pytest_llmregress.core.behavior import Behavior, Drift
from pytest_llmregress.core.call import Call, Calls
from pytest_llmregress.core.cassette import Cassette
from pytest_llmregress.core.contract import Contract, ContractError
from pytest_llmregress.core.explain import explain
from pytest_llmregress.core.report import Mode, Problem, TestRecord
from pytest_llmregress.core.settings import RecordMode, Settings, SettingsError, Source
from pytest_llmregress.glue.commands import Commands, line_that_asks
from pytest_llmregress.glue.judgement import Judgement
from pytest_llmregress.glue.keeping import Found, keep
from pytest_llmregress.reporting import failures
from pytest_llmregress.reporting.drift import render_drift
from pytest_llmregress.reporting.miss import render_miss

if TYPE_CHECKING:
    from pytest_llmregress.glue.run import Run

SETTINGS_OF_A_TEST = frozenset({"fail_on"})
"""What `llm_config` may set beside the marker's limits; the rest belongs to the whole run."""

T = TypeVar("T")

_INTERRUPTS = (KeyboardInterrupt, SystemExit, pytest.exit.Exception)


class TestRun:
    """One run of one marked test."""

    __test__ = False  # pytest must not collect it

    def __init__(self, run: "Run", *, node_id: str, path: Path, markers: list[pytest.Mark]) -> None:
        self.run = run
        self.node_id = node_id
        self.settings = Settings.resolve(run.sources)
        self.drift: Drift | None = None
        self.drift_text = ""
        self.judgement = Judgement(accepted=None, exact=False, accept=False)
        self._commands = Commands(node_id, path, run.invoked_from, self.settings)
        candidate = self.settings.candidate
        self.paths: TestPaths = paths_of(path, node_id, candidate.name if candidate else None)
        self._markers = markers
        self._config: Mapping[str, Any] = {}
        self._contract = Contract()
        self._tape: Tape | None = None
        self._sent = sdk.SentRequests()
        self._stack = ExitStack()
        self._behavior = Behavior()
        self._problems: list[Problem] = []
        self._misses: list[str] = []
        """Messages, in order; appended to from whichever thread has asked."""
        self._body_passed = False
        self._failed_by_us = False
        """Whether we failed the body of a test that had passed."""
        self._passed_elsewhere = True
        """Whether set-up, tear-down and, where a framework hides its exception, the body passed."""
        self._skipped = False
        self._old: Cassette | None = None
        self._read: dict[int, Call | None] = {}

    @classmethod
    def of_item(cls, item: pytest.Item, run: "Run") -> "TestRun":
        """Return the run of a marked item."""
        return cls(
            run,
            node_id=item.nodeid,
            path=item.path,
            markers=list(item.iter_markers("llm")),
        )

    # --- before the test ---------------------------------------------------------------------

    def open(self) -> None:
        """Open the cassette. Fails the test where a file or a keyword is not what it can be."""
        self._apply_keywords()
        try:
            if self.settings.accept and self.settings.candidate is None:
                accept(self.paths)  # what an earlier run left pending
            accepted = _read_if_there(self.paths.snapshot, read_snapshot)
            self._old = _read_if_there(self.paths.cassette, read_cassette)
        except (ValueError, OSError) as error:
            self._fail("unreadable_file", str(error))
        if self.settings.candidate is not None and accepted is None:
            self._fail(
                "no_baseline", failures.no_baseline(self.node_id, self._commands.record_baseline())
            )
        mode = self._tape_mode()
        self._tape = Tape(
            mode=mode,
            recorded=None if self._old is None else self._old.interactions,
            redactor=self.run.redactor,
            on_miss=self._fail_on_miss,
        )
        self.judgement = Judgement(
            accepted=accepted,
            exact=mode is TapeMode.REPLAY and self.settings.candidate is None,
            accept=self.settings.accept,
        )
        candidate = self.settings.candidate
        self._sent = self._stack.enter_context(
            sdk.opened(
                replaying=mode is TapeMode.REPLAY,
                rename=None if candidate is None else candidate.rename,
            )
        )
        self._stack.enter_context(intercepted(self._tape))

    def configure(self, config: Mapping[str, Any]) -> None:
        """Take the test's `llm_config`; fails the test where it holds what nobody knows."""
        if not config:
            return
        own = {key: value for key, value in config.items() if key in SETTINGS_OF_A_TEST}
        self._config = {key: value for key, value in config.items() if key not in own}
        command_line, *rest = self.run.sources
        try:
            self.settings = Settings.resolve(
                [command_line, Source(name='llm_config["{key}"]', values=own), *rest]
            )
        except SettingsError as error:
            self._fail("bad_settings", f"{self.node_id}: {error}")
        self._apply_keywords()

    # --- while it runs -----------------------------------------------------------------------

    def calls(self) -> tuple[Call, ...]:
        """Return the model calls so far that have their answer."""
        calls = []
        for exchange in self._tape.attempts if self._tape else ():
            if exchange.interaction is None:
                continue
            key = id(exchange)
            if key not in self._read:
                self._read[key] = self.run.read(exchange.interaction)
            call = self._read[key]
            if call is not None:
                calls.append(call)
        return tuple(calls)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Let no miss be swallowed: whatever else came of the phase, it fails by the miss."""
        told = len(self._misses)
        try:
            yield
        except _INTERRUPTS:
            self._passed_elsewhere = False
            raise
        except BaseException:
            if len(self._misses) == told:
                raise
        if len(self._misses) > told:
            first, more = self._misses[told], len(self._misses) - told - 1
            message = first + (f"\n  (and {more} more)" if more else "")
            raise pytest.fail.Exception(message, pytrace=False) from None

    @contextmanager
    def judged(self) -> Iterator[None]:
        """Judge what the test did, as soon as its own body is over."""
        try:
            yield
        except (*_INTERRUPTS, pytest.skip.Exception) as error:
            self._skipped = isinstance(error, pytest.skip.Exception)
            raise
        except BaseException:
            self._judge()
            raise
        else:
            self._body_passed = True
            self._judge()

    def note_failure(self, phase: str) -> None:
        """Take notice that a phase did not pass, whoever made it fail."""
        if phase != "call" or not self._failed_by_us:
            self._passed_elsewhere = False

    @property
    def accept_command(self) -> str:
        """The command that accepts what this test leaves pending."""
        return self._commands.accept()

    # --- after it ----------------------------------------------------------------------------

    def close(self) -> None:
        """Close the cassette: from here on nothing is intercepted."""
        self._stack.close()

    def finish(self) -> TestRecord:
        """Keep what is to be kept, and say what happened."""
        tape = self._tape
        attempts = tape.attempts if tape else ()
        calls = Calls(self.calls())
        recorded = [exchange for exchange in attempts if not exchange.played]
        mode = Mode.REPLAYED
        if recorded:
            mode = Mode.MIXED if len(recorded) < len(attempts) else Mode.RECORDED
        pending: Path | None = None
        accepted = False
        if tape is not None and not self._skipped and not tape.misses:
            kept = keep(
                Found(
                    test=self.node_id,
                    paths=self.paths,
                    settings=self.settings,
                    tape=tape,
                    old=self._old,
                    judgement=self.judgement,
                    behavior=self._behavior,
                    requested_models=_distinct(call.requested_model for call in calls),
                    served_models=_distinct(call.served_model for call in calls),
                    body_passed=self._body_passed and self._passed_elsewhere,
                    broken=bool(self._problems),
                    versions=self.run.versions,
                    in_ci=self.run.in_ci,
                ),
                incomplete=self.run.incomplete,
            )
            pending, accepted = kept.pending, kept.accepted
            self._problems.extend(kept.problems)
        usage = calls.usage
        return TestRecord(
            test=self.node_id,
            mode=mode,
            passed=self._body_passed and self._passed_elsewhere,
            candidate=None if self.settings.candidate is None else self.settings.candidate.name,
            cassette=self._relative(self.paths.cassette),
            calls=len(calls),
            requested_models=_distinct(call.requested_model for call in calls),
            served_models=_distinct(call.served_model for call in calls),
            input_tokens=usage.total_tokens - usage.output_tokens,
            output_tokens=usage.output_tokens,
            unplayed=len(tape.unplayed) if tape and self._body_passed else 0,
            problems=tuple(self._problems),
            drift=self.drift,
            pending=None if pending is None else self._relative(pending),
            accepted=accepted,
        )

    # --- inside ------------------------------------------------------------------------------

    def _apply_keywords(self) -> None:
        """Read the marker and `llm_config`; the closest marker wins keyword by keyword."""
        keywords = dict(self._config)
        for mark in reversed(self._markers):
            keywords.update(mark.kwargs)
        if any(mark.args for mark in self._markers):
            self._fail("bad_marker", failures.bad_marker(self.node_id, "it takes keywords only"))
        try:
            self._contract = Contract.from_keywords(keywords)
        except ContractError as error:
            self._fail("bad_marker", failures.bad_marker(self.node_id, str(error)))

    def _tape_mode(self) -> TapeMode:
        match self.settings.record:
            case RecordMode.NONE:
                return TapeMode.REPLAY
            case RecordMode.ONCE:
                return TapeMode.RECORD if self._old is None else TapeMode.REPLAY
            case RecordMode.NEW_EPISODES:
                return TapeMode.EXTEND
            case RecordMode.ALL | RecordMode.REWRITE:
                return TapeMode.RECORD

    def _judge(self) -> None:
        tape = self._tape
        if tape is None or tape.misses:
            return
        calls = Calls(self.calls())
        self._behavior = Behavior(traits=self.run.traits(calls))
        if self._body_passed:
            self._check_traffic(tape)
            broken = self._contract.violations(calls)
            if broken:
                message = failures.contract_broken(self.node_id, broken)
                self._problems.append(Problem(code="contract", message=message))
        if any(not exchange.played for exchange in tape.attempts):
            self.judgement.exact = False
        models = ", ".join(_distinct(call.requested_model for call in calls))
        self.drift = self.judgement.drift(self._behavior, models=models, passed=self._body_passed)
        fails = self._judge_drift()
        if self._body_passed and not self._problems and self.judgement.exact:
            changes = self.judgement.changes(self._behavior, passed=True)
            if changes and not self.settings.accept:
                message = failures.replay_differs(self.node_id, changes, self.accept_command)
                self._problems.append(Problem(code="changed", message=message))
        if self._body_passed and (self._problems or fails):
            parts = [problem.message for problem in self._problems]
            if fails:
                parts.append(self.drift_text)
            self._failed_by_us = True
            pytest.fail("\n\n".join(parts), pytrace=False)

    def _judge_drift(self) -> bool:
        """Put the drift in words; return whether it fails the test."""
        if self.drift is None or self.drift.severity is None:
            return False
        fails = self.settings.fail_on.fails(self.drift.severity) and not (
            self.settings.accept and self._body_passed
        )
        self.drift_text = render_drift(
            test=self.node_id,
            drift=self.drift,
            fails=fails,
            look=self._commands.show(self.paths),
            accept=self.accept_command,
        )
        return fails

    def _check_traffic(self, tape: Tape) -> None:
        """Note where no call was made, or one went past the cassette or the candidate."""
        seen = [(e.request.method.upper(), urlsplit(e.request.url).path) for e in tape.exchanges]
        bypassed = self._sent.missing_from(seen)
        candidate = self.settings.candidate
        if bypassed:
            message = failures.bypassed(self.node_id, bypassed)
            self._problems.append(Problem(code="bypassed", message=message))
        elif not seen:
            message = failures.no_calls(self.node_id)
            self._problems.append(Problem(code="no_calls", message=message))
        elif candidate is not None:
            asked = _distinct(self.run.requested_model(e.request) for e in tape.exchanges)
            wrong = [model for model in asked if candidate.rename(model) != model]
            if wrong:
                message = failures.not_rewritten(self.node_id, wrong, candidate.name)
                self._problems.append(Problem(code="not_rewritten", message=message))

    def _fail_on_miss(self, miss: Miss) -> NoReturn:
        tape = self._tape
        explanation = None
        if tape is not None and miss.reason == "no_match":
            recorded = [interaction.request for interaction in tape.recorded]
            explanation = explain(miss.request, recorded)
        message = render_miss(
            test=self.node_id,
            reason=str(miss.reason),
            request=miss.request,
            times=miss.times_recorded,
            where=line_that_asks(self.run.root),
            cassette=self._relative(self.paths.cassette),
            explanation=explanation,
            command=self._commands.record(exists=self._old is not None),
        )
        self._misses.append(message)
        self._fail(str(miss.reason), message)

    def _fail(self, code: str, message: str) -> NoReturn:
        """Fail the test by a problem of ours: no exception of the app's, no stack trace."""
        self._problems.append(Problem(code=code, message=message))
        pytest.fail(message, pytrace=False)

    def _relative(self, path: Path) -> str:
        try:
            return path.relative_to(self.run.root).as_posix()
        except ValueError:
            return path.as_posix()


def _read_if_there(path: Path, read: Callable[[Path], T]) -> T | None:
    try:
        return read(path)
    except FileNotFoundError:
        return None


def _distinct(names: Any) -> tuple[str, ...]:
    """Return the names that are there, each once, in order of first use."""
    return tuple(dict.fromkeys(name for name in names if name is not None))
