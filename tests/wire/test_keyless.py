"""A replay needs no key and looks for none; a recording keeps none."""

import json
import shutil

import pytest

from llm_stand import COOKIE, ORGANIZATION, TOKEN

REFRESH_TOKEN = "sk-ant-ort01-refresh-token-of-nobody"  # llmregress: allow-secret
OLD_TOKEN = "sk-ant-oat01-expired-token-of-nobody"  # llmregress: allow-secret
PASSWORD = "a-password-in-a-header-of-our-own"

APP = """
    import os

    import anthropic
    import pytest

    client = anthropic.Anthropic()
    async_client = anthropic.AsyncAnthropic()

    def asking(text, **more):
        messages = [{"role": "user", "content": text}]
        return {"model": "claude-opus-5", "max_tokens": 100, "messages": messages, **more}
"""

ASKING = """
    import os

    import anthropic
    import pytest
    from app import async_client, asking, client

    @pytest.mark.llm
    def test_client_made_at_import():
        client.messages.create(**asking("One."))

    @pytest.mark.llm
    @pytest.mark.asyncio
    async def test_async_client_made_at_import():
        await async_client.messages.create(**asking("Two."))

    @pytest.mark.llm
    def test_client_made_in_the_test():
        anthropic.Anthropic().messages.create(**asking("Three."))

    @pytest.mark.llm
    def test_key_out_of_the_environment():
        own = anthropic.Anthropic(api_key=os.environ["ANTHROPIC_API_KEY"])
        with own.messages.stream(**asking("Four.")) as stream:
            stream.until_done()

    @pytest.mark.llm
    def test_client_copied_from_one_made_at_import():
        client.with_options(timeout=9).messages.create(**asking("Five."))
"""

WATCH = """
    import sys
    from pathlib import Path

    import pytest

    FOLDER = str(Path.home() / ".config" / "anthropic")
    running = []
    opened = set()

    def watch(event, arguments):
        if event == "open" and running and str(arguments[0]).startswith(FOLDER):
            opened.add(running[-1])

    sys.addaudithook(watch)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(item):
        running.append(item.name)
        try:
            return (yield)
        finally:
            running.pop()

    def pytest_sessionfinish():
        Path("opened.txt").write_text("\\n".join(sorted(opened)))
"""

UNMARKED = """
    import anthropic

    def test_unmarked():
        anthropic.Anthropic()
"""


@pytest.fixture(scope="module")
def recorded_once(module_project):
    """Return a project that was recorded with a key."""
    files = {"app.py": APP, "test_it.py": ASKING, "test_other.py": UNMARKED, "conftest.py": WATCH}
    return module_project.write(files).record(passed=6)


@pytest.fixture
def recorded(recorded_once, tmp_path):
    """Return a copy of it, with a home of its own."""
    return recorded_once.copy(tmp_path)


def test_a_replay_needs_no_key(recorded):
    asked = len(recorded.stand.requests)
    recorded.replay(passed=6)

    assert {test["mode"] for test in recorded.found().values()} == {"replayed"}
    assert len(recorded.stand.requests) == asked


@pytest.mark.parametrize("name", ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"])
def test_an_empty_key_is_as_good_as_none(recorded, name):
    recorded.replay(env={name: ""}, passed=6)


def test_a_profile_with_an_expired_token_is_neither_read_nor_written(recorded):
    profile = _write_expired_profile(recorded.home)
    before = _state(profile)
    asked = len(recorded.stand.requests)
    recorded.replay(passed=6)

    assert _state(profile) == before
    assert recorded.read("opened.txt").split() == ["test_unmarked"]
    assert len(recorded.stand.requests) == asked


def test_tokens_of_a_profile_are_in_no_recording(project):
    profile = _write_expired_profile(project.home)
    project.write(app=APP, test_it=ASKING)
    tests = ["-k", "made_at_import"]
    project.run("--llmregress-record=once", *tests, passed=3, deselected=2)
    assert "/v1/oauth/token" in [request.path for request in project.stand.requests]
    assert TOKEN in str([request.headers for request in project.stand.requests])

    assert _files_with(project, TOKEN, OLD_TOKEN, REFRESH_TOKEN) == []

    shutil.rmtree(profile)
    project.offline().replay(*tests, passed=3, deselected=2)


SENDING = """
    import os

    import anthropic
    import pytest
    from app import asking, client

    pytestmark = pytest.mark.llm
    KEY = os.environ.get("ANTHROPIC_API_KEY", "")
    PASSWORD = os.environ["CORPORATE_PASSWORD"]

    def test_bearer():
        client.messages.create(**asking("One."))

    def test_token():
        own = anthropic.Anthropic(auth_token=KEY, api_key=None)
        own.messages.create(**asking("Two."))

    def test_x_api_key():
        own = anthropic.Anthropic(default_headers={"X-Api-Key": KEY})
        own.messages.create(**asking("Three."))

    def test_headers_of_our_own():
        headers = {"X-Corporate": PASSWORD, "Cookie": f"session={PASSWORD}"}
        client.messages.create(**asking("Four.", extra_headers=headers))

    def test_cookies_that_come_back():
        client.messages.create(**asking("Five."))
        client.messages.create(**asking("Six."))

    def test_query():
        client.messages.create(**asking("Seven.", extra_query={"key": KEY, "more": PASSWORD}))

    def test_prompt():
        client.messages.create(**asking(f"My key is {KEY}, isn't it?", system=KEY))

    def test_reply():
        client.messages.create(**asking(f"[[say It is {KEY}.]]"))

    def test_reply_that_is_streamed():
        with client.messages.stream(**asking(f"[[json {{\\"key\\": \\"{KEY}\\"}}]]")) as stream:
            stream.until_done()

    def test_a_key_of_somebody_else():
        client.messages.create(**asking("Is sk-ant-" + "x" * 40 + " yours?"))
"""


def test_no_secret_reaches_a_file(project, key):
    password = {"CORPORATE_PASSWORD": PASSWORD}
    # One by one: a cookie is sent back by a client that has been sent it over the network.
    one_by_one = "--llmregress-concurrency=1"
    project.write(app=APP, test_it=SENDING).record(one_by_one, env=password, passed=10)
    sent = str(project.stand.requests)
    assert sent.count(key) >= 10
    assert sent.count(PASSWORD) >= 3
    assert COOKIE in sent

    secrets = (key, PASSWORD, COOKIE, ORGANIZATION, "sk-ant-" + "x" * 40)
    assert len(project.files()) == 20
    assert _files_with(project, *secrets) == []
    project.never_says(*secrets)

    again = {"ANTHROPIC_API_KEY": key, **password}
    project.offline().replay(env=again, passed=10)


def test_no_secret_is_told_with_a_miss(project, key):
    project.write(app=APP, test_it=SENDING).record(
        "-k", "prompt", env={"CORPORATE_PASSWORD": PASSWORD}, passed=1, deselected=9
    )
    project.change("test_it.py", "isn't it?", "or is it?")
    env = {"ANTHROPIC_API_KEY": key, "CORPORATE_PASSWORD": PASSWORD}
    project.replay("-k", "prompt", env=env, failed=1, deselected=9)

    project.says("no recorded answer", "or is it?").never_says(key)
    assert _files_with(project, key) == []


def _write_expired_profile(home):
    """Write a profile as the command line tool of the API leaves it, its token long expired."""
    folder = home / ".config" / "anthropic"
    authentication = {"type": "user_oauth", "client_id": "client-of-nobody"}
    files = {
        "configs/work.json": {"version": "1.0", "authentication": authentication},
        "credentials/work.json": {
            "version": "1.0",
            "type": "oauth_token",
            "access_token": OLD_TOKEN,
            "expires_at": "1000000000",
            "refresh_token": REFRESH_TOKEN,
        },
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(content))
        path.chmod(0o600)
    (folder / "active_config").write_text("work")
    return folder


def _state(folder):
    return {
        path.relative_to(folder): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def _files_with(project, *secrets):
    """Return which files of a project hold a secret; bytecode is the tests' own text."""
    return [
        (path.name, secret)
        for path in sorted(project.root.rglob("*"))
        for secret in secrets
        if path.is_file() and path.suffix != ".pyc" and secret.encode() in path.read_bytes()
    ]
