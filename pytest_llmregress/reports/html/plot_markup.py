"""Draws plots: tables with a picture in each row; those of the nights of a canary as well."""

from collections.abc import Callable

from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.reports.html.markup import NOTHING, Markup, MarkupTemplate, join
from pytest_llmregress.reports.html.model_text import shorten
from pytest_llmregress.reports.html.plots import (
    MAX_NAME,
    Plot,
    PlotMark,
    PlotRow,
    draw_rate,
    share_ticks,
)
from pytest_llmregress.reports.verdict import say_nights
from pytest_llmregress.values.evidence import Tally
from pytest_llmregress.values.history import HistoryVerdict, NightTally

_MAX_EVENTS = 3
"""Events that have a plot of their own, those that rose most; the others are counted."""
_RED = "; red"
_KEPT_END = 9
"""Characters at the end of a label that are never cut off: names of tests differ there."""
_MIDDLE, _ABOVE, _BELOW = "13", "8", "18"
"""Pixels from the top of a row to its marks."""

_PLOT = MarkupTemplate("""
    <section class="panel plot">
    <h2>{}</h2>
    <p class="key"><span class="muted">{}.</span> <span class="legend">
    <i class="dot before"></i> baseline <i class="dot after"></i> {}</span></p>
    <table>
    <caption class="hidden">{}, baseline and {}</caption>
    <thead><tr><th scope="col"><span class="hidden">{}</span></th>
    <th aria-hidden="true">
    <svg class="axis" width="100%" height="18" focusable="false">{}</svg></th>
    <th scope="col" class="number"><span class="hidden">baseline → {}</span></th></tr></thead>
    <tbody>{}</tbody>
    </table>
    </section>
""")
_TICK = MarkupTemplate('<text x="{}%" y="13" text-anchor="{}">{}</text>')
_ROW = MarkupTemplate("""
    <tr{}><th scope="row"><span title="{}"><b>{}</b><i>{}</i></span></th>
    <td aria-hidden="true"><svg width="100%" height="26" focusable="false">{}{}{}{}</svg></td>
    <td class="number">{}{}</td></tr>
""")
_TOTAL = MarkupTemplate(' class="total"')()
_RULE = MarkupTemplate('<line class="rule" x1="{}%" x2="{}%" y1="0" y2="26"/>')
_LINK = MarkupTemplate('<line class="link" x1="{}%" x2="{}%" y1="13" y2="13"/>')
_SPAN = MarkupTemplate('<line class="{} span" x1="{}%" x2="{}%" y1="{}" y2="{}"/>')
_CIRCLE = MarkupTemplate('{}<circle class="{}" cx="{}%" cy="{}" r="4.5"/>')
_WAS = MarkupTemplate('<span class="was">{}</span> → ')


def draw_plot(plot: Plot) -> Markup:
    """Return a plot as a table that can be read without its pictures, too."""
    last = len(plot.ticks) - 1
    ticks = _TICK.each(
        (str(at), "start" if n == 0 else "end" if n == last else "middle", label)
        for n, (at, label) in enumerate(plot.ticks)
    )
    rules = _RULE.each((str(at), str(at)) for at, _ in plot.ticks)
    rows = join([_row(row, rules) for row in plot.rows])
    after = plot.after
    return _PLOT(plot.title, plot.note, after, plot.title, after, plot.of, ticks, after, rows)


def _row(row: PlotRow, rules: Markup) -> Markup:
    before, after = row.before, row.after
    linked = before is not None and after is not None and before.low is None
    return _ROW(
        _TOTAL if row.total else NOTHING,
        row.label,
        *_split(row.label),
        rules,
        _LINK(str(before.at), str(after.at)) if before and after and linked else NOTHING,
        NOTHING if before is None else _mark(before, "before", _ABOVE),
        NOTHING if after is None else _mark(after, "after", _BELOW),
        _WAS(row.before_text) if row.before_text else NOTHING,
        row.after_text,
    )


def _split(label: str) -> tuple[str, str]:
    """Return the part of a label that gives way where it is narrow, and the end, which stays."""
    at = len(label) - _KEPT_END if len(label) > 2 * _KEPT_END else len(label)
    return label[:at], label[at:]


def _mark(mark: PlotMark, side: str, y: str) -> Markup:
    """Return a mark; one with an interval makes room for that of the other side."""
    if mark.low is None or mark.high is None:
        return _CIRCLE(NOTHING, side, str(mark.at), _MIDDLE)
    return _CIRCLE(_SPAN(side, str(mark.low), str(mark.high), y, y), side, str(mark.at), y)


def plots_of_nights(history: HistoryVerdict | None) -> tuple[Plot, ...]:
    """Return the plots of the nights that a run knows of; none without a history."""
    if history is None or not history.by_night:
        return ()
    events = sorted(range(1, len(history.baseline)), key=lambda place: -_rise(history, place))
    more = len(events) - _MAX_EVENTS
    untold = f"; {_MAX_EVENTS} of {count(len(events), 'event')} drawn" if more > 0 else ""
    return (
        _draw(history, 0, title="Pass rate by night", side=lambda free: free, untold=""),
        *(
            _draw(
                history,
                place,
                title=f"Samples by night: {shorten(history.baseline[place].name, MAX_NAME)}",
                side=lambda free: Tally(passed=free.failed, n=free.n),
                untold=untold,
            )
            for place in events[:_MAX_EVENTS]
        ),
    )


def _rise(history: HistoryVerdict, place: int) -> float:
    """Return by how much an event is more frequent in the last night than in the baseline."""
    last = history.by_night[-1].events[place].free
    return history.baseline[place].free.rate - last.rate


def _draw(
    history: HistoryVerdict,
    place: int,
    *,
    title: str,
    side: Callable[[Tally], Tally],
    untold: str,
) -> Plot:
    before = side(history.baseline[place].free)
    return Plot(
        title=title,
        note=f"With 95 % Wilson intervals, that of the baseline in each row{untold}",
        of="night",
        after="that night",
        ticks=share_ticks(),
        rows=tuple(
            _draw_row(night, before, side(night.events[place].free)) for night in history.by_night
        ),
    )


def _draw_row(night: NightTally, before: Tally, after: Tally) -> PlotRow:
    red = "" if not night.failing else _RED if night.nights == 1 else f"{_RED} {night.failing}"
    return draw_rate(shorten(say_nights(night), MAX_NAME) + red, before, after)
