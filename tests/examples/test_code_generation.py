"""The code generation example replays to what was recorded, and its README says no other."""

import os
import re
from pathlib import Path

import pytest

from example_suites import recorded, replay
from forked_pytest import is_available
from pytest_llmregress.cli.main import main

if os.name != "posix" or not is_available():
    pytest.skip("the sandbox needs the resource limits of POSIX", allow_module_level=True)

ROOT = Path(__file__).resolve().parents[2]
SUITE = ROOT / "examples" / "code_generation"
README = (SUITE / "README.md").read_text(encoding="utf-8")
CANDIDATES = ["qwen2.5-coder-1.5b", "qwen2.5-coder-0.5b-q2"]


def test_the_baseline_replays_to_what_was_recorded(tmp_path):
    status, report = replay("code_generation", tmp_path=tmp_path)[:2]

    found = {test["test"]: (test["passes"], test["samples"]) for test in report["tests"]}
    assert found == recorded("code_generation", None)
    assert len(found) == 25
    assert status == 0


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_a_candidate_replays_to_what_was_recorded(tmp_path, candidate):
    option = f"--llmregress-candidate={candidate}"
    report = replay("code_generation", option, tmp_path=tmp_path).report

    found = {test["test"]: (test["passes"], test["samples"]) for test in report["tests"]}
    assert found == recorded("code_generation", candidate)
    assert len(found) == 25


def test_the_tables_of_the_readme_are_what_their_command_prints(monkeypatch, capsys):
    (command,) = re.findall(r"^pytest-llmregress (compare .*)$", README, flags=re.MULTILINE)
    monkeypatch.chdir(ROOT)
    main(command.split())

    printed = capsys.readouterr().out.strip()
    assert printed
    assert printed in README
