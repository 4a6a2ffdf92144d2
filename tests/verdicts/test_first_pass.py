"""Evidence as values, and what the first samples of a test ask for."""

import json
from dataclasses import replace

import pytest

from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.evidence import (
    OUTCOME,
    ChangeEvidence,
    NumberEvidence,
    Tally,
    TestEvidence,
    TraitEvidence,
)
from pytest_llmregress.verdicts.first_pass import (
    confirmed_changes,
    count_after_baseline,
    failing_changes,
    fails_throughout,
    find_new_values,
    looks_different,
    quarantine_reason,
    quarantined_traits,
)

EVIDENCE = TestEvidence(
    test="test_a.py::test_b", baseline=Tally(passed=10, n=10), screen=Tally(passed=1, n=1)
)


LETTERS = {"B": Severity.BREAKING, "N": Severity.NOTABLE, "C": Severity.COSMETIC, ".": None}


def change(screen: str, fresh: str = "", name: str = "stop") -> ChangeEvidence:
    """Return a change with one letter a sample: how bad it is there, "." where it is not seen."""
    return ChangeEvidence(
        name=name,
        screen=tuple(LETTERS[each] for each in screen),
        fresh=tuple(LETTERS[each] for each in fresh),
    )


def trait(baseline: str, screen: str, fresh: str = "") -> TraitEvidence:
    """Return a trait with one letter a sample."""
    return TraitEvidence(
        name="stop",
        severity=Severity.BREAKING,
        baseline=tuple(baseline),
        screen=tuple(screen),
        fresh=tuple(fresh),
    )


def of(samples: int, *changes: ChangeEvidence, **fields: object) -> TestEvidence:
    """Return evidence of a baseline of that many samples, all of them passing."""
    fresh = max((len(each.fresh) for each in changes), default=0)
    return replace(
        EVIDENCE,
        baseline=Tally(passed=samples, n=samples),
        screen=Tally(passed=len(changes[0].screen), n=len(changes[0].screen)),
        fresh=Tally(passed=fresh, n=fresh) if fresh else None,
        changes=changes,
        **fields,
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
        changes=(change("B", "BNC.B"),),
        fails_from=Severity.NOTABLE,
        numbers=(NumberEvidence(name="latency", baseline=(1.5, 2.0), candidate=(3.25,)),),
        broken=("called forbidden tool pay",),
        not_comparable="system prompt, line 3",
        quarantine="flaky until 2026-03-01",
        cached="10 byte-identical answers at temperature > 0: cache?",
    )

    text = json.dumps(evidence.to_json())

    assert TestEvidence.from_json(json.loads(text)) == evidence
    assert TestEvidence.from_json(json.loads(json.dumps(EVIDENCE.to_json()))) == EVIDENCE


def test_evidence_is_written_as_plain_json_which_xdist_can_send():
    evidence = replace(of(5, change("B.", "NC")), fails_from=Severity.NOTABLE)

    written = evidence.to_json()

    words = [*written["changes"][0]["screen"], *written["changes"][0]["fresh"]]
    assert words == ["breaking", None, "notable", "cosmetic"]
    assert {type(word) for word in (*words, written["fails_from"])} == {str, type(None)}


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
    ("seen", "fails_from", "asks"),
    [
        (".", Severity.BREAKING, False),
        ("B", Severity.BREAKING, True),
        ("N", Severity.BREAKING, False),
        ("N", Severity.NOTABLE, True),
        ("C", Severity.NOTABLE, False),
        ("C", Severity.COSMETIC, True),
        ("B", None, True),
        ("N", None, False),
    ],
)
def test_a_change_asks_for_a_confirmation_where_it_may_fail_the_test(seen, fails_from, asks):
    reasons = looks_different(of(10, change(seen), fails_from=fails_from))

    told = ("stop: new in 1/1 of the candidate, in 0/10 of the baseline",)
    assert reasons == (told if asks else ())


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
        (4, 4, "its baseline has 4 of the 5 samples that show its noise"),
    ],
)
def test_a_short_or_noisy_baseline_is_quarantined(passed, n, reason):
    assert quarantine_reason(replace(EVIDENCE, baseline=Tally(passed=passed, n=n))) == reason


def test_a_written_quarantine_comes_first():
    evidence = replace(EVIDENCE, quarantine="until June", baseline=Tally(passed=1, n=2))

    assert quarantine_reason(evidence) == "until June"


def test_a_trait_of_which_the_baseline_lets_one_expect_another_value_is_quarantined():
    noisy, steady = trait("aaaaaaabcd", "a"), replace(trait("aaaabbbccc", "a"), name="tools.set")

    assert quarantined_traits(replace(EVIDENCE, traits=(noisy, steady))) == ("stop",)


@pytest.mark.parametrize(
    ("samples", "seen", "confirmed"),
    [
        (10, ("B", "BBBBB"), True),
        (10, (".", "BBBBB"), True),
        (10, ("B", "BBBB."), False),
        (10, ("B", "BBBBN"), False),
        (10, ("B", "BBBB"), False),
        (10, ("BBBBB", ""), True),
        (10, ("B", ""), False),
        (5, ("B", "BBBBB"), False),
        (5, ("B", 9 * "B"), False),
        (5, ("B", 10 * "B"), True),
        (4, ("B", "BBBBB"), False),
    ],
)
def test_a_change_is_confirmed_where_all_of_enough_confirming_samples_show_it(
    samples, seen, confirmed
):
    evidence = of(samples, change(*seen))

    assert confirmed_changes(evidence, Severity.BREAKING) == (("stop",) if confirmed else ())


def test_the_shorter_the_baseline_the_more_samples_confirm():
    """Ten after five are as rare by chance as five after ten."""
    numbers = {n: count_after_baseline(n) for n in (5, 6, 7, 8, 9, 10, 30)}

    assert numbers == {5: 10, 6: 8, 7: 7, 8: 6, 9: 6, 10: 5, 30: 5}


def test_the_worst_confirmed_change_is_named_first():
    evidence = of(10, change("N", "NNNNB", "calls"), change("B", "BBBBB"))

    assert confirmed_changes(evidence, Severity.NOTABLE) == ("stop", "calls")
    assert confirmed_changes(evidence, Severity.BREAKING) == ("stop",)


@pytest.mark.parametrize("samples", [1, 2, 4, 5, 10, 100])
@pytest.mark.parametrize(
    ("seen", "fails_from", "fails"),
    [
        ("B", Severity.BREAKING, True),
        ("N", Severity.BREAKING, False),
        ("N", Severity.NOTABLE, True),
        ("C", Severity.NOTABLE, False),
        ("C", Severity.COSMETIC, True),
        ("B", None, False),
        (".", Severity.COSMETIC, False),
    ],
)
def test_what_shows_throughout_fails_whatever_the_number_of_samples(
    samples, seen, fails_from, fails
):
    fresh = count_after_baseline(samples) * seen if samples >= 5 else ""
    evidence = of(samples, change(seen, fresh), fails_from=fails_from)

    assert failing_changes(evidence) == (("stop",) if fails else ())


def test_what_one_of_the_fresh_samples_does_not_show_fails_only_without_noise_to_hold_it_to():
    assert failing_changes(of(10, change("B", "BBBB."))) == ()
    assert failing_changes(of(4, change("B....", ""))) == ("stop",)


@pytest.mark.parametrize("samples", [1, 10])
def test_what_somebody_quarantined_fails_by_no_change(samples):
    assert failing_changes(of(samples, change("B", "BBBBB"), quarantine="until June")) == ()


def test_the_outcome_is_a_change_where_the_baseline_shows_no_noise_and_a_tally_elsewhere():
    outcome = change("B", name=OUTCOME)

    assert failing_changes(of(1, outcome)) == ("pass/fail",)
    assert failing_changes(of(10, change("BBBBB", name=OUTCOME))) == ()
    assert looks_different(of(10, outcome)) == ()


@pytest.mark.parametrize(
    ("seen", "fails_from", "told"),
    [
        (("N", "N...."), Severity.BREAKING, "2/6"),
        (("N", "NNNNN"), Severity.BREAKING, None),
        (("B", "BBBBN"), Severity.BREAKING, None),
        (("C", ""), Severity.BREAKING, None),
        (("C", ""), Severity.COSMETIC, "1/1"),
    ],
)
def test_what_is_neither_confirmed_nor_failing_is_told_with_its_count(seen, fails_from, told):
    lines = find_new_values(of(10, change(*seen), fails_from=fails_from))

    said = f"stop new in {told} of the candidate, in 0/10 of the baseline"
    assert lines == ((said,) if told else ())


@pytest.mark.parametrize(
    ("before", "after", "throughout"),
    [
        ((10, 10), (0, 5), True),
        ((5, 5), (0, 10), True),
        ((5, 5), (0, 5), False),
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
