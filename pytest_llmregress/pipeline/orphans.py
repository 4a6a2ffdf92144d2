"""Recordings that no test asks for any more: of tests that are gone, or have another name now."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from glob import escape
from pathlib import Path

from pytest_llmregress.pipeline.config import TestIdentity
from pytest_llmregress.storage.cassette_file import read_cassette
from pytest_llmregress.storage.file_paths import TestPaths, build_test_paths, relative_to_root
from pytest_llmregress.storage.moving import list_files
from pytest_llmregress.storage.pending import find_folders
from pytest_llmregress.values.http import Request

SUFFIX = ".cassette.yaml"
MAX_READ = 200
"""Recordings of one folder that are read in search of a test's former name."""


def find_orphans(tests: Iterable[TestIdentity], *, root: Path) -> tuple[str, ...]:
    """Return the recordings beside the marked tests that belong to none of them.

    :param tests: those of the whole suite.
    :param root: the folder that the returned paths are relative to.
    """
    wanted: dict[Path, set[str]] = {}
    for test in tests:
        paths = build_test_paths(test.path, test.node_id, None)
        wanted.setdefault(paths.directory, set()).add(paths.stem)
    found = [
        path
        for folder in sorted({directory.parent for directory in wanted})
        for path in sorted(folder.glob(f"*/*{SUFFIX}"))
        if _stem(path) not in wanted.get(path.parent, ())
    ]
    return tuple(relative_to_root(path, root) for path in found)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerTest:
    """A recording of a request under a name that no test has any more."""

    cassette: Path
    file: Path
    """The test file that it was recorded for."""
    name: str
    """Of the test in it; empty where the file was moved, and all its tests with it."""
    sources: tuple[Path, ...]
    """Everything that goes along: the files of the test, or the folder of the test file."""
    targets: tuple[Path, ...]


def find_former_test(
    request: Request,
    test: TestIdentity,
    *,
    key_of: Callable[[Request], str],
    taken: Collection[tuple[Path, str]],
    left_behind: Iterable[Path],
) -> FormerTest | None:
    """Return which test of another name was recorded with this very request, or None.

    :param taken: folder and stem of each test that is there: what is theirs stays theirs.
    :param left_behind: the folders of test files that are gone.
    """
    paths = build_test_paths(test.path, test.node_id, None)
    key = key_of(request)
    for folder in (paths.directory, *left_behind):
        first = folder / f"{paths.stem}{SUFFIX}"  # a file that was moved keeps its tests' names
        others = sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: (path != first, path))
        for path in others[:MAX_READ]:
            stem = _stem(path)
            is_own = folder == paths.directory and stem == paths.stem
            if is_own or "@" in path.name or (folder, stem) in taken:
                continue
            try:
                recorded = read_cassette(path)
            except ValueError:
                continue
            if any(key_of(interaction.request) == key for interaction in recorded.interactions):
                return _describe_former(path, recorded.test, test, paths)
    return None


def find_left_behind(root: Path) -> tuple[Path, ...]:
    """Return the folders of recordings below a folder whose test file is not there any more."""
    return tuple(
        folder
        for folder in find_folders(root)
        if not any(path.is_file() for path in folder.parent.parent.glob(f"{escape(folder.name)}.*"))
    )


def _describe_former(cassette: Path, old: str, test: TestIdentity, paths: TestPaths) -> FormerTest:
    stem, name, folder = _stem(cassette), old.partition("::")[2], cassette.parent
    file = folder.parent.parent / f"{folder.name}{test.path.suffix}"
    if name == test.node_id.partition("::")[2]:
        return FormerTest(
            cassette=cassette,
            file=file,
            name="",
            sources=(cassette.parent,),
            targets=(paths.directory,),
        )
    sources = list_files(TestPaths(directory=cassette.parent, stem=stem))
    targets = (paths.directory / f"{paths.stem}{each.name[len(stem) :]}" for each in sources)
    return FormerTest(
        cassette=cassette, file=file, name=name, sources=sources, targets=tuple(targets)
    )


def _stem(path: Path) -> str:
    return path.name.removesuffix(SUFFIX).partition("@")[0]
