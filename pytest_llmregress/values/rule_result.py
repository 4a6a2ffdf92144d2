"""How often a standing rule was kept by the calls of a test."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """How often one rule was kept by the calls of one test."""

    name: str
    kept: int
    of: int
    """Calls that the rule applies to."""
    broken: tuple[str, ...] = ()
    """One for each call that broke it: its number, and the place in its text or what was wrong."""

    @property
    def violations(self) -> tuple[str, ...]:
        """Say what was broken, one line for each call."""
        return tuple(f"rules: {self.name!r} is broken by {where}" for where in self.broken)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {"name": self.name, "kept": self.kept, "of": self.of, "broken": list(self.broken)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(
            name=data["name"], kept=data["kept"], of=data["of"], broken=tuple(data["broken"])
        )
