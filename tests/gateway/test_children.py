"""Child processes of marked tests: recorded and replayed like the test's own calls."""

import sys

import pytest

APP = """
    import json
    import os
    import sys
    import urllib.request

    def ask(text):
        message = {"role": "user", "content": text}
        asked = {"model": "claude-opus-5", "max_tokens": 50, "messages": [message]}
        request = urllib.request.Request(
            os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages",
            data=json.dumps(asked).encode(),
            headers={
                "content-type": "application/json",
                "anthropic-version": "2023-06-01",
                "x-api-key": os.environ["ANTHROPIC_API_KEY"],
            },
        )
        with urllib.request.urlopen(request) as reply:
            return json.load(reply)["content"][0]["text"]

    if __name__ == "__main__":
        print(ask(sys.argv[1]))
"""
TESTS = """
    import asyncio
    import multiprocessing
    import os
    import pty
    import subprocess
    import sys
    import threading

    import pytest
    from app import ask

    pytestmark = pytest.mark.llm(record="inline")
    ANSWER = "Paris is nice."
    ASK = "[[say Paris is nice.]]"
    COMMAND = [sys.executable, "app.py", ASK]

    def put(queue):
        queue.put(ask(ASK))

    def multi(method):
        context = multiprocessing.get_context(method)
        queue = context.Queue()
        process = context.Process(target=put, args=(queue,))
        process.start()
        said = queue.get(timeout=60)
        process.join()
        return said

    def read_pty(pid, fd):
        said = b""
        try:
            while piece := os.read(fd, 1000):
                said += piece
        except OSError:
            pass
        os.waitpid(pid, 0)
        return said.decode().strip()

    def test_fork():
        assert ask("[[say hi]]") == "hi"
        assert multi("fork") == ANSWER

    def test_spawn():
        assert multi("spawn") == ANSWER

    def test_forkserver():
        assert multi("forkserver") == ANSWER

    def test_subprocess():
        assert ask("[[say hi]]") == "hi"
        assert subprocess.check_output(COMMAND, text=True).strip() == ANSWER

    def test_subprocess_with_an_environment():
        given = {"PATH": os.environ["PATH"], "ANTHROPIC_API_KEY": os.environ["ANTHROPIC_API_KEY"],
                 "ANTHROPIC_BASE_URL": os.environ["ANTHROPIC_BASE_URL"]}
        assert subprocess.check_output(COMMAND, text=True, env=given).strip() == ANSWER

    def test_shell():
        assert os.system(f"{sys.executable} app.py '{ASK}' > said.txt") == 0
        assert open("said.txt").read().strip() == ANSWER

    def test_asyncio():
        async def run():
            child = await asyncio.create_subprocess_exec(*COMMAND, stdout=subprocess.PIPE)
            return (await child.communicate())[0].decode().strip()
        assert asyncio.run(run()) == ANSWER

    def test_posix_spawn():
        read, write = os.pipe()
        action = [(os.POSIX_SPAWN_DUP2, write, 1)]
        pid = os.posix_spawn(sys.executable, COMMAND, os.environ, file_actions=action)
        os.close(write)
        assert os.waitpid(pid, 0)[1] == 0
        assert os.read(read, 1000).decode().strip() == ANSWER

    def test_pty():
        pid, fd = pty.fork()
        if pid == 0:
            os.execv(sys.executable, COMMAND)
        assert read_pty(pid, fd) == ANSWER

    def test_child_that_hides_its_failure():
        subprocess.run([*COMMAND[:2], ASK + os.environ.get("CHANGED", "")], check=False)
"""
HOW = [
    "fork",
    "spawn",
    "forkserver",
    "subprocess",
    "subprocess_with_an_environment",
    "shell",
    "asyncio",
    "posix_spawn",
    "pty",
    "child_that_hides_its_failure",
]


@pytest.fixture(scope="module")
def recorded(module_project):
    """Return a project whose children were recorded; the server still listens."""
    module_project.write(app=APP, test_it=TESTS).record(passed=len(HOW))
    module_project.asked = len(module_project.stand.requests)
    return module_project


@pytest.fixture(scope="module")
def replayed(recorded, tmp_path_factory):
    """Return a copy, replayed where a key and the server are there, and one prompt is another."""
    copy = recorded.copy(tmp_path_factory.mktemp("replayed"))
    copy.asked = recorded.asked
    return copy.replay("-rA", env={"ANTHROPIC_API_KEY": "sk-any", "CHANGED": "?"})


@pytest.mark.parametrize("how", HOW)
def test_a_call_of_a_child_is_recorded(recorded, how):
    found = recorded.found()[f"test_{how}"]

    assert (found["mode"], found["accepted"], found["problems"]) == ("recorded", True, [])


def test_calls_of_both_kinds_are_one_sequence(recorded):
    cassette = recorded.read("__llm__/test_it/subprocess.cassette.yaml")

    assert recorded.asked == len(HOW) + 2
    assert cassette.index("[[say hi]]") < cassette.index("[[say Paris is nice.]]")
    assert f"{recorded.stand.url}/v1/messages" in cassette
    assert "/llm/" not in cassette


def test_a_replay_answers_each_child_and_sends_nothing(replayed):
    assert replayed.outcomes == {"passed": len(HOW) - 1, "failed": 1}
    assert len(replayed.stand.requests) == replayed.asked


def test_a_miss_of_a_child_fails_its_test_whatever_the_child_ends_with(replayed):
    replayed.says(
        "FAILED test_it.py::test_child_that_hides_its_failure ",
        f"no recorded answer to POST {replayed.stand.url}/v1/messages",
        f"asked in  {sys.executable} app.py [[say",
        "started in test_it.py:",
    )

    assert replayed.problems() == {"test_child_that_hides_its_failure": ["no_match"]}


def test_no_child_asks_the_old_model_where_there_is_a_candidate(recorded, tmp_path):
    copy = recorded.copy(tmp_path)
    asked = len(copy.stand.requests)

    chosen = ("-k", "fork or spawn or pty")
    copy.record("--llmregress-candidate=claude-new", *chosen, passed=5, deselected=5)

    models = {request.json["model"] for request in copy.stand.requests[asked:]}
    assert models == {"claude-new"}


FALLBACK = """
    import subprocess
    import sys

    import pytest
    from app import ask

    @pytest.mark.llm
    @pytest.mark.parametrize("name", ["one", "two"])
    def test_it(name):
        command = [sys.executable, "app.py", f"[[say {name}]]"]
        try:
            assert subprocess.check_output(command, text=True).strip() == name
        except subprocess.CalledProcessError:
            ask("[[say a fallback]]")
"""


def test_a_child_that_gets_no_answer_while_its_test_is_tried_leads_to_no_other_call(project):
    project.write(app=APP, test_it=FALLBACK).record(passed=2)

    asked = [request.json["messages"][0]["content"] for request in project.stand.requests]
    assert sorted(asked) == ["[[say one]]", "[[say two]]"]


AWAY = """
    import os
    import subprocess
    import sys

    import pytest
    from app import ask

    @pytest.mark.llm(record="inline")
    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_it(scheme):
        assert ask("[[say hi]]") == "hi"
        if "AWAY" in os.environ:
            given = {**os.environ, "ANTHROPIC_BASE_URL": "http://unused"}
            code = f"import urllib.request as u; u.urlopen('{scheme}://api.example.com/v1/x')"
            subprocess.run([sys.executable, "-c", code], env=given, check=False)
"""


@pytest.mark.parametrize("run", ["replay", "record"])
def test_a_child_that_names_another_host_is_refused_in_a_replay(project, run):
    project.write(app=APP, test_it=AWAY).record(passed=2)

    # A run that may record replays what is recorded.
    getattr(project, run)(env={"AWAY": "1"}, failed=2)

    assert project.problems() == {"test_it[http]": ["refused"], "test_it[https]": ["refused"]}
    project.says(
        "FAILED test_it.py::test_it[https] - a connection to api.example.com:443 by ",
        "started in test_it.py:",
        'return {"pass_hosts": ["api.example.com',
    )
