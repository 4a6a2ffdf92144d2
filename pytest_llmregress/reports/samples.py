"""Samples, for people: how many passed, what that is worth, and what a baseline lacks."""

import shlex
from collections.abc import Sequence

from pytest_llmregress.formatting.control_characters import escape_controls
from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.statistics.intervals import wilson
from pytest_llmregress.values.evidence import Tally
from pytest_llmregress.values.run_report import RunReport, TestRecord
from pytest_llmregress.verdicts.first_pass import MIN_RATE

MAX_NAMED = 3
"""Tests in quarantine that are named; the others are counted."""


def render_rate(test: str, tally: Tally, *, pass_rate: float | None) -> str:
    """Return "test: 8 of 10 samples passed, 95 % interval 49-94 %" and what was asked for."""
    name = escape_controls(test)
    if tally.n == 0:
        return f"{name}: no sample was run"
    low, high = wilson(tally.passed, tally.n)
    asked = "" if pass_rate is None else f"; pass_rate={pass_rate:g}"
    many = f"{tally.passed} of {tally.n} sample{'s' if tally.n > 1 else ''} passed"
    interval = f"95 % interval {100 * low:.0f}-{100 * high:.0f} %"
    return f"{name}: {many}, {interval}{asked}"


def sample_lines(tests: Sequence[TestRecord]) -> tuple[str, ...]:
    """Return how many samples passed, which new baselines are unsteady, and which lost samples."""
    several = [test for test in tests if test.samples > 1]
    passed, n = sum(t.passes for t in several), sum(t.samples for t in several)
    line = f"samples: {passed} of {n} passed, in {count(len(several), 'test')}"
    return (*([line] if several else []), *_say_unsteady(several), *_say_fewer(tests))


def _say_unsteady(several: Sequence[TestRecord]) -> list[str]:
    """Name the tests whose new baseline is too noisy to gate by its statistics."""
    found = [
        test.test
        for test in several
        if test.accepted and Tally(passed=test.passes, n=test.samples).rate < MIN_RATE
    ]
    if not found:
        return []
    named = ", ".join(map(escape_controls, found[:MAX_NAMED]))
    more = f" and {len(found) - MAX_NAMED} more" if len(found) > MAX_NAMED else ""
    why = f"less than {100 * MIN_RATE:g} % of the samples passed, so statistics never fail it"
    return [f"unsteady: {count(len(found), 'test')}: {named}{more}", f"  {why}"]


def _say_fewer(tests: Sequence[TestRecord]) -> list[str]:
    """Say where an accepted candidate has fewer samples than the baseline that it replaces."""
    found = [
        (test, test.evidence.baseline.n)
        for test in tests
        if test.accepted and test.evidence is not None and test.samples < test.evidence.baseline.n
    ]
    if not found:
        return []
    now, before = min(test.samples for test, _ in found), max(n for _, n in found)
    models = ", ".join(dict.fromkeys(m for test, _ in found for m in test.requested_models))
    files = dict.fromkeys(shlex.quote(test.test.partition("::")[0]) for test, _ in found)
    which = f"the new baseline of {count(len(found), 'test')}"
    command = f"pytest {' '.join(files)} --llmregress-record once --llmregress-samples {before}"
    return [
        f"samples: {which} has {count(now, 'sample')} from now on, and had up to {before}",
        f"  more, once the code asks for {escape_controls(models)}: {escape_controls(command)}",
    ]


def render_quarantine(report: RunReport, *, has_verdict: bool) -> tuple[str, ...]:
    """Return which compared tests are in a quarantine that somebody wrote down, and why.

    :param has_verdict: whether the verdict on the suite is told as well, which names its own.
    """
    told = report.verdict.quarantined if report.verdict and has_verdict else ()
    held = [
        (test.test, test.evidence.quarantine)
        for test in report.tests
        if test.evidence is not None and test.evidence.quarantine and test.test not in told
    ]
    if not held:
        return ()
    named = [escape_controls(f"{name} ({reason})") for name, reason in held[:MAX_NAMED]]
    more = f" and {len(held) - MAX_NAMED} more" if len(held) > MAX_NAMED else ""
    return (f"quarantined: {count(len(held), 'test')}, not gating: {', '.join(named)}{more}",)
