"""Values in words: how a report says what a trait was."""

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_llmregress.formatting.control_characters import escape_controls
from pytest_llmregress.values.canonical_json import dump_canonical_json


def models_in_words(requested: Sequence[str], served: Sequence[str]) -> str:
    """Return the requested models, and behind an arrow the served ones that were not requested."""
    asked = ", ".join(requested) or "no model"
    others = ", ".join(model for model in served if model not in requested)
    return f"{asked} → {others}" if others else asked


MAX_WORDS = 120
"""Characters of a value in words."""
MAX_EXCERPT = 60
"""Characters of an excerpt of a text, ellipses included."""
_LEAD_IN = 20
"""Characters of an excerpt before the first difference."""
_MANY = 1e6
"""From here on "g" would write 1.2e+06."""


def format_value(value: Any) -> str:
    """Return a JSON value for people, on one line of at most `MAX_WORDS` characters.

    A list is "lookup_order, issue_refund", an empty one "none"; counts are "lookup_order x2";
    numbers have separators of thousands.
    """
    return truncate(_in_full(value), MAX_WORDS)


def format_values_apart(before: Any, after: Any) -> tuple[str, str]:
    """Return two different values in words that differ, too, however long or alike they are."""
    words = format_value(before), format_value(after)
    if words[0] != words[1]:
        return words
    whole = _in_full(before), _in_full(after)
    return excerpts(
        *(
            whole
            if whole[0] != whole[1]
            else (dump_canonical_json(before), dump_canonical_json(after))
        )
    )


def excerpts(before: str, after: str) -> tuple[str, str]:
    """Return what stands in two texts around their first difference, on one line each."""
    same = _common(before, after)
    pair = _excerpt(before, same), _excerpt(after, same)
    if pair[0] != pair[1]:
        return pair
    differ = slice(same, same + MAX_EXCERPT)
    return truncate(ascii(before[differ]), MAX_EXCERPT), truncate(ascii(after[differ]), MAX_EXCERPT)


def printable(text: str) -> str:
    """Return a text on one line, without what a terminal or a file could choke on."""
    return escape_controls(" ".join(text.split()))


def truncate(text: str, limit: int) -> str:
    """Return a text of at most `limit` characters, with an ellipsis where something is gone."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip(' ,;')}…"


def _in_full(value: Any) -> str:
    match value:
        case str():
            return printable(value) or "(empty)"
        case Mapping():
            return _mapping_in_full(value)
        case list() | tuple():
            return ", ".join(_item_in_full(item) for item in value) or "none"
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case _:
            return _number_in_full(value)


def _number_in_full(value: float) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,g}" if abs(value) < _MANY else f"{value:,.0f}"


def _mapping_in_full(value: Mapping[Any, Any]) -> str:
    if all(type(count) is int for count in value.values()):
        return ", ".join(f"{printable(str(key))} x{n:,}" for key, n in value.items()) or "none"
    return "; ".join(f"{printable(str(key))}: {_in_full(item)}" for key, item in value.items())


def _item_in_full(item: Any) -> str:
    """Return an item of a list; in brackets where it has commas of its own."""
    words = "(none)" if item == "" else _in_full(item)
    return f"({words})" if "," in words else words


def _common(before: str, after: str) -> int:
    """Return how many characters two texts have in common at their start."""
    low, high = 0, min(len(before), len(after))
    while low < high:
        middle = (low + high + 1) // 2
        if before.startswith(after[low:middle], low):
            low = middle
        else:
            high = middle - 1
    return low


def _excerpt(text: str, at: int) -> str:
    start = max(0, at - _LEAD_IN)
    if start:
        space = text.find(" ", start, at)
        start = start if space < 0 else space + 1
    head = "…" if start else ""
    words = printable(text[start : start + 2 * MAX_EXCERPT])
    return truncate(head + words, MAX_EXCERPT) if words else f"{head}(nothing)"
