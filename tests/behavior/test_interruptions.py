"""Interrupted calls, and what a program did then."""

import pytest

from pytest_llmregress.behavior.traits import extract_traits
from pytest_llmregress.comparison.compare_behavior import compare
from pytest_llmregress.values.behavior import Behavior, Severity
from pytest_llmregress.values.call import Call, Calls, Outcome

ASKED = "How do I keep an account safe?"
NOTE = "<system-reminder>Your response was stopped.</system-reminder>"


def call(outcome=Outcome.ANSWERED, model="claude-new", *, asked=ASKED, notes=(), **fields):
    texts = [{"type": "text", "text": text} for text in (asked, *notes)]
    return Call(
        provider="anthropic",
        outcome=outcome,
        text="Use a password manager." if outcome is Outcome.ANSWERED else "",
        requested_model=model,
        refusal_category="cyber" if outcome is Outcome.REFUSED else None,
        request={"messages": [{"role": "user", "content": texts}]},
        **fields,
    )


def found(*after, before=()):
    sides = [Behavior(traits=extract_traits(Calls(calls))) for calls in (before or [call()], after)]
    return {change.trait: change for change in compare(*sides)}


def test_a_refusal_that_a_program_sends_again_to_another_model_is_told_as_that():
    changes = found(
        call(Outcome.REFUSED, session="s1"),
        call(Outcome.REFUSED, asked=f"{ASKED}\n", notes=[NOTE], session="s1"),
        call(Outcome.ANSWERED, "claude-fallback", notes=[NOTE], session="s1"),
    )

    assert changes["interruptions"].severity is Severity.BREAKING
    assert changes["interruptions"].detail == (
        "call 1 refused (cyber), sent again in call 2: refused (cyber), "
        "sent again to claude-fallback in call 3: answered"
    )
    assert not {"outcome", "conversations"} & changes.keys()


def test_the_same_question_asked_anew_is_no_second_try_of_a_refusal():
    changes = found(call(Outcome.REFUSED), call(), before=(call(), call()))

    assert changes["interruptions"].detail == "call 1 refused (cyber)"
    assert changes["outcome"].detail == f"call 1, '{ASKED}'"


@pytest.mark.parametrize("session", ["", "s1"])
def test_a_pause_at_the_end_is_told_as_unfinished(session):
    changes = found(call(Outcome.PAUSED, session=session))

    assert changes["outcome"].severity is Severity.BREAKING
    assert changes["outcome"].detail == "no call goes on with it"


def test_many_interruptions_are_counted():
    asked = [call(Outcome.TRUNCATED, asked=f"Question {n}") for n in range(5)]
    changes = found(
        *asked, call(), before=[*(call(asked=f"Question {n}") for n in range(5)), call()]
    )

    assert changes["interruptions"].detail == (
        "call 1 truncated; call 2 truncated; call 3 truncated; and 2 more"
    )
