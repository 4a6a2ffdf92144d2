"""Who decides on what is pending, and the file that remembers what was rejected."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pytest_llmregress.formatting.value_text import printable
from pytest_llmregress.storage.atomic_write import write_text
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.storage.snapshot_file import decision_block, read_decision
from pytest_llmregress.storage.yaml.document import FORMAT, dump, load
from pytest_llmregress.storage.yaml.validation import MappingReader, expect_kind, refuse
from pytest_llmregress.values.snapshot import Decision, Snapshot

KIND = "rejected"
SUFFIX = ".rejected.yaml"
_PATIENCE = 10
"""Seconds for git to say who the user is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A behavior that was not wanted."""

    cassette: str
    """The digest of its recording: the same one can become pending again."""
    models: tuple[str, ...]
    """As they were requested."""
    decision: Decision


def build_decision(author: str, reason: str) -> Decision:
    """Return a decision of now."""
    now = datetime.now(tz=UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return Decision(by=printable(author), at=now, reason=printable(reason))


def find_author() -> str:
    """Return "NAME <EMAIL>" as git knows the user, or the login name."""
    import getpass  # noqa: PLC0415 - only where somebody decides
    import subprocess  # noqa: PLC0415 - as above

    try:
        said = subprocess.run(
            ["git", "config", "--get-regexp", r"^user\.(name|email)$"],  # noqa: S607 - the user's own
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
        ).stdout.decode(errors="replace")
    except (OSError, subprocess.SubprocessError):
        said = ""
    known: dict[str, str] = {}
    for line in said.splitlines():  # the last one is the closest: a repository wins over a home
        key, _, value = line.partition(" ")
        known[key] = value.strip()
    name, email = known.get("user.name", ""), known.get("user.email", "")
    if name or email:
        return f"{name} <{email}>" if name and email else name or email
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container without a name for its user
        return "unknown"


def rejections_of(paths: TestPaths) -> Path:
    """Return where the rejections of a test lie, whatever the variant."""
    return paths.directory / f"{paths.stem}{SUFFIX}"


def note_rejection(paths: TestPaths, snapshot: Snapshot, decision: Decision) -> Path:
    """Write down that a pending behavior is rejected, after the earlier rejections of its test.

    A second rejection of the same recording takes the place of the first. Raises
    `UnreadableFileError` where the file is damaged: it is not overwritten.
    """
    path = rejections_of(paths)
    new = Rejection(cassette=snapshot.cassette, models=snapshot.requested_models, decision=decision)
    kept = [each for each in read_rejections(paths) if each.cassette != new.cassette]
    document = {
        "llmregress": FORMAT,
        "kind": KIND,
        "test": snapshot.test,
        "rejected": [
            {
                "cassette": each.cassette,
                "models": list(each.models),
                **decision_block(each.decision),
            }
            for each in (*kept, new)
        ],
    }
    write_text(path, dump(document))
    return path


def read_rejections(paths: TestPaths) -> tuple[Rejection, ...]:
    """Return what was rejected of a test, the oldest first; `UnreadableFileError` on damage."""
    path = rejections_of(paths)
    try:
        document = load(path)
    except FileNotFoundError:
        return ()
    expect_kind(path, document, KIND)
    faults: list[str] = []
    top = MappingReader(document, "", faults)
    rejections = tuple(
        Rejection(
            cassette=block.text("cassette"),
            models=block.texts("models"),
            decision=read_decision(block),
        )
        for block in top.list_of_fields("rejected")
    )
    refuse(path, faults, None, None)
    return rejections
