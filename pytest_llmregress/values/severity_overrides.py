"""The severities that a project gives to changes by their names, over those of the rules."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Self

from pytest_llmregress.values.behavior import Change, Severity

IGNORE = "ignore"
"""The word for a change that is left out."""
ALLOWED = (*map(str, Severity), IGNORE)


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

    def apply(self, changes: Iterable[Change]) -> tuple[Change, ...]:
        """Return the changes with the severities of this project, without those it ignores."""
        return tuple(found for change in changes if (found := self.apply_to(change)) is not None)

    def apply_to(self, change: Change) -> Change | None:
        """Return a change with its severity of this project; None where it is ignored.

        Noise is not raised: where the baseline differs from itself, another value says nothing.
        """
        for name, severity in self.rules:
            if _pattern(name).fullmatch(change.trait):
                if severity is None:
                    return None
                return change if change.noisy else replace(change, severity=severity)
        return change


def _problems_of(name: Any, word: Any) -> Iterable[str]:
    if not isinstance(name, str) or not name or name != name.strip():
        yield f"{name!r} names no trait; a name such as 'text.length', or a pattern: 'tools.*'"
    if not isinstance(word, str) or word not in ALLOWED:
        yield f"{name!r}: {word!r} is no severity; {', '.join(ALLOWED)}"


def _vagueness(name: str) -> tuple[bool, int]:
    return "*" in name, -len(name.replace("*", ""))


@lru_cache(maxsize=256)
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, name.split("*"))), re.DOTALL)
