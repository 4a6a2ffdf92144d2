"""Interception of aiohttp: a stand-in for the connection of each request.

A request that is written to a connection and an answer that is read from one is what all versions
of aiohttp have in common. Redirects, cookies, forms, middlewares and compression stay its own.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

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

_Connect = Callable[..., Awaitable[Any]]
"""Of a connector, a request of aiohttp, traces and time-outs."""
_FINAL = 200
"""The first status that an answer ends with."""


def connect_of(real: _Connect, *, tape: Callable[[], CassetteSession]) -> _Connect:
    """Return what stands for `BaseConnector.connect`; `tape` says which one is asked now."""

    @wraps(real)
    async def connect(connector: Any, request: Any, traces: Any, timeout: Any) -> Any:  # noqa: ASYNC109 - aiohttp's signature
        from aiohttp.client_proto import ResponseHandler  # noqa: PLC0415 - only with the library
        from aiohttp.connector import Connection  # noqa: PLC0415 - as above

        if "upgrade" in request.headers:  # a websocket: not HTTP from its first answer on
            return await real(connector, request, traces, timeout)
        loop = asyncio.get_running_loop()
        protocol = ResponseHandler(loop)

        def open_real() -> Awaitable[Any]:
            return real(connector, request, traces, timeout)

        protocol.connection_made(StandInTransport(protocol, request, tape, open_real))
        # A pool would hand it to a later test. Before 3.12, aiohttp had no public name for this.
        protocol._should_close = True  # noqa: SLF001
        return Connection(connector, request.connection_key, protocol, loop)

    return connect


class StandInTransport(asyncio.Transport):
    """What a request is written to; the tape answers it, or it goes out once it is whole.

    Parameters: `protocol`, which reads the answer; `request`, of aiohttp; `tape`, which one is
    asked; `open_real`, opens the connection that the request would have had.
    """

    def __init__(
        self,
        protocol: Any,
        request: Any,
        tape: Callable[[], CassetteSession],
        open_real: Callable[[], Awaitable[Any]],
    ) -> None:
        super().__init__()
        self._protocol = protocol
        self._request = request
        self._tape = tape
        self._open_real = open_real
        self._sent = bytearray()
        self._head: Head | None = None
        self._is_asked = self._is_closed = False
        self._under_way: asyncio.Task[None] | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take a part of a request; the last one asks the tape."""
        self._sent += data
        if self._is_asked:
            return
        if self._head is None:
            self._head = read_head(self._sent)
            if self._head is not None and self._head.waits_for_continue:
                self._protocol.data_received(CONTINUE)
        body = None if self._head is None else self._head.body(self._sent)
        if self._head is not None and body is not None:
            self._is_asked = True
            try:
                self._ask(self._head, body)
            except BaseException as error:  # noqa: BLE001 - a miss is raised where it is awaited
                self._protocol.set_exception(error)

    def is_closing(self) -> bool:
        """Whether nothing is written to it any more."""
        return self._is_closed

    def close(self) -> None:
        """Stop what is under way."""
        if not self._is_closed:
            self._is_closed = True
            if self._under_way is not None:
                self._under_way.cancel()
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)

    abort = close

    def pause_reading(self) -> None:
        """Do nothing: what is read has come already."""

    resume_reading = pause_reading

    def _ask(self, head: Head, body: bytes) -> None:
        url = str(self._request.url.with_fragment(None))
        request = Request(method=head.method, url=url, headers=head.headers, body=body)
        tape, exchange = self._tape(), None
        if not tape.passes(request):
            asked, request = request, tape.rewrite(request)
            if request is not asked:
                self._sent = bytearray(rewrite_sent(bytes(self._sent), head, asked, request))
            exchange = tape.ask(request, retry=request.is_retry, judge=judge_flag.is_judging())
        if exchange is not None and exchange.interaction is not None:
            self._give(exchange.interaction.response)
        else:
            self._under_way = asyncio.ensure_future(self._go_out(tape, exchange))
            self._under_way.add_done_callback(self._pass_failure_on)

    async def _go_out(self, tape: CassetteSession, exchange: Exchange | None) -> None:
        """Send the request, and read its answer whole."""
        connection = await self._open_real()
        try:
            protocol = connection.protocol
            protocol.set_response_params(
                skip_payload=self._request.method == "HEAD",
                read_until_eof=True,
                auto_decompress=False,
            )
            connection.transport.write(bytes(self._sent))
            message, payload = await protocol.read()
            while message.code < _FINAL:
                message, payload = await protocol.read()
            body = await payload.read()
        finally:
            connection.close()  # one that the server closes meanwhile would be asked again
        headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in message.raw_headers]
        came = build_response(message.code, message.reason, headers, body)
        if exchange is not None:
            tape.answer(exchange, came)
        self._give(came)

    def _give(self, response: Response) -> None:
        self._protocol.data_received(write_response(response, method=self._request.method))

    def _pass_failure_on(self, done: asyncio.Task[None]) -> None:
        error = None if done.cancelled() else done.exception()
        if error is not None:
            self._protocol.set_exception(error)
