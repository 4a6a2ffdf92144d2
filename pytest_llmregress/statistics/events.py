"""Events: something bad in itself that a sample shows or does not, counted over a suite."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import NamedTuple

from pytest_llmregress.statistics.argument_checks import check_at_least, check_count
from pytest_llmregress.statistics.distributions import Distribution


class EventCount(NamedTuple):
    """How many samples of one test show an event, and what chance would do."""

    baseline: int
    """Samples of the baseline that show it."""
    candidate: int
    """Samples of the candidate that show it."""
    spread: Distribution
    """Of the candidate's number, where the labels of all samples are exchanged at random."""


def count_event(
    baseline: Sequence[str], candidate: Sequence[str], *, bad: AbstractSet[str]
) -> EventCount:
    """Count the samples whose value is bad whatever the baseline does.

    The distribution is the hypergeometric one: a suite's test is the stratified exact test. Raise
    ValueError where a side has no sample.
    """
    shown = [sum(value in bad for value in side) for side in (baseline, candidate)]
    spread = _spread_bad(len(baseline), len(candidate), sum(shown))
    return EventCount(shown[0], shown[1], spread)


def count_lost(
    baseline: Sequence[str], candidate: Sequence[str], *, as_good: Mapping[str, AbstractSet[str]]
) -> EventCount:
    """Count the samples that lost what most samples of the baseline show.

    The labels are exchanged before it is asked what most of the baseline shows, so that chance is
    charged for that choice, too. Where no value holds more than half of the baseline, nothing
    is lost. Raise ValueError where a side has no sample.

    :param as_good: the values of which a loss counts, each with those that are as good.
    """
    sides = Counter(baseline), Counter(candidate)
    n1, n2 = len(baseline), len(candidate)
    kept = next((v for v, k in sides[0].items() if 2 * k > n1 and v in as_good), None)
    fine = set() if kept is None else {kept, *as_good[kept]}
    lost = [
        0 if kept is None else sum(v not in fine for v in side) for side in (baseline, candidate)
    ]
    both = sides[0] + sides[1]
    groups = sorted(
        (both[value], sum(both[other] for other in as_good[value] if other != value))
        for value in both
        if value in as_good
    )
    return EventCount(lost[0], lost[1], _spread_lost(n1, n2, tuple(groups)))


@lru_cache(maxsize=4096)
def _spread_bad(n1: int, n2: int, bad: int) -> Distribution:
    check_at_least(n1, 1, name="len(baseline)")
    check_at_least(n2, 1, name="len(candidate)")
    check_count(bad, n1 + n2, names=("bad", "n1+n2"))
    lowest, highest = max(0, bad - n1), min(bad, n2)
    good, total = n1 + n2 - bad, math.comb(n1 + n2, n2)
    ways = (math.comb(bad, k) * math.comb(good, n2 - k) for k in range(lowest, highest + 1))
    return Distribution(lowest, tuple(each / total for each in ways))


@lru_cache(maxsize=4096)
def _spread_lost(n1: int, n2: int, groups: tuple[tuple[int, int], ...]) -> Distribution:
    """Return the distribution of the candidate's losses.

    :param groups: of each value whose loss counts, how many samples of both sides have it, and how
        many another value that is as good.
    """
    check_at_least(n1, 1, name="len(baseline)")
    check_at_least(n2, 1, name="len(candidate)")
    ways, total = [0] * (n2 + 1), math.comb(n1 + n2, n1)
    for same, fine in groups:
        rest = n1 + n2 - same - fine
        for kept in range(n1 // 2 + 1, min(same, n1) + 1):
            for alike in range(min(fine, n1 - kept) + 1):
                others = n1 - kept - alike
                if others <= rest:
                    ways[rest - others] += (
                        math.comb(same, kept) * math.comb(fine, alike) * math.comb(rest, others)
                    )
    ways[0] += total - sum(ways)
    most = max(k for k, each in enumerate(ways) if each)
    return Distribution(0, tuple(each / total for each in ways[: most + 1]))
