"""Interception of HTTP: vcrpy's stubs around the transports, with a tape behind them."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from weakref import WeakKeyDictionary

from vcr.cassette import Cassette as VcrCassette
from vcr.filters import decode_response
from vcr.patch import PATCHER_NAMES, CassettePatcherBuilder
from vcr.request import Request as VcrRequest

from pytest_llmregress.adapters import sdk
from pytest_llmregress.adapters.cassette.tape import Exchange, Tape
from pytest_llmregress.adapters.replacing import Replaced, own_value
from pytest_llmregress.core.http import Request, Response

_Patch = tuple[Any, str, Any]
"""Owner, attribute, and what stands there for the time of a test."""

_CLIENTS = ("httpx2", "httpx", "aiohttp", "urllib3")
"""The libraries that send over a network, as far as they are told apart here."""


@contextmanager
def intercepted(tape: Tape) -> Iterator[None]:
    """Send the HTTP of the whole process through a tape for as long as the context lasts.

    Only the libraries that are imported by now are patched, and of those only what goes over a
    network: an application under test that is called in process (ASGI, WSGI) is left alone.
    """
    stubs = _take_stubs()
    try:
        with stubs.playing(tape):
            yield
    finally:
        _READY.append(stubs)


class _Stubs:
    """What stands in the libraries' places: built once, since building takes longer than a call."""

    def __init__(self) -> None:
        self._imported = _imported()
        self._bridge = _Bridge()
        self._of_urllib3 = _Bridge()
        patches = [*_patches(self._bridge)]
        self._removers: list[AbstractContextManager[Any]] = []
        for patcher in _urllib3_patchers(self._of_urllib3):
            if hasattr(patcher, "attribute"):
                patches.append((patcher.getter(), patcher.attribute, patcher.new))
            else:
                self._removers.append(patcher)
        # vcrpy has two groups that stand in the same places: the last one does.
        last = {(id(owner), name): (owner, name, new) for owner, name, new in patches}
        self._patches = [(*patch, own_value(*patch[:2])) for patch in last.values()]

    @property
    def is_fresh(self) -> bool:
        """Whether it fits what is imported and patched now, and holds nobody's connections."""
        return (
            not self._of_urllib3.was_asked
            and self._imported == _imported()
            and all(own_value(owner, name) is real for owner, name, _, real in self._patches)
        )

    @contextmanager
    def playing(self, tape: Tape) -> Iterator[None]:
        """Stand there, with a tape behind, for as long as the context lasts."""
        replaced = Replaced()
        self._bridge.tape = self._of_urllib3.tape = tape
        try:
            for owner, name, new, _ in self._patches:
                replaced.replace(owner, name, new)
            yield
        finally:
            for remover in self._removers:
                remover.__exit__(None, None, None)
            replaced.restore()


_READY: list[_Stubs] = []
"""Stubs that nobody uses now. Several, where a test runs pytest in its own process."""


def _take_stubs() -> _Stubs:
    while _READY:
        stubs = _READY.pop()
        if stubs.is_fresh:
            return stubs
    return _Stubs()


def _imported() -> list[bool]:
    return [name in sys.modules for name in _CLIENTS]


class _Bridge(VcrCassette):  # type: ignore[misc]  # vcrpy has no types
    """What vcrpy's stubs talk to: the questions of a cassette, answered by a tape."""

    tape: Tape

    def __init__(self) -> None:
        # vcrpy's own patchers go over libraries that nobody has imported, and over transports
        # that reach no network; of its groups only urllib3's is taken, for `requests` as well.
        super().__init__("tape", skip_patchers=set(PATCHER_NAMES) - {"urllib3", "requests"})
        self.was_asked = False
        # With its tape: an answer may come in when the next test has begun.
        self._asked: WeakKeyDictionary[VcrRequest, tuple[Tape, Exchange]] = WeakKeyDictionary()

    def _load(self) -> None:
        """Load nothing: the tape has it."""

    def _save(self, force: bool = False) -> None:  # noqa: FBT001, FBT002 - vcrpy's signature
        """Save nothing: the tape's owner does."""

    @property
    def write_protected(self) -> bool:
        """Say no: a tape that must not record has raised before anybody asks."""
        return False

    def filter_request(self, request: VcrRequest) -> VcrRequest:
        return request

    def can_play_response_for(self, request: VcrRequest) -> bool:
        """Ask the tape, once; vcrpy's stubs then play the answer or go out for one."""
        self.was_asked = True
        tape = self.tape
        exchange = tape.ask(
            _request(request),
            retry=str(request.headers.get("x-stainless-retry-count", "0")) != "0",
            judge=sdk.is_judging(),
        )
        self._asked[request] = tape, exchange
        return exchange.interaction is not None

    def play_response(self, request: VcrRequest) -> dict[str, Any]:
        interaction = self._asked.pop(request)[1].interaction
        assert interaction is not None  # noqa: S101 - can_play_response_for said so
        response = interaction.response
        return {
            "status": {"code": response.status, "message": response.reason},
            "headers": {name: list(values) for name, values in response.headers.items()},
            "body": {"string": response.body},
        }

    def append(self, request: VcrRequest, response: Mapping[str, Any]) -> None:
        known = self._asked.pop(request, None)
        if known is None:  # an answer on the way to a redirect's target
            exchange = self.tape.ask(_request(request), retry=False, judge=sdk.is_judging())
            known = self.tape, exchange
        tape, exchange = known
        tape.answer(exchange, read_response(response))


def _patches(bridge: _Bridge) -> Iterator[_Patch]:
    """Yield (class, attribute, replacement) for each imported library."""
    for name in ("httpx2", "httpx"):
        library = sys.modules.get(name)
        if library is None:
            continue
        from vcr.stubs.httpx_stubs import (  # noqa: PLC0415 - only where the library is imported
            vcr_handle_async_request,
            vcr_handle_request,
        )

        # A client over a MockTransport is a client whose model a test has scripted: recorded too.
        for transport in (library.HTTPTransport, library.MockTransport):
            sync = vcr_handle_request(bridge, transport.handle_request, library)
            yield transport, "handle_request", sync
        for transport in (library.AsyncHTTPTransport, library.MockTransport):
            asynchronous = vcr_handle_async_request(bridge, transport.handle_async_request, library)
            yield transport, "handle_async_request", asynchronous
    aiohttp = sys.modules.get("aiohttp")
    if aiohttp is not None:
        from vcr.stubs.aiohttp_stubs import vcr_request  # noqa: PLC0415 - imports aiohttp

        real = aiohttp.ClientSession._request  # noqa: SLF001 - the attribute that vcrpy patches
        yield aiohttp.ClientSession, "_request", vcr_request(bridge, real)


def _urllib3_patchers(bridge: _Bridge) -> Iterator[Any]:
    """Yield vcrpy's own patchers of urllib3, and what puts its connections out of their pools."""
    if "urllib3" in sys.modules:
        yield from CassettePatcherBuilder(bridge).build()


def _request(request: VcrRequest) -> Request:
    return Request(
        method=request.method,
        url=request.uri,
        headers={name.lower(): (str(value),) for name, value in request.headers.items()},
        body=_bytes(request.body),
    )


def read_response(response: Mapping[str, Any]) -> Response:
    """Return a response as a value, in vcrpy's form, without the compression of its way."""
    decoded = decode_response(
        {**response, "headers": {k.lower(): list(v) for k, v in response["headers"].items()}}
    )
    return Response(
        status=decoded["status"]["code"],
        reason=decoded["status"]["message"] or "",
        headers={name.lower(): tuple(values) for name, values in decoded["headers"].items()},
        body=_bytes(decoded["body"].get("string")),
    )


def _bytes(body: Any) -> bytes:
    """Return a body as bytes, whichever form a library hands it over in."""
    match body:
        case None:
            return b""
        case bytes() | bytearray():
            return bytes(body)
        case str():
            return body.encode()
        case dict() | list():  # aiohttp's json=
            return json.dumps(body).encode()
        case _ if hasattr(body, "read"):
            return _bytes(body.read())
        case _:
            return b"".join(_bytes(part) for part in body)
