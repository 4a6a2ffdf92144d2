"""In a replay nothing leaves past the cassette, by whatever way, and the test that tries fails."""

import pytest

APP = """
import os, socket, threading

import anthropic, pytest

HOST, PORT = os.environ["ANTHROPIC_BASE_URL"].split("//")[1].split(":")
MODEL = {"model": "claude-opus-5", "max_tokens": 9}
LEFT = []


@pytest.fixture
def a_call():
    anthropic.Anthropic().messages.create(**MODEL, messages=[{"role": "user", "content": "hi"}])


@pytest.mark.llm
def test_a_raw_socket(a_call):
    try:
        with socket.create_connection((HOST, int(PORT))) as raw:
            raw.sendall(b"GET /v1/models HTTP/1.0\\r\\n\\r\\n")
            raw.recv(10)
    except BaseException:
        pass


@pytest.mark.llm
def test_a_look_up(a_call):
    if os.environ.get("OFFLINE"):
        socket.getaddrinfo("api.example.com", 443)


@pytest.mark.llm
def test_a_thread_that_goes_on(a_call):
    may_go = threading.Event()

    def go_on():
        may_go.wait()
        if os.environ.get("OFFLINE"):
            try:
                socket.create_connection((HOST, int(PORT)))
            except OSError:
                pass

    thread = threading.Thread(target=go_on)
    thread.start()
    LEFT.append((may_go, thread))


def test_not_marked():
    may_go, thread = LEFT.pop()
    may_go.set()
    thread.join()


@pytest.fixture
def llm_config(request):
    passed = [f"{HOST}:{PORT}", "localhost"]
    return {"pass_hosts": passed if "let_pass" in request.node.name else []}


@pytest.mark.llm
def test_what_is_let_pass(a_call):
    socket.create_connection((HOST, int(PORT))).close()
"""


def test_what_goes_past_the_cassette_is_refused_in_a_replay(project, stand):
    project.write(test_it=APP).record("--llmregress-concurrency=1", passed=5)
    asked = len(stand.requests)
    project.replay(env={"OFFLINE": "1"}, passed=3, failed=2)

    assert len(stand.requests) == asked
    assert project.problems() == {
        "test_a_raw_socket": ["refused"],
        "test_a_look_up": ["refused"],
    }
    project.says(
        "FAILED test_it.py::test_a_raw_socket - a connection to 127.0.0.1:",
        "test_it.py:18 in test_a_raw_socket was refused before a byte was sent",
        "a connection to api.example.com by test_it.py",
        'override the fixture llm_config, and return {"pass_hosts": ["api.example.com"]}',
        "problem: refused: test_it.py::test_a_thread_that_goes_on: a thread that it has started",
    )


def test_an_open_network_lets_a_replay_connect(project):
    project.write(test_it=APP).record("--llmregress-concurrency=1", passed=5)

    project.replay("--llmregress-network=open", "-k", "raw_socket", passed=1, deselected=4)


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_a_thread_that_goes_on_fails_the_run_though_its_test_has_passed(project, workers):
    project.write(test_it=APP).record("--llmregress-concurrency=1", passed=5)
    tests = ("test_it.py::test_a_thread_that_goes_on", "test_it.py::test_not_marked")
    project.replay(*workers, *tests, env={"OFFLINE": "1"}, passed=2)

    assert project.exit_status == 1
    project.says("problem: refused: test_it.py::test_a_thread_that_goes_on")
