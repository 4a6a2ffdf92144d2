"""The way from the gateway to an API: http.client, with TLS, proxies and kept connections."""

import os
import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    HTTPSConnection,
    IncompleteRead,
)
from importlib.util import find_spec
from types import TracebackType
from typing import Self
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from pytest_llmregress.recording.http_client_connections import going_out
from pytest_llmregress.values.http import Request

SILENCE = 600.0
"""Seconds without a byte after which an API is given up: as long as SDKs wait."""
OF_ONE_CONNECTION = frozenset(
    {
        *("connection", "host", "keep-alive", "proxy-authenticate", "proxy-authorization"),
        *("proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
    }
)
"""The headers that go no further than one connection."""
_CODECS = ("gzip", "deflate")
"""What a recording can undo, on each machine."""
_PIECE = 65536

UPSTREAM_FAULTS = (OSError, HTTPException)
"""What a connection to an API fails by."""


class Upstream:
    """The connection of one child's connection; another one for each API that it asks for."""

    def __init__(self) -> None:
        self._connection: HTTPConnection | None = None
        self._place: tuple[str, str] | None = None
        self._to_proxy: dict[str, str] | None = None
        """The headers for a proxy that is told the whole URL; None where it is not, or none is."""

    def __enter__(self) -> Self:
        """Begin without a connection."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def send(self, request: Request) -> HTTPResponse:
        """Send a request, and return its answer once its head is there.

        Raises what is among UPSTREAM_FAULTS. A connection that the API has closed meanwhile is
        opened anew: nothing was answered on it.
        """
        parts = urlsplit(request.url)
        place = parts.scheme, parts.netloc
        if place != self._place:
            self.close()
        is_kept = self._connection is not None
        try:
            return self._exchange(request)
        except (ConnectionError, HTTPException):
            self.close()
            if not is_kept:
                raise
            return self._exchange(request)

    def close(self) -> None:
        """Close the connection, if there is one."""
        connection, self._connection, self._place = self._connection, None, None
        if connection is not None:
            connection.close()

    def _exchange(self, request: Request) -> HTTPResponse:
        parts = urlsplit(request.url)
        with going_out():
            if self._connection is None:
                self._connection, self._to_proxy = _connect(parts)
                self._place = parts.scheme, parts.netloc
            connection = self._connection
            path = parts.path or "/"
            target = f"{path}?{parts.query}" if parts.query else path
            host = parts.netloc.rpartition("@")[2]
            if self._to_proxy is not None:
                target = f"{parts.scheme}://{host}{target}"
            connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", host)
            headers = self._to_proxy or {}
            if "authorization" not in request.headers:
                headers = {**headers, **_sign_in("Authorization", parts)}
            for name, value in (*headers.items(), *_forwarded(request)):
                connection.putheader(name, value)
            connection.endheaders(request.body or None)
            return connection.getresponse()


def pieces(response: HTTPResponse) -> Iterator[bytes]:
    """Yield a body as it comes, still compressed where it is.

    Raises IncompleteRead where the API closes the connection before the body is whole.
    """
    left = response.length  # None where chunks or the end of the connection tell
    with closing(response):
        while left != 0:
            piece = response.read1(_PIECE if left is None else min(_PIECE, left))
            if not piece:
                if left is not None:
                    raise IncompleteRead(b"", left)
                return
            yield piece
            left = None if left is None else left - len(piece)


def _forwarded(request: Request) -> Iterator[tuple[str, str]]:
    for name, values in request.headers.items():
        if name in OF_ONE_CONNECTION or name in {"accept-encoding", "content-length", "expect"}:
            continue
        yield from ((name, value) for value in values)
    offered = ",".join(request.headers.get("accept-encoding", ()))
    known = [codec for codec in _CODECS if codec in offered]
    yield "accept-encoding", ", ".join(known) or "identity"
    if request.body or request.method not in {"GET", "HEAD", "OPTIONS", "DELETE"}:
        yield "content-length", str(len(request.body))


def _connect(parts: SplitResult) -> tuple[HTTPConnection, dict[str, str] | None]:
    """Return a connection to the host of a URL, or to the proxy that leads there.

    It opens when it sends. With it come the headers for a proxy that is told the whole URL.
    """
    host = parts.netloc.rpartition("@")[2]
    proxy = None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
    if proxy is None:
        if parts.scheme == "https":
            return HTTPSConnection(host, timeout=SILENCE, context=_tls()), None
        return HTTPConnection(host, timeout=SILENCE), None
    way = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    by = way.netloc.rpartition("@")[2]
    if parts.scheme == "http":
        return HTTPConnection(by, timeout=SILENCE), _sign_in("Proxy-Authorization", way)
    connection = HTTPSConnection(by, timeout=SILENCE, context=_tls())
    at = host if parts.port else f"{host}:443"
    connection.set_tunnel(at, headers=_sign_in("Proxy-Authorization", way))
    return connection, None


def _sign_in(header: str, url: SplitResult) -> dict[str, str]:
    """Return the header for the name and the password in a URL, if there are any."""
    if url.username is None:
        return {}
    name = f"{unquote(url.username)}:{unquote(url.password or '')}"
    return {header: f"Basic {b64encode(name.encode()).decode()}"}


def _tls() -> ssl.SSLContext:
    return _build_tls(os.environ.get("SSL_CERT_FILE"))


@cache
def _build_tls(_: str | None) -> ssl.SSLContext:
    """Return what verifies the certificates of an API; that variable adds some of a company."""
    context = ssl.create_default_context()
    if find_spec("certifi") is not None:  # what the clients of this process trust as well
        import certifi  # noqa: PLC0415 - only where something is recorded over TLS

        context.load_verify_locations(certifi.where())
    return context
