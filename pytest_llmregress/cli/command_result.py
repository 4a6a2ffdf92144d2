"""What a command of the console script has to say, and how it ended."""

from dataclasses import dataclass
from enum import IntEnum


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
