"""One sample of a test in pytest's three phases: what it came to, and what is judged of it."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from copy import copy

import pytest

from pytest_llmregress.pipeline.check_rules import RuleCheckResult, check_rules
from pytest_llmregress.pipeline.drift import check_drift_gate, format_drift
from pytest_llmregress.pipeline.extract import AcceptedRecording, extract_behavior
from pytest_llmregress.pipeline.http_session import HttpSession
from pytest_llmregress.pipeline.observe import TestObserver
from pytest_llmregress.pipeline.plan import SamplePlan
from pytest_llmregress.pipeline.session_context import SessionContext
from pytest_llmregress.pipeline.state import ObservedSample, SampleRecording, TestState
from pytest_llmregress.recording.cassette_session import SampleMode
from pytest_llmregress.reports import failures
from pytest_llmregress.runner import output
from pytest_llmregress.runner.fixtures import LlmJudge
from pytest_llmregress.runner.open_sample import INTERRUPTS, OpenSample
from pytest_llmregress.storage.journal import Journal
from pytest_llmregress.values.behavior import Behavior, Change
from pytest_llmregress.values.call import Calls
from pytest_llmregress.values.run_report import BAD_HOOK, AnswerSource, Problem


class SampleRun(OpenSample):
    """One independent run of a test, judged as soon as its body is over.

    Parameters: `observer`, sees the test; `is_single`, whether it is all that is run of the test,
    so that it fails by its drift at once.
    """

    def __init__(  # noqa: PLR0913 - what is there before it, and how it is judged
        self,
        plan: SamplePlan,
        state: TestState,
        context: SessionContext,
        *,
        accepted: AcceptedRecording,
        journal: Journal,
        observer: TestObserver,
        is_single: bool,
    ) -> None:
        super().__init__(plan, state, context, accepted=accepted, journal=journal)
        self._observer = observer
        self._is_single = is_single
        self.behavior = Behavior()
        self.changes: tuple[Change, ...] = ()
        """What a new recording does differently from what is accepted."""
        self.is_compared = False
        """Whether it is a new recording, and there was something to compare it with."""
        self.body_passed = False
        self.is_in_body = False
        """Whether its body runs: a report that is made meanwhile is that of a subtest."""
        self.skipped = False
        self.held = RuleCheckResult()
        """What it kept and broke of what it was told to keep to."""
        self.failure = ""
        """Why it failed, in a line; empty where it passed, or was not run."""
        self._passed_elsewhere = True
        """Whether set-up, tear-down, subtests and a body whose exception is hidden passed."""
        self._hook_faults = len(context.plugins.faults)
        """How many faults of hooks were there before it, or are told by it."""
        self.reports: dict[str, pytest.TestReport] = {}
        """How each phase ended, where the test has several samples: shown together at its end."""

    # --- while it runs -----------------------------------------------------------------------

    @contextmanager
    def judged(self) -> Iterator[None]:
        """Judge what the test did, as soon as its own body is over."""
        self.is_in_body = True
        guard = None if self.traffic is None else self.traffic.guard
        try:
            try:
                with nullcontext() if guard is None else guard.body():
                    yield
            finally:
                self.is_in_body = False
        except INTERRUPTS:
            raise
        except pytest.skip.Exception:
            if self.calls():  # it has asked before it gave up: a replay comes to the same end
                self.body_passed = True
                self._judge()
            raise
        except BaseException as error:
            self.failure = output.describe_in_a_line(error)
            self._judge()
            raise
        else:
            self.body_passed = self._passed_elsewhere  # a subtest may have failed
            self._judge()

    def note_subtest(self, report: pytest.TestReport) -> None:
        """Take notice of how a part of the body ended; a part that is skipped skips nothing."""
        if report.failed:
            self._passed_elsewhere = False
            self.failure = self.failure or "a subtest failed"
            self.reports.setdefault("subtest", copy(report))

    def note(self, report: pytest.TestReport) -> None:
        """Take notice of how a phase ended, whoever decided on it."""
        if hasattr(report, "wasxfail"):
            fault = self._find_unexpected(report)
            if fault:
                del report.wasxfail
                output.fail_report(report, fault)
        elif report.skipped:
            self.skipped = True
            if not self.calls():  # a framework may hide from us that its body was skipped
                self.body_passed = False
                self.problems = [each for each in self.problems if each.code != "no_calls"]
        elif report.failed and not (report.when == "call" and self.failed_by_us):
            self._passed_elsewhere = False
            self.failure = self.failure or f"failed in {report.when}"
            if report.when == "call" and self.body_passed:
                self._fail_body()

    def _fail_body(self) -> None:
        """Take a body that has ended for failed: another plugin counts what it has collected."""
        self.body_passed = False
        if self.is_compared:
            self.changes = self.judgement.changes(self.behavior, passed=False)

    # --- what came of it ---------------------------------------------------------------------

    @property
    def own_passed(self) -> bool:
        """Whether set-up, body and tear-down passed; contract and drift apart."""
        return self.body_passed and self._passed_elsewhere

    @property
    def good(self) -> bool:
        """Whether it counts as a sample that passed: nothing of its own failed, no rule broke."""
        return self.own_passed and not self.problems and not self.misses

    @property
    def has_failed(self) -> bool:
        """Whether pytest is told that it failed, where it is the only sample of its test."""
        return not self.skipped and (not self.good or self.failed_by_us)

    @property
    def why(self) -> str:
        """Why it does not count as passed, in a line; empty where it does."""
        if self.good or self.failure:
            return "" if self.good else self.failure
        if self.held.broken:
            return f"contract: {self.held.broken[0]}"[: output.MAX_WHY]
        return next((problem.code for problem in (*self.misses, *self.problems)), "failed")

    @property
    def unasked(self) -> Problem | None:
        """Why it is no sample of the candidate; None where it is, or there is no candidate."""
        return None if self.traffic is None else self.traffic.unasked()

    @property
    def usable(self) -> bool:
        """Whether it is a sample at all: it asked, and each request has its whole answer."""
        traffic = self.traffic
        return (
            traffic is not None
            and not self.misses
            and not self.has_bad_hook
            and traffic.mode is not AnswerSource.IDLE
            and not traffic.unfinished()
            and self.unasked is None
        )

    @property
    def has_bad_hook(self) -> bool:
        """Whether a hook that has a say on it has failed: what it came to is not whole."""
        return any(problem.code == BAD_HOOK for problem in self.problems)

    @property
    def is_unread(self) -> bool:
        """Whether what it came to is unknown, so that nothing of it is kept."""
        return bool(self.misses) or self.traffic is None or self.has_bad_hook

    @property
    def mode(self) -> AnswerSource:
        """Where its answers came from."""
        return AnswerSource.IDLE if self.traffic is None else self.traffic.mode

    def extract(self) -> None:
        """Extract its behavior where a plain replay did without: it is to be written."""
        if self.judgement.repeats and self.traffic is not None:
            calls = Calls(self.traffic.calls_as_recorded())
            self.behavior = extract_behavior(
                calls, config=self.state.config, plugins=self._context.plugins
            )

    def observe(self) -> ObservedSample:
        """Return what it has come to by now, as a value."""
        judgement, traffic, plan = self.judgement, self.traffic, self.plan
        recording = SampleRecording(plan=plan, interactions=plan.recorded or ())
        if traffic is not None:
            recording = traffic.recording(plan, record=self.state.settings.record)
        return ObservedSample(
            recording=recording,
            behavior=self.behavior,
            values=dict(judgement.values),
            body_passed=self.body_passed,
            own_passed=self.own_passed,
            good=self.good,
            usable=self.usable,
            is_exact=judgement.exact,
            lost=judgement.lost,
            compared=self.is_compared,
            changes=self.changes,
            problems=(*self.misses, *self.problems),
            rules=self.held,
            why=self.why,
            failure=self._own_failure(),
            skipped=self.skipped,
            is_unread=self.is_unread,
            unasked=self.unasked,
            found_in_replay=self._find_in_replay(),
        )

    def _find_in_replay(self) -> tuple[Change, ...]:
        """Return what the test's code makes of the accepted recording, where that is new."""
        if not self.judgement.exact:
            return ()
        if self.body_passed:
            return self.judgement.changes(self.behavior, passed=True)
        return tuple(self.judgement.value_changes)

    def _own_failure(self) -> str:
        """Return what pytest tells of the first phase that failed, where that is not our doing."""
        if self.failed_by_us:
            return ""
        failed = (each.longreprtext for each in self.reports.values() if each.failed)
        return next((text.expandtabs() for text in failed if text), "")

    # --- inside ------------------------------------------------------------------------------

    def _judge(self) -> None:
        """Hold what the test did against its contract and against what was accepted."""
        traffic = self.traffic
        if traffic is None or self.misses:
            return
        calls = Calls(traffic.calls_as_recorded())
        if traffic.mode in {AnswerSource.RECORDED, AnswerSource.MIXED}:
            self.judgement.exact = False
        self.judgement.is_own = self.judgement.exact and self._accepted.is_replayed
        self.judgement.repeats = self.judgement.is_own and traffic.tape.is_as_recorded
        if not self.judgement.repeats:
            self.behavior = extract_behavior(
                calls, config=self.state.config, plugins=self._context.plugins
            )
        reasons = traffic.unfinished()
        self.note_hooks()
        unasked = self.unasked or self._find_raised_before_asking(traffic)
        if unasked is not None:
            self.problems.append(unasked)
        elif reasons:
            message = failures.not_whole(
                self.state.node_id, reasons, saved=sum(map(len, self._journal.read().values()))
            )
            self._note_problem("not_whole", message)
        else:
            self._check_rules(traffic, calls)
        is_whole = not (reasons or unasked or self.has_bad_hook)
        if is_whole and self.judgement.compares and not self.plan.tops_up:
            # An outage or a bad key is no drift.
            self.is_compared = True
            self.changes = self.judgement.changes(self.behavior, passed=self.body_passed)
        drifted = self._find_failing_drift() if self.body_passed else ""
        self.note_hooks()
        if self.body_passed and (self.problems or drifted):
            told = [problem.message for problem in self.problems]
            self.failed_by_us = True
            output.fail("\n\n".join([*told, *([drifted] if drifted else [])]))

    def _find_raised_before_asking(self, traffic: HttpSession) -> Problem | None:
        """Say that the body has ended before it asked; one sample of a baseline fails by itself."""
        is_plain = self._is_single or self.plan.mode is SampleMode.REPLAY
        if self.body_passed or traffic.has_asked or (is_plain and self.state.is_baseline):
            return None
        return traffic.asking.raised(why=self.failure)

    def _check_rules(self, traffic: HttpSession, calls: Calls) -> None:
        """Note every rule that a test broke; its calls broke it, whatever became of its body."""
        fault = traffic.fault() if self.body_passed else None
        if fault is not None:
            self.problems.append(fault)
        is_new = not self.judgement.exact
        model = self.state.settings.judge_model
        self.held = check_rules(
            self.state.node_id,
            calls,
            rules=self.state.config,
            baseline=lambda: self._accepted.runs,
            price=self._context.plugins.price,
            judge=None if model is None else LlmJudge(self.state.node_id, model=model),
            is_new=is_new,
            asks_judge=self.body_passed,
        )
        self.problems.extend(self.held.problems)
        if self.held.broken:
            message = failures.contract_broken(self.state.node_id, self.held.broken)
            self._note_problem("contract", message)
        is_exact = self.judgement.exact and self.body_passed
        if is_exact and not self.problems and not self.state.settings.accept:
            changes = self.judgement.changes(self.behavior, passed=True)
            if changes:
                accept = self.state.commands.accept()
                message = failures.replay_differs(self.state.node_id, changes, accept)
                self._note_problem("changed", message)

    def _find_unexpected(self, report: pytest.TestReport) -> str:
        """Say why it fails where its body was expected to fail: a miss, a problem, or its drift."""
        faults = [problem.message for problem in (*self.misses, *self.problems)]
        if self.unasked is not None:
            faults.append(self.unasked.message)
        if faults or not report.skipped:
            return faults[0] if faults else ""
        self.body_passed = True  # it failed as it should: this is its recording
        if self.is_compared:
            self.changes = self.judgement.changes(self.behavior, passed=True)
        drifted = self._find_failing_drift()
        self.failed_by_us = self.failed_by_us or bool(drifted)
        return drifted

    def _find_failing_drift(self) -> str:
        """Return the drift of the only sample in words where it fails the test, else nothing."""
        if not self._is_single or not self.is_compared:
            return ""
        test = self._observer.observe(self.state, [self.observe()])
        return format_drift(test) if check_drift_gate(test) else ""

    def note_hooks(self) -> None:
        """Note what hooks have done wrong since it began, or since this was last asked."""
        faults = self._context.plugins.faults
        new, self._hook_faults = dict.fromkeys(faults[self._hook_faults :]), len(faults)
        if new and not self.has_bad_hook:
            message = failures.broken_hooks(self.state.node_id, tuple(new))
            self._note_problem(BAD_HOOK, message)

    def note_unasked(self) -> None:
        """Note that it is no sample of the candidate, once: it may have asked in its tear-down."""
        if (unasked := self.unasked) and not self.misses and unasked not in self.problems:
            self.problems.append(unasked)

    def _note_problem(self, code: str, message: str) -> None:
        self.problems.append(Problem(code=code, message=message))
