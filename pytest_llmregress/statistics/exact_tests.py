"""Exact tests of pass counts: of one test, of a whole suite, and what their margins allow."""

import math
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from itertools import accumulate
from typing import NamedTuple, assert_never

from pytest_llmregress.statistics.argument_checks import check_count, check_counts
from pytest_llmregress.statistics.distributions import Distribution, normalize_weights, sum_of

TIE = 1e-7
"""Two probabilities that differ by less than this share of themselves are equal, as in R."""
LARGEST_TEST = 10_000
"""Samples on one side of a test, up to which a suite is tested exactly."""
LARGEST_SUITE = 100_000
"""Passes that the margins of a suite leave open, up to which it is tested exactly."""
_SMALLEST = math.ulp(0.0)
"""What a p-value is that no float can hold: no test proves anything with p = 0."""


class Alternative(StrEnum):
    """What a test looks for; the candidate, compared with the baseline."""

    WORSE = "worse"
    """It passes less, or its values are lower. One-sided."""
    BETTER = "better"
    """It passes more, or its values are higher. One-sided."""
    DIFFERENT = "different"
    """Either. Two-sided."""


class ContingencyTable(NamedTuple):
    """The passes of one test on both sides."""

    a: int
    """Passes of the baseline."""
    n1: int
    """Samples of the baseline."""
    b: int
    """Passes of the candidate."""
    n2: int
    """Samples of the candidate."""


def fisher(a: int, n1: int, b: int, n2: int, alternative: Alternative = Alternative.WORSE) -> float:
    """Return the p-value of Fisher's exact test, given all margins; above 0, up to 1.

    Source: Fisher 1935; the hypergeometric distribution by recurrence from its mode. Two-sided is
    the sum over the tables that are no more probable than the one observed, as in R and scipy.
    A side without samples gives 1. Raise ValueError unless 0 <= a <= n1 and 0 <= b <= n2.
    """
    check_counts(a, n1, b, n2)
    lowest, weights = _weigh(a + b, n1, n2)
    match alternative:
        case Alternative.WORSE:
            tail = weights[: b - lowest + 1]
        case Alternative.BETTER:
            tail = weights[b - lowest :]
        case Alternative.DIFFERENT:
            limit = weights[b - lowest] * (1 + TIE)
            tail = [weight for weight in weights if weight <= limit]
        case _:
            assert_never(alternative)
    return _as_p(math.fsum(tail) / math.fsum(weights))


def smallest_p(
    passed: int, n1: int, n2: int, alternative: Alternative = Alternative.WORSE
) -> float:
    """Return the smallest p-value of `fisher` that any outcome could have; above 0, up to 1.

    `passed` is the passes of both sides together. Where this is above alpha, samples of this
    number cannot show anything. Raise ValueError unless 0 <= passed <= n1 + n2.
    """
    return list_attainable_p_values(passed, n1, n2, alternative)[0]


def list_attainable_p_values(
    passed: int, n1: int, n2: int, alternative: Alternative = Alternative.WORSE
) -> tuple[float, ...]:
    """Return each p-value that `fisher` can have with these margins, ascending; the last is 1.

    `passed` is the passes of both sides together. Raise ValueError unless 0 <= passed <= n1 + n2.
    """
    check_count(0, n1, names=("0", "n1"))
    check_count(0, n2, names=("0", "n2"))
    check_count(passed, n1 + n2, names=("passed", "n1+n2"))
    _, weights = _weigh(passed, n1, n2)
    match alternative:
        case Alternative.WORSE:
            sums = list(accumulate(weights))
        case Alternative.BETTER:
            sums = list(accumulate(reversed(weights)))
        case Alternative.DIFFERENT:
            weights.sort()
            sums = [
                total
                for total, weight, following in zip(
                    accumulate(weights), weights, [*weights[1:], math.inf], strict=True
                )
                if following > weight * (1 + TIE)
            ]
        case _:
            assert_never(alternative)
    return tuple(_as_p(total / sums[-1]) for total in sums)


def mcnemar(b: int, c: int) -> float:
    """Return the two-sided p-value of McNemar's exact test; above 0, up to 1.

    Of pairs that differ, `b` passed in the baseline only and `c` in the candidate only. Source:
    the binomial distribution with 1/2. No pair gives 1. Raise ValueError unless b >= 0 and
    c >= 0.
    """
    check_count(0, b, names=("0", "b"))
    check_count(0, c, names=("0", "c"))
    fewer, pairs = min(b, c), b + c
    term = below = 1
    for k in range(fewer):
        term = term * (pairs - k) // (k + 1)
        below += term
    return _as_p(2 * below / 2**pairs)


def stratified(
    strata: Sequence[ContingencyTable], alternative: Alternative = Alternative.WORSE
) -> float:
    """Return the p-value of a whole suite, given the margins of each test; above 0, up to 1.

    The statistic is the candidate's passes, over all tests; its distribution is the convolution of
    the tests' hypergeometric ones. With one test it is Fisher's test, with one sample per side it
    is McNemar's. Source: the exact conditional test of a common odds ratio of 1 (Gart 1970).
    Two-sided is twice the smaller tail. A p-value below about 1e-58 is an upper bound.

    Where a test has more than 10,000 samples on a side, or the margins leave more than 100,000
    passes open, it is the normal approximation of Mantel and Haenszel 1959, with a continuity
    correction. No test gives 1. Raise ValueError, with the position, on an impossible table.
    """
    margins: Counter[tuple[int, int, int]] = Counter()
    observed = 0
    for position, (a, n1, b, n2) in enumerate(strata):
        at = f"strata[{position}]."
        check_counts(a, n1, b, n2, names=(f"{at}a", f"{at}n1", f"{at}b", f"{at}n2"))
        lowest, highest = _range(a + b, n1, n2)
        if lowest < highest:
            margins[a + b, n1, n2] += 1
            observed += b
    worse, better = _tails(margins, observed)
    match alternative:
        case Alternative.WORSE:
            return _as_p(worse)
        case Alternative.BETTER:
            return _as_p(better)
        case Alternative.DIFFERENT:
            return _as_p(2 * min(worse, better))
        case _:
            assert_never(alternative)


def _tails(margins: Counter[tuple[int, int, int]], observed: int) -> tuple[float, float]:
    """Return the probabilities of at most, and of at least, so many passes of the candidate."""
    if not margins:
        return 1.0, 1.0
    if _are_large(margins):
        return _approximate_tails(margins, observed)
    parts: Counter[Distribution] = Counter()
    for (passed, n1, n2), count in sorted(margins.items()):
        lowest, weights = _weigh(passed, n1, n2)
        parts[normalize_weights(weights, lowest=lowest)] += count
    return sum_of(parts).tails(observed)


def _are_large(margins: Counter[tuple[int, int, int]]) -> bool:
    """Return whether the exact distribution would take seconds."""
    if any(max(n1, n2) > LARGEST_TEST for _, n1, n2 in margins):
        return True
    open_passes = 0
    for (passed, n1, n2), count in margins.items():
        lowest, highest = _range(passed, n1, n2)
        open_passes += (highest - lowest) * count
    return open_passes > LARGEST_SUITE


def _approximate_tails(
    margins: Counter[tuple[int, int, int]], observed: int
) -> tuple[float, float]:
    """Return both tails of the normal distribution with the mean and variance of the exact one."""
    mean = math.fsum(count * passed * n2 / (n1 + n2) for (passed, n1, n2), count in margins.items())
    variance = math.fsum(
        count * n1 * n2 * passed * (n1 + n2 - passed) / ((n1 + n2) ** 2 * (n1 + n2 - 1))
        for (passed, n1, n2), count in margins.items()
    )
    scale = math.sqrt(2 * variance)
    return (
        math.erfc((mean - observed - 0.5) / scale) / 2,
        math.erfc((observed - mean - 0.5) / scale) / 2,
    )


def _range(passed: int, n1: int, n2: int) -> tuple[int, int]:
    """Return the fewest and the most passes that the candidate can have."""
    return max(0, passed - n1), min(passed, n2)


def _weigh(passed: int, n1: int, n2: int) -> tuple[int, list[float]]:
    """Return the fewest passes of the candidate, and the weight of that number and each above.

    They are hypergeometric, in proportion to the mode's: binomial coefficients as floats would
    overflow from about 1,030 samples on.
    """
    lowest, highest = _range(passed, n1, n2)
    mode = (passed + 1) * (n2 + 1) // (n1 + n2 + 2)
    below, above = [1.0], [1.0]
    for k in range(mode, lowest, -1):
        below.append(below[-1] * (k * (n1 - passed + k)) / ((passed - k + 1) * (n2 - k + 1)))
    for k in range(mode, highest):
        above.append(above[-1] * ((passed - k) * (n2 - k)) / ((k + 1) * (n1 - passed + k + 1)))
    return lowest, [*reversed(below), *above[1:]]


def _as_p(number: float) -> float:
    """Return a sum of probabilities as a p-value: rounding and underflow taken off."""
    return min(1.0, max(_SMALLEST, number))
