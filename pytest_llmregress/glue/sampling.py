"""Several independent runs of one test, with set-up and tear-down each, and one outcome of them.

Each sample goes through pytest's own protocol. Its reports are held back: what is logged of them
counts for nothing, and when the last sample is over, one set of reports tells the outcome.
"""

from copy import copy
from typing import Any

import pytest

from pytest_llmregress.glue.conclusion import Conclusion, conclude
from pytest_llmregress.glue.keys import TEST_RUN
from pytest_llmregress.glue.testrun import TestRun
from pytest_llmregress.hookspecs import HELD_BACK, RECORD, UNCONFIRMED


def run_samples(item: pytest.Item, test: TestRun, nextitem: pytest.Item | None) -> bool:
    """Run all samples of a test, then report one outcome; return True, as the hook wants it.

    A sample whose set-up failed, or was skipped, ends it: those reports are logged as they are.
    """
    following: Any = _Following(item, test, nextitem)
    try:
        while test.has_more:
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
            if item.session.shouldstop or item.session.shouldfail or not _ran(test):
                break
        if _ran(test):
            _report(item, test)
    finally:
        del item.stash[TEST_RUN]
    return True


def hold_back(test: TestRun, report: pytest.TestReport) -> pytest.TestReport:
    """Keep a report of one sample, and return what is logged in its place."""
    sample = test.current
    sample.reports[str(report.when)] = copy(report)
    if report.when == "setup" and not report.passed:
        return report
    if report.when == "teardown" and not _ran(test):
        setattr(report, RECORD, test.finish().to_json())
        return report
    setattr(report, HELD_BACK, True)
    setattr(report, "when", None)  # noqa: B010 - typed as one of the phases, which it is not
    report.outcome, report.longrepr, report.sections = "passed", None, []
    if hasattr(report, "wasxfail"):
        del report.wasxfail
    return report


class _Following:
    """What runs after a sample: the same test once more, or the next one.

    pytest asks when it tears a sample down; only then is it known whether another one follows.
    """

    def __init__(self, item: pytest.Item, test: TestRun, nextitem: pytest.Item | None) -> None:
        self._item = item
        self._test = test
        self._next = nextitem

    def listchain(self) -> list[Any]:
        """Return what has to stay set up."""
        if self._stays:
            parent = self._item.parent
            return [] if parent is None else parent.listchain()
        return [] if self._next is None else self._next.listchain()

    @property
    def _stays(self) -> bool:
        stops = self._item.session.shouldstop or self._item.session.shouldfail
        return not stops and _ran(self._test) and self._test.has_more

    def __getattr__(self, name: str) -> Any:
        return getattr(self._item if self._stays or self._next is None else self._next, name)


def _ran(test: TestRun) -> bool:
    """Whether the set-up of the last sample went well, so that its body has run."""
    setup = test.current.reports.get("setup") if test.samples else None
    return setup is not None and setup.passed


def _report(item: pytest.Item, test: TestRun) -> None:
    """Log set-up, call and tear-down of the test as a whole."""
    calls = [sample.reports.get("call") for sample in test.samples]
    skipped = next((each for each in calls if each is not None and _is_plain_skip(each)), None)
    before = len(test.problems)
    conclusion = conclude(test)
    record = test.finish(unconfirmed=conclusion.unconfirmed)
    if len(test.problems) > before:  # what could not be saved is known only now
        conclusion = conclude(test)
    for when in ("setup", "call", "teardown"):
        reports = [each.reports[when] for each in test.samples if when in each.reports]
        if not reports:
            continue
        report = copy(reports[-1])
        report.duration = sum(each.duration for each in reports)
        if when == "call":
            report = _outcome(report, reports, conclusion) if skipped is None else skipped
        elif when == "teardown":
            worst = next((each for each in reports if each.failed), report)
            report.outcome, report.longrepr = worst.outcome, worst.longrepr
            setattr(report, RECORD, record.to_json())
        item.ihook.pytest_runtest_logreport(report=report)


def _outcome(
    report: pytest.TestReport, reports: list[pytest.TestReport], conclusion: Conclusion
) -> pytest.TestReport:
    """Return the report of the body over all samples."""
    expected = all(hasattr(each, "wasxfail") for each in reports)
    if expected and not conclusion.failed:
        return report  # it failed as it should, each time
    if hasattr(report, "wasxfail"):
        del report.wasxfail
    report.outcome = "failed" if conclusion.failed else "passed"
    report.longrepr = conclusion.text if conclusion.failed else None
    report.sections = []
    if conclusion.text and not conclusion.failed:
        report.sections = [("llmregress", conclusion.text)]
    if conclusion.unconfirmed:
        setattr(report, UNCONFIRMED, True)
    return report


def _is_plain_skip(report: pytest.TestReport) -> bool:
    return report.skipped and not hasattr(report, "wasxfail")
