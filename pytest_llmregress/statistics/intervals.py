"""What a result is compatible with: intervals of rates, of differences, of means and ratios."""

import math
import random
from collections.abc import Callable, Sequence
from statistics import NormalDist, fmean, median, stdev
from typing import NamedTuple

from pytest_llmregress.statistics.argument_checks import (
    check_at_least,
    check_count,
    check_counts,
    check_inside,
    check_numbers,
)

FEWEST_FOR_BOOTSTRAP = 30
"""Units below which a bootstrap interval is too narrow to show."""
_BOOTSTRAPS = 1_999
_PRECISION = 1e-15
"""Change of a product that ends a continued fraction: it is in the last digits."""


class Interval(NamedTuple):
    """A range that holds the true value in the share of cases that is its confidence."""

    low: float
    high: float


def wilson(k: int, n: int, confidence: float = 0.95) -> Interval:
    """Return the interval of a pass rate of `k` of `n`; shares from 0 to 1.

    Source: Wilson 1927, without continuity correction. Raise ValueError unless n >= 1,
    0 <= k <= n and 0 < confidence < 1.
    """
    _check_rate(k, n, confidence)
    z = _deviations(confidence)
    rate, square = k / n, z * z / n
    middle = (rate + square / 2) / (1 + square)
    half = z * math.sqrt(rate * (1 - rate) / n + square / (4 * n)) / (1 + square)
    return Interval(
        0.0 if k == 0 else max(0.0, middle - half), 1.0 if k == n else min(1.0, middle + half)
    )


def newcombe(a: int, n1: int, b: int, n2: int, confidence: float = 0.95) -> Interval:
    """Return the interval of the candidate's pass rate minus the baseline's; from -1 to 1.

    Source: Newcombe 1998, method 10: `wilson` of both sides, combined. Raise ValueError unless
    n1 >= 1, n2 >= 1, 0 <= a <= n1, 0 <= b <= n2 and 0 < confidence < 1.
    """
    check_counts(a, n1, b, n2)
    check_at_least(n1, 1, name="n1")
    check_at_least(n2, 1, name="n2")
    baseline, candidate = wilson(a, n1, confidence), wilson(b, n2, confidence)
    rate1, rate2 = a / n1, b / n2
    difference = rate2 - rate1
    return Interval(
        max(-1.0, difference - math.hypot(rate2 - candidate.low, baseline.high - rate1)),
        min(1.0, difference + math.hypot(candidate.high - rate2, rate1 - baseline.low)),
    )


def t_quantile(p: float, df: float) -> float:
    """Return the quantile of Student's t distribution with `df` degrees of freedom.

    Source: bisection on the incomplete beta function. Raise ValueError unless 0 < p < 1 and
    df > 0.
    """
    check_inside(p, name="p")
    if not 0 < df < math.inf:
        raise ValueError(f"df={df!r}: it is a number above 0.")
    tail = min(p, 1 - p)
    if tail == 0.5:  # noqa: PLR2004 -- the middle, where the distribution is symmetric
        return 0.0

    def excess(t: float) -> float:
        return tail - _beta(df / 2, 0.5, df / (df + t * t)) / 2

    high = 1.0
    while excess(high) < 0:
        high *= 2
    return math.copysign(_solve(excess, 0.0, high), p - 0.5)


def paired_t(differences: Sequence[float], confidence: float = 0.95) -> tuple[float, Interval]:
    """Return the mean of the differences of tests, and its interval, in their unit.

    A difference is one per test, candidate minus baseline, so that samples of one test are not
    taken for independent ones. Source: Student's t, with n - 1 degrees of freedom. Where all
    differences are equal the interval has no width, which shows nothing. Raise ValueError unless
    there are two finite differences or more, and 0 < confidence < 1.
    """
    check_numbers(differences, name="differences", least=2)
    check_inside(confidence, name="confidence")
    n = len(differences)
    mean = fmean(differences)
    half = t_quantile((1 + confidence) / 2, n - 1) * stdev(differences, mean) / math.sqrt(n)
    return mean, Interval(mean - half, mean + half)


def median_ratio(
    differences: Sequence[float], *, seed: int | str, confidence: float = 0.95
) -> tuple[float, Interval | None]:
    """Return the median ratio of candidate to baseline, and its interval from 30 tests on.

    A difference is one per test: the mean logarithm of the candidate minus the baseline's. 1.1 is
    10 % more. Source: a percentile bootstrap over tests (Efron 1979) with 1,999 draws; below 30
    tests it would be too narrow, and is None. Raise ValueError unless there is a finite difference
    or more, and 0 < confidence < 1.
    """
    check_numbers(differences, name="differences")
    check_inside(confidence, name="confidence")
    ratio = math.exp(median(differences))
    n = len(differences)
    if n < FEWEST_FOR_BOOTSTRAP:
        return ratio, None
    draws = random.Random(seed)  # noqa: S311 -- a repeatable draw, not a secret
    ordered = sorted(differences)
    medians = sorted(_draw_median(ordered, draws) for _ in range(_BOOTSTRAPS))
    outside = math.floor((1 - confidence) / 2 * (_BOOTSTRAPS + 1))
    low, high = medians[max(0, outside - 1)], medians[min(_BOOTSTRAPS - 1, _BOOTSTRAPS - outside)]
    return ratio, Interval(math.exp(low), math.exp(high))


def _draw_median(ordered: Sequence[float], draws: random.Random) -> float:
    """Return the median of as many values as there are, drawn from them with replacement.

    Only the middle ones are drawn, whatever the others are: of n places that are uniform over
    the ordered values, the m-th is beta distributed with m and n - m + 1, and the next one is the
    first of n - m that are uniform above it (David and Nagaraja 2003, 2.1 and 2.5).
    """
    n = len(ordered)
    middle = (n + 1) // 2
    place = draws.betavariate(middle, n - middle + 1)
    low = ordered[min(n - 1, int(place * n))]
    if n % 2:
        return low
    following = 1 - (1 - place) * (1 - draws.random()) ** (1 / (n - middle))
    return (low + ordered[min(n - 1, int(following * n))]) / 2


def _check_rate(k: int, n: int, confidence: float) -> None:
    check_at_least(n, 1, name="n")
    check_count(k, n)
    check_inside(confidence, name="confidence")


def _deviations(confidence: float) -> float:
    """Return how many standard deviations a confidence reaches to each side."""
    return NormalDist().inv_cdf((1 + confidence) / 2)


def _solve(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where a rising function is 0, to the last digit."""
    while low < (middle := (low + high) / 2) < high:
        if function(middle) < 0:
            low = middle
        else:
            high = middle
    return middle


def _beta(a: float, b: float, x: float) -> float:
    """Return the regularized incomplete beta function, by its continued fraction (Lentz)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta(b, a, 1 - x)
    scale = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    tiny = 1e-300
    c, d = 1.0, 0.0
    fraction = 1.0
    factor = 0.0
    step = 0
    while abs(factor - 1) > _PRECISION:
        half, odd = divmod(step, 2)
        if step == 0:
            term = 1.0
        elif odd:
            term = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            term = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        d = 1 / (1 + term * d or tiny)
        c = 1 + term / c or tiny
        factor = c * d
        fraction *= factor
        step += 1
    return scale * (fraction - 1) / a
