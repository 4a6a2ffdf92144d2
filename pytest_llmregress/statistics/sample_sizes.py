"""How many samples a question needs, and what a number of samples can show."""

import math
from statistics import NormalDist

from pytest_llmregress.statistics.argument_checks import check_at_least, check_inside, check_share

_NORMAL = NormalDist()


def samples_per_side(
    p1: float,
    p2: float,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
    two_sided: bool = False,
) -> int:
    """Return the samples per side that show a change from rate `p1` to `p2`; 1 or more.

    Source: Fleiss, Levin and Paik 2003, with the pooled variance and the continuity correction of
    Casagrande, Pike and Smith 1978, which tracks what Fisher's test needs and is slightly
    conservative. Raise ValueError where a rate is not from 0 to 1, both are equal, or
    not 0 < alpha < power < 1.
    """
    check_share(p1, name="p1")
    check_share(p2, name="p2")
    _check_power(power, alpha)
    if p1 == p2:
        raise ValueError(f"p1={p1!r} is p2: no number of samples shows a change that is none.")
    distance = abs(p1 - p2)
    mean = (p1 + p2) / 2
    n = (
        _one_way(alpha, two_sided=two_sided) * math.sqrt(2 * mean * (1 - mean))
        + _NORMAL.inv_cdf(power) * math.sqrt(p1 * (1 - p1) + p2 * (1 - p2))
    ) ** 2 / distance**2
    return math.ceil(n / 4 * (1 + math.sqrt(1 + 4 / (n * distance))) ** 2)


def paired_tests(
    discordance: float,
    difference: float,
    *,
    power: float = 0.8,
    alpha: float = 0.05,
) -> int:
    """Return the tests, each run once per side, that show a difference of pass rates; 1 or more.

    `discordance` is the share of tests whose outcome differs between the sides. Source: Connor
    1987, for McNemar's two-sided test. Raise ValueError unless
    0 < |difference| <= discordance <= 1 and 0 < alpha < power < 1.
    """
    check_share(discordance, name="discordance")
    _check_power(power, alpha)
    distance = abs(difference)
    if not 0 < distance <= discordance:
        raise ValueError(
            f"difference={difference!r}: it is not 0, and no more than discordance={discordance}."
        )
    root = _one_way(alpha, two_sided=True) * math.sqrt(discordance)
    rest = _NORMAL.inv_cdf(power) * math.sqrt(discordance - distance**2)
    return math.ceil((root + rest) ** 2 / distance**2)


def samples_per_test(  # noqa: PLR0913 - what the gate of a suite takes, each by its name
    noise: tuple[float, float],
    *,
    drop: float,
    min_drop: float,
    tests: int,
    alpha: float,
    power: float = 0.8,
) -> int:
    """Return the samples per side and test with which a drop of a whole suite is found; 1 or more.

    `noise` is the mean of p(1-p) over the tests, p being a test's pass rate, before and after the
    drop. It is found where the stratified test is at most `alpha` and at least `min_drop` is seen.
    Source: Fleiss, Levin and Paik 2003 for the totals, without a continuity correction: the sum
    over many tests hardly has steps. Raise ValueError unless 0 <= min_drop < drop <= 1,
    tests >= 1 and not 0 < alpha < power < 1.
    """
    check_share(drop, name="drop")
    check_at_least(tests, 1, name="tests")
    _check_power(power, alpha)
    if not 0 <= min_drop < drop:
        raise ValueError(f"min_drop={min_drop!r}: it is from 0 to below drop={drop!r}.")
    both, pooled = sum(noise), sum(noise) / 2 + drop**2 / 4
    spread = _NORMAL.inv_cdf(power) * math.sqrt(both)
    root = _one_way(alpha, two_sided=False) * math.sqrt(2 * pooled) + spread
    total = (root / drop) ** 2
    seen = (spread / (drop - min_drop)) ** 2
    return max(1, math.ceil(max(total, seen) / tests))


def _check_power(power: float, alpha: float) -> None:
    check_inside(power, name="power")
    check_inside(alpha, name="alpha")
    if power <= alpha:
        raise ValueError(f"power={power!r}: it is above alpha={alpha!r}, what chance alone finds.")


def _one_way(alpha: float, *, two_sided: bool) -> float:
    """Return how many standard deviations away the level is."""
    return _NORMAL.inv_cdf(1 - alpha / 2 if two_sided else 1 - alpha)
