"""A marked test of a candidate, run unseen as it will be run: it tells which samples follow."""

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, NoReturn

import pytest

from pytest_llmregress.pipeline.session_context import SessionContext
from pytest_llmregress.recording.cassette_session import CassetteSession
from pytest_llmregress.recording.request_capture import RequestRecorder, capture_requests
from pytest_llmregress.runner.concurrent.dry_run import (
    SampleTarget,
    Surroundings,
    build_recorder,
)
from pytest_llmregress.runner.concurrent.dry_run_loop import (
    NextItemProxy,
    chain_of,
    run_dry,
    run_unseen,
)
from pytest_llmregress.runner.item_runner import ItemRunner
from pytest_llmregress.runner.open_sample import Trying
from pytest_llmregress.runner.sample_phases import SampleRun


class Rehearsal:
    """All samples of a test that are recorded by now, judged; those that drivers ask for next.

    It ends at the first sample that asks for something which is not recorded. Nothing of it is
    reported or kept.
    """

    def __init__(self, item: pytest.Item, context: SessionContext, around: Surroundings) -> None:
        self._item = item
        self._context = context
        self._around = around
        self._test = ItemRunner.of_item(
            item, context, trying=Trying(intercept=self._intercept, stop=self._refuse)
        )
        self.recorder = self._begin_recorder()
        self.is_over = not self._test.is_sampled
        """Whether no further sample of it can be run."""

    @property
    def current(self) -> SampleRun:
        """The sample that runs now, or ran last."""
        return self._test.current

    def choose_next(self) -> RequestRecorder:
        """Make the next sample the one to run, and return what its requests are noted on."""
        self.is_over = True  # where its tear-down does not come to ask
        self.recorder = self._begin_recorder()
        return self.recorder

    def begin(self) -> SampleRun:
        """Begin the next sample."""
        return self._test.begin()

    def configure(self, config: Mapping[str, Any]) -> None:
        """Give the sample that is being set up the test's `llm_config`."""
        self._test.configure(config)

    def note(self, report: pytest.TestReport) -> None:
        """Take notice of how a phase of a sample, or a part of it, ended."""
        sample = self.current
        if sample.phases.is_in_body:
            sample.note_subtest(report)
            return
        sample.note(report)
        sample.phases.reports[str(report.when)] = copy(report)

    def goes_on(self) -> bool:
        """Tell whether another sample is to be run; the drivers are asked."""
        self.is_over = self._is_stopped or not self._test.goes_on()
        return not self.is_over

    @property
    def wanted(self) -> tuple[SampleTarget, ...]:
        """The samples that are asked for and not recorded; none where only the test can do it."""
        if not self._is_stopped or self.recorder.refused or self.recorder.live:
            return ()
        series = self._test.running
        return tuple(
            SampleTarget(item=self._item, sample=plan.number, side=series.state.side, plan=plan)
            for plan in (series.current.plan, *series.waiting)
        )

    @property
    def _is_stopped(self) -> bool:
        return self.recorder.stopped

    def _begin_recorder(self) -> RequestRecorder:
        return build_recorder(
            self._item, self._context, self._around, traffic=lambda: self._test.current.traffic
        )

    def _refuse(self, what: str) -> NoReturn:
        self.recorder.refuse(what)

    def _intercept(self, tape: CassetteSession) -> Any:
        return capture_requests(tape, recorder=self.recorder)


def find_further(
    session: pytest.Session,
    items: Sequence[pytest.Item],
    context: SessionContext,
    around: Surroundings,
) -> tuple[SampleTarget, ...]:
    """Run tests as far as they are recorded; return the samples that are to be recorded next."""
    rehearsals = {item: Rehearsal(item, context, around) for item in items}
    with run_unseen(session) as watch:
        for place, (item, rehearsal) in enumerate(rehearsals.items()):
            following = items[place + 1] if place + 1 < len(items) else session.items[0]

            def keep(
                item: pytest.Item = item,
                rehearsal: Rehearsal = rehearsal,
                following: pytest.Item = following,
            ) -> list[Any]:
                return chain_of(item if rehearsal.goes_on() else following)

            while not rehearsal.is_over:
                watch.begin(rehearsal.choose_next())
                run_dry(item, rehearsal, NextItemProxy(item, keep))
    return tuple(target for each in rehearsals.values() for target in each.wanted)
