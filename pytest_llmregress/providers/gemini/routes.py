"""Which requests ask a model to write: told by the path, which names the model."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, unquote

from pytest_llmregress.providers.json_access import parse, read_mapping
from pytest_llmregress.providers.protocol import Rename
from pytest_llmregress.providers.renaming import is_signed, rename_in_url
from pytest_llmregress.values.http import Request

_CALL = re.compile(
    r"/(?:models|tunedModels|endpoints)/(?P<model>[^/]+?)"
    r"(?::|%3[Aa])(?:(?P<stream>streamG)|g)enerateContent$"
)
_MODEL_IN_URL = re.compile(r"(?<=/models/)[^/]+?(?=(?::|%3[Aa])(?:g|streamG)enerateContent$)")
_TUNED_IN_URL = re.compile(
    r"(?<=/)(?P<kind>tunedModels|endpoints)/(?P<model>[^/]+?)"
    r"(?=(?::|%3[Aa])(?:g|streamG)enerateContent$)"
)
_BASE = {"tunedModels": "models/", "endpoints": "publishers/google/models/"}
"""Where a model of Google's stands, in the place of one that an account has tuned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What a request asks for."""

    model: str
    streamed: bool
    body: Mapping[str, Any]


def find_route(request: Request) -> Route | None:
    """Tell what a request asks for, or None where it asks no model of Google's for a text."""
    path = re.split(r"[?#]", request.url, maxsplit=1)[0].rstrip("/")
    found = _CALL.search(path) if request.method.upper() == "POST" else None
    if found is None:
        return None
    return Route(
        model=unquote(found["model"]),
        streamed=found["stream"] is not None,
        body=read_mapping(parse(request.body)),
    )


def rename_model(request: Request, rename: Rename) -> Request:
    """Return a request that asks for another model; a tuned one gives way to one of Google's."""
    if find_route(request) is None or is_signed(request):
        return request
    path, mark, rest = request.url.partition("?")
    tuned = _TUNED_IN_URL.search(path)
    if tuned is None:
        return rename_in_url(request, _MODEL_IN_URL, rename)
    model = unquote(tuned["model"])
    if rename(model) == model:
        return request
    new = f"{_BASE[tuned['kind']]}{quote(rename(model), safe=':;@')}"
    return replace(request, url=f"{path[: tuned.start()]}{new}{path[tuned.end() :]}{mark}{rest}")
