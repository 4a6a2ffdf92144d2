"""The first sentence of every report: what becomes of the build, and why, in words of behavior."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.formatting.value_text import printable, truncate
from pytest_llmregress.reports.behavior_words import choose_change, name_change
from pytest_llmregress.reports.drift import is_single
from pytest_llmregress.reports.failing_tests import (
    drift_fails,
    is_failed,
    is_skipped,
    run_fails,
    suite_fails,
)
from pytest_llmregress.reports.problem_kinds import find_kind
from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.evidence import OUTCOME
from pytest_llmregress.values.run_report import AnswerSource, Problem, RunReport, TestRecord
from pytest_llmregress.values.settings import FailOn
from pytest_llmregress.values.verdict import Verdict
from pytest_llmregress.verdicts.event_text import say_event
from pytest_llmregress.verdicts.first_pass import PASSING, failing_changes

FAILS, PASSES = "Fails", "Passes"
MAX_KINDS = 4
"""Kinds of behavior that are named of one group of tests; the others are counted."""
MAX_KIND = 60
"""Characters of what one kind is called."""
_OWN = "failed on an assert or error of their own"
_FINE, _FAILED, _INTERRUPTED, _NO_TESTS = 0, 1, 2, 5
"""Exit statuses of pytest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureReason:
    """Why one test failed."""

    what: str
    """In words that follow a number of tests: "changed with claude-opus-5-5"."""
    kind: str = ""
    """Which behavior it was: "answers fenced in ```"; empty where that says all."""


def headline(report: RunReport) -> str:
    """Return the first sentence of every report: what becomes of the build, and why.

    Where pytest's exit status is known the sentence agrees with it. Nothing in it is obeyed by a
    terminal.
    """
    failed = [test for test in report.tests if is_failed(test, report.fail_on)]
    said = "; ".join(_say_all(report, failed))
    status = report.exit_status
    if status not in {None, _FINE, _FAILED, _NO_TESTS}:
        why = "Interrupted" if status == _INTERRUPTED else f"Ended by an error (status {status})"
        return f"{why} after {count(len(report.tests), 'marked test')}: {said}"
    if run_fails(report):
        return f"{FAILS}: {said}"
    if status == _FAILED:
        return f"{FAILS}, though no marked test{_with(report)} does: {said}"
    return f"{PASSES}: {said}"


def split_headline(report: RunReport) -> tuple[str, str]:
    """Return the headline as a title, "Fails: 6 of 9 tests changed with X", and what follows it."""
    verb, _, why = headline(report).partition(": ")
    ends = [at for at in (why.find(": "), why.find("; "), why.find(", ")) if at >= 0]
    at = min(ends, default=len(why))
    return f"{verb}: {why[:at]}", why[at + 2 :]


def add_headline(report: RunReport, *, exit_status: int | None) -> RunReport:
    """Return a report with its headline, which agrees with the exit status."""
    known = replace(report, exit_status=exit_status)
    return replace(known, headline=headline(known))


def find_reason(test: TestRecord, report: RunReport) -> FailureReason:
    """Return why a failed test failed, in one kind of behavior."""
    if test.faults:
        first = test.faults[0]
        kind = find_kind(printable(first.code))
        return FailureReason(what=kind.what, kind=_name_rule(first) or kind.which)
    if drift_fails(test, report.fail_on):
        return FailureReason(what=f"changed{_with(report)}", kind=name_drift(test))
    if test.drift is not None and test.drift.severity is not None and test.passed:
        return FailureReason(what=f"changed{_with(report)}", kind=name_drift(test))
    return FailureReason(what=_OWN)


def name_drift(test: TestRecord) -> str:
    """Return the one change of a test that says most, of those that count where any does."""
    if test.drift is None:
        return ""
    change = choose_change(test.drift.changes, find_counting(test))
    return "" if change is None else name_change(change)


def find_counting(test: TestRecord) -> tuple[str, ...]:
    """Return the names of the traits that fail a test; those of its worst changes where none."""
    verdict, evidence = test.verdict, test.evidence
    named: tuple[str, ...] = ()
    if verdict is not None:
        named = verdict.untested or verdict.confirmed
    elif evidence is not None:
        named = failing_changes(evidence)
    return tuple(OUTCOME if name == PASSING else name for name in named)


def _say_all(report: RunReport, failed: Sequence[TestRecord]) -> Iterator[str]:
    """Yield what failed, a group at a time, then what else there is to say of the tests."""
    total = count(len(report.tests), "test")
    if failed:
        groups: dict[str, Counter[str]] = {}
        for test in failed:
            reason = find_reason(test, report)
            groups.setdefault(reason.what, Counter())[reason.kind] += 1
        ranked = sorted(groups.items(), key=lambda each: -each[1].total())
        for number, (what, kinds) in enumerate(ranked):
            of = f"{kinds.total():,} of {total}" if number == 0 else f"{kinds.total():,}"
            yield f"{of} {what}{_say_kinds(kinds)}"
    if suite_fails(report):
        yield f"the suite as a whole is worse: {_say_suite(report)}"
    elif report.fail_on == FailOn.NEVER and _is_worse(report):
        yield f"the suite as a whole is worse, which fails nothing here: {_say_suite(report)}"
    rest = [test for test in report.tests if not is_failed(test, report.fail_on)]
    if rest or not failed:
        yield from _say_rest(report, rest, is_all=not failed)
    yield from _say_unseen(report.tests)


def _say_unseen(tests: Sequence[TestRecord]) -> Iterator[str]:
    """Say of how many tests a part was not looked at, whatever became of the rest of them."""
    if unread := sum(bool(test.not_understood and test.calls) for test in tests):
        yield f"{unread:,} with some requests that no provider reads"
    if parted := sum(bool(test.not_compared) for test in tests):
        yield f"{parted:,} with traits that only one side has"


def _is_worse(report: RunReport) -> bool:
    return report.verdict is not None and report.verdict.fails and not report.verdict.failing


def _say_suite(report: RunReport) -> str:
    """Say what the tests show together, though none of them fails by it."""
    verdict = report.verdict
    if verdict is None:
        return ""
    events = [printable(say_event(event)) for event in verdict.events if event.fails]
    traits = [
        f"{printable(trait.name)} over {count(trait.tests, 'test')}"
        for trait in verdict.traits
        if trait.fails
    ]
    return ", ".join([*events, *traits][:MAX_KINDS]) or "its pass rate fell"


def _say_rest(report: RunReport, rest: Sequence[TestRecord], *, is_all: bool) -> Iterator[str]:
    """Say what became of the tests that do not fail, those that changed first."""
    ran = [test for test in rest if not is_skipped(test)]
    skipped = len(rest) - len(ran)
    if not rest:
        yield "no marked test ran"
        return
    changed = [test for test in ran if test.severity is not None]
    if changed:
        yield _say_changed(report, changed, of=len(report.tests) if is_all else 0)
    same = [test for test in ran if test.severity is None and test.evidence is not None]
    if same:
        number = _say_number(same, is_all=is_all and not changed)
        yield f"{number} compared, {_say_same(same, is_all=is_all)}"
    others = [test for test in ran if test.severity is None and test.evidence is None]
    for word, tests in _by_source(others).items():
        yield f"{_say_number(tests, is_all=is_all and not changed and not same)} {word}"
    if skipped:
        yield f"{skipped:,} skipped" if ran or not is_all else f"{count(skipped, 'test')} skipped"
    if waiting := sum(test.pending is not None for test in report.tests):
        yield f"{waiting:,} {'waits' if waiting == 1 else 'wait'} for a decision"


def _say_changed(report: RunReport, changed: Sequence[TestRecord], *, of: int) -> str:
    """Return how many tests changed and pass, why they pass, and what changed."""
    kinds = Counter(name_drift(test) for test in changed)
    number = f"{len(changed):,} of {count(of, 'test')}" if of else f"{len(changed):,}"
    why = _say_why_spared(report, changed)
    verb = "" if of else "also "
    return f"{number} {verb}changed{_with(report)}, {why}{_say_kinds(kinds)}"


def _say_why_spared(report: RunReport, changed: Sequence[TestRecord]) -> str:
    """Return why tests that changed fail nothing."""
    limit = next((each.rank for each in Severity if each == report.fail_on), 0)
    reasons = {
        "which fails nothing with --llmregress-fail-on never": report.fail_on == FailOn.NEVER,
        "all in quarantine": all(t.evidence and t.evidence.quarantine for t in changed),
        "in wording alone": _is_wording(changed),
        "for the better": all(map(_is_improved, changed)),
        "not confirmed by more samples": all(test.unconfirmed for test in changed),
        f"below {report.fail_on}": all(t.severity and t.severity.rank < limit for t in changed),
    }
    return next((why for why, holds in reasons.items() if holds), "which fails no test by itself")


def _is_wording(changed: Iterable[TestRecord]) -> bool:
    return all({c.trait for c in test.drift.changes} == {"text"} for test in changed if test.drift)


def _is_improved(test: TestRecord) -> bool:
    if test.verdict is not None and test.verdict.verdict is Verdict.IMPROVED:
        return True
    changes = () if test.drift is None else test.drift.changes
    told = [change for change in changes if change.severity is not Severity.COSMETIC]
    return bool(told) and all(
        change.detail.endswith("improved") or (change.trait, change.after) == (OUTCOME, "passed")
        for change in told
    )


def _say_same(same: Sequence[TestRecord], *, is_all: bool) -> str:
    """Say what it means that nothing has changed, as far as that can be said of these tests.

    :param is_all: whether no other test fails: a run that does is never headed by "no difference".
    """
    found = [test.evidence for test in same if test.evidence is not None]
    if all(each.is_same for each in found):
        seen = "no difference seen" if is_all else "nothing found in these"
        return seen + (" (1 recording against 1)" if is_single(same) else "")
    return "no value that the baseline never showed"


def _by_source(tests: Sequence[TestRecord]) -> dict[str, list[TestRecord]]:
    """Return the tests that were held against nothing, by what was done with them."""
    words: dict[str, list[TestRecord]] = {}
    for test in tests:
        words.setdefault(_say_source(test), []).append(test)
    return words


def _say_source(test: TestRecord) -> str:
    if test.not_understood and not test.calls:
        return "with requests that no provider reads"
    if any(problem.code == "no_snapshot" for problem in test.problems):
        return "replayed from a recording that nobody has accepted"
    match test.mode:
        case AnswerSource.REPLAYED:
            return "replayed" if test.candidate is None else "replayed and not compared"
        case AnswerSource.RECORDED:
            return "recorded and accepted" if test.accepted else "recorded"
        case AnswerSource.MIXED:
            return "recorded in part"
        case AnswerSource.IDLE:
            return "without a request"


def _say_kinds(kinds: Counter[str]) -> str:
    """Return ": refused (3), answers fenced in ``` (1)"; empty where nothing is named."""
    named = [(kind, number) for kind, number in kinds.most_common() if kind]
    if not named:
        return ""
    shown = [f"{truncate(kind, MAX_KIND)} ({number:,})" for kind, number in named[:MAX_KINDS]]
    more = len(named) - MAX_KINDS
    rest = f" and {more:,} more {'kind' if more == 1 else 'kinds'}" if more > 0 else ""
    return f": {', '.join(shown)}{rest}"


def _say_number(tests: Sequence[TestRecord], *, is_all: bool) -> str:
    return count(len(tests), "test") if is_all else f"{len(tests):,}"


def _name_rule(problem: Problem) -> str:
    """Return which rule a test broke, of the lines that say so: "max_calls"."""
    if problem.code != "contract":
        return ""
    _, _, first = problem.message.partition("\n")
    line = printable(first.partition("\n")[0])
    return line.partition("=")[0].partition(":")[0].strip()


def _with(report: RunReport) -> str:
    return "" if report.candidate is None else f" with {printable(report.candidate)}"
