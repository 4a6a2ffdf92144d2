"""What a reply says, whichever wire format it came in, and the call that it makes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_llmregress.values.call import Call, Citation, Outcome, PromptReader, ToolCall, Usage
from pytest_llmregress.values.http import Interaction, is_passing

FIRST_ERROR = 400
_OF_THE_ACCOUNT = frozenset({401, 402, 403, 404})
"""Errors that are no answers, as those of the moment; others below 500 are."""
_FROM_BEST = (
    Outcome.ANSWERED,
    Outcome.TOOL_USE,
    Outcome.PAUSED,
    Outcome.EMPTY,
    Outcome.TRUNCATED,
    Outcome.CONTEXT_FULL,
    Outcome.REFUSED,
    Outcome.ERROR,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A reply; what it has in common with `Call` means the same."""

    outcome: Outcome = Outcome.ERROR
    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    thinking: str | None = None
    citations: tuple[Citation, ...] = ()
    stop_reason: str | None = None
    stop_sequence: str | None = None
    service_tier: str | None = None
    refusal_category: str | None = None
    served_model: str | None = None
    usage: Usage = field(default_factory=Usage)
    error: str | None = None
    streamed: bool = False
    fault: str | None = None
    """Why it is not whole, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request says of the call that it makes; each field means what it means in `Call`."""

    provider: str
    requested_model: str | None
    request: Mapping[str, Any]
    prompt_reader: PromptReader
    price_key: str | None
    is_alias: bool = False


def build_call(asked: Asked, reply: Reply, interaction: Interaction) -> Call:
    """Return the call that a request and its reply are."""
    return Call(
        provider=asked.provider,
        outcome=reply.outcome,
        text=reply.text,
        tool_calls=reply.tool_calls,
        thinking=reply.thinking,
        citations=reply.citations,
        stop_reason=reply.stop_reason,
        stop_sequence=reply.stop_sequence,
        service_tier=reply.service_tier,
        refusal_category=reply.refusal_category,
        requested_model=asked.requested_model,
        served_model=reply.served_model,
        is_alias=asked.is_alias,
        usage=reply.usage,
        latency=interaction.latency,
        status=interaction.response.status,
        error=reply.error,
        streamed=reply.streamed,
        request=asked.request,
        prompt_reader=asked.prompt_reader,
        price_key=asked.price_key,
    )


def is_status_of_no_answer(status: int) -> bool:
    """Whether the status of an error tells of the account, the network or the hour."""
    return status in _OF_THE_ACCOUNT or is_passing(status)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the worst of the outcomes of several choices."""
    return max(outcomes, key=_FROM_BEST.index)


def without_cached(sent: Any, *cached: Any) -> Any:
    """Return the tokens of a prompt that no cache had; what is no count stays as it is."""
    if not all(type(each) in {int, float} for each in (sent, *cached)) or sum(cached) > sent:
        return sent
    return sent - sum(cached)
