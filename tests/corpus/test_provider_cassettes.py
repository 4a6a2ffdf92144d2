"""Cassettes that another project recorded from OpenAI and from hosts that speak like it."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from cassette_checks import OUTSIDE
from pytest_llmregress.providers.asked_models import asked_models
from pytest_llmregress.providers.event_stream import parse_events
from pytest_llmregress.providers.json_access import parse
from pytest_llmregress.providers.openai.reader import OpenAIProvider
from pytest_llmregress.providers.openai.routes import find_route
from pytest_llmregress.recording.cassette_session import CassetteSession, Miss, SampleMode
from pytest_llmregress.recording.http_patching import patch_http
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.storage.vcr_format.reader import read_any_cassette
from pytest_llmregress.values.call import Call, Outcome, ToolRunner
from pytest_llmregress.values.http import Interaction

CORPUS = OUTSIDE / "provider-cassettes"
OURS = frozenset(
    {
        *("azure-openai", "bedrock-mantle", "cerebras", "deepseek", "groq", "huggingface"),
        *("mistral", "openai-chat", "openai-responses", "openrouter", "other-compatible"),
    }
)
FILES = sorted(path for path in CORPUS.glob("*/*.yaml") if path.parent.name in OURS)
OTHERS = sorted(CORPUS.glob("not-calls/*.yaml"))
PROVIDER = OpenAIProvider()

if not FILES:
    pytest.skip(f"there are no cassettes in {CORPUS}", allow_module_level=True)
openai = pytest.importorskip("openai", reason="openai is not installed")


def interactions(files: list[Path]) -> Iterator[tuple[Path, Interaction]]:
    for path in files:
        for each in read_any_cassette(path).interactions:
            yield path, each


def calls() -> Iterator[tuple[Path, Interaction, Call]]:
    for path, each in interactions(FILES):
        call = PROVIDER.read(each)
        if call is not None:
            yield path, each, call


def test_every_call_is_read_and_nothing_else_is():
    unread = [
        (path.name, each.request.url)
        for path, each in interactions(FILES)
        if asked_models(each.request) and PROVIDER.read(each) is None
    ]

    assert unread == []
    assert [path.name for path, each in interactions(OTHERS) if PROVIDER.read(each)] == []


def test_what_is_not_understood_of_a_reply_has_its_reason():
    """Of 212 calls: an edited status, and two replies of an echo server."""
    told = Counter(
        call.error
        for _, each, call in calls()
        if call.outcome is Outcome.ERROR and each.response.status < 400
    )

    assert told == {
        "the response is complete, which nobody knows": 1,
        "the reply has no choices": 2,
        "400: Token limit reached": 1,
        "tool_use_failed: Tool choice is required, but model did not call a tool": 1,
    }


def test_outcome_text_and_tools_agree_with_the_fields_of_the_sdk():
    checked = Counter()
    for path, each, call in calls():
        if each.response.status >= 400 or call.outcome is Outcome.ERROR:
            continue
        kind, found = _by_sdk(each)
        if found is None:
            continue
        checked[kind] += 1
        assert _ours(call) == found, path.name

    assert checked["completion"] > 100
    assert checked["response"] > 30
    assert checked["chunks"] > 5
    assert checked["events"] > 2


def _ours(call: Call) -> tuple[str, list[tuple[str, str]], int, int]:
    asked = [t for t in call.tool_calls if t.run_by is ToolRunner.CLIENT]
    usage = call.usage
    sent = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    return call.text, [(t.id, t.name) for t in asked], sent, usage.output_tokens


def _by_sdk(each: Interaction) -> tuple[str, Any]:
    """Return the same of what the SDK makes of a reply; None where it has no such type."""
    route = find_route(each.request)
    assert route is not None
    is_chat = route.dialect.name == "CHAT"
    events = [parse(event.data) for event in parse_events(each.response.body)]
    events = [event for event in events if isinstance(event, dict)]
    if each.response.body.lstrip().startswith(b"{"):
        body = json.loads(each.response.body)
        return ("completion", _of_completion(body)) if is_chat else ("response", _of_response(body))
    if is_chat:
        return "chunks", _of_chunks(events)
    last = next(e["response"] for e in reversed(events) if "response" in e)
    return "events", _of_response(last)


def _of_completion(body: Any) -> Any:
    from openai.types.chat import ChatCompletion

    message = ChatCompletion.construct(**body).choices[0].message
    content = message.content or message.refusal or ""
    if not isinstance(content, str) or content.lstrip().startswith("<think>"):
        return None  # parts, and reasoning within the text: the SDK has no field for them
    usage = ChatCompletion.construct(**body).usage
    tools = [(t.id, t.function.name) for t in message.tool_calls or ()]
    return content, tools, usage.prompt_tokens, usage.completion_tokens


def _of_response(body: Any) -> Any:
    from openai.types.responses import Response

    response = Response.construct(**body)
    tools = [
        (item.call_id, getattr(item, "name", item.type.removesuffix("_call")))
        for item in response.output
        if hasattr(item, "call_id") and not item.type.endswith("_output")
    ]
    usage = response.usage
    return response.output_text, tools, usage.input_tokens, usage.output_tokens


def _of_chunks(events: list[Any]) -> Any:
    from openai.lib.streaming.chat import ChatCompletionStreamState
    from openai.types.chat import ChatCompletionChunk

    state = ChatCompletionStreamState()
    try:
        for event in events:
            state.handle_chunk(ChatCompletionChunk.construct(**event))
        message = state.get_final_completion().choices[0].message
    except Exception:  # noqa: BLE001 - whatever the SDK makes of another host's chunks
        return None
    usage = next((e["usage"] for e in reversed(events) if e.get("usage")), {})
    tools = [(t.id, t.function.name) for t in message.tool_calls or ()]
    counts = usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)
    return (message.content or "", tools, *counts)


def test_no_cut_of_a_recorded_stream_passes_for_whole():
    cut = []
    for path, each, call in calls():
        if not call.streamed or PROVIDER.incomplete(each) is not None or call.error:
            continue
        body = each.response.body
        for at in range(len(body) // 8, int(len(body) * 0.9), max(1, len(body) // 8)):
            half = replace(each, response=replace(each.response, body=body[:at]))
            if PROVIDER.incomplete(half) is None:
                cut.append((path.name, at, len(body)))

    assert cut == []


def test_each_call_replays_through_the_sdk_to_the_same_objects():
    replayed = Counter()
    for path in FILES:
        recorded = read_any_cassette(path).interactions
        tape = CassetteSession(
            mode=SampleMode.REPLAY, recorded=recorded, redactor=Redactor(), on_miss=_missed
        )
        with patch_http(tape), openai.OpenAI(api_key="none", max_retries=0) as client:
            for each in recorded:
                if PROVIDER.read(each) is not None:
                    got, expected = _ask(client, each)
                    assert got == expected, path.name
                    replayed[each.response.status < 400] += 1

    assert replayed == {True: 203, False: 9}


def _missed(miss: Miss) -> NoReturn:
    raise AssertionError(miss)


def _ask(client: Any, each: Interaction) -> tuple[Any, Any]:
    """Return what the SDK makes of a replayed reply, and what it makes of the recorded one."""
    from openai.types.chat import ChatCompletion, ChatCompletionChunk
    from openai.types.responses import Response, ResponseStreamEvent

    route = find_route(each.request)
    assert route is not None
    is_chat = route.dialect.name == "CHAT"
    body, reply = json.loads(each.request.body), each.response
    streamed = body.get("stream") is True
    whole, event = (
        (ChatCompletion, ChatCompletionChunk) if is_chat else (Response, ResponseStreamEvent)
    )
    try:
        got = client.post(
            each.request.url,
            body=body,
            cast_to=whole,
            stream=streamed,
            stream_cls=openai.Stream[event] if streamed else None,
        )
        if not streamed:
            return _plain(got), _plain(whole.construct(**json.loads(reply.body)))
        events = [parse(each.data) for each in parse_events(reply.body)]
        told = [event for event in events if isinstance(event, dict)]
        if is_chat:
            return [_plain(e) for e in got], [_plain(event.construct(**e)) for e in told]
        return [e.type for e in got], [e["type"] for e in told]
    except openai.APIStatusError as error:
        return error.status_code, reply.status
    except (openai.APIError, ValueError) as error:  # an error within a stream; a reply in text
        return type(error).__name__, type(error).__name__


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json", warnings=False) if hasattr(value, "model_dump") else value
