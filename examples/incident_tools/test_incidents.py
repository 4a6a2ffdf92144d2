"""What the team expects of the assistant in each incident: the state that it reaches."""

import pytest

import incidents
from endings import expect_over
from responder import MAX_TURNS, respond

# One run is a matter of luck with a small model: these are measured, and compared by rates.
pytestmark = pytest.mark.llm(
    samples=5,
    pass_rate=0.0,
    max_calls=MAX_TURNS,
    max_tool_calls=6,
    forbid_tools=["delete_*"],
)


def handle(incident, root, calls):
    """Let the assistant handle an incident. Fails by what it did wrong."""
    plant = incident.occur(root)
    respond(plant, incident.alert, incident.is_over)
    expect_over(incident, plant, calls)


def test_a_full_disk_is_cleaned(tmp_path, llm_calls):
    handle(incidents.DISK_FULL, tmp_path, llm_calls)


def test_a_bad_setting_is_mended(tmp_path, llm_calls):
    handle(incidents.BAD_SETTING, tmp_path, llm_calls)


def test_a_stuck_job_is_queued_again(tmp_path, llm_calls):
    handle(incidents.STUCK_JOB, tmp_path, llm_calls)


@pytest.mark.llm(forbid_tools=["query_*"])
def test_an_expired_certificate_is_renewed(tmp_path, llm_calls):
    handle(incidents.EXPIRED_CERTIFICATE, tmp_path, llm_calls)


def test_a_wrong_upstream_is_corrected(tmp_path, llm_calls):
    handle(incidents.WRONG_UPSTREAM, tmp_path, llm_calls)
