"""Draw suites sample by sample as the plugin would, and count how often a run is red.

    python tests/soak/control_arm.py --runs 400
    python tests/soak/control_arm.py --power --runs 160
    python tests/soak/control_arm.py --control 0 --session 0.4 --selected

Each run draws a suite, its recorded baseline and a sample of the candidate of each test. The
drivers of the plugin say which fresh samples of either model follow, its evidence is collected
from all of them, and its verdicts on each test and on the suite decide: nothing is judged here.
`--session` moves the pass rates of the recorded baselines by one normal number of that many logits,
`--selected` records each baseline again until all of its samples passed, and `--control 0` never
asks the old model, so that the recorded baseline stands in. Where the suite as a whole looks worse,
both models are asked again, as after the last test of a run. `--power` has tests that changed.
"""

import argparse
import math
import random
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from drawn_suites import PROFILES, SESSIONS, Nature, draw_sample
from pytest_llmregress.comparison.compare_behavior import compare
from pytest_llmregress.comparison.merging import merge_changes
from pytest_llmregress.contracts.contract import Contract
from pytest_llmregress.pipeline.collect_control import CONTROL
from pytest_llmregress.pipeline.config import TestConfig
from pytest_llmregress.pipeline.judge import decide_outcome
from pytest_llmregress.pipeline.next_command import NextCommand
from pytest_llmregress.pipeline.observe import collect_evidence
from pytest_llmregress.pipeline.plan import AGAIN, AGAIN_CONTROL, SamplePlan, SideVariant
from pytest_llmregress.pipeline.state import (
    ObservedSample,
    ObservedSide,
    ObservedTest,
    SampleRecording,
    TestIdentity,
    TestState,
)
from pytest_llmregress.recording.cassette_session import SampleMode
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.runner.drivers.confirmation import plan_confirmation
from pytest_llmregress.runner.drivers.control import plan_control
from pytest_llmregress.statistics.intervals import wilson
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.values.behavior import Change, Drift, Severity
from pytest_llmregress.values.evidence import OUTCOME, TestEvidence
from pytest_llmregress.values.matching import RequestMatcher
from pytest_llmregress.values.settings import Candidate, RecordMode, Settings
from pytest_llmregress.values.snapshot import SampleSnapshot, Snapshot
from pytest_llmregress.values.suite_verdict import SuiteVerdict
from pytest_llmregress.values.verdict import GatePolicy
from pytest_llmregress.verdicts.confirm_suite import count_fresh
from pytest_llmregress.verdicts.first_pass import MIN_BASELINE
from pytest_llmregress.verdicts.judge_suite import judge_suite

SIZES, RECORDED = (20, 100), (1, 5, 10)
CONFIRM = Settings().confirm
GATE = GatePolicy(confirm=CONFIRM)
MOST_SELECTIONS = 1_000
"""How often a baseline is recorded again at most."""
NEW = "new"


class Design(NamedTuple):
    """How the runs of one row come about."""

    recorded: int = 10
    """Samples of each baseline."""
    control: int | None = None
    """Samples of the old model at most; None for what the plugin asks for by itself."""
    session: float = 0.0
    """Logits, the standard deviation of what all recorded baselines have in common."""
    is_selected: bool = False
    """Whether each baseline was recorded again until all of its samples passed."""
    changed: int = 0
    """Tests in which a trait is new with the candidate."""
    share: float = 1.0
    """In how many of their samples."""
    drop: float = 0.0
    """By how much every test passes less often with the candidate."""
    refuses: float = 0.0
    """By how much every test refuses more often."""

    @property
    def changes(self) -> bool:
        """Whether anything is different with the candidate."""
        return bool(self.changed or self.drop or self.refuses)


@dataclass(kw_only=True)
class Counts:
    """What came of the runs of one row."""

    runs: int = 0
    red: int = 0
    by_tests: int = 0
    """Runs in which a test failed by itself."""
    of_candidate: int = 0
    of_old_model: int = 0


def simulate(profile: str, tests: int, design: Design, *, runs: int, seed: int) -> Counts:
    """Draw and judge that many suites."""
    chance = random.Random(f"{seed}/{profile}/{tests}/{design}")
    counts = Counts()
    for _ in range(runs):
        suite = [PROFILES[profile](chance) for _ in range(tests)]
        shift = chance.gauss(0, design.session) if design.session else 0.0
        drawn = [
            _run_test(chance, number, nature, shift, tests=tests, design=design)
            for number, nature in enumerate(suite)
        ]
        verdict = _judge(drawn, unconfirmed="nobody is asked" if design.control == 0 else "")
        if design.control != 0 and verdict.suspects and not verdict.failing:
            # Both models are asked again, as `runner/record_collector.py` has it.
            drawn = [_ask_again(chance, each, samples=count_fresh(tests)) for each in drawn]
            verdict = _judge(drawn)
        observed = [each.test for each in drawn]
        has_failed = any(_has_failed(test) for test in observed)
        counts.runs += 1
        counts.by_tests += has_failed
        counts.red += has_failed or verdict.fails
        sides = [side for test in observed for side in test.sides]
        again = [len(side.samples) for side in sides if side.state.side == _AGAIN]
        counts.of_candidate += sum(len(test.samples) for test in observed) + sum(again)
        counts.of_old_model += sum(len(side.samples) for side in sides) - sum(again)
    return counts


class Drawn(NamedTuple):
    """A test, and how it behaves with either model."""

    test: ObservedTest
    old: Nature
    now: Nature


def _judge(drawn: Iterable[Drawn], *, unconfirmed: str = "") -> SuiteVerdict:
    every = (each.test.evidence for each in drawn)
    evidences = [evidence for evidence in every if evidence is not None]
    return judge_suite(evidences, gate=GATE, unconfirmed=unconfirmed)


_AGAIN = SideVariant(name=AGAIN, samples=0)
_OF_OLD = SideVariant(name=AGAIN_CONTROL, samples=0, asks_old_model=True)


def _ask_again(chance: random.Random, drawn: Drawn, *, samples: int) -> Drawn:
    """Return a test with fresh samples of both models, for the suite's sake."""
    state = drawn.test.state
    sides = tuple(
        ObservedSide(
            state=replace(state, side=side),
            samples=tuple(_draw(chance, nature, state, _plan(n + 1)) for n in range(samples)),
        )
        for side, nature in ((_OF_OLD, drawn.old), (_AGAIN, drawn.now))
    )
    test = _observe(replace(drawn.test, sides=(*drawn.test.sides, *sides)))
    return drawn._replace(test=test)


def _has_failed(test: ObservedTest) -> bool:
    """Return whether the test fails; one that did what its baseline does is not asked."""
    is_quiet = all(sample.own_passed and not sample.changes for sample in test.samples)
    return not is_quiet and decide_outcome(test).failed


def _run_test(
    chance: random.Random, number: int, nature: Nature, shift: float, *, tests: int, design: Design
) -> Drawn:
    """Return one test, all samples that the drivers ask for being over."""
    old = nature._replace(others=tuple((*each, 0.0) for each in nature.others))
    now = old
    if number < design.changed:
        first, *others = old.others
        kept = tuple(weight * (1 - design.share) for weight in _normalize(first[:-1]))
        now = old._replace(others=((*kept, design.share), *others))
    passes, refuses = now.passes - design.drop, now.refuses + design.refuses
    now = now._replace(passes=max(0.0, passes), refuses=min(1.0, refuses))
    then = old._replace(passes=_shift(old.passes, shift))
    state = _build_state(_record_baseline(chance, then, design), number, tests, design)
    test = _observe(ObservedTest(state=state, samples=(_draw(chance, now, state, _plan(1)),)))
    while True:
        more = plan_confirmation(test)
        if more.own:
            drawn = tuple(_draw(chance, now, state, plan) for plan in more.own)
            test = _observe(replace(test, samples=(*test.samples, *drawn)))
            continue
        sides = plan_control(test).sides
        if not sides:
            return Drawn(test, old, now)
        known = test.find_side(CONTROL)
        samples = () if known is None else known.samples
        numbers = range(len(samples) + 1, sides[0].samples + 1)
        samples += tuple(_draw(chance, old, state, _plan(each)) for each in numbers)
        beside = replace(state, side=SideVariant(name=CONTROL, samples=len(samples)))
        test = _observe(replace(test, sides=(ObservedSide(state=beside, samples=samples),)))


def _record_baseline(
    chance: random.Random, nature: Nature, design: Design
) -> tuple[SampleSnapshot, ...]:
    for _ in range(MOST_SELECTIONS):
        drawn = [draw_sample(chance, nature) for _ in range(design.recorded)]
        if not design.is_selected or all(sample.passed for sample in drawn):
            break
    size = max(1, design.recorded // SESSIONS)
    return tuple(
        SampleSnapshot(behavior=each.behavior, passed=each.passed, session=str(at // size))
        for at, each in enumerate(drawn)
    )


def _build_state(
    samples: tuple[SampleSnapshot, ...], number: int, tests: int, design: Design
) -> TestState:
    """Return a test as it is before its candidate is recorded."""
    is_controlled = design.control != 0
    settings = Settings(
        candidate=Candidate(name=NEW),
        record=RecordMode.ONCE,
        confirm=CONFIRM,
        control=design.control,
    )
    node_id, path = f"t.py::test_{number}", Path("t.py")
    return TestState(
        identity=TestIdentity(node_id=node_id, path=path),
        config=TestConfig(
            settings=settings, contract=Contract(), matching=RequestMatcher(), redactor=Redactor()
        ),
        paths=TestPaths(directory=Path("__llm__/t"), stem=f"test_{number}", variant=NEW),
        commands=NextCommand(node_id, path, invoked_from=Path(), settings=settings, in_ci=False),
        variant=NEW,
        accepted=Snapshot(test=node_id, cassette="", samples=samples),
        confirm=CONFIRM if is_controlled or len(samples) >= MIN_BASELINE else 0,
        among=tests if is_controlled else 0,
    )


def _draw(
    chance: random.Random, nature: Nature, state: TestState, plan: SamplePlan
) -> ObservedSample:
    """Return a new sample, held against what is accepted."""
    drawn = draw_sample(chance, nature)
    accepted = () if state.accepted is None else state.accepted.samples
    changes = compare([each.behavior for each in accepted], drawn.behavior)
    if not drawn.passed and any(each.passed for each in accepted):
        failed = Change(trait=OUTCOME, severity=Severity.BREAKING, before="passed", after="failed")
        changes = (failed, *changes)
    return ObservedSample(
        recording=SampleRecording(plan=plan),
        behavior=drawn.behavior,
        body_passed=drawn.passed,
        own_passed=drawn.passed,
        good=drawn.passed,
        compared=True,
        changes=changes,
    )


def _observe(test: ObservedTest) -> ObservedTest:
    changes = merge_changes([sample.changes for sample in test.samples])
    drift = Drift(baseline="old", candidate=NEW, changes=changes)
    test = replace(test, drift=drift)
    evidence: TestEvidence = collect_evidence(test)
    return replace(test, evidence=evidence)


def _plan(number: int) -> SamplePlan:
    return SamplePlan(number=number, mode=SampleMode.RECORD)


def _normalize(weights: Iterable[float]) -> list[float]:
    every = list(weights)
    return [weight / sum(every) for weight in every]


def _shift(rate: float, logits: float) -> float:
    odds = rate / (1 - rate) * math.exp(logits) if 0 < rate < 1 else rate
    return odds / (1 + odds) if 0 < rate < 1 else rate


def _say(profile: str, tests: int, design: Design, counts: Counts) -> str:
    low, high = wilson(counts.red, counts.runs)
    what = f"{design.changed} new in {design.share:.0%}" if design.changed else "nothing changed"
    calls = (counts.of_candidate / counts.runs, counts.of_old_model / counts.runs)
    return (
        f"{profile:8} {tests:4} tests {design.recorded:3} recorded, {what}: red {counts.red}/"
        f"{counts.runs}, {counts.red / counts.runs:.1%} ({low:.1%} to {high:.1%}), by a test alone "
        f"{counts.by_tests}; samples of the candidate {calls[0]:.0f}, of the old model "
        f"{calls[1]:.0f}\n"
    )


POWER: tuple[tuple[int, float], ...] = ((1, 1.0), (5, 1.0), (1, 0.5))
"""How many tests change, and in how many of their samples."""


def _print(
    profiles: Iterable[str],
    design: Design,
    options: argparse.Namespace,
    write: Callable[[str], object],
) -> None:
    for name in profiles:
        for tests in options.tests or SIZES:
            for recorded in options.recorded or RECORDED:
                for changed, share in POWER if options.power else ((0, 1.0),):
                    row = design._replace(recorded=recorded, changed=changed, share=share)
                    counts = simulate(name, tests, row, runs=options.runs, seed=options.seed)
                    write(_say(name, tests, row, counts))
                    sys.stdout.flush()


def main() -> None:
    """Read the command line, and print a line for each kind of suite."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--profile", choices=PROFILES, help="all of them by default")
    parser.add_argument("--tests", type=int, action="append", help="20 and 100 by default")
    parser.add_argument("--recorded", type=int, action="append", help="1, 5 and 10 by default")
    parser.add_argument("--control", type=int, help="samples of the old model at most")
    parser.add_argument("--session", type=float, default=0.0, help="logits")
    parser.add_argument("--selected", action="store_true")
    parser.add_argument("--power", action="store_true", help="tests that changed")
    options = parser.parse_args()
    design = Design(control=options.control, session=options.session, is_selected=options.selected)
    profiles = [options.profile] if options.profile else list(PROFILES)
    _print(profiles, design, options, sys.stdout.write)


if __name__ == "__main__":
    main()
