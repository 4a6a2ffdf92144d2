"""The command `prune`."""

import io
import json
import os
from pathlib import Path

import pytest

from pytest_llmregress.reports.reporters import JsonReporter
from pytest_llmregress.storage.cassette_file import write_cassette
from pytest_llmregress.values.behavior import Severity
from reports import record
from run_reports import report_of

REFUND = "tests/test_support.py::test_refund"
PLAN = "tests/test_support.py::test_plan"
CANDIDATE = "claude-opus-5-5"
FOLDER = "tests/__llm__/test_support"


def names() -> list[str]:
    return sorted(path.name for path in Path(FOLDER).iterdir())


def ids(*node_ids: str, end: str = "2 tests collected in 0.01s") -> str:
    Path("ids.txt").write_text("\n".join([*node_ids, "", end]) + "\n", encoding="utf-8")
    return "ids.txt"


def test_nothing_is_pruned_where_every_test_is_there(project):
    project.accepted(REFUND)
    project.candidate(REFUND, CANDIDATE, why=None)
    run = project.run("prune", "--ids", ids(REFUND))

    assert run.status == 0
    assert run.out == ["nothing to delete"]


def test_recordings_of_a_test_file_that_is_gone_are_listed_and_stay(project):
    project.accepted(REFUND)
    project.candidate(REFUND, CANDIDATE, why=None)
    Path("tests/test_support.py").unlink()
    run = project.run("prune")

    assert run.status == 1
    assert run.out == [
        f"{FOLDER}/refund.cassette.yaml                  the test file is gone",
        f"{FOLDER}/refund.snapshot.yaml                  the test file is gone",
        f"{FOLDER}/refund@claude-opus-5-5.cassette.yaml  the test file is gone",
        "3 of them not in version control: deleting these is final",
        "3 files (dry run: nothing was deleted). The same with --delete deletes them",
        (
            "tests that are gone from a file that is there: "
            "pytest --collect-only -q | pytest-llmregress prune --ids -"
        ),
    ]
    assert len(names()) == 3


def test_a_test_that_pytest_no_longer_collects_is_gone(project):
    project.accepted(REFUND)
    project.accepted(PLAN)
    listed = project.run("prune", "--ids", ids(PLAN))
    deleted = project.run("prune", "--ids", ids(PLAN), "--delete")

    assert listed.status == 1
    assert deleted.status == 0
    assert deleted.out[-1] == "2 files deleted"
    assert names() == ["plan.cassette.yaml", "plan.snapshot.yaml"]
    assert project.run("prune", "--ids", ids(PLAN)).out == ["nothing to delete"]


def test_what_pytest_collects_can_come_through_a_pipe(project, monkeypatch):
    project.accepted(REFUND)
    project.accepted(PLAN)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PLAN}\n\n1 test collected in 0.01s\n"))
    run = project.run("prune", "--ids", "-", "--json")

    assert json.loads("\n".join(run.out)) == {
        "deleted": False,
        "leftovers": [
            {
                "why": "no_test",
                "test": REFUND,
                "files": [f"{FOLDER}/refund.cassette.yaml", f"{FOLDER}/refund.snapshot.yaml"],
            }
        ],
        "kept": [],
    }


def test_ids_are_those_of_the_root_directory_also_from_a_folder_below(project, monkeypatch):
    project.accepted(REFUND)
    project.accepted(PLAN)
    listed = Path(ids(PLAN)).resolve()
    monkeypatch.chdir("tests")
    run = project.run("prune", "--ids", listed)

    assert [line.split()[0] for line in run.out[:2]] == [
        "__llm__/test_support/refund.cassette.yaml",
        "__llm__/test_support/refund.snapshot.yaml",
    ]


def test_a_file_of_which_nothing_was_collected_is_not_judged(project):
    project.accepted(REFUND)
    project.accepted("tests/test_other.py::test_a")
    run = project.run("prune", "--ids", ids("tests/test_other.py::test_a"))

    assert run.out == ["nothing to delete"]


@pytest.mark.parametrize(
    ("lines", "end", "what"),
    [
        (
            [PLAN],
            "1 test collected, 1 error in 0.2s\nInterrupted: 1 error during collection",
            "not",
        ),
        ([PLAN], "1/2 tests collected (1 deselected) in 0.01s", "not the whole suite"),
        ([], "no tests collected in 0.01s", "no test is in it"),
        (["elsewhere/test_x.py::test_a"], "1 test collected in 0.01s", "test files are not here"),
    ],
)
def test_a_list_that_is_not_the_whole_suite_deletes_nothing(project, lines, end, what):
    project.accepted(REFUND)
    project.accepted(PLAN)
    Path("tests/test_support.py").unlink()
    if lines == [PLAN]:
        Path("tests/test_support.py").touch()
    run = project.run("prune", "--ids", ids(*lines, end=end), "--delete")

    assert run.status == 2
    assert what in run.err[0]
    assert len(names()) == 4


def test_the_orphans_of_a_report_are_gone(project):
    project.accepted(REFUND)
    project.accepted(PLAN)
    report = report_of(record(PLAN), orphans=(f"{FOLDER}/refund.cassette.yaml",))
    Path("run.json").write_text("".join(JsonReporter().render(report)), encoding="utf-8")
    run = project.run("prune", "--from-report", "run.json", "--delete")

    assert run.status == 0
    assert names() == ["plan.cassette.yaml", "plan.snapshot.yaml"]


def test_a_report_that_cannot_be_read_deletes_nothing(project):
    project.accepted(REFUND)
    Path("tests/test_support.py").unlink()
    Path("run.json").write_text("{}", encoding="utf-8")
    run = project.run("prune", "--from-report", "run.json", "--delete")

    assert run.status == 2
    assert run.err[0].startswith("pytest-llmregress: run.json: it is no report of pytest-llm")
    assert len(names()) == 2


def test_a_candidate_whose_model_is_the_baseline_now_is_superseded(project):
    project.accepted(REFUND)
    project.candidate(REFUND, "claude-opus-5", why=None)
    project.candidate(REFUND, CANDIDATE, why=None)
    run = project.run("prune", "--delete")

    assert run.out[0].split("  ") == [
        f"{FOLDER}/refund@claude-opus-5.cassette.yaml",
        "its model is the baseline's now",
    ]
    assert names() == [
        "refund.cassette.yaml",
        "refund.snapshot.yaml",
        f"refund@{CANDIDATE}.cassette.yaml",
    ]


@pytest.mark.parametrize("side", ["control", "old-model"])
def test_what_the_old_model_was_asked_beside_a_candidate_goes_with_the_candidate_alone(
    project, side
):
    project.accepted(REFUND)
    project.candidate(REFUND, CANDIDATE, why=None)
    name = f"{CANDIDATE}.{side}"
    asked = project.cassette(REFUND, model="claude-opus-5", candidate=name, text="Sent!")
    write_cassette(project.paths(REFUND, name).cassette, asked)

    assert project.run("prune", "--delete").out[0] == "nothing to delete"

    Path(FOLDER, f"refund@{CANDIDATE}.cassette.yaml").unlink()
    project.run("prune", "--delete")

    assert names() == ["refund.cassette.yaml", "refund.snapshot.yaml"]


def test_what_was_recorded_beside_a_candidate_is_superseded_once_that_is_accepted(project):
    project.accepted(REFUND)
    project.candidate(REFUND, CANDIDATE)
    name = f"{CANDIDATE}.control"
    asked = project.cassette(REFUND, model="claude-opus-5", candidate=name, text="Sent!")
    write_cassette(project.paths(REFUND, name).cassette, asked)
    project.run("accept", "--all")
    project.run("prune", "--delete")

    assert names() == ["refund.cassette.yaml", "refund.snapshot.yaml"]


@pytest.mark.parametrize("model", ["claude-opus-5", CANDIDATE])
def test_what_waits_for_a_decision_stays_with_all_that_belongs_to_it(project, model):
    project.accepted(REFUND)
    project.candidate(REFUND, model, Severity.BREAKING)
    if model == CANDIDATE:
        Path("tests/test_support.py").unlink()
    before = names()
    run = project.run("prune", "--delete")

    assert names() == before
    assert run.status == 0
    assert run.out[0].startswith(f"kept: {REFUND}: ")
    assert "waits for a decision" in run.out[0]


@pytest.mark.parametrize(("seconds", "stale"), [(-3600, True), (3600, False)])
def test_a_part_file_is_stale_once_a_later_recording_is_there(project, seconds, stale):
    paths = project.accepted(REFUND)
    paths.journal.write_text("{}\n", encoding="utf-8")
    recorded = 1_767_323_045  # 2026-01-02T03:04:05Z
    os.utime(paths.journal, (recorded + seconds, recorded + seconds))
    run = project.run("prune", "--delete")

    assert paths.journal.exists() != stale
    assert ("carries on and pays for nothing twice" in run.out[0]) != stale


def test_what_remembers_rejections_goes_with_its_test(project):
    project.accepted(REFUND)
    project.accepted(PLAN)
    project.candidate(REFUND, CANDIDATE, Severity.BREAKING)
    project.run("reject", REFUND, "--reason", "it is rude")
    kept = project.run("prune", "--ids", ids(REFUND, PLAN))
    listed = project.run("prune", "--ids", ids(PLAN))

    assert kept.out == ["nothing to delete"]
    assert f"{FOLDER}/refund.rejected.yaml" in "\n".join(listed.out)
    assert "refund.rejected.yaml" in names()
    project.run("prune", "--ids", ids(PLAN), "--delete")
    assert names() == ["plan.cassette.yaml", "plan.snapshot.yaml"]


def test_what_remembers_rejections_is_a_leftover_by_itself_too(project):
    paths = project.accepted(REFUND)
    rejected = paths.directory / "refund.rejected.yaml"
    rejected.write_text("llmregress: 1\nkind: rejected\n")
    paths.cassette.unlink()
    paths.snapshot.unlink()
    kept = project.run("prune")
    Path("tests/test_support.py").unlink()
    run = project.run("prune", "--delete")

    assert kept.out[0] == "nothing to delete"
    assert run.out[0] == f"{FOLDER}/refund.rejected.yaml  the test file is gone"
    assert not rejected.exists()


def test_a_damaged_file_is_named_and_nothing_is_deleted(project):
    project.accepted(PLAN)
    project.candidate(PLAN, "claude-opus-5", why=None)
    project.accepted(REFUND).cassette.write_text("llmregress: 1\n<<<<<<< ours\n")
    before = names()
    run = project.run("prune", "--delete")

    assert run.status == 2
    assert "a merge conflict" in run.err[0]
    assert names() == before
