"""The socket guard: what a replayed test must not connect to is refused before a byte is sent.

It stands in the places of `socket` while a marked test is replayed, and for as long as threads of
such a test are alive. A process without them has the functions of Python.
"""

import atexit
import socket
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import wraps
from typing import Any, NoReturn
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from pytest_llmregress.process.attribute_patch import AttributePatch
from pytest_llmregress.recording.loopback import is_listed, is_loopback, is_own_server
from pytest_llmregress.values.http import Interaction

_LOOK_UPS = ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr")
GATEWAY = "llmregress-gateway"
_POOLED = ("ThreadPoolExecutor", "AnyIO worker thread", "asyncio_", GATEWAY)
"""What the names of threads begin with that work for whoever hands them something."""
_NETWORKS = (socket.AF_INET, socket.AF_INET6)


AT_EXIT = "an atexit handler"
"""Whose a refusal is that came of what a test has left for the end of the process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LateRefusal:
    """What a thread or a child was refused once the test that had started it was over."""

    test: str
    place: str
    """A host, with its port where there is one, or a request."""
    by: str = "a thread"
    """What has asked, in words."""


class SocketGuard:
    """What one replayed test, and the threads that it starts, may connect to.

    Loopback is open, but for the servers that the recording was made of. Parameters: `test`, its
    node id; `recorded`, the interactions of its cassette; `refuse`, called with "host:port" in the
    thread that asked, and expected to raise.
    """

    def __init__(
        self, *, test: str, recorded: Collection[Interaction], refuse: Callable[[str], NoReturn]
    ) -> None:
        self.test = test
        self.is_in_body = False
        """Whether the test's own body runs: what a fixture starts may serve later tests."""
        self.is_over = False
        self.tell: Callable[[str], object] | None = None
        """In a fork: tells the process that it was forked from what is refused."""
        self._refuse = refuse
        ports = {_port_of(each.request.url) for each in recorded}
        self.closed_ports = frozenset(port for port in ports if port is not None)
        """Ports of loopback at which the recording was made."""
        self.passed: tuple[str, ...] = ()
        """What may be connected to all the same: globs of "host" or "host:port"."""
        self._found: set[str] = set()
        """The addresses of the hosts that may be connected to."""

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Refuse for as long as the context lasts, and after it what its threads do."""
        _GUARDS.append(self)
        _STAND_IN.put()
        try:
            yield
        finally:
            _GUARDS.remove(self)
            self.is_over = True
            _STAND_IN.leave()

    @contextmanager
    def body(self) -> Iterator[None]:
        """Own the threads that start while the context lasts."""
        self.is_in_body = True
        try:
            yield
        finally:
            self.is_in_body = False

    def let_pass(self, hosts: Sequence[str]) -> None:
        """Open it for hosts as well: globs of "host" or "host:port"."""
        self.passed = tuple(host.lower() for host in hosts)

    def check(self, host: str, port: int | None) -> None:
        """Refuse a connection, a datagram or a look-up (without a port) that must not be."""
        if not self._is_open(host, port):
            self.refuse(host if port is None else f"{host}:{port}")

    def look_up(self, host: str) -> None:
        """Refuse a look-up that must not be, or let pass what it finds."""
        self.check(host, None)
        with suppress(OSError):
            self.note_found({str(each[4][0]) for each in socket.getaddrinfo(host, None)})

    def refuse(self, place: str) -> NoReturn:
        """Refuse, in the name of the test if it is under way, else as a late one."""
        if self.tell is not None:
            self.tell(place)
        if not self.is_over:
            self._refuse(place)
        by = AT_EXIT if getattr(_IN_POOL, "at_exit", False) else "a thread"
        note_late(LateRefusal(test=self.test, place=place, by=by))
        raise ConnectionRefusedError(_say_late(self.test, place))

    def note_found(self, addresses: Collection[str]) -> None:
        """Let pass what a look-up of a host that may be asked has found."""
        self._found.update(addresses)

    def _is_open(self, host: str, port: int | None) -> bool:
        if host in self._found or is_listed(host, port, self.passed):
            return True
        if is_loopback(host):
            return port is None or port not in self.closed_ports or is_own_server(host, port)
        if port is not None:
            return False
        is_asked_with_port = any(
            fnmatchcase(host.lower(), g.partition(":")[0]) for g in self.passed
        )
        return is_asked_with_port or host == socket.gethostname()


def find_guard_of_thread() -> SocketGuard | None:
    """Return the guard of the test that has started this thread; None where none has."""
    owner: SocketGuard | None = getattr(_IN_POOL, "guard", None)
    return owner or _THREADS.get(threading.current_thread())


def note_late(refusal: LateRefusal) -> None:
    """Note what was refused after the end of its test; the end of the session tells it."""
    _LATE.append(refusal)


def take_late_refusals() -> tuple[LateRefusal, ...]:
    """Return what was refused after the end of its test, each once, and forget it."""
    late, _LATE[:] = tuple(dict.fromkeys(_LATE)), []
    return late


_GUARDS: list[SocketGuard] = []
"""Of the tests that are under way. Several, where a test runs pytest in its own process."""
_THREADS: WeakKeyDictionary[threading.Thread, SocketGuard] = WeakKeyDictionary()
_IN_POOL = threading.local()
_LATE: list[LateRefusal] = []


def _guard() -> SocketGuard | None:
    return find_guard_of_thread() or (_GUARDS[-1] if _GUARDS else None)


def _new_owner() -> SocketGuard | None:
    """Return whose a thread is that starts now, or a piece of work for a pool."""
    guard = _guard()
    return guard if guard is not None and (guard.is_in_body or guard.is_over) else None


class _StandIn:
    """What stands in the places of `socket` and of what starts threads."""

    def __init__(self) -> None:
        self._replaced = AttributePatch()
        self._is_there = False

    def put(self) -> None:
        """Stand there."""
        if self._is_there:
            return
        self._is_there = True
        for name in ("connect", "connect_ex"):
            self._replaced.wrap(socket.socket, name, _connecting)
        for name in ("sendto", "sendmsg"):
            self._replaced.wrap(socket.socket, name, _sending)
        for name in _LOOK_UPS:
            self._replaced.wrap(socket, name, _looking_up)
        self._replaced.wrap(threading.Thread, "start", _starting)
        self._replaced.wrap(ThreadPoolExecutor, "submit", _submitting)
        self._replaced.wrap(atexit, "register", _registering)

    def leave(self) -> None:
        """Go, unless a test is under way or a thread of an earlier one is alive."""
        alive = any(thread.is_alive() for thread in list(_THREADS))
        if self._is_there and not _GUARDS and not alive and not _POOLED_WORK:
            self._replaced.restore()
            self._is_there = False


_STAND_IN = _StandIn()
_POOLED_WORK: set[object] = set()
"""What was handed to a pool of threads by a test, and is not done."""


def _connecting(real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    def connect(self: socket.socket, address: Any) -> Any:
        _check(self, address)
        return real(self, address)

    return connect


def _sending(real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    def send(self: socket.socket, *arguments: Any) -> Any:
        _check(self, arguments[-1] if len(arguments) > 1 else None)
        return real(self, *arguments)

    return send


def _check(connection: socket.socket, address: Any) -> None:
    guard = _guard()
    if guard is not None and connection.family in _NETWORKS and isinstance(address, tuple):
        try:
            guard.check(_text(address[0]), int(address[1]))
        except BaseException:
            connection.close()  # whoever has made it closes it for an OSError at most
            raise


def _looking_up(real: Callable[..., Any]) -> Callable[..., Any]:
    is_forward = real.__name__ != "gethostbyaddr"

    @wraps(real)
    def look_up(host: Any, *arguments: Any, **keywords: Any) -> Any:
        guard = _guard()
        asks_nobody = host is None or (is_forward and _is_address(_text(host)))
        if guard is None or asks_nobody:
            return real(host, *arguments, **keywords)
        guard.check(_text(host), None)
        found = real(host, *arguments, **keywords)
        if real.__name__ == "getaddrinfo" and not is_loopback(_text(host)):
            guard.note_found({each[4][0] for each in found})
        return found

    return look_up


def _starting(real: Callable[..., None]) -> Callable[..., None]:
    @wraps(real)
    def start(self: threading.Thread) -> None:
        guard = _new_owner()
        if guard is not None and not self.name.startswith(_POOLED):
            _THREADS[self] = guard
        real(self)

    return start


def _submitting(real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    def submit(self: ThreadPoolExecutor, work: Any, /, *arguments: Any, **keywords: Any) -> Any:
        guard = _new_owner()
        if guard is None:
            return real(self, work, *arguments, **keywords)

        future = real(self, _owned_by(guard, work), *arguments, **keywords)
        _POOLED_WORK.add(future)
        future.add_done_callback(_POOLED_WORK.discard)
        return future

    return submit


def _owned_by(guard: SocketGuard, work: Any) -> Callable[..., Any]:
    """Return a function that does some work in the name of a test, whichever thread calls it."""

    @wraps(work)
    def of_the_test(*arguments: Any, **keywords: Any) -> Any:
        before, _IN_POOL.guard = getattr(_IN_POOL, "guard", None), guard
        try:
            return work(*arguments, **keywords)
        finally:
            _IN_POOL.guard = before

    return of_the_test


def _registering(real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    def register(work: Any, /, *arguments: Any, **keywords: Any) -> Any:
        guard = _new_owner()
        if guard is None:
            return real(work, *arguments, **keywords)
        real(_AtExit(guard, work), *arguments, **keywords)
        return work

    return register


class _AtExit:
    """What a test leaves for the end of the process: done in its name, once its session is over."""

    def __init__(self, guard: SocketGuard, work: Callable[..., Any]) -> None:
        self._guard = guard
        self._work = work

    def __call__(self, *arguments: Any, **keywords: Any) -> None:
        _STAND_IN.put()
        _IN_POOL.at_exit = True
        try:
            _owned_by(self._guard, self._work)(*arguments, **keywords)
        finally:
            _IN_POOL.at_exit = False
            _STAND_IN.leave()

    def __eq__(self, other: object) -> bool:
        """Be found by `atexit.unregister`."""
        return other is self or other == self._work

    __hash__ = None  # type: ignore[assignment]


def _say_late(test: str, place: str) -> str:
    return f"{test} was replayed and is over: nothing is sent to {place}"


def _is_address(host: str) -> bool:
    for family in _NETWORKS:
        try:
            socket.inet_pton(family, host.partition("%")[0])
        except OSError:
            continue
        return True
    return False


def _text(host: Any) -> str:
    return host.decode("ascii", "replace") if isinstance(host, bytes | bytearray) else str(host)


def _port_of(url: str) -> int | None:
    """Return the port of a URL on this machine; None for another machine's."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None
    return port if is_loopback(parts.hostname or "x") else None
