"""Puts a turn together from the frames of its event stream."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_llmregress.providers.event_stream import EventStreamFrame, parse_frames
from pytest_llmregress.providers.json_access import parse, read_mapping, read_objects, read_string

_OF_THE_REPLY = frozenset({"messageStop", "metadata"})
"""Events whose fields are those of a reply in one piece."""


@dataclass(slots=True, kw_only=True)
class Stream:
    """A turn as far as it came."""

    whole: dict[str, Any] = field(default_factory=dict)
    """What a reply in one piece would hold."""
    error: str | None = None
    is_whole: bool = False
    """Whether its last event came, which has the usage."""


def join_frames(body: bytes) -> Stream:
    """Return what the frames of a stream add up to, up to an error or to a damaged frame."""
    stream = Stream()
    blocks: dict[int, dict[str, Any]] = {}
    for frame in parse_frames(body):
        stream.error = _find_error(frame)
        if stream.error is not None:
            break
        event, kind = read_mapping(parse(frame.payload)), frame.headers.get(":event-type", "")
        if kind in _OF_THE_REPLY:
            stream.whole |= event
        elif kind.startswith("contentBlock"):
            index = event.get("contentBlockIndex")
            _add(blocks.setdefault(index if isinstance(index, int) else 0, {}), event)
        stream.is_whole = stream.is_whole or kind == "metadata"
    content = [_close(blocks[index]) for index in sorted(blocks)]
    stream.whole["output"] = {"message": {"content": content}}
    return stream


def _find_error(frame: EventStreamFrame) -> str | None:
    kind = frame.headers.get(":exception-type") or frame.headers.get(":error-code")
    if not kind:
        return None
    said = read_string(read_mapping(parse(frame.payload)).get("message"))
    message = said or frame.headers.get(":error-message")
    return f"{kind}: {message}" if message else kind


def _add(block: dict[str, Any], event: Mapping[str, Any]) -> None:
    """Add the start of a block, or a piece of it."""
    for given in (read_mapping(event.get("start")), read_mapping(event.get("delta"))):
        for key, value in given.items():
            match key:
                case "text":
                    block[key] = block.get(key, "") + (read_string(value) or "")
                case "toolUse":
                    _join(block.setdefault(key, {}), read_mapping(value))
                case "reasoningContent":
                    _join(block.setdefault(key, {}), read_mapping(value))
                case "citation":
                    block.setdefault("citations", []).append(value)
                case "toolResult":
                    parts = value if isinstance(value, list) else [value]
                    block.setdefault(key, {"content": []})["content"] += read_objects(parts)
                case _:
                    block[key] = value


def _join(part: dict[str, Any], given: Mapping[str, Any]) -> None:
    """Join the pieces of texts and of arguments; of all else the first is the whole."""
    for key, value in given.items():
        if key in {"text", "input"} and isinstance(value, str):
            part[key] = part.get(key, "") + value
        else:
            part.setdefault(key, value)


def _close(block: dict[str, Any]) -> dict[str, Any]:
    """Return a block as a reply in one piece has it."""
    if "toolUse" in block:
        arguments = block["toolUse"].get("input")
        given = parse(arguments) if isinstance(arguments, str) else arguments
        return {"toolUse": {**block["toolUse"], "input": given}}
    if "reasoningContent" in block:
        return {"reasoningContent": {"reasoningText": block["reasoningContent"]}}
    if "citations" in block:
        cited = {"content": [{"text": block.get("text", "")}], "citations": block["citations"]}
        return {"citationsContent": cited}
    return block
