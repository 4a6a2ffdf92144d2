"""Which requests converse with a model: told by the path, which names the model."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from pytest_llmregress.providers.json_access import parse, read_mapping
from pytest_llmregress.providers.protocol import Rename
from pytest_llmregress.providers.renaming import is_signed, rename_in_url
from pytest_llmregress.values.http import Request

_CALL = re.compile(r"/model/(?P<model>.+)/converse(?P<stream>-stream)?$")
_MODEL_IN_URL = re.compile(r"(?<=/model/).+(?=/converse(?:-stream)?$)")
_ASKED = frozenset({"messages", "promptVariables"})
"""Keys of which the body of a call has one: others have such paths, too."""
_OWN = re.compile(
    r"^arn:[^/]*:(?:application-inference-profile|provisioned-model|custom-model-deployment"
    r"|(?:default-)?prompt-router|imported-model|custom-model|prompt)/"
)
"""Names that an account gives, and that tell no model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What a request asks for."""

    model: str
    """An id, or the ARN of a model, of a profile, or of whatever else stands for one."""
    streamed: bool
    body: Mapping[str, Any]

    @property
    def is_alias(self) -> bool:
        """Whether the name is the account's own."""
        return _OWN.match(self.model) is not None


def find_route(request: Request) -> Route | None:
    """Tell what a request asks for, or None where it does not converse with a model."""
    path = re.split(r"[?#]", request.url, maxsplit=1)[0].rstrip("/")
    found = _CALL.search(path) if request.method.upper() == "POST" else None
    body = read_mapping(parse(request.body))
    if found is None or (body and not body.keys() & _ASKED):
        return None
    return Route(model=unquote(found["model"]), streamed=found["stream"] is not None, body=body)


def rename_model(request: Request, rename: Rename) -> Request:
    """Return a request that asks for another model, where no signature covers it yet."""
    if find_route(request) is None or is_signed(request):
        return request
    return rename_in_url(request, _MODEL_IN_URL, rename, safe="")
