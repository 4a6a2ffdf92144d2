"""What is pending: found, accepted, rejected, and finished after a crash."""

from dataclasses import replace

import pytest

from pytest_llmregress.storage.cassette_file import (
    digest_of,
    read_cassette,
    write_cassette,
)
from pytest_llmregress.storage.errors import NotAcceptableError, UnreadableFileError
from pytest_llmregress.storage.file_paths import build_test_paths
from pytest_llmregress.storage.pending import accept, find_stored_tests, reject
from pytest_llmregress.storage.snapshot_file import read_snapshot, write_snapshot
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.http import Interaction, Request, Response
from pytest_llmregress.values.snapshot import PendingReason, PendingState, SampleSnapshot, Snapshot

TEST = "tests/test_support.py::test_refund"
OLD, NEW, THIRD = b'"old"', b'"new"', b'"third"'


def cassette(reply, candidate=None, test=TEST):
    exchange = Interaction(
        request=Request(method="POST", url="https://x/v1/messages"),
        response=Response(status=200, body=reply),
    )
    return Cassette(test=test, candidate=candidate, interactions=(exchange,))


def snapshot(reply, *, waits=None, candidate=None, test=TEST):
    return Snapshot(
        test=test,
        cassette=digest_of(cassette(reply)),
        samples=(SampleSnapshot(values={"reply": reply.decode()}),),
        pending=waits and PendingState(why=waits, candidate=candidate, baseline="claude-opus-5"),
    )


@pytest.fixture
def baseline(tmp_path):
    paths = build_test_paths(tmp_path / "test_support.py", TEST, None)
    write_cassette(paths.cassette, cassette(OLD))
    write_snapshot(paths.snapshot, snapshot(OLD))
    return paths


@pytest.fixture
def candidate(baseline, tmp_path):
    paths = build_test_paths(tmp_path / "test_support.py", TEST, "m-2")
    write_cassette(paths.cassette, cassette(NEW, "m-2"))
    write_snapshot(
        paths.pending_snapshot, snapshot(NEW, waits=PendingReason.DRIFTED, candidate="m-2")
    )
    return paths


@pytest.fixture
def rerecorded(baseline):
    write_cassette(baseline.pending_cassette, cassette(NEW))
    write_snapshot(baseline.pending_snapshot, snapshot(NEW, waits=PendingReason.DRIFTED))
    return baseline


def state(paths):
    """What is in the folder: of each file the reply that it is about."""
    found = {}
    for path in sorted(paths.directory.iterdir()):
        if ".cassette." in path.name:
            found[path.name] = read_cassette(path).interactions[0].response.body
        else:
            found[path.name] = read_snapshot(path).samples[0].values["reply"].encode()
    return found


ACCEPTED_OLD = {"refund.cassette.yaml": OLD, "refund.snapshot.yaml": OLD}
ACCEPTED_NEW = {"refund.cassette.yaml": NEW, "refund.snapshot.yaml": NEW}


def test_accepting_a_new_recording_replaces_the_baseline(rerecorded):
    written = accept(rerecorded)

    assert written == (rerecorded.cassette, rerecorded.snapshot)
    assert state(rerecorded) == ACCEPTED_NEW
    assert read_snapshot(rerecorded.snapshot) == snapshot(NEW)


def test_accepting_a_candidate_makes_its_recording_the_baseline(candidate):
    written = accept(candidate)

    assert written == (candidate.of_baseline().cassette, candidate.snapshot)
    assert state(candidate) == ACCEPTED_NEW
    assert read_cassette(candidate.of_baseline().cassette).candidate is None
    assert read_snapshot(candidate.snapshot).pending is None


def test_a_pending_recording_of_a_candidate_goes_first(candidate):
    write_cassette(candidate.pending_cassette, cassette(THIRD, "m-2"))
    write_snapshot(candidate.pending_snapshot, snapshot(THIRD, waits=PendingReason.FAILED))

    accept(candidate)

    assert state(candidate) == {
        "refund.cassette.yaml": THIRD,
        "refund.snapshot.yaml": THIRD,
        "refund@m-2.cassette.yaml": NEW,
    }


def test_a_pending_recording_that_the_snapshot_is_not_of_stays(candidate):
    write_cassette(candidate.pending_cassette, cassette(THIRD, "m-2"))

    accept(candidate)

    assert state(candidate) == ACCEPTED_NEW | {"refund@m-2.cassette.new.yaml": THIRD}


def test_accepting_what_the_tests_own_code_changed_leaves_the_recording_alone(baseline):
    changed = replace(
        snapshot(OLD, waits=PendingReason.CHANGED),
        samples=(SampleSnapshot(values={"reply": '"other"'}),),
    )
    write_snapshot(baseline.pending_snapshot, changed)
    before = baseline.cassette.read_bytes()

    written = accept(baseline)

    assert written == (baseline.snapshot,)
    assert baseline.cassette.read_bytes() == before
    assert read_snapshot(baseline.snapshot) == replace(changed, pending=None)
    assert not baseline.pending_snapshot.exists()


def test_a_recording_that_waits_alone_is_accepted_alone(baseline):
    write_cassette(baseline.pending_cassette, cassette(NEW))

    written = accept(baseline)

    assert written == (baseline.cassette,)
    assert state(baseline) == {"refund.cassette.yaml": NEW, "refund.snapshot.yaml": OLD}


def test_a_first_recording_that_waits_is_accepted(tmp_path):
    paths = build_test_paths(tmp_path / "test_support.py", TEST, None)
    write_cassette(paths.pending_cassette, cassette(NEW))
    write_snapshot(paths.pending_snapshot, snapshot(NEW, waits=PendingReason.FAILED))

    accept(paths)

    assert state(paths) == ACCEPTED_NEW


def test_where_nothing_is_pending_nothing_happens(baseline):
    assert accept(baseline) == ()
    assert reject(baseline) == ()
    assert state(baseline) == ACCEPTED_OLD


def test_a_crash_between_recording_and_snapshot_is_finished_by_accepting_again(rerecorded):
    rerecorded.pending_cassette.replace(rerecorded.cassette)

    written = accept(rerecorded)

    assert written == (rerecorded.snapshot,)
    assert state(rerecorded) == ACCEPTED_NEW


def test_a_crash_after_a_candidates_recording_was_moved_is_finished(candidate):
    candidate.cassette.replace(candidate.of_baseline().cassette)

    accept(candidate)

    assert state(candidate) == ACCEPTED_NEW
    assert read_cassette(candidate.of_baseline().cassette).candidate is None


@pytest.mark.parametrize("done", range(4))
@pytest.mark.parametrize("kind", ["rerecorded", "candidate"])
def test_a_crash_after_any_step_is_finished_by_accepting_again(request, kind, done):
    paths = request.getfixturevalue(kind)
    target = paths.of_baseline()
    source = paths.pending_cassette if kind == "rerecorded" else paths.cassette
    steps = [
        lambda: write_cassette(target.cassette, cassette(NEW)),
        lambda: write_snapshot(target.snapshot, snapshot(NEW)),
        source.unlink,
    ]
    for step in steps[:done]:
        step()

    accept(paths)

    assert state(paths) == ACCEPTED_NEW


def test_a_snapshot_whose_recording_is_gone_is_not_accepted(candidate):
    candidate.cassette.unlink()
    before = state(candidate)

    with pytest.raises(NotAcceptableError) as caught:
        accept(candidate)

    assert str(caught.value) == (
        f"{candidate.pending_snapshot}: it was taken from a recording that is not here "
        f"({digest_of(cassette(NEW))[:15]}…); a snapshot is accepted together with its recording. "
        f"Reject it, and record again: pytest {TEST} --llmregress-candidate m-2 "
        "--llmregress-record once"
    )
    assert state(candidate) == before


@pytest.mark.parametrize(
    "name",
    [
        "refund.cassette.yaml",
        "refund.snapshot.yaml",
        "refund.cassette.new.yaml",
        "refund.snapshot.new.yaml",
    ],
)
def test_accepting_neither_uses_nor_overwrites_a_damaged_file(rerecorded, name):
    path = rerecorded.directory / name
    path.write_bytes(path.read_bytes() + b"<<<<<<< HEAD\n")
    before = {each: each.read_bytes() for each in rerecorded.directory.iterdir()}

    with pytest.raises(UnreadableFileError, match="a merge conflict was left in it"):
        accept(rerecorded)

    assert {each: each.read_bytes() for each in rerecorded.directory.iterdir()} == before


def test_rejecting_deletes_what_is_pending_alone(rerecorded):
    deleted = reject(rerecorded)

    assert deleted == (rerecorded.pending_cassette, rerecorded.pending_snapshot)
    assert state(rerecorded) == ACCEPTED_OLD


def test_rejecting_a_candidate_keeps_its_recording_and_other_pending_files(candidate, rerecorded):
    write_cassette(candidate.pending_cassette, cassette(THIRD, "m-2"))

    deleted = reject(candidate)

    assert deleted == (candidate.pending_cassette, candidate.pending_snapshot)
    assert state(candidate) == ACCEPTED_OLD | {
        "refund.cassette.new.yaml": NEW,
        "refund.snapshot.new.yaml": NEW,
        "refund@m-2.cassette.yaml": NEW,
    }


def test_a_damaged_pending_file_can_be_rejected(rerecorded):
    rerecorded.pending_snapshot.write_bytes(b"\xff")

    reject(rerecorded)

    assert state(rerecorded) == ACCEPTED_OLD


def test_all_tests_below_a_folder_are_found(tmp_path, candidate, rerecorded):
    other = build_test_paths(tmp_path / "deep" / "test_a.py", "deep/test_a.py::test_b[X]", None)
    write_cassette(other.cassette, cassette(OLD, test="deep/test_a.py::test_b[X]"))
    slashed = build_test_paths(tmp_path / "test_support.py", TEST, "vendor/m")
    write_cassette(slashed.cassette, cassette(THIRD, "vendor/m"))

    found = find_stored_tests(tmp_path)

    assert found.problems == ()
    assert [each.test for each in found.tests] == ["deep/test_a.py::test_b[X]", TEST]
    first, second = found.tests
    assert first.paths == other
    assert (first.cassette, first.snapshot) == (True, False)
    assert (first.candidates, first.pending) == ((), ())
    assert second.paths == rerecorded
    assert (second.cassette, second.snapshot) == (True, True)
    assert second.candidates == ("m-2", "vendor/m")
    assert second.pending == (rerecorded, candidate)


@pytest.mark.parametrize("part", ["", "__llm__", "__llm__/test_support"])
def test_a_search_may_start_at_any_height(tmp_path, baseline, part):
    assert [each.test for each in find_stored_tests(tmp_path / part).tests] == [TEST]


@pytest.mark.parametrize("folder", [".git", ".tox", "node_modules", "env", "__pycache__"])
def test_folders_that_hold_other_peoples_files_are_skipped(tmp_path, folder):
    paths = build_test_paths(tmp_path / folder / "lib" / "test_support.py", TEST, None)
    write_cassette(paths.cassette, cassette(OLD))
    if folder == "env":
        (tmp_path / "env" / "pyvenv.cfg").write_text("")

    assert find_stored_tests(tmp_path).tests == ()


def test_files_that_cannot_be_read_are_problems_and_the_others_are_found(tmp_path, baseline):
    baseline.snapshot.write_text("llmregress: 9\n")
    alone = build_test_paths(tmp_path / "test_other.py", "test_other.py::test_x", None)
    alone.cassette.parent.mkdir()
    alone.cassette.write_text("")

    found = find_stored_tests(tmp_path)

    assert [(problem.path, problem.fault) for problem in found.problems] == [
        (alone.cassette, "it is empty"),
        (baseline.snapshot, "it was written by a newer pytest-llmregress (format 9)"),
    ]
    assert [(each.test, each.snapshot) for each in found.tests] == [(TEST, True)]


def test_other_files_are_left_alone(tmp_path, baseline):
    (baseline.directory / "README.md").write_text("x")
    (baseline.directory / ".refund.cassette.yaml.0a1b.tmp").write_text("half")

    found = find_stored_tests(tmp_path)

    assert len(found.tests) == 1
    assert found.problems == ()
