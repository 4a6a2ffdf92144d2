"""Tests of what the samples of one test changed, counted together."""

import pytest

from pytest_llmregress.comparison.compare_behavior import compare
from pytest_llmregress.comparison.compare_values import compare_samples
from pytest_llmregress.comparison.merging import count_changes
from pytest_llmregress.values.behavior import Behavior, Change, Severity, Trait, TraitKind
from pytest_llmregress.values.comparison_rules import Severities
from pytest_llmregress.values.evidence import ChangeEvidence

BREAKING, NOTABLE, COSMETIC = Severity.BREAKING, Severity.NOTABLE, Severity.COSMETIC
RAISED = Severities.read({"*": "breaking"})
KINDS = {
    "outcome": TraitKind.CATEGORY,
    "tools.arguments": TraitKind.CATEGORY,
    "tools.set": TraitKind.SET,
    "text": TraitKind.TEXT,
    "text.length": TraitKind.NUMBER,
    "text.numbers": TraitKind.SET,
}


def one(name, value):
    trait = Trait(name=name, value=value, kind=KINDS[name], severity=NOTABLE)
    return Behavior(traits=(trait,))


def count(name, before, after, *, severities=None, classify=None):
    """Return how bad each of the values after is, beside all the values before."""
    baseline = [one(name, value) for value in before]
    found = [
        compare(baseline, one(name, value), severities=severities, classify=classify)
        for value in after
    ]
    counted = count_changes(found, [])
    return counted[0].screen if counted else ()


def change(trait, severity, *parts):
    return (Change(trait=trait, severity=severity, before="a", after="b", parts=parts),)


def test_each_sample_has_its_own_severity_and_first_and_fresh_ones_stand_apart():
    counted = count_changes(
        [change("a", BREAKING)], [change("a", NOTABLE), (), change("b", COSMETIC)]
    )

    assert counted == (
        ChangeEvidence(name="a", screen=(BREAKING,), fresh=(NOTABLE, None, None)),
        ChangeEvidence(name="b", screen=(None,), fresh=(None, None, COSMETIC)),
    )


def test_of_a_value_in_parts_what_most_fresh_samples_share_counts():
    (counted,) = count_changes(
        [change("facts", NOTABLE, "14")],
        [change("facts", NOTABLE, *parts) for parts in (["30"], ["7", "30"], ["7"], ["30", "14"])],
    )

    assert counted.screen == (None,)
    assert counted.fresh == (NOTABLE, NOTABLE, None, NOTABLE)


@pytest.mark.parametrize("samples", [1, 2, 5, 10])
@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("outcome", "answered", "refused"),
        ("tools.arguments", *([{"name": "clean", "arguments": {"dry": on}}] for on in (1, 0))),
        ("tools.set", ["find"], ["find", "pay"]),
        ("text", "billing", "technical"),
        ("text.length", 60, 400),
        ("text.numbers", ["14", "30"], ["14"]),
    ],
)
def test_a_raised_severity_holds_for_any_kind_of_trait_and_any_number_of_samples(
    name, before, after, samples
):
    assert count(name, samples * [before], [after, before], severities=RAISED) == (BREAKING, None)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("outcome", ["answered", "refused", "paused"], "empty"),
        (
            "tools.arguments",
            [[{"name": "find", "arguments": {"id": each}}] for each in (1, 2, 3)],
            [{"name": "find", "arguments": {"id": 9}}],
        ),
        ("tools.set", [["a"], ["b"], ["c"]], ["d"]),
        ("text", ["Yes.", "Certainly.", "Of course."], "Sure."),
        ("text.length", [60, 400, 100], 300),
    ],
)
def test_a_name_raises_no_noise_of_the_baseline(name, before, after):
    assert count(name, before, [after], severities=RAISED) == ()


def test_the_callback_may_raise_what_it_knows_to_be_more_than_noise():
    found = count(
        "text",
        ["Yes.", "Certainly.", "Of course."],
        ["No."],
        classify=lambda _change, _before, after: BREAKING if after.value == "No." else None,
    )

    assert found == (BREAKING,)


def test_noise_in_one_place_of_a_value_hides_no_change_in_another():
    before = [{"id": number, "allowed": True} for number in range(5)]
    same = {"id": 9, "allowed": True}
    other = {"id": 9, "allowed": False}

    found = [compare_samples("plan", before, each, severities=RAISED) for each in (same, other)]

    (counted,) = count_changes(found, [])
    assert counted == ChangeEvidence(name="snapshot.plan", screen=(None, BREAKING))
    assert found[1][0].parts == ("allowed",)
