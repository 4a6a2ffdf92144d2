"""Reads the content blocks of a message: text, thinking, citations, calls of all kinds of tools."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_llmregress.providers.json_access import is_one_of, read_mapping, read_string
from pytest_llmregress.values.call import Citation, ToolCall, ToolRunner

_RUNNERS = {
    "tool_use": ToolRunner.CLIENT,
    "server_tool_use": ToolRunner.PROVIDER,
    "mcp_tool_use": ToolRunner.MCP,
}
"""Who runs the tool that a block calls, by the type of the block."""
_RESULT = "tool_result"
"""How the type of a block ends that holds what a tool gave."""
_THINKING = frozenset({"thinking", "redacted_thinking"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageContent:
    """What the blocks of a message say; each field is that of `Call`."""

    text: str
    tool_calls: tuple[ToolCall, ...]
    thinking: str | None
    citations: tuple[Citation, ...]


def read_content(content: Any) -> MessageContent:
    """Read the "content" of a message; blocks of another type are passed over."""
    blocks = [read_mapping(block) for block in content] if isinstance(content, list) else []
    return MessageContent(
        text="".join(_strings(blocks, "text")),
        tool_calls=tuple(_read_tool_calls(blocks)),
        thinking=_read_thinking(blocks),
        citations=tuple(_read_citations(blocks)),
    )


def _strings(blocks: Sequence[Mapping[str, Any]], kind: str) -> Iterator[str]:
    """Yield the texts of the blocks of a type whose text has that name, too."""
    return (read_string(block.get(kind)) or "" for block in blocks if block.get("type") == kind)


def _read_tool_calls(blocks: Sequence[Mapping[str, Any]]) -> Iterator[ToolCall]:
    """Yield the calls of tools; the result of a tool begins another round."""
    number, is_open = 0, False
    for block in blocks:
        kind = str(block.get("type"))
        if kind in _RUNNERS:
            is_open = True
            yield ToolCall(
                name=read_string(block.get("name")) or "",
                arguments=read_mapping(block.get("input")),
                id=read_string(block.get("id")) or "",
                run_by=_RUNNERS[kind],
                server=read_string(block.get("server_name")) or "",
                round=number,
            )
        elif is_open and kind.endswith(_RESULT):
            number, is_open = number + 1, False


def _read_thinking(blocks: Sequence[Mapping[str, Any]]) -> str | None:
    if not any(is_one_of(block.get("type"), _THINKING) for block in blocks):
        return None
    return "\n\n".join(filter(None, _strings(blocks, "thinking")))


def _read_citations(blocks: Sequence[Mapping[str, Any]]) -> Iterator[Citation]:
    for block in blocks:
        given = block.get("citations") if block.get("type") == "text" else None
        for each in given if isinstance(given, list) else ():
            citation = read_mapping(each)
            yield Citation(
                source=_source(citation), text=read_string(citation.get("cited_text")) or ""
            )


def _source(citation: Mapping[str, Any]) -> str:
    """Return where a citation comes from: what names it best, of what its type has."""
    names = (read_string(citation.get(key)) for key in ("url", "source", "document_title", "title"))
    index = citation.get("document_index", citation.get("search_result_index", 0))
    return next(filter(None, names), f"document {index}")
