"""The gateway itself: bytes in, bytes out, over real sockets."""

import json
import os
import socket
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, IncompleteRead
from typing import Any, NoReturn
from urllib.parse import urlsplit

import pytest

from certificates import make_certificate
from patience import PATIENCE
from plain_stand import plain_stand
from pytest_llmregress.causes.prompt_model_grid import OldPrompt
from pytest_llmregress.gateway.child_environment import ChildEnvironment, fill_environment
from pytest_llmregress.gateway.child_processes import prepared_children
from pytest_llmregress.providers.renaming import change_body
from served_gateway import MissedError, ask, ask_by, interactions, serving

CALLS, AT_A_TIME = 1_000, 32


def ask_many(base: str) -> list[Any]:
    """Ask from 32 children at a time, by connections that stay; return what each was told."""

    def work(first: int) -> list[Any]:
        connection = HTTPConnection(urlsplit(base).netloc, timeout=PATIENCE)
        try:
            return [
                (number, json.loads(ask_by(connection, base, f"/echo/{number}", b"{}")[2])[1])
                for number in range(first, CALLS, AT_A_TIME)
            ]
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        return sorted(each for many in pool.map(work, range(AT_A_TIME)) for each in many)


def test_a_thousand_calls_of_32_children_are_recorded_and_replayed_each_with_its_own_answer():
    wanted = [(number, f"/echo/{number}") for number in range(CALLS)]
    with plain_stand() as stand:
        with serving(stand.url) as (base, tape):
            assert ask_many(base) == wanted
        recorded = interactions(tape)
        assert sorted(stand.paths) == sorted(path for _, path in wanted)
        assert stand.connections <= AT_A_TIME
    assert len(recorded) == CALLS

    with serving(stand.url, recorded) as (base, tape):
        assert ask_many(base) == wanted
        assert tape.is_as_recorded


PATHS = ["/echo/a?x=1", "/status/404", "/chunked", "/zipped/gzip", "/zipped/deflate", "/file"]


@pytest.mark.parametrize("path", PATHS)
def test_an_answer_comes_as_the_api_has_sent_it_and_is_replayed_as_it_reads(path):
    with plain_stand() as stand, serving(stand.url) as (base, tape):
        live = ask(stand.url, path, accept_encoding="gzip, deflate, br")
        came = ask(base, path, accept_encoding="gzip, deflate, br")
    (recorded,) = interactions(tape)

    with serving(stand.url, [recorded]) as (base, _):
        played = ask(base, path)

    assert came[0] == live[0] == played[0]
    assert came[2] == live[2]
    assert came[1].get("content-encoding") == live[1].get("content-encoding")
    assert recorded.request.url == f"{stand.url}{path}"
    assert played[2] == recorded.response.body
    if path.startswith("/zipped"):
        assert json.loads(played[2])["text"].startswith("café")
        assert "content-encoding" not in played[1]


def test_a_head_and_a_body_in_chunks_come_through():
    with plain_stand() as stand, serving(stand.url) as (base, tape):
        assert ask(base, "/echo/a", method="HEAD")[2] == b""
        connection = HTTPConnection(urlsplit(base).netloc, timeout=PATIENCE)
        target = f"{urlsplit(base).path}/echo/b"
        connection.request("POST", target, body=iter([b"one, ", b"two"]), encode_chunked=True)
        assert json.loads(connection.getresponse().read()) == ["POST", "/echo/b", "one, two"]
        connection.close()

    assert [each.request.body for each in interactions(tape)] == [b"", b"one, two"]


def test_an_api_over_tls_is_reached(tmp_path, monkeypatch):
    certificate = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_suffix(".crt")))
    with plain_stand(certificate) as stand, serving(stand.url) as (base, tape):
        assert ask(base, "/echo/a")[0] == 200

    assert interactions(tape)[0].request.url == f"{stand.url}/echo/a"


def test_an_api_behind_a_proxy_with_a_password_is_reached(monkeypatch):
    with plain_stand() as stand:
        monkeypatch.setenv("http_proxy", stand.url.replace("://", "://ann:geheim@"))
        monkeypatch.setenv("no_proxy", "other.test")
        with serving("http://API.test") as (base, tape):
            ask(base, "/echo/a")

    assert stand.paths == ["http://API.test/echo/a"]
    signed_in = "Basic YW5uOmdlaGVpbQ=="  # llmregress: allow-secret
    assert stand.headers[0]["proxy-authorization"] == signed_in
    (recorded,) = interactions(tape)
    assert recorded.request.url == "http://API.test/echo/a"
    assert "proxy-authorization" not in recorded.request.headers


@pytest.mark.parametrize("length", ["-1", "some"])
def test_a_length_that_is_none_is_refused(length):
    with serving("http://127.0.0.1:9") as (base, tape):
        status, _, body = ask(base, "/v1/messages", method="POST", content_length=length)

    assert status == 400
    assert json.loads(body)["error"]["message"] == "its body cannot be read"
    assert not tape.exchanges


def test_a_miss_is_told_so_that_nobody_asks_again():
    with serving("http://127.0.0.1:9", []) as (base, _):
        status, headers, body = ask(base, "/v1/messages", b"{}")

    assert (status, headers["x-should-retry"]) == (418, "false")
    assert json.loads(body) == {
        "type": "error",
        "error": {"type": "invalid_request_error", "message": "no answer: no_match"},
    }


def test_an_api_that_is_not_there_is_told_and_leaves_no_answer():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{unused.getsockname()[1]}"
        with serving(f"http://{place}") as (base, tape):
            status, _, body = ask(base, "/v1/messages", b"{}")

    assert status == 502
    assert f"{place} was not reached: " in json.loads(body)["error"]["message"]
    assert [each.interaction for each in tape.exchanges] == [None]


def test_an_answer_that_breaks_off_ends_the_connection_and_is_no_answer():
    with (
        plain_stand() as stand,
        serving(stand.url) as (base, tape),
        pytest.raises(IncompleteRead),
    ):
        ask(base, "/broken")

    assert [each.interaction for each in tape.exchanges] == [None]


def test_what_is_sent_is_what_is_recorded_where_each_conversation_gets_its_old_prompt():
    prompt = OldPrompt([{"messages": ["first"]}, {"messages": ["second"]}])
    with (
        plain_stand() as stand,
        serving(stand.url, rewrite=lambda each: change_body(each, prompt.put_into)) as (base, tape),
    ):
        came = [ask(base, "/echo", b'{"messages": ["new"]}')[2] for _ in range(2)]

    old = [{"messages": ["first"]}, {"messages": ["second"]}]
    assert [json.loads(json.loads(each)[2]) for each in came] == old
    assert [json.loads(each.request.body) for each in interactions(tape)] == old


def test_a_test_that_is_only_tried_is_stopped_where_its_child_asks():
    stopped: list[str] = []

    def stop(request: str) -> NoReturn:
        stopped.append(request)
        raise MissedError

    with plain_stand() as stand, serving(stand.url, stop=stop) as (base, _):
        assert ask(base, "/echo/a?x=1")[0] == 418

    assert stopped == [f"GET {stand.url}/echo/a"]
    assert stand.paths == []


def test_what_a_child_asks_for_is_named_without_a_password():
    named: list[str] = []

    def stop(request: str) -> NoReturn:
        named.append(request)
        raise MissedError

    with serving("http://me:secret@127.0.0.1:9", stop=stop) as (base, _):
        ask(base, "/echo?x=1")

    assert named == ["GET http://127.0.0.1:9/echo"]


def test_another_path_than_one_of_its_own_is_not_found():
    with plain_stand() as stand, serving(stand.url) as (base, _):
        root = base.partition("/llm/")[0]
        found = [ask(root, path)[0] for path in ("/v1/messages", "/llm/guess/0/-/v1", "/llm")]

    assert found == [404, 404, 404]
    assert stand.paths == []


class Dripping:
    """A server that sends the first half of a stream, and the second one once it may."""

    def __init__(self) -> None:
        self.may_go_on = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        connection, _ = self._socket.accept()
        with connection, self._socket:
            connection.recv(65536)
            head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            connection.sendall(head + b"transfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n")
            self.may_go_on.wait(PATIENCE)
            connection.sendall(b"6\r\nsecond\r\n0\r\n\r\n")


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_stream_comes_as_it_is_sent_and_is_recorded_whole_even_if_the_child_is_gone(is_killed):
    stand = Dripping()
    with serving(stand.url) as (base, tape):
        connection = HTTPConnection(urlsplit(base).netloc, timeout=PATIENCE)
        connection.request("GET", f"{urlsplit(base).path}/stream")
        reply = connection.getresponse()
        assert reply.read(5) == b"first"
        if is_killed:
            reply.close()
            connection.close()
        stand.may_go_on.set()
        if not is_killed:
            assert reply.read() == b"second"
            connection.close()

    assert [each.response.body for each in interactions(tape)] == [b"firstsecond"]


def test_it_listens_where_a_machine_has_ipv6_alone():
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError as error:
            pytest.skip(f"no IPv6 on this machine: {error}")
    with plain_stand() as stand, serving(stand.url, host="::1") as (base, _):
        assert base.startswith("http://[::1]:")
        assert ask(base, "/echo/a")[0] == 200


# --- the environment of a child --------------------------------------------------------------

KNOWN = ChildEnvironment(
    addresses={"A_URL": "https://a.example", "B_URL": ""},
    keys=("A_KEY", "B_KEY"),
    no_key="none",
    programs={"QUIET": "1"},
)


def filled(given: dict[str, str], *, is_replay: bool = True) -> dict[str, str]:
    return fill_environment(
        given, KNOWN, address_of=lambda url: f"gateway of {url}", is_replay=is_replay
    )


def test_a_child_has_a_folder_of_its_own_unless_it_was_given_one():
    known = ChildEnvironment(folders=("A_TMPDIR",))

    def folder_of(given: dict[str, str]) -> str:
        return fill_environment(
            given, known, address_of=lambda url: url, is_replay=True, folder="/own"
        )["A_TMPDIR"]

    assert folder_of({}) == "/own"
    assert folder_of({"A_TMPDIR": "/given"}) == "/given"


def test_a_child_is_told_where_its_models_are_and_keeps_what_else_it_has():
    assert filled({"HOME": "/h", "QUIET": "0"}) == {
        "HOME": "/h",
        "QUIET": "0",
        "A_URL": "gateway of https://a.example",
        "no_proxy": "127.0.0.1,localhost,::1",
        "NO_PROXY": "127.0.0.1,localhost,::1",
    }


def test_the_address_that_a_child_was_to_ask_is_kept_behind_the_gateways():
    assert (
        filled({"A_URL": "http://mine", "B_URL": "http://b"})["A_URL"] == "gateway of http://mine"
    )
    assert filled({"B_URL": "http://b"})["B_URL"] == "gateway of http://b"


def test_a_key_that_is_there_is_none_in_a_replay_and_itself_in_a_recording():
    assert filled({"A_KEY": "secret"})["A_KEY"] == "none"
    assert filled({"A_KEY": "secret"}, is_replay=False)["A_KEY"] == "secret"
    assert "B_KEY" not in filled({"A_KEY": "secret"})


@pytest.mark.parametrize(
    ("before", "after"),
    [("", "127.0.0.1,localhost,::1"), ("corp", "corp,127.0.0.1,localhost,::1"), ("*", "*")],
)
def test_no_proxy_stands_between_a_child_and_the_gateway(before, after):
    assert filled({"NO_PROXY": before})["NO_PROXY"] == after


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell with `read`")
def test_a_shell_leaves_alone_what_other_threads_do_to_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("THERE", "before")
    monkeypatch.setenv("MEANWHILE", "unset")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    seen: list[str | None] = []

    def meanwhile() -> None:
        with pipe.open("w") as written:  # opens once the shell reads
            seen.append(os.environ.get("THERE"))
            os.environ["MEANWHILE"] = "set"
            written.write("on\n")

    def prepare(given: Mapping[str, str], child: str, *, shared: bool = False) -> dict[str, str]:
        return {**given, "THERE": "filled", "NEW": "filled"}

    other = threading.Thread(target=meanwhile)
    with prepared_children(prepare, before_fork=lambda: lambda: None):
        other.start()
        assert os.system(f'read line < {pipe}; test "$THERE$NEW$line" = filledfilledon') == 0
    other.join()

    assert seen == ["filled"]
    assert (os.environ["THERE"], os.environ["MEANWHILE"]) == ("before", "set")
    assert "NEW" not in os.environ
