"""Bodies of requests and replies: as structure where that gives back every byte."""

import base64
import re
from dataclasses import dataclass
from typing import Any

from pytest_llmregress.storage.encoding.anchors import AnchoredText
from pytest_llmregress.storage.encoding.json_styles import (
    DEFAULT,
    STYLES,
    SizeLimit,
    read_json,
    render_field,
    style_of,
)
from pytest_llmregress.storage.encoding.repeated_history import extract_message, message_of_stream
from pytest_llmregress.storage.encoding.stream_encoding import (
    describe_stream,
    is_stream,
    restore_stream,
)
from pytest_llmregress.storage.yaml.validation import MappingReader

INLINE = 110
"""Characters that still stand on one line."""

FORMS = ("json", "events", "text", "base64")
"""The keys of which a body has one."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyStructure:
    """A body that is JSON, and the style in which it is written."""

    value: Any
    style: str

    def describe(self) -> dict[str, Any]:
        """Return the keys that stand for it in a file."""
        style = {} if self.style == DEFAULT else {"json_style": self.style}
        return {**style, "json": AnchoredText(self.value)}


def read_structure(body: bytes) -> BodyStructure | None:
    """Return a body as JSON, or None where it is none, or would not come back byte for byte."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return None
    read = read_json(text)
    style = None if read is None else style_of(read[0], text)
    return None if read is None or style is None else BodyStructure(value=read[0], style=style)


def describe(body: bytes) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return the keys that stand for a body in a file, and the message that it is, if it is one.

    There are no keys for an empty body.
    """
    if not body:
        return {}, None
    if structure := read_structure(body):
        return structure.describe(), extract_message(structure.value)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return _as_base64(body), None
    if is_stream(text) and (stream := describe_stream(text)):
        keys, events = stream
        return keys, message_of_stream(events)
    if _CONTROL.search(text):
        return _as_base64(body), None
    return {"text": AnchoredText(text)}, None


def restore_body(fields: MappingReader, budget: SizeLimit) -> tuple[bytes, dict[str, Any] | None]:
    """Return what `describe` described, out of the mapping that holds its keys."""
    body, message = b"", None
    match form_of(fields):
        case "json":
            structure = restore_structure(fields)
            text = render_field(fields, "json", structure.value, structure.style)
            body = text.encode("utf-8", "surrogatepass")
            message = extract_message(structure.value)
        case "events":
            body, events = restore_stream(fields, budget)
            return body, message_of_stream(events)
        case "text":
            body = fields.text("text").encode("utf-8", "surrogatepass")
        case "base64":
            try:
                body = base64.b64decode(fields.text("base64"), validate=True)
            except ValueError:
                fields.blame("base64", "it is no base64")
    budget.take(len(body))
    return body, message


def form_of(fields: MappingReader) -> str | None:
    """Return the key that holds a body, or None; a fault where there is more than one."""
    forms = [form for form in FORMS if fields.has(form)]
    if len(forms) > 1:
        fields.blame(forms[1], f"a body has one form, and {forms[0]} is there too")
    return forms[0] if forms else None


def restore_structure(fields: MappingReader) -> BodyStructure:
    """Return the JSON that a body is."""
    style = fields.choice("json_style", STYLES, default=DEFAULT)
    return BodyStructure(value=fields.value("json"), style=style)


def _as_base64(body: bytes) -> dict[str, Any]:
    return {"base64": AnchoredText(base64.b64encode(body).decode("ascii"))}
