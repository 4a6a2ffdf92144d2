"""The code generation example replays to what was recorded, and its README says no other."""

import json
import os
import re
from pathlib import Path

import pytest

from forked_pytest import is_available, run_forked
from pytest_llmregress.adapters.store.cassette_file import read_cassette
from pytest_llmregress.cli.main import main

if os.name != "posix" or not is_available():
    pytest.skip("the sandbox needs the resource limits of POSIX", allow_module_level=True)

ROOT = Path(__file__).resolve().parents[2]
SUITE = ROOT / "examples" / "code_generation"
README = (SUITE / "README.md").read_text(encoding="utf-8")
CANDIDATES = ["qwen2.5-coder-1.5b", "qwen2.5-coder-0.5b-q2"]


def replay(tmp_path: Path, *arguments: str) -> tuple[int, dict]:
    """Replay the suite without a key and without a network; return status and report."""
    report = tmp_path / "report.json"
    inherited = ("ANTHROPIC_", "LLMREGRESS_", "PYTEST_")
    env = {name: text for name, text in os.environ.items() if not name.startswith(inherited)}
    status = run_forked(
        [
            *("examples/code_generation", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"),
            # The process that is forked has imported the plugin before pytest could rewrite it.
            *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
            *(f"--llmregress-report={report}", *arguments),
        ],
        cwd=ROOT,
        # In CI nothing is left pending beside the recordings.
        env={**env, "CI": "true", "HTTPS_PROXY": "http://127.0.0.1:9"},
        output=tmp_path / "output.txt",
        timeout=120,
    )
    print((tmp_path / "output.txt").read_text(encoding="utf-8"))  # noqa: T201 - shown on failure
    return status, json.loads(report.read_text(encoding="utf-8"))


def recorded(candidate: str | None) -> dict[str, tuple[int, int]]:
    """Return how many samples of each test passed when they were recorded, and of how many."""
    cassettes = [read_cassette(path) for path in SUITE.rglob("*.cassette.yaml")]
    return {
        cassette.test: (sum(note.passed is True for note in cassette.notes), len(cassette.notes))
        for cassette in cassettes
        if cassette.candidate == candidate
    }


def test_the_baseline_replays_to_what_was_recorded(tmp_path):
    status, report = replay(tmp_path)

    found = {test["test"]: (test["passes"], test["samples"]) for test in report["tests"]}
    assert found == recorded(None)
    assert len(found) == 25
    assert status == 0


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_a_candidate_replays_to_what_was_recorded(tmp_path, candidate):
    _, report = replay(tmp_path, f"--llmregress-candidate={candidate}")

    found = {test["test"]: (test["passes"], test["samples"]) for test in report["tests"]}
    assert found == recorded(candidate)
    assert len(found) == 25


def test_the_tables_of_the_readme_are_what_their_command_prints(monkeypatch, capsys):
    (command,) = re.findall(r"^pytest-llmregress (compare .*)$", README, flags=re.MULTILINE)
    monkeypatch.chdir(ROOT)
    main(command.split())

    printed = capsys.readouterr().out.strip()
    assert printed
    assert printed in README
