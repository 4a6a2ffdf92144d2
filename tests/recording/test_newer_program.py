"""A replay by another version of an agent's program than the one that was recorded."""

import json
from typing import Any, NoReturn

import pytest

from pytest_llmregress.recording.cassette_session import CassetteSession, Miss, SampleMode
from pytest_llmregress.recording.newer_program import find_program_change
from pytest_llmregress.recording.program_presets import read_preset
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.values.http import Interaction, Request, Response
from pytest_llmregress.values.matching import RequestMatcher

PRESET = read_preset("claude-code")
REMINDER = "<system-reminder>\nCLAUDE.md: be brief in {}.\n</system-reminder>\n"


class MissedError(Exception):
    pass


def miss(found: Miss) -> NoReturn:
    raise MissedError(found.reason)


def asked(version: str = "2.1.332", words: str = "Tidy up.", **changes: Any) -> Request:
    line = f"x-anthropic-billing-header: cc_version={version}.72b; cc_entrypoint=sdk-py;"
    body = {
        "model": "claude-old",
        "system": [{"type": "text", "text": line}, {"type": "text", "text": f"You are {version}."}],
        "tools": [{"name": "Bash", "description": f"As in {version}"}],
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": REMINDER.format(version)},
                    {"type": "text", "text": words, "cache_control": {"type": "ephemeral"}},
                ],
            },
            {"role": "system", "content": f"# Environment of {version}"},
        ],
        **changes,
    }
    betas = f"claude-code-{version}"
    return Request(
        method="POST",
        url="https://api.anthropic.com/v1/messages?beta=true",
        headers={"anthropic-beta": (betas,), "content-type": ("application/json",)},
        body=json.dumps(body).encode(),
    )


def session(*recorded: Request, mode: SampleMode = SampleMode.REPLAY) -> CassetteSession:
    answers = [
        Interaction(request=request, response=Response(status=200, body=b"%d" % number))
        for number, request in enumerate(recorded)
    ]
    tape = CassetteSession(mode=mode, recorded=answers, redactor=Redactor(), on_miss=miss)
    tape.match(RequestMatcher(), redactor=Redactor(), presets=[PRESET])
    return tape


def play(tape: CassetteSession, request: Request) -> bytes | None:
    exchange = tape.ask(request, retry=False)
    return exchange.interaction and exchange.interaction.response.body


def test_a_newer_version_is_answered_by_what_is_the_same():
    tape = session(asked("2.1.327", words="Write."), asked("2.1.327"))

    assert play(tape, asked("2.1.332")) == b"1"
    assert play(tape, asked("2.1.332", words="Write.")) == b"0"
    assert (
        find_program_change(tape.attempts, tape.versions.rules) == "claude-code 2.1.327 → 2.1.332"
    )


def say(content: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": content}]


@pytest.mark.parametrize("shape", [str, lambda text: [{"type": "text", "text": text}]])
def test_words_behind_a_reminder_in_the_same_text_count(shape):
    old, new = REMINDER.format("2.1.327"), REMINDER.format("2.1.332")
    tape = session(asked("2.1.327", messages=say(shape(f"{old}{old}Tidy up."))))

    with pytest.raises(MissedError):
        play(tape, asked("2.1.332", messages=say(shape(f"{new}Delete all."))))
    assert play(tape, asked("2.1.332", messages=say(shape(f"{new}Tidy up.")))) == b"0"


def test_a_request_without_tools_is_none_with_tools():
    tape = session(asked("2.1.327", tools=[]), asked("2.1.327"))

    assert play(tape, asked("2.1.332")) == b"1"
    assert play(tape, asked("2.1.332", tools=[])) == b"0"


def test_a_request_with_nothing_of_its_user_is_a_miss():
    tape = session(asked("2.1.327", messages=say(REMINDER.format("one thing"))))

    with pytest.raises(MissedError):
        play(tape, asked("2.1.332", messages=say(REMINDER.format("another thing"))))


def test_each_recording_answers_once():
    tape = session(asked("2.1.327"))

    play(tape, asked("2.1.332"))

    with pytest.raises(MissedError):
        play(tape, asked("2.1.332"))


@pytest.mark.parametrize(
    "request_now",
    [
        asked("2.1.332", words="Tidy all up."),
        asked("2.1.332", model="claude-new"),
        asked("2.1.332", system="cc_version=2.1.332.72b; cc_is_subagent=true"),
        asked("2.1.327", tools=[]),
        asked("2.1.332", system=[]),
        asked("2.1.332", messages="?"),
        asked("2.1.332", messages=[3, {"role": "user"}]),
    ],
)
def test_other_words_another_model_or_the_same_version_are_a_miss(request_now):
    with pytest.raises(MissedError):
        play(session(asked("2.1.327")), request_now)


def test_a_judge_is_not_answered_by_what_the_test_has_asked():
    with pytest.raises(MissedError):
        session(asked("2.1.327")).ask(asked("2.1.332"), retry=False, judge=True)


def test_a_recording_that_is_extended_asks_the_newer_version_anew():
    tape = session(asked("2.1.327"), mode=SampleMode.EXTEND)

    assert play(tape, asked("2.1.332")) is None


def test_the_same_version_is_told_as_no_change():
    tape = session(asked(), asked(words="Write."))

    play(tape, asked())
    play(tape, asked(words="Write.", metadata={"user_id": "account-7f3a"}))

    assert find_program_change(tape.attempts, tape.versions.rules) == ""
    assert find_program_change(tape.attempts, ()) == ""
