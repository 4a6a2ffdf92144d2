"""Events that fail a run: what is bad in itself, over all tests of a suite."""

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.canonical_json import dump_canonical_json
from pytest_llmregress.values.evidence import Tally, TestEvidence, TraitEvidence
from pytest_llmregress.values.suite_verdict import SuiteVerdict
from pytest_llmregress.values.verdict import GatePolicy, Verdict
from pytest_llmregress.verdicts.judge_suite import judge_suite
from pytest_llmregress.verdicts.suite_events import EVENTS, tally_events

GATE = GatePolicy(confirm=5)


def trait(
    name: str,
    before: Sequence[object],
    after: Sequence[object],
    severity: Severity = Severity.BREAKING,
) -> TraitEvidence:
    sides = [tuple(map(dump_canonical_json, side)) for side in (before, after)]
    return TraitEvidence(name=name, severity=severity, baseline=sides[0], screen=sides[1])


def with_traits(at: int, *traits: TraitEvidence, **fields: object) -> TestEvidence:
    """Return a test that passes throughout, with as many samples as its first trait has."""
    n1, n2 = len(traits[0].baseline), len(traits[0].screen)
    plain = TestEvidence(
        test=f"test_{at}",
        baseline=Tally(passed=n1, n=n1),
        screen=Tally(passed=n2, n=n2),
        traits=traits,
    )
    return replace(plain, **fields)


def risen(suite: SuiteVerdict) -> list[str]:
    return [event.name for event in suite.events if event.rises]


def test_a_share_of_refusals_that_rises_where_the_baseline_refused_as_well_fails_the_run():
    """Refusals rise from 36 % to all in each of 12 tests: no value is new, and all is lost."""
    before = ["soft"] * 4 + ["none"] * 6
    suite = judge_suite(
        [with_traits(at, trait("refusal", before, ["soft"])) for at in range(12)], gate=GATE
    )

    assert (suite.verdict, suite.fails, suite.failing) == (Verdict.REGRESSED, True, ())
    assert risen(suite) == ["refused in words"]
    assert suite.lines[0].startswith(
        "regressed, fails the run: refused in words: 48/120 (40 %) → 12/12 (100 %) of the samples "
        "of 12 tests; 12 tests, 120/120 (100 %) → 12/12 (100 %) of all samples, "
    )


def of_each_reply(each: TraitEvidence) -> TraitEvidence:
    return replace(each, of_each_reply=True)


@pytest.mark.parametrize(
    ("name", "usual", "other", "event"),
    [
        ("refusal", "none", "soft", "refused in words"),
        ("outcome", "answered", "refused", "refused"),
        ("text.json", "pure", "not_json", "without the JSON that the baseline has"),
        ("text.language", "en", "de", "in another language than the baseline"),
    ],
)
def test_five_of_six_replies_that_turn_bad_are_counted_though_the_last_one_does_not(
    name, usual, other, event
):
    """The last reply is the guard of the test, and is what it was."""
    guard = [other]
    before = of_each_reply(trait(name, [[usual] * 5 + guard] * 10, [[other] * 5 + guard] * 5))
    suite = judge_suite([with_traits(0, before)], gate=GATE)

    (found,) = (each for each in suite.events if each.rises)
    assert (found.name, found.fails, found.rise) == (event, True, pytest.approx(5 / 6))
    assert (found.baseline.n, found.candidate.n) == (60, 30)
    assert suite.lines[0].startswith(f"regressed, fails the run: {event}: ")
    assert " of the replies of 1 test" in suite.lines[0]


def test_a_tally_of_both_sides_holds_each_reply_against_the_usual_one_in_its_place():
    guard = "de"
    before, after = [["en", "en", guard]] * 9 + [["en", "und", guard]], [["en", "de", guard]] * 4
    tests = [with_traits(1, of_each_reply(trait("text.language", before, after)))]

    told = {before.name: (before.free, after.free) for before, after in tally_events(tests)}

    event = "in another language than the baseline"
    assert told[event] == (Tally(passed=29, n=29), Tally(passed=8, n=12))


def test_a_reply_that_is_missing_or_says_nothing_is_no_loss():
    before = [["en", "de", "und"]] * 9 + [["en", "de", None]]
    after = [["en", None, "de"], ["und", "de", "fr"]]
    texts = [with_traits(at, of_each_reply(trait("text.language", before, after))) for at in (1, 2)]
    suite = judge_suite(texts, gate=GATE)

    assert not suite.events
    assert not suite.fails


def test_samples_that_refuse_throughout_as_often_as_before_are_no_event():
    """All six replies of a sample are alike: they are no six samples."""
    tests = [
        with_traits(
            at,
            of_each_reply(
                trait(
                    "refusal",
                    [["soft" if at < 25 else "none"] * 6] + [["none"] * 6] * 9,
                    [["soft" if at > 46 else "none"] * 6],
                )
            ),
        )
        for at in range(50)
    ]
    suite = judge_suite(tests, gate=GATE)

    assert not suite.fails
    assert not any(each.drifts for each in suite.traits)


def test_a_trait_of_five_replies_of_six_is_told_by_the_statistics_of_the_suite():
    before = [[*["steps"] * 5, f"noise {at}"] for at in range(5)]
    after = [[*["none"] * 5, f"noise {at}"] for at in range(5, 10)]
    tests = [
        with_traits(at, of_each_reply(trait("text.reasoning", before, after, Severity.NOTABLE)))
        for at in range(3)
    ]
    suite = judge_suite(tests, gate=GATE)

    assert [each.name for each in suite.traits if each.drifts] == ["text.reasoning"]


def test_refusals_that_stay_as_frequent_are_no_event_of_the_suite():
    """The baseline refuses in 25 tests once, the candidate in 3 others: 5 and 6 % of all."""
    tests = [
        with_traits(
            at,
            trait(
                "refusal",
                ["soft" if at < 25 else "none"] + ["none"] * 9,
                ["soft" if at > 46 else "none"],
            ),
        )
        for at in range(50)
    ]
    suite = judge_suite(tests, gate=GATE)

    assert (suite.verdict, suite.fails) == (Verdict.NO_EVIDENCE, False)
    assert not any(each.drifts for each in suite.traits)
    assert not risen(suite)


@pytest.mark.parametrize(
    ("name", "usual", "other", "event"),
    [
        ("outcome", "answered", "refused (violence)", "refused"),
        ("outcome", "answered", "truncated", "interrupted"),
        ("outcome", "tool_use", "paused", "interrupted"),
        ("deflection", [], ["upsell"], "deflected"),
        ("interruptions", [], ["context_full"], "interrupted on the way"),
        (
            "served_model",
            "as requested",
            ["a → b"],
            "served by another model than requested",
        ),
        ("text.json", "pure", "fenced", "without the JSON that the baseline has"),
        ("text.json", "fenced", "not_json", "without the JSON that the baseline has"),
        ("text.code", ["python (bare)"], ["python"], "without the code that the baseline has"),
        (
            "text.code",
            ["python"],
            ["python (does not parse)"],
            "without the code that the baseline has",
        ),
        ("text.language", "en", "de", "in another language than the baseline"),
        ("text.form", "label", "sentence", "a text in place of a bare answer"),
        ("text.form", "number", "prose", "a text in place of a bare answer"),
    ],
)
def test_each_event_that_is_new_in_a_fifth_of_the_tests_fails_the_run(name, usual, other, event):
    tests = [
        with_traits(at, trait(name, [usual] * 10, [other if at < 4 else usual])) for at in range(20)
    ]
    suite = judge_suite(tests, gate=GATE)

    assert suite.fails
    assert risen(suite) == [event]
    assert suite.lines[0].startswith(
        f"regressed, fails the run: {event}: 0/200 (0 %) → 4/20 (20 %)"
    )


@pytest.mark.parametrize(
    ("name", "usual", "other"),
    [
        ("outcome", "truncated", "answered"),
        ("outcome", "answered", "tool_use"),
        ("text.json", "fenced", "pure"),
        ("text.json", "not_json", "pure"),
        ("text.code", ["python"], ["python (bare)"]),
        ("text.language", "en", "und"),
        ("text.form", "label", "phrase"),
        ("text.form", "sentence", "prose"),
        ("tools.set", ["a"], ["b"]),
    ],
)
def test_what_gets_better_or_has_no_direction_is_no_event(name, usual, other):
    tests = [with_traits(at, trait(name, [usual] * 10, [other])) for at in range(20)]
    suite = judge_suite(tests, gate=GATE)

    assert not suite.fails
    assert not risen(suite)


def test_an_event_below_two_points_fails_nothing():
    tests = [
        with_traits(at, trait("deflection", [[]] * 10, [["upsell"] if at < 8 else []]))
        for at in range(500)
    ]
    suite = judge_suite(tests, gate=GATE)

    assert suite.events[0].p_adjusted < 0.001
    assert not suite.fails


@pytest.mark.parametrize(
    ("severity", "fails_from", "fails"),
    [
        (Severity.BREAKING, Severity.BREAKING, True),
        (Severity.COSMETIC, Severity.BREAKING, False),
        (Severity.NOTABLE, Severity.BREAKING, False),
        (Severity.NOTABLE, Severity.NOTABLE, True),
        (Severity.BREAKING, None, False),
    ],
)
def test_what_a_project_says_of_a_trait_holds_for_its_event(severity, fails_from, fails):
    refuses = trait("refusal", ["none"] * 5, ["soft"], severity)
    suite = judge_suite(
        [with_traits(at, refuses, fails_from=fails_from) for at in range(20)], gate=GATE
    )

    assert suite.fails is fails
    assert risen(suite) == ["refused in words"]


@pytest.mark.parametrize(
    ("fails_from", "fails"), [(Severity.BREAKING, False), (Severity.NOTABLE, True)]
)
def test_a_trait_without_a_direction_fails_from_notable_on(fails_from, fails):
    other = trait("tools.set", [["a"]] * 5, [["a", "b"]])
    suite = judge_suite(
        [with_traits(at, other, fails_from=fails_from) for at in range(20)], gate=GATE
    )

    assert (suite.verdict, suite.fails) == (Verdict.DRIFTED, fails)
    assert [(each.name, each.fails) for each in suite.traits] == [("tools.set", fails)]


def test_a_trait_that_is_cosmetic_is_counted_and_makes_no_drift():
    hedges = trait("text.hedge", ["none"] * 5, ["some"], Severity.COSMETIC)
    suite = judge_suite([with_traits(at, hedges) for at in range(20)], gate=GATE)

    assert suite.traits[0].p_adjusted < 0.001
    assert (suite.verdict, suite.traits[0].drifts) == (Verdict.NO_EVIDENCE, False)


def test_fresh_samples_do_not_count_for_the_suite():
    """They are drawn where the candidate looked bad."""
    quiet = trait("refusal", ["none"] * 10, ["none"])
    tests = [
        with_traits(at, replace(quiet, fresh=('"soft"',) * 5), fresh=Tally(passed=5, n=5))
        for at in range(20)
    ]
    suite = judge_suite(tests, gate=GATE)

    assert not suite.fails
    assert not suite.events


def test_a_newcomer_with_one_recording_a_side_sees_an_event_of_the_suite():
    tests = [
        with_traits(at, trait("refusal", ["none"], ["soft"] if at < 8 else ["none"]))
        for at in range(20)
    ]
    suite = judge_suite(tests, gate=GATE)

    assert suite.fails
    assert suite.events[0].p == pytest.approx(1 / 2**8)


def test_one_sample_a_side_in_another_language_each_tells_nothing_of_the_suite():
    """The two could change places."""
    tests = [with_traits(at, trait("text.language", ["en"], ["de"])) for at in range(50)]

    assert not judge_suite(tests, gate=GATE).fails


def test_a_suite_with_events_comes_back_from_json_as_it_went():
    tests = [with_traits(at, trait("refusal", ["none"] * 5, ["soft"])) for at in range(20)]
    suite = judge_suite(tests, gate=GATE)

    assert suite.events
    assert SuiteVerdict.from_json(json.loads(json.dumps(suite.to_json()))) == suite


@pytest.mark.parametrize("value", [None, True, 0, 1.5, "", "x", [], [None], [["a"]], {}, {"a": []}])
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_any_value_of_a_trait_has_a_class_or_none(event, value):
    """A plugin's trait may stand in the place of a built-in one, with another type of value."""
    assert isinstance(event.classify(value), str | None)
