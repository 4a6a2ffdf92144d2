"""Gives the calls of functions their names in a conversation: most replies have no id for them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pytest_llmregress.providers.json_access import read_mapping, read_objects, read_string
from pytest_llmregress.values.call import ToolCall, ToolRunner


class CallIds:
    """Counts calls without an id, and results without one, by the name of the function.

    The first call of "find" is "find 1", and so is the first result: they come in one order.
    """

    def __init__(self) -> None:
        self._seen: Counter[tuple[str, str]] = Counter()

    def find(self, kind: str, given: Mapping[str, Any]) -> str | None:
        """Return the id of a call or of a result, which is the `kind`; None without any name."""
        own, name = read_string(given.get("id")), read_string(given.get("name"))
        if own is not None or name is None:
            return own
        self._seen[kind, name] += 1
        return f"{name} {self._seen[kind, name]}"


def name_calls(tools: Iterable[ToolCall], body: Mapping[str, Any]) -> tuple[ToolCall, ...]:
    """Return the tool calls of a reply: those without an id have the next one of the request."""
    ids = CallIds()
    for content in read_objects(body.get("contents")):
        for part in read_objects(content.get("parts")):
            ids.find("call", read_mapping(part.get("functionCall", part.get("function_call"))))
    return tuple(
        tool
        if tool.id or tool.run_by is not ToolRunner.CLIENT
        else replace(tool, id=ids.find("call", {"name": tool.name}) or "")
        for tool in tools
    )
