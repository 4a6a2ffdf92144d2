"""pytest in a process of its own, forked from one that has the slow imports behind it.

Importing the SDK takes a second of CPU; a suite of several hundred such runs would take minutes
longer. The server process that forks them is single-threaded and has run no test.
"""

import gc
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import entry_points
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from pkgutil import walk_packages
from unittest import mock

import pytest_llmregress
from patience import PATIENCE

_WARM = "warm_process"
_HELPERS = str(Path(__file__).parent)


@cache
def _context() -> ForkServerContext:
    """Start the server that forks, with what most runs import: most of what a short run takes.

    What is imported when needed, and when not, is looked at by runs that are not forked.
    """
    plugins = [point.module for point in entry_points(group="pytest11")]
    found = walk_packages(pytest_llmregress.__path__, f"{pytest_llmregress.__name__}.")
    ours = [module.name for module in found if "cli" not in module.name.split(".")]
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pytest", *plugins, *ours, _WARM])
    with mock.patch.dict(os.environ, PYTHONPATH=_HELPERS):  # the server has no other search path
        forkserver.ensure_running()
    return context


def is_available() -> bool:
    """Whether this system can fork."""
    return "forkserver" in multiprocessing.get_all_start_methods()


def start_forked(
    arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str], output: Path
) -> BaseProcess:
    """Start pytest; its output goes to a file."""
    # What is imported already cannot be rewritten, which is none of the run's concern.
    quiet = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
    given = ([*quiet, *arguments], str(cwd), dict(env), str(output))
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


def _run(arguments: list[str], cwd: str, env: dict[str, str], output: str) -> None:
    # pytest collects garbage ten times at its end; what was imported before is none.
    gc.freeze()
    handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    # Whoever started the suite in the background had it ignored, and so would every run.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.path[0] = cwd  # as `python -m pytest` has it
    sys.argv = ["pytest", *arguments]
    import pytest

    status = int(pytest.main(arguments))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # what the tests leave running must not hold up the suite
