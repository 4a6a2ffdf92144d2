"""The report of a run as JSON."""

import json

from pytest_llmregress.providers.protocol import Reporter
from pytest_llmregress.reports.reporters import JsonReporter
from pytest_llmregress.values.run_report import Problem, RunReport, TestRecord
from reports import compared, drifted, record, run

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
    text = "".join(reporter.render(REPORT))

    assert reporter.suffix == ".json"
    assert json.loads(text) == REPORT.to_json()
    assert TestRecord.from_json(json.loads(text)["tests"][0]) == REPORT.tests[0]
    assert text.endswith("\n}\n")


def test_keys_are_sorted_and_indented():
    text = "".join(JsonReporter().render(REPORT))

    assert text.startswith('{\n  "candidate": null,\n  "counts": {\n    "breaking": 0,\n')
    assert '"versions": {\n    "anthropic": "2.12.0",\n    "pytest": "9.2"\n  }' in text


def test_every_report_can_be_written_as_utf_8():
    assert "".join(JsonReporter().render(REPORT)).encode("utf-8").isascii()


def test_a_report_comes_in_pieces_that_are_the_json_of_the_run_whole():
    report = compared(*(drifted(f"t.py::test_{n}") for n in range(3)))
    pieces = list(JsonReporter().render(report))

    assert "".join(pieces) == json.dumps(report.to_json(), indent=2, sort_keys=True) + "\n"
    assert max(map(len, pieces)) < len("".join(pieces)) / 2


def test_a_run_without_a_test_is_a_report_too():
    report = run()

    assert "".join(JsonReporter().render(report)) == (
        json.dumps(report.to_json(), indent=2, sort_keys=True) + "\n"
    )


def test_a_name_that_looks_like_the_place_of_the_tests_is_a_name():
    report = run(record(), candidate='\n  "tests": []', orphans=('"tests": []',))

    assert json.loads("".join(JsonReporter().render(report))) == report.to_json()
