"""Events: something bad in itself that a reply shows or does not, counted over a suite."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from pytest_llmregress.statistics.argument_checks import check_at_least
from pytest_llmregress.statistics.distributions import Distribution

Replies = tuple[str | None, ...]
"""The class of each reply of a sample; None for a reply that says nothing, or is missing."""
TRIES = 10
"""How often a baseline is recorded again at most where it may have been selected."""
Group = tuple[int, int]
"""How many replies of a sample show an event, and how many samples show that many."""


class EventCount(NamedTuple):
    """How many replies of one test show an event, and what chance would do."""

    baseline: int
    """Replies of the baseline that show it."""
    candidate: int
    """Replies of the candidate that show it."""
    spread: Distribution
    """Of the candidate's number, where the labels of all samples are exchanged at random."""


def count_event(baseline: Sequence[int], candidate: Sequence[int]) -> EventCount:
    """Count the replies whose value is bad whatever the baseline does.

    Labels are exchanged by whole samples: the replies of one sample may depend on each other.
    With one reply a sample the distribution is the hypergeometric one, and a suite's test the
    stratified exact test. Raise ValueError where a side has no sample.

    Parameters: of each sample how many of its replies are bad.
    """
    groups = tuple(sorted(Counter((*baseline, *candidate)).items()))
    spread = _spread_bad(len(baseline), len(candidate), groups)
    return EventCount(sum(baseline), sum(candidate), spread)


def count_lost(
    baseline: Sequence[Replies],
    candidate: Sequence[Replies],
    *,
    count_losses: Callable[[Replies, Replies], int],
) -> EventCount:
    """Count the replies that lost what most samples of the baseline show.

    The labels are exchanged before it is asked what most of the baseline shows, so that chance is
    charged for that choice, too. Where no value holds more than half of the baseline, nothing
    is lost. Raise ValueError where a side has no sample.

    :param count_losses: says how many replies of the second value lost what the first has.
    """
    before, n1, n2 = Counter(baseline), len(baseline), len(candidate)
    kept = [value for value, number in before.items() if 2 * number > n1]
    lost = [
        sum(count_losses(v, each) for v in kept for each in side) for side in (baseline, candidate)
    ]
    both = before + Counter(candidate)
    groups: list[tuple[int, tuple[Group, ...]]] = []
    for value in both:
        others: Counter[int] = Counter()
        for other, number in both.items():
            if other != value:
                others[count_losses(value, other)] += number
        if any(others):  # else no loss of it counts
            groups.append((both[value], tuple(sorted(others.items()))))
    return EventCount(lost[0], lost[1], _spread_lost(n1, n2, tuple(sorted(groups))))


def assume_selected(count: EventCount, baseline: int, candidate: int) -> EventCount:
    """Return a count with what chance would do had its baseline been selected.

    A baseline that shows the event is as it came. Parameters: the replies of either side, 1 or
    more of the baseline.
    """
    spread = count.spread if count.baseline else spread_of_selected(baseline, candidate)
    return count._replace(spread=spread)


@lru_cache(maxsize=4096)
def spread_of_selected(baseline: int, candidate: int) -> Distribution:
    """Return how many replies of a candidate show what no reply of a selected baseline shows.

    Who records a baseline again until no reply of it shows an event hides how often it comes. If
    ten times are enough for that, a reply shows the event in at most 1 - 10 ** (-1 / baseline) of
    all cases, and the candidate's number is binomial. Raise ValueError unless `baseline` is 1 or
    more.
    """
    check_at_least(baseline, 1, name="baseline")
    free = TRIES ** (-1 / baseline)
    return Distribution(
        0,
        tuple(
            math.comb(candidate, shown) * (1 - free) ** shown * free ** (candidate - shown)
            for shown in range(candidate + 1)
        ),
    )


@lru_cache(maxsize=4096)
def _spread_bad(n1: int, n2: int, groups: tuple[Group, ...]) -> Distribution:
    check_at_least(n1, 1, name="len(baseline)")
    check_at_least(n2, 1, name="len(candidate)")
    ways, total = _ways_to_take(groups)[n2], math.comb(n1 + n2, n2)
    lowest, highest = min(ways), max(ways)
    return Distribution(
        lowest, tuple(ways.get(shown, 0) / total for shown in range(lowest, highest + 1))
    )


@lru_cache(maxsize=4096)
def _spread_lost(
    n1: int, n2: int, groups: tuple[tuple[int, tuple[Group, ...]], ...]
) -> Distribution:
    """Return the distribution of the candidate's losses.

    :param groups: of each value whose loss counts, how many samples of both sides have it, and
        the others by their losses.
    """
    check_at_least(n1, 1, name="len(baseline)")
    check_at_least(n2, 1, name="len(candidate)")
    ways, total = Counter[int](), math.comb(n1 + n2, n1)
    for same, others in groups:
        every = sum(losses * number for losses, number in others)
        taken = _ways_to_take(others)
        for kept in range(n1 // 2 + 1, min(same, n1) + 1):
            for losses, number in taken.get(n1 - kept, {}).items():
                ways[every - losses] += math.comb(same, kept) * number
    ways[0] += total - sum(ways.values())
    most = max(losses for losses, number in ways.items() if number)
    return Distribution(0, tuple(ways[losses] / total for losses in range(most + 1)))


def _ways_to_take(groups: Iterable[Group]) -> dict[int, dict[int, int]]:
    """Return in how many ways so many samples (first key) show an event so often (second)."""
    ways: dict[int, dict[int, int]] = {0: {0: 1}}
    for shown, number in groups:
        more: dict[int, dict[int, int]] = {}
        for taken, sums in ways.items():
            for k in range(number + 1):
                known = more.setdefault(taken + k, {})
                for total, count in sums.items():
                    at = total + k * shown
                    known[at] = known.get(at, 0) + count * math.comb(number, k)
        ways = more
    return ways
