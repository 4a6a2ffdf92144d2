"""What a test compares, as plain JSON without what changes with every recording."""

import base64
import dataclasses
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, time
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from pytest_llmregress.values.canonical_json import dump_canonical_json

_VOLATILE_KEYS = frozenset({"id", "tool_use_id", "file_id"})
_VOLATILE_IDS = ("msg_", "toolu_", "srvtoolu_", "mcptoolu_", "req_", "file_", "msgbatch_")
"""How the ids begin that the provider draws anew for every recording."""
_VOLATILE_FIELDS = frozenset({"usage", "container"})
"""Of a message: what it cost, and where its code ran."""
_SEALED_FIELDS = frozenset(
    {
        ("thinking", "signature"),
        ("signature_delta", "signature"),
        ("redacted_thinking", "data"),
        ("web_search_result", "encrypted_content"),
        ("web_search_result_location", "encrypted_index"),
        ("encrypted_code_execution_result", "encrypted_stdout"),
        ("advisor_redacted_result", "encrypted_content"),
        ("compaction", "encrypted_content"),
        ("compaction", "signature"),
    }
)
"""Of a block, by its type: what only the provider can read, in other signs every time."""
_MAX_TOLD = 5
"""Values without a JSON form that one error names."""
_SIMPLE_KEY = re.compile(r"[\w-]+")


def normalize(value: object) -> Any:
    """Return a value as plain JSON, to be compared with a snapshot and written into one.

    Scalars, mappings, sequences, sets (sorted), dataclasses, pydantic models, enums (their
    value), dates, paths, bytes (as base64), Decimal, UUID. The provider's ids are left out
    wherever they stand, and so are the parts of its blocks that only it can read: signatures,
    encrypted content. A message of the Messages API also loses its usage, its container and
    its null fields, because they differ between versions of the SDK. `nan` and `inf` become
    strings, because JSON cannot express them.

    Raises TypeError, naming the places, where something has no plain JSON form.
    """
    walk = JsonCleaner()
    try:
        plain = walk.visit(value, "root")
    except RecursionError:
        raise TypeError(
            "llm_snapshot: the value is nested too deeply to be compared; "
            "compare with one of its parts"
        ) from None
    if walk.problems:
        told = walk.problems[:_MAX_TOLD]
        rest = len(walk.problems) - len(told)
        lines = "\nllm_snapshot: ".join([*told, f"and {rest} more"] if rest else told)
        raise TypeError(
            f"llm_snapshot: {lines}; compare with one of its fields, or give a dataclass or a dict"
        )
    return plain


def find_key_changes(before: Any, after: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the key paths, with their types, that only one of two JSON values has: lost, gained.

    The items of a list share one path: "items[].price: number". Of an object or a list that is
    on one side only, the path is told and not what is in it.
    """
    old, new = dict(_shape(before, "")), dict(_shape(after, ""))
    return _only_in(old, new), _only_in(new, old)


class JsonCleaner:
    """One way through a value; collects what has no JSON form instead of stopping at the first."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._open: dict[int, str] = {}
        """The containers around the current place, and where each of them is."""

    def visit(self, value: Any, where: str) -> Any:
        """Return plain JSON; note a value that has no JSON form, and return None."""
        while isinstance(value, Enum):
            value = value.value
        found, scalar = _scalar(value)
        if found:
            return scalar
        if id(value) in self._open:
            return self._fail(
                where, f"is {self._open[id(value)]} again, a cycle, which no JSON has"
            )
        self._open[id(value)] = where
        try:
            return self._container(value, where)
        finally:
            del self._open[id(value)]

    def _container(self, value: Any, where: str) -> Any:
        plain: Any = None
        if isinstance(value, type):
            self._fail(where, f"is the class {value.__qualname__}, not an instance of it")
        # Looked up on the class, since mocks and proxies have every attribute one asks them for.
        elif hasattr(type(value), "model_dump"):
            plain = self._model(value, where)
        elif dataclasses.is_dataclass(value):
            fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
            plain = {name: self.visit(item, f"{where}.{name}") for name, item in fields.items()}
        elif isinstance(value, Mapping):
            plain = self._mapping(value, where)
        elif isinstance(value, Sequence):
            plain = [self.visit(item, f"{where}[{index}]") for index, item in enumerate(value)]
        elif isinstance(value, AbstractSet):
            plain = _sorted([self.visit(item, f"{where}{{…}}") for item in value])
        elif hasattr(type(value), "__fspath__"):
            plain = self.visit(value.__fspath__(), where)
        else:
            self._fail(where, f"is {_a(type(value).__qualname__)}, which has no plain JSON form")
        return _stable(plain) if isinstance(plain, dict) else plain

    def _model(self, value: Any, where: str) -> Any:
        try:
            try:
                # A reply newer than the SDK's types makes pydantic warn.
                dumped = value.model_dump(mode="json", warnings=False)
            except TypeError:  # something else than pydantic
                dumped = value.model_dump(mode="json")
        except (TypeError, ValueError) as error:
            what = f"is {_a(type(value).__qualname__)} that does not dump itself as JSON: {error}"
            return self._fail(where, what)
        return self.visit(dumped, where)

    def _mapping(self, value: Mapping[Any, Any], where: str) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        origin: dict[str, Any] = {}
        for key, item in value.items():
            name = self.visit(key, f"{where}, the key {key!r:.40},")
            if not isinstance(name, str):
                name = dump_canonical_json(name)
            if origin.setdefault(name, key) is not key and not self.problems:
                pair = f"{origin[name]!r} and {key!r}"
                self._fail(where, f"has the keys {pair}, which are one and the same in JSON")
            plain[name] = self.visit(item, f"{where}[{name!r}]")
        return plain

    def _fail(self, where: str, what: str) -> None:
        self.problems.append(f"{where} {what}")


def _scalar(value: Any) -> tuple[bool, Any]:
    """Return whether a value is one without parts, and its JSON form."""
    match value:
        case None | bool():
            plain: Any = value
        case str():
            plain = str.__str__(value)
        case int():
            plain = int(value)
        case float():
            plain = float(value) if math.isfinite(value) else str(float(value))
        case bytes() | bytearray() | memoryview():
            plain = {"base64": base64.b64encode(value).decode("ascii")}
        case date() | time():  # a datetime is a date
            plain = value.isoformat()
        case Decimal() | UUID():
            plain = str(value)
        case _:
            return False, None
    return True, plain


def _stable(plain: dict[str, Any]) -> dict[str, Any]:
    """Leave out of an object what is new in every recording."""
    kept = {
        key: value
        for key, value in plain.items()
        if not (isinstance(value, str) and _is_volatile(plain, key, value))
    }
    if kept.get("type") != "message" or kept.get("role") != "assistant" or "content" not in kept:
        return kept
    message = {key: value for key, value in kept.items() if key not in _VOLATILE_FIELDS}
    return {key: _without_null(value) for key, value in message.items() if value is not None}


def _is_volatile(plain: Mapping[str, Any], key: str, value: str) -> bool:
    if key in _VOLATILE_KEYS:
        return value.startswith(_VOLATILE_IDS)
    kind = plain.get("type")
    return isinstance(kind, str) and (kind, key) in _SEALED_FIELDS


def _without_null(value: Any) -> Any:
    """Leave out nulls at any depth, but not from what the model itself wrote as JSON."""
    if isinstance(value, list):
        return [_without_null(item) for item in value]
    if isinstance(value, dict):
        return {
            key: item if key == "input" else _without_null(item)
            for key, item in value.items()
            if item is not None
        }
    return value


def _sorted(items: list[Any]) -> list[Any]:
    """Sort the items of a set: numbers and texts in their own order, anything else by its JSON."""
    kinds = {"number" if isinstance(item, (int, float)) else type(item).__name__ for item in items}
    return (
        sorted(items) if kinds in ({"number"}, {"str"}) else sorted(items, key=dump_canonical_json)
    )


def _a(name: str) -> str:
    return f"an {name}" if name[:1].lower() in set("aeiou") else f"a {name}"


def _shape(value: Any, path: str) -> Iterable[tuple[str, str]]:
    """Yield "path: type" for a value and all that is in it, each with its parent's path: type."""
    yield from _shape_below(value, path, "")


def _shape_below(value: Any, path: str, parent: str) -> Iterable[tuple[str, str]]:
    own = f"{path or 'root'}: {_type(value)}"
    yield own, parent
    if isinstance(value, dict):
        for key, item in value.items():
            name = key if _SIMPLE_KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False)
            yield from _shape_below(item, f"{path}.{name}" if path else name, own)
    elif isinstance(value, list):
        for item in value:
            yield from _shape_below(item, f"{path}[]", own)


def _only_in(shape: Mapping[str, str], other: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(
        own for own, parent in shape.items() if own not in other and (not parent or parent in other)
    )


def _type(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "list"
    return "object"
