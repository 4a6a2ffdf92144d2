"""The plots of a canary: the pass rate and each event, a row a night, beside the baseline."""

from collections.abc import Callable

from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.reports.html.model_text import shorten
from pytest_llmregress.reports.html.plots import MAX_NAME, Plot, PlotRow, draw_rate, share_ticks
from pytest_llmregress.reports.nights import say_nights
from pytest_llmregress.values.evidence import Tally
from pytest_llmregress.values.history import HistoryVerdict, NightTally

MAX_EVENTS = 3
"""Events that have a plot of their own, those that rose most; the others are counted."""
_RED = "; red"


def plots_of_nights(history: HistoryVerdict | None) -> tuple[Plot, ...]:
    """Return the plots of the nights that a run knows of; none without a history."""
    if history is None or not history.by_night:
        return ()
    events = sorted(range(1, len(history.baseline)), key=lambda place: -_rise(history, place))
    more = len(events) - MAX_EVENTS
    untold = f"; {MAX_EVENTS} of {count(len(events), 'event')} drawn" if more > 0 else ""
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
            for place in events[:MAX_EVENTS]
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
