"""What the registry holds of one built-in trait: how it is extracted, compared and documented."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pytest_llmregress.behavior.text.text_facts import ParsedText
from pytest_llmregress.values.behavior import Severity, Trait, TraitKind
from pytest_llmregress.values.call import Call, Calls, Usage
from pytest_llmregress.values.model_names import is_as_requested

Served = Callable[[str, str], bool]
"""Says whether a served model (second) is what was asked for (first)."""


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

    def __post_init__(self) -> None:
        object.__setattr__(self, "usage", self.calls.usage)


class NoisePolicy(StrEnum):
    """What a baseline of several samples does to another value of a trait."""

    WHOLE = "whole"
    """A category or a set that has three values or more in the baseline is cosmetic."""
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
    """The words for the trait in the README's table of what is compared."""
    rule: Rule | None = None
    """None for the rule of the kind."""
    quote: Callable[[ExtractorInput], str] | None = None
    """Returns the words that gave the value away, or "" where there are none."""
    noise: NoisePolicy = NoisePolicy.WHOLE
    floor: float = 0
    """By how much a number has to differ at least; it has to double or halve as well."""
    in_trajectory: bool = False
    """Whether it is one of the traits that `tool_match` decides on."""
