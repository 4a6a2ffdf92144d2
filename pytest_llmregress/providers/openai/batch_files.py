"""OpenAI's batches: requests in an uploaded file, answered in another one within a day."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

from pytest_llmregress.providers.batches import (
    BatchError,
    BatchRefusedError,
    BatchResult,
    call_api,
    find_mark,
    list_batches,
    read_object,
    split_groups,
)
from pytest_llmregress.providers.json_access import is_one_of
from pytest_llmregress.providers.openai.routes import Dialect, find_route
from pytest_llmregress.providers.openai.sellers import find_seller
from pytest_llmregress.recording.request_pool import OutgoingRequest
from pytest_llmregress.values.http import Request, Response

_SELLERS = frozenset({"openai", "groq", None})
"""Who has batches in this form; a host that nobody knows may have them, and says so if not."""
_ENDPOINT = re.compile(r"/(?:openai/)?v\d+/(?:chat/completions|responses)$")
_TELL_APART = ("authorization", "api-key", "openai-organization", "openai-project")
_MAX_REQUESTS = 50_000
_ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
_MARK = "llmregress"
"""The key of a batch's metadata that says whose it is."""


def check_batchable(request: Request) -> bool:
    """Whether a request can be one of a batch: a call that is not streamed, of a known form."""
    route = find_route(request)
    return (
        route is not None
        and route.dialect in {Dialect.CHAT, Dialect.RESPONSES}
        and not route.is_poll
        and not route.is_deployment
        and route.model is not None
        and route.body.get("stream") is not True
        and route.body.get("background") is not True
        and find_seller(request) in _SELLERS
        and _ENDPOINT.search(urlsplit(request.url).path) is not None
    )


def groups(outgoings: Mapping[str, OutgoingRequest]) -> Iterator[dict[str, OutgoingRequest]]:
    """Yield requests by name that one batch can hold: of one account, one path and one model."""
    return split_groups(outgoings, key=_identify, most=_MAX_REQUESTS)


def create(group: Mapping[str, OutgoingRequest]) -> str:
    """Upload the requests and hand in a batch of them; return its id. Raises BatchError."""
    first = next(iter(group.values()))
    endpoint = _split_path(first)[1]
    lines = [
        json.dumps(
            {"custom_id": name, "method": "POST", "url": endpoint, "body": _body_of(outgoing)}
        )
        for name, outgoing in group.items()
    ]
    file = _upload(first, "\n".join(lines).encode())
    asked = {
        "input_file_id": file,
        "endpoint": endpoint,
        "completion_window": "24h",
        "metadata": {_MARK: find_mark(next(iter(group)))},
    }
    made = call_api(first, "POST", _url(first, "/batches"), body=json.dumps(asked).encode())
    return _read_id(read_object(made), "batch")


def find_made(wanted: Mapping[str, OutgoingRequest]) -> dict[str, str]:
    """Return the batches that requests are in, by the names of the requests. Raises BatchError."""
    marks: dict[str, list[str]] = {}
    for name in wanted:
        marks.setdefault(find_mark(name), []).append(name)
    found: dict[str, str] = {}
    for outgoing in {_identify(each)[1:]: each for each in wanted.values()}.values():
        for batch in _list_batches(outgoing):
            mark = str((batch.get("metadata") or {}).get(_MARK))
            found |= dict.fromkeys(marks.get(mark, ()), str(batch["id"]))
    return found


def has_ended(batch: str, outgoing: OutgoingRequest) -> bool:
    """Tell whether a batch has been processed. Raises BatchError; LookupError where it is gone."""
    told = read_object(call_api(outgoing, "GET", _url(outgoing, f"/batches/{batch}")))
    return is_one_of(told.get("status"), _ENDED)


def results(batch: str, outgoing: OutgoingRequest) -> dict[str, BatchResult]:
    """Return what became of each request of a batch, by name.

    Raises as `has_ended` does; BatchRefusedError where the server has found fault with the file.
    """
    told = read_object(call_api(outgoing, "GET", _url(outgoing, f"/batches/{batch}")))
    if told.get("status") == "failed":
        raise BatchRefusedError(f"batch {batch} has failed: {_read_errors(told)}")
    found: dict[str, BatchResult] = {}
    for key in ("error_file_id", "output_file_id"):
        file = told.get(key)
        if not isinstance(file, str) or not file:
            continue
        lines = call_api(outgoing, "GET", _url(outgoing, f"/files/{file}/content")).body
        for line in filter(None, map(bytes.strip, lines.splitlines())):
            try:
                entry = json.loads(line)
                found[entry["custom_id"]] = _read_result(entry)
            except (ValueError, KeyError, TypeError) as error:
                raise BatchError(f"batch {batch}: a result that cannot be read: {error}") from None
    return found


def _read_errors(batch: Mapping[str, Any]) -> str:
    """Return what the server says of a batch as a whole."""
    errors = batch.get("errors")
    listed = errors.get("data") if isinstance(errors, dict) else None
    said = [str(each.get("message")) for each in listed or () if isinstance(each, dict)]
    return "; ".join(dict.fromkeys(said)) or "the server does not say why"


def _read_result(entry: Mapping[str, Any]) -> BatchResult:
    reply = entry.get("response") or {}
    status = reply.get("status_code")
    if not isinstance(status, int):
        error = entry.get("error") or {}
        return BatchResult(response=None, error=str(error.get("code") or "not processed"))
    body = json.dumps(reply.get("body"), ensure_ascii=False, separators=(",", ":")).encode()
    headers = {"content-type": ("application/json",)}
    return BatchResult(response=Response(status=status, headers=headers, body=body))


def _list_batches(outgoing: OutgoingRequest) -> Iterator[Mapping[str, Any]]:
    def ask(query: str) -> Response:
        return call_api(outgoing, "GET", _url(outgoing, f"/batches?{query}"))

    return list_batches(ask, after="after")


def _upload(outgoing: OutgoingRequest, lines: bytes) -> str:
    boundary = uuid4().hex
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="requests.jsonl"'
        "\r\nContent-Type: application/jsonl\r\n\r\n"
    )
    body = head.encode() + lines + f"\r\n--{boundary}--\r\n".encode()
    kind = f"multipart/form-data; boundary={boundary}"
    made = call_api(outgoing, "POST", _url(outgoing, "/files"), body=body, content_type=kind)
    return _read_id(read_object(made), "file")


def _read_id(made: Mapping[str, Any], what: str) -> str:
    identity = made.get("id")
    if not isinstance(identity, str):
        raise BatchError(f"the server made a {what} without an id")
    return identity


def _identify(outgoing: OutgoingRequest) -> tuple[Any, ...]:
    headers = outgoing.request.headers
    account = (_url(outgoing, ""), *(headers.get(each) for each in _TELL_APART))
    return ((_split_path(outgoing)[1], _body_of(outgoing).get("model")), *account)


def _body_of(outgoing: OutgoingRequest) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(b"".join(outgoing.request.stream))
    return body


def _url(outgoing: OutgoingRequest, path: str) -> str:
    """Return an address of the API beside the one that a request goes to."""
    parts = urlsplit(str(outgoing.request.url))
    path, _, query = path.partition("?")
    return urlunsplit(parts._replace(path=f"{_split_path(outgoing)[0]}{path}", query=query))


def _split_path(outgoing: OutgoingRequest) -> tuple[str, str]:
    """Return the path of the API, and the endpoint as the API itself names it."""
    path = urlsplit(str(outgoing.request.url)).path
    end = "/chat/completions" if path.endswith("/chat/completions") else "/responses"
    return path.removesuffix(end), f"/v1{end}"
