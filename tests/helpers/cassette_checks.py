"""What holds of every cassette of another program, ours recorded by one or somebody's own."""

import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from anthropic import Anthropic, APIStatusError, Stream
from anthropic.types import Message, RawMessageStreamEvent
from anthropic.types.beta import BetaMessage, BetaRawMessageStreamEvent
from vcr.filters import decode_response
from vcr.persisters.filesystem import FilesystemPersister
from vcr.serializers import jsonserializer, yamlserializer

from pytest_llmregress.contracts.contract import Contract
from pytest_llmregress.providers.anthropic.reader import AnthropicProvider
from pytest_llmregress.providers.anthropic.sdk import SUPPORT
from pytest_llmregress.providers.sdk_seams import open_seams
from pytest_llmregress.recording.cassette_session import CassetteSession, SampleMode
from pytest_llmregress.recording.http_patching import patch_http
from pytest_llmregress.redaction.redactor import Redactor, find_secrets
from pytest_llmregress.storage.cassette_file import read_cassette, write_cassette
from pytest_llmregress.storage.vcr_format.reader import read_any_cassette, read_foreign
from pytest_llmregress.storage.vcr_format.writer import write_vcr_yaml
from pytest_llmregress.values.call import Call, Calls, Outcome
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.http import Interaction, Response

OWN = sorted((Path(__file__).resolve().parents[1] / "data" / "cassettes").glob("*/*.*"))
"""Recorded by `record_cassettes.py`, from a server of the tests."""
OUTSIDE = Path(__file__).resolve().parents[3] / "shared" / "corpus"
"""Where data of other projects lies, on a machine that has them; none of it is in this project."""

_PROVIDER = AnthropicProvider()
_GZIP = b"\x1f\x8b"


def name_of(path: Path) -> str:
    """Return a name that is short, and clear among all cassettes."""
    return f"{path.parent.name}/{path.stem}"


def failures(paths: Iterable[Path], check: Callable[[Path], object]) -> list[str]:
    """Return a line for each file that a check fails for."""
    found = []
    for path in paths:
        try:
            check(path)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told with the file
            said = str(error).partition("\n")[0]
            found.append(f"{name_of(path)}: {type(error).__name__}: {said}")
    return found


@cache
def foreign(path: Path) -> Cassette:
    """Return a file as the plugin reads it, which is done once."""
    return read_foreign(path)


def interactions_of(paths: Iterable[Path]) -> list[Interaction]:
    """Return what all files hold, as the plugin reads it."""
    return [each for path in paths for each in foreign(path).interactions]


@cache
def recorded(path: Path) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return requests and responses as PyYAML, or the standard library, alone reads them."""
    text = path.read_text(encoding="utf-8")
    is_json = path.suffix == ".json"
    document = json.loads(text) if is_json else yaml.load(text, Loader=yaml.CSafeLoader)
    return [(each["request"], each["response"]) for each in document["interactions"]]


def is_call(request: dict[str, Any]) -> bool:
    """Tell whether a request is one to the Messages API."""
    return request["method"] == "POST" and request["uri"].split("?")[0].endswith("/v1/messages")


def sent(request: dict[str, Any]) -> Any:
    """Return the JSON of a request."""
    parsed = request.get("parsed_body")
    return json.loads(request["body"]) if parsed is None else parsed


def _plain(body: str | bytes) -> bytes:
    """Return a body as it was before it was compressed."""
    if isinstance(body, str):
        return body.encode()
    if body.startswith(_GZIP):
        return zlib.decompress(body, 31)
    return zlib.decompress(body) if body.startswith(b"\x78\x9c") else body


def _answered(response: dict[str, Any]) -> Any:
    """Return the JSON of a response, or the data of all its events."""
    if response.get("parsed_body") is not None:
        return response["parsed_body"]
    text = _plain(response["body"]["string"]).decode()
    if not text.startswith("event:"):
        return json.loads(text)
    lines = text.split("\n")
    return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]


def check_reading(path: Path) -> None:
    """Every request to a model is read as a call, and nothing else is."""
    assert read_any_cassette(path) == read_foreign(path)
    interactions = foreign(path).interactions
    for (request, _), interaction in zip(recorded(path), interactions, strict=True):
        call = _PROVIDER.read(interaction)
        assert (call is not None) is is_call(request), request["uri"]
        if call is not None:
            assert call.requested_model == sent(request)["model"]


def check_bodies(path: Path) -> None:
    """Bodies are those of the file, decompressed."""
    interactions = foreign(path).interactions
    for (request, response), interaction in zip(recorded(path), interactions, strict=True):
        body = request.get("body")
        if request.get("parsed_body") is not None:
            assert json.loads(interaction.request.body) == request["parsed_body"]
        else:
            assert interaction.request.body == _plain(body or b"")
        if response.get("parsed_body") is not None:
            assert json.loads(interaction.response.body) == response["parsed_body"]
        else:
            assert interaction.response.body == _plain(response["body"]["string"])


def check_replay(path: Path, folder: Path) -> None:
    """Stored as ours, a cassette replays through the SDK as it was recorded."""
    redactor, cassette = Redactor(), foreign(path)
    interactions = tuple(map(redactor.interaction, cassette.interactions))
    ours = replace(cassette, test="test", interactions=interactions)
    write_cassette(folder / "ours.yaml", ours)
    stored = read_cassette(folder / "ours.yaml")

    assert stored == ours
    for got, expected in _replay(path, stored):
        assert got == _without_pings(expected)


def _replay(path: Path, cassette: Cassette) -> list[tuple[Any, Any]]:
    """Send each recorded call again; return (what the SDK gave, what was recorded)."""
    pairs: list[tuple[Any, Any]] = []
    tape = CassetteSession(
        mode=SampleMode.REPLAY,
        recorded=cassette.interactions,
        redactor=Redactor(),
        on_miss=_unexpected,
    )
    seams = open_seams(
        (SUPPORT,), replaying=True, environment=SUPPORT.environment, rewrite=tape.rewrite
    )
    with seams, patch_http(tape):
        for request, response in recorded(path):
            if not is_call(request):
                continue
            expected = _answered(response)
            try:
                pairs.append((_ask(request, expected), expected))
            except APIStatusError as error:
                recorded_status = response["status"]["code"]
                pairs.append(((error.status_code, error.body), (recorded_status, expected)))
    assert len(tape.exchanges) == len(pairs)
    assert not tape.misses
    return pairs


def _unexpected(miss: object) -> None:
    raise AssertionError(miss)


def _ask(request: dict[str, Any], expected: Any) -> Any:
    headers = {
        name.lower(): values[0]
        for name, values in request["headers"].items()
        if name.lower() == "anthropic-beta"
    }
    url = urlsplit(request["uri"])
    is_beta = "beta=true" in url.query or bool(headers)
    streamed = isinstance(expected, list)
    client = Anthropic(max_retries=0, base_url=f"{url.scheme}://{url.netloc}")
    reply = client.post(
        f"{url.path}?{url.query}" if url.query else url.path,
        body=sent(request),
        options={"headers": headers},
        cast_to=BetaMessage if is_beta else Message,
        stream=streamed,
        stream_cls=Stream[BetaRawMessageStreamEvent if is_beta else RawMessageStreamEvent],
    )
    if streamed:
        return [event.to_dict(mode="json") for event in reply]
    return reply.to_dict(mode="json")


def _without_pings(value: Any) -> Any:
    """Leave out what the SDK does not hand on."""
    return (
        [event for event in value if event["type"] != "ping"] if isinstance(value, list) else value
    )


def check_as_vcrpy(path: Path) -> None:
    """A cassette in vcrpy's own format is read as vcrpy reads it."""
    serializer = jsonserializer if path.suffix == ".json" else yamlserializer
    requests, responses = FilesystemPersister.load_cassette(path, serializer)
    interactions = foreign(path).interactions

    for request, response, ours in zip(requests, responses, interactions, strict=True):
        decoded = decode_response(response)
        assert (ours.request.method, ours.request.url) == (request.method, request.uri)
        assert ours.request.body == (request.body or b"")
        assert {k: v[0] for k, v in ours.request.headers.items()} == {
            k.lower(): v for k, v in request.headers.items()
        }
        assert ours.response.status == decoded["status"]["code"]
        assert ours.response.body == decoded["body"]["string"]


def check_export(path: Path, folder: Path) -> None:
    """An exported cassette is the same for vcrpy and for us."""
    cassette = replace(foreign(path), test="tests/test_a.py::test_b")
    exported = folder / "exported.yaml"
    write_vcr_yaml(exported, cassette)
    requests, responses = FilesystemPersister.load_cassette(exported, yamlserializer)

    assert read_foreign(exported) == cassette
    for request, response, ours in zip(requests, responses, cassette.interactions, strict=True):
        assert (request.method, request.uri) == (ours.request.method, ours.request.url)
        assert (request.body or b"") == ours.request.body
        assert response["body"]["string"] == ours.response.body
        assert response["status"] == {"code": ours.response.status, "message": ours.response.reason}
        assert {k: tuple(v) for k, v in response["headers"].items()} == ours.response.headers


def check_no_secrets(path: Path) -> None:
    """Nothing in a file of traffic passes for a secret, and nothing of it is redacted."""
    text = path.read_text(encoding="utf-8")
    headers = {"content-type": ("application/json",)}
    response = Response(status=200, headers=headers, body=text.encode())

    assert find_secrets(text, redactor=Redactor()) == ()
    assert Redactor().response(response).body.decode() == text


def check_structure(path: Path, folder: Path) -> None:
    """Replies of calls are stored as JSON or as events, and come back byte for byte."""
    calls = [each for each in foreign(path).interactions if _PROVIDER.read(each)]
    cassette = Cassette(test="t", interactions=tuple(calls))
    write_cassette(folder / "a.yaml", cassette)
    assert read_cassette(folder / "a.yaml") == cassette
    stored = yaml.load((folder / "a.yaml").read_bytes(), Loader=yaml.CSafeLoader)["calls"]

    for call, interaction in zip(stored, calls, strict=True):
        if interaction.response.body:
            is_stream = interaction.response.body.startswith(b"event:")
            assert ("events" if is_stream else "json") in call["response"]
        assert all("data" in event for event in call["response"].get("events", ()))


def check_cuts(path: Path) -> int:
    """No reply that is cut off raises, or passes for whole; return how many cuts were tried."""
    cuts = 0
    for interaction in foreign(path).interactions:
        call = _PROVIDER.read(interaction)
        if call is None or call.status != 200:
            continue
        body = interaction.response.body.rstrip()
        for size in range(0, len(body), len(body) // 7 + 1):
            response = Response(status=200, headers=interaction.response.headers, body=body[:size])
            cut = Interaction(request=interaction.request, response=response)
            cuts += 1
            assert _PROVIDER.incomplete(cut)
            assert _PROVIDER.read(cut)
    return cuts


def served_models(interactions: Iterable[Interaction]) -> Counter[tuple[str | None, str | None]]:
    """Count the pairs of a requested and a serving model."""
    calls = map(_PROVIDER.read, interactions)
    return Counter((c.requested_model, c.served_model) for c in calls if c and not c.error)


def check_served_models(pairs: Iterable[tuple[str | None, str | None]]) -> None:
    """Of each requested with each serving model, a contract refuses those of other names."""
    pairs = set(pairs)
    crossed = {(requested, served) for requested, _ in pairs for _, served in pairs}
    refused = {pair for pair in crossed if _is_refused(*pair)}

    assert not refused & pairs
    assert refused == {pair for pair in crossed if _bare(pair[0]) != _bare(pair[1])}


def _is_refused(requested: str | None, served: str | None) -> bool:
    call = Call(
        provider="anthropic",
        outcome=Outcome.ANSWERED,
        requested_model=requested,
        served_model=served,
    )
    return bool(Contract.from_keywords({}).violations(Calls([call])))


def _bare(model: str | None) -> str:
    """Return a name without the date of a snapshot, or the word for the newest one."""
    bare, _, last = (model or "").rpartition("-")
    is_date = len(last) == 8 and last.isdigit()
    return bare if is_date or last in {"latest", "0"} else model or ""
