"""Reads the YAML that `emitter` writes, line by line, in a quarter of the time of `parser`.

What is read here means the same to every YAML reader. The rest is for `parser` to read or refuse.
"""

import json
import re
from functools import lru_cache
from typing import Any

from pytest_llmregress.storage.yaml.parser import MAX_EXPANDED

MAX_COLUMN = 40
"""Of what is read here; with `MAX_FLOW`, it stays within the depth of `parser`."""
MAX_FLOW = 4
"""Lists and mappings inside of one another on one line."""
SHORT = 100
"""Characters of a line below which another file is likely to have the very same."""
MAX_KEY = 1000
"""Characters of a key; libyaml refuses some longer ones."""

OTHER: Any = object()
"""Stands for a text that is not of this form."""
_WORDS: dict[str, Any] = {"null": None, "true": True, "false": False}
_NOT_TEXT = frozenset({"null", "true", "false", "yes", "no", "on", "off"})
"""In whatever case, an unquoted scalar that may be no text."""
_NO_SCALAR = frozenset("&|*[{")
"""What a value begins with that is more than a scalar on the line of its key."""
_ODD = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
_KEY = re.compile(
    r"(?:([A-Za-z_](?:[A-Za-z0-9_./@ -]*[A-Za-z0-9_./@-])?)|'([^']*)'|(\"(?:[^\"\\]|\\.)*\")):"
    r"(?: |$)"
)
_ANCHOR = re.compile(r"&([a-z][a-z0-9_-]*)(?: (.+))?")
_ALIAS = re.compile(r"\*([a-z][a-z0-9_-]*)")
_LITERAL = re.compile(r"\|(2?)(-?)")
_PLAIN = re.compile(r"[^\W\d][^#:]*(?::[^#:\s][^#:]*|::[^#:\s][^#:]*)*(?<! )")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,18})(\.[0-9]{1,18}(?:e[+-][0-9]{1,3})?)?")
_IN_FLOW = re.compile(
    r"'([^']*)'|(\"(?:[^\"\\]|\\.)*\")|([^\W\d](?:[^#:,?\[\]{}]*[^#:,?\[\]{} ])?)"
    r"|(-?(?:0|[1-9][0-9]{0,18})(?:\.[0-9]{1,18}(?:e[+-][0-9]{1,3})?)?)(?=[,\]}])"
)


class _OtherError(Exception):
    """The text is not of this form."""


def read_lines(text: str, *, aliases: bool = False) -> Any:
    """Return what a text says where it is YAML as `emit` writes it, otherwise `OTHER`."""
    if not text.endswith("\n") or not (
        (text.isascii() and text.replace("\n", "").isprintable()) or _ODD.search(text) is None
    ):
        return OTHER
    try:
        return _Lines(text, aliases=aliases).document()
    except (_OtherError, RecursionError):
        return OTHER


class _Lines:
    """Goes through the lines of a text, once."""

    def __init__(self, text: str, *, aliases: bool) -> None:
        self._lines = text.split("\n")
        self._at = 0
        self._aliases = aliases
        self._anchors: dict[str, tuple[Any, int]] = {}
        """Values by their names, each with the characters that it takes at most."""
        self._open_anchors: list[int] = []
        """What aliases inside of each anchor that is not over yet add to its characters."""
        self._left = MAX_EXPANDED

    def document(self) -> Any:
        """Return the mapping that the whole text is."""
        value = self._mapping(0)
        if self._at != len(self._lines) - 1:
            raise _OtherError
        return value

    def _indentation(self) -> int:
        """Return the column in which the next line begins; -1 after the last."""
        line = self._lines[self._at]
        if line:
            return len(line) - len(line.lstrip(" "))
        if self._at == len(self._lines) - 1:
            return -1
        raise _OtherError

    def _mapping(self, column: int) -> dict[str, Any]:
        if column > MAX_COLUMN:
            raise _OtherError
        found: dict[str, Any] = {}
        lines, pad, at = self._lines, " " * column, self._at
        while (line := lines[at]).startswith(pad):
            if len(line) < SHORT and (known := _pair_once(line[column:] if column else line)):
                key, value = known
                if key in found:
                    raise _OtherError
                found[key] = value
                at += 1
                continue
            match = _KEY.match(line, column)
            if match is None:
                break
            key = _key(match)
            if key in found:
                raise _OtherError
            self._at = at + 1
            rest = line[match.end() :]
            if not rest:
                found[key] = self._block(column, column + 2)
            elif rest[0] == "&":
                found[key] = self._anchored(rest, column)
            else:
                found[key] = self._leaf(rest, column)
            at = self._at
        self._at = at
        if not found or self._indentation() >= column:
            raise _OtherError
        return found

    def _list(self, column: int) -> list[Any]:
        if column > MAX_COLUMN:
            raise _OtherError
        found: list[Any] = []
        lines, dash = self._lines, " " * column + "- "
        while (line := lines[self._at]).startswith(dash):
            rest = line[column + 2 :]
            if rest.startswith("- "):
                lines[self._at] = " " * (column + 2) + rest
                found.append(self._list(column + 2))
            elif _KEY.match(rest):
                lines[self._at] = " " * (column + 2) + rest
                found.append(self._mapping(column + 2))
            elif not rest:
                raise _OtherError
            else:
                self._at += 1
                anchored = rest[0] == "&"
                found.append(self._anchored(rest, column) if anchored else self._leaf(rest, column))
        if self._indentation() > column:  # in its column, the next key of what holds this list
            raise _OtherError
        return found

    def _block(self, list_column: int, mapping_column: int) -> Any:
        """Return a list or mapping that begins on the next line."""
        indentation = self._indentation()
        if indentation == list_column and self._lines[self._at].startswith("- ", list_column):
            return self._list(list_column)
        if indentation == mapping_column and not self._lines[self._at].startswith(
            "- ", indentation
        ):
            return self._mapping(mapping_column)
        raise _OtherError

    def _anchored(self, rest: str, column: int) -> Any:
        match = _ANCHOR.fullmatch(rest)
        if match is None or not self._aliases or match[1] in self._anchors:
            raise _OtherError
        start = self._at
        self._open_anchors.append(0)
        if match[2]:
            value = self._leaf(match[2], column)
        elif self._lines[start - 1].startswith("- ", column):
            value = self._block(column + 2, column + 2)
        else:
            value = self._block(column, column + 2)
        size = 2 * sum(len(line) + 1 for line in self._lines[start - 1 : self._at])
        size += self._open_anchors.pop()
        if match[1] in self._anchors:
            raise _OtherError
        self._anchors[match[1]] = value, size
        return value

    def _leaf(self, rest: str, column: int) -> Any:
        match rest[0]:
            case "|":
                return self._literal(rest, column)
            case "*":
                return self._alias(rest)
            case "[" | "{":
                return _whole_flow(rest)
            case _:
                return _scalar(rest)

    def _alias(self, rest: str) -> Any:
        match = _ALIAS.fullmatch(rest)
        if match is None or match[1] not in self._anchors:
            raise _OtherError
        value, size = self._anchors[match[1]]
        self._open_anchors = [inside + size for inside in self._open_anchors]
        self._left -= size
        if self._left < 0:
            raise _OtherError
        return value

    def _literal(self, head: str, column: int) -> str:
        match = _LITERAL.fullmatch(head)
        if match is None:
            raise _OtherError
        lines, start = self._lines, self._at
        pad = " " * (column + 2)
        end, last = start, len(lines) - 1
        while end < last and (lines[end].startswith(pad) or not lines[end]):
            end += 1
        content = [line[column + 2 :] for line in lines[start:end]]
        if not content or not content[-1].strip(" "):
            raise _OtherError
        if not match[1] and (not content[0] or content[0][0] == " "):
            raise _OtherError
        self._at = end
        return "\n".join(content) + ("" if match[2] else "\n")


@lru_cache(maxsize=4096)
def _pair_once(line: str) -> tuple[str, Any] | None:
    """Return the key and the scalar that a whole line is, or None: many files say the same."""
    match = _KEY.match(line)
    if match is None or match.end() == len(line) or line[match.end()] in _NO_SCALAR:
        return None
    return _key(match), _scalar(line[match.end() :])


def _key(match: re.Match[str]) -> str:
    key: str = match[match.lastindex or 1]
    if match.lastindex == 1:
        if len(key) < 6 and key.lower() in _NOT_TEXT:  # noqa: PLR2004 - none of them is longer
            raise _OtherError
    elif match.lastindex == 3:  # noqa: PLR2004 - the third group, in double quotes
        key = _unquoted(key)
    if len(key) > MAX_KEY:
        raise _OtherError
    return key


def _scalar(rest: str) -> Any:
    if rest[0] == '"':
        return _unquoted(rest)
    if rest[0] == "'":
        if rest.find("'", 1) == len(rest) - 1 > 0:
            return rest[1:-1]
    elif _PLAIN.fullmatch(rest):
        return _word(rest)
    elif number := _NUMBER.fullmatch(rest):
        return float(rest) if number[1] else int(rest)
    raise _OtherError


def _word(plain: str) -> Any:
    if plain in _WORDS:
        return _WORDS[plain]
    if len(plain) < 6 and plain.lower() in _NOT_TEXT:  # noqa: PLR2004 - none of them is longer
        raise _OtherError
    return plain


def _unquoted(quoted: str) -> str:
    # Half of a surrogate pair, and a slash, are escaped in JSON and may not be in YAML.
    if "\\ud" in quoted or "\\uD" in quoted or "\\/" in quoted:
        raise _OtherError
    try:
        text = json.loads(quoted)
    except ValueError:
        raise _OtherError from None
    return str(text)


def _whole_flow(text: str) -> Any:
    """Return the list or mapping that a text on one line is: many files say the same."""
    value, deep = _flow_once(text)
    fresh = value.copy()
    for place in deep:
        fresh[place] = _copied(fresh[place])
    return fresh


@lru_cache(maxsize=2048)
def _flow_once(text: str) -> tuple[Any, tuple[Any, ...]]:
    """Return the value, and in which of its places there is one that could be changed."""
    value, end = _flow(text, 0, 0)
    if end != len(text):
        raise _OtherError
    places = value.items() if isinstance(value, dict) else enumerate(value)
    return value, tuple(place for place, item in places if isinstance(item, dict | list))


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_copied(each) for each in value]
    return value


def _flow(text: str, at: int, depth: int) -> tuple[Any, int]:
    """Return the list or mapping that begins at a place of a line, and where it ends."""
    if depth == MAX_FLOW:
        raise _OtherError
    is_list = text[at] == "["
    end = "]" if is_list else "}"
    if text.startswith(end, at + 1):
        return ([] if is_list else {}), at + 2
    return _flow_list(text, at + 1, depth) if is_list else _flow_mapping(text, at + 1, depth)


def _flow_list(text: str, at: int, depth: int) -> tuple[list[Any], int]:
    items: list[Any] = []
    while True:
        item, at = _flow_item(text, at, depth)
        items.append(item)
        if text.startswith("]", at):
            return items, at + 1
        at = _after_comma(text, at)


def _flow_mapping(text: str, at: int, depth: int) -> tuple[dict[str, Any], int]:
    pairs: dict[str, Any] = {}
    while True:
        match = _KEY.match(text, at)
        if match is None or (key := _key(match)) in pairs:
            raise _OtherError
        pairs[key], at = _flow_item(text, match.end(), depth)
        if text.startswith("}", at):
            return pairs, at + 1
        at = _after_comma(text, at)


def _after_comma(text: str, at: int) -> int:
    if not text.startswith(", ", at):
        raise _OtherError
    return at + 2


def _flow_item(text: str, at: int, depth: int) -> tuple[Any, int]:
    match = _IN_FLOW.match(text, at)
    if match is None:
        if text[at : at + 1] in {"[", "{"}:
            return _flow(text, at, depth + 1)
        raise _OtherError
    match match.lastindex:
        case 1:
            return match[1], match.end()
        case 2:
            return _unquoted(match[2]), match.end()
        case 3:
            return _word(match[3]), match.end()
        case _:
            number = match[4]
            return float(number) if "." in number else int(number), match.end()
