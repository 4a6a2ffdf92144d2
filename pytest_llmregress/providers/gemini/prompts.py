"""Reads what a request asks in this API's form as a `Prompt`."""

from collections.abc import Mapping
from typing import Any

from pytest_llmregress.providers.gemini.call_ids import CallIds
from pytest_llmregress.providers.json_access import read_mapping, read_objects
from pytest_llmregress.values.prompt import Prompt

_LINKS = frozenset({"cachedContent"})
_OF_THE_ACCOUNT = frozenset({"model", "labels"})
"""Keys that say nothing to the model."""
_SCHEMAS = ("responseJsonSchema", "responseSchema")


def read_gemini_prompt(body: Mapping[str, Any]) -> Prompt:
    """Read the body of a request to generate content; keys may be written in either of two ways."""
    given = {_camel(key): value for key, value in body.items()}
    settings = {_camel(k): v for k, v in read_mapping(given.pop("generationConfig", {})).items()}
    contents = given.pop("contents", None)
    contents = [contents] if isinstance(contents, dict) else contents
    tools = given.pop("tools", None)
    place = next((key for key in _SCHEMAS if read_mapping(settings.get(key))), None)
    schema = {} if place is None else settings.pop(place)
    if schema and settings.get("responseMimeType") == "application/json":
        del settings["responseMimeType"]  # it says no more than that there is a schema
    if "maxOutputTokens" in settings:
        settings["max_tokens"] = settings.pop("maxOutputTokens")
    ids = CallIds()
    return Prompt(
        system=_plain(given.pop("systemInstruction", None), ids),
        messages=tuple(_read_message(each, ids) for each in read_objects(contents)),
        tools=None if tools is None else tuple(_read_tools(read_objects(tools))),
        schema=schema,
        links={key: given.pop(key) for key in _LINKS & given.keys()},
        parameters={k: v for k, v in (given | settings).items() if k not in _OF_THE_ACCOUNT},
    )


def _camel(key: str) -> str:
    """Return a key in the way that the API documents: "system_instruction" is taken as well."""
    first, *others = key.split("_")
    return first + "".join(word.capitalize() for word in others)


def _read_message(content: Mapping[str, Any], ids: CallIds) -> dict[str, Any]:
    role = "assistant" if content.get("role") == "model" else "user"
    return {"role": role, "content": _plain(content, ids)}


def _plain(content: Any, ids: CallIds) -> Any:
    """Return a content as neutral parts; one text alone as that text, None for none."""
    if content is None or isinstance(content, str):
        return content
    parts = [
        _read_part(part, ids)
        for part in read_objects(read_mapping(content).get("parts"))
        if part.get("thought") is not True
    ]
    match parts:
        case [{"type": "text", "text": str(text), **rest}] if not rest:
            return text
    return parts


def _read_part(part: Mapping[str, Any], ids: CallIds) -> dict[str, Any]:
    """Return a part in the neutral form, without the signature that differs in each recording."""
    given = {_camel(key): value for key, value in part.items()}
    given.pop("thoughtSignature", None)
    if "functionCall" in given:
        call = read_mapping(given["functionCall"])
        name = {"id": ids.find("call", call), "name": call.get("name")}
        return {"type": "tool_use", **name, "input": call.get("args") or {}}
    if "functionResponse" in given:
        result = read_mapping(given["functionResponse"])
        name = {"tool_use_id": ids.find("result", result)}
        return {"type": "tool_result", **name, "content": result.get("response")}
    return {"type": next(iter(given), "text"), **given}


def _read_tools(tools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the functions of the caller in the neutral form, tools of Google's as they are."""
    found: list[dict[str, Any]] = []
    for tool in tools:
        given = {_camel(key): value for key, value in tool.items()}
        found += [
            _read_function(each) for each in read_objects(given.pop("functionDeclarations", None))
        ]
        found += [{key: value} for key, value in given.items()]
    return found


def _read_function(function: Mapping[str, Any]) -> dict[str, Any]:
    given = {_camel(key): value for key, value in function.items()}
    schema = given.pop("parametersJsonSchema", None) or given.pop("parameters", None)
    return given if schema is None else {**given, "input_schema": schema}
