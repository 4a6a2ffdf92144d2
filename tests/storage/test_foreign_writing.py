"""Cassettes of ours, written for stock vcrpy."""

import json
from dataclasses import replace

import pytest
import vcr
from anthropic import Anthropic
from vcr.persisters.filesystem import FilesystemPersister
from vcr.serializers import yamlserializer

from pytest_llmregress.storage.errors import UnwritableValueError
from pytest_llmregress.storage.vcr_format.reader import read_foreign
from pytest_llmregress.storage.vcr_format.writer import write_vcr_yaml
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.http import Interaction, Request, Response

QUESTION = {
    "model": "claude-opus-5",
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "Bitte: 'ja' oder „nein“?"}],
}
REPLY = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-opus-5",
    "content": [{"type": "text", "text": "Ja.\n\n  Und 🦆:\u2028\u0085 \ttrue  "}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 2},
}
EVENTS = (
    b'event: message_start\ndata: {"type":"message_start","message":{"id":"m","type":"message",'
    b'"role":"assistant","model":"claude-opus-5","content":[],"stop_reason":null,'
    b'"usage":{"input_tokens":1,"output_tokens":1}}}\n\n'
    b'event: message_stop\ndata: {"type":"message_stop"       }\n\n'
)


def interaction(question: dict, body: bytes, content_type: str) -> Interaction:
    return Interaction(
        request=Request(
            method="POST",
            url="https://api.anthropic.com/v1/messages",
            headers={"content-type": ("application/json",)},
            body=json.dumps(question, ensure_ascii=False, separators=(",", ":")).encode(),
        ),
        response=Response(
            status=200, reason="OK", headers={"content-type": (content_type,)}, body=body
        ),
        latency=1.234,
    )


CASSETTE = Cassette(
    test="tests/test_a.py::TestB::test_c[a/b]",
    candidate="claude-opus-5-5",
    recorded_at="2026-01-02T03:04:05Z",
    versions={"anthropic": "2.12.0"},
    interactions=(
        interaction(QUESTION, json.dumps(REPLY, ensure_ascii=False).encode(), "application/json"),
        replace(
            interaction(QUESTION | {"stream": True}, EVENTS, "text/event-stream"), latency=None
        ),
    ),
)


def test_stock_vcrpy_replays_it_to_the_sdk(tmp_path):
    path = tmp_path / "test_c.yaml"
    write_vcr_yaml(path, CASSETTE)
    matchers = ["method", "scheme", "host", "port", "path", "query", "body"]
    with vcr.use_cassette(str(path), record_mode="none", match_on=matchers) as cassette:
        client = Anthropic(api_key="k", base_url="https://api.anthropic.com", max_retries=0)
        message = client.messages.create(**QUESTION)
        events = [event.type for event in client.messages.create(**QUESTION, stream=True)]

    assert message.content[0].text == REPLY["content"][0]["text"]
    assert events == ["message_start", "message_stop"]
    assert cassette.all_played


def test_what_comes_back_is_what_was_written(tmp_path):
    path = tmp_path / "test_c.yaml"
    write_vcr_yaml(path, CASSETTE)

    assert read_foreign(path) == CASSETTE


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\x00\x80",
        b"\x00\x07\x1b[31m",
        b"\r\n\r\n \t",
        b"2026-11-22",
        b"true",
        b"~",
        b"<<",
        b"=",
        b"\xed\xa0\xbd",
        "\ufeff\ufffe\u2028\x85🦆".encode(),
        ("a " * 500 + "\n  b\n" * 20).encode(),
    ],
)
def test_every_byte_of_a_body_is_there_for_vcrpy_too(tmp_path, body):
    path = tmp_path / "test_c.yaml"
    first = CASSETTE.interactions[0]
    odd = replace(
        first,
        request=replace(first.request, body=body),
        response=replace(first.response, body=body, reason="Füße"),
    )
    write_vcr_yaml(path, replace(CASSETTE, interactions=(odd,)))
    [request], [response] = FilesystemPersister.load_cassette(path, yamlserializer)
    [back] = read_foreign(path).interactions

    assert (request.body, response["body"]["string"]) == (body, body)
    assert (back.request.body, back.response.body) == (body, body)
    assert path.read_text(encoding="ascii")


def test_what_vcrpy_has_recorded_into_it_since_counts(tmp_path):
    path = tmp_path / "test_c.yaml"
    write_vcr_yaml(path, CASSETTE)
    lines = path.read_text().replace("  - 1.234\n", "")
    path.write_text(lines)
    cassette = read_foreign(path)

    assert cassette.test == ""
    assert [each.latency for each in cassette.interactions] == [None, None]
    assert [replace(each, latency=None) for each in CASSETTE.interactions] == list(
        cassette.interactions
    )


def test_what_would_not_come_back_is_not_written(tmp_path):
    path = tmp_path / "test_c.yaml"

    with pytest.raises(UnwritableValueError, match="nothing was written"):
        write_vcr_yaml(path, replace(CASSETTE, test="\ud83d"))
    assert not path.exists()
