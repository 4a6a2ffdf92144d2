"""Follow each number of samples that a verdict names, and count how often it keeps its promise.

    python tests/soak/advice.py --runs 300

Each run draws a suite and a baseline of ten samples, takes the number that the verdict on it names,
records that many samples of both sides, all tests having lost what the advice is about, and judges
them by the gate of the product: without confirmation, and with fresh samples of both models where
the suite looks worse.
"""

import argparse
import random
import sys
from dataclasses import replace
from itertools import product

from drawn_suites import PROFILES
from pytest_llmregress.statistics.intervals import wilson
from pytest_llmregress.values.evidence import FreshEvidence, Tally, TestEvidence
from pytest_llmregress.values.settings import Settings
from pytest_llmregress.values.verdict import GatePolicy
from pytest_llmregress.verdicts.confirm_suite import count_fresh
from pytest_llmregress.verdicts.judge_suite import judge_suite

BASELINE = 10
GATES = {"all at once": GatePolicy(), "confirmed": GatePolicy(confirm=Settings().confirm)}


def draw(chance: random.Random, rate: float, n: int) -> Tally:
    """Return how many of so many samples passed."""
    return Tally(passed=sum(chance.random() < rate for _ in range(n)), n=n)


def judge(
    chance: random.Random, rates: list[float], n: int, *, gate: GatePolicy, drop: float = 0.0
) -> bool:
    """Return whether the product fails a run with that many samples a side."""
    after = [max(0.0, rate - drop) for rate in rates]
    evidences = [
        TestEvidence(test=f"test_{at}", baseline=draw(chance, rate, n), screen=draw(chance, now, n))
        for at, (rate, now) in enumerate(zip(rates, after, strict=True))
    ]
    verdict = judge_suite(evidences, gate=gate)
    if not gate.confirm or not verdict.suspects or verdict.failing:
        return verdict.fails
    samples = count_fresh(len(rates), first=n)
    sides = [[draw(chance, rate, samples) for rate in side] for side in (rates, after)]
    again = (FreshEvidence(control=a, candidate=b) for a, b in zip(*sides, strict=True))
    evidences = [replace(e, again=each) for e, each in zip(evidences, again, strict=True)]
    return judge_suite(evidences, gate=gate).fails


def name_number(chance: random.Random, rates: list[float], gate: GatePolicy) -> int | None:
    """Return the number that the verdict on a first comparison names."""
    suite = judge_suite(
        [
            TestEvidence(
                test=f"test_{at}",
                baseline=draw(chance, rate, BASELINE),
                screen=draw(chance, rate, BASELINE),
            )
            for at, rate in enumerate(rates)
        ],
        gate=gate,
    )
    return suite.tests[0].needed if len(rates) == 1 else suite.needed


def follow(profile: str, tests: int, *, runs: int, seed: int, design: str = "all at once") -> str:
    """Return what came of following the advice in so many runs."""
    chance, gate = random.Random(f"{seed}/{profile}/{tests}"), GATES[design]
    found, numbers = 0, []
    for _ in range(runs):
        rates = [PROFILES[profile](chance).passes for _ in range(tests)]
        needed = name_number(chance, rates, gate)
        if needed is not None:
            drop = gate.interesting_drop_test if tests == 1 else gate.interesting_drop_suite
            numbers.append(needed)
            found += judge(chance, rates, needed, gate=gate, drop=drop)
    if not numbers:
        return f"{profile:8} {tests:4} tests, {design}: no number is named"
    low, high = wilson(found, len(numbers))
    usual = sorted(numbers)[len(numbers) // 2]
    return (
        f"{profile:8} {tests:4} tests, {design}: {usual} samples a side (median); found in "
        f"{found}/{len(numbers)}, {found / len(numbers):.1%} ({low:.1%} to {high:.1%})"
    )


def main() -> None:
    """Read the command line, and print a line for each kind of suite."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for profile, tests, design in product(PROFILES, (1, 20, 100), GATES):
        told = follow(profile, tests, runs=options.runs, seed=options.seed, design=design)
        sys.stdout.write(f"{told}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
