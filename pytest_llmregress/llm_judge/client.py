"""Asks a judge: in a test, through the cassette that is open, or by itself, to judge anew."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NoReturn

from pytest_llmregress.llm_judge.question import JudgeAnswer, JudgeError, JudgeQuestion
from pytest_llmregress.providers.judges import JudgeApi, UnansweredError
from pytest_llmregress.providers.registry import find_judge, known_providers
from pytest_llmregress.recording import judge_flag
from pytest_llmregress.recording.cassette_session import CassetteSession, Miss, SampleMode
from pytest_llmregress.recording.http_patching import patch_http
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.values.http import Interaction, Request


def ask(question: JudgeQuestion) -> JudgeAnswer:
    """Ask a judge, by the credentials and the base URL of the environment.

    Whatever cassette is open records it, or answers it, as a judgement. Raises JudgeError where
    no verdict comes.
    """
    api = find_judge(question.model, known_providers())
    return question.verdict(_send(api, question.body(api), base_url=None))


@contextmanager
def asking(
    redactor: Redactor, *, base_url: str | None
) -> Iterator[Callable[[Request], Interaction]]:
    """Give a function that sends a recorded question again, and returns its new answer.

    The request of what it returns is the given one, wherever it was sent. It raises JudgeError
    where no verdict comes.
    """

    def refuse(miss: Miss) -> NoReturn:
        raise AssertionError(miss)  # a tape that records everything misses nothing

    tape = CassetteSession(mode=SampleMode.RECORD, recorded=None, redactor=redactor, on_miss=refuse)

    def ask_again(request: Request) -> Interaction:
        question = JudgeQuestion.read(request)
        if question is None:
            raise JudgeError("it is no question to a judge")
        api = find_judge(question.model, known_providers())
        question.verdict(_send(api, json.loads(request.body), base_url=base_url))
        answered = tape.attempts[-1].interaction
        assert answered is not None  # noqa: S101 - its verdict was read
        return replace(answered, request=request)

    with patch_http(tape):
        yield ask_again


def _send(api: JudgeApi, body: Mapping[str, Any], *, base_url: str | None) -> bytes:
    """Send a question, and return the body of the answer."""
    try:
        with judge_flag.mark_judge_requests():
            return api.send(body, base_url=base_url)
    except UnansweredError as error:
        raise JudgeError(str(error)) from error
