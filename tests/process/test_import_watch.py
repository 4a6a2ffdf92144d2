"""Modules that are imported while something waits for them."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_llmregress.process.import_watch import ImportWatch


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return a package that nobody has imported; its submodule is imported with it."""
    folder = tmp_path / "watched_package"
    folder.mkdir()
    (folder / "__init__.py").write_text("from watched_package import inner\nREADY = True\n")
    (folder / "inner.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "watched_package"
    for name in ("watched_package", "watched_package.inner"):
        sys.modules.pop(name, None)


def test_what_is_imported_is_told_at_once():
    told = []

    with ImportWatch({"sys": lambda: told.append("sys")}):
        assert told == ["sys"]

    assert told == ["sys"]


def test_what_is_imported_later_is_told_once_it_is_whole(package: str):
    told = []

    def ready() -> None:
        told.append(sys.modules[package].READY)

    with ImportWatch({package: ready, "watched_package.inner": lambda: told.append("inner")}):
        assert told == []
        __import__(package)
        __import__(package)
        assert told == ["inner", True]

    module = sys.modules[package]
    assert module.__spec__ is not None
    assert module.__spec__.loader is module.__loader__
    assert type(module.__loader__).__name__ == "SourceFileLoader"


def test_nothing_is_told_after_the_end_and_nothing_is_left_behind(package: str):
    finders = list(sys.meta_path)

    with ImportWatch({package: pytest.fail}):
        pass
    __import__(package)

    assert sys.meta_path == finders


def test_a_module_that_is_not_there_is_missing_as_ever():
    with (
        ImportWatch({"no_such_module_anywhere": pytest.fail}),
        pytest.raises(ModuleNotFoundError, match="no_such_module_anywhere"),
    ):
        __import__("no_such_module_anywhere")
