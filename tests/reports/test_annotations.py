"""Annotations of GitHub Actions."""

import re
from urllib.parse import unquote

import pytest

from pytest_llmregress.reports.github_annotations import (
    MAX_ANNOTATIONS,
    SourceLocation,
    annotate,
    escape_data,
    escape_property,
)
from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.run_report import Problem
from reports import record
from run_reports import HOSTILE, drift_of, regressed, report_of

COMMAND = re.compile(r"::error (?P<properties>[^:\r\n]+)::(?P<message>[^\r\n]*)")
PLACE = {"t.py::test_a": SourceLocation(file="tests/t.py", line=7)}
TEST = """
    import pytest


    @pytest.mark.llm
    def test_quiet():
        pass
"""


def test_a_failure_is_on_the_line_of_its_test():
    broken = (Problem(code="contract", message="t.py::test_a: broke 1 rule(s)\n  100 % of max"),)
    lines = annotate(report_of(record("t.py::test_a", problems=broken)), PLACE)

    assert lines == (
        (
            "::error file=tests/t.py,line=7,title=llmregress%3A test_a::"
            "t.py::test_a: broke 1 rule(s)%0A  100 %25 of max"
        ),
    )


@pytest.mark.parametrize(
    ("text", "data", "value"),
    [
        ("a\r\nb", "a%0D%0Ab", "a%0D%0Ab"),
        ("50 %", "50 %25", "50 %25"),
        ("%0A", "%250A", "%250A"),
        ("a: b, c", "a: b, c", "a%3A b%2C c"),
    ],
)
def test_what_a_runner_would_obey_is_escaped(text, data, value):
    assert escape_data(text) == data
    assert escape_property(text) == value
    assert unquote(data) == unquote(value) == text


def test_hostile_text_stays_in_its_own_annotation():
    name = f"t.py::test_a[{HOSTILE},line=1]"
    drift = drift_of(Severity.BREAKING, text=f"{HOSTILE}\n::set-env name=A::B")
    (line,) = annotate(
        report_of(record(name, drift=drift)), {name: SourceLocation(file="a,b:c", line=1)}
    )

    found = COMMAND.fullmatch(line)
    names = [each.partition("=")[0] for each in found["properties"].split(",")]
    line.encode()  # no lone surrogate is in it
    assert names == ["file", "line", "title"]


def test_what_fails_nothing_is_not_annotated():
    tests = (
        record("t.py::test_a"),
        record("t.py::test_b", drift=drift_of(Severity.NOTABLE)),
        record("t.py::test_c", passed=False),
    )

    assert annotate(report_of(*tests), PLACE) == ()
    assert annotate(report_of(*tests, verdict=regressed(), fail_on="never"), PLACE) == ()


def test_there_are_ten_at_most_and_the_rest_is_counted():
    drift = drift_of(Severity.BREAKING)
    tests = [record(f"t.py::test_{n:02}", drift=drift) for n in range(15)]
    lines = annotate(report_of(*tests, verdict=regressed()), {})

    assert len([line for line in lines if line.startswith("::")]) == MAX_ANNOTATIONS
    assert lines[0].startswith("::error title=llmregress::Fails: 15 of 15 tests changed")
    assert lines[-1] == "and 6 more tests without an annotation"


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_a_run_on_github_annotates_from_the_root_of_the_repository(project, workers):
    project.write({"sub/test_it.py": TEST})
    github = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(project.root.parent)}
    project.replay(*workers, env=github, failed=1)

    (found,) = (m for m in map(COMMAND.fullmatch, project.output.splitlines()) if m)
    assert (
        found["properties"] == "file=project/sub/test_it.py,line=4,title=llmregress%3A test_quiet"
    )
    assert "made no model call" in found["message"]


def test_a_run_elsewhere_annotates_nothing(project):
    project.write(test_it=TEST).replay(env={"GITHUB_ACTIONS": ""}, failed=1)

    project.never_says("::error")
