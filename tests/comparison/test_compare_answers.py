"""What counts as a change of an answer: its form, a closed answer, the values of JSON."""

import json

import pytest

from pytest_llmregress.behavior.traits import extract_traits
from pytest_llmregress.comparison.compare_behavior import compare
from pytest_llmregress.values.behavior import Behavior, Severity
from pytest_llmregress.values.call import Call, Calls, Outcome, ToolCall

BREAKING, NOTABLE, COSMETIC = Severity.BREAKING, Severity.NOTABLE, Severity.COSMETIC
TRAITS = {"text.answer", "text.form", "text.json_keys", "text.json_values"}


def behavior(text, **fields):
    call = Call(provider="anthropic", outcome=Outcome.ANSWERED, text=text, **fields)
    return Behavior(traits=extract_traits(Calls([call])))


def found(before, after, **fields):
    """Return severities by trait, of those traits that are about answers and above cosmetic."""
    samples = [before] if isinstance(before, str) else before
    olds = [behavior(text, **fields) for text in samples]
    changes = compare(olds, behavior(after, **fields))
    return {
        change.trait: change.severity
        for change in changes
        if change.trait in TRAITS and change.severity is not COSMETIC
    }


@pytest.mark.parametrize("samples", [1, 5])
@pytest.mark.parametrize(
    ("before", "after", "trait"),
    [
        ("billing", "technical", "text.answer"),
        ("Yes", "No.", "text.answer"),
        ("72", "73", "text.answer"),
        ("2026-03-04", "2026-04-03", "text.answer"),
        ("Well.\n\nANSWER: C", "Well.\n\nANSWER: B", "text.answer"),
        ("not spam", "Spam.", "text.answer"),
        ("billing", "The ticket is about billing.", "text.form"),
        ("C", "The rule applies.\n\nANSWER: C", "text.form"),
        ("42", "- 42\n- 43", "text.form"),
        ("billing", '{"label": "billing"}', "text.form"),
    ],
)
def test_a_closed_answer_that_is_another_one_or_no_longer_bare_is_breaking(
    before, after, trait, samples
):
    assert found([before] * samples, after)[trait] is BREAKING


@pytest.mark.parametrize("samples", [1, 5])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("billing", "**Billing.**"),
        ("not spam", '"Not spam."'),
        ("60%", "60 percent"),
        ("Yes.", "yes"),
        ("Done.", "All done!"),
        ("Your order arrives on Friday.", "It will be with you on Friday."),
        ("It left on Monday.", "It left on Monday. It arrives on Friday. Call us at any time."),
        ("Search works again.", "The search works again, and it is fast."),
    ],
)
def test_another_way_to_say_it_is_quiet(before, after, samples):
    assert found([before] * samples, after) == {}


@pytest.mark.parametrize("samples", [1, 5])
@pytest.mark.parametrize(
    ("before", "after", "asked", "severity"),
    [
        ("Berlin", "München", "Where is it?", NOTABLE),
        ("Alice Martin", "**Alice Moore**", "Who wrote it?", NOTABLE),
        ("Luna", "Milo", "Name a cat.", NOTABLE),
        ("Berlin", "München", "Berlin or München?", BREAKING),
        ("Berlin", "München", "Where does it say BERLIN? It does.", BREAKING),
        ("Berlin", "unknown", "Where is it?", BREAKING),
        ("berlin", "münchen", "Where is it?", BREAKING),
        ("Positive", "Negative", "What do you feel?", BREAKING),
        ("Refund Request", "Sales Lead", "What is it?", BREAKING),
        ("Buy", "Sell", "What should the desk do?", BREAKING),
        ("Accept", "Reject", "What do you make of the application?", BREAKING),
        ("Benign", "Malignant", "What does the biopsy show?", BREAKING),
        ("Sports", "Politics", "What is the article about?", BREAKING),
        ("Happy", "Angry", "How does the customer feel?", BREAKING),
        ("A", "B", "Which one?", BREAKING),
        ("EUR", "USD", "Which one?", BREAKING),
    ],
)
def test_another_name_is_notable_unless_the_request_holds_it_or_it_sorts_things(
    before, after, asked, severity, samples
):
    request = {"messages": [{"role": "user", "content": asked}]}

    assert found([before] * samples, after, request=request) == {"text.answer": severity}


def test_a_name_in_other_letters_is_no_other_answer():
    assert found(["Berlin", "BERLIN"], "berlin") == {}
    assert found(["Berlin", "BERLIN"], "bonn") == {"text.answer": BREAKING}


@pytest.mark.parametrize("samples", [1, 5])
def test_a_number_in_a_report_is_no_closed_answer(samples):
    assert found(["OK 200"] * samples, "OK 201") == {}


def test_a_report_on_tools_may_be_worded_in_another_way():
    tools = (ToolCall(name="book"),)

    assert found("Booked.", "Reserved.", tool_calls=tools) == {}
    assert found("Booked.", "Reserved.") == {"text.answer": BREAKING}


@pytest.mark.parametrize(
    ("before", "after", "severity"),
    [
        (["spam", "ham"], "other", NOTABLE),
        (["spam", "ham"], "ham", None),
        (["a", "b", "c"], "d", None),
        (["0.2", "0.83"], "0.8333", None),
    ],
)
def test_a_baseline_that_disagrees_with_itself_says_less(before, after, severity):
    assert found(before, after).get("text.answer") is severity


def test_a_yes_that_becomes_a_no_is_notable():
    assert found("Yes, you can return it.", "No, you cannot return it.") == {"text.answer": NOTABLE}


def test_one_sentence_that_becomes_prose_is_notable():
    prose = "Paris is. It lies on the Seine. It is big. It is old."

    assert found("Paris is the capital of France.", prose) == {"text.form": NOTABLE}


# --- JSON ------------------------------------------------------------------------------------


@pytest.mark.parametrize("samples", [1, 5])
@pytest.mark.parametrize(
    ("before", "after", "severity"),
    [
        ({"approved": True}, {"approved": False}, BREAKING),
        ({"risk": "low"}, {"risk": "high"}, BREAKING),
        ({"order": "ord_1042"}, {"order": "ord_1024"}, BREAKING),
        ({"lines": [{"ok": True}]}, {"lines": [{"ok": False}]}, BREAKING),
        ({"total": 120.5}, {"total": 125}, NOTABLE),
        ({"due": "2026-04-01"}, {"due": "2026-05-01"}, NOTABLE),
        ({"see": "https://a.example/x"}, {"see": "https://a.example/y"}, NOTABLE),
        ({"state": "in progress"}, {"state": "on hold"}, NOTABLE),
        ({"items": ["milk", "bread", "eggs"]}, {"items": ["milk"]}, NOTABLE),
        ({"tags": ["garden", "tools"]}, {"tags": ["garden", "metal"]}, NOTABLE),
        ({"due": "2026-04-01"}, {"due": None}, NOTABLE),
        ({"due": None}, {"due": "2026-04-01"}, NOTABLE),
        ({"errors": [{"line": 3}]}, {"errors": []}, NOTABLE),
        ({"address": {"city": "Bath"}}, {"address": None}, NOTABLE),
        ({"address": {"city": "Bath"}}, {"address": {}}, NOTABLE),
        ([{"line": 3}], [], NOTABLE),
        ({"a": 1}, {"a": 1, "b": 2}, NOTABLE),
        ({"a": 1, "due": None}, {"a": 1}, BREAKING),
        ({"a": {"b": 1, "c": 1}}, {"a": {"b": 1}}, BREAKING),
        ({"a": 1}, {"a": "1"}, BREAKING),
        ({"a": {"b": 1}}, {"a": "b"}, BREAKING),
    ],
)
def test_a_value_of_a_json_answer_is_as_bad_as_its_kind(before, after, severity, samples):
    changes = found([json.dumps(before)] * samples, json.dumps(after))

    assert max(changes.values(), key=lambda each: each.rank) is severity


@pytest.mark.parametrize("samples", [1, 5])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"city": "Paris", "code": 75}', '{"code": 75,\n  "city": "Paris"}'),
        ('{"tags": ["a", "b", "c"]}', '{"tags": ["c", "a", "b"]}'),
        ('[{"a": 1}, {"a": 2}]', '[{"a": 2}, {"a": 1}]'),
        ('{"name": "Müller"}', '{"name": "M\\u00fcller"}'),
        ('{"total": 12}', '{"total": 12.0}'),
        ('{"share": 0.8333333, "tone": 0.5}', '{"share": 0.83, "tone": 0.47}'),
        ('{"due": "2026-04-01"}', '{"due": "1 April 2026"}'),
        ('{"label": "Spam"}', '{"label": "spam"}'),
        (
            '{"reason": "The parcel arrives on Friday at noon."}',
            '{"reason": "On Friday at noon the parcel will be there, as we said before."}',
        ),
    ],
)
def test_another_way_to_write_json_is_quiet(before, after, samples):
    assert found([before] * samples, after) == {}


def test_values_that_vary_in_the_baseline_are_noise():
    varied = [json.dumps({"id": f"x{n}", "ok": True, "score": n / 4}) for n in range(4)]
    two = ['{"risk": "low"}', '{"risk": "high"}', '{"risk": "low"}']

    assert found(varied, '{"id": "new", "ok": true, "score": 0.3}') == {}
    assert found(varied, '{"id": "new", "ok": false, "score": 0.3}') == {
        "text.json_values": BREAKING
    }
    assert found(two, '{"risk": "high"}') == {}
    assert found(two, '{"risk": "medium"}') == {"text.json_values": NOTABLE}


def test_a_change_names_the_place_and_both_values():
    before, after = '{"a": [{"risk": "low"}], "b": 1}', '{"a": [{"risk": "high"}], "b": 2}'

    change = next(
        each
        for each in compare(behavior(before), behavior(after))
        if each.trait == "text.json_values"
    )

    assert (change.before, change.after) == ("a[0].risk: 'low'", "'high'")
    assert change.detail == "and 1 more: 1 → 2"
    assert change.parts == ("a[0].risk",)


REQUEST = {
    "output_config": {
        "format": {
            "type": "json_schema",
            "schema": {
                "required": ["state"],
                "properties": {
                    "state": {"enum": ["in progress", "on hold"]},
                    "address": {"properties": {"city": {"type": "string"}}, "required": ["city"]},
                },
            },
        }
    }
}


def test_a_value_that_the_requested_schema_lists_is_closed():
    changes = found('{"state": "in progress"}', '{"state": "on hold"}', request=REQUEST)

    assert changes == {"text.json_values": BREAKING}


def test_an_object_that_the_requested_schema_does_not_require_may_be_absent():
    before = '{"state": "on hold", "address": {"city": "Bath"}}'

    changes = found(before, '{"state": "on hold"}', request=REQUEST)
    lost = found(before, '{"address": {"city": "Bath"}}', request=REQUEST)

    assert changes == {"text.json_keys": NOTABLE}
    assert lost == {"text.json_keys": BREAKING}


def test_json_that_is_nested_very_deep_is_compared_as_far_as_it_is_read():
    deep = f'{{"a": 1, "b": {"[" * 500}{"]" * 500}}}'

    assert found(deep, deep.replace("1", "2", 1)) == {"text.json_values": NOTABLE}


@pytest.mark.parametrize(
    ("before", "after", "severity"),
    [
        ("請保留發票。運費由我們負擔。", "请保留发票。运费由我们承担。", NOTABLE),
        ("請保留發票。運費由我們負擔。", "天下大同、山水之中有古人。", None),
        ("請保留發票。運費由我們負擔。", "You can return the goods. Keep the receipt.", BREAKING),
    ],
)
def test_chinese_in_other_characters_is_notable(before, after, severity):
    changes = compare([behavior(before)], behavior(after))

    assert {each.trait: each.severity for each in changes}.get("text.language") is severity
