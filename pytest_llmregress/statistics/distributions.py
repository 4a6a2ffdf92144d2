"""Distributions of counts: sums over many tests, without a normal approximation."""

import heapq
import math
from collections.abc import Mapping, Sequence
from itertools import accumulate
from operator import mul
from typing import NamedTuple, Self

NEGLIGIBLE = 1e-60
"""Probability of a count, below which it is cut off and counted against."""
MINUTE = 1e-20
"""The same where nobody asks how much smaller than that a p-value is: it takes a quarter of it."""


class Distribution(NamedTuple):
    """The probabilities of the numbers that a count can have."""

    lowest: int
    """The number that the first probability is of."""
    probabilities: tuple[float, ...]
    lost: float = 0.0
    """Probability of the numbers that were cut off at both ends."""

    def plus(self, other: Self, *, negligible: float = NEGLIGIBLE) -> "Distribution":
        """Return the distribution of the sum of two independent numbers."""
        short, long = sorted((self.probabilities, other.probabilities), key=len)
        backwards, last = short[::-1], len(short) - 1
        # Not fsum: where all terms are positive no digit is lost, and it takes eight times as long.
        sums = tuple(
            sum(map(mul, backwards[max(0, last - k) :], long[max(0, k - last) : k + 1]))
            for k in range(last + len(long))
        )
        return Distribution(self.lowest + other.lowest, sums, self.lost + other.lost).trim(
            negligible
        )

    def trim(self, negligible: float = NEGLIGIBLE) -> "Distribution":
        """Return the distribution without the numbers at both ends that are next to impossible."""
        start, end = 0, len(self.probabilities)
        while self.probabilities[start] < negligible:
            start += 1
        while self.probabilities[end - 1] < negligible:
            end -= 1
        cut = math.fsum(self.probabilities[:start]) + math.fsum(self.probabilities[end:])
        return Distribution(self.lowest + start, self.probabilities[start:end], self.lost + cut)

    def times(self, count: int, *, negligible: float = NEGLIGIBLE) -> "Distribution":
        """Return the distribution of the sum of `count` such numbers, by repeated squaring."""
        if count == 1:
            return self
        half = self.times(count // 2, negligible=negligible)
        even = half.plus(half, negligible=negligible)
        return even if count % 2 == 0 else even.plus(self, negligible=negligible)

    def tails(self, observed: int) -> tuple[float, float]:
        """Return the probabilities of at most, and of at least, that number."""
        place = observed - self.lowest
        total = math.fsum(self.probabilities) + self.lost
        below = math.fsum(self.probabilities[: max(0, place + 1)]) + self.lost
        above = math.fsum(self.probabilities[max(0, place) :]) + self.lost
        return below / total, above / total

    def upper_tails(self) -> tuple[float, ...]:
        """Return each probability of at least some number, ascending; the last is 1."""
        sums = list(accumulate(reversed(self.probabilities), initial=self.lost))[1:]
        return tuple(min(1.0, each / (sums[-1] or 1.0)) for each in sums)


CERTAIN = Distribution(0, (1.0,))
"""That of no test at all."""


def sum_of(parts: Mapping[Distribution, int], *, negligible: float = NEGLIGIBLE) -> Distribution:
    """Return the distribution of the sum of independent numbers.

    Parameters: `parts`, how many numbers have each distribution. No part gives 0 for certain.
    """
    if not parts:
        return CERTAIN
    if len(parts) == 1 and sum(parts.values()) == 1:
        return next(iter(parts))  # one test alone stays whole, to the last digit
    # The two shortest first, so that no test is added to the whole suite one by one.
    heap = [
        (len(spread.probabilities), order, spread)
        for order, spread in enumerate(
            each.trim(negligible).times(count, negligible=negligible)
            for each, count in sorted(parts.items())
        )
    ]
    heapq.heapify(heap)
    while len(heap) > 1:
        _, order, one = heapq.heappop(heap)
        both = one.plus(heapq.heappop(heap)[2], negligible=negligible)
        heapq.heappush(heap, (len(both.probabilities), order, both))
    return heap[0][2]


def normalize_weights(weights: Sequence[float], *, lowest: int = 0) -> Distribution:
    """Return the distribution that has its probabilities in proportion to weights."""
    total = math.fsum(weights)
    return Distribution(lowest, tuple(weight / total for weight in weights))
