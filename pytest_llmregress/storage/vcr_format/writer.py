"""Writes cassettes that stock vcrpy replays: nobody is locked in."""

from pathlib import Path
from typing import Any

import yaml

from pytest_llmregress.storage.atomic_write import write_text
from pytest_llmregress.storage.errors import UnwritableValueError
from pytest_llmregress.storage.vcr_format.reader import OURS
from pytest_llmregress.storage.vcr_format.safe_yaml import load_yaml
from pytest_llmregress.storage.yaml.parser import YamlSyntaxError
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.http import Interaction

try:
    from yaml import CSafeDumper as Dumper
except ImportError:  # PyYAML without libyaml: slower, the same otherwise
    from yaml import SafeDumper as Dumper  # type: ignore[assignment]

VERSION = 1
"""Of vcrpy's format."""


def write_vcr_yaml(path: Path, cassette: Cassette) -> None:
    """Write a cassette as vcrpy's YAML, whole or not at all.

    Raises `UnwritableValueError` where it holds what vcrpy's format cannot.

    What vcrpy has no place for (the node id, latencies) stands under a key that it passes over.
    """
    for as_text in (True, False):  # an emitter that loses a text does not lose bytes
        document = _document(cassette, as_text=as_text)
        try:
            # ASCII: vcrpy reads with the encoding of the machine.
            text = yaml.dump(document, Dumper=Dumper, allow_unicode=False)
            survived = load_yaml(text) == document
        except (yaml.YAMLError, UnicodeError, YamlSyntaxError):
            continue
        if survived:
            write_text(path, text)
            return
    raise UnwritableValueError(f"{path}: it would not read back as it is; nothing was written")


def _document(cassette: Cassette, *, as_text: bool) -> dict[str, Any]:
    ours: dict[str, Any] = {
        "test": cassette.test,
        "recorded_at": cassette.recorded_at,
        "versions": dict(cassette.versions),
        "latencies": [interaction.latency for interaction in cassette.interactions],
    }
    if cassette.candidate is not None:
        ours["candidate"] = cassette.candidate
    calls = [_call(interaction, as_text=as_text) for interaction in cassette.interactions]
    return {"interactions": calls, OURS: ours, "version": VERSION}


def _call(interaction: Interaction, *, as_text: bool) -> dict[str, Any]:
    request, response = interaction.request, interaction.response
    return {
        "request": {
            "body": _body(request.body, as_text=as_text),
            "headers": {name: list(values) for name, values in request.headers.items()},
            "method": request.method,
            "uri": request.url,
        },
        "response": {
            "body": {"string": _body(response.body, as_text=as_text)},
            "headers": {name: list(values) for name, values in response.headers.items()},
            # vcrpy sends the phrase as ASCII; without one, the client takes the usual phrase.
            "status": {
                "code": response.status,
                "message": response.reason if response.reason.isascii() else "",
            },
        },
    }


def _body(body: bytes, *, as_text: bool) -> str | bytes:
    if as_text:
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError:
            pass
    return body
