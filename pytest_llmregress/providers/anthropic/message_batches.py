"""Message Batches: requests to a model handed in together, answered within a day, at half price."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

from pytest_llmregress.recording.rate_limiter import REFUSALS, body_of, retry_after
from pytest_llmregress.recording.request_pool import OutgoingRequest, Transport
from pytest_llmregress.values.http import Request, Response

_PATH = "/v1/messages"
_OF_A_CALL = frozenset(
    {"content-length", "content-type", "transfer-encoding", "x-stainless-retry-count"}
)
_TELL_APART = ("authorization", "x-api-key", "anthropic-beta", "anthropic-version")
_MAX_REQUESTS = 10_000
_MAX_PAGES = 10
"""Of 100 batches each, that are looked through for those of an earlier run."""
_ATTEMPTS = 6
_OK = 200
_GONE = 404
_FIRST_SERVER_ERROR = 500


class BatchError(Exception):
    """Why a batch cannot be made or read, in words for the user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """What became of one request of a batch."""

    response: Response | None
    """None where it was not processed, and may be asked for again."""
    error: str = ""


def check_batchable(request: Request) -> bool:
    """Whether a request can be one of a batch: a call of the Messages API that is not streamed."""
    body = body_of(request)
    return (
        urlsplit(request.url).path.endswith(_PATH)
        and body.get("stream") is not True
        and "thread" not in body
        and isinstance(body.get("model"), str)
    )


def groups(outgoings: Mapping[str, OutgoingRequest]) -> Iterator[dict[str, OutgoingRequest]]:
    """Yield requests by name that one batch can hold: of one account, and with the same betas."""
    found: dict[tuple[Any, ...], dict[str, OutgoingRequest]] = {}
    for name, outgoing in outgoings.items():
        found.setdefault(_identify_account(outgoing), {})[name] = outgoing
    for group in found.values():
        names = list(group)
        for start in range(0, len(names), _MAX_REQUESTS):
            yield {name: group[name] for name in names[start : start + _MAX_REQUESTS]}


def _identify_account(outgoing: OutgoingRequest) -> tuple[Any, ...]:
    headers = outgoing.request.headers
    return (str(outgoing.request.url), *(headers.get(each) for each in _TELL_APART))


def name_requests(outgoings: Mapping[str, OutgoingRequest]) -> dict[str, str]:
    """Return a name for each request of a batch: whose it is, and how many there are, is in it."""
    mark = f"{uuid4().hex[:12]}-{len(outgoings)}"
    return {each: f"{mark}-{number}" for number, each in enumerate(outgoings)}


def create(group: Mapping[str, OutgoingRequest]) -> str:
    """Hand in a batch, and return its id. Raises BatchError."""
    requests = [
        {"custom_id": name, "params": json.loads(b"".join(outgoing.request.stream))}
        for name, outgoing in group.items()
    ]
    first = next(iter(group.values()))
    made = _call(first, "POST", "", body=json.dumps({"requests": requests}).encode())
    identity = _json(made).get("id")
    if not isinstance(identity, str):
        raise BatchError("the server made a batch without an id")
    return identity


def find_made(wanted: Mapping[str, OutgoingRequest]) -> dict[str, str]:
    """Return the batches that requests are in, by the names of the requests.

    The API tells the names in a batch once that has been processed: one that goes on may be theirs
    where it has as many requests. Where it is not, it has no such name later, and they are asked
    for again. Raises BatchError.

    :param wanted: a request of the account by each name.
    """
    marks: dict[str, list[str]] = {}
    for name in wanted:
        marks.setdefault(_find_mark(name), []).append(name)
    accounts = {_identify_account(each): each for each in wanted.values()}
    found: dict[str, str] = {}
    for outgoing in accounts.values():
        for batch in _list_batches(outgoing):
            missing = {mark for mark, names in marks.items() if not found.keys() >= set(names)}
            if not missing:
                return found
            for mark in _read_marks(batch, outgoing, marks) & missing:
                found |= dict.fromkeys(marks[mark], str(batch["id"]))
    return found


def _read_marks(
    batch: Mapping[str, Any], outgoing: OutgoingRequest, marks: Mapping[str, Sequence[str]]
) -> set[str]:
    """Return the marks of the names in a batch, or of those that may be in it."""
    if batch.get("processing_status") == "ended":
        try:
            names = results(str(batch["id"]), outgoing)
        except LookupError:
            return set()
        return set(map(_find_mark, names))
    counts = batch.get("request_counts")
    size = sum(counts.values()) if isinstance(counts, dict) else 0
    return {mark for mark in marks if mark.endswith(f"-{size}")}


def _find_mark(name: str) -> str:
    return "-".join(name.split("-", 2)[:2])


def _list_batches(outgoing: OutgoingRequest) -> Iterator[Mapping[str, Any]]:
    """Yield the batches of an account, the latest first; none where the server lists none."""
    after = ""
    for _ in range(_MAX_PAGES):
        try:
            page = _json(_call(outgoing, "GET", f"?limit=100{after}"))
        except LookupError:
            return
        batches = [each for each in page.get("data") or () if isinstance(each, dict)]
        yield from (each for each in batches if isinstance(each.get("id"), str))
        if not page.get("has_more") or not batches:
            return
        after = f"&after_id={batches[-1].get('id')}"


def has_ended(batch: str, outgoing: OutgoingRequest) -> bool:
    """Tell whether a batch has been processed. Raises BatchError; LookupError where it is gone."""
    return _json(_call(outgoing, "GET", f"/{batch}")).get("processing_status") == "ended"


def results(batch: str, outgoing: OutgoingRequest) -> dict[str, BatchResult]:
    """Return what became of each request of a batch, by name. Raises as `has_ended` does."""
    lines = _call(outgoing, "GET", f"/{batch}/results").body.splitlines()
    found = {}
    for line in lines:
        try:
            entry = json.loads(line)
            found[entry["custom_id"]] = _result(entry["result"])
        except (ValueError, KeyError, TypeError) as error:
            raise BatchError(f"batch {batch}: a result that cannot be read: {error}") from None
    return found


def wait(
    batches: Mapping[str, OutgoingRequest], *, until: float, tell: Callable[[Sequence[str]], None]
) -> tuple[str, ...]:
    """Wait for batches, each with a request of its account; return those that go on.

    :param until: by `time.monotonic`, when to give up waiting.
    :param tell: called every once in a while, with those that go on.
    """
    left, pause = dict(batches), 1.0
    while True:
        for batch, outgoing in list(left.items()):
            try:
                ended = has_ended(batch, outgoing)
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


def _result(result: Mapping[str, Any]) -> BatchResult:
    if result.get("type") == "succeeded":
        body = json.dumps(result["message"], ensure_ascii=False, separators=(",", ":")).encode()
        headers = {"content-type": ("application/json",)}
        return BatchResult(response=Response(status=_OK, reason="OK", headers=headers, body=body))
    error = result.get("error") or {}
    inner = error.get("error") or error
    return BatchResult(response=None, error=str(inner.get("type") or result.get("type")))


def _call(outgoing: OutgoingRequest, method: str, path: str, *, body: bytes = b"") -> Response:
    """Ask the batch API of the account that a request belongs to."""
    parts = urlsplit(str(outgoing.request.url))
    path, _, query = path.partition("?")
    asked = "&".join(filter(None, (parts.query, query)))
    url = urlunsplit(parts._replace(path=f"{parts.path}/batches{path}", query=asked))
    headers = {k: v for k, v in outgoing.request.headers.items() if k.lower() not in _OF_A_CALL}
    if body:
        headers["content-type"] = "application/json"
    transport = Transport(outgoing, connections=1)
    try:
        for attempt in range(1, _ATTEMPTS + 1):
            request = outgoing.library.Request(
                method, url, headers=headers, content=body, extensions=outgoing.request.extensions
            )
            response, why = _try(transport, request)
            if response is not None and response.status == _OK:
                return response
            if response is not None and response.status == _GONE and method == "GET":
                raise LookupError(url)
            is_refused = response is not None and response.status in REFUSALS
            # Nobody knows whether a batch was made whose answer got lost: two would cost double.
            may_repeat = is_refused or (method == "GET" and _may_pass(response))
            if not may_repeat or attempt == _ATTEMPTS:
                raise BatchError(f"{method} {parts.path}/batches{path}: {why}")
            told = None if response is None else retry_after(response, now=datetime.now(UTC))
            time.sleep(0.5 * 2 ** (attempt - 1) if told is None else min(60.0, told))
    finally:
        transport.close()
    raise AssertionError  # the last attempt returns or raises


def _may_pass(response: Response | None) -> bool:
    return response is None or response.status >= _FIRST_SERVER_ERROR


def _try(transport: Transport, request: Any) -> tuple[Response | None, str]:
    try:
        response = transport.exchange(request)
    except Exception as error:  # noqa: BLE001 - whatever a transport raises
        return None, f"{type(error).__name__}: {error}"
    words = response.body.decode("utf-8", "replace")[:200]
    return response, f"the server answered {response.status} {words}"


def _json(response: Response) -> Mapping[str, Any]:
    try:
        value = json.loads(response.body)
    except ValueError:
        raise BatchError("the server answered no JSON") from None
    return value if isinstance(value, dict) else {}
