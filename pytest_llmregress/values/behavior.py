"""Behavior as values: traits, the changes between two behaviors, and how bad they are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from pytest_llmregress.values.cause import Cause
from pytest_llmregress.values.json_record import NOT_WRITTEN, JsonRecord, write_fields

TRAITS = 15
"""Version of what the built-in traits say; grows with each change of it, so that no comparison
trusts what an older one has said of the same recording."""


class Severity(StrEnum):
    """How bad a change is."""

    COSMETIC = "cosmetic"
    NOTABLE = "notable"
    BREAKING = "breaking"

    @property
    def rank(self) -> int:
        """Return 0 for cosmetic, 1 for notable, 2 for breaking."""
        return _RANKS[self.value]


_RANKS = {severity.value: rank for rank, severity in enumerate(Severity)}


class TraitKind(StrEnum):
    """How two values of a trait are compared."""

    CATEGORY = "category"
    """Equal or not: any JSON value."""
    SET = "set"
    """A sorted list of strings without repetitions: what was gained, what was lost."""
    NUMBER = "number"
    """A count, a share or a rate: compared as a ratio, so that doubling and halving count."""
    TEXT = "text"
    """Words of a model: shown, never a reason to fail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trait(JsonRecord):
    """One comparable fact about a call or a test."""

    name: str
    """Dotted and lower-case, such as "tools.set"."""
    value: Any
    """A JSON value: the file holds it as it is."""
    kind: TraitKind
    severity: Severity
    """How bad it is when a new recording has another value."""
    quote: str = field(default="", compare=False, metadata=NOT_WRITTEN)
    """Words of the reply that gave the value away; empty where nothing is to be quoted."""


@dataclass(frozen=True, kw_only=True)
class Behavior:
    """All the traits of one sample of a test."""

    traits: tuple[Trait, ...] = ()

    def __eq__(self, other: object) -> bool:
        """Whether another one has the same traits, whichever way it came to them."""
        return self.traits == other.traits if isinstance(other, Behavior) else NotImplemented

    def __hash__(self) -> int:
        """Fail: a trait may have a list for its value."""
        return hash(self.traits)

    @cached_property
    def by_name(self) -> Mapping[str, Trait]:
        """The traits by their names."""
        return {trait.name: trait for trait in self.traits}

    def get(self, name: str) -> Trait | None:
        """Return the trait of that name, or None."""
        return self.by_name.get(name)

    def values(self) -> dict[str, Any]:
        """Return the value of each trait by its name."""
        return {trait.name: trait.value for trait in self.traits}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(JsonRecord):
    """One trait that differs."""

    trait: str
    severity: Severity
    before: str
    """What it was, in words for a report."""
    after: str
    detail: str = ""
    """What the two words do not say, such as "25.1x" or "call 2"; empty where they say it all."""
    parts: tuple[str, ...] = field(default=(), compare=False, metadata=NOT_WRITTEN)
    """Which facts or places of a value changed, those of this severity; empty for a value that
    changes as a whole."""
    noisy: bool = field(default=False, compare=False, metadata=NOT_WRITTEN)
    """Whether the samples of the baseline differ from each other there as well."""


def worst(changes: Iterable[Change]) -> Severity | None:
    """Return the severity of the worst change, or None where nothing changed."""
    return max((change.severity for change in changes), key=lambda s: s.rank, default=None)


def worst_first(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return changes with the worst first; those of one severity keep their order."""
    return tuple(sorted(changes, key=lambda change: -change.severity.rank))


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift(JsonRecord):
    """The changes of one test between its accepted behavior and a new recording."""

    baseline: str
    """The models that the accepted behavior was recorded with."""
    candidate: str
    changes: tuple[Change, ...] = ()
    """Worst first."""
    cause: Cause | None = None
    """What the changes are consistent with; None where there was nothing to compare."""

    @property
    def severity(self) -> Severity | None:
        """The severity of the worst change, or None where nothing changed."""
        return worst(self.changes)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON, with the severity."""
        severity = None if self.severity is None else str(self.severity)
        return {**write_fields(self), "severity": severity}
