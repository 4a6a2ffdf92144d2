"""What waits for a decision, how that is said, and what was decided before."""

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_llmregress.cli.selection import FileProblems, shorten
from pytest_llmregress.formatting.control_characters import escape_controls
from pytest_llmregress.formatting.text_table import count_severities
from pytest_llmregress.storage.decisions import read_rejections
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.storage.pending import StoredTest
from pytest_llmregress.storage.snapshot_file import read_snapshot
from pytest_llmregress.values.behavior import TRAITS, Severity, worst
from pytest_llmregress.values.file_names import slug_of_variant
from pytest_llmregress.values.snapshot import Decision, PendingReason, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingItem:
    """One variant of a test that waits for a decision."""

    test: str
    """The node id."""
    paths: TestPaths
    candidate: str | None
    """As it was named on the command line; None for the baseline."""
    snapshot: Snapshot | None
    """None where it cannot be read, or where only a recording is pending."""
    is_only: bool
    """Whether the test has no other variant that waits."""
    outdated: str = ""
    """Why a run would compare it anew; empty where what it says is of today."""

    @property
    def severity(self) -> Severity | None:
        """The worst of its changes, or None."""
        pending = None if self.snapshot is None else self.snapshot.pending
        return None if pending is None else worst(pending.changes)

    @property
    def why(self) -> PendingReason | None:
        """Why it waits; None where nothing says so."""
        pending = None if self.snapshot is None else self.snapshot.pending
        return None if pending is None else pending.why

    @property
    def variant(self) -> str:
        """The candidate in words."""
        return self.candidate or "the baseline"

    @property
    def models(self) -> str:
        """What would take the place of what: "claude-opus-5 → claude-opus-5-5"."""
        if self.snapshot is None:
            return self.variant
        after = self.snapshot.models or "no model"
        pending = self.snapshot.pending
        if pending is None or pending.baseline == after:
            return after
        return f"{pending.baseline or 'nothing accepted yet'} → {after}"

    @property
    def reason(self) -> str:
        """Why it waits, in words: "drifted, 1 breaking, 2 notable"."""
        if self.snapshot is None:
            there = self.paths.pending_snapshot.exists()
            return "cannot be read" if there else "a recording without its behavior"
        pending = self.snapshot.pending
        if pending is None:
            return "does not say why"
        words = {
            PendingReason.DRIFTED: "drifted",
            PendingReason.CHANGED: "the test's own code changed",
            PendingReason.FAILED: "the test failed on it",
        }[pending.why]
        counts = count_severities(change.severity for change in pending.changes)
        told = f"{words}, {counts}" if counts else words
        return f"{told}; outdated: {self.outdated}" if self.outdated else told

    @property
    def command_to_compare(self) -> str:
        """The command that holds its recording against what is accepted now."""
        start = f"pytest {shlex.quote(escape_controls(self.test))}"
        if self.candidate is None:
            return start
        return f"{start} --llmregress-candidate {shlex.quote(escape_controls(self.candidate))}"

    def command(self, decision: str) -> str:
        """Return the command that decides on this one, and on no other."""
        start = f"pytest-llmregress {decision}"
        name = f"{start} {shlex.quote(escape_controls(self.test))}"
        if self.candidate is not None:  # another one may be pending by then
            return f"{name} --candidate {shlex.quote(escape_controls(self.candidate))}"
        if self.is_only:
            return name
        own = (self.paths.pending_snapshot, self.paths.pending_cassette)
        file = next((each for each in own if each.exists()), own[0])
        return f"{start} {shlex.quote(escape_controls(shorten(file)))}"

    def to_json(self) -> dict[str, Any]:
        """Return as plain JSON all that it takes to decide without a terminal."""
        pending = None if self.snapshot is None else self.snapshot.pending
        show = f"pytest-llmregress show {shlex.quote(escape_controls(shorten(self.recording)))}"
        return {
            "candidate": self.candidate,
            "why": self.why,
            "severity": self.severity,
            "models": self.models,
            "changes": [] if pending is None else [each.to_json() for each in pending.changes],
            **({"outdated": self.outdated} if self.outdated else {}),
            "snapshot": _if_there(self.paths.pending_snapshot),
            "cassette": _if_there(self.recording),
            "baseline": {
                "snapshot": _if_there(self.paths.of_baseline().snapshot),
                "cassette": _if_there(self.paths.of_baseline().cassette),
            },
            "show": show,
            "accept": self.command("accept"),
            "reject": self.command("reject"),
        }

    @property
    def recording(self) -> Path:
        """The cassette that it was taken from."""
        own = (self.paths.pending_cassette, self.paths.cassette)
        return next((path for path in own if path.exists()), self.paths.of_baseline().cassette)


def _if_there(path: Path) -> str | None:
    return shorten(path) if path.exists() else None


def read_pending_items(
    tests: Iterable[StoredTest], problems: FileProblems
) -> tuple[PendingItem, ...]:
    """Return what waits for a decision of some tests, of each the baseline's first."""
    found: list[PendingItem] = []
    for test in tests:
        accepted = problems.read(test.paths.snapshot, read_snapshot) if test.pending else None
        for paths in test.pending:
            snapshot = problems.read(paths.pending_snapshot, read_snapshot)
            item = PendingItem(
                test=test.test,
                paths=paths,
                candidate=_find_candidate(test, paths, snapshot),
                snapshot=snapshot,
                is_only=len(test.pending) == 1,
                outdated=_say_outdated(snapshot, accepted),
            )
            found.append(item)
    return tuple(found)


def _say_outdated(snapshot: Snapshot | None, accepted: Snapshot | None) -> str:
    """Say why the changes of what waits are no longer those from what is accepted."""
    pending = None if snapshot is None else snapshot.pending
    if snapshot is None or pending is None or accepted is None:
        return ""
    is_same = pending.against == accepted.cassette or (
        not pending.against and pending.baseline == accepted.models
    )
    if not is_same:
        return "another baseline was accepted since"
    version = snapshot.traits_version
    return "an older version has compared it" if version and version < TRAITS else ""


def _find_candidate(test: StoredTest, paths: TestPaths, snapshot: Snapshot | None) -> str | None:
    """Return the candidate of what waits as it was named; None for the baseline."""
    if paths.variant is None:
        return None
    if snapshot is not None and snapshot.pending is not None and snapshot.pending.candidate:
        return snapshot.pending.candidate
    names = {slug_of_variant(name): name for name in test.candidates}
    return names.get(paths.variant, paths.variant)


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
