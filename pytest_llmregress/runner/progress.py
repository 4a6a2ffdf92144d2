"""What a recording run tells while it is under way: its plan, then how far it is."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmregress.formatting.control_characters import visible_lines
from pytest_llmregress.hookspecs import RECORD
from pytest_llmregress.reports.recording_progress import (
    RecordingEstimate,
    RecordingProgress,
    render_plan,
    render_progress,
)
from pytest_llmregress.runner import output
from pytest_llmregress.values.settings import RecordMode

if TYPE_CHECKING:
    from pytest_llmregress.pipeline.session_context import SessionContext

TOLD = 10
"""How often a run says how far it is, and after how many tests where their number is unknown."""


class Progress:
    """Tells it on the terminal; in the controlling process only.

    Under xdist the tests are collected by the workers: there is no plan then, and no time left.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.run: SessionContext | None = None
        """Known once the tests are collected, in the process that runs them."""
        self._done = RecordingProgress(tests=0, of=None, samples=0, tokens=0, cost=0.0, seconds=0.0)
        self._began = 0.0
        self._has_news = False
        """Whether anything was sent since it last told: waves tell of theirs."""

    def pytest_report_collectionfinish(self, items: Sequence[pytest.Item]) -> str:
        """Tell the plan."""
        marked = [item for item in items if item.get_closest_marker("llm")]
        is_quiet = self._config.get_verbosity() < 0 or self._config.getoption("collectonly")
        if self.run is None or not marked or is_quiet:
            return ""
        self._done = replace(self._done, of=len(marked))
        return visible_lines(render_plan([_expect(item, self.run) for item in marked]))

    def pytest_runtest_logstart(self) -> None:
        """Begin to count the time."""
        self._began = self._began or time.monotonic()

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test that is over, and tell how far the run is every once in a while."""
        record: dict[str, Any] | None = getattr(report, RECORD, None)
        if record is None:
            return
        done, cost = self._done, record["cost_usd"]
        is_new = record["mode"] in {"recorded", "mixed"}
        in_waves = self.run is not None and self.run.in_waves[report.nodeid] > 0
        self._has_news = self._has_news or (is_new and not in_waves)
        if is_new:
            done = replace(
                done,
                samples=done.samples + record["samples"],
                tokens=done.tokens + record["input_tokens"] + record["output_tokens"],
                cost=None if done.cost is None or cost is None else done.cost + cost,
            )
        self._done = replace(done, tests=done.tests + 1, seconds=time.monotonic() - self._began)
        step = TOLD if done.of is None else max(1, done.of // TOLD)
        is_last = self._done.tests == done.of
        is_quiet = not output.is_there(self._config) or self._config.get_verbosity() < 0
        if is_quiet or is_last or self._done.tests % step or not self._has_news:
            return
        self._has_news = False
        if done.of is None:
            output.break_line(self._config)
        output.write_lines(self._config, [render_progress(self._done)])


def _expect(item: pytest.Item, run: "SessionContext") -> RecordingEstimate:
    """Return what a test is going to record, judged by its own recording or the baseline's."""
    from pytest_llmregress.pipeline.load import estimate_recording
    from pytest_llmregress.runner.context_factory import identify

    return estimate_recording(identify(item), run)


def register(config: pytest.Config, record: RecordMode) -> None:
    """Have a recording run tell what it does, where somebody reads along."""
    if record is RecordMode.NONE or hasattr(config, "workerinput"):
        return
    if not config.pluginmanager.hasplugin("llmregress-progress"):
        config.pluginmanager.register(Progress(config), "llmregress-progress")
