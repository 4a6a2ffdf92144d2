"""What a request asks a model, in one form for all providers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

_FORMATS = (
    ("output_format",),
    ("output_config", "format"),
    ("response_format", "json_schema"),
    ("text", "format"),
)
"""Where a request in JSON holds an object with a "schema"."""
_LINKS = frozenset({"previous_response_id", "container"})


class History(StrEnum):
    """Who holds what was said before."""

    SENT = "sent"
    """The request itself: it shows all of the conversation."""
    OPENED = "opened"
    """It shows all, and the server keeps it for the next request."""
    CONTINUED = "continued"
    """The server: the request shows only what is new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a request asks a model: system prompt, messages, tools, parameters.

    A message is {"role": "user" or "assistant", "content": a text, or a list of parts}. A part is
    {"type": "text", "text"}, {"type": "tool_use", "id", "name", "input"}, or
    {"type": "tool_result", "tool_use_id", "content"}; any other type is as its provider has it.
    What a tool gave belongs to a message of the user.
    """

    system: Any = None
    """A text, or a list of parts; None where there is none."""
    messages: tuple[Mapping[str, Any], ...] = ()
    tools: tuple[Mapping[str, Any], ...] | None = None
    """Tools that the caller runs: {"name", "description", "input_schema"}; others as they are.
    None where the request says nothing of tools."""
    schema: Mapping[str, Any] = field(default_factory=dict)
    """The JSON schema that the answer has to keep; empty for none."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Everything else by its name; the limit of an answer is "max_tokens". Of the form of an answer
    what `schema` does not say, for each API has another name for that."""
    links: Mapping[str, Any] = field(default_factory=dict)
    """Parameters that name what an earlier answer has made: other ones with every recording."""
    history: History = History.SENT

    def fields(self) -> dict[str, Any]:
        """Return it as one JSON object: parameters by their names, and what else there is."""
        fields = dict(self.parameters)
        if self.system is not None:
            fields["system"] = self.system
        if self.messages:
            fields["messages"] = list(self.messages)
        if self.tools is not None:
            fields["tools"] = list(self.tools)
        if self.schema:
            fields["schema"] = dict(self.schema)
        return fields


def read_prompt(body: Mapping[str, Any]) -> Prompt:
    """Read a body with `system`, `messages` and `tools` beside each other, as many APIs have it."""
    parameters = {key: value for key, value in body.items() if key != "model" and key not in _LINKS}
    found: dict[str, Any] = {}
    for key in ("messages", "tools"):
        if is_list_of_objects(parameters.get(key)):
            found[key] = tuple(parameters.pop(key))
    parameters, schema = split_schema(parameters)
    thread = parameters.get("thread")
    if isinstance(thread, Mapping):
        parameters["thread"] = {k: v for k, v in thread.items() if k != "previous_message_id"}
    return Prompt(
        system=parameters.pop("system", None),
        schema=schema,
        parameters=parameters,
        links={key: body[key] for key in _LINKS if key in body},
        history=_history_of(thread),
        **found,
    )


def find_schema(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the JSON schema that a body asks an answer for; an empty one where it has none."""
    return split_schema(body)[1]


def split_schema(parameters: Mapping[str, Any]) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """Return parameters without the JSON schema of an answer, and that; an empty one for none.

    What is said beside the schema has one name in all APIs: "schema_name", "schema_strict".
    """
    for keys in _FORMATS:
        if keys[0] not in parameters:  # as almost always
            continue
        found: Any = parameters
        for key in (*keys, "schema"):
            found = found.get(key) if isinstance(found, Mapping) else None
        if isinstance(found, Mapping):
            return without_schema(parameters, (*keys, "schema"), title=found.get("title")), found
    return dict(parameters), {}


def without_schema(
    parameters: Mapping[str, Any], place: Sequence[str], *, title: object = None
) -> dict[str, Any]:
    """Return parameters without the schema at a place; what announces it goes with it.

    :param title: the schema's own; a name that is the same says nothing more.
    """
    rest, beside = _cut(parameters, place)
    announced = {"type": "json_schema", "strict": True, "name": title}
    said = {k: v for k, v in beside.items() if k not in announced or v != announced[k]}
    return rest | {f"schema_{key}": value for key, value in said.items()}


def _cut(holder: Mapping[str, Any], place: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what is left of an object without a place in it, and what stands beside that place."""
    key, *deeper = place
    rest = {name: value for name, value in holder.items() if name != key}
    if not deeper:
        return {}, rest
    inner, beside = _cut(holder[key], deeper)
    if inner.get("type") == "json_schema":
        del inner["type"]
    return rest | ({key: inner} if inner else {}), beside


def is_list_of_objects(value: Any) -> bool:
    """Whether a JSON value is a list, and nothing but objects is in it."""
    return isinstance(value, list | tuple) and all(isinstance(item, Mapping) for item in value)


def _history_of(thread: Any) -> History:
    kind = thread.get("type") if isinstance(thread, Mapping) else None
    if not isinstance(kind, str):
        return History.SENT
    return History.CONTINUED if kind == "continue" else History.OPENED
