"""What to do about a file that cannot be read."""

from pathlib import Path

import pytest

from pytest_llmregress.storage.errors import UnreadableFileError, retake

TEST = "tests/test_a.py::test_b[x y]"
RECORD = "restore it from version control, or delete it and record it again: "
RETAKE = "restore it from version control, or delete it and take it from its recording again: "


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("b.cassette.yaml", f"{RECORD}pytest … --llmregress-record once"),
        ("b.cassette.new.yaml", f"{RECORD}pytest … --llmregress-record once"),
        ("b.snapshot.new.yaml", f"{RECORD}pytest … --llmregress-record once"),
        ("b.snapshot.yaml", f"{RETAKE}pytest … --llmregress-accept"),
    ],
)
def test_a_broken_snapshot_is_taken_from_its_recording_and_that_recorded_again(name, advice):
    error = UnreadableFileError(Path(name), 2, "it is broken")

    assert str(error) == f"{name}:2: it is broken; {advice}"


def test_the_command_names_the_test_as_a_shell_takes_it():
    assert retake(TEST) == f"pytest '{TEST}' --llmregress-accept"
