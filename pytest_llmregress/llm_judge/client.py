"""Asks a judge: in a test, through the cassette that is open, or by itself, to judge anew."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn, cast

from pytest_llmregress.llm_judge.question import JudgeAnswer, JudgeError, JudgeQuestion
from pytest_llmregress.recording import judge_flag
from pytest_llmregress.recording.cassette_session import CassetteSession, Miss, SampleMode
from pytest_llmregress.recording.http_patching import patch_http
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.values.http import Interaction, Request

if TYPE_CHECKING:
    from anthropic import Anthropic

_NO_KEY = "Could not resolve authentication"
"""Stands in the SDK's message where it has found no credentials; it is a plain TypeError."""


def ask(question: JudgeQuestion) -> JudgeAnswer:
    """Ask a judge, by the credentials and the base URL of the environment.

    Whatever cassette is open records it, or answers it, as a judgement. Raises JudgeError where
    no verdict comes.
    """
    import anthropic  # noqa: PLC0415 - a second of start-up, paid by tests that use it

    with anthropic.Anthropic() as client:
        return question.verdict(_send(client, question.body()))


@contextmanager
def asking(
    redactor: Redactor, *, base_url: str | None
) -> Iterator[Callable[[Request], Interaction]]:
    """Give a function that sends a recorded question again, and returns its new answer.

    The request of what it returns is the given one, wherever it was sent. It raises JudgeError
    where no verdict comes.
    """
    import anthropic  # noqa: PLC0415 - see above

    def refuse(miss: Miss) -> NoReturn:
        raise AssertionError(miss)  # a tape that records everything misses nothing

    tape = CassetteSession(mode=SampleMode.RECORD, recorded=None, redactor=redactor, on_miss=refuse)

    def ask_again(request: Request) -> Interaction:
        question = JudgeQuestion.read(request)
        if question is None:
            raise JudgeError("it is no question to a judge")
        question.verdict(_send(client, json.loads(request.body)))
        answered = tape.attempts[-1].interaction
        assert answered is not None  # noqa: S101 - its verdict was read
        return replace(answered, request=request)

    with (
        patch_http(tape),
        anthropic.Anthropic(base_url=base_url) as client,
    ):
        yield ask_again


def _send(client: "Anthropic", body: Mapping[str, Any]) -> bytes:
    """Send a question, and return the body of the answer."""
    import anthropic  # noqa: PLC0415 - see above

    # The raw response: what a server makes of structured output need not fit the SDK's types.
    messages = cast("Any", client.messages.with_raw_response)
    try:
        with judge_flag.mark_judge_requests():
            return cast("bytes", messages.create(**body).http_response.content)
    except anthropic.AnthropicError as error:
        raise JudgeError(f"{type(error).__name__}: {error}") from error
    except TypeError as error:
        if _NO_KEY not in str(error):
            raise
        raise JudgeError("there is no key; set ANTHROPIC_API_KEY") from error
