"""The long-context example: its handbook, its judgement of answers, its replay and its README."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from example_suites import recorded, replay
from forked_pytest import program
from patience import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
SUITE = ROOT / "examples" / "long_context"
STATUS = {None: 0, "qwen2.5-coder-1.5b": 0, "qwen2.5-coder-0.5b-q2": 1}
"""How a replay of each candidate ends."""


@pytest.fixture
def suite(monkeypatch):
    """Let a test import what stands beside the example's tests."""
    monkeypatch.syspath_prepend(SUITE)
    return import_module


def printed(*arguments: str, seed: str = "0") -> str:
    """Return what the script prints, in an interpreter that hashes with that seed."""
    return subprocess.run(
        [sys.executable, "handbook.py", *arguments],
        cwd=SUITE,
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=True,
    ).stdout


# --- the handbook ----------------------------------------------------------------------------


def test_the_handbook_is_the_same_each_time_it_is_made(suite):
    first, again = printed("--pages", "50", seed="1"), printed("--pages", "50", seed="2")

    assert first == again == suite("handbook").handbook(50)


@pytest.mark.parametrize("pages", [5, 11, 50, 300])
def test_the_handbook_is_as_long_as_was_asked_for_and_holds_every_rule_once(suite, pages: int):
    handbook = suite("handbook")
    text = handbook.handbook(pages)

    assert len(text.split()) == pytest.approx(400 * pages, rel=0.1)
    rules = [rule for chapter in handbook.CHAPTERS for rule in chapter.rules]
    assert [text.count(rule) for rule in rules] == [1] * len(rules)


def test_every_chapter_points_to_two_others(suite):
    handbook = suite("handbook")
    chapters = handbook.handbook().split("\n## ")[1:]

    for number, (chapter, text) in enumerate(zip(handbook.CHAPTERS, chapters, strict=True), 1):
        assert number not in chapter.refers_to
        titles = [handbook.CHAPTERS[other - 1].title for other in chapter.refers_to]
        assert all(
            f"See also chapter {other}, {title}." in text
            for other, title in zip(chapter.refers_to, titles, strict=True)
        )


def test_too_few_pages_are_refused_in_a_sentence(suite):
    with pytest.raises(SystemExit, match="--pages 4: the rules alone need 5; take more"):
        suite("handbook").handbook(4)


# --- the judgement of an answer --------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("It has 12 worker threads and 20 connections.", None),
        ("Twelve threads.\n\n1. That is all.\n2. And 20 connections.", None),
        ("It has 12 worker threads.", "MissedChapterError: covered 1 of 2, missed Storage"),
        (
            "12 threads, and 45 connections.",
            "MixedUpError: covered 1 of 2, .* of other chapters 45",
        ),
        ("12 threads, 20 connections and 77 locks.", "InventedFactError: .* in no chapter 77"),
        ("", "MissedChapterError: covered 0 of 2"),
    ],
)
def test_an_answer_is_judged_by_what_each_chapter_says(suite, text: str, wrong: str | None):
    (capacity, *_) = suite("handbook_questions").QUESTIONS
    if wrong is None:
        assert capacity.check(text) is None
        return
    kind, _, said = wrong.partition(": ")

    with pytest.raises(AssertionError, match=said) as raised:
        capacity.check(text)

    assert raised.type.__name__ == kind


def test_every_question_asks_several_chapters_and_the_handbook_answers_it(suite):
    questions, handbook = suite("handbook_questions").QUESTIONS, suite("handbook")

    assert len(questions) == 10
    for question in questions:
        assert len({fact.chapter for fact in question.facts}) == len(question.facts) >= 2
        for fact in question.facts:
            (chapter,) = (c for c in handbook.CHAPTERS if c.title == fact.chapter)
            assert fact.is_in(" ".join(chapter.rules))


# --- the recordings --------------------------------------------------------------------------


@pytest.mark.parametrize("candidate", STATUS)
def test_each_model_replays_to_what_was_recorded(tmp_path, candidate: str | None):
    arguments = [] if candidate is None else ["--llmregress-candidate", candidate]

    status, report = replay("long_context", *arguments, tmp_path=tmp_path)[:2]

    found = {test["test"]: (test["passes"], test["samples"]) for test in report["tests"]}
    assert found == recorded("long_context", candidate)
    assert len(found) == 10
    assert status == STATUS[candidate]


def test_a_cassette_holds_the_handbook_once():
    for path in SUITE.rglob("*.cassette.yaml"):
        assert path.read_text(encoding="utf-8").count("Engineering handbook") == 1


def test_the_readme_shows_what_the_recordings_hold(suite):
    readme = (SUITE / "README.md").read_text(encoding="utf-8")

    assert "\n".join(results(SUITE)) in readme


def results(folder: Path) -> list[str]:
    """Return what the script of the README prints."""
    return subprocess.run(
        [*program("python"), "results.py"],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=True,
    ).stdout.splitlines()
