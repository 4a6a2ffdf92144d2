"""What recurs in what was recorded is written once, under a name, and told by it after that."""

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from pytest_llmregress.adapters.store.yaml_emit import Alias, Anchor, Inline, InlineList, flow
from pytest_llmregress.core.answers import exact

MIN_REPEAT = 512
"""Characters of JSON from which on what recurs gets a name; shorter things are plainer as is."""

MAX_LINE = 110
"""Characters of a list or mapping that is written on one line."""

_WORD = re.compile(r"[a-z][a-z0-9_]{0,30}")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A part of a document that came over the wire, for `share` to lay out."""

    value: Any


def share(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document with its recorded parts laid out: short on one line, repeated by name."""
    count: Counter[str] = Counter()
    kinds: dict[str, str] = {}
    for part in _recorded(document):
        _count(part, "part", count, kinds)
    names = _names({key: kinds[key] for key, times in count.items() if times > 1})
    written: dict[str, Any] = _Layout(names).document(document)
    return written


def on_one_line(value: Any) -> Any:
    """Return a value with the lists and mappings in it on one line each that fit there."""
    if not isinstance(value, dict | list) or not value:
        return value
    if len(exact(value)) <= 2 * MAX_LINE and not _has_lines(value):
        inline = Inline(value) if isinstance(value, dict) else InlineList(value)
        if len(flow(inline)) <= MAX_LINE:
            return inline
    if isinstance(value, dict):
        return {key: on_one_line(item) for key, item in value.items()}
    return [on_one_line(item) for item in value]


class _Layout:
    """Goes through a document in the order in which it is written."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names
        self._written: set[str] = set()

    def document(self, value: Any) -> Any:
        """Return our own part of a document with the recorded parts laid out."""
        if isinstance(value, Recorded):
            return self.recorded(value.value)
        if type(value) is dict:
            return {key: self.document(item) for key, item in value.items()}
        if type(value) is list:
            return [self.document(item) for item in value]
        return value

    def recorded(self, value: Any) -> Any:
        """Return a recorded value laid out."""
        key = _key(value)
        if key is None:
            return on_one_line(value)
        name = self._names.get(key)
        if name is not None and name in self._written:
            return Alias(name)
        laid_out: Any = value
        if isinstance(value, dict):
            laid_out = {inner: self.recorded(item) for inner, item in value.items()}
        elif isinstance(value, list):
            laid_out = [self.recorded(item) for item in value]
        if name is None:
            return laid_out
        self._written.add(name)
        return Anchor(name, laid_out)


def _recorded(value: Any) -> list[Any]:
    """Return the recorded parts of a document in the order in which they are written."""
    if isinstance(value, Recorded):
        return [value.value]
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [part for item in below for part in _recorded(item)]


def _count(value: Any, kind: str, count: Counter[str], kinds: dict[str, str]) -> None:
    """Count what is long enough to have a name; what is in a repetition is not written again."""
    key = _key(value)
    if key is None:
        return
    count[key] += 1
    if count[key] > 1:
        return
    told = value.get("type") if isinstance(value, dict) else None
    kinds[key] = told if isinstance(told, str) else kind
    if isinstance(value, dict):
        for inner, item in value.items():
            _count(item, inner, count, kinds)
    elif isinstance(value, list):
        for item in value:
            _count(item, kind, count, kinds)


def _key(value: Any) -> str | None:
    """Return what is the same for equal values; None for one that is too short for a name."""
    if not isinstance(value, dict | list | str):
        return None
    text = value if isinstance(value, str) else exact(value)
    if len(text) < MIN_REPEAT:
        return None
    sort = "text" if isinstance(value, str) else "json"
    return hashlib.sha256(f"{sort} {text}".encode("utf-8", "surrogatepass")).hexdigest()


def _names(kinds: dict[str, str]) -> dict[str, str]:
    """Return names that say what they stand for: its kind, and the start of its hash."""
    size = 6
    while len({key[:size] for key in kinds}) < len(kinds):
        size += 1
    return {
        key: f"{kind if _WORD.fullmatch(kind) else 'part'}-{key[:size]}"
        for key, kind in kinds.items()
    }


def _has_lines(value: Any) -> bool:
    """Say whether there is a text of several lines in a value."""
    if isinstance(value, str):
        return "\n" in value
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_has_lines(item) for item in below)
