"""The only way from the console script to the screen: all of it is spelled out here.

Nothing that a model, a test or a file name says reaches the terminal, or the log of a CI system, as
something that it would obey. What `review` draws goes through `Screen.paint`, which does the same.
"""

import os
import shutil
import sys
from dataclasses import dataclass
from enum import IntEnum
from typing import TextIO

from pytest_llmregress.formatting.control_characters import escape_controls
from pytest_llmregress.formatting.text_table import WIDTH


class ExitStatus(IntEnum):
    """The exit status."""

    FINE = 0
    PENDING = 1
    """Something waits for a decision."""
    FAILED = 2
    """A usage that cannot be, or something that could not be judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """The end of a command."""

    status: ExitStatus
    lines: tuple[str, ...] = ()
    """For standard output."""
    problems: tuple[str, ...] = ()
    """For standard error; each starts with where it is."""


PROGRAM = "pytest-llmregress"


def print_result(result: CommandResult) -> None:
    """Print what a command says; a reader that has gone, such as `head`, is no error."""
    try:
        for line in result.lines:
            sys.stdout.write(f"{escape_controls(line)}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered would fail again when the interpreter closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    for problem in result.problems:
        for line in f"{PROGRAM}: {problem}".split("\n"):
            sys.stderr.write(f"{escape_controls(line)}\n")


def say(line: str) -> None:
    """Print a line while a command is still at work."""
    sys.stdout.write(f"{escape_controls(line)}\n")
    sys.stdout.flush()


def survive_any_text() -> None:
    """Let a terminal that knows no "→" show an escape instead of ending the script."""
    for stream in (sys.stdout, sys.stderr):
        _survive_any_text(stream)


def width() -> int:
    """Return the columns that a line may take."""
    return shutil.get_terminal_size((WIDTH, 24)).columns if sys.stdout.isatty() else WIDTH


def _survive_any_text(stream: TextIO) -> None:
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
