"""pytest in a process of its own, forked from one that has the slow imports behind it.

Importing the SDK takes a second of CPU; a suite of several hundred such runs would take minutes
longer. The server process that forks them is single-threaded and has run no test.
"""

import atexit
import gc
import json
import multiprocessing
import os
import runpy
import shlex
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import entry_points
from multiprocessing import connection, forkserver
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from pkgutil import walk_packages
from typing import Any
from unittest import mock

import pytest_llmregress
from patience import PATIENCE

_WARM = "warm_process"
_HELPERS = Path(__file__).resolve().parent
_ROOT = _HELPERS.parents[1]
_PROGRAMS = ("python", "pytest", "pytest-llmregress")


@cache
def _context() -> ForkServerContext:
    """Start the server that forks, with what most runs import: most of what a short run takes.

    What is imported when needed, and when not, is looked at by runs that are not forked.
    """
    plugins = [point.module for point in entry_points(group="pytest11")]
    found = walk_packages(pytest_llmregress.__path__, f"{pytest_llmregress.__name__}.")
    ours = [module.name for module in found if module.name != "pytest_llmregress.cli.__main__"]
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pytest", *plugins, *ours, _WARM])
    with mock.patch.dict(os.environ, PYTHONPATH=str(_HELPERS)):  # it has no other search path
        forkserver.ensure_running()
    return context


def is_available() -> bool:
    """Whether this system can fork."""
    return "forkserver" in multiprocessing.get_all_start_methods()


# --- pytest ----------------------------------------------------------------------------------


def start_forked(
    arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str], output: Path
) -> BaseProcess:
    """Start pytest; its output goes to a file."""
    python = shlex.join(program("python")) if "-n" in arguments else None
    given = (list(arguments), str(cwd), dict(env), str(output), python)
    process = _context().Process(target=_run, args=given)
    process.start()
    return process


def run_forked(
    arguments: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    output: Path,
) -> int:
    """Run pytest to its end. Return its exit status, negative for a signal."""
    process = start_forked(arguments, cwd=cwd, env=env, output=output)
    process.join(PATIENCE)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise TimeoutError(f"pytest {' '.join(arguments)} ran for more than {PATIENCE} s")
    return process.exitcode


def _run(
    arguments: list[str], cwd: str, env: dict[str, str], output: str, python: str | None
) -> None:
    handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    _become(cwd, env)
    _end(_pytest(arguments, python))


def _pytest(arguments: list[str], python: str | None) -> int:
    """Run pytest with plugins of this folder's, and with `python` for workers of xdist."""
    import pytest

    class Workers:
        @pytest.hookimpl(optionalhook=True)
        def pytest_xdist_setupnodes(self, specs: Any) -> None:
            for spec in specs:
                spec.python = python

    # What is imported already cannot be rewritten, which is none of the run's concern; and its
    # tests have an order, whatever plugins are installed for the tests around it.
    quiet = ["-W", "ignore::pytest.PytestAssertRewriteWarning", "-p", "no:randomly"]
    sys.argv = ["pytest", *quiet, *arguments]
    return int(pytest.main(sys.argv[1:], plugins=[Workers()] if python else []))


def _become(cwd: str, env: dict[str, str]) -> None:
    """Take over folder and environment of who asked for this process, as `python -m` does."""
    # pytest collects garbage ten times at its end; what was imported before is none.
    gc.freeze()
    # Whoever started the suite in the background had it ignored, and so would every run.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    # What the tests of this process have put there is nothing that a run of its own would find.
    own = (_ROOT / "tests", _ROOT / "examples")
    found = [each for each in sys.path if not any(map(Path(each).is_relative_to, own))]
    given = env.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:] = [cwd, *filter(None, given), *found]


def _end(status: int) -> None:
    """End this process; what it leaves running, such as a thread, must not hold up the suite."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


# --- programs that others start --------------------------------------------------------------


def program(name: str) -> list[str]:
    """Return what starts `python`, `pytest` or `pytest-llmregress` as a program that is forked.

    It is for who starts a process and speaks with it: a shell, or a run with workers. Where this
    system cannot fork, it is the program itself.
    """
    if not is_available():
        return [str(programs() / name)]
    return _program(programs(), name)


@cache
def programs() -> Path:
    """Return a folder for the front of PATH that holds these programs."""
    if not is_available():
        return Path(sys.executable).parent
    folder = Path(tempfile.mkdtemp(prefix="forked-"))  # short: so must be the name of a socket
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in _PROGRAMS:
        file = folder / name
        file.write_text(f'#!/bin/sh\nexec {shlex.join(_program(folder, name))} "$@"\n')
        file.chmod(0o755)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "socket"))
        listener.listen(64)
        _context().Process(target=_serve, args=(listener, folder), daemon=True).start()
    return folder


def _program(folder: Path, name: str) -> list[str]:
    shim = str(_HELPERS / "forked_shim.py")
    return [sys.executable, "-I", "-S", shim, str(folder / "socket"), name]


def _serve(listener: socket.socket, folder: Path) -> None:
    """Run programs until the tests have ended."""
    tests = multiprocessing.parent_process()
    assert tests is not None
    while tests.sentinel not in connection.wait([listener, tests.sentinel]):
        asked, _ = listener.accept()
        if not os.fork():
            listener.close()
            _answer(asked, folder)
        asked.close()
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    shutil.rmtree(folder, ignore_errors=True)


def _answer(asked: socket.socket, folder: Path) -> None:
    """Run a program, and tell the shim how it has ended."""
    size, streams, _, _ = socket.recv_fds(asked, 4, 3)
    with asked.makefile("rb") as file:
        order = json.loads(file.read(int.from_bytes(size, "big")))
    process = os.fork()
    if not process:
        asked.close()
        for number, handle in enumerate(streams):
            os.dup2(handle, number)
            os.close(handle)
        # A stream that is there remembers whether its file could be searched.
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - until it ends
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - as above
        sys.stderr = open(2, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115
        _become(order["cwd"], order["env"])
        try:
            status = _run_program(folder, *order["arguments"])
        except SystemExit as ended:
            status = int(ended.code or 0)
        _end(status)
    for handle in streams:
        os.close(handle)
    _, status = os.waitpid(process, 0)
    asked.sendall(os.waitstatus_to_exitcode(status).to_bytes(4, "big", signed=True))
    os._exit(0)


def _run_program(folder: Path, name: str, *arguments: str) -> int:
    match name, *arguments:
        case "python", "-m", "pytest", *given:
            return _pytest(given, shlex.join(_program(folder, "python")))
        case ("python", "-c", code, *given) | ("python", "-u", "-c", code, *given):
            sys.argv = ["-c", *given]
            exec(code, {"__name__": "__main__"})
            return 0
        case "python", script, *given if script.endswith(".py"):
            sys.path[0] = str(Path(script).resolve().parent)
            sys.executable = str(folder / "python")  # what the script starts is forked as well
            sys.argv = [script, *given]
            runpy.run_path(script, run_name="__main__")
            return 0
        case "python", *_:
            os.execv(sys.executable, [sys.executable, *arguments])
        case "pytest", *given:
            return _pytest(given, shlex.join(_program(folder, "python")))
    from pytest_llmregress.cli.main import main

    return main(list(arguments))
