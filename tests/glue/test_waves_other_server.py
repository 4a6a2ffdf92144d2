"""Waves against a server that this suite has not written: the whole API, refusals included."""

import importlib.util
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SERVER = Path(__file__).resolve().parents[3] / "shared" / "stand" / "fake_anthropic.py"
pytestmark = pytest.mark.skipif(not SERVER.exists(), reason=f"{SERVER} is not there")

TESTS = """
    import anthropic
    import pytest

    pytestmark = pytest.mark.llm
    MARKS = ["say x", "429 1", "529 1", "503 1", "enc gzip", "enc deflate", "thinking", "unicode"]

    def asked(number, turn, *earlier):
        text = f"[[{MARKS[number % len(MARKS)]}]] number {number}, turn {turn}"
        messages = [*earlier, {"role": "user", "content": text}]
        return {"model": "claude-opus-5", "max_tokens": 50, "messages": messages}

    @pytest.mark.parametrize("number", range(24))
    def test_json(number):
        client = anthropic.Anthropic(max_retries=0)
        first = client.messages.create(**asked(number, 1))
        said = {"role": "assistant", "content": first.content}
        assert client.messages.create(**asked(number, 2, {"role": "user", "content": "x"}, said))

    @pytest.mark.parametrize("number", range(24, 32))
    def test_stream(number):
        with anthropic.Anthropic(max_retries=0).messages.stream(**asked(number, 1)) as stream:
            assert stream.get_final_message().stop_reason == "end_turn"
"""


@pytest.fixture
def server() -> Iterator[Any]:
    spec = importlib.util.spec_from_file_location("fake_anthropic", SERVER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with module.FakeAnthropic() as server:
        server.state.latency = 0.02
        yield server


def test_every_call_is_answered_once_and_no_test_notices_a_refusal(project, server):
    project.write(test_it=TESTS)
    url = {"ANTHROPIC_BASE_URL": server.url}

    project.record(env=url, passed=32)
    asked = Counter(each["body"] for each in server.requests)

    assert server.state.max_in_flight > 1
    assert len(asked) == 24 * 2 + 8
    assert sum(asked.values()) - len(asked) == 3  # each of the refusals stands for one text
    project.says("wave 1: 32 of 32 calls answered", "wave 2: 24 of 24 calls answered")
    project.replay(env={"ANTHROPIC_BASE_URL": "http://127.0.0.1:9"}, passed=32)


def test_its_batches_are_taken_too(project, server):
    project.write(test_it=TESTS)

    project.record(
        "--llmregress-batch",
        "-k",
        "json",
        env={"ANTHROPIC_BASE_URL": server.url},
        passed=24,
        deselected=8,
    )
    batches = [each for each in server.requests if each["path"].endswith("/batches")]

    assert [len(json.loads(each["body"])["requests"]) for each in batches] == [24, 24]
    assert not [each for each in server.requests if each["path"] == "/v1/messages"]
