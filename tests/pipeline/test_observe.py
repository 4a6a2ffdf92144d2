"""What the samples of a test come to together."""

from dataclasses import replace
from pathlib import Path

from pytest_llmregress.contracts.contract import Contract
from pytest_llmregress.gateway.child_environment import ChildEnvironment
from pytest_llmregress.gateway.server import Gateway
from pytest_llmregress.pipeline.config import TestConfig, TestIdentity
from pytest_llmregress.pipeline.extract import AcceptedRecording
from pytest_llmregress.pipeline.next_command import NextCommand
from pytest_llmregress.pipeline.observe import TestObserver
from pytest_llmregress.pipeline.plan import SamplePlan, SideVariant
from pytest_llmregress.pipeline.session_context import Plugins, SessionContext
from pytest_llmregress.pipeline.spend_tracker import SpendTracker
from pytest_llmregress.pipeline.state import (
    ObservedSample,
    ObservedSide,
    SampleRecording,
    TestState,
)
from pytest_llmregress.recording.cassette_session import SampleMode
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.values.behavior import Change, Severity
from pytest_llmregress.values.matching import RequestMatcher
from pytest_llmregress.values.run_report import Problem
from pytest_llmregress.values.settings import Candidate, Settings
from pytest_llmregress.values.snapshot import SampleSnapshot, Snapshot

TEST = "t.py::test_a"
ROOT = Path.cwd()
SETTINGS = Settings(candidate=Candidate(name="new"))
CHANGE = Change(trait="tone", severity=Severity.BREAKING, before="same", after="new")


def no_price(_: object) -> None:
    """Know no price."""


PLUGINS = Plugins(
    extract_traits=lambda _: (),
    others_with_traits=(),
    classify=lambda *_: None,
    price=no_price,
    faults=[],
)
CONTEXT = SessionContext(
    root=ROOT,
    invoked_from=ROOT,
    sources=(),
    settings=SETTINGS,
    plugins=PLUGINS,
    broken_hooks=(),
    providers=(),
    redactor=Redactor(),
    versions={},
    in_ci=False,
    started="2026-11-30T09:00:00Z",
    gateway=Gateway(environment=ChildEnvironment(), is_open=False, locate=lambda: None),
    spending=SpendTracker(providers=(), price=no_price),
)
STATE = TestState(
    identity=TestIdentity(node_id=TEST, path=ROOT / "t.py"),
    config=TestConfig(
        settings=SETTINGS, contract=Contract(), matching=RequestMatcher(), redactor=Redactor()
    ),
    paths=TestPaths(directory=ROOT / "nowhere", stem="a", variant="new"),
    commands=NextCommand(TEST, ROOT / "t.py", invoked_from=ROOT, settings=SETTINGS, in_ci=False),
    variant="new",
    accepted=Snapshot(test=TEST, cassette="", samples=(SampleSnapshot(),)),
)


def observer() -> TestObserver:
    return TestObserver(AcceptedRecording(STATE, CONTEXT), CONTEXT)


def sample(number: int, *changes: Change, unasked: Problem | None = None) -> ObservedSample:
    return ObservedSample(
        recording=SampleRecording(plan=SamplePlan(number=number, mode=SampleMode.RECORD)),
        compared=True,
        changes=changes,
        unasked=unasked,
    )


def test_a_sample_that_did_not_ask_the_candidate_leaves_nothing_of_its_test_to_compare():
    wrong = Problem(code="not_rewritten", message="asked for old")

    test = observer().observe(STATE, [sample(1, CHANGE), sample(2, unasked=wrong)])

    assert not test.is_compared
    assert (test.drift, test.evidence) == (None, None)


def test_a_drift_is_that_of_the_samples_as_they_are_now():
    seen = observer()

    first = seen.observe(STATE, [sample(1, CHANGE)])
    then = seen.observe(STATE, [sample(1)])

    assert first.drift is not None
    assert first.drift.changes == (CHANGE,)
    assert then.drift is not None
    assert then.drift.changes == ()


def test_what_runs_beside_a_test_is_found_by_its_name_and_changes_no_count():
    beside = replace(STATE, side=SideVariant(name="control", samples=5), variant="new.control")
    sides = [ObservedSide(state=beside, samples=(sample(1, CHANGE),))]

    test = observer().observe(STATE, [sample(1)], sides)

    assert test.find_side("control") is test.sides[0]
    assert test.find_side("old-model") is None
    assert test.evidence is not None
    assert test.evidence.screen.n == 1
