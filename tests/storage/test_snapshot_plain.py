"""Snapshots as they are mostly written are read trait by trait, and mean the same as ever."""

import hashlib
import re

import pytest

from pytest_llmregress.storage.errors import UnreadableFileError
from pytest_llmregress.storage.snapshot_file import read_snapshot, write_snapshot
from pytest_llmregress.values.behavior import Behavior, Severity, Trait, TraitKind
from pytest_llmregress.values.snapshot import SampleSnapshot, Snapshot

VALUES = ("said", "two\nlines\n", " odd", "", 3, 0.5, None, True, [], {}, ["a", "b"], {"a": [1]})


WRITTEN_BY = [(), ("pytest-llmregress=7",)]
"""Who has said the behavior: where somebody has, it is sealed, and read once it is asked for."""


@pytest.mark.parametrize("by", WRITTEN_BY, ids=["by nobody", "sealed"])
def test_a_file_means_the_same_with_a_comment_that_keeps_it_from_being_read_so(tmp_path, by):
    path = _write(tmp_path, *VALUES, by=by)
    plain = read_snapshot(path)
    path.write_text(f"{path.read_text()}# a comment\n")

    assert read_snapshot(path) == plain
    assert [trait.value for trait in plain.samples[0].behavior.traits] == list(VALUES)
    assert plain == read_snapshot(path)


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
@pytest.mark.parametrize("by", WRITTEN_BY, ids=["by nobody", "sealed"])
def test_what_was_refused_is_refused(tmp_path, old, new, by):
    path = _write(tmp_path, "a", "b", by=by)
    text = path.read_text()
    path.write_text(text.replace(old, new, 1))

    assert old in text
    with pytest.raises(UnreadableFileError):
        read_snapshot(path)


def test_a_sealed_behavior_that_is_not_as_we_write_it_is_refused_once_it_is_asked_for(tmp_path):
    path = _write(tmp_path, "a", "b", by=("pytest-llmregress=7",))
    head, found, rest = path.read_text().partition("\nbehavior:\n  ")
    rest = rest.replace("kind: text,", "kind: texts,", 1)
    sealed = f"pytest-llmregress=7\nsha256:0\n{rest}"
    digest = hashlib.sha256(sealed.encode()).hexdigest()
    head = re.sub("traits: sha256:.*", f"traits: sha256:{digest}", head)
    path.write_text(f"{head}{found}{rest}")

    behavior = read_snapshot(path).samples[0].behavior

    with pytest.raises(UnreadableFileError, match=r"behavior\.one\.kind is 'texts'"):
        behavior.get("one")


def _write(folder, *values, by=()):
    names = ["one", "two", *(f"trait{number}" for number in range(2, len(values)))]
    traits = tuple(
        Trait(name=name, value=value, kind=TraitKind.TEXT, severity=Severity.NOTABLE)
        for name, value in zip(names, values, strict=True)
    )
    samples = (SampleSnapshot(behavior=Behavior(traits=traits)),)
    path = folder / "a.snapshot.yaml"
    snapshot = Snapshot(test="test", cassette="sha256:0", samples=samples, extractors=by)
    write_snapshot(path, snapshot)
    return path
