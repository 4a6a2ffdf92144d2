"""What is changed in a request before it is sent, by whichever library it is sent."""

import asyncio
import http.client
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NoReturn

import httpx2
import pytest

from plain_stand import PlainStand, plain_stand
from pytest_llmregress.recording.cassette_session import CassetteSession, Exchange, Miss, SampleMode
from pytest_llmregress.recording.http_patching import patch_http
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.values.http import Request

BODY = json.dumps({"model": "old", "text": "é"}).encode()
LONGER = json.dumps({"model": "a much longer name", "text": "é"}).encode()
HEADERS = {"content-type": "application/json", "accept-encoding": "gzip, br, zstd"}


def by_httpx2(url: str) -> None:
    httpx2.post(url, content=BODY, headers=HEADERS)


def by_httpx2_in_chunks(url: str) -> None:
    httpx2.post(url, content=iter([BODY[:5], BODY[5:]]), headers=HEADERS)


def by_httpx2_async(url: str) -> None:
    async def post() -> None:
        async with httpx2.AsyncClient() as client:
            await client.post(url, content=BODY, headers=HEADERS)

    asyncio.run(post())


def by_requests(url: str) -> None:
    pytest.importorskip("requests", reason="requests is not installed").post(
        url, data=BODY, headers=HEADERS
    )


def by_aiohttp(url: str) -> None:
    aiohttp = pytest.importorskip("aiohttp", reason="aiohttp is not installed")

    async def post() -> None:
        async with aiohttp.ClientSession() as client, client.post(url, data=BODY, headers=HEADERS):
            pass

    asyncio.run(post())


def by_http_client(url: str) -> None:
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host)
    connection.request("POST", f"/{path}", body=BODY, headers=HEADERS)
    connection.getresponse().read()
    connection.close()


def by_http_client_in_chunks(url: str) -> None:
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host)
    parts = iter([BODY[:5], BODY[5:]])
    connection.request("POST", f"/{path}", body=parts, headers=HEADERS, encode_chunked=True)
    connection.getresponse().read()
    connection.close()


WAYS = [
    by_httpx2,
    by_httpx2_in_chunks,
    by_httpx2_async,
    by_requests,
    by_aiohttp,
    by_http_client,
    by_http_client_in_chunks,
]


@pytest.fixture
def stand() -> Iterator[PlainStand]:
    with plain_stand() as stand:
        yield stand


def miss(miss: Miss) -> NoReturn:
    raise AssertionError(miss)


def rewrite(request: Request) -> Request:
    url = request.url.replace("/echo/old%2F1", "/echo/new%2F2")
    return replace(request, url=url, body=LONGER)


def echo(exchange: Exchange) -> list[str]:
    """Return method, path and body as the server has read them."""
    assert exchange.interaction is not None
    return json.loads(exchange.interaction.response.body)


def tape_of(mode: SampleMode, recorded=None, change=rewrite) -> CassetteSession:
    return CassetteSession(
        mode=mode, recorded=recorded, redactor=Redactor(), on_miss=miss, rewrite=change
    )


@pytest.mark.parametrize("way", WAYS)
def test_path_and_body_are_other_ones_on_the_wire_and_in_the_recording(
    stand: PlainStand, way: Callable[[str], None]
):
    tape = tape_of(SampleMode.RECORD)

    with patch_http(tape):
        way(f"{stand.url}/echo/old%2F1?x=1")

    (exchange,) = tape.exchanges
    assert echo(exchange) == ["POST", "/echo/new%2F2?x=1", LONGER.decode()]
    assert stand.headers[0]["accept-encoding"] == "gzip, deflate"
    assert exchange.request.body == LONGER

    again = tape_of(SampleMode.REPLAY, [exchange.interaction])
    with patch_http(again):
        way(f"{stand.url}/echo/old%2F1?x=1")
    assert again.is_as_recorded
    assert len(stand.paths) == 1


@pytest.mark.parametrize("way", WAYS)
def test_what_nobody_changes_is_sent_as_it_is_but_for_codecs_that_not_every_machine_has(
    stand: PlainStand, way: Callable[[str], None]
):
    tape = tape_of(SampleMode.RECORD, change=None)

    with patch_http(tape):
        way(f"{stand.url}/echo/old%2F1?x=1")

    assert echo(tape.exchanges[0]) == ["POST", "/echo/old%2F1?x=1", BODY.decode()]
    assert stand.headers[0]["accept-encoding"] == "gzip, deflate"


def test_a_request_that_is_sent_twice_by_its_client_is_rewritten_once(stand: PlainStand):
    """As an authentication does that is told how to by the first answer."""
    seen = []

    class Twice(httpx2.Auth):
        def auth_flow(self, request):
            yield request
            yield request

    def count(request: Request) -> Request:
        seen.append(request.url)
        return rewrite(request)

    tape = tape_of(SampleMode.RECORD, change=count)

    with patch_http(tape):
        httpx2.post(f"{stand.url}/echo", content=BODY, auth=Twice())

    assert len(seen) == 1
    assert [echo(each)[2] for each in tape.exchanges] == [LONGER.decode()] * 2
