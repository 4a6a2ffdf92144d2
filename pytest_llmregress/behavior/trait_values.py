"""The values of traits, read from whatever a file holds."""

import math
from typing import Any

from pytest_llmregress.values.behavior import Trait


def members(trait: Trait) -> frozenset[str]:
    """Return the members of a set or of a list; any other value is the only member."""
    value: Any = trait.value
    return (
        frozenset(map(str, value)) if isinstance(value, list | tuple) else frozenset({str(value)})
    )


def gained_and_lost(before: Trait, after: Trait) -> tuple[frozenset[str], frozenset[str]]:
    """Return the members that only the second set has, and those that only the first one has."""
    old, new = members(before), members(after)
    return new - old, old - new


def number(trait: Trait) -> float | None:
    """Return a finite number as it is, and None for any other value."""
    value: Any = trait.value
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value
