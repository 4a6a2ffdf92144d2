"""What a candidate does in the real Claude Agent SDK is named: a scripted model is both sides."""

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
    from claude_agent_sdk import ClaudeAgentOptions, query
    from pytest_llmregress import rules

    SCENARIOS = {
        "plain": "scenario:plain",
        "agents": "scenario:agents background=false",
        "background": "scenario:agents",
        "rule": "scenario:rule",
        "upsell": "scenario:upsell",
        "pause": "scenario:pause",
        "refusal": "scenario:refusal",
        "max_tokens": "scenario:max_tokens",
        "forbidden": "scenario:forbidden abs=1",
        "edit": "scenario:edit path=notes.txt old=hello new=bye abs=1",
        "loop": "scenario:loop",
        "parallel": "scenario:parallel",
    }

    @pytest.fixture
    def llm_config():
        return {"normalize": ["claude-code"], "rules": {"no rm": rules.no_commands("rm -rf")}}

    async def run(prompt, folder):
        options = ClaudeAgentOptions(
            model=os.environ["AGENT_MODEL"], permission_mode="bypassPermissions",
            setting_sources=["project"], cwd=folder,
        )
        async for message in query(prompt=prompt, options=options):
            pass

    @pytest.mark.llm(record="inline", max_agents=4)
    @pytest.mark.parametrize("name", SCENARIOS)
    def test_agent(name, tmp_path):
        (tmp_path / "notes.txt").write_text("hello there")
        (tmp_path / "scratch").mkdir()
        (tmp_path / "CLAUDE.md").write_text("Always end your answer with the word DONE.")
        try:
            asyncio.run(run(SCENARIOS[name], str(tmp_path)))
        except Exception as error:
            print(error)  # of a refusal the program makes an error
"""
SCENARIOS = 12
TOLD = {
    "plain": ("cosmetic", "text", ""),
    "agents": ("breaking", "agents.count", "fan-out: call 1 starts sub-agents 1 'Topic 1', "),
    "background": ("breaking", "agents.count", "fan-out: call 1 starts sub-agents 1 'Topic 1', "),
    "rule": ("breaking", "demanded_words", 'no longer ends with "DONE"'),
    "upsell": ("breaking", "deflection", "gained upsell"),
    "pause": ("breaking", "outcome", "no call goes on with it"),
    "refusal": ("breaking", "interruptions", "call 1 refused (cyber), sent again in call 2"),
    "max_tokens": ("breaking", "interruptions", "call 1 truncated"),
    "forbidden": ("breaking", "tools.arguments", ""),
    "edit": ("breaking", "tools.set", "gained Write"),
    "loop": ("breaking", "tools.loops", "the same arguments each time: Bash"),
    "parallel": ("notable", "tools.parallel", ""),
}
"""By scenario the worst change, a trait that has it, and a part of what is told of it."""


def load_stand() -> ModuleType:
    spec = importlib.util.spec_from_file_location("agent_stand", STAND)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def compared(module_project):
    """Return a project whose agent was recorded with an old model and with a new one."""
    with load_stand().AgentStand() as model:
        env = {
            "ANTHROPIC_BASE_URL": model.url,
            "AGENT_MODEL": "claude-old",
            "IS_SANDBOX": "1",
            "NO_PROXY": os.environ.get("NO_PROXY", ""),
        }
        module_project.write(test_it=SUITE)
        module_project.record(env=env, passed=SCENARIOS)
        once = ("--llmregress-confirm", "0", "--llmregress-control", "0")
        module_project.record("--llmregress-candidate", "claude-new", *once, env=env)
    return module_project


@pytest.mark.parametrize("name", TOLD)
def test_what_the_candidate_does_is_named(compared, name):
    severity, trait, words = TOLD[name]
    found = compared.found()[f"test_agent[{name}]"]

    worst = found["drift"]["changes"][0]["severity"]
    details = {
        change["trait"]: change["detail"]
        for change in found["drift"]["changes"]
        if change["severity"] == worst
    }
    assert worst == severity
    assert words in details[trait]
    assert found["failed"] == (severity == "breaking")


def test_what_no_agent_may_do_breaks_the_contract(compared):
    problems = {
        name.removeprefix("test_agent[").rstrip("]"): problem["message"]
        for name, test in compared.found().items()
        for problem in test["problems"]
        if problem["code"] in {"contract", "rules"}
    }

    assert "max_agents=4: 5 in all; call " in problems["agents"]
    assert "(sub-agent " in problems["agents"]
    assert "no rm" in problems["forbidden"]
    assert "Bash runs “rm -rf " in problems["forbidden"]


def test_both_sides_have_their_tree(compared):
    found = compared.found()["test_agent[agents]"]

    depths = [[each["depth"] for each in found[side]["agents"]] for side in ("before", "after")]
    assert depths == [[0, 1], [0, 1, 1, 1, 1]]


def test_the_cause_says_that_requests_were_rewritten(compared):
    cause = compared.found()["test_agent[rule]"]["drift"]["cause"]

    assert cause["kind"] == "model"
    assert cause["summary"].endswith("the prompts still name the old model")
