"""When models of Anthropic end: from the table of the SDK, else from recorded answers."""

import ast
import importlib.util
import json
import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pytest_llmregress.providers.retirement import Retirement
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.http import Interaction

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
