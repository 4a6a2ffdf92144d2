"""Writes the reports that were asked for, each by the reporter of its ending."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from pytest_llmregress.providers.protocol import Reporter
from pytest_llmregress.runner.hook_calls import HookError, Hooks, register_built_ins
from pytest_llmregress.storage.atomic_write import write_text
from pytest_llmregress.values.run_report import RunReport


def write_reports(
    config: pytest.Config,
    paths: Sequence[Sequence[str]],
    reports: Sequence[RunReport],
    hooks: Hooks,
) -> dict[str, str]:
    """Write each report that was asked for; return why a path could not be written.

    :param paths: those of each report.
    """
    if not any(paths):
        return {}
    reporters = find_reporters(config, hooks)
    unwritten = {}
    for path, report in [(p, each) for own, each in zip(paths, reports, strict=True) for p in own]:
        reporter = choose_reporter(path, reporters)
        if reporter is None:
            continue
        try:
            write_text(config.invocation_params.dir / path, reporter.render(report))
        except OSError as error:  # what the run found is still to be told
            unwritten[path] = f"{error}; give another path"
        except HookError as error:
            unwritten[path] = str(error)
    return unwritten


def find_reporters(config: pytest.Config, hooks: Hooks) -> list[Reporter]:
    """Return the writers of reports."""
    register_built_ins(config)
    return hooks.reporters(config.hook)


def choose_reporter(path: str, reporters: Sequence[Reporter]) -> Reporter | None:
    """Return the writer of a path, by its ending; None where there is none."""
    suffix = Path(path).suffix.lower()
    return next((reporter for reporter in reporters if reporter.suffix == suffix), None)
