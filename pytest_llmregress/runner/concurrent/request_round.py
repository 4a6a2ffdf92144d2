"""What the samples of a suite ask for at a time: calls that go out one by one, and in batches."""

from collections.abc import Callable, Sequence

from pytest_llmregress.pipeline import spend_tracker
from pytest_llmregress.recording.request_capture import CapturedRequest
from pytest_llmregress.runner.concurrent.batch_round import BatchRound, BatchSlot
from pytest_llmregress.runner.concurrent.dry_run_loop import UnansweredSample


class RequestRound:
    """The requests of several samples, in the order of the tests.

    Parameters: `place`, where a request goes in a batch; `fits`, whether it can be in one.
    """

    def __init__(
        self,
        asked: Sequence[UnansweredSample],
        *,
        place: Callable[[UnansweredSample, CapturedRequest], BatchSlot],
        fits: Callable[[CapturedRequest], bool],
    ) -> None:
        self.asked = tuple(asked)
        self._place = place
        self._fits = fits
        noted = [(each, note) for each in asked for note in each.notes]
        self.size = len(noted)
        self.single = tuple(each for each in noted if not fits(each[1]))
        self.batch = BatchRound([place(*each) for each in noted if fits(each[1])])
        handed_in = [place.note for place in self.batch.places]
        new = {id(place.note) for place in self.batch.new}
        self._is_free = {id(note) for note in handed_in} - new

    @property
    def tests(self) -> int:
        """How many tests ask."""
        return len({each.aim.item for each in self.asked})

    @property
    def requests(self) -> list[tuple[spend_tracker.PlannedRequest, ...]]:
        """What is about to be sent for each sample; nothing of what an earlier run has sent."""
        return [
            tuple(self._about_to_send(each, note) for note in each.notes if not self._is_sent(note))
            for each in self.asked
        ]

    def first(self, number: int) -> "RequestRound":
        """Return the same with the first samples only."""
        if number >= len(self.asked):
            return self
        return RequestRound(self.asked[:number], place=self._place, fits=self._fits)

    def _is_sent(self, note: CapturedRequest) -> bool:
        return id(note) in self._is_free

    def _about_to_send(
        self, asked: UnansweredSample, note: CapturedRequest
    ) -> spend_tracker.PlannedRequest:
        return spend_tracker.PlannedRequest(
            request=note.exchange.request,
            known=asked.trial.accepted.usage_of_a_call,
            in_batch=self._fits(note),
        )
