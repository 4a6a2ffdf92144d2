"""The same questions over Anthropic's SDK: the Messages API."""

import json
import os
from collections.abc import Iterator
from functools import cache
from typing import Any

from anthropic import Anthropic

MODEL = os.environ.get("REPORT_MODEL", "qwen2.5-coder-0.5b")


@cache
def client() -> Anthropic:
    return Anthropic()


def messages(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


def ask(system: str, text: str) -> str:
    reply = client().messages.create(
        model=MODEL, max_tokens=10, system=system, messages=messages(text)
    )
    return "".join(block.text for block in reply.content if block.type == "text")


def fill(system: str, text: str, schema: dict[str, Any]) -> dict[str, Any]:
    reply = client().messages.create(
        model=MODEL,
        max_tokens=80,
        system=system,
        messages=messages(text),
        output_config={"format": {"type": "json_schema", "schema": schema}},
    )
    said = "".join(block.text for block in reply.content if block.type == "text")
    fields: dict[str, Any] = json.loads(said)
    return fields


def use_tool(
    system: str, text: str, name: str, description: str, schema: dict[str, Any]
) -> list[dict[str, Any]]:
    reply = client().messages.create(
        model=MODEL,
        max_tokens=80,
        system=system,
        messages=messages(text),
        tools=[{"name": name, "description": description, "input_schema": schema}],
    )
    return [dict(block.input) for block in reply.content if block.type == "tool_use"]


def stream(system: str, text: str) -> Iterator[str]:
    with client().messages.stream(
        model=MODEL, max_tokens=80, system=system, messages=messages(text)
    ) as pieces:
        yield from pieces.text_stream
