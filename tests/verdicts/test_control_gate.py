"""The gate on fresh samples of candidate and old model: exact level, and power, by values."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.evidence import (
    OUTCOME,
    ChangeEvidence,
    ControlEvidence,
    ControlledEvent,
    Tally,
    TestEvidence,
)
from pytest_llmregress.values.verdict import GatePolicy, Verdict
from pytest_llmregress.verdicts.control_gate import (
    adjust_events,
    count_confirming,
    find_charged,
    find_live,
    find_open,
    find_shared,
    is_controlled,
)
from pytest_llmregress.verdicts.first_pass import failing_changes
from pytest_llmregress.verdicts.judge_single import judge_test
from pytest_llmregress.verdicts.judge_suite import judge_suite

GATE = GatePolicy()
BEST = ControlEvidence(
    events=(ControlledEvent(name="tone", candidate=5),), planned=10, candidate=5, control=10
)


def evidence(control: ControlEvidence | None, baseline: int = 1) -> TestEvidence:
    """Return what was seen of a test whose candidate shows another tone in every sample."""
    fresh = 0 if control is None else control.candidate
    return TestEvidence(
        test="t.py::test_a",
        baseline=Tally(passed=baseline, n=baseline),
        screen=Tally(passed=1, n=1),
        fresh=Tally(passed=fresh, n=fresh) if fresh else None,
        changes=(
            ChangeEvidence(
                name="tone", screen=(Severity.BREAKING,), fresh=(Severity.BREAKING,) * fresh
            ),
        ),
        control=control,
    )


@pytest.mark.parametrize(
    ("events", "tests", "confirming"),
    [(1, 1, 5), (1, 12, 5), (3, 20, 6), (4, 20, 7), (3, 100, 7), (4, 100, 8), (9, 10_000, 8)],
)
def test_as_few_fresh_samples_are_drawn_as_can_show_an_event(events, tests, confirming):
    assert count_confirming(events, tests=tests, least=5, gate=GATE) == confirming


def test_nobody_gets_fewer_fresh_samples_than_were_asked_for():
    assert count_confirming(1, tests=1, least=7, gate=GATE) == 7
    assert count_confirming(1, tests=1, least=12, gate=GATE) == 12
    assert count_confirming(1, tests=1, least=5, controls=1, gate=GATE) == 8


def test_what_all_fresh_samples_of_the_candidate_show_and_none_of_the_old_model_is_charged():
    assert adjust_events(BEST)[0] == pytest.approx(1 / 3003)
    assert find_charged(BEST, gate=GATE) == ("tone",)
    assert judge_test(evidence(BEST), settings=GATE).fails
    assert judge_test(evidence(BEST), settings=GATE).verdict is Verdict.DRIFTED


def test_tests_of_a_run_share_alpha_and_events_of_a_test_do():
    assert adjust_events(replace(BEST, tests=20))[0] == pytest.approx(20 / 3003)
    assert find_charged(replace(BEST, tests=100), gate=GATE) == ()
    two = replace(BEST, events=(BEST.events[0], ControlledEvent(name="shape")))
    assert adjust_events(two) == pytest.approx((2 / 3003, 1.0))


def test_an_event_that_two_fresh_samples_do_not_show_is_given_up():
    seen_once = replace(BEST, events=(ControlledEvent(name="tone", candidate=1),), candidate=3)

    assert find_live(seen_once) == ()
    assert is_controlled(evidence(replace(seen_once, control=0)))
    assert adjust_events(replace(seen_once, control=0)) == (1.0,)
    assert failing_changes(evidence(replace(seen_once, control=0))) == ()


def test_an_event_that_four_samples_of_the_old_model_show_is_not_charged_to_the_candidate():
    both = replace(BEST, events=(ControlledEvent(name="tone", candidate=5, control=4),), control=4)
    verdict = judge_test(evidence(both), settings=GATE)

    assert find_open(both) == ()
    assert find_shared(both) == both.events
    assert not verdict.fails
    assert verdict.control[0].startswith("control: the old model, asked again, does it too: tone")


@pytest.mark.parametrize(
    ("baseline", "verdict", "said"),
    [
        (1, "observed once, not tested", "observed once, not tested (the baseline has 1 sample)"),
        (10, "confirmed: tone", "the recorded baseline of 10 samples stands in"),
    ],
)
def test_where_the_old_model_cannot_be_asked_the_recorded_baseline_decides(baseline, verdict, said):
    alone = evidence(replace(BEST, control=0, unasked="404"), baseline)
    judged = judge_test(alone, settings=GATE)

    assert not is_controlled(alone)
    assert judged.fails
    assert judged.control == (f"the old model could not be asked (404): {said}",)
    assert verdict in judged.text


def test_a_test_that_fails_with_the_candidate_alone_has_regressed():
    failed = replace(BEST, events=(ControlledEvent(name=OUTCOME, candidate=5),))
    seen = replace(
        evidence(failed),
        changes=(),
        screen=Tally(passed=0, n=1),
        fresh=Tally(passed=0, n=5),
        baseline=Tally(passed=7, n=10),
    )

    judged = judge_test(seen, settings=GATE)
    assert judged.verdict is Verdict.REGRESSED
    assert judged.fails
    assert judged.confirmed == ("pass/fail",)


def test_a_test_with_a_control_is_judged_the_same_among_all_tests():
    alone, among = evidence(BEST), evidence(replace(BEST, events=(), candidate=0))

    suite = judge_suite([alone, replace(among, test="t.py::test_b", changes=())], gate=GATE)

    assert suite.failing == ("t.py::test_a",)
    assert suite.tests[0].verdict is judge_test(alone, settings=GATE).verdict
    assert any("10 of the old model" in line for line in suite.lines)


def test_fail_on_never_and_quarantine_hold_for_fresh_samples_as_well():
    assert not judge_test(replace(evidence(BEST), fails_from=None), settings=GATE).fails
    assert not judge_test(replace(evidence(BEST), quarantine="known"), settings=GATE).fails


# --- by simulation, through the same functions ----------------------------------------------


def draw(
    chance: random.Random, old: Sequence[float], new: Sequence[float], *, tests: int, recorded: int
) -> ControlEvidence | None:
    """Return the control of one test, drawn as the drivers draw it; None without an event.

    Parameters: `old` and `new`, how often each trait has its other value; `recorded`, samples of
    the baseline, of which no event is known.
    """
    known = [any(chance.random() < rate for _ in range(recorded)) for rate in old]
    named = [
        number for number, rate in enumerate(new) if not known[number] and chance.random() < rate
    ]
    if not named:
        return None
    number = count_confirming(len(named), tests=tests, least=5, gate=GATE)
    control = ControlEvidence(
        events=tuple(ControlledEvent(name=str(each)) for each in named),
        tests=tests,
        planned=2 * number,
    )
    while control.candidate < number and find_live(control):
        seen = (
            replace(event, candidate=event.candidate + (chance.random() < new[int(event.name)]))
            for event in control.events
        )
        control = replace(control, events=tuple(seen), candidate=control.candidate + 1)
    while control.control < control.planned and find_open(control):
        seen = (
            replace(event, control=event.control + (chance.random() < old[int(event.name)]))
            for event in control.events
        )
        control = replace(control, events=tuple(seen), control=control.control + 1)
    return control


def count_red(*, tests: int, runs: int, recorded: int, changed: float | None) -> int:
    """Return in how many runs a test fails; `changed`, how often one trait of one is new."""
    chance = random.Random(11)
    red = 0
    for _ in range(runs):
        rates = [[chance.choice((0, 0, 0.05, 0.3, 0.8)) for _ in range(9)] for _ in range(tests)]
        fails = False
        for number, old in enumerate(rates):
            new = list(old)
            if number == 0 and changed is not None:
                old[0], new[0] = 0.0, changed
            control = draw(chance, old, new, tests=tests, recorded=recorded)
            fails = fails or (control is not None and bool(failing_changes(evidence(control))))
        red += fails
    return red


@pytest.mark.parametrize("recorded", [1, 10])
def test_a_run_in_which_nothing_changed_is_red_by_at_most_half_of_alpha(recorded):
    # 200 runs at a level of 2.5 % are red more often than 10 times in 1 of 50 series; the exact
    # tests are discrete, and stay far below their level.
    assert count_red(tests=20, runs=200, recorded=recorded, changed=None) <= 5


def test_one_test_that_always_shows_something_new_is_found():
    assert count_red(tests=20, runs=50, recorded=1, changed=1.0) >= 45
