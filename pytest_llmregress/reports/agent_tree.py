"""The sessions and sub-agents of a run as text."""

from collections.abc import Sequence

from pytest_llmregress.formatting.value_text import printable
from pytest_llmregress.values.agent_summary import AgentSummary

_MAX_CALLS = 8
"""Calls of an agent that are named by their numbers."""


def tree_lines(agents: Sequence[AgentSummary]) -> tuple[str, ...]:
    """Return one line for each agent, indented below the one that has started it."""
    return tuple(f"{'  ' * each.depth}{printable(each.name)}: {describe(each)}" for each in agents)


def describe(agent: AgentSummary) -> str:
    """Return which call has asked for an agent, its calls, its tools and its tokens."""
    tools = (f"{name} x{n}" if n > 1 else name for name, n in agent.tools.items())
    said = [
        "" if agent.started_by is None else f"by call {agent.started_by}",
        _say_calls(agent.calls),
        printable(", ".join(tools)),
        f"{agent.input_tokens:,} tokens in, {agent.output_tokens:,} out",
    ]
    return "; ".join(filter(None, said))


def _say_calls(calls: Sequence[int]) -> str:
    if len(calls) > _MAX_CALLS:
        return f"{len(calls)} calls from {calls[0]} to {calls[-1]}"
    return f"call{'s' if len(calls) > 1 else ''} {', '.join(map(str, calls))}"
