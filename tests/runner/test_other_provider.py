"""A provider of somebody else's, in one class and one line: it does what the built-in ones do."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from textwrap import dedent

import pytest

# The API of a maker that nobody knows: POST /speak/MODEL with {"say": TEXT}, and a key in a header.
PROVIDER = '''
    """Reads the API of Parrot, which names its model in the path."""

    import json
    import re
    from dataclasses import replace

    from pytest_llmregress import Call, Outcome, Prompt, Usage
    from pytest_llmregress.providers.sdk_seams import SdkSupport

    PATH = re.compile(r"/speak/([^/]+)$")


    def quiet(seams):
        import parrot_sdk
        if seams.replaying:
            seams.replaced.replace(parrot_sdk, "log_in", lambda: "nobody")


    def read_prompt(body):
        return Prompt(messages=({"role": "user", "content": body["say"]},))


    class Parrot:
        name = "parrot"
        sdk = SdkSupport(environment={"PARROT_KEY": "none"}, seams={"parrot_sdk": quiet})

        def requested_model(self, request):
            found = PATH.search(request.url)
            return found[1] if found else None

        def read(self, interaction):
            model = self.requested_model(interaction.request)
            if model is None:
                return None
            reply = json.loads(interaction.response.body)
            return Call(
                provider=self.name, outcome=Outcome.ANSWERED, text=reply["said"],
                requested_model=model, served_model=reply["by"],
                usage=Usage(output_tokens=reply["words"]),
                request=json.loads(interaction.request.body), prompt_reader=read_prompt,
            )

        def incomplete(self, interaction):
            is_own = self.requested_model(interaction.request) is not None
            return "it broke off" if is_own and b"words" not in interaction.response.body else None

        def rename_model(self, request, rename):
            url = PATH.sub(lambda found: "/speak/" + rename(found[1]), request.url)
            return request if url == request.url else replace(request, url=url)

        def requests_a_minute(self, response):
            return 600
'''
FILES = {
    "parrot_provider.py": PROVIDER,
    "parrot_sdk.py": """
        import os
        import httpx2

        def log_in():
            raise OSError("nobody answers here without the real key")

        def speak(text):
            key = os.environ["PARROT_KEY"]
            who = key if key == "real" else log_in()
            url = os.environ["PARROT_URL"] + "/speak/grey"
            return httpx2.post(url, json={"say": text}, headers={"x-parrot": who}).json()["said"]
        """,
    "conftest.py": """
        from parrot_provider import Parrot

        def pytest_llmregress_providers():
            return [Parrot()]
        """,
    "test_it.py": """
        import pytest

        @pytest.mark.llm
        @pytest.mark.parametrize("text", ["hello", "sing"])
        def test_says(text, llm_calls):
            from parrot_sdk import speak
            assert speak(text)
            (call,) = llm_calls
            assert (call.provider, call.prompt.messages[0]["content"]) == ("parrot", text)
        """,
}


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        model = self.path.rpartition("/")[2]
        self.server.asked.append((model, self.headers["x-parrot"]))  # type: ignore[attr-defined]
        said = "I am sorry, I cannot sing." if model == "red" and asked["say"] == "sing" else "Ok."
        body = json.dumps({"said": said, "by": model, "words": 2}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def parrot() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.asked = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


def test_it_records_replays_without_a_key_and_asks_for_a_candidate(project, parrot):
    project.write(FILES)
    env = {"PARROT_URL": f"http://127.0.0.1:{parrot.server_address[1]}"}
    with_key = {**env, "PARROT_KEY": "real"}

    project.record(env=with_key, passed=2)
    assert set(parrot.asked) == {("grey", "real")}
    parrot.asked.clear()

    project.replay(env=env, passed=2)
    assert parrot.asked == []

    project.record("--llmregress-candidate=red", env=with_key, passed=1, failed=1)
    assert set(parrot.asked) == {("red", "real")}
    found = project.found()
    assert found["test_says[sing]"]["drift"]["severity"] == "breaking"
    assert found["test_says[hello]"]["drift"]["changes"] == []


def test_what_it_raises_is_told_as_its_own_fault(project, parrot):
    project.write(FILES)
    env = {"PARROT_URL": f"http://127.0.0.1:{parrot.server_address[1]}", "PARROT_KEY": "real"}
    project.record(env=env, passed=2)
    url = 'url = PATH.sub(lambda found: "/speak/" + rename(found[1]), request.url)'
    project.change("parrot_provider.py", url, "url = 1 / 0")

    project.record("--llmregress-candidate=red", env=env, failed=2)

    assert project.problems()["test_says[sing]"] == ["not_rewritten", "bad_hook"]
    told = [each["message"] for each in project.found()["test_says[sing]"]["problems"]]
    assert "Parrot.rename_model raised ZeroDivisionError" in told[1]
    assert {model for model, _ in parrot.asked} == {"grey"}


def test_a_package_offers_it_to_runs_and_to_commands_alike(project, parrot, console, monkeypatch):
    files = {name: text for name, text in FILES.items() if name != "conftest.py"}
    site = project.root.parent / "site"
    dist = site / "parrot-1.0.dist-info"
    dist.mkdir(parents=True)
    (dist / "METADATA").write_text("Metadata-Version: 2.1\nName: parrot\nVersion: 1.0\n")
    offer = dist / "entry_points.txt"
    offer.write_text("[pytest_llmregress.providers]\nparrot = parrot_provider:Parrot\n")
    provider = files.pop("parrot_provider.py")
    (site / "parrot_provider.py").write_text(dedent(provider))
    path = str(site)
    url = f"http://127.0.0.1:{parrot.server_address[1]}"
    env = {"PARROT_URL": url, "PARROT_KEY": "real", "PYTHONPATH": path}
    monkeypatch.setenv("PYTHONPATH", path)

    project.write(files).record(env=env, passed=2)
    project.never_says("not understood")

    (cassette,) = project.root.glob("__llm__/test_it/says-hello-*.cassette.yaml")
    assert "grey" in console("show", str(cassette)).stdout

    offer.write_text("[pytest_llmregress.providers]\nparrot = parrot_provider:Nobody\n")
    project.run(env=env, errors=2)
    assert "bad_hook" in project.problems()["test_says[hello]"]
    shown = console("show", str(cassette))
    assert shown.returncode == 2
    assert "the provider parrot (parrot_provider:Nobody) cannot be loaded: " in shown.stderr
