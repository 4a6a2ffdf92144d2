"""The verdicts on simulated suites, with few runs: tests/soak/simulate.py has many."""

import pytest

from simulate import NULL, ONE_BROKEN, PROFILES, TRAIT_CHANGED, Scenario, simulate


def test_a_suite_in_which_nothing_changed_is_rarely_red():
    counts = simulate(PROFILES["typical"], NULL, tests=100, runs=60, seed=1)

    assert counts.red / counts.runs <= 0.10  # 5 % is the level; the rest is room for 60 runs
    assert counts.any_difference / counts.runs >= 0.9
    assert 1.1 <= counts.calls / counts.tests <= 1.5


@pytest.mark.parametrize(("scenario", "least"), [(ONE_BROKEN, 0.8), (TRAIT_CHANGED, 0.65)])
def test_one_changed_test_of_a_hundred_is_found(scenario: Scenario, least: float):
    counts = simulate(PROFILES["typical"], scenario, tests=100, runs=30, seed=1)

    assert counts.found / counts.runs >= least


def test_a_quiet_suite_costs_about_one_call_a_test():
    counts = simulate(PROFILES["quiet"], NULL, tests=100, runs=10, seed=1)

    assert counts.red == 0
    assert counts.calls / counts.tests <= 1.1
