"""Puts a chat completion together from the chunks of its stream."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytest_llmregress.providers.event_stream import parse_events
from pytest_llmregress.providers.json_access import parse, read_field, read_string
from pytest_llmregress.providers.openai.chat import read_completion
from pytest_llmregress.providers.openai.reply import find_error, read_error_inside
from pytest_llmregress.providers.reply import Reply

_DONE = "[DONE]"
_JOINED = frozenset(
    {"content", "refusal", "reasoning", "reasoning_content", "thinking", "text", "arguments"}
)
"""Texts that come in pieces; of all others the first one, or the last, is the whole."""
_LISTS = frozenset({"annotations", "executed_tools", "reasoning_details"})


def read_stream(body: bytes) -> Reply:
    """Read a stream of chunks as far as it came; say where it is not whole."""
    stream = _Stream()
    for event in parse_events(body):
        if event.data.strip() == _DONE:
            stream.is_done = True
            break
        chunk = parse(event.data)
        if not isinstance(chunk, dict):
            stream.is_damaged = True
        elif error := find_error(chunk):
            partial = read_completion(stream.whole(), streamed=True)
            told = read_error_inside(error, streamed=True)
            return replace(partial, outcome=told.outcome, error=told.error, fault=told.fault)
        else:
            stream.add(chunk)
    reply = read_completion(stream.whole(), streamed=True)
    if stream.is_damaged:
        return replace(reply, fault="the stream holds an event that cannot be read")
    if reply.fault is None and not stream.is_done:
        return replace(reply, fault="the stream ended without [DONE]")
    return reply


class _Stream:
    """Collects the chunks of one completion."""

    def __init__(self) -> None:
        self.is_done = self.is_damaged = False
        self._top: dict[str, Any] = {}
        self._choices: dict[int, dict[str, Any]] = {}

    def add(self, chunk: Mapping[str, Any]) -> None:
        """Take the next chunk; one without choices has only what goes for the whole reply."""
        for key, value in read_field(chunk).items():
            if key == "model":
                self._top[key] = self._top.get(key) or value
            elif key != "choices":
                self._top[key] = value
        choices = chunk.get("choices")
        for at, given in enumerate(choices if isinstance(choices, list) else ()):
            choice = read_field(given)
            index = choice.get("index", at)
            mine = self._choices.setdefault(
                index if isinstance(index, int) else at, {"message": {}, "index": index}
            )
            for key, value in choice.items():
                if key == "text":
                    mine[key] = _joined(mine.get(key), value)
                elif key not in {"delta", "message", "index"}:
                    mine[key] = value
            delta = read_field(choice.get("delta")) or read_field(choice.get("message"))
            _extend(mine["message"], delta)

    def whole(self) -> dict[str, Any]:
        """Return the completion as a reply in one piece would have it."""
        return self._top | {"choices": list(self._choices.values())}


def _extend(message: dict[str, Any], delta: Mapping[str, Any]) -> None:
    for key, value in delta.items():
        if key == "tool_calls":
            for at, given in enumerate(value if isinstance(value, list) else ()):
                _extend_call(message.setdefault("tool_calls", []), read_field(given), at=at)
        elif key in {"function_call", "audio"}:
            _extend_part(message.setdefault(key, {}), read_field(value))
        elif key in _LISTS and isinstance(value, list):
            message[key] = [*message.get(key, []), *value]
        elif key in _JOINED:
            message[key] = _joined(message.get(key), value)
        else:
            message[key] = value


def _extend_call(calls: list[dict[str, Any]], given: Mapping[str, Any], *, at: int) -> None:
    """Add a piece of a tool call to the one that it belongs to: by its index, else by its id."""
    index, name = given.get("index"), read_string(given.get("id"))
    if isinstance(index, int):
        call = next((each for each in calls if each.get("index") == index), None)
    elif name is not None:
        call = next((each for each in calls if each.get("id") == name), None)
    else:
        call = calls[min(at, len(calls) - 1)] if calls else None
    if call is None:
        call = {"index": index}
        calls.append(call)
    for key, value in given.items():
        if key in {"function", "custom"}:
            _extend_part(call.setdefault(key, {}), read_field(value))
        elif not call.get(key):
            call[key] = value


def _extend_part(part: dict[str, Any], given: Mapping[str, Any]) -> None:
    for key, value in given.items():
        if key in {"arguments", "input", "transcript"} and isinstance(value, str):
            part[key] = _joined(part.get(key), value)
        elif not part.get(key):
            part[key] = value


def _joined(before: Any, value: Any) -> Any:
    """Return two pieces of a text, or of a list of parts, as one."""
    if before is None:
        return value
    if isinstance(before, str) and isinstance(value, str):
        return before + value
    return [*_as_parts(before), *_as_parts(value)]


def _as_parts(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [{"type": "text", "text": value}] if isinstance(value, str) and value else []
