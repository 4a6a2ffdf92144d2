"""Waves against a server of other habits: refusals by body, encodings, thinking, whole batches."""

from collections import Counter
from collections.abc import Iterator

import pytest

from whole_api import WholeApi

TESTS = """
    import anthropic
    import pytest

    pytestmark = pytest.mark.llm
    MARKS = ["say x", "429 1", "529 1", "503 1", "enc gzip", "enc deflate", "thinking", "unicode"]

    def asked(number, turn, *earlier):
        text = f"[[{MARKS[number % len(MARKS)]}]] number {number}, turn {turn}"
        messages = [*earlier, {"role": "user", "content": text}]
        return {"model": "claude-opus-5", "max_tokens": 50, "messages": messages}

    @pytest.mark.parametrize("number", range(16))
    def test_json(number):
        client = anthropic.Anthropic(max_retries=0)
        first = client.messages.create(**asked(number, 1))
        said = {"role": "assistant", "content": first.content}
        assert client.messages.create(**asked(number, 2, {"role": "user", "content": "x"}, said))

    @pytest.mark.parametrize("number", range(16, 24))
    def test_stream(number):
        with anthropic.Anthropic(max_retries=0).messages.stream(**asked(number, 1)) as stream:
            assert stream.get_final_message().stop_reason == "end_turn"
"""


@pytest.fixture
def server() -> Iterator[WholeApi]:
    with WholeApi() as api:
        yield api


def test_every_call_is_answered_once_and_no_test_notices_a_refusal(project, server):
    server.together = 2
    project.write(test_it=TESTS)
    url = {"ANTHROPIC_BASE_URL": server.url}

    project.record(env=url, passed=24)
    asked = Counter(each.body for each in server.requests)
    refused = {body for body, times in asked.items() if times > 1}

    assert server.most_under_way > 1
    assert len(asked) == 16 * 2 + 8
    assert {asked[body] for body in refused} == {2}
    assert refused == set(server.refused)
    assert len(refused) == 3 * (2 * 2 + 1)  # three marks, two rounds of two turns, one of streams
    project.says("wave 1: 24 of 24 calls answered", "wave 2: 16 of 16 calls answered")
    project.replay(env={"ANTHROPIC_BASE_URL": "http://127.0.0.1:9"}, passed=24)


def test_its_batches_are_taken_too(project, server):
    project.write(test_it=TESTS)

    project.record(
        "--llmregress-batch",
        "-k",
        "json",
        env={"ANTHROPIC_BASE_URL": server.url},
        passed=16,
        deselected=8,
    )
    batches = [each for each in server.requests if each.path.endswith("/batches")]

    assert [len(each.json["requests"]) for each in batches] == [16, 16]
    assert not [each for each in server.requests if each.path == "/v1/messages"]
