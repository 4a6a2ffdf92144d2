"""What a run may spend: which requests may still be sent, as values in and out."""

import json

import pytest

from pytest_llmregress.pipeline.spend_tracker import (
    MAX_COST,
    MAX_TOKENS,
    PlannedRequest,
    SpendLimits,
    SpendTracker,
)
from pytest_llmregress.providers.anthropic.reader import AnthropicProvider
from pytest_llmregress.recording.rate_limiter import CostEstimate
from pytest_llmregress.values.call import Call
from pytest_llmregress.values.http import Interaction, Request, Response

OUTPUT = 100


def asked() -> PlannedRequest:
    """Return a request that is expected to come to `TOKENS`."""
    body = json.dumps({"model": "m", "max_tokens": OUTPUT}).encode()
    return PlannedRequest(
        request=Request(method="POST", url="https://a/v1/messages", body=body), known=None
    )


TOKENS = OUTPUT + len(asked().request.body) // 4


def spending(limits: SpendLimits, *, spent: CostEstimate | None = None) -> SpendTracker:
    return SpendTracker(limits=limits, providers=(), price=a_cent, spent=spent or CostEstimate())


def a_cent(_: Call) -> float:
    return 0.01


@pytest.mark.parametrize("share", [1, 2])
def test_requests_that_come_to_exactly_the_token_limit_may_be_sent(share: int):
    requests = [asked(), asked()]
    enough = share * (5 + 2 * TOKENS)
    exactly, one_less = (
        spending(SpendLimits(tokens=tokens, share=share), spent=CostEstimate(calls=1, tokens=5))
        for tokens in (enough, enough - 1)
    )

    assert exactly.fitting([requests]) == 1
    assert exactly.refuse(requests) is None
    assert one_less.fitting([[asked()], [asked()]]) == 1
    stop = one_less.refuse(requests)
    assert stop is not None
    assert (stop.code, list(stop.limits)) == ("over_limit", [MAX_TOKENS])


@pytest.mark.parametrize("share", [1, 2])
def test_requests_that_come_to_exactly_the_cost_limit_may_be_sent(share: int):
    exactly, less = (
        spending(SpendLimits(cost=cost * share, share=share)) for cost in (0.02, 0.0199)
    )
    requests = [asked(), asked()]

    assert exactly.refuse(requests) is None
    stop = less.refuse(requests)
    assert stop is not None
    assert list(stop.limits) == [MAX_COST]
    assert less.refuse([]) is stop  # once it is stopped, it stays so


def test_without_a_limit_everything_may_be_sent():
    free = spending(SpendLimits())

    assert not free.is_limited
    assert free.fitting([[asked()]] * 3) == 3
    assert free.forecast([asked()] * 3) == CostEstimate(calls=3, tokens=3 * TOKENS, cost=0.03)


@pytest.mark.parametrize("limits", [SpendLimits(cost=100.0), SpendLimits(tokens=10**9)])
def test_no_limit_can_be_held_where_a_server_gives_what_is_no_count(limits: SpendLimits):
    message = {"type": "message", "content": [], "stop_reason": "end_turn", "model": "m"}
    usage = {"input_tokens": 0, "output_tokens": -5}
    answer = Interaction(
        request=asked().request,
        response=Response(status=200, body=json.dumps({**message, "usage": usage}).encode()),
    )
    limited = SpendTracker(limits=limits, providers=(AnthropicProvider(),), price=a_cent)

    limited.add(answer, in_batch=False)
    stop = limited.refuse([asked()])
    assert stop is not None
    assert "is unknown, since the server gave output_tokens: -5" in stop.in_full
    assert not stop.may_go_on
