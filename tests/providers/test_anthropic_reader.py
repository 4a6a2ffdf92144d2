"""The Anthropic provider: rules on bytes made here, wire bytes of a server, recorded cassettes."""

import base64
import json
import struct
import urllib.error
import urllib.request
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from cassette_checks import OWN, interactions_of
from patience import PATIENCE
from pytest_llmregress.providers.anthropic.reader import AnthropicProvider
from pytest_llmregress.providers.protocol import Provider
from pytest_llmregress.values.call import Call, Citation, Outcome, ToolCall, ToolRunner, Usage
from pytest_llmregress.values.http import Interaction, Request, Response
from whole_api import WholeApi
from whole_api_answers import ALIASES, CACHE_READ, CACHE_WRITTEN, FOX, OUTPUT_TOKENS

URL = "https://api.anthropic.com/v1/messages"
ASK = {"model": "claude-x", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
TEXT = {"type": "text", "text": "Hello."}
TOOL = {"type": "tool_use", "id": "toolu_1", "name": "find", "input": {"q": "x"}}
SERVER_TOOL = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}
WEB = {
    "type": "web_search_result_location",
    "url": "https://example.org/a",
    "title": "A",
    "cited_text": "halved",
}
PAGE = {"type": "page_location", "document_index": 0, "document_title": "Report"}
PROVIDER: Provider = AnthropicProvider()


def exchange(
    reply: Any = b"",
    *,
    url: str = URL,
    method: str = "POST",
    ask: Any = ASK,
    status: int = 200,
    reason: str = "",
    content_type: str = "application/json",
    headers: Mapping[str, tuple[str, ...]] | None = None,
) -> Interaction:
    def encode(value: Any) -> bytes:
        return value if isinstance(value, bytes) else json.dumps(value).encode()

    return Interaction(
        request=Request(method=method, url=url, headers=headers or {}, body=encode(ask)),
        response=Response(
            status=status,
            reason=reason,
            headers={"content-type": (content_type,)},
            body=encode(reply),
        ),
        latency=0.25,
    )


def message(stop_reason: str | None, *content: Any, **more: Any) -> dict[str, Any]:
    return {"type": "message", "model": "claude-x-1", "content": list(content)} | {
        "stop_reason": stop_reason,
        **more,
    }


def stream(*events: Mapping[str, Any]) -> bytes:
    return b"".join(
        f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events
    )


def read(interaction: Interaction) -> Call:
    call = PROVIDER.read(interaction)
    assert call is not None
    return call


# --- which requests are calls ---------------------------------------------------------------------

VERTEX = "https://v.googleapis.com/v1/projects/p/locations/l/publishers/anthropic/models"
BEDROCK = "https://bedrock-runtime.us-east-1.amazonaws.com/model"
HOSTED = {"anthropic_version": "bedrock-2023-05-31", "messages": []}


@pytest.mark.parametrize(
    ("url", "ask", "model", "streamed"),
    [
        (URL, ASK, "claude-x", False),
        (URL + "?beta=true", ASK | {"stream": True}, "claude-x", True),
        ("http://localhost:8080/anthropic/v1/messages", ASK, "claude-x", False),
        ("https://c.googleapis.com/v1/projects/p/invoke/v1/messages", ASK, "claude-x", False),
        (URL + "/", ASK, "claude-x", False),
        (URL, b"not JSON", None, False),
        (URL, b"", None, False),
        (f"{BEDROCK}/us.anthropic.claude-x-v1%3A0/invoke", {}, "us.anthropic.claude-x-v1:0", False),
        (f"{BEDROCK}/claude-x/invoke-with-response-stream", HOSTED, "claude-x", True),
        (f"{BEDROCK}/arn:aws:bedrock:x%2Fabc/invoke", HOSTED, "arn:aws:bedrock:x/abc", False),
        (f"{VERTEX}/claude-x%4020250514:rawPredict", HOSTED, "claude-x@20250514", False),
        (f"{VERTEX}/claude-x@20250514%3ArawPredict", HOSTED, "claude-x@20250514", False),
        (f"{VERTEX}/claude-x:streamRawPredict", HOSTED, "claude-x", True),
    ],
)
def test_a_request_to_a_model_is_a_call(
    url: str, ask: Any, model: str | None, *, streamed: bool
) -> None:
    interaction = exchange(message("end_turn", TEXT), url=url, ask=ask)

    call = read(interaction)
    assert call.requested_model == PROVIDER.requested_model(interaction.request) == model
    assert call.streamed is streamed
    assert call.outcome is Outcome.ANSWERED
    assert call.request == (ask if isinstance(ask, dict) else {})


@pytest.mark.parametrize(
    ("method", "url", "ask", "model"),
    [
        ("GET", URL, b"", None),
        ("POST", URL + "/count_tokens?beta=true", ASK, "claude-x"),
        ("POST", "http://127.0.0.1:1/v1/messages/count_tokens", ASK, "claude-x"),
        ("POST", f"{VERTEX}/count-tokens:rawPredict", ASK, "claude-x"),
        ("POST", URL + "/batches", {"requests": [{"custom_id": "a", "params": ASK}]}, None),
        ("GET", URL + "/batches/msgbatch_1/results", b"", None),
        ("GET", "https://api.anthropic.com/v1/models", b"", None),
        ("POST", "https://api.anthropic.com/v1/files?beta=true", b"--x\r\n", None),
        ("POST", "https://api.openai.com/v1/chat/completions", ASK, None),
        ("POST", "https://api.openai.com/v1/threads/thread_1/messages", ASK, None),
        ("POST", "https://sms.example/v1/messages", {"to": "1", "text": "hi"}, None),
        ("POST", f"{BEDROCK}/amazon.nova-lite-v1%3A0/invoke", {"messages": []}, None),
        ("POST", "https://v.googleapis.com/publishers/mistralai/models/m:rawPredict", ASK, None),
    ],
)
def test_any_other_request_is_no_call(method: str, url: str, ask: Any, model: str | None) -> None:
    interaction = exchange({}, method=method, url=url, ask=ask)

    assert PROVIDER.read(interaction) is None
    assert PROVIDER.requested_model(interaction.request) == model
    assert PROVIDER.incomplete(interaction) is None


def test_a_model_that_is_no_string_is_none() -> None:
    assert PROVIDER.requested_model(exchange(ask={"model": 3, "messages": []}).request) is None


# --- what a message says --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stop_reason", "content", "outcome"),
    [
        ("end_turn", [TEXT], Outcome.ANSWERED),
        ("end_turn", [TOOL], Outcome.ANSWERED),
        ("end_turn", [], Outcome.EMPTY),
        ("end_turn", [{"type": "text", "text": " \n"}], Outcome.EMPTY),
        ("end_turn", [{"type": "thinking", "thinking": "hm"}, SERVER_TOOL], Outcome.EMPTY),
        ("stop_sequence", [TEXT], Outcome.ANSWERED),
        ("stop_sequence", [], Outcome.EMPTY),
        ("tool_use", [TEXT, TOOL], Outcome.TOOL_USE),
        ("tool_use", [TEXT], Outcome.TOOL_USE),
        ("max_tokens", [], Outcome.TRUNCATED),
        ("model_context_window_exceeded", [TEXT], Outcome.CONTEXT_FULL),
        ("pause_turn", [TEXT, SERVER_TOOL], Outcome.PAUSED),
        ("refusal", [], Outcome.REFUSED),
        ("compaction", [TEXT, TOOL], Outcome.ANSWERED),
        ("compaction", [TOOL], Outcome.TOOL_USE),
        ("compaction", [{"type": "compaction", "content": "…"}], Outcome.EMPTY),
    ],
)
def test_the_stop_reason_and_the_content_say_how_a_call_ended(
    stop_reason: str, content: list[Any], outcome: Outcome
) -> None:
    interaction = exchange(message(stop_reason, *content))

    call = read(interaction)
    assert (call.outcome, call.stop_reason, call.error) == (outcome, stop_reason, None)
    assert PROVIDER.incomplete(interaction) is None


def test_a_stop_reason_that_nobody_knows_is_told_and_kept() -> None:
    interaction = exchange(message("a_word_of_next_year", TEXT))

    call = read(interaction)
    assert (call.outcome, call.stop_reason) == (Outcome.ERROR, "a_word_of_next_year")
    assert call.error == (
        "the reply ended with stop_reason 'a_word_of_next_year', which nobody knows"
    )
    assert PROVIDER.incomplete(interaction) is None


def test_a_message_becomes_a_call_field_by_field() -> None:
    reply = message(
        "tool_use",
        {"type": "thinking", "thinking": "hm"},
        TEXT,
        SERVER_TOOL,
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
        {"type": "mcp_tool_use", "id": "m", "name": "read", "server_name": "db", "input": {"n": 1}},
        {"type": "mcp_tool_result", "tool_use_id": "m", "content": []},
        {"type": "text", "text": " And more.", "citations": [WEB, PAGE, {"type": "x"}]},
        TOOL,
        {"type": "of_next_year"},
        usage={
            "input_tokens": 3,
            "output_tokens": 5,
            "cache_read_input_tokens": 7,
            "cache_creation_input_tokens": 11,
            "output_tokens_details": {"thinking_tokens": 2},
            "service_tier": "standard",
        },
        stop_sequence="END",
    )

    assert read(exchange(reply)) == Call(
        provider="anthropic",
        outcome=Outcome.TOOL_USE,
        text="Hello. And more.",
        tool_calls=(
            ToolCall(name="web_search", id="srvtoolu_1", run_by=ToolRunner.PROVIDER),
            ToolCall(
                name="read",
                arguments={"n": 1},
                id="m",
                run_by=ToolRunner.MCP,
                server="db",
                round=1,
            ),
            ToolCall(name="find", arguments={"q": "x"}, id="toolu_1", round=2),
        ),
        thinking="hm",
        citations=(
            Citation(source="https://example.org/a", text="halved"),
            Citation(source="Report"),
            Citation(source="document 0"),
        ),
        stop_reason="tool_use",
        stop_sequence="END",
        service_tier="standard",
        requested_model="claude-x",
        served_model="claude-x-1",
        usage=Usage(
            input_tokens=3,
            output_tokens=5,
            cache_read_tokens=7,
            cache_write_tokens=11,
            thinking_tokens=2,
        ),
        latency=0.25,
        request=ASK,
    )


@pytest.mark.parametrize(
    ("details", "category"),
    [
        ({"type": "refusal", "category": "cyber", "explanation": "…"}, "cyber"),
        ({"type": "refusal", "category": None}, None),
        (None, None),
    ],
)
def test_a_refusal_tells_its_category(details: Any, category: str | None) -> None:
    assert read(exchange(message("refusal", stop_details=details))).refusal_category == category


def test_details_of_another_end_are_no_refusal() -> None:
    assert read(exchange(message("end_turn", TEXT, stop_details={"category": "x"}))) == read(
        exchange(message("end_turn", TEXT))
    )


@pytest.mark.parametrize("usage", [None, [], {}, {"cache_read_input_tokens": None}])
def test_usage_that_is_none_counts_as_nothing(usage: Any) -> None:
    assert read(exchange(message("end_turn", TEXT, usage=usage))).usage == Usage()


def test_counts_that_are_none_are_told() -> None:
    usage = {"input_tokens": "3", "output_tokens": -5, "cache_read_input_tokens": True}

    assert read(exchange(message("end_turn", TEXT, usage=usage))).usage.unknown == (
        "input_tokens: '3'",
        "output_tokens: -5",
        "cache_read_tokens: True",
    )


@pytest.mark.parametrize("value", [None, "x", [1], 3])
def test_arguments_that_are_no_object_are_empty(value: Any) -> None:
    (tool,) = read(exchange(message("tool_use", TOOL | {"input": value}))).tool_calls

    assert tool == ToolCall(name="find", id="toolu_1")


# --- streams --------------------------------------------------------------------------------------

START = {"type": "message_start", "message": message(None, usage={"input_tokens": 3})}
STOP = {"type": "message_stop"}


def block(index: int, start: Mapping[str, Any], *deltas: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def words(*texts: str) -> list[dict[str, Any]]:
    deltas = [{"type": "text_delta", "text": text} for text in texts]
    return block(0, {"type": "text", "text": ""}, *deltas)


def end(stop_reason: str, **usage: Any) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": stop_reason}, "usage": usage}


WHOLE = [START, *words("Hel", "lo."), end("end_turn", output_tokens=5), STOP]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (stream(*WHOLE), "text/event-stream; charset=utf-8"),
        (stream(*WHOLE), ""),
        (b"\xef\xbb\xbf\n" + stream(*WHOLE), "application/octet-stream"),
        (stream(*WHOLE).replace(b"\n", b"\r\n"), "text/event-stream"),
        (stream(*WHOLE).rstrip(), "text/event-stream"),
        (b": ping\n\n" + stream(*WHOLE) + b"data: [DONE]\n\n", "text/event-stream"),
        (
            b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in WHOLE),
            "text/event-stream",
        ),
    ],
)
def test_a_stream_is_read_like_a_message_in_one_piece(body: bytes, content_type: str) -> None:
    interaction = exchange(body, content_type=content_type)

    call = read(interaction)
    assert (call.outcome, call.text, call.streamed) == (Outcome.ANSWERED, "Hello.", True)
    assert (call.served_model, call.stop_reason) == ("claude-x-1", "end_turn")
    assert call.usage == Usage(input_tokens=3, output_tokens=5)
    assert PROVIDER.incomplete(interaction) is None


def test_a_message_in_one_piece_is_read_whatever_its_type_claims() -> None:
    call = read(exchange(message("end_turn", TEXT), content_type="text/event-stream"))

    assert (call.outcome, call.text, call.streamed) == (Outcome.ANSWERED, "Hello.", False)


def test_thinking_and_citations_are_put_together_from_their_parts() -> None:
    cited = [{"type": "citations_delta", "citation": each} for each in (WEB, PAGE)]
    thought = [{"type": "thinking_delta", "thinking": part} for part in ("h", "m")]
    body = stream(
        START,
        *block(0, {"type": "thinking", "thinking": ""}, *thought),
        *block(1, {"type": "text", "text": "", "citations": None}, *cited),
        end("end_turn"),
        STOP,
    )

    call = read(exchange(body))
    assert call.thinking == "hm"
    assert [each.source for each in call.citations] == ["https://example.org/a", "Report"]


def test_thinking_that_only_the_provider_can_read_is_there() -> None:
    sealed = {"type": "redacted_thinking", "data": "x"}

    assert read(exchange(message("end_turn", sealed, TEXT))).thinking == ""
    assert read(exchange(message("end_turn", TEXT))).thinking is None


def test_tools_are_asked_for_together_up_to_a_result() -> None:
    result = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}

    call = read(
        exchange(message("end_turn", SERVER_TOOL, SERVER_TOOL, result, result, SERVER_TOOL))
    )
    assert [tool.round for tool in call.tool_calls] == [0, 0, 1]


def test_counts_at_the_end_of_a_stream_override_those_at_its_start() -> None:
    start = message(None, usage={"input_tokens": 3, "output_tokens": 1, "service_tier": "x"})
    last = end("end_turn", input_tokens=None, output_tokens=9, cache_read_input_tokens=4)
    body = stream({"type": "message_start", "message": start}, *words("a"), last, STOP)

    assert read(exchange(body)).usage == Usage(input_tokens=3, output_tokens=9, cache_read_tokens=4)


@pytest.mark.parametrize(
    ("parts", "arguments"),
    [
        (['{"q": "a', ' b", "n": [1, 2]}'], {"q": "a b", "n": [1, 2]}),
        ([""], {}),
        ([], {}),
        (['{"q": "cut'], {}),
        (["[1]"], {}),
        (["[" * 100_000], {}),
    ],
)
def test_arguments_are_put_together_from_their_parts(
    parts: list[str], arguments: dict[str, Any]
) -> None:
    deltas = [{"type": "input_json_delta", "partial_json": part} for part in parts]
    tool = block(1, TOOL | {"input": {}}, *deltas)
    body = stream(START, *words("Wait."), *tool, end("tool_use"), STOP)

    call = read(exchange(body))
    assert call.tool_calls == (ToolCall(name="find", arguments=arguments, id="toolu_1"),)
    assert (call.text, call.outcome) == ("Wait.", Outcome.TOOL_USE)


def test_blocks_that_come_interleaved_are_kept_apart() -> None:
    first, second = words("a", "b"), block(1, {"type": "text"}, {"type": "text_delta", "text": "c"})
    mixed = [first[0], second[0], first[1], second[1], first[2], *first[3:], *second[2:]]

    assert read(exchange(stream(START, *mixed, end("end_turn"), STOP))).text == "abc"


def test_what_a_later_api_adds_to_a_stream_is_passed_over() -> None:
    news = block(1, {"type": "hologram", "text": 3}, {"type": "hologram_delta", "text": "x"})
    odd: list[Mapping[str, Any]] = [{"type": "content_block_delta", "index": 7, "delta": None}]
    body = stream(START, {"type": "news"}, *words("a"), *news, *odd, end("end_turn"), STOP)
    body = body.replace(b"event: news\n", b"event: news\ndata: no JSON\n\nevent: news\n")

    interaction = exchange(body)
    assert (read(interaction).text, read(interaction).error) == ("a", None)
    assert PROVIDER.incomplete(interaction) is None


def test_a_fallback_in_a_stream_names_the_model_that_answers() -> None:
    switch = block(0, {"type": "fallback", "from": {"model": "a"}, "to": {"model": "claude-y"}})

    assert read(exchange(stream(START, *switch, end("end_turn"), STOP))).served_model == "claude-y"


BROKEN = [START, *words("Hel")]
OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
NO_REASON = "the reply ended without a stop reason"
NO_MESSAGE = "the reply is no message in JSON"


@pytest.mark.parametrize(
    ("body", "outcome", "error", "fault"),
    [
        (b"", Outcome.ERROR, NO_REASON, "the stream ended without a stop reason"),
        (stream(*BROKEN), Outcome.ERROR, NO_REASON, "the stream ended without a stop reason"),
        (
            stream(*WHOLE)[:-95],
            Outcome.ERROR,
            NO_REASON,
            "the stream ended without a stop reason",
        ),
        (
            stream(*WHOLE[:-1]),
            Outcome.ANSWERED,
            None,
            "the stream ended without message_stop",
        ),
        (
            stream(*BROKEN, OVERLOADED),
            Outcome.ERROR,
            "overloaded_error: Overloaded",
            "the stream broke off with overloaded_error: Overloaded",
        ),
        (
            stream(*BROKEN, OVERLOADED, {"type": "error"}, end("end_turn"), STOP),
            Outcome.ERROR,
            "overloaded_error: Overloaded",
            "the stream broke off with overloaded_error: Overloaded",
        ),
        (
            stream(*BROKEN) + b"event: error\ndata: gone\n\n",
            Outcome.ERROR,
            "gone",
            "the stream broke off with gone",
        ),
        (
            stream(*BROKEN, {"type": "error"}),
            Outcome.ERROR,
            '{"type": "error"}',
            'the stream broke off with {"type": "error"}',
        ),
        (
            stream(*WHOLE).replace(b'"lo."}', b'"lo."'),
            Outcome.ERROR,
            "the stream holds an event that cannot be read",
            "the stream holds an event that cannot be read",
        ),
    ],
)
def test_a_stream_that_is_not_whole_says_so(
    body: bytes, outcome: Outcome, error: str | None, fault: str
) -> None:
    interaction = exchange(body, content_type="text/event-stream")

    call = read(interaction)
    assert (call.outcome, call.error, call.streamed) == (outcome, error, True)
    assert PROVIDER.incomplete(interaction) == fault


def frame(payload: Mapping[str, Any], **headers: str) -> bytes:
    head = b"".join(
        bytes([len(name) + 1])
        + f":{name.replace('_', '-')}".encode()
        + b"\x07"
        + struct.pack("!H", len(value))
        + value.encode()
        for name, value in headers.items()
    )
    data = json.dumps(payload).encode()
    prelude = struct.pack("!II", 16 + len(head) + len(data), len(head))
    start = prelude + struct.pack("!I", zlib.crc32(prelude)) + head + data
    return start + struct.pack("!I", zlib.crc32(start))


def chunk(event: Mapping[str, Any]) -> bytes:
    return frame({"bytes": base64.b64encode(json.dumps(event).encode()).decode()})


THROTTLED = frame(
    {"message": "Slow down"}, message_type="exception", exception_type="throttlingException"
)
INTERNAL = frame({}, message_type="error", error_code="InternalError", error_message="Oh")


@pytest.mark.parametrize(
    ("frames", "error", "fault"),
    [
        (list(map(chunk, WHOLE)), None, None),
        (
            [*map(chunk, BROKEN), THROTTLED],
            "throttlingException: Slow down",
            "the stream broke off with throttlingException: Slow down",
        ),
        (
            [*map(chunk, BROKEN), INTERNAL],
            "InternalError: Oh",
            "the stream broke off with InternalError: Oh",
        ),
        (
            [*map(chunk, WHOLE), frame({"bytes": "a"})],
            "the stream holds an event that cannot be read",
            "the stream holds an event that cannot be read",
        ),
        (
            [*map(chunk, WHOLE), frame({"bytes": "e30x"})],
            "the stream holds an event that cannot be read",
            "the stream holds an event that cannot be read",
        ),
    ],
)
def test_a_stream_of_bedrock_is_read_from_its_frames(
    frames: list[bytes], error: str | None, fault: str | None
) -> None:
    interaction = exchange(
        b"".join(frames),
        url=f"{BEDROCK}/claude-x/invoke-with-response-stream",
        content_type="application/vnd.amazon.eventstream",
    )

    assert read(interaction).error == error
    assert read(interaction).text.startswith("Hel")
    assert PROVIDER.incomplete(interaction) == fault


# --- errors and damage ----------------------------------------------------------------------------


def failure(kind: str, text: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": text}, "request_id": "req_1"}


@pytest.mark.parametrize(
    ("status", "reply", "error", "fault"),
    [
        (400, failure("invalid_request_error", "no"), "invalid_request_error: no", None),
        (413, failure("request_too_large", "no"), "request_too_large: no", None),
        (422, b"", "HTTP 422 Why", None),
        (401, failure("a", "b"), "a: b", "the server answered 401 a: b"),
        (402, failure("a", "b"), "a: b", "the server answered 402 a: b"),
        (403, failure("a", "b"), "a: b", "the server answered 403 a: b"),
        (404, failure("a", "b"), "a: b", "the server answered 404 a: b"),
        (408, failure("a", "b"), "a: b", "the server answered 408 a: b"),
        (409, failure("a", "b"), "a: b", "the server answered 409 a: b"),
        (429, failure("a", "b"), "a: b", "the server answered 429 a: b"),
        (500, {"message": "b"}, "b", "the server answered 500 b"),
        (
            529,
            failure("overloaded_error", "Overloaded"),
            "overloaded_error: Overloaded",
            "the server answered 529 overloaded_error: Overloaded",
        ),
        (502, b"<html>", "HTTP 502 Why", "the server answered 502 Why"),
        (
            404,
            [{"error": {"code": 404, "message": "No model.", "status": "NOT_FOUND"}}],
            "NOT_FOUND: No model.",
            "the server answered 404 NOT_FOUND: No model.",
        ),
        (200, failure("api_error", "b"), "api_error: b", "the server answered 200 api_error: b"),
        (200, {"type": "error"}, "error", "the server answered 200 error"),
        (200, message(None, TEXT), NO_REASON, NO_REASON),
        (200, b'{"type": "message", "con', NO_MESSAGE, NO_MESSAGE),
        (200, b"\xff\x00", NO_MESSAGE, NO_MESSAGE),
        (200, [], NO_MESSAGE, NO_MESSAGE),
        (200, {"type": "message", "content": "x"}, NO_MESSAGE, NO_MESSAGE),
    ],
)
def test_an_error_and_damage_are_calls_that_went_wrong(
    status: int, reply: Any, error: str, fault: str | None
) -> None:
    interaction = exchange(reply, status=status, reason="Why" if status >= 400 else "")

    call = read(interaction)
    assert (call.outcome, call.status, call.error) == (Outcome.ERROR, status, error)
    assert PROVIDER.incomplete(interaction) == fault


def test_an_error_of_bedrock_has_its_type_in_a_header() -> None:
    response = Response(
        status=429,
        headers={"x-amzn-errortype": ("ThrottlingException:http://aws/",)},
        body=b'{"message":"Too many requests"}',
    )
    request = exchange(url=f"{BEDROCK}/claude-x/invoke").request

    assert read(Interaction(request=request, response=response)).error == (
        "ThrottlingException: Too many requests"
    )


@pytest.mark.parametrize(
    ("method", "url", "headers", "status", "fault"),
    [
        ("POST", URL + "/count_tokens", {}, 529, "the server answered 529 a: b"),
        ("GET", "https://api.anthropic.com/v1/models", {}, 401, "the server answered 401 a: b"),
        (
            "GET",
            "http://[::1]:1/v1/models",
            {"anthropic-version": ("2023-06-01",)},
            500,
            "the server answered 500 a: b",
        ),
        ("POST", URL + "/count_tokens", {}, 400, None),
        ("POST", URL + "/count_tokens", {}, 200, None),
        ("GET", "https://weather.example/v1/today", {}, 503, None),
        ("GET", "https://sms.example/v1/messages", {}, 404, None),
        ("GET", "https://notanthropic.com/v1/models", {}, 500, None),
    ],
)
def test_the_status_rule_holds_for_this_provider_beside_calls_too(
    method: str, url: str, headers: dict[str, tuple[str, ...]], status: int, fault: str | None
) -> None:
    interaction = exchange(
        failure("a", "b"), method=method, url=url, headers=headers, status=status
    )

    assert PROVIDER.incomplete(interaction) == fault


# --- wire bytes of a server -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[WholeApi]:
    with WholeApi() as api:
        yield api


def send(url: str, body: Mapping[str, Any]) -> Interaction:
    data = json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"content-type": "application/json"})
    try:
        reply = urllib.request.urlopen(request, timeout=PATIENCE)
    except urllib.error.HTTPError as error:
        reply = error
    with reply:
        headers = {name.lower(): (value,) for name, value in reply.headers.items()}
        response = Response(
            status=reply.status, reason=reply.reason, headers=headers, body=reply.read()
        )
    return Interaction(
        request=Request(method="POST", url=url, body=data), response=response, latency=None
    )


def ask(server: WholeApi, text: str, *, stream: bool) -> Interaction:
    body = {"model": "claude-haiku-4-5", "max_tokens": 9, "stream": stream}
    return send(
        f"{server.url}/v1/messages?beta=true",
        body | {"messages": [{"role": "user", "content": text}]},
    )


FIND = '[[tool find {"q": "a\\"b\u00e9", "n": 3}]]'
CALLED = {
    FIND: [("find", {"q": 'a"b\u00e9', "n": 3}, ToolRunner.CLIENT)],
    "[[pause]]": [("web_search", {"query": "more foxes"}, ToolRunner.PROVIDER)],
    "[[server_tool]] [[say x]]": [("web_search", {"query": "foxes"}, ToolRunner.PROVIDER)],
}
"""The tool calls by the directive that asks for them."""


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("directive", "outcome", "stop_reason", "text"),
    [
        ("[[say Hello.]]", Outcome.ANSWERED, "end_turn", "Hello."),
        ("[[say  ]]", Outcome.EMPTY, "end_turn", " "),
        ("[[stop_seq END]]", Outcome.ANSWERED, "stop_sequence", "up to the sequence "),
        ("[[max_tokens]]", Outcome.TRUNCATED, "max_tokens", "This is cut in the mid"),
        ("[[ctx]]", Outcome.CONTEXT_FULL, "model_context_window_exceeded", "No room is left."),
        ("[[pause]]", Outcome.PAUSED, "pause_turn", "The search goes on."),
        ("[[refusal cyber]]", Outcome.REFUSED, "refusal", ""),
        (FIND, Outcome.TOOL_USE, "tool_use", ""),
        ("[[thinking]] [[redacted]] [[say x]]", Outcome.ANSWERED, "end_turn", "x"),
        ("[[server_tool]] [[say x]]", Outcome.ANSWERED, "end_turn", "x"),
    ],
)
def test_a_reply_off_the_wire_is_read(
    server: WholeApi,
    directive: str,
    outcome: Outcome,
    stop_reason: str,
    text: str,
    *,
    streamed: bool,
) -> None:
    interaction = ask(server, directive, stream=streamed)

    call = read(interaction)
    assert (call.outcome, call.stop_reason, call.text) == (outcome, stop_reason, text)
    assert (call.streamed, call.status, call.error) == (streamed, 200, None)
    assert call.requested_model == "claude-haiku-4-5"
    assert call.served_model == "claude-haiku-4-5-20251001"
    assert call.refusal_category == ("cyber" if outcome is Outcome.REFUSED else None)
    assert [(tool.name, tool.arguments, tool.run_by) for tool in call.tool_calls] == (
        CALLED.get(directive, [])
    )
    assert PROVIDER.incomplete(interaction) is None


@pytest.mark.parametrize("directive", ["[[unicode]]", "[[cache]] [[thinking]]", "[[size 5000]]"])
def test_a_stream_off_the_wire_says_what_the_reply_in_one_piece_says(
    server: WholeApi, directive: str
) -> None:
    one, many = (read(ask(server, directive, stream=stream)) for stream in (False, True))

    assert one.text
    assert one.text == many.text
    assert one.usage.total_tokens
    assert one.usage == many.usage


def test_usage_of_a_cache_comes_off_the_wire(server: WholeApi) -> None:
    usage = read(ask(server, "[[cache]]", stream=True)).usage

    assert (usage.cache_read_tokens, usage.cache_write_tokens, usage.output_tokens) == (
        CACHE_READ,
        CACHE_WRITTEN,
        OUTPUT_TOKENS,
    )


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, "invalid_request_error: this status was asked for"),
        (401, "authentication_error: this status was asked for"),
        (429, "rate_limit_error: this status was asked for"),
        (529, "overloaded_error: this status was asked for"),
    ],
)
def test_an_error_off_the_wire_is_read(
    server: WholeApi, status: int, error: str, *, streamed: bool
) -> None:
    interaction = ask(server, f"[[status {status}]]", stream=streamed)

    call = read(interaction)
    assert (call.outcome, call.status, call.error) == (Outcome.ERROR, status, error)
    assert call.streamed is streamed
    assert PROVIDER.incomplete(interaction) == (
        None if status == 400 else f"the server answered {status} {error}"
    )


@pytest.mark.parametrize(
    ("directive", "error", "fault"),
    [
        (
            "[[midstream_error]]",
            "overloaded_error: Overloaded in the middle",
            "the stream broke off with overloaded_error: Overloaded in the middle",
        ),
        ("[[truncated_clean]]", NO_REASON, "the stream ended without a stop reason"),
    ],
)
def test_a_stream_that_breaks_off_on_the_wire_is_not_whole(
    server: WholeApi, directive: str, error: str, fault: str
) -> None:
    interaction = ask(server, f"{directive} [[size 400]]", stream=True)

    call = read(interaction)
    assert (call.outcome, call.error, call.status) == (Outcome.ERROR, error, 200)
    assert call.text.startswith(FOX[:11])
    assert PROVIDER.incomplete(interaction) == fault


@pytest.mark.parametrize(
    ("path", "more", "streamed"),
    [
        ("/model/claude-x/invoke", {}, False),
        ("/model/claude-x/invoke-with-response-stream", {}, True),
        ("/v1/projects/p/locations/l/publishers/anthropic/models/claude-x:rawPredict", {}, False),
        (
            "/v1/projects/p/locations/l/publishers/anthropic/models/claude-x:streamRawPredict",
            {"stream": True},
            True,
        ),
    ],
)
def test_hosts_of_clouds_are_read_off_the_wire(
    server: WholeApi, path: str, more: dict[str, Any], *, streamed: bool
) -> None:
    messages = [{"role": "user", "content": '[[tool find {"q": "\u00e9"}]]'}]
    interaction = send(server.url + path, {"max_tokens": 9, "messages": messages, **more})

    call = read(interaction)
    assert (call.outcome, call.error, call.streamed) == (Outcome.TOOL_USE, None, streamed)
    assert (call.requested_model, call.served_model) == ("claude-x", "claude-x")
    assert call.tool_calls[0].arguments == {"q": "\u00e9"}
    assert call.usage.output_tokens == OUTPUT_TOKENS
    assert PROVIDER.incomplete(interaction) is None


def test_a_stream_of_bedrock_that_is_cut_is_not_whole(server: WholeApi) -> None:
    body = {"max_tokens": 9, "messages": [{"role": "user", "content": "[[say Hello.]]"}]}
    whole = send(f"{server.url}/model/claude-x/invoke-with-response-stream", body)
    faults = set()
    for size in range(0, len(whole.response.body), 50):
        response = Response(
            status=200, headers=whole.response.headers, body=whole.response.body[:size]
        )
        faults.add(PROVIDER.incomplete(Interaction(request=whole.request, response=response)))

    assert PROVIDER.incomplete(whole) is None
    assert faults == {
        "the stream ended without a stop reason",
        "the stream ended without message_stop",
    }


# --- recorded cassettes ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def recorded() -> list[Interaction]:
    return interactions_of(OWN)


def test_recorded_traffic_is_read(recorded: list[Interaction]) -> None:
    calls = [call for call in map(PROVIDER.read, recorded) if call is not None]
    ends = Counter((call.stop_reason, str(call.outcome)) for call in calls if not call.error)
    whole = [call for call in calls if call.status == 200 and call.outcome != Outcome.REFUSED]

    assert ends.keys() == {
        ("end_turn", "answered"),
        ("tool_use", "tool_use"),
        ("stop_sequence", "answered"),
        ("max_tokens", "truncated"),
        ("model_context_window_exceeded", "context_full"),
        ("refusal", "refused"),
        ("pause_turn", "paused"),
    }
    assert {call.streamed for call in whole} == {True, False}
    assert all(call.served_model and call.usage.output_tokens for call in whole)
    assert all(call.text.strip() or call.tool_calls for call in whole)
    assert all(tool.name and tool.id for call in whole for tool in call.tool_calls)


def test_recorded_errors_are_read_and_those_that_pass_by_are_not_whole() -> None:
    recorded = interactions_of(path for path in OWN if path.stem == "errors")
    said = "this status was asked for"
    expected = [
        (400, f"invalid_request_error: {said}", False),
        (404, f"not_found_error: {said}", True),
        (429, "rate_limit_error: not yet", True),
        (200, None, False),
        (529, "overloaded_error: not yet", True),
        (529, "overloaded_error: not yet", True),
    ]
    found = [
        (call.status, call.error, PROVIDER.incomplete(each) is not None)
        for each in recorded
        if (call := PROVIDER.read(each))
    ]

    assert found == expected * 2  # in two formats


def test_recorded_traffic_asks_for_the_model_that_serves_it(recorded: list[Interaction]) -> None:
    asked = Counter(
        (requested, call.served_model)
        for interaction in recorded
        if (requested := PROVIDER.requested_model(interaction.request))
        and (call := PROVIDER.read(interaction))
        and call.status == 200
    )

    assert len(asked) >= 9
    for requested, served in asked:
        assert served == ALIASES.get(str(requested), requested)
