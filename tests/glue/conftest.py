"""What the tests of whole runs share: the console script, as a user calls it."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def console(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    """Return what runs `pytest-llmregress`, the one that is installed for this Python."""
    script = Path(sys.executable).with_name("pytest-llmregress")
    return lambda *arguments: pytester.run(script, *arguments)
