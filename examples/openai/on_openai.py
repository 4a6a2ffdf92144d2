"""The questions of the report line over OpenAI's SDK: Responses, and chat completions."""

import json
import os
from collections.abc import Iterator
from functools import cache
from typing import Any

from openai import OpenAI

MODEL = os.environ.get("REPORT_MODEL", "qwen2.5-coder-0.5b")


@cache
def client() -> OpenAI:
    """Return the client; it wants a key when it is made, which a replay has within a test."""
    return OpenAI()


def messages(system: str, text: str) -> list[Any]:
    return [{"role": "system", "content": system}, {"role": "user", "content": text}]


def ask(system: str, text: str) -> str:
    reply = client().responses.create(
        model=MODEL, max_output_tokens=10, instructions=system, input=text
    )
    return reply.output_text


def fill(system: str, text: str, schema: dict[str, Any]) -> dict[str, Any]:
    form = {"name": "fields", "strict": True, "schema": schema}
    reply = client().chat.completions.create(
        model=MODEL,
        max_completion_tokens=80,
        messages=messages(system, text),
        response_format={"type": "json_schema", "json_schema": form},
    )
    fields: dict[str, Any] = json.loads(reply.choices[0].message.content or "")
    return fields


def use_tool(
    system: str, text: str, name: str, description: str, schema: dict[str, Any]
) -> list[dict[str, Any]]:
    function = {"name": name, "description": description, "parameters": schema}
    reply = client().chat.completions.create(
        model=MODEL,
        max_completion_tokens=80,
        messages=messages(system, text),
        tools=[{"type": "function", "function": function}],
    )
    calls = reply.choices[0].message.tool_calls or []
    return [json.loads(call.function.arguments) for call in calls]


def stream(system: str, text: str) -> Iterator[str]:
    pieces = client().chat.completions.create(
        model=MODEL,
        max_completion_tokens=80,
        messages=messages(system, text),
        stream=True,
        stream_options={"include_usage": True},
    )
    for piece in pieces:
        for choice in piece.choices:
            yield choice.delta.content or ""
