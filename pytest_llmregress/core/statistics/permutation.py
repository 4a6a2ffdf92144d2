"""Tests that shuffle labels: of numbers, of categories, and of categories over a suite."""

import math
import random
import sys
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from itertools import accumulate, combinations, compress, repeat
from operator import itemgetter
from typing import assert_never

from pytest_llmregress.core.statistics.checks import check_at_least, check_numbers
from pytest_llmregress.core.statistics.exact import Alternative

MOST_SIGNS = 16
"""Differences up to which all signs are tried."""
MOST_SPLITS = 200_000
"""Ways to split the values over both sides, up to which all are tried (10 and 10 are 184,756)."""
DRAWS = 4_999
"""Random draws where all cannot be tried."""
SUITE_DRAWS = 1_999
"""Random draws of the labels of a suite."""
_NOISE = 1e-12
"""Sums that differ by less than this share of all that is summed are equal but for rounding, and
so are values that differ by less than this."""
_TO_FLAGS = bytes.maketrans(b"01", b"\0\1")


class Statistic(StrEnum):
    """What makes one table of categories more extreme than another."""

    PROBABILITY = "probability"
    """The less probable it is, given the margins (Freeman and Halton 1951)."""
    DISTANCE = "distance"
    """The larger the total variation distance of both sides."""


def sign_flip(
    differences: Sequence[float],
    *,
    seed: int | str,
    alternative: Alternative = Alternative.DIFFERENT,
) -> float:
    """Return the p-value of a mean difference of 0, by flipping signs; above 0, up to 1.

    A difference is one per test, candidate minus baseline; one below 1e-12 is 0, since means of
    equal values differ by rounding. Source: Fisher 1935; all signs up to
    16 differences, which `seed` has no part in, else 4,999 draws and (hits + 1) / (draws + 1).
    Raise ValueError unless there is a finite difference or more.
    """
    check_numbers(differences, name="differences")
    differences = [number if abs(number) > _NOISE else 0.0 for number in differences]
    noise = _NOISE * math.fsum(map(abs, differences))
    observed = math.fsum(differences)
    if len(differences) <= MOST_SIGNS:
        sums = [0.0]
        for difference in differences:
            sums = [total + side for side in (difference, -difference) for total in sums]
        return _count_extreme(sums, observed, noise, alternative) / len(sums)
    source = random.Random(seed)  # noqa: S311 -- a repeatable draw, not a secret
    count = len(differences)
    sums = [
        2 * math.fsum(compress(differences, _flags(source.getrandbits(count), count))) - observed
        for _ in repeat(None, DRAWS)
    ]
    return (_count_extreme(sums, observed, noise, alternative) + 1) / (DRAWS + 1)


def permutation_mean(
    baseline: Sequence[float],
    candidate: Sequence[float],
    *,
    seed: int | str,
    alternative: Alternative = Alternative.DIFFERENT,
) -> float:
    """Return the p-value of equal means, by exchanging values; above 0, up to 1.

    Source: Pitman 1937; all splits up to 200,000, which `seed` has no part in, else 4,999 draws
    and (hits + 1) / (draws + 1). Raise ValueError unless both sides have a finite value or more.
    """
    check_numbers(baseline, name="baseline")
    check_numbers(candidate, name="candidate")
    values = [*baseline, *candidate]
    scale = math.fsum(map(abs, values))
    middle = math.fsum(values) / len(values)
    # Around their mean, the sum over one side alone tells both means.
    values = [value - middle for value in values]
    noise = max(_NOISE * math.fsum(map(abs, values)), sys.float_info.epsilon * scale)
    size = len(candidate)
    observed = math.fsum(values[len(baseline) :])
    splits = math.comb(len(values), size)
    if splits <= MOST_SPLITS:
        sums = list(map(math.fsum, combinations(values, size)))
        return _count_extreme(sums, observed, noise, alternative) / splits
    source = random.Random(seed)  # noqa: S311 -- a repeatable draw, not a secret
    sums = [math.fsum(source.sample(values, size)) for _ in repeat(None, DRAWS)]
    return (_count_extreme(sums, observed, noise, alternative) + 1) / (DRAWS + 1)


def mann_whitney(
    baseline: Sequence[float],
    candidate: Sequence[float],
    *,
    alternative: Alternative = Alternative.DIFFERENT,
) -> float:
    """Return the exact p-value of the rank sum test, ties included; above 0, up to 1.

    Source: Mann and Whitney 1947, with midranks; the number of splits with each rank sum is
    counted. Two-sided is twice the smaller tail. 50 values per side take 0.06 s, 100 take 2 s.
    Raise ValueError unless both sides have a finite value or more.
    """
    check_numbers(baseline, name="baseline")
    check_numbers(candidate, name="candidate")
    ranks = _double_ranks([*baseline, *candidate])
    observed = sum(ranks[len(baseline) :])
    size = len(candidate)
    counts = _count_sums(ranks, size)
    splits = math.comb(len(ranks), size)
    worse = sum(counts[: observed + 1]) / splits
    better = sum(counts[observed:]) / splits
    match alternative:
        case Alternative.WORSE:
            return worse
        case Alternative.BETTER:
            return better
        case Alternative.DIFFERENT:
            return min(1.0, 2 * min(worse, better))
        case _:
            assert_never(alternative)


def categorical(
    baseline: Sequence[str],
    candidate: Sequence[str],
    *,
    statistic: Statistic = Statistic.PROBABILITY,
) -> float:
    """Return the exact p-value of equal distributions over categories; above 0, up to 1.

    Source: Freeman and Halton 1951, the multivariate hypergeometric distribution given the
    margins; with two categories it is Fisher's two-sided test. `Statistic.DISTANCE` ranks the
    tables by `total_variation` instead, and is the one for many categories: 50 samples per side
    of ten take 0.2 s and 0.01 s, 100 of thirty 30 s and 0.1 s. Raise ValueError where a side has
    no sample.
    """
    pairs = sorted(_pair(baseline, candidate), key=sum)
    n1, n2 = len(baseline), len(candidate)
    match statistic:
        case Statistic.PROBABILITY:
            extreme = math.prod(math.comb(one + two, two) for one, two in pairs)
        case Statistic.DISTANCE:
            extreme = sum(abs(one * n2 - two * n1) for one, two in pairs)
        case _:
            assert_never(statistic)
    # Half of the categories each, so that the ways of one half need not be multiplied with the
    # other's: it is enough to know how many of those are extreme enough.
    one_half = _count_ways(pairs[::2], n1, n2, statistic)
    other_half: dict[int, list[tuple[int, int]]] = {}
    for (taken, value), count in sorted(_count_ways(pairs[1::2], n1, n2, statistic).items()):
        other_half.setdefault(taken, []).append((value, count))
    sums = {
        taken: list(accumulate((count for _, count in row), initial=0))
        for taken, row in other_half.items()
    }
    hits = 0
    for (taken, value), count in one_half.items():
        row = other_half.get(n2 - taken, [])
        if not row:
            continue
        partial = sums[n2 - taken]
        if statistic is Statistic.PROBABILITY:
            hits += count * partial[bisect_right(row, extreme // value, key=itemgetter(0))]
        else:
            below = bisect_left(row, extreme - value, key=itemgetter(0))
            hits += count * (partial[-1] - partial[below])
    return hits / math.comb(n1 + n2, n2)


def total_variation(baseline: Sequence[str], candidate: Sequence[str]) -> float:
    """Return how far apart two distributions over categories are, from 0 to 1.

    It is half the sum of the absolute differences of the shares: the share of answers that would
    have to change. Raise ValueError where a side has no sample.
    """
    pairs = _pair(baseline, candidate)
    n1, n2 = len(baseline), len(candidate)
    return sum(abs(one * n2 - two * n1) for one, two in pairs) / (2 * n1 * n2)


def suite_mismatch(
    pairs: Sequence[tuple[Sequence[str], Sequence[str]]], *, seed: int | str
) -> float:
    """Return the p-value of a suite whose categories are the same on both sides; above 0, up to 1.

    The statistic is the sum over tests of the share of pairs, one sample of each side, that
    differ; its null distribution is that of labels exchanged within each test. With one sample
    per side it is always 1. Source: a stratified permutation test after Gao, Liang and Guestrin
    2025; 1,999 draws and (hits + 1) / (draws + 1). No test gives 1. Raise ValueError where a side
    has no sample.
    """
    counted = [_pair(baseline, candidate) for baseline, candidate in pairs]
    sizes = [len(baseline) * len(candidate) for baseline, candidate in pairs]
    unit = math.lcm(*sizes)
    source = random.Random(seed)  # noqa: S311 -- a repeatable draw, not a secret
    known: dict[tuple[int, int, tuple[int, ...]], tuple[list[int], list[float]]] = {}
    observed = 0
    agreements = [0] * SUITE_DRAWS
    for (baseline, candidate), counts, size in zip(pairs, counted, sizes, strict=True):
        margins = tuple(sorted(one + two for one, two in counts))
        key = (len(baseline), len(candidate), margins)
        if key not in known:
            known[key] = _agreements(*key)
        values, weights = known[key]
        if len(values) == 1:
            continue  # whatever the labels, both sums would grow alike
        scale = unit // size
        observed += scale * sum(one * two for one, two in counts)
        drawn = source.choices(values, cum_weights=weights, k=SUITE_DRAWS)
        agreements = [total + scale * value for total, value in zip(agreements, drawn, strict=True)]
    return (sum(agreement <= observed for agreement in agreements) + 1) / (SUITE_DRAWS + 1)


def _agreements(n1: int, n2: int, margins: tuple[int, ...]) -> tuple[list[int], list[float]]:
    """Return the numbers of equal pairs that random labels give, and their shares, cumulated."""
    ways: dict[tuple[int, int], int] = {(0, 0): 1}
    for both in margins:
        following: Counter[tuple[int, int]] = Counter()
        for (taken, value), count in ways.items():
            for k in range(max(0, both - n1), min(both, n2 - taken) + 1):
                following[taken + k, value + k * (both - k)] += count * math.comb(both, k)
        ways = following
    whole = sorted((value, count) for (taken, value), count in ways.items() if taken == n2)
    total = math.comb(n1 + n2, n2)
    sums = accumulate(count for _, count in whole)
    return [value for value, _ in whole], [partial / total for partial in sums]


def _count_ways(
    pairs: Sequence[tuple[int, int]], n1: int, n2: int, statistic: Statistic
) -> dict[tuple[int, int], int]:
    """Return the ways to draw the candidate's samples, by their number and the statistic so far."""
    ways = {(0, 1 if statistic is Statistic.PROBABILITY else 0): 1}
    for both in map(sum, pairs):
        following: dict[tuple[int, int], int] = {}
        for k in range(max(0, both - n1), min(both, n2) + 1):
            weight = math.comb(both, k)
            step = abs((both - k) * n2 - k * n1)
            for (taken, value), count in ways.items():
                if taken + k > n2:
                    continue
                now = value * weight if statistic is Statistic.PROBABILITY else value + step
                state = (taken + k, now)
                following[state] = following.get(state, 0) + count * weight
        ways = following
    return ways


def _pair(baseline: Sequence[str], candidate: Sequence[str]) -> list[tuple[int, int]]:
    """Return how often each category occurs on both sides."""
    check_at_least(len(baseline), 1, name="len(baseline)")
    check_at_least(len(candidate), 1, name="len(candidate)")
    before, after = Counter(baseline), Counter(candidate)
    return [(before[value], after[value]) for value in sorted(before | after)]


def _count_extreme(
    sums: Sequence[float], observed: float, noise: float, alternative: Alternative
) -> int:
    """Return how many sums are as extreme as the one observed, or more."""
    match alternative:
        case Alternative.WORSE:
            return sum(total <= observed + noise for total in sums)
        case Alternative.BETTER:
            return sum(total >= observed - noise for total in sums)
        case Alternative.DIFFERENT:
            limit = abs(observed) - noise
            return sum(abs(total) >= limit for total in sums)
        case _:
            assert_never(alternative)


def _flags(bits: int, count: int) -> bytes:
    """Return the bits of a number, one per byte."""
    return f"{bits:0{count}b}".encode().translate(_TO_FLAGS)


def _double_ranks(values: Sequence[float]) -> list[int]:
    """Return twice the rank of each value, so that the mean rank of equal values is an integer."""
    counts = Counter(values)
    ranks: dict[float, int] = {}
    below = 0
    for value in sorted(counts):
        ranks[value] = 2 * below + counts[value] + 1
        below += counts[value]
    return [ranks[value] for value in values]


def _count_sums(ranks: Sequence[int], size: int) -> list[int]:
    """Return, for each sum from 0 up, how many choices of `size` ranks have it.

    All counts for one number of chosen ranks stand side by side in one integer, so that a rank is
    added to all of them by one shift.
    """
    width = (math.comb(len(ranks), size).bit_length() + 7) // 8
    chosen = [1] + [0] * size
    for rank in ranks:
        for number in range(size, 0, -1):
            chosen[number] += chosen[number - 1] << (rank * width * 8)
    packed = chosen[size]
    content = packed.to_bytes((packed.bit_length() + 7) // 8 + width, "little")
    return [
        int.from_bytes(content[start : start + width], "little")
        for start in range(0, len(content), width)
    ]
