"""How much the samples of a baseline differ, and which differences therefore do not count."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from pytest_llmregress.behavior.registry import find_noise_policy, find_record
from pytest_llmregress.behavior.trait_record import NoisePolicy, members, number
from pytest_llmregress.values.behavior import Behavior, Trait, TraitKind
from pytest_llmregress.values.canonical_json import dump_canonical_json, identify
from pytest_llmregress.values.novelty import expects_new_value

RATIO = 2.0
"""How many times larger or smaller a number has to be to count as a change."""
QUARANTINE = 3
"""With so many distinct values in the baseline another one, of a part of a trait, is no change."""
_QUARANTINED_KINDS = frozenset({TraitKind.CATEGORY, TraitKind.SET})


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitNoise:
    """What the samples of a baseline show of one trait."""

    name: str
    values: tuple[tuple[Any, int], ...]
    """Each value with the number of samples that show it, the most frequent first."""
    agreement: float | None
    """The share of the pairs of samples that agree, 0 to 1; None for one sample, which has no pair.

    Two numbers agree where the comparison would see no change between them, other values
    where they are equal.
    """
    quarantined: bool
    """Whether the trait varies so much that another value of it says nothing."""

    @property
    def distinct(self) -> int:
        """The number of different values."""
        return len(self.values)

    @property
    def samples(self) -> int:
        """The number of samples that have the trait."""
        return sum(count for _, count in self.values)


def measure_variance(behaviors: Sequence[Behavior]) -> tuple[TraitNoise, ...]:
    """Return what the samples of a baseline show of each trait, in the order of the traits."""
    by_name: dict[str, list[Trait]] = {}
    for behavior in behaviors:
        for trait in behavior.traits:
            by_name.setdefault(trait.name, []).append(trait)
    return tuple(
        TraitNoise(
            name=name,
            values=tuple((trait.value, count) for trait, count in rank_by_frequency(traits)),
            agreement=_agreement(traits),
            quarantined=is_quarantined(traits),
        )
        for name, traits in by_name.items()
    )


def rank_by_frequency(traits: Sequence[Trait]) -> tuple[tuple[Trait, int], ...]:
    """Return one trait for each distinct value, how many have it, the most frequent first."""
    groups: dict[str, list[Trait]] = {}
    for trait in traits:
        groups.setdefault(_identity(trait), []).append(trait)
    ranked = sorted(groups.values(), key=len, reverse=True)
    return tuple((group[0], len(group)) for group in ranked)


def is_quarantined(traits: Sequence[Trait]) -> bool:
    """Say whether the samples of a trait differ so much that another value means nothing."""
    if find_noise_policy(traits[0]) is not NoisePolicy.WHOLE:
        return False
    has_kind = {trait.kind for trait in traits} <= _QUARANTINED_KINDS
    return has_kind and expects_new_value(map(_identity, traits))


def varies(traits: Sequence[Trait]) -> bool:
    """Say whether the samples show so many values that another one is to be expected."""
    return len(traits) >= QUARANTINE and len(set(map(_identity, traits))) >= QUARANTINE


_PLAIN = (str, int, bool)
"""The types whose values are equal where their JSON is."""


def is_same_trait(before: Trait, after: Trait) -> bool:
    """Say whether two traits have the same value; the order within a set does not matter."""
    old, new = before.value, after.value
    if type(old) is type(new) and type(old) in _PLAIN:
        return bool(old == new)
    if old == [] == new or old == {} == new:
        return True
    if after.kind is TraitKind.SET:
        return old == new or members(before) == members(after)
    return dump_canonical_json(before.value) == dump_canonical_json(after.value)


def is_another_number(name: str, before: float, after: float) -> bool:
    """Say whether a number of a trait is far enough from another one to be a change."""
    small, large = sorted((abs(before), abs(after)))
    is_far = large >= RATIO * small or before * after < 0
    record = find_record(name)
    return is_far and abs(after - before) >= (record.floor if record else 0)


def is_between(value: Any, seen: Sequence[Any]) -> bool:
    """Say whether a number lies between two of the baseline's that have fractions."""
    numbers = [value, *seen]
    if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in numbers):
        return False
    has_fractions = any(isinstance(each, float) for each in numbers)
    return has_fractions and bool(seen) and min(seen) < value < max(seen)


def _agreement(traits: Sequence[Trait]) -> float | None:
    pairs = list(combinations(traits, 2))
    return sum(_agree(*pair) for pair in pairs) / len(pairs) if pairs else None


def _agree(first: Trait, second: Trait) -> bool:
    if first.kind is TraitKind.NUMBER:
        one, other = number(first), number(second)
        if one is not None and other is not None:
            return not is_another_number(first.name, one, other)
    return is_same_trait(first, second)


def _identity(trait: Trait) -> str:
    """Return a text that only traits of the same value have."""
    return identify(sorted(members(trait)) if trait.kind is TraitKind.SET else trait.value)
