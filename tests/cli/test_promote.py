"""An upgrade in one command: what was decided on and what shows no difference, together."""

from dataclasses import replace

import pytest

from pytest_llmregress.storage.cassette_file import read_cassette, write_cassette
from pytest_llmregress.storage.decisions import build_decision, note_rejection
from pytest_llmregress.storage.snapshot_file import read_snapshot, write_snapshot
from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.cassette import SampleHeader

SAME, DRIFTED, LEFT = (f"tests/test_support.py::test_{name}" for name in ("same", "drift", "left"))
OLD, NEW = "claude-opus-5", "claude-opus-5-5"
UPGRADE = ("accept", "--candidate", NEW, "--all")


def same(project, test, text="On its way."):
    """A recording of the candidate of which nothing waits."""
    project.accepted(test)
    paths = project.paths(test, NEW)
    cassette = project.cassette(test, model=NEW, candidate=NEW, text=text)
    write_cassette(paths.cassette, cassette)
    return paths


@pytest.fixture
def upgrade(project):
    same(project, SAME)
    project.accepted(DRIFTED)
    project.candidate(DRIFTED, NEW, Severity.BREAKING)
    project.accepted(LEFT)
    return project


def models(project, test):
    paths = project.paths(test)
    snapshot, cassette = read_snapshot(paths.snapshot), read_cassette(paths.cassette)
    assert snapshot.cassette == cassette.digest
    assert snapshot.requested_models == cassette.requested_models
    assert cassette.candidate is None
    assert snapshot.pending is None
    return cassette.requested_models


@pytest.mark.parametrize("named", [True, False])
def test_what_was_decided_and_what_shows_no_difference_become_the_baseline(upgrade, named):
    command = UPGRADE if named else ("accept", "--all")
    run = upgrade.run(*command, "--reason", "cheaper")
    assert (run.status, run.err) == (0, [])
    assert [models(upgrade, test) for test in (SAME, DRIFTED, LEFT)] == [(NEW,), (NEW,), (OLD,)]
    assert f"accepted {SAME}: {OLD} → {NEW}, no difference" in run.out
    assert run.out[-3:] == [
        f"next: ask for {NEW} in your code, where it asks for {OLD}",
        f"not on {NEW} yet, with no recording: 1 test ({LEFT})",
        f"  pytest {LEFT} --llmregress-record once --llmregress-candidate {NEW}",
    ]
    snapshot = read_snapshot(upgrade.paths(SAME).snapshot)
    assert snapshot.decision is not None
    assert snapshot.decision.reason == "cheaper"
    assert [trait.name for trait in snapshot.samples[0].behavior.traits]
    assert not upgrade.paths(SAME, NEW).cassette.exists()


def test_nothing_is_accepted_while_something_waits_and_no_reason_is_given(upgrade):
    run = upgrade.run(*UPGRADE)
    assert run.status == 1
    assert run.out == [f"{DRIFTED}: drifted, 1 breaking"]
    assert "1 test not decided on, and nothing was accepted" in run.err[0]
    assert f"pytest-llmregress review --candidate {NEW}" in run.err[0]
    assert models(upgrade, SAME) == (OLD,)
    upgrade.run("reject", DRIFTED)
    assert upgrade.run(*UPGRADE).status == 0
    assert [models(upgrade, test) for test in (SAME, DRIFTED)] == [(NEW,), (OLD,)]


def test_what_a_run_has_to_weigh_or_was_rejected_stays_and_is_named(project):
    same(project, LEFT, text="I'm sorry, but I can't help with that.")
    values = project.paths(SAME).of_baseline().snapshot
    same(project, SAME)
    old = read_snapshot(values)
    write_snapshot(values, replace(old, samples=(replace(old.samples[0], values={"x": 1}),)))
    rejected = same(project, DRIFTED)
    snapshot = project.snapshot(read_cassette(rejected.cassette))
    note_rejection(rejected, snapshot, build_decision("A", "no"))
    run = project.run(*UPGRADE)
    assert run.status == 1
    assert [line for line in run.out if line.startswith("not on")] == [
        f"not on {NEW} yet, with values that a run has to read: 1 test ({SAME})",
        f"not on {NEW} yet, with a difference that a run has to weigh: 1 test ({LEFT})",
        f"not on {NEW} yet, with a rejection: 1 test ({DRIFTED})",
    ]
    assert f"  pytest {SAME} --llmregress-candidate {NEW} --llmregress-accept" in run.out
    assert {models(project, test) for test in (SAME, DRIFTED, LEFT)} == {(OLD,)}


def test_samples_come_along_and_fewer_than_before_are_told(project):
    paths = same(project, SAME)
    one = read_cassette(paths.cassette)
    header = SampleHeader(calls=1, passed=True, session="2026-01-02T03:04:05Z")
    two = replace(one, interactions=one.interactions * 2, samples=(header, header))
    write_cassette(paths.cassette, two)
    old = read_snapshot(paths.snapshot)
    write_snapshot(paths.snapshot, replace(old, samples=old.samples * 3))
    run = project.run(*UPGRADE)
    assert len(read_snapshot(paths.snapshot).samples) == 2
    assert run.out[-2:] == [
        f"fewer samples than before: 1 test ({SAME}); once the code asks for {NEW}",
        f"  pytest {SAME} --llmregress-record once --llmregress-samples 3",
    ]


def test_a_candidate_that_nobody_recorded_is_a_typing_error(upgrade):
    run = upgrade.run("accept", "--candidate", "claude-typo", "--all")
    assert run.status == 2
    assert "claude-typo: no recording of it is below this folder" in run.err[0]
