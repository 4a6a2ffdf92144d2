"""What waits for a decision: found, accepted, rejected."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from pytest_llmregress.storage import recording_lock
from pytest_llmregress.storage.cassette_file import (
    digest_of,
    read_cassette,
    write_cassette,
)
from pytest_llmregress.storage.errors import NotAcceptableError, UnreadableFileError, rerecord
from pytest_llmregress.storage.file_paths import FOLDER, TestPaths
from pytest_llmregress.storage.snapshot_file import read_snapshot, write_snapshot
from pytest_llmregress.storage.yaml.document import load_header
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.snapshot import Decision, Snapshot

_FILE = re.compile(
    r"(?P<stem>[^@]+?)(?:@(?P<variant>.+?))?\.(?P<kind>cassette|snapshot)(?P<new>\.new)?\.yaml"
)
_T = TypeVar("_T")
_SKIPPED = frozenset({"node_modules", "site-packages", "__pycache__"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTest:
    """The files of one test."""

    test: str
    """The node id, as the files say it."""
    paths: TestPaths
    """Of the baseline."""
    cassette: bool
    """Whether there is an accepted recording."""
    snapshot: bool
    """Whether there is an accepted behavior."""
    candidates: tuple[str, ...]
    """The candidate models with a recording, as they were named on the command line."""
    pending: tuple[TestPaths, ...]
    """What waits for a decision, the baseline's first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTests:
    """What lies below a folder."""

    tests: tuple[StoredTest, ...]
    """In order of the node ids; a test of which no file can be read is not among them."""
    problems: tuple[UnreadableFileError, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    path: Path
    variant: str | None
    is_cassette: bool
    is_pending: bool


def find_stored_tests(root: Path) -> StoredTests:
    """Return the tests with files below a folder, and the files that cannot be read."""
    tests: list[StoredTest] = []
    problems: list[UnreadableFileError] = []
    for directory in find_folders(root):
        groups: dict[str, list[_File]] = {}
        for path in sorted(directory.iterdir()):
            if name := _FILE.fullmatch(path.name):  # whatever it is: a pipe is to be told
                file = _File(
                    path=path,
                    variant=name["variant"],
                    is_cassette=name["kind"] == "cassette",
                    is_pending=name["new"] is not None,
                )
                groups.setdefault(name["stem"], []).append(file)
        for stem, files in groups.items():
            stored = _stored(TestPaths(directory=directory, stem=stem), files, problems)
            if stored is not None:
                tests.append(stored)
    return StoredTests(
        tests=tuple(sorted(tests, key=lambda each: each.test)), problems=tuple(problems)
    )


def accept(paths: TestPaths, *, decision: Decision | None = None) -> tuple[Path, ...]:
    """Make what is pending the baseline, and return the files that were written for it.

    Parameters: `decision`, who accepts it and why; the accepted snapshot says so.

    Whatever instant a crash comes at, accepting again finishes the work: the pending snapshot is
    the last file to go, and its digest tells whether its recording is in place already. Without
    a pending snapshot the recording alone is promoted.

    Raises `UnreadableFileError` where a file that it would read or replace is damaged, and
    `NotAcceptableError` where the pending snapshot belongs to none of the recordings.
    """
    with deciding(paths):
        target = paths.of_baseline()
        snapshot = _if_there(paths.pending_snapshot, read_snapshot)
        _if_there(target.snapshot, read_snapshot)  # raises on damage: it is not overwritten
        accepted = _if_there(target.cassette, read_cassette)
        source, cassette = _source(paths, None if snapshot is None else snapshot.cassette)
        written: list[Path] = []
        if cassette is None and snapshot is not None:
            if accepted is None or digest_of(accepted) != snapshot.cassette:
                raise NotAcceptableError(_unacceptable(paths, snapshot))
            if accepted.candidate is not None:  # moved here, and not yet rewritten
                cassette = accepted
        if cassette is not None:
            write_cassette(target.cassette, replace(cassette, candidate=None))
            written.append(target.cassette)
        if snapshot is not None:
            write_snapshot(target.snapshot, replace(snapshot, pending=None, decision=decision))
            written.append(target.snapshot)
        if source is not None:
            source.unlink()
        paths.pending_snapshot.unlink(missing_ok=True)
        return tuple(written)


def reject(paths: TestPaths) -> tuple[Path, ...]:
    """Delete what is pending, and return the files that went; nothing accepted is touched."""
    deleted: list[Path] = []
    with deciding(paths):
        # The recording first: a snapshot without one cannot be accepted, the reverse can.
        for path in (paths.journal, paths.pending_cassette, paths.pending_snapshot):
            if path.exists():
                path.unlink()
                deleted.append(path)
    return tuple(deleted)


def deciding(paths: TestPaths) -> AbstractContextManager[None]:
    """Keep other processes from deciding on any variant of a test meanwhile; waits for them."""
    return recording_lock.hold(paths.directory / f"{paths.stem}.decision")


def waits(paths: TestPaths) -> bool:
    """Tell whether something of a variant waits for a decision."""
    return paths.has_pending_snapshot or paths.pending_cassette.exists()


def _source(paths: TestPaths, digest: str | None) -> tuple[Path | None, Cassette | None]:
    """Return the recording to promote: the pending one first, then a candidate's own."""
    places = [paths.pending_cassette]
    if paths.variant is not None:
        places.append(paths.cassette)
    for path in places:
        cassette = _if_there(path, read_cassette)
        if cassette is not None and digest in {None, digest_of(cassette)}:
            return path, cassette
    return None, None


def _unacceptable(paths: TestPaths, snapshot: Snapshot) -> str:
    candidate = None if snapshot.pending is None else snapshot.pending.candidate
    return (
        f"{paths.pending_snapshot}: it was taken from a recording that is not here "
        f"({snapshot.cassette[:15]}…); a snapshot is accepted together with its recording. "
        f"Reject it, and record again: {rerecord(snapshot.test, candidate)}"
    )


def _if_there(path: Path, read: Callable[[Path], _T]) -> _T | None:
    try:
        return read(path)
    except FileNotFoundError:
        return None


def find_folders(root: Path) -> Iterator[Path]:
    """Yield the folders with the files of one test file each, below a folder."""
    for name, folders, _ in os.walk(root):
        path = Path(name)
        if path.parent.name == FOLDER:
            folders.clear()
            yield path
            continue
        folders[:] = sorted(
            folder
            for folder in folders
            if not folder.startswith(".")
            and folder not in _SKIPPED
            and not (path / folder / "pyvenv.cfg").exists()
        )


def _stored(
    paths: TestPaths, files: list[_File], problems: list[UnreadableFileError]
) -> StoredTest | None:
    test = ""
    candidates: dict[str, str] = {}
    for file in files:
        try:
            header = load_header(file.path)
        except FileNotFoundError:  # another process has decided on it in this moment
            continue
        except UnreadableFileError as problem:
            problems.append(problem)
            header = {}
        if file.variant is not None and file.is_cassette:
            named = header.get("candidate")
            candidates.setdefault(file.variant, named if isinstance(named, str) else file.variant)
        if not test and isinstance(header.get("test"), str):
            test = header["test"]
    if not test:
        return None
    waiting = {file.variant for file in files if file.is_pending}
    kept = [file for file in files if file.variant is None and not file.is_pending]
    return StoredTest(
        test=test,
        paths=paths,
        cassette=any(file.is_cassette for file in kept),
        snapshot=any(not file.is_cassette for file in kept),
        candidates=tuple(candidates[variant] for variant in sorted(candidates)),
        pending=tuple(
            replace(paths, variant=variant)
            for variant in sorted(waiting, key=lambda variant: variant or "")
        ),
    )
