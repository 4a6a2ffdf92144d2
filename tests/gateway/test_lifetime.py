"""Servers and children that live longer, or shorter, than a test."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chat_stand import ChatStand

APP = """
    import json
    import os
    import sys
    import urllib.request
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    def ask(text, base=None):
        message = {"role": "user", "content": text}
        asked = {"model": "claude-opus-5", "max_tokens": 50, "messages": [message]}
        request = urllib.request.Request(
            (base or os.environ["ANTHROPIC_BASE_URL"]) + "/v1/messages",
            data=json.dumps(asked).encode(),
            headers={"anthropic-version": "1", "x-api-key": os.environ["ANTHROPIC_API_KEY"]},
        )
        with urllib.request.urlopen(request) as reply:
            return json.load(reply)["content"][0]["text"]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            said = (os.environ.get("BUG", "") + ask(f"[[say {self.path}]]")).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_):
            pass

    if __name__ == "__main__":
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        print(server.server_port, flush=True)
        server.serve_forever()
"""
SERVER = """
    import subprocess
    import sys
    import urllib.request

    import pytest
    from app import ask

    pytestmark = pytest.mark.llm(record="inline")

    @pytest.fixture(scope="session")
    def server():
        command = [sys.executable, "app.py"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
            process.terminate()

    def get(url):
        with urllib.request.urlopen(url) as reply:
            return reply.read().decode()

    def test_one(server):
        assert get(server + "/one") == "/one"

    def test_two(server):
        assert get(server + "/two") == "/two"

    def test_told_by_hand(llm_gateway):
        assert ask("[[say by hand]]", llm_gateway.url) == "by hand"

    def test_told_for_another_machine(llm_gateway):
        everywhere = llm_gateway.listen("0.0.0.0", name="127.0.0.1")
        assert everywhere.url != llm_gateway.url
        assert ask("[[say from afar]]", everywhere.env["ANTHROPIC_BASE_URL"]) == "from afar"
"""


@pytest.fixture(scope="module")
def served(module_project):
    """Return a project with an application in a process of its own, recorded."""
    return module_project.write(app=APP, test_it=SERVER).record(passed=4)


def test_an_application_in_its_own_process_runs_in_a_replay(served, tmp_path):
    asked = len(served.stand.requests)
    copy = served.copy(tmp_path).replay(passed=4)

    assert {name: found["mode"] for name, found in copy.found().items()} == dict.fromkeys(
        ["test_one", "test_two", "test_told_by_hand", "test_told_for_another_machine"], "replayed"
    )
    copy.never_says("unplayed")
    copy.replay("-k", "one or two", env={"BUG": "WRONG "}, failed=2, deselected=2)
    assert len(served.stand.requests) == asked


def test_workers_have_a_gateway_each(served, tmp_path):
    served.copy(tmp_path).replay("-n", "2", passed=4)


def test_two_runs_at_once_have_a_gateway_each(served, tmp_path_factory):
    copies = [served.copy(tmp_path_factory.mktemp(name)) for name in "ab"]
    asked = len(served.stand.requests)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda copy: copy.replay(passed=4), copies))

    assert len(served.stand.requests) == asked


LATE = """
    import subprocess
    import sys
    from pathlib import Path

    import pytest
    from app import ask

    CODE = "import time, pathlib, app\\n" \\
        "while not pathlib.Path('go').exists(): time.sleep(0.01)\\n" \\
        "print(app.ask('[[say late]]'))"
    CHILDREN = []

    @pytest.mark.llm(record="inline")
    def test_starts_a_child():
        assert ask("[[say a]]") == "a"
        CHILDREN.append(subprocess.Popen([sys.executable, "-c", CODE], stderr=subprocess.DEVNULL))

    @pytest.mark.llm(record="inline")
    def test_neighbour():
        Path("go").touch()
        CHILDREN.pop().wait()
        assert ask("[[say b]]") == "b"
"""


def test_a_child_that_outlives_its_replayed_test_fails_the_run_and_no_neighbour(project):
    project.write(app=APP, test_it=LATE).record(passed=2)
    assert [request.json["messages"][0]["content"] for request in project.stand.requests] == [
        "[[say a]]",
        "[[say late]]",
        "[[say b]]",
    ]

    (project.root / "go").unlink()
    project.replay(passed=2)

    assert project.exit_status == 1
    assert len(project.stand.requests) == 3
    project.says(
        "test_it.py::test_starts_a_child: a child process that it has started asked for POST "
        f"{project.stand.url}/v1/messages after the test was over, and was refused"
    )


NODE = """
    const asked = {
      model: "claude-opus-5", max_tokens: 50, stream: true,
      messages: [{role: "user", content: "[[say from node]]"}],
    };
    const reply = await fetch(process.env.ANTHROPIC_BASE_URL + "/v1/messages", {
      method: "POST", body: JSON.stringify(asked),
      headers: {"content-type": "application/json", "anthropic-version": "2023-06-01",
                "x-api-key": process.env.ANTHROPIC_API_KEY},
    });
    for (const line of (await reply.text()).split("\\n")) {
      const event = line.startsWith("data: ") ? JSON.parse(line.slice(6)) : {};
      if (event.delta && event.delta.text) process.stdout.write(event.delta.text);
    }
"""
STARTS_NODE = """
    import subprocess

    import pytest

    @pytest.mark.llm
    def test_it(llm_calls):
        assert subprocess.check_output(["node", "ask.mjs"], text=True) == "from node"
        assert llm_calls[0].text == "from node"
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_a_script_of_another_language_is_recorded_and_replayed(project):
    project.write({"ask.mjs": NODE}, test_it=STARTS_NODE).record(passed=1)

    project.offline().replay(passed=1)

    assert len(project.stand.requests) == 1


TWO_PROVIDERS = """
    import json
    import os
    import sys
    import urllib.request
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    ASKED = {
        "/claude": ("ANTHROPIC", "/v1/messages", "x-api-key", "{}"),
        "/gpt": ("OPENAI", "/chat/completions", "authorization", "Bearer {}"),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            vendor, path, header, form = ASKED[self.path]
            key = os.environ.get(f"{vendor}_API_KEY")
            if not key:  # as the SDKs do
                return self.send_error(500, f"{vendor}_API_KEY is not set")
            message = {"role": "user", "content": "[[say Hi.]]"}
            asked = {"model": self.path[1:], "max_tokens": 50, "messages": [message]}
            request = urllib.request.Request(
                os.environ[f"{vendor}_BASE_URL"] + path,
                data=json.dumps(asked).encode(),
                headers={"content-type": "application/json", header: form.format(key)},
            )
            with urllib.request.urlopen(request) as reply:
                said = reply.read()
            self.send_response(200)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_):
            pass

    if __name__ == "__main__":
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        print(server.server_port, flush=True)
        server.serve_forever()
"""
ONE_EACH = """
    import subprocess
    import sys
    import urllib.request

    import pytest

    pytestmark = pytest.mark.llm(record="inline")

    @pytest.fixture(scope="session")
    def server():
        command = [sys.executable, "app.py"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
            process.terminate()

    @pytest.mark.parametrize("vendor", ["claude", "gpt"])
    def test_it(server, vendor):
        with urllib.request.urlopen(f"{server}/{vendor}") as reply:
            assert "Hi." in reply.read().decode()
"""


@pytest.fixture
def chat():
    stand = ChatStand().start()
    yield stand
    stand.stop()


def test_an_application_has_the_keys_of_all_tests_that_it_serves(project, chat):
    address = {"OPENAI_BASE_URL": f"{chat.url}/v1"}
    key = {"OPENAI_API_KEY": "sk-nobody-0123456789abcdef"}  # llmregress: allow-secret
    project.write(app=TWO_PROVIDERS, test_it=ONE_EACH).record(env=address | key, passed=2)

    project.replay(env=address, passed=2)
    project.replay("-k", "gpt", env=address, passed=1, deselected=1)


FOLDERS = """
    import os
    import subprocess
    import sys
    from pathlib import Path

    import pytest
    from app import ask

    MAKE = "import os; made = os.environ['CLAUDE_CODE_TMPDIR']; os.makedirs(made); print(made)"

    @pytest.mark.llm(record="inline")
    def test_it():
        assert ask("[[say a]]") == "a"
        command = [sys.executable, "-c", MAKE]
        made = [subprocess.check_output(command, text=True).strip() for _ in range(2)]
        assert made[0] != made[1]
        Path("made.txt").write_text("\\n".join(made))
"""


def test_each_child_has_a_folder_that_is_gone_when_the_run_is_over(project):
    project.write(app=APP, test_it=FOLDERS).record(passed=1).replay(passed=1)

    assert [Path(made).parent.exists() for made in project.read("made.txt").split()] == [False] * 2
