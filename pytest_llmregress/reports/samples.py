"""The samples of one test, for people: how many passed, and what that is worth."""

from pytest_llmregress.formatting.control_characters import escape_controls
from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.statistics.intervals import wilson
from pytest_llmregress.values.evidence import Tally
from pytest_llmregress.values.run_report import RunReport

MAX_NAMED = 3
"""Tests in quarantine that are named; the others are counted."""


def render_rate(test: str, tally: Tally, *, pass_rate: float | None) -> str:
    """Return "test: 8 of 10 samples passed, 95 % interval 49-94 %" and what was asked for."""
    name = escape_controls(test)
    if tally.n == 0:
        return f"{name}: no sample was run"
    low, high = wilson(tally.passed, tally.n)
    asked = "" if pass_rate is None else f"; pass_rate={pass_rate:g}"
    many = f"{tally.passed} of {tally.n} sample{'s' if tally.n > 1 else ''} passed"
    interval = f"95 % interval {100 * low:.0f}-{100 * high:.0f} %"
    return f"{name}: {many}, {interval}{asked}"


def render_quarantine(report: RunReport) -> tuple[str, ...]:
    """Return which compared tests are in a quarantine that somebody wrote down, and why.

    Those that the verdict on the suite counts already are left out.
    """
    told = () if report.verdict is None else report.verdict.quarantined
    held = [
        (test.test, test.evidence.quarantine)
        for test in report.tests
        if test.evidence is not None and test.evidence.quarantine and test.test not in told
    ]
    if not held:
        return ()
    named = [escape_controls(f"{name} ({reason})") for name, reason in held[:MAX_NAMED]]
    more = f" and {len(held) - MAX_NAMED} more" if len(held) > MAX_NAMED else ""
    return (f"quarantined: {count(len(held), 'test')}, not gating: {', '.join(named)}{more}",)
