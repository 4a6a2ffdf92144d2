"""Libraries that a test imports only while it is replayed: what they send is answered as well."""

import subprocess
import sys

import pytest

APP = """
import os
import sys

URL = os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages"
HEADERS = {"x-api-key": "sk-nobody", "anthropic-version": "2023-06-01"}


def body(text):
    message = {"role": "user", "content": f"[[say {text}]]"}
    return {"model": "claude-opus-5", "max_tokens": 50, "messages": [message]}


def by_requests():
    import requests

    assert sys.modules["requests"] is requests is sys.modules["requests.sessions"].__dict__.get(
        "requests", requests
    )
    assert requests.Session is sys.modules["requests.sessions"].Session
    assert "late" not in type(requests.__spec__.loader).__name__.lower()
    return requests.post(URL, headers=HEADERS, json=body("requests")).json()


def by_urllib3():
    import urllib3

    return urllib3.request("POST", URL, headers=HEADERS, json=body("urllib3")).json()

"""

TEST = """
import sys

import httpx2
import pytest
from app import HEADERS, URL, body
import app


@pytest.mark.llm
def test_first():  # before it, nothing is patched
    assert httpx2.post(URL, headers=HEADERS, json=body("first")).status_code == 200
    assert "{name}" not in sys.modules or {recording}


@pytest.mark.llm
def test_late(llm_calls):
    reply = app.by_{name}()
    assert reply["content"][0]["text"] == "{name}"
    assert [call.text for call in llm_calls] == ["{name}"]


@pytest.mark.llm
def test_next(llm_calls):
    assert app.by_{name}()["content"][0]["text"] == "{name}"
    assert httpx2.post(URL, headers=HEADERS, json=body("next")).status_code == 200
    assert len(llm_calls) == 2
"""


@pytest.mark.parametrize("name", ["requests", "urllib3"])
def test_what_is_imported_in_the_middle_of_a_replay_reaches_no_network(project, name):
    pytest.importorskip(name, reason=f"{name} is not installed")
    project.write(app=APP, test_it=TEST.replace("{name}", name).replace("{recording}", "True"))
    project.record(passed=3).offline()
    # A process that has imported nothing, not even by another plugin.
    anew = {"PYTHONPATH": ".", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ours = ("-p", "pytest_llmregress.plugin")
    project.write(test_it=TEST.replace("{name}", name).replace("{recording}", "False"))

    project.replay(*ours, env=anew, passed=3)


ONCE = """
import sys
from pytest_llmregress.recording.cassette_session import CassetteSession, SampleMode
from pytest_llmregress.recording.http_patching import patch_http
from pytest_llmregress.redaction.redactor import Redactor

assert not {"aiohttp", "httpx2", "vcr"} & sys.modules.keys()
tape = CassetteSession(
    mode=SampleMode.REPLAY, recorded=(), redactor=Redactor(), on_miss=lambda miss: None
)
with patch_http(tape):
    import LIBRARY
    assert LIBRARY.PART is sys.modules["LIBRARY.PART"]
    assert type(LIBRARY.__spec__.loader).__name__ == "SourceFileLoader"
"""


@pytest.mark.parametrize(
    ("library", "part"), [("aiohttp", "client_exceptions"), ("httpx2", "_client"), ("vcr", "patch")]
)
def test_what_is_imported_late_is_executed_once(library: str, part: str):
    pytest.importorskip(library, reason=f"{library} is not installed")
    script = ONCE.replace("LIBRARY", library).replace("PART", part)

    subprocess.run([sys.executable, "-c", script], check=True)
