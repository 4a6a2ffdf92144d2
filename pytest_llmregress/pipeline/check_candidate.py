"""Whether a candidate may be asked, and whether the requests of one sample asked for it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_llmregress.pipeline.next_command import NextCommand, find_calling_line
from pytest_llmregress.pipeline.state import TestState
from pytest_llmregress.providers.asked_models import asked_models, is_of_another, wrong_models
from pytest_llmregress.recording.cassette_session import Exchange
from pytest_llmregress.reports import failures
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.values.call import Call
from pytest_llmregress.values.http import Interaction, Request
from pytest_llmregress.values.run_report import Problem
from pytest_llmregress.values.settings import Candidate
from pytest_llmregress.values.snapshot import Snapshot

_NO_MODEL = "no model by name"
"""Stands for the model of a call that names none: whichever one the server takes answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Looks at what was asked, of the app alone: questions to a judge are none of its."""

    test: str
    candidate: Candidate | None
    commands: NextCommand
    root: Path
    requested_model: Callable[[Request], str | None]
    """By the first provider that knows it."""
    read: Callable[[Exchange], Call | None]
    """The call that an exchange is, where a provider reads it."""
    recorded: Sequence[Interaction]
    """What is recorded for the candidate; an earlier version kept what others had answered."""
    paths: TestPaths

    def refuse(self, request: Request) -> Problem | None:
        """Say, from where it is asked, that a request does not ask for the candidate."""
        if self.candidate is None:
            return None
        asked = self._named_in(request)
        wrong = [model for model in asked if self.candidate.rename(model) != model]
        if not wrong:
            return None
        return self._not_asked(self.candidate, wrong, where=find_calling_line(self.root))

    def fault(self, exchanges: Sequence[Exchange]) -> Problem | None:
        """Say why nothing of a sample is the candidate's; None where it is, or asked nobody."""
        if self.candidate is None:
            return None
        of_the_app = [each for each in exchanges if not each.judge]
        if not of_the_app:
            return None
        named = (model for each in of_the_app for model in self._models(each))
        wrong = wrong_models(self.candidate, tuple(dict.fromkeys(named)))
        if wrong:
            return self._not_asked(self.candidate, wrong, where=None)
        if any(map(self._is_understood, of_the_app)):
            return None
        message = failures.not_understood(
            self.test,
            _described(of_the_app),
            self.candidate.new,
            without=self.commands.without_test(),
        )
        return self._problem("not_understood", message)

    def raised(self, *, why: str) -> Problem:
        """Say that the body of a test has raised before it asked the model that is recorded.

        :param why: the exception, in a line.
        """
        candidate = self.candidate
        if candidate is None:
            command = self.commands.carry_on("")
        else:
            command = self.commands.record_candidate(candidate.name)
        message = failures.raised_before_asking(self.test, candidate, why=why, command=command)
        return Problem(code="raised_before_asking", message=message)

    def unread(self, exchanges: Sequence[Exchange]) -> tuple[str, ...]:
        """Return the requests to a model that no provider reads: "POST URL", each once.

        All of them where none is read, since a marked test is about calls of a model.
        """
        answered = [
            each
            for each in exchanges
            if each.interaction and not each.interaction.response.is_redirect and not each.judge
        ]
        others = [each for each in answered if self.read(each) is None]
        if len(others) < len(answered):
            others = [each for each in others if asked_models(each.request)]
        return _described(others)

    def _not_asked(
        self, candidate: Candidate, wrong: Sequence[str], *, where: str | None
    ) -> Problem:
        commands = self.commands
        if candidate.rename(wrong[0]) == wrong[0]:
            message = failures.none_replaced(
                self.test,
                wrong,
                candidate,
                named=commands.record_candidate(f"{wrong[0]}={candidate.new}"),
                without=commands.without_test(),
            )
        else:
            command = commands.record_candidate(candidate.name)
            message = failures.not_asked(self.test, wrong, candidate, where=where, command=command)
        return self._problem("not_rewritten", message)

    def _problem(self, code: str, message: str) -> Problem:
        """Return a problem that tells of a recording that an earlier version has kept, too."""
        candidate, variant = self.candidate, self.paths.variant
        if candidate is not None and variant and is_of_another(candidate, self.recorded):
            message += failures.not_of_the_candidate(self.commands.remove(self.paths))
        return Problem(code=code, message=message)

    def _models(self, exchange: Exchange) -> tuple[str, ...]:
        call = self.read(exchange)
        named = self._named_in(exchange.request)
        if call is None or (call.requested_model is None and named):
            return named
        return (call.requested_model or call.served_model or _NO_MODEL,)

    def _named_in(self, request: Request) -> tuple[str, ...]:
        model = self.requested_model(request)
        return asked_models(request) if model is None else (model,)

    def _is_understood(self, exchange: Exchange) -> bool:
        """Whether a provider reads it, or will once its answer is there."""
        if exchange.interaction is None:
            return self.requested_model(exchange.request) is not None
        return self.read(exchange) is not None


def find_refusal(test: TestState, accepted: Snapshot | None) -> Problem | None:
    """Return why a candidate is not asked; None where it may be, and for the baseline.

    It needs a baseline to be held against, and in a canary that has to be of the same model. A test
    that is skipped, or asks for nothing, needs none.
    """
    candidate, node_id = test.settings.candidate, test.node_id
    if candidate is None:
        return None
    if accepted is None:
        has_recording = test.paths.of_baseline().cassette.exists()
        message = failures.no_baseline(node_id, test.commands.baseline(recorded=has_recording))
        return Problem(code="no_baseline", message=message)
    others = wrong_models(candidate, accepted.requested_models) if test.is_canary else ()
    if others:
        message = failures.not_its_model(node_id, candidate.new, others)
        return Problem(code="not_its_model", message=message)
    return None


def _described(exchanges: Iterable[Exchange]) -> tuple[str, ...]:
    requests = (each.request for each in exchanges)
    return tuple(dict.fromkeys(f"{r.method.upper()} {r.url.partition('?')[0]}" for r in requests))
