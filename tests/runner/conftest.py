"""What the tests of whole runs share: the console script, as a user calls it."""

import subprocess
from collections.abc import Callable

import pytest

from forked_pytest import program

Console = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def console(project) -> Console:
    """Return what runs `pytest-llmregress` in the project."""

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*program("pytest-llmregress"), *arguments],
            cwd=project.root,
            capture_output=True,
            text=True,
            check=False,
        )

    return run
