"""A suite on the real Claude Agent SDK, and the scripted model that plays each of its scenarios."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

STAND = Path(__file__).resolve().parents[3] / "shared" / "stand" / "agent_stand.py"
"""The model; it stands outside of the repository, and its tests are skipped where it does not."""
SCENARIOS = {
    "plain": "scenario:plain",
    "read": "scenario:read path=notes.txt abs=1",
    "bash": 'scenario:bash command="pwd"',
    "edit": "scenario:edit path=notes.txt old=hello new=bye abs=1",
    "write": "scenario:write path=out.txt abs=1",
    "tool": 'scenario:tool name=Bash input={"command": "ls", "description": "Look around"}',
    "deferred": "scenario:deferred",
    "rule": "scenario:rule",
    "pause": "scenario:pause",
    "refusal": "scenario:refusal",
    "agents": "scenario:agents count=4 background=false",
    "background": "scenario:agents count=1 background=true",
    "forbidden": "scenario:forbidden abs=1",
    "upsell": "scenario:upsell",
    "max_tokens": "scenario:max_tokens",
    "loop": "scenario:loop",
    "parallel": "scenario:parallel",
    "long": "scenario:long",
    "overload": "scenario:overload",
    "drop": "scenario:drop",
    "slow": "scenario:slow",
}
"""Not among them: `status` and `sse_error` end without an answer, of which nothing is recorded."""
UNSTEADY = {"background4": "scenario:agents count=4 background=true"}
"""What asks by timing, and so is replayed by luck."""
SUITE = f"""
    import asyncio
    import os

    import pytest
    from claude_agent_sdk import ClaudeAgentOptions, ResultMessage, query

    SCENARIOS = {SCENARIOS!r}
    UNSTEADY = {UNSTEADY!r}

    @pytest.fixture
    def llm_config():
        return {{"normalize": ["claude-code"]}}

    async def run(prompt, folder):
        options = ClaudeAgentOptions(
            model="claude-old", permission_mode="bypassPermissions", setting_sources=["project"],
            cwd=folder,
        )
        async for message in query(prompt=prompt, options=options):
            if isinstance(message, ResultMessage):
                last = message
        return last.result

    def check(prompt, folder, snapshot):
        (folder / "notes.txt").write_text("hello there")
        (folder / "scratch").mkdir()
        (folder / "CLAUDE.md").write_text("Always end your answer with the word DONE.")
        said = asyncio.run(run(prompt + os.environ.get("MORE", ""), str(folder)))
        assert said.replace(str(folder), "HERE") == snapshot

    @pytest.mark.llm(record="inline")
    @pytest.mark.parametrize("name", SCENARIOS)
    def test_agent(name, tmp_path, llm_snapshot):
        check(SCENARIOS[name], tmp_path, llm_snapshot)

    @pytest.mark.llm(record="inline")
    @pytest.mark.skipif("UNSTEADY" not in os.environ, reason="asks by timing")
    @pytest.mark.parametrize("name", UNSTEADY)
    def test_unsteady(name, tmp_path, llm_snapshot):
        check(UNSTEADY[name], tmp_path, llm_snapshot)
"""


def load_stand() -> ModuleType:
    """Return the module of the scripted model."""
    spec = importlib.util.spec_from_file_location("agent_stand", STAND)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
