"""What the scripted server answers: messages, their events, lists of models, as the API would."""

import json
import secrets
from collections.abc import Iterator
from typing import Any

UNICODE = 'naïve café, 東京 🗼, "quoted", it\'s: line\u2028separator, next\u0085line, tab\tend'
MODELS = ("claude-opus-5", "claude-opus-5-5", "claude-haiku-5")

_Block = dict[str, Any]


def message_of(
    body: dict[str, Any], marks: dict[str, str], history: list[Any], number: int
) -> dict[str, Any]:
    """Return the answer to a request, as the API's JSON."""
    content, stop_reason, details = _content(body, marks, history, number)
    if "truncated_clean" in marks:
        stop_reason = None
    return {
        "id": f"msg_{secrets.token_hex(12)}",
        "type": "message",
        "role": "assistant",
        "model": marks.get("served") or body["model"],
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "stop_details": details,
        "usage": {
            "input_tokens": len(json.dumps(history)) // 4,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": max(1, len(json.dumps(content)) // 4),
            "service_tier": "standard",
        },
    }


def _content(
    body: dict[str, Any], marks: dict[str, str], history: list[Any], number: int
) -> tuple[list[_Block], str | None, _Block | None]:
    """Return the blocks of an answer, why it ends, and what the API says about that."""
    turns = _tool_results_at_the_end(history)
    if "tool" in marks and not turns:
        name, _, arguments = marks["tool"].partition(" ")
        return (
            [_text("Let me look."), _tool_use(name, json.loads(arguments or "{}"))],
            "tool_use",
            None,
        )
    if "loop" in marks and turns < int(marks["loop"]):
        tool = body["tools"][0]
        schema = tool["input_schema"].get("properties", {})
        return [_tool_use(tool["name"], _example_of(schema, turns + 1))], "tool_use", None
    if "refusal" in marks:
        details = {"type": "refusal", "category": marks["refusal"] or None, "explanation": "no"}
        return [], "refusal", details
    if "empty" in marks:
        return [], "end_turn", None
    ends = {
        "pause": "pause_turn",
        "max_tokens": "max_tokens",
        "ctx": "model_context_window_exceeded",
    }
    ended = next((reason for mark, reason in ends.items() if mark in marks), "end_turn")
    return [_text(_words(body, marks, turns, number))], ended, None


def _words(body: dict[str, Any], marks: dict[str, str], turns: int, number: int) -> str:
    wanted = (body.get("output_config") or {}).get("format") or body.get("output_format")
    match marks:
        case {"say": text} | {"json": text}:
            return text
        case {"size": size}:
            return "All work and no play. " * (int(size) // 22) + "." * (int(size) % 22)
        case {"unicode": _}:
            return UNICODE
        case {"sample": _}:
            return f"This is answer number {number}."
    if wanted:
        return json.dumps(_example_of(wanted["schema"].get("properties", {}), 1))
    return f"That took {turns} tool results." if turns else "Hello, this is the scripted answer."


def _example_of(properties: dict[str, Any], number: int) -> dict[str, Any]:
    """Return an object that fits a flat schema."""
    values = {"integer": number, "number": number / 2, "boolean": True, "array": []}
    return {
        name: values.get(p.get("type", ""), f"{name} {number}") for name, p in properties.items()
    }


def events_of(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the events of a message that is streamed."""
    start = {**message, "content": [], "stop_reason": None, "stop_details": None}
    yield {
        "type": "message_start",
        "message": {**start, "usage": {**message["usage"], "output_tokens": 1}},
    }
    yield {"type": "ping"}
    for index, block in enumerate(message["content"]):
        if block["type"] == "text":
            empty, text, kind, key = {**block, "text": ""}, block["text"], "text_delta", "text"
        else:
            empty, text = {**block, "input": {}}, json.dumps(block["input"])
            kind, key = "input_json_delta", "partial_json"
        yield {"type": "content_block_start", "index": index, "content_block": empty}
        for part in (text[at : at + 9] for at in range(0, len(text), 9)):
            yield {
                "type": "content_block_delta",
                "index": index,
                "delta": {"type": kind, key: part},
            }
        yield {"type": "content_block_stop", "index": index}
    delta = {key: message[key] for key in ("stop_reason", "stop_sequence", "stop_details")}
    yield {"type": "message_delta", "delta": delta, "usage": message["usage"]}
    yield {"type": "message_stop"}


def last_text(messages: list[Any]) -> str:
    """Return the last text of the user; results of tools are no text."""
    for message in reversed(messages):
        content = message["content"] if message["role"] == "user" else []
        if isinstance(content, str):
            return content
        texts = [block["text"] for block in content if block["type"] == "text"]
        if texts:
            return "\n".join(texts)
    return ""


def _tool_results_at_the_end(messages: list[Any]) -> int:
    """Count the results of tools since the user's last text."""
    found = 0
    for message in reversed(messages):
        if message["role"] == "user":
            content = message["content"]
            if isinstance(content, str) or any(block["type"] == "text" for block in content):
                break
            found += sum(block["type"] == "tool_result" for block in content)
    return found


def _text(text: str) -> _Block:
    return {"type": "text", "text": text, "citations": None}


def _tool_use(name: str, arguments: Any) -> _Block:
    return {
        "type": "tool_use",
        "id": f"toolu_{secrets.token_hex(12)}",
        "name": name,
        "input": arguments,
    }


def model_of(name: str) -> dict[str, Any]:
    return {
        "type": "model",
        "id": name,
        "display_name": name.title(),
        "created_at": "2026-01-01T00:00:00Z",
    }


def page_of_models(query: dict[str, list[str]]) -> dict[str, Any]:
    """Return a page of the list of models: two at a time, so that a client has to ask again."""
    after = query.get("after_id", [""])[0]
    start = MODELS.index(after) + 1 if after in MODELS else 0
    names = MODELS[start : start + 2]
    return {
        "data": [model_of(name) for name in names],
        "has_more": start + 2 < len(MODELS),
        "first_id": names[0],
        "last_id": names[-1],
    }
