"""Who decided, and what was rejected: kept in files, and read again."""

import os
from dataclasses import replace

import pytest

from pytest_llmregress.storage.decisions import (
    build_decision,
    find_author,
    note_rejection,
    read_rejections,
    rejections_of,
)
from pytest_llmregress.storage.errors import UnreadableFileError
from pytest_llmregress.storage.file_paths import build_test_paths
from pytest_llmregress.storage.pending import find_stored_tests
from pytest_llmregress.storage.snapshot_file import read_snapshot, write_snapshot
from pytest_llmregress.values.snapshot import Decision, Snapshot

TEST = "tests/test_a.py::test_refund"
SNAPSHOT = Snapshot(test=TEST, cassette="sha256:01", requested_models=("m-2",))
DECISION = Decision(by="R <r@example.org>", at="2026-11-22T01:02:03Z", reason="too: terse\n# no")


@pytest.fixture
def paths(tmp_path):
    return build_test_paths(tmp_path / "test_a.py", TEST, "m-2")


@pytest.mark.parametrize("decision", [DECISION, replace(DECISION, reason=""), None])
def test_a_decision_comes_back_with_its_snapshot(tmp_path, decision):
    path = tmp_path / "a.snapshot.yaml"
    write_snapshot(path, replace(SNAPSHOT, decision=decision))

    assert read_snapshot(path).decision == decision
    assert ("accepted:" in path.read_text()) is (decision is not None)


def test_a_decision_without_a_name_is_refused(tmp_path):
    path = tmp_path / "a.snapshot.yaml"
    write_snapshot(path, replace(SNAPSHOT, decision=DECISION))
    path.write_text(path.read_text().replace("  by: ", "  who: "))

    with pytest.raises(UnreadableFileError, match=r"accepted\.by is missing"):
        read_snapshot(path)


def test_rejections_of_all_variants_lie_in_one_file_the_oldest_first(paths):
    other = replace(SNAPSHOT, cassette="sha256:02", requested_models=("m-3",))
    again = replace(DECISION, reason="still")
    note_rejection(paths, SNAPSHOT, DECISION)
    note_rejection(paths.of_baseline(), other, DECISION)
    file = note_rejection(paths, SNAPSHOT, again)

    assert file == rejections_of(paths)
    assert [(each.models, each.decision) for each in read_rejections(paths)] == [
        (("m-3",), DECISION),
        (("m-2",), again),
    ]


def test_a_file_of_rejections_is_no_recording_and_nothing_pending(paths):
    note_rejection(paths, SNAPSHOT, DECISION)

    assert find_stored_tests(paths.directory.parent.parent).tests == ()


def test_nothing_rejected_is_no_fault(paths):
    assert read_rejections(paths) == ()


def test_a_damaged_file_of_rejections_is_named_and_left_alone(paths):
    file = note_rejection(paths, SNAPSHOT, DECISION)
    damaged = file.read_text().replace("cassette: sha256:01", "cassette: 1")
    file.write_text(damaged)

    with pytest.raises(UnreadableFileError, match=r"rejected\[0\]\.cassette is 1"):
        note_rejection(paths, SNAPSHOT, DECISION)
    assert file.read_text() == damaged


def test_a_signature_has_the_time_of_now_and_one_printable_line():
    decision = build_decision("R\x1b[31m", " two\n lines \u202e ")

    assert decision.at.endswith("Z")
    assert (decision.by, decision.reason) == (r"R\x1b[31m", r"two lines \u202e")


@pytest.mark.parametrize(
    ("config", "author"),
    [
        (
            "[user]\n\tname = The Reviewer\n\temail = r@example.org\n",
            "The Reviewer <r@example.org>",
        ),
        ("[user]\n\tname = The Reviewer\n", "The Reviewer"),
        ("[user]\n\temail = r@example.org\n", "r@example.org"),
        ("", "somebody"),
        ("[user\n", "somebody"),
    ],
)
def test_the_author_is_who_git_says_or_the_login_name(tmp_path, monkeypatch, config, author):
    file = tmp_path / "gitconfig"
    file.write_text(config)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(file))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setenv("LOGNAME", "somebody")

    assert find_author() == author


def test_without_git_the_author_is_the_login_name(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("LOGNAME", "somebody")

    assert find_author() == "somebody"
