"""From plain values to YAML text that a reviewer can read and that never depends on a library.

PyYAML's own emitters escape emoji, or tabs, or neither, depending on how PyYAML was built.
"""

import json
import math
import re
from typing import Any

from pytest_llmregress.adapters.store.yaml_parse import JSON_TAG, is_text

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


class Inline(dict[str, Any]):
    """A mapping that is written on one line."""


def emit(value: dict[str, Any]) -> str:
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
        if isinstance(item, list) and item:
            out.append(f"{lead}{head}\n")
            _items(item, column, pad, out)
        elif isinstance(item, dict) and item and not isinstance(item, Inline):
            out.append(f"{lead}{head}\n")
            _entries(item, column + 2, pad + "  ", out)
        else:
            out.append(f"{lead}{head} {_leaf(item, column)}\n")
        lead = pad


def _items(value: list[Any], column: int, lead: str, out: list[str]) -> None:
    """Write a list whose dashes stand in `column`; `lead` precedes the first."""
    for item in value:
        if isinstance(item, list) and item:
            _items(item, column + 2, f"{lead}- ", out)
        elif isinstance(item, dict) and item and not isinstance(item, Inline):
            _entries(item, column + 2, f"{lead}- ", out)
        else:
            out.append(f"{lead}- {_leaf(item, column)}\n")
        lead = " " * column


def _leaf(value: Any, column: int) -> str:
    """Return what stands on a line of its own, or as a literal block below `column`."""
    if not isinstance(value, str):
        return _flow(value)
    if "\n" not in value or _LOOSE_END.search(value) or not value.strip("\n") or _hard(value):
        return _quote(value, flow=False)
    # Without the number, the white space that the text begins with would count as indentation.
    indentation = "2" if value[0] in " \t\n" else ""
    chomping = "" if value.endswith("\n") else "-"
    pad = " " * (column + 2)
    lines = (pad + line if line else "" for line in value.removesuffix("\n").split("\n"))
    return f"|{indentation}{chomping}\n" + "\n".join(lines)


def _flow(value: Any) -> str:
    """Return a value on one line."""
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
        return f"[{', '.join(_flow(item) for item in value)}]"
    pairs = (f"{_quote(key, flow=True)}: {_flow(item)}" for key, item in value.items())
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
