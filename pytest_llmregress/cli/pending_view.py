"""Reads the files of a pending pair, and of what it would replace, for a review."""

from collections.abc import Sequence

from pytest_llmregress.causes.find_cause import RecordedSide, find_cause
from pytest_llmregress.cli.pending_item import PendingItem
from pytest_llmregress.cli.selection import FileProblems
from pytest_llmregress.providers.prices import price
from pytest_llmregress.providers.registry import known_providers, read_calls
from pytest_llmregress.reports.review import ItemView, ReviewSide, to_text
from pytest_llmregress.storage.cassette_file import digest_of, read_cassette
from pytest_llmregress.storage.decisions import read_rejections
from pytest_llmregress.storage.errors import UnreadableFileError
from pytest_llmregress.storage.snapshot_file import read_snapshot
from pytest_llmregress.values.behavior import worst_first
from pytest_llmregress.values.call import Call, Calls, sum_known
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.conversations import messages_of
from pytest_llmregress.values.http import Interaction
from pytest_llmregress.values.side_by_side import MAX_TEXT, CallSummary
from pytest_llmregress.values.snapshot import Snapshot


def read_view(waiting: PendingItem) -> ItemView:
    """Return what a review shows of something pending; what cannot be read becomes a note."""
    problems = FileProblems()
    baseline = waiting.paths.of_baseline()
    accepted = problems.read(baseline.snapshot, read_snapshot)
    old = problems.read(baseline.cassette, read_cassette)
    new = _recording_of(waiting, old, problems)
    number = _sample(accepted, waiting.snapshot)
    before, after = _calls(old, 0), _calls(new, number)
    pending = None if waiting.snapshot is None else waiting.snapshot.pending
    outdated = [f"to compare it anew: {waiting.command_to_compare}"] if waiting.outdated else []
    notes = [*outdated, *_rejected(waiting, problems), *_samples(new, number), *problems.messages]
    return ItemView(
        test=waiting.test,
        models=waiting.models,
        reason=waiting.reason,
        severity=waiting.severity,
        changes=() if pending is None else worst_first(pending.changes),
        cause=None
        if old is None or new is None
        else find_cause(_evidence(old, before), _evidence(new, after)),
        old=None if old is None else _side(before, accepted, 0),
        new=None if new is None else _side(after, waiting.snapshot, number),
        notes=tuple(notes),
    )


def _recording_of(
    waiting: PendingItem, old: Cassette | None, problems: FileProblems
) -> Cassette | None:
    """Return the recording that the pending snapshot was taken from, as accepting would find it."""
    paths = waiting.paths
    places = [paths.pending_cassette]
    if paths.variant is not None:
        places.append(paths.cassette)
    digest = None if waiting.snapshot is None else waiting.snapshot.cassette
    found = [problems.read(path, read_cassette) for path in places]
    return next(
        (c for c in (*found, old) if c is not None and digest in {None, digest_of(c)}), None
    )


def _sample(accepted: Snapshot | None, pending: Snapshot | None) -> int:
    """Return the index of the first pending sample that differs from what is accepted."""
    if accepted is None or pending is None:
        return 0
    known = accepted.behaviors
    return next((n for n, one in enumerate(pending.behaviors) if one not in known), 0)


def _calls(cassette: Cassette | None, sample: int) -> Calls:
    runs: Sequence[Sequence[Interaction]] = () if cassette is None else cassette.runs
    run = runs[sample] if sample < len(runs) else ()
    return read_calls(run, known_providers())


def _evidence(cassette: Cassette, calls: Calls) -> RecordedSide:
    return RecordedSide(calls=calls, versions=cassette.versions, recorded_at=cassette.recorded_at)


def _side(calls: Calls, snapshot: Snapshot | None, number: int) -> ReviewSide:
    sample = None if snapshot is None else snapshot.sample(number + 1)
    return ReviewSide(
        side=CallSummary.of(calls),
        prompt=_prompt(calls[0])[:MAX_TEXT] if calls else "",
        cost=sum_known(price(call) for call in calls),
        values=to_text(dict(sample.values)) if sample is not None and sample.values else "",
    )


def _prompt(call: Call) -> str:
    """Return the texts of a request, each below the role that says it."""
    system = call.prompt.system
    spoken = [("system", [{"text": system}] if isinstance(system, str) else system)]
    parts = []
    for role, blocks in (*spoken, *messages_of(call)):
        texts = [
            block["text"]
            for block in (blocks if isinstance(blocks, list | tuple) else ())
            if isinstance(block, dict) and isinstance(block.get("text"), str)
        ]
        if texts:
            parts.append("\n".join([f"{role}:", *texts]))
    return "\n\n".join(parts)


def _rejected(waiting: PendingItem, problems: FileProblems) -> tuple[str, ...]:
    """Say that this very recording, or this model, was rejected before, and why."""
    try:
        rejections = read_rejections(waiting.paths)
    except UnreadableFileError as error:
        problems.add(error)
        return ()
    snapshot = waiting.snapshot
    return tuple(
        f"rejected before, {each.decision.at[:10]} by {each.decision.by}: {each.decision.reason}"
        for each in rejections
        if snapshot is not None and each.models == snapshot.requested_models
    )


def _samples(cassette: Cassette | None, number: int) -> tuple[str, ...]:
    """Say which sample is shown where there are several, and why its test failed."""
    notes = () if cassette is None else cassette.notes
    said = [f"shown: sample {number + 1} of {len(notes)}"] if len(notes) > 1 else []
    if number < len(notes) and notes[number].failure:
        said.append(f"the test failed: {notes[number].failure}")
    return tuple(said)
