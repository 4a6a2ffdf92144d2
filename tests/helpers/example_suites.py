"""The suites of the examples, replayed in a process of their own, and what is recorded of them."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from forked_pytest import is_available, run_forked
from pytest_llmregress.storage.cassette_file import read_cassette

ROOT = Path(__file__).resolve().parents[2]
_FOREIGN = (
    *("ANTHROPIC_", "LLMREGRESS_", "OPENAI_", "PYTEST_"),
    *("DESK_", "HANDBOOK_", "INCIDENT_", "REPORT_"),
)


class Replayed(NamedTuple):
    """What came of a replay."""

    status: int
    report: dict[str, Any]
    output: str


def replay(
    suite: str, *arguments: str, tmp_path: Path, root: Path = ROOT, **variables: str
) -> Replayed:
    """Replay a suite of the examples without a key and without a network.

    `variables` of the environment are what the application itself reads.
    """
    if not is_available():
        pytest.skip("this system cannot fork")
    report, output = tmp_path / "report.json", tmp_path / "output.txt"
    inherited = {name: text for name, text in os.environ.items() if not name.startswith(_FOREIGN)}
    env = {**inherited, **variables}
    status = run_forked(
        [
            *(f"examples/{suite}", "-p", "no:cacheprovider", "-p", "no:xdist"),
            *(f"--llmregress-report={report}", *arguments),
        ],
        cwd=root,
        # In CI nothing is left pending beside the recordings.
        env={**env, "CI": "true", "HTTPS_PROXY": "http://127.0.0.1:9", "COLUMNS": "200"},
        output=output,
    )
    text = output.read_text(encoding="utf-8")
    print(text)  # noqa: T201 - shown where the test fails
    return Replayed(status, json.loads(report.read_text(encoding="utf-8")), text)


def recorded(suite: str, candidate: str | None) -> dict[str, tuple[int, int]]:
    """Return how many samples of each test passed when they were recorded, and of how many."""
    folder = ROOT / "examples" / suite
    cassettes = [read_cassette(path) for path in folder.rglob("*.cassette.yaml")]
    return {
        cassette.test: (sum(note.passed is True for note in cassette.notes), len(cassette.notes))
        for cassette in cassettes
        if cassette.candidate == candidate
    }
