"""The changes of several samples of one test, put together."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from pytest_llmregress.core.behavior import Change


def merge_changes(samples: Sequence[tuple[Change, ...]]) -> tuple[Change, ...]:
    """Return one change for each trait that any sample changed, the worst first.

    Of several changes of one trait the worst is told, and in how many samples it was seen.
    """
    if len(samples) == 1:
        return samples[0]
    seen = Counter(name for changes in samples for name in {change.trait for change in changes})
    worst: dict[str, Change] = {}
    for change in (change for changes in samples for change in changes):
        known = worst.get(change.trait)
        if known is None or change.severity.rank > known.severity.rank:
            worst[change.trait] = change
    merged = (_tell_how_often(change, seen[name], len(samples)) for name, change in worst.items())
    return tuple(sorted(merged, key=lambda change: -change.severity.rank))


def _tell_how_often(change: Change, times: int, of: int) -> Change:
    often = f"in {times} of {of}"
    return replace(change, detail=f"{often}; {change.detail}" if change.detail else often)
