"""The samples of one test, for people: how many passed, and what that is worth."""

from pytest_llmregress.core.evidence import Tally
from pytest_llmregress.core.statistics.intervals import wilson
from pytest_llmregress.reporting.layout import visible


def render_rate(test: str, tally: Tally, *, pass_rate: float | None) -> str:
    """Return "test: 8 of 10 samples passed, 95 % interval 49-94 %" and what was asked for."""
    name = visible(test)
    if tally.n == 0:
        return f"{name}: no sample was run"
    low, high = wilson(tally.passed, tally.n)
    asked = "" if pass_rate is None else f"; pass_rate={pass_rate:g}"
    many = f"{tally.passed} of {tally.n} sample{'s' if tally.n > 1 else ''} passed"
    interval = f"95 % interval {100 * low:.0f}-{100 * high:.0f} %"
    return f"{name}: {many}, {interval}{asked}"
