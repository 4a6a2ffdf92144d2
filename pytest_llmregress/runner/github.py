"""What GitHub Actions shows beside a change: annotations of what failed."""

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

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember where a test is."""
        if hasattr(report, RECORD):
            self._locations[report.nodeid] = report.location

    def pytest_llmregress_finish(self, report: RunReport) -> None:
        """Remember what the run found."""
        self._report = report

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self) -> None:
        """Annotate what failed, where GitHub reads along."""
        if self._report is None:
            return
        from pytest_llmregress.reports.github_annotations import annotate

        places = {test: self._place(*each) for test, each in self._locations.items()}
        output.write_commands(self._config, annotate(self._report, places))

    def _place(self, file: str, line: int | None, _name: str) -> "SourceLocation":
        from pytest_llmregress.reports.github_annotations import SourceLocation

        path = (self._root / file).resolve()
        workspace = Path(os.environ.get("GITHUB_WORKSPACE") or self._root).resolve()
        inside = path.is_relative_to(workspace)
        shown = path.relative_to(workspace).as_posix() if inside else Path(file).as_posix()
        return SourceLocation(file=shown, line=None if line is None else line + 1)


def register(config: pytest.Config) -> None:
    """Register it once on GitHub; not in a worker, whose reports arrive elsewhere."""
    if not os.environ.get("GITHUB_ACTIONS") or hasattr(config, "workerinput"):
        return
    if not config.pluginmanager.hasplugin(NAME):
        config.pluginmanager.register(Annotations(config), NAME)
