"""One sample while it runs: its cassette is open, its values are compared, its misses noted."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import pytest

from pytest_llmregress.pipeline.compare import ValueRecorder
from pytest_llmregress.pipeline.config import TestConfigError
from pytest_llmregress.pipeline.extract import AcceptedRecording, build_extractors
from pytest_llmregress.pipeline.http_session import Fail, HttpSession, Intercept
from pytest_llmregress.pipeline.load import read_config
from pytest_llmregress.pipeline.plan import SamplePlan
from pytest_llmregress.pipeline.session_context import SessionContext
from pytest_llmregress.pipeline.state import ObservedBaseline, TestState
from pytest_llmregress.process.asking_thread import end_caller
from pytest_llmregress.recording.cassette_session import SampleMode
from pytest_llmregress.recording.http_patching import patch_http
from pytest_llmregress.reports import failures
from pytest_llmregress.runner import output
from pytest_llmregress.storage.journal import Journal
from pytest_llmregress.storage.recording_lock import RecordingLockedError
from pytest_llmregress.values.call import Call
from pytest_llmregress.values.run_report import BAD_HOOK, Problem

if TYPE_CHECKING:
    from pytest_llmregress.recording.request_capture import RequestRecorder

INTERRUPTS = (KeyboardInterrupt, SystemExit, pytest.exit.Exception)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trying:
    """How a sample is run that is only tried."""

    intercept: Intercept
    """How its HTTP comes to the tape."""
    stop: Fail
    """Ends it where a child asks, in the words of its request."""


class OpenSample:
    """One run of a test, of which nothing is judged.

    Parameters: `intercept`, how its HTTP comes to the tape; `stop`, of a sample that is only
    tried: ends it where a child asks.
    """

    def __init__(  # noqa: PLR0913 - what is there before it, and how it is run
        self,
        plan: SamplePlan,
        state: TestState,
        context: SessionContext,
        *,
        accepted: AcceptedRecording,
        journal: Journal,
        intercept: Intercept = patch_http,
        stop: Fail | None = None,
    ) -> None:
        self.plan = plan
        self.state = state
        """Of its test; its own `llm_config` is part of it once that was read."""
        self.values = ValueRecorder(accepted=None, exact=False, accept=False)
        self.traffic: HttpSession | None = None
        self.problems: list[Problem] = []
        self.misses: list[Problem] = []
        """In order; appended to from whichever thread has asked."""
        self.failed_by_us = False
        """Whether we failed the body of a test that had passed, or its set-up."""
        self._context = context
        self._accepted = accepted
        self._journal = journal
        self._intercept = intercept
        self._stop = stop

    def open(self) -> None:
        """Open the cassette. Fails the test where a file or a keyword is not what it can be."""
        state, plan = self.state, self.plan
        if state.setup_error is not None:
            self._fail(state.setup_error.code, state.setup_error.message)
        self.values = ValueRecorder(
            accepted=state.accepted,
            observed=self._observe_accepted,
            sample=plan.number,
            exact=plan.mode is SampleMode.REPLAY and state.is_baseline,
            accept=state.settings.accept,
            clean=self._clean,
            terms=state.config.terms,
            classify=self._context.plugins.classify,
        )
        try:
            if plan.mode is not SampleMode.REPLAY:
                self._journal.begin(state.carried)
            self.traffic = HttpSession(
                state,
                plan,
                self._context,
                accepted=self._accepted,
                journal=self._journal,
                misses=self.misses,
                fail=partial(end_caller, fail=output.fail),
                intercept=self._intercept,
                stop=self._stop,
            )
        except RecordingLockedError as error:
            self._fail("occupied", f"{state.node_id}: {error}")
        except OSError as error:
            self._fail("not_kept", failures.not_kept(state.node_id, str(error)))

    def configure(self, config: Mapping[str, Any]) -> None:
        """Take the test's `llm_config`; fails the test where it holds what cannot be."""
        if "samples" in config:
            self._fail("bad_settings", failures.samples_too_late(self.state.node_id))
        if config:
            try:
                rules = read_config(self.state, self._context, given=config)
            except TestConfigError as error:
                self._fail(error.code, str(error))
            self.state = replace(self.state, config=rules)
            self.values.terms = rules.terms
            if self.traffic is not None:
                self.traffic.configure(rules)

    def calls(self) -> tuple[Call, ...]:
        """Return the model calls so far that have their answer."""
        return () if self.traffic is None else self.traffic.calls()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Let no miss be swallowed: whatever else comes of a phase, it fails by the miss."""
        told = len(self.misses)
        try:
            yield
        except INTERRUPTS:
            raise
        except BaseException:
            if len(self.misses) == told:
                raise
        if len(self.misses) > told:
            more = len(self.misses) - told - 1
            message = self.misses[told].message + (f"\n  (and {more} more)" if more else "")
            output.fail(message)

    @contextmanager
    def in_body(self) -> Iterator[None]:
        """Let the body of the test run inside."""
        yield

    def judge(self, error: BaseException | None) -> None:
        """Take no notice of what the body of the test did, nor of the exception that ended it."""

    def note_torn_down(self) -> None:
        """Take notice that the last fixture is torn down, the cassette still being open."""

    def close(self) -> None:
        """Close the cassette: from here on nothing is intercepted."""
        if self.traffic is not None:
            self.traffic.close()

    def _observe_accepted(self) -> ObservedBaseline | None:
        extractors = build_extractors(self.state.config, self._context.plugins)
        return self._accepted.observe(extractors)

    def _clean(self, value: Any) -> Any:
        """Take secrets out of a JSON value, by what holds for the test at this moment."""
        return self.state.config.redactor.value(value)

    @property
    def has_bad_hook(self) -> bool:
        """Whether a hook that has a say on it has failed: what it came to is not whole."""
        return any(problem.code == BAD_HOOK for problem in self.problems)

    def _note_problem(self, code: str, message: str) -> None:
        self.problems.append(Problem(code=code, message=message))

    def _fail(self, code: str, message: str) -> NoReturn:
        """Fail the set-up by a problem of ours: no stack trace for a user's mistake."""
        self._note_problem(code, message)
        self.failed_by_us = True
        output.fail(message)


class RunningTest(Protocol):
    """A test of which samples are run: to be judged, or to learn what it asks for."""

    @property
    def current(self) -> OpenSample:
        """The sample that runs now, or ran last."""

    def begin(self) -> OpenSample:
        """Begin the next sample."""

    def configure(self, config: Mapping[str, Any]) -> None:
        """Give the sample that is being set up the test's `llm_config`."""

    def note(self, report: pytest.TestReport) -> None:
        """Take notice of how a phase ended, before anybody is told of it."""


class TriedTest(RunningTest, Protocol):
    """A test that runs unseen, so that nothing of it counts."""

    @property
    def recorder(self) -> "RequestRecorder":
        """What its requests are noted on."""


TEST_RUN: pytest.StashKey[RunningTest] = pytest.StashKey()
"""On an item: its run, from before its first set-up to after its last tear-down."""

DRY_SECTIONS: pytest.StashKey[Sequence[tuple[str, str]]] = pytest.StashKey()
"""On an item: what its dry runs have printed, with which pytest begins each later report."""

SETTING_UP: ContextVar[RunningTest] = ContextVar("llmregress_setting_up")
"""The run of the test that is being set up."""
