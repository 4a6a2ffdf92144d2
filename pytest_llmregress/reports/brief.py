"""The end of a run for somebody who is tired: what becomes of the build, why, and what to do."""

import textwrap
from collections.abc import Sequence

from pytest_llmregress.formatting.control_characters import escape_controls
from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.formatting.text_table import WIDTH
from pytest_llmregress.reports.behavior_words import say_drift
from pytest_llmregress.reports.drift import ONCE, is_single
from pytest_llmregress.reports.failing_tests import is_failed, run_fails
from pytest_llmregress.reports.headline import find_counting, headline, name_drift
from pytest_llmregress.reports.samples import render_quarantine
from pytest_llmregress.reports.summary import detail_lines, summary_lines, unseen_lines
from pytest_llmregress.values.run_report import RunReport, TestRecord
from pytest_llmregress.values.verdict import TestVerdict, Verdict

MAX_LINES = 13
"""Lines of a run, its title and the line below pytest's last one apart: 15 with these."""
MAX_TESTS = 4
"""Tests that changed and pass and are told one by one; of more, each kind of change is."""
MAX_NAMED = 2
"""Tests that are named of one kind of change."""
_MORE = "all of it: pytest -v"


def brief_lines(report: RunReport, *, room: int = MAX_LINES) -> tuple[str, ...]:
    """Return what there is to say at the end of a run in about `room` lines.

    What matters most comes first; how many lines are left out is told. The headline is never cut:
    what was not looked at is at its end.
    """
    if not report.tests:
        return ()
    head = headline_lines(report)
    lines = (
        *head,
        *_counts(report),
        *unseen_lines(report),
        *_spared(report),
        *_evidence(report),
        *render_quarantine(report, has_verdict=False),
        *detail_lines(report),
    )
    return cut(lines, max(room, len(head) + 1))


def headline_lines(report: RunReport) -> tuple[str, ...]:
    """Return the headline in lines of the usual width."""
    return tuple(
        textwrap.wrap(
            escape_controls(headline(report)),
            width=WIDTH,
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    )


def cut(lines: Sequence[str], room: int) -> tuple[str, ...]:
    """Return lines, the last ones counted where there are too many."""
    if len(lines) <= room:
        return tuple(lines)
    kept = max(1, room - 1)
    return (*lines[:kept], f"and {count(len(lines) - kept, 'more line')}; {_MORE}")


def _counts(report: RunReport) -> tuple[str, ...]:
    """Return what was done with how many tests, unless the headline says all of it."""
    modes = {test.mode for test in report.tests}
    unread = any(test.not_understood for test in report.tests)
    is_plain = report.candidate is None and len(modes) == 1 and not unread
    return () if is_plain and not run_fails(report) else summary_lines(report)[:1]


def _spared(report: RunReport) -> tuple[str, ...]:
    """Name the tests that changed and pass, with what changed; of many, by kind."""
    spared = [test for test in report.drifted if not is_failed(test, report.fail_on)]
    if not spared:
        return ()
    if len(spared) <= MAX_TESTS:
        return tuple(
            f"  passes: {escape_controls(test.test)}: {escape_controls(_say(test))}"
            for test in spared
        )
    kinds: dict[str, list[TestRecord]] = {}
    for test in spared:
        kinds.setdefault(name_drift(test), []).append(test)
    ranked = sorted(kinds.items(), key=lambda each: -len(each[1]))
    lines = [f"  passes: {escape_controls(kind)}: {_name(tests)}" for kind, tests in ranked]
    rest = sum(len(tests) for _, tests in ranked[MAX_TESTS:])
    more = [f"  passes: {count(rest, 'test')} with other changes"] if rest else []
    return (*lines[:MAX_TESTS], *more)


def _say(test: TestRecord) -> str:
    return "" if test.drift is None else say_drift(test.drift, find_counting(test))


def _name(tests: Sequence[TestRecord]) -> str:
    names = ", ".join(escape_controls(test.test) for test in tests[:MAX_NAMED])
    more = f" and {len(tests) - MAX_NAMED} more" if len(tests) > MAX_NAMED else ""
    return f"{count(len(tests), 'test')}: {names}{more}"


def _evidence(report: RunReport) -> tuple[str, ...]:
    """Say in one line how sure the changes are."""
    verdict = report.verdict
    if verdict is None:
        return (ONCE,) if report.drifted and is_single(report.drifted) else ()
    kinds = {
        "seen in 1 recording against 1, which does not say how often": _is_once,
        "confirmed by more samples": _is_confirmed,
        "failing more often than the baseline": _is_regressed,
        "new and not confirmed by more samples": _is_unconfirmed,
    }
    told = [
        f"{number:,} {words}"
        for words, holds in kinds.items()
        if (number := sum(map(holds, verdict.tests)))
    ]
    said = "; ".join(told)
    return (f"how sure: {said}; {_MORE}",) if said else ()


def _is_once(test: TestVerdict) -> bool:
    return bool(test.untested)


def _is_confirmed(test: TestVerdict) -> bool:
    return bool(test.confirmed) and not test.untested


def _is_regressed(test: TestVerdict) -> bool:
    return test.verdict is Verdict.REGRESSED and not test.confirmed and not test.untested


def _is_unconfirmed(test: TestVerdict) -> bool:
    return bool(test.unconfirmed) and not test.confirmed and not test.untested
