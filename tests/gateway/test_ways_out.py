"""Ways out of a replayed test: each is refused before it connects, and told with host and line.

The server that the suite was recorded from still listens, and says who has come.
"""

import shutil
import subprocess
import sys
from importlib.util import find_spec

import pytest

SUITE = """
    import asyncio
    import multiprocessing
    import os
    import socket
    import subprocess
    import sys
    import threading
    import urllib.request
    from http.client import HTTPConnection

    import pytest
    from anthropic import Anthropic

    PLACE = os.environ["STAND"]  # children have another ANTHROPIC_BASE_URL
    URL = f"http://{PLACE}"
    HOST, PORT = PLACE.split(":")
    ELSEWHERE = ("192.0.2.1", 9)  # nobody has that address

    def connect():
        socket.create_connection((HOST, int(PORT))).close()

    def send():
        with socket.socket(type=socket.SOCK_DGRAM) as each:
            each.sendto(b"x", ELSEWHERE)

    def by_http_client():
        connection = HTTPConnection(PLACE)
        connection.request("GET", "/out")
        connection.getresponse()

    def by_websocket():
        from websockets.sync.client import connect
        connect(f"ws://{PLACE}/out", open_timeout=5)

    def fork():
        child = os.fork()
        if child == 0:
            try:
                connect()
            finally:
                os._exit(0)
        os.waitpid(child, 0)

    def multi(method):
        process = multiprocessing.get_context(method).Process(target=connect)
        process.start()
        process.join()

    def run(*command):
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def python(code, *options):
        run(sys.executable, *options, "-c", f"import socket, asyncio, urllib.request as u; {code}")

    def node(code):
        run("node", "-e", code)

    NO_PROXY = "u.build_opener(u.ProxyHandler({})).open"
    WAYS = {
        "urllib": lambda: urllib.request.urlopen(f"{URL}/out"),
        "http.client": by_http_client,
        "websocket": by_websocket,
        "socket": connect,
        "datagram": send,
        "look-up": lambda: socket.getaddrinfo("example.com", 443),
        "asyncio": lambda: asyncio.run(asyncio.open_connection(HOST, PORT)),
        "fork": fork,
        "multiprocessing-fork": lambda: multi("fork"),
        "multiprocessing-spawn": lambda: multi("spawn"),
        "curl": lambda: run("curl", "http://example.com/out"),
        "python": lambda: python(f"{NO_PROXY}('{URL}/out')"),
        "python-socket": lambda: python(f"socket.create_connection(('{HOST}', {PORT}))"),
        "python-asyncio": lambda: python(f"asyncio.run(asyncio.open_connection('{HOST}', {PORT}))"),
        "python-datagram": lambda: python(f"socket.socket(type=2).sendto(b'x', {ELSEWHERE})"),
        "python-look-up": lambda: python("socket.gethostbyname('example.com')"),
        "python-of-a-shell": lambda: run("sh", "-c", f"{sys.executable} app.py"),
        "node-fetch": lambda: node(f"fetch('{URL}/out').catch(() => 0)"),
        "node-http": lambda: node(f"require('http').get('{URL}/out').on('error', () => 0)"),
        "node-socket": lambda: node(
            f"require('net').connect({PORT}, '{HOST}').on('error', () => 0)"
        ),
        "node-datagram": lambda: node(
            "const s = require('dgram').createSocket('udp4');"
            "s.send('x', 9, '192.0.2.1', () => s.close())"
        ),
        "node-look-up": lambda: node("require('dns').lookup('example.com', () => 0)"),
        "node-resolver": lambda: node(
            "import('node:dns/promises').then((d) => d.resolve4('example.com')).catch(() => 0)"
        ),
    }

    @pytest.mark.llm(record="inline")
    @pytest.mark.parametrize("way", WAYS)
    def test_out(way):
        message = {"role": "user", "content": "[[say hi]]"}
        Anthropic().messages.create(model="claude-opus-5", max_tokens=9, messages=[message])
        if "GO" in os.environ:
            try:
                WAYS[way]()
            except Exception:
                pass
"""
APP = """
    import os
    import socket

    host, port = os.environ["STAND"].split(":")
    socket.create_connection((host, int(port)))
"""
STAND, ELSEWHERE, NAMED = "127.0.0.1:", "192.0.2.1:9", "example.com"
PLACES = {
    "urllib": STAND,
    "http.client": STAND,
    "websocket": STAND,
    "socket": STAND,
    "datagram": ELSEWHERE,
    "look-up": NAMED,
    "asyncio": STAND,
    "fork": STAND,
    "multiprocessing-fork": STAND,
    "multiprocessing-spawn": STAND,
    "curl": NAMED,
    "python": STAND,
    "python-socket": STAND,
    "python-asyncio": STAND,
    "python-datagram": ELSEWHERE,
    "python-look-up": NAMED,
    "python-of-a-shell": STAND,
    "node-fetch": STAND,
    "node-http": STAND,
    "node-socket": STAND,
    "node-datagram": ELSEWHERE,
    "node-look-up": NAMED,
    "node-resolver": NAMED,
}
"""What is named, by the way out."""


@pytest.fixture(scope="module")
def replayed(module_project):
    """Return a project whose tests go out in a replay; nobody but the recording has come."""
    place = {"STAND": module_project.stand.url.partition("//")[2]}
    module_project.write(test_it=SUITE, app=APP).record(env=place, passed=len(PLACES))
    module_project.came = len(module_project.stand.requests), module_project.stand.connections
    return module_project.replay("-rA", env={"GO": "1", **place})


@pytest.mark.parametrize("way", PLACES)
def test_a_way_out_fails_its_test_and_is_told_with_host_and_line(replayed, way):
    program = way.partition("-")[0]
    if program in {"node", "curl"} and shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    if way == "websocket" and find_spec("websockets") is None:
        pytest.skip("websockets is not installed")

    (problem,) = replayed.found()[f"test_out[{way}]"]["problems"]
    by_http = way in {"urllib", "http.client"}
    assert problem["code"] == ("no_match" if by_http else "refused")
    assert PLACES[way] in problem["message"]
    assert by_http or "test_it.py:" in problem["message"]


def test_nothing_has_reached_the_server(replayed):
    assert (len(replayed.stand.requests), replayed.stand.connections) == replayed.came


# --- what a child of a replay loads ------------------------------------------------------------

OWN = """
    import os
    import subprocess
    import sys

    import pytest
    from anthropic import Anthropic

    @pytest.mark.llm(record="inline")
    def test_it(tmp_path):
        message = {"role": "user", "content": "[[say hi]]"}
        Anthropic().messages.create(model="claude-opus-5", max_tokens=9, messages=[message])
        (tmp_path / "sitecustomize.py").write_text("import sys; sys.own = True")
        given = {**os.environ, "PYTHONPATH": str(tmp_path)}
        code = "import sys, sitecustomize; print(sys.own, sys.path[1:2], sitecustomize.__file__)"
        said = subprocess.check_output([sys.executable, "-c", code], env=given, text=True)
        assert said.split()[0] == "True"
        assert said.count(str(tmp_path)) == 2
        assert "child_guard" not in said
        code = "import sys; print(any('child_guard' in each for each in sys.path))"
        assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\\n"
"""


def test_a_child_has_the_sitecustomize_and_the_path_that_it_was_to_have(project):
    project.write(test_it=OWN).record(passed=1).replay(passed=1)


PASSED = """
    import os
    import subprocess
    import sys

    import pytest
    from anthropic import Anthropic

    @pytest.fixture
    def llm_config():
        return {"pass_hosts": ["192.0.2.1:9"]}

    PYTHON = "import socket; socket.socket(type=2).sendto(b'x', ('192.0.2.1', 9))"
    NODE = "require('dgram').createSocket('udp4').send('x', 9, '192.0.2.1', () => process.exit())"

    @pytest.mark.llm(record="inline")
    @pytest.mark.parametrize("command", [[sys.executable, "-c", PYTHON], ["node", "-e", NODE]])
    def test_it(command):
        message = {"role": "user", "content": "[[say hi]]"}
        Anthropic().messages.create(model="claude-opus-5", max_tokens=9, messages=[message])
        subprocess.run(command, stderr=subprocess.DEVNULL)  # there may be no network
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_a_child_may_connect_to_what_passes(project):
    project.write(test_it=PASSED).record(passed=2).replay(passed=2)


ATEXIT = """
    import atexit
    import socket

    import pytest
    from anthropic import Anthropic

    @pytest.mark.llm(record="inline")
    def test_it():
        message = {"role": "user", "content": "[[say hi]]"}
        Anthropic().messages.create(model="claude-opus-5", max_tokens=9, messages=[message])
        atexit.register(say_goodbye)

    def say_goodbye():
        try:
            socket.create_connection(("192.0.2.1", 9), 1)
        except OSError:
            pass
"""


def test_what_a_test_leaves_for_the_end_of_the_process_is_refused_and_told(project):
    project.write(test_it=ATEXIT).record(passed=1)

    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly"],
        cwd=project.root,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "1 passed" in ran.stdout
    assert (
        "test_it.py::test_it: an atexit handler that it has started asked for 192.0.2.1:9"
        in ran.stderr
    )
