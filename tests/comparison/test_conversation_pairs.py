"""Independent calls of one test: which belong together, and what is told of each."""

import json

import pytest

from pytest_llmregress.behavior.traits import extract_traits
from pytest_llmregress.comparison.compare_behavior import compare
from pytest_llmregress.values.behavior import Behavior, Severity
from pytest_llmregress.values.call import Call, Calls, Outcome, ToolCall

BREAKING, NOTABLE, COSMETIC = Severity.BREAKING, Severity.NOTABLE, Severity.COSMETIC
REFUSAL = "I'm sorry, but I can't help with that."
MAIL = "The mail service was down for three minutes."


def call(asked, text, *, model="old", outcome=Outcome.ANSWERED, tools=(), before=()):
    messages = [*before, {"role": "user", "content": asked}]
    return Call(
        provider="anthropic",
        outcome=outcome,
        text=text,
        tool_calls=tuple(ToolCall(name=name, id=f"id_{name}") for name in tools),
        requested_model=model,
        served_model=model,
        request={"model": model, "messages": messages},
    )


def sample(*calls, model="old"):
    """Return the behavior of a sample: its calls, or (asked, text) of each."""
    made = [each if isinstance(each, Call) else call(*each, model=model) for each in calls]
    return Behavior(traits=extract_traits(Calls(made)))


def found(before, after, *, worse_than=COSMETIC):
    """Return trait, severity and detail of each change above a severity."""
    changes = compare(before, after)
    return [
        (change.trait, change.severity, change.detail)
        for change in changes
        if change.severity.rank > worse_than.rank
    ]


SIX = [(f"tell {n}", MAIL) for n in (1, 2, 3, 4, 5, "last")]


@pytest.mark.parametrize("samples", [1, 5])
@pytest.mark.parametrize(
    ("before", "after", "trait"),
    [
        (MAIL, REFUSAL, "refusal"),
        ('{"service": "mail", "minutes": 3}', MAIL, "text.json"),
        ('{"service": "mail", "minutes": 3}', '{"service": "mail"}', "text.json_keys"),
        ("```python\nx = 1\n```", "```python\nx = = 1\n```", "text.code"),
        (MAIL, "Der Dienst war wegen einer kaputten Platte nicht erreichbar.", "text.language"),
        ("spam", "ham", "text.answer"),
        ('{"ok": true}', '{"ok": false}', "text.json_values"),
    ],
)
def test_what_is_breaking_is_so_in_each_call(before, after, trait, samples):
    olds = [sample(*[(f"ask {n}", before) for n in range(3)])] * samples
    new = sample(("ask 0", before), ("ask 1", after), ("ask 2", before), model="new")

    told = {name: (severity, detail) for name, severity, detail in found(olds, new)}

    assert told[trait][0] is BREAKING
    assert told[trait][1].startswith("call 2, 'ask 1'")


def test_a_change_of_several_calls_is_told_once_with_all_of_them():
    new = sample(*[(asked, REFUSAL if at < 5 else MAIL) for at, (asked, _) in enumerate(SIX)])

    (told,) = [each for each in found([sample(*SIX)], new) if each[0] == "refusal"]

    assert told[2].startswith("call 1, 'tell 1'; ")
    assert told[2].endswith("; as in call 2, call 3, call 4, call 5")


def test_the_words_that_refuse_are_quoted_with_the_call():
    new = sample(SIX[0], (SIX[1][0], REFUSAL))

    (told,) = [each for each in found([sample(*SIX[:2])], new) if each[0] == "refusal"]

    assert told[2].startswith("call 2, 'tell 2'; ")
    assert "can't help with that" in told[2]


def test_the_parts_of_a_change_are_the_conversations():
    new = sample(*[(asked, REFUSAL if at < 2 else MAIL) for at, (asked, _) in enumerate(SIX)])

    (change,) = [each for each in compare([sample(*SIX)], new) if each.trait == "refusal"]

    assert len(set(change.parts)) == 2


def test_the_same_calls_in_another_order_are_no_change():
    answers = [("sort a", "spam"), ("sort b", "ham"), ("sort c", '{"ok": true}')]

    assert found([sample(*answers)], sample(*reversed(answers), model="new")) == []


def test_calls_with_the_same_request_may_stand_for_each_other():
    olds = [sample(("vote", "yes"), ("vote", "no"), ("vote", "yes"))]

    assert found(olds, sample(("vote", "no"), ("vote", "yes"), ("vote", "yes"))) == []
    assert [
        each[0] for each in found(olds, sample(("vote", "no"), ("vote", "maybe"), ("vote", "no")))
    ] == ["text.answer"]


def test_requests_that_differ_every_time_are_held_in_order():
    olds = [sample((f"id {n}: sort a", "spam"), (f"id {n}: sort b", "ham")) for n in (1, 2)]

    assert found(olds, sample(("id 9: sort a", "spam"), ("id 9: sort b", "ham"))) == []
    (told,) = found(olds, sample(("id 9: sort a", "ham"), ("id 9: sort b", "ham")))
    assert (told[0], told[1]) == ("text.answer", BREAKING)


def test_a_call_that_is_not_made_any_more_is_a_change_and_moves_no_other():
    olds = [sample(("sort a", "spam"), ("sort b", "ham"), ("sort c", "eggs"))]

    lost = found(olds, sample(("sort a", "spam"), ("sort c", "eggs")))
    last = found(olds, sample(("sort b", "ham")))

    assert lost == [("conversations", NOTABLE, "lost call 2, 'sort b'")]
    assert ("conversations", NOTABLE, "lost call 1, 'sort a'; call 3, 'sort c'") in last
    assert "text.answer" not in {name for name, *_ in last}


def test_a_call_that_is_new_is_a_change():
    told = found([sample(("sort a", "spam"))], sample(("sort a", "spam"), ("again", "ham")))

    assert ("conversations", NOTABLE, "gained call 2, 'again'") in told
    assert {name for name, *_ in told} <= {"conversations", "calls"}


def test_a_number_of_calls_that_any_sample_shows_is_no_change():
    olds = [sample(("a", "x1"), ("b", "x2")), sample(("a", "x1"), ("b", "x2"), ("c", "x3"))]

    assert found(olds, sample(("a", "x1"), ("b", "x2"), ("c", "x3"))) == []
    assert found(olds, sample(("a", "x1"), ("b", "x2"))) == []


def loop(steps, answer):
    """Return the calls of an agent that calls a tool so many times and then answers."""
    calls, before = [], []
    for step in range(steps):
        made = call(
            f"step {step}",
            f"I look, {step}.",
            outcome=Outcome.TOOL_USE,
            tools=["look"],
            before=before,
        )
        calls.append(made)
        reply = {"role": "assistant", "content": made.text}
        before = [*made.request["messages"], reply]
    return [*calls, call("so?", answer, before=before)]


def test_what_is_inside_the_loop_of_an_agent_stays_trajectory():
    changes = found([sample(*loop(2, MAIL))], sample(*loop(3, MAIL)))

    assert {name for name, *_ in changes} <= {"tools.counts", "tools.order", "calls", "tool_calls"}


def test_noise_of_one_call_does_not_hide_another_one():
    olds = [sample(("a", f"word{n}"), ("b", "spam")) for n in range(5)]

    assert found(olds, sample(("a", "other"), ("b", "spam"))) == []
    (told,) = found(olds, sample(("a", "other"), ("b", "ham")))
    assert (told[0], told[1]) == ("text.answer", BREAKING)


def test_a_retry_after_an_error_is_the_same_conversation():
    failed = call("a", "", outcome=Outcome.ERROR)

    changes = compare([sample(("a", "x1"), ("b", "x2"))], sample(failed, ("a", "x1"), ("b", "x2")))

    assert "conversations" not in {change.trait for change in changes}


def test_the_trait_of_conversations_is_plain_json_and_holds_an_excerpt_of_what_was_asked():
    (one,) = [t for t in sample(("word " * 50, "x")).traits if t.name == "conversations"]
    (two,) = [t for t in sample(*SIX[:2]).traits if t.name == "conversations"]

    assert one.value == [{"call": 1, "asked": ("word " * 50)[:60]}]
    assert json.loads(json.dumps(two.value)) == two.value
    assert [item["call"] for item in two.value] == [1, 2]
