"""What the new recordings of a test do differently, what is held of that, and in which words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmregress.core.behavior import Drift, Severity
from pytest_llmregress.core.call import Call
from pytest_llmregress.core.cause import NOT_KNOWN, SAME, Cause, CauseKind
from pytest_llmregress.core.evidence import TestEvidence
from pytest_llmregress.core.merging import merge_changes
from pytest_llmregress.core.report import Mode
from pytest_llmregress.core.settings import FailOn
from pytest_llmregress.core.verdict import Gate, TestVerdict, Verdict
from pytest_llmregress.glue.keeping import RECORDERS
from pytest_llmregress.glue.samplerun import SampleRun
from pytest_llmregress.glue.traffic import distinct

if TYPE_CHECKING:
    from pytest_llmregress.core.attribution import Recording
    from pytest_llmregress.glue.testrun import TestRun


def drift_of(test: "TestRun") -> Drift | None:
    """Return what new recordings do differently, merged; None where nothing was compared."""
    compared = [sample for sample in test.samples if sample.compared]
    if not compared or test.accepted is None:
        return None
    models = distinct(call.requested_model for each in compared for call in each.calls())
    changes = merge_changes([sample.changes for sample in compared])
    return Drift(
        baseline=test.accepted.models,
        candidate=", ".join(models),
        changes=changes,
        cause=_cause(test, compared) if changes else None,
    )


def drift_fails(test: "TestRun") -> bool:
    """Tell whether a drift of one recording against one fails the test."""
    drift = test.drift
    if drift is None or drift.severity is None or test.is_quarantined:
        return False
    if test.settings.accept and all(sample.body_passed for sample in test.samples):
        return False
    return test.settings.fail_on.fails(drift.severity)


def say_drift(test: "TestRun") -> str:
    """Return the drift in words; empty where there is none."""
    drift = test.drift
    if drift is None or drift.severity is None:
        return ""
    from pytest_llmregress.reporting.drift import render_drift  # noqa: PLC0415 - only with drift
    from pytest_llmregress.reporting.verdict import lines_of_test  # noqa: PLC0415 - only with drift

    verdict = verdict_of(test) if test.has_noise else None
    return render_drift(
        test=test.node_id,
        drift=drift,
        fails=drift_fails(test) if verdict is None else verdict.fails,
        look=test.commands.show(test.paths),
        accept=test.accept_command,
        evidence=() if verdict is None else lines_of_test(verdict, fail_on=test.settings.fail_on),
    )


def verdict_of(test: "TestRun") -> TestVerdict:
    """Return what the evidence allows one to say about this test alone."""
    from pytest_llmregress.core.judging import judge_test  # noqa: PLC0415 - only with noise

    evidence = test.evidence()
    verdict = judge_test(evidence, settings=Gate())
    if verdict.verdict is Verdict.BROKEN or verdict.quarantine:
        return verdict
    return replace(verdict, fails=_fails(verdict, evidence, fail_on=test.settings.fail_on))


def _fails(verdict: TestVerdict, evidence: TestEvidence, *, fail_on: FailOn) -> bool:
    """Tell whether a verdict fails the test, from the severity on that it is to fail from."""
    if fail_on is FailOn.NEVER:
        return False
    from pytest_llmregress.core.screening import changed_traits  # noqa: PLC0415 - only with noise

    severities = (each for each in Severity if fail_on.fails(each))
    return verdict.fails or any(changed_traits(evidence, severity) for severity in severities)


def changed_request(test: "TestRun") -> str:
    """Return how the request itself differs from the accepted one; empty where it does not."""
    drift = test.drift
    cause = None if drift is None else drift.cause
    return cause.summary if cause is not None and cause.kind is CauseKind.REQUEST else ""


def is_to_be_crossed(drift: Drift | None) -> bool:
    """Tell whether a drift comes with another prompt as well as with another model."""
    if drift is None or drift.cause is None or drift.severity in {None, Severity.COSMETIC}:
        return False
    from pytest_llmregress.core.divergence import PARTS  # noqa: PLC0415 - only with drift

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
    from pytest_llmregress.core.attribution import find_cause  # noqa: PLC0415 - only with drift

    played = old if sample.mode is Mode.REPLAYED else None
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
) -> "Recording":
    from pytest_llmregress.core.attribution import Recording  # noqa: PLC0415 - only with drift

    settled = test.rules.matching.settled
    return Recording(
        calls=[replace(call, request=settled(call.request)) for call in calls],
        versions={name: versions[name] for name in RECORDERS if name in versions},
        recorded_at=recorded_at,
    )
