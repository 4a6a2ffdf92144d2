"""Interception of what stands on http.client: a stand-in for the socket of each connection.

urllib.request, urllib3, requests, botocore and many more send by the connections of http.client,
by its classes or by their own below them. vcrpy puts other classes in their places, and does not
reach one that was made, imported or derived before. A request that is written to a socket and an
answer that is read from one is what all of them have in common.
"""

import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from http.client import HTTPConnection, HTTPResponse
from io import BufferedReader, BytesIO
from typing import Any
from weakref import ref

from pytest_llmregress.recording import judge_flag
from pytest_llmregress.recording.cassette_session import CassetteSession, Exchange
from pytest_llmregress.recording.http1 import (
    CONTINUE,
    Head,
    read_head,
    rewrite_sent,
    write_response,
)
from pytest_llmregress.recording.received_response import build_response
from pytest_llmregress.values.http import Request, Response

_PORTS = {80: "http", 443: "https"}


class Connections:
    """Stands in the places of http.client, with a tape behind.

    Parameters: `tape`, which one it is now; `arrived`, called where a connection is made whose
    class may open a socket by itself and was not patched.
    """

    def __init__(self, *, tape: Callable[[], CassetteSession], arrived: Callable[[], None]) -> None:
        self._tape = tape
        self._arrived = arrived
        self.below: Callable[..., None] = vars(HTTPConnection)["send"]
        """What sends by the socket that is there, and opens one where there is none."""
        self._made: list[ref[StandIn]] = []
        self._known: set[type] = set()

    def patches(self, owners: Iterable[type]) -> Iterator[tuple[Any, str, Any]]:
        """Yield owner, attribute and what stands there, for classes that open a socket."""
        for owner in owners:
            if owner is HTTPConnection:
                yield owner, "__init__", self._init(owner)
                yield owner, "send", self._send()
            yield owner, "connect", self._connect(owner)

    def leave(self) -> None:
        """Give back the sockets of connections that wait for no answer."""
        made, self._made = self._made, []
        for each in made:
            stand_in = each()
            if stand_in is not None:
                stand_in.leave()

    def _init(self, owner: type) -> Callable[..., None]:
        real: Callable[..., None] = vars(owner)["__init__"]

        @wraps(real)
        def init(connection: HTTPConnection, *arguments: Any, **keywords: Any) -> None:
            real(connection, *arguments, **keywords)  # first: another tape's stands below
            kind = type(connection)
            if kind not in self._known:
                self._arrived()
                self._known.add(kind)

        return init

    def _send(self) -> Callable[..., None]:
        whole = self.below
        while hasattr(whole, "__wrapped__"):  # another tape's hears what goes out, and no sooner
            whole = whole.__wrapped__

        @wraps(self.below)
        def send(connection: HTTPConnection, data: Any) -> None:
            if self in _GOING_OUT.get():
                self.below(connection, data)
                return
            if connection.sock is not None or connection.auto_open:
                self._stand_in(connection)
            whole(connection, data)

        return send

    def _connect(self, owner: type) -> Callable[..., None]:
        real: Callable[..., None] = vars(owner)["connect"]

        @wraps(real)
        def connect(connection: HTTPConnection) -> None:
            if self in _GOING_OUT.get():
                real(connection)
                return
            self._stand_in(connection)
            if hasattr(connection, "is_verified"):
                connection.is_verified = True  # urllib3 warns of what is not

        return connect

    def _stand_in(self, connection: HTTPConnection) -> None:
        there = connection.sock
        if not (isinstance(there, StandIn) and there.owner is self):
            stand_in = StandIn(self, connection, self._tape)
            self._made.append(ref(stand_in))
            connection.sock = stand_in


def opening_classes() -> list[type]:
    """Return the connections of all that is imported whose class opens a socket by itself."""
    found = [HTTPConnection]
    for kind in found:  # grows on the way
        found += kind.__subclasses__()
    return [kind for kind in dict.fromkeys(found) if "connect" in vars(kind)]


class _Everybody(tuple[Connections, ...]):
    """Holds whoever is looked for."""

    __slots__ = ()

    def __contains__(self, _: object) -> bool:
        return True


_GOING_OUT: ContextVar[tuple[Connections, ...]] = ContextVar("llmregress_going_out", default=())
"""Whose connection opens a real socket now. Several, where a test runs pytest in its process."""


@contextmanager
def going_out() -> Iterator[None]:
    """Send what stands on http.client past every tape, while the context lasts."""
    token = _GOING_OUT.set(_Everybody())
    try:
        yield
    finally:
        _GOING_OUT.reset(token)


class StandIn:
    """What a connection has for a socket from its request until its answer is there.

    Parameters: `owner`, who has put it there; `connection`, which may have a real socket that is
    open; `tape`, which one is asked.
    """

    def __init__(
        self, owner: Connections, connection: HTTPConnection, tape: Callable[[], CassetteSession]
    ) -> None:
        self.owner = owner
        self._connection = ref(connection)
        self._tape = tape
        self._real: Any = connection.sock
        self._readable: socket.socket | None = None
        self._sent = bytearray()
        self._head: Head | None = None
        self._asked: tuple[CassetteSession, Exchange | None] | None = None

    def sendall(self, data: Any) -> None:
        """Take a part of a request; once it is whole, the tape answers it or it goes out."""
        if self._asked is not None:  # more than the request has said that it has
            if not _has_answer(self._asked[1]):
                self._real.sendall(data)
            return
        self._sent += data
        if self._head is None:
            self._head = read_head(self._sent)
        if self._head is not None:
            body = self._head.body(self._sent)
            if body is not None:
                self._ask(self._head, body)

    def makefile(self, *_: object, **__: object) -> BufferedReader:
        """Return the answer as a server would have sent it."""
        if self._asked is None or self._head is None:
            waits = self._head is not None and self._head.waits_for_continue
            return _file(CONTINUE if waits else b"")
        method = self._head.method
        tape, exchange = self._asked
        if exchange is not None and exchange.interaction is not None:
            response = exchange.interaction.response
        else:
            response = self._hear(tape, exchange, method)
        self._head, self._asked = None, None
        self._sent.clear()
        self.leave()
        return _file(write_response(response, method=method))

    def leave(self) -> None:
        """Give the connection its real socket back, unless it waits for an answer."""
        connection = self._connection()
        if self._sent or connection is None or connection.sock is not self:
            return
        connection.sock = self._real
        self._forget_readable()

    def close(self) -> None:
        """Close what is open."""
        self._forget_readable()
        if self._real is not None:
            self._real.close()
            self._real = None

    def fileno(self) -> int:
        """Return a descriptor that can always be read from: whoever waits need not."""
        if self._readable is None:
            self._readable, other = socket.socketpair()
            other.close()
        return self._readable.fileno()

    def settimeout(self, value: float | None) -> None:
        """Set how long the real socket waits."""
        if self._real is not None:
            self._real.settimeout(value)

    def setsockopt(self, *arguments: Any) -> None:
        """Set an option of the real socket."""
        if self._real is not None:
            self._real.setsockopt(*arguments)

    def _ask(self, head: Head, body: bytes) -> None:
        connection = self._connection()
        assert connection is not None  # noqa: S101 - it is the one that sends
        request = Request(
            method=head.method, url=_url(connection, head), headers=head.headers, body=body
        )
        tape, exchange = self._tape(), None
        if not tape.passes(request):
            asked, request = request, tape.rewrite(request)
            if request is not asked:
                self._sent = bytearray(rewrite_sent(bytes(self._sent), head, asked, request))
            exchange = tape.ask(request, retry=request.is_retry, judge=judge_flag.is_judging())
        if not _has_answer(exchange):
            self._go_out(connection)
        self._asked = tape, exchange

    def _go_out(self, connection: HTTPConnection) -> None:
        """Send the request for real, by a socket that the connection's class opens as ever."""
        token = _GOING_OUT.set((*_GOING_OUT.get(), self.owner))
        there, connection.sock = connection.sock, self._real
        try:
            self.owner.below(connection, self._sent)
        finally:
            self._real, connection.sock = connection.sock, there
            _GOING_OUT.reset(token)

    def _hear(self, tape: CassetteSession, exchange: Exchange | None, method: str) -> Response:
        """Read the answer that comes over the network, whole, and hand it to the tape."""
        try:
            with HTTPResponse(self._real, method=method) as reply:
                reply.begin()
                body = reply.read()
        except BaseException:
            self._drop()
            raise
        if reply.will_close:
            self.close()
        came = build_response(reply.status, reply.reason, reply.getheaders(), body)
        if exchange is not None:
            tape.answer(exchange, came)
        return came

    def _drop(self) -> None:
        """Close a connection whose answer did not come, as http.client does."""
        connection = self._connection()
        if connection is not None:
            connection.close()

    def _forget_readable(self) -> None:
        if self._readable is not None:
            self._readable.close()
            self._readable = None


def _url(connection: HTTPConnection, head: Head) -> str:
    if "://" in head.target:  # to a proxy
        return head.target
    to: Any = connection
    tunnel = to._tunnel_host  # noqa: SLF001 - http.client has no other name for it
    host, port = (tunnel, to._tunnel_port) if tunnel else (to.host, to.port)  # noqa: SLF001
    scheme = _PORTS.get(to.default_port, "http")
    place = f"[{host}]" if ":" in host else host
    if port != to.default_port:
        place = f"{place}:{port}"
    return f"{scheme}://{place}{head.target}"


def _has_answer(exchange: Exchange | None) -> bool:
    return exchange is not None and exchange.interaction is not None


def _file(data: bytes) -> BufferedReader:
    return BufferedReader(BytesIO(data))
