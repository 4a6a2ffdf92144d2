"""What a failing test is told of the values that are not in its recorded answers."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from pytest_llmregress.formatting.control_characters import escape_controls
from pytest_llmregress.redaction.kept_headers import is_listed, may_be_kept
from pytest_llmregress.redaction.secret_fields import is_secret_field
from pytest_llmregress.redaction.secret_patterns import PLACEHOLDER
from pytest_llmregress.values.http import Interaction, Response

_MAX_PLACES = 5
_MARK = PLACEHOLDER.encode()
_BY_NAME = "by the name of the field"
_BY_VALUE = (
    "the value of a variable whose name says key, token, secret or password; the form of a known "
    "key; or a rule (llm_config redact, pytest_llmregress_redactions)"
)
_ASKS = re.compile(
    r"headers(?:\.get\(|\.get_all\(|\.getheader\(|\[)\s*[\"'](?P<name>[A-Za-z][\w-]*)[\"']"
    r"|KeyError: [\"'](?P<key>[A-Za-z]\w*-[\w-]*)[\"']"
)
"""How code reads a header, and what it says where there is none."""
_ADVICE = (
    "if it is no secret: give the field another name, unset the variable while recording, or "
    "change the rule, and record again; if it is one: let the test read something else"
)


def render_redacted(interactions: Sequence[Interaction]) -> str:
    """Say which values were taken out of answers, where and by what; empty where none was."""
    found = [
        f"  answer {number}, {escape_controls(place)}: {rule}"
        for number, each in enumerate(interactions, start=1)
        for place, rule in _places(each.response)
    ]
    if not found:
        return ""
    if len(found) > _MAX_PLACES:
        found[_MAX_PLACES:] = [f"  and {len(found) - _MAX_PLACES} more"]
    head = f"values were taken out of the recorded answers; a replay reads {PLACEHOLDER} instead:"
    return "\n".join([head, *found, f"  {_ADVICE}"])


def render_unkept(said: str, interactions: Sequence[Interaction]) -> str:
    """Say which headers a failing test asks for that no recorded answer has; empty for none.

    One that every recording keeps was not sent, and no setting brings it.

    :param said: what pytest tells of the failure, with the lines of code that led there.
    """
    kept = {name for each in interactions for name in each.response.headers}
    asked = (match["name"] or match["key"] for match in _ASKS.finditer(said))
    names = [
        name
        for name in dict.fromkeys(map(str.lower, asked))
        if name not in kept and not is_listed(name)
    ]
    if not names or not interactions:
        return ""
    can = [name for name in names if may_be_kept(name)]
    lines = [
        f"the test asks for headers that no recorded answer has: {', '.join(names)}",
        "  a recording keeps those that clients and applications are known to read",
    ]
    if can:
        lines.append(
            f'  if the server sends it: {{"keep_headers": {json.dumps(can)}}} from the fixture '
            "llm_config, and record again"
        )
    if len(can) < len(names):
        lines.append("  what may hold credentials is never kept: let the test read something else")
    return "\n".join(lines)


def _places(response: Response) -> Iterator[tuple[str, str]]:
    """Yield each place with a redacted value, and the rule that took it out."""
    for name, values in response.headers.items():
        if any(PLACEHOLDER in value for value in values):
            yield f"header {name}", _BY_VALUE
    if _MARK not in response.body:
        return
    told = False
    for prefix, text in _documents(response.body):
        try:
            places = list(_walk(json.loads(text), ""))
        except (ValueError, RecursionError):
            continue
        for place, name in places:
            told = True
            yield f"{prefix}{place or 'body'}", _BY_NAME if is_secret_field(name) else _BY_VALUE
    if not told:
        yield "body", f"{_BY_NAME}; {_BY_VALUE}"


def _documents(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield what of a body may be JSON: all of it, or the data of each event of a stream."""
    if not body.startswith((b"event:", b"data:")):
        yield "", body
        return
    data = [line[5:] for line in body.splitlines() if line.startswith(b"data:")]
    for number, text in enumerate(data, start=1):
        if _MARK in text:
            yield f"event {number}, ", text


def _walk(value: Any, place: str, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path of each redacted text or key, and the name of its field."""
    match value:
        case str() if PLACEHOLDER in value:
            yield place, name
        case list():
            for index, item in enumerate(value):
                yield from _walk(item, f"{place}[{index}]", name)
        case dict():
            for key, item in value.items():
                below = f"{place}.{key}" if place else key
                if PLACEHOLDER in key:
                    yield f"the name {below}", ""
                yield from _walk(item, below, key)
