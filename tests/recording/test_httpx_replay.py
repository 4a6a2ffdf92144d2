"""A replay of httpx goes past vcrpy, and does not even import it."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from importlib.machinery import PathFinder

HIDDEN = {hidden}

class Hiding(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in HIDDEN else super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Hiding

import httpx2
from pytest_llmregress.recording.http_patching import patch_http
from pytest_llmregress.recording.cassette_session import CassetteSession, SampleMode
from pytest_llmregress.values.http import Interaction, Request, Response
from pytest_llmregress.redaction.redactor import Redactor

def fail(miss):
    raise BaseException("missed")

url = "http://127.0.0.1:9/v1"
recorded = [
    Interaction(
        request=Request(method="POST", url=url, body=b"asked"),
        response=Response(
            status=418, reason="A teapot", headers={{"x-a": ("1", "2")}}, body=b"yes"
        ),
    )
]
tape = CassetteSession(mode=SampleMode.REPLAY, recorded=recorded, redactor=Redactor(), on_miss=fail)
with patch_http(tape):
    got = httpx2.post(url, content=b"asked")
said = got.status_code, got.reason_phrase, got.headers.get_list("x-a"), got.text
print(*said, "vcr" in sys.modules)
"""


@pytest.mark.parametrize("hidden", [{"aiohttp", "urllib3", "httpx", "requests"}, set()])
def test_a_replay_of_the_sdks_library_does_not_import_vcrpy(hidden):
    program = PROGRAM.format(hidden=hidden)
    command = [sys.executable, "-c", program]

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "418 A teapot ['1', '2'] yes False"


LATE = """
import asyncio
import sys

import urllib3  # which asks nobody for vcrpy
from pytest_llmregress.recording.http_patching import patch_http
from pytest_llmregress.recording.cassette_session import CassetteSession, SampleMode
from pytest_llmregress.redaction.redactor import Redactor

class Missed(BaseException):
    pass

def fail(miss):
    raise Missed

async def ask():
    import aiohttp

    async with aiohttp.ClientSession() as session:
        await session.post("http://127.0.0.1:9/v1", data=b"asked")

assert not {"aiohttp", "vcr"} & sys.modules.keys()
session = CassetteSession(
    mode=SampleMode.REPLAY, recorded=[], redactor=Redactor(), on_miss=fail
)
with patch_http(session):
    try:
        asyncio.run(ask())
    except Missed:
        print("missed")
"""


def test_aiohttp_that_is_imported_in_a_replay_reaches_no_network():
    pytest.importorskip("aiohttp", reason="aiohttp is not installed")
    pytest.importorskip("urllib3", reason="urllib3 is not installed")

    done = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, check=False)

    assert done.stdout.strip() == "missed", done.stderr
