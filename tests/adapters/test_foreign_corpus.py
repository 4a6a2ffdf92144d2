"""Real cassettes of two projects: loaded, stored as ours, replayed through the SDK, exported."""

import json
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from anthropic import Anthropic, APIStatusError, Stream
from anthropic.types import Message, RawMessageStreamEvent
from anthropic.types.beta import BetaMessage, BetaRawMessageStreamEvent
from vcr.filters import decode_response
from vcr.persisters.filesystem import FilesystemPersister
from vcr.serializers import yamlserializer

from pytest_llmregress.adapters import sdk
from pytest_llmregress.adapters.cassette.interception import intercepted
from pytest_llmregress.adapters.cassette.tape import Tape, TapeMode
from pytest_llmregress.adapters.foreign.reading import read_any, read_foreign
from pytest_llmregress.adapters.foreign.writing import write_vcr_yaml
from pytest_llmregress.adapters.providers.anthropic import AnthropicProvider
from pytest_llmregress.adapters.store.cassette_file import read_cassette, write_cassette
from pytest_llmregress.core.cassette import Cassette
from pytest_llmregress.core.matching import path_of
from pytest_llmregress.core.redaction import Redactor

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "claude-cassettes"
FILES = sorted(CORPUS.glob("*/*.yaml"))
STOCK = [path for path in FILES if path.parent.name == "llm-anthropic"]

pytestmark = pytest.mark.skipif(not FILES, reason=f"there are no cassettes in {CORPUS}")


def names(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def recorded(path: Path) -> list[tuple[dict, dict]]:
    """Return requests and responses as PyYAML alone reads them."""
    document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return [(each["request"], each["response"]) for each in document["interactions"]]


def sent(request: dict) -> object:
    parsed = request.get("parsed_body")
    return json.loads(request["body"]) if parsed is None else parsed


def answered(response: dict) -> object:
    """Return the JSON of a response, or the data of all its events."""
    if response.get("parsed_body") is not None:
        return response["parsed_body"]
    body = response["body"]["string"]
    text = zlib.decompress(body, 31).decode() if isinstance(body, bytes) else body
    if not text.startswith("event:"):
        return json.loads(text)
    lines = text.split("\n")
    return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]


def is_call(request: dict) -> bool:
    return request["method"] == "POST" and request["uri"].split("?")[0].endswith("/v1/messages")


def unexpected(miss) -> None:
    raise AssertionError(miss)


def replay(path: Path, cassette: Cassette) -> list[tuple[object, object]]:
    """Send each recorded call again; return (what the SDK gave, what was recorded)."""
    pairs: list[tuple[object, object]] = []
    tape = Tape(
        mode=TapeMode.REPLAY,
        recorded=cassette.interactions,
        redactor=Redactor(),
        on_miss=unexpected,
    )
    with sdk.opened(replaying=True, rename=None), intercepted(tape):
        client = Anthropic(max_retries=0)
        for request, response in recorded(path):
            if not is_call(request):
                continue
            expected = answered(response)
            try:
                pairs.append((ask(client, request, expected), expected))
            except APIStatusError as error:
                pairs.append(((error.status_code, error.body), (response_code(response), expected)))
    assert len(tape.exchanges) == len(pairs)
    assert not tape.misses
    return pairs


def response_code(response: dict) -> int:
    return response["status"]["code"]


def ask(client: Anthropic, request: dict, expected: object) -> object:
    headers = {
        name.lower(): values[0]
        for name, values in request["headers"].items()
        if name.lower() == "anthropic-beta"
    }
    is_beta = "beta=true" in request["uri"] or bool(headers)
    streamed = isinstance(expected, list)
    reply = client.post(
        request["uri"].removeprefix("https://api.anthropic.com"),
        body=sent(request),
        options={"headers": headers},
        cast_to=BetaMessage if is_beta else Message,
        stream=streamed,
        stream_cls=Stream[BetaRawMessageStreamEvent if is_beta else RawMessageStreamEvent],
    )
    if streamed:
        return [event.to_dict(mode="json") for event in reply]
    return reply.to_dict(mode="json")


def strip_pings(value: object) -> object:
    """Leave out what the SDK does not hand on."""
    return (
        [event for event in value if event["type"] != "ping"] if isinstance(value, list) else value
    )


def test_every_cassette_loads_and_every_call_in_it_is_read(capsys):
    provider = AnthropicProvider()
    calls = others = refused = 0
    wrong = []
    for path in FILES:
        for (request, _), interaction in zip(
            recorded(path), read_foreign(path).interactions, strict=True
        ):
            call = provider.read(interaction)
            calls += call is not None
            others += call is None
            refused += call is not None and call.error is not None
            if (call is not None) is not is_call(request):
                wrong.append((path.name, request["uri"]))
            if is_call(request) and call.requested_model != sent(request)["model"]:
                wrong.append((path.name, call.requested_model))
    with capsys.disabled():
        print(  # noqa: T201 - what the cassettes come to
            f"\n{len(FILES)} cassettes loaded, 0 refused: {calls} calls of Claude "
            f"({refused} of them answered by an error), {others} other requests"
        )

    assert not wrong
    assert calls == sum(is_call(request) for path in FILES for request, _ in recorded(path))


@pytest.mark.parametrize("path", FILES, ids=names)
def test_a_cassette_replays_through_the_sdk_as_it_was_recorded(path, tmp_path):
    redactor = Redactor()
    cassette = read_foreign(path)
    ours = replace(
        cassette, test="test", interactions=tuple(map(redactor.interaction, cassette.interactions))
    )
    write_cassette(tmp_path / "ours.yaml", ours)
    stored = read_cassette(tmp_path / "ours.yaml")
    pairs = replay(path, stored)

    assert stored == ours
    for got, expected in pairs:
        assert got == strip_pings(expected)


@pytest.mark.parametrize("path", FILES, ids=names)
def test_bodies_are_those_of_the_file(path):
    for (request, response), interaction in zip(
        recorded(path), read_foreign(path).interactions, strict=True
    ):
        body = request.get("body")
        if request.get("parsed_body") is not None:
            assert json.loads(interaction.request.body) == request["parsed_body"]
        else:
            assert interaction.request.body == (body.encode() if body else b"")
        if response.get("parsed_body") is not None:
            assert json.loads(interaction.response.body) == response["parsed_body"]
        elif isinstance(string := response["body"]["string"], str):
            assert interaction.response.body == string.encode()
        elif string.startswith(b"\x1f\x8b"):
            assert interaction.response.body == zlib.decompress(string, 31)
        else:
            assert interaction.response.body == string


@pytest.mark.parametrize("path", STOCK, ids=names)
def test_a_stock_cassette_is_read_as_vcrpy_reads_it(path):
    requests, responses = FilesystemPersister.load_cassette(path, yamlserializer)
    interactions = read_foreign(path).interactions

    for request, response, ours in zip(requests, responses, interactions, strict=True):
        decoded = decode_response(response)
        assert (ours.request.method, ours.request.url) == (request.method, request.uri)
        assert ours.request.body == (request.body or b"")
        assert {k: v[0] for k, v in ours.request.headers.items()} == {
            k.lower(): v for k, v in request.headers.items()
        }
        assert ours.response.status == decoded["status"]["code"]
        assert ours.response.body == decoded["body"]["string"]


@pytest.mark.parametrize("path", FILES, ids=names)
def test_an_exported_cassette_is_the_same_for_vcrpy_and_for_us(path, tmp_path):
    cassette = replace(read_foreign(path), test="tests/test_a.py::test_b")
    exported = tmp_path / "exported.yaml"
    write_vcr_yaml(exported, cassette)
    requests, responses = FilesystemPersister.load_cassette(exported, yamlserializer)

    assert read_foreign(exported) == cassette
    for request, response, ours in zip(requests, responses, cassette.interactions, strict=True):
        assert (request.method, request.uri) == (ours.request.method, ours.request.url)
        assert (request.body or b"") == ours.request.body
        assert response["body"]["string"] == ours.response.body
        assert response["status"] == {"code": ours.response.status, "message": ours.response.reason}
        assert {k: tuple(v) for k, v in response["headers"].items()} == ours.response.headers


def test_every_call_leads_to_the_messages_api():
    paths = {
        path_of(interaction.request)
        for path in FILES
        for interaction in read_foreign(path).interactions
        if AnthropicProvider().read(interaction) is not None
    }

    assert paths == {"/v1/messages"}


def test_every_cassette_is_known_as_one_of_another_program() -> None:
    assert [path for path in FILES if read_any(path) != read_foreign(path)] == []
