"""Judge simulated suites with the real verdicts, and count how often they are right.

    python tests/soak/simulate.py --tests 100 --runs 1000 --seed 1

Each run draws a suite, a baseline of ten samples of each test in two sessions, one
sample of the candidate, and fresh ones (`--confirm`, five) wherever that one looked different. A
sample has an outcome of its own, traits, and what is bad in itself: it may refuse, lose its JSON
or language, deflect. "any difference" is the rule that holds one sample against one, on the same
data. The test suite has a few runs.

    python tests/soak/simulate.py --null --runs 400

prints how often a run is red though nothing has changed, with the 95 % interval of that share.
"""

import argparse
import random
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass

from drawn_suites import (
    ALL_LOWER,
    NULL,
    ONE_BROKEN,
    PROFILES,
    REFUSALS,
    SOME_BROKEN,
    TRAIT_CHANGED,
    DrawnTest,
    Nature,
    Profile,
    Scenario,
    draw_sample,
)
from pytest_llmregress.formatting.text_table import align
from pytest_llmregress.statistics.intervals import wilson
from pytest_llmregress.values.verdict import GatePolicy
from pytest_llmregress.verdicts.first_pass import count_after_baseline, looks_different
from pytest_llmregress.verdicts.judge_single import judge_test
from pytest_llmregress.verdicts.judge_suite import judge_suite

BASELINE = 10
CONFIRM = 5
SIZES = (20, 100, 500)
"""Tests of the suites in which nothing changed."""


@dataclass(kw_only=True)
class Counts:
    """What came of the runs of one scenario."""

    runs: int = 0
    red: int = 0
    by_tests: int = 0
    """Runs that a single test failed while the run went on."""
    found: int = 0
    """Red runs that name a test that did change."""
    any_difference: int = 0
    calls: int = 0
    tests: int = 0
    seconds: float = 0.0
    """CPU time of the judgement alone."""
    doubted: int = 0
    """Runs in which the baseline disagreed with itself."""


def simulate(
    profile: Profile,
    scenario: Scenario,
    *,
    tests: int,
    runs: int,
    seed: int,
    confirm: int = CONFIRM,
    recorded: int = BASELINE,
) -> Counts:
    """Draw and judge that many suites.

    :param recorded: samples of each test's baseline.
    """
    chance = random.Random(f"{seed}/{scenario.name}/{tests}/{profile.__name__}/{recorded}")
    counts = Counts()
    for _ in range(runs):
        suite = [profile(chance) for _ in range(tests)]
        changed = scenario.change(chance, suite)
        _judge(chance, suite, changed, counts, confirm=confirm, recorded=recorded)
    return counts


def _judge(
    chance: random.Random,
    suite: list[Nature],
    changed: dict[int, Nature],
    counts: Counts,
    *,
    confirm: int,
    recorded: int,
) -> None:
    gate = GatePolicy(confirm=confirm)
    evidences = []
    any_difference = False
    for number, nature in enumerate(suite):
        now = changed.get(number, nature)
        test = DrawnTest(f"test_{number}", [draw_sample(chance, nature) for _ in range(recorded)])
        test.first.append(draw_sample(chance, now))
        any_difference |= test.first[0] != test.baseline[0]
        if looks_different(test.evidence()):
            samples = max(confirm, count_after_baseline(recorded))
            test.fresh += [draw_sample(chance, now) for _ in range(samples)]
        evidences.append(test.evidence())
    started = time.process_time()
    alone = sum(judge_test(evidence, settings=gate).fails for evidence in evidences) > 0
    verdict = judge_suite(evidences, gate=gate, unconfirmed="nobody is asked")
    counts.seconds += time.process_time() - started
    counts.runs += 1
    counts.tests += len(suite)
    counts.calls += sum(1 + (e.fresh.n if e.fresh else 0) for e in evidences)
    counts.red += verdict.fails or alone
    counts.by_tests += alone
    counts.doubted += bool(verdict.baseline_disagrees)
    counts.found += verdict.fails and any(f"test_{n}" in verdict.culprits for n in changed)
    counts.any_difference += any_difference


def print_null(profiles: Iterable[str], *, runs: int, seed: int) -> None:
    """Print how often a run is red though the candidate is the baseline's model."""
    for name in profiles:
        for tests in (20, 100):
            for recorded in (5, 10):
                counts = simulate(
                    PROFILES[name], NULL, tests=tests, runs=runs, seed=seed, recorded=recorded
                )
                low, high = wilson(counts.red, runs)
                sys.stdout.write(
                    f"{name:8} {tests:4} tests {recorded:3} recorded: red {counts.red}/{runs}, "
                    f"{counts.red / runs:.1%} ({low:.1%} to {high:.1%}), "
                    f"{counts.calls / counts.tests:.2f} calls a test\n"
                )
                sys.stdout.flush()


HEAD = ("profile", "tests", "what", "runs", "red", "named", "any difference red", "calls/test")


def print_table(profiles: Iterable[str], *, tests: int, runs: int, seed: int, confirm: int) -> None:
    """Print one row for each profile, size and change."""
    rows = [HEAD]
    for name in profiles:
        profile = PROFILES[name]
        cases = [(size, NULL) for size in sorted({*SIZES, tests})]
        changes = (ONE_BROKEN, TRAIT_CHANGED, SOME_BROKEN, ALL_LOWER, REFUSALS)
        cases += [(tests, change) for change in changes]
        for size, scenario in cases:
            # As many tests for each row, so that the large suites do not take all the time.
            repeats = max(1, min(runs, runs * tests // size))
            counts = simulate(
                profile, scenario, tests=size, runs=repeats, seed=seed, confirm=confirm
            )
            named = (
                "-" if scenario in (NULL, ALL_LOWER, REFUSALS) else f"{counts.found / repeats:.1%}"
            )
            rows.append(
                (
                    name,
                    str(size),
                    scenario.name,
                    str(repeats),
                    f"{counts.red / repeats:.1%}",
                    named,
                    f"{counts.any_difference / repeats:.0%}",
                    f"{counts.calls / counts.tests:.2f}",
                )
            )
            sys.stderr.write(f"{align(rows[-1:])[0]}\n")
    sys.stdout.write("\n".join(align(rows)) + "\n")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tests", type=int, default=100)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--confirm", type=int, default=CONFIRM, help="fresh samples")
    parser.add_argument("--null", action="store_true", help="only what is red by chance")
    parser.add_argument("--profile", choices=PROFILES, help="all of them by default")
    options = parser.parse_args()
    profiles = [options.profile] if options.profile else list(PROFILES)
    if options.null:
        print_null(profiles, runs=options.runs, seed=options.seed)
        return
    print_table(
        profiles, tests=options.tests, runs=options.runs, seed=options.seed, confirm=options.confirm
    )


if __name__ == "__main__":
    main()
