"""What is kept of a test's run: nothing half-made, nothing accepted without a decision."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pytest_llmregress.adapters.store.cassette_file import digest_of, write_cassette
from pytest_llmregress.adapters.store.errors import HoldsSecret
from pytest_llmregress.adapters.store.paths import TestPaths
from pytest_llmregress.adapters.store.pending import reject
from pytest_llmregress.adapters.store.snapshot_file import read_snapshot, write_snapshot
from pytest_llmregress.core.behavior import Behavior, Change
from pytest_llmregress.core.cassette import Cassette
from pytest_llmregress.core.http import Interaction
from pytest_llmregress.core.redaction import find_secrets
from pytest_llmregress.core.report import Mode
from pytest_llmregress.core.settings import RecordMode, Settings
from pytest_llmregress.core.snapshot import Pending, Snapshot, Waits
from pytest_llmregress.glue.judgement import Judgement
from pytest_llmregress.glue.traffic import Traffic

RECORDERS = ("anthropic", "pytest-llmregress", "vcrpy")
"""The packages whose versions a cassette names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a run of a test came to, as far as it decides on what is kept."""

    test: str
    paths: TestPaths
    settings: Settings
    traffic: Traffic
    judgement: Judgement
    behavior: Behavior
    requested_models: tuple[str, ...]
    served_models: tuple[str, ...]
    body_passed: bool
    """Whether set-up, body and tear-down passed; contract and drift apart."""
    broken: bool
    """Whether a problem of ours failed it: a broken rule, a call past the cassette."""
    versions: dict[str, str]
    in_ci: bool

    def inspect(self, path: Path, text: str) -> None:
        """Keep a text with a secret in it out of its file: the last line of defence."""
        secrets = find_secrets(text, redactor=self.traffic.tape.redactor)
        if secrets:
            places = [f"line {each.line}: {each.kind} {each.excerpt}" for each in secrets]
            raise HoldsSecret(
                f"{path}: it would hold a secret ({'; '.join(places)}); take it out of what the "
                'test sends, or name its form in llm_config["redact"]'
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What became of it."""

    pending: Path | None = None
    """The pending snapshot, if something waits for a decision."""
    accepted: bool = False
    """Whether something was accepted."""


def keep(found: Found) -> Kept:
    """Write what this run leaves: an accepted pair, a candidate's recording, a pending pair.

    Raises OSError and ValueError where a file cannot be written.
    """
    traffic = found.traffic
    if traffic.mode is Mode.REPLAYED and traffic.old is not None:
        return _keep_replay(found, traffic.old)
    if traffic.mode is Mode.IDLE or traffic.unfinished():
        return Kept()
    cassette = _cassette(found)
    if found.settings.candidate is not None:
        write_cassette(found.paths.cassette, cassette, inspect=found.inspect)
        kept = _keep_candidate(found, cassette)
    else:
        kept = _keep_baseline(found, cassette)
    traffic.journal.remove()  # only now is all of it in a cassette
    return kept


def _keep_baseline(found: Found, cassette: Cassette) -> Kept:
    """Accept a first recording, and one that behaves as before; leave any other pending."""
    snapshot = _snapshot(found, cassette)
    changes = found.judgement.changes(found.behavior, passed=found.body_passed)
    good = found.body_passed and not found.broken
    if good and (found.settings.accept or not changes):
        write_cassette(found.paths.cassette, cassette, inspect=found.inspect)
        write_snapshot(found.paths.snapshot, snapshot, inspect=found.inspect)
        reject(found.paths)  # an older recording that nobody decided on is superseded
        return Kept(accepted=True)
    write_cassette(found.paths.pending_cassette, cassette, inspect=found.inspect)
    why = Waits.DRIFTED if good else Waits.FAILED
    return _leave_pending(found, snapshot, why, changes)


def _keep_candidate(found: Found, cassette: Cassette) -> Kept:
    """Leave a candidate's snapshot pending, or accept it where that was asked for."""
    snapshot = _snapshot(found, cassette)
    changes = found.judgement.changes(found.behavior, passed=found.body_passed)
    good = found.body_passed and not found.broken
    if good and found.settings.accept:
        baseline = found.paths.of_baseline()
        write_cassette(baseline.cassette, replace(cassette, candidate=None), inspect=found.inspect)
        write_snapshot(baseline.snapshot, snapshot, inspect=found.inspect)
        reject(found.paths)
        return Kept(accepted=True)
    if not changes:
        return Kept()
    return _leave_pending(found, snapshot, Waits.DRIFTED if good else Waits.FAILED, changes)


def _keep_replay(found: Found, old: Cassette) -> Kept:
    """Leave pending what the test's code makes of its recording, where that is new."""
    accepting = found.settings.accept and found.body_passed and not found.broken
    if found.settings.candidate is not None:
        # In CI it can be replayed again, and nobody will decide on it there.
        return Kept() if found.in_ci and not accepting else _keep_candidate(found, old)
    changes = found.judgement.changes(found.behavior, passed=True) if found.body_passed else ()
    changes = changes or tuple(found.judgement.value_changes)
    if accepting and (changes or found.judgement.accepted is None):
        write_snapshot(found.paths.snapshot, _snapshot(found, old), inspect=found.inspect)
        reject(found.paths)
        return Kept(accepted=True)
    if not changes:
        _drop_stale(found.paths)
        return Kept()
    if found.in_ci or found.paths.pending_cassette.exists():
        return Kept()  # a recording that waits keeps its snapshot; this replay can be run again
    return _leave_pending(found, _snapshot(found, old), Waits.CHANGED, changes)


def _leave_pending(
    found: Found, snapshot: Snapshot, why: Waits, changes: tuple[Change, ...]
) -> Kept:
    candidate = found.settings.candidate
    accepted = found.judgement.accepted
    pending = Pending(
        why=why,
        candidate=None if candidate is None else candidate.name,
        baseline="" if accepted is None else accepted.models,
        changes=changes,
    )
    write_snapshot(
        found.paths.pending_snapshot, replace(snapshot, pending=pending), inspect=found.inspect
    )
    return Kept(pending=found.paths.pending_snapshot)


def _drop_stale(paths: TestPaths) -> None:
    """Delete what an earlier replay left pending, now that the code is back to what it was."""
    if paths.pending_cassette.exists():
        return  # a recording was paid for: only a person decides on it
    try:
        pending = read_snapshot(paths.pending_snapshot).pending
    except (FileNotFoundError, ValueError):
        return
    if pending is not None and pending.why is Waits.CHANGED:
        paths.pending_snapshot.unlink()


def _snapshot(found: Found, cassette: Cassette) -> Snapshot:
    values, behavior = dict(found.judgement.values), found.behavior
    accepted = found.judgement.accepted
    if not found.body_passed and accepted is not None:
        values = {**accepted.values, **values}  # the body stopped before it came to the others
        if found.judgement.exact:
            behavior = accepted.behavior  # and before it made all of its calls
    return Snapshot(
        test=found.test,
        cassette=digest_of(cassette),
        requested_models=cassette.requested_models,
        served_models=cassette.served_models,
        recorded_at=cassette.recorded_at,
        behavior=behavior,
        values=values,
    )


def _cassette(found: Found) -> Cassette:
    new = [
        exchange.interaction
        for exchange in found.traffic.tape.attempts
        if exchange.interaction is not None and not exchange.played
    ]
    candidate = found.settings.candidate
    return Cassette(
        test=found.test,
        candidate=None if candidate is None else candidate.name,
        requested_models=found.requested_models,
        served_models=found.served_models,
        recorded_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        versions={name: found.versions[name] for name in RECORDERS},
        interactions=(*_kept_of_old(found, new), *new),
    )


def _kept_of_old(found: Found, new: list[Interaction]) -> list[Interaction]:
    """Return the recordings that stay beside the new ones, by the record mode."""
    if found.traffic.old is None:
        return []
    match found.settings.record:
        case RecordMode.NEW_EPISODES:
            return list(found.traffic.old.interactions)
        case RecordMode.ALL:
            key_of = found.traffic.tape.key_of
            replaced = {key_of(interaction.request) for interaction in new}
            return [
                interaction
                for interaction in found.traffic.old.interactions
                if key_of(interaction.request) not in replaced
            ]
        case RecordMode.NONE | RecordMode.ONCE | RecordMode.REWRITE:
            return []
