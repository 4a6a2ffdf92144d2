"""Reads the bytes of files that people and tools leave where a recording belongs."""

import math
import os
import stat
from pathlib import Path

from pytest_llmregress.storage.errors import UnreadableFileError

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)  # opening a named pipe waits for a writer, for ever
)
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
)
_POINTER = b"version https://git-lfs.github.com/spec/"
_NO_FILE = "put a file there, or delete it"


def read_bytes(path: Path, limit: float = math.inf) -> tuple[int, bytes]:
    """Return the size of a file in bytes, and what it holds: nothing where that is over a limit.

    Raises FileNotFoundError where there is none, and UnreadableFileError where something else has
    its name: a pipe, a folder, a loop of links, a link to nothing, a pointer of git-lfs.
    """
    try:
        file = os.open(path, _FLAGS)
    except FileNotFoundError:
        if path.is_symlink():
            fault = "it is a link to a file that is not there"
            raise UnreadableFileError(path, None, fault, advice=_NO_FILE) from None
        raise
    except OSError as error:
        kind = _find_kind(path)
        fault = f"it is {kind}, not a file" if kind else f"it cannot be opened ({error.strerror})"
        advice = _NO_FILE if kind else None
        raise UnreadableFileError(path, None, fault, advice=advice) from None
    try:
        state = os.fstat(file)
        if not stat.S_ISREG(state.st_mode):
            fault = f"it is {_name(state.st_mode)}, not a file"
            raise UnreadableFileError(path, None, fault, advice=_NO_FILE)
        data = _read(path, file, state.st_size) if state.st_size <= limit else b""
    finally:
        os.close(file)
    if data.startswith(_POINTER):
        fault = "it is a pointer of git-lfs, and the file itself was not fetched"
        raise UnreadableFileError(path, None, fault, advice="git lfs pull")
    return state.st_size, data


def _read(path: Path, file: int, size: int) -> bytes:
    parts: list[bytes] = []
    try:
        while size > 0 and (part := os.read(file, size)):
            parts.append(part)
            size -= len(part)
    except OSError as error:
        raise UnreadableFileError(path, None, f"it cannot be read ({error.strerror})") from None
    return b"".join(parts)


def _find_kind(path: Path) -> str:
    """Return what cannot be opened at all, such as a socket; empty where that is unknown."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return ""
    return "" if stat.S_ISREG(mode) else _name(mode)


def _name(mode: int) -> str:
    return next((name for is_kind, name in _KINDS if is_kind(mode)), "a device")
