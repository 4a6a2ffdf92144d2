"""Conversations that grow: the call that a history goes on from, and answers sent again.

Cassettes are read by these rules: to change one is to change the format.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

ANSWER = "answer_of_call"
"""The key that marks a message as an answer of an earlier call."""

_KEYS = "keys"
"""The key that says which fields of the answer were sent again, in which order."""

TEXT = "text"
"""Says that the answer was sent again as its text alone."""

_MARKED = ("text", "thinking", "id", "data")
"""Fields of a block by which an answer is found."""

_GROWING = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "input_json_delta": "partial_json",
}


def exact(value: Any) -> str:
    """Return a JSON value as text that is the same for nothing but the same bytes of JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def extract_message(reply: Any) -> dict[str, Any] | None:
    """Return the message that the body of a reply is, or None."""
    match reply:
        case {"role": str(role), "content": list(content)}:
            return {"role": role, "content": content}
        case {"choices": [{"message": {"role": str()} as message}, *_]}:
            return dict(message)
    return None


def message_of_stream(events: Sequence[Any]) -> dict[str, Any] | None:
    """Return the message that a stream builds up, out of the data of its events, or None."""
    role: str | None = None
    blocks: list[dict[str, Any]] = []
    grown: list[dict[str, list[str]]] = []
    said: list[str] = []
    for event in events:
        match event:
            case {"type": "message_start", "message": {"role": str(role)}}:
                pass
            case {"type": "content_block_start", "content_block": dict(block)}:
                blocks.append(dict(block))
                grown.append({})
            case {"type": "content_block_delta", "index": int(index), "delta": dict(delta)}:
                if not 0 <= index < len(blocks) or not _take(delta, blocks[index], grown[index]):
                    return None
            case {"choices": [{"delta": {"content": str(text)}}, *_]}:
                said.append(text)
    if role is None:
        return {"role": "assistant", "content": "".join(said)} if said else None
    try:
        content = [_finish(block, parts) for block, parts in zip(blocks, grown, strict=True)]
    except (ValueError, RecursionError):
        return None
    return {"role": role, "content": content}


def find_repeat_marks(message: Any) -> list[str]:
    """Return texts by which a message and the answer that it repeats find each other."""
    match message:
        case {"content": list(blocks)}:
            found = [
                block[field]
                for block in blocks
                if isinstance(block, dict)
                for field in _MARKED
                if isinstance(block.get(field), str)
            ]
            return [mark for mark in (*found, _text(blocks)) if mark]
        case {"content": str(text)} if text:
            return [text]
        case {"tool_calls": [{"id": str(name)}, *_]}:
            return [name]
    return []


def describe_repeat(message: Any, answer: dict[str, Any]) -> dict[str, Any] | None:
    """Return how a message repeats an answer, for `repeat` to tell; None where it does not.

    The clients of a provider send the fields of a block in another order than they came, leave
    some out and add nulls, and people leave out blocks.
    """
    if not isinstance(message, dict):
        return None
    for how in _ways(message, answer):
        again = repeat(answer, how)
        if again is not None and exact(again) == exact(message):
            return how
    return None


def repeat(answer: dict[str, Any], how: dict[str, Any]) -> dict[str, Any] | None:
    """Return the message that repeats an answer in a certain way; None where there is none."""
    content = answer.get("content")
    if len(how) > 1:
        return None
    match how:
        case {"as": str(form)}:
            known = form == TEXT and isinstance(content, list)
            return {"role": answer.get("role"), "content": _text(content)} if known else None
        case {"keys": list(keys)}:
            if not isinstance(content, list):
                return _pick(answer, keys)
            if len(keys) != len(content) or not all(isinstance(each, list) for each in keys):
                return None
            pairs = zip(content, keys, strict=True)
            blocks = [_pick(block, each) for block, each in pairs if each]
            return None if None in blocks else {"role": answer.get("role"), "content": blocks}
    return None if how else answer


def _take(delta: dict[str, Any], block: dict[str, Any], parts: dict[str, list[str]]) -> bool:
    """Let a delta grow a block; say whether its kind is known."""
    kind = delta.get("type")
    field = _GROWING.get(str(kind))
    match delta:
        case {"type": "signature_delta", "signature": signature}:
            block["signature"] = signature
        case {"type": "citations_delta", "citation": citation}:
            block["citations"] = [*(block.get("citations") or []), citation]
        case _ if field is not None and isinstance(delta.get(field), str):
            parts.setdefault(field, []).append(delta[field])
        case _:
            return False
    return True


def _finish(block: dict[str, Any], parts: dict[str, list[str]]) -> dict[str, Any]:
    for field, texts in parts.items():
        grown = "".join(texts)
        if field != "partial_json":
            block[field] = f"{block.get(field) or ''}{grown}"
        elif grown:
            block["input"] = json.loads(grown)
    return block


def _ways(message: dict[str, Any], answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the ways in which a message may repeat an answer, the plainest first."""
    content, blocks = message.get("content"), answer.get("content")
    if not isinstance(blocks, list):
        return [{}, {_KEYS: list(message)}]
    if isinstance(content, str):
        return [{"as": TEXT}]
    return [{}, {_KEYS: _align(content, blocks)}] if isinstance(content, list) else []


def _align(content: list[Any], blocks: list[Any]) -> list[list[str]]:
    """Return for each block of an answer the keys with which it is sent again; none if it is not.

    A block that was left out is told by the next one, which has to be a copy of a later block.
    """
    keys: list[list[str]] = []
    rest = list(reversed(content))
    for block in blocks:
        again = rest[-1] if rest else None
        if isinstance(again, dict) and isinstance(block, dict) and _is_part(again, block):
            keys.append(list(again))
            rest.pop()
        else:
            keys.append([])
    return keys


def _is_part(again: dict[str, Any], block: dict[str, Any]) -> bool:
    return again.get("type") == block.get("type") and all(
        value is None if key not in block else value == block[key] for key, value in again.items()
    )


def _pick(source: Any, keys: list[Any]) -> dict[str, Any] | None:
    """Return certain fields of a mapping; one that it does not have is null."""
    if not isinstance(source, dict) or not all(isinstance(key, str) for key in keys):
        return None
    return {key: source.get(key) for key in keys}


def _text(blocks: Any) -> str:
    return "".join(
        block["text"]
        for block in blocks
        if isinstance(block, dict)
        and block.get("type") == "text"
        and isinstance(block.get("text"), str)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedPrefix:
    """The longest beginning that a history has in common with an earlier one."""

    call: int
    """The call whose history it is: one that has nothing else where there is one, or the latest."""
    length: int


class SharedHistories:
    """The histories of the calls so far; each of their items is known by a text.

    Looking one up and adding one take time in proportion to its items, whatever their number.
    """

    def __init__(self) -> None:
        self._next: dict[tuple[int, str], int] = {}
        self._latest: list[int] = [0]
        """The latest call through each node; of the root, before the first call, it means none."""
        self._whole: dict[int, int] = {}
        """The latest call that ends at a node."""

    def find(self, history: Sequence[str]) -> SharedPrefix | None:
        """Return what a history shares with the earlier ones; None where it is not one item."""
        node = length = 0
        for item in history:
            follower = self._next.get((node, item))
            if follower is None:
                break
            node = follower
            length += 1
        if length == 0:
            return None
        return SharedPrefix(call=self._whole.get(node, self._latest[node]), length=length)

    def add(self, call: int, history: Sequence[str]) -> None:
        """Take in the history of a call."""
        node = 0
        for item in history:
            follower = self._next.setdefault((node, item), len(self._latest))
            if follower == len(self._latest):
                self._latest.append(call)
            node = follower
            self._latest[node] = call
        self._whole[node] = call
