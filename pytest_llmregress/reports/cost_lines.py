"""The lines at the end of a run that are about money."""

from collections.abc import Sequence

from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.values.run_report import AnswerSource, TestRecord


def cost_lines(tests: Sequence[TestRecord]) -> tuple[str, ...]:
    """Return what the recordings of a run cost, and what one run costs beside the baseline's."""
    return (*_cost_of_recording(tests), *_cost_of_a_run(tests))


def _cost_of_a_run(tests: Sequence[TestRecord]) -> tuple[str, ...]:
    """Say what one run costs, over the tests whose prices are known on both sides."""
    sides = [(test.before, test.after) for test in tests if test.before and test.after]
    known = [
        (before.cost_usd, after.cost_usd)
        for before, after in sides
        if before.cost_usd is not None and after.cost_usd is not None
    ]
    before, after = (sum(costs) for costs in zip(*known, strict=True)) if known else (0.0, 0.0)
    if not before and not after:
        return ()
    times = f", {after / before:.2f}x" if before else ""
    rest = len(sides) - len(known)
    unknown = f"; that of {count(rest, 'test')} is unknown" if rest else ""
    return (
        (
            f"cost of one run: ${before:.4f} → ${after:.4f}{times}, "
            f"{count(len(known), 'test')}{unknown}"
        ),
    )


def _cost_of_recording(tests: Sequence[TestRecord]) -> tuple[str, ...]:
    recorded = [test for test in tests if test.mode in {AnswerSource.RECORDED, AnswerSource.MIXED}]
    known = [test.cost_usd for test in recorded if test.cost_usd is not None]
    if not known:
        return ()
    rest = len(recorded) - len(known)
    unknown = f", and that of {count(rest, 'test')} is unknown" if rest else ""
    return (f"cost: ${sum(known):.4f} for {count(len(known), 'test')}{unknown}",)
