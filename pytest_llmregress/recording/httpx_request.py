"""Requests of httpx as values, and what is changed in them before they are sent."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from pytest_llmregress.values.http import Request

_REWRITTEN = "llmregress_rewritten"
"""The extension of a request that was rewritten when it was built: it is not rewritten twice."""


def read_request(request: Any, body: bytes) -> Request:
    """Return a request of httpx as a value; its body has been read."""
    headers = {name.lower(): (value,) for name, value in request.headers.items()}
    return Request(method=request.method, url=str(request.url), headers=headers, body=body)


def rewrite_request(
    library: ModuleType, request: Any, asked: Request, rewrite: Callable[[Request], Request]
) -> Request:
    """Change a request of httpx to what `rewrite` makes of it, once; return what it is then.

    :param library: httpx2 or httpx, which has made the request. :param asked: the request as it is.
    """
    if _REWRITTEN in request.extensions:
        return asked
    request.extensions = {**request.extensions, _REWRITTEN: True}
    sent = rewrite(asked)
    if sent is asked:
        return asked
    request.url = library.URL(sent.url)
    for name in asked.headers.keys() - sent.headers.keys():
        del request.headers[name]
    for name, values in sent.headers.items():
        if asked.headers.get(name) != values:
            request.headers[name] = values[0]
    if sent.body != asked.body:
        request.stream = library.ByteStream(sent.body)
        request._content = sent.body  # noqa: SLF001 - what `request.content` returns
        request.headers.pop("transfer-encoding", None)
        request.headers["content-length"] = str(len(sent.body))
    return sent
