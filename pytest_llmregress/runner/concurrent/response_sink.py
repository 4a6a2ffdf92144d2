"""What waves were answered: on disk as soon as it is there, and counted."""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_llmregress.recording.request_capture import CapturedRequest
from pytest_llmregress.recording.request_pool import RequestJob
from pytest_llmregress.runner.concurrent.batch_round import BatchSlot
from pytest_llmregress.runner.concurrent.dry_run import DryRun
from pytest_llmregress.runner.concurrent.dry_run_loop import SampleTarget, UnansweredSample
from pytest_llmregress.values.http import Response

if TYPE_CHECKING:
    from pytest_llmregress.pipeline.session_context import SessionContext


class ResponseSink:
    """Takes them, from several threads."""

    def __init__(self, run: "SessionContext") -> None:
        self._run = run
        self._journals = threading.Lock()
        self._recorded: dict[SampleTarget, Counter[str]] = {}
        """The keys of the requests that waves have answered, by sample."""

    def sending(self, asked: UnansweredSample, note: CapturedRequest) -> RequestJob:
        """Return a request that goes out by itself."""

        def take(response: Response, started: float) -> str | None:
            note.exchange.started = started
            return self._take(asked.aim, note, response, measured=True)

        return RequestJob(outgoing=note.outgoing, take=take)

    def place(self, asked: UnansweredSample, note: CapturedRequest) -> BatchSlot:
        """Return the same in a batch."""

        def take(response: Response) -> None:
            self._take(asked.aim, note, response, measured=False)

        return BatchSlot(trial=asked.trial, sample=asked.aim.sample, note=note, take=take)

    def fault(self, note: CapturedRequest) -> str | None:
        """Say why a request is not answered, or None where it is."""
        interaction = note.exchange.interaction
        return "no answer came" if interaction is None else self._run.incomplete(interaction)

    def differs(self, aim: SampleTarget, trial: DryRun) -> bool:
        """Whether a sample has not asked again for all that waves have recorded of it."""
        return bool(self._recorded.get(aim, Counter()) - Counter(trial.played()))

    def left(self, asked: Sequence[UnansweredSample]) -> int | None:
        """Return how many calls are known to be missing; None where nothing is known."""
        left = 0
        for each in asked:
            known = each.trial.accepted.calls_of_a_sample
            if known is None:
                return None
            left += max(0, known - self._recorded.get(each.aim, Counter()).total())
        return left

    def _take(
        self, aim: SampleTarget, note: CapturedRequest, response: Response, *, measured: bool
    ) -> str | None:
        """Put an answer on disk; say why it is not whole, or None where it is."""
        ended = time.perf_counter()
        with self._journals:  # samples of a test share one file
            note.exchange.started += time.perf_counter() - ended
            note.tape.answer(note.exchange, response, measured=measured)
            why = self.fault(note)
            if why is None:
                self._recorded.setdefault(aim, Counter())[note.tape.key_in(note.exchange)] += 1
                self._run.in_waves[aim.item.nodeid] += 1
        return why
