"""Locks between processes: on recordings that are under way, and on what is being decided on.

No two processes pay for the same recording, and no two decide on the same one.
"""

import hashlib
import importlib
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import TextIO


def _find_fcntl() -> ModuleType | None:
    try:
        return importlib.import_module("fcntl")
    except ImportError:  # Windows
        return None


_FCNTL = _find_fcntl()

_POLL = 0.01
"""Seconds between two looks at what another process has locked."""

_HELD: dict[str, tuple[Path, TextIO]] = {}
"""What this process holds. A lock is the process's, as the system has it, and no run's own."""


class RecordingLockedError(OSError):
    """What another process is recording at this moment, in words for the user."""


def acquire(target: Path) -> bool:
    """Lock a file for this process, whether or not it exists; tell whether that is new.

    Raises RecordingLockedError where another process has it. The system lets go of a lock when its
    process ends, however it does. Where none can be had, as without a folder for it, nobody is
    kept from recording.
    """
    key = os.path.realpath(target)
    if key in _HELD:
        return False
    try:
        place = _folder() / hashlib.sha256(os.fsencode(key)).hexdigest()[:32]
        file = _take(place)
    except RecordingLockedError:
        raise
    except OSError:
        return True
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    _HELD[key] = (place, file)
    return True


@contextmanager
def hold(target: Path) -> Iterator[None]:
    """Have a file locked meanwhile, whether or not it exists; wait for whoever has it.

    Within another `hold` of the same file it does nothing.
    """
    while True:
        try:
            is_new = acquire(target)
            break
        except RecordingLockedError:
            time.sleep(_POLL)
    try:
        yield
    finally:
        if is_new:
            release(target)


def release(target: Path) -> None:
    """Let go of a file, if this process has locked it."""
    _release(os.path.realpath(target))


def release_all() -> None:
    """Let go of everything."""
    for key in tuple(_HELD):
        _release(key)


def _release(key: str) -> None:
    if key not in _HELD:
        return
    place, file = _HELD.pop(key)
    with suppress(OSError):
        if _FCNTL is None:  # Windows deletes no file that is open
            file.close()
        place.unlink()
    file.close()


def _folder() -> Path:
    """Return the folder of this user's locks: not the project's, where a kill would leave them."""
    user = os.getuid() if hasattr(os, "getuid") else "of-user"
    folder = Path(tempfile.gettempdir(), f"pytest-llmregress-{user}")
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid not in {user, 0}:
        raise PermissionError(f"{folder}: it is somebody else's")
    return folder


def _take(place: Path) -> TextIO:
    return _create(place) if _FCNTL is None else _lock(place, _FCNTL)


def _lock(place: Path, fcntl: ModuleType) -> TextIO:
    while True:
        file = place.open("a+", encoding="utf-8")
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            file.close()
            raise _occupied(place) from None
        # Whoever had it may have deleted it since it was opened: that lock keeps nobody out.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), place.stat()):
                return file
        file.close()


def _create(place: Path) -> TextIO:
    with suppress(FileNotFoundError):
        try:
            place.unlink()  # left by a process that was killed: one that is open stays
        except PermissionError:
            raise _occupied(place) from None
    try:
        return place.open("x", encoding="utf-8")
    except FileExistsError:
        raise _occupied(place) from None


def _occupied(place: Path) -> RecordingLockedError:
    with suppress(OSError):
        number = place.read_text(encoding="utf-8")
        if number.isdecimal():
            return RecordingLockedError(_say(f"process {number}"))
    return RecordingLockedError(_say("another process"))


def _say(who: str) -> str:
    return (
        f"{who} is recording this test at the moment, and nothing was sent for it again; let it "
        "finish, or end it, and run the same command again"
    )
