"""What a night of a canary is judged by, and what the nights before it have spent, in sentences."""

from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.values.history import HistoryVerdict
from pytest_llmregress.verdicts.control_gate import NIGHTS

_NO_NIGHT = "canary: nothing was recorded, so that no night is added"


def say_history(history: HistoryVerdict | None) -> list[str]:
    """Return how many nights there are, what the suite is judged by, and what is left of alpha."""
    if history is None:
        return []
    lines = [] if history.is_recorded else [_NO_NIGHT]
    if not history.nights:
        return lines
    nights = f"{count(history.nights, 'night')} since {history.since[:10]}"
    if history.pooled == 1:
        by = "the suite is judged by one night"
    else:
        by = f"the suite is judged by the last {history.pooled} nights together"
    if history.left:
        left = f"{history.spent:.2g} of it spent, {history.left:.3g} left"
    else:
        left = (
            "all of it spent: record the baseline again, so that a red night still means something"
        )
    share = f"alpha, one part in {NIGHTS} a night, half of that for the suite"
    return [*lines, f"canary: {nights}; {by}; {share}: {left}"]
