"""The block below the tests: short, unless all of it is asked for."""

from collections.abc import Mapping, Sequence

from pytest_llmregress.reports.brief import MAX_LINES, brief_lines, cut, headline_lines
from pytest_llmregress.reports.samples import render_quarantine
from pytest_llmregress.reports.summary import summary_lines
from pytest_llmregress.runner.several_candidates import render_side_by_side
from pytest_llmregress.values.run_report import RunReport

MIN_LINES = 2
"""Lines that each of several candidates has at least, its headline first."""
MAX_FAULTS = 3
"""Lines of what went wrong with the run itself."""
MAX_REPORTS = 2
"""Lines that name reports."""


def render_brief(
    reports: Sequence[RunReport], *, faults: Sequence[str], paths: Sequence[str]
) -> tuple[str, ...]:
    """Return the block in about `MAX_LINES` lines: what becomes of the build, and what to do.

    :param faults: what went wrong with the run itself. :param paths: lines that name reports.
    """
    beside = render_side_by_side(reports)
    faults, paths = cut(faults, MAX_FAULTS), cut(paths, MAX_REPORTS)
    room = MAX_LINES - len(beside) - len(faults) - len(paths)
    each_room = max(MIN_LINES, room // max(1, len(reports)))
    lines = [line for each in reports for line in brief_lines(each, room=each_room)]
    return (*lines, *beside, *faults, *paths)


def render_all(
    reports: Sequence[RunReport], *, faults: Sequence[str], paths: Sequence[str]
) -> tuple[str, ...]:
    """Return the block whole, with the statistics.

    :param faults: what went wrong with the run itself. :param paths: lines that name reports.
    """
    lines = [
        line
        for each in reports
        for line in (
            *headline_lines(each),
            *summary_lines(each),
            *render_quarantine(each, has_verdict=True),
        )
    ]
    return (*lines, *render_side_by_side(reports), *faults, *paths)


def name_paths(paths: Sequence[str], unwritten: Mapping[str, str]) -> tuple[str, ...]:
    """Return a line for all reports that were written, and one for each that was not.

    :param unwritten: why a report could not be written, by its path.
    """
    written = [path for path in paths if path not in unwritten]
    told = (f"report: {', '.join(written)}",) if written else ()
    lost = (f"report: {path}: it could not be written: {why}" for path, why in unwritten.items())
    return (*told, *lost)
