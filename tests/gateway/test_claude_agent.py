"""The real Claude Agent SDK: its program asks a scripted model, is recorded, and is replayed."""

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

STAND = Path(__file__).resolve().parents[3] / "shared" / "stand" / "agent_stand.py"
if importlib.util.find_spec("claude_agent_sdk") is None:
    pytest.skip("claude-agent-sdk is not installed", allow_module_level=True)
if not STAND.is_file():
    pytest.skip(f"no scripted model for agents at {STAND}", allow_module_level=True)

SUITE = """
    import asyncio
    import os

    import pytest
    from claude_agent_sdk import AssistantMessage, ClaudeAgentOptions, ResultMessage, query

    SCENARIOS = {
        "read": "scenario:read path=notes.txt abs=1",
        "bash": 'scenario:bash command="pwd"',
        "edit": "scenario:edit path=notes.txt old=hello new=bye abs=1",
        "rule": "scenario:rule",
        "pause": "scenario:pause",
        "parallel": "scenario:parallel",
        "agents": "scenario:agents count=4 background=false",
        "overload": "scenario:overload",
    }

    @pytest.fixture
    def llm_config():
        return {"normalize": ["claude-code"]}

    async def run(prompt, folder):
        options = ClaudeAgentOptions(
            model="claude-old", permission_mode="bypassPermissions", setting_sources=["project"],
            cwd=folder,
        )
        async for message in query(prompt=prompt, options=options):
            if isinstance(message, ResultMessage):
                last = message
        return last.result

    @pytest.mark.llm(record="inline")
    @pytest.mark.parametrize("name", SCENARIOS)
    def test_agent(name, tmp_path, llm_snapshot):
        (tmp_path / "notes.txt").write_text("hello there")
        (tmp_path / "CLAUDE.md").write_text("Always end your answer with the word DONE.")
        said = asyncio.run(run(SCENARIOS[name] + os.environ.get("MORE", ""), str(tmp_path)))
        assert said.replace(str(tmp_path), "HERE") == llm_snapshot
"""
SCENARIOS = 8


def load_stand() -> ModuleType:
    spec = importlib.util.spec_from_file_location("agent_stand", STAND)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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
        module_project.record(env=module_project.agent, passed=SCENARIOS)
    return module_project


def test_no_recording_holds_the_machine_it_was_made_on(recorded):
    written = b"".join(recorded.files().values()).decode()

    assert "pytest-of-" not in written
    assert str(recorded.home) not in written
    assert "device_id" not in written
    assert "[[cwd]]" in written


def test_a_replay_elsewhere_comes_to_the_same_without_key_and_model(recorded, tmp_path):
    copy = recorded.copy(tmp_path)

    copy.replay("--basetemp", str(tmp_path / "elsewhere"), env=recorded.agent, passed=SCENARIOS)

    assert {found["mode"] for found in copy.found().values()} == {"replayed"}
    copy.never_says("unplayed")


def test_a_miss_ends_the_program_with_our_words(recorded, tmp_path):
    copy = recorded.copy(tmp_path)

    copy.replay("-k", "bash", env={**recorded.agent, "MORE": " now"}, failed=1, deselected=7)

    assert copy.problems() == {"test_agent[bash]": ["no_match"]}
    copy.says("asked in  ", "started in test_it.py:")
