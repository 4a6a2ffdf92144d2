"""What a run spends on its recordings, and the limits that stop it before it spends more."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_llmregress.providers.protocol import Provider
from pytest_llmregress.providers.registry import read_call
from pytest_llmregress.recording.rate_limiter import (
    BATCH_SHARE,
    CostEstimate,
    body_of,
    expected_usage,
)
from pytest_llmregress.reports import recording_progress as words
from pytest_llmregress.values.call import Call, Outcome, Usage
from pytest_llmregress.values.http import Interaction, Request

MAX_TOKENS, MAX_COST = "--llmregress-max-tokens", "--llmregress-max-cost"
_ROUNDED = 1.1
"""What makes up for rounding to two digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRequest:
    """A request that is about to be sent."""

    request: Request
    known: Usage | None
    """What a call of its test has come to before."""
    in_batch: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StopReason:
    """Why nothing more is sent in this run."""

    code: str
    in_full: str
    why: str
    """What each test that is stopped says of it; empty where the run says it, once."""
    limits: Mapping[str, str] = field(default_factory=dict)
    """The limits that it would take for the recording to go on, by option."""
    may_go_on: bool = True
    """Whether the same command, with these limits, carries on."""

    @property
    def option(self) -> str:
        """What a command has to say for the recording to go on, with a blank before it."""
        return "".join(f" {name} {value}" for name, value in self.limits.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendLimits:
    """What a run may spend; None for any amount."""

    cost: float | None = None
    tokens: int | None = None
    share: int = 1
    """How many processes share them."""


@dataclass(slots=True, kw_only=True)
class SpendTracker:
    """What was spent by now. Safe to use from several threads."""

    limits: SpendLimits = field(default_factory=SpendLimits)
    providers: Sequence[Provider]
    price: Callable[[Call], float | None]
    spent: CostEstimate = field(default_factory=CostEstimate)
    uncounted: tuple[str, ...] = ()
    """What replies gave in the place of counts of tokens: what they came to is unknown."""
    stop: StopReason | None = None
    """Why nothing more is sent; it holds to the end of the run."""
    is_told: bool = False
    """Whether the run itself tells why it was stopped: its tests do not repeat it."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_limited(self) -> bool:
        """Whether anything may keep a request from being sent."""
        limits = self.limits
        return self.stop is not None or limits.cost is not None or limits.tokens is not None

    def add(self, interaction: Interaction, *, in_batch: bool) -> None:
        """Count an answer that was paid for."""
        call = read_call(interaction, self.providers)
        if call is None or not (call.usage.total_tokens or call.usage.unknown):
            return
        cost = None if call.usage.unknown else self.price(call)
        paid = CostEstimate(
            calls=1,
            tokens=call.usage.total_tokens,
            cost=None if cost is None else cost * _share(in_batch=in_batch),
        )
        with self._lock:
            self.spent += paid
            self.uncounted = tuple(dict.fromkeys((*self.uncounted, *call.usage.unknown)))

    def forecast(self, asked: Sequence[PlannedRequest]) -> CostEstimate:
        """Return what requests are expected to come to."""
        total = CostEstimate()
        for each in asked:
            total += self._forecast(each)
        return total

    def fitting(self, asked: Sequence[Sequence[PlannedRequest]]) -> int:
        """Return how many of these groups of requests, from the first one on, may be sent."""
        if self.stop is not None:
            return 0
        if not self.is_limited:
            return len(asked)
        expected = CostEstimate()
        for number, group in enumerate(asked):
            expected += self.forecast(group)
            if group and self._broken(expected):
                return number
        return len(asked)

    def refuse(self, asked: Sequence[PlannedRequest]) -> StopReason | None:
        """Return why requests must not be sent, or None where they may be."""
        if self.stop is None and self.is_limited:
            expected = self.forecast(asked)
            models = sorted({self._model(each.request)[1] for each in asked})
            with self._lock:
                broken = self._broken(expected)
                if broken:
                    self._stop_at(broken, expected, models)
        return self.stop

    def halt(
        self,
        code: str,
        why: str,
        *,
        limits: Mapping[str, str] | None = None,
        may_go_on: bool = True,
    ) -> None:
        """Let nothing more be sent in this run."""
        self.stop = StopReason(
            code=code,
            in_full=why,
            why="" if self.is_told else why,
            limits=limits or {},
            may_go_on=may_go_on,
        )

    def _broken(self, expected: CostEstimate) -> str:
        """Return the limit that requests would go past; empty where they may be sent."""
        limits, total = self.limits, self.spent + expected
        if self.uncounted and limits.tokens is not None:
            return MAX_TOKENS
        if limits.tokens is not None and total.tokens * limits.share > limits.tokens:
            return MAX_TOKENS
        if limits.cost is None:
            return ""
        if total.cost is None or total.cost * limits.share > limits.cost:
            return MAX_COST
        return ""

    def _stop_at(self, limit: str, expected: CostEstimate, models: Sequence[str]) -> None:
        limits, spent = self.limits, self.spent
        if self.uncounted:
            self.halt("over_limit", words.no_count(limit, self.uncounted), may_go_on=False)
            return
        if limit == MAX_COST and (spent + expected).cost is None:
            self.halt("over_limit", words.no_price(models), may_go_on=False)
            return
        # What is recorded is not paid for again: the next run has to afford the rest.
        if limit == MAX_TOKENS:
            most = limits.tokens or 0
            told, enough = f"{most:,}", str(max(most, expected.tokens * limits.share))
        else:
            dear = limits.cost or 0.0
            needed = (expected.cost or 0.0) * limits.share
            told = words.money(dear)
            enough = f"{dear:g}" if needed <= dear else f"{needed * _ROUNDED:.2g}"
        why = words.over_limit(spent, expected, limit=f"{limit} is {told}", share=limits.share)
        self.halt("over_limit", why, limits={limit: enough})

    def _forecast(self, asked: PlannedRequest) -> CostEstimate:
        usage = expected_usage(asked.request, known=asked.known)
        provider, model = self._model(asked.request)
        call = Call(
            provider=provider,
            outcome=Outcome.ANSWERED,
            requested_model=model,
            usage=usage,
            request=body_of(asked.request),
        )
        cost = self.price(call)
        return CostEstimate(
            calls=1,
            tokens=usage.total_tokens,
            cost=None if cost is None else cost * _share(in_batch=asked.in_batch),
        )

    def _model(self, request: Request) -> tuple[str, str]:
        for provider in self.providers:
            model = provider.requested_model(request)
            if model is not None:
                return provider.name, model
        return "", "?"


def average_usage(calls: Sequence[Call]) -> Usage | None:
    """Return what calls have come to on average; None where there is none."""
    if not calls:
        return None
    output = sum(call.usage.output_tokens for call in calls)
    return Usage(output_tokens=-(-output // len(calls)))


def _share(*, in_batch: bool) -> float:
    return BATCH_SHARE if in_batch else 1.0
