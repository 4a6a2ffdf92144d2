"""One decision on one variant of a test: on disk, or not made."""

import os
import shlex
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import assert_never

from pytest_llmregress.cli.pending_item import PendingItem
from pytest_llmregress.cli.selection import FileProblems, shorten
from pytest_llmregress.cli.take_control import CONTROL
from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.providers.asked_models import never_asked
from pytest_llmregress.redaction.redactor import Redactor, find_secrets
from pytest_llmregress.storage.cassette_file import read_cassette
from pytest_llmregress.storage.decisions import note_rejection
from pytest_llmregress.storage.errors import (
    NotAcceptableError,
    UnreadableFileError,
    UnwritableValueError,
)
from pytest_llmregress.storage.pending import accept, deciding, reject, waits
from pytest_llmregress.storage.snapshot_file import read_snapshot
from pytest_llmregress.values.file_names import slug_of_variant
from pytest_llmregress.values.snapshot import Decision


class DecisionKind(StrEnum):
    """What is done with what is pending."""

    ACCEPT = "accept"
    REJECT = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionResult:
    """What came of one decision."""

    lines: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    """Each starts with where it is; where there is one, the decision was not made."""
    is_late: bool = False
    """Whether another process had decided already; then the one line says so."""


def faults_of_reason(reason: str) -> tuple[str, ...]:
    """Say what keeps a reason out of a file that is committed."""
    secrets = find_secrets(reason, redactor=Redactor.of_environment(os.environ))
    return tuple(
        f"--reason: it holds a secret ({each.kind} {each.excerpt}), and it would be committed; "
        "say it without"
        for each in secrets[:1]
    )


def carry_out(deed: DecisionKind, waiting: PendingItem, decision: Decision) -> DecisionResult:
    """Accept or reject one variant of a test; it is on disk, or not done, on return.

    What another process has decided on, or recorded anew, since it was looked at is left alone.
    """
    noted = None
    try:
        with deciding(waiting.paths):
            if kept := _find_what_keeps(deed, waiting):
                return kept
            lacks = _say_what_lacks(waiting) if deed is DecisionKind.ACCEPT else ()
            match deed:
                case DecisionKind.ACCEPT:
                    verb, files = "wrote", accept(waiting.paths, decision=decision)
                case DecisionKind.REJECT:
                    noted = _note(waiting, decision)
                    verb, files = "deleted", reject(waiting.paths)
                case _:
                    assert_never(deed)
    except UnreadableFileError as error:
        unreadable = FileProblems()
        unreadable.add(error)
        return DecisionResult(faults=unreadable.messages)
    except (NotAcceptableError, UnwritableValueError) as error:
        return DecisionResult(faults=(str(error),))
    except OSError as error:
        where = shorten(waiting.paths.pending_snapshot)
        return DecisionResult(faults=(f"{where}: {error.strerror or error}",))
    lines = [f"{deed}ed {waiting.test}: {waiting.models}"]
    lines += [f"  {verb} {shorten(path)}" for path in files]
    if noted is not None:
        lines.append(f"  wrote {shorten(noted)}")
    elif decision.reason and waiting.snapshot is None:
        lines.append("  the reason was not saved: there was no snapshot to write it into")
    return DecisionResult(lines=(*lines, *lacks))


def _find_what_keeps(deed: DecisionKind, waiting: PendingItem) -> DecisionResult | None:
    """Return why nothing is to be decided on; None where nothing keeps it."""
    if not waits(waiting.paths):
        late = f"{waiting.test}: another process has decided on it already; nothing was done"
        return DecisionResult(lines=(late,), is_late=True)
    if not _is_as_shown(waiting):
        return DecisionResult(faults=(_changed(waiting),))
    faults = _find_unasked(waiting) if deed is DecisionKind.ACCEPT else ()
    return DecisionResult(faults=faults) if faults else None


def _say_what_lacks(waiting: PendingItem) -> tuple[str, ...]:
    """Say how many samples the new baseline has where the old one has more, and what records them.

    Beside that, that a candidate's control is none of it. A damaged snapshot says nothing here: it
    keeps the decision from being made.
    """
    try:
        old = read_snapshot(waiting.paths.of_baseline().snapshot)
    except (OSError, UnreadableFileError):
        return ()
    if waiting.snapshot is None or len(waiting.snapshot.samples) >= len(old.samples):
        return _say_control(waiting)
    now, before = len(waiting.snapshot.samples), len(old.samples)
    command = f"pytest {shlex.quote(waiting.test)} --llmregress-record once"
    asked = waiting.snapshot.models or "the same model"
    return (
        f"  the baseline has {count(now, 'sample')} now, and had {before}",
        f"  more, once the code asks for {asked}: {command} --llmregress-samples {before}",
        *_say_control(waiting),
    )


def _say_control(waiting: PendingItem) -> tuple[str, ...]:
    """Say that the samples of a candidate's control are none of the candidate."""
    variant = waiting.paths.variant
    if variant is None:
        return ()
    control = replace(waiting.paths, variant=slug_of_variant(f"{waiting.candidate}{CONTROL}"))
    if not control.cassette.exists():
        return ()
    return (
        f"  its control is of the old model, and none of it is taken over: {control.cassette.name}",
    )


def _find_unasked(waiting: PendingItem) -> tuple[str, ...]:
    """Say that a candidate's recording has asked other models in its place; empty elsewhere."""
    problems, path = FileProblems(), waiting.recording
    if waiting.paths.variant is not None and path.exists() and waiting.candidate is not None:
        wrong = never_asked(read_cassette(path))
        if wrong:
            problems.add_unasked(path, waiting.candidate, wrong)
    return problems.messages


def _note(waiting: PendingItem, decision: Decision) -> Path | None:
    """Write a rejection down: a candidate's recording stays, and is not to come up again."""
    if waiting.snapshot is None:
        return None
    return note_rejection(waiting.paths, waiting.snapshot, decision)


def _is_as_shown(waiting: PendingItem) -> bool:
    """Say whether the pending snapshot is the one that was read: a run may have replaced it."""
    return FileProblems().read(waiting.paths.pending_snapshot, read_snapshot) == waiting.snapshot


def _changed(waiting: PendingItem) -> str:
    return (
        f"{shorten(waiting.paths.pending_snapshot)}: it changed since it was looked at; "
        "nothing was decided on it. pytest-llmregress review"
    )
