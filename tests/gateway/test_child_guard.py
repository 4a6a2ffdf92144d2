"""What a child of a replay loads, against a gateway that answers, breaks off, or is slow."""

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from pytest_llmregress.gateway.child_environment import close_environment

ALLOWED = b"HTTP/1.1 200 OK\r\n\r\n"
LOOK_UP = """
import socket
try:
    socket.getaddrinfo("127.example.invalid", 80)
except OSError as error:
    print(type(error).__name__)
"""
CONNECT = """
import socket
try:
    socket.create_connection(("192.0.2.1", 9), 1)
except OSError as error:
    print(type(error).__name__, error)
"""
NODE_LOOK_UP = "require('dns').lookup('127.example.invalid', (error) => console.log(error.code))"
NODE_DESTROY = """
const socket = require("net").connect(9, "192.0.2.1");
socket.on("error", (error) => console.log(error.code));
socket.on("close", () => console.log("closed"));
socket.destroy();
"""

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


class Answering:
    """A server in the place of the gateway, which gives each who asks the same bytes."""

    def __init__(self, answer: bytes) -> None:
        self.asked: list[str] = []
        self._answer = answer
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listening.accept()
            with closing(connection):
                head = b""
                while b"\r\n\r\n" not in head and (piece := connection.recv(4096)):
                    head += piece
                if not head:
                    return
                self.asked.append(head.split()[1].decode())
                connection.sendall(self._answer)

    def run(self, *command: str, closed_ports: tuple[int, ...] = ()) -> str:
        """Return what a child prints that asks here."""
        proxy = f"http://child:sign-in@127.0.0.1:{self.port}"  # llmregress: allow-secret
        environment = close_environment(
            os.environ, proxy=proxy, passed=(), closed_ports=closed_ports
        )
        return subprocess.check_output(command, env=environment, text=True, timeout=60)

    def close(self) -> None:
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join()
        self._listening.close()


@pytest.fixture
def allowing() -> Iterator[Answering]:
    with closing(Answering(ALLOWED)) as server:
        yield server


@pytest.fixture
def breaking_off() -> Iterator[Answering]:
    with closing(Answering(b"")) as server:
        yield server


def test_a_name_that_begins_like_loopback_is_asked_for(breaking_off):
    assert breaking_off.run(sys.executable, "-c", LOOK_UP) == "ConnectionRefusedError\n"
    assert breaking_off.asked == ["127.example.invalid"]


@needs_node
def test_node_asks_for_a_name_that_begins_like_loopback(breaking_off):
    assert breaking_off.run("node", "-e", NODE_LOOK_UP) == "ECONNREFUSED\n"
    assert breaking_off.asked == ["127.example.invalid"]


def test_a_gateway_that_breaks_off_refuses(breaking_off):
    said = breaking_off.run(sys.executable, "-c", CONNECT)

    assert said.startswith("ConnectionRefusedError nothing is sent to 192.0.2.1:9")


def test_a_gateway_at_a_port_of_the_recording_is_asked_all_the_same(breaking_off):
    said = breaking_off.run(sys.executable, "-c", CONNECT, closed_ports=(breaking_off.port, 9))

    assert said.startswith("ConnectionRefusedError nothing is sent to 192.0.2.1:9")
    assert breaking_off.asked == ["192.0.2.1:9"]


@needs_node
def test_a_socket_that_is_destroyed_meanwhile_stays_so(allowing):
    assert allowing.run("node", "-e", NODE_DESTROY) == "closed\n"


@pytest.mark.parametrize("given", ["", "/src", f"{os.pathsep}/src", f"/src{os.pathsep}"])
def test_what_a_path_had_stays_behind_the_guard(given):
    proxy = "http://127.0.0.1:9"
    once = close_environment({"PYTHONPATH": given}, proxy=proxy, passed=(), closed_ports=())
    twice = close_environment(once, proxy=proxy, passed=(), closed_ports=())

    guard, _, rest = once["PYTHONPATH"].partition(os.pathsep)
    assert guard.endswith("child_guard")
    assert rest == given
    assert twice == once
