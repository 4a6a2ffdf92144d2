"""A quarantine: why a test reports and does not gate, and until when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

_HOW = '{"reason": "…", "until": "2026-12-31"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """What a test is excused by."""

    reason: str
    until: date
    """The last day on which it holds."""

    @classmethod
    def read(cls, raw: Any) -> Self:
        """Read the keyword of the marker; ValueError where it is something else."""
        if not isinstance(raw, Mapping) or set(raw) != {"reason", "until"}:
            raise ValueError(f"{raw!r} is no quarantine; a reason and a last day: {_HOW}")
        reason, until = raw["reason"], raw["until"]
        if not isinstance(reason, str) or not reason.strip():
            raise ValueError(f"the reason {reason!r} says nothing; {_HOW}")
        return cls(reason=reason.strip(), until=_day(until))

    def is_over(self, today: date) -> bool:
        """Whether it holds no more."""
        return today > self.until

    def over_in_words(self, today: date) -> str | None:
        """Say what fails the test once it is over, or None as long as it holds."""
        if not self.is_over(today):
            return None
        return (
            f"quarantine: it ended on {self.until.isoformat()} ({self.reason}); "
            "repair the test and take the keyword out, or set a later day"
        )


def _day(raw: Any) -> date:
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    try:
        return date.fromisoformat(raw)
    except (TypeError, ValueError):
        raise ValueError(f"until {raw!r} is no day; a date, or {_HOW}") from None
