"""Replays of what the transports of httpx would send: a tape's answer, at once.

vcrpy's stubs do the same by way of a request and a response of their own, which takes as long
as matching and reading the recording. What a tape records still goes through them.
"""

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

from pytest_llmregress.recording import judge_flag
from pytest_llmregress.recording.cassette_session import CassetteSession, Exchange, SampleMode
from pytest_llmregress.recording.httpx_request import read_request, rewrite_request
from pytest_llmregress.values.http import Request

Handler = Callable[[Any, Any], Any]
"""Of a transport and a request."""


def handler(
    library: ModuleType,
    real: Handler,
    *,
    tape: Callable[[], CassetteSession],
    record: Callable[[], Handler],
) -> Handler:
    """Return what stands for `handle_request`; `record` gives what does where a tape records."""

    @functools.wraps(real)
    def handle_request(transport: Any, request: Any) -> Any:
        now = tape()
        body = b"".join(request.stream)  # consumes it
        request.stream = library.ByteStream(body)
        asked = read_request(request, body)
        if now.passes(asked):
            return real(transport, request)
        asked = rewrite_request(library, request, asked, now.rewrite)
        if now.mode is not SampleMode.REPLAY:
            return record()(transport, request)
        return _response(library, _ask(now, asked))

    return handle_request


def async_handler(
    library: ModuleType,
    real: Handler,
    *,
    tape: Callable[[], CassetteSession],
    record: Callable[[], Handler],
) -> Handler:
    """Return what stands for `handle_async_request`."""

    @functools.wraps(real)
    async def handle_async_request(transport: Any, request: Any) -> Any:
        now = tape()
        body = b"".join([part async for part in request.stream])
        request.stream = library.ByteStream(body)
        asked = read_request(request, body)
        if now.passes(asked):
            return await real(transport, request)
        asked = rewrite_request(library, request, asked, now.rewrite)
        if now.mode is not SampleMode.REPLAY:
            return await record()(transport, request)
        return _response(library, _ask(now, asked))

    return handle_async_request


def _ask(tape: CassetteSession, asked: Request) -> Exchange:
    return tape.ask(asked, retry=asked.is_retry, judge=judge_flag.is_judging())


def _response(library: ModuleType, exchange: Exchange) -> Any:
    assert exchange.interaction is not None  # noqa: S101 - in a replay, a miss has raised
    response = exchange.interaction.response
    return library.Response(
        response.status,
        headers=[(name, value) for name, values in response.headers.items() for value in values],
        stream=library.ByteStream(response.body),  # `content` would close it
        extensions={"reason_phrase": response.reason.encode("ascii", "replace")},
    )
