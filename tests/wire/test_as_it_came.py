"""A replay gives an application what it saw: bodies, redirects, headers, through each client."""

from importlib.util import find_spec

from plain_stand import PAGES, plain_stand

APP = """
import json, os

import pytest

URL = os.environ["PLAIN_STAND"]
KEPT = {kept!r}
CLIENTS = {clients!r}


def text_of(client, path):
    if client == "aiohttp":
        import asyncio, aiohttp

        async def get():
            async with aiohttp.ClientSession() as session, session.get(URL + path) as reply:
                return reply.status, dict(reply.headers), await reply.read()

        return asyncio.run(get())
    if client == "urllib3":
        import urllib3

        with urllib3.PoolManager() as pool:
            reply = pool.request("GET", URL + path)
            return reply.status, dict(reply.headers), reply.data
    if client == "requests":
        import requests

        reply = requests.get(URL + path)
    else:
        reply = pytest.importorskip(client).get(URL + path, follow_redirects=True)
    return reply.status_code, {{k.lower(): v for k, v in reply.headers.items()}}, reply.content
"""

CLIENTS = ["aiohttp", "httpx", "httpx2", "requests", "urllib3"]
"""Each takes part where it is installed."""

TESTS = """
import gzip, io, json, os
from urllib.parse import urlsplit

import anthropic, pytest
from app import CLIENTS, KEPT, URL, text_of

ENCODINGS = ["gzip", "GZIP", "x-gzip", "deflate", "Deflate", "deflate%2C%20gzip"]
NOT_READ = {  # by the client itself, whoever has sent it
    "aiohttp": ["x-gzip", "deflate%2C%20gzip"],
    "httpx": ["x-gzip"],
    "httpx2": ["x-gzip"],
}
HI = {"role": "user", "content": "hi"}
MESSAGE = {"model": "claude-opus-5", "max_tokens": 9, "messages": [HI]}


@pytest.fixture(autouse=True)
def a_call():
    anthropic.Anthropic().messages.create(**MESSAGE)


@pytest.mark.llm(record="inline")
@pytest.mark.parametrize("client", CLIENTS)
def test_a_client(client):
    assert gzip.decompress(text_of(client, "/file")[2]) == b"hello " * 100
    for name in ENCODINGS:
        if name not in NOT_READ.get(client, ()):
            _, headers, body = text_of(client, f"/zipped/{name}")
            assert json.loads(body)["text"].startswith("caf\\xe9"), name
    status, _, body = text_of(client, "/away")
    assert (status, json.loads(body)[:2]) == (200, ["GET", "/echo/there"])
    headers = {k.lower(): v for k, v in text_of(client, "/pages")[1].items()}
    assert KEPT.items() <= headers.items()


@pytest.mark.llm(record="inline")
def test_forms_of_aiohttp():
    aiohttp = pytest.importorskip("aiohttp", reason="aiohttp is not installed")
    import asyncio

    async def post(**fields):
        form = aiohttp.FormData()
        form.add_field("file", io.BytesIO(b"\\x00\\x01"), filename="a.bin")
        moved = URL + "/moved/" + URL.rpartition(":")[2] + "/echo"
        async with aiohttp.ClientSession() as session:
            async with session.post(URL + "/echo", data=form) as reply:
                yield await reply.json()
            async with session.post(moved, data=b"again") as reply:
                yield await reply.json()

    async def replies():
        return [reply async for reply in post()]

    (_, _, form), moved = asyncio.run(replies())
    assert "a.bin" in form
    assert moved == ["POST", "/echo", "again"]


@pytest.mark.llm
def test_a_gateway_that_leads_elsewhere(llm_calls):
    port = urlsplit(os.environ["ANTHROPIC_BASE_URL"]).port
    client = anthropic.Anthropic(base_url=f"{URL}/moved/{port}", max_retries=0)
    assert client.messages.create(**MESSAGE).content[0].text
    assert len(llm_calls) == 2


@pytest.mark.llm
def test_rate_limits_in_a_wave():
    raw = anthropic.Anthropic().messages.with_raw_response.create(**MESSAGE)
    assert raw.headers["x-ratelimit-limit-requests"] == "4000"
"""


def test_what_an_application_saw_is_there_in_the_replay(project):
    kept = {name: value for name, value in PAGES.items() if name != "set-cookie"}
    clients = [name for name in CLIENTS if find_spec(name)]
    project.write(app=APP.format(kept=kept, clients=clients), test_it=TESTS)
    with plain_stand() as plain:
        project.record(env={"PLAIN_STAND": plain.url}, passed=len(clients) + 3)
    project.offline().replay(env={"PLAIN_STAND": plain.url}, passed=len(clients) + 3)

    assert b"geheim" not in b"".join(project.files().values())
