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

TOO_DEEP = f"it is nested more than {MAX_DEPTH} deep"

MAX_EXPANDED = 512 * 1024 * 1024
"""Characters that a file stands for, with all that it tells once and means several times."""

JSON_TAG = "!json"
"""Marks a text that YAML cannot hold (half of a surrogate pair): its scalar is JSON."""

_TAG = "tag:yaml.org,2002:"
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_NOT_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOTHING: Any = object()


class YamlSyntaxError(Exception):
    """What is wrong with a text, and in which line."""

    def __init__(self, line: int | None, words: str) -> None:
        super().__init__(words)
        self.line = line
        self.words = words


class _Open:
    """A list or mapping whose end has not come yet."""

    __slots__ = ("anchor", "height", "key", "size", "value")

    def __init__(self, value: "list[Any] | dict[Any, Any]", anchor: str | None) -> None:
        self.value = value
        self.anchor = anchor
        self.key: Any = _NOTHING
        self.size = 2
        self.height = 0
        """Of the highest of its elements."""

    def add(self, found: tuple[Any, int, int], line: int) -> None:
        """Take the next element, key or value, with its size and height."""
        item, size, height = found
        self.size += size
        self.height = max(self.height, height)
        if isinstance(self.value, list):
            self.value.append(item)
        elif self.key is not _NOTHING:
            self.value[self.key] = item
            self.key = _NOTHING
        elif isinstance(item, list | dict):
            raise YamlSyntaxError(line, "a list or mapping is used as a key")
        elif item in self.value:
            raise YamlSyntaxError(line, f"the key {item!r} stands there twice")
        else:
            self.key = item


def parse(text: str, *, aliases: bool = False) -> Any:
    """Return what a YAML text says, as JSON values; `YamlSyntaxError` where it is not such a text.

    It reads events and builds the values itself, without recursion: libyaml's own composer
    overflows the stack of the process on deep nesting, follows aliases into bombs, and lets the
    last of two equal keys win. Dates stay text. An alias, where they are allowed, gives the very
    object that has its anchor.
    """
    if found := _NOT_YAML.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise YamlSyntaxError(line, f"the character U+{ord(found[0]):04X} is not allowed in YAML")
    try:
        return _build(text, _Anchors(allowed=aliases))
    except yaml.YAMLError as error:
        raise explain(error, "it is no YAML") from None


def explain(error: yaml.YAMLError, refusal: str) -> YamlSyntaxError:
    """Return an error of PyYAML as a fault with its line; `refusal` begins its words.

    libyaml looks ahead in a line. In PyYAML 6.0.4 it so refuses deep nesting before this package
    sees the list or mapping that is too deep; older versions leave that to this package. A user
    reads the same words in both cases.
    """
    if not isinstance(error, yaml.MarkedYAMLError):
        return YamlSyntaxError(None, f"{refusal}: {error}")
    mark = error.problem_mark or error.context_mark
    line = None if mark is None else mark.line + 1
    problem = str(error.problem or error.context)
    return YamlSyntaxError(line, TOO_DEEP if "nesting" in problem else f"{refusal}: {problem}")


def find_line(text: str, fault: str) -> int | None:
    """Return the line of the place that a fault begins with: "behavior.text.severity is 7".

    It is that of the nearest place around where there is none. The text has been parsed before:
    composing it again is safe then.
    """
    try:
        node = yaml.compose(text, Loader=Loader)
    except yaml.YAMLError:
        return None
    line, rest = None, fault
    while node is not None:
        node, found, rest = _step(node, rest)
        line = line if found is None else found
    return line


def _step(node: yaml.Node, rest: str) -> tuple[yaml.Node | None, int | None, str]:
    """Return the node that the first part of a path leads to, its line, and the path after it."""
    if isinstance(node, yaml.MappingNode):
        fitting = [
            (key, value)
            for key, value in node.value
            if isinstance(key.value, str)
            and rest.startswith(key.value)
            and rest[len(key.value) :][:1] in _ENDS_OF_A_KEY
        ]
        if fitting:
            key, value = max(fitting, key=lambda pair: len(pair[0].value))  # keys may hold points
            return value, _mark_line(key), rest[len(key.value) :].removeprefix(".")
    elif isinstance(node, yaml.SequenceNode) and (index := _INDEX.match(rest)):
        for item in node.value[int(index[1]) :][:1]:
            return item, _mark_line(item), rest[index.end() :]
    return None, None, rest


_ENDS_OF_A_KEY = ("", ".", "[", ":", " ")
_INDEX = re.compile(r"\[(\d{1,9})\]\.?")


def _mark_line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


class _Anchors:
    """The values that have an anchor, and how much their aliases stand for."""

    def __init__(self, *, allowed: bool) -> None:
        self._allowed = allowed
        self._known: dict[str, tuple[Any, int, int]] = {}
        self._left = MAX_EXPANDED

    def keep(self, event: Any, anchor: str | None, found: tuple[Any, int, int]) -> None:
        """Remember a value with its size and height, if it has an anchor."""
        if anchor is None or not self._allowed:
            return
        if anchor in self._known:
            raise YamlSyntaxError(_line(event), f"the YAML anchor &{anchor} stands there twice")
        self._known[anchor] = found

    def follow(self, event: Any, depth: int) -> tuple[Any, int, int]:
        """Return the value that an alias stands for."""
        alias = f"the YAML alias *{event.anchor}"
        if not self._allowed:
            raise YamlSyntaxError(_line(event), f"{alias} is not allowed here")
        if event.anchor not in self._known:
            raise YamlSyntaxError(_line(event), f"{alias} stands for nothing that ends before it")
        value, size, height = self._known[event.anchor]
        self._left -= size
        if self._left < 0:
            limit = MAX_EXPANDED // 1024 // 1024
            raise YamlSyntaxError(_line(event), f"with {alias} it stands for more than {limit} MiB")
        if depth + height > MAX_DEPTH:
            raise YamlSyntaxError(
                _line(event), f"with {alias} it is nested more than {MAX_DEPTH} deep"
            )
        return value, size, height


def _build(text: str, anchors: _Anchors) -> Any:
    root: Any = _NOTHING
    opened: list[_Open] = []
    for event in yaml.parse(text, Loader=Loader):
        found: tuple[Any, int, int]
        if isinstance(event, yaml.ScalarEvent):
            found = (_scalar(event), len(event.value) + 1, 0)
            anchors.keep(event, event.anchor, found)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            _refuse_tag(event)
            if len(opened) == MAX_DEPTH:
                raise YamlSyntaxError(_line(event), TOO_DEEP)
            empty: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
            opened.append(_Open(empty, event.anchor))
            continue
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            closed = opened.pop()
            found = (closed.value, closed.size, closed.height + 1)
            anchors.keep(event, closed.anchor, found)
        elif isinstance(event, yaml.AliasEvent):
            found = anchors.follow(event, len(opened))
        elif isinstance(event, yaml.DocumentStartEvent) and root is not _NOTHING:
            raise YamlSyntaxError(_line(event), "a second YAML document starts here")
        else:
            continue
        if opened:
            opened[-1].add(found, _line(event))
        else:
            root = found[0]
    if root is _NOTHING:
        raise YamlSyntaxError(None, "it is empty")
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
        raise YamlSyntaxError(
            _line(event), f"{text[:20]!r}… is no number that can be read"
        ) from None


def _json_text(event: yaml.ScalarEvent) -> str:
    try:
        text = json.loads(event.value)
    except (ValueError, RecursionError):
        text = None
    if not isinstance(text, str):
        raise YamlSyntaxError(_line(event), f"{JSON_TAG} marks something that is no JSON string")
    return text


def _refuse_tag(event: Any) -> None:
    tag = event.tag
    if tag not in {None, "!", f"{_TAG}str", f"{_TAG}map", f"{_TAG}seq"}:
        short = str(tag).replace(_TAG, "!!", 1)
        raise YamlSyntaxError(_line(event), f"the YAML tag {short} is not allowed here")


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
