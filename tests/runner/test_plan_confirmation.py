"""Which fresh samples a candidate's first ones ask for, of both models, from values alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_llmregress.contracts.contract import Contract
from pytest_llmregress.pipeline.collect_control import CONTROL
from pytest_llmregress.pipeline.config import TestConfig, TestIdentity
from pytest_llmregress.pipeline.next_command import NextCommand
from pytest_llmregress.pipeline.plan import SamplePlan, SideVariant
from pytest_llmregress.pipeline.state import (
    ObservedSample,
    ObservedSide,
    ObservedTest,
    SampleRecording,
    TestState,
)
from pytest_llmregress.recording.cassette_session import SampleMode
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.runner.drivers.confirmation import plan_confirmation
from pytest_llmregress.runner.drivers.control import plan_control
from pytest_llmregress.runner.drivers.driver import MoreSamples
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.evidence import (
    ChangeEvidence,
    ControlEvidence,
    ControlledEvent,
    Tally,
    TestEvidence,
)
from pytest_llmregress.values.matching import RequestMatcher
from pytest_llmregress.values.settings import Candidate, RecordMode, Settings
from pytest_llmregress.values.snapshot import SampleSnapshot, Snapshot

TEST = "t.py::test_a"
ROOT = Path.cwd()
SETTINGS = Settings(candidate=Candidate(name="new"), confirm=3)
STATE = TestState(
    identity=TestIdentity(node_id=TEST, path=ROOT / "t.py"),
    config=TestConfig(
        settings=SETTINGS, contract=Contract(), matching=RequestMatcher(), redactor=Redactor()
    ),
    paths=TestPaths(directory=ROOT / "__llm__" / "t", stem="a", variant="new"),
    commands=NextCommand(TEST, ROOT / "t.py", invoked_from=ROOT, settings=SETTINGS, in_ci=False),
    confirm=3,
)
SAME = TestEvidence(test=TEST, baseline=Tally(passed=10, n=10), screen=Tally(passed=2, n=2))


def observed(evidence: TestEvidence | None) -> ObservedTest:
    """Return a test of which two samples of the candidate are over."""
    samples = tuple(
        ObservedSample(
            recording=SampleRecording(plan=SamplePlan(number=number, mode=SampleMode.RECORD)),
            compared=evidence is not None,
        )
        for number in (1, 2)
    )
    return ObservedTest(state=STATE, samples=samples, evidence=evidence)


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param(replace(SAME, screen=Tally(passed=1, n=2)), id="one failed"),
        pytest.param(
            replace(SAME, changes=(ChangeEvidence(name="tone", screen=(Severity.BREAKING, None)),)),
            id="one shows what no accepted sample does",
        ),
    ],
)
def test_what_looks_different_is_recorded_afresh_after_the_samples_that_are_over(
    evidence: TestEvidence,
):
    plans = plan_confirmation(observed(evidence)).own

    assert [plan.number for plan in plans] == [3, 4, 5]
    assert all(plan.confirms and plan.mode is SampleMode.RECORD for plan in plans)
    assert all(plan.recorded is None for plan in plans)


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param(None, id="nothing compared"),
        pytest.param(SAME, id="as accepted"),
        pytest.param(
            replace(SAME, screen=Tally(passed=1, n=2), quarantine="noisy"), id="in quarantine"
        ),
    ],
)
def test_what_looks_the_same_or_cannot_gate_asks_for_no_fresh_samples(
    evidence: TestEvidence | None,
):
    assert plan_confirmation(observed(evidence)) == MoreSamples()


RECORDING = replace(
    STATE,
    config=replace(
        STATE.config, settings=replace(STATE.settings, record=RecordMode.ONCE, confirm=5)
    ),
    confirm=5,
    among=12,
)


def sample(number: int, *, usable: bool = True) -> ObservedSample:
    plan = SamplePlan(number=number, mode=SampleMode.RECORD)
    return ObservedSample(recording=SampleRecording(plan=plan), usable=usable)


def controlled(
    fresh: int = 0, shown: int = 0, control: int = 0, too: int = 0, *, usable: bool = True
) -> ObservedTest:
    """Return a test with one event: so many samples of either side, so many that show it."""
    found = ControlEvidence(
        events=(ControlledEvent(name="tone", candidate=shown, control=too),),
        tests=12,
        planned=10,
        candidate=fresh,
        control=control,
    )
    side = ObservedSide(
        state=replace(RECORDING, side=SideVariant(name=CONTROL, samples=control)),
        samples=tuple(sample(number + 1, usable=usable) for number in range(control)),
    )
    return ObservedTest(
        state=RECORDING,
        samples=tuple(sample(number + 1) for number in range(1 + fresh)),
        evidence=TestEvidence(
            test="t", baseline=Tally(passed=1, n=1), screen=Tally(passed=1, n=1), control=found
        ),
        sides=(side,) if control else (),
    )


@pytest.mark.parametrize(
    ("fresh", "shown", "numbers"),
    [
        (0, 0, [2, 3]),
        (1, 0, [3]),
        (2, 0, []),
        (2, 2, [4, 5]),
        (4, 3, [6]),
        (4, 4, [6]),
        (5, 5, []),
    ],
    ids=["first", "one without", "given up", "two with it", "one may fail", "the last one", "all"],
)
def test_the_candidate_is_asked_until_two_samples_give_all_events_up(fresh, shown, numbers):
    plans = plan_confirmation(controlled(fresh, shown)).own

    assert [plan.number for plan in plans] == numbers
    assert all(plan.confirms and plan.controls == 10 and plan.among == 12 for plan in plans)


def test_where_the_old_model_cannot_be_asked_a_short_baseline_asks_for_more_of_the_candidate():
    test = controlled(5, 5)
    baseline = Snapshot(test="t", cassette="", samples=(SampleSnapshot(),) * 5)
    control = replace(test.evidence.control, unasked="404")
    test = replace(
        test,
        state=replace(RECORDING, accepted=baseline),
        evidence=replace(test.evidence, control=control),
    )

    assert [plan.number for plan in plan_confirmation(test).own] == [7, 8, 9, 10, 11]


@pytest.mark.parametrize(
    ("control", "too", "samples"),
    [(0, 0, 1), (1, 0, 5), (1, 1, 4), (4, 2, 6), (8, 0, 10), (4, 4, None), (10, 3, None)],
)
def test_the_old_model_is_asked_until_four_samples_give_all_events_up(control, too, samples):
    sides = plan_control(controlled(5, 5, control, too)).sides

    assert [side.samples for side in sides] == ([] if samples is None else [samples])
    assert all(side.asks_old_model and side.name == CONTROL for side in sides)


@pytest.mark.parametrize(
    "test",
    [
        pytest.param(controlled(3, 1), id="the candidate does not show it again"),
        pytest.param(controlled(5, 5, 4, usable=False), id="it cannot be asked"),
        pytest.param(replace(controlled(5, 5), evidence=None), id="nothing was compared"),
        pytest.param(
            replace(controlled(5, 5), state=STATE),
            id="a replay, in which none is recorded",
        ),
    ],
)
def test_nobody_asks_the_old_model_in_vain(test):
    assert plan_control(test) == MoreSamples()
