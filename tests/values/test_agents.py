"""Who asked whom: sessions and sub-agents, from what a program tells and from conversations."""

import pytest

from pytest_llmregress.behavior.traits import extract_traits
from pytest_llmregress.comparison.compare_behavior import compare
from pytest_llmregress.contracts.contract import Contract
from pytest_llmregress.contracts.rule_book import RuleBook, forbids
from pytest_llmregress.values.agents import (
    NO_AGENTS,
    find_agent_starts,
    read_agents,
    read_subagents,
)
from pytest_llmregress.values.behavior import Behavior, Severity
from pytest_llmregress.values.call import Call, Calls, Outcome, ToolCall, Usage
from pytest_llmregress.values.conversations import split_conversations

REMINDER = "<system-reminder>Answer in English.</system-reminder>"
ASKED = "What do the four reports say?"


def user(text):
    content = [{"type": "text", "text": REMINDER}, {"type": "text", "text": text}]
    return {"role": "user", "content": content}


def used(*tools):
    blocks = [{"type": "tool_use", "id": t.id, "name": t.name, "input": t.arguments} for t in tools]
    return {"role": "assistant", "content": blocks}


def results(*tools):
    blocks = [{"type": "tool_result", "tool_use_id": t.id, "content": "done"} for t in tools]
    return {"role": "user", "content": blocks}


def delegate(number, prompt="", name="delegate"):
    task = prompt or f"Read report {number} and sum it up."
    arguments = {"description": f"Report {number}", "prompt": task}
    return ToolCall(name=name, id=f"toolu_{number}", arguments=arguments)


def shell(number, command="ls reports"):
    return ToolCall(name="shell", id=f"toolu_s{number}", arguments={"command": command})


def call(*messages, tools=(), text="", outcome=None, **fields):
    ended = outcome or (Outcome.TOOL_USE if tools else Outcome.ANSWERED)
    return Call(
        provider="anthropic",
        outcome=ended,
        tool_calls=tuple(tools),
        text=text,
        request={"messages": list(messages)},
        usage=Usage(input_tokens=100, output_tokens=10),
        requested_model="claude-old",
        **fields,
    )


def fan_out(count, *, told=True, command="ls reports", prompt="", ends=Outcome.ANSWERED):
    """Return the calls of a session that asks so many sub-agents at once.

    They take turns: each calls a shell, then each reports.
    """
    tasks = [delegate(n, prompt) for n in range(1, count + 1)]

    def of(agent=""):
        return {"session": "s1", "agent": agent} if told else {}

    def begin(task):
        return user(task.arguments["prompt"])

    ids = {task.id: f"a{n:016x}" for n, task in enumerate(tasks)}
    shells = [shell(n, command) for n in range(1, count + 1)]
    first = [
        call(begin(task), tools=[use], **of(ids[task.id]))
        for task, use in zip(reversed(tasks), reversed(shells), strict=True)
    ]
    second = [
        call(begin(task), used(use), results(use), text="Sum", outcome=ends, **of(ids[task.id]))
        for task, use in zip(tasks, shells, strict=True)
    ]
    return Calls(
        [
            call(user(ASKED), tools=tasks, text="I ask around.", **of()),
            *first,
            *second,
            call(user(ASKED), used(*tasks), results(*tasks), text="They say it all.", **of()),
        ]
    )


def behavior(calls):
    return Behavior(traits=extract_traits(calls))


def changes(before, after):
    found = compare(behavior(before), behavior(after))
    return {change.trait: change for change in found if change.trait.startswith("agents.")}


@pytest.mark.parametrize("told", [True, False])
def test_sub_agents_hang_below_the_session_whose_tool_call_has_their_task(told):
    tree = read_agents(fan_out(2, told=told))

    session, *others = tree.agents
    assert (session.calls, session.depth, session.parent) == ((1, 6), 0, None)
    assert session.tools == {"delegate": 2}
    assert session.name == f"session 1 '{ASKED}'"
    assert [(each.name, each.calls) for each in tree.subagents] == [
        ("sub-agent 1 'Report 1'", (3, 4)),
        ("sub-agent 2 'Report 2'", (2, 5)),
    ]
    assert {(each.parent, each.started_by, each.depth) for each in others} == {(0, 1, 1)}
    assert [each.usage.total_tokens for each in tree.agents] == [220, 220, 220]


def test_four_tasks_in_the_same_words_are_four_sub_agents_where_the_program_tells():
    calls = fan_out(4, prompt="Read a report and sum it up.")

    assert [each.calls for each in read_agents(calls).subagents] == [(2, 9), (3, 8), (4, 7), (5, 6)]


def test_a_sub_agent_of_a_sub_agent_is_two_levels_deep():
    inner, outer = delegate(2, "Read the appendix of report 1."), delegate(1)
    calls = Calls(
        [
            call(user(ASKED), tools=[outer]),
            call(user(outer.arguments["prompt"]), tools=[inner]),
            call(user(inner.arguments["prompt"]), text="It is empty."),
            call(user(outer.arguments["prompt"]), used(inner), results(inner), text="All is well."),
            call(user(ASKED), used(outer), results(outer), text="All is well."),
        ]
    )

    tree = read_agents(calls)

    assert tree.depth == 2
    assert [(each.parent, each.started_by) for each in tree.subagents] == [(0, 1), (1, 2)]
    assert tree.locate(4) == "sub-agent 1 'Report 1', turn 2"
    assert tree.name_call(1) == "call 1"


def test_a_sub_agent_whose_task_nobody_has_written_belongs_to_its_session():
    calls = Calls(
        [
            call(user(ASKED), text="Wait.", session="s1"),
            call(user("Sum up."), text="Done.", session="s1", agent="a1"),
            call(user("Sum up."), text="Done.", session="s2", agent="a2"),
        ]
    )

    found = [(each.depth, each.parent, each.started_by) for each in read_agents(calls).agents]

    assert found == [(0, None, None), (1, 0, None), (1, None, None)]


@pytest.mark.parametrize(
    "calls",
    [
        Calls(),
        Calls([call(user(ASKED), text="Yes.")]),
        Calls([call(user(ASKED), tools=[shell(1)]), call(user(ASKED), used(shell(1)), user("x"))]),
        Calls([call(user(ASKED)), call(user("And the second?"))]),
        Calls([call(user(ASKED), tools=[delegate(1, "Paris")]), call(user("Paris"))]),
        Calls([call({"role": "user"}, tools=[shell(1)]), call(None), call()]),
    ],
)
def test_calls_without_sub_agents_have_none(calls):
    assert read_subagents(calls).subagents == ()
    assert changes(calls, calls) == {}


def test_a_conversation_of_tools_alone_is_not_looked_into():
    calls = Calls([call(user(ASKED), tools=[shell(1)]), call(user(ASKED), used(shell(1)))])

    assert read_subagents(calls) is NO_AGENTS


def test_two_sessions_that_ask_the_same_at_once_are_two_conversations():
    one, two = shell(1), shell(2)
    calls = Calls(
        [
            call(user(ASKED), tools=[one], session="s1"),
            call(user(ASKED), tools=[two], session="s2"),
            call(user(ASKED), used(one), results(one), text="One.", session="s1"),
            call(user(ASKED), used(two), results(two), text="Two.", session="s2"),
        ]
    )

    assert split_conversations(calls) == ((0, 2), (1, 3))
    assert [each.calls for each in read_agents(calls).agents] == [(1, 3), (2, 4)]


def test_a_session_that_forks_another_one_goes_on_with_its_conversation():
    first = call(user(ASKED), text="They say it all.", session="s1")
    said = {"role": "assistant", "content": first.text}
    fork = call(user(ASKED), said, user("Who?"), text="Ann.", session="s2")

    assert split_conversations(Calls([first, fork])) == ((0, 1),)


def test_a_session_that_begins_anew_is_the_same_agent():
    calls = Calls(
        [
            call(user(ASKED), outcome=Outcome.REFUSED, session="s1"),
            call(user(ASKED), text="They say it all.", session="s1"),
        ]
    )

    assert find_agent_starts(calls) == (True, False)
    assert Contract(max_agents=1, outcomes=frozenset(Outcome)).violations(calls) == ()


# --- traits ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "severity"),
    [
        (1, 4, Severity.BREAKING),
        (0, 4, Severity.BREAKING),
        (0, 3, Severity.NOTABLE),
        (1, 3, Severity.NOTABLE),
        (2, 6, Severity.NOTABLE),
        (2, 7, Severity.BREAKING),
        (4, 0, Severity.NOTABLE),
        (3, 4, None),
        (4, 4, None),
    ],
)
def test_a_fan_out_is_breaking(before, after, severity):
    found = changes(fan_out(before), fan_out(after)).get("agents.count")

    assert (found and found.severity) == severity


def test_a_fan_out_names_the_call_and_the_tasks():
    found = changes(fan_out(1), fan_out(5))["agents.count"]

    assert (found.before, found.after) == ("1", "5")
    assert found.detail == (
        "fan-out: call 1 starts sub-agents 1 'Report 1', 2 'Report 2', 3 'Report 3', 4 'Report 4' "
        "and 1 more"
    )


def test_the_tools_of_sub_agents_are_compared_where_both_sides_have_some():
    before, after = fan_out(2), fan_out(2)
    edit = ToolCall(name="edit", id="toolu_e", arguments={"path": "reports/1"})
    calls = [*after]
    calls[1] = call(*calls[1].request["messages"], tools=[edit], session="s1", agent=calls[1].agent)

    found = changes(before, Calls(calls))

    assert set(found) == {"agents.tools"}
    assert found["agents.tools"].detail == "gained sub-agent: edit"
    assert set(changes(Calls(fan_out(0)), after)) == {"agents.count"}


# --- rules -----------------------------------------------------------------------------------


def test_a_forbidden_tool_names_the_sub_agent_and_the_turn():
    (first, second) = Contract(forbid_tools=("shell",)).violations(fan_out(2))

    assert first == "forbid_tools='shell': call 2 (sub-agent 2 'Report 2', turn 1) called shell"
    assert second == "forbid_tools='shell': call 3 (sub-agent 1 'Report 1', turn 1) called shell"


def test_a_limit_on_agents_names_the_one_too_many():
    (line,) = Contract(max_agents=2).violations(fan_out(2))

    assert line == ("max_agents=2: 3 in all; call 3 (sub-agent 1 'Report 1', turn 1) went over it")


def test_a_standing_rule_holds_in_sub_agents():
    (result,) = RuleBook(rules={"no sums": forbids("Sum")}).check(fan_out(1))

    assert result.broken == ("call 3 (sub-agent 1 'Report 1', turn 2): “Sum”",)


@pytest.mark.parametrize("told", [True, False])
def test_a_sub_agent_that_pauses_is_told_though_its_session_goes_on(told):
    calls = fan_out(1, told=told, ends=Outcome.PAUSED)

    (line,) = Contract().violations(calls)
    found = compare(behavior(fan_out(1, told=told)), behavior(calls))

    assert line.startswith("outcomes: call 3 (sub-agent 1 'Report 1', turn 2) ended paused")
    assert ("interruptions", Severity.BREAKING) in {(c.trait, c.severity) for c in found}


# --- changes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("told", [True, False])
def test_a_command_of_a_sub_agent_that_differs_names_it_and_the_turn(told):
    before, after = fan_out(1, told=told), fan_out(1, told=told, command="rm -rf reports")

    found = {change.trait: change for change in compare(behavior(before), behavior(after))}

    assert found["tools.arguments"].severity is Severity.BREAKING
    assert found["tools.arguments"].detail == "in sub-agent 1 'Report 1', turn 1"


def test_an_answer_of_a_sub_agent_that_differs_names_it_and_the_turn():
    before, after = fan_out(1), fan_out(1, ends=Outcome.REFUSED)

    found = {change.trait: change for change in compare(behavior(before), behavior(after))}

    assert found["outcome"].detail == "call 3 (sub-agent 1 'Report 1', turn 2)"
    assert found["interruptions"].detail == "call 3 (sub-agent 1 'Report 1', turn 2) refused"
