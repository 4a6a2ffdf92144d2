"""The command `report`: what a run has written for programs, as a page for people."""

import json
from pathlib import Path

from pytest_llmregress.cli.output import CommandResult, ExitStatus
from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.reports.reporters import BUILT_IN, EXTENSIONS
from pytest_llmregress.storage.atomic_write import write_text
from pytest_llmregress.values.run_report import ReportError, RunReport

_HELP = "pytest-llmregress report --help"
_AGAIN = "pytest --llmregress-report RUN.json"


def write_report(run: Path, *, output: Path | None) -> CommandResult:
    """Read the JSON of a run and write it in the format that the ending of `output` names."""
    to = run.with_suffix(".html") if output is None else output
    problems = []
    reporter = BUILT_IN.get(to.suffix.lower())
    if reporter is None:
        problems.append(f"{to}: no report has this ending; {EXTENSIONS}. {_HELP}")
    if to.resolve() == run.resolve():
        problems.append(f"{to}: this is the file to read; write another one. {_HELP}")
    try:
        report = _read(run)
    except ReportError as error:
        problems.append(f"{run}: {error}")
    if problems or reporter is None:
        return CommandResult(status=ExitStatus.FAILED, problems=tuple(problems))
    try:
        write_text(to, reporter().render(report))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # Types are not checked value by value on reading, so a file edited by hand gets as far.
        what = f"it is damaged: {type(error).__name__}: {error}; write it again: {_AGAIN}"
        return CommandResult(status=ExitStatus.FAILED, problems=(f"{run}: {what}",))
    return CommandResult(
        status=ExitStatus.FINE, lines=(f"{to}: {count(len(report.tests), 'test')}",)
    )


def _read(path: Path) -> RunReport:
    try:
        return RunReport.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (RecursionError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ReportError(f"it is no JSON: {error}; write it again: {_AGAIN}") from None
