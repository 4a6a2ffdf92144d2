"""Which tests fail a run, as every report counts them."""

from pytest_llmregress.values.run_report import AnswerSource, RunReport, TestRecord
from pytest_llmregress.values.settings import FailOn
from pytest_llmregress.verdicts.first_pass import failing_changes


def is_failed(test: TestRecord, fail_on: str) -> bool:
    """Tell whether a test fails: pytest was told so, or its evidence among all tests says so."""
    return test.failed or bool(test.faults) or drift_fails(test, fail_on)


def drift_fails(test: TestRecord, fail_on: str) -> bool:
    """Tell whether what was compared fails the test: by its evidence where there is enough."""
    if fail_on == FailOn.NEVER or test.evidence is None:
        return False
    if test.verdict is not None:
        return test.verdict.fails
    return bool(failing_changes(test.evidence))


def suite_fails(report: RunReport) -> bool:
    """Tell whether the tests together fail the run, while by its evidence no single one does."""
    verdict = report.verdict
    is_judged = verdict is not None and verdict.fails and not verdict.failing
    return is_judged and report.fail_on != FailOn.NEVER


def run_fails(report: RunReport) -> bool:
    """Tell whether a run fails by its tests, whatever else pytest has run."""
    return suite_fails(report) or any(is_failed(test, report.fail_on) for test in report.tests)


def is_skipped(test: TestRecord) -> bool:
    """Tell whether a test was skipped, so that it says nothing."""
    is_idle = test.mode is AnswerSource.IDLE and not test.calls and not test.problems
    return is_idle and not test.passed and not test.failed
