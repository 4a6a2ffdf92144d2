"""Reads Ollama's own API: one JSON object, or one a line of a stream."""

from collections.abc import Mapping
from typing import Any

from pytest_llmregress.providers.json_access import parse, read_mapping, read_objects, read_string
from pytest_llmregress.providers.openai.chat import read_completion
from pytest_llmregress.providers.openai.reply import find_error, read_error_inside
from pytest_llmregress.providers.reply import Reply


def read_ollama(body: bytes) -> Reply | None:
    """Read a reply of Ollama; None where it is somebody else's: other servers have such paths."""
    lines = [parse(line) for line in body.splitlines() if line.strip()]
    whole = parse(body)
    parts = [whole] if isinstance(whole, dict) else [read_mapping(line) for line in lines]
    streamed = len(parts) > 1
    broken = next((part for part in parts if part.get("error")), None)
    if broken is not None:
        return read_error_inside(find_error(broken), streamed=streamed)
    if not any("done" in part for part in parts):
        return None
    reply = read_completion(_completion(parts), streamed=streamed)
    if parts[-1].get("done") is not True:
        words = "the stream ended before it was done"
        return Reply(text=reply.text, error=words, fault=words, streamed=True)
    return reply


def _completion(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the reply as a chat completion would have it."""
    last = parts[-1]
    messages = [read_mapping(part.get("message")) or _generated(part) for part in parts]
    calls = [call for each in messages for call in read_objects(each.get("tool_calls"))]
    message = {
        "content": _join(messages, "content"),
        "thinking": _join(messages, "thinking"),
        "tool_calls": calls,
    }
    reason = read_string(last.get("done_reason")) or ("stop" if last.get("done") else None)
    return {
        "model": last.get("model"),
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {
            "prompt_tokens": last.get("prompt_eval_count", 0),
            "completion_tokens": last.get("eval_count", 0),
        },
    }


def _generated(part: Mapping[str, Any]) -> dict[str, Any]:
    return {"content": part.get("response"), "thinking": part.get("thinking")}


def _join(messages: list[dict[str, Any]], key: str) -> str:
    return "".join(read_string(message.get(key)) or "" for message in messages)
