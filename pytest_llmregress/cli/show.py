"""The command `show`: the calls in a cassette."""

import json
import os
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pytest_llmregress.cli.output import CommandResult, ExitStatus
from pytest_llmregress.cli.selection import FileProblems, shorten
from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.formatting.text_table import WIDTH, align
from pytest_llmregress.formatting.value_text import models_in_words, printable, truncate
from pytest_llmregress.providers.registry import known_providers, read_call, read_calls
from pytest_llmregress.reports.agent_tree import tree_lines
from pytest_llmregress.storage.vcr_format.reader import read_any_cassette
from pytest_llmregress.values.agent_summary import AgentSummary
from pytest_llmregress.values.agents import summarize_agents
from pytest_llmregress.values.call import Call
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.http import Interaction

_Row = Call | Interaction
"""A call of a model, or a request that was something else, such as count_tokens."""

_HEAD = ("#", "requested", "served", "outcome", "tools", "in", "out", "latency", "text")
_MAX_MODEL = 32
_MAX_TOOLS = 30
_MIN_TEXT = 24
"""Characters of the text that are shown, even if the line grows longer than the width."""


def render_calls(rows: Sequence[_Row], *, width: int = WIDTH) -> str:
    """Return one aligned line a row below a headline, the text cut to what is left of `width`.

    Calls are numbered from 1, as in a report of a drift; other requests have no number. "same"
    stands where the served model is the requested one. "in" counts cached tokens, too.
    """
    if not rows:
        return "no requests"
    numbered = _number(rows)
    starts = align([_HEAD[:-1], *(_cells(number, row) for number, row in numbered)])
    edge = max(map(len, starts))
    room = max(width - edge - 2, _MIN_TEXT)
    texts = [_HEAD[-1], *(truncate(_words_of(row), room) for _, row in numbered)]
    return "\n".join(
        f"{start:<{edge}}  {text}".rstrip() for start, text in zip(starts, texts, strict=True)
    )


def calls_to_json(rows: Sequence[_Row]) -> list[dict[str, Any]]:
    """Return plain JSON, one object a row; the bodies of the requests are left to the cassette."""
    return [
        _call_to_json(number, row) if isinstance(row, Call) else _request_to_json(row)
        for number, row in _number(rows)
    ]


def _number(rows: Sequence[_Row]) -> list[tuple[int, _Row]]:
    """Return each row with the number of calls up to it."""
    numbers = accumulate(int(isinstance(row, Call)) for row in rows)
    return list(zip(numbers, rows, strict=True))


def _cells(number: int, row: _Row) -> tuple[str, ...]:
    if isinstance(row, Interaction):
        status = row.response.status
        return ("-", "-", "-", f"HTTP {status}", "-", "-", "-", _seconds(row.latency))
    usage = row.usage
    is_known = not usage.unknown
    read = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    served = _model(row.served_model)
    if row.served_model is not None and row.served_model == row.requested_model:
        served = "same"
    return (
        str(number),
        _model(row.requested_model),
        served,
        str(row.outcome),
        _tools(row),
        str(read) if is_known else "?",
        str(usage.output_tokens) if is_known else "?",
        _seconds(row.latency),
    )


def _model(name: str | None) -> str:
    return truncate(printable(name or "") or "-", _MAX_MODEL)


def _seconds(latency: float | None) -> str:
    return "-" if latency is None else f"{latency:.1f} s"


def _tools(call: Call) -> str:
    """Return the names of the called tools in order, repetitions counted: "search x3, read"."""
    counts = Counter(printable(tool.full_name) or "(no name)" for tool in call.tool_calls)
    names = (f"{name} x{n}" if n > 1 else name for name, n in counts.items())
    return truncate(", ".join(names) or "-", _MAX_TOOLS)


def _words_of(row: _Row) -> str:
    if isinstance(row, Interaction):
        return printable(f"{row.request.method} {_path_of(row)}")
    refusal = f"refused: {row.refusal_category}" if row.refusal_category else ""
    tokens = f"no count: {', '.join(row.usage.unknown)}; " if row.usage.unknown else ""
    return printable(tokens + (row.error or row.text or refusal))


def _path_of(interaction: Interaction) -> str:
    """Return the path of a URL; what is no URL as it is."""
    try:
        return urlsplit(interaction.request.url).path or "/"
    except ValueError:
        return interaction.request.url


def _call_to_json(number: int, call: Call) -> dict[str, Any]:
    return {
        "call": number,
        "provider": call.provider,
        "requested_model": call.requested_model,
        "served_model": call.served_model,
        "outcome": str(call.outcome),
        "stop_reason": call.stop_reason,
        "refusal_category": call.refusal_category,
        "error": call.error,
        "status": call.status,
        "streamed": call.streamed,
        "latency": call.latency,
        "usage": {
            "input_tokens": call.usage.input_tokens,
            "output_tokens": call.usage.output_tokens,
            "cache_read_tokens": call.usage.cache_read_tokens,
            "cache_write_tokens": call.usage.cache_write_tokens,
            "unknown": list(call.usage.unknown),
        },
        "tool_calls": [
            {"name": tool.full_name, "arguments": dict(tool.arguments), "id": tool.id}
            for tool in call.tool_calls
        ],
        "text": call.text,
    }


def _request_to_json(interaction: Interaction) -> dict[str, Any]:
    return {
        "call": None,
        "method": interaction.request.method,
        "path": _path_of(interaction),
        "status": interaction.response.status,
        "latency": interaction.latency,
    }


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


def rows_of(cassette: Cassette) -> list[_Row]:
    """Return the interactions of a cassette, those that are calls of a model as calls."""
    providers = known_providers()
    return [(None if e.judge else read_call(e, providers)) or e for e in cassette.interactions]


def agents_of(cassette: Cassette) -> list[tuple[AgentSummary, ...]]:
    """Return the sessions and sub-agents of each sample, their calls numbered as in `show`."""
    providers = known_providers()
    found, first = [], 1
    for run in cassette.runs:
        calls = read_calls(run, providers)
        found.append(summarize_agents(calls, first=first))
        first += len(calls)
    return found


def _render_agents(cassette: Cassette) -> list[str]:
    """Return the tree of each sample that has sub-agents."""
    trees = agents_of(cassette)
    lines = []
    for number, agents in enumerate(trees, start=1):
        of_sample = f" of sample {number}" if len(trees) > 1 else ""
        below = [f"  {line}" for line in tree_lines(agents)]
        lines += [f"agents{of_sample}:", *below] if below else []
    return lines


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
        *(truncate(line, max(width, WIDTH)) for line in _render_agents(cassette)),
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
        "agents": [[agent.to_json() for agent in agents] for agents in agents_of(cassette)],
    }
