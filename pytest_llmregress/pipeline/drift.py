"""What the new recordings of a test do differently, what is held of that, and in which words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmregress.comparison.merging import merge_changes
from pytest_llmregress.pipeline.http_session import deduplicate
from pytest_llmregress.pipeline.persist import RECORDERS
from pytest_llmregress.runner.sample_phases import SampleRun
from pytest_llmregress.values.behavior import Drift, Severity
from pytest_llmregress.values.call import Call
from pytest_llmregress.values.cause import NOT_KNOWN, SAME, Cause, CauseKind
from pytest_llmregress.values.run_report import AnswerSource
from pytest_llmregress.values.settings import FailOn
from pytest_llmregress.values.verdict import GatePolicy, TestVerdict
from pytest_llmregress.verdicts.first_pass import failing_changes

if TYPE_CHECKING:
    from pytest_llmregress.causes.find_cause import RecordedSide
    from pytest_llmregress.runner.item_runner import TestRun


def build_drift(test: "TestRun") -> Drift | None:
    """Return what new recordings do differently, merged; None where nothing was compared."""
    compared = [sample for sample in test.samples if sample.compared]
    if not compared or test.accepted is None:
        return None
    models = deduplicate(call.requested_model for each in compared for call in each.calls())
    changes = merge_changes([sample.changes for sample in compared])
    return Drift(
        baseline=test.accepted.models,
        candidate=", ".join(models),
        changes=changes,
        cause=_cause(test, compared) if changes else None,
    )


def check_drift_gate(test: "TestRun") -> bool:
    """Tell whether what changed fails the test by itself."""
    drift = test.drift
    if drift is None or drift.severity is None or test.settings.fail_on is FailOn.NEVER:
        return False
    return bool(failing_changes(test.evidence()))


def fails_from(test: "TestRun") -> Severity | None:
    """Return from which severity on a change fails the test; None where no change does.

    Where nothing may fail the run, the evidence still says what would fail it by default.
    """
    if test.settings.accept and all(sample.body_passed for sample in test.samples):
        return None
    fail_on = test.settings.fail_on
    if fail_on is not FailOn.NEVER:
        return Severity(fail_on.value)
    return Severity.BREAKING if test.run.settings.fail_on is FailOn.NEVER else None


def format_drift(test: "TestRun") -> str:
    """Return the drift in words; empty where there is none."""
    drift = test.drift
    if drift is None or drift.severity is None:
        return ""
    from pytest_llmregress.reports.drift import render_drift  # noqa: PLC0415 - only with drift
    from pytest_llmregress.reports.verdict import render_test  # noqa: PLC0415 - only with drift

    verdict = judge_test_state(test) if test.has_noise else None
    return render_drift(
        test=test.node_id,
        drift=drift,
        fails=check_drift_gate(test) if verdict is None else verdict_fails(test, verdict),
        look=test.commands.show(test.paths),
        accept=test.accept_command,
        evidence=() if verdict is None else render_test(verdict, fail_on=test.settings.fail_on),
    )


def judge_test_state(test: "TestRun") -> TestVerdict:
    """Return what the evidence allows one to say about this test alone."""
    from pytest_llmregress.verdicts.judge_single import judge_test  # noqa: PLC0415 - only with noise

    return judge_test(test.evidence(), settings=GatePolicy())


def verdict_fails(test: "TestRun", verdict: TestVerdict) -> bool:
    """Tell whether a verdict fails the test: it says what would fail one that never may."""
    return verdict.fails and test.settings.fail_on is not FailOn.NEVER


def describe_request_change(test: "TestRun") -> str:
    """Return how the request itself differs from the accepted one; empty where it does not."""
    drift = test.drift
    cause = None if drift is None else drift.cause
    return cause.summary if cause is not None and cause.kind is CauseKind.REQUEST else ""


def is_to_be_crossed(drift: Drift | None) -> bool:
    """Tell whether a drift comes with another prompt as well as with another model."""
    if drift is None or drift.cause is None or drift.severity in {None, Severity.COSMETIC}:
        return False
    from pytest_llmregress.causes.divergence import PARTS  # noqa: PLC0415 - only with drift

    cause = drift.cause
    is_same = (SAME, NOT_KNOWN)
    return cause.requested.moved and any(
        part.part in PARTS and part.what not in is_same for part in cause.parts
    )


def _cause(test: "TestRun", compared: Sequence[SampleRun]) -> Cause | None:
    """Return what the drift of the first sample that differs is consistent with."""
    before, old = test.baseline, test.old
    sample = next((each for each in compared if each.changes), None)
    if before is None or sample is None or sample.traffic is None:
        return None
    from pytest_llmregress.causes.find_cause import find_cause  # noqa: PLC0415 - only with drift

    played = old if sample.mode is AnswerSource.REPLAYED else None
    return find_cause(
        _recording(test, test.read(before.runs[0]), before.versions, before.recorded_at),
        _recording(
            test,
            sample.traffic.calls_as_recorded(),
            test.run.versions if played is None else played.versions,
            test.now if played is None else played.recorded_at,
        ),
    )


def _recording(
    test: "TestRun", calls: Iterable[Call], versions: Mapping[str, str], recorded_at: str
) -> "RecordedSide":
    from pytest_llmregress.causes.find_cause import RecordedSide  # noqa: PLC0415 - only with drift

    settled = test.rules.matching.settled
    return RecordedSide(
        calls=[replace(call, request=settled(call.request)) for call in calls],
        versions={name: versions[name] for name in RECORDERS if name in versions},
        recorded_at=recorded_at,
    )
