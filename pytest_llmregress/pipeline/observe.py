"""From what the samples of a test came to, to one value: drift, cause and evidence with it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property

from pytest_llmregress.pipeline.accepted import AcceptedRecording, build_extractors
from pytest_llmregress.pipeline.collect_control import blame_old_model
from pytest_llmregress.pipeline.collect_evidence import collect_evidence
from pytest_llmregress.pipeline.drift import build_drift, explain_no_cross
from pytest_llmregress.pipeline.session_context import SessionContext
from pytest_llmregress.pipeline.state import ObservedSample, ObservedSide, ObservedTest, TestState
from pytest_llmregress.values.behavior import Change, Drift


class TestObserver:
    """Observes one test as often as it is asked; finds the cause of a drift once."""

    __test__ = False  # pytest must not collect it

    def __init__(self, accepted: AcceptedRecording, context: SessionContext) -> None:
        self._accepted = accepted
        self._context = context
        self._drifts: dict[tuple[tuple[Change, ...], ...], Drift | None] = {}
        """By the changes of the compared samples: a cause takes reading both recordings."""

    @cached_property
    def now(self) -> str:
        """When what this run records is said to be recorded."""
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def observe(
        self,
        state: TestState,
        samples: Sequence[ObservedSample],
        sides: Sequence[ObservedSide] = (),
    ) -> ObservedTest:
        """Return what a test has come to by now.

        Nothing of it is compared where the candidate was not asked, be it in one sample.
        """
        if any(sample.unasked is not None for sample in samples):
            samples = [replace(sample, compared=False) for sample in samples]
        test = ObservedTest(
            state=state,
            samples=tuple(samples),
            sides=tuple(sides),
            run_fail_on=self._context.settings.fail_on,
            is_quarantined=state.is_quarantined(datetime.now(UTC).date()),
        )
        if not test.is_compared:
            return test
        observed = self._accepted.observe(build_extractors(state.config, self._context.plugins))
        test = replace(test, observed=observed)
        test = replace(test, drift=self._find_drift(test))
        test = replace(test, evidence=collect_evidence(test))
        return replace(test, drift=blame_old_model(test))

    def _find_drift(self, test: ObservedTest) -> Drift | None:
        """Return what its new recordings do differently, with what a grid has shown."""
        compared = tuple(sample.changes for sample in test.compared)
        if compared not in self._drifts:
            self._drifts[compared] = build_drift(
                test, self._context, baseline=self._accepted.cassette, now=self.now
            )
        drift = self._drifts[compared]
        if drift is None or drift.cause is None:
            return drift
        crossed = self._explain_cross(replace(test, drift=drift))
        return replace(drift, cause=replace(drift.cause, cross=crossed)) if crossed else drift

    @staticmethod
    def _explain_cross(test: ObservedTest) -> str:
        if not test.sides:
            return explain_no_cross(test.state, test.drift)
        from pytest_llmregress.pipeline.explain_grid import explain_grid  # noqa: PLC0415 - with statistics

        return explain_grid(test) or explain_no_cross(test.state, test.drift)
