"""At which ports the children of this process listen, where the system tells: on Linux."""

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PROCESSES = Path("/proc")
_TABLES = ("tcp", "tcp6")
_LISTENING = "0A"
_ADDRESS, _STATE, _INODE = 1, 3, 9
"""Columns of a table of sockets."""


def listens_in_child(port: int) -> bool:
    """Whether a child of this process, or a child of one, listens at a port."""
    children = list(_descendants())
    if not children:
        return False
    sockets = {f"socket:[{inode}]" for inode in _listening(port)}
    return any(name in sockets for child in children for name in _open_files(child))


def _descendants() -> Iterator[str]:
    left = deque(["self"])
    while left:
        for tasks in (_PROCESSES / left.popleft() / "task").glob("*/children"):
            with suppress(OSError):
                found = tasks.read_text().split()
                left.extend(found)
                yield from found


def _listening(port: int) -> Iterator[str]:
    for table in _TABLES:
        with suppress(OSError):
            for line in (_PROCESSES / "self/net" / table).read_text().splitlines()[1:]:
                row = line.split()
                at = int(row[_ADDRESS].rpartition(":")[2], 16)
                if row[_STATE] == _LISTENING and at == port:
                    yield row[_INODE]


def _open_files(process: str) -> Iterator[str]:
    with suppress(OSError):
        for file in (_PROCESSES / process / "fd").iterdir():
            with suppress(OSError):
                yield str(file.readlink())
