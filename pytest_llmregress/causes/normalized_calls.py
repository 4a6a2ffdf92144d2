"""Calls of a recording without what differs in every recording: ids and the model's words."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_llmregress.values.call import Call, Outcome
from pytest_llmregress.values.canonical_json import dump_canonical_json
from pytest_llmregress.values.http import is_passing

MAX_DEPTH = 60
"""Levels of a JSON value that are compared one by one; anything deeper counts as one text."""

MIN_QUOTED = 12
"""Letters of an answer that are looked for in the result of a tool: fewer may stand in any."""
_OWN_WORDS = "(the model's own answer)"
_RESULT_IDS = ("tool_use_id", "tool_call_id")
"""What a result names its tool call with: as a part of a message, and as a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalizedCall:
    """One call, its request without what the model itself has put into it."""

    number: int
    """Counted from 1, as the recording has it."""
    call: Call
    model: str
    """The requested model; empty where the request names none."""
    fields: Mapping[str, Any]
    """The request without its model, its links and the results of tools."""
    results: Mapping[int, tuple[str, Any]]
    """Results that this request sends first: the number of the tool call, its tool, the result."""
    raw: str
    """The request as it was sent, without its model."""
    answer: str
    """All that the model did."""
    tool_calls: str
    earlier: tuple[str, ...]
    """The texts of the answers before, the longest first."""

    def said(self) -> Iterator[tuple[str, Any]]:
        """Yield every piece of the request that the app, not the model, has put into it."""
        for key, value in self.fields.items():
            match key:
                case "messages" if isinstance(value, list):
                    for message in value:
                        if isinstance(message, dict) and message.get("role") != "assistant":
                            yield from _said_in(message)
                case "system":
                    yield "system prompt", value
                case "tools":
                    yield key, value
                case _:
                    yield f"parameter {key}", value

    def quotes_answer(self, value: Any) -> bool:
        """Say whether a JSON value holds the first line of an answer of another conversation.

        The report of a sub-agent does: it is what the model has said, and no result of the app.
        What this conversation has said itself a tool may well give back, beside its own result.
        """
        messages = filter(_is_of_model, self.call.prompt.messages)
        own = dump_canonical_json([_bounded(dict(message)) for message in messages])
        others = (text for text in self.earlier if dump_canonical_json(text)[1:-1] not in own)
        lines = (text.partition("\n")[0].strip() for text in others)
        return _holds_any(value, [line for line in lines if len(line) >= MIN_QUOTED])

    def masked(self, value: Any) -> Any:
        """Return a JSON value without the words of the answers before this call."""
        match value:
            case str():
                for text in self.earlier:
                    value = value.replace(text, _OWN_WORDS)
                return value
            case list():
                return [self.masked(item) for item in value]
            case dict():
                return {key: self.masked(item) for key, item in value.items()}
        return value


def _is_of_model(message: Mapping[str, Any]) -> bool:
    return message.get("role") in ("assistant", "model")


def _holds_any(value: Any, lines: Sequence[str]) -> bool:
    """Say whether a JSON value has one of these lines in any of its texts."""
    match value:
        case str():
            return any(line in value for line in lines)
        case list():
            return any(_holds_any(item, lines) for item in value)
        case dict():
            return any(_holds_any(item, lines) for item in value.values())
    return False


def _said_in(message: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    content = message.get("content")
    for block in content if isinstance(content, list) else [content]:
        said = block.get("text", block) if isinstance(block, dict) else block
        if said is not None and not (isinstance(said, dict) and said.keys() == {"type"}):
            yield "messages", said  # what has a type alone is left of a tool's result


def normalize_calls(calls: Sequence[Call]) -> tuple[NormalizedCall, ...]:
    """Return the calls of a recording; not those that failed and were made again."""
    keys = [dump_canonical_json(_bounded(dict(call.request))) for call in calls]
    conversation = _Conversation()
    found = []
    for index, call in enumerate(calls):
        passing = is_passing(call.status)
        if call.outcome is Outcome.ERROR and passing and keys[index] in keys[index + 1 :]:
            continue
        found.append(conversation.add(index + 1, call))
    return tuple(found)


class _Conversation:
    """What the model has said and asked for so far."""

    def __init__(self) -> None:
        self._texts: dict[str, None] = {}
        self._tools: dict[str, tuple[int, str]] = {}
        """The number and the name of each tool call, by its id."""
        self._sent: set[int] = set()
        self._count = 0

    def add(self, number: int, call: Call) -> NormalizedCall:
        """Remove the earlier answers from the next call, and add its own answer to them."""
        prompt = call.prompt
        body = {key: value for key, value in call.request.items() if key != "model"}
        fields = prompt.fields()
        if not (self._texts or self._tools):
            fields |= prompt.links
        results: dict[int, tuple[str, Any]] = {}
        asked = call.request.get("model")
        tool_calls = [[tool.full_name, _bounded(dict(tool.arguments))] for tool in call.tool_calls]
        ended = [str(call.outcome), call.stop_reason, call.refusal_category, call.error]
        settled = NormalizedCall(
            number=number,
            call=call,
            model=call.requested_model or (asked if isinstance(asked, str) else ""),
            fields=self._fields(_bounded(fields), results),
            results=results,
            raw=dump_canonical_json(_bounded(body)),
            answer=dump_canonical_json([*ended, call.text, tool_calls]),
            tool_calls=dump_canonical_json(tool_calls),
            earlier=tuple(sorted(self._texts, key=len, reverse=True)),
        )
        if text := call.text.strip():
            self._texts[text] = None
        for tool in call.tool_calls:
            if tool.id:
                self._tools[tool.id] = (self._count, tool.full_name)
            self._count += 1
        return settled

    def _fields(
        self, body: Mapping[str, Any], results: dict[int, tuple[str, Any]]
    ) -> dict[str, Any]:
        fields = {}
        for key, value in body.items():
            if key == "system":
                fields[key] = _plain_text(value)
            elif key == "messages" and isinstance(value, list):
                fields[key] = [self._message(message, results) for message in value]
            else:
                fields[key] = value
        return fields

    def _message(self, message: Any, results: dict[int, tuple[str, Any]]) -> Any:
        if not isinstance(message, dict):
            return message
        if message.get("role") == "assistant" and self._is_own(message):
            return {"role": "assistant", "content": _OWN_WORDS}
        content = message.get("content")
        if self._takes_result(message, results):
            return {"role": message.get("role")}
        if isinstance(content, list):
            content = [
                {"type": block.get("type")} if self._takes_result(block, results) else block
                for block in content
            ]
        return {**message, "content": _plain_text(content)} if "content" in message else message

    def _is_own(self, message: Mapping[str, Any]) -> bool:
        """Whether a message of the assistant is an earlier answer, thinking and all."""
        content = message.get("content")
        blocks = content if isinstance(content, list) else []
        asked = message.get("tool_calls")
        calls = [*blocks, *(asked if isinstance(asked, list) else [])]
        ids = [call.get("id") for call in calls if isinstance(call, dict)]
        if any(isinstance(name, str) and name in self._tools for name in ids):
            return True
        texts = [block["text"] for block in blocks if _is_text(block)]
        text = (content if isinstance(content, str) else "".join(texts)).strip()
        return text in self._texts or (bool(text) and any(text in own for own in self._texts))

    def _takes_result(self, block: Any, results: dict[int, tuple[str, Any]]) -> bool:
        """Whether it is the result of a tool call of the model; notes it where it is a new one."""
        if not isinstance(block, dict):
            return False
        for key in _RESULT_IDS:
            name = block.get(key)
            if isinstance(name, str) and name in self._tools:
                index, tool = self._tools[name]
                if index not in self._sent:
                    self._sent.add(index)
                    results[index] = (tool, _result(block, key))
                return True
        return False


def _result(block: Mapping[str, Any], key: str) -> Any:
    """Return what a result says: its content alone where it is nothing but that."""
    rest = {k: v for k, v in block.items() if k not in {key, "type", "role", "cache_control"}}
    if rest.get("is_error") is False:
        del rest["is_error"]
    if "content" in rest:
        rest["content"] = _plain_text(rest["content"])
    return rest["content"] if rest.keys() == {"content"} else rest


def _plain_text(content: Any) -> Any:
    """Return one block of nothing but text as the string that means the same."""
    match content:
        case [{"type": "text", "text": str(text), **rest}] if not rest:
            return text
    return content


def _is_text(block: Any) -> bool:
    return isinstance(block, dict) and isinstance(block.get("text"), str)


def _bounded(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Return a JSON value in which each part below `depth` levels is one short text."""
    if not isinstance(value, (dict, list)):
        return value
    if depth == 0:
        return f"(nested deeper, {_hash(value)})"
    if isinstance(value, list):
        return [_bounded(item, depth - 1) for item in value]
    return {str(key): _bounded(item, depth - 1) for key, item in value.items()}


def _hash(value: Any) -> str:
    """Return a short digest of a JSON value, however deeply it is nested."""
    digest = hashlib.sha256()
    waiting = [value]
    while waiting:
        item = waiting.pop()
        match item:
            case dict():
                word = "{" + str(len(item))
                for key in sorted(item, key=str):
                    waiting += [item[key], str(key)]
            case list():
                word = "[" + str(len(item))
                waiting += item
            case _:
                word = repr(item)
        digest.update(word.encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()[:12]
