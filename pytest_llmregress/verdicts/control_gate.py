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
NIGHTS = 365
"""The nights that share alpha where the baseline's own model is recorded again and again."""
MOST_OF_A_NIGHT = 80
"""Fresh samples of a test in one night: what takes more is not tested by itself."""


def count_confirming(
    events: int, *, tests: int, least: int, controls: int | None = None, gate: GatePolicy
) -> int:
    """Return the fresh samples of a candidate that can show its events: the fewest that can.

    One sample of the old model may show one as well: a trait that varies shows now and then what
    no sample of the baseline did.

    Parameters: `events`, how many are tested; `tests`, that share alpha; `least`, what was asked
    for; `controls`, samples of the old model, None for twice as many.
    """
    for number in CONFIRMING:
        asked = 2 * number if controls is None else controls
        ways = comb(number + asked, number + 1)
        if number >= least and events * tests * asked <= gate.half * ways:
            return number
    return max(least, CONFIRMING[-1])


def count_of_a_night(control: ControlEvidence, *, gate: GatePolicy) -> int:
    """Return the fresh samples that can show each event of a night that can be shown at all.

    0 where the baseline is too short for any, or fails too often itself.
    """
    from pytest_llmregress.statistics.exact_tests import fisher  # noqa: PLC0415 - with a candidate

    shared = len(control.events) * control.tests * control.nights
    needed = 0
    for event in find_live(control):
        without, n = control.control - event.control, control.control
        numbers = range(1, MOST_OF_A_NIGHT + 1) if n else range(0)
        found = (k for k in numbers if shared * fisher(without, n, 0, k) <= gate.half)
        needed = max(needed, next(found, 0))
    return needed


def find_live(control: ControlEvidence) -> tuple[ControlledEvent, ...]:
    """Return the events that the candidate's fresh samples have not given up."""
    given_up_at = 1 if is_of_a_night(control) else GIVEN_UP_AT
    return tuple(e for e in control.events if control.candidate - e.candidate < given_up_at)


def find_open(control: ControlEvidence) -> tuple[ControlledEvent, ...]:
    """Return the events that the samples of neither model have given up."""
    return tuple(e for e in find_live(control) if e.control < SHOWN_TOO)


def is_of_a_night(control: ControlEvidence) -> bool:
    """Tell whether the recorded baseline is the control, of the same model as the candidate."""
    return control.nights > 1


def is_controlled(evidence: TestEvidence) -> bool:
    """Tell whether fresh samples decide on a test: nothing else of it does then."""
    control = evidence.control
    if control is not None and is_of_a_night(control):
        return True
    if control is None or not control.events or not control.candidate:
        return False
    return control.control >= control.planned or not find_open(control)


def adjust_events(control: ControlEvidence) -> tuple[float, ...]:
    """Return the p-value of each event, adjusted for all events of its test, tests and nights."""
    from pytest_llmregress.statistics.multiplicity import holm  # noqa: PLC0415 - with a candidate

    ps = holm([_compute_p(event, control) for event in control.events])
    return tuple(min(1.0, p * control.tests * control.nights) for p in ps)


def _compute_p(event: ControlledEvent, control: ControlEvidence) -> float:
    """Return the one-sided p of an event; 1 where it was given up."""
    from pytest_llmregress.statistics.exact_tests import fisher  # noqa: PLC0415 - with a candidate

    is_whole = control.control >= control.planned and control.control and control.candidate
    if not is_whole or event not in find_live(control):
        return 1.0
    without = (control.control - event.control, control.candidate - event.candidate)
    return fisher(without[0], control.control, without[1], control.candidate)


def find_charged(control: ControlEvidence, *, gate: GatePolicy) -> tuple[str, ...]:
    """Return the events that the candidate shows and the old model does not, by name."""
    found = zip(control.events, adjust_events(control), strict=True)
    return tuple(event.name for event, p in found if p <= gate.half)


def find_shared(control: ControlEvidence) -> tuple[ControlledEvent, ...]:
    """Return the events of the candidate's fresh samples that the old model shows now as well."""
    live = () if is_of_a_night(control) else find_live(control)
    return tuple(event for event in live if event.control >= SHOWN_TOO)
