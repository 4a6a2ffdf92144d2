"""Simulate a year of nights of a canary with the real verdicts: how often red, and how soon.

    python tests/soak/nights.py --runs 40

Each run draws a suite and a baseline of ten samples of each test, then night after night one sample
of each; a test that fails, or shows what its baseline never did, gets fresh ones, one by one,
until one shows nothing. A run ends at its first red night. "delay" is the night after the change at
which half of the red runs have ended. `tests/verdicts/test_canary.py` has a short form.
"""

import argparse
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median

from drawn_suites import PROFILES, DrawnTest, Nature, Sample, draw_sample
from pytest_llmregress.comparison.compare_behavior import compare
from pytest_llmregress.formatting.text_table import align
from pytest_llmregress.statistics.intervals import wilson
from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.canonical_json import dump_canonical_json
from pytest_llmregress.values.evidence import (
    OUTCOME,
    ControlEvidence,
    ControlledEvent,
    Tally,
    TestEvidence,
)
from pytest_llmregress.values.history import Night
from pytest_llmregress.values.verdict import GatePolicy
from pytest_llmregress.verdicts.canary import (
    POOLED,
    SHARE_OF_FAILED,
    build_night,
    gate_of_a_night,
    pool_nights,
)
from pytest_llmregress.verdicts.control_gate import NIGHTS, count_of_a_night, find_charged
from pytest_llmregress.verdicts.suite_events import judge_events

BASELINE = 10
GATE = GatePolicy()
BEGINS = 30
"""The night in which a change begins."""
LAST = 120
"""The last night of a run with a change."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """What happens to a suite from a night on."""

    name: str
    drop: Callable[[int], float] = lambda _: 0.0
    """By how much every test passes less often, by the nights since it began."""
    broken: int = 0
    """How many tests fail each time."""

    def apply(self, suite: list[Nature], night: int) -> list[Nature]:
        """Return the natures of the tests in a night, counted from the first one with a change."""
        if night < 1:
            return suite
        lower = self.drop(night)
        now = [each._replace(passes=max(0.0, each.passes - lower)) for each in suite]
        return [
            each._replace(passes=0.0) if place < self.broken else each
            for place, each in enumerate(now)
        ]


NOTHING = Change(name="nothing changed, a year")
CHANGES = (
    Change(name="-3 points", drop=lambda _: 0.03),
    Change(name="-5 points", drop=lambda _: 0.05),
    Change(name="-10 points", drop=lambda _: 0.10),
    Change(name="-1 point a night", drop=lambda night: 0.01 * night),
    Change(name="1 test broken", broken=1),
)


@dataclass(kw_only=True)
class Year:
    """What came of the nights of one run."""

    red_by_suite: int = 0
    """The first night that the suite fails; 0 for none."""
    red_by_test: int = 0
    calls: int = 0
    nights: int = 0

    @property
    def red(self) -> int:
        """The first red night; 0 for none."""
        return min((each for each in (self.red_by_suite, self.red_by_test) if each), default=0)


def simulate(
    chance: random.Random, profile: str, *, tests: int, nights: int, begins: int, change: Change
) -> Year:
    """Draw a suite and its baseline, and judge nights up to the first red one."""
    suite = [PROFILES[profile](chance) for _ in range(tests)]
    drawn = [Watched.draw(chance, f"test_{n}", nature) for n, nature in enumerate(suite)]
    history: list[Night] = []
    year = Year()
    for night in range(1, nights + 1):
        now = change.apply(suite, night - begins + 1)
        firsts = [draw_sample(chance, nature) for nature in now]
        year.nights, year.calls = night, year.calls + tests
        evidences = [each.screen(first) for each, first in zip(drawn, firsts, strict=True)]
        history = [*history, build_night(evidences, at=f"{night:04}", candidate="m")][-POOLED:]
        pooled = [pool_nights(each, history) for each in evidences]
        gate = gate_of_a_night(GATE)
        events = judge_events(pooled, gate=gate, level=gate.half, share_of_failed=SHARE_OF_FAILED)
        if any(event.fails for event in events):
            year.red_by_suite = night
        for watched, nature, first in zip(drawn, now, firsts, strict=True):
            control = _confirm(chance, watched, nature, first, tests=tests)
            year.calls += control.candidate
            if find_charged(control, gate=GATE):
                year.red_by_test = night
        if year.red:
            break
    return year


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A test with its accepted samples."""

    test: DrawnTest
    accepted: TestEvidence

    @classmethod
    def draw(cls, chance: random.Random, name: str, nature: Nature) -> "Watched":
        """Return a test with a baseline."""
        baseline = [draw_sample(chance, nature) for _ in range(BASELINE)]
        evidence = DrawnTest(name, baseline, first=baseline[:1]).evidence()
        accepted = replace(evidence, accepted="a", changes=(), sessions=())
        return cls(test=DrawnTest(name, baseline), accepted=accepted)

    def screen(self, first: Sample) -> TestEvidence:
        """Return the evidence of a first sample."""
        values = (dump_canonical_json(trait.value) for trait in first.behavior.traits)
        return replace(
            self.accepted,
            screen=Tally(passed=int(first.passed), n=1),
            traits=tuple(
                replace(trait, screen=(value,))
                for trait, value in zip(self.accepted.traits, values, strict=True)
            ),
        )

    def find_events(self, sample: Sample) -> tuple[str, ...]:
        """Return what a sample shows and should not."""
        failed = () if sample.passed else (OUTCOME,)
        seen = self.screen(sample).traits
        if all(trait.screen[0] in trait.baseline for trait in seen):
            return failed
        known = [each.behavior for each in self.test.baseline]
        changes = compare(known, sample.behavior)
        return (*failed, *(c.trait for c in changes if c.severity is Severity.BREAKING))


def _confirm(
    chance: random.Random, watched: Watched, nature: Nature, first: Sample, *, tests: int
) -> ControlEvidence:
    """Draw fresh samples of a test as its driver does, and count the events that they show."""
    names = watched.find_events(first)
    fresh: list[tuple[str, ...]] = []
    failed = sum(not sample.passed for sample in watched.test.baseline)
    while True:
        control = ControlEvidence(
            events=tuple(
                ControlledEvent(
                    name=name,
                    candidate=sum(name in shown for shown in fresh),
                    control=failed if name == OUTCOME else 0,
                )
                for name in names
            ),
            tests=tests,
            nights=NIGHTS,
            planned=BASELINE,
            candidate=len(fresh),
            control=BASELINE,
        )
        if not names or count_of_a_night(control, gate=GATE) <= len(fresh):
            return control
        fresh.append(watched.find_events(draw_sample(chance, nature)))


HEAD = ("nights", "tests", "profile", "runs", "red", "by suite", "by test", "delay", "calls/night")


def describe(
    change: Change, profile: str, *, tests: int, runs: int, seed: int, nights: int, begins: int
) -> tuple[str, ...]:
    """Return the row of one case."""
    chance = random.Random(f"{seed}/{change.name}/{profile}/{tests}")
    years = [
        simulate(chance, profile, tests=tests, nights=nights, begins=begins, change=change)
        for _ in range(runs)
    ]
    red = [year for year in years if year.red >= begins]
    early = sum(0 < year.red < begins for year in years)
    low, high = wilson(len(red), runs)
    calls = sum(year.calls for year in years) / sum(year.nights for year in years)
    delays = f"{median(year.red - begins + 1 for year in red):g}" if red else "-"
    return (
        change.name + (f" ({early} red before)" if early else ""),
        str(tests),
        profile,
        str(runs),
        f"{len(red) / runs:.1%} ({low:.1%} to {high:.1%})",
        str(sum(bool(year.red_by_suite) for year in red)),
        str(sum(bool(year.red_by_test) for year in red)),
        "-" if change is NOTHING else delays,
        f"{calls:.0f}",
    )


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tests", type=int, nargs="*", default=[20, 100])
    parser.add_argument(
        "--null", action="store_true", help="only the years in which nothing changes"
    )
    parser.add_argument("--changes", action="store_true", help="only the changes")
    options = parser.parse_args()
    rows = [HEAD]
    cases: list[tuple[Change, str, int, int]] = []
    if not options.changes:
        cases += [(NOTHING, profile, NIGHTS, 1) for profile in ("typical", "noisy")]
    if not options.null:
        cases += [(change, "typical", LAST, BEGINS) for change in CHANGES]
    for tests in options.tests:
        for change, profile, nights, begins in cases:
            rows.append(
                describe(
                    change,
                    profile,
                    tests=tests,
                    runs=options.runs,
                    seed=options.seed,
                    nights=nights,
                    begins=begins,
                )
            )
            sys.stderr.write(f"{align(rows[-1:])[0]}\n")
    sys.stdout.write("\n".join(align(rows)) + "\n")


if __name__ == "__main__":
    main()
