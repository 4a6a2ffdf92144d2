"""Which fresh samples a candidate's first ones ask for, from values alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_llmregress.contracts.contract import Contract
from pytest_llmregress.pipeline.config import TestConfig
from pytest_llmregress.pipeline.identity import TestIdentity
from pytest_llmregress.pipeline.next_command import NextCommand
from pytest_llmregress.pipeline.plan import SamplePlan
from pytest_llmregress.pipeline.state import (
    ObservedSample,
    ObservedTest,
    SampleRecording,
    TestState,
)
from pytest_llmregress.recording.cassette_session import SampleMode
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.runner.drivers.confirmation import plan_confirmation
from pytest_llmregress.runner.drivers.driver import MoreSamples
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.evidence import ChangeEvidence, Tally, TestEvidence
from pytest_llmregress.values.matching import RequestMatcher
from pytest_llmregress.values.settings import Candidate, Settings

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
