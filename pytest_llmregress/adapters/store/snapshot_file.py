"""Snapshots on disk: what is accepted, and what waits to replace it."""

from pathlib import Path
from typing import Any

from pytest_llmregress.adapters.store.atomic import Inspect, write_text
from pytest_llmregress.adapters.store.bodies import INLINE
from pytest_llmregress.adapters.store.cassette_file import models
from pytest_llmregress.adapters.store.errors import UnwritableValue
from pytest_llmregress.adapters.store.fields import Fields, expect_kind, refuse
from pytest_llmregress.adapters.store.yaml_emit import Inline
from pytest_llmregress.adapters.store.yaml_text import FORMAT, dump, load
from pytest_llmregress.core.behavior import Behavior, Change, Severity, Trait, TraitKind
from pytest_llmregress.core.canonical import canonical
from pytest_llmregress.core.snapshot import Pending, Snapshot, Waits

KIND = "snapshot"


def read_snapshot(path: Path) -> Snapshot:
    """Read a snapshot; `FileNotFoundError` where there is none, else `UnreadableFile`."""
    document = load(path)
    expect_kind(path, document, KIND)
    faults: list[str] = []
    top = Fields(document, "", faults)
    named, behavior = top.fields("models"), top.fields("behavior")
    pending = _pending(top.fields("pending")) if top.has("pending") else None
    snapshot = Snapshot(
        test=top.text("test"),
        cassette=top.text("cassette"),
        requested_models=named.texts("requested"),
        served_models=named.texts("served"),
        recorded_at=top.text("recorded_at", default=""),
        behavior=Behavior(
            traits=tuple(_trait(name, behavior.fields(name)) for name in top.mapping("behavior"))
        ),
        values=top.mapping("values"),
        pending=pending,
    )
    refuse(path, faults, snapshot.test, None if pending is None else pending.candidate)
    return snapshot


def write_snapshot(path: Path, snapshot: Snapshot, *, inspect: Inspect | None = None) -> None:
    """Write a snapshot, whole or not at all; `UnwritableValue` where it would not read back.

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
    if snapshot.pending is not None:
        document["pending"] = _pending_block(snapshot.pending)
    document["behavior"] = {trait.name: _trait_block(trait) for trait in snapshot.behavior.traits}
    document["values"] = dict(snapshot.values)
    if len(document["behavior"]) < len(snapshot.behavior.traits):
        raise UnwritableValue(f"{path}: two traits share a name; nothing was written")
    text = dump(document)
    if inspect is not None:
        inspect(path, text)
    write_text(path, text)


def _trait_block(trait: Trait) -> dict[str, Any]:
    block = {"value": trait.value, "kind": str(trait.kind), "severity": str(trait.severity)}
    return Inline(block) if _is_short(trait.value) else block


def _is_short(value: Any) -> bool:
    try:
        text = canonical(value)
    except (TypeError, ValueError):  # `dump` says what is wrong with it, and where
        return False
    return len(text) <= INLINE // 2 and "\\n" not in text


def _trait(name: str, block: Fields) -> Trait:
    return Trait(
        name=name,
        value=block.value("value"),
        kind=TraitKind(block.choice("kind", TraitKind)),
        severity=Severity(block.choice("severity", Severity)),
    )


def _pending_block(pending: Pending) -> dict[str, Any]:
    block: dict[str, Any] = {"why": str(pending.why)}
    if pending.candidate is not None:
        block["candidate"] = pending.candidate
    block["baseline"] = pending.baseline
    block["changes"] = [
        {key: value for key, value in change.to_json().items() if key != "detail" or value}
        for change in pending.changes
    ]
    return block


def _pending(block: Fields) -> Pending:
    return Pending(
        why=Waits(block.choice("why", Waits)),
        candidate=block.text("candidate") if block.has("candidate") else None,
        baseline=block.text("baseline", default=""),
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
