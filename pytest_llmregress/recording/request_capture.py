"""Noting of requests: what is recorded is played, and the first thing that is not stops the test.

Concurrent requests of one test, of threads or tasks, are all noted: whoever asks first waits
until nobody else asks. From the first stop on nothing is noted any more, since what a test asks
after an answer that it did not get is nothing that it would ever ask.

A thread or a task that was there before the test, as that of a fixture of its module, is not
stopped: it serves other tests as well. What it asks is sent at once, and it gets its answer.
"""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NoReturn
from unittest import mock

from pytest_llmregress.process import shared_tls
from pytest_llmregress.process.asking_thread import end_caller, is_in_task
from pytest_llmregress.recording import judge_flag
from pytest_llmregress.recording.cassette_session import CassetteSession, Exchange
from pytest_llmregress.recording.httpx_request import read_request, rewrite_request
from pytest_llmregress.recording.loopback import is_loopback
from pytest_llmregress.recording.request_pool import Handle, OutgoingRequest, Transport
from pytest_llmregress.values.http import Interaction, Request, Response

QUIET = 0.03
"""Seconds without a further request after which the concurrent ones are all there."""
_LONGEST = 2.0
_STEP = 0.005
NOT_RECORDED = "this answer is not recorded yet"
"""What a test, a thread or a task is stopped by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapturedRequest:
    """A request that waits for an answer."""

    tape: CassetteSession
    exchange: Exchange
    outgoing: OutgoingRequest


class RequestRecorder:
    """What one run of a test asked for and was not answered. Safe to use from several threads.

    Parameters: `refuse`, why a request cannot be sent in the test's place, or nothing; `halt`,
    which fails the test by a message; `before_live`, called with a request that is about
    to go out at once; `take_live`, which takes the answer to that.
    """

    def __init__(
        self,
        *,
        refuse: Callable[[Request], str],
        halt: Callable[[str], NoReturn],
        before_live: Callable[[Request], None],
        take_live: Callable[[CassetteSession, Exchange, Response], None],
    ) -> None:
        self.notes: list[CapturedRequest] = []
        self.stopped = False
        """Whether an answer was missing, so that the test cannot go on."""
        self.refused = ""
        """A request that only the test itself can send; empty where there was none."""
        self.live = 0
        """Requests that threads and tasks have sent at once which were there before the test."""
        self._refuse = refuse
        self._halt = halt
        self._before_live = before_live
        self._take_live = take_live
        self._lock = threading.Lock()
        self._last = 0.0
        self._threads = set(threading.enumerate())
        self._opener = threading.current_thread()
        self._is_wide = False

    @contextmanager
    def of_test(self) -> Iterator[None]:
        """Take what is begun meanwhile for the test's own."""
        before = _OF_TEST.set(self)
        try:
            yield
        finally:
            _OF_TEST.reset(before)

    @contextmanager
    def of_wider_scope(self) -> Iterator[None]:
        """Take what is begun meanwhile for something that outlives the test."""
        before, was_wide = _OF_TEST.set(None), self._is_wide
        there = set(threading.enumerate())
        self._is_wide = True
        try:
            yield
        finally:
            self._is_wide = was_wide
            self._threads |= set(threading.enumerate()) - there
            _OF_TEST.reset(before)

    def outlives(self) -> bool:
        """Tell whether who asks was there before the test, so that it must not be stopped."""
        thread = threading.current_thread()
        is_task = is_in_task()
        if _OF_TEST.get() is self or (thread is self._opener and (self._is_wide or not is_task)):
            return False
        return is_task or thread in self._threads

    def begin_live(self, request: Request) -> None:
        """Count a request that is sent at once; raises where it must not be sent."""
        with self._lock:
            self.live += 1
        self._before_live(request)

    def answer_live(
        self,
        tape: CassetteSession,
        exchange: Exchange,
        outgoing: OutgoingRequest,
        *,
        handle: Handle,
    ) -> None:
        """Send a request now, and have its answer taken. Raises what the transport raises."""
        transport = Transport(outgoing, connections=1, handle=handle)
        try:
            response = transport.exchange(outgoing.request)
        finally:
            transport.close()
        self._take_live(tape, exchange, response)

    def take(
        self, tape: CassetteSession, exchange: Exchange, outgoing: OutgoingRequest | None
    ) -> None:
        """Note a request; one that cannot be noted stops the test for good."""
        with self._lock:
            if self.stopped:
                return
            why = self._refuse(exchange.request)
            if outgoing is None or why:
                self.refused = why or name_request(exchange.request)
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
        end_caller(NOT_RECORDED, fail=self._halt)

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


def name_request(request: Request) -> str:
    """Return a request in words."""
    return f"{request.method} {request.url.partition('?')[0]}"


_OF_TEST: ContextVar[RequestRecorder | None] = ContextVar("llmregress_of_test", default=None)
"""Whose a task is, or a piece of work that was handed to another thread: it inherits this."""


@contextmanager
def capture_requests(tape: CassetteSession, *, recorder: RequestRecorder) -> Iterator[None]:
    """Answer the HTTP of the whole process from a tape, and have what it has not noted."""
    with ExitStack() as stack:
        stack.enter_context(shared_tls.skip_tls_contexts())  # nothing is sent while this lasts
        for name in ("httpx2", "httpx"):
            library = sys.modules.get(name)
            if library is not None:
                for owner, attribute, replacement in list(_of_httpx(library, tape, recorder)):
                    stack.enter_context(mock.patch.object(owner, attribute, replacement))
        for module, owner, attribute in (
            ("aiohttp", "ClientSession", "_request"),
            ("http.client", "HTTPConnection", "__init__"),
            ("http.client", "HTTPConnection", "send"),  # of a connection that was made before
        ):
            if module in sys.modules:
                patched = getattr(sys.modules[module], owner)
                replacement = _refusing(getattr(patched, attribute), recorder)
                stack.enter_context(mock.patch.object(patched, attribute, replacement))
        submit = _submitting(ThreadPoolExecutor.submit)
        stack.enter_context(mock.patch.object(ThreadPoolExecutor, "submit", submit))
        yield


def _submitting(real: Callable[..., Any]) -> Callable[..., Any]:
    """Return what hands work to a pool of threads together with whose it is."""

    def submit(self: ThreadPoolExecutor, /, *arguments: Any, **keywords: Any) -> Any:
        return real(self, copy_context().run, *arguments, **keywords)

    return submit


def _of_httpx(
    library: ModuleType, tape: CassetteSession, recorder: RequestRecorder
) -> Iterator[tuple[Any, str, Any]]:
    # Of a model that a test has scripted nothing is sent for it: its test runs it, and only once.
    handle = library.HTTPTransport.handle_request
    for transport in (library.HTTPTransport, library.MockTransport):
        real = transport.handle_request
        yield transport, "handle_request", _handler(library, real, tape, recorder, handle)
    for transport in (library.AsyncHTTPTransport, library.MockTransport):
        real = transport.handle_async_request
        yield (
            transport,
            "handle_async_request",
            _async_handler(library, real, tape, recorder, handle),
        )


def _handler(
    library: ModuleType,
    real: Callable[[Any, Any], Any],
    tape: CassetteSession,
    recorder: RequestRecorder,
    handle: Handle,
) -> Callable[[Any, Any], Any]:
    def handle_request(transport: Any, request: Any) -> Any:
        body = b"".join(request.stream)
        request.stream = library.ByteStream(body)
        asked = read_request(request, body)
        outlives = recorder.outlives()
        if outlives and tape.passes(asked):
            return real(transport, request)
        exchange = _ask(tape, library, request, asked, recorder)
        if exchange.interaction is not None:
            return _response(library, exchange.interaction)
        outgoing = OutgoingRequest.of(library, transport, request)
        if outlives and outgoing is not None:
            recorder.begin_live(exchange.request)
            recorder.answer_live(tape, exchange, outgoing, handle=handle)
            return _response(library, exchange.interaction)
        recorder.take(tape, exchange, outgoing)
        return recorder.stop_after_threads()

    return handle_request


def _async_handler(
    library: ModuleType,
    real: Callable[[Any, Any], Any],
    tape: CassetteSession,
    recorder: RequestRecorder,
    handle: Handle,
) -> Callable[[Any, Any], Any]:
    async def handle_async_request(transport: Any, request: Any) -> Any:
        body = b"".join([part async for part in request.stream])
        request.stream = library.ByteStream(body)
        asked = read_request(request, body)
        outlives = recorder.outlives()
        if outlives and tape.passes(asked):
            return await real(transport, request)
        exchange = _ask(tape, library, request, asked, recorder)
        if exchange.interaction is not None:
            return _response(library, exchange.interaction)
        outgoing = OutgoingRequest.of(library, transport, request)
        if outlives and outgoing is not None:
            recorder.begin_live(exchange.request)
            await asyncio.to_thread(recorder.answer_live, tape, exchange, outgoing, handle=handle)
            return _response(library, exchange.interaction)
        recorder.take(tape, exchange, outgoing)
        return await recorder.stop_after_tasks()

    return handle_async_request


def _refusing(real: Callable[..., Any], recorder: RequestRecorder) -> Callable[..., Any]:
    def refuse(client: Any, *arguments: Any, **keywords: Any) -> Any:
        library = type(client).__module__.partition(".")[0]
        what = f"a request of {'http.client' if library == 'http' else library}"
        if not recorder.outlives():
            recorder.refuse(what)
        host = getattr(client, "host", arguments[0] if arguments else keywords.get("host"))
        if isinstance(host, str) and is_loopback(host):
            return real(client, *arguments, **keywords)
        raise ConnectionAbortedError(f"{what}: {NOT_RECORDED}")

    return refuse


def _ask(
    tape: CassetteSession,
    library: ModuleType,
    request: Any,
    asked: Request,
    recorder: RequestRecorder,
) -> Exchange:
    if tape.passes(asked):
        recorder.refuse("a request to a server of the test's own process")
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
