"""What the fresh samples of candidate and old model say: exact, whatever the baseline is like.

The events of a test are fixed by the candidate's first samples. The fresh samples of both models
are exchangeable where nothing has changed, so that Fisher's exact test on them alone keeps its
level. Each test of a run has an equal part of alpha/2: that holds before the others have run, and
in a worker that does not know them. Within a test, Holm adjusts for all of its events.
"""

from math import comb

from pytest_llmregress.values.evidence import ControlEvidence, ControlledEvent, TestEvidence
from pytest_llmregress.values.verdict import GatePolicy

CONFIRMING = range(5, 9)
"""How many fresh samples of a candidate there may be."""
GIVEN_UP_AT = 2
"""Fresh samples of the candidate without an event, from which on it is given up."""
SHOWN_TOO = 4
"""Samples of the old model with an event, from which on it is given up."""


def count_confirming(
    events: int, *, tests: int, least: int, controls: int | None = None, gate: GatePolicy
) -> int:
    """Return the fresh samples of a candidate that can show its events: the fewest that can.

    Parameters: `events`, how many are tested; `tests`, that share alpha; `least`, what was asked
    for; `controls`, samples of the old model, None for twice as many.
    """
    for number in CONFIRMING:
        ways = comb(number + (2 * number if controls is None else controls), number)
        if number >= least and events * tests <= gate.half * ways:
            return number
    return max(least, CONFIRMING[-1])


def find_live(control: ControlEvidence) -> tuple[ControlledEvent, ...]:
    """Return the events that the candidate's fresh samples have not given up."""
    return tuple(e for e in control.events if control.candidate - e.candidate < GIVEN_UP_AT)


def find_open(control: ControlEvidence) -> tuple[ControlledEvent, ...]:
    """Return the events that the samples of neither model have given up."""
    return tuple(e for e in find_live(control) if e.control < SHOWN_TOO)


def is_controlled(evidence: TestEvidence) -> bool:
    """Tell whether fresh samples decide on a test, and its recorded baseline does not."""
    control = evidence.control
    if control is None or not control.events or not control.candidate:
        return False
    return control.control >= control.planned or not find_open(control)


def adjust_events(control: ControlEvidence) -> tuple[float, ...]:
    """Return the p-value of each event, adjusted for all events of its test and for all tests."""
    from pytest_llmregress.statistics.multiplicity import holm  # noqa: PLC0415 - with a candidate

    ps = holm([_compute_p(event, control) for event in control.events])
    return tuple(min(1.0, p * control.tests) for p in ps)


def _compute_p(event: ControlledEvent, control: ControlEvidence) -> float:
    """Return the one-sided p of an event; 1 where it was given up."""
    from pytest_llmregress.statistics.exact_tests import fisher  # noqa: PLC0415 - with a candidate

    if control.control < control.planned or event not in find_live(control):
        return 1.0
    without = (control.control - event.control, control.candidate - event.candidate)
    return fisher(without[0], control.control, without[1], control.candidate)


def find_charged(control: ControlEvidence, *, gate: GatePolicy) -> tuple[str, ...]:
    """Return the events that the candidate shows and the old model does not, by name."""
    found = zip(control.events, adjust_events(control), strict=True)
    return tuple(event.name for event, p in found if p <= gate.half)


def find_shared(control: ControlEvidence) -> tuple[ControlledEvent, ...]:
    """Return the events of the candidate's fresh samples that the old model shows now as well."""
    return tuple(event for event in find_live(control) if event.control >= SHOWN_TOO)
