"""Requests to a model that are handed in together: what a provider's batch API has to be."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import uuid4

from pytest_llmregress.recording.rate_limiter import REFUSALS, retry_after
from pytest_llmregress.recording.request_pool import OutgoingRequest, Transport
from pytest_llmregress.values.http import Request, Response

_OF_A_CALL = frozenset(
    {"content-length", "content-type", "transfer-encoding", "x-stainless-retry-count"}
)
_ATTEMPTS = 6
_FIRST_ERROR = 300
_GONE = 404
_FIRST_SERVER_ERROR = 500
_MAX_PAGES = 10
"""Of 100 batches each, that are looked through for those of an earlier run."""


class BatchError(Exception):
    """Why a batch cannot be made or read, in words for the user."""


class BatchRefusedError(BatchError):
    """Why the server has processed nothing of a batch that it had taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """What became of one request of a batch."""

    response: Response | None
    """None where it was not processed, and may be asked for again."""
    error: str = ""


class BatchApi(Protocol):
    """Hands in requests together, and gets their answers later, at a lower price.

    Requests go by names that are unique in their batch. What asks the API raises BatchError.
    """

    def check_batchable(self, request: Request, /) -> bool:
        """Whether a request can be one of a batch."""
        ...

    def groups(
        self, outgoings: Mapping[str, OutgoingRequest], /
    ) -> Iterator[dict[str, OutgoingRequest]]:
        """Yield requests by name that one batch can hold: of one account, and no more than that."""
        ...

    def create(self, group: Mapping[str, OutgoingRequest], /) -> str:
        """Hand in a batch, and return its id."""
        ...

    def find_made(self, wanted: Mapping[str, OutgoingRequest], /) -> dict[str, str]:
        """Return the batches that requests are in by their names, of those that are in one."""
        ...

    def has_ended(self, batch: str, outgoing: OutgoingRequest, /) -> bool:
        """Tell whether a batch has been processed; LookupError where it is gone.

        :param outgoing: a request of its account.
        """
        ...

    def results(self, batch: str, outgoing: OutgoingRequest, /) -> dict[str, BatchResult]:
        """Return what became of each request of a batch; LookupError where it is gone.

        Raises BatchRefusedError where none is processed, and none would be if it were asked again.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedBatch:
    """A batch that was handed in, and a request of its account."""

    api: BatchApi
    outgoing: OutgoingRequest


def wait(
    batches: Mapping[str, SubmittedBatch], *, until: float, tell: Callable[[Sequence[str]], None]
) -> tuple[str, ...]:
    """Wait for batches by their ids; return those that go on. Raises BatchError.

    :param until: by `time.monotonic`, when to give up waiting.
    :param tell: called every once in a while, with those that go on.
    """
    left, pause = dict(batches), 1.0
    while True:
        for batch, submitted in list(left.items()):
            try:
                ended = submitted.api.has_ended(batch, submitted.outgoing)
            except LookupError:
                ended = True
            if ended:
                del left[batch]
        now = time.monotonic()
        if not left or now >= until:
            return tuple(left)
        tell(tuple(left))
        time.sleep(min(pause, until - now))
        pause = min(60.0, pause * 1.5)


def name_requests(outgoings: Mapping[str, OutgoingRequest]) -> dict[str, str]:
    """Return a name for each request of a batch: whose it is, and how many there are, is in it."""
    mark = f"{uuid4().hex[:12]}-{len(outgoings)}"
    return {each: f"{mark}-{number}" for number, each in enumerate(outgoings)}


def find_mark(name: str) -> str:
    """Return what the names of one batch have in common: whose it is, and how many there are."""
    return "-".join(name.split("-", 2)[:2])


def split_groups(
    outgoings: Mapping[str, OutgoingRequest],
    *,
    key: Callable[[OutgoingRequest], object],
    most: int,
) -> Iterator[dict[str, OutgoingRequest]]:
    """Yield requests by name that share a key, at most so many together."""
    found: dict[object, dict[str, OutgoingRequest]] = {}
    for name, outgoing in outgoings.items():
        found.setdefault(key(outgoing), {})[name] = outgoing
    for group in found.values():
        names = list(group)
        for start in range(0, len(names), most):
            yield {name: group[name] for name in names[start : start + most]}


def call_api(
    outgoing: OutgoingRequest,
    method: str,
    url: str,
    *,
    body: bytes = b"",
    content_type: str = "application/json",
) -> Response:
    """Ask an API of the account that a request belongs to, by its credentials.

    Raises BatchError; LookupError where what is asked for is gone.
    """
    headers = {k: v for k, v in outgoing.request.headers.items() if k.lower() not in _OF_A_CALL}
    if body:
        headers["content-type"] = content_type
    transport = Transport(outgoing, connections=1)
    try:
        for attempt in range(1, _ATTEMPTS + 1):
            request = outgoing.library.Request(
                method, url, headers=headers, content=body, extensions=outgoing.request.extensions
            )
            response, why = _try(transport, request)
            if response is not None and response.status < _FIRST_ERROR:
                return response
            if response is not None and response.status == _GONE and method == "GET":
                raise LookupError(url)
            is_refused = response is not None and response.status in REFUSALS
            # Nobody knows whether a batch was made whose answer got lost: two would cost double.
            may_repeat = is_refused or (method == "GET" and _may_pass(response))
            if not may_repeat or attempt == _ATTEMPTS:
                path = outgoing.library.URL(url).path
                raise BatchError(f"{method} {path}: {why}")
            told = None if response is None else retry_after(response, now=datetime.now(UTC))
            time.sleep(0.5 * 2 ** (attempt - 1) if told is None else min(60.0, told))
    finally:
        transport.close()
    raise AssertionError  # the last attempt returns or raises


def list_batches(ask: Callable[[str], Response], *, after: str) -> Iterator[Mapping[str, Any]]:
    """Yield the batches of an account, the latest first; none where the server lists none.

    Parameters: `ask`, which asks for the list by a query; `after`, the name in it of the batch
    that a page begins after.
    """
    query = "limit=100"
    for _ in range(_MAX_PAGES):
        try:
            page = read_object(ask(query))
        except LookupError:
            return
        batches = [each for each in page.get("data") or () if isinstance(each, dict)]
        yield from (each for each in batches if isinstance(each.get("id"), str))
        if not page.get("has_more") or not batches:
            return
        query = f"limit=100&{after}={batches[-1].get('id')}"


def read_object(response: Response) -> Mapping[str, Any]:
    """Return the JSON object of a response; BatchError where it is no JSON."""
    try:
        value = json.loads(response.body)
    except ValueError:
        raise BatchError("the server answered no JSON") from None
    return value if isinstance(value, dict) else {}


def _may_pass(response: Response | None) -> bool:
    return response is None or response.status >= _FIRST_SERVER_ERROR


def _try(transport: Transport, request: Any) -> tuple[Response | None, str]:
    try:
        response = transport.exchange(request)
    except Exception as error:  # noqa: BLE001 - whatever a transport raises
        return None, f"{type(error).__name__}: {error}"
    words = response.body.decode("utf-8", "replace")[:200]
    return response, f"the server answered {response.status} {words}"
