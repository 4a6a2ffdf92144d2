"""Mappings of a file read key by key: all that is wrong is collected, each with its path."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from pytest_llmregress.storage.errors import UnreadableFileError, restore
from pytest_llmregress.storage.yaml.document import line_of

SHOWN = 8
"""Faults that one message lists."""

QUOTED = 40
"""Characters of a wrong value that a message quotes."""

_T = TypeVar("_T")


class MappingReader:
    """One mapping of a file. A key that is wrong gives a harmless value and a fault."""

    def __init__(self, data: Any, where: str, faults: list[str]) -> None:
        self._data: dict[Any, Any] = data if isinstance(data, dict) else {}
        self._where = where
        self._faults = faults
        if not isinstance(data, dict):
            faults.append(f"{where} is {_say(data)}, and a mapping is needed")

    def has(self, key: str) -> bool:
        """Say whether the key is there, with whatever value."""
        return key in self._data

    def blame(self, key: str, fault: str) -> None:
        """Note a fault of one key."""
        self._faults.append(f"{self._path(key)}: {fault}")

    def value(self, key: str) -> Any:
        """Return any value; a fault where the key is missing."""
        if key not in self._data:
            self._faults.append(f"{self._path(key)} is missing")
        return self._data.get(key)

    def text(self, key: str, *, default: str | None = None) -> str:
        """Return a text; without a default, the key is needed."""
        value = self._get(key, default)
        return value if isinstance(value, str) else self._wrong(key, "text", "")

    def integer(self, key: str, *, default: int | None = None) -> int:
        """Return a whole number; without a default, the key is needed."""
        value = self._get(key, default)
        return value if type(value) is int else self._wrong(key, "a whole number", 0)

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self._get(key, default)
        return value if isinstance(value, bool) else self._wrong(key, "true or false", default)

    def seconds(self, key: str) -> float | None:
        """Return a number, or None where the key is missing."""
        value = self._data.get(key)
        if value is None or type(value) in {int, float}:
            return None if value is None else float(value)
        return self._wrong(key, "a number", None)

    def choice(self, key: str, allowed: Iterable[str], *, default: str | None = None) -> str:
        """Return one of the allowed words."""
        words = [str(word) for word in allowed]
        value = self._get(key, default)
        return value if value in words else self._wrong(key, " or ".join(words), words[0])

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; empty where the key is missing."""
        value = self._data.get(key, [])
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        return self._wrong(key, "a list of texts", ())

    def items(self, key: str) -> list[Any]:
        """Return a list of anything; empty where the key is missing."""
        value = self._data.get(key, [])
        return value if isinstance(value, list) else self._wrong(key, "a list", [])

    def mapping(self, key: str) -> dict[str, Any]:
        """Return a mapping with texts for keys; empty where the key is missing."""
        value = self._data.get(key, {})
        if isinstance(value, dict) and all(isinstance(name, str) for name in value):
            return value
        return self._wrong(key, "a mapping with texts for keys", {})

    def texts_by_name(self, key: str) -> dict[str, str]:
        """Return a mapping of texts to texts; empty where the key is missing."""
        value = self.mapping(key)
        if all(isinstance(item, str) for item in value.values()):
            return value
        return self._wrong(key, "a mapping of texts", {})

    def fields(self, key: str) -> "MappingReader":
        """Return a mapping that is needed, to be read key by key."""
        return MappingReader(self._data.get(key), self._path(key), self._faults)

    def list_of_fields(self, key: str) -> list["MappingReader"]:
        """Return a list of mappings that is needed, each to be read key by key."""
        value = self._data.get(key)
        if not isinstance(value, list):
            self._wrong(key, "a list", None)
            return []
        return [
            MappingReader(item, f"{self._path(key)}[{index}]", self._faults)
            for index, item in enumerate(value)
        ]

    def _get(self, key: str, default: Any) -> Any:
        return self._data.get(key, default)

    def _path(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key

    def _wrong(self, key: str, needed: str, harmless: _T) -> _T:
        found = _say(self._data[key]) if key in self._data else "missing"
        self._faults.append(f"{self._path(key)} is {found}, and {needed} is needed")
        return harmless


def refuse(path: Path, faults: list[str], test: str | None, candidate: str | None) -> None:
    """Raise `UnreadableFileError` with all faults and the line of the first, if there are any."""
    if not faults:
        return
    more = f" (and {len(faults) - SHOWN} more)" if len(faults) > SHOWN else ""
    words = ", ".join(faults[:SHOWN]) + more
    raise UnreadableFileError(
        path, line_of(path, faults[0]), words, advice=restore(test, candidate)
    )


def expect_kind(path: Path, data: dict[str, Any], kind: str) -> None:
    """Raise `UnreadableFileError` where a file holds something else than its name says."""
    found = data.get("kind")
    if found != kind:
        fault = f"its kind is {_say(found)}, and {kind} is needed"
        raise UnreadableFileError(path, line_of(path, "kind"), fault)


def _say(value: Any) -> str:
    match value:
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case None:
            return "null"
        case _:
            text = repr(value)
            return text if len(text) <= QUOTED else f"{text[:QUOTED]}…"
