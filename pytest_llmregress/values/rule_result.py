"""How often a standing rule was kept by the calls of a test."""

from dataclasses import dataclass

from pytest_llmregress.values.json_record import JsonRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult(JsonRecord):
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
