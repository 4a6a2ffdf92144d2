"""Tests of a baseline of several samples: what it shows of itself is no change."""

import pytest

from pytest_llmregress.comparison.baseline_variance import measure_variance
from pytest_llmregress.comparison.compare_behavior import compare
from pytest_llmregress.values.behavior import Behavior, Severity, Trait, TraitKind

BREAKING, NOTABLE, COSMETIC = Severity.BREAKING, Severity.NOTABLE, Severity.COSMETIC
CATEGORY, SET, NUMBER, TEXT = TraitKind
TRAITS = {
    "outcome": (CATEGORY, BREAKING),
    "refusal": (CATEGORY, BREAKING),
    "deflection": (SET, BREAKING),
    "tools.set": (SET, BREAKING),
    "tools.order": (CATEGORY, NOTABLE),
    "tools.arguments": (CATEGORY, NOTABLE),
    "text.json": (CATEGORY, BREAKING),
    "text.language": (CATEGORY, BREAKING),
    "text.numbers": (SET, NOTABLE),
    "text.dates": (SET, NOTABLE),
    "text.urls": (SET, NOTABLE),
    "text": (TEXT, COSMETIC),
    "usage.output_tokens": (NUMBER, NOTABLE),
}


def one(name, value):
    kind, severity = TRAITS[name]
    return Behavior(traits=(Trait(name=name, value=value, kind=kind, severity=severity),))


def only(changes):
    (change,) = changes
    return change


def samples(name, *values):
    return [one(name, value) for value in values]


@pytest.mark.parametrize(
    ("name", "baseline", "after"),
    [
        ("outcome", ["answered", "refused"], "refused"),
        ("refusal", ["none", "soft", "none"], "soft"),
        ("text.json", ["pure", "fenced"], "fenced"),
        ("tools.set", [["a"], ["a", "b"]], ["a", "b"]),
        ("tools.set", [["a", "c"], ["a", "b"]], ["a", "b", "c"]),
        ("deflection", [[], ["upsell"], ["hand-off"]], ["hand-off", "upsell"]),
        ("text.language", ["und", "en"], "und"),
        ("text", ["Yes.", "Yes, please."], "Yes, please."),
        ("usage.output_tokens", [100, 900], 500),
        ("usage.output_tokens", [100, 900], 1_700),
        ("usage.output_tokens", [100, 900], 51),
        ("text.numbers", [["14", "30"], ["14", "7"], ["14"]], ["14", "99"]),
        ("tools.arguments", [[], [{"name": "a", "arguments": {"x": 1}}]], []),
    ],
)
def test_what_the_baseline_itself_shows_is_no_change(name, baseline, after):
    assert compare(samples(name, *baseline), one(name, after)) == ()


@pytest.mark.parametrize(
    ("name", "baseline", "after", "severity", "words"),
    [
        (
            "outcome",
            ["tool_use", "answered", "answered"],
            "refused",
            BREAKING,
            ("answered", "baseline: answered x2, tool_use x1"),
        ),
        ("outcome", ["answered"] * 3, "refused", BREAKING, ("answered", "")),
        ("text.language", ["und", "und", "de"], "en", BREAKING, ("de", "baseline: und x2, de x1")),
        ("tools.set", [["a"], ["a", "b"]], ["b"], NOTABLE, ("a, b", "lost a")),
        ("tools.set", [["a"], ["a", "b"]], ["a", "c"], BREAKING, ("a", "gained c")),
        ("deflection", [["upsell"], []], ["hand-off"], BREAKING, ("none", "gained hand-off")),
        ("usage.output_tokens", [100, 200], 400, NOTABLE, ("100 to 200", "2.0x")),
        ("usage.output_tokens", [100, 200], 50, NOTABLE, ("100 to 200", "0.5x")),
        ("usage.output_tokens", [100, 100], 200, NOTABLE, ("100", "2.0x")),
        ("usage.output_tokens", [100, "many"], 101, NOTABLE, ("100", "+1")),
        ("text", ["a b", "a c"], "a d", COSMETIC, ("a b", "1 of 2 words differ")),
    ],
)
def test_a_baseline_of_several_samples_is_held_against_itself_first(
    name, baseline, after, severity, words
):
    change = only(compare(samples(name, *baseline), one(name, after)))

    assert (change.trait, change.severity) == (name, severity)
    assert (change.before, change.detail) == words


@pytest.mark.parametrize(
    ("name", "baseline", "after"),
    [
        ("outcome", ["answered", "tool_use", "truncated"], "refused"),
        ("tools.set", [["a"], ["a", "b"], []], ["c"]),
        ("tools.order", [["a", "b"], ["b", "a"], ["a", "b", "b"], ["a", "b"]], ["b", "b", "a"]),
    ],
)
def test_a_trait_with_three_values_in_the_baseline_is_quarantined(name, baseline, after):
    change = only(compare(samples(name, *baseline), one(name, after)))

    assert change.severity is COSMETIC
    assert change.detail == "the baseline itself shows 3 values"


def test_two_values_in_the_baseline_are_not_enough_for_a_quarantine():
    baseline = samples("outcome", "answered", "tool_use", "answered", "answered")

    assert only(compare(baseline, one("outcome", "refused"))).severity is BREAKING


def test_three_token_counts_are_no_quarantine_but_a_range():
    baseline = samples("usage.output_tokens", 100, 120, 140)

    assert only(compare(baseline, one("usage.output_tokens", 300))).severity is NOTABLE


@pytest.mark.parametrize("name", ["text.numbers", "text.dates", "text.urls"])
def test_the_loss_of_a_fact_is_notable_once_three_samples_state_it(name):
    after = one(name, ["x", "new"])
    states = [["a", "b", "x"], ["a", "x"], ["a", "c", "x"]]

    (two,), (three,) = (compare(samples(name, *states[:n]), after) for n in (2, 3))

    assert (two.severity, three.severity) == (COSMETIC, NOTABLE)
    assert (three.before, three.after, three.detail) == ("a, x", "x", "lost a")


def test_no_sample_at_all_has_nothing_to_change():
    assert compare([], one("outcome", "refused")) == ()


def test_a_sample_that_lacks_a_trait_has_no_say_in_it():
    baseline = [Behavior(), one("outcome", "answered")]

    assert only(compare(baseline, one("outcome", "refused"))).before == "answered"


# --- what is measured ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values", "expected", "agreement", "quarantined"),
    [
        ("outcome", ["answered"], [("answered", 1)], None, False),
        ("outcome", ["answered"] * 4, [("answered", 4)], 1.0, False),
        (
            "outcome",
            ["tool_use", "answered", "answered", "answered"],
            [("answered", 3), ("tool_use", 1)],
            0.5,
            False,
        ),
        ("outcome", ["a", "b"], [("a", 1), ("b", 1)], 0.0, False),
        ("outcome", ["a", "b", "c"], [("a", 1), ("b", 1), ("c", 1)], 0.0, True),
        ("tools.set", [["a", "b"], ["b", "a"]], [(["a", "b"], 2)], 1.0, False),
        ("usage.output_tokens", [100, 110, 400], [(100, 1), (110, 1), (400, 1)], 1 / 3, False),
        ("text", ["x", "y", "z"], [("x", 1), ("y", 1), ("z", 1)], 0.0, False),
        ("text.numbers", [["1"], ["2"], ["3"]], [(["1"], 1), (["2"], 1), (["3"], 1)], 0.0, False),
    ],
)
def test_the_noise_of_a_trait_is_its_values_and_how_far_they_agree(
    name, values, expected, agreement, quarantined
):
    (noise,) = measure_variance(samples(name, *values))

    assert noise.name == name
    assert noise.values == tuple(expected)
    assert (noise.distinct, noise.samples) == (len(expected), len(values))
    assert noise.agreement == (None if agreement is None else pytest.approx(agreement))
    assert noise.quarantined is quarantined


def test_the_noise_names_each_trait_once_and_counts_the_samples_that_have_it():
    both = Behavior(traits=(*one("outcome", "answered").traits, *one("text", "Hi.").traits))

    found = measure_variance([both, one("outcome", "refused")])

    assert [(noise.name, noise.samples) for noise in found] == [("outcome", 2), ("text", 1)]
