"""Judge simulated suites with the real verdicts, and count how often they are right.

    python tests/soak/simulate.py --tests 100 --runs 1000 --seed 1

Each run draws a suite, a baseline (`--recorded`, ten samples of each test in two sessions), one
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
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pytest_llmregress.comparison.compare_behavior import compare
from pytest_llmregress.comparison.merging import count_changes
from pytest_llmregress.formatting.text_table import align
from pytest_llmregress.statistics.intervals import wilson
from pytest_llmregress.values.behavior import Behavior, Severity, Trait, TraitKind
from pytest_llmregress.values.canonical_json import dump_canonical_json
from pytest_llmregress.values.evidence import Tally, TestEvidence, TraitEvidence
from pytest_llmregress.values.verdict import GatePolicy
from pytest_llmregress.verdicts.first_pass import count_after_baseline, looks_different
from pytest_llmregress.verdicts.judge_single import judge_test
from pytest_llmregress.verdicts.judge_suite import judge_suite

BASELINE = 10
SESSIONS = 2
CONFIRM = 5
FURTHER = 5
"""Traits of each test beside those that a scenario changes."""
OTHERS = 4
"""Values of a trait beside the usual one."""
SIZES = (20, 100, 500)
"""Tests of the suites in which nothing changed."""


class Nature(NamedTuple):
    """How one test behaves on one side."""

    passes: float
    """The probability of a sample on which it ends well."""
    usual: float
    """The probability of the usual value of its trait that a change may be of."""
    slips: float = 0.0
    """The probability of a sample that shows something bad in itself, of each kind."""
    refuses: float = 0.0
    """The same of a refusal."""
    others: tuple[tuple[float, ...], ...] = ()
    """Of further traits, the weights of their values."""
    trait: str = "usual"


Profile = Callable[[random.Random], Nature]


def _draw_traits(chance: random.Random, steady: float, two: float) -> tuple[tuple[float, ...], ...]:
    """Return traits with one value, with a usual and a rare one, and with five."""
    traits: list[tuple[float, ...]] = []
    for _ in range(FURTHER):
        kind = chance.random()
        if kind < steady:
            traits.append((1.0,))
        elif kind < two:
            rare = chance.uniform(0.02, 0.3)
            traits.append((1 - rare, rare))
        else:
            traits.append(tuple(chance.expovariate(1) for _ in range(5)))
    return tuple(traits)


def draw_quiet(chance: random.Random) -> Nature:
    """Return a test that hardly ever varies."""
    traits = _draw_traits(chance, 0.97, 0.995)
    return Nature(0.999, 1.0 if chance.random() < 0.9 else 0.99, 0.0005, 0.0005, traits)


def draw_typical(chance: random.Random) -> Nature:
    """Return a test of a typical suite: most are steady, one in ten is not."""
    kind, trait, slip = chance.random(), chance.random(), chance.random()
    passes = 0.995 if kind < 0.7 else 0.95 if kind < 0.9 else chance.uniform(0.5, 0.9)
    usual = 1.0 if trait < 0.6 else 0.95 if trait < 0.85 else chance.uniform(0.5, 0.9)
    slips = 0.0 if slip < 0.8 else chance.uniform(0.01, 0.3)
    return Nature(passes, usual, slips, slips, _draw_traits(chance, 0.8, 0.95))


def draw_noisy(chance: random.Random) -> Nature:
    """Return a test of a noisy suite."""
    slips = chance.uniform(0.0, 0.4) if chance.random() < 0.5 else 0.0
    passes, usual = chance.betavariate(4, 1), chance.uniform(0.5, 1.0)
    return Nature(passes, usual, slips, slips, _draw_traits(chance, 0.5, 0.8))


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


def _refuse_in_a_fifth(_: random.Random, suite: list[Nature]) -> dict[int, Nature]:
    return {
        number: nature._replace(refuses=min(1.0, nature.refuses + 0.2))
        for number, nature in enumerate(suite)
    }


NULL = Scenario("nothing changed", lambda _chance, _suite: {})
ONE_BROKEN = Scenario("1 test broken", _break(0.0))
TRAIT_CHANGED = Scenario("1 trait changed", _change_trait)
SOME_BROKEN = Scenario("5 % broken", _break(0.05))
ALL_LOWER = Scenario("all -10 points", _lower_all)
REFUSALS = Scenario("refusals +20 points", _refuse_in_a_fifth)


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
        test = _Drawn(f"test_{number}", [_sample(chance, nature) for _ in range(recorded)])
        test.first.append(_sample(chance, now))
        any_difference |= test.first[0] != test.baseline[0]
        if looks_different(test.evidence()):
            samples = max(confirm, count_after_baseline(recorded))
            test.fresh += [_sample(chance, now) for _ in range(samples)]
        evidences.append(test.evidence())
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


class _Sample(NamedTuple):
    passed: bool
    behavior: Behavior


@dataclass
class _Drawn:
    """One test of a simulated run."""

    name: str
    baseline: list[_Sample]
    first: list[_Sample] = field(default_factory=list)
    fresh: list[_Sample] = field(default_factory=list)

    def evidence(self) -> TestEvidence:
        """Return what the samples say, as the product counts it."""
        known = [sample.behavior for sample in self.baseline]
        sides = [
            [compare(known, sample.behavior) for sample in side]
            for side in (self.first, self.fresh)
        ]
        size = max(1, len(self.baseline) // SESSIONS)
        starts = range(0, len(self.baseline), size)
        return TestEvidence(
            test=self.name,
            baseline=_tally(self.baseline),
            screen=_tally(self.first),
            fresh=_tally(self.fresh) if self.fresh else None,
            sessions=tuple(_tally(self.baseline[start : start + size]) for start in starts),
            traits=tuple(
                TraitEvidence(
                    name=trait.name,
                    severity=trait.severity,
                    baseline=_values(self.baseline, at),
                    screen=_values(self.first, at),
                    fresh=_values(self.fresh, at),
                )
                for at, trait in enumerate(known[0].traits)
            ),
            changes=count_changes(*sides),
        )


BAD = {
    "text.json": ("pure", "with_prose"),
    "text.language": ("en", "de"),
    "deflection": ([], ["upsell"]),
}
"""Traits that are as they should be, and as they are in a sample that slips."""


def _sample(chance: random.Random, nature: Nature) -> _Sample:
    other = f"other {chance.randrange(OTHERS)}"
    values: dict[str, object] = {
        "stop": nature.trait if chance.random() < nature.usual else other,
        "refusal": "soft" if chance.random() < nature.refuses else "none",
        **{name: sides[chance.random() < nature.slips] for name, sides in BAD.items()},
        **{
            f"trait.{at}": f"value {chance.choices(range(len(weights)), weights)[0]}"
            for at, weights in enumerate(nature.others)
        },
    }
    return _Sample(
        passed=chance.random() < nature.passes,
        behavior=Behavior(traits=tuple(_trait(name, value) for name, value in values.items())),
    )


def _trait(name: str, value: object) -> Trait:
    kind = TraitKind.SET if isinstance(value, list) else TraitKind.CATEGORY
    return Trait(name=name, value=value, kind=kind, severity=Severity.BREAKING)


def _values(samples: Sequence[_Sample], at: int) -> tuple[str, ...]:
    return tuple(dump_canonical_json(sample.behavior.traits[at].value) for sample in samples)


def _tally(samples: Sequence[_Sample]) -> Tally:
    return Tally(passed=sum(sample.passed for sample in samples), n=len(samples))


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
