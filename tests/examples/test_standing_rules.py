"""The standing-rules example: its rules, its replay and its README."""

import subprocess
from importlib import import_module
from pathlib import Path

import pytest

from example_suites import recorded, replay
from forked_pytest import program
from patience import PATIENCE
from pytest_llmregress import Call, Outcome

ROOT = Path(__file__).resolve().parents[2]
SUITE = ROOT / "examples" / "standing_rules"
STATUS = {None: 0, "qwen2.5-coder-1.5b": 0, "qwen2.5-coder-0.5b-q2": 1}
"""How a replay of each candidate ends."""


@pytest.fixture
def desk_rules(monkeypatch):
    """Return the rules of the example."""
    monkeypatch.syspath_prepend(SUITE)
    return import_module("desk_rules")


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("The path is 14 kilometres long. [T-4711]", []),
        ("It is 2.1 km, or 2100 metres, high. It has 40 beds. [T-4711].", []),
        ("That is 9 miles. [T-4711]", ["metric units only"]),
        ("It is 64 °F there. [T-4711]", ["metric units only"]),
        ("A night is 48 euros. [T-4711]", ["never a price"]),
        ("A night is € 48. [T-4711]", ["never a price"]),
        ("The path is 14 kilometres long.", ["signed with the ticket"]),
        ("[T-4711] The path is long.", ["signed with the ticket"]),
        ("One. Two! Three? [T-4711]", ["two sentences"]),
        ("", []),
    ],
)
def test_a_rule_sees_what_breaks_it(desk_rules, text: str, broken: list[str]):
    call = Call(provider="any", outcome=Outcome.ANSWERED, text=text)

    assert list(desk_rules.broken_by([call])) == broken


def test_a_chat_says_how_often_a_rule_was_kept(desk_rules):
    texts = ["Yes. [T-4711]", "No.", "No. [T-4711]"]
    calls = [Call(provider="any", outcome=Outcome.ANSWERED, text=text) for text in texts]

    with pytest.raises(desk_rules.BrokenRuleError, match=r"^signed with the ticket: kept 2/3$"):
        desk_rules.keep_rules(calls, desk_rules.RULES)

    desk_rules.keep_rules(calls, ["two sentences"])


@pytest.mark.parametrize("candidate", STATUS)
def test_each_model_replays_to_what_was_recorded(tmp_path, candidate: str | None):
    arguments = [] if candidate is None else ["--llmregress-candidate", candidate]

    status, report = replay("standing_rules", *arguments, tmp_path=tmp_path)[:2]

    found = {test["test"]: (test["passes"], test["samples"]) for test in report["tests"]}
    assert found == recorded("standing_rules", candidate)
    assert len(found) == 6
    assert status == STATUS[candidate]


def test_the_readme_shows_what_the_recordings_hold():
    printed = subprocess.run(
        [*program("python"), "results.py"],
        cwd=SUITE,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=True,
    ).stdout

    assert printed in (SUITE / "README.md").read_text(encoding="utf-8")
