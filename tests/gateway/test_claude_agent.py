"""The real Claude Agent SDK: its program asks a scripted model, is recorded, and is replayed."""

import importlib.util
import os

import pytest

from agent_suite import SCENARIOS, STAND, SUITE, load_stand

if importlib.util.find_spec("claude_agent_sdk") is None:
    pytest.skip("claude-agent-sdk is not installed", allow_module_level=True)
if not STAND.is_file():
    pytest.skip(f"no scripted model for agents at {STAND}", allow_module_level=True)


@pytest.fixture(scope="module")
def recorded(module_project):
    """Return a project that an agent was recorded in; its model is gone."""
    with load_stand().AgentStand() as model:
        module_project.agent = {
            "ANTHROPIC_BASE_URL": model.url,
            "IS_SANDBOX": "1",
            "NO_PROXY": os.environ.get("NO_PROXY", ""),
        }
        module_project.write(test_it=SUITE)
        module_project.record(env=module_project.agent, passed=len(SCENARIOS), skipped=1)
    return module_project


def test_no_recording_holds_the_machine_it_was_made_on(recorded):
    written = b"".join(recorded.files().values()).decode()

    assert "pytest-of-" not in written
    assert str(recorded.home) not in written
    assert "device_id" not in written
    assert "[[cwd]]" in written


def test_a_replay_elsewhere_comes_to_the_same_without_key_and_model(recorded, tmp_path):
    copy = recorded.copy(tmp_path)

    elsewhere = {**recorded.agent, "TZ": "Etc/GMT+12", "USER": "somebody"}
    copy.replay(
        "--basetemp", str(tmp_path / "elsewhere"), env=elsewhere, passed=len(SCENARIOS), skipped=1
    )

    modes = {name.partition("[")[0]: found["mode"] for name, found in copy.found().items()}
    assert modes == {"test_agent": "replayed", "test_unsteady": "idle"}
    copy.never_says("unplayed")


def test_a_miss_ends_the_program_with_our_words(recorded, tmp_path):
    copy = recorded.copy(tmp_path)

    copy.replay(
        "-k", "bash", env={**recorded.agent, "MORE": " now"}, failed=1, deselected=len(SCENARIOS)
    )

    assert copy.problems() == {"test_agent[bash]": ["no_match"]}
    copy.says("asked in  ", "started in test_it.py:")
