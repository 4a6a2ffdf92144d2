"""The short end of a run: it says first what was not looked at, however much else there is."""

from collections.abc import Mapping
from typing import Any

import pytest

from pytest_llmregress.reports.brief import MAX_LINES, brief_lines
from pytest_llmregress.reports.headline import headline
from pytest_llmregress.runner.closing_block import render_brief
from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.evidence import Tally, TestEvidence
from pytest_llmregress.values.run_report import Problem
from reports import record, run
from run_reports import drift_of

NEW = "claude-opus-5-5"
UNREAD = {"not_understood": ("POST http://127.0.0.1/talk",)}
ONE_SIDE = {"not_compared": ("links: not in the baseline",)}
SAME = {
    "candidate": NEW,
    "evidence": TestEvidence(
        test="t.py::test_a",
        baseline=Tally(passed=1, n=1),
        screen=Tally(passed=1, n=1),
        is_same=True,
    ),
}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (UNREAD, "Passes: 1 test replayed; 1 with some requests that no provider reads"),
        (
            SAME | UNREAD,
            (
                "Passes: 1 test compared, no difference seen (1 recording against 1); "
                "1 with some requests that no provider reads"
            ),
        ),
        (
            SAME | ONE_SIDE,
            (
                "Passes: 1 test compared, no difference seen (1 recording against 1); "
                "1 with traits that only one side has"
            ),
        ),
        (
            {"passed": False} | UNREAD,
            (
                "Fails: 1 of 1 test failed on an assert or error of their own; "
                "1 with some requests that no provider reads"
            ),
        ),
        (
            {"calls": 0} | UNREAD,
            "Passes: 1 test with requests that no provider reads",
        ),
    ],
)
def test_the_headline_says_what_was_not_looked_at(fields: Mapping[str, Any], said: str):
    assert headline(run(record("t.py::test_a", **fields))) == said


def test_what_no_provider_reads_is_told_before_problems_and_changes():
    tests = [
        record(f"t.py::test_{code}", problems=(Problem(code=code, message="m"),))
        for code in ("bypassed", "contract", "crashed", "no_match", "not_rewritten", "not_whole")
    ]
    tests += [record(f"t.py::test_{n}", drift=drift_of(Severity.NOTABLE)) for n in range(4)]
    tests += [record("t.py::test_a", **UNREAD, **ONE_SIDE)]
    lines = brief_lines(run(*tests, candidate=NEW))

    assert len(lines) == MAX_LINES
    at = lines.index("not understood: not every request to a model is read in 1 test: t.py::test_a")
    assert lines[at + 2] == "traits not compared: 1 in 1 test: t.py::test_a"
    assert all("problem: " not in line and "passes: " not in line for line in lines[:at])


def test_the_headline_of_each_of_many_candidates_is_told_to_its_end():
    reports = [
        run(
            *(record(f"t.py::{n}", drift=drift_of(Severity.BREAKING)) for n in range(3)),
            record("t.py::test_a", **UNREAD, **ONE_SIDE),
            candidate=f"{NEW}-{number}",
        )
        for number in range(4)
    ]
    told = " ".join(" ".join(render_brief(reports, faults=(), paths=())).split())

    assert all(headline(each) in told for each in reports)
    assert told.count("1 with traits that only one side has") == len(reports)
