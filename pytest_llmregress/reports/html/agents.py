"""The sessions and sub-agents of both sides of a test, each below the one that has started it."""

from collections.abc import Sequence

from pytest_llmregress.reports.agent_tree import describe
from pytest_llmregress.reports.html.markup import NOTHING, Markup, MarkupTemplate, join
from pytest_llmregress.reports.html.side_by_side import MAX_LIST, MORE, line
from pytest_llmregress.values.agent_summary import AgentSummary
from pytest_llmregress.values.side_by_side import CallSummary

_AGENTS = MarkupTemplate("""
    <h4>Agents</h4>
    <div class="sides">
    <div><h5>Baseline</h5>{}{}</div>
    <div><h5>This run</h5>{}{}</div>
    </div>
""")
_LIST = MarkupTemplate('<ul class="agents">{}</ul>')
_ITEM = MarkupTemplate('<li><b>{}</b> <span class="muted">{}</span>{}</li>')
_NONE = MarkupTemplate('<p class="muted">no sub-agents</p>')()


def draw_agents(before: CallSummary, after: CallSummary) -> Markup:
    """Return the trees of both sides; nothing where neither has sub-agents."""
    if not before.agents and not after.agents:
        return NOTHING
    return _AGENTS(*_side(before.agents), *_side(after.agents))


def _side(agents: Sequence[AgentSummary]) -> tuple[Markup, Markup]:
    shown = agents[:MAX_LIST]
    more = len(agents) - len(shown)
    tree = _list(shown) if shown else _NONE
    return tree, MORE(str(more)) if more > 0 else NOTHING


def _list(agents: Sequence[AgentSummary]) -> Markup:
    """Return agents as a list; those that are deeper than the first belong to the one before."""
    top = min(each.depth for each in agents)
    starts = [at for at, each in enumerate(agents) if each.depth == top or not at]
    items = []
    for at, end in zip(starts, [*starts[1:], len(agents)], strict=True):
        agent, below = agents[at], agents[at + 1 : end]
        inner = _list(below) if below else NOTHING
        items.append(_ITEM(line(agent.name), line(describe(agent)), inner))
    return _LIST(join(items))
