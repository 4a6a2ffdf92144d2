"""Which models end soon: from the table of the provider's SDK, else from recorded answers."""

import ast
import importlib.util
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.http import Interaction

SOON = 90
"""Days before its end from which on a model is told."""

_SDK = "anthropic"
_FILES = ("resources/messages/messages.py", "_data/deprecated_models.py")
"""Where one version or another keeps its table; private, so each may be gone, or be another."""
_TABLE = re.compile(r"^DEPRECATED_MODELS\b[^=\n]*= *(\{[^{}]*\})", re.MULTILINE)
_DAY = re.compile(r"(\w+) (\d{1,2})(?:st|nd|rd|th)?, (\d{4})")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)
_MODELS = re.compile(r"/v1/models(?:/[^/]+)?/?")


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


def find_retirements(cassettes: Iterable[Cassette]) -> dict[str, Retirement]:
    """Return what is known of ends, by model: by the SDK, and where it says nothing as recorded.

    The SDK is not imported: that takes a second, and only a table of it is wanted.
    """
    found: dict[str, Retirement] = {}
    for cassette in cassettes:
        for model, on in _of_recording(cassette):
            source = f"a models answer of {cassette.recorded_at[:10] or 'an unknown day'}"
            found[model] = Retirement(model=model, on=on, source=source)
    source = f"the table of {_SDK} {_version()}"
    for model, said in _table().items():
        if (day := _date(said)) is not None:
            found[model] = Retirement(model=model, on=day, source=source)
    return found


def retiring(
    models: Iterable[str], known: Mapping[str, Retirement], today: date
) -> tuple[Retirement, ...]:
    """Return those of some models that end within `SOON` days, or have ended; the first first."""
    found = [known[model] for model in dict.fromkeys(models) if model in known]
    soon = [each for each in found if (each.on - today).days <= SOON]
    return tuple(sorted(soon, key=lambda each: each.on))


def _table() -> dict[str, str]:
    try:
        spec = importlib.util.find_spec(_SDK)
    except (ImportError, ValueError):
        return {}
    table: dict[str, str] = {}
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        for name in _FILES:
            try:
                text = Path(folder, name).read_text(encoding="utf-8")
                # A literal: what is anything else is not read.
                said = [ast.literal_eval(found) for found in _TABLE.findall(text)]
            except (OSError, ValueError, SyntaxError):
                continue
            for each in said:
                table |= {k: v for k, v in each.items() if isinstance(v, str)}
    return table


def _date(said: str) -> date | None:
    """Read a day as the table writes it, such as "June 30th, 2026", or as ISO 8601 does."""
    try:
        if found := _DAY.fullmatch(said.strip()):
            month, day, year = found.groups()
            return date(int(year), _MONTHS.index(month.lower()) + 1, int(day))
        return datetime.fromisoformat(said.strip()).date()
    except ValueError:
        return None


def _of_recording(cassette: Cassette) -> Iterator[tuple[str, date]]:
    for interaction in cassette.interactions:
        for model in _models_in(interaction):
            name, said = model.get("id"), model.get("retires_at")
            if isinstance(name, str) and isinstance(said, str) and (on := _date(said)):
                yield name, on


def _models_in(interaction: Interaction) -> list[dict[str, Any]]:
    if not _MODELS.fullmatch(urlsplit(interaction.request.url).path):
        return []
    try:
        body = json.loads(interaction.response.body or b"")
    except ValueError:
        return []
    listed = body.get("data", [body]) if isinstance(body, dict) else []
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _version() -> str:
    try:
        return version(_SDK)
    except PackageNotFoundError:
        return ""


def today() -> date:
    """Return the day that it is, in UTC."""
    return datetime.now(tz=UTC).date()
