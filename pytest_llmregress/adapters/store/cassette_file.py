"""Cassettes on disk: every byte comes back, and an edited or shortened file is refused."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_llmregress.adapters.store.atomic import write_text
from pytest_llmregress.adapters.store.bodies import describe, restore_body
from pytest_llmregress.adapters.store.errors import UnreadableFile, UnwritableValue, restore
from pytest_llmregress.adapters.store.fields import Fields, expect_kind, refuse
from pytest_llmregress.adapters.store.yaml_emit import Inline
from pytest_llmregress.adapters.store.yaml_text import FORMAT, dump, load
from pytest_llmregress.core.canonical import digest
from pytest_llmregress.core.cassette import Cassette
from pytest_llmregress.core.http import Interaction, Request, Response

KIND = "cassette"


def read_cassette(path: Path) -> Cassette:
    """Read a cassette; `FileNotFoundError` where there is none, else `UnreadableFile`."""
    return _verified(path, load(path))


def write_cassette(path: Path, cassette: Cassette) -> None:
    """Write a cassette, whole or not at all; `UnwritableValue` where it would not read back."""
    document = _document(cassette)
    text = dump(document)
    try:
        _verified(path, document)
    except UnreadableFile as error:
        raise UnwritableValue(f"{path}: {error.fault}; nothing was written") from None
    write_text(path, text)


def digest_of(cassette: Cassette) -> str:
    """Return the digest of what went over the wire: not of dates, latencies or versions."""
    wire = [
        [
            [request.method, request.url, _plain(request.headers), _hash(request.body)],
            [response.status, response.reason, _plain(response.headers), _hash(response.body)],
        ]
        for request, response in ((each.request, each.response) for each in cassette.interactions)
    ]
    return f"sha256:{digest(wire)}"


def _document(cassette: Cassette) -> dict[str, Any]:
    document: dict[str, Any] = {"llmregress": FORMAT, "kind": KIND, "test": cassette.test}
    if cassette.candidate is not None:
        document["candidate"] = cassette.candidate
    document["models"] = models(cassette.requested_models, cassette.served_models)
    document["recorded_at"] = cassette.recorded_at
    document["versions"] = Inline(cassette.versions)
    document["interactions"] = len(cassette.interactions)
    document["digest"] = digest_of(cassette)
    document["calls"] = [_call(interaction) for interaction in cassette.interactions]
    return document


def models(requested: tuple[str, ...], served: tuple[str, ...]) -> dict[str, Any]:
    """Return the block that names the models."""
    return Inline(requested=list(requested), served=list(served))


def _call(interaction: Interaction) -> dict[str, Any]:
    request, response = interaction.request, interaction.response
    call: dict[str, Any] = {
        "request": {
            "method": request.method,
            "url": request.url,
            **_headers(request.headers),
            **describe(request.body),
        },
        "response": {
            "status": response.status,
            **({"reason": response.reason} if response.reason else {}),
            **_headers(response.headers),
            **describe(response.body),
        },
    }
    if interaction.latency is not None:
        call["latency"] = round(interaction.latency, 3)
    return call


def _headers(headers: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    if not headers:
        return {}
    return {
        "headers": {
            name: values[0] if len(values) == 1 else list(values)
            for name, values in headers.items()
        }
    }


def _verified(path: Path, document: dict[str, Any]) -> Cassette:
    expect_kind(path, document, KIND)
    faults: list[str] = []
    top = Fields(document, "", faults)
    test = top.text("test")
    candidate = top.text("candidate") if top.has("candidate") else None
    said, calls = top.integer("interactions"), top.list_of_fields("calls")
    if not faults and said != len(calls):
        fault = (
            f"the file was edited or cut off: it says {said} interactions and holds {len(calls)}"
        )
        raise UnreadableFile(path, None, fault, advice=restore(test, candidate))
    named = top.fields("models")
    cassette = Cassette(
        test=test,
        candidate=candidate,
        requested_models=named.texts("requested"),
        served_models=named.texts("served"),
        recorded_at=top.text("recorded_at", default=""),
        versions=top.texts_by_name("versions"),
        interactions=tuple(_interaction(call) for call in calls),
    )
    digest_said = top.text("digest")
    refuse(path, faults, test, candidate)
    if digest_said != digest_of(cassette):
        fault = "the file was edited or cut off: its calls do not have the digest that it says"
        raise UnreadableFile(path, None, fault, advice=restore(test, candidate))
    return cassette


def _interaction(call: Fields) -> Interaction:
    request, response = call.fields("request"), call.fields("response")
    return Interaction(
        request=Request(
            method=request.text("method"),
            url=request.text("url"),
            headers=_header_values(request),
            body=restore_body(request),
        ),
        response=Response(
            status=response.integer("status"),
            reason=response.text("reason", default=""),
            headers=_header_values(response),
            body=restore_body(response),
        ),
        latency=call.seconds("latency"),
    )


def _header_values(message: Fields) -> dict[str, tuple[str, ...]]:
    values: dict[str, tuple[str, ...]] = {}
    for name, value in message.mapping("headers").items():
        several = value if isinstance(value, list) else [value]
        if all(isinstance(item, str) for item in several):
            values[name] = tuple(several)
        else:
            message.blame("headers", f"{name} is neither a text nor a list of texts")
    return values


def _plain(headers: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    return {name: list(values) for name, values in headers.items()}


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
