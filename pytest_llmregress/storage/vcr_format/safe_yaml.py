"""From a YAML text that somebody else wrote to plain values, and no bomb goes off in between."""

from dataclasses import dataclass
from typing import Any

import yaml

from pytest_llmregress.storage.yaml.parser import MAX_DEPTH, TOO_DEEP, YamlSyntaxError, explain

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # PyYAML without libyaml: slower, the same otherwise
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

MAX_ALIASED_NODES = 1_000_000
"""Values that all aliases of a file stand for together."""
MAX_ALIASED_CHARACTERS = 64 * 1024 * 1024
"""Characters of text that they stand for."""

_REFUSAL = "it is no YAML that can be read safely"
_TAG = "tag:yaml.org,2002:"
_LEFT_AS_TEXT = {f"{_TAG}timestamp", f"{_TAG}value"}


@dataclass(slots=True, kw_only=True)
class _Size:
    """How much a value comes to, written without aliases."""

    anchor: str | None = None
    nodes: int = 1
    characters: int = 0
    height: int = 0
    """Lists and mappings inside of it, one inside of the other."""

    def add(self, other: "_Size") -> None:
        """Take up a value that stands inside of this one."""
        self.nodes += other.nodes
        self.characters += other.characters
        self.height = max(self.height, other.height + 1)


class _ForeignLoader(Loader):
    """PyYAML's safe loader; dates stay text, and the harmless Python tags of vcrpy are known."""


_ForeignLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _LEFT_AS_TEXT]
    for first, resolvers in Loader.yaml_implicit_resolvers.items()
}


def load_yaml(text: str) -> Any:
    """Return what a YAML text says; `YamlSyntaxError` where it cannot be read safely."""
    try:
        _measure(text)
        return yaml.load(text, Loader=_ForeignLoader)  # noqa: S506 - a subclass of the safe one
    except yaml.YAMLError as error:
        raise explain(error, _REFUSAL) from None
    except (ValueError, RecursionError) as error:
        raise YamlSyntaxError(None, f"{_REFUSAL}: {error}") from None


def _measure(text: str) -> None:
    """Refuse what would overflow the stack, or the memory, when it is built."""
    opened: list[_Size] = []
    known: dict[str, _Size] = {}
    aliased = _Size()
    for event in yaml.parse(text, Loader=Loader):
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            _check_depth(event, len(opened) + 1)
            opened.append(_Size(anchor=event.anchor))
            continue
        if isinstance(event, yaml.ScalarEvent):
            size = _Size(anchor=event.anchor, characters=len(event.value))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            size = opened.pop()
        elif isinstance(event, yaml.AliasEvent):
            size = _resolve(event, known)
            _check_depth(event, len(opened) + size.height)
            aliased.add(size)
            if aliased.nodes > MAX_ALIASED_NODES or aliased.characters > MAX_ALIASED_CHARACTERS:
                raise YamlSyntaxError(_line(event), "its aliases stand for more than can be read")
        else:
            continue
        if size.anchor is not None:
            known[size.anchor] = size
        if opened:
            opened[-1].add(size)


def _resolve(event: yaml.AliasEvent, known: dict[str, _Size]) -> _Size:
    size = known.get(event.anchor or "")
    if size is None:
        raise YamlSyntaxError(
            _line(event), f"the alias *{event.anchor} stands for nothing, or for itself"
        )
    return _Size(nodes=size.nodes, characters=size.characters, height=size.height)


def _check_depth(event: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise YamlSyntaxError(_line(event), TOO_DEEP)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _construct_text(loader: Any, node: Any) -> Any:
    return loader.construct_scalar(node)


def _construct_list(loader: Any, node: Any) -> Any:
    return loader.construct_sequence(node, deep=True)


def _construct_file(loader: Any, node: Any) -> Any:
    """Return what a file held that was sent as a body."""
    return _first(loader.construct_mapping(node, deep=True).get("state"), b"")


def _construct_iterator(loader: Any, node: Any) -> Any:
    """Return the parts of a body that was sent bit by bit."""
    return _first(loader.construct_mapping(node, deep=True).get("args"), [])


def _first(items: Any, default: Any) -> Any:
    return items[0] if isinstance(items, list) and items else default


for _name, _construct in (
    ("str", _construct_text),
    ("unicode", _construct_text),
    ("tuple", _construct_list),
    ("object/new:_io.BytesIO", _construct_file),
    ("object/apply:builtins.iter", _construct_iterator),
):
    _ForeignLoader.add_constructor(f"{_TAG}python/{_name}", _construct)
