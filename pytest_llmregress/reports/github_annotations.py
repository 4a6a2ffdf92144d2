"""Annotations of GitHub Actions: what failed, on the line of the test."""

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.formatting.value_text import printable, truncate
from pytest_llmregress.reports.failing_tests import is_failed, suite_fails
from pytest_llmregress.reports.headline import headline
from pytest_llmregress.reports.junit_properties import render_test_story
from pytest_llmregress.values.run_report import RunReport, TestRecord

MAX_ANNOTATIONS = 10
"""What GitHub shows of one kind and step; the others are counted."""
_MAX_MESSAGE = 2_000
_MAX_TITLE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLocation:
    """Where a test is."""

    file: str
    """Relative to the repository, "/" between folders."""
    line: int | None
    """The first line is 1; None where nobody knows."""


def annotate(report: RunReport, places: Mapping[str, SourceLocation]) -> tuple[str, ...]:
    """Return one line for each test that fails, and before several the headline of the run.

    The worst first, at most `MAX_ANNOTATIONS`; a last line that is no annotation counts the rest.
    Drift that fails nothing is left to the reports, and an assert of a test's own to pytest.
    """
    failed = [
        test
        for test in report.tests
        if is_failed(test, report.fail_on) and render_test_story(test, report.fail_on)
    ]
    failed.sort(key=lambda test: (not test.problems, -_rank(test), test.test))
    has_several = len(failed) > 1 or suite_fails(report)
    lines = [_of_run(report)] if has_several else []
    room = MAX_ANNOTATIONS - len(lines)
    lines += [_of_test(test, report.fail_on, places.get(test.test)) for test in failed[:room]]
    if rest := failed[room:]:
        lines.append(f"and {count(len(rest), 'more test')} without an annotation")
    return tuple(lines)


def escape_data(text: str) -> str:
    """Return the message of a command as the runner reads it back."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(text: str) -> str:
    """Return a value before the message, where colon and comma mean something, too."""
    return escape_data(text).replace(":", "%3A").replace(",", "%2C")


def _of_run(report: RunReport) -> str:
    said = truncate(printable(headline(report)), _MAX_MESSAGE)
    return _command({"title": "llmregress"}, said)


def _of_test(test: TestRecord, fail_on: str, place: SourceLocation | None) -> str:
    properties = {}
    if place is not None:
        properties["file"] = place.file
        if place.line is not None:
            properties["line"] = str(place.line)
    name = printable(test.test).rpartition("::")[2]
    properties["title"] = truncate(f"llmregress: {name}", _MAX_TITLE)
    return _command(properties, truncate(render_test_story(test, fail_on), _MAX_MESSAGE))


def _command(properties: Mapping[str, str], message: str) -> str:
    given = ",".join(f"{name}={escape_property(value)}" for name, value in properties.items())
    return f"::error {given}::{escape_data(message)}"


def _rank(test: TestRecord) -> int:
    return -1 if test.severity is None else test.severity.rank
