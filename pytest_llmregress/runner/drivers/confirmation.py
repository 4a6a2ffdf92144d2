"""Fresh samples of a candidate whose first ones look different."""

from pytest_llmregress.pipeline.drift import is_to_be_crossed
from pytest_llmregress.pipeline.plan import SamplePlan
from pytest_llmregress.pipeline.state import ObservedTest
from pytest_llmregress.recording.cassette_session import SampleMode
from pytest_llmregress.runner.drivers.driver import MoreSamples
from pytest_llmregress.values.evidence import ControlEvidence
from pytest_llmregress.values.verdict import GatePolicy
from pytest_llmregress.verdicts.control_gate import (
    GIVEN_UP_AT,
    count_confirming,
    count_of_a_night,
    find_live,
    is_of_a_night,
)
from pytest_llmregress.verdicts.first_pass import (
    MIN_CONFIRMING,
    count_after_baseline,
    looks_different,
)


def plan_confirmation(test: ObservedTest) -> MoreSamples:
    """Return the samples that are to follow those of a test; none where it does not ask for any."""
    control = None if test.evidence is None else test.evidence.control
    if not test.state.confirm:
        return MoreSamples()
    if control is not None and is_of_a_night(control):
        needed = count_of_a_night(control, gate=GatePolicy())
        return _plan_samples(test, count=min(1, max(0, needed - control.candidate)))
    is_crossed = test.settings.cross and is_to_be_crossed(test.drift)
    if control is not None and control.events:
        needed = _count_missing(test, control)
        if control.unasked and find_live(control) and test.state.has_noise:
            needed = max(0, _count_without_control(test) - control.candidate)
        return _plan_samples(test, count=needed, controls=control.planned)
    is_different = test.evidence is not None and bool(looks_different(test.evidence))
    if any(sample.plan.confirms for sample in test.samples) or not (is_different or is_crossed):
        return MoreSamples()
    return _plan_samples(test, count=_count_without_control(test))


def _count_without_control(test: ObservedTest) -> int:
    """Return the samples that confirm a change where the recorded baseline alone tells the noise.

    Who asks for fewer than can confirm anything gets that many.
    """
    asked, accepted = test.state.confirm, test.state.accepted
    if asked < MIN_CONFIRMING or accepted is None:
        return asked
    return max(asked, count_after_baseline(len(accepted.samples)))


def _count_missing(test: ObservedTest, control: ControlEvidence) -> int:
    """Return how many samples it takes at least to give all events up, or to have all of them."""
    live = find_live(control)
    if not live:
        return 0
    needed = count_confirming(
        len(control.events),
        tests=control.tests,
        least=test.state.confirm,
        controls=test.settings.control,
        gate=GatePolicy(),
    )
    missed = min(control.candidate - event.candidate for event in live)
    return max(0, min(needed - control.candidate, GIVEN_UP_AT - missed))


def _plan_samples(test: ObservedTest, *, count: int, controls: int = 0) -> MoreSamples:
    first = len(test.samples) + 1
    return MoreSamples(
        own=tuple(
            SamplePlan(
                number=first + each,
                mode=SampleMode.RECORD,
                confirms=True,
                controls=controls,
                among=test.state.among if controls or test.state.is_canary else 1,
            )
            for each in range(count)
        )
    )
