"""Version 2 of Cohere's chat, as calls."""

import json
from typing import Any

import pytest

from pytest_llmregress.providers.cohere.reader import CohereProvider
from pytest_llmregress.values.call import Call, Citation, Outcome, Usage
from pytest_llmregress.values.http import Interaction, Request, Response

PROVIDER = CohereProvider()
ASK = "https://api.cohere.com/v2/chat"
ASKED = {"model": "command-old", "messages": [{"role": "user", "content": "Hello"}]}
USAGE = {
    "billed_units": {"input_tokens": 1, "output_tokens": 9},
    "tokens": {"input_tokens": 496.0, "output_tokens": 11.0},
    "cached_tokens": 144.0,
}
FIND = {
    "id": "find_1",
    "type": "function",
    "function": {"name": "find", "arguments": '{"city":"Paris"}'},
}


def asking(url: str = ASK, body: Any = None, method: str = "POST") -> Request:
    data = body if isinstance(body, bytes) else json.dumps(ASKED if body is None else body).encode()
    return Request(method=method, url=url, body=data)


def interaction(reply: Any, *, status: int = 200, asked: Any = None) -> Interaction:
    body = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
    return Interaction(request=asking(body=asked), response=Response(status=status, body=body))


def read(reply: Any, **more: Any) -> Call:
    call = PROVIDER.read(interaction(reply, **more))
    assert call is not None
    return call


def fault(reply: Any, **more: Any) -> str | None:
    return PROVIDER.incomplete(interaction(reply, **more))


def reply(*content: Any, reason: str | None = "COMPLETE", **message: Any) -> dict[str, Any]:
    ended = {"finish_reason": reason} if reason else {}
    return {"id": "r1", **ended, "usage": USAGE, "message": {"content": list(content), **message}}


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def stream(*events: Any) -> bytes:
    lines = (f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    return "".join(lines).encode()


def delta(kind: str, index: int | None = 0, **message: Any) -> dict[str, Any]:
    return {"type": kind, "index": index, "delta": {"message": message}}


def end(reason: str = "COMPLETE", **more: Any) -> dict[str, Any]:
    return {"type": "message-end", "delta": {"finish_reason": reason, "usage": USAGE, **more}}


def test_a_reply_is_read_with_all_that_it_says():
    cited = {"text": "sunny", "sources": [{"type": "document", "document": {"title": "Weather"}}]}
    thinking = {"type": "thinking", "thinking": "They ask."}

    call = read(reply(thinking, text("It is "), text("sunny."), citations=[cited]))

    assert (call.text, call.thinking) == ("It is sunny.", "They ask.")
    assert (call.outcome, call.stop_reason) == (Outcome.ANSWERED, "COMPLETE")
    assert (call.requested_model, call.served_model) == ("command-old", None)
    assert call.citations == (Citation(source="Weather", text="sunny"),)
    assert call.usage == Usage(input_tokens=352, output_tokens=11, cache_read_tokens=144)
    assert fault(reply(text("It is sunny."))) is None


def test_a_call_of_a_tool_is_read_with_its_plan():
    call = read(reply(reason="TOOL_CALL", tool_plan="I look.", tool_calls=[FIND]))

    (tool,) = call.tool_calls
    assert (tool.name, tool.arguments, tool.id) == ("find", {"city": "Paris"}, "find_1")
    assert (call.outcome, call.thinking) == (Outcome.TOOL_USE, "I look.")


def test_a_stream_is_what_its_events_add_up_to():
    start = {**FIND, "function": {"name": "find", "arguments": ""}}
    pieces = ({"function": {"arguments": each}} for each in ('{"city":', '"Paris"}'))
    events = [
        {"type": "message-start", "id": "r1", "delta": {"message": {"role": "assistant"}}},
        delta("tool-plan-delta", tool_plan="I "),
        delta("tool-plan-delta", tool_plan="look."),
        delta("tool-call-start", tool_calls=start),
        *(delta("tool-call-delta", tool_calls=each) for each in pieces),
        {"type": "tool-call-end", "index": 0},
        delta("content-start", content=text("")),
        delta("content-delta", content={"text": "It is "}),
        delta("content-delta", content={"text": "sunny."}),
        delta("citation-start", citations={"text": "sunny", "sources": [{"id": "d1"}]}),
        end("TOOL_CALL"),
    ]

    call = read(stream(*events))

    assert (call.text, call.thinking, call.streamed) == ("It is sunny.", "I look.", True)
    assert [(tool.name, tool.arguments) for tool in call.tool_calls] == [
        ("find", {"city": "Paris"})
    ]
    assert call.citations == (Citation(source="d1", text="sunny"),)
    assert (call.outcome, call.usage.output_tokens) == (Outcome.TOOL_USE, 11)
    assert fault(stream(*events)) is None


SAID = delta("content-delta", content={"text": "It"})


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (stream(SAID), "the stream ended without message-end"),
        (stream(SAID) + b"data: {\n\n" + stream(end()), "an event that cannot be read"),
        (stream(SAID) + b'data: {"message": "no more"}\n\n', "the stream broke off with no more"),
        ({"id": "r1", "message": "no such model"}, "the reply is an error: no such model"),
        (b"<html>", "the reply is no message in JSON"),
        (reply(text("It"), reason=None), "the reply ended without a finish_reason"),
    ],
)
def test_what_is_not_whole_is_told(body: Any, told: str):
    assert told in (fault(body) or "")
    assert told.removeprefix("the stream broke off with ") in (read(body).error or "") or (
        "cannot be read" in told
    )


def test_an_error_of_the_hour_is_no_answer_and_one_of_the_request_is():
    assert fault({"message": "slow down"}, status=429) == "the server answered 429 slow down"
    assert fault({"message": "bad tool"}, status=400) is None
    assert read({"message": "bad tool"}, status=400).error == "bad tool"


def test_a_prompt_is_read_in_the_form_of_all_providers():
    schema = {"type": "object"}
    body = {
        "model": "command-old",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Where?"},
            {"role": "assistant", "tool_plan": "I look.", "tool_calls": [FIND]},
            {"role": "tool", "tool_call_id": "find_1", "content": "in Paris"},
        ],
        "response_format": {"type": "json_object", "json_schema": schema},
    }

    prompt = read(reply(text("Yes.")), asked=body).prompt

    assert (prompt.system, prompt.schema, prompt.parameters) == ("Be brief.", schema, {})
    assert [message["role"] for message in prompt.messages] == ["user", "assistant", "user"]
    assert prompt.messages[2]["content"][0]["tool_use_id"] == "find_1"


def test_the_model_is_renamed_in_the_body():
    renamed = PROVIDER.rename_model(asking(), lambda _: "command-new")

    assert json.loads(renamed.body) == {**ASKED, "model": "command-new"}
    assert PROVIDER.requested_model(renamed) == "command-new"


@pytest.mark.parametrize(
    "request_of_others",
    [
        asking("https://chat.example.com/v2/chat", {"text": "Hello"}),
        asking("https://chat.example.com/v2/chat", b"text"),
        asking("https://api.cohere.com/v2/embed", {"model": "embed", "texts": []}),
        asking(method="GET"),
    ],
)
def test_what_is_somebody_elses_is_left_alone(request_of_others: Request):
    given = Interaction(request=request_of_others, response=Response(status=200, body=b"{}"))

    assert PROVIDER.read(given) is None
    assert PROVIDER.requested_model(request_of_others) is None
    assert PROVIDER.incomplete(given) is None
    assert PROVIDER.rename_model(request_of_others, lambda _: "new") is request_of_others
