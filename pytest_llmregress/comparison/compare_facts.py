"""What differs between the facts of two texts: numbers, dates and web addresses."""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from pytest_llmregress.behavior.text.closed_answer import is_same_number
from pytest_llmregress.behavior.trait_values import members
from pytest_llmregress.comparison.trait_rules import build_change
from pytest_llmregress.values.behavior import Change, Severity, Trait

ENOUGH_FOR_FACTS = 3
"""With this many samples, a fact that all of them state is not there by chance."""
FEW_FACTS = 3
"""A text with at most so many facts of a kind says another one instead of one it has lost."""
_NUMBER = re.compile(r"-?\d{1,30}(?:\.\d{1,30})?")
_TIME = re.compile(r"(\d{1,2})(:\d\d(?::\d\d)?)")
_HOURS = 12
_MAGNITUDES = tuple(Decimal(10) ** power for power in (3, 6, 9))


def compare_facts(olds: Sequence[Trait], new: Trait) -> Change | None:
    """Find the facts that every sample states and the new recording does not.

    One or two samples cannot tell which facts are there by chance: losing one is cosmetic. Where
    the samples agree on a few facts, and another one stands for one that is lost, it is notable.
    """
    stable, now = frozenset.intersection(*map(members, olds)), members(new)
    lost = {fact for fact in stable - now if not any(_is_same(fact, each) for each in now)}
    if not lost:
        return None
    known = frozenset.union(*map(members, olds))
    gained = {fact for fact in now - known if not any(_is_same(fact, each) for each in known)}
    has_few = known == stable and max(len(known), len(now)) <= FEW_FACTS
    is_replaced = bool(gained) and has_few
    is_bad = is_replaced or len(olds) >= ENOUGH_FOR_FACTS
    kept = now if is_replaced else now & stable
    change = build_change(
        replace(olds[0], value=sorted(stable)),
        replace(new, value=sorted(kept)),
        severity=Severity.NOTABLE if is_bad else Severity.COSMETIC,
    )
    return replace(change, parts=tuple(sorted(lost)))


def _is_same(one: str, other: str) -> bool:
    """Say whether two facts are one: a number rounded or in millions, a time of twelve hours."""
    times = _TIME.fullmatch(one), _TIME.fullmatch(other)
    if times[0] and times[1]:
        hours = abs(int(times[0][1]) - int(times[1][1]))
        return times[0][2] == times[1][2] and hours in {0, _HOURS}
    if not (_NUMBER.fullmatch(one) and _NUMBER.fullmatch(other)):
        return False
    small, large = sorted((Decimal(one), Decimal(other)), key=abs)
    return is_same_number(small, large) or _is_magnitude(small, large)


def _is_magnitude(small: Decimal, large: Decimal) -> bool:
    """Say whether a number is another one in thousands, millions or billions: 2.1 is 2,102,650."""
    unit = Decimal(1).scaleb(int(small.as_tuple().exponent))
    return any(abs(large - small * factor) * 2 <= unit * factor for factor in _MAGNITUDES)
