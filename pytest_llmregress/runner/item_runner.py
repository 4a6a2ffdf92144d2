"""One marked test with all its samples: what is recorded for it, what it ran, what it came to."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import pytest

from pytest_llmregress.pipeline.check_rules import RuleCheckResult, check_rules
from pytest_llmregress.pipeline.collect_evidence import collect_evidence
from pytest_llmregress.pipeline.config import TestConfig, TestConfigError
from pytest_llmregress.pipeline.drift import (
    build_drift,
    check_drift_gate,
    explain_no_cross,
    format_drift,
)
from pytest_llmregress.pipeline.extract import (
    Extractors,
    ObservedBaseline,
    build_stamp,
    is_recorded_in,
    update_baseline,
)
from pytest_llmregress.pipeline.http_session import HttpSession
from pytest_llmregress.pipeline.identity import TestIdentity
from pytest_llmregress.pipeline.judge import check_acceptable
from pytest_llmregress.pipeline.load import (
    SetupError,
    begin_test,
    load_test,
    read_config,
    read_if_exists,
)
from pytest_llmregress.pipeline.persist import Found, SavedFiles, delete_stale_pending, keep
from pytest_llmregress.pipeline.plan import SamplePlan
from pytest_llmregress.pipeline.report import build_test_record
from pytest_llmregress.pipeline.session_context import Plugins, SessionContext
from pytest_llmregress.pipeline.spend_tracker import average_usage
from pytest_llmregress.pipeline.state import ObservedTest, TestState
from pytest_llmregress.recording.cassette_session import CassetteSession, SampleMode
from pytest_llmregress.recording.http_patching import patch_http
from pytest_llmregress.reports import failures
from pytest_llmregress.runner import output
from pytest_llmregress.runner.collected import identify
from pytest_llmregress.runner.hook_calls import HOOKS
from pytest_llmregress.runner.judge_fixture import LlmJudge
from pytest_llmregress.runner.sample_phases import SampleRun
from pytest_llmregress.storage.journal import Journal
from pytest_llmregress.storage.vcr_format.reader import read_any_cassette
from pytest_llmregress.values.behavior import Behavior, Change, Drift
from pytest_llmregress.values.call import Calls, Usage
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.run_report import AnswerSource, Problem, TestRecord
from pytest_llmregress.values.settings import Settings

if TYPE_CHECKING:
    from pytest_llmregress.providers.protocol import RequestRewriter


class TestRun:
    """One marked test, over all the samples that this session runs of it."""

    __test__ = False  # pytest must not collect it
    is_aside = False
    """Whether it runs beside a test: none of its reports is anybody's."""
    is_trial = False
    """Whether it is run only to learn what it asks for."""

    def __init__(
        self,
        run: SessionContext,
        *,
        identity: TestIdentity,
        plugins: Plugins,
    ) -> None:
        self.run = run
        self.plugins = plugins
        """Those that have a say on this test: a conftest only on those below it."""
        self.state = begin_test(identity, run, variant=self._name_variant(run.settings))
        self._journal = Journal(self.state.paths.journal, test=self.node_id)
        self._is_journalled = False
        self.samples: list[SampleRun] = []
        self._drifts: dict[int, Drift | None] = {}
        """By the number of samples that were compared: its cause takes reading both recordings."""
        try:
            self.read_rules({})
            self.state = self._load()
        except (SetupError, TestConfigError) as error:
            problem = Problem(code=error.code, message=str(error))
            self.state = replace(self.state, setup_error=problem)
        self._waiting = list(self.state.plans)
        is_decided = self.settings.candidate is not None and (
            self.state.has_noise or self.is_quarantined
        )
        self.asides: tuple[TestRun, ...] = ()
        """What was run beside it, to tell the cause of its drift."""
        self.crossed = ""
        """What a cross of prompts and models has shown; empty without one."""
        is_rated = self.rules.terms.pass_rate is not None
        is_several = len(self._waiting) > 1 or is_decided or is_rated
        self.is_sampled = self.state.setup_error is None and is_several
        """Whether its outcome is told by several samples, or by evidence over several."""

    @classmethod
    def of_item(cls, item: pytest.Item, run: SessionContext) -> Self:
        """Return the run of a marked item."""
        hooks = item.config.stash[HOOKS]
        plugins = hooks.plugins(item.ihook, price=run.plugins.price)
        return cls(run, identity=identify(item), plugins=plugins)

    # --- its samples -------------------------------------------------------------------------

    @property
    def node_id(self) -> str:
        """The test's node id."""
        return self.state.node_id

    @property
    def rules(self) -> TestConfig:
        """What holds for this test; its `llm_config` is part of it once it is set up."""
        return self.state.config

    @property
    def settings(self) -> Settings:
        """The settings that hold for this test."""
        return self.state.settings

    @property
    def is_baseline(self) -> bool:
        """Whether what is replayed is what was accepted."""
        return self.settings.candidate is None

    @property
    def may_go_on(self) -> bool:
        """Whether another sample would be any use; asked once the last one has been judged."""
        last = self.samples[-1] if self.samples else None
        return last is None or (last.usable and not last.skipped)

    @property
    def has_more(self) -> bool:
        """Whether another sample is to be run; asked once the last one has been judged."""
        return self.may_go_on and bool(self._waiting)

    def add(self, plans: Sequence[SamplePlan]) -> None:
        """Have more samples run, after those that wait."""
        self._waiting += plans

    def begin(self) -> SampleRun:
        """Begin the next sample, or once more the one whose set-up has failed."""
        if self.samples and not self.has_run:  # another plugin runs it again
            slot = self.samples.pop().slot
        else:
            slot = self._waiting.pop(0)
        sample = SampleRun(self, slot)
        self.samples.append(sample)
        return sample

    @property
    def has_run(self) -> bool:
        """Whether the set-up of the last sample went well, so that its body has run."""
        setup = self.current.reports.get("setup") if self.samples else None
        return setup is not None and setup.passed

    @property
    def current(self) -> SampleRun:
        """The sample that runs now, or ran last."""
        return self.samples[-1]

    # --- what a sample asks of it ------------------------------------------------------------

    def traffic(self, slot: SamplePlan, misses: list[Problem]) -> HttpSession:
        """Open the traffic of a sample; OSError where a recording could not be saved."""
        if slot.mode is not SampleMode.REPLAY and not self._is_journalled:
            self._journal.check_place()
            self._journal.start(self.state.carried)
            self._is_journalled = True
        return HttpSession(
            self.state,
            slot,
            self.run,
            usage=lambda: self.usage_of_a_call,
            rewrite=self.rewrite(),
            intercept=self.intercept,
            limited=not self.is_trial,
            misses=misses,
            journal=self._journal,
            fail=output.fail,
        )

    def rewrite(self) -> "RequestRewriter | None":
        """Return what changes the calls of the next sample before they are sent."""
        return None

    def intercept(self, tape: CassetteSession) -> AbstractContextManager[None]:
        """Send the HTTP of the process through a tape."""
        return patch_http(tape)

    @cached_property
    def usage_of_a_call(self) -> Usage | None:
        """What a call of this test has come to on average; None where nothing is recorded."""
        known = self.state.old or self.baseline
        return average_usage(() if known is None else self.run.read_calls(known.interactions))

    def read_rules(self, config: Mapping[str, Any]) -> None:
        """Read the rules with the test's `llm_config`; TestConfigError where it cannot be."""
        rules = read_config(self.state, self.run, given=config)
        self.state = replace(self.state, config=self._adapt(rules))

    def behavior_of(self, calls: Calls) -> Behavior:
        """Return the behavior that calls show; a declared fallback is as requested."""
        traits = self.plugins.extract_traits(calls)
        contract = self.rules.contract
        if contract.served_model:
            from pytest_llmregress.behavior.traits import declare_served  # noqa: PLC0415 - on use

            traits = declare_served(traits, calls, served=contract.is_legitimate)
        return Behavior(traits=traits)

    @property
    def extractors(self) -> Extractors:
        """What has a say on its behavior: built-in traits, hooks, and the marker's served model."""
        declared = ("served_model",) if self.rules.contract.served_model else ()
        stamp = build_stamp((*self.plugins.others_with_traits, *declared))
        return Extractors(extract=self.behavior_of, stamp=stamp)

    @cached_property
    def observed(self) -> ObservedBaseline | None:
        """What was accepted, as the extractors of today see it; asked once something is new."""
        if self.state.accepted is None:
            return None
        return update_baseline(
            self.state.accepted,
            self.baseline,
            read=lambda interactions: Calls(self.run.read_calls(interactions)),
            extractors=self.extractors,
        )

    @cached_property
    def has_own_cassette(self) -> bool:
        """Whether what was accepted is of the very cassette that is replayed."""
        known, old = self.state.accepted, self.state.old
        return known is not None and old is not None and is_recorded_in(known, old)

    def hold_to_terms(self, calls: Calls, *, is_new: bool, asks_judge: bool) -> RuleCheckResult:
        """Hold calls against contract, standing rules and quarantine.

        :param asks_judge: whether rules that take a judge are looked at as well.
        """
        model = self.settings.judge_model
        return check_rules(
            self.node_id,
            calls,
            rules=self.rules,
            baseline=lambda: self.baseline_runs,
            price=self.plugins.price,
            judge=None if model is None else LlmJudge(self.node_id, model=model),
            is_new=is_new,
            asks_judge=asks_judge,
        )

    def failing_drift(self) -> str:
        """Return the drift of the only sample in words where it fails the test, else nothing."""
        if self.is_sampled or not self.is_compared:
            return ""
        test = self.observe()
        return format_drift(test) if check_drift_gate(test) else ""

    @property
    def saved(self) -> int:
        """Whole answers that an interrupted recording would carry on with."""
        return sum(map(len, self._journal.read().values()))

    @property
    def accept_command(self) -> str:
        """The command that accepts what this test leaves pending."""
        return self.state.commands.accept()

    # --- what it came to ---------------------------------------------------------------------

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What failed it, over all samples, each said once."""
        found = [p for sample in self.samples for p in (*sample.misses, *sample.problems)]
        return tuple(dict.fromkeys(found))

    def observe(self) -> ObservedTest:
        """Return what it has come to by now, as a value."""
        test = ObservedTest(
            state=self.state,
            samples=tuple(sample.observe() for sample in self.samples),
            run_fail_on=self.run.settings.fail_on,
            is_quarantined=self.is_quarantined,
        )
        if not test.is_compared:
            return test
        test = replace(test, drift=self._find_drift(test), observed=self.observed)
        return replace(test, evidence=collect_evidence(test))

    @property
    def is_compared(self) -> bool:
        """Whether any sample is a new recording that was held against what is accepted."""
        return any(sample.compared for sample in self.samples)

    @property
    def is_unasked(self) -> bool:
        """Whether a sample is none of the candidate that the run is against."""
        return any(sample.unasked is not None for sample in self.samples)

    @property
    def is_quarantined(self) -> bool:
        """Whether somebody wrote down why it does not gate, until a day that is not over."""
        return self.state.is_quarantined(datetime.now(UTC).date())

    def finish(self, *, unconfirmed: bool = False, failed: bool | None = None) -> TestRecord:
        """Keep what is to be kept, and say what happened.

        :param failed: what pytest is told, where the samples are told as one; else what came of
            the only sample.
        """
        before = len(self.problems)
        kept = SavedFiles()
        self.current.note_hooks()
        if all(sample.skipped and not sample.body_passed for sample in self.samples):
            self._journal.remove()  # the test itself has said that there is nothing to record
        elif self.is_unasked:
            self._drop_unasked()
        elif not any(sample.is_unread for sample in self.samples):
            try:
                if self._replays_what_is_accepted():
                    delete_stale_pending(self.state.paths)
                else:
                    kept = keep(self.found())
            except (OSError, ValueError) as error:
                message = failures.not_kept(self.node_id, str(error))
                self.current.problems.append(Problem(code="not_kept", message=message))
        if failed is None:
            failed = any(each.has_failed for each in self.samples)
        failed = failed or len(self.problems) > before
        test = self.observe()
        return build_test_record(
            test,
            kept,
            self.run,
            baseline=self.baseline_runs if test.is_compared else (),
            asides=[each.observe() for aside in self.asides for each in aside.samples],
            unconfirmed=unconfirmed,
            failed=failed,
        )

    def _drop_unasked(self) -> None:
        """Keep nothing of a run in which the candidate was not asked, and tell it once."""
        if self._is_journalled:
            self._journal.remove()
        found = [(sample, sample.unasked) for sample in self.samples if not sample.misses]
        for sample, fault in found:
            if fault is not None and fault not in sample.problems:  # asked in its tear-down
                sample.problems.append(fault)

    @property
    def untold(self) -> str:
        """What a report of this test still has to say, empty where its failure says it all."""
        if any(sample.failed_by_us or sample.misses for sample in self.samples):
            return ""
        parts = [problem.message for problem in self.problems]
        if self.is_compared:
            parts.append(format_drift(self.observe()))
        return "\n\n".join(part for part in parts if part)

    # --- its recordings ----------------------------------------------------------------------

    @cached_property
    def now(self) -> str:
        """When what this run records is said to be recorded."""
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _find_drift(self, test: ObservedTest) -> Drift | None:
        """Return what its new recordings do differently, with what a cross has shown."""
        compared = len(test.compared)
        if compared not in self._drifts:
            self._drifts[compared] = build_drift(
                test, self.run, baseline=self.baseline, now=self.now
            )
        drift = self._drifts[compared]
        crossed = self.crossed or explain_no_cross(self.state, drift)
        if crossed and drift is not None and drift.cause is not None:
            return replace(drift, cause=replace(drift.cause, cross=crossed))
        return drift

    @cached_property
    def baseline(self) -> Cassette | None:
        """The accepted recording as it was before this run; None where it is gone."""
        if self.is_baseline:
            return self.state.old
        try:
            return read_if_exists(self.state.paths.of_baseline().cassette, read_any_cassette)
        except ValueError:
            return None

    @cached_property
    def baseline_runs(self) -> tuple[Calls, ...]:
        """The calls of each accepted sample; empty where none is."""
        if self.state.accepted is None or self.baseline is None:
            return ()
        return tuple(Calls(self.run.read_calls(run)) for run in self.baseline.runs)

    def _replays_what_is_accepted(self) -> bool:
        """Whether nothing is new: what `keep` finds in the end, and most tests of most runs."""
        return (
            self.is_baseline
            and not self.settings.accept
            and self.state.old is not None
            and all(each.mode is AnswerSource.REPLAYED for each in self.samples)
            and not self._found_in_replay()
        )

    def _name_variant(self, settings: Settings) -> str | None:
        """Return the name that its recording goes by; None for the baseline."""
        return None if settings.candidate is None else settings.candidate.name

    def _adapt(self, rules: TestConfig) -> TestConfig:
        """Return what holds for this run of what holds for the test."""
        return rules

    def _load(self) -> TestState:
        """Read what is there; SetupError where something is wrong."""
        return load_test(self.state, self.run, journal=self._journal)

    def _found_in_replay(self) -> tuple[Change, ...]:
        """Return what the test's code makes of a replay of the baseline, where that is new."""
        if not self.is_baseline or any(e.mode is not AnswerSource.REPLAYED for e in self.samples):
            return ()
        return tuple(change for sample in self.samples for change in sample.found_in_replay)

    def found(self) -> Found:
        """Return what the run came to, as far as it decides on what is kept."""
        for sample in self.samples:
            sample.extract()
        test = self.observe()
        return Found.of(
            test,
            self.run,
            journal=self._journal,
            whole=not self._waiting and all(sample.usable for sample in test.samples),
            good=check_acceptable(test),
            found_in_replay=self._found_in_replay(),
            recorded_at=self.now,
            extractors=self.extractors.stamp,
        )
