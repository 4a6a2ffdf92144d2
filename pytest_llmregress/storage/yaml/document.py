"""Files of ours as YAML: whole and understood, or refused with their fault."""

import re
from pathlib import Path
from typing import Any

from pytest_llmregress.storage.errors import (
    ForeignFileError,
    UnreadableFileError,
    UnwritableValueError,
    restore,
)
from pytest_llmregress.storage.regular_file import read_bytes
from pytest_llmregress.storage.yaml.emitter import Alias, Anchor, FlowList, FlowMapping, dump_yaml
from pytest_llmregress.storage.yaml.line_reader import OTHER, read_lines
from pytest_llmregress.storage.yaml.parser import (
    MAX_DEPTH,
    TOO_DEEP,
    YamlSyntaxError,
    find_line,
    parse,
)

FORMAT = 1
"""Number of the format of cassettes and snapshots; grows when an older reader would err."""

MAX_BYTES = 64 * 1024 * 1024
"""Of one file."""

_CONFLICT = re.compile(r"^(?:(?:<{7}|>{7}|\|{7})(?: .*)?|={7})\r?$", re.MULTILINE)
_MARKS = ("<<<<<<<", ">>>>>>>", "|||||||", "=======")
_OF_VCRPY = re.compile(r"^interactions[ \t]*:[ \t]*\r?\n[ \t]*-", re.MULTILINE)
"""Ours says there how many they are."""
_OURS = re.compile(r"^llmregress[ \t]*:", re.MULTILINE)
_BODY = re.compile(r"^(?:repeated|calls|behavior|values)[ \t]*:", re.MULTILINE)
_MAX_DIGITS = 4300
"""Of an integer that Python reads back from text."""


def load(path: Path, *, aliases: bool = False) -> dict[str, Any]:
    """Read a file of ours; `FileNotFoundError` where there is none, else `UnreadableFileError`."""
    return document_of(path, read_text(path), aliases=aliases)


def load_header(path: Path) -> dict[str, Any]:
    """Read what a file says about itself, without the calls or the behavior that follow."""
    text = read_text(path)
    body = _BODY.search(text)
    return document_of(path, text[: body.start()] if body else text)


def line_of(path: Path, fault: str) -> int | None:
    """Return the line of what a fault begins with, such as "pending.changes[2].trait is 7"."""
    try:
        return find_line(read_text(path), fault)
    except (OSError, UnreadableFileError, YamlSyntaxError):
        return None


def dump(value: dict[str, Any]) -> str:
    """Return a mapping of JSON values as YAML.

    Raises `UnwritableValueError` where it would not read back as it is.
    """
    return dump_and_load(value)[0]


def dump_and_load(value: dict[str, Any], *, aliases: bool = False) -> tuple[str, dict[str, Any]]:
    """Return a mapping as YAML, and what a reader of it gets: the same, with aliases followed."""
    _check(value, (), 0)
    text = dump_yaml(value)
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise UnwritableValueError(f"the file would be larger than {MAX_BYTES // 1024 // 1024} MiB")
    try:
        loaded = parse(text, aliases=aliases)
    except YamlSyntaxError as fault:
        raise UnwritableValueError(f"the file would be unreadable: {fault.words}") from None
    if not _same(value, loaded, {}):
        raise UnwritableValueError("the file would read back as something else")
    return text, loaded


def read_text(path: Path) -> str:
    """Return the text of a file of ours; the errors are those of `load`."""
    size, data = read_bytes(path, MAX_BYTES)
    if size > MAX_BYTES:
        limit = MAX_BYTES // 1024 // 1024
        raise UnreadableFileError(
            path, None, f"it is {size / 1024 / 1024:.0f} MiB large, and {limit} MiB is the limit"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableFileError(path, line, "it is not UTF-8") from None
    if not text or text.isspace():
        raise UnreadableFileError(path, None, "it is empty")
    is_marked = any(mark in text for mark in _MARKS)  # the pattern takes ten times as long
    if is_marked and (conflict := _CONFLICT.search(text)):
        line = text.count("\n", 0, conflict.start()) + 1
        fault = f"a merge conflict was left in it ({conflict[0].strip()[:7]})"
        raise UnreadableFileError(path, line, fault, advice=f"settle it, {restore()}")
    return text


def document_of(path: Path, text: str, *, aliases: bool = False) -> dict[str, Any]:
    """Return what the text of a file of ours says; `UnreadableFileError` where it is none."""
    value = read_lines(text, aliases=aliases)
    if value is OTHER:
        value = _parsed(path, text, aliases=aliases)
    return check_document(path, value)


def check_document(path: Path, value: Any) -> dict[str, Any]:
    """Return what was read of a file of ours; `UnreadableFileError` where it is none."""
    if not isinstance(value, dict):
        raise UnreadableFileError(path, 1, f"it holds {_kind(value)}, not a mapping")
    number = value.get("llmregress")
    if number is None and "interactions" in value:
        raise _foreign(path)
    if number is None:
        raise UnreadableFileError(path, None, "it does not start with `llmregress: 1`")
    if type(number) is not int or number < 1:
        raise UnreadableFileError(path, None, f"llmregress: {number!r} is no format number")
    if number > FORMAT:
        raise UnreadableFileError(
            path,
            None,
            f"it was written by a newer pytest-llmregress (format {number})",
            advice=f"this one reads up to {FORMAT}. "
            "Upgrade: python -m pip install -U pytest-llmregress",
        )
    return value


def _parsed(path: Path, text: str, *, aliases: bool) -> Any:
    try:
        return parse(text, aliases=aliases)
    except YamlSyntaxError as error:
        if _OF_VCRPY.search(text) and not _OURS.search(text):  # it has tags that ours never has
            raise _foreign(path) from None
        raise UnreadableFileError(path, error.line, error.words) from None


def _foreign(path: Path) -> ForeignFileError:
    fault = "it is a cassette of vcrpy, not one of pytest-llmregress (no `llmregress: 1`)"
    return ForeignFileError(path, None, fault, advice=f"pytest-llmregress import {path}")


def _check(value: Any, path: tuple[str | int, ...], depth: int) -> None:
    """Refuse what is no JSON value, with its path."""
    if depth > MAX_DEPTH:
        raise _unwritable(path, TOO_DEEP)
    if type(value) is Anchor:
        _check(value.value, path, depth)
    elif type(value) is list or type(value) is FlowList:
        for index, item in enumerate(value):
            _check(item, (*path, index), depth + 1)
    elif type(value) is dict or type(value) is FlowMapping:
        for key, item in value.items():
            if type(key) is not str:
                raise _unwritable(path, f"the key {key!r} is {_kind(key)}, not text")
            _check(item, (*path, key), depth + 1)
    elif type(value) is int and value.bit_length() > _MAX_DIGITS * 3:
        raise _unwritable(path, f"it is an integer of more than {_MAX_DIGITS * 9 // 10} digits")
    elif type(value) not in {str, int, float, bool, type(None), Alias}:
        raise _unwritable(path, f"it is {_kind(value)}, not a JSON value")


def _unwritable(path: tuple[str | int, ...], fault: str) -> UnwritableValueError:
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return UnwritableValueError(
        f"{where.removeprefix('.') or 'the value'}: {fault}; a file holds text, numbers, true, "
        "false, null, lists, and mappings with text for keys"
    )


def _kind(value: Any) -> str:
    names = {list: "a list", dict: "a mapping", str: "text", type(None): "null"}
    return names.get(type(value), f"a value of type {type(value).__name__}")


def _same(one: Any, other: Any, anchored: dict[str, Any]) -> bool:
    """Compare what was written and read, with types: True is not 1, and 0.0 is not -0.0."""
    if isinstance(one, Anchor):
        anchored[one.name] = other
        return _same(one.value, other, anchored)
    if isinstance(one, Alias):
        return one.name in anchored and anchored[one.name] is other
    if isinstance(one, dict):
        return (
            type(other) is dict
            and list(one) == list(other)
            and all(_same(item, other[key], anchored) for key, item in one.items())
        )
    if isinstance(one, list):
        return (
            type(other) is list
            and len(one) == len(other)
            and all(_same(item, read, anchored) for item, read in zip(one, other, strict=True))
        )
    return type(one) is type(other) and (
        repr(one) == repr(other) if isinstance(one, float) else bool(one == other)
    )
