"""The keys of our files are those on the architecture page: each is written, and each is read."""

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from pages import ARCHITECTURE, rows, section_of, words
from pytest_llmregress.llm_judge.due_judgements import MissedJudgement
from pytest_llmregress.llm_judge.missed_judgements import MissedJudgementsFile
from pytest_llmregress.storage.cassette_file import read_cassette, write_cassette
from pytest_llmregress.storage.decisions import build_decision, note_rejection, read_rejections
from pytest_llmregress.storage.encoding.repeated_history import ANSWER
from pytest_llmregress.storage.errors import UnreadableFileError
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.storage.history_file import append_night, read_history
from pytest_llmregress.storage.journal import Journal
from pytest_llmregress.storage.snapshot_file import read_snapshot, write_snapshot
from pytest_llmregress.storage.submitted_batches import SubmittedBatchesFile, SubmittedRequest
from pytest_llmregress.values.behavior import Behavior, Change, Severity, Trait, TraitKind
from pytest_llmregress.values.cassette import Cassette, SampleHeader
from pytest_llmregress.values.evidence import Tally
from pytest_llmregress.values.history import Night, TestNight
from pytest_llmregress.values.http import Interaction, Request, Response
from pytest_llmregress.values.snapshot import (
    PendingReason,
    PendingState,
    SampleSnapshot,
    Snapshot,
)

TEST = "test_it.py::test_one"
URL = "https://api.anthropic.com/v1/messages"
LONG = "The same long text, sent in more than one request. " * 200
Path_ = tuple[str | int, ...]


def keys_on_the_page(title: str) -> set[tuple[str, str]]:
    """Return mapping and key of each row of a format."""
    return {
        (place, key)
        for where, keys, _ in rows(section_of(ARCHITECTURE, title, "###"))
        for place in where.replace("`", "").split(", ")
        for key in words(keys)
    }


def body_of(history: str, *items: Any, indent: int | None = None, **others: Any) -> bytes:
    value = {"model": "m", "system": LONG, **others, history: items}
    return json.dumps(value, indent=indent, separators=None if indent else (",", ":")).encode()


def said(text: str) -> bytes:
    block = {"type": "text", "text": text}
    return json.dumps({"role": "assistant", "content": [block]}, separators=(",", ":")).encode()


def interaction(body: bytes, reply: bytes, *, judge: bool = False) -> Interaction:
    return Interaction(
        request=Request(method="POST", url=URL, headers={"accept": ("a",)}, body=body),
        response=Response(status=200, reason="OK", headers={"x": ("1",)}, body=reply),
        latency=1.5,
        judge=judge,
    )


def conversation(history: str) -> Iterator[Interaction]:
    """Yield calls of which each goes on from an earlier one, in each way that there is."""
    hello, more = {"role": "user", "content": f"Hello {history}"}, {"role": "user", "content": "Go"}
    text = f"An answer of {history}"
    block = {"text": text, "type": "text"}
    again = {"role": "assistant", "content": [{"type": "text", "text": text}]}
    turned = {"role": "assistant", "content": [block]}
    yield interaction(body_of(history, hello), said(text))
    yield interaction(body_of(history, hello, again, more, top_k=1), said("Second."))
    yield interaction(body_of(history, hello, turned, more), said("Third."))
    alone = {"role": "assistant", "content": text}
    yield interaction(body_of(history, hello, alone, more, indent=2), b"\xff")
    yield interaction(body_of(history, hello, more), b"plain")
    other = {"role": "user", "content": "Instead"}
    yield interaction(body_of(history, hello, again, other), json.dumps({"spaced": 1}).encode())
    reordered = {"system": LONG, "model": "m", history: [hello, more, again]}
    yield interaction(json.dumps(reordered, separators=(",", ":")).encode(), b"plain")


def stream() -> bytes:
    events = [f'event: d\ndata: {{"type":"d","text":"{word}"   }}\n\n' for word in ("a", "b")]
    events += ['event: e\ndata: {"type": "e", "n": 1}\n\n', "event: f\ndata: [DONE]\n\n"]
    return "".join(events).encode()


def write_a_cassette(folder: Path) -> list[Path]:
    calls = [each for name in ("messages", "input", "contents") for each in conversation(name)]
    calls.append(interaction(stream(), stream()))
    calls.append(interaction(b"\xff", said("Judged."), judge=True))
    calls.append(interaction(b"plain", said("End.")))
    header = SampleHeader(calls=0, passed=False, failure="E", session="S", confirms=True)
    header = replace(header, controls=10, among=4, not_asked=3, after_body=2)
    path = folder / "one@m.cassette.yaml"
    write_cassette(
        path,
        Cassette(
            test=TEST,
            candidate="m",
            marks=("slow",),
            requested_models=("m",),
            served_models=("m",),
            recorded_at="2026-11-22T02:10:00Z",
            versions={"anthropic": "2.14.0"},
            interactions=tuple(calls),
            samples=(header, SampleHeader(calls=len(calls), passed=True)),
        ),
    )
    return [path]


def trait(name: str, value: Any) -> Trait:
    return Trait(name=name, value=value, kind=TraitKind.CATEGORY, severity=Severity.NOTABLE)


def write_snapshots(folder: Path) -> list[Path]:
    """Write an accepted snapshot, a pending one, and one that built-in traits have sealed."""
    first = SampleSnapshot(
        behavior=Behavior(traits=(trait("a", 1), trait("b", 1))),
        values={"v": 1, "w": 1},
        passed=False,
        session="S",
    )
    other = SampleSnapshot(
        behavior=Behavior(traits=(trait("a", 2),)), values={"v": 2}, passed=False, session="T"
    )
    change = Change(trait="a", severity=Severity.NOTABLE, before="1", after="2", detail="why")
    base: dict[str, Any] = {
        "test": TEST,
        "cassette": "sha256:1",
        "requested_models": ("m",),
        "served_models": ("m",),
        "recorded_at": "2026-11-22T02:10:00Z",
        "samples": (first, other),
    }
    pending = PendingState(
        why=PendingReason.DRIFTED,
        candidate="m",
        baseline="old",
        against="sha256:old",
        changes=(change,),
    )
    sealed = {"samples": (SampleSnapshot(behavior=Behavior(traits=(trait("a", 1),))),)}
    snapshots = [
        Snapshot(**base, decision=build_decision("Somebody", "because")),
        Snapshot(**base, pending=pending),
        Snapshot(**(base | sealed), extractors=("pytest-llmregress=1", "conftest.py=?")),
    ]
    paths = [folder / f"{number}.snapshot.yaml" for number, _ in enumerate(snapshots)]
    for path, snapshot in zip(paths, snapshots, strict=True):
        write_snapshot(path, snapshot)
    return paths


PLACES = {
    "Cassette": {
        "": "the file",
        "models|samples|calls": None,
        "calls/(request|response)": None,
        "calls/response/events": "events",
        "calls/request/[a-z]+_then": "an item of a history",
    },
    "Snapshot": {
        "": "the file",
        "models|accepted|pending|samples": None,
        "pending/changes": "changes",
        "behavior/.|samples/behavior/.": "behavior",
    },
    "Rejected": {"": "the file", "rejected": None},
    "Journal": {
        "first": "the first line",
        "others": "each other line",
        "others/(request|response)": "a body",
    },
    "Batch": {"first": "the first line", "others": "each other line"},
    "Missed judgements": {
        "first": "the first line",
        "others": "each other line",
        "others/(wanted|instead)": "a question",
    },
    "History": {"first|others": "a line", "(first|others)/tests/[^/]+": "a test"},
}
"""By format, what the page calls a mapping, by the keys that lead there; None for the last key."""


def place_of(path: Path_, document: Any, title: str) -> str | None:
    """Return which mapping of a format a path lies in; None for what users or wires have named."""
    steps = [step for step in path[:-1] if isinstance(step, str)]
    for pattern, name in PLACES[title].items():
        if re.fullmatch(pattern, "/".join(steps)):
            is_message = name == "an item of a history" and ANSWER not in value_at(document, path)
            return None if is_message else name or steps[-1]
    return None


def value_at(document: Any, path: Path_) -> Any:
    """Return the mapping that a path ends in."""
    for step in path[:-1]:
        document = document[step]
    return document


def paths_in(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    """Yield the path of each key of each mapping."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key)
            yield from paths_in(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from paths_in(item, (*path, index))


def write_rejections(folder: Path) -> list[Path]:
    snapshot = Snapshot(test=TEST, cassette="sha256:1", requested_models=("m",))
    return [note_rejection(paths_in_folder(folder), snapshot, build_decision("Somebody", "why"))]


def write_a_journal(folder: Path) -> list[Path]:
    journal = Journal(paths_in_folder(folder).journal, test=TEST)
    journal.append(interaction(b"{}", b"\xff"), sample=1)
    journal.append(interaction(b"\xff", b"{}", judge=True), sample=2)
    return [journal.path]


def write_a_batch(folder: Path) -> list[Path]:
    file = SubmittedBatchesFile(paths_in_folder(folder), test=TEST)
    file.write([SubmittedRequest(sample=1, key="k", batch="b", name="n")])
    return [file.path]


def write_missed_judgements(folder: Path) -> list[Path]:
    file = MissedJudgementsFile(paths_in_folder(folder), test=TEST)
    request = interaction(b"{}", b"").request
    file.add(MissedJudgement(request=request, instead=request, order=1, times=2))
    return [file.path]


def write_a_history(folder: Path) -> list[Path]:
    path = folder / "nights.jsonl"
    test = TestNight(accepted="a", passed=Tally(passed=1, n=2), traits={"refusal": ('"none"',)})
    for at in ("2026-11-22T02:10:00Z", "2026-11-23T02:10:00Z"):
        append_night(path, Night(at=at, candidate="m", fails=True, tests={"test_one": test}))
    return [path]


def paths_in_folder(folder: Path) -> TestPaths:
    return TestPaths(directory=folder, stem="one")


def load(path: Path) -> Any:
    """Return what a file holds; of JSON lines, the first one and the others."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".yaml":
        return yaml.safe_load(text)
    first, *others = map(json.loads, text.splitlines())
    return {"first": first, "others": others}


def save(path: Path, document: Any) -> None:
    is_yaml = path.suffix == ".yaml"
    lines = [document] if is_yaml else [document["first"], *document["others"]]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")


FORMATS: list[Any] = [
    pytest.param(title, write, read, id=title)
    for title, write, read in (
        ("Cassette", write_a_cassette, read_cassette),
        ("Snapshot", write_snapshots, read_snapshot),
        ("Rejected", write_rejections, lambda it: read_rejections(paths_in_folder(it.parent))),
        ("Journal", write_a_journal, lambda it: Journal(it, test=TEST).read()),
        (
            "Batch",
            write_a_batch,
            lambda it: SubmittedBatchesFile(paths_in_folder(it.parent), test=TEST).read(),
        ),
        (
            "Missed judgements",
            write_missed_judgements,
            lambda it: MissedJudgementsFile(paths_in_folder(it.parent), test=TEST).read(),
        ),
        ("History", write_a_history, read_history),
    )
]
NEVER_ASKED_FOR = {
    ("Cassette", "the file", "repeated"): "anchors that stand there are followed by themselves",
    ("Rejected", "the file", "test"): "the name of the file says whose it is",
    ("Missed judgements", "the first line", "test"): "it differs with the root directory",
}


@pytest.mark.parametrize(("title", "write", "read"), FORMATS)
def test_the_keys_of_a_file_are_those_on_the_page(tmp_path, title: str, write, read):
    documents = [load(path) for path in write(tmp_path)]

    written = {
        (place, each[-1])
        for document in documents
        for each in paths_in(document)
        if (place := place_of(each, document, title)) is not None
    }

    assert written == keys_on_the_page(title)


@pytest.mark.parametrize(("title", "write", "read"), FORMATS)
def test_each_key_of_a_file_is_read(tmp_path, title: str, write, read):
    """Put something else in the place of each key: it is refused, or reads as another value."""
    unread = keys_on_the_page(title)
    for path in write(tmp_path):
        document, original = load(path), read(path)
        for each in paths_in(document):
            key = (place_of(each, document, title), each[-1])
            if key in unread and is_noticed(path, document, each, read, original):
                unread.discard(key)

    assert {(title, *key) for key in unread} == {k for k in NEVER_ASKED_FOR if k[0] == title}


def is_noticed(
    path: Path, document: Any, place: Path_, read: Callable[[Path], Any], original: Any
) -> bool:
    """Whether a reader notices another value at a place."""
    changed = copy.deepcopy(document)
    value_at(changed, place)[place[-1]] = [[7]]
    other = path.parent / "other" / path.name
    other.parent.mkdir(exist_ok=True)
    save(other, changed)
    try:
        found = read(other)
    except UnreadableFileError:
        return True
    sealed = [getattr(each, "extractors", None) for each in (found, original)]
    return bool(found != original) or sealed[0] != sealed[1]
