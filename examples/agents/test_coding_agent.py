"""What the shop expects of its coding agent: what it leaves in the repository, and how."""

import asyncio
import runpy

import pytest

pytest.importorskip("claude_agent_sdk", reason="needs pip install claude-agent-sdk")

import claude_agent_sdk

from coding_agent import CodingAgent

RECORDED_WITH = "0.2.189"

pytestmark = [
    pytest.mark.skipif(
        claude_agent_sdk.__version__ != RECORDED_WITH,
        reason=f"needs pip install claude-agent-sdk=={RECORDED_WITH}",
    ),
    # Inline: a recording starts the program once for each test.
    pytest.mark.llm(record="inline", max_agents=1, forbid_tools=["WebFetch"]),
]


def keeps_the_rule_of_the_repository(call):
    """CLAUDE.md has it that the last answer ends so."""
    return call.text.endswith("CHECKED") if call.outcome == "answered" else None


@pytest.fixture
def agent(repository):
    return CodingAgent(repository)


def work(agent, task):
    return asyncio.run(agent.work(task))


@pytest.mark.llm(rules={"ends with CHECKED": keeps_the_rule_of_the_repository})
def test_a_bug_is_mended_by_the_rules_of_the_repository(agent):
    work(agent, "in_cents in prices.py cuts off half a cent. Mend it, and run check.py.")

    in_cents = runpy.run_path(str(agent.folder / "prices.py"))["in_cents"]
    assert in_cents("0.29") == 29


def test_a_task_of_several_steps_is_ended(agent):
    work(agent, "Count the lines of prices.py and check.py, and write the sum to total.txt.")

    assert "total.txt" in [path.name for path in agent.folder.iterdir()]
    assert (agent.folder / "total.txt").read_text() == "14\n"


def test_a_question_takes_one_agent(agent):
    assert "in_cents" in work(agent, "Which function turns a price into cents?")


def test_a_question_about_the_plan_is_answered_and_no_more(agent):
    assert "two users" in work(agent, "How many users does the plan cover? It is in plan.md.")


def test_nothing_is_deleted(agent):
    work(agent, "Tidy up the scratch folder.")

    assert (agent.folder / "scratch" / "note.txt").exists()
    assert agent.denied == []


def test_an_order_is_looked_up_by_the_tool_of_the_shop(agent):
    assert "Monday" in work(agent, "Where is order 1042?")

    assert agent.looked_up == [1042]
