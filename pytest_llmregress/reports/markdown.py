"""The report of a run as Markdown, for a job summary or a comment on a pull request."""

import re
import shlex
from collections.abc import Iterator, Sequence

from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.formatting.text_table import count_severities
from pytest_llmregress.formatting.value_text import printable, truncate
from pytest_llmregress.reports.drift import ONCE, is_single
from pytest_llmregress.reports.failing_tests import is_failed
from pytest_llmregress.reports.headline import split_headline
from pytest_llmregress.reports.junit_properties import (
    format_property,
    headline_of,
    render_test_story,
)
from pytest_llmregress.reports.summary import summary_lines
from pytest_llmregress.reports.verdict import render_suite, say_nights
from pytest_llmregress.values.file_names import slug_of_variant
from pytest_llmregress.values.history import HistoryVerdict
from pytest_llmregress.values.run_report import RunReport, TestRecord

MARKER = "pytest-llmregress"
"""What the hidden first line says; a bot finds its own comment by it and edits it."""
MAX_CHARACTERS = 60_000
"""GitHub refuses a comment from 65,536 on."""
MAX_ROWS = 30
"""Tests in the table; the others are counted."""

_MAX_NAME = 160
_MAX_HEADLINE = 200
_MAX_SAID = 1_200
_MAX_STORY = 6_000
_MAX_VERDICT = 8_000
_RESERVE = 1_000
"""Characters kept for what follows the details."""
_OBEYED = re.compile(r"[&<>\"'`*\[\]#|~@$\\]|\b_|_\b|:(?=/)|(?<=www)\.", re.IGNORECASE)
"""What Markdown, HTML or GitHub could read as more than a character."""
_PLAIN = re.compile(r"[A-Za-z0-9 ,:;()=-]+")
"""A title that nothing reads as more than its words."""


class MarkdownReporter:
    """Writes the verdict, the tests that differ, the worst first, and what to do next.

    Nothing that a model, a test or a file name says is obeyed in it: no table cell is left, no
    tag opened, nobody notified, nothing linked.
    """

    suffix: str = ".md"

    def render(self, report: RunReport) -> str:
        """Return the whole file, at most `MAX_CHARACTERS` long; its first line is the marker."""
        told = _told(report)
        head = "\n".join(
            (_marker(report), *_heading(report), "", *_counts(report), *_table(report, told))
        )
        tail = "\n".join(_commands(report))
        room = MAX_CHARACTERS - len(head) - len(tail) - _RESERVE
        return f"{head}\n{_details(report, told, room=room)}{tail}".rstrip("\n") + "\n"


def code(text: str, limit: int = _MAX_NAME) -> str:
    """Return a text of others, on one line, that shows in a cell or a sentence as it is.

    Mentions and references are not looked for inside of <code>; the comment keeps an address
    from becoming a link.
    """
    plain = truncate(printable(text), limit)
    spelled = _OBEYED.sub(lambda found: f"&#{ord(found[0])};", plain)
    return f"<code>{spelled.replace('&#64;', '&#64;<!-- -->')}</code>"


def fenced(text: str, language: str = "text") -> str:
    """Return a text of several lines as a block that nothing in it can end."""
    text = format_property(text)
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _marker(report: RunReport) -> str:
    candidate = "" if report.candidate is None else f" {slug_of_variant(report.candidate)}"
    return f"<!-- {MARKER}{candidate} -->"


def _heading(report: RunReport) -> tuple[str, ...]:
    """Return the headline: what becomes of the build, then why."""
    title, rest = split_headline(report)
    shown = title if _PLAIN.fullmatch(title) else code(title, _MAX_SAID)
    return f"### {shown}", *(("", code(rest, _MAX_SAID)) if rest else ())


def _counts(report: RunReport) -> tuple[str, ...]:
    """Return the counts behind the headline, and what they rest on."""
    if not report.tests:
        return ()
    counts = count_severities(test.severity for test in report.drifted if test.severity)
    line = code(summary_lines(report)[0], 400)
    told = [f"Worst change of each test that changed: {counts}."] if counts else []
    once = [f"{ONCE}."] if report.drifted and is_single(report.drifted) else []
    return (f"{line}<br>" if told or once else line, *told, *once)


def _told(report: RunReport) -> tuple[TestRecord, ...]:
    """Return the tests that there is something to say about, the worst first."""
    return tuple(
        sorted(
            (test for test in report.tests if test.problems or test.severity is not None),
            key=lambda test: (
                not is_failed(test, report.fail_on),
                not test.faults,
                -(test.severity.rank if test.severity else 0),
                test.test,
            ),
        )
    )


def _table(report: RunReport, told: Sequence[TestRecord]) -> Iterator[str]:
    if not told:
        return
    yield from ("", "| | test | samples | what |", "|---|---|---|---|")
    for test in told[:MAX_ROWS]:
        other = "problem" if test.faults else "remark"
        kind = str(test.severity) if test.severity and not test.faults else other
        fails = f"**{kind}**" if is_failed(test, report.fail_on) else kind
        samples = f"{test.passes}/{test.samples}"
        what = code(headline_of(test), _MAX_HEADLINE)
        yield f"| {fails} | {code(test.test)} | {samples} | {what} |"
    rest = len(told) - MAX_ROWS
    more = f"And {count(rest, 'more test')}. " if rest > 0 else ""
    yield f"\n{more}What is bold fails."


def _details(report: RunReport, told: Sequence[TestRecord], *, room: int) -> str:
    blocks: list[str] = []
    if report.verdict is not None:
        verdict = truncate(
            "\n".join(render_suite(report.verdict, fail_on=report.fail_on)), _MAX_VERDICT
        )
        blocks.append(_block("The verdict in full", verdict))
    blocks += [
        _block(code(test.test), truncate(render_test_story(test, report.fail_on), _MAX_STORY))
        for test in told[:MAX_ROWS]
    ]
    history = None if report.verdict is None else report.verdict.history
    if history is not None and history.by_night:
        blocks.insert(1, _nights(history))
    kept: list[str] = []
    for block in blocks:
        if len(block) > room:
            break
        kept.append(block)
        room -= len(block)
    if left := len(blocks) - len(kept):
        kept.append(f"\n{count(left, 'more block')} of details did not fit in here.\n")
    return "".join(kept)


def _nights(history: HistoryVerdict) -> str:
    """Return the nights of a canary as a table: failed samples and events, beside the baseline."""
    names = "".join(f" {code(event.name)} |" for event in history.baseline)
    sides = [("baseline", False, history.baseline)]
    sides += [(say_nights(n), n.failing > 0, n.events) for n in reversed(history.by_night)]
    lines = [f"| |{names}", f"|---|{'---|' * len(history.baseline)}"]
    for label, is_red, events in sides:
        shown = "".join(f" {each.free.failed}/{each.free.n} |" for each in events)
        lines.append(f"| {'**red** ' if is_red else ''}{code(label)} |{shown}")
    table = "\n".join(lines)
    return f"\n<details><summary>The nights</summary>\n\n{table}\n\n</details>\n"


def _block(title: str, text: str) -> str:
    # Without the empty lines the block between the tags would be read as HTML.
    return f"\n<details><summary>{title}</summary>\n\n{fenced(text)}\n\n</details>\n"


def _commands(report: RunReport) -> Iterator[str]:
    waiting = [test for test in report.tests if test.pending is not None]
    if not report.drifted and not waiting:
        return
    yield "\n<details><summary>What to do next</summary>\n"
    lines = []
    if report.candidate is not None:
        # CI keeps no pending files: the run that shows them is one on a machine of yours.
        again = f"pytest --llmregress-candidate {shlex.quote(printable(report.candidate))}"
        lines.append(truncate(again, _MAX_NAME))
    lines += ["pytest-llmregress status", "pytest-llmregress accept   # lists what waits"]
    yield fenced("\n".join(lines), "sh")
    yield "\n</details>"
