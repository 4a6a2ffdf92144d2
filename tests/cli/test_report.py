"""The command `report`: a run's JSON as a page, or as another report."""

import json
from pathlib import Path

import pytest

from pytest_llmregress.reports.html import HtmlReporter
from pytest_llmregress.reports.reporters import JsonReporter
from pytest_llmregress.values.run_report import FORMAT, ReportError, RunReport
from reports import compared, drifted, record, run

REPORT = compared(drifted(), record("tests/test_a.py::test_b"))
AGAIN = "write it again: pytest --llmregress-report RUN.json"


def write(project, text: str) -> Path:
    path = project.root / "run.json"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_page_is_written_beside_the_run(project):
    write(project, "".join(JsonReporter().render(REPORT)))
    done = project.run("report", "run.json")

    assert (done.status, done.out, done.err) == (0, ["run.html: 2 tests"], [])
    assert (project.root / "run.html").read_text("utf-8") == "".join(HtmlReporter().render(REPORT))


@pytest.mark.parametrize("name", ["x.html", "new/x.HTML", "x.json", "x.md", "x.xml"])
def test_the_ending_of_the_output_chooses_the_format(project, name):
    write(project, "".join(JsonReporter().render(REPORT)))
    done = project.run("report", "run.json", "-o", name)

    assert (done.status, done.out) == (0, [f"{name}: 2 tests"])
    assert (project.root / name).stat().st_size > 500


def test_what_to_json_wrote_from_json_reads():
    assert RunReport.from_json(json.loads(json.dumps(REPORT.to_json()))) == REPORT
    assert RunReport.from_json(run().to_json()) == run()


@pytest.mark.parametrize("name", ["x.pdf", "x", "x.html.gz"])
def test_another_ending_is_refused(project, name):
    write(project, "".join(JsonReporter().render(REPORT)))
    done = project.run("report", "run.json", "-o", name)
    (line,) = done.err

    assert done.status == 2
    assert line == (
        f"pytest-llmregress: {name}: no report has this ending; .html, .json, .md, .xml. "
        "pytest-llmregress report --help"
    )
    assert not (project.root / name).exists()


def test_the_run_itself_is_never_overwritten(project):
    path = write(project, "".join(JsonReporter().render(REPORT)))
    done = project.run("report", "run.json", "-o", "./run.json")

    assert done.status == 2
    assert "this is the file to read; write another one" in done.err[0]
    assert path.read_text("utf-8") == "".join(JsonReporter().render(REPORT))


def test_a_file_that_is_not_there_is_named(project):
    done = project.run("report", "gone.json")

    assert (done.status, done.err) == (
        2,
        ["pytest-llmregress: gone.json: No such file or directory"],
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", f"run.json: it is no JSON: Expecting property name{{}}; {AGAIN}"),
        ("[" * 100_000, f"run.json: it is no JSON: {{}}; {AGAIN}"),
        ("[]", "run.json: it is no report of pytest-llmregress; a file that was written by {}"),
        ('{"tests": []}', "run.json: it is no report of pytest-llmregress; {}"),
        ('{"llmregress_report": "1"}', "run.json: it is no report of pytest-llmregress; {}"),
        ('{"llmregress_report": true}', "run.json: it is no report of pytest-llmregress; {}"),
        ('{"llmregress_report": 1}', f"run.json: it is damaged: KeyError: {{}}; {AGAIN}"),
    ],
)
def test_what_is_no_run_is_refused_in_one_line(project, text, said):
    write(project, text)
    done = project.run("report", "run.json")
    start, end = said.split("{}")

    assert done.status == 2
    assert len(done.err) == 1
    assert done.err[0].startswith(f"pytest-llmregress: {start}")
    assert done.err[0].endswith(end)
    assert not (project.root / "run.html").exists()


def test_bytes_that_are_no_text_are_refused(project):
    (project.root / "run.json").write_bytes(b"\xff\xfe\x00")
    done = project.run("report", "run.json")

    assert done.status == 2
    assert "run.json: it is no JSON: 'utf-8' codec can't decode" in done.err[0]


def test_a_run_of_a_newer_version_is_refused_by_its_name():
    data = {**REPORT.to_json(), "llmregress_report": FORMAT + 1, "versions": {}}

    with pytest.raises(ReportError) as without:
        RunReport.from_json(data)
    with pytest.raises(ReportError) as named:
        RunReport.from_json({**data, "versions": {"pytest-llmregress": "7.1.0"}})

    assert str(without.value).startswith("it was written by a newer version (report format 2)")
    assert str(named.value) == (
        "it was written by pytest-llmregress 7.1.0 (report format 2), and this one reads up to 1; "
        "upgrade: python -m pip install -U pytest-llmregress"
    )


@pytest.mark.parametrize(
    ("field", "value"), [("calls", "many"), ("test", 7), ("evidence", []), ("drift", "breaking")]
)
def test_a_value_of_another_type_ends_in_a_line_and_not_in_a_stack_trace(project, field, value):
    data = REPORT.to_json()
    data["tests"][0][field] = value
    if field == "calls":
        data["tests"][0]["before"][field] = value
    write(project, json.dumps(data))
    done = project.run("report", "run.json")

    assert done.status == 2
    assert done.err[0].startswith("pytest-llmregress: run.json: it is damaged: ")
    assert done.err[0].endswith(AGAIN)
