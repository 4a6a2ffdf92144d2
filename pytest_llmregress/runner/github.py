"""What GitHub Actions shows beside a change: annotations of what failed, and the job summary."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_llmregress.hookspecs import RECORD
from pytest_llmregress.runner import output
from pytest_llmregress.values.run_report import RunReport

if TYPE_CHECKING:
    from pytest_llmregress.reports.github_annotations import SourceLocation

NAME = "llmregress-github"


class Annotations:
    """Runs where the reports arrive: in the only process, or in the controller of xdist."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._root = config.rootpath
        self._locations: dict[str, tuple[str, int | None, str]] = {}
        self._report: RunReport | None = None
        self._unwritten = ""
        """Why the summary of the job could not be written; empty where nothing went wrong."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember where a test is."""
        if hasattr(report, RECORD):
            self._locations[report.nodeid] = report.location

    def pytest_llmregress_finish(self, report: RunReport) -> None:
        """Remember what the run found, and add it to the summary of the job."""
        self._report = report
        if report.tests and (path := os.environ.get("GITHUB_STEP_SUMMARY")):
            self._unwritten = _add_to_summary(Path(path), report)

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self) -> None:
        """Annotate what failed, where GitHub reads along."""
        if self._report is None:
            return
        from pytest_llmregress.reports.github_annotations import annotate

        places = {test: self._place(*each) for test, each in self._locations.items()}
        output.write_commands(self._config, annotate(self._report, places))
        if self._unwritten:
            output.write_lines(self._config, [f"job summary: not written: {self._unwritten}"])

    def _place(self, file: str, line: int | None, _name: str) -> "SourceLocation":
        from pytest_llmregress.reports.github_annotations import SourceLocation

        path = (self._root / file).resolve()
        workspace = Path(os.environ.get("GITHUB_WORKSPACE") or self._root).resolve()
        inside = path.is_relative_to(workspace)
        shown = path.relative_to(workspace).as_posix() if inside else Path(file).as_posix()
        return SourceLocation(file=shown, line=None if line is None else line + 1)


def _add_to_summary(path: Path, report: RunReport) -> str:
    """Add the report to the summary of the job, which GitHub shows; return what went wrong."""
    from pytest_llmregress.reports.markdown import MarkdownReporter

    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(MarkdownReporter().render(report))
    except OSError as error:
        return str(error)
    return ""


def register(config: pytest.Config) -> None:
    """Register it once on GitHub; not in a worker, whose reports arrive elsewhere."""
    if not os.environ.get("GITHUB_ACTIONS") or hasattr(config, "workerinput"):
        return
    if not config.pluginmanager.hasplugin(NAME):
        config.pluginmanager.register(Annotations(config), NAME)
