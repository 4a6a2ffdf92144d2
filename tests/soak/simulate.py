"""Judge simulated suites with the real verdicts, and count how often they are right.

    python tests/soak/simulate.py --tests 100 --runs 1000 --seed 1

Each run draws a suite, a baseline of ten samples of each test in two sessions, one sample of the
candidate, and fresh ones (`--confirm`, five) wherever that one looked different. "any difference"
is the rule that holds one sample against one, on the same data. The test suite has a few runs.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from pytest_llmregress.comparison.compare_behavior import compare
from pytest_llmregress.formatting.text_table import align
from pytest_llmregress.values.behavior import Behavior, Severity, Trait, TraitKind
from pytest_llmregress.values.evidence import (
    ChangeEvidence,
    NumberEvidence,
    Tally,
    TestEvidence,
    TraitEvidence,
)
from pytest_llmregress.values.verdict import GatePolicy
from pytest_llmregress.verdicts.first_pass import looks_different
from pytest_llmregress.verdicts.judge_single import judge_test
from pytest_llmregress.verdicts.judge_suite import judge_suite

BASELINE = 10
SESSIONS = 2
CONFIRM = 5
OTHERS = 4
"""Values of a trait beside the usual one."""
SIZES = (20, 100, 500)
"""Tests of the suites in which nothing changed."""


class Nature(NamedTuple):
    """How one test behaves on one side."""

    passes: float
    """The probability of a sample on which it ends well."""
    usual: float
    """The probability of the usual value of its trait."""
    trait: str = "usual"


Profile = Callable[[random.Random], Nature]


def draw_quiet(chance: random.Random) -> Nature:
    """Return a test that hardly ever varies."""
    return Nature(0.999, 1.0 if chance.random() < 0.9 else 0.99)


def draw_typical(chance: random.Random) -> Nature:
    """Return a test of a typical suite: most are steady, one in ten is not."""
    kind, trait = chance.random(), chance.random()
    passes = 0.995 if kind < 0.7 else 0.95 if kind < 0.9 else chance.uniform(0.5, 0.9)
    usual = 1.0 if trait < 0.6 else 0.95 if trait < 0.85 else chance.uniform(0.5, 0.9)
    return Nature(passes, usual)


def draw_noisy(chance: random.Random) -> Nature:
    """Return a test of a noisy suite."""
    return Nature(chance.betavariate(4, 1), chance.uniform(0.5, 1.0))


PROFILES: dict[str, Profile] = {
    "quiet": draw_quiet,
    "typical": draw_typical,
    "noisy": draw_noisy,
}


class Scenario(NamedTuple):
    """What the candidate does to a suite."""

    name: str
    change: Callable[[random.Random, list[Nature]], dict[int, Nature]]
    """From a suite to the tests that are different now, by their number."""


def _break(share: float) -> Callable[[random.Random, list[Nature]], dict[int, Nature]]:
    """Let a share of the tests always fail, one at least."""

    def change(chance: random.Random, suite: list[Nature]) -> dict[int, Nature]:
        chosen = chance.sample(range(len(suite)), max(1, round(share * len(suite))))
        return {number: suite[number]._replace(passes=0.0) for number in chosen}

    return change


def _change_trait(chance: random.Random, suite: list[Nature]) -> dict[int, Nature]:
    number = chance.randrange(len(suite))
    return {number: suite[number]._replace(trait="new", usual=1.0)}


def _lower_all(_: random.Random, suite: list[Nature]) -> dict[int, Nature]:
    return {
        number: nature._replace(passes=max(0.0, nature.passes - 0.10))
        for number, nature in enumerate(suite)
    }


NULL = Scenario("nothing changed", lambda _chance, _suite: {})
ONE_BROKEN = Scenario("1 test broken", _break(0.0))
TRAIT_CHANGED = Scenario("1 trait changed", _change_trait)
SOME_BROKEN = Scenario("5 % broken", _break(0.05))
ALL_LOWER = Scenario("all -10 points", _lower_all)


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
) -> Counts:
    """Draw and judge that many suites."""
    chance = random.Random(f"{seed}/{scenario.name}/{tests}/{profile.__name__}")
    counts = Counts()
    for _ in range(runs):
        suite = [profile(chance) for _ in range(tests)]
        _judge(chance, suite, scenario.change(chance, suite), counts, confirm=confirm)
    return counts


def _judge(
    chance: random.Random,
    suite: list[Nature],
    changed: dict[int, Nature],
    counts: Counts,
    *,
    confirm: int,
) -> None:
    gate = GatePolicy(confirm=confirm)
    evidences = []
    any_difference = False
    for number, nature in enumerate(suite):
        now = changed.get(number, nature)
        evidence, is_first_other = _screen(chance, f"test_{number}", nature, now)
        any_difference |= is_first_other
        if looks_different(evidence):
            evidence = _confirm(chance, evidence, now, samples=confirm)
        evidences.append(evidence)
    started = time.process_time()
    alone = sum(judge_test(evidence, settings=gate).fails for evidence in evidences) > 0
    verdict = judge_suite(evidences, gate=gate)
    counts.seconds += time.process_time() - started
    counts.runs += 1
    counts.tests += len(suite)
    counts.calls += sum(1 + (e.fresh.n if e.fresh else 0) for e in evidences)
    counts.red += verdict.fails or alone
    counts.by_tests += alone
    counts.doubted += bool(verdict.baseline_disagrees)
    counts.found += verdict.fails and any(f"test_{n}" in verdict.culprits for n in changed)
    counts.any_difference += any_difference


def _screen(
    chance: random.Random, test: str, before: Nature, now: Nature
) -> tuple[TestEvidence, bool]:
    """Return a test after its first sample, and whether that one is unlike the baseline's first."""
    baseline = [_passes(chance, before) for _ in range(BASELINE)]
    values = tuple(_value(chance, before) for _ in range(BASELINE))
    passed, value = _passes(chance, now), _value(chance, now)
    size = BASELINE // SESSIONS
    evidence = TestEvidence(
        test=test,
        baseline=_tally(baseline),
        screen=_tally([passed]),
        sessions=tuple(
            _tally(baseline[start : start + size]) for start in range(0, BASELINE, size)
        ),
        traits=(
            TraitEvidence(
                name="stop",
                severity=Severity.BREAKING,
                baseline=values,
                screen=(value,),
            ),
        ),
        changes=(ChangeEvidence(name="stop", screen=_severities(values, [value])),),
    )
    return evidence, passed != baseline[0] or value != values[0]


def _confirm(
    chance: random.Random, evidence: TestEvidence, now: Nature, *, samples: int
) -> TestEvidence:
    fresh = tuple(_value(chance, now) for _ in range(samples))
    return replace(
        evidence,
        fresh=_tally(_passes(chance, now) for _ in range(samples)),
        traits=(replace(evidence.traits[0], fresh=fresh),),
        changes=(
            replace(evidence.changes[0], fresh=_severities(evidence.traits[0].baseline, fresh)),
        ),
    )


def _severities(before: Sequence[str], after: Sequence[str]) -> tuple[Severity | None, ...]:
    """Return how bad the comparison calls each value beside those of a baseline."""
    baseline = [_behave(value) for value in before]
    found = [[c for c in compare(baseline, _behave(value)) if not c.noisy] for value in after]
    return tuple(changes[0].severity if changes else None for changes in found)


def _behave(value: str) -> Behavior:
    trait = Trait(name="stop", value=value, kind=TraitKind.CATEGORY, severity=Severity.BREAKING)
    return Behavior(traits=(trait,))


def _passes(chance: random.Random, nature: Nature) -> bool:
    return chance.random() < nature.passes


def _value(chance: random.Random, nature: Nature) -> str:
    if chance.random() < nature.usual:
        return nature.trait
    return f"other {chance.randrange(OTHERS)}"


def _numbers(chance: random.Random) -> tuple[float, ...]:
    return tuple(chance.lognormvariate(5, 0.3) for _ in range(BASELINE))


def _tally(samples: Iterable[bool]) -> Tally:
    every = list(samples)
    return Tally(passed=sum(every), n=len(every))


def measure_large() -> float:
    """Return the CPU seconds of a verdict over 500 tests of ten samples a side."""
    chance = random.Random(1)
    evidences = []
    for number in range(500):
        nature = draw_typical(chance)
        evidence, _ = _screen(chance, f"test_{number}", nature, nature)
        evidences.append(
            replace(
                evidence,
                screen=_tally(_passes(chance, nature) for _ in range(BASELINE)),
                traits=tuple(
                    replace(
                        evidence.traits[0],
                        name=f"trait_{trait}",
                        screen=tuple(_value(chance, nature) for _ in range(BASELINE)),
                    )
                    for trait in range(5)
                ),
                numbers=tuple(
                    NumberEvidence(name=name, baseline=_numbers(chance), candidate=_numbers(chance))
                    for name in ("usage.output_tokens", "tool_calls", "latency")
                ),
            )
        )
    started = time.process_time()
    judge_suite(evidences, gate=GatePolicy())
    return time.process_time() - started


HEAD = ("profile", "tests", "what", "runs", "red", "named", "any difference red", "calls/test")


def print_table(profiles: Iterable[str], *, tests: int, runs: int, seed: int, confirm: int) -> None:
    """Print one row for each profile, size and change."""
    rows = [HEAD]
    for name in profiles:
        profile = PROFILES[name]
        cases = [(size, NULL) for size in sorted({*SIZES, tests})]
        changes = (ONE_BROKEN, TRAIT_CHANGED, SOME_BROKEN, ALL_LOWER)
        cases += [(tests, change) for change in changes]
        for size, scenario in cases:
            # As many tests for each row, so that the large suites do not take all the time.
            repeats = max(1, min(runs, runs * tests // size))
            counts = simulate(
                profile, scenario, tests=size, runs=repeats, seed=seed, confirm=confirm
            )
            named = "-" if scenario in (NULL, ALL_LOWER) else f"{counts.found / repeats:.1%}"
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
    sys.stdout.write("\n".join(align(rows)))
    sys.stdout.write(
        f"\n\nverdict over 500 tests, 10 samples a side: {measure_large():.2f} s of CPU\n"
    )


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tests", type=int, default=100)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--confirm", type=int, default=CONFIRM, help="fresh samples")
    parser.add_argument("--profile", choices=PROFILES, help="all of them by default")
    options = parser.parse_args()
    profiles = [options.profile] if options.profile else list(PROFILES)
    print_table(
        profiles, tests=options.tests, runs=options.runs, seed=options.seed, confirm=options.confirm
    )


if __name__ == "__main__":
    main()
