"""The example on the Claude Agent SDK and other processes: replay, candidate and README."""

import re
import shutil
from pathlib import Path

import pytest

from example_suites import Replayed, recorded, replay

pytest.importorskip("claude_agent_sdk", reason="claude-agent-sdk is not installed")
pytest.importorskip("fastapi", reason="fastapi is not installed")
if shutil.which("node") is None:
    pytest.skip("node is not installed", allow_module_level=True)

SUITE = Path(__file__).resolve().parents[2] / "examples" / "agents"
README = (SUITE / "README.md").read_text(encoding="utf-8")
AGENT = "examples/agents/test_coding_agent.py::"
SERVICE = "examples/agents/test_other_processes.py::test_the_service_answers_a_question"


@pytest.fixture(scope="module")
def candidate(tmp_path_factory) -> Replayed:
    """Return what a replay of the candidate comes to."""
    folder = tmp_path_factory.mktemp("candidate")
    return replay("agents", "--llmregress-candidate=scripted-new", tmp_path=folder)


def found(replayed: Replayed) -> dict[str, tuple[int, int]]:
    return {test["test"]: (test["passes"], test["samples"]) for test in replayed.report["tests"]}


def test_the_baseline_replays_to_what_was_recorded_in_another_home(tmp_path):
    replayed = replay("agents", tmp_path=tmp_path, HOME=str(tmp_path))

    assert replayed.status == 0
    assert found(replayed) == recorded("agents", None)
    assert set(found(replayed).values()) == {(1, 1)}
    assert {test["mode"] for test in replayed.report["tests"]} == {"replayed"}


def test_the_candidate_replays_to_what_was_recorded(candidate):
    assert candidate.status == 1
    assert found(candidate) == recorded("agents", "scripted-new")


def test_what_the_candidate_does_is_told(candidate):
    tests = {test["test"]: test for test in candidate.report["tests"]}
    breaking = {
        name: {c["trait"] for c in test["drift"]["changes"] if c["severity"] == "breaking"}
        for name, test in tests.items()
    }
    contract = {name for name, test in tests.items() if test["problems"]}

    assert "outcome" in breaking[f"{AGENT}test_a_task_of_several_steps_is_ended"]
    assert "tools.arguments" in breaking[f"{AGENT}test_nothing_is_deleted"]
    assert contract == {
        f"{AGENT}test_a_bug_is_mended_by_the_rules_of_the_repository",
        f"{AGENT}test_a_task_of_several_steps_is_ended",
        f"{AGENT}test_a_question_takes_one_agent",
        f"{AGENT}test_a_question_about_the_plan_is_answered_and_no_more",
        SERVICE,
    }
    assert "max_agents=1: 5 in all" in candidate.output


def test_no_recording_tells_of_the_machine_that_it_was_made_on():
    for path in SUITE.rglob("__llm__/**/*.yaml"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"/tmp|/home|/root|/Users|device_id", text), path.name


def test_the_readme_shows_what_a_replay_of_the_candidate_prints(candidate):
    (shown,) = re.findall(r"```text\n(.*?)```", README, flags=re.DOTALL)

    # Columns are as wide as their widest value, of which the page shows some.
    printed = {" ".join(line.split()) for line in candidate.output.splitlines()}
    assert [line for line in shown.splitlines() if " ".join(line.split()) not in printed] == []
