"""Reads a response of Cohere's chat: in one piece, or as the events of a stream."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_llmregress.providers.end_words import EndWords
from pytest_llmregress.providers.event_stream import is_event_stream, parse_events
from pytest_llmregress.providers.json_access import (
    is_one_of,
    parse,
    read_field,
    read_mapping,
    read_objects,
    read_string,
)
from pytest_llmregress.providers.openai.chat import read_arguments
from pytest_llmregress.providers.reply import (
    FIRST_ERROR,
    Reply,
    is_status_of_no_answer,
    without_cached,
)
from pytest_llmregress.values.call import Citation, Outcome, ToolCall, Usage
from pytest_llmregress.values.http import Response

_ENDS = EndWords(
    by_content=frozenset({"COMPLETE", "STOP_SEQUENCE", "TOOL_CALL"}),
    by_reason={
        "MAX_TOKENS": Outcome.TRUNCATED,
        "ERROR": Outcome.ERROR,
        "TIMEOUT": Outcome.ERROR,
    },
)
_FULL = "too many tokens"
"""What the message of an error says of a prompt that is too long, in small letters."""
_PARTS = frozenset({"text", "thinking"})
"""Texts of a part of the content that come in pieces."""


def read_reply(response: Response) -> Reply:
    """Read the response to a call: an error, a stream, or a reply in one piece."""
    if response.status >= FIRST_ERROR:
        return _read_error(response)
    if is_event_stream(response):
        return _read_stream(response.body)
    body = read_mapping(parse(response.body))
    if not isinstance(body.get("message"), dict):
        told = read_string(body.get("message"))
        words = f"the reply is an error: {told}" if told else "the reply is no message in JSON"
        return Reply(error=words, fault=words)
    return _read_whole(body, kind="reply")


def _read_whole(body: Mapping[str, Any], *, kind: str) -> Reply:
    message = read_mapping(body.get("message"))
    parts = _read_parts(message.get("content"))
    text, tools = "".join(_texts(parts, "text")), tuple(_read_tools(message))
    reason = read_string(body.get("finish_reason"))
    outcome = _ENDS.judge(
        reason,
        has_answer=bool(text.strip()) or any(p.get("type") == "image_url" for p in parts),
        asks_tools=bool(tools),
    )
    missing = f"the {kind} ended without a finish_reason" if reason is None else None
    return Reply(
        outcome=outcome,
        text=text,
        tool_calls=tools,
        thinking=_read_thinking(message, parts),
        citations=tuple(_read_citations(message)),
        stop_reason=reason,
        usage=_read_usage(body.get("usage")),
        error=missing or (_describe(reason or "", body) if outcome is Outcome.ERROR else None),
        fault=missing,
    )


def _describe(reason: str, body: Mapping[str, Any]) -> str:
    told = read_string(body.get("error"))
    if told is not None:
        return f"{reason}: {told}"
    unknown = "" if _ENDS.knows(reason) else ", which nobody knows"
    return f"the reply ended with finish_reason {reason!r}{unknown}"


def _read_error(response: Response) -> Reply:
    message = read_string(read_mapping(parse(response.body)).get("message"))
    if _FULL in (message or "").lower():
        return Reply(outcome=Outcome.CONTEXT_FULL, stop_reason="too many tokens")
    words = f"the server answered {response.status} {message or response.reason}".rstrip()
    fault = words if is_status_of_no_answer(response.status) else None
    return Reply(error=message or f"HTTP {response.status} {response.reason}".rstrip(), fault=fault)


def _read_parts(content: Any) -> list[dict[str, Any]]:
    return (
        [{"type": "text", "text": content}] if isinstance(content, str) else read_objects(content)
    )


def _texts(parts: list[dict[str, Any]], kind: str) -> Iterator[str]:
    return (read_string(part.get(kind)) or "" for part in parts if part.get("type") == kind)


def _read_tools(message: Mapping[str, Any]) -> Iterator[ToolCall]:
    for call in read_objects(message.get("tool_calls")):
        function = read_mapping(call.get("function"))
        yield ToolCall(
            name=read_string(function.get("name")) or "",
            arguments=read_arguments(function.get("arguments")),
            id=read_string(call.get("id")) or "",
        )


def _read_thinking(message: Mapping[str, Any], parts: list[dict[str, Any]]) -> str | None:
    """Return the reasoning, and what the model says of its plan with tools; None for neither."""
    said = [*_texts(parts, "thinking"), read_string(message.get("tool_plan")) or ""]
    return "\n\n".join(filter(None, said)) or None


def _read_citations(message: Mapping[str, Any]) -> Iterator[Citation]:
    for each in read_objects(message.get("citations")):
        for number, source in enumerate(read_objects(each.get("sources"))):
            document = read_mapping(source.get("document", source.get("tool_output")))
            names = (document.get("url"), document.get("title"), source.get("id"))
            found = (name for name in map(read_string, names) if name is not None)
            yield Citation(
                source=next(found, f"document {number}"), text=read_string(each.get("text")) or ""
            )


def _read_usage(given: Any) -> Usage:
    usage = read_field(given)
    tokens = read_field(usage.get("tokens"))
    if not tokens:
        return Usage(unknown=("no count of tokens",))
    read = usage.get("cached_tokens", 0)
    return Usage(
        input_tokens=without_cached(tokens.get("input_tokens", 0), read),
        output_tokens=tokens.get("output_tokens", 0),
        cache_read_tokens=read,
    )


def _read_stream(body: bytes) -> Reply:
    """Put a reply together from its events; say where they are not whole."""
    stream = _Stream()
    for event in parse_events(body):
        data = parse(event.data)
        if isinstance(data, dict):
            stream.add({"type": event.event} | data)
        elif event.data.strip() != "[DONE]":
            stream.is_damaged = True
    reply = replace(_read_whole(stream.whole(), kind="stream"), streamed=True)
    if stream.error is not None:
        told = f"the stream broke off with {stream.error}"
        return replace(reply, outcome=Outcome.ERROR, error=stream.error, fault=told)
    if stream.is_damaged:
        return replace(reply, fault="the stream holds an event that cannot be read")
    if not stream.is_whole:
        words = "the stream ended without message-end"
        return replace(reply, outcome=Outcome.ERROR, error=words, fault=words)
    return reply


@dataclass(slots=True)
class _Stream:
    """Collects the events of one reply."""

    is_damaged: bool = False
    is_whole: bool = False
    error: str | None = None
    """What the server has said of an error in the place of an event."""
    _end: dict[str, Any] = field(default_factory=dict)
    _plan: list[str] = field(default_factory=list)
    _parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    _calls: dict[str, dict[str, Any]] = field(default_factory=dict)
    _citations: list[dict[str, Any]] = field(default_factory=list)

    def add(self, event: Mapping[str, Any]) -> None:
        """Take the next event."""
        given = read_mapping(event.get("delta"))
        message = read_mapping(given.get("message"))
        at = str(event.get("index"))
        match event.get("type"):
            case "content-start" | "content-delta":
                self._extend_part(at, read_mapping(message.get("content")))
            case "tool-plan-delta":
                self._plan.append(read_string(message.get("tool_plan")) or "")
            case "tool-call-start" | "tool-call-delta":
                self._extend_call(at, read_mapping(message.get("tool_calls")))
            case "citation-start":
                self._citations.append(read_mapping(message.get("citations")))
            case "message-end":
                self._end, self.is_whole = given, True
            case None:
                self.error = read_string(event.get("message")) or self.error

    def _extend_part(self, at: str, content: Mapping[str, Any]) -> None:
        part = self._parts.setdefault(at, {})
        for key, value in content.items():
            if is_one_of(key, _PARTS):
                part.setdefault("type", key)
                part[key] = part.get(key, "") + (read_string(value) or "")
            else:
                part[key] = value

    def _extend_call(self, at: str, given: Mapping[str, Any]) -> None:
        call = self._calls.setdefault(at, {"function": {"name": None, "arguments": ""}})
        function = read_mapping(given.get("function"))
        call["id"] = call.get("id") or given.get("id")
        call["function"]["name"] = call["function"]["name"] or function.get("name")
        call["function"]["arguments"] += read_string(function.get("arguments")) or ""

    def whole(self) -> dict[str, Any]:
        """Return the reply as one in one piece would have it."""
        message = {
            "content": list(self._parts.values()),
            "tool_calls": list(self._calls.values()),
            "tool_plan": "".join(self._plan),
            "citations": self._citations,
        }
        return {**self._end, "message": message}
