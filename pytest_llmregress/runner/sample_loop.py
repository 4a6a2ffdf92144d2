"""Several independent runs of one test, with set-up and tear-down each, and one outcome of them.

Each sample goes through pytest's own protocol. Its reports are held back: what is logged of them
counts for nothing, and when the last sample is over, one set of reports tells the outcome.
"""

from copy import copy
from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmregress.hookspecs import HELD_BACK, RECORD, UNCONFIRMED
from pytest_llmregress.pipeline.judge import TestOutcome, decide_outcome
from pytest_llmregress.runner import output
from pytest_llmregress.runner.drivers.confirmation import plan_confirmation
from pytest_llmregress.runner.item_runner import TestRun
from pytest_llmregress.runner.stash_keys import TEST_RUN

if TYPE_CHECKING:
    from pytest_llmregress.runner.drivers.grid import GridDriver


def run_samples(item: pytest.Item, test: TestRun, nextitem: pytest.Item | None) -> bool:
    """Run all samples of a test, then report one outcome; return True, as the hook wants it.

    A sample whose set-up failed, or was skipped, ends it: those reports are logged as they are.
    """
    following = _NextItemProxy(item, _Runs(item, test), nextitem)
    as_item: Any = following
    _cancel_timeout(item)
    try:
        while following.begin():
            item.ihook.pytest_runtest_protocol(item=item, nextitem=as_item)
        following.runs.conclude()
        if test.has_run:
            _report(item, test)
    finally:
        del item.stash[TEST_RUN]
    return True


def withhold_report(test: TestRun, report: pytest.TestReport) -> pytest.TestReport:
    """Keep a report of one sample, and return what is logged in its place."""
    sample = test.current
    sample.reports[str(report.when)] = copy(report)
    if report.when == "setup" and not report.passed and not test.is_aside:
        return report
    if report.when == "teardown" and not test.has_run and not test.is_aside:
        setattr(report, RECORD, test.finish().to_json())
        return report
    setattr(report, HELD_BACK, True)
    setattr(report, "when", "sample")  # noqa: B010 - typed as one of the phases, which it is not
    # What is left: `wasxfail`, without which --pdb would stop at a failure that was expected.
    output.pass_report(report)
    output.silence(report)
    report.duration = 0.0  # who adds durations up gets them from the reports of the whole test
    return report


class _Runs:
    """What is run of an item: its samples, then those of the cells that its drift is crossed by."""

    def __init__(self, item: pytest.Item, test: TestRun) -> None:
        self.test = test
        self._item = item
        self._current = test
        self._cells: list[GridDriver] | None = None
        """None as long as the test's own samples are not over."""
        self._waiting: list[GridDriver] = []
        self._is_confirmed = False
        """Whether fresh samples were asked for, because the first ones looked different."""

    @property
    def goes_on(self) -> bool:
        """Whether anything more is to be run; asked once the last sample has been judged."""
        if self.test.has_run and (self._current.has_more or self._is_to_be_confirmed()):
            return True
        if self._cells is None and self.test.has_run:
            self._cells = self._plan_cells()
            self._waiting = list(self._cells)
        return bool(self._waiting)

    def take_turn(self) -> None:
        """Have the next sample be that of the next cell, once those before it are over."""
        if self._waiting and self._current.samples and not self._current.has_more:
            self._current = self._waiting.pop(0)
            self._item.stash[TEST_RUN] = self._current

    def conclude(self) -> None:
        """Give the item back to its test, with what the cells have shown."""
        self._item.stash[TEST_RUN] = self.test
        if self._cells:
            from pytest_llmregress.runner.drivers.grid import explain_grid  # noqa: PLC0415 - with statistics

            self.test.asides = tuple(self._cells)
            self.test.crossed = explain_grid(self.test, self._cells)

    def _is_to_be_confirmed(self) -> bool:
        """Whether fresh samples of the test follow, which its first ones ask for."""
        test = self.test
        is_over = self._current is not test or self._is_confirmed or not test.may_go_on
        if is_over or not test.state.confirm:
            return False
        plans = plan_confirmation(test.observe())
        test.add(plans)
        self._is_confirmed = bool(plans)
        return self._is_confirmed

    def _plan_cells(self) -> "list[GridDriver]":
        if self.test.state.variant is None or not self.test.state.has_noise:
            return []
        from pytest_llmregress.runner.drivers.grid import plan_grid  # noqa: PLC0415 - with statistics

        return plan_grid(self.test)


class _NextItemProxy:
    """What runs after a sample: the same test once more, or the next one.

    pytest asks when it tears a sample down; only then is it known whether another one follows.
    """

    def __init__(self, item: pytest.Item, runs: _Runs, nextitem: pytest.Item | None) -> None:
        self.runs = runs
        self._item = item
        self._next = nextitem
        self._stays = True
        """What was last decided: whatever the tear-down does then, it is held to."""

    def begin(self) -> bool:
        """Tell whether another sample is to run, and wait for its tear-down to ask."""
        stays, self._stays = self._stays, False
        if not stays or self._item.session.shouldstop or self._item.session.shouldfail:
            return False
        self.runs.take_turn()
        return True

    def listchain(self) -> list[Any]:
        """Decide on what follows, and return what has to stay set up."""
        self._stays = self.runs.goes_on
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
        return (
            0 < most <= session.testsfailed + 1 and decide_outcome(self.runs.test.observe()).failed
        )

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


def _report(item: pytest.Item, test: TestRun) -> None:
    """Log set-up, call and tear-down of the test as a whole."""
    calls = [sample.reports.get("call") for sample in test.samples]
    skipped = next((each for each in calls if each is not None and _is_plain_skip(each)), None)
    before = len(test.problems)
    conclusion = decide_outcome(test.observe())
    is_torn = any(
        report.failed for each in test.samples if (report := each.reports.get("teardown"))
    )
    record = test.finish(
        unconfirmed=conclusion.unconfirmed,
        failed=skipped is None and (conclusion.failed or is_torn),
    )
    if len(test.problems) > before:  # what could not be saved is known only now
        conclusion = decide_outcome(test.observe())
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
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
            output.copy_outcome(report, worst)
            setattr(report, RECORD, record.to_json())
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)


def _outcome(
    report: pytest.TestReport, reports: list[pytest.TestReport], conclusion: TestOutcome
) -> pytest.TestReport:
    """Return the report of the body over all samples."""
    expected = all(hasattr(each, "wasxfail") for each in reports)
    if expected and not conclusion.failed:
        return report  # it failed as it should, each time
    if hasattr(report, "wasxfail"):
        del report.wasxfail
    if conclusion.failed:
        output.fail_report(report, conclusion.text)
    else:
        output.pass_report(report)
        if conclusion.text:
            output.add_section(report, conclusion.text)
    if conclusion.unconfirmed:
        setattr(report, UNCONFIRMED, True)
    return report


def _is_plain_skip(report: pytest.TestReport) -> bool:
    return report.skipped and not hasattr(report, "wasxfail")
