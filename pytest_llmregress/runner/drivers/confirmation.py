"""Fresh samples of a candidate whose first ones look different."""

from pytest_llmregress.pipeline.drift import is_to_be_crossed
from pytest_llmregress.pipeline.plan import SamplePlan
from pytest_llmregress.pipeline.state import ObservedTest
from pytest_llmregress.recording.cassette_session import SampleMode
from pytest_llmregress.runner.drivers.driver import MoreSamples
from pytest_llmregress.verdicts.first_pass import looks_different


def plan_confirmation(test: ObservedTest) -> MoreSamples:
    """Return the samples that are to follow those of a test; none where it does not ask for any."""
    if not test.state.confirm or any(sample.plan.confirms for sample in test.samples):
        return MoreSamples()
    is_different = test.evidence is not None and bool(looks_different(test.evidence))
    if not is_different and not (test.settings.cross and is_to_be_crossed(test.drift)):
        return MoreSamples()
    first = len(test.samples) + 1
    return MoreSamples(
        own=tuple(
            SamplePlan(number=first + each, mode=SampleMode.RECORD, confirms=True)
            for each in range(test.state.confirm)
        )
    )
