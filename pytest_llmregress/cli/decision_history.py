"""What was decided on the recordings of a test: by whom, when and why."""

from collections.abc import Iterator
from typing import Any

from pytest_llmregress.cli.selection import FileProblems
from pytest_llmregress.storage.decisions import read_rejections
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.values.snapshot import Decision, Snapshot


def decisions_to_json(
    paths: TestPaths, snapshot: Snapshot | None, problems: FileProblems
) -> list[dict[str, Any]]:
    """Return the decisions as plain JSON, the oldest first; a first recording needs none."""
    decided = [*_rejected(paths, problems)]
    if snapshot is not None and snapshot.decision is not None:
        decided.append(_to_json("accepted", snapshot.requested_models, snapshot.decision))
    return sorted(decided, key=lambda each: str(each["at"]))


def _rejected(paths: TestPaths, problems: FileProblems) -> Iterator[dict[str, Any]]:
    rejections = problems.read(paths.directory, lambda _: read_rejections(paths)) or ()
    for each in rejections:
        yield _to_json("rejected", each.models, each.decision)


def _to_json(what: str, models: tuple[str, ...], decision: Decision) -> dict[str, Any]:
    return {
        "decision": what,
        "models": list(models),
        "by": decision.by,
        "at": decision.at,
        "reason": decision.reason,
    }
