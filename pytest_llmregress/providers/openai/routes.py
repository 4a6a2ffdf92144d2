"""Which requests these APIs are asked with, by whichever host: told by path and body."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import unquote

from pytest_llmregress.providers.json_access import parse, read_mapping, read_string
from pytest_llmregress.values.http import Request

DEPLOYMENT = re.compile(r"(?<=/deployments/)[^/]+(?=/)")
"""Where Azure has the name of a deployment, which counts in the place of the body's model."""
_AZURE = re.compile(r"https?://[^/?#]*\.azure\.com[:/]", re.IGNORECASE)
_POLL = re.compile(r"/responses/[^/]+$")
_ASKED = frozenset({"model", "models", "messages", "input", "prompt", "conversation"})
"""Keys of which the body of a call has at least one: others have such paths, too."""


class Dialect(Enum):
    """What a request speaks: the end of its path, and what its body has to hold."""

    CHAT = re.compile(r"/chat/completions$")
    COMPLETION = re.compile(r"/completions$")
    """The older form with one text as its prompt."""
    RESPONSES = re.compile(r"/responses$")
    OLLAMA_CHAT = re.compile(r"/api/chat$")
    OLLAMA_GENERATE = re.compile(r"/api/generate$")


_NEEDED = {
    Dialect.OLLAMA_CHAT: frozenset({"model", "messages"}),
    Dialect.OLLAMA_GENERATE: frozenset({"model", "prompt"}),
}
"""Paths that many applications have: keys that tell Ollama apart from those."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What a request to one of these APIs asks for."""

    dialect: Dialect
    model: str | None
    body: Mapping[str, Any]
    is_deployment: bool = False
    """Whether the model is the name of a deployment, which says nothing of the model itself."""
    is_poll: bool = False
    """Whether it asks how far a response is that is made in the background."""


def find_route(request: Request) -> Route | None:
    """Tell what a request asks for, or None where it is no call of these APIs."""
    path = re.split(r"[?#]", request.url, maxsplit=1)[0].rstrip("/")
    if request.method.upper() == "GET" and _POLL.search(path):
        return Route(dialect=Dialect.RESPONSES, model=None, body={}, is_poll=True)
    if request.method.upper() != "POST":
        return None
    dialect = next((each for each in Dialect if each.value.search(path)), None)
    if dialect is None:
        return None
    body = read_mapping(parse(request.body))
    needed = _NEEDED.get(dialect, frozenset())
    if not needed <= body.keys() or (body and not body.keys() & _ASKED):
        return None
    deployment = DEPLOYMENT.search(path)
    model = unquote(deployment[0]) if deployment else read_string(body.get("model"))
    return Route(
        dialect=dialect,
        model=model or _first_of(body.get("models")),
        body=body,
        is_deployment=deployment is not None or _AZURE.match(request.url) is not None,
    )


def _first_of(models: Any) -> str | None:
    """Return the first of several models, of which one that is up answers."""
    return read_string(models[0]) if isinstance(models, list) and models else None
