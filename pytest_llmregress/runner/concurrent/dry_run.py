"""One run of a marked test that counts for nothing: it tells what the test asks for next."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol, Self

import pytest

from pytest_llmregress.pipeline.config import INLINE
from pytest_llmregress.pipeline.extract import AcceptedRecording
from pytest_llmregress.pipeline.http_session import HttpSession
from pytest_llmregress.pipeline.load import load_side, load_test
from pytest_llmregress.pipeline.plan import SamplePlan, SideVariant
from pytest_llmregress.pipeline.session_context import SessionContext
from pytest_llmregress.pipeline.state import TestState
from pytest_llmregress.recording.cassette_session import CassetteSession, Exchange, SampleMode
from pytest_llmregress.recording.judge_flag import is_judging
from pytest_llmregress.recording.request_capture import (
    NOT_RECORDED,
    RequestRecorder,
    capture_requests,
    name_request,
)
from pytest_llmregress.redaction.redactor import carries_credentials
from pytest_llmregress.runner import output
from pytest_llmregress.runner.context_factory import identify, narrow_context
from pytest_llmregress.runner.open_sample import OpenSample
from pytest_llmregress.storage.journal import Journal
from pytest_llmregress.values.http import Request, Response


class Surroundings(Protocol):
    """What is around all dry runs of a session."""

    def take_live(
        self, item: pytest.Item, tape: CassetteSession, exchange: Exchange, response: Response
    ) -> None:
        """Take the answer to what a thread or a task has sent at once while a test was tried."""

    def restrict_sockets(self) -> bool:
        """Tell whether something of the test keeps it from connecting where others may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleTarget:
    """One sample of one test that is still to be recorded."""

    item: pytest.Item
    sample: int
    side: SideVariant | None = None
    """What it is beside the test; None for the test itself."""
    plan: SamplePlan | None = None
    """What a driver has asked for; None for a sample that the test begins with."""


class DryRun:
    """A marked test, run to learn what it asks for.

    What is recorded of it by now is played to it. Nothing of it is reported, judged or kept; what
    its requests are answered goes to its journal, as if its recording had been interrupted.
    """

    def __init__(
        self, item: pytest.Item, state: TestState, context: SessionContext, around: Surroundings
    ) -> None:
        self._item = item
        self._loaded = state
        self._context = context
        self._around = around
        self.accepted = AcceptedRecording(state, context)
        self.journal = Journal(state.paths.journal, test=state.node_id, size=state.journal_size)
        self.choose(state.plans[0].number)
        self.current = self.begin()
        """The sample that runs now, or ran last."""

    @classmethod
    def of_item(cls, item: pytest.Item, context: SessionContext, around: Surroundings) -> Self:
        """Return the dry run of a marked item."""
        context = narrow_context(item, context)
        return cls(item, load_test(identify(item), context), context, around)

    @classmethod
    def of_target(cls, target: SampleTarget, context: SessionContext, around: Surroundings) -> Self:
        """Return the dry run of a sample, of the test or beside it."""
        if target.plan is None:
            return cls.of_item(target.item, context, around)
        context = narrow_context(target.item, context)
        state = load_test(identify(target.item), context)
        if target.side is not None:
            state = load_side(state, target.side, context)
        return cls(target.item, replace(state, plans=(target.plan,)), context, around)

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

    def choose(self, sample: int) -> RequestRecorder:
        """Make a sample the next one to run, and return what its requests are noted on."""
        self._chosen = sample
        self.recorder = build_recorder(
            self._item, self._context, self._around, traffic=lambda: self.current.traffic
        )
        return self.recorder

    # --- what pytest's hooks ask of it -------------------------------------------------------

    def begin(self) -> OpenSample:
        """Begin the sample that was chosen."""
        recorder = self.recorder
        self.current = OpenSample(
            next(plan for plan in self._loaded.plans if plan.number == self._chosen),
            self._loaded,
            self._context,
            accepted=self.accepted,
            journal=self.journal,
            intercept=lambda tape: capture_requests(tape, recorder=recorder),
            stop=recorder.refuse,
        )
        return self.current

    def note(self, report: pytest.TestReport) -> None:
        """Take no notice of how a phase ended."""

    def configure(self, config: Mapping[str, Any]) -> None:
        """Take the test's `llm_config`, and go no further where it wants to be run only once."""
        self.current.configure(config)
        if self.wants_inline:
            output.fail(NOT_RECORDED)

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


def build_recorder(
    item: pytest.Item,
    context: SessionContext,
    around: Surroundings,
    *,
    traffic: Callable[[], HttpSession | None],
) -> RequestRecorder:
    """Return what the requests of one run of a test are noted on.

    :param traffic: returns the HTTP of the sample that runs.
    """

    def refuse(request: Request) -> str:
        """Say why a request is none that can be sent in the test's place; empty where it is."""
        if around.restrict_sockets():
            return "sockets are restricted while it runs"
        http = traffic()
        may_send = (
            request.method.upper() == "POST"
            and not carries_credentials(request)
            and context.requested_model(request) is not None
            # The run that counts tells of a model that should have been the candidate.
            and (is_judging() or http is None or http.asking.refuse(request) is None)
        )
        return "" if may_send else name_request(request)

    def check(request: Request) -> None:
        http = traffic()
        if http is not None:
            http.check_sending(request)

    return RequestRecorder(
        refuse=refuse,
        halt=output.fail,
        before_live=check,
        take_live=partial(around.take_live, item),
    )
