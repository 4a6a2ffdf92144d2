"""JSON out of the wire, where anything may stand in the place of anything."""

import json
from collections.abc import Container
from typing import Any


def parse(text: str | bytes) -> Any:
    """Return the JSON value that a text holds, or None where it holds none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def read_mapping(value: Any) -> dict[str, Any]:
    """Return an object, or an empty one where it is something else."""
    return value if isinstance(value, dict) else {}


def read_field(value: Any) -> dict[str, Any]:
    """Return the items of an object that are not null."""
    return {key: item for key, item in read_mapping(value).items() if item is not None}


def read_string(value: Any) -> str | None:
    """Return a string that is not empty, or None."""
    return value if isinstance(value, str) and value else None


def is_one_of(value: Any, words: Container[str]) -> bool:
    """Whether a value is one of some words; an object or a list, which no set can hold, is none."""
    return isinstance(value, str) and value in words


def read_objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list; an empty list for anything else, and what is none left out."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
