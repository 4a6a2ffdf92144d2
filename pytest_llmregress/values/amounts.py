"""Sums of amounts of which some may be unknown: costs in USD, seconds."""

from collections.abc import Iterable


def sum_known(amounts: Iterable[float | None]) -> float | None:
    """Return the sum of amounts; None where one of them is unknown, or where there is none."""
    every = tuple(amounts)
    known = [amount for amount in every if amount is not None]
    return sum(known) if known and len(known) == len(every) else None
