"""The command `move`: a renamed test, class or test file takes all its recordings along."""

import json
import subprocess
import sys

import pytest

from pytest_llmregress.storage.cassette_file import read_cassette
from pytest_llmregress.storage.decisions import build_decision, note_rejection
from pytest_llmregress.storage.moving import list_files
from pytest_llmregress.storage.snapshot_file import read_snapshot
from pytest_llmregress.values.behavior import Severity

OLD, NEW = "tests/test_support.py::test_refund", "tests/test_support.py::test_money_back"
MODEL = "claude-opus-5-5"


def store(project, test):
    """Everything that there may be of a test."""
    paths = project.accepted(test)
    waits = project.candidate(test, MODEL, Severity.BREAKING)
    note_rejection(paths, read_snapshot(waits.pending_snapshot), build_decision("A", "no"))
    head = {"llmregress": 1, "kind": "journal", "test": test}
    paths.journal.write_text(json.dumps(head) + "\n")
    waits.part("judge").write_text(json.dumps(head) + "\n")
    return paths


def test_all_files_of_a_test_are_moved_and_say_its_new_name(project):
    old = store(project, OLD)
    endings = [path.name.removeprefix(old.stem) for path in list_files(old)]
    assert len(endings) == 7
    digest = read_cassette(old.cassette).digest
    run = project.run("move", OLD, NEW)

    new = project.paths(NEW)
    assert (run.status, run.err) == (0, [])
    assert run.out[0] == f"moved {OLD} to {NEW}"
    assert run.out[-1] == "1 test moved"
    assert list_files(old) == ()
    assert [path.name.removeprefix(new.stem) for path in list_files(new)] == endings
    assert read_cassette(new.cassette).digest == digest
    assert {json.dumps(NEW) in f.read_text() or NEW in f.read_text() for f in list_files(new)} == {
        True
    }
    assert not any(OLD in file.read_text() for file in list_files(new))
    assert project.run("status", "--json").status == 1  # the candidate still waits


def test_a_test_takes_its_parameters_and_a_class_its_tests_along(project):
    for test in (f"{OLD}[a]", f"{OLD}[b]", f"{OLD}_twice", "tests/test_support.py::TestA::test_x"):
        project.accepted(test)
    assert project.run("move", OLD, NEW).out[-1] == "2 tests moved"
    run = project.run("move", "tests/test_support.py::TestA", "tests/test_support.py::TestB")
    assert run.out[-1] == "1 test moved"
    for test in (f"{NEW}[a]", f"{NEW}[b]", f"{OLD}_twice", "tests/test_support.py::TestB::test_x"):
        assert read_cassette(project.paths(test).cassette).test == test


@pytest.mark.parametrize("target", ["unit/test_support.py", "tests/test_help.py"])
def test_a_moved_file_takes_all_its_tests_along_also_from_a_folder_below(
    project, target, monkeypatch
):
    tests = ["test_refund", "test_plan[x y]"]
    for test in tests:
        store(project, f"tests/test_support.py::{test}")
    (project.root / target).parent.mkdir(exist_ok=True)
    (project.root / "tests/test_support.py").rename(project.root / target)
    monkeypatch.chdir(project.root / "tests")
    run = project.run("move", "test_support.py", f"../{target}")
    assert (run.out[-1], run.err) == ("2 tests moved", [])
    for test in tests:
        moved = f"{target}::{test}"
        assert read_cassette(project.paths(moved, MODEL).cassette).test == moved
    assert not list((project.root / "tests/__llm__/test_support").iterdir())


def test_what_is_there_already_is_not_overwritten(project):
    old, new = project.accepted(OLD), project.accepted(NEW, served=MODEL)
    before = {path: path.read_bytes() for path in old.directory.iterdir()}
    run = project.run("move", OLD, NEW)
    assert run.status == 2
    assert "refund" in run.err[0]
    assert f"{new.cassette.name} is there already, and is another one" in run.err[0]
    assert {path: path.read_bytes() for path in old.directory.iterdir()} == before


@pytest.mark.parametrize(
    ("names", "fault"),
    [
        ((OLD, "tests/test_gone.py::test_x"), "there is no test file tests/test_gone.py"),
        ((OLD, "tests/test_support.py"), "two node ids are wanted, or two test files"),
        ((OLD, OLD), "both names are the same"),
        ((NEW, OLD), "nothing is recorded under this name"),
    ],
)
def test_names_that_cannot_be_are_told_and_nothing_moves(project, names, fault):
    paths = project.accepted(OLD)
    run = project.run("move", *names)
    assert run.status == 2
    assert fault in run.err[0]
    assert len(list_files(paths)) == 2


def test_a_damaged_file_is_named_and_nothing_moves(project):
    paths = store(project, OLD)
    paths.snapshot.write_text("<<<<<<< ours\n")
    before = {path: path.read_bytes() for path in list_files(paths)}
    run = project.run("move", OLD, NEW)
    assert run.status == 2
    assert "a merge conflict was left in it" in run.err[0]
    assert {path: path.read_bytes() for path in list_files(paths)} == before


def test_a_move_that_is_killed_is_finished_by_the_same_command(project):
    old = store(project, OLD)
    kill = (
        "import os, sys; from pathlib import Path; from pytest_llmregress.cli.main import main\n"
        "unlink, left = Path.unlink, [3]\n"
        "def counted(path, **options):\n"
        "    left[0] -= 1\n"
        "    return os._exit(9) if left[0] < 0 else unlink(path, **options)\n"
        "Path.unlink = counted\n"
        "main(sys.argv[1:])\n"
    )
    done = subprocess.run([sys.executable, "-c", kill, "move", OLD, NEW], check=False)
    assert done.returncode == 9
    assert len(list_files(old)) == 4
    assert len(list_files(project.paths(NEW))) == 4
    assert project.run("move", OLD, NEW).out[-1] == "1 test moved"
    assert list_files(old) == ()
    assert len(list_files(project.paths(NEW))) == 7
