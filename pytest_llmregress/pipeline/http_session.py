"""The HTTP of one marked test: recorded or replayed, read as calls, and watched for misses."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import replace
from typing import NoReturn

from pytest_llmregress.gateway.serving import serve_children
from pytest_llmregress.gateway.tenant import Tenant
from pytest_llmregress.llm_judge.missed_judgements import MissedJudgements
from pytest_llmregress.pipeline.boundary import Boundary
from pytest_llmregress.pipeline.check_candidate import Asking
from pytest_llmregress.pipeline.config import ALLOW, TestConfig
from pytest_llmregress.pipeline.explain_miss import explain_miss
from pytest_llmregress.pipeline.extract import AcceptedRecording
from pytest_llmregress.pipeline.next_command import find_calling_line
from pytest_llmregress.pipeline.plan import SamplePlan
from pytest_llmregress.pipeline.session_context import SessionContext
from pytest_llmregress.pipeline.spend_tracker import PlannedRequest
from pytest_llmregress.pipeline.state import SampleRecording, TestState
from pytest_llmregress.pipeline.unplayed_calls import UnplayedCalls
from pytest_llmregress.providers.registry import CallReader, replay_environment, sdk_supports
from pytest_llmregress.providers.rewriting import PutsPrompt, Rewriter
from pytest_llmregress.providers.sdk_seams import open_seams
from pytest_llmregress.recording import judge_flag
from pytest_llmregress.recording.cassette_session import (
    CassetteSession,
    Miss,
    SampleMode,
)
from pytest_llmregress.recording.http_patching import patch_http
from pytest_llmregress.recording.newer_program import find_program_change
from pytest_llmregress.recording.socket_guard import SocketGuard, find_guard_of_thread
from pytest_llmregress.reports import failures
from pytest_llmregress.reports.recording_progress import not_sent
from pytest_llmregress.storage.journal import Journal
from pytest_llmregress.values.call import Call
from pytest_llmregress.values.conversations import find_conversation_starts
from pytest_llmregress.values.http import Interaction, Request
from pytest_llmregress.values.matching import path_of
from pytest_llmregress.values.run_report import AnswerSource, Problem
from pytest_llmregress.values.settings import NetworkMode, RecordMode

Intercept = Callable[[CassetteSession], AbstractContextManager[None]]
"""Sends the HTTP of the process through a tape for as long as it is entered."""
Fail = Callable[[str], NoReturn]
"""Fails the test that runs by a message, from whichever thread: no app catches what it raises."""


class HttpSession:
    """What one sample of one test sends and what it is answered, for as long as it is open.

    Parameters: `accepted`, what was accepted of its test; `misses`, where each of them is put;
    `fail`, what ends the test by a message; `intercept`, how its HTTP comes to the tape;
    `stop`, of a test that is only tried: ends it where a child asks, in the words of its request.
    """

    def __init__(  # noqa: PLR0913 - two values, and what is alive around them
        self,
        state: TestState,
        plan: SamplePlan,
        context: SessionContext,
        *,
        accepted: AcceptedRecording,
        journal: Journal,
        misses: list[Problem],
        fail: Fail,
        intercept: Intercept = patch_http,
        stop: Fail | None = None,
    ) -> None:
        # The code may still ask for the model that the promoted one has replaced.
        candidate = state.promoted or state.settings.candidate
        recorded, paths = plan.recorded, state.paths
        self._run = context
        self._test = state.node_id
        self._state = state
        self._fail = fail
        self._commands = state.commands
        self._expects_error = state.config.contract.expects_error
        self._judgements = MissedJudgements(paths, test=self._test, in_ci=context.in_ci)
        self._journal = journal
        self._number = plan.number
        self._accepted = accepted
        self.carried = state.carried.get(plan.number, ())
        self.reader = CallReader(context.providers)
        self.asking = Asking(
            test=self._test,
            candidate=candidate,
            commands=self._commands,
            root=context.root,
            requested_model=context.requested_model,
            read=self.reader.read,
            recorded=recorded or (),
            paths=paths,
        )
        self._unasked: tuple[tuple[int, int], Problem | None] = (0, 0), None
        rewrite = Rewriter(
            providers=context.providers,
            rename=None if candidate is None else candidate.rename,
            put_prompt=_find_old_prompt(state, accepted),
        )
        self.boundary = Boundary(context.gateway, requested_model=context.requested_model)
        self.tape = CassetteSession(
            mode=plan.mode,
            recorded=recorded,
            redactor=context.redactor,
            on_miss=self._miss,
            carried=self.carried,
            on_answer=self._journal_answer,
            before_send=self.check_sending if stop is None else None,
            passes=self.boundary.passes,
            rewrite=rewrite,
        )
        self.unplayed = UnplayedCalls(
            self.tape,
            test=self._test,
            commands=self._commands,
            requested_model=context.requested_model,
            note=plan.note,
        )
        self.unplayed.is_allowed = state.config.terms.unplayed == ALLOW
        self._misses = misses
        replaying = plan.mode is SampleMode.REPLAY
        with ExitStack() as stack:  # what fails on the way leaves nothing patched
            self._sent = stack.enter_context(
                open_seams(
                    sdk_supports(context.providers),
                    replaying=replaying,
                    environment=replay_environment(context.providers, recorded),
                    rewrite=rewrite if rewrite.changes else None,
                )
            )
            stack.enter_context(intercept(self.tape))
            self.guard = None
            if replaying and state.settings.network is NetworkMode.CLOSED:
                self.guard = SocketGuard(
                    test=self._test, recorded=recorded or (), refuse=self._refuse
                )
                stack.enter_context(self.guard.closed())
            self._tenant = Tenant(self.tape, test=self._test, stop=stop, guard=self.guard)
            stack.enter_context(serve_children(context.gateway, self._tenant))
            self._stack = stack.pop_all()

    def configure(self, rules: TestConfig) -> None:
        """Take what `llm_config` says of matching, redaction and hosts."""
        self._expects_error = rules.contract.expects_error
        self.tape.match(rules.matching, redactor=rules.redactor, presets=rules.presets)
        self.unplayed.is_allowed = rules.terms.unplayed == ALLOW
        self.boundary.configure(rules)
        if self.guard is not None:
            self.guard.let_pass(rules.pass_hosts)

    @contextmanager
    def body(self) -> Iterator[None]:
        """Let the body of the test run inside."""
        try:
            with nullcontext() if self.guard is None else self.guard.body(), self._tenant.body():
                yield
        finally:
            self.unplayed.end_body()

    def close(self) -> None:
        """Intercept nothing from here on."""
        self._stack.close()
        self._judgements.close()

    def recording(self, plan: SamplePlan, *, record: RecordMode) -> SampleRecording:
        """Return what was sent and answered so far."""
        kept, new = self._kept(plan, record)
        return SampleRecording(
            plan=plan,
            mode=self.mode,
            interactions=(*kept, *new),
            not_asked=len(kept),
            calls=self.calls(),
            calls_as_recorded=self.reader.read_all(self.tape.attempts_as_recorded),
            carried=len(self.carried),
            unplayed=len(self.tape.unplayed_places),
            after_body=self.unplayed.count_after_body(),
            not_understood=self.asking.unread(self.tape.attempts),
            program=find_program_change(self.tape.attempts, self.tape.versions.rules),
        )

    def calls(self) -> tuple[Call, ...]:
        """Return the model calls so far that have their answer, in the order of the requests."""
        return self.reader.read_all(self.tape.attempts)

    @property
    def is_as_recorded(self) -> bool:
        """Whether its behavior is that of the recording: all was asked for that has to be."""
        return self.tape.is_as_recorded or self.unplayed.is_allowed

    @property
    def mode(self) -> AnswerSource:
        """Where the answers came from."""
        played = [exchange.played for exchange in self.tape.attempts]
        if not played:
            return AnswerSource.IDLE
        if all(played):
            return AnswerSource.REPLAYED
        return AnswerSource.MIXED if any(played) else AnswerSource.RECORDED

    def unfinished(self) -> tuple[str, ...]:
        """Say why what was recorded is not whole, a line for each request."""
        reasons = []
        for number, exchange in enumerate(self.tape.attempts, start=1):
            if exchange.interaction is None:
                why: str | None = "no answer came"
            elif exchange.played:
                why = None
            else:
                why = self._find_fault(exchange.interaction)
            if why:
                path = path_of(exchange.request)
                reasons.append(f"request {number} ({exchange.request.method} {path}): {why}")
        return tuple(reasons)

    def _find_fault(self, interaction: Interaction) -> str | None:
        return self._run.incomplete(interaction, expects_error=self._expects_error)

    def unasked(self) -> Problem | None:
        """Say why nothing of it is the candidate's; None where it is, or there is none."""
        exchanges = self.tape.exchanges
        state = len(exchanges), sum(each.interaction is not None for each in exchanges)
        if self._unasked[0] != state:
            self._unasked = state, self.asking.fault(exchanges)
        return self._unasked[1]

    @property
    def has_asked(self) -> bool:
        """Whether the app has asked anything; questions to a judge are none of its."""
        return any(not exchange.judge for exchange in self.tape.exchanges)

    def fault(self) -> Problem | None:
        """Say where no call was made, one went past the cassette, or a recorded one is left out."""
        seen = [(e.request.method, e.request.url) for e in self.tape.exchanges]
        seen += self.boundary.sent_to_gateway
        bypassed = self._sent.missing_from(seen, redact=self.tape.redactor.url)
        if bypassed:
            return Problem(code="bypassed", message=failures.bypassed(self._test, bypassed))
        left_out = self.unplayed.fault(is_over=False)
        if not self.has_asked and left_out is None:
            return Problem(code="no_calls", message=failures.no_calls(self._test))
        return left_out

    def _refuse(self, place: str) -> NoReturn:
        """Fail the test by a connection that goes past the cassette."""
        where = find_calling_line(self._run.root)
        message = failures.refused(self._test, place, where, self._commands.without_test())
        self._misses.append(Problem(code="refused", message=message))
        self._fail(message)

    def _refuse_earlier_tests(self, request: Request) -> None:
        """Refuse what a thread of a test asks that is over: this test has no part in it."""
        owner = find_guard_of_thread()
        if owner is not None and owner.is_over:
            owner.refuse(f"{request.method} {request.url.partition('?')[0]}")

    def check_sending(self, request: Request) -> None:
        """Fail the test where a request must not be sent: before it costs anything."""
        self._refuse_earlier_tests(request)
        if not judge_flag.is_judging():
            self._fail_by(self.asking.refuse(request))
        spending = self._run.spending
        if not spending.is_limited:
            return
        stop = spending.refuse(
            [PlannedRequest(request=request, known=self._accepted.usage_of_a_call)]
        )
        if stop is not None:
            message = not_sent(self._test, stop.why, self._commands.carry_on(stop.option))
            self._fail_by(Problem(code=stop.code, message=message))

    def _fail_by(self, problem: Problem | None) -> None:
        """Fail the test from whichever thread has asked: no exception that an app would catch."""
        if problem is not None:
            self._misses.append(problem)
            self._fail(problem.message)

    def _journal_answer(self, interaction: Interaction) -> None:
        # What came over the network and has no latency is one of a batch.
        self._run.spending.add(interaction, in_batch=interaction.latency is None)
        if self._find_fault(interaction) is None:
            # Raised here, it would read "Connection error." and be asked and paid for again; a
            # disk that is full by now is told when the cassette is written.
            with suppress(OSError):
                self._journal.append(interaction, sample=self._number)

    def _kept(
        self, plan: SamplePlan, record: RecordMode
    ) -> tuple[tuple[Interaction, ...], tuple[Interaction, ...]]:
        """Return what a cassette keeps of it: what nobody has asked for now, and what was."""
        old = plan.recorded or ()
        if self.mode is AnswerSource.REPLAYED:
            return (), old
        attempts = self.tape.attempts
        new = tuple(e.interaction for e in attempts if e.interaction is not None and not e.played)
        match record:
            case RecordMode.NEW_EPISODES:
                unplayed = set(self.tape.unplayed_places)
                played = (each for place, each in enumerate(old) if place not in unplayed)
                return self.tape.unplayed, (*played, *new)
            case RecordMode.ALL:
                key_of = self.tape.key_of
                replaced = {key_of(each.request, judge=each.judge) for each in new}
                kept = (e for e in old if key_of(e.request, judge=e.judge) not in replaced)
                return tuple(kept), new
            case RecordMode.NONE | RecordMode.ONCE | RecordMode.REWRITE:
                return (), new

    def _miss(self, miss: Miss) -> NoReturn:
        """Fail the test by a request that has no answer, or must not have one."""
        self._refuse_earlier_tests(miss.request)
        self._fail_by(
            self._state.refused or (None if miss.judge else self.asking.refuse(miss.request))
        )
        problem = explain_miss(miss, self.tape, state=self._state, context=self._run)
        note = self._judgements.note(miss, self.tape) if miss.judge else ""
        problem = replace(problem, message=problem.message + note)
        self._misses.append(problem)
        self._fail(problem.message)


def _find_old_prompt(state: TestState, accepted: AcceptedRecording) -> PutsPrompt | None:
    """Return what puts the prompts of the baseline in the place of new ones, where it is to."""
    if state.side is None or not state.side.has_old_prompt or not accepted.runs:
        return None
    from pytest_llmregress.causes.prompt_model_grid import OldPrompt

    calls = accepted.runs[0]
    opening = zip(calls, find_conversation_starts(calls), strict=True)
    return OldPrompt([call.request for call, is_first in opening if is_first]).put_into
