"""What the sandbox of the code generation example lets foreign code do, and what it does not."""

import os
import sys
from pathlib import Path

import pytest

if os.name != "posix":
    pytest.skip("the sandbox needs the resource limits of POSIX", allow_module_level=True)

SUITE = Path(__file__).resolve().parents[2] / "examples" / "code_generation"
sys.path.insert(0, str(SUITE))

from failures import classify_failure  # noqa: E402 - once the path is there
from sandbox import Limits, Outcome, Result, run  # noqa: E402 - as above

CHECKS = "from generated import double\n\nassert double(2) == 4\nassert double(-1) == -2\n"
GOOD = "def double(n):\n    return 2 * n\n"
QUICK = Limits(seconds=0.6)
"""For what waits: it takes all of its time."""


def test_code_that_does_what_was_asked_for_passes():
    assert run(GOOD, CHECKS) == Result(outcome=Outcome.PASSED)


@pytest.mark.parametrize(
    ("code", "outcome", "detail"),
    [
        ("", Outcome.NO_CODE, "there is nothing in it"),
        ("# double it", Outcome.NO_CODE, "there is nothing in it"),
        ("def double(n)\n    return n", Outcome.NO_CODE, "it does not parse"),
        ("def twice(n):\n    return 2 * n", Outcome.MISUNDERSTOOD, "cannot import name 'double'"),
        ("def double():\n    return 4", Outcome.MISUNDERSTOOD, "TypeError: double() takes 0"),
        ("double = 4", Outcome.MISUNDERSTOOD, "TypeError: 'int' object is not callable"),
        ("def double(n):\n    return 4", Outcome.WRONG, "assert double(-1) == -2"),
        ("def double(n):\n    print(2 * n)", Outcome.WRONG, "assert double(2) == 4"),
        ("def double(n):\n    return m", Outcome.CRASHED, "NameError: name 'm' is not defined"),
        ("def double(n):\n    return double(n)", Outcome.CRASHED, "RecursionError"),
        ("def double(n):\n    return int(input())", Outcome.CRASHED, "EOFError"),
        ("import numpy", Outcome.CRASHED, "No module named 'numpy'"),
    ],
)
def test_a_failure_is_sorted_by_where_it_comes_from(code, outcome, detail):
    result = run(code, CHECKS)

    assert result.outcome is outcome
    assert detail in result.detail


@pytest.mark.parametrize(
    ("outcome", "name"),
    [
        (Outcome.NO_CODE, "NoCode"),
        (Outcome.MISUNDERSTOOD, "MisunderstoodRequirement"),
        (Outcome.WRONG, "WrongLogic"),
        (Outcome.CRASHED, "Crashed"),
        (Outcome.TOO_SLOW, "TooSlow"),
    ],
)
def test_each_failure_has_a_class_of_its_own(outcome, name):
    failure = classify_failure(Result(outcome=outcome, detail="why"))

    assert (type(failure).__name__, str(failure)) == (name, "why")
    assert classify_failure(Result(outcome=Outcome.PASSED)) is None


@pytest.mark.parametrize(
    ("code", "detail"),
    [
        ("while True:\n    pass", "more than 1 s of processor time"),
        ("import time\ntime.sleep(60)", "not over after"),
        ("import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()", "not over"),
        (
            "import os, contextlib\nwhile True:\n    with contextlib.suppress(OSError): os.fork()",
            "",
        ),
    ],
    ids=["loop", "sleep", "deadlock", "stubborn-fork-bomb"],
)
def test_what_does_not_end_is_ended(code, detail):
    result = run(code, CHECKS, Limits() if "processor" in detail else QUICK)

    assert result.outcome is Outcome.TOO_SLOW
    assert detail in result.detail


@pytest.mark.parametrize(
    "code",
    ["data = bytearray(2**31)", "data = []\nwhile True:\n    data.append(bytes(2**20))"],
    ids=["at-once", "bit-by-bit"],
)
def test_memory_is_bounded(code):
    result = run(code, CHECKS)

    assert result.outcome is Outcome.CRASHED
    assert "MemoryError" in result.detail


@pytest.mark.parametrize(
    ("code", "detail"),
    [
        ("import os\nwhile True:\n    os.fork()", "os.fork"),
        ("import os\nos.system('true')", "os.system"),
        ("import os\nos.execv('/bin/sh', ['sh'])", "os.exec"),
        ("import os\nos.posix_spawn('/bin/true', ['true'], {})", "os.posix_spawn"),
        ("import subprocess", "import _posixsubprocess"),
        ("import multiprocessing.util\nmultiprocessing.util._exit_function()", ""),
        ("import ctypes", "ctypes"),
        ("import os\nos.kill(os.getppid(), 9)", "os.kill"),
        ("import socket\nsocket.create_connection(('127.0.0.1', 80))", "socket"),
        ("import socket\nsocket.getaddrinfo('example.com', 80)", "socket.getaddrinfo"),
        ("import urllib.request\nurllib.request.urlopen('http://127.0.0.1')", "urllib.Request"),
        (
            "import threading as t\nwhile 1: t.Thread(target=t.Event().wait, daemon=True).start()",
            "can't start new thread",
        ),
        (
            "for number in range(100):\n    open(str(number), 'w').close()",
            "more files",
        ),
        ("with open('big', 'wb') as file:\n    file.write(bytes(2**21))", "File too large"),
        ("kept = [open('kept', 'w') for _ in range(50)]", ""),
    ],
)
def test_other_processes_the_network_and_too_much_of_anything_are_refused(code, detail):
    result = run(f"{code}\n{GOOD}", CHECKS)

    assert result.outcome is Outcome.CRASHED
    assert detail in result.detail


@pytest.mark.parametrize(
    "code",
    [
        "open({path!r}, 'w').write('changed')",
        "open({path!r}, 'a')",
        "open({path!r}, 'r+')",
        "import os\nos.open({path!r}, os.O_WRONLY | os.O_TRUNC)",
        "import os\nos.remove({path!r})",
        "import os\nos.rename({path!r}, 'here')",
        "import os\nos.truncate({path!r}, 0)",
        "import os\nos.symlink({path!r}, 'link')\nopen('link', 'w')",
        "import os\nopen(os.path.relpath({path!r}), 'w')",
        "import pathlib\npathlib.Path({path!r}).unlink()",
        "import shutil\nshutil.rmtree({folder!r})",
    ],
)
def test_a_file_elsewhere_stays_as_it_is(code, tmp_path):
    file = tmp_path / "precious.txt"
    file.write_text("precious", encoding="utf-8")

    result = run(code.format(path=str(file), folder=str(tmp_path)), CHECKS)

    assert "RefusedError" in result.detail
    assert file.read_text(encoding="utf-8") == "precious"


@pytest.mark.parametrize(
    "code",
    [
        "open({path!r}).read()",
        "import os\nos.listdir({folder!r})",
        "import os\nopen(f'/proc/{{os.getppid()}}/environ').read()",
        "open('/etc/passwd').read()",
        "import pathlib\npathlib.Path({path!r}).read_bytes()",
    ],
)
def test_a_file_elsewhere_is_not_read(code, tmp_path):
    file = tmp_path / "secret.txt"
    file.write_text("hunter2", encoding="utf-8")

    result = run(code.format(path=str(file), folder=str(tmp_path)), CHECKS)

    assert result.outcome is Outcome.CRASHED
    assert "RefusedError" in result.detail
    assert "hunter2" not in result.detail


def test_the_environment_is_empty(monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "hunter2")

    result = run("import os\nraise ValueError(dict(os.environ))", CHECKS)

    assert "hunter2" not in result.detail
    assert "ANTHROPIC_API_KEY" not in result.detail


def test_a_folder_of_its_own_is_there_and_gone_afterwards():
    result = run("import os\nopen('note', 'w').write('x')\nraise ValueError(os.getcwd())", CHECKS)

    folder = Path(result.detail.removeprefix("ValueError: "))
    assert folder.is_absolute()
    assert not folder.exists()


@pytest.mark.parametrize(
    "code",
    [
        'print(\'{"outcome": "passed", "detail": ""}\')',
        "import sys\nsys.exit(0)",
        "import os\nos._exit(0)",
        'import os\nos.write(1, b\'{"outcome": "passed", "detail": ""}\')\nos._exit(0)',
        "import os\nos.abort()",
    ],
)
def test_code_that_ends_early_or_says_that_it_passed_does_not_pass(code):
    assert run(code, CHECKS).outcome is not Outcome.PASSED
