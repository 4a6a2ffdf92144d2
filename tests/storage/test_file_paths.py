"""Where the files of a test lie, and that a write is whole or did not happen."""

import subprocess
import sys
from pathlib import Path

import pytest

from pytest_llmregress.storage.atomic_write import write_text
from pytest_llmregress.storage.file_paths import build_test_paths

NODE = "tests/test_support.py::test_refund"


@pytest.mark.parametrize(
    ("candidate", "cassette", "pending_cassette", "pending_snapshot"),
    [
        (None, "refund.cassette.yaml", "refund.cassette.new.yaml", "refund.snapshot.new.yaml"),
        (
            "claude-opus-4-8",
            "refund@claude-opus-4-8.cassette.yaml",
            "refund@claude-opus-4-8.cassette.new.yaml",
            "refund@claude-opus-4-8.snapshot.new.yaml",
        ),
    ],
)
def test_files_lie_beside_the_tests(
    tmp_path, candidate, cassette, pending_cassette, pending_snapshot
):
    paths = build_test_paths(tmp_path / "test_support.py", NODE, candidate)

    folder = tmp_path / "__llm__" / "test_support"
    assert paths.cassette == folder / cassette
    assert paths.snapshot == folder / "refund.snapshot.yaml"
    assert paths.pending_cassette == folder / pending_cassette
    assert paths.pending_snapshot == folder / pending_snapshot
    assert paths.of_baseline() == build_test_paths(tmp_path / "test_support.py", NODE, None)


def test_two_candidates_whose_names_lose_something_do_not_share_files(tmp_path):
    one = build_test_paths(tmp_path / "test_a.py", NODE, "vendor/model")
    other = build_test_paths(tmp_path / "test_a.py", NODE, "vendor:model")

    assert one.cassette != other.cassette


def test_knowing_the_paths_does_not_import_yaml():
    code = "import sys, pytest_llmregress.storage.file_paths; print('yaml' in sys.modules)"

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.strip() == "False"


def test_a_write_makes_its_folders_and_keeps_line_ends_and_characters(tmp_path):
    path = tmp_path / "a" / "b" / "c.yaml"

    write_text(path, "é\nx\r\n")

    assert path.read_bytes() == "é\nx\r\n".encode()
    assert [each.name for each in path.parent.iterdir()] == ["c.yaml"]


def test_a_write_that_fails_keeps_the_old_file_and_leaves_nothing_behind(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("old")

    with pytest.raises(UnicodeEncodeError):
        write_text(path, "new \ud800")

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_text_may_come_in_pieces_each_of_which_is_written_before_the_next_is_asked_for(tmp_path):
    path = tmp_path / "c.html"
    sizes = []

    def pieces():
        for _ in range(3):
            (temporary,) = tmp_path.iterdir()
            sizes.append(temporary.stat().st_size)
            yield "é" * 100_000

    write_text(path, pieces())

    assert path.read_text("utf-8") == "é" * 300_000
    assert sizes[0] < sizes[1] < sizes[2]


def test_pieces_that_break_off_keep_the_old_file_and_leave_nothing_behind(tmp_path):
    path = tmp_path / "c.html"
    path.write_text("old")

    def pieces():
        yield "new"
        raise LookupError

    with pytest.raises(LookupError):
        write_text(path, pieces())

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_cannot_replace_its_target_leaves_nothing_behind(tmp_path):
    path = tmp_path / "c.yaml"
    (path / "inside").mkdir(parents=True)

    with pytest.raises(OSError, match=r"c\.yaml"):
        write_text(path, "new")

    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="no file modes on Windows")
def test_a_written_file_can_be_read_by_whom_the_umask_lets(tmp_path):
    ordinary = tmp_path / "ordinary"
    ordinary.write_text("")

    write_text(tmp_path / "c.yaml", "text")

    assert (tmp_path / "c.yaml").stat().st_mode == ordinary.stat().st_mode


def test_paths_are_no_test_class():
    assert build_test_paths(Path("test_a.py"), NODE, None).__test__ is False
