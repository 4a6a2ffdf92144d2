"""A secret planted anywhere in the traffic of a test is not in the file that is kept of it."""

import base64
import gzip
import json
import re
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

import pytest

from pytest_llmregress.providers.anthropic.reader import AnthropicProvider
from pytest_llmregress.providers.event_stream import parse_events, parse_frames
from pytest_llmregress.recording.cassette_session import CassetteSession, Miss, SampleMode
from pytest_llmregress.redaction.redactor import PLACEHOLDER, Redactor, find_secrets
from pytest_llmregress.storage.cassette_file import read_cassette, write_cassette
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.http import Interaction, Request, Response

URL = "https://api.anthropic.com/v1/messages"
KEY = "sk-" + "ant-api03-" + "0badC0ffee" * 8 + "AA"
PASSWORD = "hunter2/hünter2+x"
ENVIRONMENT = {"ANTHROPIC_API_KEY": KEY, "DB_PASSWORD": PASSWORD}
MODEL = "claude-opus-5"


def headers(**values: str) -> dict[str, tuple[str, ...]]:
    return {name.replace("_", "-"): (value,) for name, value in values.items()}


def asked(said: object = None, **changes: Any) -> Request:
    fields: dict[str, Any] = {
        "method": "POST",
        "url": URL,
        "headers": headers(content_type="application/json"),
        "body": json.dumps(said or {"model": MODEL, "messages": [user("Hello")]}).encode(),
    }
    return Request(**{**fields, **changes})


def user(content: object) -> dict[str, object]:
    return {"role": "user", "content": content}


def replied(text: str = "Hello", **changes: Any) -> Response:
    body = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    fields: dict[str, Any] = {
        "status": 200,
        "headers": headers(content_type="application/json"),
        "body": json.dumps(body).encode(),
    }
    return Response(**{**fields, **changes})


def deltas(kind: str, field: str, pieces: Iterable[str]) -> list[dict[str, Any]]:
    start: dict[str, Any] = {"type": "message", "role": "assistant", "model": MODEL, "content": []}
    block: dict[str, Any] = {"type": "text", "text": ""}
    if field == "partial_json":
        block = {"type": "tool_use", "id": "toolu_1", "name": "login", "input": {}}
    return [
        {
            "type": "message_start",
            "message": {**start, "id": "msg_1", "usage": {"input_tokens": 1}},
        },
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "ping"},
        *(
            {"type": "content_block_delta", "index": 0, "delta": {"type": kind, field: piece}}
            for piece in pieces
        ),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn"},
            "usage": {"output_tokens": 1},
        },
        {"type": "message_stop"},
    ]


def streamed(events: Iterable[dict[str, Any]]) -> Response:
    body = "".join(
        f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}  \n\n"
        for event in events
    )
    return replied(headers=headers(content_type="text/event-stream"), body=body.encode())


def framed(events: Iterable[dict[str, Any]]) -> Response:
    """Stream as Bedrock does."""
    body = b""
    name, kind = b":event-type", b"chunk"
    head = bytes([len(name)]) + name + b"\x07" + struct.pack("!H", len(kind)) + kind
    for event in events:
        wrapped = base64.b64encode(json.dumps(event).encode()).decode()
        payload = json.dumps({"bytes": wrapped, "p": "abc"}).encode()
        lengths = struct.pack("!II", len(head) + len(payload) + 16, len(head))
        frame = lengths + struct.pack("!I", zlib.crc32(lengths)) + head + payload
        body += frame + struct.pack("!I", zlib.crc32(frame))
    amazon = headers(content_type="application/vnd.amazon.eventstream")
    return replied(headers=amazon, body=body)


def fail(miss: Miss) -> NoReturn:
    raise AssertionError(miss.reason)


def record(request: Request, response: Response, environment: dict[str, str]) -> Interaction:
    tape = CassetteSession(
        mode=SampleMode.RECORD,
        recorded=None,
        redactor=Redactor.of_environment(environment),
        on_miss=fail,
    )
    tape.answer(tape.ask(request, retry=False), response)
    (exchange,) = tape.attempts
    assert exchange.interaction is not None
    return exchange.interaction


def replay(recorded: Interaction, request: Request, environment: dict[str, str]) -> bool:
    """Say whether a request finds what was recorded."""
    tape = CassetteSession(
        mode=SampleMode.EXTEND,
        recorded=[recorded],
        redactor=Redactor.of_environment(environment),
        on_miss=fail,
    )
    return tape.ask(request, retry=False).played


def kept(tmp_path: Path, interaction: Interaction) -> str:
    """Write a file, and return what stands in it; the last line of defence has no objection."""
    path = tmp_path / "a.cassette.yaml"
    cassette = Cassette(
        test="test_a.py::test_a",
        requested_models=(MODEL,),
        served_models=(MODEL,),
        recorded_at="2026-01-02T03:04:05Z",
        versions={},
        interactions=(interaction,),
    )
    write_cassette(path, cassette)
    text = path.read_text(encoding="utf-8")
    assert find_secrets(text, redactor=Redactor.of_environment(ENVIRONMENT)) == ()
    assert read_cassette(path).interactions == (interaction,)
    return text


def multipart(secret: str) -> Request:
    part = 'Content-Disposition: form-data; name="file"; filename="env"\r\n\r\n'
    return asked(
        headers=headers(content_type="multipart/form-data; boundary=b"),
        body=f"--b\r\n{part}KEY={secret}\r\n\x00--b--\r\n".encode(),
    )


def result(content: str) -> dict[str, object]:
    return {"messages": [user([{"type": "tool_result", "content": content}])]}


def error(message: str) -> bytes:
    return json.dumps({"type": "error", "error": {"message": message}}).encode()


def cut(text: str) -> list[str]:
    return [text[:5], text[5:11], text[11:]]


REQUESTS = {
    "header of a bearer": lambda s: asked(headers=headers(authorization=f"Bearer {s}")),
    "header of a key": lambda s: asked(headers=headers(x_api_key=s)),
    "cookie": lambda s: asked(headers=headers(cookie=f"a={s}")),
    "own header": lambda s: asked(headers=headers(x_corp_token=s)),
    "header that is kept": lambda s: asked(headers=headers(accept=s)),
    "query": lambda s: asked(url=f"{URL}?a={s}"),
    "user of a URL": lambda s: asked(url=f"https://me:{s.replace('/', '%2F')}@h.example/v1"),
    "prompt": lambda s: asked({"messages": [user(f"use {s}")]}),
    "tool result": lambda s: asked(result(json.dumps({"env": [s]}))),
    "tool result in base64": lambda s: asked(result(base64.b64encode(f"me:{s}".encode()).decode())),
    "field": lambda s: asked({"mcp_servers": [{"authorization_token": s}]}),
    "zipped body": lambda s: asked(body=gzip.compress(s.encode(), mtime=0)),
    "multipart": multipart,
}
RESPONSES = {
    "cookie": lambda s: replied(headers=headers(set_cookie=s)),
    "header that is kept": lambda s: replied(headers=headers(request_id=s)),
    "text": lambda s: replied(f"It is {s}."),
    "zipped": lambda s: replied(body=gzip.compress(replied(s).body, mtime=0)),
    "error": lambda s: replied(status=401, body=error(f"bad key {s}")),
    "error that is no JSON": lambda s: replied(status=502, body=f"<p>{s}</p>".encode()),
    "no known encoding": lambda s: replied(body=b"\xff\x00" + s.encode() + b"\xfe"),
    "event": lambda s: streamed(deltas("text_delta", "text", ["It is ", s, "."])),
    "split events": lambda s: streamed(deltas("text_delta", "text", cut(s))),
    "split arguments": lambda s: streamed(
        deltas("input_json_delta", "partial_json", ['{"a": "', *cut(s), '"}'])
    ),
    "split thought": lambda s: streamed(deltas("thinking_delta", "thinking", cut(s))),
    "frame": lambda s: framed(deltas("text_delta", "text", ["It is ", s, "."])),
    "split frames": lambda s: framed(deltas("text_delta", "text", cut(s))),
}
PLACES = [*(("request", name) for name in REQUESTS), *(("response", name) for name in RESPONSES)]
SECRETS = [(KEY, {}), (KEY, ENVIRONMENT), (PASSWORD, ENVIRONMENT)]


def planted(side: str, place: str, secret: str) -> tuple[Request, Response]:
    if side == "request":
        return REQUESTS[place](secret), replied()
    return asked(), RESPONSES[place](secret)


def told(interaction: Interaction) -> str:
    """Return all that an interaction says, in every way in which one may read it."""
    texts: list[str] = [interaction.request.url]
    for message in (interaction.request, interaction.response):
        texts += [value for values in message.headers.values() for value in values]
        zipped = message.body.startswith(b"\x1f\x8b")
        body = gzip.decompress(message.body) if zipped else message.body
        frames = [json.loads(frame.payload) for frame in parse_frames(body)]
        events = [base64.b64decode(frame["bytes"]).decode() for frame in frames]
        events += [event.data for event in parse_events(body)]
        said = [
            list(json.loads(event)["delta"].values())
            for event in events
            if '"index"' in event and '"delta"' in event
        ]
        runs = re.findall(rb"[A-Za-z0-9+/]{16,}={0,2}", body)
        texts += [body.decode("utf-8", "replace"), *events, "".join(piece for _, piece in said)]
        texts += [
            base64.b64decode(run + b"==").decode("utf-8", "replace")
            for run in runs
            if len(run.rstrip(b"=")) % 4 != 1
        ]
    return "\n".join(texts)


def parts_in(text: str, secret: str) -> list[str]:
    """Return the pieces of a secret, eight characters long, that a text holds."""
    pieces = (secret[start : start + 8] for start in range(len(secret) - 7))
    return [piece for piece in pieces if piece in text]


# A key that no variable holds is not recognised in base64.
PLANTED = [
    pytest.param(side, place, *secret, id=f"{name}-{side} of {place}")
    for name, secret in zip(("form", "both", "value"), SECRETS, strict=True)
    for side, place in PLACES
    if secret[1] or "base64" not in place
]


@pytest.mark.parametrize(("side", "place", "secret", "environment"), PLANTED)
def test_a_planted_secret_is_not_in_the_file(
    side: str, place: str, secret: str, environment: dict[str, str], tmp_path: Path
):
    request, response = planted(side, place, secret)
    assert parts_in(told(Interaction(request=request, response=response)), secret)

    interaction = record(request, response, environment)

    assert parts_in(told(interaction), secret) == []
    assert parts_in(kept(tmp_path, interaction), secret) == []


def pieces_at(place: int, text: str) -> list[str]:
    return [text[:place], text[place:]]


@pytest.mark.parametrize("place", range(1, 40))
@pytest.mark.parametrize("stream", [streamed, framed])
def test_wherever_a_stream_splits_a_key_the_text_around_it_stays(place: int, stream):
    key = "sk-" + "ant-api03-" + "x" * 27
    pieces = ["Größe 😀 \n", *pieces_at(place, key), ', "so"', " it is"]
    response = stream(deltas("text_delta", "text", pieces))
    path = "/model/claude-x/invoke-with-response-stream" if stream is framed else "/v1/messages"
    request = asked(url=f"https://bedrock-runtime.us-east-1.amazonaws.com{path}")

    interaction = record(request, response, {})
    call = AnthropicProvider().read(interaction)

    assert call is not None
    assert call.text == f'Größe 😀 \n{PLACEHOLDER}, "so" it is'


@pytest.mark.parametrize("place", range(1, 47))
def test_wherever_a_stream_splits_the_arguments_of_a_tool_their_password_goes(place: int):
    arguments = json.dumps({"user": "me", "password": 'hunter"2', "n": 1})
    response = streamed(deltas("input_json_delta", "partial_json", pieces_at(place, arguments)))

    call = AnthropicProvider().read(record(asked(), response, {}))

    assert call is not None
    assert call.tool_calls[0].arguments == {"user": "me", "password": PLACEHOLDER, "n": 1}


def test_events_without_a_part_of_a_secret_stay_byte_by_byte():
    events = deltas("text_delta", "text", ["é\u2028", KEY[:20], KEY[20:], '\\u00e9 "x"'])
    before = streamed(events)

    after = record(asked(), before, {}).response

    pairs = zip(before.body.split(b"\n"), after.body.split(b"\n"), strict=True)
    changed = [(old, new) for old, new in pairs if old != new]
    assert [json.loads(new[6:])["delta"]["text"] for _, new in changed] == [PLACEHOLDER, ""]


def test_two_blocks_of_a_stream_are_two_texts():
    one = deltas("text_delta", "text", ["sk-" + "ant-"])
    two = [{**event, "index": 1} for event in deltas("text_delta", "text", ["a" * 40])[3:4]]
    before = streamed([*one, *two])

    assert record(asked(), before, {}).response.body == before.body


@pytest.mark.parametrize("place", ["query", "prompt", "tool result", "field", "multipart"])
@pytest.mark.parametrize("other", ["sk-" + "ant-oat01-" + "another000" * 9, "[redacted]"])
def test_a_replay_with_another_key_or_none_finds_what_was_recorded(place: str, other: str):
    request = REQUESTS[place](KEY)
    recorded = record(request, replied(), ENVIRONMENT)
    again = REQUESTS[place](other)

    assert replay(recorded, again, {})
    assert replay(recorded, again, {"ANTHROPIC_API_KEY": other})


def test_a_replay_finds_what_was_recorded_with_another_password_in_a_secret_field():
    def request(password: str) -> Request:
        return asked({"messages": [user([{"type": "x", "input": {"password": password}}])]})

    recorded = record(request(PASSWORD), replied(), ENVIRONMENT)

    assert replay(recorded, request("of the CI"), {})


def test_a_replay_cannot_find_a_prompt_whose_secret_only_the_environment_told():
    def request(password: str) -> Request:
        return asked({"messages": [user(f"The password is {password}.")]})

    recorded = record(request(PASSWORD), replied(), ENVIRONMENT)

    assert replay(recorded, request("of-the-CI-now"), {"DB_PASSWORD": "of-the-CI-now"})
    assert not replay(recorded, request("of-the-CI-now"), {})


def test_a_zipped_answer_is_kept_as_what_it_says():
    zipped = headers(content_encoding="gzip", content_type="application/json")
    body = gzip.compress(replied("Hello").body, mtime=0)

    after = record(asked(), replied(headers=zipped, body=body), {}).response

    assert after.body == replied("Hello").body
    assert after.headers == headers(content_type="application/json")


@pytest.mark.parametrize(
    "body", [b"\x1f\x8b", b"\x1f\x8bnot", gzip.compress(b"x" * 99, mtime=0)[:-9]]
)
def test_a_damaged_zipped_answer_stays_as_it_is(body: bytes):
    assert record(asked(), replied(body=body), {}).response.body == body


@pytest.mark.parametrize("end", [1, 20, 60])
def test_a_damaged_frame_at_the_end_is_no_error(end: int):
    events = deltas("text_delta", "text", [KEY[:20], KEY[20:]])
    before = framed(events)

    after = record(asked(), replied(headers=before.headers, body=before.body[:-end]), {}).response

    assert len(parse_frames(after.body)) == len(events) - 1
    assert record(asked(), framed(deltas("a", "text", [])), {}).response == framed(
        deltas("a", "text", [])
    )


def test_a_rule_that_reaches_over_several_frames_leaves_whole_frames():
    redactor = Redactor().with_rules(patterns=["(?s)one.*two"])
    events = deltas("text_delta", "text", ["it is one", "two", "one and two"])

    after = redactor.response(framed(events))

    texts = [base64.b64decode(json.loads(f.payload)["bytes"]) for f in parse_frames(after.body)]
    assert len(texts) == len(events)
    assert b"two" not in b"".join(texts)


def test_a_frame_without_a_secret_stays_byte_by_byte_though_it_is_damaged():
    before = framed(deltas("text_delta", "text", ["a", "b"]))
    damaged = replied(headers=before.headers, body=before.body[:-1] + b"?")

    assert record(asked(), damaged, {}).response.body == damaged.body
