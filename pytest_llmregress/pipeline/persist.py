"""What is kept of a test's run: nothing half-made, nothing accepted without a decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Self

from pytest_llmregress.comparison.merging import merge_changes
from pytest_llmregress.pipeline.config import TestConfig
from pytest_llmregress.pipeline.http_session import deduplicate
from pytest_llmregress.pipeline.session_context import SessionContext
from pytest_llmregress.pipeline.state import ObservedSample, ObservedTest
from pytest_llmregress.redaction.redactor import find_secrets
from pytest_llmregress.storage.cassette_file import digest_of, write_cassette
from pytest_llmregress.storage.decisions import build_decision, find_author, read_rejections
from pytest_llmregress.storage.errors import SecretInFileError
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.storage.journal import Journal
from pytest_llmregress.storage.pending import reject
from pytest_llmregress.storage.snapshot_file import read_snapshot, write_snapshot
from pytest_llmregress.values.behavior import Change
from pytest_llmregress.values.cassette import Cassette, SampleHeader
from pytest_llmregress.values.http import Interaction
from pytest_llmregress.values.run_report import AnswerSource
from pytest_llmregress.values.settings import Settings
from pytest_llmregress.values.snapshot import (
    Decision,
    PendingReason,
    PendingState,
    SampleSnapshot,
    Snapshot,
)

RECORDERS = ("anthropic", "pytest-llmregress", "vcrpy")
"""The packages whose versions a cassette names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a run of a test came to, as far as it decides on what is kept."""

    test: str
    paths: TestPaths
    rules: TestConfig
    samples: tuple[ObservedSample, ...]
    whole: bool
    """Whether every sample that was planned ran, and each has all of its answers."""
    old: Cassette | None
    """The cassette as it was before."""
    accepted: Snapshot | None
    journal: Journal
    requested_models: tuple[str, ...]
    served_models: tuple[str, ...]
    good: bool
    """Whether enough samples passed, and no rule was broken."""
    found_in_replay: tuple[Change, ...] = ()
    """What the test's code makes of its recording in a replay of the baseline, where it is new."""
    session: str
    """When this session began."""
    recorded_at: str
    """When what is new was recorded."""
    versions: Mapping[str, str]
    in_ci: bool
    extractors: tuple[str, ...]
    """`name=version` of everything that has a say on its behavior."""

    @classmethod
    def of(  # noqa: PLR0913 - what a test does not know of itself
        cls,
        test: ObservedTest,
        context: SessionContext,
        *,
        journal: Journal,
        whole: bool,
        good: bool,
        found_in_replay: tuple[Change, ...],
        recorded_at: str,
        extractors: tuple[str, ...],
    ) -> Self:
        """Return the same of a test, with what its run knows."""
        state = test.state
        calls = [call for sample in test.samples for call in sample.calls]
        return cls(
            test=test.node_id,
            paths=state.paths,
            rules=state.config,
            samples=test.samples,
            whole=whole,
            old=state.old,
            accepted=state.accepted,
            journal=journal,
            requested_models=deduplicate(call.requested_model for call in calls),
            served_models=deduplicate(call.served_model for call in calls),
            good=good,
            found_in_replay=found_in_replay,
            session=context.started,
            recorded_at=recorded_at,
            versions=context.versions,
            in_ci=context.in_ci,
            extractors=extractors,
        )

    @property
    def settings(self) -> Settings:
        """The settings of the test."""
        return self.rules.settings

    @property
    def is_replay(self) -> bool:
        """Whether all answers come from the cassette."""
        return self.old is not None and all(e.mode is AnswerSource.REPLAYED for e in self.samples)

    @property
    def own_passed(self) -> bool:
        """Whether all samples passed, contract and drift apart."""
        return all(sample.own_passed for sample in self.samples)

    @property
    def changes(self) -> tuple[Change, ...]:
        """What the new recordings do differently from what is accepted, merged."""
        compared = [sample.changes for sample in self.samples if sample.compared]
        return merge_changes(compared) if compared else ()

    def inspect(self, path: Path, text: str) -> None:
        """Keep a text with a secret in it out of its file: the last line of defence."""
        secrets = find_secrets(text, redactor=self.rules.redactor)
        if secrets:
            places = [f"line {each.line}: {each.kind} {each.excerpt}" for each in secrets]
            raise SecretInFileError(
                f"{path}: it would hold a secret ({'; '.join(places)}); take it out of what the "
                'test sends, or name its form in llm_config["redact"]'
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedFiles:
    """What became of it."""

    pending: Path | None = None
    """The pending snapshot, if something waits for a decision."""
    accepted: bool = False
    """Whether something was accepted."""
    rejected: Decision | None = None
    """Who has rejected this very recording before; it does not come up again."""


def keep(found: Found) -> SavedFiles:
    """Write what this run leaves: an accepted pair, a candidate's recording, a pending pair.

    Raises OSError and ValueError where a file cannot be written.
    """
    if not found.whole:
        return SavedFiles()  # of a replay, too: what it did not come to would no longer be accepted
    if found.is_replay and found.old is not None:
        return _keep_replay(found, found.old)
    cassette = build_cassette(found)
    if found.settings.candidate is not None:
        write_cassette(found.paths.cassette, cassette, inspect=found.inspect)
        kept = _keep_candidate(found, cassette)
    else:
        kept = _keep_baseline(found, cassette)
    found.journal.remove()  # only now is all of it in a cassette
    return kept


def _keep_baseline(found: Found, cassette: Cassette) -> SavedFiles:
    """Accept a first recording, and one that behaves as before; leave any other pending.

    Samples that join accepted ones are the noise of the baseline, and no change of it.
    """
    snapshot = _snapshot(found, cassette)
    if not found.changes and found.accepted is not None:
        snapshot = replace(snapshot, decision=found.accepted.decision)
    elif found.settings.accept and found.changes:
        snapshot = replace(snapshot, decision=build_run_decision())
    if found.good and (found.settings.accept or not found.changes):
        write_cassette(found.paths.cassette, cassette, inspect=found.inspect)
        write_snapshot(found.paths.snapshot, snapshot, inspect=found.inspect)
        reject(found.paths)  # an older recording that nobody decided on is superseded
        return SavedFiles(accepted=True)
    write_cassette(found.paths.pending_cassette, cassette, inspect=found.inspect)
    why = PendingReason.DRIFTED if found.good else PendingReason.FAILED
    return _leave_pending(found, snapshot, why, found.changes)


def _keep_candidate(found: Found, cassette: Cassette) -> SavedFiles:
    """Leave a candidate's snapshot pending, or accept it where that was asked for.

    What somebody has rejected does neither: it takes another recording to come up again.
    """
    snapshot = _snapshot(found, cassette)
    if rejected := _rejection_of(found, snapshot):
        return SavedFiles(rejected=rejected)
    if found.good and found.settings.accept:
        snapshot = replace(snapshot, decision=build_run_decision())
        baseline = found.paths.of_baseline()
        write_cassette(baseline.cassette, replace(cassette, candidate=None), inspect=found.inspect)
        write_snapshot(baseline.snapshot, snapshot, inspect=found.inspect)
        reject(found.paths)
        return SavedFiles(accepted=True)
    if not found.changes:
        return SavedFiles()
    why = PendingReason.DRIFTED if found.good else PendingReason.FAILED
    return _leave_pending(found, snapshot, why, found.changes)


def _rejection_of(found: Found, snapshot: Snapshot) -> Decision | None:
    """Return who rejected this very recording; None where nobody did."""
    rejections = read_rejections(found.paths)
    return next((e.decision for e in rejections if e.cassette == snapshot.cassette), None)


def build_run_decision() -> Decision:
    """Return that somebody accepts what this run finds, without a word on why."""
    return build_decision(_author(), "")


@cache
def _author() -> str:
    return find_author()


def _keep_replay(found: Found, old: Cassette) -> SavedFiles:
    """Leave pending what the test's code makes of its recording, where that is new."""
    accepting = found.settings.accept and found.good
    if found.settings.candidate is not None:
        # In CI it can be replayed again, and nobody will decide on it there.
        return SavedFiles() if found.in_ci and not accepting else _keep_candidate(found, old)
    changes = found.found_in_replay
    if accepting and (changes or _is_outdated(found, old)):
        snapshot = replace(_snapshot(found, old), decision=build_run_decision())
        write_snapshot(found.paths.snapshot, snapshot, inspect=found.inspect)
        reject(found.paths)
        return SavedFiles(accepted=True)
    if not changes:
        delete_stale_pending(found.paths)
        return SavedFiles()
    if found.in_ci or found.paths.pending_cassette.exists():
        return (
            SavedFiles()
        )  # a recording that waits keeps its snapshot; this replay can be run again
    return _leave_pending(found, _snapshot(found, old), PendingReason.CHANGED, changes)


def _is_outdated(found: Found, old: Cassette) -> bool:
    """Tell whether today's extractors say otherwise of what is accepted, or nothing is."""
    accepted = found.accepted
    return accepted is None or accepted.behaviors != _snapshot(found, old).behaviors


def _leave_pending(
    found: Found, snapshot: Snapshot, why: PendingReason, changes: tuple[Change, ...]
) -> SavedFiles:
    candidate = found.settings.candidate
    accepted = found.accepted
    pending = PendingState(
        why=why,
        candidate=None if candidate is None else candidate.name,
        baseline="" if accepted is None else accepted.models,
        changes=changes,
    )
    write_snapshot(
        found.paths.pending_snapshot, replace(snapshot, pending=pending), inspect=found.inspect
    )
    return SavedFiles(pending=found.paths.pending_snapshot)


def delete_stale_pending(paths: TestPaths) -> None:
    """Delete what an earlier replay left pending, now that the code is back to what it was."""
    if not paths.has_pending_snapshot or paths.pending_cassette.exists():
        return  # a recording was paid for: only a person decides on it
    try:
        pending = read_snapshot(paths.pending_snapshot).pending
    except (FileNotFoundError, ValueError):
        return
    if pending is not None and pending.why is PendingReason.CHANGED:
        paths.pending_snapshot.unlink()


def _snapshot(found: Found, cassette: Cassette) -> Snapshot:
    samples = tuple(_sample_snapshot(found, sample) for sample in found.samples)
    return Snapshot(
        test=found.test,
        cassette=digest_of(cassette),
        requested_models=cassette.requested_models,
        served_models=cassette.served_models,
        recorded_at=cassette.recorded_at,
        samples=samples,
        extractors=found.extractors if found.own_passed else (),
    )


def _sample_snapshot(found: Found, sample: ObservedSample) -> SampleSnapshot:
    values, behavior = dict(sample.values), sample.behavior
    accepted = found.accepted
    own = None if accepted is None else accepted.sample(sample.plan.number) or accepted.samples[0]
    if not sample.own_passed and own is not None:
        values = {**own.values, **values}  # the body stopped before it came to the others
        if sample.is_exact:
            behavior = own.behavior  # and before it made all of its calls
    several = len(found.samples) > 1
    note = sample.plan.note
    replayed = sample.mode is AnswerSource.REPLAYED
    session = (note.session if note else "") if replayed else found.session
    if several and replayed and not session and found.old is not None:
        session = found.old.recorded_at
    return SampleSnapshot(
        behavior=behavior,
        values=values,
        passed=sample.own_passed,
        session=session if several else "",
    )


def build_cassette(found: Found) -> Cassette:
    """Return the recording that a run leaves."""
    recorded = [sample.recording.interactions for sample in found.samples]
    candidate = found.settings.candidate
    return Cassette(
        test=found.test,
        candidate=None if candidate is None else candidate.name,
        requested_models=found.requested_models,
        served_models=found.served_models,
        recorded_at=found.recorded_at,
        versions={name: found.versions[name] for name in RECORDERS},
        interactions=tuple(each for interactions in recorded for each in interactions),
        samples=tuple(
            _note(found, sample, interactions)
            for sample, interactions in zip(found.samples, recorded, strict=True)
        ),
    )


def _note(
    found: Found, sample: ObservedSample, interactions: Sequence[Interaction]
) -> SampleHeader:
    """Return what the cassette is to say about a sample."""
    if sample.mode is AnswerSource.REPLAYED and sample.plan.note is not None:
        return replace(sample.plan.note, calls=len(interactions))
    return SampleHeader(
        calls=len(interactions),
        passed=sample.good,
        failure="" if sample.good else found.rules.redactor.value(sample.why),
        session=found.session,
        confirms=sample.plan.confirms,
    )
