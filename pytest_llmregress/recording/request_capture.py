"""Noting of requests: what is recorded is played, and the first thing that is not stops the test.

Concurrent requests of one test, of threads or tasks, are all noted: whoever asks first waits
until nobody else asks. From the first stop on nothing is noted any more, since what a test asks
after an answer that it did not get is nothing that it would ever ask.
"""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NoReturn
from unittest import mock

from pytest_llmregress.process import shared_tls
from pytest_llmregress.recording import judge_flag
from pytest_llmregress.recording.cassette_session import CassetteSession, Exchange
from pytest_llmregress.recording.httpx_request import read_request, rewrite_request
from pytest_llmregress.recording.request_pool import OutgoingRequest
from pytest_llmregress.values.http import Interaction, Request

QUIET = 0.03
"""Seconds without a further request after which the concurrent ones are all there."""
_LONGEST = 2.0
_STEP = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturedRequest:
    """A request that waits for an answer."""

    tape: CassetteSession
    exchange: Exchange
    outgoing: OutgoingRequest


class RequestRecorder:
    """What one run of a test asked for and was not answered. Safe to use from several threads.

    Parameters: `may_send`, whether a request is one that can be sent in the test's place; `halt`,
    which raises what no application catches.
    """

    def __init__(
        self, *, may_send: Callable[[Request], bool], halt: Callable[[], NoReturn]
    ) -> None:
        self.notes: list[CapturedRequest] = []
        self.stopped = False
        """Whether an answer was missing, so that the test cannot go on."""
        self.refused = ""
        """A request that only the test itself can send; empty where there was none."""
        self._may_send = may_send
        self._halt = halt
        self._lock = threading.Lock()
        self._last = 0.0
        self._threads = set(threading.enumerate())
        self._opener = threading.current_thread()

    def take(
        self, tape: CassetteSession, exchange: Exchange, outgoing: OutgoingRequest | None
    ) -> None:
        """Note a request; one that cannot be noted stops the test for good."""
        with self._lock:
            if self.stopped:
                return
            if outgoing is None or not self._may_send(exchange.request):
                request = exchange.request
                self.refused = f"{request.method} {request.url.partition('?')[0]}"
            else:
                self.notes.append(CapturedRequest(tape=tape, exchange=exchange, outgoing=outgoing))
                self._last = time.monotonic()

    def refuse(self, what: str) -> NoReturn:
        """Stop the test for good: it sends what only the test itself can send."""
        if not self.stopped:
            self.refused = what
        self.stop()

    def stop(self) -> NoReturn:
        """Stop the thread or task that asked."""
        with self._lock:
            self.stopped = True
        self._halt()

    def stop_after_threads(self) -> NoReturn:
        """Let other threads come to their requests, then stop this one."""
        if not self.stopped and not self.refused and self._has_threads():
            ends = time.monotonic() + _LONGEST
            while not self._is_quiet() and time.monotonic() < ends:
                time.sleep(_STEP)
        self.stop()

    async def stop_after_tasks(self) -> NoReturn:
        """Let other tasks come to their requests, then stop this one."""
        if not self.stopped and not self.refused and _has_tasks():
            ends = time.monotonic() + _LONGEST
            while not self._is_quiet() and time.monotonic() < ends:  # noqa: ASYNC110 - nothing to wait for
                await asyncio.sleep(_STEP)
        self.stop()

    def _is_quiet(self) -> bool:
        with self._lock:
            return self.stopped or time.monotonic() - self._last > QUIET

    def _has_threads(self) -> bool:
        current = threading.current_thread()
        others = set(threading.enumerate()) - self._threads - {current}
        return current is not self._opener or bool(others)


@contextmanager
def capture_requests(tape: CassetteSession, *, pad: RequestRecorder) -> Iterator[None]:
    """Answer the HTTP of the whole process from a tape, and note on the pad what it has not."""
    with ExitStack() as stack:
        stack.enter_context(shared_tls.skip_tls_contexts())  # nothing is sent while this lasts
        for name in ("httpx2", "httpx"):
            library = sys.modules.get(name)
            if library is not None:
                for owner, attribute, replacement in _of_httpx(library, tape, pad):
                    stack.enter_context(mock.patch.object(owner, attribute, replacement))
        for module, owner, attribute in (
            ("aiohttp", "ClientSession", "_request"),
            ("http.client", "HTTPConnection", "__init__"),
            ("http.client", "HTTPConnection", "send"),  # of a connection that was made before
        ):
            if module in sys.modules:
                patched = getattr(sys.modules[module], owner)
                stack.enter_context(mock.patch.object(patched, attribute, _refusing(pad)))
        yield


def _of_httpx(
    library: ModuleType, tape: CassetteSession, pad: RequestRecorder
) -> Iterator[tuple[Any, str, Any]]:
    # Of a model that a test has scripted nothing is sent for it: its test runs it, and only once.
    for transport in (library.HTTPTransport, library.MockTransport):
        yield transport, "handle_request", _handler(library, tape, pad)
    for transport in (library.AsyncHTTPTransport, library.MockTransport):
        yield transport, "handle_async_request", _async_handler(library, tape, pad)


def _handler(
    library: ModuleType, tape: CassetteSession, pad: RequestRecorder
) -> Callable[[Any, Any], Any]:
    def handle_request(transport: Any, request: Any) -> Any:
        body = b"".join(request.stream)
        request.stream = library.ByteStream(body)
        exchange = _ask(tape, library, request, body, pad)
        if exchange.interaction is not None:
            return _response(library, exchange.interaction)
        pad.take(tape, exchange, OutgoingRequest.of(library, transport, request))
        return pad.stop_after_threads()

    return handle_request


def _async_handler(
    library: ModuleType, tape: CassetteSession, pad: RequestRecorder
) -> Callable[[Any, Any], Any]:
    async def handle_async_request(transport: Any, request: Any) -> Any:
        body = b"".join([part async for part in request.stream])
        request.stream = library.ByteStream(body)
        exchange = _ask(tape, library, request, body, pad)
        if exchange.interaction is not None:
            return _response(library, exchange.interaction)
        pad.take(tape, exchange, OutgoingRequest.of(library, transport, request))
        return await pad.stop_after_tasks()

    return handle_async_request


def _refusing(pad: RequestRecorder) -> Callable[..., NoReturn]:
    def refuse(client: object, *_: object, **__: object) -> NoReturn:
        library = type(client).__module__.partition(".")[0]
        pad.refuse(f"a request of {'http.client' if library == 'http' else library}")

    return refuse


def _ask(
    tape: CassetteSession, library: ModuleType, request: Any, body: bytes, pad: RequestRecorder
) -> Exchange:
    asked = read_request(request, body)
    if tape.passes(asked):
        pad.refuse("a request to a server of the test's own process")
    asked = rewrite_request(library, request, asked, tape.rewrite)
    return tape.ask(asked, retry=asked.is_retry, judge=judge_flag.is_judging())


def _response(library: ModuleType, interaction: Interaction | None) -> Any:
    assert interaction is not None  # noqa: S101 - whoever calls this has an answer
    response = interaction.response
    return library.Response(
        response.status,
        headers=[(name, value) for name, values in response.headers.items() for value in values],
        stream=library.ByteStream(response.body),
        extensions={"reason_phrase": response.reason.encode("ascii", "replace")}
        if response.reason
        else None,
    )


def _has_tasks() -> bool:
    """Whether another task runs beside this one; None does without asyncio."""
    try:
        return len(asyncio.all_tasks()) > 1
    except RuntimeError:
        return False
