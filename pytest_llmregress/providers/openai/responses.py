"""Reads the Responses API: a response in one piece, or as the events of a stream tell it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_llmregress.providers.event_stream import ServerSentEvent, parse_events
from pytest_llmregress.providers.json_access import is_one_of, parse, read_mapping, read_string
from pytest_llmregress.providers.openai.chat import read_annotations, read_arguments
from pytest_llmregress.providers.openai.reply import (
    describe,
    find_error,
    is_no_answer,
    outcome_of,
    read_error_inside,
    read_usage,
)
from pytest_llmregress.providers.reply import Reply
from pytest_llmregress.values.call import Citation, Outcome, ToolCall, ToolRunner

_CLIENT = frozenset(
    {
        *("function_call", "custom_tool_call", "local_shell_call", "shell_call"),
        *("computer_call", "apply_patch_call"),
    }
)
"""Items by which the model asks its caller to run something."""
_NO_TOOL = frozenset({"message", "reasoning", "mcp_list_tools", "compaction"})
_OF_A_CALL = frozenset(
    {
        *("id", "call_id", "type", "status", "output", "outputs", "results", "error", "name"),
        *("created_by", "approval_request_id", "server_label", "phase", "result", "caller"),
    }
)
"""Fields of an item that are no argument of its tool."""
_WAITING = frozenset({"queued", "in_progress"})
_INCOMPLETE = {
    "max_output_tokens": Outcome.TRUNCATED,
    "content_filter": Outcome.REFUSED,
    "max_messages": Outcome.PAUSED,
    "steered": Outcome.PAUSED,
}
"""How a response ended that is not complete, by its reason."""
_LAST = ("response.completed", "response.incomplete", "response.failed", "response.cancelled")
"""Events that end a stream, each with the whole response."""


def read_response(body: Mapping[str, Any], *, background: bool = False) -> Reply:
    """Read a response. :param background: whether it may be one that is not made yet."""
    needs_output = not is_one_of(body.get("status"), {"failed", *_WAITING})
    if needs_output and not isinstance(body.get("output"), list):
        error = find_error(body)
        if error:
            return read_error_inside(error, streamed=False)
        missing = "the reply is no response in JSON"
        return Reply(error=missing, fault=missing)
    items = [read_mapping(item) for item in _list(body.get("output"))]
    parts = [p for item in items if item.get("type") == "message" for p in _parts(item)]
    status = read_string(body.get("status"))
    reason = read_string(read_mapping(body.get("incomplete_details")).get("reason"))
    error = read_mapping(body.get("error"))
    text = "".join(_texts(parts, "output_text", "text"))
    refusal = "".join(_texts(parts, "refusal", "refusal"))
    calls = tuple(_read_calls(items))
    outcome = _judge_unfinished(status, reason, error) or _judge(items, text, refusal)
    words = None
    if outcome is Outcome.ERROR:
        words = describe(error) or _words_of(status, reason)
    return Reply(
        outcome=outcome,
        text=text or refusal,
        tool_calls=calls,
        thinking=_read_reasoning(items),
        citations=tuple(_read_citations(parts)),
        stop_reason=reason or status,
        service_tier=read_string(body.get("service_tier")),
        served_model=read_string(body.get("model")),
        usage=read_usage(body.get("usage")),
        error=words,
        fault=_find_fault(status, error, background=background),
    )


def read_stream(body: bytes) -> Reply:
    """Read the events of a response as far as they came; say where they are not whole."""
    events = [(each.event, parse(each.data)) for each in parse_events(body) if not _is_end(each)]
    reply = _read_events([(name, data) for name, data in events if isinstance(data, dict)])
    if reply.fault is None and not all(isinstance(data, dict) for _, data in events):
        return replace(reply, fault="the stream holds an event that cannot be read")
    return reply


def _is_end(event: ServerSentEvent) -> bool:
    """Whether an event is the mark after the last one, which some hosts send here as well."""
    return event.data.strip() == "[DONE]"


def _read_events(events: Sequence[tuple[str | None, dict[str, Any]]]) -> Reply:
    last: dict[str, Any] = {}
    done: list[Any] = []
    for name, data in events:
        kind = data.get("type") or name
        if kind == "response.output_item.done":
            done.append(data.get("item"))
        elif kind == "error" or (kind is None and find_error(data)):
            told = read_error_inside(find_error(data) or data, streamed=True)
            partial = _read_partial(last, done)
            return replace(partial, outcome=told.outcome, error=told.error, fault=told.fault)
        elif isinstance(data.get("response"), dict):
            last = data["response"]
            if kind in _LAST:
                whole = last if last.get("output") else {**last, "output": done}
                return replace(read_response(whole), streamed=True)
    words = "the stream ended without response.completed"
    return replace(_read_partial(last, done), outcome=Outcome.ERROR, error=words, fault=words)


def _read_partial(last: Mapping[str, Any], done: list[Any]) -> Reply:
    reply = read_response({**last, "output": done, "status": "in_progress"}, background=True)
    return replace(reply, streamed=True)


def _judge_unfinished(
    status: str | None, reason: str | None, error: Mapping[str, Any]
) -> Outcome | None:
    """Return how a response ended that is not complete; None for one that is."""
    if status in _WAITING:
        return Outcome.PAUSED
    if status == "incomplete":
        return _INCOMPLETE.get(reason or "", Outcome.ERROR)
    if status == "failed":
        return outcome_of(error)
    return Outcome.ERROR if error or status not in {"completed", None} else None


def _judge(items: Sequence[Mapping[str, Any]], text: str, refusal: str) -> Outcome:
    """Return how a complete response ended: its status says nothing of refusals and tools."""
    kinds = {str(item.get("type")) for item in items}
    if refusal:
        return Outcome.REFUSED
    if "mcp_approval_request" in kinds:
        return Outcome.PAUSED
    if kinds & _CLIENT:
        return Outcome.TOOL_USE
    return Outcome.ANSWERED if text.strip() else Outcome.EMPTY


def _words_of(status: str | None, reason: str | None) -> str:
    told = f"{status}: {reason}" if reason else str(status)
    known = status in {"failed", "cancelled"}
    return f"the response is {told}{'' if known else ', which nobody knows'}"


def _find_fault(status: str | None, error: Mapping[str, Any], *, background: bool) -> str | None:
    if status in _WAITING and not background:
        return f"the response is {status}: it is not made yet"
    if status == "cancelled":
        return "the response was cancelled"
    if status == "failed" and is_no_answer(error):
        return f"the response failed: {describe(error) or 'error'}"
    return None


def _read_calls(items: Sequence[Mapping[str, Any]]) -> Iterator[ToolCall]:
    """Yield the calls of tools; what the provider has run ends a round."""
    number = 0
    for item in items:
        kind = str(item.get("type"))
        if kind in _NO_TOOL or not kind.endswith(("_call", "mcp_approval_request")):
            continue
        is_mcp = kind in {"mcp_call", "mcp_approval_request"}
        is_client = kind in _CLIENT
        yield ToolCall(
            name=read_string(item.get("name")) or kind.removesuffix("_call"),
            arguments=_read_arguments(item),
            id=read_string(item.get("call_id")) or read_string(item.get("id")) or "",
            run_by=ToolRunner.CLIENT
            if is_client
            else ToolRunner.MCP
            if is_mcp
            else ToolRunner.PROVIDER,
            server=(read_string(item.get("server_label")) or "") if is_mcp else "",
            round=number,
        )
        number += not is_client


def _read_arguments(item: Mapping[str, Any]) -> Mapping[str, Any]:
    if "arguments" in item:
        return read_arguments(item["arguments"])
    return {k: v for k, v in item.items() if k not in _OF_A_CALL and v is not None}


def _read_reasoning(items: Sequence[Mapping[str, Any]]) -> str | None:
    thoughts = [item for item in items if item.get("type") == "reasoning"]
    if not thoughts:
        return None
    parts = [
        read_mapping(part)
        for item in thoughts
        for key in ("summary", "content")
        for part in _list(item.get(key))
    ]
    return "\n\n".join(text for part in parts if (text := read_string(part.get("text"))))


def _read_citations(parts: Sequence[Mapping[str, Any]]) -> Iterator[Citation]:
    for part in parts:
        yield from read_annotations(part.get("annotations"))


def _parts(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [read_mapping(part) for part in _list(item.get("content"))]


def _texts(parts: Sequence[Mapping[str, Any]], kind: str, key: str) -> Iterator[str]:
    return (read_string(part.get(key)) or "" for part in parts if part.get("type") == kind)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
