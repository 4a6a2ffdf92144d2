"""The contract of a test: rules that were written down, and the calls that broke them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import Any, Self

from pytest_llmregress.contracts.budget import (
    BaselineUsage,
    BudgetKind,
    Price,
    check_budget,
    check_limit,
    is_number,
    read_budget,
)
from pytest_llmregress.values.agents import CallNames
from pytest_llmregress.values.call import Calls, Outcome
from pytest_llmregress.values.conversations import find_resumed
from pytest_llmregress.values.model_names import is_as_requested

ABRUPT = frozenset(
    {Outcome.REFUSED, Outcome.PAUSED, Outcome.TRUNCATED, Outcome.CONTEXT_FULL, Outcome.EMPTY}
)
"""The ways to end that a test has to allow by name."""


class ContractError(ValueError):
    """Raised for invalid keywords of the marker; one line for each problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What a test allows its model to do. Checked on every run; one violation fails the test."""

    max_calls: int | None = None
    max_tool_calls: int | None = None
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None
    max_total_tokens: int | None = None
    max_cost_usd: float | None = None
    max_agents: int | None = None
    """Conversations that one run of the test may start."""
    max_latency: float | None = None
    """Seconds of all calls of one run, as recorded."""
    budget: Mapping[BudgetKind, float] | None = None
    """How many times the accepted baseline's a measure may be."""
    allow_tools: tuple[str, ...] | None = None
    """Glob patterns; None allows every tool."""
    forbid_tools: tuple[str, ...] = ()
    """Glob patterns."""
    outcomes: frozenset[Outcome] = frozenset(Outcome) - ABRUPT
    served_model: Mapping[str, tuple[str, ...]] | None = None
    """Glob patterns of served models by requested model, beyond the same id and its snapshots."""

    @property
    def expects_error(self) -> bool:
        """Whether the test says that a call may end with an error: one about errors can be kept."""
        return Outcome.ERROR in self.outcomes and self.outcomes != Contract().outcomes

    @classmethod
    def from_keywords(cls, keywords: Mapping[str, Any], *, beside: Iterable[str] = ()) -> Self:
        """Read the keywords of `@pytest.mark.llm`; ContractError with all problems at once.

        :param beside: keywords that other parts read, so that a message can name them, too.
        """
        known = [field.name for field in fields(cls)]
        problems: list[str] = []
        values: dict[str, Any] = {}
        for name, raw in keywords.items():
            if name not in known:
                allowed = ", ".join([*known, *beside])
                problems.append(f"{name}: there is no such keyword; {allowed}")
                continue
            try:
                values[name] = _READERS[name](raw)
            except (ValueError, TypeError) as error:
                problems.append(f"{name}: {error}")
        if problems:
            raise ContractError("\n".join(problems))
        return cls(**values)

    def violations(
        self, calls: Calls, *, baseline: BaselineUsage | None = None, price: Price | None = None
    ) -> tuple[str, ...]:
        """Say what was broken, one line each, with the call that broke it.

        :param baseline: what the accepted run has spent; without it `budget` says nothing.
        :param price: what a call costs. A limit on costs fails where a price is unknown.
        """
        return (
            *self._over_limits(calls, price),
            *self._over_budget(calls, baseline, price),
            *self._tools(calls),
            *self._endings(calls),
        )

    def _over_limits(self, calls: Calls, price: Price | None) -> list[str]:
        lines = []
        for measure in BudgetKind:
            limit = getattr(self, f"max_{measure}")
            if limit is not None:
                lines.append(check_limit(measure, limit, calls, price=price))
        return [line for line in lines if line is not None]

    def _over_budget(
        self, calls: Calls, baseline: BaselineUsage | None, price: Price | None
    ) -> list[str]:
        if baseline is None or self.budget is None:
            return []
        lines = [
            check_budget(measure, factor, calls, baseline=baseline, price=price)
            for measure, factor in self.budget.items()
        ]
        return [line for line in lines if line is not None]

    def _tools(self, calls: Calls) -> list[str]:
        lines = []
        names = CallNames(calls)
        for number, call in enumerate(calls, start=1):
            for tool in call.tool_calls:
                name, forbidden = tool.full_name, tool.find_match(self.forbid_tools)
                if forbidden is not None:
                    lines.append(f"forbid_tools={forbidden!r}: {names[number]} called {name}")
                elif self.allow_tools is not None and not tool.find_match(self.allow_tools):
                    allowed = ", ".join(self.allow_tools) or "none"
                    lines.append(f"allow_tools: {names[number]} called {name}; allowed: {allowed}")
        return lines

    def _endings(self, calls: Calls) -> list[str]:
        lines = []
        resumed, names = find_resumed(calls), CallNames(calls)
        for number, call in enumerate(calls, start=1):
            if call.outcome not in self.outcomes and number - 1 not in resumed:
                why = f" ({call.refusal_category})" if call.refusal_category else ""
                lines.append(
                    f"outcomes: {names[number]} ended {call.outcome}{why}; allowed: "
                    f"{', '.join(o for o in Outcome if o in self.outcomes)}"
                )
            if not (call.is_alias or self.is_legitimate(call.requested_model, call.served_model)):
                lines.append(
                    f"served_model: {names[number]} asked for {call.requested_model} "
                    f"and {call.served_model} answered"
                )
        return lines

    def is_legitimate(self, requested: str | None, served: str | None) -> bool:
        """Whether a served model is the requested one, or declared to answer in its place."""
        if is_as_requested(requested, served):
            return True
        patterns = (self.served_model or {}).get(requested or "", ())
        return served is not None and _first_match(served, patterns) is not None


def _first_match(name: str, patterns: tuple[str, ...]) -> str | None:
    return next((pattern for pattern in patterns if fnmatchcase(name, pattern)), None)


def _limit(raw: Any) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or raw < 0:
        raise ValueError(f"{raw!r} is no limit; a whole number from 0 on")
    return raw


def _dollars(raw: Any) -> float:
    if not is_number(raw) or raw < 0:
        raise ValueError(f"{raw!r} is no limit; a number of US dollars from 0 on")
    return float(raw)


def _seconds(raw: Any) -> float:
    if not is_number(raw) or raw < 0:
        raise ValueError(f"{raw!r} is no limit; a number of seconds from 0 on")
    return float(raw)


def _strings(raw: Any) -> tuple[str, ...] | None:
    """Return one string or several; None where it is something else."""
    if isinstance(raw, str):
        return (raw,)
    if not isinstance(raw, Iterable) or isinstance(raw, Mapping):
        return None
    words = tuple(raw)
    return words if all(isinstance(word, str) for word in words) else None


def _patterns_of(what: str) -> Callable[[Any], tuple[str, ...]]:
    def read(raw: Any) -> tuple[str, ...]:
        patterns = _strings(raw)
        if patterns is None:
            raise ValueError(f"{raw!r} is no list of patterns; names of {what}, * and ? allowed")
        return patterns

    return read


def _outcomes(raw: Any) -> frozenset[Outcome]:
    words = _strings(raw)
    unknown = [repr(raw)] if words is None else [w for w in words if w not in set(Outcome)]
    if unknown or words is None:
        raise ValueError(f"{', '.join(unknown)}: none of {', '.join(Outcome)}")
    return frozenset(map(Outcome, words))


def _served(raw: Any) -> dict[str, tuple[str, ...]]:
    if not isinstance(raw, Mapping):
        raise TypeError(
            f"{raw!r} is no mapping; the served models (patterns) by the requested one: "
            '{"asked-model": ["served-model"]}'
        )
    read = _patterns_of("models")
    return {requested: read(served) for requested, served in raw.items()}


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "max_calls": _limit,
    "max_tool_calls": _limit,
    "max_input_tokens": _limit,
    "max_output_tokens": _limit,
    "max_total_tokens": _limit,
    "max_cost_usd": _dollars,
    "max_agents": _limit,
    "max_latency": _seconds,
    "budget": read_budget,
    "allow_tools": _patterns_of("tools"),
    "forbid_tools": _patterns_of("tools"),
    "outcomes": _outcomes,
    "served_model": _served,
}
