"""Has the requests of botocore rewritten as they are built: a signature covers path and body."""

import sys
from collections.abc import Mapping
from functools import wraps
from typing import Any

from pytest_llmregress.providers.sdk_seams import OpenSeams
from pytest_llmregress.values.http import Request


def rewrite_before_signing(seams: OpenSeams) -> None:
    """Rewrite each attempt of a request before botocore signs it, also for clients made before."""
    rewrite = seams.rewrite
    if rewrite is None:
        return
    endpoint = sys.modules["botocore.endpoint"].Endpoint
    create = endpoint.create_request

    @wraps(create)
    def create_request(self: Any, params: Any, operation_model: Any = None) -> Any:
        asked = _read_request(params)
        if asked is not None:
            sent = rewrite(asked)
            if sent is not asked:
                params = {**params, "url": sent.url, "body": sent.body}
        return create(self, params, operation_model)

    seams.replaced.replace(endpoint, "create_request", create_request)


def _read_request(params: Mapping[str, Any]) -> Request | None:
    """Return what botocore is about to send; None for a body that is a file or a stream."""
    body = params.get("body") or b""
    if isinstance(body, str):
        body = body.encode()
    if not isinstance(body, bytes | bytearray):
        return None
    headers = {_text(name).lower(): (_text(value),) for name, value in params["headers"].items()}
    attempt = params.get("context", {}).get("retries", {}).get("attempt", 1)
    headers["amz-sdk-request"] = (f"attempt={attempt}",)
    return Request(method=params["method"], url=params["url"], headers=headers, body=bytes(body))


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
