"""The old model, asked again now where fresh samples of a candidate go on looking different."""

from pytest_llmregress.pipeline.collect_control import CONTROL
from pytest_llmregress.pipeline.plan import SideVariant
from pytest_llmregress.pipeline.state import ObservedTest
from pytest_llmregress.runner.drivers.driver import MoreSamples
from pytest_llmregress.storage.file_paths import build_test_paths
from pytest_llmregress.values.evidence import ControlEvidence
from pytest_llmregress.values.settings import RecordMode
from pytest_llmregress.verdicts.control_gate import SHOWN_TOO, find_open


def plan_control(test: ObservedTest) -> MoreSamples:
    """Return the samples of the old model that are to be drawn next; none once they decide.

    One first, since a model that is gone answers none; then as many at a time as it takes at least
    to give all events up.
    """
    control = None if test.evidence is None else test.evidence.control
    side = test.find_side(CONTROL)
    is_replay = test.settings.record is RecordMode.NONE
    if control is None or not control.candidate or not find_open(control):
        return MoreSamples()
    if is_replay and (side is not None or not _is_recorded(test)):
        return MoreSamples()
    wanted = _count_wanted(control)
    if wanted == control.control or (side is not None and len(side.usable) < len(side.samples)):
        return MoreSamples()
    return MoreSamples(sides=(SideVariant(name=CONTROL, samples=wanted, asks_old_model=True),))


def _count_wanted(control: ControlEvidence) -> int:
    if not control.control:
        return 1
    missing = max(SHOWN_TOO - event.control for event in find_open(control))
    return min(control.planned, control.control + missing)


def _is_recorded(test: ObservedTest) -> bool:
    variant = f"{test.state.variant}.{CONTROL}"
    return build_test_paths(test.state.identity.path, test.node_id, variant).cassette.exists()
