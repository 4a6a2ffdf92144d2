"""The socket guard: what it refuses, what it leaves open, and whom it charges."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NoReturn

import pytest

from pytest_llmregress.recording import socket_guard
from pytest_llmregress.recording.socket_guard import LateRefusal, SocketGuard
from pytest_llmregress.values.http import Interaction, Request, Response

ELSEWHERE = "192.0.2.1"
"""An address that nobody has (RFC 5737)."""
UNUSED = 9
"""A port that is only asked for where the guard refuses first."""


class RefusedError(BaseException):
    """What ends a test that is refused something."""


def refuse(place: str) -> NoReturn:
    raise RefusedError(place)


def guard(test: str = "test_a", *, url: str = "") -> SocketGuard:
    made = Interaction(request=Request(method="POST", url=url), response=Response(status=200))
    return SocketGuard(test=test, recorded=[made] if url else [], refuse=refuse)


@contextmanager
def body(under: SocketGuard) -> Iterator[None]:
    with under.closed(), under.body():
        yield


def connect(host: str = ELSEWHERE, port: int = UNUSED) -> None:
    with socket.socket() as each:
        each.connect((host, port))


def send_a_datagram() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as each:
        each.sendto(b"x", (ELSEWHERE, UNUSED))


def send_a_message() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as each:
        each.sendmsg([b"x"], [], 0, (ELSEWHERE, UNUSED))


def connect_ex() -> None:
    with socket.socket() as each:
        each.connect_ex((ELSEWHERE, UNUSED))


WAYS_OUT: list[Callable[[], object]] = [
    connect,
    connect_ex,
    send_a_datagram,
    send_a_message,
    lambda: socket.create_connection((ELSEWHERE, UNUSED)),
    lambda: socket.getaddrinfo("example.com", 443),
    lambda: socket.gethostbyname("example.com"),
    lambda: socket.gethostbyaddr(ELSEWHERE),
    lambda: asyncio.run(asyncio.open_connection("example.com", 443)),
    lambda: asyncio.run(asyncio.open_connection(ELSEWHERE, UNUSED)),
]


@pytest.mark.parametrize("go_out", WAYS_OUT)
def test_another_machine_is_refused(go_out):
    with body(guard()), pytest.raises(RefusedError, match=r"example\.com|192\.0\.2\.1"):
        go_out()


def test_without_a_test_the_functions_are_those_of_python():
    before = dict(vars(socket.socket)), socket.getaddrinfo, threading.Thread.start
    with body(guard()):
        assert socket.getaddrinfo is not before[1]

    assert (dict(vars(socket.socket)), socket.getaddrinfo, threading.Thread.start) == before


def test_loopback_is_open_but_for_the_recorded_server_of_another_process():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with body(guard(url=f"http://localhost:{port}/v1/messages")):
            socket.create_connection(("localhost", port)).close()  # of this very process
    recorded = guard(url=f"http://localhost:{port}/v1/messages")
    with body(recorded), pytest.raises(RefusedError, match=f":{port}"):
        connect("127.0.0.1", port)
    recorded = guard(url="https://api.anthropic.com/v1/messages")
    with body(recorded), pytest.raises(ConnectionRefusedError):
        connect("127.0.0.1", port)  # open, and nobody is there


def test_a_host_that_is_let_pass_is_looked_up_and_connected_to(monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", UNUSED))]
    monkeypatch.setattr(socket, "getaddrinfo", _named("getaddrinfo", lambda *_, **__: found))
    monkeypatch.setattr(socket.socket, "connect", lambda *_: None, raising=False)
    under = guard()
    under.let_pass(["DB.internal:5432", "*.trusted"])
    with body(under):
        socket.create_connection(("db.internal", 5432)).close()
        connect("cache.trusted", 1)
        with pytest.raises(RefusedError, match=r"db\.internal:5433"):
            connect("db.internal", 5433)


def _named(name: str, function: Callable[..., object]) -> Callable[..., object]:
    function.__name__ = name
    return function


def test_a_thread_is_refused_in_the_name_of_its_test_while_it_runs():
    refused: list[str] = []

    def go_out() -> None:
        try:
            connect()
        except RefusedError as error:
            refused.append(str(error))

    with body(guard()):
        thread = threading.Thread(target=go_out)
        thread.start()
        thread.join()

    assert refused == [f"{ELSEWHERE}:{UNUSED}"]


@pytest.mark.parametrize("neighbour", [True, False])
@pytest.mark.parametrize("pooled", [True, False])
def test_a_thread_that_outlives_its_test_is_refused_and_charged_to_it(neighbour, pooled):
    may_go, ended = threading.Event(), threading.Event()
    raised: list[BaseException] = []

    def go_out() -> None:
        may_go.wait()
        try:
            connect()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is looked at
            raised.append(error)
        ended.set()

    pool = ThreadPoolExecutor(1)
    with body(guard("test_a")):
        if pooled:
            pool.submit(go_out)
        else:
            threading.Thread(target=go_out).start()
    if neighbour:
        with body(guard("test_b")):
            may_go.set()
            ended.wait()
    else:
        may_go.set()
        ended.wait()
    pool.shutdown()

    assert [type(each) for each in raised] == [ConnectionRefusedError]
    assert socket_guard.take_late_refusals() == (
        LateRefusal(test="test_a", place=f"{ELSEWHERE}:{UNUSED}"),
    )
    assert socket_guard.take_late_refusals() == ()


def test_a_pool_that_two_tests_share_works_for_the_one_that_asks():
    with ThreadPoolExecutor(1) as pool:
        with body(guard("test_a")):
            pool.submit(lambda: None).result()
        with body(guard("test_b")):
            done = pool.submit(connect)
            assert isinstance(done.exception(), RefusedError)
        assert pool.submit(socket_guard.find_guard_of_thread).result() is None


def test_a_thread_that_a_fixture_has_started_belongs_to_no_test():
    may_go = threading.Event()
    owners: list[SocketGuard | None] = []

    def look() -> None:
        may_go.wait()
        owners.append(socket_guard.find_guard_of_thread())

    with guard().closed():
        thread = threading.Thread(target=look)
        thread.start()
    may_go.set()
    thread.join()

    assert owners == [None]
