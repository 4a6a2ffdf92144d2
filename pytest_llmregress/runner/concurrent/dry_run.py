"""One run of a marked test that counts for nothing: it tells what the test asks for next."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any, NoReturn, Self

import pytest

from pytest_llmregress.pipeline.config import INLINE
from pytest_llmregress.pipeline.extract import AcceptedRecording
from pytest_llmregress.pipeline.load import load_test
from pytest_llmregress.pipeline.plan import SamplePlan
from pytest_llmregress.pipeline.session_context import SessionContext
from pytest_llmregress.pipeline.state import TestState
from pytest_llmregress.recording.cassette_session import SampleMode
from pytest_llmregress.recording.judge_flag import is_judging
from pytest_llmregress.recording.request_capture import RequestRecorder, capture_requests
from pytest_llmregress.redaction.redactor import carries_credentials
from pytest_llmregress.runner import output
from pytest_llmregress.runner.context_factory import identify, narrow_context
from pytest_llmregress.runner.open_sample import TEST_RUN, OpenSample
from pytest_llmregress.storage.journal import Journal
from pytest_llmregress.values.http import Request


class DryRun:
    """A marked test, run to learn what it asks for.

    What is recorded of it by now is played to it. Nothing of it is reported, judged or kept; what
    its requests are answered goes to its journal, as if its recording had been interrupted.
    """

    def __init__(self, state: TestState, context: SessionContext) -> None:
        self._loaded = state
        self._context = context
        self.accepted = AcceptedRecording(state, context)
        self.journal = Journal(state.paths.journal, test=state.node_id, size=state.journal_size)
        self.aim(state.plans[0].number)
        self.current = self.begin()
        """The sample that runs now, or ran last."""

    @classmethod
    def of_item(cls, item: pytest.Item, context: SessionContext) -> Self:
        """Return the dry run of a marked item."""
        context = narrow_context(item, context)
        return cls(load_test(identify(item), context), context)

    @property
    def state(self) -> TestState:
        """What holds for the test; its `llm_config` is part of it once a sample has read it."""
        return self.current.state

    @property
    def to_record(self) -> tuple[SamplePlan, ...]:
        """The samples that may have something to record; none where the test must not be tried."""
        if self.state.setup_error is not None or self.wants_inline:
            return ()
        return tuple(s for s in self.state.plans if s.mode is not SampleMode.REPLAY)

    def claim(self) -> bool:
        """Have no other process record it; tell whether there is anything to record here."""
        try:
            if self.to_record:
                self.journal.check_place()
        except OSError:
            return False  # the run that counts tells it
        return bool(self.to_record)

    def leave_journal(self) -> None:
        """Keep its journal as it is: answers to other samples may be written at this moment."""
        self.journal.is_begun = True

    def aim(self, sample: int) -> RequestRecorder:
        """Make a sample the next one to run, and return what its requests are noted on."""
        self._aim = sample
        self._recorder = RequestRecorder(may_send=self._may_send, halt=_halt)
        return self._recorder

    # --- what pytest's hooks ask of it -------------------------------------------------------

    def begin(self) -> OpenSample:
        """Begin the sample that it is aimed at."""
        recorder = self._recorder
        self.current = OpenSample(
            next(plan for plan in self._loaded.plans if plan.number == self._aim),
            self._loaded,
            self._context,
            accepted=self.accepted,
            journal=self.journal,
            intercept=lambda tape: capture_requests(tape, pad=recorder),
            stop=recorder.refuse,
        )
        return self.current

    def configure(self, config: Mapping[str, Any]) -> None:
        """Take the test's `llm_config`, and go no further where it wants to be run only once."""
        self.current.configure(config)
        if self.wants_inline:
            _halt()

    # --- what came of it ---------------------------------------------------------------------

    @property
    def saved(self) -> int:
        """Whole answers that an interrupted recording would carry on with."""
        return sum(map(len, self.journal.read().values()))

    def played(self) -> tuple[str, ...]:
        """Return the keys of the requests that were answered."""
        traffic = self.current.traffic
        if traffic is None:
            return ()
        return tuple(traffic.tape.key_in(e) for e in traffic.tape.exchanges if e.interaction)

    @property
    def wants_inline(self) -> bool:
        """Whether marker or `llm_config` say that it must not be run twice."""
        return self.state.config.terms.record == INLINE

    def _may_send(self, request: Request) -> bool:
        """Tell whether a request is one to a model, which can be sent in the test's place."""
        traffic = self.current.traffic
        return (
            request.method.upper() == "POST"
            and not carries_credentials(request)
            and self._context.requested_model(request) is not None
            # The run that counts tells of a model that should have been the candidate.
            and (is_judging() or traffic is None or traffic.asking.refuse(request) is None)
        )


def run_trial(item: pytest.Item, trial: DryRun, nextitem: Any) -> None:
    """Run a sample of a test, leaving no trace of it on the item.

    :param nextitem: an item, or what can be asked like one which nodes have to stay set up.
    """
    session = item.session
    stops = session.shouldstop, session.shouldfail
    properties = len(item.user_properties)
    item.stash[TEST_RUN] = trial
    try:
        find_protocol(item.config.pluginmanager)(item=item, nextitem=nextitem)
    finally:
        del item.stash[TEST_RUN]
        del item.user_properties[properties:]
    session.shouldstop, session.shouldfail = stops  # the run that counts will ask for it again


def find_protocol(plugins: pytest.PytestPluginManager) -> Any:
    """Return pytest's protocol without the plugins that collect results, or run a test again.

    They do it around the whole protocol, and a trial is no result. Those of pytest itself are
    kept, ours, and the one that ends a test that hangs.
    """
    name = "pytest_runtest_protocol"
    around = [impl.plugin for impl in getattr(plugins.hook, name).get_hookimpls()]
    others = [plugin for plugin in around if not _is_kept(plugin, plugins)]
    return plugins.subset_hook_caller(name, others)


_TIMEOUTS = "timeout"
"""The name of the plugin pytest-timeout."""


def _is_kept(plugin: Any, plugins: pytest.PytestPluginManager) -> bool:
    module = plugin.__name__ if isinstance(plugin, ModuleType) else type(plugin).__module__
    is_own = module.partition(".")[0] in {"_pytest", "pytest_llmregress"}
    return is_own or plugins.get_name(plugin) == _TIMEOUTS


def _halt() -> NoReturn:
    """Stop a test from whichever thread has asked: no exception that an app would catch."""
    output.fail("this answer is not recorded yet")
