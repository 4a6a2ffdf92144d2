"""The verdict on a suite."""

import json
from dataclasses import replace

import pytest

from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.evidence import (
    ChangeEvidence,
    NumberEvidence,
    Tally,
    TestEvidence,
    TraitEvidence,
)
from pytest_llmregress.values.suite_verdict import SuiteVerdict
from pytest_llmregress.values.verdict import GatePolicy, Verdict
from pytest_llmregress.verdicts.judge_suite import judge_suite
from pytest_llmregress.verdicts.suite_statistics import samples_for_drop
from pytest_llmregress.verdicts.suite_verdict_text import SELECTED

CONFIRM = GatePolicy(confirm=5)
FIXED = GatePolicy()


def tally(counts: tuple[int, int]) -> Tally:
    return Tally(passed=counts[0], n=counts[1])


def one(
    name: str,
    before: tuple[int, int] = (10, 10),
    screen: tuple[int, int] = (1, 1),
    fresh: tuple[int, int] | None = None,
    **fields: object,
) -> TestEvidence:
    plain = TestEvidence(
        test=name,
        baseline=tally(before),
        screen=tally(screen),
        fresh=None if fresh is None else tally(fresh),
    )
    return replace(plain, **fields)


def green(
    number: int, before: tuple[int, int] = (10, 10), screen: tuple[int, int] = (1, 1)
) -> list[TestEvidence]:
    return [one(f"green_{at}", before, screen) for at in range(number)]


def stop(baseline: str, screen: str, fresh: str = "") -> tuple[TraitEvidence, ...]:
    return (
        TraitEvidence(
            name="stop",
            severity=Severity.BREAKING,
            baseline=tuple(baseline),
            screen=tuple(screen),
            fresh=tuple(fresh),
        ),
    )


def changed(name: str, screen: int, fresh: int = 0) -> tuple[ChangeEvidence, ...]:
    """Return a breaking change that so many first and fresh samples show, all of them."""
    seen = Severity.BREAKING
    return (ChangeEvidence(name=name, screen=(seen,) * screen, fresh=(seen,) * fresh),)


def told(suite: SuiteVerdict) -> str:
    return "\n".join(suite.lines)


def test_a_green_suite_shows_no_evidence_and_an_interval_that_is_not_zero_wide():
    suite = judge_suite(green(100), gate=CONFIRM)

    assert (suite.verdict, suite.fails) == (Verdict.NO_EVIDENCE, False)
    assert suite.p == 1.0
    assert suite.interval == pytest.approx((-0.037, 0.0038), abs=5e-4)
    assert (suite.untestable, suite.quarantined, suite.family) == ((), (), 0)


def test_a_green_suite_is_not_equivalent_within_less_than_its_samples_can_exclude():
    narrow = judge_suite(green(100), gate=replace(CONFIRM, margin=0.03))
    wide = judge_suite(green(100), gate=replace(CONFIRM, margin=0.05))

    assert narrow.verdict is Verdict.NO_EVIDENCE
    assert wide.verdict is Verdict.EQUIVALENT
    assert wide.lines[0].startswith("equivalent within ±5 points, does not fail the run")


def test_one_broken_test_of_a_hundred_is_found_and_named():
    suite = judge_suite([*green(99), one("bad", (9, 10), (0, 1), (0, 5))], gate=CONFIRM)

    assert (suite.verdict, suite.fails) == (Verdict.REGRESSED, True)
    assert suite.culprits == ("bad",)
    assert suite.tests[-1].p == pytest.approx(6 / 3003)
    assert suite.tests[-1].p_adjusted == pytest.approx(6 / 3003)
    assert suite.family == 1
    assert "culprits: bad" in suite.lines


def test_only_tests_with_fresh_samples_are_the_family():
    flagged = [one(f"flaky_{at}", (8, 10), (0, 1), (4, 5)) for at in range(4)]
    suite = judge_suite([*green(50), *flagged], gate=CONFIRM)

    assert suite.family == 4
    assert [test.family for test in suite.tests] == [0] * 50 + [4] * 4
    assert (
        "tests: Fisher's exact test, adjusted for the 4 tests that looked different and got fresh "
        "samples (discrete Holm); the limit is 0.025: 0 regressed, 0 drifted"
    ) in suite.lines


def test_the_first_sample_counts_for_the_suite_and_not_for_its_test():
    suite = judge_suite([one("bad", (10, 10), (0, 1), (5, 5))], gate=CONFIRM)

    assert suite.candidate == Tally(passed=0, n=1)
    assert suite.tests[0].candidate == Tally(passed=5, n=5)
    assert (suite.method, suite.fails) == ("Fisher's exact test", False)


def test_without_confirmation_all_tests_are_the_family():
    tests = [*green(99, (5, 5), (5, 5)), one("bad", (5, 5), (1, 5))]
    suite = judge_suite(tests, gate=FIXED)

    assert suite.family == 100
    assert suite.tests[-1].p == pytest.approx(0.0238, abs=1e-4)
    assert suite.tests[-1].p_adjusted == pytest.approx(0.0238, abs=1e-4)
    assert suite.culprits == ("bad",)


def test_a_broad_drop_fails_without_a_culprit():
    tests = [*green(90), *(one(f"down_{at}", screen=(0, 1), fresh=(5, 5)) for at in range(10))]
    suite = judge_suite(tests, gate=CONFIRM)

    assert (suite.verdict, suite.fails, suite.culprits) == (Verdict.REGRESSED, True, ())
    assert suite.drop == pytest.approx(0.10)
    assert len(suite.negative_flips) == 10
    assert suite.method == "stratified exact test"


def test_a_drop_below_what_matters_fails_nothing():
    tests = [*green(990), *(one(f"down_{at}", screen=(0, 1), fresh=(5, 5)) for at in range(10))]
    suite = judge_suite(tests, gate=CONFIRM)

    assert suite.p is not None
    assert suite.p < 0.001
    assert (suite.verdict, suite.fails) == (Verdict.NO_EVIDENCE, False)


def test_flips_are_told_apart():
    up, down = one("up", (4, 10), (1, 1)), one("down", (10, 10), (0, 1), (5, 5))
    suite = judge_suite([*green(5), up, down], gate=CONFIRM)

    assert (suite.negative_flips, suite.positive_flips) == (("down",), ("up",))
    assert "flips, by most of the samples of a test: 1 negative, 1 positive" in suite.lines


def test_one_sample_against_one_is_mcnemars_test():
    tests = [one(f"down_{at}", (1, 1), (0, 1)) for at in range(6)] + green(40, (1, 1))
    suite = judge_suite(tests, gate=FIXED)

    assert suite.method == "exact McNemar test"
    assert suite.p == pytest.approx(1 / 64)
    assert suite.fails
    assert {test.verdict for test in suite.tests} == {Verdict.NO_BASELINE}
    assert len(suite.untestable) == 46


def test_a_suite_that_is_too_small_says_what_it_cannot_show():
    suite = judge_suite([one("a", (1, 1), (0, 1)), one("b", (1, 1), (0, 1))], gate=FIXED)

    assert suite.smallest_p == pytest.approx(0.25)
    assert (
        "these sample sizes cannot show a regression of the suite: the smallest p possible is "
        "0.25, and the limit is 0.025"
    ) in suite.lines


def test_a_gain_of_the_suite_fails_nothing():
    suite = judge_suite([one(f"up_{at}", (0, 5), (5, 5)) for at in range(10)], gate=FIXED)

    assert (suite.verdict, suite.fails) == (Verdict.IMPROVED, False)
    assert suite.drop == pytest.approx(-1.0)
    assert len(suite.quarantined) == 10


def test_a_contract_comes_before_all_statistics():
    suite = judge_suite(
        [*green(5), one("bad", screen=(0, 1), broken=("called pay",))], gate=CONFIRM
    )

    assert (suite.verdict, suite.fails, suite.culprits) == (Verdict.BROKEN, True, ())
    assert "contract: 1 test broken: bad" in suite.lines


def test_a_confirmed_trait_fails_the_run():
    drifted = one("bad", fresh=(5, 5), changes=changed("stop", 1, 5))
    suite = judge_suite([*green(20), drifted], gate=CONFIRM)

    assert (suite.verdict, suite.fails, suite.culprits) == (Verdict.DRIFTED, True, ("bad",))
    assert suite.lines[0].startswith(
        "drifted, fails the run: 1 of 21 tests fails: 1 by a confirmed change (stop); pass/fail of "
        "the samples: 210/210 (100 %) → 21/21 (100 %)"
    )


def test_differences_from_single_recordings_fail_the_run_and_are_named_with_their_ground():
    tests = [
        one("a", (1, 1), changes=changed("refusal", 1) + changed("text.json", 1)),
        one("b", (4, 4), changes=changed("refusal", 1)),
        one("c", (1, 1)),
    ]
    suite = judge_suite(tests, gate=CONFIRM)

    assert (suite.verdict, suite.fails, suite.failing) == (Verdict.DRIFTED, True, ("a", "b"))
    assert suite.lines[0].startswith(
        "drifted, fails the run: 2 of 3 tests fail: 2 by a difference observed once, not tested "
        "(refusal, text.json 1); pass/fail of the samples: "
    )


def test_what_failed_on_another_ground_is_in_the_first_sentence_and_no_evidence_is_not():
    failed = {"bad": "an assert of its own", "elsewhere": "a problem (no_match)"}
    suite = judge_suite([one("bad", (1, 1)), one("good", (1, 1))], gate=CONFIRM, failed=failed)

    assert (suite.failing, suite.otherwise) == ((), ("bad", "elsewhere"))
    assert suite.lines[0].startswith(
        "fails the run: 2 of 3 tests fail: 1 by an assert of its own; 1 by a problem (no_match); "
    )


def test_a_test_that_fails_by_its_evidence_is_counted_once():
    drifted = one("bad", (1, 1), changes=changed("refusal", 1))
    suite = judge_suite([drifted], gate=CONFIRM, failed={"bad": "what its samples came to"})

    assert (suite.failing, suite.otherwise) == (("bad",), ())
    assert suite.lines[0].startswith("drifted, fails the run: 1 of 1 test fails: 1 by a difference")


def test_a_trait_that_shifts_over_the_suite_is_told_and_fails_nothing():
    tests = [one(f"t_{at}", traits=stop("a" * 9 + "b", "b")) for at in range(30)]
    suite = judge_suite(tests, gate=CONFIRM)

    assert (suite.verdict, suite.fails) == (Verdict.DRIFTED, False)
    assert suite.traits[0].drifts
    assert "trait stop differs over 30 tests" in told(suite)


def test_a_trait_that_never_varies_is_no_evidence():
    suite = judge_suite([one("t", traits=stop("a" * 10, "a"))], gate=CONFIRM)

    assert (suite.traits[0].p, suite.traits[0].drifts) == (1.0, False)


def test_a_baseline_that_disagrees_with_itself_makes_what_the_suite_shows_advisory():
    tests = [
        one(
            f"t_{at}",
            (5, 10),
            (0, 1),
            sessions=(Tally(passed=5, n=5), Tally(passed=0, n=5)),
        )
        for at in range(20)
    ]
    suite = judge_suite([*tests, one("dim", (10, 10), (0, 1), (1, 5))], gate=CONFIRM)

    assert suite.verdict is Verdict.REGRESSED
    assert suite.culprits == ("dim",)
    assert not suite.fails
    assert not any(test.fails for test in suite.tests)
    assert suite.baseline_disagrees.startswith("session 1: 100/100, the others: 0/100; stratified")
    assert suite.lines[1].startswith("the baseline disagrees with itself: session 1")


def test_what_a_test_shows_by_itself_fails_it_whatever_the_sessions_do():
    sessions = (Tally(passed=5, n=5), Tally(passed=0, n=5))
    tests = [one(f"t_{at}", (5, 10), (1, 1), sessions=sessions) for at in range(20)]
    suite = judge_suite([*tests, one("bad", (10, 10), (0, 1), (0, 5))], gate=CONFIRM)

    assert suite.baseline_disagrees
    assert (suite.fails, suite.failing) == (True, ("bad",))


def test_a_contract_fails_whatever_the_sessions_of_the_baseline_do():
    sessions = (Tally(passed=5, n=5), Tally(passed=0, n=5))
    tests = [one(f"t_{at}", (5, 10), (1, 1), sessions=sessions) for at in range(20)]
    suite = judge_suite([*tests, one("bad", broken=("called pay",))], gate=CONFIRM)

    assert suite.baseline_disagrees
    assert (suite.verdict, suite.fails) == (Verdict.BROKEN, True)


@pytest.mark.parametrize("third", [(5, 5), (0, 5)])
def test_sessions_that_agree_or_are_too_few_raise_no_doubt(third):
    sessions = (Tally(passed=5, n=5), Tally(passed=5, n=5), tally(third))
    suite = judge_suite([one("t", (15, 15), sessions=sessions[:2])], gate=CONFIRM)
    other = judge_suite([one("t", (15, 15), sessions=sessions)], gate=CONFIRM)

    assert not suite.baseline_disagrees
    assert bool(other.baseline_disagrees) is (third == (0, 5))


def test_quarantined_and_untestable_tests_are_counted_and_named():
    noisy = one("noisy", (5, 10), (0, 1))
    known = one("known", screen=(0, 1), quarantine="until June")
    suite = judge_suite([*green(3), noisy, known, one("single", (1, 1))], gate=CONFIRM)

    assert suite.quarantined == ("noisy", "known")
    assert suite.untestable == ("single",)
    assert (
        "not judged one by one: 2 tests and 0 traits with too few samples, too much noise or in "
        "quarantine, 1 test untestable at these sample sizes"
    ) in suite.lines
    assert "not judged alone: noisy: its own baseline is 5/10, below 60 %" in suite.lines
    assert "quarantined: known: until June" in suite.lines


def test_a_written_quarantine_takes_a_test_out_of_the_suite():
    suite = judge_suite([*green(3), one("known", screen=(0, 1), quarantine="x")], gate=CONFIRM)

    assert suite.candidate == Tally(passed=3, n=3)


def test_tests_whose_request_changed_have_no_part():
    changed = one("changed", screen=(0, 1), not_comparable="request changed: tools")
    suite = judge_suite([*green(3), changed], gate=CONFIRM)
    alone = judge_suite([changed], gate=CONFIRM)

    assert suite.candidate == Tally(passed=3, n=3)
    assert "1 test not comparable: changed" in told(suite)
    assert (alone.verdict, alone.fails) == (Verdict.NOT_COMPARABLE, False)


def test_nothing_at_all_is_no_baseline():
    suite = judge_suite([], gate=CONFIRM)

    assert (suite.verdict, suite.fails, suite.p) == (Verdict.NO_BASELINE, False, None)
    assert suite.lines[0].endswith("0 tests, none of them with samples to compare")


def test_what_holm_spares_and_benjamini_hochberg_names_is_only_suspicious():
    worse = [one(f"worse_{at}", (10, 10), (0, 1), (2, 5)) for at in range(6)]
    suite = judge_suite([*green(50, (10, 10)), *worse], gate=GatePolicy(confirm=5, min_drop=0.5))

    assert suite.culprits == ()
    assert len(suite.also_suspicious) == 6
    assert "q = 0.10; a list to read, no verdict): worse_0, worse_1, worse_2 and 3 more" in told(
        suite
    )


def numbered(name: str, factor: float, spread: float = 0.02) -> list[TestEvidence]:
    values = [100.0 * (1 + spread * at) for at in range(20)]
    return [
        one(
            f"t_{at}",
            numbers=(NumberEvidence(name=name, baseline=(v, v), candidate=(v * factor,)),),
        )
        for at, v in enumerate(values)
    ]


@pytest.mark.parametrize(
    ("name", "factor", "material"),
    [
        ("usage.output_tokens", 1.25, True),
        ("usage.output_tokens", 0.8, True),
        ("usage.output_tokens", 1.05, False),
        ("latency", 1.2, False),
        ("latency", 1.3, True),
    ],
)
def test_a_number_matters_from_ten_percent_on_and_latency_from_a_quarter(name, factor, material):
    suite = judge_suite(numbered(name, factor), gate=CONFIRM)
    number = suite.numbers[0]

    assert number.ratio == pytest.approx(factor)
    assert number.p < 0.001
    assert (number.material, number.advisory) == (material, name == "latency")
    assert (suite.verdict, suite.fails) == (Verdict.NO_EVIDENCE, False)


def test_no_number_is_named_where_nobody_can_be_asked_and_the_baseline_may_hide_the_drop():
    alone = replace(CONFIRM, asks_old_model=False)

    assert judge_suite(green(100), gate=CONFIRM).needed is not None
    assert judge_suite(green(100), gate=alone).needed is None


@pytest.mark.parametrize(
    ("recorded", "passed", "fresh", "fails"),
    [(5, 1, 10, True), (5, 4, 10, False), (5, 0, 10, True), (10, 6, 10, False), (10, 3, 10, True)],
)
def test_one_test_fails_beyond_what_a_selected_baseline_can_hide(recorded, passed, fresh, fails):
    """Recorded up to ten times, 5 samples hide 37 % of failures, 10 samples 21 %."""
    evidence = one("t", (recorded, recorded), (0, 1), (passed, fresh))
    alone = replace(CONFIRM, asks_old_model=False)

    suite = judge_suite([evidence], gate=alone, unconfirmed="nobody can be asked")

    assert suite.tests[0].fails is fails


@pytest.mark.parametrize(
    ("baseline", "words"),
    [
        ((10, 10), "(discrete Holm), and for what a baseline recorded again until it passed hides"),
        ((9, 10), "(discrete Holm)"),
    ],
)
def test_a_p_that_is_not_fishers_says_what_it_comes_of(baseline, words):
    evidence = one("t", baseline, (0, 1), (4, 10))
    alone = replace(CONFIRM, asks_old_model=False)

    known = judge_suite([evidence], gate=alone)
    suite = judge_suite([evidence], gate=alone, unconfirmed="nobody can be asked")

    assert "(discrete Holm): 0.0" in known.tests[0].text
    assert f"{words}: 0." in suite.tests[0].text
    assert f"{words}; the limit is 0.025" in told(suite)


def test_counts_with_a_zero_are_compared():
    numbers = (NumberEvidence(name="tool_calls", baseline=(0.0, 1.0), candidate=(0.0,)),)
    suite = judge_suite([one("t", numbers=numbers)], gate=CONFIRM)

    assert suite.numbers[0].p == 1.0
    assert "1 number without a material difference: tool_calls" in told(suite)


@pytest.mark.parametrize(
    ("tests", "passed", "drop", "needed"),
    # 1.96 and 0.84 standard deviations of a difference, q = 0.0333 being that of 29/30.
    [(20, 29, 0.04, 26), (100, 29, 0.04, 6), (100, 29, 0.08, 2), (500, 29, 0.04, 2)],
)
def test_the_samples_for_a_drop_of_the_suite_follow_its_own_noise(tests, passed, drop, needed):
    gate = GatePolicy(interesting_drop_suite=drop)

    assert samples_for_drop([Tally(passed=passed, n=30)] * tests, gate=gate) == needed


def test_it_takes_more_samples_where_fresh_ones_have_to_find_the_drop_as_well():
    known = [Tally(passed=29, n=30)] * 20

    assert samples_for_drop(known, gate=CONFIRM) == 30
    assert samples_for_drop(known, gate=replace(CONFIRM, asks_old_model=False)) == 26


def test_a_baseline_without_a_failure_still_needs_samples():
    assert samples_for_drop([Tally(passed=10, n=10)] * 100, gate=FIXED) == 2


@pytest.mark.parametrize(
    ("baselines", "drop"),
    [([], 0.04), ([Tally(passed=1, n=1)] * 9, 0.04), ([tally((9, 10))], 0.02)],
)
def test_no_number_is_named_where_none_would_hold(baselines, drop):
    """Of single samples nobody knows the noise; what is lost by as much as the gate takes is
    found half of the time."""
    assert samples_for_drop(baselines, gate=GatePolicy(interesting_drop_suite=drop)) is None


@pytest.mark.parametrize(
    ("rate", "drop", "needed"), [((10, 10), 0.5, 15), ((10, 10), 0.2, 44), ((9, 10), 0.2, 72)]
)
def test_the_samples_for_a_drop_of_the_only_test_are_named(rate, drop, needed):
    gate = GatePolicy(interesting_drop_test=drop)
    alone = judge_suite([one("t", rate, (10, 10))], gate=gate)
    beside_another = judge_suite([one("t", rate, (10, 10)), *green(1, screen=(10, 10))], gate=gate)

    assert alone.tests[0].needed == needed
    assert f"takes about {needed} samples a side, recorded at once" in alone.tests[0].text
    assert beside_another.tests[0].needed is None


def test_tests_that_all_differ_by_as_much_have_an_interval_with_a_width():
    suite = judge_suite([one(f"t_{at}", (2, 10), (5, 5)) for at in range(5)], gate=FIXED)
    same = judge_suite(numbered("calls", 1.0) * 2, gate=FIXED)

    assert suite.interval[0] < 0.75
    assert suite.interval[1] > 0.85
    assert (same.numbers[0].tests, same.numbers[0].interval) == (40, None)


def test_a_suites_verdict_comes_back_from_json_as_it_went():
    drifted = one("bad", fresh=(5, 5), changes=changed("stop", 1, 5))
    for tests in ([*numbered("latency", 1.3), drifted, *numbered("x", 2.0)], [], green(3, (1, 1))):
        suite = judge_suite(tests, gate=CONFIRM)

        assert SuiteVerdict.from_json(json.loads(json.dumps(suite.to_json()))) == suite


def test_the_same_evidence_gets_the_same_verdict():
    tests = numbered("latency", 1.3)

    assert judge_suite(tests, gate=CONFIRM) == judge_suite(tests, gate=CONFIRM)


def test_one_more_failure_never_makes_a_regression_less_likely():
    ps = [
        judge_suite([*green(3, (5, 5), (5, 5)), one("t", (4, 5), (k, 5))], gate=FIXED).tests[-1]
        for k in range(5, -1, -1)
    ]
    worse = [test.p_adjusted for test in ps if test.candidate.rate <= test.baseline.rate]

    assert worse == sorted(worse, reverse=True)


def test_one_sample_against_one_is_told_in_four_lines_the_last_on_what_is_left_out():
    tests = [one(f"t{number}", (1, 1), (int(number > 6), 1)) for number in range(20)]
    suite = judge_suite(tests, gate=FIXED)

    assert suite.lines[0].startswith(
        "regressed, fails the run: 20 tests, 20/20 (100 %) → 13/20 (65 %) of all samples, -35.0 "
        "points with each test counted once (95 % interval "
    )
    assert suite.lines[1:] == (
        (
            "suite: exact McNemar test: p = 0.00781 one-sided (worse); the limits are 0.025, half "
            "of alpha, and 2 points"
        ),
        "flips, by most of the samples of a test: 7 negative, 0 positive",
        SELECTED,
    )


def test_one_sample_against_one_still_tells_what_is_in_no_count_and_what_a_number_costs():
    changed = one("changed", (1, 1), (1, 1), not_comparable="request changed: tools")
    numbers = (NumberEvidence(name="usage.output_tokens", baseline=(10.0,), candidate=(500.0,)),)
    same = (NumberEvidence(name="calls", baseline=(1.0,), candidate=(1.0,)),)
    tests = [one(f"t{number}", (1, 1), (1, 1), numbers=numbers + same) for number in range(20)]
    lines = judge_suite([*tests, changed], gate=FIXED).lines

    assert len(lines) == 5
    assert lines[0].startswith(
        "no evidence of a change in pass/fail, does not fail the run: 21 tests"
    )
    assert lines[3] == "1 test not comparable: changed"
    assert lines[4].startswith("usage.output_tokens: a material difference: median ratio 50.00x")


@pytest.mark.parametrize(
    ("before", "fresh", "said"),
    [
        (
            (10, 10),
            (0, 3),
            "3 samples of the candidate can confirm nothing: after a baseline of 10 ",
        ),
        ((5, 5), (0, 5), "5 samples of the candidate can confirm nothing: after a baseline of 5 "),
        ((10, 10), (3, 5), ""),
        ((4, 4), (0, 3), ""),
    ],
)
def test_samples_that_can_confirm_nothing_are_told(before, fresh, said):
    suite = judge_suite([*green(3), one("t", before, (0, 1), fresh)], gate=CONFIRM)

    assert ("can confirm nothing" in told(suite)) is bool(said)
    assert said in told(suite)
