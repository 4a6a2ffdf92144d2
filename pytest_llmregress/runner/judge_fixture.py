"""What the fixture `llm_judge` gives to tests."""

import json

from pytest_llmregress.formatting.control_characters import escape_controls
from pytest_llmregress.llm_judge import client
from pytest_llmregress.llm_judge.question import (
    MAX_SCALE,
    MIN_SCALE,
    JudgeAnswer,
    JudgeError,
    JudgeQuestion,
)
from pytest_llmregress.runner import output


class LlmJudge:
    """Asks a model about a text: `assert llm_judge(reply, "offers a refund within 14 days")`.

    Each judgement is recorded in the cassette of its test, and replayed where text, rubric and
    model are the recorded ones. It is no call of the software under test: no trait, no budget
    and no candidate is about it.
    """

    def __init__(self, test: str, *, model: str) -> None:
        self._test = test
        self._model = model

    def __call__(self, text: object, rubric: str, *, scale: int | None = None) -> JudgeAnswer:
        """Return the verdict: a yes is true, a no is false, and both have a `reason`.

        :param text: what is judged; what is no text is judged as JSON.
        :param rubric: what it has to be, or to do.
        :param scale: ask for a score from 1 to this instead: `.score` of the verdict.
        """
        __tracebackhide__ = True
        question = JudgeQuestion(
            model=self._model, rubric=_check_rubric(rubric), text=_as_text(text), scale=scale
        )
        if scale is not None and not (type(scale) is int and MIN_SCALE <= scale <= MAX_SCALE):
            raise ValueError(
                f"llm_judge: scale={scale!r}; a whole number from {MIN_SCALE} to {MAX_SCALE}, or "
                "leave it out for yes or no"
            )
        try:
            return client.ask(question)
        except JudgeError as error:
            output.fail(
                f"{self._test}: the judge {self._model} gave no verdict: "
                f"{escape_controls(str(error))}\n  rubric  {escape_controls(rubric)}\n"
                "  that is neither a yes nor a no, and is not kept; record the test again"
            )

    def __repr__(self) -> str:
        return "llm_judge"


def _check_rubric(rubric: object) -> str:
    if not isinstance(rubric, str) or not rubric.strip():
        raise ValueError(f"llm_judge: the rubric is {rubric!r}; a text that says what to look for")
    return rubric


def _as_text(text: object) -> str:
    if isinstance(text, str):
        return text
    if isinstance(text, dict | list):
        return json.dumps(text, ensure_ascii=False, indent=2)
    raise TypeError(
        f"llm_judge: a {type(text).__name__} is no text; give it a str, or a dict or a list of JSON"
    )
