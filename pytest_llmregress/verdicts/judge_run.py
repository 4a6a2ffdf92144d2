"""From the records of a run's tests to the one verdict that its reports and exit status share."""

from collections.abc import Sequence
from dataclasses import replace

from pytest_llmregress.values.history import History
from pytest_llmregress.values.run_report import TestRecord
from pytest_llmregress.values.suite_verdict import SuiteVerdict
from pytest_llmregress.values.verdict import GatePolicy, TestVerdict
from pytest_llmregress.verdicts.judge_suite import judge_suite


def judge_run(
    tests: Sequence[TestRecord],
    *,
    gate: GatePolicy,
    history: History | None = None,
    unconfirmed: str = "",
) -> tuple[tuple[TestRecord, ...], SuiteVerdict | None]:
    """Return the tests, each with its verdict among all, and the verdict on all of them.

    The latter is None where nothing was compared.

    :param history: the nights of a canary; None for a run that is judged by itself.
    :param unconfirmed: why an alarm of the suite has no fresh samples of both models.
    """
    evidences = [test.evidence for test in tests if test.evidence is not None]
    if not evidences:
        return tuple(tests), None
    failed = {test.test: test.ground for test in tests if test.failed}
    suite = judge_suite(
        evidences, gate=gate, failed=failed, history=history, unconfirmed=unconfirmed
    )
    verdicts = {each.test: each for each in suite.tests}
    return tuple(_judged(test, verdicts.get(test.test)) for test in tests), suite


def _judged(test: TestRecord, verdict: TestVerdict | None) -> TestRecord:
    """Return a test with its verdict among all; what fails the run by it is borne out.

    Only all tests together tell a test that regressed from one of many that fail now and then.
    """
    if test.verdict is None or verdict is None:
        return test
    is_late = test.unconfirmed and verdict.fails
    return replace(
        test,
        verdict=verdict,
        unconfirmed=test.unconfirmed and not is_late,
        failed=test.failed or is_late,
    )
