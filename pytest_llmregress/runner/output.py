"""The only way from this plugin to what pytest shows: the terminal, failures, usage errors.

Here and nowhere else a text is handed over, and here all of it is spelled out: whatever a model, a
server, a file or a test id says in it, no terminal and no CI system obeys it. A test that walks the
syntax tree of the package holds that nothing goes round it.
"""

import sys
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NoReturn

import pytest

from pytest_llmregress.formatting.control_characters import escape_controls, visible_lines
from pytest_llmregress.hookspecs import UNCONFIRMED

_COMMAND = "::"
_SHOWS_TEXT = pytest.version_tuple >= (9, 2)
"""Whether pytest's short summary shows a failure that is a text; older ones show an exception's."""
MAX_WHY = 200
"""Characters of the reason that is written down for a sample that did not pass."""


def fail(message: str) -> NoReturn:
    """Fail the test that runs, without a stack trace; no `except Exception` catches it."""
    __tracebackhide__ = True
    raise pytest.fail.Exception(visible_lines(message), pytrace=False) from None


def usage_error(message: str) -> pytest.UsageError:
    """Return what ends a run before it begins, to be raised."""
    return pytest.UsageError(visible_lines(message))


def collect_error(message: str) -> pytest.Collector.CollectError:
    """Return what keeps a test file from being collected, to be raised."""
    return pytest.Collector.CollectError(visible_lines(message))


def fail_report(report: pytest.TestReport, message: str, *, test: str) -> None:
    """Have a phase of a test fail by a message, which need not name the test once more.

    pytest shows the first line of it behind the name of the test: there the reason stands.

    :param test: the node id, whichever candidate the test is run with.
    """
    reason = visible_lines(message).removeprefix(f"{test}: ")
    report.outcome, report.longrepr = "failed", reason if _SHOWS_TEXT else _as_crash(reason)


def _as_crash(reason: str) -> Any:
    """Return a text as what an exception is shown by, with its first line for the summary."""
    try:
        fail(reason)
    except pytest.fail.Exception:
        shown = pytest.ExceptionInfo.from_current().getrepr(style="value")
    if shown.reprcrash is not None:
        shown.reprcrash.message = reason.partition("\n")[0]
    return shown


def name_reason(report: pytest.TestReport, *, test: str) -> None:
    """Have a failure of ours begin with its reason, as pytest's short summary shows it."""
    if report.failed and (text := report.longreprtext).startswith((f"{test}: ", "drift: ")):
        fail_report(report, text, test=test)


def write_at_exit(line: str) -> None:
    """Write a line to the standard error of a process whose terminal pytest has closed."""
    sys.stderr.write(f"{escape_controls(line)}\n")


def redact_report(report: pytest.TestReport, redact: Callable[[str], str]) -> None:
    """Take secrets out of what a phase of a test ended with, and out of what was captured.

    What holds none stays as it is: pytest draws an exception that it still has with its colors.
    """
    if report.failed and report.longrepr is not None:
        told = str(report.longrepr)
        if (clean := redact(told)) != told:
            report.longrepr = clean
    report.sections = [(name, redact(text)) for name, text in report.sections]


def pass_report(report: pytest.TestReport) -> None:
    """Have a phase of a test pass."""
    report.outcome, report.longrepr = "passed", None


def copy_outcome(report: pytest.TestReport, other: pytest.TestReport) -> None:
    """Have a phase of a test end as another one did, with what pytest tells of that."""
    report.outcome, report.longrepr = other.outcome, other.longrepr


def silence(report: pytest.TestReport) -> None:
    """Take out of a report what was captured and added to it."""
    report.sections = []


def drop_sections(report: pytest.TestReport, sections: Sequence[tuple[str, str]]) -> None:
    """Take sections out of what was captured and added to a report, where it begins with those."""
    if report.sections[: len(sections)] == list(sections):
        report.sections = report.sections[len(sections) :]


def fail_unconfirmed(config: pytest.Config, late: Mapping[str, str]) -> None:
    """Have pytest's summary count tests as failed that it took for unconfirmed until now.

    :param late: why tests fail, by their node ids.
    """
    terminal = _terminal(config)
    told = [] if terminal is None else terminal.stats.get("unconfirmed", [])
    for report in [each for each in told if each.nodeid in late]:
        fail_report(report, late[report.nodeid], test=report.nodeid)
        delattr(report, UNCONFIRMED)
        told.remove(report)
        terminal.stats.setdefault("failed", []).append(report)


def warn(message: str) -> None:
    """Show a warning; where warnings are errors, it is no failure either."""
    with suppress(Warning):
        warnings.warn(pytest.PytestWarning(visible_lines(message)), stacklevel=3)


def add_section(report: pytest.TestReport, message: str) -> None:
    """Add a message to a report, which is shown where the phase fails."""
    report.sections = [*report.sections, ("llmregress", visible_lines(message))]


def is_there(config: pytest.Config) -> bool:
    """Tell whether this process has a terminal to write to."""
    return _terminal(config) is not None


def write_title(config: pytest.Config, title: str) -> None:
    """Begin a block of lines."""
    if (terminal := _terminal(config)) is not None:
        terminal.write_sep("=", escape_controls(title))


def write_lines(config: pytest.Config, lines: Iterable[str]) -> None:
    """Write lines, each of which may hold line breaks of ours."""
    if (terminal := _terminal(config)) is not None:
        for line in lines:
            terminal.write_line(visible_lines(line))


def interject(config: pytest.Config, line: str) -> None:
    """Write a line while tests run, below the dots of those that are over."""
    if (terminal := _terminal(config)) is not None:
        terminal.ensure_newline()
        terminal.write_line(visible_lines(line))


def break_line(config: pytest.Config) -> None:
    """End the line of dots where they belong to no file that could end it: those of workers."""
    if (terminal := _terminal(config)) is not None:
        terminal.write("\n")


def write_commands(config: pytest.Config, lines: Iterable[str]) -> None:
    """Write commands of ours to the runner of a CI system, one a line, and lines that are none."""
    if (terminal := _terminal(config)) is not None:
        for line in lines:
            command = _COMMAND if line.startswith(_COMMAND) else ""
            terminal.write_line(command + escape_controls(line.removeprefix(command)))


def _terminal(config: pytest.Config) -> Any:
    """Return pytest's terminal; None where it was left out, and in a worker."""
    return config.pluginmanager.get_plugin("terminalreporter")


def describe_in_a_line(error: BaseException) -> str:
    """Return the class of an exception and the beginning of what it says."""
    said = " ".join(str(error).split())
    return f"{type(error).__name__}{': ' if said else ''}{said}"[:MAX_WHY]
