"""Reads what a request asks in these APIs' forms as a `Prompt`."""

from collections.abc import Mapping
from typing import Any

from pytest_llmregress.providers.json_access import is_one_of, read_mapping
from pytest_llmregress.providers.openai.chat import read_arguments
from pytest_llmregress.values.prompt import History, Prompt, is_list_of_objects, split_schema

_SYSTEM = frozenset({"system", "developer"})
_OF_THE_ACCOUNT = frozenset({"user", "safety_identifier", "prompt_cache_key", "model", "models"})
"""Parameters that say nothing to the model."""
_LIMITS = ("max_completion_tokens", "max_output_tokens")
_LINKS = frozenset({"previous_response_id", "conversation"})
_MODEL_ITEMS = frozenset({"reasoning", "item_reference"})
"""Items that an earlier answer has made, and that differ in each recording."""


def read_chat_prompt(body: Mapping[str, Any]) -> Prompt:
    """Read the body of a chat completion, of an older completion, or of Ollama's own API."""
    parameters = _read_parameters(body)
    messages = _take_messages(parameters)
    leading = next(
        (at for at, each in enumerate(messages) if not is_one_of(each.get("role"), _SYSTEM)),
        len(messages),
    )
    system = _join([each.get("content") for each in messages[:leading]])
    if system is None:
        system = parameters.pop("system", None)
    tools = _take_list(parameters, "tools") or _take_list(parameters, "functions")
    parameters, schema = split_schema(_say_lenient(parameters))
    if isinstance(parameters.get("format"), dict) and not schema:  # Ollama's
        schema = parameters.pop("format")
    return Prompt(
        system=system,
        messages=tuple(_read_messages(messages[leading:])),
        tools=None if tools is None else tuple(map(_read_tool, tools)),
        schema=schema,
        parameters=parameters,
    )


def read_responses_prompt(body: Mapping[str, Any]) -> Prompt:
    """Read the body of a request for a response."""
    parameters = _read_parameters(body)
    links = {key: parameters.pop(key) for key in _LINKS if parameters.get(key) is not None}
    given = parameters.pop("input", None)
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    elif given is not None and not is_list_of_objects(given):
        parameters["input"], given = given, None
    messages = _read_items(list(given or ()))
    leading = next(
        (at for at, each in enumerate(messages) if not is_one_of(each.get("role"), _SYSTEM)),
        len(messages),
    )
    system = [parameters.pop("instructions", None), *(m.get("content") for m in messages[:leading])]
    tools = _take_list(parameters, "tools")
    parameters, schema = split_schema(parameters)
    kept = History.SENT if body.get("store") is False else History.OPENED
    return Prompt(
        system=_join(system),
        messages=tuple(messages[leading:]),
        tools=None if tools is None else tuple(map(_read_tool, tools)),
        schema=schema,
        parameters=parameters,
        links=links,
        history=History.CONTINUED if links else kept,
    )


def _say_lenient(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return parameters that say so where an answer need not keep its schema, as it is here."""
    form = read_mapping(parameters.get("response_format"))
    described = read_mapping(form.get("json_schema"))
    if "schema" not in described or described.get("strict") is True:
        return parameters
    lenient = {**form, "json_schema": {**described, "strict": False}}
    return {**parameters, "response_format": lenient}


def _read_parameters(body: Mapping[str, Any]) -> dict[str, Any]:
    parameters = {key: value for key, value in body.items() if key not in _OF_THE_ACCOUNT}
    options = parameters.pop("options", None)  # Ollama's
    if isinstance(options, dict):
        parameters |= {"max_tokens" if k == "num_predict" else k: v for k, v in options.items()}
    for name in _LIMITS:
        if name in parameters:
            parameters["max_tokens"] = parameters.pop(name)
    return parameters


def _take_list(parameters: dict[str, Any], key: str) -> list[Any] | None:
    """Take a list of objects out of the parameters; anything else stays one."""
    return list(parameters.pop(key)) if is_list_of_objects(parameters.get(key)) else None


def _take_messages(parameters: dict[str, Any]) -> list[Mapping[str, Any]]:
    if is_list_of_objects(parameters.get("messages")):
        return list(parameters.pop("messages"))
    if isinstance(parameters.get("prompt"), str):
        return [{"role": "user", "content": parameters.pop("prompt")}]
    return []


def _read_messages(messages: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return messages in the neutral form: what tools gave in one row is one message."""
    found: list[dict[str, Any]] = []
    for message in messages:
        role, content = message.get("role"), message.get("content")
        if is_one_of(role, {"tool", "function"}):
            name = message.get("tool_call_id") or message.get("tool_name") or message.get("name")
            _append_part(found, "user", _result(name, content))
            continue
        calls = message.get("tool_calls")
        parts = [_read_call(each) for each in calls or ()] if is_list_of_objects(calls) else []
        old = read_mapping(message.get("function_call"))
        parts += [_read_call({"function": old})] if old else []
        content = content if content is not None else message.get("refusal")
        if parts:
            content = [*_as_parts(content), *parts]
        more = {"images": message["images"]} if message.get("images") else {}
        found.append({"role": role, "content": _plain(content), **more})
    return found


def _read_items(items: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the items of an input as messages: calls and results join what they go with."""
    found: list[dict[str, Any]] = []
    for item in items:
        kind = str(item.get("type", "message"))
        if kind in _MODEL_ITEMS:
            continue
        if kind == "message":
            found.append({"role": item.get("role"), "content": _plain(item.get("content"))})
        elif kind in {"function_call", "custom_tool_call"}:
            given = item.get("arguments", item.get("input"))
            arguments = read_arguments(given) if "arguments" in item else {"input": given}
            name = {"id": item.get("call_id"), "name": item.get("name")}
            _append_part(found, "assistant", {"type": "tool_use", **name, "input": arguments})
        elif kind.endswith("_output"):
            _append_part(found, "user", _result(item.get("call_id"), item.get("output")))
        else:
            part = {key: value for key, value in item.items() if key != "id"}
            _append_part(found, "assistant" if kind.endswith("_call") else "user", part)
    return found


def _append_part(messages: list[dict[str, Any]], role: str, part: dict[str, Any]) -> None:
    """Add a part to the last message where that is of the same role and no one's own words."""
    last = messages[-1] if messages else {}
    parts = last.get("content")
    joins = role == "assistant" or (isinstance(parts, list) and any(map(_is_result, parts[-1:])))
    if last.get("role") == role and joins:
        last["content"] = [*_as_parts(parts), part]
    else:
        messages.append({"role": role, "content": [part]})


def _is_result(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "tool_result"


def _result(name: Any, content: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": name, "content": _plain(content)}


def _read_call(call: Mapping[str, Any]) -> dict[str, Any]:
    function, custom = read_mapping(call.get("function")), read_mapping(call.get("custom"))
    given = (
        read_arguments(function.get("arguments")) if function else {"input": custom.get("input")}
    )
    name = (function or custom).get("name")
    return {"type": "tool_use", "id": call.get("id"), "name": name, "input": given}


def _read_tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tool that the caller runs in the neutral form, any other one as it is."""
    kind = tool.get("type", "function")
    if not is_one_of(kind, {"function", "custom"}):
        return dict(tool)
    described = dict(read_mapping(tool.get(str(kind))) or {k: tool[k] for k in tool if k != "type"})
    if "parameters" in described:
        described["input_schema"] = described.pop("parameters")
    return described if kind == "function" else {"type": kind, **described}


def _join(given: list[Any]) -> Any:
    """Return several system prompts as one text where all are texts; None where there is none."""
    there = [_plain(each) for each in given if each is not None]
    if all(isinstance(each, str) for each in there):
        return "\n\n".join(there) if there else None
    return [part for each in there for part in _as_parts(each)]


def _plain(content: Any) -> Any:
    """Return a content with neutral parts; one text alone as that text."""
    if not is_list_of_objects(content):
        return content
    parts = [_read_part(part) for part in content]
    match parts:
        case [{"type": "text", "text": str(text), **rest}] if not rest:
            return text
    return parts


def _read_part(part: Mapping[str, Any]) -> dict[str, Any]:
    if is_one_of(part.get("type"), {"input_text", "output_text", "text"}):
        kept = {k: v for k, v in part.items() if k not in {"annotations", "logprobs", "type"}}
        return {"type": "text", **kept}
    if part.get("type") == "refusal":
        return {"type": "text", "text": part.get("refusal")}
    return dict(part)


def _as_parts(content: Any) -> list[Any]:
    if isinstance(content, list | tuple):
        return list(content)
    return [{"type": "text", "text": content}] if content else []
