"""One marked test with all its samples: what is recorded for it, what it ran, what it came to."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest

from pytest_llmregress.contracts.contract import Contract
from pytest_llmregress.pipeline.check_rules import RuleCheckResult, check_rules
from pytest_llmregress.pipeline.collect_evidence import collect_evidence
from pytest_llmregress.pipeline.config import TestConfig, TestConfigError
from pytest_llmregress.pipeline.drift import (
    build_drift,
    check_drift_gate,
    describe_request_change,
    fails_from,
    format_drift,
    is_to_be_crossed,
)
from pytest_llmregress.pipeline.http_session import HttpSession, deduplicate
from pytest_llmregress.pipeline.identity import TestIdentity
from pytest_llmregress.pipeline.judge import check_acceptable
from pytest_llmregress.pipeline.load import (
    Prepared,
    SetupError,
    check_enough_samples,
    load_test,
    read_if_exists,
)
from pytest_llmregress.pipeline.next_command import NextCommand
from pytest_llmregress.pipeline.persist import Found, SavedFiles, delete_stale_pending, keep
from pytest_llmregress.pipeline.plan import SamplePlan
from pytest_llmregress.pipeline.report import build_test_record
from pytest_llmregress.pipeline.session_context import Plugins, SessionContext
from pytest_llmregress.recording.cassette_session import CassetteSession, SampleMode
from pytest_llmregress.recording.http_patching import patch_http
from pytest_llmregress.reports import failures
from pytest_llmregress.runner import output
from pytest_llmregress.runner.collected import identify
from pytest_llmregress.runner.judge_fixture import LlmJudge
from pytest_llmregress.runner.sample_phases import SampleRun
from pytest_llmregress.runner.stash_keys import HOOKS
from pytest_llmregress.storage.file_paths import build_test_paths, relative_to_root
from pytest_llmregress.storage.journal import Journal
from pytest_llmregress.storage.vcr_format.reader import read_any_cassette
from pytest_llmregress.values.behavior import Behavior, Drift
from pytest_llmregress.values.call import Call, Calls, Usage
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.evidence import TestEvidence
from pytest_llmregress.values.http import Interaction
from pytest_llmregress.values.matching import RequestMatcher
from pytest_llmregress.values.run_report import AnswerSource, Problem, TestRecord
from pytest_llmregress.values.settings import Candidate, RecordMode, Settings
from pytest_llmregress.values.snapshot import Snapshot
from pytest_llmregress.verdicts.first_pass import MIN_BASELINE, looks_different

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
        self.identity = identity
        self.node_id = node_id = identity.node_id
        self.run = run
        self.plugins = plugins
        """Those that have a say on this test: a conftest only on those below it."""
        settings = run.settings
        self.rules = TestConfig(
            settings=settings, contract=Contract(), matching=RequestMatcher(), redactor=run.redactor
        )
        self._promoted: Candidate | None = None
        """The candidate of this run where it is the baseline by now: nothing is to be compared."""
        self.paths = build_test_paths(identity.path, node_id, self.variant)
        if self._is_the_baseline(settings):
            self._promoted, self.paths = settings.candidate, self.paths.of_baseline()
        self.commands = NextCommand(
            node_id,
            identity.path,
            invoked_from=run.invoked_from,
            settings=settings,
            in_ci=run.in_ci,
        )
        self.samples: list[SampleRun] = []
        self.fault: tuple[str, str] | None = None
        """Code and message of what keeps this test from being run at all."""
        self._journal = Journal(self.paths.journal, test=node_id)
        self._is_journalled = False
        self._drifts: dict[int, Drift | None] = {}
        """By the number of samples that were compared: its cause takes reading both recordings."""
        self._prepared = Prepared()
        try:
            self.read_rules({})
            self._prepared = self._prepare()
        except (SetupError, TestConfigError) as error:
            self.fault = (error.code, str(error))
        self._waiting = list(self._prepared.slots)
        self._confirming = self._prepared.confirm
        """Fresh samples that are still to be asked for, should it look different."""
        is_decided = self.settings.candidate is not None and (self.has_noise or self.is_quarantined)
        self.asides: tuple[TestRun, ...] = ()
        """What was run beside it, to tell the cause of its drift."""
        self.crossed = ""
        """What a cross of prompts and models has shown; empty without one."""
        is_rated = self.rules.terms.pass_rate is not None
        self.is_sampled = self.fault is None and (len(self._waiting) > 1 or is_decided or is_rated)
        """Whether its outcome is told by several samples, or by evidence over several."""

    @classmethod
    def of_item(cls, item: pytest.Item, run: SessionContext) -> Self:
        """Return the run of a marked item."""
        hooks = item.config.stash[HOOKS]
        plugins = hooks.plugins(item.ihook, price=run.plugins.price)
        return cls(run, identity=identify(item), plugins=plugins)

    # --- its samples -------------------------------------------------------------------------

    @property
    def accepted(self) -> Snapshot | None:
        """What was accepted before this run; None where nothing was."""
        return self._prepared.accepted

    @property
    def old(self) -> Cassette | None:
        """The cassette as it was before this run; None where there is none."""
        return self._prepared.old

    @property
    def settings(self) -> Settings:
        """The settings that hold for this test."""
        return self.rules.settings

    @property
    def variant(self) -> str | None:
        """The name that its recording goes by beside the baseline's; None for the baseline."""
        candidate = self.run.settings.candidate
        return None if candidate is None or self._promoted else candidate.name

    @property
    def is_baseline(self) -> bool:
        """Whether what is replayed is what was accepted."""
        return self.settings.candidate is None

    @property
    def has_more(self) -> bool:
        """Whether another sample is to be run; asked once the last one has been judged."""
        last = self.samples[-1] if self.samples else None
        if last is not None and (last.skipped or not last.usable):
            return False
        if not self._waiting and self._confirming and self._is_to_be_confirmed():
            first = len(self.samples) + 1
            self._waiting = [
                SamplePlan(number=first + each, mode=SampleMode.RECORD, confirms=True)
                for each in range(self._confirming)
            ]
            self._confirming = 0
        return bool(self._waiting)

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
        carried = self._prepared.carried
        if slot.mode is not SampleMode.REPLAY and not self._is_journalled:
            self._journal.check_place()
            self._journal.start(carried)
            self._is_journalled = True
        return HttpSession(
            self.run,
            test=self.node_id,
            cassette=lambda: self.cassette_name,
            recorded=slot.recorded,
            exists=self.old is not None,
            mode=slot.mode,
            # The code may still ask for the model that the promoted one has replaced.
            candidate=self._promoted or self.settings.candidate,
            rewrite=self.rewrite(),
            commands=self.commands,
            paths=self.paths,
            misses=misses,
            journal=self._journal,
            carried=carried.get(slot.number, ()),
            number=slot.number,
            usage=lambda: self.usage_of_a_call,
            intercept=self.intercept,
            limited=not self.is_trial,
            fail=output.fail,
            refused=self._prepared.refused,
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
        known = self.old or self.baseline
        usages = [] if known is None else [call.usage for call in self.read(known.interactions)]
        if not usages:
            return None
        output = sum(usage.output_tokens for usage in usages)
        return Usage(output_tokens=-(-output // len(usages)))

    def read_rules(self, config: Mapping[str, Any]) -> None:
        """Read the rules with the test's `llm_config`; RulesError where it cannot be."""
        is_plain = not config and not any(
            mark.args or mark.kwargs for mark in self.identity.markers
        )
        plain = self.run.plain_rules
        if is_plain and plain:
            self.rules = plain[0]
        else:
            self.rules = TestConfig.read(
                test=self.node_id,
                sources=self.run.sources,
                redactor=self.run.redactor,
                markers=self.identity.markers,
                config=config,
            )
            if is_plain:
                plain.append(self.rules)
        if self._promoted is not None:
            settings = replace(self.rules.settings, candidate=None)
            self.rules = replace(self.rules, settings=settings)

    def behavior_of(self, calls: Calls) -> Behavior:
        """Return the behavior that calls show; a declared fallback is as requested."""
        traits = self.plugins.extract_traits(calls)
        contract = self.rules.contract
        if contract.served_model:
            from pytest_llmregress.behavior.traits import declare_served  # noqa: PLC0415 - on use

            traits = declare_served(traits, calls, served=contract.is_legitimate)
        return Behavior(traits=traits)

    def known_behavior(self) -> Behavior | None:
        """Return what an accepted behavior says of the very recording, or None where that is told.

        What has extracted it then would say the same again.
        """
        is_it = (
            self.accepted is not None
            and self.old is not None
            and self.accepted.built_in
            and self.accepted.cassette == self.old.digest
            and self._has_built_in_traits
        )
        return self.accepted.samples[0].behavior if is_it and self.accepted else None

    @property
    def _has_built_in_traits(self) -> bool:
        """Whether neither another plugin nor the marker has a say on the traits of this test."""
        return self.plugins.has_built_in_traits and not self.rules.contract.served_model

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
        return format_drift(self) if not self.is_sampled and check_drift_gate(self) else ""

    def clean(self, value: Any) -> Any:
        """Take secrets out of a JSON value."""
        return self.rules.redactor.value(value)

    @property
    def saved(self) -> int:
        """Whole answers that an interrupted recording would carry on with."""
        return sum(map(len, self._journal.read().values()))

    @property
    def accept_command(self) -> str:
        """The command that accepts what this test leaves pending."""
        return self.commands.accept()

    # --- what it came to ---------------------------------------------------------------------

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What failed it, over all samples, each said once."""
        found = [p for sample in self.samples for p in (*sample.misses, *sample.problems)]
        return tuple(dict.fromkeys(found))

    def evidence(self) -> TestEvidence:
        """Return what the samples say about a change."""
        quarantine = self.rules.terms.quarantine
        return collect_evidence(
            self.node_id,
            accepted=self.accepted,
            samples=self.samples,
            fails_from=fails_from(self),
            quarantine=quarantine.reason if quarantine and self.is_quarantined else "",
            not_comparable=describe_request_change(self),
        )

    @property
    def is_compared(self) -> bool:
        """Whether any sample is a new recording that was held against what is accepted."""
        return any(sample.compared for sample in self.samples)

    @property
    def is_unasked(self) -> bool:
        """Whether a sample is none of the candidate that the run is against."""
        return any(sample.unasked is not None for sample in self.samples)

    @property
    def has_noise(self) -> bool:
        """Whether the baseline has enough samples to show its own noise."""
        return check_enough_samples(self.accepted)

    @property
    def is_quarantined(self) -> bool:
        """Whether somebody wrote down why it does not gate, until a day that is not over."""
        quarantine = self.rules.terms.quarantine
        return quarantine is not None and not quarantine.is_over(datetime.now(UTC).date())

    def calls(self) -> tuple[Call, ...]:
        """Return the model calls of all samples."""
        return tuple(call for sample in self.samples for call in sample.calls())

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
                    delete_stale_pending(self.paths)
                else:
                    kept = keep(self.found())
            except (OSError, ValueError) as error:
                message = failures.not_kept(self.node_id, str(error))
                self.current.problems.append(Problem(code="not_kept", message=message))
        if failed is None:
            failed = any(each.has_failed for each in self.samples)
        failed = failed or len(self.problems) > before
        return build_test_record(self, kept, unconfirmed=unconfirmed, failed=failed)

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
        parts = [*(problem.message for problem in self.problems), format_drift(self)]
        return "\n\n".join(part for part in parts if part)

    # --- its recordings ----------------------------------------------------------------------

    @cached_property
    def now(self) -> str:
        """When what this run records is said to be recorded."""
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def drift(self) -> Drift | None:
        """What its new recordings do differently by now; None where nothing was compared."""
        compared = sum(sample.compared for sample in self.samples)
        if compared not in self._drifts:
            self._drifts[compared] = build_drift(self)
        drift = self._drifts[compared]
        crossed = self.crossed or self._why_not_crossed(drift)
        if crossed and drift is not None and drift.cause is not None:
            return replace(drift, cause=replace(drift.cause, cross=crossed))
        return drift

    @cached_property
    def baseline(self) -> Cassette | None:
        """The accepted recording as it was before this run; None where it is gone."""
        if self.is_baseline:
            return self.old
        try:
            return read_if_exists(self.paths.of_baseline().cassette, read_any_cassette)
        except ValueError:
            return None

    @cached_property
    def baseline_runs(self) -> tuple[Calls, ...]:
        """The calls of each accepted sample; empty where none is."""
        if self.accepted is None or self.baseline is None:
            return ()
        return tuple(Calls(self.read(run)) for run in self.baseline.runs)

    def read(self, interactions: Iterable[Interaction]) -> tuple[Call, ...]:
        """Return the model calls among interactions."""
        read = (self.run.read(each) for each in interactions if not each.judge)
        return tuple(call for call in read if call is not None)

    def relative(self, path: Path) -> str:
        """Return a path as reports have it, from the root folder."""
        return relative_to_root(path, self.run.root)

    @cached_property
    def cassette_name(self) -> str:
        """The path of its cassette, as reports have it."""
        return f"{relative_to_root(self.paths.directory, self.run.root)}/{self.paths.cassette.name}"

    def _replays_what_is_accepted(self) -> bool:
        """Whether nothing is new: what `keep` finds in the end, and most tests of most runs."""
        return (
            self.is_baseline
            and not self.settings.accept
            and self.old is not None
            and all(each.mode is AnswerSource.REPLAYED for each in self.samples)
            and not any(each.found_in_replay for each in self.samples)
        )

    def _prepare(self) -> Prepared:
        """Read what is there; FaultError where something is wrong."""
        return load_test(self, self._journal)

    def _is_the_baseline(self, settings: Settings) -> bool:
        """Tell whether a replay's candidate was accepted, so that its recording is the baseline."""
        candidate, is_replay = settings.candidate, settings.record is RecordMode.NONE
        if candidate is None or not is_replay or self.paths.cassette.exists():
            return False
        try:
            known = read_if_exists(self.paths.of_baseline().cassette, read_any_cassette)
        except ValueError:
            return False
        return known is not None and set(known.requested_models) == {candidate.new}

    def _is_to_be_confirmed(self) -> bool:
        return bool(looks_different(self.evidence())) or (
            self.settings.cross and is_to_be_crossed(self.drift)
        )

    def _why_not_crossed(self, drift: Drift | None) -> str:
        """Say why a cross that was asked for is not recorded; empty where it is, or needs none."""
        if not self.settings.cross or self.has_noise or not is_to_be_crossed(drift):
            return ""
        number = 0 if self.accepted is None else len(self.accepted.samples)
        return (
            f"not recorded: its baseline has {number} of the {MIN_BASELINE} samples that a cross "
            f"takes; with the old prompt: {self.commands.more_samples()}"
        )

    def found(self) -> Found:
        """Return what the run came to, as far as it decides on what is kept."""
        calls = self.calls()
        return Found(
            test=self.node_id,
            paths=self.paths,
            rules=self.rules,
            samples=tuple(self.samples),
            whole=not self._waiting and all(sample.usable for sample in self.samples),
            old=self.old,
            accepted=self.accepted,
            journal=self._journal,
            requested_models=deduplicate(call.requested_model for call in calls),
            served_models=deduplicate(call.served_model for call in calls),
            good=check_acceptable(self),
            session=self.run.started,
            recorded_at=self.now,
            versions=self.run.versions,
            in_ci=self.run.in_ci,
            built_in=self._has_built_in_traits,
        )
