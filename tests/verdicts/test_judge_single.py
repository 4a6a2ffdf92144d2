"""The verdict on one test."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.evidence import ChangeEvidence, Tally, TestEvidence, TraitEvidence
from pytest_llmregress.values.verdict import GatePolicy, TestVerdict, Verdict
from pytest_llmregress.verdicts.judge_single import AdjustedPValues, judge_in_family, judge_test


def evidence(
    before: tuple[int, int],
    screen: tuple[int, int],
    fresh: tuple[int, int] | None = None,
    **fields: object,
) -> TestEvidence:
    plain = TestEvidence(
        test="test_a.py::test_b",
        baseline=Tally(passed=before[0], n=before[1]),
        screen=Tally(passed=screen[0], n=screen[1]),
        fresh=None if fresh is None else Tally(passed=fresh[0], n=fresh[1]),
    )
    return replace(plain, **fields)


def judge(*args: object, gate: GatePolicy | None = None, **fields: object) -> TestVerdict:
    return judge_test(evidence(*args, **fields), settings=gate or GatePolicy())


def stop(screen: int, fresh: int, severity: Severity) -> tuple[ChangeEvidence, ...]:
    """Return a change that so many first and fresh samples of the candidate show, all of them."""
    return (ChangeEvidence(name="stop", screen=(severity,) * screen, fresh=(severity,) * fresh),)


@pytest.mark.parametrize(
    ("before", "after", "interval", "numbers"),
    # One-sided, two-sided.
    [
        ((18, 25), (19, 25), (-0.1978, 0.2723), (0.5, 1.0)),
        ((5, 10), (8, 10), (-0.1071, 0.5995), (0.1749, 0.3498)),
        ((4, 5), (4, 5), (-0.455, 0.455), (0.7778, 1.0)),
    ],
)
def test_small_samples_get_their_numbers_and_no_claim(before, after, interval, numbers):
    verdict = judge(before, after)

    assert verdict.verdict is Verdict.NO_EVIDENCE
    assert not verdict.fails
    assert verdict.interval == pytest.approx(interval, abs=5e-4)
    assert (verdict.p, verdict.p_two_sided) == pytest.approx(numbers, abs=5e-4)
    assert verdict.p_adjusted is None


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (
            (18, 25),
            (19, 25),
            "18/25 (72 %) → 19/25 (76 %), +4.0 points, compatible with -19.8 to +27.2",
        ),
        (
            (5, 10),
            (8, 10),
            "5/10 (50 %) → 8/10 (80 %), +30.0 points, compatible with -10.7 to +60.0",
        ),
        (
            (4, 5),
            (4, 5),
            "4/5 (80 %) → 4/5 (80 %), +0.0 points, compatible with -45.5 to +45.5",
        ),
    ],
)
def test_small_samples_get_their_words(before, after, words):
    verdict = judge(before, after)

    assert verdict.text.startswith(f"no evidence of a change\n{words} (95 % interval)\n")


def test_a_result_without_evidence_says_how_it_was_tested_and_names_no_number_for_a_run():
    """How many samples would do depends on the other tests of the run, and on what is confirmed."""
    verdict = judge((18, 25), (19, 25))

    (tested,) = verdict.text.splitlines()[2:]

    assert tested == (
        "Fisher's exact test: p = 0.50 one-sided (better), 1.00 two-sided, not adjusted for any "
        "other test"
    )
    assert verdict.needed is None


def test_samples_that_cannot_show_anything_say_so():
    verdict = judge((10, 10), (0, 1))

    assert verdict.verdict is Verdict.NO_EVIDENCE
    assert verdict.smallest_p == pytest.approx(1 / 11)
    assert (
        "these sample sizes cannot show a regression: the smallest p possible is 0.0909, and the "
        "limit is 0.025"
    ) in verdict.text
    assert "unconfirmed: failed in 1/1 of the candidate, in 0/10 of the baseline" in verdict.text


def test_the_samples_that_a_confirmation_would_add_can_show_something():
    verdict = judge((10, 10), (1, 1), gate=GatePolicy(confirm=5))

    assert verdict.smallest_p == pytest.approx(1 / 3003)
    assert "cannot show" not in verdict.text


def test_a_violated_contract_needs_no_p():
    verdict = judge((0, 0), (0, 1), broken=("called pay", "6 calls; at most 5"))

    assert verdict.verdict is Verdict.BROKEN
    assert verdict.fails
    assert verdict.p is None
    assert verdict.text == "broken: called pay; 6 calls; at most 5"


def test_a_violated_contract_fails_a_noisy_test_and_spares_one_that_somebody_quarantined():
    noisy = judge((3, 10), (0, 1), broken=("called pay",))
    spared = judge((10, 10), (0, 1), broken=("called pay",), quarantine="until June")

    assert noisy.fails
    assert (spared.verdict, spared.fails) == (Verdict.BROKEN, False)
    assert "quarantined: until June" in spared.text


def test_a_changed_request_is_not_compared():
    verdict = judge((10, 10), (0, 1), (0, 5), not_comparable="request changed: system prompt")

    assert verdict.verdict is Verdict.NOT_COMPARABLE
    assert not verdict.fails
    assert (verdict.p, verdict.interval) == (None, None)
    assert verdict.text == "not comparable: request changed: system prompt"


@pytest.mark.parametrize(
    ("before", "after"), [((1, 1), (0, 1)), ((10, 10), (0, 0)), ((0, 0), (1, 1))]
)
def test_one_sample_against_one_is_no_baseline(before, after):
    verdict = judge(before, after)

    assert verdict.verdict is Verdict.NO_BASELINE
    assert not verdict.fails
    assert verdict.p is None
    assert f"seen: {before[0]}/{before[1]} → {after[0]}/{after[1]}" in verdict.text


def test_five_fresh_failures_of_a_green_test_are_a_regression_while_the_run_goes_on():
    verdict = judge((10, 10), (0, 1), (0, 5))

    assert verdict.verdict is Verdict.REGRESSED
    assert verdict.fails
    assert verdict.candidate == Tally(passed=0, n=5)
    assert verdict.confirmed == ("pass/fail",)
    assert "10/10 (100 %) → 0/5 (0 %) (fresh samples, the first one not counted)" in verdict.text
    assert "confirmed: pass/fail (all 5 fresh samples are unlike the baseline)" in verdict.text


def test_a_low_p_decides_nothing_before_it_is_adjusted():
    alone = judge((10, 10), (0, 1), (1, 5))
    low = judge_in_family(
        evidence((10, 10), (0, 1), (1, 5)),
        gate=GatePolicy(),
        adjusted=AdjustedPValues(0.02, 1, 4),
        confirming=5,
    )
    high = judge_in_family(
        evidence((10, 10), (0, 1), (1, 5)),
        gate=GatePolicy(),
        adjusted=AdjustedPValues(0.03, 1, 9),
        confirming=5,
    )

    assert alone.p == pytest.approx(11 / 3003)
    assert alone.verdict is Verdict.NO_EVIDENCE
    assert (low.verdict, low.fails) == (Verdict.REGRESSED, True)
    assert (high.verdict, high.fails) == (Verdict.NO_EVIDENCE, False)
    assert "adjusted for the 4 tests that looked different (discrete Holm): 0.02" in low.text


def test_a_gain_is_told_and_fails_nothing():
    verdict = judge_in_family(
        evidence((6, 10), (10, 10)),
        gate=GatePolicy(),
        adjusted=AdjustedPValues(1, 0.01, 3),
        confirming=0,
    )

    assert (verdict.verdict, verdict.fails) == (Verdict.IMPROVED, False)
    assert "adjusted for the 3 tests that were compared (discrete Holm): 0.01" in verdict.text


@pytest.mark.parametrize(
    ("severity", "fails"), [(Severity.BREAKING, True), (Severity.NOTABLE, False)]
)
def test_a_confirmed_trait_drifts_and_fails_where_it_is_breaking(severity, fails):
    verdict = judge((10, 10), (1, 1), (5, 5), changes=stop(1, 5, severity))

    assert (verdict.verdict, verdict.fails) == (Verdict.DRIFTED, fails)
    assert verdict.confirmed == ("stop",)


@pytest.mark.parametrize("fails_from", [Severity.NOTABLE, Severity.COSMETIC])
def test_a_confirmed_change_fails_from_the_severity_on_that_is_to_fail(fails_from):
    verdict = judge(
        (10, 10), (1, 1), (5, 5), changes=stop(1, 5, Severity.NOTABLE), fails_from=fails_from
    )

    assert (verdict.verdict, verdict.fails) == (Verdict.DRIFTED, True)


@pytest.mark.parametrize("samples", [1, 2, 4])
def test_a_difference_from_a_baseline_without_noise_fails_and_is_called_untested(samples):
    verdict = judge((samples, samples), (1, 1), changes=stop(1, 0, Severity.BREAKING))

    assert (verdict.verdict, verdict.fails) == (Verdict.DRIFTED, True)
    assert (verdict.untested, verdict.confirmed, verdict.quarantine) == (("stop",), (), "")
    plural = "s" if samples > 1 else ""
    assert (
        f"observed once, not tested: stop (the baseline has {samples} sample{plural}, and its "
        "noise shows from 5 on)"
    ) in verdict.text


def test_a_difference_below_what_fails_leaves_a_single_baseline_without_a_verdict():
    verdict = judge((1, 1), (1, 1), changes=stop(1, 0, Severity.NOTABLE))

    assert (verdict.verdict, verdict.fails, verdict.untested) == (Verdict.NO_BASELINE, False, ())


def test_a_cosmetic_trait_is_left_alone():
    verdict = judge((10, 10), (1, 1), (5, 5), changes=stop(1, 5, Severity.COSMETIC))

    assert verdict.verdict is Verdict.NO_EVIDENCE
    assert (verdict.confirmed, verdict.unconfirmed) == ((), ())


def test_a_trait_seen_once_stays_unconfirmed():
    verdict = judge((10, 10), (1, 1), changes=stop(1, 0, Severity.BREAKING))

    assert (verdict.verdict, verdict.fails) == (Verdict.NO_EVIDENCE, False)
    assert verdict.unconfirmed == ("stop new in 1/1 of the candidate, in 0/10 of the baseline",)


def test_a_quarantined_test_reports_and_does_not_fail():
    changes = stop(1, 5, Severity.BREAKING)
    verdict = judge((5, 10), (0, 1), (3, 5), changes=changes)

    assert (verdict.verdict, verdict.fails) == (Verdict.DRIFTED, False)
    assert "quarantined: its own baseline is 5/10, below 60 %" in verdict.text


def test_a_quarantined_trait_is_named():
    noisy = TraitEvidence(
        name="stop", severity=Severity.BREAKING, baseline=tuple("aaaaaaabcd"), screen=("e",)
    )
    verdict = judge((10, 10), (1, 1), traits=(noisy,))

    assert verdict.quarantined_traits == ("stop",)
    assert "quarantined, as the baseline alone shows many values: stop" in verdict.text


@pytest.mark.parametrize(
    ("margin", "verdict"),
    [
        (None, Verdict.NO_EVIDENCE),
        (0.03, Verdict.NO_EVIDENCE),
        (0.04, Verdict.EQUIVALENT),
    ],
)
def test_equivalent_takes_a_declared_margin_with_the_whole_interval_inside(margin, verdict):
    judged = judge((100, 100), (100, 100), gate=GatePolicy(margin=margin))

    assert judged.verdict is verdict
    assert judged.text.startswith(
        "equivalent within ±4 points" if verdict is Verdict.EQUIVALENT else "no evidence"
    )


def test_a_cache_is_suspected_aloud():
    verdict = judge((10, 10), (1, 1), cached="10 byte-identical answers at temperature > 0: cache?")

    assert verdict.text.endswith(
        "the samples may not be independent: 10 byte-identical answers at temperature > 0: cache?"
    )


def test_a_verdict_comes_back_from_json_as_it_went():
    changes = stop(1, 5, Severity.BREAKING)
    for verdict in (
        judge((9, 10), (0, 1), (1, 5), changes=changes),
        judge((1, 1), (0, 1), broken=("a",)),
    ):
        text = json.dumps(verdict.to_json())

        assert TestVerdict.from_json(json.loads(text)) == verdict


def test_a_rate_that_is_not_quite_everything_is_not_rounded_to_it():
    assert "9999/10000 (above 99.9 %) → 1/1 (100 %)" in judge((9_999, 10_000), (1, 1)).text


def test_the_values_and_the_plugin_load_no_statistics():
    code = (
        "import sys, pytest_llmregress.plugin, pytest_llmregress.values.suite_verdict\n"
        "import pytest_llmregress.verdicts.first_pass, pytest_llmregress.reports.verdict\n"
        "print([name for name in sys.modules if 'llmregress.statistics' in name])"
    )

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout == "[]\n"
