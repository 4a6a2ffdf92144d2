"""What the new recordings of a test do differently, what is held of that, and in which words."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmregress.comparison.merging import merge_changes
from pytest_llmregress.pipeline.session_context import SessionContext
from pytest_llmregress.pipeline.state import (
    ObservedSample,
    ObservedTest,
    TestState,
    deduplicate,
)
from pytest_llmregress.providers.installed_versions import recorded_with, versions_among
from pytest_llmregress.providers.registry import find_packages
from pytest_llmregress.values.behavior import Drift, Severity
from pytest_llmregress.values.call import Call
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.cause import NOT_KNOWN, SAME, Cause, CauseKind
from pytest_llmregress.values.evidence import OUTCOME, TestEvidence
from pytest_llmregress.values.run_report import AnswerSource
from pytest_llmregress.values.settings import FailOn
from pytest_llmregress.values.verdict import GatePolicy, TestVerdict
from pytest_llmregress.verdicts.first_pass import (
    MIN_BASELINE,
    PASSING,
    count_after_baseline,
    failing_changes,
)

if TYPE_CHECKING:
    from pytest_llmregress.causes.find_cause import RecordedSide


def build_drift(
    test: ObservedTest, context: SessionContext, *, baseline: Cassette | None, now: str
) -> Drift | None:
    """Return what new recordings do differently, merged; None where nothing was compared.

    :param baseline: the accepted recording as it was before this run; None where it is gone.
    :param now: when what this run records is said to be recorded.
    """
    accepted, compared = test.state.accepted, test.compared
    if not compared or accepted is None:
        return None
    models = deduplicate(call.requested_model for each in compared for call in each.calls)
    changes = merge_changes([sample.changes for sample in compared])
    sample = next((each for each in compared if each.changes), None)
    cause = None
    if changes and sample is not None and baseline is not None:
        cause = _cause(test.state, sample, context, baseline=baseline, now=now)
    return Drift(
        baseline=accepted.models, candidate=", ".join(models), changes=changes, cause=cause
    )


def check_drift_gate(test: ObservedTest) -> bool:
    """Tell whether what changed fails the test by itself."""
    drift, evidence = test.drift, test.evidence
    if drift is None or drift.severity is None or test.settings.fail_on is FailOn.NEVER:
        return False
    if evidence is None:
        return False
    return bool(failing_changes(evidence)) or _fails_unconfirmed(test, evidence, drift)


def _fails_unconfirmed(test: ObservedTest, evidence: TestEvidence, drift: Drift) -> bool:
    """Tell whether a baseline was recorded anew with too few samples to confirm a change.

    Nobody asks for fresh samples of it, and it waits for a decision: that is no pass. How many of
    the samples pass is no change: a baseline is kept as it comes.
    """
    limit, new = (
        evidence.fails_from,
        evidence.screen.n + (evidence.fresh.n if evidence.fresh else 0),
    )
    needed = count_after_baseline(evidence.baseline.n)
    if limit is None or not test.state.is_baseline or test.is_quarantined or new >= needed:
        return False
    changes = (change for change in drift.changes if change.trait != OUTCOME)
    return any(change.severity.rank >= limit.rank for change in changes)


def fails_from(test: ObservedTest) -> Severity | None:
    """Return from which severity on a change fails the test; None where no change does.

    Where nothing may fail the run, the evidence still says what would fail it by default.
    """
    if test.settings.accept and all(sample.body_passed for sample in test.samples):
        return None
    fail_on = test.settings.fail_on
    if fail_on is not FailOn.NEVER:
        return Severity(fail_on.value)
    return Severity.BREAKING if test.run_fail_on is FailOn.NEVER else None


def format_drift(test: ObservedTest) -> str:
    """Return the drift in words; empty where there is none."""
    drift = test.drift
    if drift is None or drift.severity is None:
        return ""
    from pytest_llmregress.reports.drift import render_drift
    from pytest_llmregress.reports.verdict import render_control, render_test

    verdict = judge_test_state(test) if test.is_tested else None
    is_failing = verdict is not None and verdict_fails(test, verdict)
    fail_on = test.settings.fail_on
    untested = render_control(test.evidence)
    commands = test.state.commands
    return render_drift(
        test=test.node_id,
        drift=drift,
        fails=is_failing or check_drift_gate(test),
        look=commands.show(test.state.paths),
        accept=commands.accept(),
        evidence=untested if verdict is None else render_test(verdict, fail_on=fail_on),
    )


def say_reason(test: ObservedTest) -> str:
    """Return in a line why a drift fails the test, which pytest's short summary shows."""
    if test.drift is None or test.evidence is None:
        return ""
    from pytest_llmregress.reports.behavior_words import say_drift

    names = (OUTCOME if n == PASSING else n for n in failing_changes(test.evidence))
    return f"drift: {say_drift(test.drift, names)}"


def judge_test_state(test: ObservedTest) -> TestVerdict | None:
    """Return what the evidence allows one to say about this test alone; None without any."""
    if test.evidence is None:
        return None
    from pytest_llmregress.verdicts.judge_single import judge_test

    return judge_test(test.evidence, settings=GatePolicy())


def verdict_fails(test: ObservedTest, verdict: TestVerdict) -> bool:
    """Tell whether a verdict fails the test: it says what would fail one that never may."""
    return verdict.fails and test.settings.fail_on is not FailOn.NEVER


def describe_request_change(test: ObservedTest) -> str:
    """Return how the request itself differs from the accepted one; empty where it does not."""
    drift = test.drift
    cause = None if drift is None else drift.cause
    is_request = cause is not None and cause.kind in {CauseKind.REQUEST, CauseKind.PROGRAM}
    return cause.summary if cause is not None and is_request else ""


def is_to_be_crossed(drift: Drift | None) -> bool:
    """Tell whether a drift comes with another prompt as well as with another model."""
    if drift is None or drift.cause is None or drift.severity in {None, Severity.COSMETIC}:
        return False
    from pytest_llmregress.causes.divergence import PARTS

    cause = drift.cause
    is_same = (SAME, NOT_KNOWN)
    return cause.requested.moved and any(
        part.part in PARTS and part.what not in is_same for part in cause.parts
    )


def explain_no_cross(state: TestState, drift: Drift | None) -> str:
    """Say why a cross that was asked for is not recorded; empty where it is, or needs none."""
    if not state.settings.cross or state.has_noise or not is_to_be_crossed(drift):
        return ""
    number = 0 if state.accepted is None else len(state.accepted.samples)
    return (
        f"not recorded: its baseline has {number} of the {MIN_BASELINE} samples that a cross "
        f"takes; with the old prompt: {state.commands.more_samples()}"
    )


def _cause(
    state: TestState,
    sample: ObservedSample,
    context: SessionContext,
    *,
    baseline: Cassette,
    now: str,
) -> Cause | None:
    """Return what the drift of a sample that differs is consistent with."""
    from pytest_llmregress.causes.find_cause import find_cause

    before, after = context.read_calls(baseline.runs[0]), sample.recording.calls_as_recorded
    played = state.old if sample.mode is AnswerSource.REPLAYED else None
    sdks = find_packages(after, context.providers)
    return find_cause(
        _side(
            state,
            before,
            versions_among(baseline.versions, find_packages(before, context.providers)),
            baseline.recorded_at,
        ),
        _side(
            state,
            after,
            recorded_with(sdks) if played is None else versions_among(played.versions, sdks),
            now if played is None else played.recorded_at,
        ),
    )


def _side(
    state: TestState, calls: Iterable[Call], versions: Mapping[str, str], recorded_at: str
) -> "RecordedSide":
    from pytest_llmregress.causes.find_cause import RecordedSide

    settled = state.config.matching.settled
    return RecordedSide(
        calls=[replace(call, request=settled(call.request)) for call in calls],
        versions=versions,
        recorded_at=recorded_at,
    )
