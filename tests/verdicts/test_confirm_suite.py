"""An alarm of the suite, and what fresh samples of both models make of it."""

import random
from dataclasses import replace

import pytest

from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.evidence import FreshEvidence, Tally, TestEvidence, TraitEvidence
from pytest_llmregress.values.suite_verdict import SuiteVerdict
from pytest_llmregress.values.verdict import GatePolicy, Verdict
from pytest_llmregress.verdicts.confirm_suite import count_fresh
from pytest_llmregress.verdicts.judge_suite import judge_suite

GATE = GatePolicy(confirm=5)
TESTS = 20


def suite(failed: int, *, again: tuple[int, int] | None = None) -> list[TestEvidence]:
    """Return a suite in which some tests fail now.

    :param again: how many tests fail in each of two fresh samples, of the old model and of the
        candidate.
    """
    return [
        TestEvidence(
            test=f"t.py::test_{n}",
            baseline=Tally(passed=10, n=10),
            screen=Tally(passed=int(n >= failed), n=1),
            sessions=(Tally(passed=10, n=10),),
            again=None
            if again is None
            else FreshEvidence(
                control=Tally(passed=0 if n < again[0] else 2, n=2),
                candidate=Tally(passed=0 if n < again[1] else 2, n=2),
            ),
        )
        for n in range(TESTS)
    ]


def judge(evidences: list[TestEvidence], why: str = "none are recorded") -> SuiteVerdict:
    return judge_suite(evidences, gate=GATE, unconfirmed=why)


def told(verdict: SuiteVerdict, beginning: str) -> list[str]:
    return [line for line in verdict.lines if line.startswith(beginning)]


@pytest.mark.parametrize(
    ("tests", "samples"), [(1, 10), (20, 10), (30, 7), (100, 2), (1000, 2), (0, 10)]
)
def test_a_suite_gets_about_200_fresh_samples_of_either_model(tests, samples):
    assert count_fresh(tests) == samples


def test_who_asks_for_many_samples_gets_as_many_fresh_ones():
    """As many as found an alarm confirm it: fewer would lose what the many were asked for."""
    assert count_fresh(100, first=7) == 7
    assert count_fresh(20, first=1) == 10


def test_an_alarm_that_the_fresh_samples_bear_out_fails_the_run():
    verdict = judge(suite(4, again=(0, 6)))

    assert verdict.fails
    assert verdict.verdict is Verdict.REGRESSED
    assert told(verdict, "suite: confirmed: failed: 0/40 (0 %) → 12/40")


def test_an_alarm_that_the_fresh_samples_do_not_bear_out_fails_nothing():
    verdict = judge(suite(9, again=(1, 1)))

    assert not verdict.fails
    assert verdict.verdict is not Verdict.REGRESSED
    assert told(verdict, "suite: not borne out: failed: 2/40 (5 %) → 2/40")


def test_a_loose_alarm_fails_nothing_by_itself_and_is_confirmed_at_the_level_that_holds_anyway():
    loose, weak, found = suite(2), suite(2, again=(0, 2)), suite(2, again=(0, 6))
    for each in (loose, weak, found):
        each[0] = replace(each[0], baseline=Tally(passed=5, n=10))

    assert judge(loose).suspects == ("failed",)
    assert not judge(loose).fails
    assert not told(judge(loose), "suite: not confirmed")
    assert not judge(weak).fails
    assert judge(found).fails


def test_without_fresh_samples_of_each_test_the_recorded_baseline_stands_in_and_a_line_says_why():
    partly = suite(9, again=(0, 0))
    partly[3] = replace(partly[3], again=None)

    verdict = judge(partly, why="the limit")

    assert verdict.fails
    assert told(verdict, "suite: not confirmed on fresh samples of both models: the limit; the")


@pytest.mark.parametrize("recorded", [5, 10])
def test_a_baseline_that_may_have_been_recorded_until_it_passed_fails_no_run_by_what_it_can_hide(
    recorded,
):
    spotless = [replace(e, baseline=Tally(passed=recorded, n=recorded)) for e in suite(5)]

    verdict = judge(spotless)

    assert verdict.suspects == ("failed",)
    assert not verdict.fails
    assert verdict.verdict is Verdict.NO_EVIDENCE
    assert verdict.spared == ("failed",)
    assert verdict.lines[0].startswith(
        "looks worse, not confirmed, does not fail the run: 20 tests"
    )
    assert told(verdict, "suite: not confirmed, and fails nothing (none are recorded): failed: 0/")


def test_a_baseline_that_was_taken_as_it_came_stands_in():
    as_it_came = [
        replace(each, baseline=Tally(passed=9, n=10)) if number > 16 else each
        for number, each in enumerate(suite(6))
    ]

    verdict = judge(as_it_came)

    assert verdict.fails
    assert told(verdict, "suite: not confirmed on fresh samples of both models: none are recorded")


def test_what_passes_as_well_was_not_selected():
    """Six answers refuse: where their tests pass, nobody recorded a baseline again for that."""

    def refusing(passed: int) -> list[TestEvidence]:
        return [
            replace(
                each,
                screen=Tally(passed=passed if number < 6 else 1, n=1),
                traits=(
                    TraitEvidence(
                        name="refusal",
                        severity=Severity.BREAKING,
                        baseline=('"none"',) * 10,
                        screen=('"soft"' if number < 6 else '"none"',),
                    ),
                ),
            )
            for number, each in enumerate(suite(0))
        ]

    passing, failing = judge(refusing(1)), judge(refusing(0))

    assert passing.fails
    assert not failing.fails
    assert told(
        failing, "suite: not confirmed, and fails nothing (none are recorded): refused in words: 0/"
    )


def test_where_single_tests_fail_the_run_nobody_has_to_confirm_the_suite():
    failing = suite(9)
    failing[0] = replace(failing[0], fresh=Tally(passed=0, n=5))

    verdict = judge(failing)

    assert verdict.failing
    assert told(verdict, "suite: not confirmed on fresh samples of both models: single tests fail")


def test_sessions_that_disagree_have_no_say_where_fresh_samples_decide():
    torn = [
        replace(
            each,
            baseline=Tally(passed=10, n=20),
            sessions=(Tally(passed=10, n=10), Tally(passed=0, n=10)),
        )
        for each in suite(TESTS, again=(0, 12))
    ]
    advisory = [replace(each, again=None) for each in torn]

    assert judge(advisory).baseline_disagrees
    assert not judge(advisory).fails
    assert judge(torn).fails
    assert not judge(torn).baseline_disagrees


def test_a_trait_that_may_fail_the_run_is_confirmed_as_well():
    def tone(before: str, after: str, *, n: int) -> TraitEvidence:
        return TraitEvidence(
            name="tone",
            severity=Severity.NOTABLE,
            baseline=(f'"{before}"',) * n,
            screen=(f'"{after}"',) * (n // 2 or 1),
        )

    def with_tone(now: str) -> list[TestEvidence]:
        return [
            replace(
                each,
                fails_from=Severity.NOTABLE,
                traits=(tone("a", "b", n=10),),
                again=FreshEvidence(
                    control=Tally(passed=2, n=2),
                    candidate=Tally(passed=2, n=2),
                    traits=(tone("a", now, n=2),),
                ),
            )
            for each in suite(0)
        ]

    assert judge(with_tone("b")).fails
    assert not judge(with_tone("a")).fails
    assert told(judge(with_tone("a")), "suite: not borne out: tone")


def test_a_baseline_that_was_recorded_again_until_it_passed_is_hardly_ever_red():
    chance = random.Random(1)
    red = alarms = 0
    for _ in range(60):
        rates = [0.995 if chance.random() < 0.7 else chance.uniform(0.5, 0.95) for _ in range(40)]

        def draw(rate: float, n: int) -> Tally:
            return Tally(passed=sum(chance.random() < rate for _ in range(n)), n=n)

        verdict = judge(
            [
                TestEvidence(
                    test=f"t.py::test_{n}",
                    baseline=Tally(passed=10, n=10),
                    screen=draw(rate, 1),
                    again=FreshEvidence(control=draw(rate, 5), candidate=draw(rate, 5)),
                )
                for n, rate in enumerate(rates)
            ]
        )
        alarms += bool(verdict.suspects)
        red += verdict.fails

    assert alarms > 40
    assert red <= 3
