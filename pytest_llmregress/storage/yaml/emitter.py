"""From plain values to YAML text that a reviewer can read and that never depends on a library.

PyYAML's own emitters escape emoji, or tabs, or neither, depending on how PyYAML was built.
"""

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from pytest_llmregress.storage.yaml.parser import JSON_TAG, is_text

MAX_KEY = 1000
"""Characters of a key before a colon; YAML allows 1024."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
"""What is not printable, what YAML takes for a line end, and what reorders text on a screen."""
_PLAIN = re.compile(r"[^\W\d][^#:\t\n]*(?::[^#:\s][^#:\t\n]*|::[^#:\s][^#:\t\n]*)*")
_PLAIN_IN_FLOW = re.compile(r"[^\W\d][^#:,?\[\]{}\t\n]*")
_LOOSE_END = re.compile(r"[ \t]$|\n\n\Z", re.MULTILINE)
"""White space that editors and commit hooks like to remove."""


class FlowMapping(dict[str, Any]):
    """A mapping that is written on one line."""


class FlowList(list[Any]):
    """A list that is written on one line."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A value that is written here, under a name by which it is told again further down."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Alias:
    """A value that was written further up, under a name."""

    name: str


def dump_yaml(value: dict[str, Any]) -> str:
    """Return a mapping of JSON values as YAML, keys in their order."""
    if not value:
        return "{}\n"
    out: list[str] = []
    _entries(value, 0, "", out)
    return "".join(out)


def _entries(value: dict[str, Any], column: int, lead: str, out: list[str]) -> None:
    """Write a mapping whose keys stand in `column`; `lead` precedes the first."""
    pad = " " * column
    for key, item in value.items():
        name = _quote(key, flow=True)
        head = f"{name}:" if len(name) <= MAX_KEY else f"? {name}\n{pad}:"
        if isinstance(item, Anchor):
            head, item = f"{head} &{item.name}", item.value  # noqa: PLW2901 - what is anchored
        if _is_block(item, list):
            out.append(f"{lead}{head}\n")
            _items(item, column, pad, out)
        elif _is_block(item, dict):
            out.append(f"{lead}{head}\n")
            _entries(item, column + 2, pad + "  ", out)
        else:
            out.append(f"{lead}{head} {_leaf(item, column)}\n")
        lead = pad


def _items(value: list[Any], column: int, lead: str, out: list[str]) -> None:
    """Write a list whose dashes stand in `column`; `lead` precedes the first."""
    for item in value:
        head = f"{lead}- "
        if isinstance(item, Anchor):
            item, name = item.value, item.name  # noqa: PLW2901 - what is anchored
            head = f"{head}&{name} "
            if _is_block(item, list) or _is_block(item, dict):
                # On the line of the first key, the anchor would be that key's.
                out.append(f"{head[:-1]}\n")
                head = " " * (column + 2)
        if _is_block(item, list):
            _items(item, column + 2, head, out)
        elif _is_block(item, dict):
            _entries(item, column + 2, head, out)
        else:
            out.append(f"{head}{_leaf(item, column)}\n")
        lead = " " * column


def _is_block(value: Any, kind: type) -> bool:
    """Say whether a value is a list, or a mapping, on lines of its own."""
    return isinstance(value, kind) and bool(value) and not isinstance(value, FlowMapping | FlowList)


def _leaf(value: Any, column: int) -> str:
    """Return what stands on a line of its own, or as a literal block below `column`."""
    if isinstance(value, Alias):
        return f"*{value.name}"
    if not isinstance(value, str):
        return dump_flow(value)
    if "\n" not in value or _LOOSE_END.search(value) or not value.strip("\n") or _hard(value):
        return _quote(value, flow=False)
    # Without the number, the white space that the text begins with would count as indentation.
    indentation = "2" if value[0] in " \t\n" else ""
    chomping = "" if value.endswith("\n") else "-"
    pad = " " * (column + 2)
    lines = (pad + line if line else "" for line in value.removesuffix("\n").split("\n"))
    return f"|{indentation}{chomping}\n" + "\n".join(lines)


def dump_flow(value: Any) -> str:
    """Return a value on one line, as it stands in a list or mapping that is on one line."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _number(value)
        case str():
            return _quote(value, flow=True)
        case _:
            return _flow_collection(value)


def _flow_collection(value: list[Any] | dict[str, Any]) -> str:
    if isinstance(value, list):
        return f"[{', '.join(dump_flow(item) for item in value)}]"
    pairs = (f"{_quote(key, flow=True)}: {dump_flow(item)}" for key, item in value.items())
    return f"{{{', '.join(pairs)}}}"


def _number(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    text = repr(value)
    # YAML 1.1 takes 1e+16 for text.
    return text if "." in text else text.replace("e", ".0e")


def _quote(text: str, *, flow: bool) -> str:
    """Return a text on one line, in the lightest quotes that keep it what it is."""
    if _SURROGATE.search(text):
        return f"{JSON_TAG} '{json.dumps(text).replace(chr(39), chr(39) * 2)}'"
    if _hard(text):
        return _ESCAPED.sub(_escape, json.dumps(text, ensure_ascii=False))
    plain = _PLAIN_IN_FLOW if flow else _PLAIN
    if plain.fullmatch(text) and not text.endswith((" ", ":")) and is_text(text):
        return text
    if "'" in text or "\n" in text or "\t" in text:
        return json.dumps(text, ensure_ascii=False)
    return f"'{text}'"


def _hard(text: str) -> bool:
    return bool(_ESCAPED.search(text) or _SURROGATE.search(text))


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
