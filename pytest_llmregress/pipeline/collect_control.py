"""From the samples of a candidate, and of the old model asked again, to what they say together."""

from collections.abc import Sequence
from dataclasses import replace

from pytest_llmregress.comparison.merging import rate_changes
from pytest_llmregress.pipeline.state import ObservedSample, ObservedSide, ObservedTest
from pytest_llmregress.values.behavior import Drift, Severity
from pytest_llmregress.values.cause import CauseKind
from pytest_llmregress.values.evidence import OUTCOME, ControlEvidence, ControlledEvent
from pytest_llmregress.values.settings import RecordMode
from pytest_llmregress.values.verdict import GatePolicy
from pytest_llmregress.verdicts.control_gate import (
    NIGHTS,
    count_confirming,
    find_charged,
    find_open,
    find_shared,
    is_controlled,
)
from pytest_llmregress.verdicts.control_text import DOES_TOO

CONTROL = "control"
"""The name of the side that asks the old model again."""
NOT_RECORDED = "no sample of it is recorded"


def collect_control(
    test: ObservedTest,
    first: Sequence[ObservedSample],
    fresh: Sequence[ObservedSample],
    *,
    limit: Severity,
) -> ControlEvidence | None:
    """Return what is counted of a test's events; None where no control belongs to its samples.

    :param limit: from which severity on a change is an event.
    """
    if test.state.is_canary:
        return _collect_night(test, first, fresh, limit=limit)
    marked = next((sample.plan for sample in fresh if sample.plan.controls), None)
    among = test.state.among if marked is None else marked.among
    if not among or test.settings.control == 0:
        return None
    names = _find_events(first, limit)
    side = test.find_side(CONTROL)
    controls = () if side is None else side.usable
    confirming = count_confirming(
        len(names),
        tests=among,
        least=test.state.confirm,
        controls=test.settings.control,
        gate=GatePolicy(),
    )
    control = ControlEvidence(
        events=tuple(
            ControlledEvent(
                name=name,
                candidate=_count(name, fresh, limit),
                control=_count(name, controls, limit),
            )
            for name in names
        ),
        tests=among,
        planned=(test.settings.control or 2 * confirming) if marked is None else marked.controls,
        candidate=len(fresh),
        control=len(controls),
    )
    return replace(control, unasked=_find_fault(test, control, side))


def _collect_night(
    test: ObservedTest,
    first: Sequence[ObservedSample],
    fresh: Sequence[ObservedSample],
    *,
    limit: Severity,
) -> ControlEvidence:
    """Return what is counted in one night of many: the recorded baseline is the control.

    A change is what no sample of the baseline shows; its own failures count.
    """
    accepted = test.gating
    baseline = () if accepted is None else accepted.samples
    failed = sum(not sample.passed for sample in baseline)
    return ControlEvidence(
        events=tuple(
            ControlledEvent(
                name=name,
                candidate=_count(name, fresh, limit),
                control=failed if name == OUTCOME else 0,
            )
            for name in _find_events(first, limit)
        ),
        tests=next((sample.plan.among for sample in fresh), test.state.among),
        nights=NIGHTS,
        planned=len(baseline),
        candidate=len(fresh),
        control=len(baseline),
    )


def blame_old_model(test: ObservedTest) -> Drift | None:
    """Return the drift with another cause where the old model, asked again, does it as well."""
    drift, evidence = test.drift, test.evidence
    control = None if evidence is None else evidence.control
    if drift is None or drift.cause is None or evidence is None or control is None:
        return drift
    shared = find_shared(control) if is_controlled(evidence) else ()
    if not shared or find_charged(control, gate=GatePolicy()):
        return drift
    names = ", ".join(event.name for event in shared)
    summary = f"{DOES_TOO}: {names}; not charged to the candidate"
    return replace(drift, cause=replace(drift.cause, kind=CauseKind.OLD_MODEL, summary=summary))


def _find_events(first: Sequence[ObservedSample], limit: Severity) -> tuple[str, ...]:
    """Return what any of the first samples shows and should not, by name."""
    names = dict.fromkeys(change.trait for sample in first for change in sample.changes)
    changed = (name for name in names if name != OUTCOME and _count(name, first, limit))
    has_failed = any(not sample.own_passed for sample in first)
    return (*((OUTCOME,) if has_failed else ()), *changed)


def _count(name: str, samples: Sequence[ObservedSample], limit: Severity) -> int:
    """Count the samples that show an event: the same question to both models."""
    if name == OUTCOME:
        return sum(not sample.own_passed for sample in samples)
    rated = rate_changes(name, [sample.changes for sample in samples])
    return sum(severity is not None and severity.rank >= limit.rank for severity in rated)


def _find_fault(test: ObservedTest, control: ControlEvidence, side: ObservedSide | None) -> str:
    """Say why the old model could not be asked; empty where it was, or need not be."""
    if control.control >= control.planned or not control.candidate or not find_open(control):
        return ""
    if side is None:
        return NOT_RECORDED if test.settings.record is RecordMode.NONE else ""
    failed = next((sample for sample in side.samples if not sample.usable), None)
    return "" if failed is None else _say_fault(test.node_id, failed)


def _say_fault(node_id: str, sample: ObservedSample) -> str:
    said = sample.why.removeprefix("Failed: ").removeprefix(f"{node_id}: ")
    return said or "it was not asked"
