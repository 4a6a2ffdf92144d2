"""The gateway around one sample of a test: its children, its forks, and whose calls they make."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection
from urllib.parse import urlsplit

from pytest_llmregress.gateway.child_processes import prepared_children
from pytest_llmregress.gateway.handler import WHOLE_URL
from pytest_llmregress.gateway.server import Gateway
from pytest_llmregress.gateway.tenant import Tenant
from pytest_llmregress.gateway.upstream import OF_ONE_CONNECTION
from pytest_llmregress.recording.http_client_connections import going_out
from pytest_llmregress.recording.received_response import build_response, decode_response
from pytest_llmregress.values.http import Request, Response

_FORK = "a fork"


def _ask_gateway(address: str, request: Request) -> Response:
    """Return what the gateway answers; OSError where it is gone.

    :param address: one whose requests say their whole URL.
    """
    parts = urlsplit(address)
    dropped = OF_ONE_CONNECTION | {"content-length", "accept-encoding"}
    headers = {k: ", ".join(v) for k, v in request.headers.items() if k not in dropped}
    headers[WHOLE_URL] = request.url
    with going_out():
        connection = HTTPConnection(parts.netloc)
        try:
            connection.request(request.method, parts.path, body=request.body, headers=headers)
            reply = connection.getresponse()
            body = reply.read()
        finally:
            connection.close()
    return decode_response(build_response(reply.status, reply.reason, reply.getheaders(), body))


@contextmanager
def serve_children(gateway: Gateway, tenant: Tenant) -> Iterator[None]:
    """Have the children that start meanwhile make calls of a tenant."""

    def before_fork() -> Callable[[], None]:
        environment = gateway.environment(os.environ, _FORK)
        number = gateway.register(_FORK)
        address = gateway.address_of("", number=number)

        def become_child() -> None:
            gateway.become_fork(number)
            os.environ.update(environment)
            tenant.tape.in_fork = partial(_ask_gateway, address)

        return become_child

    with (
        gateway.serving(tenant),
        prepared_children(gateway.environment, before_fork=before_fork),
    ):
        yield
