"""A gateway that serves one test, and children that ask it over sockets of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any, NoReturn
from urllib.parse import urlsplit

from patience import PATIENCE
from pytest_llmregress.gateway.child_environment import ChildEnvironment
from pytest_llmregress.gateway.server import Gateway
from pytest_llmregress.gateway.tenant import Tenant
from pytest_llmregress.recording.cassette_session import CassetteSession, Miss, SampleMode
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.values.http import Interaction

Answer = tuple[int, dict[str, str], bytes]


class MissedError(BaseException):
    """What the tests raise for a miss: as pytest's own, it is no Exception."""


def fail(miss: Miss) -> NoReturn:
    raise MissedError(f"no answer: {miss.reason}")


@contextmanager
def serving(
    upstream: str,
    recorded: list[Interaction] | None = None,
    *,
    stop: Any = None,
    rewrite: Any = None,
    host: str = "",
) -> Iterator[tuple[str, CassetteSession]]:
    """Serve one test, which records where nothing is recorded; give its address and its tape."""
    mode = SampleMode.RECORD if recorded is None else SampleMode.REPLAY
    tape = CassetteSession(
        mode=mode, recorded=recorded, redactor=Redactor(), on_miss=fail, rewrite=rewrite
    )
    gateway = Gateway(environment=ChildEnvironment(), is_open=False, locate=lambda: None)
    tenant = Tenant(tape, test="t.py::test_a", stop=stop, guard=None)
    try:
        with gateway.serving(tenant):
            number = gateway.register("a child")
            with tenant.body():
                yield gateway.address_of(upstream, number=number, host=host), tape
    finally:
        gateway.close()


def interactions(tape: CassetteSession) -> list[Interaction]:
    return [each.interaction for each in tape.exchanges if each.interaction is not None]


def ask(
    base: str, path: str, body: bytes | None = None, *, method: str = "", **headers: str
) -> Answer:
    """Ask once, by a connection of its own."""
    parts = urlsplit(base)
    connection = HTTPConnection(parts.netloc, timeout=PATIENCE)
    try:
        return ask_by(connection, base, path, body, method=method, **headers)
    finally:
        connection.close()


def ask_by(
    connection: HTTPConnection,
    base: str,
    path: str,
    body: bytes | None = None,
    *,
    method: str = "",
    **headers: str,
) -> Answer:
    target = f"{urlsplit(base).path}{path}"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method or ("POST" if body else "GET"), target, body=body, headers=named)
    reply = connection.getresponse()
    return reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read()
