"""The pace of a wave of requests: when the next one may go out, and what all of it will cost."""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from pytest_llmregress.values.call import Usage
from pytest_llmregress.values.http import Request, Response

REFUSALS = frozenset({429, 503, 529})
"""The statuses of a server that wants to be asked later, and has charged nothing."""
BATCH_SHARE = 0.5
"""What a request in a Message Batch costs of its price."""
BYTES_A_TOKEN = 4
UNKNOWN_OUTPUT = 1_024
"""Tokens that a request may be answered with that says nothing of a limit."""
LONG_WAIT = 1.0
"""Seconds that a refusal asks for, from which on somebody who reads along wants to know of it."""
LONG_SILENCE = 10.0
"""Seconds without an answer from which on one does."""
_OK, _FIRST_ERROR = 200, 400
_TOO_MANY = 429
_FIRST_HOLD, _LONGEST_HOLD = 0.5, 60.0
_LONGEST_TOLD = 3600.0
_FIRST_SPACING, _LONGEST_SPACING = 0.05, 2.0
_SHRINK = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class CostEstimate:
    """What requests that are not sent yet will come to."""

    calls: int = 0
    tokens: int = 0
    cost: float | None = 0.0
    """US dollars; None where a price is unknown."""

    def __add__(self, other: "CostEstimate") -> "CostEstimate":
        return CostEstimate(
            calls=self.calls + other.calls,
            tokens=self.tokens + other.tokens,
            cost=None if self.cost is None or other.cost is None else self.cost + other.cost,
        )

    def times(self, factor: float) -> "CostEstimate":
        """Return what more of the same will come to."""
        return CostEstimate(
            calls=round(self.calls * factor),
            tokens=round(self.tokens * factor),
            cost=None if self.cost is None else self.cost * factor,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundState:
    """How far a wave is that is under way, and what holds it up."""

    answered: int = 0
    under_way: int = 0
    """Requests that the server has and has not answered."""
    refused: int = 0
    """The status of the last refusal; 0 where an answer has come since."""
    refusals: int = 0
    """How often the server has answered with this status."""
    next_try: float = 0.0
    """Seconds until the next request may go out."""
    silence: float = 0.0
    """Seconds since the last answer, or since the wave began."""

    @property
    def is_held(self) -> bool:
        """Whether it stands still, for longer than calls take."""
        return (self.refused != 0 and self.next_try >= LONG_WAIT) or self.silence >= LONG_SILENCE


class RateLimiter:
    """When the next request of a run may go out, by what the server said to the ones before.

    Everything waits for as long as a refusal asks for; then requests are spaced, by the limit
    that the server tells, or else closer and closer until it refuses again. Times are seconds of
    one clock, handed in: nothing in here waits.

    :param limit: how many requests a minute a response says that the server allows.
    """

    def __init__(
        self,
        *,
        limit: Callable[[Response], int | None] = lambda _: None,
        jitter: Callable[[], float] = random.random,  # noqa: S311 - no secret
    ) -> None:
        self._limit = limit
        self._jitter = jitter
        self._held_until = self._next = 0.0
        self._least = self._spacing = 0.0
        self._refused_at = float("-inf")
        self._in_a_row = 0

    def wait(self, now: float) -> float:
        """Return how long to wait before the next request."""
        return max(0.0, self._held_until - now, self._next - now)

    def send(self, now: float) -> None:
        """Take notice of a request that goes out now."""
        self._next = now + self._spacing

    def answered(self, response: Response, *, sent: float, now: float) -> None:
        """Take notice of an answer to a request that went out at `sent`."""
        if response.status in REFUSALS:
            self._refused(response, sent=sent, now=now)
        elif _OK <= response.status < _FIRST_ERROR:
            if sent > self._refused_at:
                self._in_a_row = 0
            self._spacing = max(self._least, self._spacing * _SHRINK)

    def _refused(self, response: Response, *, sent: float, now: float) -> None:
        told = retry_after(response, now=datetime.now(UTC))
        if sent > self._refused_at:  # the others of one burst tell nothing new
            self._refused_at = now
            self._in_a_row += 1
            if response.status == _TOO_MANY:
                limit = self._limit(response)
                self._least = 60 / limit if limit else self._least
                wider = max(self._spacing * 2, _FIRST_SPACING)
                if self._spacing < self._least:
                    wider = self._least  # as the server says; only if that is not enough, more
                self._spacing = min(wider, max(_LONGEST_SPACING, self._least))
            if told is None:
                told = min(_LONGEST_HOLD, _FIRST_HOLD * 2 ** (self._in_a_row - 1))
                told *= 0.75 + self._jitter() / 2
        if told is not None:
            self._held_until = max(self._held_until, now + min(told, _LONGEST_TOLD))


def retry_after(response: Response, *, now: datetime) -> float | None:
    """Return how many seconds a server wants to be left alone, or None where it does not say."""
    for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = response.header(name)
        if value is None:
            continue
        try:
            return max(0.0, float(value) / unit)
        except ValueError:
            pass
        try:
            at = parsedate_to_datetime(value)
        except ValueError:
            continue
        return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds())
    return None


def expected_usage(request: Request, *, known: Usage | None) -> Usage:
    """Return the tokens that a request is expected to come to.

    What it sends is judged by its bytes; what it is answered by the recordings of the same test
    (`known`, of one call), or by what it allows at most.
    """
    if known is not None and known.output_tokens:
        output = known.output_tokens
    else:
        output = _most_output(request)
    return Usage(input_tokens=max(1, len(request.body) // BYTES_A_TOKEN), output_tokens=output)


def body_of(request: Request) -> Mapping[str, Any]:
    """Return the JSON object that a request sends; an empty one where it sends none."""
    try:
        body = json.loads(request.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _most_output(request: Request) -> int:
    most = body_of(request).get("max_tokens")
    return most if isinstance(most, int) and not isinstance(most, bool) else UNKNOWN_OUTPUT
