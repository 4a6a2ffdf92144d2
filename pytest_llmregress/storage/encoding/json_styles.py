"""JSON as text: which of the known ways to write it gives back every byte."""

import json
from collections.abc import Callable, Iterable
from hashlib import sha256
from operator import is_
from typing import Any

from pytest_llmregress.storage.yaml.validation import MappingReader

MAX_DEPTH = 64
"""Of JSON that is stored as structure; what is nested deeper is stored as text."""

STYLES: dict[str, Callable[[Any], str]] = {
    "compact": json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode,
    "compact-ascii": json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode,
    "spaced": json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode,
    "spaced-ascii": json.JSONEncoder(allow_nan=False).encode,
    "indented": json.JSONEncoder(ensure_ascii=False, allow_nan=False, indent=2).encode,
}
"""The ways to write JSON that are told apart, by name; the first is the one without a name."""

DEFAULT = next(iter(STYLES))

_SEPARATORS = {
    "compact": (",", ":"),
    "compact-ascii": (",", ":"),
    "spaced": (", ", ": "),
    "spaced-ascii": (", ", ": "),
}


class TooLargeError(Exception):
    """The bodies of a file come to more than a file may hold."""


class SizeLimit:
    """How many characters the bodies of a file may still come to."""

    def __init__(self, limit: int) -> None:
        self._left = limit

    def take(self, size: int) -> None:
        """Use some of it; raise `TooLargeError` where there is not enough."""
        self._left -= size
        if self._left < 0:
            raise TooLargeError


def read_json(text: str) -> tuple[Any] | None:
    """Return, as the only element of a tuple, the value that a text writes; None for no JSON."""
    try:
        value = json.loads(text, object_pairs_hook=_pairs, parse_constant=_refuse)
        if "\\u" in text:
            STYLES[DEFAULT](value).encode("utf-8")  # fails on half of a surrogate pair
        return None if _is_deep(value) else (value,)
    except (ValueError, RecursionError):
        return None


def styles_of(value: Any, text: str, among: Iterable[str] = STYLES) -> list[str]:
    """Return the names of the styles that write a value as that text."""
    return [name for name in among if _renders(value, name, text)]


def style_of(value: Any, text: str) -> str | None:
    """Return the first style that writes a value as that text."""
    return next((name for name in _likely(value, text) if _renders(value, name, text)), None)


def render_field(fields: MappingReader, key: str, value: Any, style: str) -> str:
    """Return a value out of a field of a file as text; a fault of the field where it is no JSON."""
    try:
        return STYLES[style](value)
    except (ValueError, TypeError, RecursionError):
        fields.blame(key, "it is no JSON")
        return ""


class JsonRenderer:
    """Writes JSON objects; what several of them share is written once, and copied."""

    def __init__(self, budget: SizeLimit) -> None:
        self._budget = budget
        self._known: dict[tuple[str, int], tuple[Any, bytes]] = {}
        """Texts by style and identity, each with its value, which keeps the identity taken."""
        self._lists: dict[tuple[str, int], _List] = {}
        """The same of lists, as parts of what was rendered."""
        self.hashes: dict[int, str] = {}
        """SHA-256 of texts by their identities, where it takes less than hashing all of them."""

    def render(
        self,
        value: Any,
        style: str,
        *,
        shared: str | None = None,
        extends: list[Any] | None = None,
        is_last: bool = False,
    ) -> bytes:
        """Return a value as text; the items of the list under `shared` are likely to be known.

        :param is_last: whether nothing follows that could share anything with it.
        :param extends: an earlier list with whose items, the very same, that list may begin.
        """
        is_alone = is_last and extends is None
        if is_alone or not isinstance(value, dict) or not value or style not in _SEPARATORS:
            return self._counted(_encoded(STYLES[style](value)))
        between, colon = map(str.encode, _SEPARATORS[style])
        parts: list[bytes | memoryview] = []
        place: tuple[list[Any], int, int] | None = None
        known = self._lists.get((style, id(extends)))
        for key, item in value.items():
            parts += [between if parts else b"{", _encoded(STYLES[style](key)), colon]
            if key == shared and isinstance(item, list):
                known = known if known and known.begins(item) else None
                items = self._items(item, style, known)
                start = sum(map(len, parts)) + 1
                place = item, start, start + sum(map(len, items))
                parts += [b"[", *items, b"]"]
            else:
                parts.append(self._part(item, style))
        text = self._counted(b"".join([*parts, b"}"]))
        if place is not None:
            written = _List(place[0], memoryview(text), start=place[1], end=place[2])
            self._lists[style, id(place[0])] = written
            if known is not None and known.head == written.head:
                self.hashes[id(text)] = written.hash_after(known)
        return text

    def _items(
        self, items: list[Any], style: str, known: "_List | None"
    ) -> list[bytes | memoryview]:
        """Return the items of a list as text: those of a known one are copied whole."""
        done, parts = 0, list[bytes | memoryview]()
        if known is not None:
            done, parts = len(known.items), [known.text[known.start : known.end]]
        between = _SEPARATORS[style][0].encode()
        for place, item in enumerate(items[done:], start=done):
            parts += [between, self._part(item, style)] if place else [self._part(item, style)]
        return parts

    def _part(self, value: Any, style: str) -> bytes:
        key = (style, id(value))
        if key not in self._known:
            self._known[key] = (value, _encoded(STYLES[style](value)))
        return self._known[key][1]

    def _counted(self, text: bytes) -> bytes:
        self._budget.take(len(text))
        return text


class _List:
    """A list as a part of a text, from after its bracket to before the other one."""

    def __init__(self, items: list[Any], text: memoryview, *, start: int, end: int) -> None:
        self.items = items
        self.text = text
        self.start = start
        self.end = end
        self._hash: Any = None
        """Of the text until the end of the list; None until a longer one needs it."""

    @property
    def head(self) -> memoryview:
        """What is in front of the list."""
        return self.text[: self.start]

    def begins(self, items: list[Any]) -> bool:
        """Say whether a list begins with these very items."""
        return len(items) >= len(self.items) and all(map(is_, items, self.items))

    def hash_after(self, known: "_List") -> str:
        """Return the SHA-256 of the text, of which all until the end of another list is known."""
        if known._hash is None:  # noqa: SLF001 - of this class
            known._hash = sha256(known.text[: known.end])  # noqa: SLF001
        until_end = known._hash.copy()  # noqa: SLF001
        until_end.update(self.text[known.end : self.end])
        self._hash = until_end
        whole = until_end.copy()
        whole.update(self.text[self.end :])
        digest: str = whole.hexdigest()
        return digest


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _likely(value: Any, text: str) -> list[str]:
    """Return the styles that begin like a text: it may be long, and each trial costs time."""
    if not isinstance(value, dict) or not value:
        return list(STYLES)
    first = {next(iter(value)): None}
    heads = {name: render(first).rpartition("null")[0] for name, render in STYLES.items()}
    heads = {name: head for name, head in heads.items() if text.startswith(head)}
    longest = max(map(len, heads.values()), default=0)
    return [name for name, head in heads.items() if len(head) == longest]


def _renders(value: Any, style: str, text: str) -> bool:
    try:
        return STYLES[style](value) == text
    except (ValueError, RecursionError):
        return False


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("two keys are the same")
    return value


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            item
            for outer in level
            if isinstance(outer, list | dict)
            for item in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True
