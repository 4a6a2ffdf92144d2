"""Tests of compared values: how two recordings of one snapshot differ in behavior."""

import re
from typing import Any

import pytest

from pytest_llmregress.core.behavior import Severity
from pytest_llmregress.core.values import compare_values, missing_facts

ORDER = {"id": 7, "status": "open", "lines": [{"sku": "a", "price": 3}], "note": "All fine here."}


def severities(before: Any, after: Any) -> list[Severity]:
    told = [] if before == after else ["root: differs"]
    return [each.severity for each in compare_values("plan", before, after, differences=told)]


def test_a_value_without_a_difference_did_not_change():
    assert compare_values("plan", ORDER, {**ORDER, "id": 8}, differences=[]) == ()


def test_a_rewording_is_cosmetic():
    (change,) = compare_values(
        "value",
        "Paris is the capital of France.",
        "The capital of France is Paris.",
        differences=["root: 6 of 6 words differ"],
    )

    assert change.trait == "snapshot.value"
    assert change.severity is Severity.COSMETIC


def test_a_text_that_is_no_longer_json_is_breaking():
    changes = compare_values(
        "plan", '{"a": 1}', "Sure! Here you are, a is one.", differences=["root: differs"]
    )

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
    (change,) = compare_values("plan", ORDER, after, differences=["root: differs"])

    assert change.trait == "snapshot.plan"
    assert change.severity == severity
    assert lost in change.before
    assert gained in change.after


@pytest.mark.parametrize(
    ("after", "severity"),
    [
        ({**ORDER, "status": "closed"}, Severity.NOTABLE),
        ({**ORDER, "id": 8}, Severity.NOTABLE),
        ({**ORDER, "note": "Everything is fine here."}, Severity.COSMETIC),
        ({**ORDER, "note": "Everything is fine here.", "id": 8}, Severity.NOTABLE),
        ({**ORDER, "note": "Bad."}, Severity.NOTABLE),
        ({**ORDER, "note": ""}, Severity.NOTABLE),
    ],
)
def test_another_value_is_notable_and_another_sentence_cosmetic(after: Any, severity: Severity):
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
    (change,) = compare_values(
        "plan",
        {"a": 1, "b": 2},
        {"a": 2, "b": 3},
        differences=["root['a']: 1 → 2", "root['b']: 2 → 3"],
    )

    assert (change.before, change.after, change.detail) == (
        "accepted value",
        "root['a']: 1 → 2",
        "and 1 more",
    )


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
