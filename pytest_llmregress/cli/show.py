"""The command `show`: the calls in a cassette."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_llmregress.cli.output import CommandResult, ExitStatus
from pytest_llmregress.cli.selection import FileProblems, shorten
from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.formatting.value_text import models_in_words
from pytest_llmregress.providers.registry import built_in_providers, read_call
from pytest_llmregress.reports.call_table import Row, calls_to_json, render_calls
from pytest_llmregress.storage.vcr_format.reader import read_any_cassette
from pytest_llmregress.values.cassette import Cassette


def show(files: Sequence[Path], *, as_json: bool, width: int) -> CommandResult:
    """Show the calls of cassettes, one after another; a damaged one does not hide the others."""
    problems = FileProblems()
    read: list[tuple[Path, Cassette]] = []
    for file in files:
        if not os.path.lexists(file):
            problems.add_missing(file)
        elif (cassette := problems.read(file, read_any_cassette)) is not None:
            read.append((file, cassette))
    if as_json:
        shown = [_to_json(file, cassette) for file, cassette in read]
        lines = json.dumps(shown, indent=2).splitlines()
    else:
        lines = [line for file, cassette in read for line in ("", *_render(file, cassette, width))]
        del lines[:1]
    return CommandResult(
        status=ExitStatus.FAILED if problems.messages else ExitStatus.FINE,
        lines=tuple(lines),
        problems=problems.messages,
    )


def rows_of(cassette: Cassette) -> list[Row]:
    """Return the interactions of a cassette, those that are calls of a model as calls."""
    providers = built_in_providers()
    return [(None if e.judge else read_call(e, providers)) or e for e in cassette.interactions]


def _render(file: Path, cassette: Cassette, width: int) -> tuple[str, ...]:
    models = models_in_words(cassette.requested_models, cassette.served_models)
    parts = [models, f"recorded {cassette.recorded_at or 'at an unknown time'}"]
    if cassette.candidate == models:
        parts[0] = f"candidate {models}"
    elif cassette.candidate is not None:
        parts.insert(0, f"candidate {cassette.candidate}")
    requests = count(len(cassette.interactions), "request")
    return (
        f"{cassette.test}: {', '.join(parts)}, {requests}, {shorten(file)}",
        *render_calls(rows_of(cassette), width=width).split("\n"),
    )


def _to_json(file: Path, cassette: Cassette) -> dict[str, Any]:
    return {
        "file": shorten(file),
        "test": cassette.test,
        "candidate": cassette.candidate,
        "requested_models": list(cassette.requested_models),
        "served_models": list(cassette.served_models),
        "recorded_at": cassette.recorded_at,
        "versions": dict(cassette.versions),
        "requests": calls_to_json(rows_of(cassette)),
    }
