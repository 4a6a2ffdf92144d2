"""Verdicts for people: a suite's at the end of a run, a test's in its failure."""

import re
import textwrap

from pytest_llmregress.formatting.control_characters import escape_controls
from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.formatting.text_table import WIDTH
from pytest_llmregress.values.evidence import TestEvidence
from pytest_llmregress.values.history import NightTally
from pytest_llmregress.values.suite_verdict import SuiteVerdict
from pytest_llmregress.values.verdict import GatePolicy, TestVerdict, Verdict
from pytest_llmregress.verdicts.control_text import say_control
from pytest_llmregress.verdicts.verdict_text import MIN_SAMPLES, NAMES

MAX_TOLD = 10
"""Tests whose verdict is told below the suite's; the others are counted."""

_INDENT = "  "


_NEVER, _BREAKING = "never", "breaking"
"""Words of `FailOn`, whose module takes several milliseconds to import."""
_FAILS = "fails the run"
_SPARES = "does not fail the run"


def format_fails(*, fails: bool, fail_on: str) -> str:
    """Say what becomes of a run by a verdict; where nothing may fail it, that it would."""
    if not fails:
        return _SPARES
    return "would fail the run, but fail-on is never" if fail_on == _NEVER else _FAILS


def render_test(
    verdict: TestVerdict, *, indent: str = "", fail_on: str | None = _BREAKING
) -> tuple[str, ...]:
    """Return the verdict on one test: its name and what becomes of it, then why.

    :param fail_on: None where it fails nothing, as in a comparison.
    """
    head = f"{indent}{escape_controls(verdict.test)}: {NAMES[verdict.verdict]}"
    if fail_on is not None:
        head += f"; {format_fails(fails=verdict.fails, fail_on=fail_on)}"
    name, *statements = verdict.text.splitlines()
    reason = name.removeprefix(NAMES[verdict.verdict]).removeprefix(": ")
    told = [reason, *statements] if reason else statements
    return head, *(line for each in told for line in _wrap(each, indent=indent + _INDENT))


def render_control(evidence: TestEvidence | None) -> tuple[str, ...]:
    """Return why a difference of a test was not tested; empty where nobody was to be asked."""
    said = () if evidence is None else say_control(evidence, gate=GatePolicy())
    return tuple(line for each in said for line in _wrap(each, indent=""))


def render_suite(suite: SuiteVerdict, *, fail_on: str = _BREAKING) -> tuple[str, ...]:
    """Return the verdict on a suite, then that on each test there is something to say about."""
    told = [test for test in suite.tests if _is_told(test)]
    told.sort(key=lambda test: (not test.fails, test.verdict is Verdict.NO_EVIDENCE))
    head = sentence_of_suite(suite, fail_on=fail_on)
    lines = [line for each in (*head, *suite.lines[1:]) for line in _wrap(each, indent="")]
    for test in told[:MAX_TOLD]:
        lines.extend(render_test(test, indent=_INDENT, fail_on=fail_on))
    if len(told) > MAX_TOLD:
        lines.append(f"{_INDENT}and {len(told) - MAX_TOLD} more")
    return tuple(lines)


def sentence_of_suite(suite: SuiteVerdict, *, fail_on: str) -> tuple[str, ...]:
    """Return the first sentence of a verdict, which says what becomes of the run; or none.

    It begins with what the verdict is called and what becomes of the run, up to a colon.
    """
    is_failed = bool(suite.otherwise)  # by what `fail_on` has no say on
    said = _FAILS if is_failed else format_fails(fails=suite.fails, fail_on=fail_on)
    lines = (line.replace(f"{_FAILS}:", f"{said}:", 1) for line in suite.lines[:1])
    return tuple(line.replace(f", {_SPARES}:", f", {_SPARES} by itself:", 1) for line in lines)


def head_of_suite(suite: SuiteVerdict) -> str:
    """Return the first sentence of a verdict for where it fails nothing, as in a comparison."""
    head = next(iter(suite.lines), "")
    return re.sub(rf", (?:{_FAILS}|{_SPARES}):", ":", head, count=1)


def _is_told(test: TestVerdict) -> bool:
    """Whether its samples say something: of one against one, the drift tells what there is."""
    if test.baseline.n < MIN_SAMPLES and (test.untested or not test.control):
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
        escape_controls(text),
        width=WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + _INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def say_nights(night: NightTally) -> str:
    """Return the day of a night, or that of the first of several and how many they are."""
    return night.first if night.nights == 1 else f"{night.first}, {count(night.nights, 'night')}"
