"""Tests that shuffle labels: signs of differences, and categories over a suite."""

import math
import random
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations, repeat
from operator import getitem

from pytest_llmregress.statistics.argument_checks import check_at_least, check_numbers
from pytest_llmregress.statistics.distributions import MINUTE, Distribution, sum_of

MOST_SIGNS = 16
"""Differences up to which all signs are tried."""
DRAWS = 4_999
"""Random draws where all cannot be tried."""
SUITE_DRAWS = 9_999
"""Random draws of the labels of a suite."""
MOST_SPLITS = 500
"""Exchanges of labels of a test with several replies, up to which all are tried, else as many."""
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


Sample = str | tuple[str | None, ...]
"""The value of a sample, or that of each of its replies; None for a reply that it lacks."""


def suite_mismatch(
    pairs: Sequence[tuple[Sequence[Sample], Sequence[Sample]]], *, seed: int | str
) -> float:
    """Return the p-value of a suite whose categories are the same on both sides; above 0, up to 1.

    The statistic is the sum over tests of the share of pairs, one sample of each side, that
    differ; its null distribution is that of labels exchanged within each test. With one sample
    per side it is always 1. Source: a stratified permutation test after Gao, Liang and Guestrin
    2025; 9,999 draws and (hits + 1) / (draws + 1). The tests that have the same numbers of
    samples are drawn as one, from the exact distribution of their sum. Of a test with several
    replies the shares of all replies are summed, and labels are exchanged by whole samples. No
    test gives 1. Raise ValueError where a side has no sample.
    """
    parts: dict[tuple[int, int], Counter[Distribution]] = {}
    agreements: Counter[tuple[int, int]] = Counter()
    for baseline, candidate in pairs:
        check_at_least(len(baseline), 1, name="len(baseline)")
        check_at_least(len(candidate), 1, name="len(candidate)")
        sizes = (len(baseline), len(candidate))
        agreeing, spread = _count_agreements(baseline, candidate)
        if len(spread.probabilities) > 1:  # else whatever the labels, both sums would grow alike
            parts.setdefault(sizes, Counter())[spread] += 1
            agreements[sizes] += agreeing
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


def _count_agreements(
    baseline: Sequence[Sample], candidate: Sequence[Sample]
) -> tuple[int, Distribution]:
    """Return how many pairs of replies agree, and the distribution that random labels give."""
    n1, n2 = len(baseline), len(candidate)
    every = (*baseline, *candidate)
    if all(isinstance(sample, str) for sample in every):
        before, after = Counter(baseline), Counter(candidate)
        counts = [(before[value], after[value]) for value in {*before, *after}]
        spread = _spread_agreements(n1, n2, tuple(sorted(one + two for one, two in counts)))
        return sum(one * two for one, two in counts), spread
    shown: Counter[tuple[int, str]] = Counter()
    for at, sample in enumerate(every):
        for reply, value in enumerate((sample,) if isinstance(sample, str) else sample):
            if value is not None:
                shown[reply, value] += 1 << at
    # A value that all samples have agrees whatever the labels, one that a single one has never.
    masks = tuple(sorted(m for m in shown.values() if 1 < m.bit_count() < n1 + n2))
    last = ((1 << n2) - 1) << n1
    shown_last = [((mask & last).bit_count(), mask.bit_count()) for mask in masks]
    agreeing = sum(one * (both - one) for one, both in shown_last)
    return agreeing, _spread_replies(n1, n2, masks)


@lru_cache(maxsize=4096)
def _spread_replies(n1: int, n2: int, masks: tuple[int, ...]) -> Distribution:
    """Return the distribution of the agreements of several replies.

    :param masks: of each value of each reply, the bits of the samples that have it.
    """
    splits = _list_splits(n1, n2)
    sums = [0] * len(splits)
    for mask in masks:
        both = mask.bit_count()
        agreeing = [shown * (both - shown) for shown in range(both + 1)]
        counted = zip(sums, splits, strict=True)
        sums = [one + agreeing[(mask & split).bit_count()] for one, split in counted]
    ways, lowest = Counter(sums), min(sums)
    probabilities = (ways[value] / len(splits) for value in range(lowest, max(sums) + 1))
    return Distribution(lowest, tuple(probabilities))


@lru_cache(maxsize=64)
def _list_splits(n1: int, n2: int) -> tuple[int, ...]:
    """Return the bits of the candidate's samples in each exchange of labels that is tried."""
    bits = [1 << at for at in range(n1 + n2)]
    if math.comb(n1 + n2, n2) <= MOST_SPLITS:
        return tuple(sum(some) for some in combinations(bits, n2))
    source = random.Random(f"{n1} {n2}")  # noqa: S311 -- a repeatable draw, not a secret
    return (sum(bits[n1:]), *(sum(source.sample(bits, n2)) for _ in range(MOST_SPLITS - 1)))


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
