"""Verdicts for people: a suite's at the end of a run, a test's in its failure."""

import textwrap

from pytest_llmregress.core.suite_verdict import SuiteVerdict
from pytest_llmregress.core.verdict import TestVerdict, Verdict
from pytest_llmregress.core.verdict_words import MIN_SAMPLES, NAMES
from pytest_llmregress.reporting.layout import WIDTH, visible

MAX_TOLD = 10
"""Tests whose verdict is told below the suite's; the others are counted."""

_INDENT = "  "


def lines_of_test(verdict: TestVerdict, *, indent: str = "") -> tuple[str, ...]:
    """Return the verdict on one test: its name and what becomes of it, then why."""
    fails = "fails the run" if verdict.fails else "does not fail the run"
    head = f"{indent}{visible(verdict.test)}: {NAMES[verdict.verdict]}; {fails}"
    name, *statements = verdict.text.splitlines()
    reason = name.removeprefix(NAMES[verdict.verdict]).removeprefix(": ")
    told = [reason, *statements] if reason else statements
    return head, *(line for each in told for line in _wrap(each, indent=indent + _INDENT))


def lines_of_suite(suite: SuiteVerdict) -> tuple[str, ...]:
    """Return the verdict on a suite, then that on each test there is something to say about."""
    told = [test for test in suite.tests if _is_told(test)]
    told.sort(key=lambda test: (not test.fails, test.verdict is Verdict.NO_EVIDENCE))
    lines = [line for sentence in suite.lines for line in _wrap(sentence, indent="")]
    for test in told[:MAX_TOLD]:
        lines.extend(lines_of_test(test, indent=_INDENT))
    if len(told) > MAX_TOLD:
        lines.append(f"{_INDENT}and {len(told) - MAX_TOLD} more")
    return tuple(lines)


def _is_told(test: TestVerdict) -> bool:
    """Whether its samples say something: of one against one, the drift tells what there is."""
    if test.baseline.n < MIN_SAMPLES:
        return False
    is_found = test.verdict in (
        Verdict.BROKEN,
        Verdict.REGRESSED,
        Verdict.DRIFTED,
        Verdict.IMPROVED,
    )
    return is_found or bool(test.unconfirmed)


def _wrap(text: str, *, indent: str) -> list[str]:
    """Return a text in lines of the usual width, each but the first further in."""
    return textwrap.wrap(
        visible(text),
        width=WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + _INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
