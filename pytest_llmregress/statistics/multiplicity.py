"""Many tests at once: p-values adjusted so that a list of findings keeps its level."""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from pytest_llmregress.statistics.argument_checks import check_counts, check_share
from pytest_llmregress.statistics.exact_tests import (
    TIE,
    Alternative,
    ContingencyTable,
    fisher,
    list_attainable_p_values,
)


def holm(ps: Sequence[float]) -> tuple[float, ...]:
    """Return p-values adjusted for the chance of one false finding or more, in the order given.

    Source: Holm 1979. Raise ValueError unless each of `ps` is from 0 to 1.
    """
    _check(ps)
    adjusted = [1.0] * len(ps)
    largest = 0.0
    for rank, position in enumerate(_ascending(ps)):
        largest = max(largest, min(1.0, (len(ps) - rank) * ps[position]))
        adjusted[position] = largest
    return tuple(adjusted)


def discrete_holm(
    tables: Sequence[ContingencyTable], alternative: Alternative = Alternative.WORSE
) -> tuple[float, ...]:
    """Return p-values of `fisher`, adjusted as by Holm, in the order given; above 0, up to 1.

    Each test not yet rejected adds the largest p-value that it can attain at or below the one
    adjusted, and nothing where it can attain none: a test that always passes costs nothing.
    Source: the step-down union bound with the attainable levels of Tarone 1990; never above `holm`.
    Raise ValueError, with the position, on an impossible table.
    """
    families = _Families(tables, alternative)
    left = Counter(families.margins)
    adjusted: dict[float, float] = {}
    largest = 0.0
    for p, members in families.groups():
        largest = max(largest, min(1.0, families.expect(p, left)))
        for member in members:
            adjusted[families.ps[member]] = largest
            left[families.margins[member]] -= 1
    return tuple(adjusted[p] for p in families.ps)


def step_down(ps: Sequence[float], attainable: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Return p-values of any tests, adjusted as by `discrete_holm`, in the order given; up to 1.

    Parameters: `attainable`, of each test the p-values that it can have, ascending. Raise
    ValueError unless each of `ps` is from 0 to 1.
    """
    _check(ps)
    adjusted, left, largest = [1.0] * len(ps), set(range(len(ps))), 0.0
    for position in _ascending(ps):
        p = ps[position]
        costs = (_largest_attainable(attainable[each], p) for each in left)
        largest = max(largest, min(1.0, math.fsum(costs)))
        adjusted[position] = largest
        left.remove(position)
    return tuple(adjusted)


def _largest_attainable(levels: Sequence[float], p: float) -> float:
    """Return the largest p-value up to `p` that a test can have; 0 where it can have none."""
    reached = bisect_right(levels, p * (1 + TIE))
    return min(p, levels[reached - 1]) if reached else 0.0


def discrete_benjamini_hochberg(
    tables: Sequence[ContingencyTable], alternative: Alternative = Alternative.WORSE
) -> tuple[float, ...]:
    """Return p-values of `fisher`, adjusted as by Benjamini and Hochberg, in the order given.

    All tests add what they can attain, as in `discrete_holm`, and the sum is divided by the rank.
    Source: Heyse 2011. Raise ValueError, with the position, on an impossible table.
    """
    families = _Families(tables, alternative)
    everything = Counter(families.margins)
    adjusted: dict[float, float] = {}
    smallest = 1.0
    rank = len(tables)
    for p, members in reversed(list(families.groups())):
        smallest = min(smallest, families.expect(p, everything) / rank)
        rank -= len(members)
        for member in members:
            adjusted[families.ps[member]] = smallest
    return tuple(adjusted[p] for p in families.ps)


class _Families:
    """Tests by their margins: those with equal ones can attain the same p-values."""

    def __init__(self, tables: Sequence[ContingencyTable], alternative: Alternative) -> None:
        for position, (a, n1, b, n2) in enumerate(tables):
            at = f"tables[{position}]."
            check_counts(a, n1, b, n2, names=(f"{at}a", f"{at}n1", f"{at}b", f"{at}n2"))
        known = {table: fisher(*table, alternative) for table in set(tables)}
        self.ps = [known[table] for table in tables]
        self.margins = [(a + b, n1, n2) for a, n1, b, n2 in tables]
        self._attainable = {
            margins: list_attainable_p_values(*margins, alternative)
            for margins in set(self.margins)
        }

    def groups(self) -> Iterator[tuple[float, list[int]]]:
        """Yield each p-value, ascending, with the positions of the tests that have it."""
        for p, members in groupby(_ascending(self.ps), self.ps.__getitem__):
            yield p, list(members)

    def expect(self, p: float, tests: Mapping[tuple[int, int, int], int]) -> float:
        """Return the most false findings to expect of these tests where each p up to `p` counts."""
        terms = []
        # Equal p-values of different margins differ in their last digits, and count as equal.
        for margins, count in tests.items():
            if count:
                terms.append(count * _largest_attainable(self._attainable[margins], p))
        return math.fsum(terms)


def _check(ps: Sequence[float]) -> None:
    for position, p in enumerate(ps):
        check_share(p, name=f"ps[{position}]")


def _ascending(ps: Sequence[float]) -> list[int]:
    """Return the positions of p-values from the smallest to the largest, ties as given."""
    return sorted(range(len(ps)), key=ps.__getitem__)
