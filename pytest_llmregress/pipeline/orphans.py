"""Recordings that no test asks for any more: of tests that are gone, or have another name now."""

from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from pytest_llmregress.pipeline.config import TestIdentity
from pytest_llmregress.storage.cassette_file import read_cassette
from pytest_llmregress.storage.file_paths import TestPaths, build_test_paths, relative_to_root
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


def find_former_name(
    request: Request,
    paths: TestPaths,
    *,
    key_of: Callable[[Request], str],
    root: Path,
    taken: Collection[tuple[Path, str]],
) -> str | None:
    """Return the commands that move another test's recording of this very request, or None.

    :param taken: folder and stem of each test that is there: what is theirs stays theirs.
    """
    key = key_of(request)
    others = sorted(paths.directory.glob(f"*{SUFFIX}"))[:MAX_READ]
    for path in others:
        stem = _stem(path)
        if stem == paths.stem or "@" in path.name or (path.parent, stem) in taken:
            continue
        try:
            recorded = read_cassette(path).interactions
        except ValueError:
            continue
        if any(key_of(interaction.request) == key for interaction in recorded):
            old, new = TestPaths(directory=paths.directory, stem=stem), paths.of_baseline()
            return " && ".join(
                f"git mv {relative_to_root(source, root)} {relative_to_root(target, root)}"
                for source, target in ((old.cassette, new.cassette), (old.snapshot, new.snapshot))
                if source.exists()
            )
    return None


def _stem(path: Path) -> str:
    return path.name.removesuffix(SUFFIX).partition("@")[0]
