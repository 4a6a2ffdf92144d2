"""What a report says of one test to programs: whether it fails, and its facts by name."""

from functools import lru_cache

from pytest_llmregress.formatting.control_characters import escape_controls
from pytest_llmregress.formatting.value_text import printable
from pytest_llmregress.reports.drift import render_drift
from pytest_llmregress.reports.failing_tests import drift_fails
from pytest_llmregress.reports.verdict import render_test
from pytest_llmregress.values.evidence import Tally
from pytest_llmregress.values.run_report import TestRecord

PREFIX = "llmregress."
"""What the name of each fact begins with, so that it is nobody else's."""
MAX_TRAITS = 4
"""Traits that a headline names beside the worst."""


def build_properties(test: TestRecord) -> tuple[tuple[str, str], ...]:
    """Return the facts of a test, each with its name; what is not known is left out."""
    changes = () if test.drift is None else test.drift.changes
    facts = {
        "mode": str(test.mode),
        "candidate": test.candidate,
        "models": ", ".join(test.served_models),
        "severity": test.severity,
        "traits": ", ".join(dict.fromkeys(change.trait for change in changes)),
        "samples": str(Tally(passed=test.passes, n=test.samples)),
        "calls": str(test.calls),
        "tokens": str(test.input_tokens + test.output_tokens),
        "cost_usd": None if test.cost_usd is None else f"{test.cost_usd:.6f}",
        "verdict": None if test.verdict is None else str(test.verdict.verdict),
        "problems": ", ".join(dict.fromkeys(problem.code for problem in test.problems)),
        "pending": test.pending,
    }
    return tuple([_property(name, fact) for name, fact in facts.items() if fact])


def add_junit_properties(test: TestRecord, properties: list[tuple[str, object]]) -> None:
    """Add the facts of a test to what pytest tells of it, once."""
    if not any(name.startswith(PREFIX) for name, _ in properties):
        properties += build_properties(test)


@lru_cache(maxsize=1024)
def _property(name: str, fact: str) -> tuple[str, str]:
    """Return the same pair for the same fact: pytest keeps those of each test until the end."""
    return f"{PREFIX}{name}", printable(fact)


def render_test_story(test: TestRecord, fail_on: str) -> str:
    """Return what there is to say of a test, whole: its problems, then its drift.

    Many lines, and nothing in them that a terminal would obey or a file could not hold.
    """
    parts = [format_property(problem.message) for problem in test.problems]
    if test.drift is not None and test.drift.changes:
        parts.append(
            format_property(
                render_drift(
                    test=test.test,
                    drift=test.drift,
                    fails=drift_fails(test, fail_on),
                    look="",
                    accept="",
                    evidence=()
                    if test.verdict is None
                    else render_test(test.verdict, fail_on=fail_on),
                )
            )
        )
    return "\n\n".join(parts)


def headline_of(test: TestRecord) -> str:
    """Return what there is to say of a test in one line; empty where there is nothing."""
    if test.problems:
        first, *rest = test.problems
        line = next(iter(first.message.splitlines()), first.code)
        told = printable(line).removeprefix(f"{printable(test.test)}: ")
        return f"{told} (and {len(rest)} more)" if rest else told
    if test.drift is None or not test.drift.changes:
        return ""
    worst, *others = test.drift.changes
    line = printable(f"{worst.trait}: {worst.before} → {worst.after}")
    names = list(dict.fromkeys(printable(change.trait) for change in others))
    also = ", ".join(names[:MAX_TRAITS]) + (", …" if len(names) > MAX_TRAITS else "")
    return f"{line}; also {also}" if also else line


def format_property(text: str) -> str:
    """Return a text of several lines in which what is not printable is spelled out."""
    return "\n".join(escape_controls(line) for line in text.splitlines())
