"""Puts a call of a function together whose arguments Vertex streams in pieces."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from pytest_llmregress.providers.json_access import read_mapping, read_objects, read_string

_STEP = re.compile(r"[^.\[\]'\"]+")
"""One name or number of a path such as "$.stops[0].city"."""
_VALUES = ("stringValue", "numberValue", "boolValue")


def join_calls(parts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return parts with each call whole: pieces without a name go on with the call before."""
    joined: list[dict[str, Any]] = []
    arguments: dict[str, Any] = {}
    for part in parts:
        call = read_mapping(part.get("functionCall"))
        if "functionCall" not in part:
            joined.append(part)
        elif read_string(call.get("name")):
            arguments = dict(read_mapping(call.get("args")))
            joined.append({**part, "functionCall": {**call, "args": arguments}})
        for piece in read_objects(call.get("partialArgs")):
            _put(arguments, piece)
    return joined


def _put(arguments: dict[str, Any], piece: dict[str, Any]) -> None:
    """Add a piece of one argument: a text goes on with the text that is there."""
    path = _STEP.findall((read_string(piece.get("jsonPath")) or "").removeprefix("$"))
    if not path:
        return
    place: Any = arguments
    for step, following in pairwise(path):
        place = _enter(place, step, [] if following.isdecimal() else {})
    value = next((piece[key] for key in _VALUES if key in piece), None)
    before = _enter(place, path[-1], None)
    if isinstance(before, str) and isinstance(value, str):
        value = before + value
    if isinstance(place, dict):
        place[path[-1]] = value
    elif isinstance(place, list):
        place[_index(place, path[-1])] = value


def _enter(place: Any, step: str, default: Any) -> Any:
    """Return what stands at a step, or put something new there; a list grows by one at most."""
    if isinstance(place, dict):
        return place.setdefault(step, default)
    if not isinstance(place, list):
        return default
    if not step.isdecimal() or int(step) >= len(place):
        place.append(default)
    return place[_index(place, step)]


def _index(place: list[Any], step: str) -> int:
    return min(int(step), len(place) - 1) if step.isdecimal() else -1
