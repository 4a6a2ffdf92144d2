"""The requests of a round: what the samples of a suite ask for at a time, is sent and answered."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pytest

from pytest_llmregress.pipeline.spend_tracker import PlannedRequest, SpendTracker
from pytest_llmregress.providers.registry import find_batch_api
from pytest_llmregress.recording.cassette_session import CassetteSession, Exchange
from pytest_llmregress.recording.rate_limiter import CostEstimate
from pytest_llmregress.recording.request_capture import CapturedRequest
from pytest_llmregress.recording.request_pool import RequestJob, RequestPool
from pytest_llmregress.runner.concurrent.batch_round import BatchRound, BatchSlot
from pytest_llmregress.runner.concurrent.dry_run import DryRun, SampleTarget
from pytest_llmregress.runner.concurrent.dry_run_loop import UnansweredSample
from pytest_llmregress.values.http import Request, Response

if TYPE_CHECKING:
    from pytest_llmregress.pipeline.session_context import SessionContext


class RequestRound:
    """The requests of several samples, in the order of the tests.

    Parameters: `slot`, where a request goes in a batch; `fits`, whether it can be in one.
    """

    def __init__(
        self,
        asked: Sequence[UnansweredSample],
        *,
        slot: Callable[[UnansweredSample, CapturedRequest], BatchSlot],
        fits: Callable[[CapturedRequest], bool],
    ) -> None:
        self.asked = tuple(asked)
        self._place = slot
        self._fits = fits
        noted = [(each, note) for each in asked for note in each.notes]
        self.size = len(noted)
        self.single = tuple(each for each in noted if not fits(each[1]))
        self.batch = BatchRound([slot(*each) for each in noted if fits(each[1])])
        handed_in = [slot.note for slot in self.batch.slots]
        new = {id(slot.note) for slot in self.batch.new}
        self._is_free = {id(note) for note in handed_in} - new

    @property
    def tests(self) -> int:
        """How many tests ask."""
        return len({each.target.item for each in self.asked})

    def count_models(self, find: Callable[[Request], str | None]) -> dict[str, int]:
        """Return how many requests go to which model."""
        models = (
            find(note.exchange.request) or "a model of no known name"
            for each in self.asked
            for note in each.notes
        )
        return dict(Counter(models))

    @property
    def requests(self) -> list[tuple[PlannedRequest, ...]]:
        """What is about to be sent for each sample; nothing of what an earlier run has sent."""
        return [
            tuple(self._about_to_send(each, note) for note in each.notes if not self._is_sent(note))
            for each in self.asked
        ]

    def first(self, number: int) -> "RequestRound":
        """Return the same with the first samples only."""
        if number >= len(self.asked):
            return self
        return RequestRound(self.asked[:number], slot=self._place, fits=self._fits)

    def _is_sent(self, note: CapturedRequest) -> bool:
        return id(note) in self._is_free

    def _about_to_send(self, asked: UnansweredSample, note: CapturedRequest) -> PlannedRequest:
        return PlannedRequest(
            request=note.exchange.request,
            known=asked.dry_run.accepted.usage_of_a_call,
            in_batch=self._fits(note),
        )


class ResponseSink:
    """Takes answers, from several threads: on disk as soon as they are there, and counted."""

    def __init__(self, run: "SessionContext") -> None:
        self._run = run
        self._journals = threading.Lock()
        self._sockets = _read_sockets()
        self._recorded: dict[SampleTarget, Counter[str]] = {}
        """The keys of the requests that waves have answered, by sample."""

    def job(self, asked: UnansweredSample, note: CapturedRequest) -> RequestJob:
        """Return a request that goes out by itself."""

        def take(response: Response, started: float) -> str | None:
            note.exchange.started = started
            return self._take(asked.target, note, response, measured=True)

        return RequestJob(outgoing=note.outgoing, take=take)

    def slot(self, asked: UnansweredSample, note: CapturedRequest) -> BatchSlot:
        """Return the same in a batch."""

        def take(response: Response) -> None:
            self._take(asked.target, note, response, measured=False)

        api = find_batch_api(note.exchange.request, self._run.providers)
        assert api is not None  # noqa: S101 - only what one accepts has a slot in a batch
        return BatchSlot(
            api=api, dry_run=asked.dry_run, sample=asked.target.sample, note=note, take=take
        )

    def restrict_sockets(self) -> bool:
        """Tell whether something keeps the test that runs from connecting where others may."""
        return _read_sockets() != self._sockets

    def take_live(
        self, item: pytest.Item, tape: CassetteSession, exchange: Exchange, response: Response
    ) -> None:
        """Take an answer to what a test has sent by itself while it was tried."""
        with self._journals:
            tape.answer(exchange, response)
            if exchange.interaction is not None and not self._run.incomplete(exchange.interaction):
                self._run.in_waves[item.nodeid] += 1

    def fault(self, note: CapturedRequest) -> str | None:
        """Say why a request is not answered, or None where it is."""
        interaction = note.exchange.interaction
        return "no answer came" if interaction is None else self._run.incomplete(interaction)

    def differs(self, target: SampleTarget, dry_run: DryRun) -> bool:
        """Whether a sample has not asked again for all that waves have recorded of it."""
        return bool(self._recorded.get(target, Counter()) - Counter(dry_run.played()))

    def left(self, asked: Sequence[UnansweredSample]) -> int | None:
        """Return how many calls are known to be missing; None where nothing is known."""
        left = 0
        for each in asked:
            known = each.dry_run.accepted.calls_of_a_sample
            if known is None:
                return None
            left += max(0, known - self._recorded.get(each.target, Counter()).total())
        return left

    def _take(
        self, target: SampleTarget, note: CapturedRequest, response: Response, *, measured: bool
    ) -> str | None:
        """Put an answer on disk; say why it is not whole, or None where it is."""
        ended = time.perf_counter()
        with self._journals:  # samples of a test share one file
            note.exchange.started += time.perf_counter() - ended
            note.tape.answer(note.exchange, response, measured=measured)
            why = self.fault(note)
            if why is None:
                self._recorded.setdefault(target, Counter())[note.tape.key_in(note.exchange)] += 1
                if target.side is None:  # what is carried on of a test is told of its own samples
                    self._run.in_waves[target.item.nodeid] += 1
        return why


class RequestsInFlight:
    """A round that is under way: what is sent of which sample, and what has come of it."""

    def __init__(self, pool: RequestPool, sink: ResponseSink, spending: SpendTracker) -> None:
        self.pool = pool
        self._sink = sink
        self._spending = spending
        self._before = spending.spent
        self._began = time.monotonic()
        self._by_sample: dict[SampleTarget, list[RequestJob]] = {}

    @property
    def has_begun(self) -> bool:
        """Whether anything was sent."""
        return bool(self._by_sample)

    @property
    def jobs(self) -> list[RequestJob]:
        """All that was sent."""
        return [job for some in self._by_sample.values() for job in some]

    def of_sample(self, target: SampleTarget) -> list[RequestJob]:
        """Return what was sent for a sample."""
        return self._by_sample.get(target, [])

    def send(self, asked: UnansweredSample, note: CapturedRequest) -> None:
        """Send a request."""
        if not self.has_begun:
            self._began = time.monotonic()
        job = self._sink.job(asked, note)
        self._by_sample.setdefault(asked.target, []).append(job)
        self.pool.add(job)

    @property
    def seconds(self) -> float:
        """How long it has taken by now."""
        return time.monotonic() - self._began

    def came_to(self, answered: int) -> CostEstimate:
        """Return what it was paid for, so many answers."""
        after, before = self._spending.spent, self._before
        cost = None if after.cost is None or before.cost is None else after.cost - before.cost
        return CostEstimate(calls=answered, tokens=after.tokens - before.tokens, cost=cost)


def _read_sockets() -> tuple[object, ...]:
    """Return what connects to other machines now: something else where sockets are restricted."""
    names = (socket.socket, socket.create_connection, socket.getaddrinfo)
    return (*names, socket.socket.connect)
