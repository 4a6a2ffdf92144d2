"""What the fixtures give to tests."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Self

import pytest

from pytest_llmregress.formatting.control_characters import escape_controls, visible_lines
from pytest_llmregress.llm_judge import client
from pytest_llmregress.llm_judge.question import (
    MAX_SCALE,
    MIN_SCALE,
    JudgeAnswer,
    JudgeError,
    JudgeQuestion,
    fault_of_model,
)
from pytest_llmregress.runner import output
from pytest_llmregress.runner.open_sample import TEST_RUN, RunningTest
from pytest_llmregress.values.call import Call, Calls


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


HOW_TO_SET_JUDGE = (
    "set one that stays what it is, a dated snapshot or an id without -latest: "
    'llm_config["judge_model"], llmregress_judge_model in the ini file, or '
    "--llmregress-judge-model MODEL"
)


class LiveCalls(Calls):
    """The calls of a test that still runs: each look at them sees those made since."""

    def __init__(self, test: RunningTest) -> None:
        super().__init__()
        self._test = test

    def _now(self) -> tuple[Call, ...]:
        return self._test.current.calls()


class SnapshotAssertion:
    """What an assert compares with: `assert reply == llm_snapshot`.

    A replay compares exactly. A new recording compares by behavior, and what differs becomes
    part of the test's drift instead of failing this very assert.
    """

    def __init__(
        self,
        test: RunningTest,
        name: str | None = None,
        *,
        facts: Sequence[Any] = (),
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._test = test
        self._name = name
        self._facts = facts
        self._options = dict(options or {})
        self.lines: tuple[str, ...] = ()
        """What was wrong in the last comparison."""

    def __call__(
        self, name: str | None = None, *, facts: Sequence[Any] = (), **options: Any
    ) -> Self:
        """Return the same with a name, facts that the text has to hold, and DeepDiff's arguments.

        :param name: tells several snapshots of one test apart.
        :param facts: strings (letter case apart) or compiled patterns, on every run.
        :param options: such as `exclude_paths`, `ignore_order`, `significant_digits`.
        """
        return type(self)(self._test, name, facts=facts, options=options)

    def __eq__(self, other: object) -> bool:
        self.lines = self._test.current.values.compare_value(
            self._name, other, facts=self._facts, options=self._options
        )
        return not self.lines

    __hash__ = None  # type: ignore[assignment]  # a comparison is no key of a dictionary

    def __repr__(self) -> str:
        return f"llm_snapshot({self._name!r})" if self._name else "llm_snapshot"


def live_calls(request: pytest.FixtureRequest) -> Calls:
    """Return the live calls of the test that asks."""
    return LiveCalls(_test_run(request, "llm_calls"))


def snapshot_assertion(request: pytest.FixtureRequest) -> SnapshotAssertion:
    """Return the snapshot of the test that asks."""
    return SnapshotAssertion(_test_run(request, "llm_snapshot"))


def judge(request: pytest.FixtureRequest) -> LlmJudge:
    """Return the judge of the test that asks."""
    return build_llm_judge(
        request, model=_test_run(request, "llm_judge").current.state.settings.judge_model
    )


def build_llm_judge(request: pytest.FixtureRequest, *, model: str | None) -> LlmJudge:
    """Return a judge of that model; fails the set-up of a test that can have none."""
    test = _test_run(request, "llm_judge").current.state.node_id
    fault = fault_of_model(model)
    if model is None or fault is not None:
        output.fail(f"{test}: llm_judge: {fault}; {HOW_TO_SET_JUDGE}")
    return LlmJudge(test, model=model)


def explain_comparison(left: object, right: object) -> list[str] | None:
    """Say what an assert with `llm_snapshot` found, or None where it was about something else."""
    for side in (left, right):
        if isinstance(side, SnapshotAssertion) and side.lines:
            accept = side._test.current.state.commands.accept()  # noqa: SLF001 - same file
            lines = (f"{side!r}:", *side.lines, f"accept: {accept}")
            return [line for each in lines for line in visible_lines(each).split("\n")]
    return None


def _test_run(request: pytest.FixtureRequest, fixture: str) -> RunningTest:
    test: RunningTest | None = request.node.stash.get(TEST_RUN, None)
    if test is None:
        output.fail(
            f"{request.node.nodeid}: {fixture} is for tests marked with @pytest.mark.llm; "
            "mark this one, or take the fixture out"
        )
    return test
