"""Whether values that samples show let one expect another value of the next."""

from collections import Counter
from collections.abc import Hashable, Iterable

FEWEST = 3
"""Distinct values from which on another one may be expected."""
EXPECTED = 0.2
"""How often the next sample may show a value that none has shown, where it still says something."""


def expects_new_value(values: Iterable[Hashable]) -> bool:
    """Tell whether samples show so many values that another one says little, a value a sample.

    The share of the samples whose value no other one shows is how often the next sample shows a
    new one (Good 1953). Five of ten samples that are alone with theirs say nothing of what comes;
    three values that came three times and more do.
    """
    seen = Counter(values)
    alone = sum(times == 1 for times in seen.values())
    return len(seen) >= FEWEST and alone > EXPECTED * seen.total()
