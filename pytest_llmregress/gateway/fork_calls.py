"""What a fork asks by: the gateway of the process that it was forked from."""

from base64 import b64encode
from contextlib import closing, suppress
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from pytest_llmregress.gateway.handler import ASKS, WHOLE_URL
from pytest_llmregress.gateway.upstream import OF_ONE_CONNECTION, SILENCE
from pytest_llmregress.recording.http_client_connections import going_out
from pytest_llmregress.recording.received_response import build_response, decode_response
from pytest_llmregress.values.http import Request, Response

_MARGIN = 30.0
"""Seconds in which the gateway says that an API was silent for as long as it waits."""


def ask_gateway(address: str, request: Request) -> Response:
    """Return what the gateway answers; OSError where it is gone, or says nothing.

    :param address: one whose requests say their whole URL.
    """
    parts = urlsplit(address)
    dropped = OF_ONE_CONNECTION | {"content-length", "accept-encoding"}
    headers = {k: ", ".join(v) for k, v in request.headers.items() if k not in dropped}
    headers[WHOLE_URL] = request.url
    with going_out():
        connection = HTTPConnection(parts.netloc, timeout=SILENCE + _MARGIN)
        try:
            connection.request(request.method, parts.path, body=request.body, headers=headers)
            reply = connection.getresponse()
            body = reply.read()
        finally:
            connection.close()
    return decode_response(build_response(reply.status, reply.reason, reply.getheaders(), body))


def tell_gateway(address: str, place: str) -> None:
    """Tell the gateway what is refused here, so that it fails the test; nobody, where it is gone.

    :param address: that of the gateway with name and password.
    """
    parts = urlsplit(address)
    signed_in = b64encode(f"{parts.username}:{parts.password}".encode()).decode()
    headers = {ASKS: "1", "proxy-authorization": f"Basic {signed_in}"}
    connection = HTTPConnection(parts.netloc.rpartition("@")[2], timeout=SILENCE)
    with going_out(), closing(connection), suppress(OSError, HTTPException):
        connection.request("CONNECT", place, headers=headers)
        connection.getresponse().read()
