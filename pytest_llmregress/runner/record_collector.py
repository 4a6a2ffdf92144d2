"""Collects the records of marked tests off their reports, from the workers of xdist too."""

from collections.abc import Generator, Sequence
from typing import Any

import pytest

from pytest_llmregress.hookspecs import HELD_BACK, RECORD, UNCONFIRMED
from pytest_llmregress.reports.junit_properties import add_junit_properties
from pytest_llmregress.runner import session as run
from pytest_llmregress.values.run_report import RunReport, TestRecord

ORPHANS = "llmregress_orphans"
"""The key of a worker's output: the recordings that belong to no test."""


class RecordCollector:
    """The records of the marked tests, by test; registered where a test is marked."""

    def __init__(self, *, in_worker: bool) -> None:
        self._in_worker = in_worker
        self._by_test: dict[str, TestRecord] = {}
        """Empty in a worker: its controller has them."""
        self.orphans: Sequence[str] = ()
        """Recordings that belong to no test; known where the whole suite was collected."""
        self._report: RunReport | None = None
        """What the run found, once it is over."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(
        self, report: pytest.TestReport
    ) -> Generator[None, object, object]:
        """Take the record of a test; the last one where it ran several times.

        Off its report, once everybody has seen it: pytest keeps all reports until the end.
        """
        record = getattr(report, RECORD, None)
        if record is not None and not self._in_worker:
            test = self._by_test[report.nodeid] = TestRecord.from_json(record)
            add_junit_properties(test, report.user_properties)
        result = yield
        if record is not None:
            delattr(report, RECORD)
        return result

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.CollectReport | pytest.TestReport
    ) -> tuple[str, str, str] | None:
        """Say nothing of one sample among several, and tell what is not confirmed from passed."""
        if hasattr(report, HELD_BACK):
            return "", "", ""
        if hasattr(report, UNCONFIRMED):
            return "unconfirmed", "u", "UNCONFIRMED"
        return None

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over which recordings a worker of xdist has found to belong to no test."""
        self.orphans = getattr(node, "workeroutput", {}).get(ORPHANS, self.orphans)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Say below pytest's own last line why the run failed, where a drift is why."""
        result = yield
        if self._report is not None:
            run.close(session, self._report)
        return result

    def pytest_terminal_summary(self, config: pytest.Config) -> None:
        """Tell what the run found."""
        if self._report is not None:
            run.summarise(config, self._report)

    def write_reports(self, session: pytest.Session) -> None:
        """Write the reports that were asked for; nothing where no test was marked, and none was."""
        if self._by_test or session.config.getoption("llmregress_report"):
            self._report = run.finish(session, self._by_test, self.orphans)
