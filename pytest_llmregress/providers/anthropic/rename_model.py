"""Puts another model into requests to Claude, whoever hosts it."""

import re
from collections.abc import Mapping
from typing import Any

from pytest_llmregress.providers.anthropic.routes import find_route
from pytest_llmregress.providers.protocol import Rename
from pytest_llmregress.providers.renaming import (
    change_body,
    is_signed,
    rename_in_object,
    rename_in_url,
)
from pytest_llmregress.values.http import Request

_MODEL_IN_URL = re.compile(
    r"(?<=/model/).+(?=/invoke(?:-with-response-stream)?$)"  # Bedrock
    r"|(?<=/models/)(?!count-tokens(?::|%3[Aa]))[^/]+?(?=(?::|%3[Aa])(?:rawP|streamRawP)redict$)"
)


def rename_model(request: Request, rename: Rename) -> Request:
    """Return a request, or each request of a batch, that asks for another model.

    What is somebody else's, or signed by now, comes back as it is.
    """
    if find_route(request) is None or is_signed(request):
        return request
    request = rename_in_url(request, _MODEL_IN_URL, rename)
    return change_body(request, lambda body: _rename_in(body, rename))


def _rename_in(body: Mapping[str, Any], rename: Rename) -> Mapping[str, Any]:
    batch = body.get("requests")
    if not isinstance(batch, list):
        return rename_in_object(body, rename)
    return {**body, "requests": [_rename_in_batch(each, rename) for each in batch]}


def _rename_in_batch(item: Any, rename: Rename) -> Any:
    params = item.get("params") if isinstance(item, dict) else None
    if not isinstance(params, dict):
        return item
    return {**item, "params": rename_in_object(params, rename)}
