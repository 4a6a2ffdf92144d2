"""Snapshots as they are mostly written are read trait by trait, and mean the same as ever."""

import pytest

from pytest_llmregress.storage.errors import UnreadableFileError
from pytest_llmregress.storage.snapshot_file import read_snapshot, write_snapshot
from pytest_llmregress.values.behavior import Behavior, Severity, Trait, TraitKind
from pytest_llmregress.values.snapshot import SampleSnapshot, Snapshot

VALUES = ("said", "two\nlines\n", " odd", "", 3, 0.5, None, True, [], {}, ["a", "b"], {"a": [1]})


def test_a_file_means_the_same_with_a_comment_that_keeps_it_from_being_read_so(tmp_path):
    path = _write(tmp_path, *VALUES)
    plain = read_snapshot(path)
    path.write_text(f"{path.read_text()}# a comment\n")

    assert read_snapshot(path) == plain
    assert [trait.value for trait in plain.samples[0].behavior.traits] == list(VALUES)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  two: ", "  one: "),
        ("values: {}", "behavior: {}\nvalues: {}"),
        ("kind: text,", "kind: texts,"),
        ("behavior:\n", "behavior:\n  - one\n"),
        ("\nbehavior:", "\nvalues: {}\nbehavior:"),
        ("\nbehavior:", "\ntest: another\nbehavior:"),
        ("kind: snapshot", "kind: cassette"),
    ],
)
def test_what_was_refused_is_refused(tmp_path, old, new):
    path = _write(tmp_path, "a", "b")
    text = path.read_text()
    path.write_text(text.replace(old, new, 1))

    assert old in text
    with pytest.raises(UnreadableFileError):
        read_snapshot(path)


def _write(folder, *values):
    names = ["one", "two", *(f"trait{number}" for number in range(2, len(values)))]
    traits = tuple(
        Trait(name=name, value=value, kind=TraitKind.TEXT, severity=Severity.NOTABLE)
        for name, value in zip(names, values, strict=True)
    )
    samples = (SampleSnapshot(behavior=Behavior(traits=traits)),)
    path = folder / "a.snapshot.yaml"
    write_snapshot(path, Snapshot(test="test", cassette="sha256:0", samples=samples))
    return path
