"""Reads a response of Converse: in one piece, or as the frames of an event stream."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytest_llmregress.providers.bedrock.content import (
    has_media,
    read_citations,
    read_text,
    read_thinking,
    read_tools,
)
from pytest_llmregress.providers.bedrock.stream import join_frames
from pytest_llmregress.providers.end_words import EndWords
from pytest_llmregress.providers.json_access import (
    parse,
    read_field,
    read_mapping,
    read_objects,
    read_string,
)
from pytest_llmregress.providers.reply import FIRST_ERROR, Reply, is_status_of_no_answer
from pytest_llmregress.values.call import Outcome, ToolRunner, Usage
from pytest_llmregress.values.http import Response

_ENDS = EndWords(
    by_content=frozenset({"end_turn", "stop_sequence", "tool_use"}),
    by_reason={
        "max_tokens": Outcome.TRUNCATED,
        "guardrail_intervened": Outcome.REFUSED,
        "content_filtered": Outcome.REFUSED,
        "refusal": Outcome.REFUSED,
        "pause_turn": Outcome.PAUSED,
        "model_context_window_exceeded": Outcome.CONTEXT_FULL,
        "malformed_model_output": Outcome.ERROR,
        "malformed_tool_use": Outcome.ERROR,
    },
)
_FULL = ("too long", "maximum context length", "exceeds the maximum", "too many input tokens")
"""What the message of an error says of a prompt that is too long, in small letters."""


def read_reply(response: Response, *, streamed: bool) -> Reply:
    """Read the response to a call: an error, a stream, or a reply in one piece."""
    if response.status >= FIRST_ERROR:
        return _read_error(response)
    if streamed:
        stream = join_frames(response.body)
        reply = _read_whole(stream.whole, kind="stream")
        if stream.error is not None:
            fault = f"the stream broke off with {stream.error}"
            reply = replace(reply, outcome=Outcome.ERROR, error=stream.error, fault=fault)
        elif reply.fault is None and not stream.is_whole:
            reply = replace(reply, fault="the stream ended without its metadata")
        return replace(reply, streamed=True)
    body = parse(response.body)
    if not isinstance(body, dict) or "output" not in body:
        told = read_string(read_mapping(body).get("message"))
        no_turn = "the reply is no turn of a conversation in JSON"
        words = no_turn if told is None else f"the reply is an error: {told}"
        return Reply(error=words, fault=words)
    return _read_whole(body, kind="reply")


def _read_whole(body: Mapping[str, Any], *, kind: str) -> Reply:
    blocks = read_objects(
        read_mapping(read_mapping(body.get("output")).get("message")).get("content")
    )
    text, tools = read_text(blocks), tuple(read_tools(blocks))
    reason = read_string(body.get("stopReason"))
    outcome = _ENDS.judge(
        reason,
        has_answer=bool(text.strip()) or has_media(blocks),
        asks_tools=any(tool.run_by is ToolRunner.CLIENT for tool in tools),
    )
    missing = f"the {kind} ended without a stopReason" if reason is None else None
    more = read_mapping(body.get("additionalModelResponseFields"))
    return Reply(
        outcome=outcome,
        text=text,
        tool_calls=tools,
        thinking=read_thinking(blocks),
        citations=tuple(read_citations(blocks)),
        stop_reason=reason,
        stop_sequence=read_string(more.get("stop_sequence")),
        service_tier=read_string(read_mapping(body.get("serviceTier")).get("type")),
        served_model=_find_served_model(body),
        usage=_read_usage(body.get("usage")),
        error=missing or (_describe(reason or "") if outcome is Outcome.ERROR else None),
        fault=missing,
    )


def _describe(reason: str) -> str:
    unknown = "" if _ENDS.knows(reason) else ", which nobody knows"
    return f"the reply ended with stopReason {reason!r}{unknown}"


def _find_served_model(body: Mapping[str, Any]) -> str | None:
    """Return the model that a router has chosen; of any other reply nobody says who answered."""
    router = read_mapping(read_mapping(body.get("trace")).get("promptRouter"))
    chosen = read_string(router.get("invokedModelId"))
    return None if chosen is None else chosen.rpartition("/")[2]


def _read_error(response: Response) -> Reply:
    """Read a reply whose status is an error; a full context is told as such."""
    body = read_mapping(parse(response.body))
    message = read_string(body.get("message")) or read_string(body.get("Message"))
    kind = (response.header("x-amzn-errortype") or "").partition(":")[0]
    told = ": ".join(word for word in (kind, message) if word)
    words = f"the server answered {response.status} {told or response.reason}".rstrip()
    fault = words if is_status_of_no_answer(response.status) else None
    if fault is None and any(each in (message or "").lower() for each in _FULL):
        return Reply(outcome=Outcome.CONTEXT_FULL, stop_reason=kind or None)
    return Reply(error=told or f"HTTP {response.status} {response.reason}".rstrip(), fault=fault)


def _read_usage(given: Any) -> Usage:
    """Return the tokens of a reply: those of a cache are counted beside the input."""
    usage = read_field(given)
    return Usage(
        input_tokens=usage.get("inputTokens", 0),
        output_tokens=usage.get("outputTokens", 0),
        cache_read_tokens=usage.get(
            "cacheReadInputTokens", usage.get("cacheReadInputTokenCount", 0)
        ),
        cache_write_tokens=usage.get(
            "cacheWriteInputTokens", usage.get("cacheWriteInputTokenCount", 0)
        ),
    )
