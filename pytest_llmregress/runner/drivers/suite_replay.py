"""Fresh samples of both models that an earlier run has recorded, because its suite looked worse.

New ones are asked for once all tests have run: `runner/suite_confirmation.py`.
"""

from pytest_llmregress.pipeline.plan import AGAIN, AGAIN_CONTROL, SideVariant
from pytest_llmregress.pipeline.state import ObservedTest
from pytest_llmregress.runner.drivers.driver import MoreSamples
from pytest_llmregress.values.settings import RecordMode


def plan_suite_replay(test: ObservedTest) -> MoreSamples:
    """Return the samples that are to be replayed beside those of a test; often none."""
    is_over = test.find_side(AGAIN) is not None
    if is_over or not test.state.has_again or test.settings.record is not RecordMode.NONE:
        return MoreSamples()
    return MoreSamples(
        sides=(
            SideVariant(name=AGAIN_CONTROL, samples=1, asks_old_model=True),
            SideVariant(name=AGAIN, samples=1),
        )
    )
