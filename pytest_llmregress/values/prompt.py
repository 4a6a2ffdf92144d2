"""What a request asks a model, in one form for all providers."""

from collections.abc import Mapping
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
    """Everything else by its name; the limit of an answer is "max_tokens"."""
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
        return fields


def read_prompt(body: Mapping[str, Any]) -> Prompt:
    """Read a body with `system`, `messages` and `tools` beside each other, as many APIs have it."""
    parameters = {key: value for key, value in body.items() if key != "model" and key not in _LINKS}
    found: dict[str, Any] = {}
    for key in ("messages", "tools"):
        if is_list_of_objects(parameters.get(key)):
            found[key] = tuple(parameters.pop(key))
    thread = parameters.get("thread")
    if isinstance(thread, Mapping):
        parameters["thread"] = {k: v for k, v in thread.items() if k != "previous_message_id"}
    return Prompt(
        system=parameters.pop("system", None),
        schema=find_schema(body),
        parameters=parameters,
        links={key: body[key] for key in _LINKS if key in body},
        history=_history_of(thread),
        **found,
    )


def find_schema(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the JSON schema that a body asks an answer for; an empty one where it has none."""
    for keys in _FORMATS:
        found: Any = body
        for key in (*keys, "schema"):
            found = found.get(key) if isinstance(found, Mapping) else None
        if isinstance(found, Mapping):
            return found
    return {}


def is_list_of_objects(value: Any) -> bool:
    """Whether a JSON value is a list, and nothing but objects is in it."""
    return isinstance(value, list | tuple) and all(isinstance(item, Mapping) for item in value)


def _history_of(thread: Any) -> History:
    kind = thread.get("type") if isinstance(thread, Mapping) else None
    if not isinstance(kind, str):
        return History.SENT
    return History.CONTINUED if kind == "continue" else History.OPENED
