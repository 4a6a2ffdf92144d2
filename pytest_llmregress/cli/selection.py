"""Finds the stored tests that a path, or a node id, on the command line stands for."""

import os
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pytest_llmregress.storage.errors import UnreadableFileError, of_another
from pytest_llmregress.storage.file_paths import FOLDER
from pytest_llmregress.storage.pending import StoredTest, find_stored_tests
from pytest_llmregress.storage.snapshot_file import read_snapshot
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.snapshot import Snapshot

JOURNAL = ".part.jsonl"
"""How the name of a journal ends."""
_STEM = re.compile(r"(?P<stem>[^@]+?)(?:@.+?)?\.(?:cassette|snapshot)(?:\.new)?\.yaml")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProblem:
    """A path that could not be used."""

    path: str
    line: int | None
    what: str
    """The fault, and what to do about it."""

    @property
    def message(self) -> str:
        """Return it whole, for people."""
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{where}: {self.what}"


@dataclass(slots=True, kw_only=True)
class FileProblems:
    """Collects problems, one a file: a damaged file may be met more than once."""

    by_path: dict[str, FileProblem] = field(default_factory=dict)

    def add(self, error: UnreadableFileError) -> None:
        """Take a file that cannot be read."""
        path = shorten(error.path)
        problem = FileProblem(path=path, line=error.line, what=f"{error.fault}; {error.advice}")
        self.by_path.setdefault(path, problem)

    def add_missing(self, path: Path) -> None:
        """Take a path that leads nowhere."""
        what = "there is no such file or folder"
        self.by_path.setdefault(str(path), FileProblem(path=str(path), line=None, what=what))

    def read(self, path: Path, reader: Callable[[Path], _T]) -> _T | None:
        """Return what a reader makes of a file; None where there is none, or no whole one."""
        try:
            return reader(path)
        except FileNotFoundError:
            return None
        except UnreadableFileError as error:
            self.add(error)
            return None

    def add_unasked(self, path: Path, candidate: str, wrong: Sequence[str]) -> None:
        """Take the recording of a candidate that asked for other models."""
        problem = unasked(path, candidate, wrong)
        self.by_path.setdefault(problem.path, problem)

    @property
    def messages(self) -> tuple[str, ...]:
        """All of them, for people."""
        return tuple(problem.message for problem in self.by_path.values())


def shorten(path: Path) -> str:
    """Return a path relative to the current folder if it is below it, "/" between folders."""
    path, here = resolve(path), Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()


def resolve(path: Path) -> Path:
    """Return a path without links to folders; a file keeps its name, also where it is a link."""
    is_file = path.is_symlink() and not path.is_dir()
    # Before Python 3.13 Path.resolve raises at a loop of links.
    return (
        Path(os.path.realpath(path.parent), path.name) if is_file else Path(os.path.realpath(path))
    )


def unasked(path: Path, candidate: str, wrong: Sequence[str]) -> FileProblem:
    """Return what is wrong with a candidate's recording that asked for other models."""
    file = shorten(path)
    what = (
        f"it asked for {', '.join(wrong)}, not for {candidate}; remove it. "
        f"pytest-llmregress prune {shlex.quote(file)} --delete"
    )
    return FileProblem(path=file, line=None, what=what)


def find_other(
    test: StoredTest, cassette: Cassette | None, snapshot: Snapshot | None
) -> str | None:
    """Say that the snapshot of a test belongs to another recording; None where it does not."""
    paths = test.paths
    if cassette is None or snapshot is None or cassette.digest == snapshot.cassette:
        return None
    waiting = FileProblems().read(paths.pending_snapshot, read_snapshot)
    waits = waiting is not None and waiting.cassette == cassette.digest
    return of_another(test.test, shorten(paths.cassette), shorten(paths.snapshot), waits=waits)


def select(paths: Iterable[Path], problems: FileProblems) -> tuple[StoredTest, ...]:
    """Return the tests below folders, of test files, and of files of ours; no test twice."""
    tests: dict[tuple[Path, str], StoredTest] = {}
    for path in paths:
        if not os.path.lexists(path):
            problems.add_missing(path)
            continue
        folder, stem = _find_place(resolve(path))
        found = find_stored_tests(folder)
        for problem in found.problems:
            if stem is None or stem == _stem_of(problem.path):
                problems.add(problem)
        for test in found.tests:
            if stem in {None, test.paths.stem}:
                tests.setdefault((test.paths.directory, test.paths.stem), test)
    return tuple(sorted(tests.values(), key=lambda test: test.test))


def journals_below(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Return what interrupted recordings have left below folders, of test files, beside files."""
    found: dict[Path, None] = {}
    for path in paths:
        found |= dict.fromkeys(files_below(resolve(path), JOURNAL))
    return tuple(found)


def files_below(path: Path, ending: str) -> Iterator[Path]:
    """Yield the files of ours with an ending, which are no tests by themselves."""
    if path.is_file():
        own = path.parent.parent.name == FOLDER
        path = path.parent if own else path.parent / FOLDER / path.stem
    for name, folders, files in os.walk(path):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        if Path(name).parent.name == FOLDER:
            yield from (Path(name, file) for file in sorted(files) if file.endswith(ending))


def select_target(target: str) -> tuple[StoredTest, ...]:
    """Return the tests that a node id or a path stands for; none where it stands for none.

    A node id is one of the current folder, or as the files say it: that of the root directory.
    """
    file, is_node, name = target.partition("::")
    unheard = FileProblems()  # of files that nobody asked for
    found: tuple[StoredTest, ...] = ()
    if file and Path(file).exists():
        tests = select([Path(file)], unheard)
        found = tuple(t for t in tests if not is_node or t.test.partition("::")[2] == name)
    return found or tuple(t for t in select([Path()], unheard) if t.test == target)


def _find_place(path: Path) -> tuple[Path, str | None]:
    """Return the folder that a path stands for, and the stem of a test; None for all of them."""
    if path.is_dir():
        return path, None
    if path.parent.parent.name == FOLDER:
        return path.parent, _stem_of(path)
    return path.parent / FOLDER / path.stem, None


def _stem_of(path: Path) -> str:
    """Return the stem of the test that a file is of; empty for any other file."""
    name = _STEM.fullmatch(path.name)
    return name["stem"] if name else ""
