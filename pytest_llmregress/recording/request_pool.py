"""Sending of noted requests: several at a time, at the pace that the server asks for."""

import ssl
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Self

from pytest_llmregress.recording.rate_limiter import REFUSALS, RateLimiter, RoundState
from pytest_llmregress.recording.received_response import build_response
from pytest_llmregress.values.http import RETRY_COUNT, Response, is_passing

MAX_REFUSALS = 30
"""How often a server may put one request off while it answers others."""
MAX_STANDSTILL = 8
"""How often while it answers nothing at all."""
MAX_ATTEMPTS = 3
"""How often a request goes out that fails for another reason."""
_FIRST_PAUSE = 0.5
_HOPELESS = frozenset({401, 403})
"""What no further request of a run will be answered with anything but."""
_Key = tuple[str, int]
Handle = Callable[[Any, Any], Any]
"""`handle_request` of a library's transport: of a transport and a request."""
_TICK = 0.2
"""Seconds between two looks at how far a wave is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingRequest:
    """A request as a client was about to send it. It holds credentials: it is never written."""

    library: ModuleType
    """httpx2 or httpx, which has made it."""
    request: Any
    context: ssl.SSLContext | None
    """The client's own TLS context; None for the default one."""

    @classmethod
    def of(cls, library: ModuleType, transport: Any, request: Any) -> Self | None:
        """Return what a transport was to send; None where it would take a way of its own."""
        pool = getattr(transport, "_pool", None)
        plain = type(pool).__name__ in {"ConnectionPool", "AsyncConnectionPool"}
        if not plain or getattr(pool, "_uds", None) is not None:
            return None
        return cls(library=library, request=request, context=getattr(pool, "_ssl_context", None))


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestJob:
    """A request that is to go out, and who takes its answer."""

    outgoing: OutgoingRequest
    take: Callable[[Response, float], str | None]
    """Takes an answer and when its request went out (`time.perf_counter`); says why it is not
    whole, or None where it is kept."""


class RequestPool:
    """Requests that go out together, from threads of their own, while the caller does other things.

    A request whose answer stays an error is given up: whoever noted it has to do without. What
    patches transports after one was added, as a tape does, does not reach it.
    """

    def __init__(self, *, at_a_time: int, pace: RateLimiter) -> None:
        self._jobs: list[RequestJob] = []
        self._left: deque[RequestJob] = deque()
        self._at_a_time = at_a_time
        self._pace = pace
        self._changed = threading.Condition()
        self._transports: dict[_Key, Transport] = {}
        self._workers = 0
        self._is_hopeless = False
        self._stopped = False
        self._settled: set[int] = set()
        self._under_way = 0
        self._refused: Counter[int] = Counter()
        self._refused_last = 0
        self._heard = time.monotonic()
        """When the last answer came, or the wave began."""
        self.answered = 0
        self.given_up = ""
        """Why a request got no whole answer, of the last such one; empty where all did."""

    def __enter__(self) -> Self:
        """Begin to send."""
        return self

    def add(self, job: RequestJob) -> None:
        """Have a request sent; not while a tape patches transports, which it would go through."""
        key = _key(job.outgoing)
        if key not in self._transports:
            self._transports[key] = Transport(job.outgoing, connections=self._at_a_time)
        with self._changed:
            self._jobs.append(job)
            if self._is_hopeless:
                self._settled.add(id(job))
                return
            self._left.append(job)
            self._changed.notify_all()
        if self._workers < self._at_a_time:
            self._workers += 1
            # Daemons: whoever interrupts a recording is not to wait for what is in flight.
            threading.Thread(target=self._work, daemon=True).start()

    def __exit__(self, *_: object) -> None:
        """Send nothing more; what is in flight may still be answered."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
            is_over = len(self._settled) == len(self._jobs)
        if is_over:
            for transport in self._transports.values():
                transport.close()

    def wait(self, jobs: Sequence[RequestJob], *, tell: Callable[[RoundState], None]) -> None:
        """Return when these are answered or given up.

        :param tell: called every once in a while, with how far the wave is by now.
        """
        wanted = {id(job) for job in jobs}
        while True:
            with self._changed:
                if wanted <= self._settled:
                    return
                self._changed.wait(_TICK)
                standing = self._standing(time.monotonic())
            tell(standing)

    def _standing(self, now: float) -> RoundState:
        return RoundState(
            answered=self.answered,
            under_way=self._under_way,
            refused=self._refused_last,
            refusals=self._refused[self._refused_last],
            next_try=self._pace.wait(now),
            silence=now - self._heard,
        )

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._left and not self._stopped:
                    self._changed.wait()
                if self._stopped:
                    return
                job = self._left.popleft()
            try:
                self._send(job)
            finally:
                with self._changed:
                    self._settled.add(id(job))
                    self._changed.notify_all()

    def _send(self, job: RequestJob) -> None:
        """Send a request as often as it takes, within bounds."""
        request, key = job.outgoing.request, _key(job.outgoing)
        attempts = refusals = 0
        answered = self.answered
        while self._may_go():
            began, started = time.monotonic(), time.perf_counter()
            if RETRY_COUNT in request.headers:
                request.headers[RETRY_COUNT] = str(attempts + refusals)
            try:
                with self._counted():
                    response = self._transports[key].exchange(request)
            except Exception as error:  # noqa: BLE001 - whatever a transport raises
                why: str | None = f"{type(error).__name__}: {error}".strip(": ")
                status = 0
            else:
                status = response.status
                with self._changed:
                    self._pace.answered(response, sent=began, now=time.monotonic())
                    self._take_notice(status)
                    self._changed.notify_all()
                why = f"the server answered {status}"
                if status not in REFUSALS:
                    why = job.take(response, started)
            if why is None:
                with self._changed:
                    self.answered += 1
                return
            if status in REFUSALS:
                refusals += 1
            else:
                attempts += 1
            stands_still = refusals > MAX_STANDSTILL and self.answered == answered
            if (
                refusals > MAX_REFUSALS
                or stands_still
                or attempts >= MAX_ATTEMPTS
                or (status and not is_passing(status))  # the test itself may go on
            ):
                self._give_up(why, hopeless=status in _HOPELESS or not (status or self.answered))
                return
            if status not in REFUSALS:
                self._pause(_FIRST_PAUSE * 2 ** (attempts - 1))

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Count a request as under way meanwhile."""
        with self._changed:
            self._under_way += 1
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1

    def _take_notice(self, status: int) -> None:
        if status in REFUSALS:
            self._refused[status] += 1
            self._refused_last = status
        else:
            self._refused_last = 0
            self._heard = time.monotonic()

    def _may_go(self) -> bool:
        """Wait until the pace allows another request; tell whether it may go out at all."""
        with self._changed:
            while not self._stopped:
                wait = self._pace.wait(time.monotonic())
                if wait <= 0:
                    self._pace.send(time.monotonic())
                    return True
                self._changed.wait(wait)
            return False

    def _pause(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        with self._changed:
            while not self._stopped and time.monotonic() < ends:
                self._changed.wait(ends - time.monotonic())

    def _give_up(self, why: str, *, hopeless: bool) -> None:
        with self._changed:
            self.given_up = why
            if hopeless:  # the key is wrong, or nobody is there: the others would fare no better
                self._is_hopeless = True
                self._settled.update(map(id, self._left))
                self._left.clear()


class Transport:
    """A transport of the library that has made a request, with the TLS context of its client.

    :param handle: what sends, where a tape patches transports by now.
    """

    def __init__(
        self, outgoing: OutgoingRequest, *, connections: int, handle: Handle | None = None
    ) -> None:
        library = outgoing.library
        limits = library.Limits(max_connections=connections, max_keepalive_connections=connections)
        verify = True if outgoing.context is None else outgoing.context
        self._transport = library.HTTPTransport(verify=verify, limits=limits)
        self._handle = handle or library.HTTPTransport.handle_request  # as it is now

    def exchange(self, request: Any) -> Response:
        """Send a request and read its answer whole, as a recording has it."""
        response = self._handle(self._transport, request)
        try:
            body = b"".join(response.stream)
        finally:
            response.stream.close()
        headers = response.headers.multi_items()
        return build_response(response.status_code, response.reason_phrase, headers, body)

    def close(self) -> None:
        """Close its connections."""
        self._transport.close()


def _key(outgoing: OutgoingRequest) -> _Key:
    return outgoing.library.__name__, id(outgoing.context)
