"""What has the name of a recording and is no file: named, and never waited for."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_llmregress.storage.cassette_file import read_cassette
from pytest_llmregress.storage.errors import UnreadableFileError
from pytest_llmregress.storage.journal import Journal
from pytest_llmregress.storage.regular_file import read_bytes
from pytest_llmregress.storage.snapshot_file import read_snapshot
from pytest_llmregress.storage.vcr_format.reader import read_foreign

POINTER = (
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)


def _make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path.relative_to(Path.cwd())))  # an absolute path may be too long


KINDS: dict[str, tuple[Callable[[Path], object], str]] = {
    "pipe": (os.mkfifo, "it is a named pipe, not a file"),
    "loop": (lambda path: path.symlink_to(path.name), "it cannot be opened"),
    "dangling": (lambda path: path.symlink_to("gone"), "it is a link to a file that is not there"),
    "folder": (lambda path: path.mkdir(), "it is a folder, not a file"),
    "device": (lambda path: path.symlink_to("/dev/null"), "it is a device, not a file"),
    "socket": (_make_socket, "it is a socket, not a file"),
    "lfs": (lambda path: path.write_text(POINTER), "it is a pointer of git-lfs"),
}
READERS: dict[str, Callable[[Path], object]] = {
    "cassette": read_cassette,
    "snapshot": read_snapshot,
    "foreign": read_foreign,
    "journal": lambda path: Journal(path, test="test_a.py::test_a").read(),
}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_is_named_and_not_waited_for(
    kind: str, reader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.cassette.yaml"
    make, fault = KINDS[kind]
    make(path)
    with pytest.raises(UnreadableFileError) as caught:
        READERS[reader](path)
    assert caught.value.path == path
    assert caught.value.fault.startswith(fault)


def test_the_advice_for_a_pointer_fetches_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.cassette.yaml"
    path.write_text(POINTER)
    with pytest.raises(UnreadableFileError, match=r"git lfs pull$"):
        read_cassette(path)


def test_a_file_comes_whole_and_one_over_the_limit_by_its_size_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345678")
    assert read_bytes(path) == (8, b"12345678")
    assert read_bytes(path, 8) == (8, b"12345678")
    assert read_bytes(path, 7) == (8, b"")


def test_no_file_is_no_fault(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_bytes(tmp_path / "gone")
