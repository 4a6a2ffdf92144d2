"""The plots of a page, as numbers: where each mark lies, in percent of the width."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from pytest_llmregress.reports.html.model_text import shorten
from pytest_llmregress.statistics.intervals import wilson
from pytest_llmregress.values.evidence import Tally
from pytest_llmregress.values.run_report import RunReport, TestRecord
from pytest_llmregress.verdicts.suite_statistics import pool_counts

MAX_ROWS = 14
"""Rows of a plot; what is left out is counted."""
MAX_NAME = 300
"""Characters of a name of a test, a file or a model."""

_MARGIN = 2.5
"""Percent of the width at each end, so that no mark is cut in half."""
_WIDE = 30
"""Times the largest value is the smallest one, from which an axis is logarithmic."""
_STEPS = 3
"""Parts of a linear axis, about."""
_LEAST, _MOST = 1e-6, 1e15
"""Numbers outside of these are no tokens and no seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotMark:
    """A value of one side."""

    at: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotRow:
    """A test, a file, or all of them."""

    label: str
    before: PlotMark | None
    after: PlotMark | None
    before_text: str
    after_text: str
    total: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """One plot, which is a table, too."""

    title: str
    note: str
    of: str
    """What a row is: "test", "file" or "night"."""
    ticks: tuple[tuple[float, str], ...]
    rows: tuple[PlotRow, ...]
    after: str = "this run"
    """What is held against the baseline."""


def plots_of(report: RunReport) -> tuple[Plot, ...]:
    """Return the plots that a run has data for."""
    found = (
        _pass_rates(report),
        _numbers(
            report.tests,
            "usage.output_tokens",
            title="Output tokens",
            note="Mean of the samples of a test",
            say=format_number,
            tick="{:,g}".format,
        ),
        _numbers(
            report.tests,
            "latency",
            title="Latency",
            note="Seconds a run; depends on the day and the machine, and never fails a run",
            say=format_seconds,
            tick="{:,g} s".format,
        ),
    )
    return tuple(plot for plot in found if plot is not None)


def name_of(test: str) -> str:
    """Return a node id without its file, cut where it is too long to be read."""
    return shorten(test.partition("::")[2] or test, MAX_NAME)


def file_of(test: str) -> str:
    """Return the file of a node id, cut where it is too long to be read."""
    return shorten(test.partition("::")[0], MAX_NAME)


# --- pass rates -----------------------------------------------------------------------------


def _pass_rates(report: RunReport) -> Plot | None:
    sides = {test.test: pair for test in report.tests if (pair := tallies_of(test)) is not None}
    if not sides:
        return None
    of, named = "test", {name_of(test): pair for test, pair in sides.items()}
    pooled = ""
    if len(sides) > MAX_ROWS or len(named) < len(sides):
        of, named = "file", _by_file(sides)
        pooled = "; a row pools the samples of its tests as if they were independent"
    rows = [draw_rate(label, before, after) for label, (before, after) in named.items()]
    rows.sort(key=_loss)
    both = [pair for pair in sides.values() if all(side.n for side in pair)]
    total = _total(both or sides.values())
    shown = [draw_rate("All tests", *total, total=True), *rows] if len(sides) > 1 else rows
    return Plot(
        title="Pass rate",
        note=f"With 95 % Wilson intervals{pooled}{_untold(len(rows), of)}",
        of=of,
        ticks=share_ticks(),
        rows=tuple(shown[: MAX_ROWS + 1]),
    )


def tallies_of(test: TestRecord) -> tuple[Tally, Tally] | None:
    """Return how many samples of both sides ended well; None where there is nothing to count."""
    if test.evidence is not None:
        return test.evidence.baseline, test.evidence.candidate
    if test.samples > 1:
        return Tally(passed=0, n=0), Tally(passed=test.passes, n=test.samples)
    return None


def _by_file(sides: dict[str, tuple[Tally, Tally]]) -> dict[str, tuple[Tally, Tally]]:
    files: dict[str, list[tuple[Tally, Tally]]] = {}
    for test, pair in sides.items():
        files.setdefault(file_of(test), []).append(pair)
    return {file: _total(pairs) for file, pairs in files.items()}


def _total(pairs: Iterable[tuple[Tally, Tally]]) -> tuple[Tally, Tally]:
    before, after = zip(*pairs, strict=True)
    return pool_counts(before), pool_counts(after)


def share_ticks() -> tuple[tuple[float, str], ...]:
    """Return the ticks of an axis of shares."""
    return tuple((_percent(share / 2), f"{50 * share} %") for share in range(3))


def draw_rate(label: str, before: Tally, after: Tally, *, total: bool = False) -> PlotRow:
    """Return the row of two shares, each with its interval."""
    return PlotRow(
        label=label,
        before=_rate_mark(before),
        after=_rate_mark(after),
        before_text=_rate_text(before),
        after_text=_rate_text(after),
        total=total,
    )


def _rate_mark(tally: Tally) -> PlotMark | None:
    if not 0 <= tally.passed <= tally.n or not tally.n:
        return None
    low, high = wilson(tally.passed, tally.n)
    return PlotMark(at=_percent(tally.rate), low=_percent(low), high=_percent(high))


def _rate_text(tally: Tally) -> str:
    return f"{tally.passed:,}/{tally.n:,}" if tally.n else ""


def _loss(row: PlotRow) -> float:
    return 0.0 if row.before is None or row.after is None else row.after.at - row.before.at


# --- numbers --------------------------------------------------------------------------------


def _numbers(  # noqa: PLR0913 - what two plots differ in
    tests: Sequence[TestRecord],
    name: str,
    *,
    title: str,
    note: str,
    say: Callable[[float], str],
    tick: Callable[[float], str],
) -> Plot | None:
    found = [(test.test, pair) for test in tests if (pair := number_of(test, name)) is not None]
    if not any(before or after for _, (before, after) in found):
        return None
    floor = min((value for _, pair in found for value in pair if value > 0), default=1.0)
    found.sort(key=lambda each: -abs(math.log(_ratio(each[1], floor))))
    shown = found[:MAX_ROWS]
    scale, ticks, kind = _axis([value for _, pair in shown for value in pair], tick=tick)
    return Plot(
        title=title,
        note=f"{note}; the largest changes first{kind}{_untold(len(found), 'test')}",
        of="test",
        ticks=ticks,
        rows=tuple(
            PlotRow(
                label=name_of(test),
                before=PlotMark(at=scale(before)),
                after=PlotMark(at=scale(after)),
                before_text=say(before),
                after_text=say(after),
            )
            for test, (before, after) in shown
        ),
    )


def number_of(test: TestRecord, name: str) -> tuple[float, float] | None:
    """Return the mean of a number on both sides; None where one of them has none."""
    numbers = () if test.evidence is None else test.evidence.numbers
    for number in numbers:
        if number.name == name and number.baseline and number.candidate:
            return _usable(fmean(number.baseline), fmean(number.candidate))
    if test.before is None or test.after is None:
        return None
    before, after = test.before, test.after
    match name:
        case "usage.output_tokens":
            return _usable(before.output_tokens, after.output_tokens)
        case "latency" if before.latency is not None and after.latency is not None:
            return _usable(before.latency, after.latency)
    return None


def _usable(before: float, after: float) -> tuple[float, float] | None:
    if all(value == 0 or _LEAST <= value <= _MOST for value in (before, after)):
        return float(before), float(after)
    return None


def _ratio(pair: tuple[float, float], floor: float) -> float:
    before, after = pair
    return max(after, floor) / max(before, floor)


def _axis(
    values: Sequence[float], *, tick: Callable[[float], str]
) -> tuple[Callable[[float], float], tuple[tuple[float, str], ...], str]:
    """Return where a value lies, the ticks, and what to say of the axis."""
    positive = [value for value in values if value > 0]
    top, bottom = max(positive), min(positive)
    if top > bottom * _WIDE:
        first, last = math.floor(math.log10(bottom)), math.ceil(math.log10(top))
        stride = max(1, math.ceil((last - first) / _STEPS))

        def by_log(value: float) -> float:
            low = math.log10(max(value, 10.0**first))
            return _percent((low - first) / (last - first))

        powers = range(first, last + 1, stride)
        ticks = tuple((by_log(10.0**power), tick(10.0**power)) for power in powers)
        return by_log, ticks, "; logarithmic axis"
    step = _round_step(top / _STEPS)
    end = step * math.ceil(top / step)

    def by_value(value: float) -> float:
        return _percent(value / end)

    steps = range(round(end / step) + 1)
    return by_value, tuple((by_value(step * n), tick(step * n)) for n in steps), ""


def _round_step(rough: float) -> float:
    """Return 1, 2 or 5 times a power of ten, not below `rough`."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)


def _percent(share: float) -> float:
    return round(_MARGIN + (100 - 2 * _MARGIN) * min(max(share, 0.0), 1.0), 2)


def _untold(number: int, of: str) -> str:
    return f"; {MAX_ROWS} of {number:,} {of}s drawn" if number > MAX_ROWS else ""


def format_seconds(value: float) -> str:
    """Return seconds in words, as "12.3 s"."""
    return f"{value:,.1f} s" if value >= 0.1 or not value else f"{value:.2g} s"  # noqa: PLR2004 - two digits say enough


def format_number(value: float) -> str:
    """Return a mean count in words, as "1,234" or "2.5"."""
    return f"{value:,.0f}" if value >= 10 or value == round(value) else f"{value:,.1f}"  # noqa: PLR2004 - two digits say enough
