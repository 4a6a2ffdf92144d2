"""A wave that is under way: which of its calls belong to which sample."""

import time

from pytest_llmregress.pipeline.spend_tracker import Spending
from pytest_llmregress.recording.rate_limiter import Forecast
from pytest_llmregress.recording.request_capture import Note
from pytest_llmregress.recording.request_pool import Sending, Wave
from pytest_llmregress.runner.concurrent.dry_run_loop import Aim, Asked
from pytest_llmregress.runner.concurrent.response_sink import Answers


class Flight:
    """What is sent, and what has come of it."""

    def __init__(self, wave: Wave, answers: Answers, spending: Spending) -> None:
        self.wave = wave
        self._answers = answers
        self._spending = spending
        self._before = spending.spent
        self._began = time.monotonic()
        self._by_sample: dict[Aim, list[Sending]] = {}

    @property
    def has_begun(self) -> bool:
        """Whether anything was sent."""
        return bool(self._by_sample)

    @property
    def sendings(self) -> list[Sending]:
        """All that was sent."""
        return [sending for some in self._by_sample.values() for sending in some]

    def of_sample(self, aim: Aim) -> list[Sending]:
        """Return what was sent for a sample."""
        return self._by_sample.get(aim, [])

    def send(self, asked: Asked, note: Note) -> None:
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

    def came_to(self, answered: int) -> Forecast:
        """Return what it was paid for, so many answers."""
        after, before = self._spending.spent, self._before
        cost = None if after.cost is None or before.cost is None else after.cost - before.cost
        return Forecast(calls=answered, tokens=after.tokens - before.tokens, cost=cost)
