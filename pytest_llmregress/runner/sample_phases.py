"""One run of one marked test: from before its set-up to after its tear-down."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import pytest

from pytest_llmregress.pipeline.check_rules import RuleCheckResult
from pytest_llmregress.pipeline.compare import ValueRecorder
from pytest_llmregress.pipeline.config import TestConfigError
from pytest_llmregress.pipeline.http_session import HttpSession
from pytest_llmregress.pipeline.plan import SamplePlan
from pytest_llmregress.pipeline.state import ObservedSample, SampleRecording
from pytest_llmregress.recording.cassette_session import SampleMode
from pytest_llmregress.reports import failures
from pytest_llmregress.runner import output
from pytest_llmregress.runner.sampled_test import SampledTest
from pytest_llmregress.storage.recording_lock import RecordingLockedError
from pytest_llmregress.values.behavior import Behavior, Change
from pytest_llmregress.values.call import Call, Calls
from pytest_llmregress.values.run_report import BAD_HOOK, AnswerSource, Problem

_INTERRUPTS = (KeyboardInterrupt, SystemExit, pytest.exit.Exception)


class SampleRun:
    """One independent run of a test."""

    def __init__(self, test: SampledTest, slot: SamplePlan) -> None:
        self.slot = slot
        self._test = test
        self.judgement = ValueRecorder(accepted=None, exact=False, accept=False)
        self.traffic: HttpSession | None = None
        self.behavior = Behavior()
        self.changes: tuple[Change, ...] = ()
        """What a new recording does differently from what is accepted."""
        self._compared = False
        self.problems: list[Problem] = []
        self.misses: list[Problem] = []
        """In order; appended to from whichever thread has asked."""
        self.body_passed = False
        self.skipped = False
        self.failed_by_us = False
        """Whether we failed the body of a test that had passed."""
        self.held = RuleCheckResult()
        """What it kept and broke of what it was told to keep to."""
        self.failure = ""
        """Why it failed, in a line; empty where it passed, or was not run."""
        self._passed_elsewhere = True
        """Whether set-up, tear-down and, where a framework hides its exception, the body passed."""
        self._hook_faults = len(test.plugins.faults)
        """How many faults of hooks were there before it, or are told by it."""
        self.reports: dict[str, pytest.TestReport] = {}
        """How each phase ended, where the test has several samples: shown together at its end."""

    # --- before the test ---------------------------------------------------------------------

    def open(self) -> None:
        """Open the cassette. Fails the test where a file or a keyword is not what it can be."""
        test, slot = self._test, self.slot
        fault = test.state.setup_error
        if fault is not None:
            self._fail(fault.code, fault.message)
        exact = slot.mode is SampleMode.REPLAY and test.is_baseline
        self.judgement = ValueRecorder(
            accepted=test.state.accepted,
            observed=lambda: test.observed,
            version=test.run.versions["pytest-llmregress"],
            sample=slot.number,
            exact=exact,
            accept=test.state.settings.accept,
            clean=self._clean,
            terms=test.state.config.terms,
            classify=test.plugins.classify,
        )
        try:
            self.traffic = test.traffic(slot, self.misses)
        except RecordingLockedError as error:
            self._fail("occupied", f"{test.state.node_id}: {error}")
        except OSError as error:
            self._fail("not_kept", failures.not_kept(test.state.node_id, str(error)))

    def configure(self, config: Mapping[str, Any]) -> None:
        """Take the test's `llm_config`; fails the test where it holds what cannot be."""
        if "samples" in config:
            self._fail("bad_settings", failures.samples_too_late(self._test.state.node_id))
        if config:
            try:
                self._test.read_rules(config)
            except TestConfigError as error:
                self._fail(error.code, str(error))
            rules = self._test.state.config
            self.judgement.terms = rules.terms
            if self.traffic is not None:
                self.traffic.tape.match(rules.matching, redactor=rules.redactor)

    # --- while it runs -----------------------------------------------------------------------

    def calls(self) -> tuple[Call, ...]:
        """Return the model calls so far that have their answer."""
        return () if self.traffic is None else self.traffic.calls()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Let no miss be swallowed: whatever else comes of a phase, it fails by the miss."""
        told = len(self.misses)
        try:
            yield
        except _INTERRUPTS:
            raise
        except BaseException:
            if len(self.misses) == told:
                raise
        if len(self.misses) > told:
            more = len(self.misses) - told - 1
            message = self.misses[told].message + (f"\n  (and {more} more)" if more else "")
            output.fail(message)

    @contextmanager
    def judged(self) -> Iterator[None]:
        """Judge what the test did, as soon as its own body is over."""
        try:
            yield
        except _INTERRUPTS:
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
            self.body_passed = True
            self._judge()

    def note(self, report: pytest.TestReport) -> None:
        """Take notice of how a phase ended, whoever decided on it."""
        if hasattr(report, "wasxfail"):
            fault = self.misses[0] if self.misses else self.unasked
            if fault is not None:  # no answer, or another model's: not what was expected to fail
                del report.wasxfail
                output.fail_report(report, fault.message)
            elif report.skipped:
                self.body_passed = True  # it failed as it should: this is its recording
        elif report.skipped:
            self.skipped = True
            if not self.calls():  # a framework may hide from us that its body was skipped
                self.body_passed = False
                self.problems = [each for each in self.problems if each.code != "no_calls"]
        elif report.failed and not (report.when == "call" and self.failed_by_us):
            self._passed_elsewhere = False
            self.failure = self.failure or f"failed in {report.when}"

    def close(self) -> None:
        """Close the cassette: from here on nothing is intercepted."""
        if self.traffic is not None:
            self.traffic.close()

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
    def compared(self) -> bool:
        """Whether it is a new recording, and there was something to compare it with.

        Nothing of a test is compared in which the candidate was not asked, be it in one sample.
        """
        return self._compared and not self._test.is_unasked

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

    @property
    def found_in_replay(self) -> tuple[Change, ...]:
        """What the test's code makes of its recording, where that is new."""
        if self.body_passed:
            return self.judgement.changes(self.behavior, passed=True)
        return tuple(self.judgement.value_changes)

    def extract(self) -> None:
        """Extract its behavior where a plain replay did without: it is to be written."""
        if self.judgement.repeats and self.traffic is not None:
            self.behavior = self._test.behavior_of(Calls(self.traffic.calls_as_recorded()))

    def observe(self) -> ObservedSample:
        """Return what it has come to by now, as a value."""
        judgement, traffic, plan = self.judgement, self.traffic, self.slot
        recording = SampleRecording(plan=plan, interactions=plan.recorded or ())
        if traffic is not None:
            recording = traffic.recording(plan, record=self._test.state.config.settings.record)
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
            compared=self.compared,
            changes=self.changes,
            problems=(*self.misses, *self.problems),
            rules=self.held,
            why=self.why,
            failure=self._own_failure(),
        )

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
        self.judgement.is_own = self.judgement.exact and self._test.has_own_cassette
        self.judgement.repeats = self.judgement.is_own and traffic.tape.is_as_recorded
        if not self.judgement.repeats:
            self.behavior = self._test.behavior_of(calls)
        reasons = traffic.unfinished()
        self.note_hooks()
        unasked = self.unasked
        if unasked is not None:
            self.problems.append(unasked)
        elif reasons:
            message = failures.not_whole(self._test.state.node_id, reasons, saved=self._test.saved)
            self._note_problem("not_whole", message)
        else:
            self._check_rules(traffic, calls)
        if (
            not (reasons or unasked or self.has_bad_hook)
            and self.judgement.compares
            and not self.slot.tops_up
        ):  # an outage or a bad key is no drift
            self._compared = True
            self.changes = self.judgement.changes(self.behavior, passed=self.body_passed)
        drifted = self._test.failing_drift()
        self.note_hooks()
        if self.body_passed and (self.problems or drifted):
            told = [problem.message for problem in self.problems]
            self.failed_by_us = True
            output.fail("\n\n".join([*told, *([drifted] if drifted else [])]))

    def _check_rules(self, traffic: HttpSession, calls: Calls) -> None:
        """Note every rule that a test broke; its calls broke it, whatever became of its body."""
        fault = traffic.fault() if self.body_passed else None
        if fault is not None:
            self.problems.append(fault)
        is_new = not self.judgement.exact
        self.held = self._test.hold_to_terms(calls, is_new=is_new, asks_judge=self.body_passed)
        self.problems.extend(self.held.problems)
        if self.held.broken:
            message = failures.contract_broken(self._test.state.node_id, self.held.broken)
            self._note_problem("contract", message)
        is_exact = self.judgement.exact and self.body_passed
        if is_exact and not self.problems and not self._test.state.settings.accept:
            changes = self.judgement.changes(self.behavior, passed=True)
            if changes:
                accept = self._test.state.commands.accept()
                message = failures.replay_differs(self._test.state.node_id, changes, accept)
                self._note_problem("changed", message)

    def note_hooks(self) -> None:
        """Note what hooks have done wrong since it began, or since this was last asked."""
        faults = self._test.plugins.faults
        new, self._hook_faults = dict.fromkeys(faults[self._hook_faults :]), len(faults)
        if new and not self.has_bad_hook:
            message = failures.broken_hooks(self._test.state.node_id, tuple(new))
            self._note_problem(BAD_HOOK, message)

    def _clean(self, value: Any) -> Any:
        """Take secrets out of a JSON value, by what holds for the test at this moment."""
        return self._test.state.config.redactor.value(value)

    def _note_problem(self, code: str, message: str) -> None:
        self.problems.append(Problem(code=code, message=message))

    def _fail(self, code: str, message: str) -> NoReturn:
        """Fail the set-up by a problem of ours: no stack trace for a user's mistake."""
        self._note_problem(code, message)
        self.failed_by_us = True
        self._passed_elsewhere = False
        output.fail(message)
