"""Which cells of old and new prompt with old and new model are run, and what is said of them."""

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_llmregress.contracts.contract import Contract
from pytest_llmregress.pipeline.config import TestConfig, TestIdentity
from pytest_llmregress.pipeline.explain_grid import GridCell, explain_grid
from pytest_llmregress.pipeline.next_command import NextCommand
from pytest_llmregress.pipeline.plan import SamplePlan
from pytest_llmregress.pipeline.state import (
    ObservedSample,
    ObservedSide,
    ObservedTest,
    SampleRecording,
    TestState,
)
from pytest_llmregress.recording.cassette_session import SampleMode
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.runner.drivers.driver import MoreSamples
from pytest_llmregress.runner.drivers.grid import plan_grid
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.values.behavior import Change, Drift, Severity
from pytest_llmregress.values.cause import BeforeAfter, Cause, CauseKind, RequestPartChange
from pytest_llmregress.values.matching import RequestMatcher
from pytest_llmregress.values.settings import Candidate, RecordMode, Settings
from pytest_llmregress.values.snapshot import SampleSnapshot, Snapshot

TEST = "t.py::test_a"
ROOT = Path.cwd() / "nowhere"
SETTINGS = Settings(candidate=Candidate(name="new"), cross=True, record=RecordMode.ONCE, confirm=3)
STATE = TestState(
    identity=TestIdentity(node_id=TEST, path=ROOT / "t.py"),
    config=TestConfig(
        settings=SETTINGS, contract=Contract(), matching=RequestMatcher(), redactor=Redactor()
    ),
    paths=TestPaths(directory=ROOT / "__llm__" / "t", stem="a", variant="new"),
    commands=NextCommand(TEST, ROOT / "t.py", invoked_from=ROOT, settings=SETTINGS, in_ci=False),
    variant="new",
    accepted=Snapshot(test=TEST, cassette="", samples=(SampleSnapshot(),) * 5),
)
PROMPT = RequestPartChange(part="messages", what="message 1 (user): 'Hi' → 'Hello'")
CAUSE = Cause(
    kind=CauseKind.REQUEST,
    summary="several things changed",
    parts=(PROMPT,),
    requested=BeforeAfter(before=("old",), after=("new",)),
)
CHANGE = Change(trait="tone", severity=Severity.BREAKING, before="same", after="new")
DRIFT = Drift(baseline="old", candidate="new", changes=(CHANGE,), cause=CAUSE)
DRIFTED = ObservedTest(state=STATE, samples=(), drift=DRIFT)


def with_settings(test: ObservedTest, **changes: object) -> ObservedTest:
    settings = replace(test.settings, **changes)
    config = replace(test.state.config, settings=settings)
    return replace(test, state=replace(test.state, config=config))


def ran(cell: GridCell, *passed: bool, planned: int, not_kept: str = "") -> ObservedSide:
    """Return a cell whose samples have ended like that."""
    plans = tuple(SamplePlan(number=n + 1, mode=SampleMode.RECORD) for n in range(planned))
    (side,) = (each for each in plan_grid(DRIFTED).sides if each.name == cell)
    return ObservedSide(
        state=replace(STATE, side=side, variant=f"new.{cell}", plans=plans),
        samples=tuple(
            ObservedSample(recording=SampleRecording(plan=plan), own_passed=each)
            for plan, each in zip(plans, passed, strict=False)
        ),
        not_kept=not_kept,
    )


def test_a_drift_with_prompt_and_model_asks_for_both_cells_once():
    more = plan_grid(DRIFTED)

    assert [(s.name, s.asks_old_model, s.has_old_prompt, s.samples) for s in more.sides] == [
        ("old-model", True, False, 3),
        ("old-prompt", False, True, 3),
    ]
    sides = tuple(ran(cell, planned=3) for cell in GridCell)
    assert plan_grid(replace(DRIFTED, sides=sides)) == MoreSamples()


@pytest.mark.parametrize(
    "test",
    [
        pytest.param(with_settings(DRIFTED, cross=False), id="nobody asks for it"),
        pytest.param(with_settings(DRIFTED, record=RecordMode.NONE), id="nothing is recorded"),
        pytest.param(replace(DRIFTED, drift=None), id="no drift"),
        pytest.param(
            replace(DRIFTED, drift=replace(DRIFT, cause=replace(CAUSE, parts=()))),
            id="the same prompt",
        ),
        pytest.param(
            replace(DRIFTED, drift=replace(DRIFT, cause=replace(CAUSE, requested=BeforeAfter()))),
            id="the same model",
        ),
        pytest.param(
            replace(DRIFTED, state=replace(STATE, accepted=Snapshot(test=TEST, cassette=""))),
            id="too few accepted samples",
        ),
    ],
)
def test_no_other_test_asks_for_a_cell(test: ObservedTest):
    assert plan_grid(test) == MoreSamples()


def test_what_is_missing_of_a_grid_is_said_with_the_command_that_records_it():
    whole = ran(GridCell.OLD_MODEL, True, True, planned=2)
    short = ran(GridCell.OLD_PROMPT, True, planned=2)

    said = explain_grid(replace(DRIFTED, sides=(whole, short)))

    assert said.startswith("not whole: 1 of 2 samples of new.old-prompt; pytest ")
    assert said.endswith("--llmregress-cross")


def test_a_grid_that_could_not_be_written_shows_nothing():
    whole = ran(GridCell.OLD_MODEL, True, True, planned=2)
    broken = ran(GridCell.OLD_PROMPT, True, True, planned=2, not_kept="disk full")

    assert explain_grid(replace(DRIFTED, sides=(whole, broken))) == "not kept: disk full"
    assert explain_grid(DRIFTED) == ""
