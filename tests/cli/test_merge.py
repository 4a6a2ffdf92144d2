"""The command `merge`."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_llmregress.reports.reporters import JsonReporter
from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.evidence import Tally
from pytest_llmregress.values.history import History
from pytest_llmregress.values.run_report import AnswerSource, RunReport, TestRecord
from pytest_llmregress.values.verdict import GatePolicy
from pytest_llmregress.verdicts.canary import build_night
from pytest_llmregress.verdicts.judge_suite import judge_suite
from reports import record
from run_reports import drift_of, evidence_of, report_of

CANDIDATE = "claude-opus-5-5"
EARLY, LATE = "2026-01-02T03:04:05+00:00", "2026-01-02T04:04:05+00:00"


def write(name: str, *tests: TestRecord, **fields: object) -> None:
    report = report_of(*tests, **fields)
    Path(name).write_text("".join(JsonReporter().render(report)), encoding="utf-8")


def read(name: str) -> RunReport:
    return RunReport.from_json(json.loads(Path(name).read_text(encoding="utf-8")))


def failing(number: int) -> TestRecord:
    test = f"t.py::test_{number}"
    evidence = evidence_of(test, before=Tally(passed=1, n=1), after=Tally(passed=0, n=1))
    return record(test, candidate=CANDIDATE, evidence=evidence)


def test_shards_become_one_report_in_order_of_the_tests(project):
    write("a.json", record("t.py::test_b"), created=LATE)
    write("b.json", record("t.py::test_c"), record("t.py::test_a"), created=EARLY)
    run = project.run("merge", "a.json", "b.json", "-o", "all.json")

    assert run.status == 0
    assert run.out == [
        "Passes: 3 tests replayed",
        "3 tests: 3 replayed; replay: deterministic, no drift claim",
        "2 reports merged: all.json",
    ]
    assert [test.test for test in read("all.json").tests] == [
        "t.py::test_a",
        "t.py::test_b",
        "t.py::test_c",
    ]
    assert read("all.json").created == LATE


def test_the_suite_is_judged_again_over_all_tests(project):
    shards = [tuple(map(failing, numbers)) for numbers in (range(3), range(3, 6))]
    for name, tests in zip(("a.json", "b.json"), shards, strict=True):
        verdict = judge_suite([test.evidence for test in tests], gate=GatePolicy(confirm=5))
        write(name, *tests, candidate=CANDIDATE, verdict=verdict)
    alone = [read(name).verdict.fails for name in ("a.json", "b.json")]
    run = project.run("merge", "a.json", "b.json", "-o", "all.json")

    whole = judge_suite(
        [failing(n).evidence for n in range(6)],
        gate=GatePolicy(confirm=5),
        unconfirmed="each shard knows its own tests alone, run them as one",
    )
    assert alone == [False, False]
    assert read("all.json").verdict == whole
    assert whole.fails
    assert run.status == 1
    assert any(line.startswith("verdict: regressed, fails the run: 6 tests") for line in run.out)


def test_shards_of_a_canary_are_one_night_of_many(project):
    """Six of six lost: p = 0.016, which is less than one run takes and more than a night has."""
    for name, numbers in (("a.json", range(3)), ("b.json", range(3, 6))):
        tests = [replace(failing(n), mode=AnswerSource.RECORDED) for n in numbers]
        evidences = [test.evidence for test in tests]
        night = build_night(evidences, at=LATE, candidate=CANDIDATE)
        verdict = judge_suite(
            evidences,
            gate=GatePolicy(confirm=5),
            history=History(nights=(night,), is_recorded=True),
        )
        write(name, *tests, candidate=CANDIDATE, verdict=verdict)
    run = project.run("merge", "a.json", "b.json", "-o", "all.json")

    verdict = read("all.json").verdict
    assert verdict.baseline == Tally(passed=6, n=6)
    assert not verdict.fails
    assert run.status == 0
    assert verdict.history.nights == 1
    assert any("the suite is judged by one night; alpha, one part in 365" in s for s in run.out)


@pytest.mark.parametrize("order", [("a.json", "b.json"), ("b.json", "a.json")])
def test_of_a_test_in_two_reports_the_later_one_counts_and_is_noted(project, order):
    write("a.json", record("t.py::test_a", calls=1), created=LATE)
    write("b.json", record("t.py::test_a", calls=2), created=EARLY)
    run = project.run("merge", *order, "-o", "all.json")

    assert run.out[0] == "note: t.py::test_a is in b.json, a.json; the last one counts"
    assert [test.calls for test in read("all.json").tests] == [1]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"drift": drift_of(Severity.BREAKING)}, 1),
        ({"drift": drift_of(Severity.NOTABLE)}, 0),
        ({"drift": drift_of(Severity.NOTABLE), "pending": "x.new.yaml"}, 1),
    ],
)
def test_the_exit_status_is_that_of_the_whole(project, fields, status):
    write("a.json", record("t.py::test_a", **fields))
    write("b.json", record("t.py::test_b"))

    assert project.run("merge", "a.json", "b.json", "-o", "all.json").status == status


def test_what_is_not_of_one_suite_is_refused_with_all_reasons(project):
    write("a.json", record("t.py::test_a"))
    write(
        "b.json",
        record("t.py::test_b"),
        candidate=CANDIDATE,
        fail_on="never",
        versions={"pytest-llmregress": "0.2.0"},
    )
    run = project.run("merge", "a.json", "b.json", "-o", "all.json")

    end = "; reports of one suite have the same. Run all shards in the same way, and merge those"
    assert run.status == 2
    assert run.err == [
        f"pytest-llmregress: merge: {what}{end}"
        for what in (
            "candidates differ: no candidate in a.json; claude-opus-5-5 in b.json",
            "values of fail_on differ: breaking in a.json; never in b.json",
            "versions of pytest-llmregress differ: 0.1.0 in a.json; 0.2.0 in b.json",
        )
    ]
    assert not Path("all.json").exists()


def test_every_report_that_cannot_be_read_is_named(project):
    write("a.json", record("t.py::test_a"))
    newer = json.loads(Path("a.json").read_text()) | {"llmregress_report": 99}
    Path("newer.json").write_text(json.dumps(newer))
    Path("cut.json").write_text(Path("a.json").read_text()[:100])
    Path("other.json").write_text("[]")
    names = ("newer.json", "cut.json", "other.json", "none.json")
    run = project.run("merge", "a.json", *names, "-o", "all.toml")

    assert run.status == 2
    assert [line.split(": ")[1].partition(":")[0] for line in run.err] == [
        "--output all.toml",
        *names,
    ]
    assert "report format 99" in run.err[1]
    assert not Path("all.toml").exists()


def test_a_report_that_was_edited_into_nonsense_is_told_without_a_stack_trace(project):
    write("a.json", failing(1))
    data = json.loads(Path("a.json").read_text())
    data["tests"][0]["evidence"]["baseline"]["passed"] = "many"
    Path("a.json").write_text(json.dumps(data))
    run = project.run("merge", "a.json", "-o", "all.json")

    assert run.status == 2
    assert run.err[0].startswith("pytest-llmregress: merge: one of them is damaged: TypeError")
    assert not Path("all.json").exists()


def test_an_orphan_of_one_shard_that_another_has_a_test_for_is_none(project):
    folder = "tests/__llm__/test_a"
    write(
        "a.json",
        record("t.py::test_a"),
        orphans=(f"{folder}/b.cassette.yaml", f"{folder}/gone.cassette.yaml"),
    )
    write("b.json", record("t.py::test_b", cassette=f"{folder}/b@m.cassette.yaml"))
    project.run("merge", "a.json", "b.json", "-o", "all.json")

    assert read("all.json").orphans == (f"{folder}/gone.cassette.yaml",)


def test_versions_that_a_matrix_differs_in_are_all_named(project):
    versions = {"pytest-llmregress": "0.1.0", "python": "3.11.7"}
    write("a.json", record("t.py::test_a"), versions=versions)
    write("b.json", record("t.py::test_b"), versions={**versions, "python": "3.13.1"})
    project.run("merge", "a.json", "b.json", "-o", "all.json")

    assert read("all.json").versions == {**versions, "python": "3.11.7, 3.13.1"}


@pytest.mark.parametrize(
    ("name", "start"),
    [("all.md", "<!-- pytest-llmregress"), ("all.XML", "<?xml"), ("all.html", "<!doctype html>")],
)
def test_the_ending_chooses_the_form(project, name, start):
    write("a.json", record("t.py::test_a"))
    run = project.run("merge", "a.json", "-o", name)

    assert run.status == 0
    assert Path(name).read_text(encoding="utf-8").startswith(start)


def test_a_merged_report_can_be_merged_again(project):
    for name in "abc":
        write(f"{name}.json", replace(failing(ord(name)), test=f"t.py::test_{name}"))
    project.run("merge", "a.json", "b.json", "-o", "ab.json")
    project.run("merge", "ab.json", "c.json", "-o", "one.json")
    project.run("merge", "a.json", "b.json", "c.json", "-o", "two.json")

    assert Path("one.json").read_bytes() == Path("two.json").read_bytes()
