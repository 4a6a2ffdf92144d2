"""Two processes decide on the same tests: each test is decided on once, and both say the truth."""

import re
import subprocess
import sys

import pytest

from patience import PATIENCE
from pytest_llmregress.cli.carry_out import DecisionKind, carry_out
from pytest_llmregress.cli.decide import find_waiting
from pytest_llmregress.storage.decisions import build_decision
from pytest_llmregress.storage.pending import accept, waits
from pytest_llmregress.storage.snapshot_file import read_snapshot, write_snapshot

NEW = "claude-opus-5-5"
TESTS = [f"tests/test_support.py::test_{number}" for number in range(12)]
MAIN = "import sys; from pytest_llmregress.cli.main import main; sys.exit(main(sys.argv[1:]))"
SCRIPT = [sys.executable, "-c", MAIN]


@pytest.mark.parametrize("other", ["accept", "reject"])
@pytest.mark.parametrize("one", ["accept", "reject"])
def test_two_processes_decide_on_each_test_once(project, one, other):
    for test in TESTS:
        project.accepted(test)
        project.candidate(test, NEW)
    processes = [
        subprocess.Popen(
            [*SCRIPT, verb, "--all", "--reason", "together"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for verb in (one, other)
    ]
    outputs = [process.communicate(timeout=PATIENCE)[0] for process in processes]
    told = [re.findall(r"^(accepted|rejected) (\S+):", said, re.MULTILINE) for said in outputs]
    assert sorted(test for each in told for _, test in each) == sorted(TESTS), outputs
    assert [process.returncode for process in processes] == [0, 0], outputs
    for verb, test in (each for said in told for each in said):
        decided = read_snapshot(project.paths(test).snapshot).decision
        assert (decided is not None) is (verb == "accepted")
        assert not waits(project.paths(test, NEW))


def test_what_was_decided_on_since_it_was_looked_at_is_told_and_left_alone(project):
    baseline = project.accepted(TESTS[0])
    project.candidate(TESTS[0], NEW)
    (seen,), _ = find_waiting((), candidate=None)
    accept(seen.paths)
    before = {path: path.read_bytes() for path in baseline.directory.iterdir()}
    for kind in DecisionKind:
        done = carry_out(kind, seen, build_decision("A", ""))
        assert (done.is_late, done.faults) == (True, ())
        assert "another process has decided on it already; nothing was done" in done.lines[0]
    assert {path: path.read_bytes() for path in baseline.directory.iterdir()} == before


def test_what_was_recorded_anew_since_it_was_looked_at_is_refused(project):
    project.accepted(TESTS[0])
    paths = project.candidate(TESTS[0], NEW)
    (seen,), _ = find_waiting((), candidate=None)
    other = project.snapshot(project.cassette(TESTS[0], model=NEW, text="Another one"))
    write_snapshot(paths.pending_snapshot, other)
    (fault,) = carry_out(DecisionKind.ACCEPT, seen, build_decision("A", "")).faults
    assert "it changed since it was looked at; nothing was decided on it" in fault


def test_a_second_decision_on_a_test_is_told_with_status_one(project):
    project.accepted(TESTS[0])
    project.candidate(TESTS[0], NEW)
    assert project.run("accept", TESTS[0]).status == 0
    run = project.run("accept", TESTS[0])
    assert run.status == 1
    assert f"{TESTS[0]}: nothing is pending" in run.err[0]
