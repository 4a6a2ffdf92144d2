"""Draws a plot: a table with a picture in each row."""

from pytest_llmregress.reports.html.markup import NOTHING, Markup, MarkupTemplate, join
from pytest_llmregress.reports.html.plots import Plot, PlotMark, PlotRow

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
    <tr{}><th scope="row"><span title="{}">{}</span></th>
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
        row.label,
        rules,
        _LINK(str(before.at), str(after.at)) if before and after and linked else NOTHING,
        NOTHING if before is None else _mark(before, "before", _ABOVE),
        NOTHING if after is None else _mark(after, "after", _BELOW),
        _WAS(row.before_text) if row.before_text else NOTHING,
        row.after_text,
    )


def _mark(mark: PlotMark, side: str, y: str) -> Markup:
    """Return a mark; one with an interval makes room for that of the other side."""
    if mark.low is None or mark.high is None:
        return _CIRCLE(NOTHING, side, str(mark.at), _MIDDLE)
    return _CIRCLE(_SPAN(side, str(mark.low), str(mark.high), y, y), side, str(mark.at), y)
