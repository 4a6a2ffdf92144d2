"""What the old model, asked again, does now, in sentences."""

from collections import Counter
from collections.abc import Sequence

from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.formatting.value_text import printable
from pytest_llmregress.values.evidence import (
    OUTCOME,
    ControlEvidence,
    ControlledEvent,
    TestEvidence,
)
from pytest_llmregress.values.verdict import GatePolicy
from pytest_llmregress.verdicts.control_gate import (
    MOST_OF_A_NIGHT,
    adjust_events,
    count_of_a_night,
    find_charged,
    find_live,
    find_shared,
    is_controlled,
    is_of_a_night,
)
from pytest_llmregress.verdicts.first_pass import MIN_BASELINE
from pytest_llmregress.verdicts.verdict_text import format_names

DOES_TOO = "the old model, asked again, does it too"
_NOT_ASKED_FOR = (
    "control: the old model was not to be asked again: a recorded baseline of "
    f"{MIN_BASELINE} samples and more stands in, and below that a difference at or above fail-on "
    "fails its test, observed once and not tested"
)
_FAILED = "pass/fail"
_ROUGH = 0.1


def say_control(evidence: TestEvidence, *, gate: GatePolicy) -> tuple[str, ...]:
    """Return what fresh samples of both models say of each event, a sentence each."""
    control = evidence.control
    if control is None or not control.events:
        return ()
    if is_of_a_night(control):
        adjusted = adjust_events(control)
        found = zip(control.events, adjusted, strict=True)
        return tuple(_say_night(event, p, control, gate=gate) for event, p in found)
    if control.unasked:
        why = printable(control.unasked)
        return (f"the old model could not be asked ({why}): {_say_stand_in(evidence)}",)
    if not is_controlled(evidence):
        return ()
    adjusted = adjust_events(control)
    return tuple(
        _say_event(event, p, control, gate=gate)
        for event, p in zip(control.events, adjusted, strict=True)
    )


def _say_stand_in(evidence: TestEvidence) -> str:
    number = count(evidence.baseline.n, "sample")
    if evidence.baseline.n >= MIN_BASELINE:
        return f"the recorded baseline of {number} stands in"
    return f"observed once, not tested (the baseline has {number})"


def _say_event(
    event: ControlledEvent, p: float, control: ControlEvidence, *, gate: GatePolicy
) -> str:
    name = _name(event)
    fresh = f"{event.candidate}/{control.candidate} fresh samples of the candidate"
    if event not in find_live(control):
        return f"control: {name} is not borne out: in {fresh}"
    old = f"{name} in {event.control}/{control.control} of its samples"
    if event in find_shared(control):
        return f"control: {DOES_TOO}: {old}, in {fresh}; not charged to the candidate"
    family = f"{count(len(control.events), 'event')} and {count(control.tests, 'test')}"
    return (
        f"control: the old model, asked again, shows {old}, in {fresh}: Fisher's exact test, "
        f"adjusted for {family}: {_say_charge(p, gate, 'the candidate')}"
    )


def _say_night(
    event: ControlledEvent, p: float, control: ControlEvidence, *, gate: GatePolicy
) -> str:
    """Say what the fresh samples of one night among many show of an event."""
    old = f"{_name(event)} in {event.control}/{control.control} of the baseline"
    if not control.candidate:
        why = "nobody has asked again"
        if not count_of_a_night(control, gate=gate):
            why = (
                f"no {MOST_OF_A_NIGHT} samples of one night could charge that to the model: only "
                "the nights together can"
            )
        return f"canary: {old}, and in a first sample of tonight: {why}"
    fresh = f"{event.candidate}/{control.candidate} fresh samples of tonight"
    if event not in find_live(control):
        return f"canary: {_name(event)} is not borne out: in {fresh}"
    return (
        f"canary: {old}, in {fresh}: Fisher's exact test, adjusted for "
        f"{count(len(control.events), 'event')}, {count(control.tests, 'test')} and "
        f"{count(control.nights, 'night')}: {_say_charge(p, gate, 'the model')}"
    )


def _say_charge(p: float, gate: GatePolicy, whom: str) -> str:
    said = f"{p:.2f}" if p >= _ROUGH else f"{p:.3g}"
    what = f"charged to {whom}" if p <= gate.half else f"not enough to charge {whom}"
    return f"p = {said}, and the limit is {gate.half:g}: {what}"


def _name(event: ControlledEvent) -> str:
    return _FAILED if event.name == OUTCOME else event.name


def say_controls(evidences: Sequence[TestEvidence], *, gate: GatePolicy) -> list[str]:
    """Return how many calls went to which side, and where the old model was not asked, and why."""
    found = [each.control for each in evidences if each.control and each.control.candidate]
    if not gate.asks_old_model:
        return [_NOT_ASKED_FOR]
    if not found:
        return []
    fresh, old = sum(each.candidate for each in found), sum(each.control for each in found)
    unasked = Counter(each.unasked for each in found if each.unasked).most_common()
    tests = f"{count(len(found), 'test')} looked different and got fresh samples"
    if any(is_of_a_night(each) for each in found):
        return [f"canary: {tests}: {fresh}; given up at the first that shows nothing"]
    return [
        f"control: {tests}: {fresh} of the candidate, {old} of the old model",
        *(f"control: not asked in {count(n, 'test')}: {printable(why)}" for why, n in unasked),
        *_offer_to_baseline([each for each in evidences if _does_too(each, gate=gate)]),
    ]


def _does_too(evidence: TestEvidence, *, gate: GatePolicy) -> bool:
    """Tell whether the old model does what the candidate does, and nothing is charged to that."""
    control = evidence.control
    if control is None or not is_controlled(evidence):
        return False
    return bool(find_shared(control)) and not find_charged(control, gate=gate)


def _offer_to_baseline(evidences: Sequence[TestEvidence]) -> list[str]:
    if not evidences:
        return []
    names = format_names([evidence.test for evidence in evidences])
    found = f"control: in {count(len(evidences), 'test')} {DOES_TOO}: {names}"
    return [f"{found}; its samples join the baseline by pytest-llmregress accept TEST --control"]
