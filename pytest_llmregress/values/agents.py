"""Who asked whom: the sessions and sub-agents of a sample, as a tree.

A program that tells its sessions and sub-agents apart (`Call.session`, `Call.agent`) is believed.
Of any other one, each conversation is an agent. No request names the agent that has started
another one: a conversation belongs to the tool call that holds the words it begins with.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from pytest_llmregress.values.agent_summary import AgentSummary
from pytest_llmregress.values.call import Call, Calls, ToolCall, Usage
from pytest_llmregress.values.conversations import split_conversations
from pytest_llmregress.values.user_words import find_last_words

MIN_TASK = 12
"""Characters of an argument that a conversation begins with, where no program tells of agents:
a shorter one, such as a name, may well be asked twice."""
_LABELS = ("description", "title", "name")
"""Arguments of a tool call that name a task in a few words."""
_MAX_LABEL = 40
"""Characters of a task that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """One session or conversation, or one sub-agent of it."""

    number: int
    """From 1: of the sessions in the order of their first calls, of the sub-agents in the order in
    which they were asked for, so that of several at once none is another one in each run."""
    depth: int
    """0 for a session, 1 for what it has started, and so on."""
    task: str
    """In a few words what it was started for; what the user said first to a session."""
    calls: tuple[int, ...]
    """The numbers of its calls, from 1."""
    parent: int | None = None
    """The place of the agent that has started it, from 0; None where nobody did, or who is not
    known."""
    started_by: int | None = None
    """The number of the call whose answer has asked for it; None where that is not known."""
    models: tuple[str, ...] = ()
    """The requested models, in the order of their first use."""
    tools: Mapping[str, int] = field(default_factory=dict)
    """How often it has called each tool, by its full name."""
    usage: Usage = field(default_factory=Usage)
    """The tokens of its calls, summed."""

    @property
    def name(self) -> str:
        """The words that a report has for it, such as "sub-agent 2 'Read the tests'"."""
        return f"{'sub-agent' if self.depth else 'session'} {self.label}"

    @property
    def label(self) -> str:
        """Its number and its task."""
        return f"{self.number} '{self.task}'" if self.task else f"{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTree:
    """All agents of a sample, in the order of their first calls."""

    agents: tuple[Agent, ...] = ()

    @property
    def subagents(self) -> tuple[Agent, ...]:
        """Those that another agent has started."""
        return tuple(sorted((a for a in self.agents if a.depth), key=lambda a: a.number))

    @property
    def depth(self) -> int:
        """How many levels of sub-agents there are."""
        return max((agent.depth for agent in self.agents), default=0)

    def children(self, place: int | None) -> tuple[int, ...]:
        """Return the places of what an agent has started; of None, those that nobody has."""
        found = [at for at, agent in enumerate(self.agents) if agent.parent == place]
        return tuple(sorted(found, key=lambda at: self.agents[at].number))

    def walk(self) -> Iterator[Agent]:
        """Yield all agents, each behind the one that has started it."""
        waiting = [*reversed(self.children(None))]
        while waiting:
            place = waiting.pop()
            yield self.agents[place]
            waiting += reversed(self.children(place))

    def find(self, call: int) -> Agent | None:
        """Return the agent that has made a call, by the call's number; None for none."""
        return next((agent for agent in self.agents if call in agent.calls), None)

    def locate(self, call: int) -> str:
        """Return which sub-agent has made a call, and in which turn; "" where it was none."""
        agent = self.find(call)
        if agent is None or not agent.depth:
            return ""
        return f"{agent.name}, turn {agent.calls.index(call) + 1}"

    def name_call(self, call: int) -> str:
        """Return "call 5", or "call 5 (sub-agent 1 'Tidy up', turn 2)"."""
        place = self.locate(call)
        return f"call {call} ({place})" if place else f"call {call}"


NO_AGENTS = AgentTree()


class CallNames:
    """The names of the calls of a sample: `AgentTree.name_call`, read once somebody asks."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    @cached_property
    def _tree(self) -> AgentTree:
        return read_subagents(self._calls)

    def __getitem__(self, number: int) -> str:
        return self._tree.name_call(number)


def read_subagents(calls: Calls) -> AgentTree:
    """Return the agents of a sample that may have sub-agents; `NO_AGENTS` for any other one.

    It looks at no text of a sample in which no conversation begins behind a tool call.
    """
    return read_agents(calls) if _may_have_subagents(calls) else NO_AGENTS


def read_agents(calls: Calls) -> AgentTree:
    """Return the sessions and sub-agents of a sample.

    Raises nothing, whatever the requests hold.
    """
    groups = _group(calls)
    owner = {at: place for place, group in enumerate(groups) for at in group}
    open_tasks = _Tasks(calls)
    sessions = {calls[g[0]].session: p for p, g in enumerate(groups) if not calls[g[0]].agent}
    agents: list[Agent] = []
    asked: list[tuple[int, int]] = []
    for place, group in enumerate(groups):
        first = calls[group[0]]
        said = find_last_words(first.prompt.messages).strip()
        task = open_tasks.take(said, [at for at in range(group[0]) if owner[at] != place], first)
        parent = None if task is None else owner[task.call]
        if parent is None and first.agent:
            known = sessions.get(first.session)
            parent = known if known is not None and known < place else None
        depth = int(bool(first.agent)) if parent is None else agents[parent].depth + 1
        asked.append((group[0], 0) if task is None else (task.call, task.place))
        of_it = Calls(calls[at] for at in group)
        agents.append(
            Agent(
                number=0,
                depth=depth,
                task=_shorten(said) if task is None else task.label or _shorten(said),
                calls=tuple(at + 1 for at in group),
                parent=parent,
                started_by=None if task is None else task.call + 1,
                models=tuple(dict.fromkeys(c.requested_model for c in of_it if c.requested_model)),
                tools=dict(Counter(of_it.tools)),
                usage=of_it.usage,
            )
        )
    return AgentTree(agents=_numbered(agents, asked))


def summarize_agents(calls: Calls, *, first: int = 1) -> tuple[AgentSummary, ...]:
    """Return the agents of a sample that has sub-agents, each behind the one that started it.

    :param first: the number of the first call, where others come before.
    """
    tree = read_subagents(calls)
    if not tree.subagents:
        return ()
    by = first - 1
    return tuple(
        AgentSummary(
            name=agent.name,
            depth=agent.depth,
            started_by=None if agent.started_by is None else agent.started_by + by,
            calls=tuple(number + by for number in agent.calls),
            tools=agent.tools,
            input_tokens=agent.usage.total_tokens - agent.usage.output_tokens,
            output_tokens=agent.usage.output_tokens,
        )
        for agent in tree.walk()
    )


def find_agent_starts(calls: Calls) -> tuple[bool, ...]:
    """Say of each call whether it is the first one of its agent."""
    firsts = {group[0] for group in _group(calls)}
    return tuple(at in firsts for at in range(len(calls)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """A text in a tool call that an agent may have been started with."""

    call: int
    """The index of the call that asked for the tool."""
    place: int
    """Which of all texts it is, from 0."""
    text: str
    label: str


class _Tasks:
    """The texts of all tool calls; each of them starts one agent."""

    def __init__(self, calls: Calls) -> None:
        self._open: list[_Task] = []
        for at, call in enumerate(calls):
            for tool in call.tool_calls:
                texts = (text.strip() for text in _texts_in(tool.arguments))
                label = _label(tool)
                for text in filter(None, texts):
                    place = len(self._open)
                    self._open.append(_Task(call=at, place=place, text=text, label=label))

    def take(self, said: str, before: Sequence[int], first: Call) -> _Task | None:
        """Return the task that a conversation begins with, of one of these calls, or None.

        The first open one is taken: of several with the same text each has started one agent.
        """
        earlier = frozenset(before)
        min_length = 1 if first.agent else MIN_TASK
        for is_exact in (True, False):
            for task in self._open if said else ():
                if task.call not in earlier or len(task.text) < min_length:
                    continue
                is_long = len(task.text) >= 2 * MIN_TASK
                if task.text == said if is_exact else is_long and task.text in said:
                    self._open.remove(task)
                    return task
        return None


def _may_have_subagents(calls: Calls) -> bool:
    """Say whether programs tell of several agents, or a conversation begins behind a tool call."""
    if len({(call.session, call.agent) for call in calls}) > 1:
        return True
    is_behind_tool = False
    for call in calls:
        if is_behind_tool and not any(m.get("role") == "assistant" for m in call.prompt.messages):
            return True
        is_behind_tool = is_behind_tool or bool(call.tool_calls)
    return False


def _group(calls: Calls) -> list[list[int]]:
    """Return the indices of the calls of each agent, in the order of their first calls."""
    groups: dict[tuple[str, str], list[int]] = {}
    untold = []
    for at, call in enumerate(calls):
        if call.session:
            groups.setdefault((call.session, call.agent), []).append(at)
        else:
            untold.append(at)
    conversations = split_conversations(Calls(calls[at] for at in untold)) if untold else ()
    found = [*groups.values(), *([untold[at] for at in each] for each in conversations)]
    return sorted(found, key=lambda group: group[0])


def _numbered(agents: Sequence[Agent], asked: Sequence[tuple[int, int]]) -> tuple[Agent, ...]:
    """Return the agents with their numbers, those of a kind in the order in which they were asked.

    :param asked: of each the call that asked for it, and the place of its task there.
    """
    counts: Counter[bool] = Counter()
    found = list(agents)
    for place in sorted(range(len(agents)), key=asked.__getitem__):
        counts[bool(agents[place].depth)] += 1
        found[place] = replace(agents[place], number=counts[bool(agents[place].depth)])
    return tuple(found)


def _texts_in(value: Any) -> Iterator[str]:
    """Yield the texts in the arguments of a tool, in their order."""
    match value:
        case str():
            yield value
        case Mapping():
            for child in value.values():
                yield from _texts_in(child)
        case list() | tuple():
            for child in value:
                yield from _texts_in(child)


def _label(tool: ToolCall) -> str:
    """Return the words of a tool call for its task, or "" where it has none."""
    given: Iterable[Any] = (tool.arguments.get(name) for name in _LABELS)
    return next((_shorten(text) for text in given if isinstance(text, str) and text.strip()), "")


def _shorten(text: str) -> str:
    """Return the beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _MAX_LABEL else f"{line[: _MAX_LABEL - 1].rstrip()}…"
