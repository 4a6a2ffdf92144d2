"""Where the files of one test lie."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pytest_llmregress.values.file_names import slug_of_test, slug_of_variant

FOLDER = "__llm__"
"""The folder beside the tests that holds all files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestPaths:
    """The files of one test: of its baseline, or of one candidate."""

    __test__ = False  # pytest must not collect it

    directory: Path
    stem: str
    """The slug of the test."""
    variant: str | None = None
    """The slug of the candidate; None for the baseline."""

    @property
    def cassette(self) -> Path:
        """The accepted recording of a baseline; the recording of a candidate."""
        return self.directory / f"{self._name}.cassette.yaml"

    @property
    def snapshot(self) -> Path:
        """The accepted behavior: always the baseline's, a candidate has none of its own."""
        return self.directory / f"{self.stem}.snapshot.yaml"

    @property
    def pending_cassette(self) -> Path:
        """A recording that waits for a decision."""
        return self.directory / f"{self._name}.cassette.new.yaml"

    @property
    def pending_snapshot(self) -> Path:
        """A behavior that waits for a decision."""
        return self.directory / f"{self._name}.snapshot.new.yaml"

    @property
    def journal(self) -> Path:
        """The answers of a recording that is under way, or was interrupted."""
        return self.directory / f"{self._name}.part.jsonl"

    def part(self, word: str) -> Path:
        """Return a file beside the journal that is as short-lived as that one."""
        return self.directory / f"{self._name}.{word}.part.jsonl"

    @property
    def has_pending_snapshot(self) -> bool:
        """Whether a behavior waits: each replay looks, and makes no `Path` for it."""
        return Path(f"{self.directory}/{self._name}.snapshot.new.yaml").exists()

    def has_part(self, word: str) -> bool:
        """Whether there is such a short-lived file."""
        return Path(f"{self.directory}/{self._name}.{word}.part.jsonl").exists()

    def of_baseline(self) -> "TestPaths":
        """Return the paths of the same test's baseline."""
        return TestPaths(directory=self.directory, stem=self.stem)

    @property
    def _name(self) -> str:
        return self.stem if self.variant is None else f"{self.stem}@{self.variant}"


def build_test_paths(test_file: Path, node_id: str, candidate: str | None) -> TestPaths:
    """Return the paths of a test, under a candidate or (None) under the baseline."""
    return TestPaths(
        directory=_directory_of(test_file),
        stem=slug_of_test(node_id),
        variant=None if candidate is None else slug_of_variant(candidate),
    )


@lru_cache(maxsize=256)
def _directory_of(test_file: Path) -> Path:
    return test_file.parent / FOLDER / test_file.stem


@lru_cache(maxsize=256)
def relative_to_root(path: Path, root: Path) -> str:
    """Return a path as reports have it: from the root folder, if it is below it; "/" in it."""
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.as_posix()
