"""A wave that is under way: which of its calls belong to which sample."""

import time

from pytest_llmregress.pipeline.spend_tracker import SpendTracker
from pytest_llmregress.recording.rate_limiter import CostEstimate
from pytest_llmregress.recording.request_capture import CapturedRequest
from pytest_llmregress.recording.request_pool import RequestJob, RequestPool
from pytest_llmregress.runner.concurrent.dry_run_loop import SampleTarget, UnansweredSample
from pytest_llmregress.runner.concurrent.response_sink import ResponseSink


class RequestsInFlight:
    """What is sent, and what has come of it."""

    def __init__(self, wave: RequestPool, answers: ResponseSink, spending: SpendTracker) -> None:
        self.wave = wave
        self._answers = answers
        self._spending = spending
        self._before = spending.spent
        self._began = time.monotonic()
        self._by_sample: dict[SampleTarget, list[RequestJob]] = {}

    @property
    def has_begun(self) -> bool:
        """Whether anything was sent."""
        return bool(self._by_sample)

    @property
    def sendings(self) -> list[RequestJob]:
        """All that was sent."""
        return [sending for some in self._by_sample.values() for sending in some]

    def of_sample(self, aim: SampleTarget) -> list[RequestJob]:
        """Return what was sent for a sample."""
        return self._by_sample.get(aim, [])

    def send(self, asked: UnansweredSample, note: CapturedRequest) -> None:
        """Send a request."""
        if not self.has_begun:
            self._began = time.monotonic()
        sending = self._answers.sending(asked, note)
        self._by_sample.setdefault(asked.aim, []).append(sending)
        self.wave.add(sending)

    @property
    def seconds(self) -> float:
        """How long it has taken by now."""
        return time.monotonic() - self._began

    def came_to(self, answered: int) -> CostEstimate:
        """Return what it was paid for, so many answers."""
        after, before = self._spending.spent, self._before
        cost = None if after.cost is None or before.cost is None else after.cost - before.cost
        return CostEstimate(calls=answered, tokens=after.tokens - before.tokens, cost=cost)
