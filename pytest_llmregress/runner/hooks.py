"""The hooks of pytest around each marked test."""

from collections.abc import Generator, Mapping
from typing import Any

import pytest

from pytest_llmregress.hookspecs import RECORD
from pytest_llmregress.pipeline.drift import format_drift
from pytest_llmregress.pipeline.session_context import SessionContext
from pytest_llmregress.reports.redacted_answers import render_redacted, render_unkept
from pytest_llmregress.runner import output
from pytest_llmregress.runner.fixtures import explain_comparison
from pytest_llmregress.runner.item_runner import ItemRunner
from pytest_llmregress.runner.open_sample import DRY_SECTIONS, INTERRUPTS, SETTING_UP, TEST_RUN
from pytest_llmregress.runner.sample_loop import hold_back, run_samples, withhold_report


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

    @pytest.fixture
    def _llmregress_config(self, llm_config: Mapping[str, Any]) -> None:
        """Hand a marked test's `llm_config` over before its own fixtures are set up.

        Without `request`: pytest makes a fixture of it for each test, at the cost of matching a
        call.
        """
        SETTING_UP.get().configure(llm_config)

    def pytest_assertrepr_compare(self, left: object, right: object) -> list[str] | None:
        """Say what an assert with `llm_snapshot` found."""
        return explain_comparison(left, right)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> object | None:
        """Run a marked test as often as it is to be sampled, and tell pytest one outcome."""
        if item.get_closest_marker("llm") is None or TEST_RUN in item.stash:
            return None  # nobody's, or one sample of a test that is under way
        test = ItemRunner.of_item(item, self._run)
        item.stash[TEST_RUN] = test
        return run_samples(item, test, nextitem) if test.is_sampled else None

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Answer no child any more."""
        self._run.gateway.close()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """Begin a sample, and watch over its set-up."""
        if item.get_closest_marker("llm") is None:
            return (yield)
        if TEST_RUN not in item.stash:  # another plugin runs it again
            item.stash[TEST_RUN] = ItemRunner.of_item(item, self._run)
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
        sample = test.current
        with sample.watched():
            try:
                with sample.in_body():
                    result = yield
            except INTERRUPTS:
                raise
            except BaseException as error:
                sample.judge(error)
                raise
            sample.judge(None)
            return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """Close the cassette after the last fixture is torn down."""
        test = item.stash.get(TEST_RUN, None)
        if test is None:
            return (yield)
        try:
            with test.current.watched():
                torn_down = yield
                test.current.note_torn_down()
                return torn_down
        finally:
            test.current.close()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put what was found on the reports, as plain JSON: they reach the controller."""
        report = yield
        test = item.stash.get(TEST_RUN, None)
        if test is None:
            return report
        if not isinstance(test, ItemRunner):  # it is tried: nobody is to run it once more
            test.note(report)
            output.pass_report(report)
            item.stash[DRY_SECTIONS] = list(report.sections)
            return report
        output.drop_sections(report, item.stash.get(DRY_SECTIONS, []))
        output.redact_report(report, test.own.state.config.redactor.text)
        output.name_reason(report, test=test.own.state.node_id)
        if test.current.phases.is_in_body:
            test.current.note_subtest(report)
            return hold_back(report) if test.is_sampled else report
        test.note(report)
        if test.is_sampled:
            return withhold_report(test, report)
        told = _find_untold(test)
        if report.when == "teardown":
            setattr(report, RECORD, test.finish().to_json())
            untold = _find_untold(test)
            if report.passed and untold != told:  # what is found only now still has to fail
                output.fail_report(report, untold, test=test.own.state.node_id)
            del item.stash[TEST_RUN]
        elif report.when == "call" and not report.passed:
            parts = (told, _find_taken_out(test, report.longreprtext))
            told = "\n\n".join(part for part in parts if part)
            if told:
                output.add_section(report, told)
        return report


def _find_taken_out(test: ItemRunner, said: str) -> str:
    """Return what is not in the answers that a failing body may have read."""
    sample = test.current
    if sample.traffic is None or sample.failed_by_us or sample.misses:
        return ""
    attempts = sample.traffic.tape.attempts
    recorded = [each.interaction for each in attempts if each.interaction is not None]
    found = (render_redacted(recorded), render_unkept(said, recorded))
    return "\n\n".join(part for part in found if part)


def _find_untold(test: ItemRunner) -> str:
    """Return what a report of a test still has to say, empty where its failure says it all."""
    if test.current.failed_by_us or test.current.misses:
        return ""
    parts = [problem.message for problem in dict.fromkeys(test.own.problems)]
    if test.current.judged.is_compared:
        parts.append(format_drift(test.observe()))
    return "\n\n".join(part for part in parts if part)
