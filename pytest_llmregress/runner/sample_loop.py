"""Several independent runs of one test, with set-up and tear-down each, and one outcome of them.

Each sample goes through pytest's own protocol. Its reports are held back: what is logged of them
counts for nothing, and when the last sample is over, one set of reports tells the outcome.
"""

from copy import copy
from typing import Any

import pytest

from pytest_llmregress.hookspecs import HELD_BACK, RECORD, UNCONFIRMED
from pytest_llmregress.pipeline.judge import TestOutcome, decide_outcome
from pytest_llmregress.runner import output
from pytest_llmregress.runner.item_runner import ItemRunner
from pytest_llmregress.runner.open_sample import TEST_RUN
from pytest_llmregress.runner.other_plugins import run_once


def run_samples(item: pytest.Item, test: ItemRunner, nextitem: pytest.Item | None) -> bool:
    """Run all samples of a test, then report one outcome; return True, as the hook wants it.

    A sample whose set-up failed, or was skipped, ends it: those reports are logged as they are.
    """
    following = _NextItemProxy(item, test, nextitem)
    as_item: Any = following
    _cancel_timeout(item)
    try:
        while following.begin():
            run_once(item, as_item)
        if test.own.has_run:
            _report(item, test)
    finally:
        del item.stash[TEST_RUN]
    return True


def run_beside(item: pytest.Item, test: ItemRunner, nextitem: pytest.Item | None) -> None:
    """Run what is beside a test that is over; nothing of it is reported."""
    following: Any = _NextItemProxy(item, test, nextitem)
    item.stash[TEST_RUN] = test
    try:
        while following.begin():
            run_once(item, following)
    finally:
        del item.stash[TEST_RUN]


def withhold_report(test: ItemRunner, report: pytest.TestReport) -> pytest.TestReport:
    """Keep a report of one sample, and return what is logged in its place."""
    sample = test.current
    sample.phases.reports[str(report.when)] = copy(report)
    if report.when == "setup" and not report.passed and not test.is_beside:
        return report
    if report.when == "teardown" and not test.own.has_run and not test.is_beside:
        setattr(report, RECORD, test.finish().to_json())
        return report
    return hold_back(report)


def hold_back(report: pytest.TestReport) -> pytest.TestReport:
    """Have a report of one sample, or of a part of it, count for nothing."""
    setattr(report, HELD_BACK, True)
    setattr(report, "when", "sample")  # noqa: B010 - typed as one of the phases, which it is not
    # What is left: `wasxfail`, without which --pdb would stop at a failure that was expected.
    output.pass_report(report)
    output.silence(report)
    report.duration = 0.0  # who adds durations up gets them from the reports of the whole test
    return report


class _NextItemProxy:
    """What runs after a sample: the same test once more, or the next one.

    pytest asks when it tears a sample down; only then is it known whether another one follows.
    """

    def __init__(self, item: pytest.Item, test: ItemRunner, nextitem: pytest.Item | None) -> None:
        self._test = test
        self._item = item
        self._next = nextitem
        self._stays = True
        """What was last decided: whatever the tear-down does then, it is held to."""

    def begin(self) -> bool:
        """Tell whether another sample is to run, and wait for its tear-down to ask."""
        stays, self._stays = self._stays, False
        return stays and not (self._item.session.shouldstop or self._item.session.shouldfail)

    def listchain(self) -> list[Any]:
        """Decide on what follows, and return what has to stay set up."""
        self._stays = self._test.goes_on()
        if self._stays:
            parent = self._item.parent
            return [] if parent is None else parent.listchain()
        if self._next is None or self._ends_the_run():
            return []
        return self._next.listchain()

    def _ends_the_run(self) -> bool:
        """Whether the outcome is the failure that --maxfail has been waiting for.

        pytest tears everything down then while a test can still be told the errors of that.
        """
        session = self._item.session
        most: int = session.config.getoption("maxfail") or 0
        return 0 < most <= session.testsfailed + 1 and decide_outcome(self._test.observe()).failed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._item if self._stays or self._next is None else self._next, name)


def _cancel_timeout(item: pytest.Item) -> None:
    """Have pytest-timeout watch over each sample, and not over all of them together as well.

    It sets its timer for the item and then one for each sample, and keeps hold of the last one
    only: a timer in a thread would end the process when the test has long been over.
    """
    cancel = getattr(item.ihook, "pytest_timeout_cancel_timer", None)
    if cancel is not None:
        cancel(item=item)


def _report(item: pytest.Item, test: ItemRunner) -> None:
    """Log set-up, call and tear-down of the test as a whole."""
    test.keep_sides()
    samples = test.own.samples
    calls = [sample.phases.reports.get("call") for sample in samples]
    skipped = next((each for each in calls if each is not None and _is_plain_skip(each)), None)
    observed = test.observe()
    conclusion = decide_outcome(observed)
    is_torn = any(
        report.failed for each in samples if (report := each.phases.reports.get("teardown"))
    )
    record = test.finish(
        unconfirmed=conclusion.unconfirmed,
        failed=skipped is None and (conclusion.failed or is_torn),
    )
    after = test.observe()
    if len(after.problems) > len(observed.problems):  # what could not be saved is known only now
        conclusion = decide_outcome(after)
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for when in ("setup", "call", "teardown"):
        reports = [each.phases.reports[when] for each in samples if when in each.phases.reports]
        if not reports:
            continue
        report = copy(reports[-1])
        report.duration = sum(each.duration for each in reports)
        if when == "call":
            name = test.own.state.node_id
            report = skipped or _outcome(report, reports, conclusion, test=name)
        elif when == "teardown":
            worst = next((each for each in reports if each.failed), report)
            output.copy_outcome(report, worst)
            setattr(report, RECORD, record.to_json())
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)


def _outcome(
    report: pytest.TestReport,
    reports: list[pytest.TestReport],
    conclusion: TestOutcome,
    *,
    test: str,
) -> pytest.TestReport:
    """Return the report of the body over all samples."""
    expected = all(hasattr(each, "wasxfail") for each in reports)
    if expected and not conclusion.failed:
        return report  # it failed as it should, each time
    if hasattr(report, "wasxfail"):
        del report.wasxfail
    if conclusion.failed:
        output.fail_report(report, conclusion.text, test=test)
    else:
        output.pass_report(report)
        if conclusion.text:
            output.add_section(report, conclusion.text)
    if conclusion.unconfirmed:
        setattr(report, UNCONFIRMED, True)
    return report


def _is_plain_skip(report: pytest.TestReport) -> bool:
    return report.skipped and not hasattr(report, "wasxfail")
