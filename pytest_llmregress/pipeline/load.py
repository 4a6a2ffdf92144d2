"""What is there for a test before it runs, and which samples it is to have."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pytest_llmregress.contracts.contract import Contract
from pytest_llmregress.pipeline.check_candidate import find_refusal
from pytest_llmregress.pipeline.config import TestConfig, TestConfigError, TestIdentity
from pytest_llmregress.pipeline.next_command import NextCommand
from pytest_llmregress.pipeline.plan import AGAIN, AGAIN_CONTROL, SideVariant, plan_samples
from pytest_llmregress.pipeline.session_context import SessionContext
from pytest_llmregress.pipeline.state import TestState, check_enough_samples
from pytest_llmregress.pipeline.write_files import build_run_decision
from pytest_llmregress.recording.cassette_session import SampleMode
from pytest_llmregress.reports import failures
from pytest_llmregress.reports.recording_progress import RecordingEstimate
from pytest_llmregress.storage.cassette_file import read_cassette
from pytest_llmregress.storage.errors import ForeignFileError, of_another
from pytest_llmregress.storage.file_paths import TestPaths, build_test_paths, relative_to_root
from pytest_llmregress.storage.journal import Journal
from pytest_llmregress.storage.pending import accept
from pytest_llmregress.storage.snapshot_file import read_snapshot
from pytest_llmregress.storage.vcr_format.reader import read_any_cassette
from pytest_llmregress.storage.yaml.document import load_header
from pytest_llmregress.values.call import Call
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.http import Interaction
from pytest_llmregress.values.matching import RequestMatcher
from pytest_llmregress.values.run_report import BAD_HOOK, Problem
from pytest_llmregress.values.settings import Candidate, RecordMode, Settings
from pytest_llmregress.values.snapshot import Snapshot
from pytest_llmregress.verdicts.control_gate import CONFIRMING, MOST_OF_A_NIGHT

_T = TypeVar("_T")
_AGAIN = (AGAIN_CONTROL, AGAIN)


class SetupError(Exception):
    """What keeps a test from being run: its code, and a message for the user."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def load_test(identity: TestIdentity, context: SessionContext) -> TestState:
    """Return a test before it runs; what keeps it from being run is its `setup_error`."""
    test = _begin_test(identity, context)
    paths, journal = test.paths, Journal(test.paths.journal, test=test.node_id)
    carried: Mapping[int, tuple[Interaction, ...]] = {}
    try:
        test = replace(test, config=read_config(test, context, given={}))
        if context.broken_hooks:
            message = failures.broken_hooks(test.node_id, context.broken_hooks)
            return replace(test, setup_error=Problem(code=BAD_HOOK, message=message))
        try:
            if test.settings.accept and test.settings.candidate is None:
                accept(paths, decision=build_run_decision())  # what an earlier run left pending
            accepted = read_if_exists(paths.snapshot, read_snapshot)
            old = read_if_exists(paths.cassette, read_any_cassette)
            if test.settings.record is not RecordMode.NONE:
                carried = _read_paid_answers(test, context, journal, old=old)
            _check_pair(test, accepted, old, root=context.root)
        except (ValueError, OSError) as error:
            raise SetupError("unreadable_file", str(error)) from None
    except (SetupError, TestConfigError) as error:
        return replace(test, setup_error=Problem(code=error.code, message=str(error)))
    refused = find_refusal(test, accepted)
    if refused is not None:
        return replace(test, refused=refused)
    return _plan(
        replace(test, accepted=accepted, old=old, carried=carried, journal_size=journal.size),
        context,
    )


def load_side(test: TestState, side: SideVariant, context: SessionContext) -> TestState:
    """Return what is run beside a candidate's test, before it runs."""
    identity, variant = test.identity, f"{test.variant}.{side.name}"
    state = replace(
        test,
        side=side,
        variant=variant,
        paths=build_test_paths(identity.path, identity.node_id, variant),
        config=_adapt(test.config, side),
        old=None,
        carried={},
        confirm=0,
    )
    settings, journal = state.settings, Journal(state.paths.journal, test=state.node_id)
    try:
        old = read_if_exists(state.paths.cassette, read_any_cassette)
        carried: Mapping[int, tuple[Interaction, ...]] = {}
        if settings.record is not RecordMode.NONE:
            carried = _read_paid_answers(state, context, journal, old=old)
    except (ValueError, OSError) as error:
        return replace(state, setup_error=Problem(code="unreadable_file", message=str(error)))
    plans = plan_samples(old, record=settings.record, wanted=side.samples, is_candidate=True)
    return replace(state, old=old, carried=carried, journal_size=journal.size, plans=tuple(plans))


def _begin_test(identity: TestIdentity, context: SessionContext) -> TestState:
    """Return a test of which nothing is read yet, its rules neither."""
    settings = context.settings
    variant = None if settings.candidate is None else settings.candidate.name
    paths, promoted = build_test_paths(identity.path, identity.node_id, variant), None
    if is_accepted_candidate(paths, settings):
        variant, promoted, paths = None, settings.candidate, paths.of_baseline()
    return TestState(
        identity=identity,
        config=TestConfig(
            settings=settings,
            contract=Contract(),
            matching=RequestMatcher(),
            redactor=context.redactor,
        ),
        paths=paths,
        variant=variant,
        promoted=promoted,
        commands=NextCommand(
            identity.node_id,
            identity.path,
            invoked_from=context.invoked_from,
            settings=settings,
            in_ci=context.in_ci,
        ),
    )


def read_config(
    state: TestState, context: SessionContext, *, given: Mapping[str, Any]
) -> TestConfig:
    """Read what holds for a test; TestConfigError where something is not what it can be.

    :param given: its `llm_config`.
    """
    markers, plain = state.identity.markers, context.plain_rules
    is_plain = not given and not any(mark.args or mark.kwargs for mark in markers)
    if is_plain and plain:
        config = plain[0]
    else:
        config = TestConfig.read(
            test=state.node_id,
            sources=context.sources,
            redactor=context.redactor,
            markers=markers,
            config=given,
        )
        if is_plain:
            plain.append(config)
    if state.side is not None:
        return _adapt(config, state.side)
    if state.promoted is None:
        return config
    return replace(config, settings=replace(config.settings, candidate=None))


def _adapt(config: TestConfig, side: SideVariant) -> TestConfig:
    """Return what holds beside a test: the model that is asked there; nothing is accepted."""
    candidate = None if side.asks_old_model else config.settings.candidate
    return replace(config, settings=replace(config.settings, candidate=candidate, accept=False))


def _plan(test: TestState, context: SessionContext) -> TestState:
    """Return a test with the samples that it is to have, once its files are read."""
    settings, accepted, record = test.settings, test.accepted, test.settings.record
    is_candidate = settings.candidate is not None
    wanted = _count_wanted(context, test.config)
    plans = plan_samples(test.old, record=record, wanted=wanted, is_candidate=is_candidate)
    is_canary = is_candidate and settings.history is not None
    is_screened = is_candidate and accepted is not None and (wanted is None or is_canary)
    has_fresh = any(each.confirms for each in plans)
    may_ask = is_screened and record is not RecordMode.NONE and not has_fresh
    is_controlled = is_canary or (may_ask and settings.control != 0 and settings.confirm > 0)
    confirms = may_ask and (is_controlled or check_enough_samples(accepted))
    return replace(
        test,
        plans=tuple(plans),
        confirm=settings.confirm if confirms else 0,
        among=max(1, len(context.stems)) if is_controlled else 0,
        has_again=is_candidate and all(_find_side(test, side).exists() for side in _AGAIN),
    )


def _check_pair(
    test: TestState, accepted: Snapshot | None, old: Cassette | None, *, root: Path
) -> None:
    """Refuse a snapshot that was taken from another recording than the accepted one.

    Where the recording or the snapshot of this run is to replace it, it does not matter.
    """
    settings, paths = test.settings, test.paths.of_baseline()
    is_candidate = settings.candidate is not None
    replaces = settings.accept or settings.record in {RecordMode.ALL, RecordMode.REWRITE}
    if accepted is None or (replaces and not is_candidate):
        return
    digest = _read_digest(paths.cassette) if is_candidate else old and old.digest
    if not digest or digest == accepted.cassette:
        return
    waiting = read_if_exists(paths.pending_snapshot, read_snapshot)
    snapshot = relative_to_root(paths.snapshot, root)
    why = of_another(
        test.node_id,
        relative_to_root(paths.cassette, root),
        snapshot,
        waits=waiting is not None and waiting.cassette == digest,
    )
    raise SetupError("snapshot_of_another", f"{test.node_id}: {snapshot}: {why}")


def _read_digest(path: Path) -> str:
    """Return the digest in the head of a cassette; empty without one, or of another program's."""
    try:
        digest = load_header(path).get("digest")
    except (FileNotFoundError, ForeignFileError):
        return ""
    return digest if isinstance(digest, str) else ""


def _find_side(test: TestState, name: str) -> Path:
    """Return where the recording of a side is, whether or not there is one."""
    identity, variant = test.identity, f"{test.variant}.{name}"
    return build_test_paths(identity.path, identity.node_id, variant).cassette


def is_accepted_candidate(paths: TestPaths, settings: Settings) -> bool:
    """Tell whether a replay's candidate was accepted, so that its recording is the baseline."""
    candidate, is_replay = settings.candidate, settings.record is RecordMode.NONE
    if candidate is None or not is_replay or paths.cassette.exists():
        return False
    try:
        known = read_if_exists(paths.of_baseline().cassette, read_any_cassette)
    except ValueError:
        return False
    return known is not None and set(known.requested_models) == {candidate.new}


def read_if_exists(path: Path, read: Callable[[Path], _T]) -> _T | None:
    """Return what a file holds, or None where there is no file."""
    try:
        return read(path)
    except FileNotFoundError:
        return None


def estimate_recording(test: TestIdentity, run: SessionContext) -> RecordingEstimate:
    """Return what a test is going to record, judged by its recording, or by the baseline's."""
    try:
        rules = TestConfig.read(
            test=test.node_id,
            sources=run.sources,
            redactor=run.redactor,
            markers=test.markers,
            config={},
        )
        candidate = rules.settings.candidate
        paths = build_test_paths(
            test.path, test.node_id, None if candidate is None else candidate.name
        )
        old = read_if_exists(paths.cassette, read_any_cassette)
        known = old or read_if_exists(paths.of_baseline().cassette, read_any_cassette)
    except (ValueError, OSError):
        return RecordingEstimate(samples=0)  # its set-up will tell what is wrong
    if candidate is not None and not paths.of_baseline().snapshot.exists():
        return RecordingEstimate(samples=0)  # nothing of it is sent
    slots = plan_samples(
        old,
        record=rules.settings.record,
        wanted=_count_wanted(run, rules),
        is_candidate=candidate is not None,
    )
    samples = sum(slot.mode is not SampleMode.REPLAY for slot in slots)
    if known is None:
        return RecordingEstimate(samples=samples)
    share = samples / len(known.runs)
    fresh, controls = _count_fresh(run, rules)
    calls = run.read_calls(known.interactions)
    costs = [run.plugins.price(_asked_of(call, candidate)) for call in calls]
    return RecordingEstimate(
        samples=samples,
        calls=share * len(calls),
        tokens=share * sum(call.usage.total_tokens for call in calls),
        cost=None if None in costs else share * sum(cost for cost in costs if cost),
        fresh=fresh,
        controls=controls,
    )


def _count_fresh(run: SessionContext, rules: TestConfig) -> tuple[int, int]:
    """Return how many samples of a candidate and of the old model may follow; 0 for none."""
    settings = rules.settings
    if settings.candidate is None or _count_wanted(run, rules) is not None:
        return 0, 0
    if settings.confirm and settings.history is not None:
        return MOST_OF_A_NIGHT, 0
    if not settings.confirm or settings.control == 0:
        return settings.confirm, 0
    fresh = max(settings.confirm, CONFIRMING[-1])
    return fresh, settings.control or 2 * fresh


def _asked_of(call: Call, candidate: Candidate | None) -> Call:
    """Return a call as a candidate would be asked for it."""
    asked = call.requested_model
    if candidate is None or asked is None or candidate.rename(asked) == asked:
        return call
    return replace(call, requested_model=candidate.rename(asked), served_model=None)


def _count_wanted(run: SessionContext, rules: TestConfig) -> int | None:
    """Return how many samples were asked for; None where nobody said."""
    asked = run.settings.samples
    if asked is not None or rules.settings.candidate is not None:
        return asked  # the marker's samples are the baseline's
    return rules.terms.samples


def _read_paid_answers(
    test: TestState, context: SessionContext, journal: Journal, *, old: Cassette | None
) -> dict[int, tuple[Interaction, ...]]:
    """Return the whole answers of an earlier recording that was not accepted, by sample.

    :param old: the cassette; None where there is none.
    """
    found = journal.read()
    asks_anew = test.settings.record in {RecordMode.ALL, RecordMode.REWRITE}
    if not found and old is None and not asks_anew:  # one may wait since its test failed
        try:
            pending = read_cassette(test.paths.pending_cassette)
        except (FileNotFoundError, ValueError):
            return {}
        found = dict(enumerate(pending.runs, start=1))
    expects_error = test.config.contract.expects_error
    return {
        sample: tuple(
            each
            for each in interactions
            if context.incomplete(each, expects_error=expects_error) is None
        )
        for sample, interactions in found.items()
    }
