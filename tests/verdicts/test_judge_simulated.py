"""The verdicts on simulated suites, with few runs: tests/soak/simulate.py has many."""

import pytest

from advice import follow
from control_arm import Design
from control_arm import simulate as simulate_drivers
from drawn_suites import NULL, ONE_BROKEN, PROFILES, REFUSALS, TRAIT_CHANGED, Scenario
from simulate import simulate


@pytest.mark.parametrize("recorded", [5, 10])
def test_a_suite_in_which_nothing_changed_is_rarely_red(recorded: int):
    counts = simulate(PROFILES["typical"], NULL, tests=20, runs=20, seed=1, recorded=recorded)

    assert counts.red / counts.runs <= 0.10  # 2.5 % is what it should be; the rest is room
    assert counts.any_difference / counts.runs >= 0.9


def test_a_baseline_that_was_recorded_until_it_passed_is_rarely_red_where_nobody_can_be_asked():
    design = Design(recorded=10, control=0, is_selected=True)
    counts = simulate_drivers("typical", 20, design, runs=15, seed=1)

    assert counts.red <= 1  # of 15; 3 by the rules for a baseline that was taken as it came


def test_a_refusal_that_becomes_more_frequent_in_all_tests_is_found():
    counts = simulate(PROFILES["typical"], REFUSALS, tests=20, runs=20, seed=1)

    assert counts.red / counts.runs >= 0.7


@pytest.mark.parametrize(("scenario", "least"), [(ONE_BROKEN, 0.8), (TRAIT_CHANGED, 0.65)])
def test_one_changed_test_of_sixty_is_found(scenario: Scenario, least: float):
    counts = simulate(PROFILES["typical"], scenario, tests=60, runs=10, seed=1)

    assert counts.found / counts.runs >= least


def test_a_quiet_suite_costs_about_one_call_a_test():
    counts = simulate(PROFILES["quiet"], NULL, tests=100, runs=5, seed=1)

    assert counts.red == 0
    assert counts.calls / counts.tests <= 1.1


@pytest.mark.parametrize("design", ["all at once", "confirmed"])
def test_the_number_of_samples_that_a_verdict_names_finds_the_drop_that_it_names(design: str):
    told = follow("typical", 20, runs=20, seed=1, design=design)
    found = int(told.partition("found in ")[2].partition("/")[0])

    assert 12 <= found <= 20  # 16 are promised; the rest is room for 20 runs
