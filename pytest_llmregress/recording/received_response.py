"""Responses as the network brought them, made ready for a recording."""

from collections.abc import Iterable
from dataclasses import replace

from pytest_llmregress.process.decompression import DecompressionError, decompress
from pytest_llmregress.values.http import Response

_ENCODING = "content-encoding"


def build_response(
    status: int, reason: str | None, headers: Iterable[tuple[str, str]], body: bytes
) -> Response:
    """Return a response as it came; names of headers in lower case."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in headers:
        found[name.lower()] = (*found.get(name.lower(), ()), value)
    return Response(status=status, reason=reason or "", headers=found, body=body)


def decode_response(response: Response) -> Response:
    """Return a response without its content-encoding: the very one where that cannot be undone.

    What has no content-encoding is no compressed transfer, but a compressed file.
    """
    encodings = response.headers.get(_ENCODING)
    if not encodings or not response.body:
        return response
    try:
        body = decompress(response.body, encodings)
    except DecompressionError:
        return response
    headers = {name: values for name, values in response.headers.items() if name != _ENCODING}
    if "content-length" in headers:
        headers["content-length"] = (str(len(body)),)
    return replace(response, headers=headers, body=body)
