"""Whether a replay has asked for all calls of a model that are recorded."""

from collections.abc import Callable

from pytest_llmregress.pipeline.next_command import NextCommand
from pytest_llmregress.providers.asked_models import asked_models
from pytest_llmregress.recording.cassette_session import CassetteSession, SampleMode
from pytest_llmregress.reports import failures
from pytest_llmregress.values.cassette import SampleHeader
from pytest_llmregress.values.http import Interaction, Request
from pytest_llmregress.values.run_report import Problem


class UnplayedCalls:
    """Looks for recorded calls of a model that one sample leaves out.

    Parameters: `requested_model`, the model of a request by the first provider that knows it;
    `note`, what the cassette says about the sample.
    """

    def __init__(
        self,
        tape: CassetteSession,
        *,
        test: str,
        commands: NextCommand,
        requested_model: Callable[[Request], str | None],
        note: SampleHeader | None,
    ) -> None:
        self._tape = tape
        self._test = test
        self._commands = commands
        self._requested_model = requested_model
        self._note = note or SampleHeader(calls=len(tape.recorded))
        self.is_allowed = False
        """Whether it is left to the test which of its calls it makes."""
        self._in_body: int | None = None
        """How many requests there were once the body was over."""

    def end_body(self) -> None:
        """Take notice that the body of the test is over: what is asked now, a tear-down asks."""
        self._in_body = len(self._tape.exchanges)

    def count_after_body(self) -> int:
        """Return how many requests with an answer a tear-down has asked for."""
        if self._in_body is None:
            return 0
        late = set(map(id, self._tape.exchanges[self._in_body :]))
        return sum(
            id(each) in late and each.interaction is not None for each in self._tape.attempts
        )

    def fault(self, *, is_over: bool) -> Problem | None:
        """Say which calls a replay has left out; None where there are none, and in a recording.

        :param is_over: whether the tear-down is over as well as the body.
        """
        recorded = self._tape.recorded
        if self.is_allowed or self._tape.mode is not SampleMode.REPLAY:
            return None
        end = len(recorded) - (0 if is_over else self._note.after_body)
        due = range(self._note.not_asked, end)
        left = [place for place in self._tape.unplayed_places if place in due]
        calls = [_describe(place, recorded) for place in left if self._is_call(recorded[place])]
        if not calls:
            return None
        command = self._commands.record(exists=True)
        message = failures.unplayed(self._test, calls, recorded=len(recorded), command=command)
        return Problem(code="unplayed", message=message)

    def _is_call(self, interaction: Interaction) -> bool:
        request = interaction.request
        is_known = self._requested_model(request) is not None or bool(asked_models(request))
        return is_known and not interaction.judge


def _describe(place: int, recorded: tuple[Interaction, ...]) -> str:
    request = recorded[place].request
    return f"call {place + 1} ({request.method} {request.url.partition('?')[0]})"
