"""Reads cassettes of vcrpy, and the dialects of it that keep bodies as structure."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from pytest_llmregress.process.decompression import DecompressionError, decompress_stored
from pytest_llmregress.storage.cassette_file import read_cassette
from pytest_llmregress.storage.errors import ForeignFileError, UnreadableFileError
from pytest_llmregress.storage.regular_file import read_bytes
from pytest_llmregress.storage.vcr_format.safe_yaml import load_yaml
from pytest_llmregress.storage.yaml.document import MAX_BYTES
from pytest_llmregress.storage.yaml.parser import YamlSyntaxError
from pytest_llmregress.storage.yaml.validation import SHOWN, MappingReader
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.http import RETRY_COUNT, Interaction, Request, Response, is_passing
from pytest_llmregress.values.matching import compute_request_key

_FIRST_ERROR = 400
OURS = "pytest_llmregress"
"""The key of an exported cassette that holds what vcrpy has no place for; vcrpy passes it over."""

ADVICE = (
    "vcrpy's cassettes in YAML or JSON, and those with `parsed_body`, can be imported. "
    "Restore it from version control, or record the test: pytest … --llmregress-record once"
)

_PARSED = "parsed_body"
_SDK = re.compile(r"Anthropic\w*/Python (\S+)")
_Headers = dict[str, tuple[str, ...]]


def read_any_cassette(path: Path) -> Cassette:
    """Read a cassette, ours or another program's; the errors are those of `read_cassette`."""
    try:
        return read_cassette(path)
    except ForeignFileError:
        return read_foreign(path)


def read_foreign(path: Path) -> Cassette:
    """Read somebody else's cassette.

    Raises `FileNotFoundError` where there is none, and `UnreadableFileError` where it is damaged.

    Nothing is redacted, and every attempt at a request is there. Bodies are decompressed. The
    test is empty unless the file was exported from here; so are the models, for the caller to
    find. The date is that of the last response, the version that of the SDK which asked.
    """
    document = _load(path)
    _refuse_others(path, document)
    faults: list[str] = []
    calls = MappingReader(document, "", faults).list_of_fields("interactions")
    interactions = [_interaction(call) for call in calls]
    if faults:
        more = f" (and {len(faults) - SHOWN} more)" if len(faults) > SHOWN else ""
        raise UnreadableFileError(path, None, ", ".join(faults[:SHOWN]) + more, advice=ADVICE)
    return _with_ours(document.get(OURS), interactions)


def _load(path: Path) -> Any:
    try:
        size, data = read_bytes(path, MAX_BYTES)
        if size > MAX_BYTES:
            limit = MAX_BYTES // 1024 // 1024
            fault = f"it is {size / 1024 / 1024:.0f} MiB large, and {limit} MiB is the limit"
            raise UnreadableFileError(path, None, fault, advice=ADVICE)
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UnreadableFileError(path, line, "it is not UTF-8", advice=ADVICE) from None
    if not text.strip():
        raise UnreadableFileError(path, None, "it is empty", advice=ADVICE)
    try:
        return json.loads(text) if path.suffix == ".json" else load_yaml(text)
    except json.JSONDecodeError as error:
        fault = f"it is no JSON: {error.msg}"
        raise UnreadableFileError(path, error.lineno, fault, advice=ADVICE) from None
    except (RecursionError, ValueError) as error:
        raise UnreadableFileError(path, None, f"it is no JSON: {error}", advice=ADVICE) from None
    except YamlSyntaxError as fault:
        raise UnreadableFileError(path, fault.line, fault.words, advice=ADVICE) from None


def _refuse_others(path: Path, document: Any) -> None:
    """Name what else a file is often found to be."""
    fault = None
    if isinstance(document, list):
        fault = "it is a list: vcrpy before 1.0 wrote such cassettes"
    elif not isinstance(document, dict):
        fault = "it holds no mapping"
    elif "llmregress" in document:
        fault = "it is a file of pytest-llmregress already"
    elif "http_interactions" in document:
        fault = "it is a cassette of Ruby's VCR"
    elif "interactions" not in document:
        fault = "it is no cassette (no `interactions`)"
    if fault is not None:
        raise UnreadableFileError(path, None, fault, advice=ADVICE)


def _with_ours(said: Any, interactions: Sequence[Interaction]) -> Cassette:
    """Return the cassette with what an export has noted, where it still fits the calls."""
    faults: list[str] = []
    ours = MappingReader(said, OURS, faults)
    latencies = ours.value("latencies") if ours.has("latencies") else []
    if not isinstance(latencies, list) or len(latencies) != len(interactions):
        faults.append("vcrpy has recorded into it since")
    test = ours.text("test", default="")
    versions, recorded_at = ours.texts_by_name("versions"), ours.text("recorded_at", default="")
    candidate = ours.text("candidate") if ours.has("candidate") else None
    if faults:
        return Cassette(
            test="",
            recorded_at=_find_date(interactions),
            versions=_find_versions(interactions),
            interactions=tuple(interactions),
        )
    timed = (
        Interaction(
            request=interaction.request,
            response=interaction.response,
            latency=float(latency) if type(latency) in {int, float} else None,
        )
        for interaction, latency in zip(interactions, latencies, strict=True)
    )
    return Cassette(
        test=test,
        candidate=candidate,
        recorded_at=recorded_at,
        versions=versions,
        interactions=tuple(timed),
    )


def _interaction(call: MappingReader) -> Interaction:
    return Interaction(
        request=_request(call.fields("request")), response=_response(call.fields("response"))
    )


def _request(message: MappingReader) -> Request:
    body, headers = _body(message, "body"), _headers(message)  # structure: aiohttp's json=
    if _is_parsed(message):
        headers.pop("content-length", None)
    return Request(
        method=message.text("method"), url=message.text("uri"), headers=headers, body=body
    )


def _response(message: MappingReader) -> Response:
    old = message.has("status_code")  # vcrpy 4 and 5 wrote the responses of httpx so
    status, reason = (message.integer("status_code"), "") if old else _status(message)
    key = "content" if old else "body"
    body, headers = _body_of_response(message, key), _headers(message)
    encodings = headers.pop("content-encoding", ())
    if encodings and not _is_parsed(message):
        try:
            body = decompress_stored(body, encodings)
        except DecompressionError as error:
            message.blame(key, str(error))
    if encodings or _is_parsed(message):
        headers.pop("content-length", None)  # of the body as it was
    return Response(status=status, reason=reason, headers=headers, body=body)


def _status(message: MappingReader) -> tuple[int, str]:
    status = message.fields("status")
    reason = status.value("message") if status.has("message") else None
    return status.integer("code"), reason if isinstance(reason, str) else ""


def _headers(message: MappingReader) -> _Headers:
    headers: _Headers = {}
    for name, value in message.mapping("headers").items():
        several = value if isinstance(value, list) else [value]
        texts = [_header_text(item) for item in several]
        if None in texts:
            message.blame("headers", f"{name} is neither a text nor a list of texts")
        known = tuple(text for text in texts if text is not None)
        headers[name.lower()] = (*headers.get(name.lower(), ()), *known)
    return headers


def _header_text(value: Any) -> str | None:
    match value:
        case str():
            return value
        case bytes():
            return value.decode("latin-1")
        case int() | float():
            return str(value)
        case _:
            return None


def _is_parsed(message: MappingReader) -> bool:
    return message.has(_PARSED) and message.value(_PARSED) is not None


def _body(message: MappingReader, key: str) -> bytes:
    if _is_parsed(message):
        try:
            return _json(message.value(_PARSED))
        except (TypeError, ValueError):
            message.blame(_PARSED, "it is no JSON")
            return b""
    if not message.has(key):
        message.blame(key, f"there is no body, neither as {key} nor as {_PARSED}")
        return b""
    value = message.value(key)
    if isinstance(value, dict) and value.keys() in ({"string"}, {"string", "encoding"}):
        value = value["string"]
    try:
        return _bytes(value)
    except (TypeError, ValueError):
        message.blame(key, "it is no body: neither text, nor bytes, nor a list of them")
        return b""


def _body_of_response(message: MappingReader, key: str) -> bytes:
    structure = message.value(key) if message.has(key) else None
    if isinstance(structure, dict) and "string" not in structure and not _is_parsed(message):
        message.blame(key, "it is a mapping without `string`")
        return b""
    return _body(message, key)


def _bytes(value: Any) -> bytes:
    match value:
        case None:
            return b""
        case bytes():
            return value
        case str():
            return value.encode("utf-8", "surrogatepass")
        case list() if all(isinstance(part, str | bytes) for part in value):
            return b"".join(map(_bytes, value))
        case list() | dict():
            return _json(value)
        case _:
            raise TypeError


def _json(value: Any) -> bytes:
    """Return a value the way that the SDK writes it."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair
        return json.dumps(value, allow_nan=False, separators=(",", ":")).encode("ascii")


def _find_date(interactions: Sequence[Interaction]) -> str:
    """Return when the last response was sent that says it, or nothing."""
    for interaction in reversed(interactions):
        try:
            date = parsedate_to_datetime(interaction.response.header("date") or "")
            if date.tzinfo is not None:
                return date.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        except (ValueError, OverflowError):
            continue
    return ""


def _find_versions(interactions: Sequence[Interaction]) -> Mapping[str, str]:
    """Return the version of the SDK, where a request says it."""
    for interaction in reversed(interactions):
        if said := _SDK.search(interaction.request.header("user-agent") or ""):
            return {"anthropic": said[1]}
    return {}


def drop_retries(interactions: Sequence[Interaction]) -> tuple[Interaction, ...]:
    """Leave out the failed attempts at a request that a later attempt made good.

    Many tools strip the header that tells a retry; without it, success after failure is one.
    """
    kept: list[Interaction] = []
    made_good: set[str] = set()
    for interaction in reversed(interactions):
        key, status = compute_request_key(interaction.request), interaction.response.status
        if key in made_good and is_passing(status):
            continue
        made_good.discard(key)
        is_first = interaction.request.header(RETRY_COUNT) == "0"
        if status < _FIRST_ERROR and not is_first:
            made_good.add(key)
        kept.append(interaction)
    return tuple(reversed(kept))
