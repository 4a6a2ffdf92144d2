"""The tape of one test: it answers requests from a recording, or takes down what it hears."""

import os
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NoReturn

from pytest_llmregress.recording.program_presets import (
    Machine,
    MachinesBySession,
    ProgramPreset,
    find_versions,
)
from pytest_llmregress.recording.received_response import decode_response
from pytest_llmregress.recording.unplayed import UnplayedInteractions
from pytest_llmregress.redaction.redactor import Redactor, carries_credentials
from pytest_llmregress.values.http import Interaction, Request, Response
from pytest_llmregress.values.matching import RequestMatcher, compute_request_key

HTTP_ERROR = 400
"""The first status that is an error."""
_CODECS = frozenset({"gzip", "deflate", "identity"})
"""The compressions that each machine can undo."""


class SampleMode(StrEnum):
    """What a tape does with a request."""

    REPLAY = "replay"
    """Answer from the recording; what is not in it is a miss."""
    EXTEND = "extend"
    """Answer from the recording; what is not in it goes out and is taken down."""
    RECORD = "record"
    """Everything goes out and is taken down."""


class MissReason(StrEnum):
    """Why a request has no answer."""

    CASSETTE_NOT_FOUND = "cassette_not_found"
    NO_MATCH = "no_match"
    ALREADY_PLAYED = "already_played"
    CREDENTIALS = "credentials"


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """A request that the recording has no answer for."""

    reason: MissReason
    request: Request
    times_recorded: int
    """How many answers to this very request there were, all of them played."""
    judge: bool = False
    """Whether it is a question to a judge."""


@dataclass(slots=True, kw_only=True, eq=False)
class Exchange:
    """A request of this run, and its answer as soon as there is one."""

    request: Request
    started: float
    """By `time.perf_counter`."""
    retry: bool = False
    """Whether the client says that this is a further attempt at an earlier request."""
    interaction: Interaction | None = None
    """None while it is in flight, and for ever where no answer came."""
    played: bool = False
    """Whether the answer comes from the cassette; what an interrupted recording left does not."""
    position: int | None = None
    """Where in the cassette the answer was, from 0; None where it was not in it."""
    kept: bool = True
    """Whether it belongs to the recording; an exchange of credentials does not."""
    judge: bool = False
    """Whether it is a question to a judge."""
    key: str | None = None
    """None until somebody needs it: what is replayed byte for byte has none."""
    machine: Machine | None = None
    """What of its machine a name stands for in the recording; None where nothing does."""

    @property
    def played_response(self) -> Response:
        """The recorded response as this machine is to read it."""
        assert self.interaction is not None  # noqa: S101 - it is played
        response = self.interaction.response
        return response if self.machine is None else self.machine.put_back(response)

    @property
    def failed(self) -> bool:
        """Whether a client has reason to try again: no answer so far, or an error."""
        return self.interaction is None or self.interaction.response.status >= HTTP_ERROR


class CassetteSession:
    """Requests in, answers out, for one run of one test. Safe to use from several threads.

    Parameters: `recorded`, what an earlier run recorded (None where there is no cassette);
    `carried`, what an interrupted recording has left, which is not asked for again; `on_miss`,
    called from the thread that asked, and expected to raise; `on_answer`, called with each
    answer that came over the network, before its caller has it; `before_send`, called with each
    request that is about to go out, and may raise; `passes`, which requests are none of this
    session's: they go out in a replay too, and are not recorded; `rewrite`, what a transport
    makes of a request before this session is asked.
    """

    def __init__(  # noqa: PLR0913 - two sources, two callbacks
        self,
        *,
        mode: SampleMode,
        recorded: Sequence[Interaction] | None,
        redactor: Redactor,
        on_miss: Callable[[Miss], NoReturn],
        carried: Sequence[Interaction] = (),
        on_answer: Callable[[Interaction], None] | None = None,
        before_send: Callable[[Request], None] | None = None,
        passes: Callable[[Request], bool] = lambda _: False,
        rewrite: Callable[[Request], Request] | None = None,
    ) -> None:
        self.mode = mode
        self.passes = passes
        self._rewrite = rewrite
        self.recorded: tuple[Interaction, ...] = tuple(recorded or ())
        self._exists = recorded is not None
        self._on_miss = on_miss
        self._on_answer = on_answer
        self._before_send = before_send
        self._process = os.getpid()
        self.in_fork: Callable[[Request], Response] | None = None
        """What answers in a fork of this process, of which the recording learns nothing."""
        self._lock = threading.Lock()
        self._machines = MachinesBySession()
        self._exchanges: list[Exchange] = []
        self._misses: list[Miss] = []
        self._given = tuple(carried)
        self.match(RequestMatcher(), redactor=redactor)

    def match(
        self,
        matching: RequestMatcher,
        *,
        redactor: Redactor,
        presets: Sequence[ProgramPreset] = (),
    ) -> None:
        """Tell requests apart by these rules. To be called before the first request.

        What was recorded goes through the redaction as well: a rule that came later does not
        turn old recordings into misses.
        """
        for preset in presets:
            matching = matching.joined(preset.matching)
        self.redactor, self.matching, self.presets = redactor, matching, tuple(presets)
        self.versions = find_versions(presets if self.mode is SampleMode.REPLAY else (), matching)
        self._carried: dict[str, deque[Interaction]] = defaultdict(deque)
        for interaction in self._given:
            key = self.key_of(interaction.request, judge=interaction.judge)
            self._carried[key].append(interaction)
        self._waiting = UnplayedInteractions(
            () if self.mode is SampleMode.RECORD else self.recorded,
            key_of=lambda each: self.key_of(each.request, judge=each.judge),
            by_bytes=matching == RequestMatcher() and not self._given,
            versions=self.versions,
        )

    def key_of(self, request: Request, *, judge: bool = False) -> str:
        """Return the key of a request, recorded or not, by the rules of this tape.

        A question to a judge is answered where it is the same in all: no rule leaves anything
        out of a rubric.
        """
        return self._key_of_clean(self.redactor.request(request), judge=judge)

    def key_in(self, exchange: Exchange) -> str:
        """Return the key of a request of this run."""
        if exchange.key is None:
            exchange.key = self.key_of(exchange.request, judge=exchange.judge)
        return exchange.key

    def rewrite(self, request: Request) -> Request:
        """Return a request as it is to be sent; the very same one where nothing is to change.

        What is recorded comes back in codecs that every machine has, so that it can be reviewed.
        """
        sent = request if self._rewrite is None else self._rewrite(request)
        offered = sent.header("accept-encoding")
        if self.mode is SampleMode.REPLAY or offered is None:
            return sent
        if {codec.partition(";")[0].strip() for codec in offered.split(",")} <= _CODECS:
            return sent
        return replace(sent, headers={**sent.headers, "accept-encoding": ("gzip, deflate",)})

    def ask(self, request: Request, *, retry: bool, judge: bool = False) -> Exchange:
        """Take a request; the exchange has its answer already if it was replayed."""
        exchange = Exchange(
            request=request,
            started=time.perf_counter(),
            retry=retry,
            kept=not carries_credentials(request),
            judge=judge,
        )
        if self.in_fork is not None and os.getpid() != self._process:
            response = self.in_fork(request)
            exchange.interaction = Interaction(request=request, response=response)
            return exchange
        if self._is_played_as_it_is(exchange):
            return exchange
        if self.presets:
            exchange.machine = self._machines.read(request, self.presets)
            request = exchange.machine.hide_in_request(request)
        exchange.request = self.redactor.request(request)
        key = exchange.key = self._key_of_clean(exchange.request, judge=judge)
        with self._lock:
            carried = self._carried.get(key)
            if not exchange.kept:
                pass  # not even where somebody's cassette holds credentials
            elif carried:
                exchange.interaction = carried.popleft()
            elif (at := self._waiting.take_alike(key, exchange.request, judge=judge)) is not None:
                self._play(exchange, at)
            if exchange.interaction is None and self.mode is SampleMode.REPLAY:
                times = self._waiting.times_recorded(key)
                miss = Miss(
                    reason=self._reason(times, credentials=not exchange.kept),
                    request=exchange.request,
                    times_recorded=times,
                    judge=judge,
                )
                self._misses.append(miss)
            self._exchanges.append(exchange)
        if exchange.interaction is None and self.mode is SampleMode.REPLAY:
            self._on_miss(miss)
        if exchange.interaction is None and self._before_send is not None and exchange.kept:
            self._before_send(exchange.request)
        return exchange

    def answer(self, exchange: Exchange, response: Response, *, measured: bool = True) -> None:
        """Take down the answer that came over the network, without its content-encoding.

        :param measured: whether its time says anything: that of a batch does not.
        """
        latency = time.perf_counter() - exchange.started if measured else None
        clean = self.redactor.response(decode_response(response))
        if exchange.machine is not None:
            clean = exchange.machine.hide_in_response(clean)
        with self._lock:
            exchange.interaction = Interaction(
                request=exchange.request,
                response=clean,
                latency=None if latency is None else round(latency, 3),
                judge=exchange.judge,
            )
            if self._on_answer is not None and exchange.kept:
                self._on_answer(exchange.interaction)

    @property
    def is_as_recorded(self) -> bool:
        """Whether all that was recorded was asked for, and nothing else."""
        with self._lock:
            played = all(exchange.played for exchange in self._exchanges)
            return played and len(self._exchanges) == len(self.recorded)

    @property
    def misses(self) -> tuple[Miss, ...]:
        """The requests without an answer, in order."""
        with self._lock:
            return tuple(self._misses)

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """All exchanges so far, in the order in which they were asked."""
        with self._lock:
            return tuple(self._exchanges)

    @property
    def attempts(self) -> tuple[Exchange, ...]:
        """The exchanges that count: of several attempts at one request, the last.

        An exchange of credentials is left out.
        """
        counted: list[Exchange] = []
        for exchange in self.exchanges:
            if not exchange.kept:
                continue
            if exchange.retry:
                failed = next(
                    (
                        each
                        for each in reversed(counted)
                        if each.failed and self.key_in(each) == self.key_in(exchange)
                    ),
                    None,
                )
                if failed is not None:
                    counted.remove(failed)
            counted.append(exchange)
        return tuple(counted)

    @property
    def attempts_as_recorded(self) -> tuple[Exchange, ...]:
        """The same in the order of the cassette: threads and tasks ask in another one each time."""
        last = len(self.recorded)
        return tuple(
            sorted(self.attempts, key=lambda e: last if e.position is None else e.position)
        )

    @property
    def unplayed_places(self) -> tuple[int, ...]:
        """Where in the cassette is what was not asked for, from 0, in order."""
        with self._lock:
            return tuple(self._waiting.left)

    @property
    def unplayed(self) -> tuple[Interaction, ...]:
        """What was recorded and not asked for, in recorded order."""
        return tuple(self.recorded[place] for place in self.unplayed_places)

    def _is_played_as_it_is(self, exchange: Exchange) -> bool:
        """Answer a request that was recorded in these very bytes, and so has no secret in it."""
        if not exchange.kept:
            return False
        with self._lock:
            position = self._waiting.take_same(exchange.request, judge=exchange.judge)
            if position is None:
                return False
            self._play(exchange, position)
            self._exchanges.append(exchange)
        exchange.request = self.recorded[position].request
        return True

    def _play(self, exchange: Exchange, position: int) -> None:
        exchange.position = position
        exchange.interaction = self.recorded[position]
        exchange.played = True

    def _key_of_clean(self, request: Request, *, judge: bool) -> str:
        return f"judge {compute_request_key(request)}" if judge else self.matching.key_of(request)

    def _reason(self, times_recorded: int, *, credentials: bool) -> MissReason:
        if credentials:
            return MissReason.CREDENTIALS
        if not self._exists:
            return MissReason.CASSETTE_NOT_FOUND
        if times_recorded:
            return MissReason.ALREADY_PLAYED
        return MissReason.NO_MATCH
