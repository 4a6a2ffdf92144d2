"""One recording of a test at a time."""

import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from patience import PATIENCE
from pytest_llmregress.storage import recording_lock
from pytest_llmregress.storage.journal import Journal
from pytest_llmregress.storage.recording_lock import RecordingLockedError
from pytest_llmregress.values.http import Interaction, Request, Response

ANSWER = Interaction(
    request=Request(method="POST", url="https://a/v1/messages"), response=Response(status=200)
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of temporary files, for the locks of one test."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    monkeypatch.setenv("TMPDIR", str(place))  # for the processes that are started
    yield place
    recording_lock.release_all()


def locks(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def in_another_process(path: Path, *, dies: bool = False) -> str:
    """What somebody else is told who wants the same file; with `dies`, who then is killed."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_acquire, args=(path, theirs, dies), daemon=True)
    process.start()
    said = ours.recv()
    process.join(PATIENCE)
    return said


def _acquire(path: Path, pipe, dies: bool) -> None:
    try:
        recording_lock.acquire(path)
        said = "acquired"
    except RecordingLockedError as error:
        said = str(error)
    pipe.send(said)
    if dies:
        os._exit(9)
    recording_lock.release_all()


def test_another_process_is_told_who_records_and_what_to_do(tmp_path: Path, folder: Path):
    assert recording_lock.acquire(tmp_path / "a.part.jsonl")
    assert not recording_lock.acquire(tmp_path / "a.part.jsonl")  # this process has it already

    said = in_another_process(tmp_path / "a.part.jsonl")

    assert said.startswith(f"process {os.getpid()} is recording this test at the moment, ")
    assert said.endswith("let it finish, or end it, and run the same command again")
    assert in_another_process(tmp_path / "b.part.jsonl") == "acquired"
    recording_lock.release(tmp_path / "a.part.jsonl")
    assert in_another_process(tmp_path / "a.part.jsonl") == "acquired"
    assert locks(folder) == []


def test_a_process_that_was_killed_keeps_nobody_from_recording(tmp_path: Path, folder: Path):
    assert in_another_process(tmp_path / "a", dies=True) == "acquired"
    assert len(locks(folder)) == 1

    assert recording_lock.acquire(tmp_path / "a")
    recording_lock.release_all()

    assert locks(folder) == []


def test_a_lock_on_a_file_that_was_deleted_meanwhile_is_taken_again(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    """As another process does that lets go between our opening of the file and our lock on it."""
    system = pytest.importorskip("fcntl", reason="the system has no such locks")
    deleted: list[Path] = []

    def lockf(file, flags) -> None:
        for path in [] if deleted else locks(folder):
            path.unlink()
            deleted.append(path)
        system.lockf(file, flags)

    late = SimpleNamespace(LOCK_EX=system.LOCK_EX, LOCK_NB=system.LOCK_NB, lockf=lockf)
    monkeypatch.setattr(recording_lock, "_FCNTL", late)

    assert recording_lock.acquire(tmp_path / "a")

    assert locks(folder) == deleted != []
    assert deleted[0].read_text() == str(os.getpid())


def test_without_locks_of_the_system_what_is_left_behind_is_taken_over(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(recording_lock, "_FCNTL", None)

    assert recording_lock.acquire(tmp_path / "a")
    (left,) = locks(folder)
    recording_lock.release_all()
    left.write_text("4711")
    assert recording_lock.acquire(tmp_path / "a")

    assert left.read_text() == str(os.getpid())
    recording_lock.release_all()
    assert locks(folder) == []


def test_a_folder_of_locks_that_cannot_be_made_keeps_nobody_from_recording(
    tmp_path: Path, folder: Path
):
    folder.rmdir()
    folder.write_text("no folder")

    assert recording_lock.acquire(tmp_path / "a")


def test_a_journal_that_somebody_has_written_since_it_was_read_is_not_carried_on(tmp_path: Path):
    journal = Journal(tmp_path / "a.part.jsonl", test="t.py::test_a")
    assert journal.read() == {}
    Journal(tmp_path / "a.part.jsonl", test="t.py::test_a").append(ANSWER, sample=1)

    with pytest.raises(
        RecordingLockedError, match=r"recorded this test in the meantime; run the same"
    ):
        journal.check_place()

    assert journal.read() == {1: (ANSWER,)}
    journal.check_place()
    journal.remove()
    assert in_another_process(tmp_path / "a.part.jsonl") == "acquired"
