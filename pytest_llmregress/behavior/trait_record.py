"""What the registry holds of one built-in trait, and how such a record gives a trait."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

from pytest_llmregress.behavior.text.text_facts import ParsedText
from pytest_llmregress.values.agents import AgentTree, read_subagents
from pytest_llmregress.values.behavior import Severity, Trait, TraitKind
from pytest_llmregress.values.call import Call, Calls, Usage
from pytest_llmregress.values.model_names import is_as_requested

Served = Callable[[str, str], bool]
"""Says whether a served model (second) is what was asked for (first)."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractorInput:
    """What an extractor reads: the calls of one sample, or a text alone."""

    text: ParsedText
    """The last text that any of the calls returned; an empty one where none did."""
    calls: Calls = field(default_factory=Calls)
    """All model calls of the sample, in order; none where a text alone is read."""
    last: Call | None = None
    """The call that returned the text."""
    served: Served = is_as_requested
    """Which served models are legitimate."""
    usage: Usage = field(init=False)
    """The tokens of all calls, summed once for the traits that count them."""

    agents: AgentTree = field(init=False)
    """Its sessions and sub-agents; `NO_AGENTS` where it can have no sub-agents."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "usage", self.calls.usage)
        object.__setattr__(self, "agents", read_subagents(self.calls))


class NoisePolicy(StrEnum):
    """What a baseline of several samples does to another value of a trait."""

    WHOLE = "whole"
    """A category or a set of which the baseline lets one expect another value is cosmetic."""
    EACH_FACT = "each_fact"
    """Only the members of a set that every sample has count: a new one is no change."""
    EACH_ARGUMENT = "each_argument"
    """Each argument of a tool call is held against the baseline's at the same place."""
    EACH_VALUE = "each_value"
    """Each value of a JSON answer is held against the baseline's at the same place."""
    EACH_CONVERSATION = "each_conversation"
    """Each conversation is held against the baseline's by all traits of a reply."""
    ANSWER = "answer"
    """A closed answer: another one is breaking only where all samples agree."""
    ALWAYS = "always"
    """Another value is always to be expected, and is no change: a verdict over the suite tells of
    the numbers of all tests."""
    EACH_LOOP = "each_loop"
    """The counts of each tool are held against the greatest one of the baseline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """How bad the difference between two values of a trait is, and what a report adds to it."""

    severity: Severity | None = None
    """None for the severity of the trait."""
    detail: str | None = None
    """None for what the kind of the trait tells, such as what a set gained and lost."""


Rule = Callable[[Trait, Trait], Assessment | None]
"""Assesses a trait before and after, with different values; None where that is no change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitRecord:
    """All that the package knows of one built-in trait."""

    name: str
    """Dotted and lower-case, such as "tools.set"."""
    extract: Callable[[ExtractorInput], Any]
    """Returns the value: JSON, of a set its members in any order; None where there is no trait."""
    kind: TraitKind
    severity: Severity
    """How bad another value is where the rule names no other severity."""
    readme: str
    """The words for the trait in the table of `examples/guides/compare.md`."""
    rule: Rule | None = None
    """None for the rule of the kind."""
    quote: Callable[[ExtractorInput], str] | None = None
    """Returns the words that gave the value away, or "" where there are none."""
    noise: NoisePolicy = NoisePolicy.WHOLE
    floor: float = 0
    """By how much a number has to differ at least; it has to double or halve as well."""
    in_trajectory: bool = False
    """Whether it is one of the traits that `tool_match` decides on."""


def extract_records(records: Iterable[TraitRecord], given: ExtractorInput) -> tuple[Trait, ...]:
    """Return the trait of each record, those left out that are not there."""
    return tuple(
        _build(record, value, quote) for record, value, quote in extract_values(records, given)
    )


def extract_values(
    records: Iterable[TraitRecord], given: ExtractorInput
) -> Iterator[tuple[TraitRecord, Any, str]]:
    """Yield each record with its value as JSON, and the words that gave it away or "".

    Records whose trait is not there are left out.
    """
    for record in records:
        value = record.extract(given)
        if value is not None:
            quote = record.quote(given) if record.quote and value else ""
            yield record, _to_json(record, value), quote


def _to_json(record: TraitRecord, value: Any) -> Any:
    return sorted(value) if record.kind is TraitKind.SET else value


def build_trait(record: TraitRecord, value: Any, *, quote: str = "") -> Trait:
    """Return the trait of a record with a value; the members of a set may have any order.

    :param quote: the words that gave the value away, or "".
    """
    return _build(record, _to_json(record, value), quote)


def _build(record: TraitRecord, value: Any, quote: str) -> Trait:
    name, kind, severity = record.name, record.kind, record.severity
    if not quote and kind is not TraitKind.TEXT:
        if type(value) in _PLAIN:
            return _share(name, value, kind, severity)
        if not value and type(value) in _CONTAINERS:
            return _share_empty(name, kind, severity, is_list=type(value) is list)
    return Trait(name=name, value=value, kind=kind, severity=severity, quote=quote)


_PLAIN = frozenset({str, int, bool})
_CONTAINERS = frozenset({list, dict})


@lru_cache(maxsize=512, typed=True)
def _share(name: str, value: Any, kind: TraitKind, severity: Severity) -> Trait:
    """Return one and the same trait for a word or a number that many tests have."""
    return Trait(name=name, value=value, kind=kind, severity=severity)


@lru_cache(maxsize=256)
def _share_empty(name: str, kind: TraitKind, severity: Severity, *, is_list: bool) -> Trait:
    """Return one and the same trait where nothing is listed, as in most tests."""
    return Trait(name=name, value=[] if is_list else {}, kind=kind, severity=severity)
