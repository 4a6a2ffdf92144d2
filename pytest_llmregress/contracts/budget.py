"""What the calls of a test have spent, by measure, and which call exceeded a limit."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any, Self

from pytest_llmregress.values.agents import CallNames, find_agent_starts
from pytest_llmregress.values.call import Call, Calls

Price = Callable[[Call], float | None]
"""Returns what a call costs in USD, or None for an unknown price."""

_FIRST_ERROR = 400
_ROUNDING = Fraction(1, 10**9)
"""The rounding error that is allowed, as a share of the limit."""


class BudgetKind(StrEnum):
    """What a budget can be about; "max_" and this is the keyword of its hard limit."""

    CALLS = "calls"
    TOOL_CALLS = "tool_calls"
    INPUT_TOKENS = "input_tokens"
    """Cached ones included."""
    OUTPUT_TOKENS = "output_tokens"
    TOTAL_TOKENS = "total_tokens"
    COST_USD = "cost_usd"
    AGENTS = "agents"
    """Sessions and sub-agents, or conversations: see `values.agents.find_agent_starts`."""
    LATENCY = "latency"
    """Seconds of all calls, as recorded, also where they were under way at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineUsage:
    """What the accepted run of a test has spent."""

    calls: int
    tool_calls: int
    input_tokens: int | None
    """None, like the other two, where a reply holds no valid count."""
    output_tokens: int | None
    total_tokens: int | None
    agents: int
    cost_usd: float | None
    """None where the price of one of its calls is unknown."""
    latency: float | None = None
    """None where one of its calls was not measured."""

    @classmethod
    def of(cls, calls: Calls, *, price: Price | None = None) -> Self:
        """Sum up the calls of an accepted recording."""
        usage = calls.usage
        return cls(
            calls=len(calls),
            tool_calls=len(calls.tools),
            input_tokens=None if usage.unknown else usage.total_tokens - usage.output_tokens,
            output_tokens=None if usage.unknown else usage.output_tokens,
            total_tokens=None if usage.unknown else usage.total_tokens,
            agents=sum(find_agent_starts(calls)),
            cost_usd=_sum_known(measure_usage(BudgetKind.COST_USD, calls, price=price)),
            latency=_sum_known(measure_usage(BudgetKind.LATENCY, calls, price=price)),
        )

    def spent(self, measure: BudgetKind) -> float | None:
        """Return the sum of a measure; None where it is unknown."""
        value: float | None = getattr(self, measure.value)
        return value


def measure_usage(
    measure: BudgetKind, calls: Calls, *, price: Price | None
) -> tuple[float | None, ...]:
    """Return what each call has spent; None where its price, tokens or time are unknown.

    What an HTTP error answered is not billed.
    """
    if measure is BudgetKind.COST_USD:
        return tuple(_cost(call, price) for call in calls)
    if measure is BudgetKind.AGENTS:
        return tuple(int(start) for start in find_agent_starts(calls))
    if measure is BudgetKind.LATENCY:
        return tuple(call.latency for call in calls)
    of_a_call, is_of_tokens = _OF_A_CALL[measure], measure in _OF_TOKENS
    return tuple(None if is_of_tokens and call.usage.unknown else of_a_call(call) for call in calls)


def check_limit(
    measure: BudgetKind, limit: float, calls: Calls, *, price: Price | None
) -> str | None:
    """Say how a hard limit was broken, or cannot be checked; None where it was kept."""
    label = f"max_{measure}={limit:,}"
    spent = measure_usage(measure, calls, price=price)
    unknown = _unknown(label, measure, calls, spent)
    total, over = _find_over(spent, Fraction(str(limit)))
    if unknown or not over:
        return unknown
    return (
        f"{label}: {_in_words(measure, float(total))} in all; {CallNames(calls)[over]} went over it"
    )


def check_budget(
    measure: BudgetKind,
    factor: float,
    calls: Calls,
    *,
    baseline: BaselineUsage,
    price: Price | None,
) -> str | None:
    """Say how a budget relative to the baseline was broken, or cannot be checked, or None."""
    label = f"budget={{'{measure}': {factor}}}"
    spent = measure_usage(measure, calls, price=price)
    unknown = _unknown(label, measure, calls, spent)
    if unknown:
        return unknown
    before = baseline.spent(measure)
    if before is None and measure in _OF_TOKENS:
        return f"{label}: how many tokens the baseline took is unknown; {_NO_COUNT}"
    if before is None and measure is BudgetKind.LATENCY:
        return f"{label}: how long the baseline took was not measured; {_NO_TIME}"
    if before is None:
        return f"{label}: what the baseline cost is unknown; {_PRICES}"
    total, over = _find_over(spent, Fraction(str(factor)) * Fraction(str(before)))
    if not over:
        return None
    amounts = f"{_in_words(measure, float(total))} in all, and the baseline spent"
    return f"{label}: {amounts} {_in_words(measure, before)}; {CallNames(calls)[over]} went over it"


def read_budget(raw: Any) -> dict[BudgetKind, float]:
    """Read the keyword `budget` of the marker; TypeError or ValueError with all that is wrong."""
    if not isinstance(raw, Mapping):
        raise TypeError(
            f"{raw!r} is no mapping; how many times the baseline's a measure may be: "
            '{"output_tokens": 1.5}'
        )
    problems = []
    for name, factor in raw.items():
        if name not in set(BudgetKind):
            problems.append(f"{name!r}: there is no such measure; {', '.join(BudgetKind)}")
        elif not is_number(factor) or factor <= 0:
            problems.append(f"{name!r}: {factor!r} is no factor; a number above 0")
    if problems:
        raise ValueError("; ".join(problems))
    return {BudgetKind(name): factor for name, factor in raw.items()}


def is_number(raw: Any) -> bool:
    """Whether it is a finite number, and not a truth value."""
    return isinstance(raw, int | float) and not isinstance(raw, bool) and math.isfinite(raw)


_OF_A_CALL: Mapping[BudgetKind, Callable[[Call], int]] = {
    BudgetKind.CALLS: lambda _: 1,
    BudgetKind.TOOL_CALLS: lambda call: len(call.tool_calls),
    BudgetKind.INPUT_TOKENS: lambda call: call.usage.total_tokens - call.usage.output_tokens,
    BudgetKind.OUTPUT_TOKENS: lambda call: call.usage.output_tokens,
    BudgetKind.TOTAL_TOKENS: lambda call: call.usage.total_tokens,
}

_OF_TOKENS = frozenset({BudgetKind.INPUT_TOKENS, BudgetKind.OUTPUT_TOKENS, BudgetKind.TOTAL_TOKENS})
_NO_COUNT = "a count of tokens is a whole number, 0 or more. Look at what the server sends"
_NO_TIME = "an answer out of a batch has no time. Record it as it runs"
_PRICES = (
    "nothing is taken to be free. pip install 'pytest-llmregress[prices]', or return the price "
    "from a pytest_llmregress_price hook"
)


def _sum_known(amounts: Sequence[float | None]) -> float | None:
    """Return the sum; None where one of the amounts is unknown."""
    known = [amount for amount in amounts if amount is not None]
    return math.fsum(known) if len(known) == len(amounts) else None


def _cost(call: Call, price: Price | None) -> float | None:
    if call.status >= _FIRST_ERROR:
        return 0.0
    cost = None if price is None else price(call)
    return float(cost) if cost is not None and math.isfinite(cost) and cost >= 0 else None


def _unknown(
    label: str, measure: BudgetKind, calls: Calls, spent: Sequence[float | None]
) -> str | None:
    """Say which calls have no known count of tokens, or no known price."""
    numbered = enumerate(calls, start=1)
    told = [f"call {n} gave {', '.join(c.usage.unknown)}" for n, c in numbered if c.usage.unknown]
    if told and (measure in _OF_TOKENS or None in spent):
        return f"{label}: {'; '.join(told)}; {_NO_COUNT}"
    if measure is BudgetKind.LATENCY and None in spent:
        at = ", ".join(str(n) for n, amount in enumerate(spent, start=1) if amount is None)
        return f"{label}: how long call {at} took was not measured; {_NO_TIME}"
    return _unknown_prices(label, calls, spent)


def _unknown_prices(label: str, calls: Calls, spent: Sequence[float | None]) -> str | None:
    """Say which calls have no known price."""
    unknown: dict[str, list[str]] = {}
    for number, (call, amount) in enumerate(zip(calls, spent, strict=True), start=1):
        if amount is None:
            model = call.served_model or call.requested_model or "a model that is not named"
            unknown.setdefault(model, []).append(str(number))
    if not unknown:
        return None
    told = ", ".join(f"{model} (call {', '.join(at)})" for model, at in unknown.items())
    return f"{label}: the price of {told} is unknown; {_PRICES}"


def _find_over(spent: Sequence[float | None], limit: Fraction) -> tuple[Fraction, int]:
    """Return the sum, and the number of the call that exceeded a limit; 0 where none did."""
    total, over = Fraction(0), 0
    for number, amount in enumerate(spent, start=1):
        total += Fraction(str(amount or 0))
        if not over and total > limit * (1 + _ROUNDING):
            over = number
    return total, over


def _in_words(measure: BudgetKind, amount: float) -> str:
    if measure is BudgetKind.LATENCY:
        return f"{amount:,.2f} s"
    if measure is not BudgetKind.COST_USD:
        return f"{round(amount):,}"
    whole, _, cents = f"{amount:,.6f}".partition(".")
    return f"${whole}.{cents.rstrip('0').ljust(2, '0')}"
