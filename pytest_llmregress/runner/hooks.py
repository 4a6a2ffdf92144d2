"""The hooks of pytest around each marked test."""

from collections.abc import Generator

import pytest

from pytest_llmregress.hookspecs import RECORD
from pytest_llmregress.pipeline.session_context import SessionContext
from pytest_llmregress.runner import output
from pytest_llmregress.runner.item_runner import TestRun
from pytest_llmregress.runner.sample_loop import run_samples, withhold_report
from pytest_llmregress.runner.stash_keys import SETTING_UP, TEST_RUN


class CassetteOpener:
    """Opens the cassette before the first fixture is set up, and after every other wrapper.

    Not a wrapper: an error raised in front of a wrapper's `yield` keeps other plugins from
    setting up what they tear down later.
    """

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Open it, or fail the set-up by what is wrong."""
        test = item.stash.get(TEST_RUN, None)
        if test is not None:
            test.current.open()


class PytestHooks:
    """The hooks around each test. Registered only where there is a marked test."""

    def __init__(self, run: SessionContext) -> None:
        self._run = run

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> object | None:
        """Run a marked test as often as it is to be sampled, and tell pytest one outcome."""
        if item.get_closest_marker("llm") is None or TEST_RUN in item.stash:
            return None  # nobody's, or one sample of a test that is under way
        test = TestRun.of_item(item, self._run)
        item.stash[TEST_RUN] = test
        return run_samples(item, test, nextitem) if test.is_sampled else None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """Begin a sample, and watch over its set-up."""
        if item.get_closest_marker("llm") is None:
            return (yield)
        if TEST_RUN not in item.stash:  # another plugin runs it again
            item.stash[TEST_RUN] = TestRun.of_item(item, self._run)
        test = item.stash[TEST_RUN]
        sample = test.begin()
        before = SETTING_UP.set(test)
        try:
            with sample.watched():
                return (yield)
        finally:
            SETTING_UP.reset(before)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Judge a sample as soon as its own body is over."""
        test = item.stash.get(TEST_RUN, None)
        if test is None:
            return (yield)
        with test.current.watched(), test.current.judged():
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """Close the cassette after the last fixture is torn down."""
        test = item.stash.get(TEST_RUN, None)
        if test is None:
            return (yield)
        try:
            with test.current.watched():
                return (yield)
        finally:
            test.current.close()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put what was found on the reports, as plain JSON: they reach the controller."""
        report = yield
        test = item.stash.get(TEST_RUN, None)
        if test is None:
            return report
        test.current.note(report)
        if test.is_trial:
            output.pass_report(report)  # nobody is to run it once more
            return report
        if test.is_sampled:
            return withhold_report(test, report)
        if call.when == "teardown":
            told = test.untold
            setattr(report, RECORD, test.finish().to_json())
            if report.passed and test.untold != told:  # what is found only now still has to fail
                output.fail_report(report, test.untold)
            del item.stash[TEST_RUN]
        elif call.when == "call" and not report.passed and test.untold:
            output.add_section(report, test.untold)
        return report
