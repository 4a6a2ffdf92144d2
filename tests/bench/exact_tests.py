"""Print the processor time of each statistic at the sizes a suite has; no time fails anything.

python tests/bench/exact_tests.py
"""

import random
import sys
import time
from collections.abc import Callable

from pytest_llmregress.statistics.exact_tests import ContingencyTable, fisher, stratified
from pytest_llmregress.statistics.intervals import median_ratio, newcombe, paired_t
from pytest_llmregress.statistics.multiplicity import (
    discrete_benjamini_hochberg,
    discrete_holm,
)
from pytest_llmregress.statistics.permutation import sign_flip, suite_mismatch

SOURCE = random.Random(1)


def draw_rate(profile: str) -> float:
    """Draw the pass rate of a test."""
    if profile == "noisy":
        return SOURCE.betavariate(4, 1)
    if profile == "coin":
        return 0.5
    kind = SOURCE.random()
    return 0.995 if kind < 0.7 else 0.95 if kind < 0.9 else SOURCE.uniform(0.5, 0.9)


def draw_suite(profile: str, tests: int, n1: int, n2: int) -> list[ContingencyTable]:
    """Draw the tables of a suite that did not change."""
    rates = [draw_rate(profile) for _ in range(tests)]
    return [
        ContingencyTable(
            sum(SOURCE.random() < rate for _ in range(n1)),
            n1,
            sum(SOURCE.random() < rate for _ in range(n2)),
            n2,
        )
        for rate in rates
    ]


def judge(suite: list[ContingencyTable]) -> None:
    """Do what a verdict on a suite needs."""
    stratified(suite)
    discrete_holm(suite)
    discrete_benjamini_hochberg(suite)
    for table in suite:
        fisher(*table)
        newcombe(*table)
    differences = [table.b / table.n2 - table.a / table.n1 for table in suite]
    paired_t(differences)
    sign_flip(differences, seed=0)
    median_ratio(differences, seed=0)


def measure(name: str, function: Callable[[], object]) -> None:
    """Print the time of one call."""
    start = time.process_time()
    function()
    sys.stdout.write(f"{name:58}{(time.process_time() - start) * 1000:10.2f} ms\n")


def main() -> None:
    """Print all times."""
    for profile in ("typical", "noisy", "coin"):
        for tests, n in ((100, 5), (500, 10), (500, 20), (2000, 10), (5000, 20)):
            suite = draw_suite(profile, tests, n, n)
            measure(
                f"stratified, {profile}, {tests} tests, {n} v {n}", lambda s=suite: stratified(s)
            )
        suite = draw_suite(profile, 500, 10, 10)
        measure(f"discrete Holm, {profile}, 500 tests, 10 v 10", lambda s=suite: discrete_holm(s))
        measure(
            f"all that a verdict needs, {profile}, 500 tests, 10 v 10", lambda s=suite: judge(s)
        )
    uneven = [
        draw_suite("noisy", 1, SOURCE.randint(3, 30), SOURCE.randint(3, 30))[0] for _ in range(500)
    ]
    measure("all that a verdict needs, 500 tests, 3 to 30 samples", lambda: judge(uneven))
    for n in (100, 1000, 10_000):
        measure(f"Fisher, {n} v {n}", lambda n=n: fisher(n * 3 // 5, n, n // 2, n))
    for n in (16, 500):
        numbers = [SOURCE.gauss(0, 1) for _ in range(n)]
        measure(f"sign flips, {n} tests", lambda d=numbers: sign_flip(d, seed=0))
    for n1, n2 in ((10, 5), (20, 20)):
        pairs = [(SOURCE.choices("AABCD", k=n1), SOURCE.choices("AABCD", k=n2)) for _ in range(500)]
        measure(
            f"suite mismatch, 500 tests, {n1} v {n2}", lambda p=pairs: suite_mismatch(p, seed=0)
        )


if __name__ == "__main__":
    main()
