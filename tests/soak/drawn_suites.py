"""Suites whose tests behave by chance, and the evidence that the product makes of their samples."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from pytest_llmregress.comparison.compare_behavior import compare
from pytest_llmregress.comparison.merging import count_changes
from pytest_llmregress.values.behavior import Behavior, Severity, Trait, TraitKind
from pytest_llmregress.values.canonical_json import dump_canonical_json
from pytest_llmregress.values.evidence import Tally, TestEvidence, TraitEvidence

SESSIONS = 2
FURTHER = 5
"""Traits of each test beside those that a scenario changes."""
OTHERS = 4
"""Values of a trait beside the usual one."""


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


class Sample(NamedTuple):
    """One run of a test."""

    passed: bool
    behavior: Behavior


@dataclass
class DrawnTest:
    """One test of a simulated run."""

    name: str
    baseline: list[Sample]
    first: list[Sample] = field(default_factory=list)
    fresh: list[Sample] = field(default_factory=list)

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


def draw_sample(chance: random.Random, nature: Nature) -> Sample:
    """Return one run of a test of that nature."""
    other = f"other {chance.randrange(OTHERS)}"
    values: dict[str, object] = {
        "stop": nature.trait if chance.random() < nature.usual else other,
        "refusal": "soft" if chance.random() < nature.refuses else "none",
        **{name: sides[chance.random() < nature.slips] for name, sides in BAD.items()},
        **{
            name: chance.choices(values, cum_weights=sums)[0]
            for name, values, sums in _cumulate(nature.others)
        },
    }
    return Sample(
        passed=chance.random() < nature.passes,
        behavior=Behavior(traits=tuple(_trait(name, value) for name, value in values.items())),
    )


@lru_cache(maxsize=100_000)
def _cumulate(
    others: tuple[tuple[float, ...], ...],
) -> tuple[tuple[str, tuple[str, ...], tuple[float, ...]], ...]:
    """Return of each further trait its name, its values, and the sums of their weights."""
    return tuple(
        (
            f"trait.{at}",
            tuple(f"value {number}" for number in range(len(weights))),
            tuple(accumulate(weights)),
        )
        for at, weights in enumerate(others)
    )


def _trait(name: str, value: object) -> Trait:
    return _made(name, value) if isinstance(value, str) else _make(name, value)


def _make(name: str, value: object) -> Trait:
    kind = TraitKind.SET if isinstance(value, list) else TraitKind.CATEGORY
    return Trait(name=name, value=value, kind=kind, severity=Severity.BREAKING)


_made = lru_cache(maxsize=10_000)(_make)


def _values(samples: Sequence[Sample], at: int) -> tuple[str, ...]:
    return tuple(dump_canonical_json(sample.behavior.traits[at].value) for sample in samples)


def _tally(samples: Sequence[Sample]) -> Tally:
    return Tally(passed=sum(sample.passed for sample in samples), n=len(samples))
