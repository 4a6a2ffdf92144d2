"""An application behind a server of the test's own process runs in a replay too."""

import socket
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from pytest_llmregress.recording.loopback import is_loopback, is_own_server, leads_to_own_server

APP = """
import http.server, os, threading

import anthropic, pytest

MESSAGE = {"role": "user", "content": "[[say Paris]]"}


class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        model = {"model": "claude-opus-5", "max_tokens": 9}
        reply = anthropic.Anthropic().messages.create(**model, messages=[MESSAGE])
        text = (os.environ.get("BUG", "") + reply.content[0].text).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def service():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def by_httpx2(url):
    import httpx2

    return httpx2.get(url).text


def by_urllib(url):
    import urllib.request

    with urllib.request.urlopen(url) as reply:
        return reply.read().decode()


def by_aiohttp(url):
    aiohttp = pytest.importorskip("aiohttp", reason="aiohttp is not installed")
    import asyncio

    async def get():
        async with aiohttp.ClientSession() as session, session.get(url) as reply:
            return await reply.text()

    return asyncio.run(get())


@pytest.mark.llm
@pytest.mark.parametrize("get", [by_httpx2, by_urllib, by_aiohttp])
def test_the_service(service, get, llm_calls):
    assert get(service) == "Paris"
    assert len(llm_calls) == 1
"""


def test_the_application_runs_and_its_faults_are_found(project):
    project.write(test_it=APP).record(passed=3).offline().replay(passed=3)
    project.never_says("unplayed")

    project.replay(env={"BUG": "not "}, failed=3).says("'not Paris'")


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("app.localhost", True),
        ("127.8.0.1", True),
        ("::1", True),
        ("0.0.0.0", True),
        ("10.0.0.1", False),
        ("localhost.example.com", False),
        ("fe80::1%eth0", False),
    ],
)
def test_a_host_is_this_machine_or_another(host, expected):
    assert is_loopback(host) is expected


def test_a_server_of_this_process_is_known_by_its_port():
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        port = server.server_port
        assert is_own_server("localhost", port)
        assert leads_to_own_server(f"http://127.0.0.1:{port}/path?x=1")
        assert not leads_to_own_server(f"http://example.com:{port}/")
    assert not is_own_server("localhost", port)


def test_a_socket_that_is_connected_is_no_server():
    server = socket.create_server(("127.0.0.1", 0))
    with server, socket.create_connection(server.getsockname()) as client:
        accepted, _ = server.accept()
        assert not is_own_server("127.0.0.1", client.getsockname()[1])
        accepted.close()


@pytest.mark.parametrize("url", ["http://127.0.0.1:port/", "nothing", "http://[/"])
def test_a_url_that_cannot_be_read_leads_to_no_server(url):
    assert not leads_to_own_server(url)
