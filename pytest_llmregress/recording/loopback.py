"""Which addresses lead to this machine, and which of them to a server of the tests themselves."""

import gc
import os
import socket
import stat
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

_PROCESSES = Path("/proc")
_TABLES = ("tcp", "tcp6")
_LISTENING = "0A"
_ADDRESS, _STATE, _INODE = 1, 3, 9
"""Columns of a table of sockets."""
_OPEN_FILES = "/dev/fd"
_ANY = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - where a server listens, nobody binds here
_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Whether a host, by its name or its address, is this machine."""
    if host in _ANY or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def is_own_server(host: str, port: int) -> bool:
    """Whether this process listens there, or a child of it: an application of the tests."""
    return is_loopback(host) and (port in set(_listening_ports()) or _listens_in_child(port))


def leads_to_own_server(url: str) -> bool:
    """Whether a request to a URL is one to a server of this process, or of a child of it."""
    host, port = place_of(url)
    return bool(host) and is_own_server(host, port)


def place_of(url: str) -> tuple[str, int]:
    """Return host and port of a URL; an empty host where it cannot be read."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return "", 0
    return parts.hostname or "", port


def is_listed(host: str, port: int | None, globs: Sequence[str]) -> bool:
    """Whether one of the globs, of "host" or "host:port", is meant for a place."""
    names = (host.lower(), f"{host.lower()}:{port}")
    return any(fnmatchcase(name, glob.lower()) for name in names for glob in globs)


def _listening_ports() -> Iterator[int]:
    for each in _sockets():
        with suppress(OSError):
            if each.family in {socket.AF_INET, socket.AF_INET6} and each.getsockopt(
                socket.SOL_SOCKET, socket.SO_ACCEPTCONN
            ):
                yield each.getsockname()[1]


def _sockets() -> Iterator[socket.socket]:
    """Yield the sockets of this process, whichever library has made them."""
    if not os.path.isdir(_OPEN_FILES):  # noqa: PTH112 - asked for each request
        yield from (each for each in gc.get_objects() if isinstance(each, socket.socket))
        return
    for name in os.listdir(_OPEN_FILES):  # noqa: PTH208 - as above
        with suppress(OSError, ValueError):
            if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                with socket.socket(fileno=os.dup(int(name))) as copy:
                    yield copy


def _listens_in_child(port: int) -> bool:
    """Whether a child of this process, or a child of one, listens at a port."""
    children = list(_descendants())
    if not children:
        return False
    sockets = {f"socket:[{inode}]" for inode in _listening(port)}
    return any(name in sockets for child in children for name in _open_files(child))


def _descendants() -> Iterator[str]:
    left = deque(["self"])
    while left:
        tasks = f"{_PROCESSES}/{left.popleft()}/task"
        with suppress(OSError):
            for task in os.listdir(tasks):  # noqa: PTH208 - asked for each request
                found = _read_children(f"{tasks}/{task}/children")
                left.extend(found)
                yield from found


def _read_children(path: str) -> list[str]:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - as above
            return file.read().decode().split()
    except OSError:
        return []


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
