"""The report of a run as JSON."""

import json

from pytest_llmregress.core.protocols import Reporter
from pytest_llmregress.core.report import Mode, Problem, RunReport, TestRecord
from pytest_llmregress.reporting.json import JsonReporter

REPORT = RunReport(
    created="2026-01-02T03:04:05Z",
    versions={"pytest": "9.2", "anthropic": "2.12.0"},
    candidate=None,
    fail_on="breaking",
    tests=(
        TestRecord(
            test="t.py::test_ü",
            mode=Mode.REPLAYED,
            passed=True,
            candidate=None,
            cassette="__llm__/t/u.cassette.yaml",
            calls=1,
            requested_models=("claude-opus-5",),
            served_models=("claude-opus-5",),
            input_tokens=10,
            output_tokens=5,
            unplayed=0,
            carried=0,
            problems=(Problem(code="no_match", message="lone \ud800 surrogate"),),
            drift=None,
            pending=None,
            accepted=False,
        ),
    ),
)


def test_a_report_is_the_plain_json_of_the_run():
    reporter: Reporter = JsonReporter()
    text = reporter.render(REPORT)

    assert reporter.suffix == ".json"
    assert json.loads(text) == REPORT.to_json()
    assert TestRecord.from_json(json.loads(text)["tests"][0]) == REPORT.tests[0]
    assert text.endswith("\n}\n")


def test_keys_are_sorted_and_indented():
    text = JsonReporter().render(REPORT)

    assert text.startswith('{\n  "candidate": null,\n  "counts": {\n    "breaking": 0,\n')
    assert '"versions": {\n    "anthropic": "2.12.0",\n    "pytest": "9.2"\n  }' in text


def test_every_report_can_be_written_as_utf_8():
    assert JsonReporter().render(REPORT).encode("utf-8").isascii()
