"""What a project says of changes, tools and arguments, over the rules of the comparison."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any, Self

from pytest_llmregress.values.behavior import Change, Severity

IGNORE = "ignore"
"""The word for a change that is left out."""
_ALLOWED = (*map(str, Severity), IGNORE)
_WITHIN = r"(?=[.\[]|\Z)"
"""What follows the name of an argument in that of a part of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Severities:
    """Which changes are how bad, by the names of their traits.

    A name is "text.length", or a pattern in which each `*` stands for any characters, dots
    included: "tools.*", "snapshot.*.json". Where several fit, the most specific decides: a name
    without `*` before every pattern, then the pattern with the most other characters, then the
    one that was written first.
    """

    rules: tuple[tuple[str, Severity | None], ...] = ()
    """Names with their severities, the most specific first; None for a change to ignore."""

    @classmethod
    def read(cls, mapping: Mapping[Any, Any]) -> Self:
        """Read names and severities; ValueError with all that is wrong, a line each."""
        problems = [
            problem for name, word in mapping.items() for problem in _problems_of(name, word)
        ]
        if problems:
            raise ValueError("\n".join(problems))
        rules = [
            (name, None if word == IGNORE else Severity(word)) for name, word in mapping.items()
        ]
        return cls(rules=tuple(sorted(rules, key=lambda rule: _vagueness(rule[0]))))

    def apply_to(self, change: Change) -> Change | None:
        """Return a change with its severity of this project; None where it is ignored.

        Noise is not raised: where the baseline differs from itself, another value says nothing.
        """
        for name, severity in self.rules:
            if re.fullmatch(_pattern(name), change.trait, re.DOTALL):
                if severity is None:
                    return None
                return change if change.noisy else replace(change, severity=severity)
        return change


def _problems_of(name: Any, word: Any) -> Iterable[str]:
    if not isinstance(name, str) or not name or name != name.strip():
        yield f"{name!r} names no trait; a name such as 'text.length', or a pattern: 'tools.*'"
    if not isinstance(word, str) or word not in _ALLOWED:
        yield f"{name!r}: {word!r} is no severity; {', '.join(_ALLOWED)}"


class ArgumentMatch(StrEnum):
    """How a tool's argument has to relate to the baseline's."""

    EXACT = "exact"
    """A value that no sample of the baseline has is breaking, whatever it looks like."""
    FACTS = "facts"
    """A text is held to its numbers, dates, addresses, ids and names, and to no word of it."""
    SUPERSET = "superset"
    """More fields and more items of a list are allowed; all else has to be there, and equal."""
    IGNORE = "ignore"
    """Any value, or none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgumentRules:
    """Comparators by the names of arguments.

    A name is "TOOL.FIELD" as reports write it: "find_order.order_id", "book.seats[].row",
    "db/delete_row.id". Each `*` stands for any characters. A name covers all that lies within:
    "book.seats" covers "book.seats[].row", and "book" covers every argument of the tool. Where
    several fit, the most specific decides, as for severities.
    """

    rules: tuple[tuple[str, ArgumentMatch], ...] = ()
    """Names with their comparators, the most specific first."""

    @classmethod
    def read(cls, mapping: Any) -> Self:
        """Read the keyword `arguments` of the marker; TypeError or ValueError with all faults."""
        if not isinstance(mapping, Mapping):
            raise TypeError(
                f"{mapping!r} is no mapping; comparators by tool and field: "
                '{"find_order.order_id": "exact", "search.query": "ignore"}'
            )
        problems = [fault for name, word in mapping.items() for fault in _faults(name, word)]
        if problems:
            raise ValueError("\n".join(problems))
        rules = [(name, ArgumentMatch(word)) for name, word in mapping.items()]
        return cls(rules=tuple(sorted(rules, key=lambda rule: _vagueness(rule[0]))))

    def find(self, place: str) -> ArgumentMatch | None:
        """Return how an argument is compared, by its place such as "book.seats[].row"."""
        return next(
            (
                match
                for name, match in self.rules
                if re.match(_pattern(name) + _WITHIN, place, re.DOTALL)
            ),
            None,
        )

    def allows_absence(self, place: str) -> bool:
        """Say whether an argument may be given by one side only."""
        return self.find(place) in {ArgumentMatch.IGNORE, ArgumentMatch.SUPERSET}


def _faults(name: Any, word: Any) -> Iterable[str]:
    if not isinstance(name, str) or not name.strip():
        yield f"{name!r} names no argument; TOOL.FIELD, * allowed: 'search.query', 'book.*'"
    if word not in set(ArgumentMatch):
        yield f"{name!r}: {word!r} is none of {', '.join(ArgumentMatch)}"


def _vagueness(name: str) -> tuple[bool, int]:
    return "*" in name, -len(name.replace("*", ""))


@lru_cache(maxsize=256)
def _pattern(name: str) -> str:
    """Return a name as a regular expression, in which each `*` stands for any characters."""
    return ".*".join(map(re.escape, name.split("*")))


class ToolMatch(StrEnum):
    """How the tools that a candidate calls relate to those of the baseline; agentevals' words."""

    STRICT = "strict"
    """The same tools, in the same order."""
    UNORDERED = "unordered"
    """The same tools as often, in any order."""
    SUBSET = "subset"
    """Nothing that the baseline does not call, and no more often."""
    SUPERSET = "superset"
    """All that the baseline calls, and at least as often."""

    def allows(self, before: Sequence[str], after: Sequence[str]) -> bool:
        """Say whether a candidate's tools stand in this relation to the baseline's."""
        relation = tool_relation(before, after)
        return relation is not None and self in _IMPLIED[relation]


_IMPLIED = {
    ToolMatch.STRICT: frozenset(ToolMatch),
    ToolMatch.UNORDERED: frozenset(ToolMatch) - {ToolMatch.STRICT},
    ToolMatch.SUBSET: frozenset({ToolMatch.SUBSET}),
    ToolMatch.SUPERSET: frozenset({ToolMatch.SUPERSET}),
}
"""The relations that hold where the closest one does."""


def tool_relation(before: Sequence[str], after: Sequence[str]) -> ToolMatch | None:
    """Return the closest relation between the names of two trajectories; None where none holds."""
    if list(before) == list(after):
        return ToolMatch.STRICT
    old, new = Counter(before), Counter(after)
    if old == new:
        return ToolMatch.UNORDERED
    if new <= old:
        return ToolMatch.SUBSET
    return ToolMatch.SUPERSET if old <= new else None
