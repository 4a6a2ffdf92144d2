"""Which requests the Messages API is asked with: by itself, through Bedrock, through Vertex."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from pytest_llmregress.providers.json_access import parse, read_mapping, read_string
from pytest_llmregress.values.http import Request

_MESSAGES = re.compile(r"/v1/messages(?P<beside>/count_tokens|/batches(?:/.*)?)?$")
_BEDROCK = re.compile(r"/model/(?P<model>.+)/invoke(?P<stream>-with-response-stream)?$")
_VERTEX = re.compile(r"/models/(?P<model>[^/]+?)(?::|%3[Aa])(?:(?P<stream>streamR)|r)awPredict$")
_COUNT_ON_VERTEX = "count-tokens"
"""Stands on Vertex where a model stands otherwise."""
_HOST = re.compile(r"https?://(?:[^/?#]*\.)?anthropic\.com(?::\d+)?(?:[/?#]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What a request to this provider is about."""

    is_call: bool
    model: str | None
    streamed: bool
    body: Mapping[str, Any]


def find_route(request: Request) -> Route | None:
    """Tell what a request asks this provider for, or None where it is somebody else's."""
    path = re.split(r"[?#]", request.url, maxsplit=1)[0].rstrip("/")
    is_post = request.method.upper() == "POST"
    body = read_mapping(parse(request.body)) if is_post else {}
    if is_post and (hosted := _BEDROCK.search(path) or _VERTEX.search(path)):
        return _find_hosted_route(hosted, body)
    known = _MESSAGES.search(path)
    is_call = is_post and known is not None and known["beside"] is None
    if not (_HOST.match(request.url) or request.header("anthropic-version")):
        if known is None or not (is_call or known["beside"]):
            return None
        # Who sends SMS has a /v1/messages too; it names no model.
        if is_call and body and not body.keys() & {"model", "messages"}:
            return None
    return Route(
        is_call=is_call,
        model=read_string(body.get("model")),
        streamed=body.get("stream") is True,
        body=body,
    )


def _find_hosted_route(hosted: re.Match[str], body: Mapping[str, Any]) -> Route | None:
    """Tell the same of a URL that names the model; other providers' models live there too."""
    if not re.search("anthropic|claude", hosted.string.lower()) and "anthropic_version" not in body:
        return None
    model = unquote(hosted["model"])
    is_call = model != _COUNT_ON_VERTEX
    return Route(
        is_call=is_call,
        model=model if is_call else read_string(body.get("model")),
        streamed=hosted["stream"] is not None or body.get("stream") is True,
        body=body,
    )
