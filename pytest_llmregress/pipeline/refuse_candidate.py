"""What every request of a candidate's test is refused with, known before it runs."""

from pytest_llmregress.pipeline.state import TestState
from pytest_llmregress.providers.asked_models import wrong_models
from pytest_llmregress.reports import failures
from pytest_llmregress.values.run_report import Problem
from pytest_llmregress.values.snapshot import Snapshot


def find_refusal(test: TestState, accepted: Snapshot | None) -> Problem | None:
    """Return why a candidate is not asked; None where it may be, and for the baseline.

    It needs a baseline to be held against, and in a canary that has to be of the same model. A test
    that is skipped, or asks for nothing, needs none.
    """
    candidate, node_id = test.settings.candidate, test.node_id
    if candidate is None:
        return None
    if accepted is None:
        has_recording = test.paths.of_baseline().cassette.exists()
        message = failures.no_baseline(node_id, test.commands.baseline(recorded=has_recording))
        return Problem(code="no_baseline", message=message)
    others = wrong_models(candidate, accepted.requested_models) if test.is_canary else ()
    if others:
        message = failures.not_its_model(node_id, candidate.new, others)
        return Problem(code="not_its_model", message=message)
    return None
