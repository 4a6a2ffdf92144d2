"""Reads what a request asks in Converse's form as a `Prompt`."""

from collections.abc import Mapping
from typing import Any

from pytest_llmregress.providers.json_access import parse, read_mapping, read_objects
from pytest_llmregress.values.prompt import Prompt, without_schema

_OF_THE_ACCOUNT = frozenset({"requestMetadata"})
"""Keys that say nothing to the model."""
_SCHEMA = ("outputConfig", "textFormat", "structure", "jsonSchema", "schema")
"""Where the JSON schema of an answer stands."""


def read_converse_prompt(body: Mapping[str, Any]) -> Prompt:
    """Read the body of a request to converse."""
    parameters = {key: value for key, value in body.items() if key not in _OF_THE_ACCOUNT}
    messages = read_objects(parameters.pop("messages", None))
    system = parameters.pop("system", None)
    given = read_mapping(parameters.pop("toolConfig", None))
    tools = read_objects(given["tools"]) if "tools" in given else None
    if "toolChoice" in given:
        parameters["tool_choice"] = given["toolChoice"]
    settings = read_mapping(parameters.pop("inferenceConfig", None))
    if "maxTokens" in settings:
        settings = {k: v for k, v in settings.items() if k != "maxTokens"} | {
            "max_tokens": settings["maxTokens"]
        }
    schema = _find_schema(body)
    if schema:
        parameters = without_schema(parameters, _SCHEMA, title=schema.get("title"))
    return Prompt(
        system=None if system is None else _plain(system),
        messages=tuple(
            {"role": each.get("role"), "content": _plain(each.get("content"))} for each in messages
        ),
        tools=None if tools is None else tuple(map(_read_tool, tools)),
        schema=schema,
        parameters=parameters | settings,
    )


def _plain(content: Any) -> Any:
    """Return blocks as neutral parts; one text alone as that text."""
    parts = [
        _read_part(block) for block in read_objects(content) if "reasoningContent" not in block
    ]
    match parts:
        case [{"type": "text", "text": str(text), **rest}] if not rest:
            return text
    return parts


def _read_part(block: Mapping[str, Any]) -> dict[str, Any]:
    tool, result = read_mapping(block.get("toolUse")), read_mapping(block.get("toolResult"))
    if tool:
        name = {"id": tool.get("toolUseId"), "name": tool.get("name")}
        return {"type": "tool_use", **name, "input": tool.get("input")}
    if result:
        more = {"status": result["status"]} if result.get("status") == "error" else {}
        name = {"tool_use_id": result.get("toolUseId")}
        return {"type": "tool_result", **name, "content": _plain(result.get("content")), **more}
    return {"type": next(iter(block), "text"), **block}


def _read_tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tool of the caller in the neutral form, any other one as it is."""
    described = dict(read_mapping(tool.get("toolSpec")))
    if not described:
        return dict(tool)
    schema = read_mapping(described.pop("inputSchema", None)).get("json")
    return described if schema is None else {**described, "input_schema": schema}


def _find_schema(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the JSON schema that an answer has to keep: it stands there as a text."""
    found: Any = body
    for key in _SCHEMA:
        found = read_mapping(found).get(key)
    return read_mapping(parse(found)) if isinstance(found, str) else read_mapping(found)
