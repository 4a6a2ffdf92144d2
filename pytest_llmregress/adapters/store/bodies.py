"""Bodies of requests and replies: as structure where that gives back every byte."""

import base64
import json
import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from pytest_llmregress.adapters.store.fields import Fields
from pytest_llmregress.adapters.store.yaml_emit import Inline

MAX_DEPTH = 64
"""Of JSON that is stored as structure; what is nested deeper is stored as text."""

INLINE = 110
"""Characters of an event's data that still stand on one line."""

STYLES: dict[str, Callable[[Any], str]] = {
    "compact": partial(json.dumps, ensure_ascii=False, allow_nan=False, separators=(",", ":")),
    "compact-ascii": partial(json.dumps, allow_nan=False, separators=(",", ":")),
    "spaced": partial(json.dumps, ensure_ascii=False, allow_nan=False),
    "spaced-ascii": partial(json.dumps, allow_nan=False),
    "indented": partial(json.dumps, ensure_ascii=False, allow_nan=False, indent=2),
}
"""The ways to write JSON that are told apart, by name; the first is the one without a name."""

DEFAULT = next(iter(STYLES))

_FRAME = re.compile(r"(?:event: (?P<event>[^\r\n]*)\n)?data: (?P<data>[^\r\n]*)")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_PADDED = re.compile(r"(.*[^ ])( +)\}", re.DOTALL)
"""Anthropic pads its events with spaces before the last brace."""


def describe(body: bytes) -> dict[str, Any]:
    """Return the keys that stand for a body in a file; none for an empty one."""
    if not body:
        return {}
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode("ascii")}
    if structure := _json(text):
        value, styles = structure
        return {**_style(styles[0]), "json": value}
    if text.startswith(("event: ", "data: ")) and (stream := _stream(text)):
        return stream
    if _CONTROL.search(text):
        return {"base64": base64.b64encode(body).decode("ascii")}
    return {"text": text}


def restore_body(fields: Fields) -> bytes:
    """Return the body that `describe` described, out of the mapping that holds its keys."""
    forms = [form for form in ("json", "events", "text", "base64") if fields.has(form)]
    if len(forms) > 1:
        fields.blame(forms[1], f"a body has one form, and {forms[0]} is there too")
    match forms[:1]:
        case ["json"]:
            style = fields.choice("json_style", STYLES, default=DEFAULT)
            return _render(fields, "json", style).encode("utf-8", "surrogatepass")
        case ["events"]:
            style = fields.choice("json_style", STYLES, default=DEFAULT)
            frames = (_frame(event, style) for event in fields.list_of_fields("events"))
            return "".join(frames).encode("utf-8", "surrogatepass")
        case ["text"]:
            return fields.text("text").encode("utf-8", "surrogatepass")
        case ["base64"]:
            try:
                return base64.b64decode(fields.text("base64"), validate=True)
            except ValueError:
                fields.blame("base64", "it is no base64")
    return b""


def _json(text: str) -> tuple[Any, list[str]] | None:
    """Return the value that a text writes and the styles that write it so, or None."""
    try:
        value = json.loads(text, object_pairs_hook=_pairs, parse_constant=_refuse)
        if _is_deep(value):
            return None
        STYLES[DEFAULT](value).encode("utf-8")  # fails on half of a surrogate pair
        styles = [name for name, render in STYLES.items() if render(value) == text]
    except (ValueError, RecursionError):
        return None
    return (value, styles) if styles else None


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("two keys are the same")
    return value


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            item
            for outer in level
            if isinstance(outer, list | dict)
            for item in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


def _stream(text: str) -> dict[str, Any] | None:
    """Return server-sent events as structure, or None where that would lose a byte."""
    if not text.endswith("\n\n"):
        return None
    frames = [_FRAME.fullmatch(frame) for frame in text[:-2].split("\n\n")]
    found = [(frame["event"], frame["data"], *_padded(frame["data"])) for frame in frames if frame]
    if len(found) < len(frames):
        return None
    count = Counter(style for *_, structure in found if structure for style in structure[1])
    if not count:
        return None
    common = max(STYLES, key=lambda style: count[style])  # the first of equals
    events: list[dict[str, Any]] = []
    for name, data, padding, structure in found:
        event: dict[str, Any] = {} if name is None else {"event": name}
        if structure is None:
            event["text"] = data
        else:
            value, styles = structure
            if common not in styles:
                event["json_style"] = styles[0]
            if padding:
                event["padding"] = padding
            short = isinstance(value, dict) and len(data) - padding <= INLINE
            event["data"] = Inline(value) if short else value
        events.append(event)
    return {**_style(common), "events": events}


def _padded(data: str) -> tuple[int, tuple[Any, list[str]] | None]:
    """Return the spaces before the last brace of an event's data, and its structure."""
    if structure := _json(data):
        return 0, structure
    if padded := _PADDED.fullmatch(data):
        return len(padded[2]), _json(padded[1] + "}")
    return 0, None


def _frame(event: Fields, common: str) -> str:
    name = f"event: {event.text('event')}\n" if event.has("event") else ""
    if event.has("text"):
        return f"{name}data: {event.text('text')}\n\n"
    padding = event.integer("padding", default=0)
    data = _render(event, "data", event.choice("json_style", STYLES, default=common))
    if padding > 0:
        data = data[:-1] + " " * padding + data[-1:]
    return f"{name}data: {data}\n\n"


def _render(fields: Fields, key: str, style: str) -> str:
    value = fields.value(key)
    try:
        return STYLES[style](value)
    except (ValueError, TypeError):
        fields.blame(key, "it is no JSON")
        return ""


def _style(name: str) -> dict[str, str]:
    return {} if name == DEFAULT else {"json_style": name}
