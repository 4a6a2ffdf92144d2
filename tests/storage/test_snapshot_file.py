"""Snapshots on disk: accepted and pending ones come back, damage is refused by name."""

from dataclasses import replace

import pytest

from pytest_llmregress.storage.errors import UnreadableFileError, UnwritableValueError
from pytest_llmregress.storage.snapshot_file import read_snapshot, write_snapshot
from pytest_llmregress.values.behavior import Behavior, Change, Severity, Trait, TraitKind
from pytest_llmregress.values.snapshot import PendingReason, PendingState, SampleSnapshot, Snapshot


def trait(name, value, kind=TraitKind.CATEGORY, severity=Severity.BREAKING):
    return Trait(name=name, value=value, kind=kind, severity=severity)


SNAPSHOT = Snapshot(
    test="tests/test_support.py::test_refund",
    cassette="sha256:00",
    requested_models=("claude-opus-5",),
    served_models=("claude-opus-5",),
    recorded_at="2026-11-22T02:10:00Z",
    samples=(
        SampleSnapshot(
            behavior=Behavior(
                traits=(
                    trait("outcome", ["tool_use", "answered"]),
                    trait("tools.set", ["a: b", "lookup"], TraitKind.SET),
                    trait("length", 42, TraitKind.NUMBER, Severity.NOTABLE),
                    trait("text", "Dear you,\n14 days.\n", TraitKind.TEXT, Severity.COSMETIC),
                    trait("calls.1.valid", value=None),
                )
            ),
            values={
                "plan": {"steps": [1, 2.0, True, None, "yes", "1:30"]},
                "reply": "half \ud800",
            },
        ),
    ),
)
PENDING = PendingState(
    why=PendingReason.DRIFTED,
    candidate="claude-opus-4-8",
    baseline="claude-opus-5",
    changes=(
        Change(trait="outcome", severity=Severity.BREAKING, before="answered", after="refused"),
        Change(trait="length", severity=Severity.NOTABLE, before="1", after="25", detail="25.0x"),
    ),
)


STAMPED = replace(SNAPSHOT, extractors=("pytest-llmregress=1", "tests/conftest.py=?"))
PLAIN = replace(STAMPED, samples=(replace(SNAPSHOT.samples[0], values={}),))


def test_a_test_of_which_the_traits_say_nothing_has_a_snapshot_too(tmp_path):
    nothing = replace(PLAIN, samples=(SampleSnapshot(),))

    write_snapshot(tmp_path / "s", nothing)

    assert read_snapshot(tmp_path / "s") == nothing


@pytest.mark.parametrize(
    "snapshot",
    [PLAIN, STAMPED, replace(STAMPED, samples=(*STAMPED.samples, SampleSnapshot(passed=False)))],
    ids=["traits alone", "with values", "with samples"],
)
def test_who_has_said_a_behavior_is_written_with_it(tmp_path, snapshot):
    write_snapshot(tmp_path / "stamped", snapshot)
    write_snapshot(tmp_path / "of-nobody", replace(snapshot, extractors=()))

    assert read_snapshot(tmp_path / "stamped").extractors == snapshot.extractors
    assert read_snapshot(tmp_path / "of-nobody").extractors == ()


FIRST = """
llmregress: 1
kind: snapshot
test: test_it.py::test_plan
cassette: sha256:00
models: {requested: [], served: []}
recorded_at: ''
traits: sha256:7726366d3239c4041657ff63bea98252c8d2f276f7ae638d292187998a316c69
behavior:
  outcome: {value: answered, kind: category, severity: breaking}
values: {}
"""
"""As 0.1.0 has written it, with who has said the behavior in its digest alone."""


def test_what_the_first_version_has_written_is_by_its_built_in_traits(tmp_path):
    path = tmp_path / "first"
    path.write_text(FIRST.lstrip())
    assert read_snapshot(path).extractors == ("pytest-llmregress=1",)

    path.write_text(FIRST.lstrip().replace("answered", "refused"))
    assert read_snapshot(path).extractors == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("answered", "refused"),
        ("kind: number, severity: notable", "kind: number, severity: breaking"),
        ("cassette: sha256:00", "cassette: sha256:01"),
        ("\ntraits: sha256:", "\ntraits: sha256:0"),
        ("pytest-llmregress=1", "pytest-llmregress=2"),
    ],
    ids=["value", "severity", "recording", "digest", "version"],
)
def test_nobody_has_said_what_was_edited(tmp_path, old, new):
    path = tmp_path / "s.snapshot.yaml"
    write_snapshot(path, PLAIN)
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))

    assert read_snapshot(path).extractors == ()


@pytest.mark.parametrize(
    "snapshot",
    [
        SNAPSHOT,
        STAMPED,
        replace(SNAPSHOT, pending=PENDING),
        replace(
            SNAPSHOT, pending=PendingState(why=PendingReason.FAILED, candidate=None, baseline="")
        ),
        Snapshot(test="t", cassette="sha256:00"),
    ],
    ids=["accepted", "stamped", "pending", "pending without changes", "nothing but a name"],
)
def test_a_snapshot_comes_back_and_gives_the_same_bytes_again(tmp_path, snapshot):
    path = tmp_path / "a.yaml"
    write_snapshot(path, snapshot)
    written = path.read_bytes()

    read = read_snapshot(path)
    write_snapshot(path, read)

    assert read == snapshot
    assert path.read_bytes() == written


def test_a_snapshot_is_made_for_review(tmp_path):
    path = tmp_path / "a.yaml"

    sample = replace(SNAPSHOT.samples[0], values={"reply": "Hi.\nBye.\n"})
    write_snapshot(path, replace(SNAPSHOT, pending=PENDING, samples=(sample,)))

    assert path.read_text(encoding="utf-8") == (
        "llmregress: 1\n"
        "kind: snapshot\n"
        "test: tests/test_support.py::test_refund\n"
        "cassette: sha256:00\n"
        "models: {requested: [claude-opus-5], served: [claude-opus-5]}\n"
        "recorded_at: '2026-11-22T02:10:00Z'\n"
        "pending:\n"
        "  why: drifted\n"
        "  candidate: claude-opus-4-8\n"
        "  baseline: claude-opus-5\n"
        "  changes:\n"
        "  - trait: outcome\n"
        "    severity: breaking\n"
        "    before: answered\n"
        "    after: refused\n"
        "  - trait: length\n"
        "    severity: notable\n"
        "    before: '1'\n"
        "    after: '25'\n"
        "    detail: 25.0x\n"
        "behavior:\n"
        "  outcome: {value: [tool_use, answered], kind: category, severity: breaking}\n"
        "  tools.set: {value: ['a: b', lookup], kind: set, severity: breaking}\n"
        "  length: {value: 42, kind: number, severity: notable}\n"
        "  text:\n"
        "    value: |\n"
        "      Dear you,\n"
        "      14 days.\n"
        "    kind: text\n"
        "    severity: cosmetic\n"
        "  calls.1.valid: {value: null, kind: category, severity: breaking}\n"
        "values:\n"
        "  reply: |\n"
        "    Hi.\n"
        "    Bye.\n"
    ).replace("detail: 25.0x", "detail: '25.0x'")


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("severity: notable}", "severity: loud}", "  length: {value: 42, kind: number",
         ("behavior.length.severity is 'loud', and cosmetic or notable or breaking is needed; "
         "restore it from version control, or delete it and record it again: pytest "
         "tests/test_support.py::test_refund --llmregress-candidate claude-opus-4-8 "
         "--llmregress-record once")),
        ("why: drifted", "why: bored", "  why: bored",
         "pending.why is 'bored', and drifted or changed or failed"),
        ("    after: refused\n", "", "  - trait: ",
         "pending.changes[0].after is missing, and text is needed;"),
        ("{value: 42, ", "{", "  length: {kind", "behavior.length.value is missing;"),
        ("  length: {", "  length: 1\n  more: {", "  length: 1",
         "behavior.length is 1, and a mapping is needed"),
        ("cassette: sha256:00\n", "", None, "cassette is missing, and text is needed;"),
        ("kind: snapshot\n", "", None, "its kind is null, and snapshot is needed;"),
        ("kind: snapshot\n", "kind: photo\n", "kind: photo",
         "its kind is 'photo', and snapshot is needed;"),
        ("  calls.1.valid: {value: null, kind: c", "  calls.1.valid: {value: null, kind: h",
         "  calls.1.valid: ", "behavior.calls.1.valid.kind is 'hategory', and"),
        ("values:\n", "values: 1\nx:\n", "values: 1",
         "values is 1, and a mapping with texts for keys is needed"),
        ("[claude-opus-5], s", "[5], s", "models: ",
         "models.requested is a list, and a list of texts is needed"),
    ],
)  # fmt: skip
def test_damage_is_named_with_its_place_and_line(tmp_path, old, new, line, message):
    path = tmp_path / "a.yaml"
    write_snapshot(path, replace(SNAPSHOT, pending=PENDING))
    text = path.read_text(encoding="utf-8")
    assert old in text
    lines = text.replace(old, new, 1).splitlines(keepends=True)
    path.write_text("".join(lines), encoding="utf-8")

    with pytest.raises(UnreadableFileError) as caught:
        read_snapshot(path)

    numbers = [number for number, each in enumerate(lines, 1) if line and each.startswith(line)]
    where = f"{path}:{numbers[0]}" if line else f"{path}"
    assert str(caught.value).startswith(f"{where}: {message}")


@pytest.mark.parametrize("line", ["<<<<<<< HEAD", "=======", ">>>>>>> theirs"])
def test_a_conflict_that_was_left_in_a_snapshot_is_named_with_its_line(tmp_path, line):
    path = tmp_path / "a.yaml"
    write_snapshot(path, SNAPSHOT)
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines[:7], line, *lines[7:]]), encoding="utf-8")

    with pytest.raises(UnreadableFileError) as caught:
        read_snapshot(path)

    assert str(caught.value) == (
        f"{path}:8: a merge conflict was left in it ({line[:7]}); settle it, restore it from "
        "version control, or delete it and record it again: pytest … --llmregress-record once"
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"values": {"plan": {1, 2}}}, "values.plan: it is a value of type set, not a JSON value"),
        (
            {"behavior": Behavior(traits=(trait("a", ("x",)),))},
            "behavior.a.value: it is a value of type tuple, not a JSON value",
        ),
        ({"behavior": Behavior(traits=(trait("a", 1), trait("a", 2)))}, "two traits share a name"),
    ],
)
def test_what_would_not_read_back_is_not_written(tmp_path, changes, message):
    path = tmp_path / "a.yaml"
    path.write_text("old")

    sample = replace(SNAPSHOT.samples[0], **changes)

    with pytest.raises(UnwritableValueError, match=message):
        write_snapshot(path, replace(SNAPSHOT, samples=(sample,)))

    assert path.read_text() == "old"
