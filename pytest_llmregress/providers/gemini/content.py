"""Reads a candidate: its parts, what it is grounded on, and how it ended."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_llmregress.providers.end_words import EndWords
from pytest_llmregress.providers.gemini.partial_calls import join_calls
from pytest_llmregress.providers.json_access import read_mapping, read_objects, read_string
from pytest_llmregress.providers.reply import Reply
from pytest_llmregress.values.call import Citation, Outcome, ToolCall, ToolRunner

_ENDS = EndWords(
    by_content=frozenset({"STOP"}),
    by_reason={
        "MAX_TOKENS": Outcome.TRUNCATED,
        "CONTINUATION": Outcome.PAUSED,
        **dict.fromkeys(
            (
                *("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR"),
                *("ESCALATION", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"),
            ),
            Outcome.REFUSED,
        ),
        **dict.fromkeys(
            (
                *("MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"),
                *("MISSING_THOUGHT_SIGNATURE", "MALFORMED_RESPONSE", "LANGUAGE", "NO_IMAGE"),
                *("IMAGE_OTHER", "OTHER"),
            ),
            Outcome.ERROR,
        ),
    },
)
_IMAGES = frozenset({"inlineData", "fileData"})
"""Parts that are an answer without a text."""


def read_candidate(candidate: Mapping[str, Any]) -> Reply:
    """Read one candidate, whole or as far as the chunks of a stream came."""
    parts = join_calls(read_objects(read_mapping(candidate.get("content")).get("parts")))
    said = [part for part in parts if part.get("thought") is not True]
    text = "".join(_texts(said))
    tools = (*_read_tools(parts), *_read_searches(candidate, parts))
    reason = read_string(candidate.get("finishReason"))
    outcome = _ENDS.judge(
        reason,
        has_answer=bool(text.strip()) or any(part.keys() & _IMAGES for part in said),
        asks_tools=any(tool.run_by is ToolRunner.CLIENT for tool in tools),
    )
    return Reply(
        outcome=outcome,
        text=text,
        tool_calls=tools,
        thinking=_read_thinking(parts),
        citations=tuple(_read_citations(candidate)),
        stop_reason=reason,
        refusal_category=_read_category(candidate) if outcome is Outcome.REFUSED else None,
        error=_describe(candidate, reason) if outcome is Outcome.ERROR else None,
    )


def _describe(candidate: Mapping[str, Any], reason: str | None) -> str:
    if reason is None:
        return "the reply ended without a finishReason"
    if not _ENDS.knows(reason):
        return f"the reply ended with finishReason {reason!r}, which nobody knows"
    message = read_string(candidate.get("finishMessage"))
    return f"{reason}: {message}" if message else f"the reply ended with finishReason {reason!r}"


def _texts(parts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    return (read_string(part.get("text")) or "" for part in parts)


def _read_thinking(parts: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the summary of the thoughts; "" where there is only their signature, else None."""
    thoughts = [part for part in parts if part.get("thought") is True]
    if thoughts:
        return "".join(_texts(thoughts))
    return "" if any(part.get("thoughtSignature") for part in parts) else None


def _read_tools(parts: Sequence[Mapping[str, Any]]) -> Iterator[ToolCall]:
    """Yield the calls of tools; the result of one that Google runs begins another round."""
    number, is_open = 0, False
    for part in parts:
        function, code, own = (
            read_mapping(part.get(key)) for key in ("functionCall", "executableCode", "toolCall")
        )
        if name := read_string(function.get("name")):
            runner, arguments = ToolRunner.CLIENT, read_mapping(function.get("args"))
        elif code:
            runner, name = ToolRunner.PROVIDER, "code_execution"
            arguments = {key: code[key] for key in ("language", "code") if key in code}
        elif name := read_string(own.get("toolType")):
            runner, name = ToolRunner.PROVIDER, name.lower().removesuffix("_web")
            arguments = read_mapping(own.get("args"))
        else:
            is_result = bool(part.keys() & {"codeExecutionResult", "toolResponse"})
            number, is_open = number + (is_open and is_result), is_open and not is_result
            continue
        given = function or code or own
        yield ToolCall(
            name=name,
            arguments=arguments,
            id=read_string(given.get("id")) or "",
            run_by=runner,
            round=number,
        )
        is_open = True


def _read_searches(
    candidate: Mapping[str, Any], parts: Sequence[Mapping[str, Any]]
) -> Iterator[ToolCall]:
    """Yield the searches that only the grounding tells of, and the pages that were read."""
    if not any("toolCall" in part for part in parts):
        grounding = read_mapping(candidate.get("groundingMetadata"))
        for key, name in (("webSearchQueries", "google_search"), ("retrievalQueries", "retrieval")):
            queries = grounding.get(key)
            if isinstance(queries, list) and queries:
                yield _own(name, {"queries": queries})
    pages = read_mapping(candidate.get("urlContextMetadata")).get("urlMetadata")
    for page in read_objects(pages):
        if url := read_string(page.get("retrievedUrl")):
            yield _own("url_context", {"url": url})


def _own(name: str, arguments: Mapping[str, Any]) -> ToolCall:
    return ToolCall(name=name, arguments=arguments, run_by=ToolRunner.PROVIDER)


def _read_citations(candidate: Mapping[str, Any]) -> Iterator[Citation]:
    """Yield what the texts are grounded on, and what they recite."""
    grounding = read_mapping(candidate.get("groundingMetadata"))
    chunks = grounding.get("groundingChunks")
    named = [_name_source(at, chunk) for at, chunk in enumerate(_list(chunks))]
    cited: set[int] = set()
    for support in read_objects(grounding.get("groundingSupports")):
        text = read_string(read_mapping(support.get("segment")).get("text")) or ""
        for at in _list(support.get("groundingChunkIndices")):
            if isinstance(at, int) and 0 <= at < len(named):
                cited.add(at)
                yield Citation(source=named[at], text=text)
    for at, source in enumerate(named):
        if at not in cited:
            yield Citation(source=source)
    metadata = read_mapping(candidate.get("citationMetadata"))
    sources = metadata.get("citationSources", metadata.get("citations"))
    for each in read_objects(sources):
        if name := read_string(each.get("uri")) or read_string(each.get("title")):
            yield Citation(source=name)


def _name_source(number: int, chunk: Any) -> str:
    """Return the address of a source, or its title, or "document 0"."""
    found = [value for value in read_mapping(chunk).values() if isinstance(value, dict)]
    names = (read_string(each.get(key)) for key in ("uri", "title") for each in found)
    return next((name for name in names if name), f"document {number}")


def _read_category(candidate: Mapping[str, Any]) -> str | None:
    """Return the categories that were blocked, with commas between them."""
    ratings = read_objects(candidate.get("safetyRatings"))
    blocked = [str(each.get("category")) for each in ratings if each.get("blocked") is True]
    return ", ".join(blocked) or None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
