"""Waves as Message Batches: half the price, and answers that may come in a later run."""

import signal
from collections.abc import Iterator

import pytest

from forked_pytest import is_available, start_forked
from patience import PATIENCE
from wave_stand import WaveStand

APP = """
    import anthropic

    def asked(text):
        message = {"role": "user", "content": text}
        return {"model": "claude-opus-5", "max_tokens": 50, "messages": [message]}

    def ask(text):
        client = anthropic.Anthropic(max_retries=0)
        return client.messages.create(**asked(text)).content[0].text

    def stream(text):
        with anthropic.Anthropic(max_retries=0).messages.stream(**asked(text)) as stream:
            return stream.get_final_text()
"""
TESTS = """
    import pytest
    from app import ask, stream

    @pytest.mark.llm
    @pytest.mark.parametrize("word", ["a", "b"])
    def test_two(word):
        first = ask(f"[[say {word}]]")
        assert ask(f"[[say then]] {first}") == "then"
"""
PRICES = """
    def pytest_llmregress_price(call):
        return 1.0
"""
BATCH = "--llmregress-batch"


@pytest.fixture
def stand() -> Iterator[WaveStand]:
    stand = WaveStand()
    yield stand.start()
    stand.stop()


@pytest.fixture
def two(project):
    return project.write(app=APP, test_it=TESTS, conftest=PRICES)


def test_a_wave_goes_out_as_one_batch(two, stand, key):
    two.record(BATCH, passed=2)

    assert stand.calls == []
    assert [len(requests) for requests in stand.batches.values()] == [2, 2]
    two.says("wave 1: 2 calls of 2 tests, 2 in batches; expected: ", "cost $1.0000")
    assert not [name for name in two.names() if ".part." in name]
    assert key.encode() not in b"".join(two.files().values())
    two.offline().replay(passed=2)


def test_even_a_single_test_is_recorded_in_batches(two, stand):
    two.record(BATCH, "-k", "two[a]", passed=1, deselected=1)

    assert stand.calls == []
    assert len(stand.batches) == 2


def test_a_batch_that_is_not_waited_for_is_taken_by_the_next_run(two, stand, key):
    stand.polls_until_end = 1

    two.record(BATCH, "--llmregress-batch-wait=0", failed=2)
    noted = {name: text for name, text in two.files().items() if ".batch.part.jsonl" in name}

    assert two.problems() == {f"test_two[{w}]": ["waits_in_batch"] for w in "ab"}
    two.says("batch msgbatch_1 is still processed; nothing of it is sent again")
    two.says("What is recorded is kept. Carry on with: pytest ")
    assert len(noted) == 2
    assert key.encode() not in b"".join(noted.values())

    two.record(BATCH, passed=2)

    assert [len(requests) for requests in stand.batches.values()] == [2, 2]
    assert stand.calls == []
    assert not [name for name in two.names() if ".part." in name]


@pytest.mark.skipif(not is_available(), reason="kills a forked process: POSIX only")
@pytest.mark.parametrize("polls", [0, 2], ids=["processed", "still processed"])
def test_a_kill_before_the_id_of_a_batch_is_noted_loses_nothing(two, stand, key, polls):
    env = {"HOME": str(two.home), "ANTHROPIC_BASE_URL": stand.url, "ANTHROPIC_API_KEY": key}
    stand.kills = lambda: process.pid
    process = start_forked(
        ["--llmregress-record=once", BATCH, "-p", "no:cacheprovider"],
        cwd=two.root,
        env=env,
        output=two.root.parent / "killed.txt",
    )
    process.join(PATIENCE)
    stand.polls_until_end = polls

    two.record(BATCH, passed=2)

    assert process.exitcode == -signal.SIGKILL
    assert [len(requests) for requests in stand.batches.values()] == [2, 2]
    assert stand.calls == []


def test_what_is_in_no_batch_is_handed_in_again(two, stand):
    stand.polls_until_end = 1
    two.record(BATCH, "--llmregress-batch-wait=0", failed=2)
    for name, text in two.files().items():
        if ".batch.part.jsonl" in name:  # as if it had been killed just before the batch was made
            (two.root / name).write_bytes(text.replace(b"msgbatch_1", b""))
    stand.batches.clear()

    two.record(BATCH, passed=2)

    assert [len(requests) for requests in stand.batches.values()] == [2, 2]
    assert stand.calls == []


def test_what_was_not_processed_is_handed_in_again(two, stand):
    stand.unprocessed = ["expired"]

    two.record(BATCH, passed=2)

    assert sum(len(requests) for requests in stand.batches.values()) == 5
    assert stand.calls == []


def test_what_is_never_processed_is_asked_for_by_the_test(two, stand):
    stand.unprocessed = ["errored"] * 4

    two.record(BATCH, passed=2)

    assert len(stand.calls) == 4
    two.says("recorded one call at a time, since no whole answer came: ")


def test_a_stream_cannot_be_in_a_batch(two, stand):
    two.write(test_it=TESTS.replace("assert ask", "assert stream"))

    two.record(BATCH, passed=2)

    assert [len(requests) for requests in stand.batches.values()] == [2]
    assert stand.texts == {"[[say then]] a": 1, "[[say then]] b": 1}
    assert all(body["stream"] for body in stand.calls)


def test_a_batch_counts_half_against_a_limit(two, stand):
    two.record("--llmregress-max-cost=0.9", failed=2)
    assert len(stand.calls) == 0

    two.record(BATCH, "--llmregress-max-cost=2", passed=2)

    assert len(stand.batches) == 2


def test_a_batch_that_is_refused_is_not_sent_at_the_full_price(two, stand):
    two.record(BATCH, env={"ANTHROPIC_BASE_URL": f"{stand.url}/nowhere"}, failed=2)

    assert stand.calls == []
    assert two.problems() == {f"test_two[{w}]": ["no_batch"] for w in "ab"}
    two.says("POST /nowhere/v1/messages/batches: the server answered 404")
