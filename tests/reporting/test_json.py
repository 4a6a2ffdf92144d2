"""The report of a run as JSON."""

import json

from pytest_llmregress.core.protocols import Reporter
from pytest_llmregress.core.report import Problem, RunReport, TestRecord
from pytest_llmregress.reporting.json import JsonReporter
from reports import record

MISSED = Problem(code="no_match", message="lone \ud800 surrogate")
REPORT = RunReport(
    created="2026-01-02T03:04:05Z",
    versions={"pytest": "9.2", "anthropic": "2.12.0"},
    candidate=None,
    fail_on="breaking",
    tests=(record("t.py::test_ü", problems=(MISSED,)),),
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
