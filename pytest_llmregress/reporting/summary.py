"""The lines at the end of a run: what it did, what it found, what waits for a decision."""

import shlex
from collections.abc import Iterable, Sequence

from pytest_llmregress.core.report import Mode, RunReport, TestRecord
from pytest_llmregress.core.tally import tally
from pytest_llmregress.core.wording import count
from pytest_llmregress.reporting.drift import ONCE
from pytest_llmregress.reporting.layout import align, count_severities, visible
from pytest_llmregress.reporting.verdict import lines_of_suite

MAX_DRIFTED = 10
"""Tests that drifted and are named; the others are counted."""
MAX_NAMED = 3
"""Tests that are named for each kind of problem."""

MISSES = frozenset({"already_played", "cassette_not_found", "credentials", "no_match"})
"""Codes of the problems of a request that no recording answered."""

_MODES = {
    Mode.REPLAYED: "replayed",
    Mode.RECORDED: "recorded",
    Mode.MIXED: "partly recorded",
    Mode.IDLE: "without a request",
}


def summary_lines(report: RunReport) -> tuple[str, ...]:
    """Return what there is to say at the end of a run: one line if all is well, none if nothing."""
    if not report.tests:
        return ()
    return (
        _head(report),
        *_samples(report.tests),
        *_drift(report),
        *_verdict(report),
        *_rules(report.tests),
        *_cost(report.tests),
        *_problems(report.tests),
        *_unplayed(report.tests),
        *_carried(report.tests),
        *_orphans(report.orphans),
        *_pending(report.tests),
    )


def _head(report: RunReport) -> str:
    """Say what was done, and what was compared as far as nothing differs."""
    missed = [test for test in report.tests if _is_missed(test)]
    answered = [test for test in report.tests if not _is_missed(test)]
    numbers = [(sum(test.mode is mode for test in answered), word) for mode, word in _MODES.items()]
    numbers += [
        (len(missed), "missed"),
        (sum(test.accepted for test in report.tests), "accepted"),
    ]
    done = ", ".join(f"{number} {word}" for number, word in numbers if number)
    parts = [f"{count(len(report.tests), 'test')}: {done}"]
    if report.candidate is not None:
        parts.append(f"candidate {visible(report.candidate)}")
    compared = _compared(report)
    if not compared and all(test.mode is Mode.REPLAYED for test in report.tests):
        parts.append("replay: deterministic, no drift claim")
    elif compared and not report.drifted:
        parts.append(f"{compared} compared, no difference seen (1 recording against 1)")
    return "; ".join(parts)


def _drift(report: RunReport) -> tuple[str, ...]:
    drifted = report.drifted
    if not drifted:
        return ()
    fails = "fails no test" if report.fail_on == "never" else f"fails from {report.fail_on} on"
    told, untold = drifted[:MAX_DRIFTED], drifted[MAX_DRIFTED:]
    rows = align([(str(test.severity), visible(test.test)) for test in told])
    return (
        f"drift: {_severities(drifted)} of {_compared(report)} compared; {fails}",
        *(f"  {row}" for row in rows),
        *([f"  and {len(untold)} more ({_severities(untold)})"] if untold else []),
        f"  {ONCE}",
    )


def _samples(tests: Sequence[TestRecord]) -> tuple[str, ...]:
    several = [test for test in tests if test.samples > 1]
    if not several:
        return ()
    passed, n = sum(t.passes for t in several), sum(t.samples for t in several)
    return (f"samples: {passed} of {n} passed, in {count(len(several), 'test')}",)


def _verdict(report: RunReport) -> tuple[str, ...]:
    if report.verdict is None:
        return ()
    head, *lines = lines_of_suite(report.verdict)
    return (f"verdict: {head}", *(f"  {line}" for line in lines))


def _rules(tests: Sequence[TestRecord]) -> tuple[str, ...]:
    told = tally(
        (rule for test in tests for rule in test.rules),
        baseline=(rule for test in tests for rule in test.rules_before),
    )
    return tuple(f"rule {visible(each.in_words)}" for each in told)


def _cost(tests: Sequence[TestRecord]) -> tuple[str, ...]:
    recorded = [test for test in tests if test.mode in {Mode.RECORDED, Mode.MIXED}]
    known = [test.cost_usd for test in recorded if test.cost_usd is not None]
    if not known:
        return ()
    rest = len(recorded) - len(known)
    unknown = f", and that of {count(rest, 'test')} is unknown" if rest else ""
    return (f"cost: ${sum(known):.4f} for {count(len(known), 'test')}{unknown}",)


def _problems(tests: Sequence[TestRecord]) -> tuple[str, ...]:
    codes = sorted({problem.code for test in tests for problem in test.problems})
    return tuple(
        f"{'missed' if code in MISSES else 'problem'}: {visible(code)}: {_name(found)}"
        for code in codes
        if (found := [test for test in tests if code in _codes(test)])
    )


def _orphans(paths: Sequence[str]) -> tuple[str, ...]:
    if not paths:
        return ()
    shown = ", ".join(paths[:MAX_NAMED]) + (", …" if len(paths) > MAX_NAMED else "")
    return (f"orphaned: {count(len(paths), 'recording')} of no test: {shown}",)


def _carried(tests: Sequence[TestRecord]) -> tuple[str, ...]:
    found = [test for test in tests if test.carried]
    if not found:
        return ()
    number = count(sum(test.carried for test in found), "answer")
    return (f"carried on: {number} of interrupted recordings: {_name(found)}",)


def _unplayed(tests: Sequence[TestRecord]) -> tuple[str, ...]:
    found = [test for test in tests if test.unplayed]
    if not found:
        return ()
    number = count(sum(test.unplayed for test in found), "recorded request")
    return (f"unplayed: {number} that this run did not ask for: {_name(found)}",)


def _pending(tests: Sequence[TestRecord]) -> tuple[str, ...]:
    waiting = [test for test in tests if test.pending is not None]
    if not waiting:
        return ()
    number = f"pending: {count(len(waiting), 'test')}"
    if len({test.test for test in waiting}) == 1:
        name = shlex.quote(visible(waiting[0].test))
        return (f"{number}. pytest-llmregress accept {name}",)
    commands = "pytest-llmregress accept TEST, or --all; pytest-llmregress status lists them"
    return (f"{number}. {commands}",)


def _name(tests: Sequence[TestRecord]) -> str:
    """Return how many tests, and the names of the first ones."""
    names = ", ".join(visible(test.test) for test in tests[:MAX_NAMED])
    more = f" and {len(tests) - MAX_NAMED} more" if len(tests) > MAX_NAMED else ""
    return f"{count(len(tests), 'test')}: {names}{more}"


def _severities(tests: Iterable[TestRecord]) -> str:
    return count_severities(test.severity for test in tests if test.severity is not None)


def _compared(report: RunReport) -> int:
    return sum(test.drift is not None for test in report.tests)


def _codes(test: TestRecord) -> frozenset[str]:
    return frozenset(problem.code for problem in test.problems)


def _is_missed(test: TestRecord) -> bool:
    return bool(_codes(test) & MISSES)
