"""One side of a comparison, as a report shows it: what was asked, said, done and spent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from pytest_llmregress.values.agent_summary import AgentSummary
from pytest_llmregress.values.call import Call, Calls, sum_known
from pytest_llmregress.values.json_record import JsonRecord, write_fields
from pytest_llmregress.values.user_words import find_last_words

MAX_TEXT = 20_000
"""Characters of a prompt or a text that a report holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSummary(JsonRecord):
    """One run of a test."""

    prompt: str
    """The last text of the user in the first call."""
    text: str
    """The texts of all calls, a blank line between two."""
    tools: tuple[tuple[str, Mapping[str, Any]], ...]
    """Names and arguments of the tool calls, in order."""
    outcome: str
    """How the last call ended."""
    calls: int
    input_tokens: int
    output_tokens: int
    latency: float | None
    """Seconds, summed over the calls; None where one was not measured."""
    cost_usd: float | None = None
    """US dollars of all calls, as they would be paid anew; None where a price is unknown."""
    agents: tuple[AgentSummary, ...] = ()
    """Its sessions and sub-agents, each behind the one that has started it; empty where there are
    no sub-agents."""

    @classmethod
    def of(
        cls,
        calls: Calls,
        *,
        price: Callable[[Call], float | None] | None = None,
        agents: tuple[AgentSummary, ...] = (),
    ) -> Self:
        """Return what calls show; nothing but zeros where there are none.

        :param price: what a call costs; None where costs are told elsewhere.
        :param agents: of these calls.
        """
        times = [call.latency for call in calls]
        measured = [seconds for seconds in times if seconds is not None]
        return cls(
            prompt=find_last_words(calls[0].prompt.messages)[:MAX_TEXT] if calls else "",
            text=calls.text[:MAX_TEXT],
            tools=tuple((tool.full_name, dict(tool.arguments)) for tool in calls.tool_calls),
            outcome=str(calls[-1].outcome) if calls else "",
            calls=len(calls),
            input_tokens=calls.usage.total_tokens - calls.usage.output_tokens,
            output_tokens=calls.usage.output_tokens,
            latency=sum(measured) if measured and len(measured) == len(times) else None,
            cost_usd=None if price is None else sum_known(price(call) for call in calls),
            agents=agents,
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON, each tool call with its keys."""
        tools = [{"name": name, "arguments": dict(given)} for name, given in self.tools]
        return {**write_fields(self), "tools": tools}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        tools = tuple((tool["name"], tool["arguments"]) for tool in data["tools"])
        agents = tuple(map(AgentSummary.from_json, data.get("agents", ())))
        return cls(**{**data, "tools": tools, "agents": agents})
