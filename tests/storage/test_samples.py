"""Several samples on disk: what a cassette notes of each, and how a snapshot tells them apart."""

import re

import pytest

from pytest_llmregress.storage.cassette_file import (
    digest_of,
    read_cassette,
    write_cassette,
)
from pytest_llmregress.storage.errors import UnreadableFileError
from pytest_llmregress.storage.snapshot_file import read_snapshot, write_snapshot
from pytest_llmregress.values.behavior import Behavior, Severity, Trait, TraitKind
from pytest_llmregress.values.cassette import Cassette, SampleHeader
from pytest_llmregress.values.http import Interaction, Request, Response
from pytest_llmregress.values.snapshot import SampleSnapshot, Snapshot

FIRST, LATER = "2026-11-20T01:00:00Z", "2026-11-22T02:10:00Z"


def interaction(number: int) -> Interaction:
    return Interaction(
        request=Request(method="POST", url="https://api.anthropic.com/v1/messages", body=b"{}"),
        response=Response(status=200, reason="OK", body=f'{{"number":{number}}}'.encode()),
    )


SAMPLES = (
    SampleHeader(calls=2, passed=True, session=FIRST),
    SampleHeader(calls=0, passed=False, failure="AssertionError: assert 'a: b'", session=FIRST),
    SampleHeader(calls=1, passed=True, session=LATER, confirms=True),
)
CASSETTE = Cassette(
    test="test_it.py::test_one",
    interactions=tuple(map(interaction, range(3))),
    samples=SAMPLES,
)


def test_what_is_noted_of_each_sample_comes_back(tmp_path):
    path = tmp_path / "one.cassette.yaml"

    write_cassette(path, CASSETTE)

    read = read_cassette(path)
    assert read.samples == SAMPLES
    assert [len(run) for run in read.runs] == [2, 0, 1]
    assert [each.response.body for each in read.runs[2]] == [b'{"number":2}']


def test_notes_that_do_not_add_up_are_refused(tmp_path):
    path = tmp_path / "one.cassette.yaml"
    write_cassette(path, CASSETTE)
    path.write_text(path.read_text().replace("calls: 2,", "calls: 3,"))

    with pytest.raises(UnreadableFileError, match="samples: their calls do not add up to 3"):
        read_cassette(path)


def test_a_cassette_without_notes_has_one_sample_of_which_nothing_is_known(tmp_path):
    path = tmp_path / "one.cassette.yaml"
    write_cassette(path, Cassette(test="t", interactions=CASSETTE.interactions))

    read = read_cassette(path)

    assert "samples" not in path.read_text()
    assert [len(run) for run in read.runs] == [3]
    assert [(note.calls, note.passed, note.session) for note in read.notes] == [(3, None, "")]


def test_the_same_wire_in_other_samples_is_another_recording_only_in_its_notes():
    one = Cassette(test="t", interactions=CASSETTE.interactions)

    assert digest_of(one) == digest_of(CASSETTE)


def trait(name: str, value: object) -> Trait:
    return Trait(name=name, value=value, kind=TraitKind.CATEGORY, severity=Severity.BREAKING)


def behavior(*values: object) -> Behavior:
    return Behavior(traits=tuple(trait(f"trait {n}", value) for n, value in enumerate(values)))


SNAPSHOT = Snapshot(
    test="test_it.py::test_one",
    cassette="sha256:00",
    samples=(
        SampleSnapshot(behavior=behavior("a", "b"), values={"reply": "Hi."}, session=FIRST),
        SampleSnapshot(behavior=behavior("a", "b"), values={"reply": "Hi."}, session=FIRST),
        SampleSnapshot(behavior=behavior("a", "c"), values={"reply": "Bye."}, session=LATER),
        SampleSnapshot(behavior=behavior("a"), values={}, passed=False, session=LATER),
        SampleSnapshot(behavior=behavior("a", None, "d"), values={"more": [1]}, session=LATER),
    ),
)


def test_the_samples_of_a_snapshot_come_back_and_each_says_only_what_differs(tmp_path):
    path = tmp_path / "one.snapshot.yaml"

    write_snapshot(path, SNAPSHOT)

    assert read_snapshot(path) == SNAPSHOT
    text = path.read_text()
    assert len(re.findall(r"value: a\b", text)) == 1
    assert text.count("Hi.") == 1


def test_a_first_sample_that_failed_is_told_from_one_that_passed(tmp_path):
    path = tmp_path / "one.snapshot.yaml"
    failed, passed = SampleSnapshot(passed=False), SampleSnapshot()
    snapshot = Snapshot(test="t", cassette="sha256:00", samples=(failed, passed, failed))

    write_snapshot(path, snapshot)

    assert [each.passed for each in read_snapshot(path).samples] == [False, True, False]


def test_a_sample_with_a_negative_number_of_calls_is_refused(tmp_path):
    path = tmp_path / "a.yaml"
    write_cassette(path, CASSETTE)
    text = path.read_text(encoding="utf-8")
    assert "calls: 2, passed: true" in text
    shifted = text.replace("calls: 2, passed: true", "calls: -1, passed: true")
    path.write_text(shifted.replace("calls: 1, passed: true", "calls: 4, passed: true"))

    with pytest.raises(UnreadableFileError, match="negative number of calls"):
        read_cassette(path)
