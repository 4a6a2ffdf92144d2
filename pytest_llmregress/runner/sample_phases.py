"""One sample of a test in pytest's three phases: what it came to, and what is judged of it."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from copy import copy
from dataclasses import dataclass, field, replace

import pytest

from pytest_llmregress.pipeline.check_rules import RuleCheckResult, check_rules
from pytest_llmregress.pipeline.drift import check_drift_gate, format_drift, say_reason
from pytest_llmregress.pipeline.extract import AcceptedRecording, extract_behavior
from pytest_llmregress.pipeline.http_session import HttpSession
from pytest_llmregress.pipeline.observe import TestObserver
from pytest_llmregress.pipeline.plan import SamplePlan
from pytest_llmregress.pipeline.session_context import SessionContext
from pytest_llmregress.pipeline.state import ObservedSample, SampleRecording, TestState
from pytest_llmregress.recording.cassette_session import SampleMode
from pytest_llmregress.recording.http_patching import patch_http
from pytest_llmregress.reports import failures
from pytest_llmregress.runner import output
from pytest_llmregress.runner.fixtures import LlmJudge
from pytest_llmregress.runner.open_sample import OpenSample, Trying
from pytest_llmregress.runner.phase_results import PhaseResults
from pytest_llmregress.storage.journal import Journal
from pytest_llmregress.values.behavior import Behavior, Change
from pytest_llmregress.values.call import Calls
from pytest_llmregress.values.run_report import BAD_HOOK, AnswerSource, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedBody:
    """What is judged of a sample once its body is over."""

    behavior: Behavior = field(default_factory=Behavior)
    rules: RuleCheckResult = field(default_factory=RuleCheckResult)
    is_compared: bool = False
    """Whether it is a new recording, and there was something to compare it with."""
    changes: tuple[Change, ...] = ()
    """What it does differently then."""


class SampleRun(OpenSample):
    """One independent run of a test, judged as soon as its body is over.

    Parameters: `observer`, sees the test; `is_single`, whether it is all that is run of the test,
    so that it fails by its drift at once; `trying`, how it is run where it is only tried.
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
        trying: Trying | None = None,
    ) -> None:
        super().__init__(
            plan,
            state,
            context,
            accepted=accepted,
            journal=journal,
            intercept=patch_http if trying is None else trying.intercept,
            stop=None if trying is None else trying.stop,
        )
        self._observer = observer
        self._is_single = is_single
        self.phases = PhaseResults()
        self.judged = JudgedBody()
        self._hook_faults = len(context.plugins.faults)
        """How many faults of hooks were there before it, or are told by it."""

    # --- while it runs -----------------------------------------------------------------------

    @contextmanager
    def in_body(self) -> Iterator[None]:
        """Let the body of the test run inside."""
        self.phases.is_in_body = True
        try:
            with nullcontext() if self.traffic is None else self.traffic.body():
                yield
        finally:
            self.phases.is_in_body = False

    def judge(self, error: BaseException | None) -> None:
        """Hold what the body of the test did against its contract and against what was accepted.

        :param error: what ended the body; None where it came to its end.
        """
        phases, traffic, values = self.phases, self.traffic, self.values
        if error is None:
            phases.body_passed = phases.others_passed  # a subtest may have failed
        elif not isinstance(error, pytest.skip.Exception):
            phases.failure = output.describe_in_a_line(error)
        elif self.calls():  # it has asked before it gave up: a replay comes to the same end
            phases.body_passed = True
        else:
            return
        if traffic is None or self.misses:
            return
        passed = phases.body_passed
        calls = Calls(traffic.reader.read_all(traffic.tape.attempts_as_recorded))
        values.note_answers(
            traffic.mode,
            is_accepted=self._accepted.is_replayed,
            is_as_recorded=traffic.is_as_recorded,
        )
        if not values.repeats:
            rules, plugins = self.state.config, self._context.plugins
            behavior = extract_behavior(calls, config=rules, plugins=plugins)
            self.judged = replace(self.judged, behavior=behavior)
        is_whole = self._check_whole(traffic)
        if is_whole:
            self._check_rules(traffic, calls)
        if is_whole and not self.has_bad_hook and values.compares and not self.plan.tops_up:
            changes = self._accepted.find_changes(
                self.judged.behavior,
                self.state.config,
                passed=passed,
                values=values.value_changes,
            )
            self.judged = replace(self.judged, is_compared=True, changes=changes)
        drifted = self._find_failing_drift() if passed else ""
        self.note_hooks()
        if passed and (self.problems or drifted):
            told = [problem.message for problem in self.problems]
            self.failed_by_us = True
            output.fail("\n\n".join([*told, *([drifted] if drifted else [])]))

    def note_torn_down(self) -> None:
        """Fail where recorded calls are left out that a tear-down may have asked for until now."""
        fault = self.traffic.unplayed.fault(is_over=True) if self.traffic and self.good else None
        if fault is not None:
            self.problems.append(fault)
            output.fail(fault.message)

    def note_subtest(self, report: pytest.TestReport) -> None:
        """Take notice of how a part of the body ended; a part that is skipped skips nothing."""
        if report.failed:
            self.phases.note_failure("a subtest failed")
            self.phases.reports.setdefault("subtest", copy(report))

    def note(self, report: pytest.TestReport) -> None:
        """Take notice of how a phase ended, whoever decided on it."""
        phases = self.phases
        if hasattr(report, "wasxfail"):
            self._note_expected_failure(report)
        elif report.skipped:
            phases.skipped = True
            if not self.calls():  # a framework may hide from us that its body was skipped
                phases.body_passed = False
                self.problems = [each for each in self.problems if each.code != "no_calls"]
        elif report.failed and not (report.when == "call" and self.failed_by_us):
            phases.note_failure(f"failed in {report.when}")
            if report.when == "call" and phases.body_passed:
                phases.body_passed = False  # another plugin counts what it has collected
                self._compare_again()

    def _note_expected_failure(self, report: pytest.TestReport) -> None:
        """Take a body that failed as it should for passed; fail it by what nobody expected.

        That is a miss, a problem, or its drift.
        """
        unasked = () if self.unasked is None else (self.unasked,)
        faults = [problem.message for problem in (*self.misses, *self.problems, *unasked)]
        if report.skipped and not faults:
            self.phases.body_passed = True  # this is its recording
            self._compare_again()
            faults = [drifted] if (drifted := self._find_failing_drift()) else []
            self.failed_by_us = self.failed_by_us or bool(faults)
        if faults:
            del report.wasxfail
            output.fail_report(report, faults[0], test=self.state.node_id)

    # --- what came of it ---------------------------------------------------------------------

    @property
    def good(self) -> bool:
        """Whether it counts as a sample that passed: nothing of its own failed, no rule broke."""
        return self.phases.passed and not self.problems and not self.misses

    @property
    def has_failed(self) -> bool:
        """Whether pytest is told that it failed, where it is the only sample of its test."""
        return not self.phases.skipped and (not self.good or self.failed_by_us)

    @property
    def why(self) -> str:
        """Why it does not count as passed, in a line; empty where it does."""
        if self.good or self.phases.failure:
            return "" if self.good else self.phases.failure
        if self.judged.rules.broken:
            return f"contract: {self.judged.rules.broken[0]}"[: output.MAX_WHY]
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
    def is_unread(self) -> bool:
        """Whether what it came to is unknown, so that nothing of it is kept."""
        return bool(self.misses) or self.traffic is None or self.has_bad_hook

    def extract(self) -> None:
        """Extract its behavior where a plain replay did without: it is to be written."""
        if self.values.repeats and self.traffic is not None:
            http = self.traffic
            calls = Calls(http.reader.read_all(http.tape.attempts_as_recorded))
            rules, plugins = self.state.config, self._context.plugins
            behavior = extract_behavior(calls, config=rules, plugins=plugins)
            self.judged = replace(self.judged, behavior=behavior)

    def observe(self) -> ObservedSample:
        """Return what it has come to by now, as a value."""
        values, traffic, plan = self.values, self.traffic, self.plan
        recording = SampleRecording(plan=plan, interactions=plan.recorded or ())
        if traffic is not None:
            recording = traffic.recording(plan, record=self.state.settings.record)
        return ObservedSample(
            recording=recording,
            behavior=self.judged.behavior,
            values=dict(values.values),
            body_passed=self.phases.body_passed,
            own_passed=self.phases.passed,
            good=self.good,
            usable=self.usable,
            is_exact=values.exact,
            lost=values.lost,
            compared=self.judged.is_compared,
            changes=self.judged.changes,
            problems=(*self.misses, *self.problems),
            rules=self.judged.rules,
            why=self.why,
            failure="" if self.failed_by_us else self.phases.told_failure,
            skipped=self.phases.skipped,
            is_unread=self.is_unread,
            unasked=self.unasked,
            found_in_replay=self._find_in_replay(),
        )

    def _find_in_replay(self) -> tuple[Change, ...]:
        """Return what the test's code makes of the accepted recording, where that is new."""
        if not self.values.exact:
            return ()
        if self.phases.body_passed:
            return self.values.find_in_replay(self.judged.behavior)
        return tuple(self.values.value_changes)

    # --- inside ------------------------------------------------------------------------------

    def _compare_again(self) -> None:
        """Hold it against what is accepted once more: another plugin says how its body ended."""
        if self.judged.is_compared:
            changes = self._accepted.find_changes(
                self.judged.behavior,
                self.state.config,
                passed=self.phases.body_passed,
                values=self.values.value_changes,
            )
            self.judged = replace(self.judged, changes=changes)

    def _check_whole(self, traffic: HttpSession) -> bool:
        """Note why it is no whole sample, and tell whether it is: an outage is no drift."""
        reasons = traffic.unfinished()
        self.note_hooks()
        unasked = self.unasked or self._find_raised_before_asking(traffic)
        if unasked is not None:
            self.problems.append(unasked)
        elif reasons:
            saved = sum(map(len, self._journal.read().values()))
            message = failures.not_whole(self.state.node_id, reasons, saved=saved)
            self._note_problem("not_whole", message)
        return unasked is None and not reasons

    def _find_raised_before_asking(self, traffic: HttpSession) -> Problem | None:
        """Say that the body has ended before it asked; one sample of a baseline fails by itself."""
        is_plain = self._is_single or self.plan.mode is SampleMode.REPLAY
        if self.phases.body_passed or traffic.has_asked or (is_plain and self.state.is_baseline):
            return None
        return traffic.asking.raised(why=self.phases.failure)

    def _check_rules(self, traffic: HttpSession, calls: Calls) -> None:
        """Note every rule that a test broke; its calls broke it, whatever became of its body."""
        fault = traffic.fault() if self.phases.body_passed else None
        if fault is not None:
            self.problems.append(fault)
        model = self.state.settings.judge_model
        rules = check_rules(
            self.state.node_id,
            calls,
            rules=self.state.config,
            baseline=lambda: self._accepted.runs,
            price=self._context.plugins.price,
            judge=None if model is None else LlmJudge(self.state.node_id, model=model),
            is_new=not self.values.exact,
            asks_judge=self.phases.body_passed,
        )
        self.judged = replace(self.judged, rules=rules)
        self.problems.extend(rules.problems)
        if rules.broken:
            message = failures.contract_broken(self.state.node_id, rules.broken)
            self._note_problem("contract", message)
        is_exact = self.values.exact and self.phases.body_passed
        if is_exact and not self.problems and not self.state.settings.accept:
            changes = self.values.find_in_replay(self.judged.behavior)
            if changes:
                accept = self.state.commands.accept()
                message = failures.replay_differs(self.state.node_id, changes, accept)
                self._note_problem("changed", message)

    def _find_failing_drift(self) -> str:
        """Return the drift of the only sample in words where it fails the test, else nothing."""
        if not self._is_single or not self.judged.is_compared:
            return ""
        test = self._observer.observe(self.state, [self.observe()])
        return f"{say_reason(test)}\n{format_drift(test)}" if check_drift_gate(test) else ""

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
