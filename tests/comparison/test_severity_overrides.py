"""Tests of the severities that a project gives to changes."""

import pytest

from pytest_llmregress.comparison.compare_behavior import compare
from pytest_llmregress.values.behavior import Behavior, Change, Severity, Trait, TraitKind
from pytest_llmregress.values.comparison_rules import Severities

BREAKING, NOTABLE, COSMETIC = Severity.BREAKING, Severity.NOTABLE, Severity.COSMETIC


def change(trait):
    return Change(trait=trait, severity=NOTABLE, before="a", after="b")


@pytest.mark.parametrize(
    ("mapping", "trait", "severity"),
    [
        ({}, "text", NOTABLE),
        ({"text": "breaking"}, "text", BREAKING),
        ({"text": "breaking"}, "text.length", NOTABLE),
        ({"text.*": "breaking"}, "text", NOTABLE),
        ({"text.*": "breaking"}, "text.length", BREAKING),
        ({"*": Severity.COSMETIC}, "snapshot.plan.json", COSMETIC),
        ({"text.length": "ignore"}, "text.length", None),
        ({"snapshot.*.json": "breaking"}, "snapshot.my plan.json", BREAKING),
        ({"snapshot.a[1]": "breaking"}, "snapshot.a1", NOTABLE),
        ({"snapshot.a[1]": "breaking"}, "snapshot.a[1]", BREAKING),
        ({"text?": "breaking"}, "texts", NOTABLE),
        # The most specific one decides, wherever it stands.
        ({"*": "ignore", "text.*": "breaking", "text.length": "cosmetic"}, "text.length", COSMETIC),
        ({"text.length": "cosmetic", "text.*": "breaking", "*": "ignore"}, "text.length", COSMETIC),
        ({"*": "ignore", "text.*": "breaking"}, "text.json", BREAKING),
        ({"*.json_keys": "breaking", "text.*": "ignore"}, "text.json_keys", BREAKING),
        ({"text.json_key*": "ignore", "*.json_keys": "breaking"}, "text.json_keys", None),
        # Two that are as specific: the one that was written first.
        ({"a.*": "breaking", "*.a": "cosmetic"}, "a.a", BREAKING),
        ({"*.a": "cosmetic", "a.*": "breaking"}, "a.a", COSMETIC),
    ],
)
def test_the_most_specific_name_decides(mapping, trait, severity):
    found = Severities.read(mapping).apply_to(change(trait))

    assert (found and found.severity) == severity


def test_a_severity_that_is_none_is_an_error_that_names_all_of_them():
    with pytest.raises(ValueError, match="severity") as caught:
        Severities.read({"text.length": "minor", "tools.*": None, "": "ignore", 3: "Breaking"})

    assert str(caught.value).split("\n") == [
        "'text.length': 'minor' is no severity; cosmetic, notable, breaking, ignore",
        "'tools.*': None is no severity; cosmetic, notable, breaking, ignore",
        "'' names no trait; a name such as 'text.length', or a pattern: 'tools.*'",
        "3 names no trait; a name such as 'text.length', or a pattern: 'tools.*'",
        "3: 'Breaking' is no severity; cosmetic, notable, breaking, ignore",
    ]


# --- in a comparison -------------------------------------------------------------------------


def behavior(**values):
    return Behavior(
        traits=tuple(
            Trait(name=name, value=value, kind=TraitKind.CATEGORY, severity=NOTABLE)
            for name, value in values.items()
        )
    )


def test_a_project_raises_lowers_and_ignores_by_name():
    severities = Severities.read({"tone": "cosmetic", "to*": "ignore", "mood": "breaking"})
    before = behavior(tone=1, topic=1, other=1, mood=1)

    settled = compare(before, behavior(tone=2, topic=2, other=2, mood=2), severities=severities)

    assert [(each.trait, each.severity) for each in settled] == [
        ("mood", BREAKING),
        ("other", NOTABLE),
        ("tone", COSMETIC),
    ]


def test_a_callback_has_the_last_word_and_may_leave_it():
    seen = []

    def classify(change, before, after):
        seen.append((change.trait, change.severity, before.value, after.value))
        return BREAKING if change.trait == "tone" else None

    changes = compare(
        behavior(mood="glad", tone="formal"),
        behavior(mood="sad", tone="casual"),
        severities=Severities.read({"tone": "cosmetic"}),
        classify=classify,
    )

    assert seen == [("mood", NOTABLE, "glad", "sad"), ("tone", COSMETIC, "formal", "casual")]
    assert [(each.trait, each.severity) for each in changes] == [
        ("tone", BREAKING),
        ("mood", NOTABLE),
    ]


def test_a_callback_gets_the_most_frequent_trait_and_no_ignored_change():
    seen = []

    def classify(change, before, after):
        seen.append((before.value, after.value))

    baseline = [behavior(tone=tone) for tone in ("casual", "formal", "formal")]
    compare(baseline, behavior(tone="rude"), classify=classify)
    compare(
        baseline,
        behavior(tone="rude"),
        classify=classify,
        severities=Severities.read({"*": "ignore"}),
    )

    assert seen == [("formal", "rude")]


def test_a_name_raises_no_noise_of_the_baseline_and_may_still_ignore_it():
    noisy = [behavior(mood=mood) for mood in ("calm", "glad", "sad")]
    steady = [behavior(mood="calm")] * 3

    found = [
        compare(samples, behavior(mood="angry"), severities=Severities.read({"mood": word}))
        for samples, word in ((steady, "breaking"), (noisy, "breaking"), (noisy, "ignore"))
    ]
    assert [[each.severity for each in changes] for changes in found] == [
        [BREAKING],
        [COSMETIC],
        [],
    ]
