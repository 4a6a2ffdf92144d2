"""Judgements on their way: asked, marked, told apart, and kept byte for byte."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import anthropic
import pytest

from judge_stand import JUDGE, JudgeStand
from pytest_llmregress.llm_judge import client
from pytest_llmregress.llm_judge.due_judgements import MissedJudgement
from pytest_llmregress.llm_judge.missed_judgements import (
    MissedJudgementsFile,
    answers_path,
    wanted_path,
)
from pytest_llmregress.llm_judge.question import JudgeError, JudgeQuestion
from pytest_llmregress.providers.anthropic.reader import AnthropicProvider
from pytest_llmregress.providers.rewriting import Rewriter
from pytest_llmregress.providers.sdk_seams import open_seams
from pytest_llmregress.recording import judge_flag
from pytest_llmregress.recording.cassette_session import CassetteSession, Miss, SampleMode
from pytest_llmregress.recording.http_patching import patch_http
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.storage.cassette_file import (
    digest_of,
    read_cassette,
    write_cassette,
)
from pytest_llmregress.storage.errors import UnreadableFileError
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.storage.journal import Journal
from pytest_llmregress.storage.vcr_format.reader import read_any_cassette
from pytest_llmregress.storage.vcr_format.writer import write_vcr_yaml
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.http import Interaction, Request, Response
from pytest_llmregress.values.matching import RequestMatcher

QUESTION = JudgeQuestion(model=JUDGE, rubric="offers a refund", text="A refund it is.")
KEY = "sk-ant-a-key-of-a-person-0123456789abcdef"  # llmregress: allow-secret


class Missed(Exception):  # noqa: N818 - it names what happened
    """A request without an answer."""


def miss(_: Miss) -> NoReturn:
    raise Missed


def new_tape(
    mode: SampleMode = SampleMode.RECORD, recorded: tuple[Interaction, ...] | None = None
) -> CassetteSession:
    return CassetteSession(mode=mode, recorded=recorded, redactor=Redactor(), on_miss=miss)


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Iterator[JudgeStand]:
    stand = JudgeStand().start()
    monkeypatch.setenv("ANTHROPIC_BASE_URL", stand.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    yield stand
    stand.stop()


@contextmanager
def opened(tape: CassetteSession, candidate: str | None = None) -> Iterator[None]:
    provider = AnthropicProvider()
    rename = None if candidate is None else lambda _: candidate
    seams = open_seams(
        (provider.sdk,),
        replaying=tape.mode is SampleMode.REPLAY,
        environment=provider.sdk.environment,
        rewrite=Rewriter(providers=(provider,), rename=rename),
    )
    with seams, patch_http(tape):
        yield


def call(model: str = "claude-opus-5") -> None:
    messages = [{"role": "user", "content": "Hello"}]
    with anthropic.Anthropic() as client:
        client.messages.create(model=model, max_tokens=9, messages=messages)


def exchange(*, judge: bool, body: bytes = b"{}") -> Interaction:
    return Interaction(
        request=Request(method="POST", url="https://api.anthropic.com/v1/messages", body=body),
        response=Response(status=200, reason="OK", body=b'{"a":  1}'),
        latency=0.25,
        judge=judge,
    )


def cassette(*interactions: Interaction) -> Cassette:
    return Cassette(test="test_a.py::test_a", interactions=interactions)


# --- asked and answered ----------------------------------------------------------------------


def test_a_judgement_is_recorded_as_one_and_answers_the_same_question(stand: JudgeStand):
    tape = new_tape()
    with opened(tape, candidate="claude-opus-5-5"):
        call()
        verdict = client.ask(QUESTION)
        call()
    interactions = tuple(each.interaction for each in tape.attempts if each.interaction)
    stand.stop()
    with opened(new_tape(SampleMode.REPLAY, interactions)):
        replayed = client.ask(QUESTION)

    assert bool(verdict) is True
    assert replayed == verdict
    assert [each.judge for each in interactions] == [False, True, False]
    assert [json.loads(each.request.body)["model"] for each in interactions] == [
        "claude-opus-5-5",
        JUDGE,
        "claude-opus-5-5",
    ]


def test_another_thread_and_another_task_are_no_judges_meanwhile():
    seen: list[bool] = []

    async def look() -> None:
        await asyncio.sleep(0)
        seen.append(judge_flag.is_judging())

    async def judge_beside_a_task() -> None:
        task = asyncio.create_task(look())
        with judge_flag.mark_judge_requests():
            await task

    with judge_flag.mark_judge_requests():
        thread = threading.Thread(target=lambda: seen.append(judge_flag.is_judging()))
        thread.start()
        thread.join()
    asyncio.run(judge_beside_a_task())

    assert seen == [False, False]
    assert judge_flag.is_judging() is False


@pytest.mark.parametrize("rubric", ["[[status 529]]", "[[status 401]]", "[[say no JSON]]"])
def test_a_judge_that_cannot_say_raises(stand: JudgeStand, rubric: str):
    tape = new_tape()

    with opened(tape), pytest.raises(JudgeError):
        client.ask(replace(QUESTION, rubric=rubric))


def test_a_question_is_asked_again_and_keeps_the_request_that_was_recorded(stand: JudgeStand):
    asked = replace(
        exchange(judge=True, body=json.dumps(QUESTION.body(), indent=1).encode()).request,
        url="https://a.gateway.example/v1/messages",
    )
    with client.asking(Redactor(), base_url=stand.url) as ask:
        answer = ask(asked)

    assert answer.request == asked
    assert answer.judge is True
    assert bool(QUESTION.verdict(answer.response.body)) is True
    assert KEY not in repr(answer)
    sent = stand.requests[0].headers  # anthropic 1.x has a header of its own for the key
    assert sent.get("authorization", sent.get("x-api-key")) in {f"Bearer {KEY}", KEY}


# --- the tape --------------------------------------------------------------------------------


def test_a_judgement_and_a_call_never_answer_each_other():
    tape = new_tape(SampleMode.REPLAY, (exchange(judge=True),))
    request = exchange(judge=True).request

    with pytest.raises(Missed):
        tape.ask(request, retry=False)
    assert tape.ask(request, retry=False, judge=True).played is True
    assert [each.judge for each in tape.misses] == [False]


def test_no_rule_leaves_anything_out_of_a_question():
    tape = new_tape(SampleMode.REPLAY, (exchange(judge=True, body=b'{"messages": "a"}'),))
    tape.match(RequestMatcher(ignore=("messages",)), redactor=Redactor())

    with pytest.raises(Missed):
        tape.ask(exchange(judge=True, body=b'{"messages": "b"}').request, retry=False, judge=True)


# --- files -----------------------------------------------------------------------------------


def test_the_mark_comes_back_from_a_cassette(tmp_path: Path):
    path = tmp_path / "a.cassette.yaml"
    value = cassette(exchange(judge=False), exchange(judge=True), exchange(judge=False))
    write_cassette(path, value)

    read = read_cassette(path)
    text = path.read_bytes()
    write_cassette(path, read)

    assert read == value
    assert path.read_bytes() == text
    assert text.count(b"judge: true") == 1


def test_a_cassette_without_judgements_is_written_as_ever(tmp_path: Path):
    path = tmp_path / "a.cassette.yaml"
    write_cassette(path, cassette(exchange(judge=False)))

    assert "judge" not in path.read_text()
    assert read_cassette(path).interactions[0].judge is False


def test_judgements_are_no_part_of_what_a_snapshot_names():
    alone, judged = cassette(exchange(judge=False)), exchange(judge=True)
    together = cassette(exchange(judge=False), judged)

    assert digest_of(together) == digest_of(alone)
    assert digest_of(cassette(exchange(judge=False), replace(judged, judge=False))) != digest_of(
        alone
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("judge: true", "judge: false"),
        ("verdict: false", "verdict: true"),
        ("  judge: true\n", ""),
        ("judge_digest: sha256", "judge_digest: sha255"),
    ],
    ids=["mark", "verdict", "no mark", "digest"],
)
def test_a_judgement_that_was_edited_is_refused(tmp_path: Path, old: str, new: str):
    path = tmp_path / "a.cassette.yaml"
    judged = exchange(judge=True, body=b'{"verdict": false}')
    write_cassette(path, cassette(exchange(judge=False), judged))
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))

    with pytest.raises(UnreadableFileError):
        read_cassette(path)


def test_the_mark_comes_back_from_a_journal(tmp_path: Path):
    journal = Journal(tmp_path / "a.part.jsonl", test="test_a.py::test_a")
    both = exchange(judge=True), exchange(judge=False)
    for each in both:
        journal.append(each, sample=2)

    assert journal.read() == {2: both}
    assert journal.path.read_text().count('"judge":true') == 1

    journal.start(journal.read())

    assert journal.read() == {2: both}


def test_an_export_drops_the_mark(tmp_path: Path):
    path = tmp_path / "a.yaml"
    write_vcr_yaml(path, cassette(exchange(judge=True)))

    assert "judge" not in path.read_text()
    assert read_any_cassette(path).interactions[0].request == exchange(judge=True).request


@pytest.mark.parametrize("variant", [None, "claude-opus-4.8"])
def test_wanted_judgements_come_back_and_are_never_committed(tmp_path: Path, variant: str | None):
    paths = TestPaths(directory=tmp_path, stem="refund", variant=variant)
    file = MissedJudgementsFile(paths, test="test_a.py::test_refund")
    asked = exchange(judge=True, body='{"a": "東京\u2028"}'.encode()).request
    wanted = MissedJudgement(request=asked, instead=asked, order=2, times=1)
    new = MissedJudgement(request=asked, instead=None, order=3, times=0)
    file.add(wanted)
    file.add(new)
    again = MissedJudgementsFile(paths, test="another id from another root")

    assert again.read() == (wanted, new)
    assert wanted_path(paths) == file.path
    assert len({file.path, answers_path(paths), paths.journal}) == 3
    assert all(p.name.endswith(".part.jsonl") for p in (file.path, answers_path(paths)))

    again.add(new)

    assert file.read() == (new,)
    again.remove_outdated()
    assert file.path.exists()
    MissedJudgementsFile(paths, test="").remove_outdated()
    assert not file.path.exists()


@pytest.mark.parametrize(
    "text", ["", "{", "[]\n", '{"llmregress": 2}\n', '{"kind": "journal"}\n{}\n']
)
def test_what_is_no_note_is_none(tmp_path: Path, text: str):
    file = MissedJudgementsFile(TestPaths(directory=tmp_path, stem="refund"), test="")
    file.path.write_text(text)

    assert file.read() == ()
