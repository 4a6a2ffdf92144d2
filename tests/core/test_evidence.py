"""Evidence as values, and what the first samples of a test ask for."""

import json
from dataclasses import replace

import pytest

from pytest_llmregress.core.behavior import Severity
from pytest_llmregress.core.evidence import NumberEvidence, Tally, TestEvidence, TraitEvidence
from pytest_llmregress.core.screening import (
    changed_traits,
    fails_throughout,
    looks_different,
    quarantine_reason,
    quarantined_traits,
    seen_anew,
)

EVIDENCE = TestEvidence(
    test="test_a.py::test_b", baseline=Tally(passed=10, n=10), screen=Tally(passed=1, n=1)
)


def trait(
    baseline: str, screen: str, fresh: str = "", severity: Severity = Severity.BREAKING
) -> TraitEvidence:
    """Return a trait with one letter a sample."""
    return TraitEvidence(
        name="stop",
        severity=severity,
        baseline=tuple(baseline),
        screen=tuple(screen),
        fresh=tuple(fresh),
    )


def test_evidence_comes_back_from_json_as_it_went():
    evidence = TestEvidence(
        test="test_a.py::test_b[ä]",
        slice=("slow", "de"),
        baseline=Tally(passed=9, n=10),
        screen=Tally(passed=0, n=1),
        fresh=Tally(passed=1, n=5),
        sessions=(Tally(passed=5, n=5), Tally(passed=4, n=5)),
        traits=(trait("aab", "c", "ccccc"),),
        numbers=(NumberEvidence(name="latency", baseline=(1.5, 2.0), candidate=(3.25,)),),
        broken=("called forbidden tool pay",),
        not_comparable="system prompt, line 3",
        quarantine="flaky until 2026-03-01",
        cached="10 byte-identical answers at temperature > 0: cache?",
    )

    text = json.dumps(evidence.to_json())

    assert TestEvidence.from_json(json.loads(text)) == evidence
    assert TestEvidence.from_json(json.loads(json.dumps(EVIDENCE.to_json()))) == EVIDENCE


def test_a_tally_is_told_as_a_fraction():
    tally = Tally(passed=9, n=10)

    assert (str(tally), tally.rate, tally.failed) == ("9/10", 0.9, 1)
    assert Tally(passed=0, n=0).rate == 0.0


def test_the_fresh_samples_stand_for_the_candidate():
    fresh = replace(EVIDENCE, fresh=Tally(passed=2, n=5))
    none_yet = replace(EVIDENCE, fresh=Tally(passed=0, n=0))

    assert fresh.candidate == Tally(passed=2, n=5)
    assert none_yet.candidate == EVIDENCE.screen
    assert not none_yet.is_confirmed


def test_a_failed_sample_asks_for_a_confirmation():
    evidence = replace(EVIDENCE, screen=Tally(passed=0, n=1))

    assert looks_different(EVIDENCE) == ()
    assert looks_different(evidence) == ("pass/fail: 0/1 of the candidate, 10/10 of the baseline",)


@pytest.mark.parametrize(
    ("traits", "reasons"),
    [
        (trait("aaaaaaaaaa", "a"), ()),
        (
            trait("aaaaaaaaab", "c"),
            ("stop: new in 1/1 of the candidate, in 0/10 of the baseline",),
        ),
        (trait("aaaaaaaaab", "b"), ()),
        (trait("aaaaaaaabc", "d"), ()),
        (trait("aaaaaaaaaa", "c", severity=Severity.NOTABLE), ()),
        (trait("", "c"), ()),
    ],
    ids=["the same", "a new value", "a seen value", "quarantined", "notable", "no baseline"],
)
def test_only_a_new_value_of_a_steady_breaking_trait_asks_for_a_confirmation(traits, reasons):
    assert looks_different(replace(EVIDENCE, traits=(traits,))) == reasons


@pytest.mark.parametrize(
    "fields",
    [
        {"broken": ("forbidden tool",)},
        {"not_comparable": "the prompt changed"},
        {"quarantine": "known to be flaky"},
        {"baseline": Tally(passed=5, n=10)},
        {"baseline": Tally(passed=4, n=4)},
    ],
)
def test_what_cannot_gate_asks_for_no_confirmation(fields):
    evidence = replace(EVIDENCE, screen=Tally(passed=0, n=1))

    assert looks_different(evidence)
    assert looks_different(replace(evidence, **fields)) == ()


@pytest.mark.parametrize(
    ("passed", "n", "reason"),
    [
        (6, 10, ""),
        (5, 5, ""),
        (5, 10, "its own baseline is 5/10, below 60 %"),
        (4, 4, "its baseline has 4 of the 5 samples that it takes to gate"),
    ],
)
def test_a_short_or_noisy_baseline_is_quarantined(passed, n, reason):
    assert quarantine_reason(replace(EVIDENCE, baseline=Tally(passed=passed, n=n))) == reason


def test_a_written_quarantine_comes_first():
    evidence = replace(EVIDENCE, quarantine="until June", baseline=Tally(passed=1, n=2))

    assert quarantine_reason(evidence) == "until June"


def test_a_trait_with_three_values_in_the_baseline_is_quarantined():
    noisy, steady = trait("aaaaaaaabc", "a"), replace(trait("aaaaaaaaab", "a"), name="tools.set")

    assert quarantined_traits(replace(EVIDENCE, traits=(noisy, steady))) == ("stop",)


@pytest.mark.parametrize(
    ("traits", "changed"),
    [
        (trait("aaaaaaaaab", "c", "ccccc"), True),
        (trait("aaaaaaaaab", "c", "cdcdc"), True),
        (trait("aaaaaaaaab", "c", "ccccb"), False),
        (trait("aaaaaaaaab", "c", "cccc"), False),
        (trait("aaaa", "c", "ccccc"), False),
        (trait("aaaaaaaabd", "c", "ccccc"), False),
    ],
    ids=["all new", "new in two ways", "one seen", "four samples", "four before", "quarantined"],
)
def test_a_trait_is_changed_where_five_fresh_samples_are_all_new(traits, changed):
    evidence = replace(EVIDENCE, fresh=Tally(passed=5, n=5), traits=(traits,))

    assert changed_traits(evidence, Severity.BREAKING) == (("stop",) if changed else ())
    assert changed_traits(evidence, Severity.NOTABLE) == ()


def test_five_first_samples_confirm_as_well_as_fresh_ones():
    five = replace(EVIDENCE, screen=Tally(passed=5, n=5), traits=(trait("aaaaa", "ccccc"),))
    one = replace(EVIDENCE, traits=(trait("aaaaa", "c"),))

    assert changed_traits(five, Severity.BREAKING) == ("stop",)
    assert changed_traits(one, Severity.BREAKING) == ()
    assert seen_anew(one) == ("stop new in 1/1 of the candidate, in 0/5 of the baseline",)


def test_a_new_value_that_most_fresh_samples_do_not_repeat_is_told_with_its_count():
    evidence = replace(
        EVIDENCE, fresh=Tally(passed=5, n=5), traits=(trait("aaaaaaaaaa", "c", "aacaa"),)
    )

    assert seen_anew(evidence) == ("stop new in 2/6 of the candidate, in 0/10 of the baseline",)


@pytest.mark.parametrize(
    ("before", "after", "throughout"),
    [
        ((10, 10), (0, 5), True),
        ((5, 5), (0, 5), True),
        ((19, 20), (0, 5), True),
        ((18, 19), (0, 5), False),
        ((9, 10), (0, 5), False),
        ((10, 10), (1, 5), False),
        ((10, 10), (0, 4), False),
        ((4, 4), (0, 5), False),
    ],
)
def test_a_test_fails_throughout_where_it_never_did(before, after, throughout):
    evidence = replace(
        EVIDENCE,
        baseline=Tally(passed=before[0], n=before[1]),
        fresh=Tally(passed=after[0], n=after[1]),
    )

    assert fails_throughout(evidence) is throughout
