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
    path, query = path_of(request), query_of(request)
    head = canonical([request.method.upper(), path, query, betas_of(request)])
    key = hashlib.sha256(head.encode("utf-8", "surrogatepass"))
    key.update(b"\n")
    try:
        key.update(canonical(json.loads(request.body)).encode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        key.update(body_of(request))
    return key.hexdigest()


def path_of(request: Request) -> str:
    """Return the path of a request's URL; the whole URL where it is none."""
    try:
        return urlsplit(request.url).path
    except ValueError:
        return request.url


def query_of(request: Request) -> list[tuple[str, str]]:
    """Return the query of a request as sorted pairs.

    "beta=true" is not among them: before 2.1 the SDK sent it beside the header of that meaning.
    """
    try:
        pairs = parse_qsl(urlsplit(request.url).query)
    except ValueError:
        return []
    return sorted(pair for pair in pairs if pair != ("beta", "true"))


def betas_of(request: Request) -> list[str]:
    """Return the beta features that a request asks for, sorted."""
    values = ",".join(request.headers.get("anthropic-beta", ()))
    return sorted({beta.strip() for beta in values.split(",")} - {""})


def body_of(request: Request) -> bytes:
    """Return the body of a request, the random boundary of a multipart one replaced."""
    boundary = _BOUNDARY.search(request.header("content-type") or "")
    if boundary is None:
        return request.body
    return request.body.replace(boundary[1].encode("utf-8", "replace"), b"boundary")
