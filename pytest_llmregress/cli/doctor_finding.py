"""What `doctor` finds: a fault or a note, where it is, and what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_llmregress.cli.selection import shorten

MAX_NAMED = 3
"""Files that a finding names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorFinding:
    """Something about the set-up."""

    fault: bool
    """Whether it has to be mended; otherwise it is good to know."""
    where: str
    what: str
    command: str = ""
    """What to do next; empty where there is nothing to do."""

    @property
    def line(self) -> str:
        """Return it whole, for people."""
        word = "FAULT" if self.fault else "note "
        return f"{word}  {self.where}: {self.what}{f'. {self.command}' if self.command else ''}"


def name_files(paths: Sequence[Path]) -> str:
    """Return the first files by name, and how many more there are."""
    rest = len(paths) - MAX_NAMED
    more = f" and {rest} more" if rest > 0 else ""
    return ", ".join(shorten(path) for path in paths[:MAX_NAMED]) + more
