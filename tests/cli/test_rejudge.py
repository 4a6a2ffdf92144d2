"""The command `rejudge`: what replays have missed is asked for, in all recordings of a test."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

from forked_pytest import program
from judge_stand import JUDGE, OTHER_JUDGE, JudgeStand
from pytest_llmregress.llm_judge.due_judgements import MissedJudgement
from pytest_llmregress.llm_judge.missed_judgements import MissedJudgementsFile, answers_path
from pytest_llmregress.llm_judge.question import JudgeQuestion
from pytest_llmregress.storage.cassette_file import (
    digest_of,
    read_cassette,
    write_cassette,
)
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.storage.journal import Journal
from pytest_llmregress.storage.snapshot_file import read_snapshot
from pytest_llmregress.values.http import Interaction, Request, Response

REFUND = "tests/test_support.py::test_refund"
FOLDER = "tests/__llm__/test_support"
NEW = "claude-opus-5-5"
OLD_RUBRIC, NEW_RUBRIC = "offers a refund", "offers a voucher"
KEY = "sk-ant-a-key-of-a-person-0123456789abcdef"  # llmregress: allow-secret


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Iterator[JudgeStand]:
    stand = JudgeStand().start()
    for name in [name for name in os.environ if name.startswith("ANTHROPIC_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", stand.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    yield stand
    stand.stop()


def request(text: str, rubric: str = OLD_RUBRIC, model: str = JUDGE) -> Request:
    question = JudgeQuestion(model=model, rubric=rubric, text=text)
    return Request(
        method="POST",
        url="https://api.anthropic.com/v1/messages",
        headers={"content-type": ("application/json",)},
        body=json.dumps(question.body()).encode(),
    )


def judgement(text: str, rubric: str = OLD_RUBRIC, model: str = JUDGE) -> Interaction:
    said = {"type": "text", "text": json.dumps({"reason": "as before", "verdict": True})}
    reply = {"role": "assistant", "content": [said], "stop_reason": "end_turn", "model": model}
    return Interaction(
        request=request(text, rubric, model),
        response=Response(status=200, reason="OK", body=json.dumps(reply).encode()),
        latency=0.5,
        judge=True,
    )


def add(path: Path, *judgements: Interaction) -> None:
    """Put judgements into a recording."""
    cassette = read_cassette(path)
    write_cassette(path, replace(cassette, interactions=(*cassette.interactions, *judgements)))


def note(paths: TestPaths, asked: Request, instead: Request | None, order: int = 0) -> None:
    """Note what a replay has missed."""
    file = MissedJudgementsFile(paths, test=REFUND)
    file.add(MissedJudgement(request=asked, instead=instead, order=order, times=0))


def prepare(project) -> tuple[TestPaths, TestPaths]:
    """Store a baseline and a candidate, judged by a rubric that has changed since."""
    baseline = project.accepted(REFUND)
    candidate = project.candidate(REFUND, NEW)
    add(baseline.cassette, judgement("a voucher, a refund"))
    add(candidate.cassette, judgement("Sent!"))
    note(baseline, request("a voucher, a refund", NEW_RUBRIC), request("a voucher, a refund"))
    return baseline, candidate


def questions(path: Path) -> list[JudgeQuestion | None]:
    return [
        JudgeQuestion.read(each.request) for each in read_cassette(path).interactions if each.judge
    ]


def rubrics(path: Path) -> list[str]:
    return [question.rubric for question in questions(path) if question is not None]


def names(paths: TestPaths) -> list[str]:
    """Return the names of the files; what a kill leaves half written begins with a dot."""
    return sorted(path.name for path in paths.directory.glob("[!.]*"))


def test_a_new_rubric_is_asked_for_in_every_recording_of_the_test(project, stand: JudgeStand):
    baseline, candidate = prepare(project)
    before = [read_cassette(paths.cassette) for paths in (baseline, candidate)]
    files = names(baseline)
    run = project.run("rejudge", REFUND)
    after = [read_cassette(paths.cassette) for paths in (baseline, candidate)]

    assert (run.status, run.err) == (0, [])
    assert run.out == [
        f"{REFUND}: 2 judgements",
        f"  {FOLDER}/refund.cassette.yaml: 1",
        f"  {FOLDER}/refund@{NEW}.cassette.yaml: 1",
        f"2 requests to {JUDGE}",
        f"judged {REFUND}",
        f"  {FOLDER}/refund.cassette.yaml: yes ('{OLD_RUBRIC}') → yes ('{NEW_RUBRIC}')",
        f"  {FOLDER}/refund@{NEW}.cassette.yaml: yes ('{OLD_RUBRIC}') → no ('{NEW_RUBRIC}')",
    ]
    assert stand.judged == [
        (JUDGE, NEW_RUBRIC, "a voucher, a refund"),
        (JUDGE, NEW_RUBRIC, "Sent!"),
    ]
    assert [each.interactions[0] for each in after] == [each.interactions[0] for each in before]
    assert [replace(each, interactions=()) for each in after] == [
        replace(each, interactions=()) for each in before
    ]
    assert names(baseline) == [name for name in files if "judge" not in name]
    assert KEY not in baseline.cassette.read_text()


def test_what_was_accepted_of_a_recording_stays_accepted(project, stand: JudgeStand):
    baseline, candidate = prepare(project)
    project.run("rejudge", "--all")

    for cassette, snapshot in (
        (baseline.cassette, baseline.snapshot),
        (candidate.cassette, candidate.pending_snapshot),
    ):
        assert read_snapshot(snapshot).cassette == digest_of(read_cassette(cassette))
    assert project.run("accept", REFUND).status == 0


def test_another_judge_judges_everything_anew(project, stand: JudgeStand):
    baseline, candidate = prepare(project)
    add(baseline.cassette, judgement("b", "is polite"))
    add(candidate.cassette, judgement("c", "is polite"))
    text = "a voucher, a refund"
    note(baseline, request(text, model=OTHER_JUDGE), request(text))
    project.run("rejudge", REFUND)

    assert {model for model, *_ in stand.judged} == {OTHER_JUDGE}
    for paths in (baseline, candidate):
        assert rubrics(paths.cassette) == [OLD_RUBRIC, "is polite"]
        assert {each.model for each in questions(paths.cassette) if each} == {OTHER_JUDGE}


def test_another_text_is_judged_where_it_was_seen_alone(project, stand: JudgeStand):
    baseline, candidate = prepare(project)
    note(baseline, request("lower"), request("a voucher, a refund"))
    before = candidate.cassette.read_bytes()
    project.run("rejudge", REFUND)

    assert stand.judged == [(JUDGE, OLD_RUBRIC, "lower")]
    assert candidate.cassette.read_bytes() == before


def test_a_judgement_that_is_new_is_asked_for_where_its_text_is_known(project, stand: JudgeStand):
    baseline, candidate = prepare(project)
    note(baseline, request("a voucher, a refund", "is polite"), None, order=1)
    project.run("rejudge", REFUND)

    assert stand.judged == [
        (JUDGE, "is polite", "a voucher, a refund"),
        (JUDGE, "is polite", "Sent!"),
    ]
    assert rubrics(baseline.cassette) == rubrics(candidate.cassette) == [OLD_RUBRIC, "is polite"]


def test_a_recording_that_waits_is_judged_too(project, stand: JudgeStand):
    baseline, _ = prepare(project)
    write_cassette(baseline.pending_cassette, read_cassette(baseline.cassette))
    project.run("rejudge", REFUND)

    assert rubrics(baseline.pending_cassette) == [NEW_RUBRIC]


@pytest.mark.parametrize("arguments", [(), ("--dry-run", "--all"), ("--dry-run", REFUND)])
def test_a_plan_asks_nobody(project, stand: JudgeStand, arguments: Sequence[str]):
    baseline, _ = prepare(project)
    files = {path: path.read_bytes() for path in baseline.directory.iterdir()}
    run = project.run("rejudge", *arguments)

    assert f"2 requests to {JUDGE}" in run.out
    assert run.status == (0 if arguments else 1)
    assert stand.requests == []
    assert {path: path.read_bytes() for path in baseline.directory.iterdir()} == files


def test_the_judge_may_be_elsewhere(project, stand: JudgeStand, monkeypatch: pytest.MonkeyPatch):
    prepare(project)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    run = project.run("rejudge", REFUND, "--base-url", stand.url)

    assert run.status == 0
    assert len(stand.judged) == 2


def test_without_a_key_it_is_said_what_to_set(
    project, stand: JudgeStand, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    baseline, _ = prepare(project)
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    run = project.run("rejudge", REFUND)

    assert run.status == 2
    assert run.err[0].startswith(
        f"pytest-llmregress: {REFUND}: there is no key; set ANTHROPIC_API_KEY"
    )
    assert rubrics(baseline.cassette) == [OLD_RUBRIC]


def test_nothing_is_due_where_nothing_was_missed(project):
    project.accepted(REFUND)

    assert project.run("rejudge", "--all").out == [
        "nothing is to be judged again; a replay notes the judgements that it misses. pytest"
    ]
    run = project.run("rejudge", REFUND)
    assert run.status == 2
    assert "no replay of it has missed a judgement; replay it first. pytest " in run.err[0]


def test_targets_and_all_exclude_each_other(project):
    run = project.run("rejudge", REFUND, "--all")

    assert run.status == 2
    assert "TEST and --all exclude each other" in run.err[0]


def test_a_damaged_recording_keeps_its_test_from_being_judged_in_part(project, stand: JudgeStand):
    baseline, candidate = prepare(project)
    text = candidate.cassette.read_text()
    candidate.cassette.write_text(text.replace("Sent!", "Lost!"))
    run = project.run("rejudge", REFUND)

    assert run.status == 2
    assert "the file was edited or cut off" in run.err[0]
    assert stand.requests == []
    assert rubrics(baseline.cassette) == [OLD_RUBRIC]


# --- ends before the end ---------------------------------------------------------------------


def test_a_judge_that_fails_loses_nothing_and_is_paid_once(project, stand: JudgeStand):
    baseline, candidate = prepare(project)
    add(candidate.cassette, judgement("last", OLD_RUBRIC))
    files = {path: path.read_bytes() for path in baseline.directory.iterdir()}
    marks = stand.marks
    stand.marks = lambda model, messages: (
        {"status": "429"} if "last" in str(messages) else marks(model, messages)
    )
    run = project.run("rejudge", REFUND)

    assert run.status == 2
    assert "RateLimitError" in run.err[0]
    assert f"To carry on: pytest-llmregress rejudge {REFUND}" in run.err[0]
    assert {path: path.read_bytes() for path in files} == files
    assert len(Journal(answers_path(baseline), test=REFUND).read()[1]) == 2

    stand.marks = marks
    stand.requests.clear()

    assert project.run("rejudge", REFUND).status == 0
    assert stand.judged == [(JUDGE, NEW_RUBRIC, "last")]
    assert rubrics(baseline.cassette) == [NEW_RUBRIC]
    assert rubrics(candidate.cassette) == [NEW_RUBRIC, NEW_RUBRIC]
    assert not answers_path(baseline).exists()


def test_an_answer_without_a_verdict_is_not_taken(project, stand: JudgeStand):
    baseline, _ = prepare(project)
    text = "a voucher, a refund"
    note(baseline, request(text, "[[say Perhaps.]]"), request(text))
    run = project.run("rejudge", REFUND)

    assert run.status == 2
    assert "it answered: 'Perhaps.'" in run.err[0]
    assert rubrics(baseline.cassette) == [OLD_RUBRIC]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
@pytest.mark.parametrize("writes", range(5))
def test_killed_between_two_files_it_is_finished_by_the_next_go(project, stand, writes: int):
    baseline, candidate = prepare(project)
    script = dedent("""
        import os, signal, sys
        from pathlib import Path
        left = int(sys.argv.pop(1))

        def killing(real):
            def replacement(*arguments, **options):
                global left
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left -= 1
                return real(*arguments, **options)
            return replacement

        Path.replace = killing(Path.replace)
        Path.unlink = killing(Path.unlink)
        from pytest_llmregress.cli.main import main
        main(sys.argv[1:])
    """)
    killed = subprocess.run(
        [*program("python"), "-c", script, str(writes), "rejudge", REFUND], check=False
    )

    for paths in (baseline, candidate):
        assert rubrics(paths.cassette)[0] in {OLD_RUBRIC, NEW_RUBRIC}
    assert killed.returncode == -signal.SIGKILL

    project.run("rejudge", "--all")

    assert len(stand.judged) == 2
    assert rubrics(baseline.cassette) == rubrics(candidate.cassette) == [NEW_RUBRIC]
    assert names(baseline) == [
        "refund.cassette.yaml",
        "refund.snapshot.yaml",
        f"refund@{NEW}.cassette.yaml",
        f"refund@{NEW}.snapshot.new.yaml",
    ]
