"""Answers that are bare: to HEAD, without a reason, of HTTP/1.0, through each client."""

import asyncio
import socketserver
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, NoReturn

import pytest

from pytest_llmregress.recording.cassette_session import CassetteSession, Miss, SampleMode
from pytest_llmregress.recording.http_patching import patch_http
from pytest_llmregress.redaction.redactor import Redactor

ANSWERS = {
    "HEAD": b"HTTP/1.1 200 OK\r\nContent-Length: 4096\r\nETag: x\r\nConnection: close\r\n\r\n",
    "no reason": b"HTTP/1.1 200\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
    "empty reason": b"HTTP/1.1 200 \r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
    "HTTP/1.0": b"HTTP/1.0 200 Fine\r\nETag: x\r\n\r\nhi",
    "nothing": b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
    "not modified": b"HTTP/1.1 304 Not Modified\r\nETag: x\r\nConnection: close\r\n\r\n",
}


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        path = self.rfile.readline().split()[1].decode()
        while self.rfile.readline().strip():
            pass
        self.wfile.write(list(ANSWERS.values())[int(path[1:])])


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def _by_aiohttp(method: str, url: str) -> Any:
    import aiohttp

    async def ask() -> Any:
        async with aiohttp.ClientSession() as session, session.request(method, url) as got:
            return got.status, got.reason or "", _read(got.headers), await got.read()

    return asyncio.run(ask())


def _by_urllib3(method: str, url: str) -> Any:
    import urllib3

    with urllib3.PoolManager() as pool:
        got = pool.request(method, url, retries=False)
        return got.status, got.reason or "", _read(got.headers), got.data


def _by_requests(method: str, url: str) -> Any:
    import requests

    got = requests.request(method, url, timeout=20)
    return got.status_code, got.reason or "", _read(got.headers), got.content


def _by_httpx(name: str) -> Callable[[str, str], Any]:
    def ask(method: str, url: str) -> Any:
        got = import_module(name).request(method, url)
        return got.status_code, got.reason_phrase, _read(got.headers), got.content

    return ask


def _read(headers: Any) -> dict[str, str | None]:
    return {name: headers.get(name) for name in ("content-length", "etag")}


CLIENTS = {
    "aiohttp": _by_aiohttp,
    "httpx": _by_httpx("httpx"),
    "httpx2": _by_httpx("httpx2"),
    "requests": _by_requests,
    "urllib3": _by_urllib3,
}


def fail(miss: Miss) -> NoReturn:
    raise AssertionError(miss.reason)


@pytest.mark.parametrize("kind", ANSWERS)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_bare_answer_is_the_same_without_with_and_from_a_recording(
    client: str, kind: str, url: str
):
    pytest.importorskip(client, reason=f"{client} is not installed")
    ask, method = CLIENTS[client], "HEAD" if kind == "HEAD" else "GET"
    place = f"{url}/{list(ANSWERS).index(kind)}"
    plain = ask(method, place)
    recording = CassetteSession(
        mode=SampleMode.RECORD, recorded=None, redactor=Redactor(), on_miss=fail
    )
    with patch_http(recording):
        live = ask(method, place)
    (exchange,) = recording.attempts
    assert exchange.interaction is not None
    replay = CassetteSession(
        mode=SampleMode.REPLAY,
        recorded=[exchange.interaction],
        redactor=Redactor(),
        on_miss=fail,
    )
    with patch_http(replay):
        replayed = ask(method, place)
    if kind != "HEAD":  # of any other answer it says how it was framed
        for _, _, headers, _ in (plain, live, replayed):
            headers.pop("content-length")
    assert live == plain
    assert replayed == plain
