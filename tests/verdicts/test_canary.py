"""Nights of a canary: what is pooled, what is spent, and how often a year is red."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from nights import BEGINS, NOTHING, Change, simulate
from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.evidence import (
    OUTCOME,
    ControlEvidence,
    ControlledEvent,
    Tally,
    TestEvidence,
    TraitEvidence,
)
from pytest_llmregress.values.history import History, Night
from pytest_llmregress.values.verdict import GatePolicy
from pytest_llmregress.verdicts.canary import (
    POOLED,
    build_night,
    find_nights,
    judge_history,
    pool_nights,
)
from pytest_llmregress.verdicts.control_gate import (
    NIGHTS,
    adjust_events,
    count_of_a_night,
    find_charged,
    find_live,
)
from pytest_llmregress.verdicts.judge_suite import judge_suite

GATE = GatePolicy(confirm=5)


def evidence(number: int = 0, *, passed: int = 1, refusal: str = "none") -> TestEvidence:
    return TestEvidence(
        test=f"t.py::test_{number}",
        accepted="first",
        baseline=Tally(passed=10, n=10),
        screen=Tally(passed=passed, n=1),
        traits=(
            TraitEvidence(
                name="refusal",
                severity=Severity.BREAKING,
                baseline=('"none"',) * 10,
                screen=(f'"{refusal}"',),
            ),
        ),
        control=ControlEvidence(events=(), nights=NIGHTS, planned=10, control=10),
    )


def night(evidences: Sequence[TestEvidence], day: int) -> Night:
    return build_night(evidences, at=f"2026-11-{day:02}T03:00:00+00:00", candidate="m")


def control(**given: int) -> ControlEvidence:
    """Return what one event of a test shows, by default in no fresh sample yet."""
    seen = {"candidate": 0, "control": 0, "shown": 0, "tests": 20, "baseline": 10} | given
    event = ControlledEvent(name=OUTCOME, candidate=seen["shown"], control=seen["control"])
    return ControlEvidence(
        events=(event,),
        tests=seen["tests"],
        nights=NIGHTS,
        planned=seen["baseline"],
        candidate=seen["candidate"],
        control=seen["baseline"],
    )


def test_a_test_is_asked_as_often_as_it_takes_at_the_level_of_a_night():
    for tests in (1, 20, 100):
        needed = count_of_a_night(control(tests=tests), gate=GATE)
        for fresh, found in ((needed - 1, ()), (needed, (OUTCOME,))):
            drawn = control(tests=tests, candidate=fresh, shown=fresh)
            assert find_charged(drawn, gate=GATE) == found
    assert count_of_a_night(control(control=1), gate=GATE) > count_of_a_night(control(), gate=GATE)


def test_a_night_is_given_up_at_the_first_sample_that_shows_nothing():
    drawn = control(candidate=3, shown=2)

    assert find_live(drawn) == ()
    assert count_of_a_night(drawn, gate=GATE) == 0
    assert adjust_events(drawn) == (1.0,)


@pytest.mark.parametrize("given", [{"baseline": 1}, {"baseline": 0}, {"control": 7}])
def test_what_no_number_of_samples_of_one_night_can_show_is_not_asked_for(given):
    assert count_of_a_night(control(**given), gate=GATE) == 0


def test_nights_of_the_same_baseline_are_pooled():
    quiet, bad = evidence(), evidence(passed=0, refusal="soft")
    other = replace(bad, accepted="second")
    nights = [night([each], day) for day, each in enumerate((quiet, bad, other), start=1)]

    pooled = pool_nights(quiet, nights)

    assert pooled.screen == Tally(passed=1, n=2)
    assert pooled.traits[0].screen == ('"none"', '"soft"')
    assert find_nights([quiet], nights) == tuple(nights[:2])
    assert pool_nights(evidence(7), nights) == evidence(7)


def test_values_of_each_reply_are_pooled_with_those_of_as_many_replies_alone():
    seen = evidence()
    two, three = (
        replace(
            seen,
            traits=(
                replace(
                    seen.traits[0],
                    baseline=(f"[{values}]",) * 10,
                    screen=(f"[{values}]",),
                    of_each_reply=True,
                ),
            ),
        )
        for values in ('"none","none"', '"none","none","soft"')
    )

    pooled = pool_nights(two, [night([each], 1) for each in (two, three, seen)])

    assert pooled.traits[0].screen == ('["none","none"]',)
    assert pooled.screen.n == 3


def test_a_night_has_what_tells_an_event_and_nothing_else():
    tone = TraitEvidence(
        name="tone", severity=Severity.NOTABLE, baseline=('"a"',), screen=('"secret"',)
    )
    seen = evidence()

    (test,) = night([replace(seen, traits=(*seen.traits, tone))], 1).tests.values()

    assert set(test.traits) == {"refusal"}


def test_each_night_spends_an_equal_part_of_alpha():
    nights = [night([evidence()], 1)] * NIGHTS

    half = judge_history([evidence()], nights[:73], is_recorded=True, gate=GATE)
    all_of_it = judge_history([evidence()], [*nights, *nights], is_recorded=True, gate=GATE)

    assert (half.spent, half.left) == pytest.approx((0.01, 0.04))
    assert (all_of_it.spent, all_of_it.left) == pytest.approx((0.1, 0.0))


def test_nights_are_shown_one_by_one_and_in_groups_before():
    nights = [night([evidence()], day % 28 + 1) for day in range(30)]

    told = judge_history([evidence()], nights, is_recorded=True, gate=GATE).by_night

    assert [each.nights for each in told] == [2, 7, 7, *[1] * 14]
    assert sum(each.events[0].free.n for each in told) == 30


def test_the_last_nights_together_fail_the_run_where_none_of_them_does():
    before = [
        night([evidence(n, passed=n % 10 > 0) for n in range(30)], day) for day in range(1, 8)
    ]
    tonight = [evidence(n, passed=n % 10 > 0) for n in range(30)]

    alone = judge_suite(tonight, gate=GATE, history=History(nights=(), is_recorded=False))
    together = judge_suite(
        tonight,
        gate=GATE,
        history=History(nights=tuple(before[-POOLED:]), is_recorded=True),
    )

    assert not alone.fails
    assert together.fails
    assert together.candidate == Tally(passed=189, n=210)
    assert together.history is not None
    assert together.history.pooled == POOLED
    assert any(line.startswith("canary: 7 nights since 2026-11-01") for line in together.lines)


def test_nights_in_which_nothing_changes_are_not_red():
    chance = random.Random(1)

    years = [
        simulate(chance, "typical", tests=10, nights=60, begins=1, change=NOTHING) for _ in range(2)
    ]

    assert sum(bool(year.red) for year in years) == 0


def test_a_test_that_breaks_is_found_the_same_night():
    change = Change(name="broken", broken=1)

    year = simulate(
        random.Random(2), "quiet", tests=10, nights=BEGINS + 3, begins=BEGINS, change=change
    )

    assert (year.red, year.red_by_test) == (BEGINS, BEGINS)
