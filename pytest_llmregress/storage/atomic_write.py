"""Writes that are whole or did not happen."""

import contextlib
import os
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path

Inspect = Callable[[Path, str], None]
"""Sees a path and the whole text that is about to be written there; raises to keep it out."""


def write_text(path: Path, text: str | Iterable[str]) -> None:
    """Write UTF-8 with line feeds for line ends; a crash leaves the old file or the new one.

    A text may come in pieces, each of which is written before the next one is asked for.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not tempfile: its files are readable by their owner alone, and would stay so.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        with temporary.open("x", encoding="utf-8", newline="\n") as file:
            file.writelines((text,) if isinstance(text, str) else text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    """Make a rename in a folder survive a power cut, where the system can."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows has no handle on a folder to sync
        return
    # Some network file systems refuse this; the file itself is safe by now.
    with contextlib.suppress(OSError):
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
