"""Message Batches: requests to a model handed in together, answered within a day, at half price."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pytest_llmregress.providers.batches import (
    BatchError,
    BatchResult,
    call_api,
    find_mark,
    list_batches,
    read_object,
    split_groups,
)
from pytest_llmregress.recording.rate_limiter import body_of
from pytest_llmregress.recording.request_pool import OutgoingRequest
from pytest_llmregress.values.http import Request, Response

_PATH = "/v1/messages"
_TELL_APART = ("authorization", "x-api-key", "anthropic-beta", "anthropic-version")
_MAX_REQUESTS = 10_000
_OK = 200


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
    return split_groups(outgoings, key=_identify_account, most=_MAX_REQUESTS)


def _identify_account(outgoing: OutgoingRequest) -> tuple[Any, ...]:
    headers = outgoing.request.headers
    return (str(outgoing.request.url), *(headers.get(each) for each in _TELL_APART))


def create(group: Mapping[str, OutgoingRequest]) -> str:
    """Hand in a batch, and return its id. Raises BatchError."""
    requests = [
        {"custom_id": name, "params": json.loads(b"".join(outgoing.request.stream))}
        for name, outgoing in group.items()
    ]
    first = next(iter(group.values()))
    made = _call(first, "POST", "", body=json.dumps({"requests": requests}).encode())
    identity = read_object(made).get("id")
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
        marks.setdefault(find_mark(name), []).append(name)
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
        return set(map(find_mark, names))
    counts = batch.get("request_counts")
    size = sum(counts.values()) if isinstance(counts, dict) else 0
    return {mark for mark in marks if mark.endswith(f"-{size}")}


def _list_batches(outgoing: OutgoingRequest) -> Iterator[Mapping[str, Any]]:
    def ask(query: str) -> Response:
        return _call(outgoing, "GET", f"?{query}")

    return list_batches(ask, after="after_id")


def has_ended(batch: str, outgoing: OutgoingRequest) -> bool:
    """Tell whether a batch has been processed. Raises BatchError; LookupError where it is gone."""
    return read_object(_call(outgoing, "GET", f"/{batch}")).get("processing_status") == "ended"


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
    return call_api(outgoing, method, url, body=body)
