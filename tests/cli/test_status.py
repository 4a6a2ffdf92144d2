"""The command `status`."""

import json

import pytest

from pytest_llmregress.core.behavior import Severity
from pytest_llmregress.core.http import Interaction, Request, Response
from pytest_llmregress.core.snapshot import Waits

REFUND = "tests/test_support.py::test_refund"
PLAN = "tests/test_support.py::test_plan"
COUNT = Interaction(
    request=Request(method="POST", url="https://api.anthropic.com/v1/messages/count_tokens"),
    response=Response(status=200),
)


def test_a_folder_without_recordings_is_fine(project):
    run = project.run("status")

    assert run.status == 0
    assert run.out == ["no recordings below ."]


def test_accepted_tests_name_their_models_dates_and_calls(project):
    project.accepted(REFUND, COUNT)
    project.accepted(PLAN, served="claude-opus-5-20260101")
    run = project.run("status")

    assert run.status == 0
    assert run.err == []
    assert run.out == [
        (
            "test                                verified on                             "
            "recorded              anthropic  calls"
        ),
        (
            "tests/test_support.py::test_plan    claude-opus-5 → claude-opus-5-20260101  "
            "2026-01-02T03:04:05Z  2.12.0     1"
        ),
        (
            "tests/test_support.py::test_refund  claude-opus-5                           "
            "2026-01-02T03:04:05Z  2.12.0     1"
        ),
        "2 tests, nothing is pending",
    ]


def test_pending_candidates_are_told_with_their_severity(project):
    project.accepted(REFUND)
    project.candidate(REFUND, "claude-opus-5-5", Severity.BREAKING, Severity.NOTABLE)
    project.candidate(REFUND, "claude-haiku-5", why=None)
    run = project.run("status")

    assert run.status == 1
    assert [line.split() for line in run.out[2:4]] == [
        ["candidate", "claude-haiku-5", "2026-01-02T03:04:05Z", "2.12.0", "1"],
        ["candidate", "claude-opus-5-5", "2026-01-02T03:04:05Z", "2.12.0", "1"],
    ]
    assert run.out[4:] == [
        "  pending: claude-opus-5 → claude-opus-5-5 (drifted, 1 breaking, 1 notable)",
        "1 test, 1 pending. pytest-llmregress accept lists the commands",
    ]


def test_json_says_the_same_to_programs(project):
    project.accepted(REFUND)
    project.candidate(REFUND, "claude-opus-5-5", Severity.NOTABLE)
    run = project.run("status", "--json")

    assert run.status == 1
    assert json.loads("\n".join(run.out)) == {
        "tests": [
            {
                "test": REFUND,
                "requested_models": ["claude-opus-5"],
                "served_models": ["claude-opus-5"],
                "recorded_at": "2026-01-02T03:04:05Z",
                "versions": {
                    "anthropic": "2.12.0",
                    "pytest-llmregress": "0.1.0",
                    "vcrpy": "9.4.2",
                },
                "calls": 1,
                "noise": None,
                "candidates": ["claude-opus-5-5"],
                "recordings": [
                    {
                        "candidate": "claude-opus-5-5",
                        "requested_models": ["claude-opus-5-5"],
                        "served_models": ["claude-opus-5-5"],
                        "recorded_at": "2026-01-02T03:04:05Z",
                        "versions": {
                            "anthropic": "2.12.0",
                            "pytest-llmregress": "0.1.0",
                            "vcrpy": "9.4.2",
                        },
                        "calls": 1,
                    }
                ],
                "interrupted": [],
                "orphan": False,
                "pending": [
                    {
                        "candidate": "claude-opus-5-5",
                        "why": "drifted",
                        "severity": "notable",
                        "models": "claude-opus-5 → claude-opus-5-5",
                        "accept": f"pytest-llmregress accept {REFUND}",
                        "reject": f"pytest-llmregress reject {REFUND}",
                    }
                ],
            }
        ],
        "problems": [],
    }


def test_recordings_that_were_interrupted_are_told(project):
    project.accepted(REFUND).journal.write_text("{}\n")
    project.candidate(REFUND, "Claude Opus 6", why=None).journal.write_text("{}\n")
    project.paths(REFUND, "claude-haiku-5").journal.write_text("{}\n")
    run = project.run("status")

    assert run.status == 0
    assert run.out[3:] == [
        "  interrupted: the baseline; recording it again carries on",
        "  interrupted: claude-haiku-5; recording it again carries on",
        "  interrupted: Claude Opus 6; recording it again carries on",
        "1 test, nothing is pending",
    ]


@pytest.mark.parametrize("file", ["cassette", "snapshot", "pending_snapshot"])
def test_a_damaged_file_is_named_once_and_the_others_are_still_shown(project, file):
    project.accepted(PLAN)
    baseline = project.accepted(REFUND)
    candidate = project.candidate(REFUND, "claude-opus-5-5")
    path = getattr(candidate if file == "pending_snapshot" else baseline, file)
    path.write_text("llmregress: 1\n<<<<<<< ours\n")
    run = project.run("status")

    assert run.status == 2
    assert len(run.err) == 1
    assert run.err[0].startswith(
        f"pytest-llmregress: {path.relative_to(project.root).as_posix()}:2: a merge conflict "
    )
    assert any(line.startswith(PLAN) for line in run.out)


def test_an_edited_recording_is_found_below_its_header(project):
    path = project.accepted(REFUND).cassette
    path.write_text(path.read_text().replace("On its way", "Never sent"))
    run = project.run("status")

    assert run.status == 2
    assert "the file was edited or cut off" in run.err[0]


def test_a_snapshot_without_its_recording_is_named(project):
    project.accepted(REFUND).cassette.unlink()
    run = project.run("status")

    assert run.status == 2
    assert run.err == [
        (
            "pytest-llmregress: tests/__llm__/test_support/refund.snapshot.yaml: the recording "
            "that it was taken from is gone; restore it from version control, record it again, or "
            f"delete this file. pytest {REFUND} --llmregress-record once"
        )
    ]


def test_a_test_of_which_nothing_is_accepted_says_so(project):
    project.candidate(REFUND, "claude-opus-5-5", why=Waits.FAILED)
    run = project.run("status")

    assert run.status == 1
    assert run.out[1].split() == [REFUND, "nothing", "accepted", "-", "-", "-"]
    assert run.out[3] == "  pending: claude-opus-5 → claude-opus-5-5 (the test failed on it)"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("tests", [PLAN, REFUND]),
        ("tests/test_support.py", [PLAN, REFUND]),
        ("tests/__llm__/test_support", [PLAN, REFUND]),
        ("tests/__llm__/test_support/plan.cassette.yaml", [PLAN]),
        ("tests/test_other.py", ["tests/test_other.py::test_a"]),
    ],
)
def test_a_path_limits_what_is_shown(project, path, shown):
    project.accepted(PLAN)
    project.accepted(REFUND)
    if path == "tests/test_other.py":
        project.accepted("tests/test_other.py::test_a")
    run = project.run("status", path, "--json")

    assert [test["test"] for test in json.loads("\n".join(run.out))["tests"]] == shown


def test_paths_that_lead_nowhere_are_all_named(project):
    project.accepted(PLAN)
    run = project.run("status", "nope", "tests", "neither")

    assert run.status == 2
    assert run.err == [
        "pytest-llmregress: nope: there is no such file or folder",
        "pytest-llmregress: neither: there is no such file or folder",
    ]
    assert run.out[-1] == "1 test, nothing is pending"
