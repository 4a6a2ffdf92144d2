"""Merges the changes of several samples of one test."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from pytest_llmregress.values.behavior import Change, Severity
from pytest_llmregress.values.evidence import ChangeEvidence


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
    merged = (_add_frequency(change, seen[name], len(samples)) for name, change in worst.items())
    return tuple(sorted(merged, key=lambda change: -change.severity.rank))


def count_changes(
    first: Sequence[tuple[Change, ...]], fresh: Sequence[tuple[Change, ...]]
) -> tuple[ChangeEvidence, ...]:
    """Return what changed in any sample, with how bad it is in each, the first samples apart.

    Noise that nobody raised is left out. Of a value that changes in parts, what most of the
    deciding samples have in common counts, which are the fresh ones where there are any: another
    fact lost in each sample is no change that all of them show.
    """
    samples = (*first, *fresh)
    names = dict.fromkeys(change.trait for changes in samples for change in changes)
    counted = []
    for name in names:
        found = [_find(name, changes) for changes in samples]
        common = _common_part(found[len(first) :] or found)
        seen = [_severity_of(change, common) for change in found]
        if any(seen):
            screen, rest = tuple(seen[: len(first)]), tuple(seen[len(first) :])
            counted.append(ChangeEvidence(name=name, screen=screen, fresh=rest))
    return tuple(counted)


def rate_changes(name: str, samples: Sequence[tuple[Change, ...]]) -> tuple[Severity | None, ...]:
    """Return how bad a trait's change is in each sample, whichever part of its value changed."""
    found = [_find(name, changes) for changes in samples]
    return tuple(None if change is None else change.severity for change in found)


def _find(name: str, changes: tuple[Change, ...]) -> Change | None:
    """Return the change of that name; none where it is noise that nobody raised."""
    change = next((change for change in changes if change.trait == name), None)
    is_noise = change is not None and change.noisy and change.severity is Severity.COSMETIC
    return None if is_noise else change


def _common_part(found: Sequence[Change | None]) -> str | None:
    """Return the part that most samples have, of several the one that is worst in them."""
    ranks: dict[str, list[int]] = {}
    for change in filter(None, found):
        for part in change.parts:
            ranks.setdefault(part, []).append(change.severity.rank)
    return max(ranks, key=lambda part: (len(ranks[part]), sum(ranks[part])), default=None)


def _severity_of(change: Change | None, common: str | None) -> Severity | None:
    if change is None:
        return None
    is_shown = common is None or not change.parts or common in change.parts
    return change.severity if is_shown else None


def _add_frequency(change: Change, times: int, of: int) -> Change:
    often = f"in {times} of {of}"
    return replace(change, detail=f"{often}; {change.detail}" if change.detail else often)
