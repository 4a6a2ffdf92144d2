"""A miss by a request that is another one each time names what helps."""

import json
from collections.abc import Sequence
from typing import NoReturn

import pytest

from pytest_llmregress.causes.request_diff import RequestDiff
from pytest_llmregress.pipeline.explain_miss import advise
from pytest_llmregress.recording.cassette_session import (
    CassetteSession,
    Miss,
    MissReason,
    SampleMode,
)
from pytest_llmregress.recording.program_presets import read_preset
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.values.http import Interaction, Request, Response
from pytest_llmregress.values.matching import RequestMatcher


def asking(text: str) -> Request:
    body = json.dumps({"messages": [{"role": "user", "content": text}]}).encode()
    return Request(method="POST", url="https://model.test/v1/messages", headers={}, body=body)


def fail(miss: Miss) -> NoReturn:
    raise AssertionError(miss)


def advice_on(asked: str, recorded: str, *, presets: Sequence[str] = (), **changes: object) -> str:
    answer = Response(status=200, headers={}, body=b"{}")
    tape = CassetteSession(
        mode=SampleMode.REPLAY,
        recorded=[Interaction(request=asking(recorded), response=answer, latency=None)],
        redactor=Redactor(),
        on_miss=fail,
    )
    named = [read_preset(name) for name in presets]
    tape.match(RequestMatcher(), redactor=Redactor(), presets=named)
    fields = {"reason": MissReason.NO_MATCH, "request": asking(asked), "times_recorded": 0}
    miss = Miss(**{**fields, **changes})  # type: ignore[arg-type]
    return "\n".join(advise(miss, tape, RequestDiff(nearest=0)))


def test_a_date_is_advised_to_be_read_past():
    told = advice_on("It is 2026-12-01.", "It is 2026-11-30.")

    assert "where the date is another one each time" in told
    assert '{"match_replace": {r"' in told


def test_a_prompt_that_was_changed_gets_no_advice():
    assert advice_on("Say goodbye.", "Say hello.") == ""


@pytest.mark.parametrize(
    "changes", [{"judge": True}, {"reason": MissReason.CASSETTE_NOT_FOUND}], ids=["judge", "first"]
)
def test_where_no_setting_helps_none_is_advised(changes):
    assert advice_on("It is 2026-12-01.", "It is 2026-11-30.", **changes) == ""


def test_agents_in_the_background_are_advised_to_be_in_the_foreground():
    asked = "Async agent launched successfully. One has ended."

    told = advice_on(asked, "Both have ended.", presets=["claude-code"])

    assert "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS=1" in told
    assert advice_on(asked, "Both have ended.") == ""
    assert advice_on("One has ended.", "Both have ended.", presets=["claude-code"]) == ""


def test_an_example_of_hypothesis_is_advised_to_be_the_same_each_time():
    hypothesis = pytest.importorskip("hypothesis", reason="hypothesis is not installed")
    told: list[str] = []

    @hypothesis.settings(max_examples=1, database=None)
    @hypothesis.given(hypothesis.strategies.integers())
    def ask(number: int) -> None:
        told.append(advice_on(f"n {number}", "n"))

    ask()

    assert "derandomize=True" in told[0]
