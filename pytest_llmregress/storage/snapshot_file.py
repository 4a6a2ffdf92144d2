"""Snapshots on disk: what is accepted, and what waits to replace it."""

import hashlib
import re
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from pytest_llmregress.storage.atomic_write import Inspect, write_text
from pytest_llmregress.storage.cassette_file import models
from pytest_llmregress.storage.encoding.body_encoding import INLINE
from pytest_llmregress.storage.errors import UnwritableValueError
from pytest_llmregress.storage.yaml.document import (
    FORMAT,
    check_document,
    document_of,
    dump,
    read_text,
)
from pytest_llmregress.storage.yaml.emitter import FlowList, FlowMapping
from pytest_llmregress.storage.yaml.line_reader import read_lines
from pytest_llmregress.storage.yaml.validation import MappingReader, expect_kind, refuse
from pytest_llmregress.values.behavior import Behavior, Change, Severity, Trait, TraitKind
from pytest_llmregress.values.canonical_json import dump_canonical_json
from pytest_llmregress.values.snapshot import (
    Decision,
    PendingReason,
    PendingState,
    SampleSnapshot,
    Snapshot,
)

KIND = "snapshot"


def read_snapshot(path: Path) -> Snapshot:
    """Read a snapshot; `FileNotFoundError` where there is none, else `UnreadableFileError`."""
    text = read_text(path)
    plain = _split(text)
    snapshot = plain and _read(path, text, check_document(path, plain[0]), plain[1])
    return snapshot or _read_whole(path, text)


def _read_whole(path: Path, text: str) -> Snapshot:
    snapshot = _read(path, text, document_of(path, text), None)
    assert snapshot is not None  # noqa: S101 - its traits are in the document
    return snapshot


def _read(path: Path, text: str, document: dict[str, Any], traits: str | None) -> Snapshot | None:
    """Return the snapshot that a file is; None where its traits are not as `dump` writes them.

    :param traits: the lines of the traits, where they are not in the document.
    """
    expect_kind(path, document, KIND)
    faults: list[str] = []
    top = MappingReader(document, "", faults)
    extractors, behavior = _extractors(top, text), None
    if traits is not None:
        behavior = _SealedBehavior(path, text, traits) if extractors else _plain_behavior(traits)
        if behavior is None:
            return None
    named = top.fields("models")
    pending = _pending(top.fields("pending")) if top.has("pending") else None
    snapshot = Snapshot(
        test=top.text("test"),
        cassette=top.text("cassette"),
        requested_models=named.texts("requested"),
        served_models=named.texts("served"),
        recorded_at=top.text("recorded_at", default=""),
        samples=_samples(top, behavior),
        pending=pending,
        decision=read_decision(top.fields("accepted")) if top.has("accepted") else None,
        extractors=extractors,
    )
    refuse(path, faults, snapshot.test, None if pending is None else pending.candidate)
    return snapshot


class _SealedBehavior(Behavior):
    """A behavior with the letters that were sealed, read once it is asked for.

    A replay that makes the very calls asks for no trait, and to read them takes as long as to read
    the cassette.
    """

    def __init__(self, path: Path, text: str, traits: str) -> None:
        object.__setattr__(self, "_letters", (path, text, traits))

    @cached_property
    def traits(self) -> tuple[Trait, ...]:
        """All of them."""
        path, text, traits = vars(self)["_letters"]
        found = _plain_behavior(traits) or _read_whole(path, text).samples[0].behavior
        return found.traits


def write_snapshot(path: Path, snapshot: Snapshot, *, inspect: Inspect | None = None) -> None:
    """Write a snapshot, whole or not at all; `UnwritableValueError` where it would not read back.

    `inspect` sees the text before it is written, and raises where it must not be.
    """
    document: dict[str, Any] = {
        "llmregress": FORMAT,
        "kind": KIND,
        "test": snapshot.test,
        "cassette": snapshot.cassette,
        "models": models(snapshot.requested_models, snapshot.served_models),
        "recorded_at": snapshot.recorded_at,
    }
    if snapshot.decision is not None:
        document["accepted"] = decision_block(snapshot.decision)
    if snapshot.pending is not None:
        document["pending"] = _pending_block(snapshot.pending)
    first, *others = snapshot.samples
    if any(len(each.behavior.values()) < len(each.behavior.traits) for each in snapshot.samples):
        raise UnwritableValueError(f"{path}: two traits share a name; nothing was written")
    if not first.passed:
        document["passed"] = False
    if first.session:
        document["session"] = first.session
    if snapshot.extractors and first.behavior.traits:
        document["extractors"] = FlowList(snapshot.extractors)
    document["behavior"] = _traits_block(first.behavior.traits)
    document["values"] = dict(first.values)
    if others:
        document["samples"] = [
            _sample_block(number, sample, first) for number, sample in enumerate(others, start=2)
        ]
    text = dump(document)
    head, found, rest = text.partition(_BEHAVIOR)
    if snapshot.extractors and found:
        text = f"{head}\ntraits: {_seal(snapshot.extractors, snapshot.cassette, rest)}{found}{rest}"
    if inspect is not None:
        inspect(path, text)
    write_text(path, text)


def read_decision(block: MappingReader) -> Decision:
    """Read who decided, when and why."""
    return Decision(
        by=block.text("by"), at=block.text("at"), reason=block.text("reason", default="")
    )


def decision_block(decision: Decision) -> dict[str, Any]:
    """Return what a file says about a decision."""
    block = {"by": decision.by, "at": decision.at}
    return block | {"reason": decision.reason} if decision.reason else block


_BEHAVIOR = "\nbehavior:\n  "
_NO_VALUES = "\nvalues: {}\n"
_BODY = frozenset({"behavior", "values", "samples"})
_NEXT_TRAIT = re.compile(r"\n  (?=[^ \n])")
_KINDS = {str(kind): kind for kind in TraitKind}
_SEVERITIES = {str(severity): severity for severity in Severity}
_FIRST = ("1", ("pytest-llmregress=1",))
"""What the first version sealed a behavior with, and who had said it: it wrote no list of them."""


def _extractors(top: MappingReader, text: str) -> tuple[str, ...]:
    """Return who said the behavior; nobody where its letters are not those that were sealed."""
    _, found, rest = text.partition(_BEHAVIOR)
    if not (found and top.has("traits")):
        return ()
    told = top.texts("extractors") if top.has("extractors") else ()
    sealed, extractors = (told, told) if told else _FIRST
    is_it = top.text("traits") == _seal(sealed, top.text("cassette"), rest)
    return extractors if is_it else ()


def _seal(extractors: str | tuple[str, ...], cassette: str, behavior: str) -> str:
    """Return what tells a behavior that these have said of a cassette from an edited one."""
    who = extractors if isinstance(extractors, str) else ", ".join(extractors)
    said = f"{who}\n{cassette}\n{behavior}"
    return f"sha256:{hashlib.sha256(said.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _split(text: str) -> tuple[dict[str, Any], str] | None:
    """Return what a file says before its behavior, and the lines of its traits.

    None where it holds more than the traits of one sample, or is not as `dump` writes it.
    """
    head, found, rest = text.partition(_BEHAVIOR)
    if not found or not rest.endswith(_NO_VALUES):
        return None
    said = read_lines(f"{head}\n")
    if not isinstance(said, dict) or not _BODY.isdisjoint(said):  # twice, which is to be refused
        return None
    return said, rest[: -len(_NO_VALUES)]


def _plain_behavior(lines: str) -> Behavior | None:
    """Return the traits of a file, or None where they are not as `dump` writes them."""
    traits = tuple(map(_trait_once, _NEXT_TRAIT.split(lines)))
    known = tuple(trait for trait in traits if trait is not None)
    is_whole = len({trait.name for trait in known}) == len(traits)
    return Behavior(traits=known) if is_whole else None


@lru_cache(maxsize=4096)
def _trait_once(text: str) -> Trait | None:
    """Return the trait that a piece of a file is, or None: many files have the same traits."""
    found = read_lines(f"behavior:\n  {text}\n")
    behavior = found.get("behavior") if isinstance(found, dict) and len(found) == 1 else None
    if not isinstance(behavior, dict) or len(behavior) != 1:
        return None
    ((name, told),) = behavior.items()
    return _plain_trait(name, told)


def _samples(top: MappingReader, behavior: Behavior | None) -> tuple[SampleSnapshot, ...]:
    """Read the first sample, and what each further one has different from it.

    :param behavior: that of the first, where it is not in the document.
    """
    first = _sample(top, SampleSnapshot(passed=True), behavior)
    others = top.list_of_fields("samples") if top.has("samples") else []
    for number, block in enumerate(others, start=2):
        if block.integer("sample", default=number) != number:
            fault = f"it is {block.value('sample')}, and the samples are counted: {number}"
            block.blame("sample", fault)
    return (first, *(_sample(block, first) for block in others))


def _traits(block: MappingReader) -> dict[str, Trait]:
    own = block.fields("behavior")
    return {
        name: _plain_trait(name, each) or _trait(name, own.fields(name))
        for name, each in block.mapping("behavior").items()
    }


def _sample(
    block: MappingReader, first: SampleSnapshot, behavior: Behavior | None = None
) -> SampleSnapshot:
    """Read a sample as what it has different from the first; `behavior`, its own if known."""
    if behavior is None:
        without = frozenset(block.texts("without"))
        same = {trait.name: trait for trait in first.behavior.traits if trait.name not in without}
        behavior = Behavior(traits=tuple((same | _traits(block)).values()))
    lost = frozenset(block.texts("without_values"))
    values = {name: value for name, value in first.values.items() if name not in lost}
    return SampleSnapshot(
        behavior=behavior,
        values=values | block.mapping("values"),
        passed=block.flag("passed", default=True),
        session=block.text("session", default=""),
    )


def _sample_block(number: int, sample: SampleSnapshot, first: SampleSnapshot) -> dict[str, Any]:
    """Return what a further sample has different from the first one."""
    told = {trait.name: trait for trait in first.behavior.traits}
    own = tuple(trait for trait in sample.behavior.traits if told.get(trait.name) != trait)
    values = {
        name: value
        for name, value in sample.values.items()
        if name not in first.values
        or dump_canonical_json(first.values[name]) != dump_canonical_json(value)
    }
    without = [name for name in told if name not in sample.behavior.values()]
    lost = [name for name in first.values if name not in sample.values]
    block: dict[str, Any] = {"sample": number}
    if not sample.passed:
        block["passed"] = False
    if sample.session:
        block["session"] = sample.session
    block["behavior"] = _traits_block(own)
    if values:
        block["values"] = values
    if without:
        block["without"] = without
    if lost:
        block["without_values"] = lost
    return block


def _traits_block(traits: tuple[Trait, ...]) -> dict[str, Any]:
    return {trait.name: _trait_block(trait) for trait in traits}


def _trait_block(trait: Trait) -> dict[str, Any]:
    block = {"value": trait.value, "kind": str(trait.kind), "severity": str(trait.severity)}
    return FlowMapping(block) if _is_short(trait.value) else block


def _is_short(value: Any) -> bool:
    try:
        text = dump_canonical_json(value)
    except (TypeError, ValueError):  # `dump` says what is wrong with it, and where
        return False
    return len(text) <= INLINE // 2 and "\\n" not in text


def _plain_trait(name: str, told: Any) -> Trait | None:
    """Return a trait that is as it should be, at a fifth of what it takes to find its faults."""
    try:
        return Trait(
            name=name,
            value=told["value"],
            kind=_KINDS[told["kind"]],
            severity=_SEVERITIES[told["severity"]],
        )
    except (KeyError, TypeError):
        return None


def _trait(name: str, block: MappingReader) -> Trait:
    return Trait(
        name=name,
        value=block.value("value"),
        kind=TraitKind(block.choice("kind", TraitKind)),
        severity=Severity(block.choice("severity", Severity)),
    )


def _pending_block(pending: PendingState) -> dict[str, Any]:
    block: dict[str, Any] = {"why": str(pending.why)}
    if pending.candidate is not None:
        block["candidate"] = pending.candidate
    block["baseline"] = pending.baseline
    if pending.against:
        block["against"] = pending.against
    block["changes"] = [
        {key: value for key, value in change.to_json().items() if key != "detail" or value}
        for change in pending.changes
    ]
    return block


def _pending(block: MappingReader) -> PendingState:
    return PendingState(
        why=PendingReason(block.choice("why", PendingReason)),
        candidate=block.text("candidate") if block.has("candidate") else None,
        baseline=block.text("baseline", default=""),
        against=block.text("against", default=""),
        changes=tuple(
            Change(
                trait=change.text("trait"),
                severity=Severity(change.choice("severity", Severity)),
                before=change.text("before"),
                after=change.text("after"),
                detail=change.text("detail", default=""),
            )
            for change in block.list_of_fields("changes")
        ),
    )
