"""What can be wrong with a file on disk, in words that say what to do next."""

import shlex
from pathlib import Path

_SNAPSHOT = ".snapshot.yaml"
_AGAIN, _RETAKE = "record it again", "take it from its recording again"
_RECORD, _ACCEPT = "--llmregress-record once", "--llmregress-accept"


def rerecord(test: str | None = None, candidate: str | None = None) -> str:
    """Return the command that records a test again; an ellipsis stands for an unknown test."""
    target = shlex.quote(test) if test else "…"
    option = f" --llmregress-candidate {shlex.quote(candidate)}" if candidate else ""
    return f"pytest {target}{option} {_RECORD}"


def retake(test: str | None = None) -> str:
    """Return the command that takes the snapshot of a test from the recording that is there."""
    return f"pytest {shlex.quote(test) if test else '…'} {_ACCEPT}"


def restore(test: str | None = None, candidate: str | None = None) -> str:
    """Return the advice for a file that is damaged; nobody else deletes it."""
    again = rerecord(test, candidate)
    return f"restore it from version control, or delete it and {_AGAIN}: {again}"


def of_another(test: str, cassette: str, snapshot: str, *, waits: bool) -> str:
    """Say of a snapshot that it was taken from another recording than the one beside it.

    Parameters: `cassette` and `snapshot`, the paths of both; `waits`, whether the snapshot of that
    recording waits for a decision.
    """
    if waits:
        return (
            "it belongs to another recording than the one beside it, whose own waits: accepting "
            f"that was interrupted. pytest-llmregress accept {shlex.quote(test)}"
        )
    files = f"{shlex.quote(cassette)} {shlex.quote(snapshot)}"
    return (
        "it belongs to another recording than the one beside it, as after a merge that took one "
        f"file from each branch; take both from one: git checkout BRANCH -- {files}, "
        f"or take the snapshot from the recording: {retake(test)}"
    )


class UnreadableFileError(ValueError):
    """A file that is there and cannot be read. It is never treated as empty, nor overwritten."""

    def __init__(
        self, path: Path, line: int | None, fault: str, *, advice: str | None = None
    ) -> None:
        self.path = path
        self.line = line
        """The first line is 1; None where the fault has no line."""
        self.fault = fault
        self.advice = restore() if advice is None else advice
        if path.name.endswith(_SNAPSHOT):  # its recording is there: nothing has to be asked again
            self.advice = self.advice.replace(_AGAIN, _RETAKE).replace(_RECORD, _ACCEPT)
        where = f"{path}" if line is None else f"{path}:{line}"
        super().__init__(f"{where}: {fault}; {self.advice}")


class ForeignFileError(UnreadableFileError):
    """A recording that another program has made, in a form of its own."""


class UnwritableValueError(ValueError):
    """A value that would not come back from a file as it is. Nothing was written."""


class SecretInFileError(ValueError):
    """A text that would carry a secret into a file. Nothing was written."""


class NotAcceptableError(ValueError):
    """Something pending that belongs to no recording there is. Nothing was changed."""
