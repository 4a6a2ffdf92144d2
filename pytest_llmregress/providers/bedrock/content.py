"""Reads the content blocks of a turn: text, reasoning, citations, calls of tools."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pytest_llmregress.providers.json_access import read_mapping, read_objects, read_string
from pytest_llmregress.values.call import Citation, ToolCall, ToolRunner

_MEDIA = frozenset({"image", "video", "audio", "document"})
"""Blocks that are an answer without a text."""


def read_text(blocks: Sequence[Mapping[str, Any]]) -> str:
    """Return the texts of blocks, those that cite something included."""
    return "".join(_texts(blocks))


def has_media(blocks: Sequence[Mapping[str, Any]]) -> bool:
    """Whether blocks hold an answer that is no text."""
    return any(block.keys() & _MEDIA for block in blocks)


def read_thinking(blocks: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the reasoning; "" for one that only the provider can read, None for none."""
    reasoning = [read_mapping(b["reasoningContent"]) for b in blocks if "reasoningContent" in b]
    if not reasoning:
        return None
    texts = (read_mapping(each.get("reasoningText")).get("text") for each in reasoning)
    return "".join(read_string(text) or "" for text in texts)


def read_tools(blocks: Sequence[Mapping[str, Any]]) -> Iterator[ToolCall]:
    """Yield the calls of tools; the result of one that AWS runs begins another round."""
    number, is_open = 0, False
    for block in blocks:
        if "toolResult" in block:
            number, is_open = number + is_open, False
        tool = read_mapping(block.get("toolUse"))
        name = read_string(tool.get("name"))
        if name is None:
            continue
        is_own = tool.get("type") == "server_tool_use"
        yield ToolCall(
            name=name,
            arguments=read_mapping(tool.get("input")),
            id=read_string(tool.get("toolUseId")) or "",
            run_by=ToolRunner.PROVIDER if is_own else ToolRunner.CLIENT,
            round=number,
        )
        is_open = True


def read_citations(blocks: Sequence[Mapping[str, Any]]) -> Iterator[Citation]:
    """Yield what the texts cite, in their order."""
    for block in blocks:
        cited = read_mapping(block.get("citationsContent"))
        for number, each in enumerate(read_objects(cited.get("citations"))):
            places = [read_mapping(place) for place in read_mapping(each.get("location")).values()]
            urls = (read_string(place.get("url")) for place in places)
            names = (*urls, read_string(each.get("source")), read_string(each.get("title")))
            yield Citation(
                source=next((name for name in names if name), f"document {number}"),
                text="".join(_texts(read_objects(each.get("sourceContent")))),
            )


def _texts(blocks: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for block in blocks:
        yield read_string(block.get("text")) or ""
        yield from _texts(read_objects(read_mapping(block.get("citationsContent")).get("content")))
