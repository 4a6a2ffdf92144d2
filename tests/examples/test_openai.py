"""The example on OpenAI's SDK: its replay, its variant on another API, and its README."""

import re
from pathlib import Path

import pytest

from example_suites import Replayed, recorded, replay

pytest.importorskip("openai", reason="openai is not installed")

SUITE = Path(__file__).resolve().parents[2] / "examples" / "openai"
README = (SUITE / "README.md").read_text(encoding="utf-8")
READ = "examples/openai/test_report_line.py::test_a_report_is_read_into_fields"


@pytest.fixture(scope="module")
def variant(tmp_path_factory) -> Replayed:
    """Return what a replay of the suite on the other API comes to."""
    folder = tmp_path_factory.mktemp("variant")
    option = "--llmregress-variant=anthropic"
    return replay("openai", option, tmp_path=folder, REPORT_API="anthropic")


def test_the_baseline_replays_to_what_was_recorded(tmp_path):
    status, report, _ = replay("openai", tmp_path=tmp_path)

    found = {test["test"]: (test["passes"], test["samples"]) for test in report["tests"]}
    assert status == 0
    assert found == recorded("openai", None)
    assert set(found.values()) == {(1, 1)}
    assert len(found) == 5


def test_the_variant_replays_to_what_was_recorded(variant):
    status, report, _ = variant

    found = {test["test"]: (test["passes"], test["samples"]) for test in report["tests"]}
    assert status == 1
    assert found == recorded("openai", "variant:anthropic")
    assert [test for test, (passes, _) in found.items() if not passes] == [READ]


def test_the_other_api_changes_one_test_and_is_named_as_its_cause(variant):
    drifts = {test["test"]: test["drift"] for test in variant.report["tests"]}

    breaking = {c["trait"] for c in drifts[READ]["changes"] if c["severity"] == "breaking"}
    assert breaking == {"test", "text.json", "text.json_keys"}
    assert [test for test, drift in drifts.items() if drift["changes"]] == [READ]
    told = {part["part"]: part["what"] for part in drifts[READ]["cause"]["parts"]}
    assert told["provider"] == "openai → anthropic"
    assert [told[part] for part in ("system prompt", "messages", "tools")] == ["same"] * 3


def test_the_readme_shows_what_a_replay_of_the_variant_prints(variant):
    (shown,) = re.findall(r"```text\n(.*?)```", README, flags=re.DOTALL)

    printed = {line.strip() for line in variant.output.splitlines()}
    assert [line for line in shown.splitlines() if line.strip() not in printed] == []
