"""The lines at the end of a run: what it did, what it found, what waits for a decision."""

import shlex
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence

from pytest_llmregress.formatting.control_characters import escape_controls
from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.formatting.text_table import WIDTH, align, count_severities
from pytest_llmregress.reports.cost_lines import cost_lines
from pytest_llmregress.reports.drift import ONCE, is_single
from pytest_llmregress.reports.failing_tests import drift_fails
from pytest_llmregress.reports.problem_kinds import MISSES, STOPS, UNCOMPARED, find_kind
from pytest_llmregress.reports.samples import sample_lines
from pytest_llmregress.reports.verdict import render_suite
from pytest_llmregress.reports.ways_out import render_ways_out
from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.rule_result import tally
from pytest_llmregress.values.run_report import REMARKS, AnswerSource, RunReport, TestRecord

MAX_DRIFTED = 10
"""Tests that drifted and are named; the others are counted."""
MAX_TRAITS = 8
"""Traits that are named, those that changed in most tests first; the others are counted."""
MIN_COUNTED = 2
"""Tests with changes above cosmetic from which on their traits are counted."""
MAX_NAMED = 3
"""Tests that are named for each kind of problem."""

_NEW_TRAITS = "new traits, which fail nothing until pytest --llmregress-accept"
_MODES = {
    AnswerSource.REPLAYED: "replayed",
    AnswerSource.RECORDED: "recorded",
    AnswerSource.MIXED: "partly recorded",
    AnswerSource.IDLE: "without a request",
}


_BY_CODE = {
    "missed": MISSES,
    "crashed": frozenset({"crashed"}),
    "stopped": STOPS,
    "not compared": UNCOMPARED,
}
"""What a test came to, by the code of a problem."""


def summary_lines(report: RunReport) -> tuple[str, ...]:
    """Return all there is to say at the end of a run, statistics included; none if nothing."""
    if not report.tests:
        return ()
    return (
        _head(report),
        *unseen_lines(report),
        *_new_traits(report.tests),
        *sample_lines(report.tests),
        *_drift(report),
        *_verdict(report),
        *_rules(report.tests),
        *cost_lines(report.tests),
        *_problems(report.tests),
        *_unplayed(report.tests),
        *_carried(report.tests),
        *_orphans(report.orphans),
        *_obsolete(report.tests),
        *_pending(report.tests),
    )


def unseen_lines(report: RunReport) -> tuple[str, ...]:
    """Return what was not looked at: requests that nobody reads, traits that one side has."""
    sides = [(test, test.not_compared) for test in report.tests]
    return (*_not_understood(report.tests), *_name_traits("traits not compared", sides))


def detail_lines(report: RunReport) -> tuple[str, ...]:
    """Return what the headline of a run leaves out, without statistics, what matters first."""
    return (
        *_problems(report.tests),
        *_pending(report.tests),
        *_new_traits(report.tests),
        *_rules(report.tests),
        *_unplayed(report.tests),
        *sample_lines(report.tests),
        *_obsolete(report.tests),
        *_orphans(report.orphans),
        *_carried(report.tests),
        *cost_lines(report.tests),
    )


def closing_line(report: RunReport, *, failed: int) -> str | None:
    """Return the last line of a run that ends with status 1 by a drift alone; `failed` tests did.

    People and scripts see first that a command failed, and look at its last line for why.
    """
    if report.candidate is None:
        return None
    number = sum(drift_fails(test, report.fail_on) for test in report.tests)
    tests = f"in {number} of {count(len(report.tests), 'test')} at or above {report.fail_on}"
    by_suite = report.verdict is not None and report.verdict.fails and report.fail_on != "never"
    if failed > number or not (number or by_suite):
        return None
    return (
        f"llmregress: exit status 1, as it is meant: candidate "
        f"{escape_controls(report.candidate)} drifts "
        f"{tests if number else 'over the suite'}; --llmregress-fail-on never only reports it"
    )


def _head(report: RunReport) -> str:
    """Say what was done, and what was compared as far as nothing differs."""
    numbers = Counter(_came_to(test) for test in report.tests)
    numbers["accepted"] = sum(test.accepted for test in report.tests)
    words = (
        *_MODES.values(),
        "not whole",
        "not saved",
        "stopped",
        "missed",
        "crashed",
        "not compared",
        "accepted",
    )
    done = ", ".join(f"{numbers[word]} {word}" for word in words if numbers[word])
    parts = [f"{count(len(report.tests), 'test')}: {done}"]
    if report.candidate is not None:
        parts.append(f"candidate {escape_controls(report.candidate)}")
    if unread := sum(bool(test.not_understood) for test in report.tests):
        parts.append(f"{unread} not understood")
    compared = _compared(report)
    if not compared and all(test.mode is AnswerSource.REPLAYED for test in report.tests):
        parts.append("replay: deterministic, no drift claim")
    elif compared and not report.drifted:
        parts.append(f"{compared} compared{_say_no_drift(report)}")
    return "; ".join(parts)


def _say_no_drift(report: RunReport) -> str:
    """Say what it means that no test has drifted, as far as that can be said of these tests.

    Where a trait differs from one sample to another, or a call has no trait of its own, no
    difference was seen among what was compared, and how much that was is said.
    """
    if any(test.failed for test in report.tests) or (report.verdict and report.verdict.fails):
        return ""
    compared = [test for test in report.tests if test.evidence is not None]
    found = [test.evidence for test in compared if test.evidence is not None]
    if found and all(each.is_same for each in found):
        return ", no difference seen" + (" (1 recording against 1)" if is_single(compared) else "")
    traits = max((each.traits_compared for each in found), default=0)
    calls = sum(test.calls for test in compared)
    of = f"{count(traits, 'trait')} of {count(calls, 'call')}"
    return f", no value that the baseline never showed, in {of}"


def _not_understood(tests: Sequence[TestRecord]) -> tuple[str, ...]:
    """Name the tests of which nothing is read, then those of which some requests are not."""
    found = [test for test in tests if test.not_understood]
    lines = []
    for what, some in (
        ("no request to a model", [test for test in found if not test.calls]),
        ("not every request to a model", [test for test in found if test.calls]),
    ):
        requests = list(dict.fromkeys(each for test in some for each in test.not_understood))
        if some:
            told = ", ".join(map(escape_controls, requests[:MAX_NAMED]))
            more = f" and {len(requests) - MAX_NAMED} more" if len(requests) > MAX_NAMED else ""
            lines.append(f"not understood: {what} is read in {_name(some)}")
            lines.append(f"  no provider reads {told}{more}: nothing is said of it")
    return tuple(lines)


def _new_traits(tests: Sequence[TestRecord]) -> tuple[str, ...]:
    return _name_traits(_NEW_TRAITS, [(test, test.new_traits) for test in tests])


def _name_traits(what: str, some: Sequence[tuple[TestRecord, Sequence[str]]]) -> tuple[str, ...]:
    told = list(dict.fromkeys(trait for _, traits in some for trait in traits))
    if not told:
        return ()
    more = [f"and {len(told) - MAX_TRAITS} more"] if len(told) > MAX_TRAITS else []
    named = "; ".join([*map(escape_controls, told[:MAX_TRAITS]), *more])
    tests = _name([test for test, traits in some if traits])
    return f"{what}: {len(told)} in {tests}", f"  {named}"


def _drift(report: RunReport) -> tuple[str, ...]:
    drifted = report.drifted
    if not drifted:
        return ()
    fails = "fails no test" if report.fail_on == "never" else f"fails from {report.fail_on} on"
    told, untold = drifted[:MAX_DRIFTED], drifted[MAX_DRIFTED:]
    rows = align([(str(test.severity), escape_controls(test.test)) for test in told])
    return (
        f"drift: {_severities(drifted)} of {_compared(report)} compared; {fails}",
        *_changed_traits(drifted),
        *(f"  {row}" for row in rows),
        *([f"  and {len(untold)} more ({_severities(untold)})"] if untold else []),
        *([f"  {ONCE}"] if is_single(drifted) else []),
    )


def _changed_traits(drifted: Sequence[TestRecord]) -> tuple[str, ...]:
    """Count the tests in which each trait changed, wording and the like apart: two lines at most.

    Of a single test its own drift tells as much.
    """
    changes = [_traits_above_cosmetic(test) for test in drifted]
    found = [traits for traits in changes if traits]
    if len(found) < MIN_COUNTED:
        return ()
    numbers = Counter(trait for traits in found for trait in traits).most_common()
    told = ", ".join(f"{escape_controls(trait)} {number}" for trait, number in numbers[:MAX_TRAITS])
    more = f" and {len(numbers) - MAX_TRAITS} more" if len(numbers) > MAX_TRAITS else ""
    return tuple(
        textwrap.wrap(
            f"changed traits: {told}{more}",
            width=WIDTH,
            initial_indent="  ",
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    )


def _traits_above_cosmetic(test: TestRecord) -> tuple[str, ...]:
    changes = () if test.drift is None else test.drift.changes
    return tuple(dict.fromkeys(c.trait for c in changes if c.severity is not Severity.COSMETIC))


def _verdict(report: RunReport) -> tuple[str, ...]:
    if report.verdict is None:
        return ()
    head, *lines = render_suite(report.verdict, fail_on=report.fail_on)
    return (f"verdict: {head}", *(f"  {line}" for line in lines))


def _rules(tests: Sequence[TestRecord]) -> tuple[str, ...]:
    told = tally(
        (rule for test in tests for rule in test.rules),
        baseline=(rule for test in tests for rule in test.rules_before),
    )
    return tuple(f"rule {escape_controls(each.in_words)}" for each in told)


def _problems(tests: Sequence[TestRecord]) -> tuple[str, ...]:
    """Count the tests by problem; what fails no test has been told nowhere else."""
    codes = sorted({problem.code for test in tests for problem in test.problems})
    lines = []
    for code in codes:
        found = [test for test in tests if code in _codes(test)]
        is_remark = code in REMARKS
        kind = "missed" if code in MISSES else "note" if is_remark else "problem"
        name = find_kind(code).what if is_remark else code
        lines.append(f"{kind}: {escape_controls(name)}: {_name(found)}")
        if is_remark:
            said = next(each.message for each in found[0].problems if each.code == code)
            lines.append(f"  {escape_controls(said)}")
    return (*lines, *render_ways_out(tests))


def _orphans(paths: Sequence[str]) -> tuple[str, ...]:
    if not paths:
        return ()
    shown = ", ".join(paths[:MAX_NAMED]) + (", …" if len(paths) > MAX_NAMED else "")
    return (f"orphaned: {count(len(paths), 'recording')} of no test: {shown}",)


def _obsolete(tests: Sequence[TestRecord]) -> tuple[str, ...]:
    found = [(test, name) for test in tests for name in test.obsolete]
    if not found:
        return ()
    shown = ", ".join(
        f"{escape_controls(test.test)} {escape_controls(name)}" for test, name in found[:MAX_NAMED]
    )
    more = ", …" if len(found) > MAX_NAMED else ""
    number = count(len(found), "snapshot value")
    return (f"obsolete: {number} that no test compares with: {shown}{more}",)


def _carried(tests: Sequence[TestRecord]) -> tuple[str, ...]:
    found = [test for test in tests if test.carried]
    if not found:
        return ()
    number = count(sum(test.carried for test in found), "answer")
    why = "paid for by a recording that was interrupted or not accepted"
    return (f"carried on: {number} {why}: {_name(found)}",)


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
        name = shlex.quote(escape_controls(waiting[0].test))
        model = waiting[0].candidate
        # Another candidate of the same test may wait, too.
        of = "" if model is None else f" --candidate {shlex.quote(escape_controls(model))}"
        return (f"{number}. pytest-llmregress accept {name}{of}",)
    models = {test.candidate for test in waiting}
    model = models.pop() if len(models) == 1 else None
    of = "" if model is None else f" --candidate {shlex.quote(escape_controls(model))}"
    commands = "one by one: pytest-llmregress review; all: pytest-llmregress accept --all"
    return (f"{number}. {commands}{of}",)


def _name(tests: Sequence[TestRecord]) -> str:
    """Return how many tests, and the names of the first ones."""
    names = ", ".join(escape_controls(test.test) for test in tests[:MAX_NAMED])
    more = f" and {len(tests) - MAX_NAMED} more" if len(tests) > MAX_NAMED else ""
    return f"{count(len(tests), 'test')}: {names}{more}"


def _severities(tests: Iterable[TestRecord]) -> str:
    return count_severities(test.severity for test in tests if test.severity is not None)


def _compared(report: RunReport) -> int:
    return sum(test.drift is not None for test in report.tests)


def _codes(test: TestRecord) -> frozenset[str]:
    return frozenset(problem.code for problem in test.problems)


def _came_to(test: TestRecord) -> str:
    """Return in a word what a test came to; "recorded" is only what has a recording by now."""
    told = next((word for word, codes in _BY_CODE.items() if _codes(test) & codes), None)
    if told is not None:
        return told
    is_new = test.mode in {AnswerSource.RECORDED, AnswerSource.MIXED}
    # A baseline that has failed waits for a decision, unless it lacks an answer.
    is_left = test.passed or test.accepted or test.pending or test.candidate is not None
    if is_new and "not_kept" in _codes(test):
        return "not saved"
    if is_new and ("not_whole" in _codes(test) or not is_left):
        return "not whole"
    return _MODES[test.mode]
