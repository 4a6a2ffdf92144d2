"""Records as JSON: the fields of a dataclass by their names, in their order."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from enum import StrEnum
from functools import cache
from types import NoneType
from typing import Any, NamedTuple, Self, get_args, get_origin, get_type_hints

NOT_WRITTEN = {"json": False}
"""Metadata of a field that no file holds; reading gives its default."""

_Convert = Callable[[Any], Any]


class JsonRecord:
    """A frozen dataclass that is written as JSON and read again.

    A field holds a string, a number, a truth value, a string enum, another record, None, or a
    tuple or mapping of these. A field of type `Any` holds JSON as it is.
    """

    __slots__ = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON: no enums, no tuples."""
        return write_fields(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote; KeyError, TypeError or ValueError where it is something else.

        A field that is missing has its default, and keys that are no field are left alone.
        """
        return cls(**read_fields(cls, data))


def write_fields(record: JsonRecord) -> dict[str, Any]:
    """Return the fields of a record as plain JSON."""
    kind: Any = type(record)
    return {each.name: each.write(getattr(record, each.name)) for each in _codec(kind)}


def read_fields(kind: Any, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of the fields of a record class; errors as of `from_json`."""
    return {
        each.name: each.read(data[each.name])
        for each in _codec(kind)
        if not each.has_default or each.name in data
    }


class _FieldCodec(NamedTuple):
    """How one field is written and read."""

    name: str
    has_default: bool
    write: _Convert
    read: _Convert


@cache
def _codec(kind: type[Any]) -> tuple[_FieldCodec, ...]:
    hints = get_type_hints(kind)
    return tuple(
        _FieldCodec(
            name=each.name,
            has_default=each.default is not MISSING or each.default_factory is not MISSING,
            write=_convert(hints[each.name], leaf=_writer, sequence=list),
            read=_convert(hints[each.name], leaf=_reader, sequence=tuple),
        )
        for each in fields(kind)
        if each.metadata.get("json", True)
    )


def _convert(hint: Any, *, leaf: Callable[[type], _Convert], sequence: type) -> _Convert:
    """Return what converts a value of this type."""
    arguments = get_args(hint)
    if NoneType in arguments:
        (given,) = (argument for argument in arguments if argument is not NoneType)
        convert = _convert(given, leaf=leaf, sequence=sequence)
        return lambda value: None if value is None else convert(value)
    if get_origin(hint) is tuple:
        convert = _convert(arguments[0], leaf=leaf, sequence=sequence)
        return lambda values: sequence(map(convert, values))
    if get_origin(hint) is Mapping:
        convert = _convert(arguments[1], leaf=leaf, sequence=sequence)
        return lambda values: {key: convert(value) for key, value in values.items()}
    return leaf(hint) if isinstance(hint, type) else _keep


def _writer(kind: type) -> _Convert:
    if issubclass(kind, JsonRecord):
        return kind.to_json
    return str if issubclass(kind, StrEnum) else _keep  # xdist sends a plain str alone


def _reader(kind: type) -> _Convert:
    if issubclass(kind, JsonRecord):
        return kind.from_json
    return kind if issubclass(kind, StrEnum) else _keep


def _keep(value: Any) -> Any:
    return value
