"""Reads chat completions: a reply in one piece, or what the chunks of a stream add up to."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_llmregress.providers.json_access import is_one_of, parse, read_mapping, read_string
from pytest_llmregress.providers.openai.reply import find_error, read_error_inside, read_usage
from pytest_llmregress.providers.reply import Reply, worst
from pytest_llmregress.values.call import Citation, Outcome, ToolCall, ToolRunner

_BY_CONTENT = frozenset(
    {"stop", "tool_calls", "function_call", "eos", "eos_token", "stop_sequence"}
)
"""Words of an ordinary end: what the choice holds says how it ended."""
_BY_REASON = {
    "length": Outcome.TRUNCATED,
    "max_tokens": Outcome.TRUNCATED,
    "content_filter": Outcome.REFUSED,
    "sensitive": Outcome.REFUSED,  # z.ai
    "model_length": Outcome.CONTEXT_FULL,  # Mistral
    "model_context_window_exceeded": Outcome.CONTEXT_FULL,  # z.ai
    "error": Outcome.ERROR,  # OpenRouter, Mistral
    "insufficient_system_resource": Outcome.ERROR,  # DeepSeek
    "network_error": Outcome.ERROR,  # z.ai
    "abort": Outcome.ERROR,  # vLLM
}
"""Words that say it by themselves."""
_THINK, _END_OF_THINKING = "<think>", "</think>"
_TEXTS = frozenset({"text", "output_text"})
_UNREADABLE = "(no JSON object)"
"""The argument that stands for arguments which cannot be read: the text of them is its value."""


def judge(reason: str, *, text: str, asks_tools: bool, refusal: str | None) -> Outcome:
    """Return how a choice ended; a word that nobody knows is an error, whatever came with it."""
    if reason in _BY_REASON:
        return _BY_REASON[reason]
    if refusal:
        return Outcome.REFUSED
    if asks_tools:
        return Outcome.TOOL_USE
    if reason not in _BY_CONTENT:
        return Outcome.ERROR
    return Outcome.ANSWERED if text.strip() else Outcome.EMPTY


def _is_known(reason: str) -> bool:
    """Whether a word for the end of a choice has a meaning here."""
    return reason in _BY_REASON or reason in _BY_CONTENT


def read_completion(body: Mapping[str, Any], *, streamed: bool = False) -> Reply:
    """Read a completion; of several choices the first one, with the worst outcome of all."""
    choices = [read_mapping(each) for each in _list(body.get("choices"))]
    if not choices:
        error = find_error(body)
        if error:
            return read_error_inside(error, streamed=streamed)
        missing = "the reply has no choices"
        return Reply(error=missing, fault=missing, streamed=streamed)
    choices.sort(key=lambda each: index if isinstance(index := each.get("index"), int) else 0)
    read = [_read_choice(choice, streamed=streamed) for choice in choices]
    first, error = read[0], _find_error_of_choices(choices)
    outcome = worst([each.outcome for each in read])
    unfinished = streamed and any(each.stop_reason is None for each in read)
    fault = "the stream ended without a finish reason" if unfinished else None
    if error:
        fault = read_error_inside(error, streamed=False).fault
    words = None
    if outcome is Outcome.ERROR:
        told = [each.error for each in read if each.error]
        words = read_error_inside(error, streamed=False).error if error else told[0]
    usage = read_mapping(body.get("usage")) or read_mapping(body.get("x_groq")).get("usage")
    return Reply(
        outcome=outcome,
        text=first.text,
        tool_calls=first.tool_calls,
        thinking=first.thinking,
        citations=first.citations,
        stop_reason=first.stop_reason,
        stop_sequence=first.stop_sequence,
        refusal_category=first.refusal_category,
        service_tier=read_string(body.get("service_tier")),
        served_model=read_string(body.get("model")),
        usage=read_usage(usage),
        error=words,
        streamed=streamed,
        fault=fault,
    )


def read_arguments(given: Any) -> Mapping[str, Any]:
    """Return the arguments of a tool call: an object, in JSON or as it is; often no JSON at all."""
    if isinstance(given, dict):
        return given
    if not isinstance(given, str):
        return {} if given is None else {_UNREADABLE: given}
    if not given.strip():
        return {}
    found = parse(given)
    return found if isinstance(found, dict) else {_UNREADABLE: given}


def read_annotations(annotations: Any) -> Iterator[Citation]:
    """Yield what a text cites, in either of the forms of an annotation."""
    for each in _list(annotations):
        given = read_mapping(each)
        cited = read_mapping(given.get("url_citation")) or given
        named = (cited.get(key) for key in ("url", "filename", "file_id", "title"))
        source = next((name for name in named if read_string(name)), None)
        if source is not None:
            text = read_string(cited.get("content")) or read_string(cited.get("quote")) or ""
            yield Citation(source=source, text=text)


def _read_choice(choice: Mapping[str, Any], *, streamed: bool) -> Reply:
    message = read_mapping(choice.get("message"))
    parts = _parts(message.get("content", choice.get("text")))
    text = "".join(_strings(parts, _TEXTS, "text"))
    text = text or read_string(read_mapping(message.get("audio")).get("transcript")) or ""
    thinking = _read_reasoning(message, parts)
    text, inside = _without_thinking(text)
    thinking = inside if thinking is None else thinking
    run = list(_read_executed(message.get("executed_tools")))
    asked = list(_read_tool_calls(message, number=len(run)))
    refusal = read_string(message.get("refusal")) or "".join(
        _strings(parts, frozenset({"refusal"}), "refusal")
    )
    reason = read_string(choice.get("finish_reason"))
    # Some hosts give none for a reply in one piece: what came whole has ended.
    outcome = judge(
        reason or ("" if streamed else "stop"), text=text, asks_tools=bool(asked), refusal=refusal
    )
    words = None
    if outcome is Outcome.ERROR:
        told = f"with finish_reason {reason!r}" if reason else "without a finish reason"
        unknown = reason is not None and not _is_known(reason)
        words = f"the reply ended {told}{', which nobody knows' if unknown else ''}"
    return Reply(
        outcome=outcome,
        text=text or (refusal if outcome is Outcome.REFUSED else ""),
        tool_calls=(*run, *asked),
        thinking=thinking,
        citations=tuple(read_annotations(message.get("annotations"))),
        stop_reason=reason,
        stop_sequence=read_string(choice.get("stop_reason")),  # vLLM
        refusal_category=_find_filter(choice.get("content_filter_results")),
        error=words,
    )


def _read_tool_calls(message: Mapping[str, Any], *, number: int) -> Iterator[ToolCall]:
    calls = [read_mapping(each) for each in _list(message.get("tool_calls"))]
    old = read_mapping(message.get("function_call"))
    for call in [*calls, *([{"function": old}] if old else [])]:
        function, custom = read_mapping(call.get("function")), read_mapping(call.get("custom"))
        called = function or custom
        name = read_string(called.get("name"))
        if name is None:
            continue
        yield ToolCall(
            name=name,
            arguments=read_arguments(function.get("arguments"))
            if function
            else {"input": custom.get("input")},
            id=read_string(call.get("id")) or "",
            round=number,
        )


def _read_executed(tools: Any) -> Iterator[ToolCall]:
    """Yield the calls of tools that the host has run before it answered (Groq)."""
    for number, each in enumerate(_list(tools)):
        tool = read_mapping(each)
        name = read_string(tool.get("name")) or read_string(tool.get("type"))
        if name is not None:
            yield ToolCall(
                name=name,
                arguments=read_arguments(tool.get("arguments")),
                run_by=ToolRunner.PROVIDER,
                round=number,
            )


def _read_reasoning(message: Mapping[str, Any], parts: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the reasoning, under whichever name; "" for one that only the host can read."""
    for key in ("reasoning_content", "reasoning", "thinking"):
        if isinstance(message.get(key), str) and message[key]:
            return str(message[key])
    details = [read_mapping(each) for each in _list(message.get("reasoning_details"))]
    if details:
        texts = (read_string(d.get("text")) or read_string(d.get("summary")) for d in details)
        return "".join(text for text in texts if text)
    chunks = [part for part in parts if part.get("type") == "thinking"]  # Mistral
    if not chunks:
        return None
    return "".join(
        part if isinstance(part := chunk.get("thinking"), str) else "".join(_strings(_parts(part)))
        for chunk in chunks
    )


def _without_thinking(text: str) -> tuple[str, str | None]:
    """Return a text without the reasoning that small hosts leave in front of it, and that."""
    start = text.lstrip()
    if not start.startswith(_THINK):
        return text, None
    thinking, _, answer = start.removeprefix(_THINK).partition(_END_OF_THINKING)
    return answer.lstrip("\n"), thinking.strip()


def _find_error_of_choices(choices: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    found = (read_mapping(choice.get("error")) for choice in choices)
    return next((error for error in found if error), {})


def _find_filter(results: Any) -> str | None:
    """Return the categories that a filter of Azure has found, with commas between them."""
    given = read_mapping(results)
    found = [name for name, each in given.items() if read_mapping(each).get("filtered") is True]
    return ", ".join(found) or None


def _parts(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [read_mapping(part) for part in _list(content)]


def _strings(
    parts: Sequence[Mapping[str, Any]], kinds: frozenset[str] = _TEXTS, key: str = "text"
) -> Iterator[str]:
    return (read_string(p.get(key)) or "" for p in parts if is_one_of(p.get("type"), kinds))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
