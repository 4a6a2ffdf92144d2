"""What the tests of whole runs share: the console script, as a user calls it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Console = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def console(project) -> Console:
    """Return what runs `pytest-llmregress` in the project, the one installed for this Python."""
    script = Path(sys.executable).with_name("pytest-llmregress")

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [script, *arguments], cwd=project.root, capture_output=True, text=True, check=False
        )

    return run
