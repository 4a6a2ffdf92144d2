"""Compares variants from their recordings; no test runs again."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import fmean, median

from pytest_llmregress.statistics.exact_tests import Alternative, mcnemar, stratified
from pytest_llmregress.statistics.intervals import wilson
from pytest_llmregress.statistics.sample_sizes import paired_tests, samples_per_side
from pytest_llmregress.values.behavior import worst
from pytest_llmregress.values.call import sum_known
from pytest_llmregress.values.evidence import NumberEvidence, Tally, TestEvidence
from pytest_llmregress.values.suite_verdict import SuiteVerdict
from pytest_llmregress.values.variants import (
    Comparison,
    ComparisonWithBaseline,
    Grouping,
    RecordedSample,
    RecordedTest,
    TestDrift,
    TestGroup,
    Variant,
    VariantStanding,
)
from pytest_llmregress.values.verdict import GatePolicy
from pytest_llmregress.verdicts.judge_suite import judge_suite
from pytest_llmregress.verdicts.suite_statistics import LATENCY, build_table

_NOWHERE = "(no folder)"
_NO_CLASS = "(no class)"
_NO_MARK = "(no mark)"


def compare_variants(
    variants: Sequence[Variant], *, by: Grouping = Grouping.FILE, gate: GatePolicy
) -> Comparison:
    """Compare variants with the first of them, over the tests that all of them recorded.

    A test has no part in it where a variant did not record it, where nobody wrote down whether it
    passed, or where another request was sent. The groups share one alpha between them, and none
    of them decides anything: that is for all tests together.
    """
    reference = variants[0]
    names = sorted({test for each in variants for test in (*each.tests, *each.waiting)})
    reasons = {test: _why_left_out(test, variants) for test in names}
    tests = [test for test in names if not reasons[test]]
    groups: dict[str, list[str]] = {}
    for test in tests:
        for name in choose_groups(test, by, variants):
            groups.setdefault(name, []).append(test)
    shared = replace(gate, alpha=gate.alpha / max(1, len(groups)))
    overall = _group("", tests, reference, variants, gate=gate)
    return Comparison(
        models=tuple((variant.name, variant.models) for variant in variants),
        overall=overall,
        groups=tuple(
            _group(name, within, reference, variants, gate=shared)
            for name, within in sorted(groups.items())
            if len(groups) > 1
        ),
        by=by,
        left_out=tuple((test, why) for test, why in reasons.items() if why),
        chosen=reference.accepted and not overall.standings[0].tally.failed,
        alpha=gate.alpha,
    )


def choose_groups(test: str, by: Grouping, variants: Sequence[Variant]) -> tuple[str, ...]:
    """Return the groups of a test: what its node id says without parameters, or all its marks."""
    if by is not Grouping.MARK:
        return (_choose_group(test, by),)
    found = {mark for each in variants if test in each.tests for mark in each.tests[test].marks}
    return tuple(sorted(found)) or (_NO_MARK,)


def _choose_group(test: str, by: Grouping) -> str:
    file, _, rest = test.partition("::")
    match by:
        case Grouping.FILE | Grouping.SUITE:
            return file
        case Grouping.FOLDER:
            return file.rpartition("/")[0] or _NOWHERE
        case Grouping.CLASS:
            classes = rest.partition("[")[0].rpartition("::")[0]
            return f"{file}::{classes}" if classes else f"{file} {_NO_CLASS}"
        case Grouping.MARK:
            return _NO_MARK


def _why_left_out(test: str, variants: Sequence[Variant]) -> str:
    """Return why a test is left out of the comparison; empty where it is not."""
    missing = [variant.name for variant in variants if test not in variant.tests]
    if any(test in variant.waiting for variant in variants):
        return f"the only recording of {missing[0]} waits to be accepted"
    if missing:
        return f"no recording of {', '.join(missing)}"
    found = {variant.name: variant.tests[test] for variant in variants}
    unknown = [name for name, recorded in found.items() if not recorded.first]
    if unknown:
        return f"whether it passed is unknown of {', '.join(unknown)}: nobody wrote it down"
    asked = found[variants[0].name].request
    others = [name for name, recorded in found.items() if recorded.request != asked]
    return f"not comparable: {', '.join(others)} was sent another request" if others else ""


def _group(
    name: str,
    tests: Sequence[str],
    reference: Variant,
    variants: Sequence[Variant],
    *,
    gate: GatePolicy,
) -> TestGroup:
    return TestGroup(
        name=name,
        tests=len(tests),
        standings=tuple(
            _standing(
                variant,
                tests,
                None if variant is reference else _against(reference, variant, tests, gate=gate),
            )
            for variant in variants
        ),
    )


def _standing(
    variant: Variant, tests: Sequence[str], against: ComparisonWithBaseline | None
) -> VariantStanding:
    recorded = [variant.tests[test] for test in tests]
    samples = [sample for each in recorded for sample in each.first]
    tally = _tally(samples)
    every = [sample for each in recorded for sample in each.samples]
    times = [sample.latency for sample in samples if sample.latency is not None]
    failures = Counter(sample.failure_class for sample in samples if not sample.passed)
    return VariantStanding(
        variant=variant.name,
        tally=tally,
        interval=_interval(tally),
        unknown=sum(sample.passed is None for sample in every),
        fresh=_tally(sample for each in recorded for sample in each.fresh),
        latency=median(times) if times and len(times) == len(samples) else None,
        input_tokens=_mean(sample.input_tokens for sample in samples),
        output_tokens=_mean(sample.output_tokens for sample in samples),
        tool_calls=_mean(sample.tool_calls for sample in samples),
        cost=sum_known(sample.cost for sample in samples),
        failures=tuple(sorted(failures.items(), key=lambda found: (-found[1], found[0]))),
        against=against,
        drift=_list_drift(variant, tests),
    )


def _list_drift(variant: Variant, tests: Sequence[str]) -> tuple[TestDrift, ...]:
    """Return the tests with a change, the worst first."""
    found = []
    for test in tests:
        changes = variant.tests[test].changes
        severity = worst(changes)
        if severity is not None:
            traits = tuple(each.trait for each in changes if each.severity is severity)
            found.append(TestDrift(test=test, severity=severity, traits=traits))
    return tuple(sorted(found, key=lambda each: -each.severity.rank))


def _against(
    reference: Variant, variant: Variant, tests: Sequence[str], *, gate: GatePolicy
) -> ComparisonWithBaseline:
    sessions = sorted({s.session for test in tests for s in reference.tests[test].first})
    evidences = [
        _evidence(test, reference.tests[test], variant.tests[test], sessions) for test in tests
    ]
    suite = judge_suite(evidences, gate=gate)
    is_paired = len(tests) > 1 and all(e.baseline.n == e.screen.n == 1 for e in evidences)
    needed, unit, recorded = _needed(suite, is_paired=is_paired)
    return ComparisonWithBaseline(
        suite=suite,
        p_two_sided=_p_two_sided(suite, evidences, is_paired=is_paired),
        needed_for_seen=needed,
        unit=unit,
        recorded=recorded,
    )


def _evidence(
    test: str, baseline: RecordedTest, candidate: RecordedTest, sessions: Sequence[str]
) -> TestEvidence:
    """Return the evidence on a test; the fresh samples of the reference do not count."""
    before, after, fresh = baseline.first, candidate.first, candidate.fresh
    by_session = (
        _tally(sample for sample in before if sample.session == session) for session in sessions
    )
    return TestEvidence(
        test=test,
        baseline=_tally(before),
        screen=_tally(after),
        fresh=_tally(fresh) if fresh else None,
        sessions=tuple(by_session) if len(sessions) > 1 else (),
        numbers=_numbers(before, after),
    )


def _numbers(
    before: Sequence[RecordedSample], after: Sequence[RecordedSample]
) -> tuple[NumberEvidence, ...]:
    sides = [_numbers_of(before), _numbers_of(after)]
    return tuple(
        NumberEvidence(name=name, baseline=sides[0][name], candidate=sides[1][name])
        for name in sides[0]
        if sides[0][name] and sides[1][name] and any((*sides[0][name], *sides[1][name]))
    )


def _numbers_of(samples: Sequence[RecordedSample]) -> Mapping[str, tuple[float, ...]]:
    return {
        LATENCY: tuple(sample.latency for sample in samples if sample.latency is not None),
        "output_tokens": tuple(float(sample.output_tokens) for sample in samples),
        "tool_calls": tuple(float(sample.tool_calls) for sample in samples),
    }


def _p_two_sided(
    suite: SuiteVerdict, evidences: Sequence[TestEvidence], *, is_paired: bool
) -> float | None:
    if not suite.method:
        return None
    if is_paired:
        return mcnemar(len(suite.negative_flips), len(suite.positive_flips))
    if len(suite.tests) == 1 and suite.tests[0].p_two_sided is not None:
        return suite.tests[0].p_two_sided
    tables = [build_table(evidence.baseline, evidence.screen) for evidence in evidences]
    return stratified(tables, Alternative.DIFFERENT)


def _needed(suite: SuiteVerdict, *, is_paired: bool) -> tuple[int | None, str, int]:
    """Return how many it takes to find the observed difference, of what, and how many there are."""
    if is_paired:
        tests = suite.baseline.n
        down, up = len(suite.negative_flips), len(suite.positive_flips)
        if down == up:
            return None, "", tests
        return paired_tests((down + up) / tests, (up - down) / tests), _PAIRS, tests
    if len(suite.tests) != 1:
        return None, "", 0
    before, after = suite.tests[0].baseline, suite.tests[0].candidate
    fewest = min(before.n, after.n)
    if not fewest or before.rate == after.rate:
        return None, "", fewest
    return samples_per_side(before.rate, after.rate, two_sided=True), _SAMPLES, fewest


_PAIRS = "tests, one sample a side"
_SAMPLES = "samples a side"


def _tally(samples: Iterable[RecordedSample]) -> Tally:
    outcomes = [bool(sample.passed) for sample in samples]
    return Tally(passed=sum(outcomes), n=len(outcomes))


def _interval(tally: Tally) -> tuple[float, float] | None:
    if not tally.n:
        return None
    low, high = wilson(tally.passed, tally.n)
    return low, high


def _mean(values: Iterable[float]) -> float | None:
    counted = list(values)
    return fmean(counted) if counted else None
