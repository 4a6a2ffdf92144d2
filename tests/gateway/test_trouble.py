"""Children and APIs that speak HTTP in unusual ways, or stop speaking: byte by byte."""

import gzip
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from patience import PATIENCE
from plain_stand import plain_stand
from served_gateway import ask, interactions, serving

Head = dict[str, str]


def connect(base: str) -> socket.socket:
    parts = urlsplit(base)
    return socket.create_connection((parts.hostname, parts.port), PATIENCE)


def talk(base: str, path: str, *head: str, body: bytes = b"", version: str = "1.1") -> bytes:
    """Send a request line, a head and a body; return all that comes until the connection ends."""
    method = "POST" if body else "GET"
    lines = [f"{method} {urlsplit(base).path}{path} HTTP/{version}", "host: child", *head, "", ""]
    with connect(base) as child:
        child.sendall("\r\n".join(lines).encode() + body)
        return read_all(child)


def read_all(child: socket.socket) -> bytes:
    came = b""
    while piece := child.recv(65536):
        came += piece
    return came


@contextmanager
def raw_api(answer: bytes) -> Iterator[str]:
    """Answer each connection by these bytes, and close it."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def test_a_child_that_wants_the_connection_closed_has_it_closed():
    with plain_stand() as stand, serving(stand.url) as (base, _):
        came = talk(base, "/echo/a", "connection: close")

    assert came.endswith(b'["GET", "/echo/a", ""]')


@pytest.mark.parametrize("path", ["/echo/a", "/chunked"])
def test_a_child_of_http_1_0_gets_no_chunks_and_its_connection_closed(path):
    with plain_stand() as stand, serving(stand.url) as (base, tape):
        came = talk(base, path, version="1.0")
        head, _, body = came.partition(b"\r\n\r\n")
        (recorded,) = interactions(tape)

    assert b"transfer-encoding" not in head.lower()
    assert body == recorded.response.body


def test_a_child_may_ask_whether_to_go_on_before_it_sends_its_body():
    with plain_stand() as stand, serving(stand.url) as (base, tape), connect(base) as child:
        target = f"{urlsplit(base).path}/echo/a"
        child.sendall(
            f"POST {target} HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n"
            "expect: 100-continue\r\nconnection: close\r\n\r\n".encode()
        )
        assert child.recv(65536).startswith(b"HTTP/1.1 100")
        child.sendall(b"hello")
        assert read_all(child).endswith(b'["POST", "/echo/a", "hello"]')

    assert "expect" not in stand.headers[0]
    assert interactions(tape)[0].request.body == b"hello"


def test_two_requests_that_a_child_sends_at_once_are_answered_in_turn():
    with plain_stand() as stand, serving(stand.url) as (base, tape), connect(base) as child:
        target = f"{urlsplit(base).path}/echo"
        first = f"GET {target}/1 HTTP/1.1\r\nhost: x\r\n\r\n"
        second = f"GET {target}/2 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        child.sendall((first + second).encode())
        came = read_all(child)

    assert came.index(b"/echo/1") < came.index(b"/echo/2")
    assert [urlsplit(each.request.url).path for each in interactions(tape)] == [
        "/echo/1",
        "/echo/2",
    ]


def test_a_large_body_comes_through_and_is_replayed():
    body = b"x" * 8_000_000
    with plain_stand() as stand, serving(stand.url) as (base, tape):
        assert json.loads(ask(base, "/echo", body)[2])[2] == body.decode()
    with serving(stand.url, interactions(tape)) as (base, _):
        assert json.loads(ask(base, "/echo", body)[2])[2] == body.decode()


def test_a_compressed_body_reaches_the_api_as_it_is():
    body = gzip.compress(b'{"a": 1}', mtime=0)
    with raw_api(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok") as api:
        with serving(api) as (base, tape):
            assert ask(base, "/x", body, content_encoding="gzip")[2] == b"ok"
        with serving(api, interactions(tape)) as (base, _):
            assert ask(base, "/x", body, content_encoding="gzip")[2] == b"ok"


@pytest.mark.parametrize("path", ["/echo/a%20b?x=%C3%A9&y=1%2F2", "/echo/a/", "/echo//b?c?d"])
def test_a_path_reaches_the_api_as_the_child_has_written_it(path):
    with plain_stand() as stand, serving(stand.url) as (base, _):
        talk(base, path, "connection: close")

    assert stand.paths == [path]


def test_what_a_path_may_not_hold_is_quoted():
    with plain_stand() as stand, serving(stand.url) as (base, _):
        talk(base, "/echo/ü?q=ü", "connection: close")

    assert stand.paths == ["/echo/%C3%BC?q=%C3%BC"]


def test_a_base_url_may_end_with_a_slash_and_hold_a_path():
    with plain_stand() as stand, serving(f"{stand.url}/echo/v1/") as (base, _):
        ask(base, "/messages")

    assert stand.paths == ["/echo/v1/messages"]


def test_headers_that_come_twice_are_passed_on_twice():
    answer = b"HTTP/1.1 200 OK\r\nlink: </a>\r\nlink: </b>\r\ncontent-length: 0\r\n\r\n"
    with raw_api(answer) as api, serving(api) as (base, _):
        came = talk(base, "/", "connection: close")

    assert came.lower().count(b"\r\nlink: ") == 2


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_an_answer_that_ends_with_its_connection_is_whole(version):
    with raw_api(f"HTTP/{version} 200 OK\r\n\r\nall of it".encode()) as api:
        with serving(api) as (base, tape):
            assert ask(base, "/")[2] == b"all of it"
        with serving(api, interactions(tape)) as (base, _):
            assert ask(base, "/")[2] == b"all of it"


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_an_answer_without_a_body_is_over_at_once(status):
    with raw_api(f"HTTP/1.1 {status}\r\n\r\n".encode()) as api, serving(api) as (base, _):
        came = talk(base, "/", "connection: close")

    assert came.startswith(f"HTTP/1.1 {status}".encode())
    assert came.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 OK\r\n\r\n"])
def test_an_api_that_speaks_no_http_is_told_and_leaves_no_answer(answer):
    with raw_api(answer) as api, serving(api) as (base, tape):
        status, _, body = ask(base, "/v1/messages", b"{}")

    assert status == 502
    assert "was not reached" in json.loads(body)["error"]["message"]
    assert interactions(tape) == []


def test_a_child_that_is_killed_while_it_sends_leaves_no_request():
    with plain_stand() as stand, serving(stand.url) as (base, tape):
        code = (
            "import os, socket, sys; s = socket.create_connection((sys.argv[1], sys.argv[2]));"
            "s.sendall(b'POST %s HTTP/1.1\\r\\n' % sys.argv[3].encode());"
            "s.sendall(b'content-length: 9\\r\\n\\r\\nhalf'); os.kill(os.getpid(), 9)"
        )
        parts = urlsplit(base)
        arguments = [str(parts.hostname), str(parts.port), f"{parts.path}/echo/half"]
        subprocess.run([sys.executable, "-c", code, *arguments], check=False)
        assert ask(base, "/echo/whole")[0] == 200  # it goes on

    assert stand.paths == ["/echo/whole"]
    assert len(tape.exchanges) == 1


@pytest.mark.parametrize("chunks", ["-5\r\nhello", "zz\r\nhello\r\n0\r\n\r\n"])
def test_chunks_that_are_none_are_refused(chunks):
    with serving("http://127.0.0.1:9") as (base, tape):
        head = ("transfer-encoding: chunked", "connection: close")
        came = talk(base, "/v1/messages", *head, body=chunks.encode())

    assert came.startswith(b"HTTP/1.1 400 ")
    assert not tape.exchanges


def test_a_name_and_a_password_in_the_base_url_sign_in_to_the_api():
    with (
        plain_stand() as stand,
        serving(stand.url.replace("://", "://ann:geheim@")) as (base, tape),
    ):
        ask(base, "/echo/a")
        ask(base, "/echo/b", authorization="Bearer own")

    signed_in = "Basic YW5uOmdlaGVpbQ=="  # llmregress: allow-secret
    assert [head["authorization"] for head in stand.headers] == [signed_in, "Bearer own"]
    assert "geheim" not in interactions(tape)[0].request.url
