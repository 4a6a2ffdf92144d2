"""The command `status`."""

import importlib.metadata
import json
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from pytest_llmregress.storage.cassette_file import digest_of, read_cassette, write_cassette
from pytest_llmregress.storage.snapshot_file import read_snapshot, write_snapshot
from pytest_llmregress.values.behavior import TRAITS, Severity
from pytest_llmregress.values.cassette import SampleHeader
from pytest_llmregress.values.http import Interaction, Request, Response
from pytest_llmregress.values.snapshot import PendingReason

REFUND = "tests/test_support.py::test_refund"
PLAN = "tests/test_support.py::test_plan"
FOLDER = "tests/__llm__/test_support"
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
            "recorded              SDK               calls"
        ),
        (
            "tests/test_support.py::test_plan    claude-opus-5 → claude-opus-5-20260101  "
            "2026-01-02T03:04:05Z  anthropic 2.12.0  1"
        ),
        (
            "tests/test_support.py::test_refund  claude-opus-5                           "
            "2026-01-02T03:04:05Z  anthropic 2.12.0  1"
        ),
        "2 tests, 0 pending",
    ]


def test_what_the_old_model_was_asked_beside_a_candidate_is_no_candidate(project):
    project.accepted(REFUND)
    project.candidate(REFUND, "claude-opus-5-5", why=None)
    project.candidate(REFUND, "claude-opus-5-5.control", why=None)

    rows = [line.split()[:2] for line in project.run("status").out[2:4]]

    assert rows == [["candidate", "claude-opus-5-5"], ["beside", "it"]]


def test_pending_candidates_are_told_with_their_severity(project):
    project.accepted(REFUND)
    project.candidate(REFUND, "claude-opus-5-5", Severity.BREAKING, Severity.NOTABLE)
    project.candidate(REFUND, "claude-haiku-5", why=None)
    run = project.run("status")

    assert run.status == 1
    assert [line.split() for line in run.out[2:4]] == [
        ["candidate", "claude-haiku-5", "2026-01-02T03:04:05Z", "anthropic", "2.12.0", "1"],
        ["candidate", "claude-opus-5-5", "2026-01-02T03:04:05Z", "anthropic", "2.12.0", "1"],
    ]
    assert run.out[4:] == [
        "  pending: claude-opus-5 → claude-opus-5-5 (drifted, 1 breaking, 1 notable)",
        "1 test, 1 pending. pytest-llmregress accept lists the commands",
    ]


def test_what_was_held_against_another_baseline_is_told_as_outdated(project):
    project.accepted(REFUND)
    project.candidate(REFUND, "claude-opus-5-5", Severity.BREAKING)
    project.candidate(REFUND, "claude-haiku-5", Severity.NOTABLE)
    before = project.run("status").out

    project.run("accept", REFUND, "--candidate", "claude-haiku-5")

    anew = f"    anew: pytest {REFUND} --llmregress-candidate claude-opus-5-5"
    outdated = "drifted, 1 breaking; outdated: another baseline was accepted since"
    after = project.run("status").out
    assert not any("outdated" in line for line in before)
    assert [line for line in after if "outdated" in line] == [
        f"  pending: claude-opus-5 → claude-opus-5-5 ({outdated})"
    ]
    assert anew in after
    (found,) = json_of(project)["tests"]
    assert [each["outdated"] for each in found["pending"]] == [
        "another baseline was accepted since"
    ]


@pytest.mark.parametrize(
    ("against", "version", "told"),
    [
        ("", None, ""),
        ("as accepted", TRAITS, ""),
        ("as accepted", TRAITS - 1, "an older version has compared it"),
        ("sha256:other", TRAITS, "another baseline was accepted since"),
    ],
)
def test_a_pending_snapshot_says_what_it_was_held_against(project, against, version, told):
    paths = project.accepted(REFUND)
    waiting = project.candidate(REFUND, "claude-opus-5-5", Severity.BREAKING)
    snapshot = read_snapshot(waiting.pending_snapshot)
    digest = read_snapshot(paths.snapshot).cassette if against == "as accepted" else against
    extractors = () if version is None else (f"pytest-llmregress={version}",)
    pending = replace(snapshot.pending, against=digest)
    write_snapshot(
        waiting.pending_snapshot, replace(snapshot, pending=pending, extractors=extractors)
    )

    (found,) = json_of(project)["tests"][0]["pending"]

    assert found.get("outdated", "") == told


def test_the_noise_of_a_baseline_is_what_the_traits_of_today_say(project):
    paths = project.accepted(REFUND)
    texts = ("On its way.", "Where is it?")
    cassette = replace(
        read_cassette(paths.cassette),
        interactions=tuple(project.cassette(REFUND, text=each).interactions[0] for each in texts),
        samples=(SampleHeader(calls=1), SampleHeader(calls=1)),
    )
    known = read_snapshot(paths.snapshot)
    samples = known.samples * 2  # an older version knew no trait but the outcome
    write_cassette(paths.cassette, cassette)
    write_snapshot(
        paths.snapshot,
        replace(
            known,
            cassette=digest_of(cassette),
            samples=samples,
            extractors=("pytest-llmregress=1",),
        ),
    )

    (found,) = json_of(project)["tests"]

    assert found["noise"]["agreement_of_text"] == 0.0


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
                "samples": 1,
                "retiring": [],
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
                        "samples": 1,
                    }
                ],
                "interrupted": [],
                "orphan": False,
                "bare": False,
                "pending": [
                    {
                        "candidate": "claude-opus-5-5",
                        "why": "drifted",
                        "severity": "notable",
                        "models": "claude-opus-5 → claude-opus-5-5",
                        "changes": [
                            {
                                "trait": "trait.0",
                                "severity": "notable",
                                "before": "a",
                                "after": "b",
                                "detail": "",
                            }
                        ],
                        "snapshot": f"{FOLDER}/refund@claude-opus-5-5.snapshot.new.yaml",
                        "cassette": f"{FOLDER}/refund@claude-opus-5-5.cassette.yaml",
                        "baseline": {
                            "snapshot": f"{FOLDER}/refund.snapshot.yaml",
                            "cassette": f"{FOLDER}/refund.cassette.yaml",
                        },
                        "show": (
                            f"pytest-llmregress show {FOLDER}/refund@claude-opus-5-5.cassette.yaml"
                        ),
                        "accept": f"pytest-llmregress accept {REFUND} --candidate claude-opus-5-5",
                        "reject": f"pytest-llmregress reject {REFUND} --candidate claude-opus-5-5",
                    }
                ],
                "decisions": [],
            }
        ],
        "interrupted": [],
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
        "1 test, 0 pending",
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


def test_a_recording_without_a_snapshot_is_named(project):
    project.accepted(REFUND).snapshot.unlink()
    run = project.run("status")

    assert run.status == 0
    assert run.out[2] == (
        "  it has no snapshot; restore that from version control, or take it from the recording: "
        f"pytest {REFUND} --llmregress-accept"
    )
    assert json_of(project)["tests"][0]["bare"]


def test_a_recording_that_was_interrupted_is_told_where_nothing_else_is_there(project):
    journal = project.paths(REFUND).journal
    journal.parent.mkdir(parents=True)
    journal.write_text("{}\n")
    run = project.run("status")

    assert run.status == 0
    assert run.out == [
        "no recordings below .",
        f"interrupted: {FOLDER}/refund.part.jsonl; recording its test again carries on",
    ]
    assert json_of(project)["interrupted"] == [f"{FOLDER}/refund.part.jsonl"]
    assert project.run("status", "tests/test_support.py").out[-1] == run.out[-1]


def test_calls_of_several_samples_are_told_as_such(project):
    paths = project.accepted(REFUND)
    one = project.cassette(REFUND)
    samples = (SampleHeader(calls=1), SampleHeader(calls=1))
    cassette = replace(one, interactions=one.interactions * 2, samples=samples)
    write_cassette(paths.cassette, cassette)
    run = project.run("status")

    assert run.out[1].endswith("  2 in 2 samples")
    assert [json_of(project)["tests"][0][key] for key in ("calls", "samples")] == [2, 2]


def test_decisions_are_told_to_programs_with_who_when_and_why(project):
    project.accepted(REFUND)
    project.candidate(REFUND, "claude-opus-5-5", Severity.NOTABLE)
    project.candidate(REFUND, "claude-haiku-5", Severity.BREAKING)
    reject = ("reject", REFUND, "--candidate", "claude-haiku-5", "--reason", "it is rude")
    project.run(*reject)
    project.run("accept", REFUND, "--reason", "shorter")
    decided = json_of(project)["tests"][0]["decisions"]

    assert [(each["decision"], each["models"], each["reason"]) for each in decided] == [
        ("rejected", ["claude-haiku-5"], "it is rude"),
        ("accepted", ["claude-opus-5-5"], "shorter"),
    ]
    assert all(each["by"] and each["at"].endswith("Z") for each in decided)


# --- models that end ------------------------------------------------------------------------


@pytest.fixture
def sdk(tmp_path_factory, monkeypatch):
    """Return what puts an SDK with a text in one of its files before the one that is installed."""

    def install(file: str, text: str) -> None:
        folder = tmp_path_factory.mktemp("site")
        path = folder / "anthropic" / file
        path.parent.mkdir(parents=True)
        (folder / "anthropic" / "__init__.py").write_text("raise RuntimeError('imported')\n")
        path.write_text(text)
        monkeypatch.delitem(sys.modules, "anthropic", raising=False)
        monkeypatch.syspath_prepend(folder)

    return install


def ends(days: int) -> date:
    return datetime.now(tz=UTC).date() + timedelta(days=days)


def in_words(day: date) -> str:
    return f"{day:%B} {day.day}th, {day.year}"


@pytest.mark.parametrize(
    "table",
    [
        (
            "_data/deprecated_models.py",
            "from typing import Dict\n\nDEPRECATED_MODELS: Dict[str, str] =",
        ),
        ("resources/messages/messages.py", "import x\n\nDEPRECATED_MODELS ="),
    ],
)
@pytest.mark.parametrize(
    ("days", "said"),
    [
        (90, "ends on {day}, in 90 days"),
        (1, "ends on {day}, in 1 day"),
        (0, "ends today, {day}"),
        (-2, "ended on {day}, 2 days ago"),
    ],
)
def test_a_model_that_ends_soon_is_told_with_its_day(project, sdk, table, days, said):
    file, start = table
    sdk(file, f'{start} {{\n    "claude-opus-5": "{in_words(ends(days))}",\n}}\n')
    project.accepted(REFUND)
    project.accepted(PLAN)
    run = project.run("status")
    number = importlib.metadata.version("anthropic")

    assert run.status == 0
    assert run.out[2] == (
        f"  retiring: claude-opus-5 {said.format(day=ends(days))} (the table of anthropic {number})"
    )
    assert run.out[-1] == ("2 tests, 2 on a model that ends within 90 days or has ended, 0 pending")
    assert json_of(project)["tests"][0]["retiring"] == [
        {
            "model": "claude-opus-5",
            "on": str(ends(days)),
            "days": days,
            "source": f"the table of anthropic {number}",
        }
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "DEPRECATED_MODELS = load()\n",
        "DEPRECATED_MODELS = {1: 2, 'claude-opus-5': 3}\n",
        "DEPRECATED_MODELS = {'claude-opus-5': 'some day'}\n",
        "DEPRECATED_MODELS = {'claude-opus-5': 'Febuary 31st, 2026'}\n",
        "DEPRECATED_MODELS = {'claude-opus-5': f()}\n",
        f"DEPRECATED_MODELS = {{'claude-opus-5': '{in_words(ends(91))}'}}\n",
    ],
)
def test_no_end_is_told_where_none_is_known_or_it_is_far_away(project, sdk, text):
    sdk("_data/deprecated_models.py", text)
    project.accepted(REFUND)

    assert project.run("status").out[2:] == ["1 test, 0 pending"]


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/claude-opus-5"])
def test_an_end_that_the_provider_has_answered_is_told(project, sdk, path):
    sdk("_data/deprecated_models.py", "")
    model = {"id": "claude-opus-5", "retires_at": f"{ends(30)}T00:00:00Z"}
    body = {"data": [{"id": "claude-haiku-5"}, model]} if path == "/v1/models" else model
    asked = Interaction(
        request=Request(method="GET", url=f"https://api.anthropic.com{path}?limit=20"),
        response=Response(status=200, body=json.dumps(body).encode()),
    )
    project.accepted(REFUND, asked)

    assert project.run("status").out[2] == (
        f"  retiring: claude-opus-5 ends on {ends(30)}, in 30 days (a models answer of 2026-01-02)"
    )


def json_of(project):
    return json.loads("\n".join(project.run("status", "--json").out))


def test_a_test_of_which_nothing_is_accepted_says_so(project):
    project.candidate(REFUND, "claude-opus-5-5", why=PendingReason.FAILED)
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
    assert run.out[-1] == "1 test, 0 pending"
