"""The traits of the sub-agents of a sample: how many, how deep, with which tools."""

from collections.abc import Sequence

from pytest_llmregress.behavior.trait_record import (
    Assessment,
    ExtractorInput,
    TraitRecord,
    gained_and_lost,
    number,
)
from pytest_llmregress.values.agents import AgentTree
from pytest_llmregress.values.behavior import Severity, Trait, TraitKind

FAN_OUT = 3
"""How many sub-agents a task may have where the baseline has at most one; and how many times the
baseline's number there may be."""
_RATIO = 2
_MAX_QUOTED = 4
"""Sub-agents that a report names."""


_NOTABLE = Assessment(severity=Severity.NOTABLE)


def count_subagents(given: ExtractorInput) -> int:
    """Return how many agents were started by another one."""
    return len(given.agents.subagents)


def quote_subagents(given: ExtractorInput) -> str:
    """Return which call has asked for which sub-agents, or ""."""
    tree = given.agents
    by_call: dict[int | None, list[str]] = {}
    for agent in tree.subagents:
        by_call.setdefault(agent.started_by, []).append(agent.label)
    return "; ".join(_say_started(tree, call, names) for call, names in by_call.items())


def extract_tools_of_agents(given: ExtractorInput) -> set[str]:
    """Return the tools of the sessions and of the sub-agents: "sub-agent: Bash".

    It is empty where there are no sub-agents: then the tools of the sample say it all.
    """
    if not given.agents.subagents:
        return set()
    return {
        f"{'sub-agent' if agent.depth else 'session'}: {tool}"
        for agent in given.agents.agents
        for tool in agent.tools
    }


def assess_subagents(before: Trait, after: Trait) -> Assessment | None:
    """Take a fan-out for breaking: more sub-agents than 3, and than 3 times the baseline's.

    The first ones, the loss of all, and twice or half as many are notable.
    """
    old, new = number(before), number(after)
    if old is None or new is None:
        return _NOTABLE
    if new > max(FAN_OUT, FAN_OUT * old):
        detail = f"fan-out: {after.quote}" if after.quote else "fan-out"
        return Assessment(severity=Severity.BREAKING, detail=detail)
    small, large = sorted((old, new))
    if small and large < _RATIO * small:
        return None
    return Assessment(severity=Severity.NOTABLE, detail=after.quote or "no sub-agents")


def assess_depth(before: Trait, after: Trait) -> Assessment | None:
    """See no change where one side has no sub-agents: their number tells it."""
    if not (number(before) and number(after)):
        return None
    return Assessment(detail="sub-agents of sub-agents")


def assess_tools_of_agents(before: Trait, after: Trait) -> Assessment | None:
    """See no change where one side has no sub-agents."""
    if not before.value or not after.value:
        return None
    gained, lost = gained_and_lost(before, after)
    said = {"gained": sorted(gained), "lost": sorted(lost)}
    words = (f"{word} {', '.join(some)}" for word, some in said.items() if some)
    return Assessment(detail="; ".join(words))


def _say_started(tree: AgentTree, call: int | None, names: Sequence[str]) -> str:
    by = "an unknown call" if call is None else tree.name_call(call)
    more = len(names) - _MAX_QUOTED
    said = ", ".join(names[:_MAX_QUOTED]) + (f" and {more} more" if more > 0 else "")
    return f"{by} starts sub-agent{'s' if len(names) > 1 else ''} {said}"


AGENT_TRAITS = (
    TraitRecord(
        name="agents.count",
        extract=count_subagents,
        kind=TraitKind.NUMBER,
        severity=Severity.BREAKING,
        rule=assess_subagents,
        quote=quote_subagents,
        readme="number of sub-agents",
    ),
    TraitRecord(
        name="agents.depth",
        extract=lambda given: given.agents.depth,
        kind=TraitKind.NUMBER,
        severity=Severity.NOTABLE,
        rule=assess_depth,
        readme="whether sub-agents start sub-agents",
    ),
    TraitRecord(
        name="agents.tools",
        extract=extract_tools_of_agents,
        kind=TraitKind.SET,
        severity=Severity.NOTABLE,
        rule=assess_tools_of_agents,
        readme="which tools sub-agents call",
    ),
)
