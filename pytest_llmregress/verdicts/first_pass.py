"""What the samples of one test show by themselves: quarantine, suspicion, and its confirmation."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import count
from math import comb

from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.evidence import OUTCOME, ChangeEvidence, TestEvidence, TraitEvidence
from pytest_llmregress.values.novelty import expects_new_value
from pytest_llmregress.values.verdict import GatePolicy
from pytest_llmregress.verdicts.control_gate import find_charged, is_controlled

MIN_BASELINE = 5
"""Samples of a baseline from which on it shows its own noise, and a test is confirmed."""
MIN_RATE = 0.6
"""Share of a baseline's samples that have to pass for its test to gate by itself."""
MIN_CONFIRMING = 5
"""Samples of a candidate that all have to show a change for it to be confirmed, at least."""
_RARE = comb(15, 5)
"""How rarely chance confirms a change, as one in so many: 5 samples after a baseline of 10."""
STEADY = 0.95
"""From this share of passed samples on, a test does not fail throughout by chance.

Of ten samples that is all. With less, a suite of 500 noisy tests is red by chance too often.
"""
PASSING = "pass/fail"
"""The name that the test's own outcome goes by among the traits."""


@lru_cache
def count_after_baseline(baseline: int) -> int:
    """Return the samples of a candidate that all have to show a change for it to be confirmed.

    The shorter the baseline, the more: what 5 samples happened not to show may be half of all.
    10 after a baseline of 5 are as rare by chance as 5 after one of 10.
    """
    return next(n for n in count(MIN_CONFIRMING) if comb(baseline + n, n) >= _RARE or not baseline)


def is_single(evidence: TestEvidence) -> bool:
    """Tell whether the baseline is too short to show its own noise: then a difference counts."""
    return evidence.baseline.n < MIN_BASELINE and not is_controlled(evidence)


def quarantine_reason(evidence: TestEvidence) -> str:
    """Return why statistics do not gate the test; empty where they do."""
    baseline = evidence.baseline
    if evidence.quarantine or is_controlled(evidence):
        return evidence.quarantine
    if is_single(evidence):
        return f"its baseline has {baseline.n} of the {MIN_BASELINE} samples that show its noise"
    if baseline.rate < MIN_RATE:
        return f"its own baseline is {baseline}, below {100 * MIN_RATE:g} %"
    return ""


def is_quarantined(trait: TraitEvidence) -> bool:
    """Tell whether the baseline alone shows so many values that a new one says little.

    Of several replies each one has to.
    """
    replies = zip(*map(trait.split, trait.baseline), strict=True)
    return all(map(expects_new_value, replies))


def quarantined_traits(evidence: TestEvidence) -> tuple[str, ...]:
    """Return the names of the traits that are too noisy to gate."""
    return tuple(trait.name for trait in evidence.traits if is_quarantined(trait))


def looks_different(evidence: TestEvidence) -> tuple[str, ...]:
    """Return why the candidate needs fresh samples; empty where it does not.

    A failed sample does, and so does what no sample of the baseline shows, at or above the
    severity that fails the test. What cannot gate asks for nothing: a test in quarantine, and one
    that is decided without samples.
    """
    if evidence.broken or evidence.not_comparable or quarantine_reason(evidence):
        return ()
    reasons = []
    if evidence.screen.failed:
        reasons.append(
            f"{PASSING}: {evidence.screen} of the candidate, {evidence.baseline} of the baseline"
        )
    limit = evidence.fails_from or Severity.BREAKING
    for change in _changes(evidence):
        new = _count(change.screen, limit)
        if new:
            reasons.append(
                f"{change.name}: new in {new}/{len(change.screen)} of the candidate, "
                f"in 0/{evidence.baseline.n} of the baseline"
            )
    return tuple(reasons)


def failing_changes(evidence: TestEvidence) -> tuple[str, ...]:
    """Return the names of the changes that fail the test by itself.

    With a baseline that shows its noise these are the confirmed ones. A shorter one can tell
    nothing of noise: there each difference fails, the test's own outcome included.
    """
    limit = evidence.fails_from
    if limit is None or evidence.quarantine:
        return ()
    if is_single(evidence):
        return tuple(
            PASSING if change.name == OUTCOME else change.name
            for change in evidence.changes
            if _count(change.screen + change.fresh, limit)
        )
    if evidence.not_comparable or quarantine_reason(evidence):
        return ()
    if is_controlled(evidence):
        return _find_charged(evidence)
    return confirmed_changes(evidence, limit)


def _find_charged(evidence: TestEvidence) -> tuple[str, ...]:
    """Return what the fresh samples charge the candidate with, by the names that are told."""
    charged = () if evidence.control is None else find_charged(evidence.control, gate=GatePolicy())
    return tuple(PASSING if name == OUTCOME else name for name in charged)


def confirmed_changes(evidence: TestEvidence, limit: Severity) -> tuple[str, ...]:
    """Return the changes that every confirming sample shows at that severity or above.

    Confirming are the fresh samples, or all of the candidate's where it has enough from the
    start. The worst come first.
    """
    if is_controlled(evidence):
        return _find_charged(evidence)
    found = {
        change.name: min(each.rank for each in samples if each is not None)
        for change in _changes(evidence)
        if not is_single(evidence)
        and len(samples := _confirming(change, evidence))
        >= count_after_baseline(evidence.baseline.n)
        and _count(samples, limit) == len(samples)
    }
    return tuple(sorted(found, key=lambda name: -found[name]))


def fails_throughout(evidence: TestEvidence) -> bool:
    """Tell whether a test that hardly ever failed fails on every confirming sample."""
    if is_controlled(evidence):
        return PASSING in _find_charged(evidence)
    baseline, candidate = evidence.baseline, evidence.candidate
    is_judged = baseline.n >= MIN_BASELINE and candidate.n >= count_after_baseline(baseline.n)
    return is_judged and baseline.rate >= STEADY and candidate.passed == 0


def find_report_threshold(evidence: TestEvidence) -> Severity:
    """Return from which severity on a change is told: notable, or less where less may fail."""
    limit = evidence.fails_from or Severity.NOTABLE
    return min(limit, Severity.NOTABLE, key=lambda severity: severity.rank)


def find_new_values(evidence: TestEvidence) -> tuple[str, ...]:
    """Say which new values are neither confirmed nor fail the test, and how often they came."""
    seen = []
    baseline, screen = evidence.baseline, evidence.screen
    limit = find_report_threshold(evidence)
    known = {*confirmed_changes(evidence, limit), *failing_changes(evidence)}
    is_open = not evidence.is_confirmed and not fails_throughout(evidence)
    if is_open and screen.failed and baseline.n and not baseline.failed and PASSING not in known:
        seen.append(
            f"failed in {screen.failed}/{screen.n} of the candidate, in 0/{baseline.n} of the "
            "baseline"
        )
    for change in _changes(evidence):
        samples = change.screen + change.fresh
        new = _count(samples, limit)
        if new and change.name not in known:
            seen.append(
                f"{change.name} new in {new}/{len(samples)} of the candidate, "
                f"in 0/{baseline.n} of the baseline"
            )
    return tuple(seen)


def _changes(evidence: TestEvidence) -> Iterator[ChangeEvidence]:
    """Yield all changes but that of the outcome, which the tallies tell."""
    return (change for change in evidence.changes if change.name != OUTCOME)


def _confirming(change: ChangeEvidence, evidence: TestEvidence) -> tuple[Severity | None, ...]:
    return change.fresh if evidence.is_confirmed else change.screen


def _count(samples: Sequence[Severity | None], limit: Severity) -> int:
    return sum(each is not None and each.rank >= limit.rank for each in samples)
