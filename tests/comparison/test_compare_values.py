"""Tests of compared values: how two recordings of one snapshot differ in behavior."""

import dataclasses
import re
from functools import partial
from typing import Any

import pydantic
import pytest
from anthropic.types import Message

from pytest_llmregress.behavior.normalize import normalize
from pytest_llmregress.comparison.compare_values import compare_samples, missing_facts
from pytest_llmregress.comparison.deepdiff_adapter import locate_differences
from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.comparison_rules import Severities

ORDER = {"id": 7, "status": "open", "lines": [{"sku": "a", "price": 3}], "note": "All fine here."}


def severities(before: Any, after: Any) -> list[Severity]:
    return [each.severity for each in compare_samples("plan", [before], after)]


def test_a_value_without_a_difference_did_not_change():
    after = {**ORDER, "id": 8}

    assert compare_samples("plan", [ORDER], after, differ=lambda _before, _after: ()) == ()


def test_a_rewording_is_cosmetic():
    before, after = "Paris is the capital of France.", "The capital of France is Paris."

    (change,) = compare_samples("value", [before], after)

    assert change.trait == "snapshot.value"
    assert change.severity is Severity.COSMETIC


def test_a_text_that_is_no_longer_json_is_breaking():
    changes = compare_samples("plan", ['{"a": 1}'], "Sure! Here you are, a is one.")

    assert changes[0].trait == "snapshot.plan.json"
    assert changes[0].severity is Severity.BREAKING


@pytest.mark.parametrize(
    ("after", "severity", "lost", "gained"),
    [
        ({k: v for k, v in ORDER.items() if k != "status"}, "breaking", "status", "none"),
        ({**ORDER, "id": "7"}, "breaking", "id: number", "id: string"),
        ({**ORDER, "extra": 1}, "notable", "none", "extra: number"),
        ({**ORDER, "lines": [{"sku": "a"}]}, "breaking", "lines[].price", "none"),
    ],
)
def test_lost_and_retyped_keys_are_breaking_and_new_ones_notable(
    after: Any, severity: str, lost: str, gained: str
):
    (change,) = compare_samples("plan", [ORDER], after)

    assert change.trait == "snapshot.plan"
    assert change.severity == severity
    assert lost in change.before
    assert gained in change.after


@pytest.mark.parametrize(
    ("after", "severity"),
    [
        ({**ORDER, "status": "closed"}, Severity.BREAKING),
        ({**ORDER, "id": 8}, Severity.BREAKING),
        ({**ORDER, "status": "closed", "extra": 1}, Severity.BREAKING),
        ({**ORDER, "note": "Everything is fine here."}, Severity.COSMETIC),
        ({**ORDER, "note": "Everything is fine here.", "id": 8}, Severity.BREAKING),
        ({**ORDER, "note": "Bad."}, Severity.NOTABLE),
        ({**ORDER, "note": ""}, Severity.NOTABLE),
    ],
)
def test_another_plain_value_is_breaking_and_another_sentence_cosmetic(
    after: Any, severity: Severity
):
    assert severities(ORDER, after) == [severity]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"items": [1, 2, 3]}, {"items": [1, 2]}),
        ({"items": [1, 2]}, {"items": [1, 2, 3]}),
        ([{"sku": "a"}, {"sku": "b"}], [{"sku": "a"}]),
        ({"items": ["Buy some milk today please"]}, {"items": []}),
    ],
)
def test_a_list_of_another_length_is_more_than_another_wording(before: Any, after: Any):
    assert severities(before, after)[0].rank >= Severity.NOTABLE.rank


@pytest.mark.parametrize(
    ("before", "after"),
    [("a text", None), ("a text", {"a": 1}), (None, "a text"), ([1], {"a": 1}), (1, "1")],
)
def test_a_value_of_another_type_is_breaking(before: Any, after: Any):
    assert severities(before, after) == [Severity.BREAKING]


def test_further_differences_are_counted():
    (change,) = compare_samples(
        "plan", [{"a": 1, "b": 2}], {"a": 2, "b": 3}, differ=locate_differences
    )

    assert (change.before, change.after, change.detail) == (
        "accepted value",
        "root['a']: 1 → 2",
        "and 1 more",
    )


# --- a baseline of several samples -----------------------------------------------------------

FORMS = [{"status": "open", "score": 0.25, "lines": [{"sku": "a"}]}, {"status": "held", "x": 1}]


def refuse_to_compare(before: Any, after: Any) -> tuple[()]:
    raise AssertionError("equal values need no comparison")


@pytest.mark.parametrize("after", [*FORMS, "a text", ["a text"], 3, None])
def test_a_value_of_any_sample_is_no_change_and_reaches_no_differ(after: Any):
    before = [*FORMS, "a text", ["a text"], 3, None]

    assert compare_samples("plan", before, after, differ=refuse_to_compare) == ()


@pytest.mark.parametrize(
    ("before", "after", "options"),
    [
        (
            [{"id": 1, "a": 1}, {"id": 2, "a": 2}],
            {"id": 3, "a": 2},
            {"exclude_paths": "root['id']"},
        ),
        (["Yes.", "No."], "NO.", {"ignore_string_case": True}),
        ([[1, 2], [3]], [2, 1], {"ignore_order": True}),
        ([0.5, 0.3], 0.501, {"math_epsilon": 0.01}),
    ],
)
def test_what_the_callers_options_make_equal_to_any_sample_is_no_change(
    before: list[Any], after: Any, options: dict[str, Any]
):
    assert compare_samples("plan", before, after) != ()
    assert (
        compare_samples("plan", before, after, differ=partial(locate_differences, options=options))
        == ()
    )


@pytest.mark.parametrize("differ", [None, locate_differences])
@pytest.mark.parametrize(
    ("before", "after", "severity", "told"),
    [
        ([{"a": 1}], {"a": 2}, Severity.BREAKING, "1 → 2"),
        ([{"a": "x"}, {"a": "y"}, {"a": "z"}], {"a": "w"}, Severity.COSMETIC, "'x' → 'w'"),
        ([{"a": 1, "b": 1}, {"a": 2, "b": 2}], {"a": 3, "b": 2}, Severity.NOTABLE, "2 → 3"),
        ([{"a": 1, "b": 1}, {"a": 1}], {"a": 1, "b": "x"}, Severity.NOTABLE, "b: string"),
        ([{"a": 1, "b": 1}, {"a": 1}], {"c": 1}, Severity.BREAKING, "c: number"),
        ([{"a": 1}, "an error"], {"b": 1}, Severity.BREAKING, "b: number"),
        ([{"a": 1}, "an error"], {"a": 2}, Severity.BREAKING, "1 → 2"),
        ([{"root": 1}], {"root": "1"}, Severity.BREAKING, "root: string"),
        ([{'a ": "b': 1}], {'a ": "b': "1"}, Severity.BREAKING, "string"),
    ],
)
def test_a_structure_is_held_against_all_samples(
    before: list[Any], after: Any, severity: Severity, told: str, differ: Any
):
    (change,) = compare_samples("plan", before, after, **({"differ": differ} if differ else {}))

    assert (change.trait, change.severity) == ("snapshot.plan", severity)
    assert change.after.endswith(told)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([{"a": 1, "b": 1}, {"a": 2, "b": 2}], {"a": 1, "b": 2}),
        ([{"p": 0.2}, {"p": 0.4}], {"p": 0.3}),
        ([{"a": 1}, {}], {}),
    ],
)
def test_a_mixture_of_what_the_samples_show_is_no_change(before: list[Any], after: Any):
    assert compare_samples("plan", before, after) == ()


def test_the_worst_difference_is_told_and_the_others_are_counted():
    before = {"a": "All of it is fine.", "b": 1, "c": 2}

    (change,) = compare_samples("plan", [before], {"a": "It is all fine.", "b": 1, "c": 3})

    assert (change.severity, change.after, change.detail) == (
        Severity.BREAKING,
        "c: 2 → 3",
        "and 1 more",
    )


def test_what_the_caller_excludes_makes_nothing_worse():
    before = {"meta": {"at": 1, "by": "x"}, "answer": "It was shipped on Monday."}
    after = {"meta": {"at": "noon"}, "answer": "It went out on Monday."}
    differ = partial(locate_differences, options={"exclude_paths": ["root['meta']"]})

    (change,) = compare_samples("plan", [before], after, differ=differ)

    assert change.severity is Severity.COSMETIC


def test_texts_are_compared_by_traits_over_all_samples():
    before = ['{"a": 1}', '```json\n{"a": 1}\n```', '{"a": 1}']

    fenced = compare_samples("plan", before, '```json\n{"a" : 1}\n```')
    prose = compare_samples("plan", before, "It is one.")

    assert [change.trait for change in fenced] == ["snapshot.plan"]
    assert prose[0].trait == "snapshot.plan.json"
    assert prose[0].severity is Severity.BREAKING
    assert prose[0].detail == "baseline: pure x2, fenced x1"


def test_a_snapshot_has_the_severities_and_the_callback_of_its_own_name():
    told: list[tuple[str, Any, Any]] = []

    def classify(change: Any, before: Any, after: Any) -> Severity | None:
        told.append((change.trait, before.value, after.value))
        return Severity.COSMETIC if change.trait == "snapshot.plan.json" else None

    changes = compare_samples(
        "plan",
        ['{"a": 1}'],
        "No.",
        severities=Severities.read({"snapshot.plan.*": "ignore", "snapshot.plan.json": "notable"}),
        classify=classify,
    )

    assert told == [
        ("snapshot.plan.json", "pure", "not_json"),
        ("snapshot.plan", '{"a": 1}', "No."),
    ]
    assert {change.severity for change in changes} == {Severity.COSMETIC}


def test_nothing_accepted_has_nothing_to_change():
    assert compare_samples("plan", [], {"a": 1}) == ()


class Ticket(pydantic.BaseModel):
    id: str
    order: str


@dataclasses.dataclass
class Turn:
    reply: Message
    tickets: list[Ticket]


def turn(number: int, *, order: str = "A1", text: str = "Done.") -> Any:
    reply = Message.model_validate(
        {
            "id": f"msg_{number}",
            "type": "message",
            "role": "assistant",
            "model": "claude-opus-5",
            "content": [
                {"type": "text", "text": text},
                {"type": "tool_use", "id": f"toolu_{number}", "name": "f", "input": {}},
            ],
            "stop_reason": "tool_use",
            "stop_sequence": None,
            "usage": {"input_tokens": number, "output_tokens": number},
        }
    )
    return normalize(Turn(reply=reply, tickets=[Ticket(id=f"req_{number}", order=order)]))


def test_replies_models_and_dataclasses_of_two_recordings_are_the_same_without_their_ids():
    assert compare_samples("turn", [turn(1)], turn(2), differ=refuse_to_compare) == ()


def test_a_reply_of_the_sdk_that_says_something_else_is_told_with_its_place():
    (change,) = compare_samples("turn", [turn(1)], turn(2, order="A2"), differ=locate_differences)
    (text,) = compare_samples(
        "turn",
        [turn(1, text="It is on the way to you.")],
        turn(2, text="Your parcel has been sent."),
        differ=locate_differences,
    )

    assert change.after == "root['tickets'][0]['order']: 'A1' → 'A2'"
    assert (change.severity, text.severity) == (Severity.BREAKING, Severity.COSMETIC)


# --- values that are no prose ----------------------------------------------------------------


@pytest.mark.parametrize("samples", [1, 5])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("spam", "ham"),
        ("Yes", "No"),
        ("not spam", "spam"),
        ("needs human review", "closed"),
        ("spam", "It looks like spam to me."),
        ("2026-03-04", "2027-12-31"),
        ("12.50", "9900.00"),
        ("0.83", "0.91"),
        (True, False),
        (3, 4),
        ({"allowed": True}, {"allowed": False}),
        ({"due": "2026-03-04", "sum": "12.50"}, {"due": "2026-03-04", "sum": "99.00"}),
        (["search", "book"], ["book", "search"]),
        (["search", "book"], ["search"]),
    ],
)
def test_a_value_that_is_no_prose_has_to_be_equal(before: Any, after: Any, samples: int):
    (change,) = compare_samples("plan", [before] * samples, after, differ=locate_differences)

    assert (change.trait, change.severity) == ("snapshot.plan", Severity.BREAKING)


def test_an_enum_is_no_prose_however_it_reads():
    before, after = "Send it to the person on duty.", "Throw it away without an answer."

    (prose, *_) = compare_samples("plan", [before], after)
    (change,) = compare_samples("plan", [before], after, is_plain=True)

    assert (prose.severity, change.severity) == (Severity.COSMETIC, Severity.BREAKING)


def test_the_change_of_a_plain_value_shows_both():
    (label,) = compare_samples("label", ["spam"], "ham")
    (flag,) = compare_samples("flag", [True], False, differ=locate_differences)

    assert (label.before, label.after) == ("spam", "ham")
    assert (flag.before, flag.after) == ("yes", "no")


@pytest.mark.parametrize(
    ("before", "after"), [("spam", "Spam."), ("12.50", "12.5"), ("yes", "**Yes**")]
)
def test_another_way_to_write_a_plain_value_is_cosmetic(before: str, after: str):
    assert {each.severity for each in compare_samples("plan", [before], after)} == {
        Severity.COSMETIC
    }


@pytest.mark.parametrize(
    ("before", "severity"),
    [
        (["spam", "ham"], Severity.NOTABLE),
        (["a", "b", "c"], Severity.COSMETIC),
        ([True, True, True], Severity.BREAKING),
    ],
)
def test_samples_that_disagree_about_a_plain_value_say_less(before: list[Any], severity: Severity):
    after = "other" if isinstance(before[0], str) else False

    (change,) = compare_samples("plan", before, after)

    assert change.severity is severity


def test_a_tolerance_of_the_caller_holds_for_a_plain_value():
    differ = partial(locate_differences, options={"math_epsilon": 0.05})

    assert compare_samples("plan", [{"score": 0.83}], {"score": 0.85}, differ=differ) == ()
    (change,) = compare_samples("plan", [{"score": 0.83}], {"score": 0.95}, differ=differ)
    assert change.severity is Severity.BREAKING


@pytest.mark.parametrize(
    ("value", "facts"),
    [
        ("Refunds take 14 days.", ["14 days"]),
        ("Refunds take 14 DAYS.", ["14 days"]),
        ("GROSSE Straße", ["STRASSE"]),
        ("Refunds take 14 days.", [re.compile(r"\d+ days")]),
        ({"plan": {"days": "14 days"}}, ["14 days"]),
        ({"days": 14}, ["14", 14]),
        ("anything", []),
    ],
)
def test_a_fact_that_is_there_is_not_missed(value: Any, facts: list[Any]):
    assert missing_facts(value, facts) == ()


@pytest.mark.parametrize(
    ("value", "fact", "line"),
    [
        ("Refunds take a while.", "14 days", "fact missing: '14 days' is not in the text"),
        (
            "Refunds take 14 DAYS.",
            re.compile(r"\d+ days"),
            r"fact missing: nothing matches '\\d+ days'",
        ),
        ({"days": 13}, "14", "fact missing: '14' is not in the text"),
        ("", "14 days", "fact missing: '14 days' is not in the text"),
    ],
)
def test_a_fact_that_is_missing_is_named(value: Any, fact: Any, line: str):
    assert missing_facts(value, [fact]) == (line,)


def test_each_missing_fact_has_its_own_line():
    assert missing_facts("x", ["a", "x", "b"]) == (
        "fact missing: 'a' is not in the text",
        "fact missing: 'b' is not in the text",
    )
