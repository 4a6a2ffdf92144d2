"""One marked test: runs its samples, asks drivers for more, keeps what they leave, and reports."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Self

import pytest

from pytest_llmregress.pipeline.extract import AcceptedRecording
from pytest_llmregress.pipeline.load import load_side, load_test
from pytest_llmregress.pipeline.observe import TestObserver, collect_fresh_evidence
from pytest_llmregress.pipeline.plan import SideVariant
from pytest_llmregress.pipeline.report import build_test_record, sum_costs
from pytest_llmregress.pipeline.session_context import SessionContext
from pytest_llmregress.pipeline.state import ObservedTest, TestState
from pytest_llmregress.runner.context_factory import identify, narrow_context
from pytest_llmregress.runner.drivers import find_drivers
from pytest_llmregress.runner.open_sample import Trying
from pytest_llmregress.runner.sample_phases import SampleRun
from pytest_llmregress.runner.sample_series import SampleSeries
from pytest_llmregress.values.evidence import FreshEvidence
from pytest_llmregress.values.run_report import TestRecord


class ItemRunner:
    """One marked test, over all the samples that this session runs of it."""

    def __init__(
        self,
        state: TestState,
        context: SessionContext,
        *,
        beside: Sequence[SideVariant] = (),
        trying: Trying | None = None,
    ) -> None:
        """Take a test before it runs.

        :param context: with the plugins that have a say on this test.
        :param beside: what alone is run of a test that is over.
        :param trying: how its samples are run where they are only tried.
        """
        self._trying = trying
        self._context = context
        self._accepted = AcceptedRecording(state, context)
        self._observer = TestObserver(self._accepted, context)
        self._is_over = bool(beside)
        self.is_sampled = self._is_over or state.is_sampled(datetime.now(UTC).date())
        """Whether its outcome is told by several samples, or by evidence over several."""
        self.own = self._begin_series(replace(state, plans=()) if self._is_over else state)
        """The samples of the test itself."""
        self._sides: list[SampleSeries] = []
        self._running = self.own
        for side in beside:
            self._add_side(side)

    @classmethod
    def of_item(
        cls,
        item: pytest.Item,
        context: SessionContext,
        *,
        beside: Sequence[SideVariant] = (),
        trying: Trying | None = None,
    ) -> Self:
        """Return the run of a marked item, or of what is beside it alone."""
        context = narrow_context(item, context)
        return cls(load_test(identify(item), context), context, beside=beside, trying=trying)

    def _begin_series(self, state: TestState) -> SampleSeries:
        return SampleSeries(
            state,
            self._context,
            accepted=self._accepted,
            observer=self._observer,
            is_single=not self.is_sampled,
            trying=self._trying,
        )

    # --- its samples, one after another ------------------------------------------------------

    @property
    def current(self) -> SampleRun:
        """The sample that runs now, or ran last, of the test or of a side."""
        return self._running.current

    @property
    def running(self) -> SampleSeries:
        """The series of the sample that runs now, or ran last."""
        return self._running

    @property
    def is_beside(self) -> bool:
        """Whether a side runs now: none of its reports is anybody's."""
        return self._running is not self.own

    def begin(self) -> SampleRun:
        """Begin the next sample."""
        waiting = (each for each in (self.own, *self._sides) if each.has_more)
        self._running = next(waiting, self._running)
        return self._running.begin()

    def goes_on(self) -> bool:
        """Tell whether more is to be run; drivers are asked once no sample waits any more."""
        if self._is_over:
            return all(side.may_go_on for side in self._sides) and self._has_more()
        if not self.own.has_run:
            return False
        if not self._has_more():
            self._ask_drivers()
        return self._has_more()

    def _has_more(self) -> bool:
        return any(each.has_more for each in (self.own, *self._sides))

    def _ask_drivers(self) -> None:
        state = self.own.state
        if state.is_baseline or state.accepted is None:
            return
        test = self.observe()
        for plan_more in find_drivers():
            more = plan_more(test)
            if more.own and self.own.may_go_on:
                self.own.add(more.own)
                return
            if more.sides:
                for side in more.sides:
                    self._add_side(side)
                return

    def _add_side(self, side: SideVariant) -> None:
        """Begin a side, or have more samples run of the one of that name."""
        for known in self._sides:
            if known.state.side is not None and known.state.side.name == side.name:
                known.add_up_to(side.samples)
                return
        self._sides.append(self._begin_series(load_side(self.own.state, side, self._context)))

    def configure(self, config: Mapping[str, Any]) -> None:
        """Give the sample that is being set up the test's `llm_config`."""
        self.current.configure(config)

    def note(self, report: pytest.TestReport) -> None:
        """Take notice of how a phase of a sample ended."""
        self.current.note(report)

    # --- what it came to ---------------------------------------------------------------------

    def observe(self) -> ObservedTest:
        """Return what it has come to by now, as a value."""
        sides = [side.observe_side() for side in self._sides]
        return self._observer.observe(self.own.state, self.own.observe(), sides)

    def observe_fresh_samples(self) -> tuple[FreshEvidence | None, float | None, str]:
        """Return what the samples of both models show, what they cost, and why one does not count.

        None where they are not whole, and for a price that is not known.
        """
        sides = tuple(side.observe_side() for side in self._sides)
        test = ObservedTest(state=self.own.state, samples=(), sides=sides)
        samples = [sample for side in sides for sample in side.samples]
        why = next(
            (sample.why or "it was not asked" for sample in samples if not sample.usable), ""
        )
        unkept = next((side.not_kept for side in sides if side.not_kept), "")
        return (
            collect_fresh_evidence(test),
            sum_costs(samples, self._context.plugins.price),
            why or unkept,
        )

    def keep_sides(self) -> None:
        """Write what was run beside the test; what cannot be written is said with its cause."""
        for side in self._sides:
            side.keep(ObservedTest(state=side.state, samples=side.observe()))

    def finish(self, *, unconfirmed: bool = False, failed: bool | None = None) -> TestRecord:
        """Keep what is to be kept, and say what happened.

        :param failed: what pytest is told, where the samples are told as one; else what came of
            the only sample.
        """
        told = set(self.own.problems)
        self.own.current.note_hooks()
        test = self.observe()
        saved = self.own.keep(test)
        if set(self.own.problems) != set(test.problems):  # known only since it was to be written
            test = self.observe()
        if failed is None:
            failed = any(sample.has_failed for sample in self.own.samples)
        record = build_test_record(
            test,
            saved,
            self._context,
            baseline=self._accepted.runs if test.is_compared else (),
            unconfirmed=unconfirmed,
            failed=failed or not told.issuperset(self.own.problems),
        )
        return self._redact(record)

    def _redact(self, record: TestRecord) -> TestRecord:
        """Return a record without secrets: it lands in reports, and may quote an exception."""
        named = {"test": record.test, "cassette": record.cassette}  # stay, whatever they hold
        plain = {key: value for key, value in record.to_json().items() if key not in named}
        clean = self.own.state.config.redactor.value(plain)
        return record if clean == plain else TestRecord.from_json(clean | named)
