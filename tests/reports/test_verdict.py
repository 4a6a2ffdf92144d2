"""Verdicts as people read them."""

import random
import re
from dataclasses import replace

import pytest

from pytest_llmregress.reports.verdict import MAX_TOLD, render_suite, render_test
from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.evidence import (
    ChangeEvidence,
    NumberEvidence,
    Tally,
    TestEvidence,
    TraitEvidence,
)
from pytest_llmregress.values.verdict import GatePolicy, Verdict
from pytest_llmregress.verdicts.judge_single import judge_test
from pytest_llmregress.verdicts.judge_suite import judge_suite

FORBIDDEN = re.compile(
    r"\bstable\b|no change|unchanged|\bpass(ed|es)?\b(?!/)|confiden|\bnan\b", re.IGNORECASE
)
"""What a result without evidence is never called, and what p is never read as."""


TOLD = """\
regressed, fails the run: 1 of 100 tests fails: 1 by failing more often than the baseline; pass/fail
  of the samples: 1000/1000 (100 %) → 99/100 (99 %) of all samples, -1.0 points with each test
  counted once (95 % interval -5.4 to +1.0)
suite: stratified exact test: p = 0.0909 one-sided (worse); the limits are 0.025, half of alpha, and
  2 points
flips, by most of the samples of a test: 1 negative, 0 positive
tests: Fisher's exact test, adjusted for the 1 test that looked different and got fresh samples
  (discrete Holm); the limit is 0.025: 1 regressed, 0 drifted
culprits: tests/test_support.py::test_refund
not judged one by one: 0 tests and 0 traits with too few samples, too much noise or in quarantine, 0
  tests untestable at these sample sizes
  tests/test_support.py::test_refund: regressed; fails the run
    10/10 (100 %) → 0/5 (0 %) (fresh samples, the first one not counted), -100.0 points, compatible
      with -100.0 to -48.4 (95 % interval)
    Fisher's exact test: p = 0.000333 one-sided (worse), 0.000333 two-sided, adjusted for the 1 test
      that looked different (discrete Holm): 0.000333
    confirmed: pass/fail (all 5 fresh samples are unlike the baseline)"""


def test_where_nothing_may_fail_a_run_a_verdict_says_that_it_would():
    suite = judge_suite([evidence(fresh=Tally(passed=0, n=5))], gate=GatePolicy())
    never = "\n".join(render_suite(suite, fail_on="never"))

    assert suite.fails
    assert "fails the run" not in never
    assert never.startswith("regressed, would fail the run, but fail-on is never: 1 of 1 test ")
    assert "test_b: regressed; would fail the run, but fail-on is never" in never
    assert "fails the run: 1 of 1 test" in "\n".join(render_suite(suite))


def evidence(test: str = "test_a.py::test_b", **fields: object) -> TestEvidence:
    plain = TestEvidence(test=test, baseline=Tally(passed=10, n=10), screen=Tally(passed=1, n=1))
    return replace(plain, **fields)


def draw(chance: random.Random, number: int) -> TestEvidence:
    """Return evidence of any kind."""

    def tally(n: int) -> Tally:
        return Tally(passed=chance.choice((0, n, chance.randint(0, n))), n=n)

    def values(n: int) -> tuple[str, ...]:
        return tuple(chance.choices("abcd", (8, 1, 1, 1), k=n))

    before, first = chance.choice((0, 1, 2, 5, 10, 25)), chance.choice((0, 1, 5, 25))
    fresh = 5 if chance.random() < 0.3 else 0
    half = before // 2
    return TestEvidence(
        test=f"test_a.py::test_{number}",
        baseline=tally(before),
        screen=tally(first),
        fresh=tally(fresh) if fresh else None,
        sessions=(tally(half), tally(before - half)),
        traits=tuple(
            TraitEvidence(
                name=f"trait.{severity}",
                severity=severity,
                baseline=values(before),
                screen=values(first),
                fresh=values(fresh),
            )
            for severity in Severity
        ),
        changes=tuple(
            ChangeEvidence(
                name=f"trait.{severity}",
                screen=(severity,) * first,
                fresh=(severity,) * chance.choice((0, fresh)),
            )
            for severity in Severity
            if chance.random() < 0.3
        ),
        fails_from=chance.choice((None, *Severity)),
        numbers=tuple(
            NumberEvidence(
                name=name,
                baseline=tuple(chance.uniform(0, 9) for _ in range(before)),
                candidate=tuple(chance.uniform(0, 9) for _ in range(first)),
            )
            for name in ("latency", "usage.output_tokens")
        ),
        broken=("called pay",) if chance.random() < 0.03 else (),
        not_comparable="request changed: tools" if chance.random() < 0.05 else "",
        quarantine="until June" if chance.random() < 0.05 else "",
        cached="5 byte-identical answers" if chance.random() < 0.05 else "",
    )


GATES = (
    GatePolicy(),
    GatePolicy(confirm=5),
    GatePolicy(margin=0.05),
    GatePolicy(margin=0.9, min_drop=0.2),
    GatePolicy(alpha=1e-9),
)


@pytest.mark.parametrize("seed", range(60))
def test_no_verdict_claims_more_than_was_shown(seed):
    chance = random.Random(seed)
    tests = [draw(chance, number) for number in range(chance.choice((1, 2, 7, 30)))]
    gate = GATES[seed % len(GATES)]
    suite = judge_suite(tests, gate=gate)
    lines = [*render_suite(suite)]
    for test in tests:
        lines += render_test(judge_test(test, settings=gate))

    assert [line for line in lines if FORBIDDEN.search(line)] == []
    assert [line for line in lines if len(line) > 100] == []


@pytest.mark.parametrize("seed", range(20))
def test_what_shows_nothing_tells_its_interval_its_counts_and_what_it_takes(seed):
    chance = random.Random(seed)
    tests = [draw(chance, number) for number in range(30)]
    for verdict in judge_suite(tests, gate=GatePolicy(confirm=5)).tests:
        if verdict.verdict is not Verdict.NO_EVIDENCE:
            continue
        text = verdict.text

        assert f"{verdict.baseline} (" in text
        assert f"{verdict.candidate} (" in text
        assert "(95 % interval)" in text
        assert "Fisher's exact test: p = " in text
        assert "adjusted for" in text


def test_the_forbidden_words_would_be_found():
    for words in ("it is stable", "No change.", "10/10 passed", "95 % confident", "unchanged"):
        assert FORBIDDEN.search(words)
    assert not FORBIDDEN.search("confirmed: pass/fail")


def test_a_regression_is_told_from_the_suite_down_to_the_test():
    bad = evidence(
        "tests/test_support.py::test_refund",
        screen=Tally(passed=0, n=1),
        fresh=Tally(passed=0, n=5),
    )
    tests = [*(evidence(f"test_a.py::test_{number}") for number in range(99)), bad]

    assert "\n".join(render_suite(judge_suite(tests, gate=GatePolicy(confirm=5)))) == TOLD


def test_a_test_is_told_with_what_becomes_of_it():
    verdict = judge_test(
        evidence(broken=("called pay, which is forbidden",)), settings=GatePolicy()
    )

    assert render_test(verdict)[:2] == (
        "test_a.py::test_b: broken; fails the run",
        "  called pay, which is forbidden",
    )


def test_many_tests_are_counted_beyond_the_first_ones():
    tests = [
        evidence(f"test_a.py::test_{number}", broken=("called pay",))
        for number in range(MAX_TOLD + 3)
    ]
    lines = render_suite(judge_suite(tests, gate=GatePolicy()))

    assert lines[-1] == "  and 3 more"
    assert "contract: 13 tests broken: test_a.py::test_0" in "\n".join(lines)


def test_one_sample_against_one_has_no_line_of_a_single_test():
    single = Tally(passed=1, n=1)
    tests = [evidence("t.py::test_a", baseline=single, broken=("called pay",))]
    lines = render_suite(judge_suite(tests, gate=GatePolicy()))

    assert "contract: 1 test broken: t.py::test_a" in lines
    assert not [line for line in lines if line.startswith("  t.py")]


def test_a_name_cannot_move_the_cursor():
    lines = render_test(judge_test(evidence("test_a[\x1b[2J]"), settings=GatePolicy()))

    assert lines[0].startswith("test_a[\\x1b[2J]: no evidence of a change")


def test_failing_tests_are_told_first():
    quarantined, failing = (
        evidence(f"t.py::test_{name}", broken=("called pay",), quarantine=reason)
        for name, reason in (("a", "until June"), ("b", ""))
    )
    lines = render_suite(judge_suite([quarantined, failing], gate=GatePolicy()))

    assert [line for line in lines if line.startswith("  t.py")] == [
        "  t.py::test_b: broken; fails the run",
        "  t.py::test_a: broken; does not fail the run",
    ]
