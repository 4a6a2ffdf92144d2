"""The command `status`: which models each test is verified on, and what waits for a decision."""

import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from pytest_llmregress.cli.baseline_variance import noise_to_json, render_noise
from pytest_llmregress.cli.output import CommandResult, ExitStatus
from pytest_llmregress.cli.pending_item import PendingItem, decisions_to_json, read_pending_items
from pytest_llmregress.cli.selection import (
    FileProblems,
    find_other,
    journals_below,
    select,
    shorten,
    unasked,
)
from pytest_llmregress.cli.show import rows_of
from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.formatting.text_table import align
from pytest_llmregress.formatting.value_text import models_in_words
from pytest_llmregress.providers.asked_models import find_candidate_of, never_asked
from pytest_llmregress.providers.installed_versions import name_sdks
from pytest_llmregress.providers.registry import find_retirements, known_providers, read_calls
from pytest_llmregress.providers.retirement import SOON, Retirement, retiring, today
from pytest_llmregress.storage.cassette_file import read_cassette
from pytest_llmregress.storage.errors import retake
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.storage.pending import StoredTest
from pytest_llmregress.storage.snapshot_file import read_snapshot
from pytest_llmregress.values.behavior import TRAITS
from pytest_llmregress.values.call import Call
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.file_names import slug_of_variant
from pytest_llmregress.values.snapshot import Snapshot

_HEAD = ("test", "verified on", "recorded", "SDK", "calls")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """What is known of one test."""

    stored: StoredTest
    cassette: Cassette | None
    """None where there is none, or no whole one."""
    snapshot: Snapshot | None
    candidates: tuple[tuple[str, Cassette | None], ...]
    """The name of each candidate with a recording, and that, or None where it is not whole."""
    interrupted: tuple[str | None, ...]
    """The candidates (None: the baseline) with a recording that was cut off."""
    unasked: tuple[str, ...]
    """What to do about each recording of a candidate that asked for other models."""
    waiting: tuple[PendingItem, ...]
    decisions: list[dict[str, Any]]
    """As plain JSON: they are for programs, and for the files' reviewers."""
    retiring: tuple[Retirement, ...] = ()
    """The models it is verified on that end soon, or have ended."""

    @property
    def accepted(self) -> Snapshot | Cassette | None:
        """What says which models the test is verified on."""
        return self.snapshot or self.cassette

    @property
    def observed(self) -> Snapshot | None:
        """What is accepted, as the built-in traits of today see it."""
        known, cassette = self.snapshot, self.cassette
        if known is None or cassette is None or known.traits_version in {None, TRAITS}:
            return known
        from pytest_llmregress.pipeline.extract import update_built_in  # noqa: PLC0415 - after an upgrade

        return update_built_in(known, cassette, lambda run: read_calls(run, known_providers()))

    @property
    def calls(self) -> int | None:
        return None if self.cassette is None else _calls_in(self.cassette)

    @property
    def orphan(self) -> str | None:
        """What to do about an accepted behavior whose recording is gone, or None."""
        if self.stored.cassette or not self.stored.snapshot:
            return None
        path = shorten(self.stored.paths.snapshot)
        return (
            f"{path}: the recording that it was taken from is gone; restore it from version "
            "control, record it again, or delete this file. "
            f"pytest {shlex.quote(self.stored.test)} --llmregress-record once"
        )

    @property
    def other(self) -> str | None:
        """What to do about a snapshot that belongs to another recording, or None."""
        found = find_other(self.stored, self.cassette, self.snapshot)
        return found and f"{shorten(self.stored.paths.snapshot)}: {found}"

    @property
    def bare(self) -> str | None:
        """What to do about a recording without its accepted behavior, or None."""
        if self.stored.snapshot or not self.stored.cassette:
            return None
        return (
            "it has no snapshot; restore that from version control, or take it from the recording: "
            f"{retake(self.stored.test)}"
        )


def show_status(paths: Sequence[Path], *, as_json: bool) -> CommandResult:
    """Tell of each test below the paths where it stands."""
    problems = FileProblems()
    entries = [_read(test, problems) for test in select(paths, problems)]
    cassettes = [cassette for entry in entries for cassette in _cassettes(entry)]
    known = find_retirements(cassettes, known_providers())
    day = today()
    entries = [replace(each, retiring=retiring(_models(each), known, day)) for each in entries]
    begun = _begun(paths, entries)
    orphans = tuple(entry.orphan for entry in entries if entry.orphan is not None)
    lines = (
        _lines_of_json(entries, begun, problems, day)
        if as_json
        else (*_lines(entries, paths, day), *_lines_of_begun(begun))
    )
    said = (*problems.messages, *orphans, *(each.other for each in entries if each.other))
    pending = any(entry.waiting for entry in entries)
    return CommandResult(
        status=ExitStatus.FAILED if said else ExitStatus.PENDING if pending else ExitStatus.FINE,
        lines=lines,
        problems=said,
    )


def _read(stored: StoredTest, problems: FileProblems) -> _Entry:
    """Read all files of a test: whatever is damaged is to be known before a run needs it."""
    paths = stored.paths
    recorded = tuple(
        (candidate, problems.read(_of_candidate(paths, candidate).cassette, read_cassette))
        for candidate in stored.candidates
    )
    wrong = {name: models for name, each in recorded if each and (models := never_asked(each))}
    entry = _Entry(
        stored=stored,
        cassette=problems.read(paths.cassette, read_cassette),
        snapshot=problems.read(paths.snapshot, read_snapshot),
        candidates=tuple(each for each in recorded if each[0] not in wrong),
        interrupted=_interrupted(stored),
        unasked=tuple(
            unasked(_of_candidate(paths, name).cassette, name, models).message
            for name, models in wrong.items()
        ),
        waiting=read_pending_items([stored], problems),
        decisions=[],
    )
    entry = replace(entry, decisions=decisions_to_json(paths, entry.snapshot, problems))
    for waits in stored.pending:
        problems.read(waits.pending_cassette, read_cassette)
    return entry


def _cassettes(entry: _Entry) -> Iterator[Cassette]:
    for cassette in (entry.cassette, *(cassette for _, cassette in entry.candidates)):
        if cassette is not None:
            yield cassette


def _models(entry: _Entry) -> tuple[str, ...]:
    """Return the models that a test is verified on: asked for, and served."""
    accepted = entry.accepted
    return () if accepted is None else (*accepted.requested_models, *accepted.served_models)


def _begun(paths: Sequence[Path], entries: Sequence[_Entry]) -> tuple[Path, ...]:
    """Return the journals of tests of which nothing else is there."""
    known = {(each.stored.paths.directory, each.stored.paths.stem) for each in entries}
    return tuple(
        journal
        for journal in journals_below(paths)
        if (journal.parent, journal.name.removesuffix(".part.jsonl").partition("@")[0]) not in known
    )


def _of_candidate(paths: TestPaths, candidate: str) -> TestPaths:
    variant = slug_of_variant(candidate)
    return TestPaths(directory=paths.directory, stem=paths.stem, variant=variant)


def _interrupted(stored: StoredTest) -> tuple[str | None, ...]:
    """Return what the journals that lie beside a test are of: its candidates, None first."""
    names = {slug_of_variant(name): name for name in stored.candidates}
    paths = stored.paths
    found: list[str | None] = []
    if paths.journal.exists():
        found.append(None)
    start, end = f"{paths.stem}@", ".part.jsonl"
    variants = (
        file.name.removeprefix(start).removesuffix(end)
        for file in sorted(paths.directory.glob(f"*{end}"))
        if file.name.startswith(start)
    )
    return (*found, *(names.get(variant, variant) for variant in variants))


def _lines_of_begun(journals: Sequence[Path]) -> tuple[str, ...]:
    return tuple(
        f"interrupted: {shorten(each)}; recording its test again carries on" for each in journals
    )


def _lines(entries: Sequence[_Entry], paths: Sequence[Path], day: date) -> tuple[str, ...]:
    if not entries:
        return (f"no recordings below {', '.join(map(str, paths))}",)
    blocks = [[_row(entry), *map(_candidate_row, entry.candidates)] for entry in entries]
    head, *rows = align([_HEAD, *(row for block in blocks for row in block)])
    lines, left = [head], iter(rows)
    for entry, block in zip(entries, blocks, strict=True):
        lines += islice(left, len(block))
        lines += render_noise(entry.observed)
        lines += [f"  retiring: {each.in_words(day)}" for each in entry.retiring]
        lines += [f"  {entry.bare}"] if entry.bare is not None else []
        for each in entry.waiting:
            lines.append(f"  pending: {each.models} ({each.reason})")
            lines += [f"    anew: {each.command_to_compare}"] if each.outdated else []
        lines += [
            f"  interrupted: {candidate or 'the baseline'}; recording it again carries on"
            for candidate in entry.interrupted
        ]
        lines += [f"  not the candidate's: {each}" for each in entry.unasked]
    waiting = sum(bool(entry.waiting) for entry in entries)
    tests = count(len(entries), "test")
    if old := sum(bool(entry.retiring) for entry in entries):
        tests += f", {old} on a model that ends within {SOON} days or has ended"
    if waiting:
        lines.append(f"{tests}, {waiting} pending. pytest-llmregress accept lists the commands")
    else:
        lines.append(f"{tests}, 0 pending")
    return tuple(lines)


def _row(entry: _Entry) -> tuple[str, ...]:
    accepted, cassette, calls = entry.accepted, entry.cassette, entry.calls
    return (
        entry.stored.test,
        "nothing accepted"
        if accepted is None
        else models_in_words(accepted.requested_models, accepted.served_models),
        (accepted.recorded_at if accepted is not None else "") or "-",
        "-" if cassette is None else name_sdks(cassette.versions),
        "-" if calls is None or cassette is None else _say_calls(calls, cassette),
    )


def _candidate_row(recorded: tuple[str, Cassette | None]) -> tuple[str, ...]:
    """Return the row of a candidate, or of what was recorded beside one; neither is accepted."""
    name, cassette = recorded
    kind = "  candidate" if find_candidate_of(name) == name else "  beside it"
    if cassette is None:
        return kind, name, "-", "-", "-"
    models = models_in_words(cassette.requested_models, cassette.served_models)
    return (
        kind,
        models if name in cassette.requested_models else f"{name}: {models}",
        cassette.recorded_at or "-",
        name_sdks(cassette.versions),
        _say_calls(_calls_in(cassette), cassette),
    )


def _say_calls(calls: int, cassette: Cassette) -> str:
    samples = len(cassette.runs)
    return f"{calls} in {samples} samples" if samples > 1 else str(calls)


def _calls_in(cassette: Cassette) -> int:
    return sum(isinstance(row, Call) for row in rows_of(cassette))


def _lines_of_json(
    entries: Sequence[_Entry], begun: Sequence[Path], problems: FileProblems, day: date
) -> tuple[str, ...]:
    report = {
        "tests": [_entry_to_json(entry, day) for entry in entries],
        "interrupted": [shorten(journal) for journal in begun],
        "problems": [
            {"path": problem.path, "line": problem.line, "what": problem.what}
            for problem in problems.by_path.values()
        ],
    }
    return tuple(json.dumps(report, indent=2).splitlines())


def _entry_to_json(entry: _Entry, day: date) -> dict[str, Any]:
    accepted = entry.accepted
    return {
        "test": entry.stored.test,
        "requested_models": [] if accepted is None else list(accepted.requested_models),
        "served_models": [] if accepted is None else list(accepted.served_models),
        "recorded_at": None if accepted is None else accepted.recorded_at,
        "versions": {} if entry.cassette is None else dict(entry.cassette.versions),
        "calls": entry.calls,
        "samples": None if entry.cassette is None else len(entry.cassette.runs),
        "retiring": [each.to_json(day) for each in entry.retiring],
        "noise": noise_to_json(entry.observed),
        "candidates": list(entry.stored.candidates),
        "recordings": [
            {
                "candidate": name,
                "requested_models": list(cassette.requested_models),
                "served_models": list(cassette.served_models),
                "recorded_at": cassette.recorded_at,
                "versions": dict(cassette.versions),
                "calls": _calls_in(cassette),
                "samples": len(cassette.runs),
            }
            for name, cassette in entry.candidates
            if cassette is not None
        ],
        "interrupted": list(entry.interrupted),
        "orphan": entry.orphan is not None,
        "bare": entry.bare is not None,
        "pending": [each.to_json() for each in entry.waiting],
        "decisions": entry.decisions,
    }
