"""What the server of the whole API answers: messages of every kind of block, and their events."""

import base64
import json
import re
import secrets
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

ALIASES = {
    "claude-haiku-4-5": "claude-haiku-4-5-20251001",
    "claude-opus-4-5": "claude-opus-4-5-20251101",
    "claude-sonnet-4-0": "claude-sonnet-4-20250514",
    "claude-sonnet-4-5": "claude-sonnet-4-5-20250929",
    "claude-3-5-haiku-latest": "claude-3-5-haiku-20241022",
}
"""The dated model that answers for a name without a date."""
OUTPUT_TOKENS = 17
"""What each answer is said to have taken, save one that thinks."""
CACHE_READ, CACHE_WRITTEN = 4_100, 2_050
"""Tokens of a prompt cache, under `[[cache]]`."""
FOX = "A vixen trots past nine sleepy hounds. "
UNICODE = (
    "Zürich — „drei“ Größen 🦊, 東京, \u2028 a line separator, \u0085 a next line,"
    " a tab\t and spaces   \n\n* a point\n~~~py\nx = 1\n~~~\n"
)

_MARK = re.compile(r"\[\[(\w+)(?: (.*?))?\]\]", re.DOTALL)
_PART = 11
"""Characters of one delta: another number than `llm_answers` takes."""
_Json = dict[str, Any]


def marks_of(messages: Sequence[_Json]) -> dict[str, str]:
    """Return the marks of the latest text of the user that has any."""
    for message in reversed(messages):
        found = _MARK.findall(_text(message["content"])) if message["role"] == "user" else []
        if found:
            return dict(found)
    return {}


def _text(content: str | Sequence[_Json]) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(block["text"] for block in content if block["type"] == "text")


def reply_to(model: str, messages: Sequence[_Json]) -> _Json:
    """Return the message that answers a conversation."""
    marks = marks_of(messages)
    content, ends = _answer(marks, messages)
    return {
        "model": ALIASES.get(model, model),
        "id": _identity("msg"),
        "type": "message",
        "role": "assistant",
        "content": [*_blocks_before(marks), *content],
        "container": None,
        "stop_reason": ends,
        "stop_sequence": marks["stop_seq"] if ends == "stop_sequence" else None,
        "stop_details": _details(marks) if ends == "refusal" else None,
        "usage": _usage(marks, messages),
    }


def _identity(kind: str) -> str:
    return f"{kind}_{secrets.token_urlsafe(18).replace('-', 'A').replace('_', 'B')}"


def _details(marks: Mapping[str, str]) -> _Json:
    return {"type": "refusal", "category": marks["refusal"] or None, "explanation": "Declined."}


def _usage(marks: Mapping[str, str], messages: Sequence[_Json]) -> _Json:
    read, written = (CACHE_READ, CACHE_WRITTEN) if "cache" in marks else (0, 0)
    usage: _Json = {
        "input_tokens": 3 + len(json.dumps(messages)) // 5,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
        "output_tokens": OUTPUT_TOKENS,
        "service_tier": "standard",
    }
    if "thinking" in marks:
        usage |= {
            "output_tokens": OUTPUT_TOKENS + 8,
            "output_tokens_details": {"thinking_tokens": 8},
        }
    if "server_tool" in marks:
        usage["server_tool_use"] = {"web_search_requests": 1, "web_fetch_requests": 0}
    return usage


def _blocks_before(marks: Mapping[str, str]) -> Iterator[_Json]:
    """Yield what stands before the answer itself."""
    if "thinking" in marks:
        signature = base64.b64encode(secrets.token_bytes(48)).decode()
        yield {"type": "thinking", "thinking": "First I look, then I say.", "signature": signature}
    if "redacted" in marks:
        hidden = base64.b64encode(secrets.token_bytes(48)).decode()
        yield {"type": "redacted_thinking", "data": hidden}
    if "server_tool" in marks:
        search = _tool("server_tool_use", "web_search", {"query": "foxes"})
        page = {"type": "web_search_result", "url": "https://fox.example/", "title": "Foxes"}
        page |= {"encrypted_content": "Rm94ZXM=", "page_age": None}
        yield search
        yield {"type": "web_search_tool_result", "tool_use_id": search["id"], "content": [page]}


def _tool(kind: str, name: str, given: _Json) -> _Json:
    prefix = "srvtoolu" if kind == "server_tool_use" else "toolu"
    caller = {"type": "direct"}
    return {"type": kind, "id": _identity(prefix), "name": name, "input": given, "caller": caller}


def _answer(marks: Mapping[str, str], messages: Sequence[_Json]) -> tuple[list[_Json], str]:
    """Return the blocks of the answer itself, and why it ends."""
    last = messages[-1]
    blocks = [] if isinstance(last["content"], str) else last["content"]
    has_result = any(block["type"] == "tool_result" for block in blocks)
    if "refusal" in marks:
        return [], "refusal"
    if "tool" in marks and not has_result:
        name, _, given = marks["tool"].partition(" ")
        return [_tool("tool_use", name, json.loads(given or "{}"))], "tool_use"
    if "pause" in marks and last["role"] == "user":
        search = _tool("server_tool_use", "web_search", {"query": "more foxes"})
        return [_said("The search goes on."), search], "pause_turn"
    for mark, words, ends in (
        ("max_tokens", "This is cut in the mid", "max_tokens"),
        ("ctx", "No room is left.", "model_context_window_exceeded"),
        ("stop_seq", "up to the sequence ", "stop_sequence"),
    ):
        if mark in marks:
            return [_said(words)], ends
    return [_said(_words(marks))], "end_turn"


def _said(text: str) -> _Json:
    return {"type": "text", "text": text, "citations": None}


def _words(marks: Mapping[str, str]) -> str:
    if "size" in marks:
        size = int(marks["size"])
        return (FOX * (size // len(FOX) + 1))[:size]
    if "unicode" in marks:
        return UNICODE
    return marks.get("say", "Good day from the server of the whole API.")


def events_of(message: _Json) -> Iterator[_Json]:
    """Yield the events of a message that is streamed."""
    at_start = {**message["usage"], "output_tokens": 2}
    at_start.pop("output_tokens_details", None)
    open_ended = {"content": [], "stop_reason": None, "stop_sequence": None, "stop_details": None}
    yield {"type": "message_start", "message": {**message, **open_ended, "usage": at_start}}
    for index, block in enumerate(message["content"]):
        empty, deltas = _deltas(block)
        yield {"type": "content_block_start", "index": index, "content_block": empty}
        if index == 0:
            yield {"type": "ping"}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    ends = {key: message[key] for key in ("stop_reason", "stop_sequence", "stop_details")}
    usage = {
        k: v for k, v in message["usage"].items() if k not in {"service_tier", "cache_creation"}
    }
    yield {"type": "message_delta", "delta": ends, "usage": usage}
    yield {"type": "message_stop"}


def _deltas(block: _Json) -> tuple[_Json, list[_Json]]:
    """Return a block as it starts, and what is added to it."""
    match block["type"]:
        case "text":
            added = [{"type": "text_delta", "text": part} for part in _parts(block["text"])]
            return {**block, "text": ""}, added
        case "tool_use" | "server_tool_use":
            parts = ["", *_parts(json.dumps(block["input"], ensure_ascii=False))]
            added = [{"type": "input_json_delta", "partial_json": part} for part in parts]
            return {**block, "input": {}}, added
        case "thinking":
            parts = _parts(block["thinking"])
            added = [{"type": "thinking_delta", "thinking": part} for part in parts]
            signed = {"type": "signature_delta", "signature": block["signature"]}
            return {**block, "thinking": "", "signature": ""}, [*added, signed]
    return block, []


def _parts(text: str) -> list[str]:
    return [text[at : at + _PART] for at in range(0, len(text), _PART)]


def frame_of(event: _Json) -> bytes:
    """Return an event as server-sent events carry it."""
    return b"event: %b\ndata: %b\n\n" % (event["type"].encode(), compact(event))


def bedrock_frame_of(event: _Json) -> bytes:
    """Return an event in the framing of `application/vnd.amazon.eventstream`."""
    payload = compact({"bytes": base64.b64encode(compact(event)).decode()})
    named = {":event-type": "chunk", ":content-type": "application/json", ":message-type": "event"}
    headers = b"".join(
        struct.pack("!B", len(name))
        + name.encode()
        + struct.pack("!BH", 7, len(value))
        + value.encode()
        for name, value in named.items()
    )
    prelude = struct.pack("!II", 16 + len(headers) + len(payload), len(headers))
    begun = prelude + struct.pack("!I", zlib.crc32(prelude)) + headers + payload
    return begun + struct.pack("!I", zlib.crc32(begun))


def compact(value: object) -> bytes:
    """Return JSON without a space, as the service writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
