"""The grid of old and new prompt with old and new model, for a test that drifted with both."""

from pytest_llmregress.pipeline.drift import is_to_be_crossed
from pytest_llmregress.pipeline.explain_grid import GridCell
from pytest_llmregress.pipeline.plan import SideVariant
from pytest_llmregress.pipeline.state import ObservedTest
from pytest_llmregress.runner.drivers.driver import MoreSamples
from pytest_llmregress.storage.file_paths import build_test_paths
from pytest_llmregress.values.settings import RecordMode

LEAST = 5
"""Samples of a cell where nobody says how many confirm a drift."""


def plan_grid(test: ObservedTest) -> MoreSamples:
    """Return the cells that are to be run once a candidate's samples are over; often none."""
    state = test.state
    is_over = test.find_side(GridCell.OLD_MODEL) is not None
    if is_over or not state.has_noise or not (_may_record(test) or _is_recorded(test)):
        return MoreSamples()
    if not is_to_be_crossed(test.drift):
        return MoreSamples()
    samples = state.settings.confirm or LEAST
    return MoreSamples(
        sides=(
            SideVariant(name=GridCell.OLD_MODEL, samples=samples, asks_old_model=True),
            SideVariant(name=GridCell.OLD_PROMPT, samples=samples, has_old_prompt=True),
        )
    )


def _may_record(test: ObservedTest) -> bool:
    return test.settings.cross and test.settings.record is not RecordMode.NONE


def _is_recorded(test: ObservedTest) -> bool:
    """Tell whether an earlier run has recorded all cells."""
    identity, variant = test.state.identity, test.state.variant
    return all(
        build_test_paths(identity.path, test.node_id, f"{variant}.{cell}").cassette.exists()
        for cell in GridCell
    )
