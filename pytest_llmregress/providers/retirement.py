"""The ends of models: what a provider knows of them, and which of them are near."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from pytest_llmregress.formatting.one_line_diff import count

SOON = 90
"""Days before its end from which on a model is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retirement:
    """The end of a model."""

    model: str
    on: date
    source: str
    """Who says so."""

    def in_words(self, today: date) -> str:
        """Say when it ends: "claude-opus-5 ends on 2027-01-31, in 12 days (anthropic 2.12.0)"."""
        days = (self.on - today).days
        if days < 0:
            when = f"ended on {self.on}, {count(-days, 'day')} ago"
        elif days:
            when = f"ends on {self.on}, in {count(days, 'day')}"
        else:
            when = f"ends today, {self.on}"
        return f"{self.model} {when} ({self.source})"

    def to_json(self, today: date) -> dict[str, Any]:
        """Return plain JSON; the days are negative once it has ended."""
        days = (self.on - today).days
        return {"model": self.model, "on": str(self.on), "days": days, "source": self.source}


def retiring(
    models: Iterable[str], known: Mapping[str, Retirement], today: date
) -> tuple[Retirement, ...]:
    """Return those of some models that end within `SOON` days, or have ended; the first first."""
    found = [known[model] for model in dict.fromkeys(models) if model in known]
    soon = [each for each in found if (each.on - today).days <= SOON]
    return tuple(sorted(soon, key=lambda each: each.on))


def today() -> date:
    """Return the day that it is, in UTC."""
    return datetime.now(tz=UTC).date()
