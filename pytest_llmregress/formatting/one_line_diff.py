"""The difference between two texts, or two JSON values, in one line."""

import json
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from pytest_llmregress.formatting.control_characters import escape_controls
from pytest_llmregress.values.canonical_json import dump_canonical_json

WIDTH = 70
"""Characters of a text that are shown, around its first difference."""

_LEAD = 24
"""Characters of a cut text that stand before its first difference."""
_TOLD_LAST = frozenset({"id", "tool_use_id", "signature", "cache_control"})
"""Keys whose change is told only where nothing else in the same object changed."""


class SideLabels(NamedTuple):
    """What the two things that are compared are called."""

    new: str = "not in the recording"
    """The word for what only the second one has."""
    gone: str = "not in the request"
    """The word for what only the first one has."""
    than: str = "than recorded"
    """Stands behind how many more, or fewer, the second one has."""


REQUEST_AND_RECORDING = SideLabels()


def text_change(before: str, after: str) -> str:
    """Say in one line where and how two different texts differ, both cut to `WIDTH`."""
    old, new = before.split("\n"), after.split("\n")
    if len(old) == len(new) == 1:
        return line_change(before, after)
    start, tail = common_ends(old, new)
    extra = abs(len(new) - len(old))
    if start + tail == min(len(old), len(new)):  # one text is the other with some lines put in
        word, lines = ("added", new) if len(new) > len(old) else ("removed", old)
        more = f" and {count(extra - 1, 'more line')}" if extra > 1 else ""
        return f"line {start + 1} {word}: {excerpt(lines[start])}{more}"
    return f"line {start + 1}: {line_change(old[start], new[start])}"


def first_difference(old: str | bytes, new: str | bytes) -> int:
    """Return the index of the first difference, the shorter one's length where it is a prefix."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def line_change(old: str, new: str, *, quote: str = "'") -> str:
    """Return two one-line texts with an arrow between, both cut around their first difference."""
    at = first_difference(old, new)
    start = max(0, min(at - _LEAD, max(len(old), len(new)) - WIDTH))
    before, after = (excerpt(text, start=start, quote=quote) for text in (old, new))
    return f"{before} → {after}"


def excerpt(text: str, *, start: int = 0, quote: str = "'") -> str:
    """Return at most `WIDTH` characters of a text from `start`, what is cut off as an ellipsis."""
    head = "…" if start else ""
    room = WIDTH - len(head)
    tail = "…" if len(text) - start > room else ""
    return quote + head + escape_controls(text[start : start + room - len(tail)]) + tail + quote


def plain(text: str) -> str:
    """Return the start of a text that stands without quotes, such as a name."""
    return excerpt(text, quote="")


def common_ends(
    old: Sequence[Any],
    new: Sequence[Any],
    same: Callable[[Any, Any], bool] = operator.eq,
) -> tuple[int, int]:
    """Return how many items two sequences share at their start, and behind that at their end."""
    shortest = min(len(old), len(new))
    start = 0
    while start < shortest and same(old[start], new[start]):
        start += 1
    tail = 0
    while tail < shortest - start and same(old[-1 - tail], new[-1 - tail]):
        tail += 1
    return start, tail


def count(number: int, noun: str) -> str:
    """Return a number and its noun, in the plural where it has to be."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def json_change(
    old: Any, new: Any, *, blocks: bool = False, sides: SideLabels = REQUEST_AND_RECORDING
) -> str:
    """Say the first difference between two JSON values, its place before it.

    `blocks` says that they are the content of a message: a text, or a list of content blocks.
    """
    place, what = _locate(old, new, blocks=blocks, sides=sides)
    place = place.lstrip(" .")
    if not place:
        return what
    return f"{place} {what}" if what.startswith("line ") else f"{place}: {what}"


def _locate(old: Any, new: Any, *, blocks: bool, sides: SideLabels) -> tuple[str, str]:
    """Return the place of the first difference, and what it is."""
    match old, new:
        case str(), str():
            return "", text_change(old, new)
        case dict(), dict():
            return _locate_in_object(old, new, sides=sides)
        case list(), list():
            return _locate_in_list(old, new, blocks=blocks, sides=sides)
        case (str(), list()) | (list(), str()) if blocks:
            # Two ways to write the same.
            olds, news = (
                [{"type": "text", "text": value}] if isinstance(value, str) else value
                for value in (old, new)
            )
            if same_json(olds, news):
                return "", f"the same text, as a {'list of blocks' if new is news else 'string'}"
            return _locate_in_list(olds, news, blocks=True, sides=sides)
    return "", f"{_value(old)} → {_value(new)}"


def _locate_in_object(
    old: Mapping[str, Any], new: Mapping[str, Any], *, sides: SideLabels
) -> tuple[str, str]:
    keys = sorted({**old, **new}, key=lambda key: (key in _TOLD_LAST, key != "type"))
    key = next(k for k in keys if k not in old or k not in new or not same_json(old[k], new[k]))
    if key not in old or key not in new:
        side, where = (new, sides.new) if key in new else (old, sides.gone)
        return f".{plain(key)}", missing([side[key]], where)
    a, b = old[key], new[key]
    if isinstance(a, str) and isinstance(b, str):
        if key == "text" and old.get("type") == "text":  # the place names the block already
            return "", text_change(a, b)
        if key == "data" and old.get("type") == "base64":
            return ".data", f"{len(a)} → {len(b)} characters of base64"
    place, what = _locate(a, b, blocks=key == "content", sides=sides)
    return f".{plain(key)}{place}", what


def _locate_in_list(
    old: list[Any], new: list[Any], *, blocks: bool, sides: SideLabels
) -> tuple[str, str]:
    start, tail = common_ends(old, new, same_json)
    olds, news = old[start : len(old) - tail], new[start : len(new) - tail]
    place = f" block {start + 1}" if blocks else f"[{start}]"
    first = [item.get("type") for item in olds[:1] + news[:1] if isinstance(item, dict)]
    if blocks and first and isinstance(first[0], str) and first[0] == first[-1]:
        place += f" ({plain(first[0])})"
    if not olds or not news:
        return place, missing(news, sides.new) if news else missing(olds, sides.gone)
    inner, what = _locate(olds[0], news[0], blocks=False, sides=sides)
    return place + (inner.replace(".", " ", 1) if blocks and inner[:1] == "." else inner), what


def missing(values: Sequence[Any], where: str) -> str:
    """Say that values are on one side only, and what the first is where a few words can."""
    more = f", and {len(values) - 1} more" if len(values) > 1 else ""
    first = values[0]
    if isinstance(first, dict) and isinstance(first.get("text"), str):
        first = first["text"]
    shown = "" if isinstance(first, (dict, list)) else f": {_value(first)}"
    return where + shown + more


def same_json(old: Any, new: Any) -> bool:
    """Tell whether two JSON values are written the same: `true` and `1` are not."""
    if isinstance(old, str) or isinstance(new, str):
        return bool(old == new)
    return dump_canonical_json(old) == dump_canonical_json(new)


def _value(value: Any) -> str:
    match value:
        case str():
            return excerpt(value)
        case list():
            return f"a list of {len(value)}"
        case dict():
            return "an object"
    return json.dumps(value)[:WIDTH]
