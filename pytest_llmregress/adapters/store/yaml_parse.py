"""From YAML text to plain values, without anything that a file of ours never holds."""

import json
import re
from typing import Any

import yaml

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # PyYAML without libyaml: slower, the same otherwise
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

MAX_DEPTH = 100
"""Lists and mappings inside of one another. Deeper ones could end the process, not the read."""

JSON_TAG = "!json"
"""Marks a text that YAML cannot hold (half of a surrogate pair): its scalar is JSON."""

_TAG = "tag:yaml.org,2002:"
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_NOT_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOTHING: Any = object()


class Fault(Exception):  # noqa: N818 - it is caught where the path is known, and named there
    """What is wrong with a text, and in which line."""

    def __init__(self, line: int | None, words: str) -> None:
        super().__init__(words)
        self.line = line
        self.words = words


class _Open:
    """A list or mapping whose end has not come yet."""

    __slots__ = ("key", "value")

    def __init__(self, value: "list[Any] | dict[Any, Any]") -> None:
        self.value = value
        self.key: Any = _NOTHING

    def add(self, item: Any, line: int) -> None:
        """Take the next element, key or value."""
        if isinstance(self.value, list):
            self.value.append(item)
        elif self.key is not _NOTHING:
            self.value[self.key] = item
            self.key = _NOTHING
        elif isinstance(item, list | dict):
            raise Fault(line, "a list or mapping is used as a key")
        elif item in self.value:
            raise Fault(line, f"the key {item!r} stands there twice")
        else:
            self.key = item


def parse(text: str) -> Any:
    """Return what a YAML text says, as JSON values; raise `Fault` where it is not such a text.

    It reads events and builds the values itself, without recursion: libyaml's own composer
    overflows the stack of the process on deep nesting, follows aliases into bombs, and lets the
    last of two equal keys win. Dates stay text.
    """
    if found := _NOT_YAML.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise Fault(line, f"the character U+{ord(found[0]):04X} is not allowed in YAML")
    try:
        return _build(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = f"it is no YAML: {error.problem or error.context}"
        raise Fault(None if mark is None else mark.line + 1, words) from None
    except yaml.YAMLError as error:
        raise Fault(None, f"it is no YAML: {error}") from None


def _build(text: str) -> Any:
    root: Any = _NOTHING
    opened: list[_Open] = []
    for event in yaml.parse(text, Loader=Loader):
        item: Any
        if isinstance(event, yaml.ScalarEvent):
            item = _scalar(event)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            _refuse_tag(event)
            if len(opened) == MAX_DEPTH:
                raise Fault(_line(event), f"it is nested more than {MAX_DEPTH} deep")
            opened.append(_Open({} if isinstance(event, yaml.MappingStartEvent) else []))
            continue
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            item = opened.pop().value
        elif isinstance(event, yaml.AliasEvent):
            raise Fault(_line(event), f"the YAML alias *{event.anchor} is not allowed here")
        elif isinstance(event, yaml.DocumentStartEvent) and root is not _NOTHING:
            raise Fault(_line(event), "a second YAML document starts here")
        else:
            continue
        if opened:
            opened[-1].add(item, _line(event))
        else:
            root = item
    if root is _NOTHING:
        raise Fault(None, "it is empty")
    return root


def is_text(plain: str) -> bool:
    """Say whether an unquoted scalar is read as text by every reader of YAML 1.1."""
    return _tag_of(plain) is None and plain not in {"y", "n", "Y", "N"}


def _tag_of(plain: str) -> str | None:
    """Return what YAML 1.1 takes an unquoted scalar for, or None for text."""
    for tag, pattern in yaml.SafeLoader.yaml_implicit_resolvers.get(plain[:1], ()):
        if pattern.match(plain):
            return str(tag).removeprefix(_TAG)
    return None


def _scalar(event: yaml.ScalarEvent) -> Any:
    text: str = event.value
    if event.tag == JSON_TAG:
        return _json_text(event)
    _refuse_tag(event)
    if event.tag is not None or not event.implicit[0]:
        return text
    tag = _tag_of(text)
    match tag:
        case "null":
            return None
        case "bool":
            return text.lower() in {"true", "yes", "on"}
        case "int" | "float":
            return _number(event, tag)
        case _:
            return text


def _number(event: yaml.ScalarEvent, tag: str) -> int | float:
    text: str = event.value
    try:
        if tag == "int" and _DECIMAL.fullmatch(text):
            return int(text)
        node = yaml.ScalarNode(_TAG + tag, text)
        constructor = yaml.constructor.SafeConstructor()
        if tag == "int":
            return int(constructor.construct_yaml_int(node))
        return float(constructor.construct_yaml_float(node))
    except ValueError:
        raise Fault(_line(event), f"{text[:20]!r}… is no number that can be read") from None


def _json_text(event: yaml.ScalarEvent) -> str:
    try:
        text = json.loads(event.value)
    except (ValueError, RecursionError):
        text = None
    if not isinstance(text, str):
        raise Fault(_line(event), f"{JSON_TAG} marks something that is no JSON string")
    return text


def _refuse_tag(event: Any) -> None:
    tag = event.tag
    if tag not in {None, "!", f"{_TAG}str", f"{_TAG}map", f"{_TAG}seq"}:
        short = str(tag).replace(_TAG, "!!", 1)
        raise Fault(_line(event), f"the YAML tag {short} is not allowed here")


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
