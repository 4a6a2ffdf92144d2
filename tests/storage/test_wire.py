"""Bodies as servers really send them: stored as structure, and back byte for byte."""

import json
import urllib.request

import pytest
import yaml

from patience import PATIENCE
from pytest_llmregress.storage.cassette_file import read_cassette, write_cassette
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.http import Interaction, Request, Response
from whole_api import WholeApi


def keep(tmp_path, exchanges):
    """Store exchanges, assert that every byte came back, and return the calls as stored."""
    path = tmp_path / "a.yaml"
    value = Cassette(
        test="t",
        interactions=tuple(
            Interaction(
                request=Request(method="POST", url="https://x/v1/messages", body=sent),
                response=Response(status=200, body=received),
            )
            for sent, received in exchanges
        ),
    )
    write_cassette(path, value)
    assert read_cassette(path) == value
    return yaml.safe_load(path.read_bytes())["calls"]


@pytest.fixture(scope="module")
def server():
    with WholeApi() as api:
        yield api


def ask(server, prompt, *, stream):
    body = {
        "model": "claude-opus-5",
        "max_tokens": 99,
        "messages": [{"role": "user", "content": prompt}],
        "stream": stream,
        "tools": [{"name": "f", "input_schema": {"type": "object"}}],
    }
    sent = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    request = urllib.request.Request(
        f"{server.url}/v1/messages",
        data=sent,
        headers={
            "content-type": "application/json",
            "authorization": "Bearer k",
            "anthropic-version": "2026-10-21",
        },
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        return sent, response.read()


@pytest.mark.parametrize(
    "prompt",
    [
        "hello",
        "[[unicode]]",
        '[[tool f {"city": "Köln", "days": 14}]]',
        "[[refusal cyber]]",
        "[[pause]]",
        "[[thinking]]",
        "[[cache]]",
        "[[server_tool]]",
        "[[max_tokens]]",
        "[[say line one\nline two\n\tthree 😀]]",
        "[[size 3000]]",
    ],
)
def test_replies_of_a_server_are_stored_as_structure(tmp_path, server, prompt):
    exchanges = [ask(server, prompt, stream=stream) for stream in (False, True)]

    reply, stream = keep(tmp_path, exchanges)

    assert {"json"} == {*reply["request"]} & {"json", "text", "base64"}
    assert {"json"} == {*reply["response"]} & {"json", "events", "text", "base64"}
    assert {"events"} == {*stream["response"]} & {"json", "events", "text", "base64"}
    assert all("data" in event for event in stream["response"]["events"])


def test_a_stream_with_an_error_in_the_middle_is_stored_as_structure(tmp_path, server):
    (call,) = keep(tmp_path, [ask(server, "[[midstream_error]]", stream=True)])

    assert call["response"]["events"][-1]["event"] == "error"
    assert call["response"]["events"][-1]["data"]["type"] == "error"


def test_what_the_sdk_sends_again_is_recognised_as_the_answer_that_it_got(tmp_path):
    anthropic, httpx2 = pytest.importorskip("anthropic"), pytest.importorskip("httpx2")
    blocks = [
        {"type": "thinking", "thinking": "Hm.", "signature": "Eq=="},
        {"type": "text", "text": "Let me look.", "citations": None},
        {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"b": 1, "a": [2]}},
    ]
    reply = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-5",
        "content": blocks, "stop_reason": "tool_use", "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 2},
    }  # fmt: skip
    exchanges = []

    def answer(request):
        received = json.dumps(reply, separators=(",", ":")).encode()
        exchanges.append((request.read(), received))
        return httpx2.Response(200, content=received, headers={"content-type": "application/json"})

    client = anthropic.Anthropic(
        api_key="k", http_client=httpx2.Client(transport=httpx2.MockTransport(answer))
    )
    messages = [{"role": "user", "content": "hi"}]
    for turn in range(3):
        got = client.messages.create(model="claude-opus-5", max_tokens=9, messages=messages)
        content = [got.content, [block.model_dump() for block in got.content], "x"][turn]
        messages = [*messages, {"role": "assistant", "content": content}]
        messages.append({"role": "user", "content": f"go on {turn}"})

    calls = keep(tmp_path, exchanges)

    for number, call in enumerate(calls[1:], start=1):
        assert call["request"]["as_call"] == number
        assert call["request"]["messages_then"][0]["answer_of_call"] == number
