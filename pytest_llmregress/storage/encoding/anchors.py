"""What recurs in what was recorded is written once, under a name, and told by it after that."""

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from pytest_llmregress.storage.encoding.repeated_history import exact
from pytest_llmregress.storage.yaml.emitter import Alias, Anchor, FlowList, FlowMapping, dump_flow

MIN_REPEAT = 512
"""Characters of JSON from which on what recurs gets a name; shorter things are plainer as is."""

MIN_APART = 8192
"""Characters of JSON from which on what recurs stands before the calls, to keep those short."""

MAX_LINE = 110
"""Characters of a list or mapping that is written on one line."""

MAX_HEIGHT = 2
"""Lists and mappings inside of one another that are still on one line."""

_WORD = re.compile(r"[a-z][a-z0-9_]{0,30}")


@dataclass(frozen=True, slots=True)
class AnchoredText:
    """A part of a document that came over the wire, for `share` to lay out."""

    value: Any


@dataclass(slots=True, kw_only=True)
class _Found:
    """A value that is long enough to have a name."""

    value: Any
    size: int
    kind: str
    times: int = 0


def anchor_repeats(document: dict[str, Any], *, before: str) -> dict[str, Any]:
    """Return a document with its recorded parts laid out: short on one line, repeated by name.

    What is repeated and long gets a place of its own, in front of the key `before`.
    """
    found: dict[str, _Found] = {}
    for part in _recorded(document):
        _find(part, "part", found)
    found = {key: each for key, each in found.items() if each.times > 1}
    layout = _Layout(_names(found))
    apart = [layout.recorded(each.value) for each in found.values() if each.size >= MIN_APART]
    shared: dict[str, Any] = {}
    for key, item in document.items():
        if key == before and apart:
            shared["repeated"] = [each for each in apart if isinstance(each, Anchor)]
        shared[key] = layout.document(item)
    return shared


def on_one_line(value: Any) -> Any:
    """Return a value with the lists and mappings in it on one line each that fit there."""
    if not isinstance(value, dict | list) or not value:
        return value
    if _is_flat(value, MAX_HEIGHT) and len(exact(value)) <= 2 * MAX_LINE:
        inline = FlowMapping(value) if isinstance(value, dict) else FlowList(value)
        if len(dump_flow(inline)) <= MAX_LINE:
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
        if isinstance(value, AnchoredText):
            return self.recorded(value.value)
        if type(value) is dict:
            return {key: self.document(item) for key, item in value.items()}
        if type(value) is list:
            return [self.document(item) for item in value]
        return value

    def recorded(self, value: Any) -> Any:
        """Return a recorded value laid out."""
        identity = _identify(value)
        if identity is None:
            return on_one_line(value)
        name = self._names.get(identity[0])
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
    if isinstance(value, AnchoredText):
        return [value.value]
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [part for item in below for part in _recorded(item)]


def _find(value: Any, kind: str, found: dict[str, _Found]) -> None:
    """Note what is long enough to have a name; what is in a repetition is not written again."""
    if (identity := _identify(value)) is None:
        return
    key, size = identity
    told = value.get("type") if isinstance(value, dict) else None
    each = found.setdefault(
        key, _Found(value=value, size=size, kind=told if isinstance(told, str) else kind)
    )
    each.times += 1
    if each.times > 1:
        return
    if isinstance(value, dict):
        for inner, item in value.items():
            _find(item, inner, found)
    elif isinstance(value, list):
        for item in value:
            _find(item, kind, found)


def _identify(value: Any) -> tuple[str, int] | None:
    """Return what is the same for equal values, and the size; None for one too short for a name."""
    if not isinstance(value, dict | list | str):
        return None
    text = value if isinstance(value, str) else exact(value)
    if len(text) < MIN_REPEAT:
        return None
    sort = "text" if isinstance(value, str) else "json"
    key = hashlib.sha256(f"{sort} {text}".encode("utf-8", "surrogatepass")).hexdigest()
    return key, len(text)


def _names(found: dict[str, _Found]) -> dict[str, str]:
    """Return names that say what they stand for: its kind, and the start of its hash."""
    size = 6
    while len({key[:size] for key in found}) < len(found):
        size += 1
    return {
        key: f"{each.kind if _WORD.fullmatch(each.kind) else 'part'}-{key[:size]}"
        for key, each in found.items()
    }


def _is_flat(value: Any, height: int) -> bool:
    """Say whether a value may be on one line: no text of several lines, no list of mappings."""
    if isinstance(value, str):
        return "\n" not in value
    if not isinstance(value, dict | list):
        return True
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return False
    below = value.values() if isinstance(value, dict) else value
    return height > 0 and all(_is_flat(item, height - 1) for item in below)
