"""Tests that shuffle labels: signs of differences, and categories over a suite."""

import math
import random
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import repeat
from operator import getitem

from pytest_llmregress.statistics.argument_checks import check_at_least, check_numbers
from pytest_llmregress.statistics.distributions import MINUTE, Distribution, sum_of

MOST_SIGNS = 16
"""Differences up to which all signs are tried."""
DRAWS = 4_999
"""Random draws where all cannot be tried."""
SUITE_DRAWS = 9_999
"""Random draws of the labels of a suite."""
_NOISE = 1e-12
"""Sums that differ by less than this share of all that is summed are equal but for rounding, and
so are values that differ by less than this."""
_BLOCK = 4
"""Differences whose signs one random byte decides on."""
_TO_BITS = bytes(byte % 2**_BLOCK for byte in range(256))


def sign_flip(differences: Sequence[float], *, seed: int | str) -> float:
    """Return the two-sided p-value of a mean difference of 0, by flipping signs; above 0, up to 1.

    A difference is one per test, candidate minus baseline; one below 1e-12 is 0, since means of
    equal values differ by rounding. Source: Fisher 1935; all signs up to
    16 differences, which `seed` has no part in, else 4,999 draws and (hits + 1) / (draws + 1).
    Raise ValueError unless there is a finite difference or more.
    """
    check_numbers(differences, name="differences")
    differences = [number if abs(number) > _NOISE else 0.0 for number in differences]
    noise = _NOISE * math.fsum(map(abs, differences))
    observed = math.fsum(differences)
    count = len(differences)
    if count <= MOST_SIGNS:
        sums = [0.0]
        for difference in differences:
            sums = [total + side for side in (difference, -difference) for total in sums]
        return _count_extreme(sums, observed, noise) / len(sums)
    source = random.Random(seed)  # noqa: S311 -- a repeatable draw, not a secret
    tables = [_sum_subsets(differences[at : at + _BLOCK]) for at in range(0, count, _BLOCK)]
    sums = [
        2 * sum(map(getitem, tables, source.randbytes(len(tables)).translate(_TO_BITS))) - observed
        for _ in repeat(None, DRAWS)
    ]
    return (_count_extreme(sums, observed, noise) + 1) / (DRAWS + 1)


def suite_mismatch(
    pairs: Sequence[tuple[Sequence[str], Sequence[str]]], *, seed: int | str
) -> float:
    """Return the p-value of a suite whose categories are the same on both sides; above 0, up to 1.

    The statistic is the sum over tests of the share of pairs, one sample of each side, that
    differ; its null distribution is that of labels exchanged within each test. With one sample
    per side it is always 1. Source: a stratified permutation test after Gao, Liang and Guestrin
    2025; 9,999 draws and (hits + 1) / (draws + 1). The tests that have the same numbers of
    samples are drawn as one, from the exact distribution of their sum. No test gives 1. Raise
    ValueError where a side has no sample.
    """
    parts: dict[tuple[int, int], Counter[Distribution]] = {}
    agreements: Counter[tuple[int, int]] = Counter()
    for baseline, candidate in pairs:
        counts = _pair(baseline, candidate)
        sizes = (len(baseline), len(candidate))
        spread = _spread_agreements(*sizes, tuple(sorted(one + two for one, two in counts)))
        if len(spread.probabilities) > 1:  # else whatever the labels, both sums would grow alike
            parts.setdefault(sizes, Counter())[spread] += 1
            agreements[sizes] += sum(one * two for one, two in counts)
    unit = math.lcm(*(n1 * n2 for n1, n2 in parts))
    source = random.Random(seed)  # noqa: S311 -- a repeatable draw, not a secret
    drawn = [0] * SUITE_DRAWS
    for sizes in sorted(parts):
        scale = unit // math.prod(sizes)
        total = sum_of(parts[sizes], negligible=MINUTE)
        values = range(total.lowest, total.lowest + len(total.probabilities))
        sums = source.choices(values, weights=total.probabilities, k=SUITE_DRAWS)
        drawn = [one + scale * more for one, more in zip(drawn, sums, strict=True)]
    observed = sum(unit // math.prod(sizes) * value for sizes, value in agreements.items())
    return (sum(agreement <= observed for agreement in drawn) + 1) / (SUITE_DRAWS + 1)


@lru_cache(maxsize=4096)
def _spread_agreements(n1: int, n2: int, margins: tuple[int, ...]) -> Distribution:
    """Return the distribution of the equal pairs that random labels give."""
    ways: dict[tuple[int, int], int] = {(0, 0): 1}
    for both in margins:
        following: Counter[tuple[int, int]] = Counter()
        for (taken, value), count in ways.items():
            for k in range(max(0, both - n1), min(both, n2 - taken) + 1):
                following[taken + k, value + k * (both - k)] += count * math.comb(both, k)
        ways = following
    whole = {value: count for (taken, value), count in ways.items() if taken == n2}
    lowest, total = min(whole), math.comb(n1 + n2, n2)
    probabilities = (whole.get(value, 0) / total for value in range(lowest, max(whole) + 1))
    return Distribution(lowest, tuple(probabilities))


def _pair(baseline: Sequence[str], candidate: Sequence[str]) -> list[tuple[int, int]]:
    """Return how often each category occurs on both sides."""
    check_at_least(len(baseline), 1, name="len(baseline)")
    check_at_least(len(candidate), 1, name="len(candidate)")
    before, after = Counter(baseline), Counter(candidate)
    return [(before[value], after[value]) for value in sorted(before | after)]


def _count_extreme(sums: Sequence[float], observed: float, noise: float) -> int:
    """Return how many sums are as far from 0 as the one observed, or farther."""
    limit = abs(observed) - noise
    return sum(abs(total) >= limit for total in sums)


def _sum_subsets(differences: Sequence[float]) -> list[float]:
    """Return the sum of each subset of a few differences, by the bits of a byte."""
    sums = [0.0]
    for at in range(_BLOCK):
        more = differences[at] if at < len(differences) else 0.0
        sums += [total + more for total in sums]
    return sums
