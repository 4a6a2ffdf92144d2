"""The JSON schemas of a request, for its answer and its tools: closed values, optional keys."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MAX_DEPTH = 12
MAX_PLACES = 500
"""Places of one schema that are looked at."""
_SIMPLE_KEY = re.compile(r"[\w-]+")


def find_tool_schema(tools: Sequence[Mapping[str, Any]], tool: str) -> Mapping[str, Any]:
    """Return the JSON schema of a tool's arguments; an empty one where no tool has one."""
    for given in tools:
        described = given.get("function", given)
        if isinstance(described, Mapping) and described.get("name") == tool:
            found = described.get("input_schema", described.get("parameters"))
            return found if isinstance(found, Mapping) else {}
    return {}


def find_closed_places(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the places whose values a schema lists, sorted: "risk", "lines[].state"."""
    found = {place for place, part, _ in _walk(schema) if "enum" in part or "const" in part}
    return tuple(sorted(found))


def find_optional_places(schema: Mapping[str, Any]) -> frozenset[str]:
    """Return the places that a schema names and does not require."""
    return frozenset(place for place, _, is_optional in _walk(schema) if is_optional)


def _walk(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Yield place and schema of each value, and whether it may be absent."""
    level: list[tuple[str, Any, bool]] = [("", schema, False)]
    left = MAX_PLACES
    for _ in range(MAX_DEPTH):
        below: list[tuple[str, Any, bool]] = []
        for place, given, is_optional in level:
            for part in _alternatives(given, schema):
                if not left:
                    return
                left -= 1
                yield place, part, is_optional
                below += _children(place, part)
        level = below


def _alternatives(given: Any, root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a schema, or those that it refers to or chooses from."""
    if not isinstance(given, Mapping):
        return
    reference = given.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/"):
        found: Any = root
        for key in reference.removeprefix("#/").split("/"):
            found = found.get(key) if isinstance(found, Mapping) else None
        given = found if isinstance(found, Mapping) else {}
    yield given
    for name in ("anyOf", "oneOf", "allOf"):
        several = given.get(name)
        if isinstance(several, list):
            yield from (each for each in several if isinstance(each, Mapping))


def _children(place: str, part: Mapping[str, Any]) -> Iterator[tuple[str, Any, bool]]:
    properties, required = part.get("properties"), part.get("required")
    required = required if isinstance(required, list) else []
    if isinstance(properties, Mapping):
        for key, below in properties.items():
            name = key if _SIMPLE_KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False)
            yield f"{place}.{name}" if place else name, below, key not in required
    if "items" in part:
        yield f"{place}[]", part["items"], False
