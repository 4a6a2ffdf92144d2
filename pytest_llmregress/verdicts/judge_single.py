"""From the evidence of one test to its verdict, alone or as one of a family."""

from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from pytest_llmregress.statistics.exact_tests import (
    Alternative,
    ContingencyTable,
    fisher,
    smallest_p,
)
from pytest_llmregress.statistics.intervals import newcombe
from pytest_llmregress.statistics.sample_sizes import samples_per_side
from pytest_llmregress.values.evidence import TestEvidence
from pytest_llmregress.values.verdict import Bounds, GatePolicy, TestVerdict, Verdict
from pytest_llmregress.verdicts.control_gate import is_controlled
from pytest_llmregress.verdicts.control_text import say_control
from pytest_llmregress.verdicts.first_pass import (
    PASSING,
    confirmed_changes,
    failing_changes,
    fails_throughout,
    find_new_values,
    find_report_threshold,
    is_single,
    quarantine_reason,
    quarantined_traits,
)
from pytest_llmregress.verdicts.verdict_text import format_test

MIN_BASELINE = 2
"""Samples of a baseline below which a test alone says nothing."""


class AdjustedPValues(NamedTuple):
    """The p-values of one test after they were adjusted for its family."""

    worse: float
    better: float
    family: int
    """How many tests that are."""
    hides: bool = False
    """Whether `worse` is what a baseline can hide that may have been selected, not Fisher's p."""


class _Numbers(NamedTuple):
    """What the four counts of a test alone determine."""

    p: float
    p_two_sided: float
    interval: Bounds
    needed: int | None


def judge_test(evidence: TestEvidence, *, settings: GatePolicy) -> TestVerdict:
    """Judge one test by itself, as far as that can be done without knowing the others.

    A violated contract breaks it. Samples that all differ from a steady baseline confirm a change;
    where the baseline is too short to be steady, a difference is told for what it is, and fails.
    Fisher's p is told and decides nothing here: it has to be adjusted for the other tests.
    """
    return judge_in_family(evidence, gate=settings, adjusted=None, confirming=settings.confirm)


def judge_in_family(
    evidence: TestEvidence, *, gate: GatePolicy, adjusted: AdjustedPValues | None, confirming: int
) -> TestVerdict:
    """Judge one test of many.

    Parameters: `adjusted`, its p-values within its family, None where it is in none;
    `confirming`, how many fresh samples a test gets that looks different.
    """
    verdict = _decide(evidence, gate=gate, adjusted=adjusted)
    # Where the request changed, the two sides are answers to different questions.
    is_compared = verdict is not Verdict.NOT_COMPARABLE
    # A broken contract needs no baseline, so that a short one is no excuse.
    is_broken = verdict is Verdict.BROKEN
    failing = failing_changes(evidence)
    untested = failing if is_single(evidence) else ()
    needs_no_samples = is_broken or untested
    quarantine = evidence.quarantine if needs_no_samples else quarantine_reason(evidence)
    outcome = (PASSING,) if fails_throughout(evidence) else ()
    confirmed = confirmed_changes(evidence, find_report_threshold(evidence))
    changes = tuple(dict.fromkeys((*outcome, *confirmed)))
    judged = TestVerdict(
        test=evidence.test,
        verdict=verdict,
        fails=_fails(verdict, evidence, failing=failing) and not quarantine,
        baseline=evidence.baseline,
        candidate=evidence.candidate,
        family=0 if adjusted is None else adjusted.family,
        quarantine=quarantine,
        quarantined_traits=quarantined_traits(evidence) if is_compared else (),
        confirmed=changes if is_compared else (),
        untested=untested,
        unconfirmed=find_new_values(evidence) if is_compared else (),
        control=say_control(evidence, gate=gate),
    )
    baseline, candidate = evidence.baseline, evidence.candidate
    has_numbers = is_broken or baseline.n >= MIN_BASELINE
    if is_controlled(evidence):
        has_numbers = is_broken  # its fresh samples decide, and not its recorded baseline
    if is_compared and has_numbers and baseline.n and candidate.n:
        counts = ContingencyTable(baseline.passed, baseline.n, candidate.passed, candidate.n)
        numbers = _compute(counts, gate.interesting_drop_test, gate.half)
        if evidence.is_confirmed or confirming or adjusted is None or adjusted.family > 1:
            numbers = numbers._replace(needed=None)
        most = candidate.n if evidence.is_confirmed else max(candidate.n, confirming)
        seen_better = candidate.rate > baseline.rate
        judged = replace(
            judged,
            **numbers._asdict(),
            p_adjusted=None
            if adjusted is None
            else (adjusted.better if seen_better else adjusted.worse),
            smallest_p=smallest_p(baseline.passed, baseline.n, most),
        )
    hides = adjusted is not None and adjusted.hides
    return replace(judged, text=format_test(judged, evidence=evidence, gate=gate, hides=hides))


def _decide(  # noqa: C901, PLR0911 -- one rule after the other, the first that holds
    evidence: TestEvidence, *, gate: GatePolicy, adjusted: AdjustedPValues | None
) -> Verdict:
    baseline, candidate = evidence.baseline, evidence.candidate
    if evidence.broken:
        return Verdict.BROKEN
    if evidence.not_comparable:
        return Verdict.NOT_COMPARABLE
    if is_single(evidence) and failing_changes(evidence):
        return Verdict.DRIFTED
    if is_controlled(evidence):
        return _decide_by_control(evidence)
    if baseline.n < MIN_BASELINE or not candidate.n:
        return Verdict.NO_BASELINE
    gain = candidate.rate - baseline.rate
    is_worse = adjusted is not None and adjusted.worse <= gate.half and -gain >= gate.min_drop
    if is_worse or fails_throughout(evidence):
        return Verdict.REGRESSED
    # What fails the run comes before what is better.
    if failing_changes(evidence):
        return Verdict.DRIFTED
    if adjusted is not None and adjusted.better <= gate.half and gain >= gate.min_drop:
        return Verdict.IMPROVED
    if confirmed_changes(evidence, find_report_threshold(evidence)):
        return Verdict.DRIFTED
    low, high = newcombe(baseline.passed, baseline.n, candidate.passed, candidate.n)
    if gate.margin is not None and -gate.margin < low and high < gate.margin:
        return Verdict.EQUIVALENT
    return Verdict.NO_EVIDENCE


def _decide_by_control(evidence: TestEvidence) -> Verdict:
    """Return what fresh samples of both models show; the recorded baseline has no say."""
    if fails_throughout(evidence):
        return Verdict.REGRESSED
    changed = confirmed_changes(evidence, find_report_threshold(evidence))
    return Verdict.DRIFTED if changed else Verdict.NO_EVIDENCE


def _fails(verdict: Verdict, evidence: TestEvidence, *, failing: tuple[str, ...]) -> bool:
    """Tell whether a verdict fails the run where nothing is quarantined."""
    is_regressed = verdict is Verdict.REGRESSED and evidence.fails_from is not None
    return bool(failing) or is_regressed or verdict is Verdict.BROKEN


@lru_cache(maxsize=4096)
def _compute(counts: ContingencyTable, drop: float, level: float) -> _Numbers:
    """Return the numbers of four counts; many tests of a suite have the same ones."""
    a, n1, b, n2 = counts
    before, after = a / n1, b / n2
    seen = Alternative.BETTER if after > before else Alternative.WORSE
    target = max(0.0, before - drop)
    low, high = newcombe(a, n1, b, n2)
    return _Numbers(
        p=fisher(a, n1, b, n2, seen),
        p_two_sided=fisher(a, n1, b, n2, Alternative.DIFFERENT),
        interval=(low, high),
        needed=samples_per_side(before, target, alpha=level) if target < before else None,
    )
