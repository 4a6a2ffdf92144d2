"""The sessions and sub-agents of a run, in text and on the page."""

import re

import pytest

from pytest_llmregress.reports.agent_tree import tree_lines
from pytest_llmregress.reports.behavior_words import name_change, say_drift
from pytest_llmregress.reports.html.agents import draw_agents
from pytest_llmregress.values.agent_summary import AgentSummary
from pytest_llmregress.values.agents import summarize_agents
from pytest_llmregress.values.behavior import Change, Drift, Severity
from pytest_llmregress.values.call import Call, Calls, Outcome, ToolCall, Usage
from pytest_llmregress.values.side_by_side import CallSummary
from reports import side

SESSION = AgentSummary(
    name="session 1 'Read all'",
    depth=0,
    started_by=None,
    calls=(1, 5),
    tools={"Agent": 2},
    input_tokens=1200,
    output_tokens=30,
)
FIRST = AgentSummary(
    name="sub-agent 1 '<b>'", depth=1, started_by=1, calls=(2,), input_tokens=9, output_tokens=1
)
INNER = AgentSummary(
    name="sub-agent 3 '\x1b[31m'",
    depth=2,
    started_by=2,
    calls=tuple(range(10, 40)),
    tools={"Bash": 1},
)
SECOND = AgentSummary(name="sub-agent 2 'Log'", depth=1, started_by=1, calls=(3, 4))
TREE = (SESSION, FIRST, INNER, SECOND)


def test_a_line_says_who_asked_for_an_agent_and_what_it_did():
    assert tree_lines(TREE) == (
        "session 1 'Read all': calls 1, 5; Agent x2; 1,200 tokens in, 30 out",
        "  sub-agent 1 '<b>': by call 1; call 2; 9 tokens in, 1 out",
        "    sub-agent 3 '\\x1b[31m': by call 2; 30 calls from 10 to 39; Bash; 0 tokens in, 0 out",
        "  sub-agent 2 'Log': by call 1; calls 3, 4; 0 tokens in, 0 out",
    )


def test_the_page_has_each_agent_below_the_one_that_has_started_it():
    drawn = draw_agents(side("a"), side("b", agents=TREE)).text

    assert "no sub-agents" in drawn
    assert "&lt;b&gt;" in drawn
    shape = "".join(f"{tag}>" for tag in re.findall(r"</?(?:ul|li)\b", drawn))
    inner = "<ul><li></li></ul>"
    assert shape == f"<ul><li><ul><li>{inner}</li><li></li></ul></li></ul>"


def test_the_page_says_nothing_of_agents_where_there_are_no_sub_agents():
    assert draw_agents(side("a"), side("b")).text == ""


def test_many_agents_are_counted():
    agents = (SESSION, *[FIRST] * 100)

    assert "and 61 more" in draw_agents(side("a"), side("b", agents=agents)).text


def test_a_side_keeps_its_agents_in_json():
    given = side("a", agents=TREE)

    assert CallSummary.from_json(given.to_json()) == given
    old = {key: value for key, value in given.to_json().items() if key != "agents"}
    assert CallSummary.from_json(old).agents == ()


def test_the_calls_of_a_later_sample_are_counted_on():
    task = "Read the log and sum it up."
    tool = ToolCall(name="delegate", id="toolu_1", arguments={"prompt": task})
    asked = [
        {"messages": [{"role": "user", "content": text}]} for text in ("What is in the log?", task)
    ]
    calls = Calls(
        Call(provider="p", outcome=Outcome.ANSWERED, request=request, tool_calls=tools, usage=USAGE)
        for request, tools in zip(asked, ((tool,), ()), strict=True)
    )

    assert tree_lines(summarize_agents(calls, first=8)) == (
        "session 1 'What is in the log?': call 8; delegate; 5 tokens in, 2 out",
        "  sub-agent 1 'Read the log and sum it up.': by call 8; call 9; 5 tokens in, 2 out",
    )


USAGE = Usage(input_tokens=5, output_tokens=2)


@pytest.mark.parametrize(
    ("trait", "before", "after", "words"),
    [
        ("agents.count", "1", "4", "4 sub-agents instead of 1"),
        ("agents.depth", "1", "2", "sub-agents of sub-agents"),
        ("agents.tools", "sub-agent: Bash", "sub-agent: Edit", "other tools in sub-agents"),
        ("interruptions", "none", "refused", "an earlier call ended refused"),
        ("interruptions", "refused", "none", "no earlier call interrupted"),
        (
            "demanded_words",
            'ends with "DONE"',
            "none",
            'no longer ends with "DONE", as the prompt asks',
        ),
        ("demanded_words", "none", 'ends with "DONE"', 'now ends with "DONE"'),
    ],
)
def test_what_an_agent_does_otherwise_is_told_in_words(trait, before, after, words):
    change = Change(trait=trait, severity=Severity.BREAKING, before=before, after=after)

    assert name_change(change) == words


def test_a_fan_out_says_more_than_the_tools_that_it_takes():
    found = [
        Change(trait=trait, severity=Severity.BREAKING, before="1", after="4")
        for trait in ("tools.set", "agents.count", "tools.loops")
    ]

    assert say_drift(Drift(baseline="a", candidate="b", changes=tuple(found))) == (
        "4 sub-agents instead of 1"
    )
