"""Keys of requests: two requests with one key are answered by the same recording."""

import hashlib
import json
import re
from urllib.parse import parse_qsl, urlsplit

from pytest_llmregress.core.canonical import canonical
from pytest_llmregress.core.http import Request

_BOUNDARY = re.compile(r'boundary="?([^";,]+)"?', re.IGNORECASE)


def key_of(request: Request) -> str:
    """Return the key of a request: SHA-256, hexadecimal.

    In it: method, path, query, the `anthropic-beta` header and the canonical JSON body. Not in
    it: host and scheme (so that what a proxy recorded replays without it), every other header,
    the order of a JSON object's keys, and the boundary of a multipart body, which is random.
    """
    url = urlsplit(request.url)
    # Before 2.1 the SDK sent "?beta=true" beside the header of the same meaning.
    query = sorted(pair for pair in parse_qsl(url.query) if pair != ("beta", "true"))
    head = canonical([request.method.upper(), url.path, query, betas_of(request)])
    key = hashlib.sha256(head.encode())
    key.update(b"\n")
    key.update(_comparable_body(request))
    return key.hexdigest()


def betas_of(request: Request) -> list[str]:
    """Return the beta features that a request asks for, sorted."""
    values = ",".join(request.headers.get("anthropic-beta", ()))
    return sorted({beta.strip() for beta in values.split(",")} - {""})


def _comparable_body(request: Request) -> bytes:
    try:
        return canonical(json.loads(request.body)).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        pass
    boundary = _BOUNDARY.search(request.header("content-type") or "")
    if boundary:
        return request.body.replace(boundary[1].encode(), b"boundary")
    return request.body
