"""What is kept of a test's run: nothing half-made, nothing accepted without a decision."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from pytest_llmregress.comparison.merging import merge_changes
from pytest_llmregress.pipeline.judge import check_acceptable
from pytest_llmregress.pipeline.state import (
    ObservedSample,
    ObservedTest,
    deduplicate,
)
from pytest_llmregress.providers.installed_versions import recorded_with
from pytest_llmregress.providers.protocol import Provider
from pytest_llmregress.providers.registry import find_packages
from pytest_llmregress.recording.cassette_session import SampleMode
from pytest_llmregress.storage.cassette_file import digest_of
from pytest_llmregress.storage.decisions import Rejection
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.values.behavior import Change
from pytest_llmregress.values.cassette import Cassette, SampleHeader
from pytest_llmregress.values.http import Interaction
from pytest_llmregress.values.run_report import AnswerSource
from pytest_llmregress.values.snapshot import (
    Decision,
    PendingReason,
    PendingState,
    SampleSnapshot,
    Snapshot,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteFacts:
    """What decides on the files of a test beside what its samples came to."""

    is_over: bool
    """Whether no sample that was planned is still to be run."""
    session: str
    """When this session began."""
    recorded_at: str
    """When what is new was recorded."""
    providers: Sequence[Provider]
    in_ci: bool
    extractors: tuple[str, ...]
    """`name=version` of everything that has a say on its behavior."""
    decision: Decision | None
    """Who accepts what this run finds; None where nobody does."""
    rejections: Sequence[Rejection] = ()
    """The recordings of the test that somebody has rejected."""
    has_pending_recording: bool = False
    """Whether a recording waits for a decision."""


class WriteReason(StrEnum):
    """Why files are written, or none."""

    SKIPPED = "the test has skipped itself: there is nothing to record"
    NOT_ASKED = "the candidate was not asked"
    UNKNOWN = "what it came to is unknown"
    NOT_WHOLE = "a sample is missing, or an answer of it"
    AS_ACCEPTED = "it is what was accepted"
    AS_BEFORE = "the candidate does as the baseline did"
    ASIDE = "it was run beside a test"
    ACCEPTED = "it is accepted"
    REJECTED = "somebody has rejected this very recording"
    DECIDED_ELSEWHERE = "it can be replayed where somebody decides on it"
    PENDING = "somebody is to decide on it"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedFiles:
    """What became of a run."""

    pending: Path | None = None
    """The pending snapshot, if something waits for a decision."""
    accepted: bool = False
    """Whether something was accepted."""
    rejected: Decision | None = None
    """Who has rejected this very recording before; it does not come up again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WritePlan:
    """What is written of a run and what goes, in the order of the fields, and why."""

    why: WriteReason
    cassettes: tuple[tuple[Path, Cassette], ...] = ()
    snapshots: tuple[tuple[Path, Snapshot], ...] = ()
    superseded: TestPaths | None = None
    """Where what waits for a decision goes."""
    restored: TestPaths | None = None
    """Where what an earlier run of this recording has left pending goes: it is as before now."""
    ends_journal: bool = False
    """Whether the journal goes: all of it is in a cassette, or of no use."""
    saved: SavedFiles = SavedFiles()


def plan_writes(test: ObservedTest, facts: WriteFacts) -> WritePlan:
    """Return which files a run leaves: an accepted pair, a candidate's, a pending pair, or none."""
    state = test.state
    plan = _plan_nothing(test, facts)
    if plan is not None:
        return plan
    if state.old is not None and test.is_replay:
        if state.side is not None:
            return WritePlan(why=WriteReason.ASIDE)
        is_candidate = state.settings.candidate is not None
        plan_replay = _plan_candidate_replay if is_candidate else _plan_replay
        return plan_replay(test, facts, state.old)
    cassette = build_cassette(test, facts)
    if state.side is not None:
        plan = WritePlan(why=WriteReason.ASIDE, cassettes=((state.paths.cassette, cassette),))
    elif state.settings.candidate is not None:
        plan = _plan_candidate(test, facts, cassette)
    else:
        plan = _plan_baseline(test, facts, cassette)
    return replace(plan, ends_journal=True)


def _plan_nothing(test: ObservedTest, facts: WriteFacts) -> WritePlan | None:
    """Return the plan of a run that leaves nothing; None where it may leave something."""
    samples = test.samples
    if all(sample.skipped and not sample.body_passed for sample in samples):
        return WritePlan(why=WriteReason.SKIPPED, ends_journal=True)
    if any(sample.unasked is not None for sample in samples):
        is_new = any(each.plan.mode is not SampleMode.REPLAY for each in samples)
        return WritePlan(why=WriteReason.NOT_ASKED, ends_journal=is_new)
    if any(sample.is_unread for sample in samples):
        return WritePlan(why=WriteReason.UNKNOWN)
    if is_plain_replay(test):
        return plan_restoring(test)
    if not (facts.is_over and all(sample.usable for sample in samples)):
        # Of a replay, too: what it did not come to would no longer be accepted.
        return WritePlan(why=WriteReason.NOT_WHOLE)
    return None


def is_plain_replay(test: ObservedTest) -> bool:
    """Tell whether nothing is new, as in most tests of most runs."""
    state = test.state
    if state.old is None or not state.is_baseline or state.settings.accept or not test.is_replay:
        return False
    is_read = not any(sample.is_unread or sample.unasked for sample in test.samples)
    return is_read and not test.found_in_replay


def plan_restoring(test: ObservedTest) -> WritePlan:
    """Return the plan of a replay that did what was accepted."""
    return WritePlan(why=WriteReason.AS_ACCEPTED, restored=test.state.paths)


def _merge_changes(test: ObservedTest) -> tuple[Change, ...]:
    """Return what the new recordings do differently from what is accepted."""
    compared = [sample.changes for sample in test.compared]
    return merge_changes(compared) if compared else ()


def _plan_baseline(test: ObservedTest, facts: WriteFacts, cassette: Cassette) -> WritePlan:
    """Accept a first recording, and one that behaves as before; leave any other pending.

    Samples that join accepted ones are the noise of the baseline, and no change of it.
    """
    paths, accepted, changes = test.state.paths, test.state.accepted, _merge_changes(test)
    snapshot = _build_snapshot(test, facts, cassette)
    if not changes and accepted is not None:
        snapshot = replace(snapshot, decision=accepted.decision)
    elif changes:
        snapshot = replace(snapshot, decision=facts.decision)
    if check_acceptable(test) and (test.settings.accept or not changes):
        return _plan_accepted(paths, cassette, snapshot)
    pending = _plan_pending(test, snapshot, _why(test), changes)
    return replace(pending, cassettes=((paths.pending_cassette, cassette),))


def _plan_candidate(test: ObservedTest, facts: WriteFacts, cassette: Cassette) -> WritePlan:
    """Keep a candidate's recording beside what comes of it."""
    own = ((test.state.paths.cassette, cassette),)
    plan = _plan_candidate_snapshot(test, facts, cassette)
    return replace(plan, cassettes=(*own, *plan.cassettes))


def _plan_candidate_snapshot(
    test: ObservedTest, facts: WriteFacts, cassette: Cassette
) -> WritePlan:
    """Leave a candidate's snapshot pending, or accept it where that was asked for.

    What somebody has rejected does neither: it takes another recording to come up again.
    """
    paths, changes = test.state.paths, _merge_changes(test)
    snapshot = _build_snapshot(test, facts, cassette)
    rejected = (e.decision for e in facts.rejections if e.cassette == snapshot.cassette)
    if decision := next(rejected, None):
        return WritePlan(why=WriteReason.REJECTED, saved=SavedFiles(rejected=decision))
    if _is_accepting(test):
        snapshot = replace(snapshot, decision=facts.decision)
        return _plan_accepted(paths, replace(cassette, candidate=None), snapshot)
    if not changes:
        return WritePlan(why=WriteReason.AS_BEFORE, restored=paths)
    return _plan_pending(test, snapshot, _why(test), changes)


def _why(test: ObservedTest) -> PendingReason:
    return PendingReason.DRIFTED if check_acceptable(test) else PendingReason.FAILED


def _plan_candidate_replay(test: ObservedTest, facts: WriteFacts, old: Cassette) -> WritePlan:
    """Decide on a candidate's recording again, where somebody may."""
    if facts.in_ci and not _is_accepting(test):
        return WritePlan(why=WriteReason.DECIDED_ELSEWHERE)
    return _plan_candidate_snapshot(test, facts, old)


def _is_accepting(test: ObservedTest) -> bool:
    return test.settings.accept and check_acceptable(test)


def _plan_replay(test: ObservedTest, facts: WriteFacts, old: Cassette) -> WritePlan:
    """Leave pending what the test's code makes of its recording, where that is new."""
    changes, paths = test.found_in_replay, test.state.paths
    if _is_accepting(test) and (changes or _is_outdated(test, facts, old)):
        snapshot = replace(_build_snapshot(test, facts, old), decision=facts.decision)
        return replace(_plan_accepted(paths, old, snapshot), cassettes=())
    if not changes:
        return plan_restoring(test)
    if facts.in_ci or facts.has_pending_recording:
        # A recording that waits keeps its snapshot; this replay can be run again.
        return WritePlan(why=WriteReason.DECIDED_ELSEWHERE)
    return _plan_pending(test, _build_snapshot(test, facts, old), PendingReason.CHANGED, changes)


def _is_outdated(test: ObservedTest, facts: WriteFacts, old: Cassette) -> bool:
    """Tell whether nothing is accepted, or it is of another recording or of older extractors."""
    accepted = test.state.accepted
    if accepted is None or old.digest not in {"", accepted.cassette}:
        return True
    return accepted.behaviors != _build_snapshot(test, facts, old).behaviors


def _plan_accepted(paths: TestPaths, cassette: Cassette, snapshot: Snapshot) -> WritePlan:
    """Write a pair as the baseline; an older one that nobody decided on is superseded."""
    baseline = paths.of_baseline()
    return WritePlan(
        why=WriteReason.ACCEPTED,
        cassettes=((baseline.cassette, cassette),),
        snapshots=((baseline.snapshot, snapshot),),
        superseded=paths,
        saved=SavedFiles(accepted=True),
    )


def _plan_pending(
    test: ObservedTest, snapshot: Snapshot, why: PendingReason, changes: tuple[Change, ...]
) -> WritePlan:
    candidate, accepted = test.settings.candidate, test.state.accepted
    pending = PendingState(
        why=why,
        candidate=None if candidate is None else candidate.name,
        baseline="" if accepted is None else accepted.models,
        against="" if accepted is None else accepted.cassette,
        changes=changes,
    )
    path = test.state.paths.pending_snapshot
    return WritePlan(
        why=WriteReason.PENDING,
        snapshots=((path, replace(snapshot, pending=pending)),),
        saved=SavedFiles(pending=path),
    )


def _build_snapshot(test: ObservedTest, facts: WriteFacts, cassette: Cassette) -> Snapshot:
    has_passed = all(sample.own_passed for sample in test.samples)
    return Snapshot(
        test=test.node_id,
        cassette=digest_of(cassette),
        requested_models=cassette.requested_models,
        served_models=cassette.served_models,
        recorded_at=cassette.recorded_at,
        samples=tuple(_build_sample(test, sample, facts) for sample in test.samples),
        extractors=facts.extractors if has_passed else (),
    )


def _build_sample(test: ObservedTest, sample: ObservedSample, facts: WriteFacts) -> SampleSnapshot:
    values, behavior = dict(sample.values), sample.behavior
    accepted, old = test.state.accepted, test.state.old
    own = None if accepted is None else accepted.sample(sample.plan.number) or accepted.samples[0]
    if not sample.own_passed and own is not None:
        values = {**own.values, **values}  # the body stopped before it came to the others
        if sample.is_exact:
            behavior = own.behavior  # and before it made all of its calls
    several = len(test.samples) > 1
    note = sample.plan.note
    replayed = sample.mode is AnswerSource.REPLAYED
    session = (note.session if note else "") if replayed else facts.session
    if several and replayed and not session and old is not None:
        session = old.recorded_at
    return SampleSnapshot(
        behavior=behavior,
        values=values,
        passed=sample.own_passed,
        session=session if several else "",
    )


def build_cassette(test: ObservedTest, facts: WriteFacts) -> Cassette:
    """Return the recording that a run leaves."""
    recorded = [sample.recording.interactions for sample in test.samples]
    calls = [call for sample in test.samples for call in sample.calls]
    candidate, side = test.settings.candidate, test.state.side
    named = None if candidate is None else candidate.name
    return Cassette(
        test=test.node_id,
        candidate=named if side is None else test.state.variant,
        marks=test.state.identity.marks,
        requested_models=deduplicate(call.requested_model for call in calls),
        served_models=deduplicate(call.served_model for call in calls),
        recorded_at=facts.recorded_at,
        versions=recorded_with(find_packages(calls, facts.providers)),
        interactions=tuple(each for interactions in recorded for each in interactions),
        samples=tuple(
            _build_header(test, sample, interactions, facts)
            for sample, interactions in zip(test.samples, recorded, strict=True)
        ),
    )


def _build_header(
    test: ObservedTest,
    sample: ObservedSample,
    interactions: Sequence[Interaction],
    facts: WriteFacts,
) -> SampleHeader:
    """Return what the cassette is to say about a sample."""
    if sample.mode is AnswerSource.REPLAYED and sample.plan.note is not None:
        return replace(sample.plan.note, calls=len(interactions))
    return SampleHeader(
        calls=len(interactions),
        passed=sample.good,
        failure="" if sample.good else test.state.config.redactor.value(sample.why),
        session=facts.session,
        confirms=sample.plan.confirms,
        controls=sample.plan.controls,
        among=sample.plan.among,
        not_asked=sample.recording.not_asked,
        after_body=sample.recording.after_body,
    )
