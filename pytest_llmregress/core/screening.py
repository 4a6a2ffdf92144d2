"""What the samples of one test show by themselves: quarantine, suspicion, and its confirmation."""

from pytest_llmregress.core.behavior import Severity
from pytest_llmregress.core.evidence import TestEvidence, TraitEvidence

MIN_BASELINE = 5
"""Samples of a baseline from which on a test gates by itself."""
MIN_RATE = 0.6
"""Share of a baseline's samples that have to end well for its test to gate by itself."""
MAX_DISTINCT = 2
"""Values of a trait in a baseline up to which it gates: one with more is noise."""
MIN_CONFIRMING = 5
"""Samples of a candidate that all have to be new for a trait to count as changed."""
STEADY = 0.95
"""Share of a baseline's samples that end well in a test whose failing throughout is no chance.

Of ten samples that is all. With less, a suite of 500 noisy tests is red by chance too often.
"""
PASSING = "pass/fail"
"""The name that the test's own outcome goes by among the traits."""


def quarantine_reason(evidence: TestEvidence) -> str:
    """Return why the test does not gate by itself; empty where it does."""
    baseline = evidence.baseline
    if evidence.quarantine:
        return evidence.quarantine
    if baseline.n < MIN_BASELINE:
        return f"its baseline has {baseline.n} of the {MIN_BASELINE} samples that it takes to gate"
    if baseline.rate < MIN_RATE:
        return f"its own baseline is {baseline}, below {100 * MIN_RATE:g} %"
    return ""


def is_quarantined(trait: TraitEvidence) -> bool:
    """Tell whether the baseline alone shows so many values that a new one says little."""
    return len(set(trait.baseline)) > MAX_DISTINCT


def quarantined_traits(evidence: TestEvidence) -> tuple[str, ...]:
    """Return the names of the traits that are too noisy to gate."""
    return tuple(trait.name for trait in evidence.traits if is_quarantined(trait))


def looks_different(evidence: TestEvidence) -> tuple[str, ...]:
    """Return why the candidate's first samples ask for fresh ones; empty where they do not.

    A failed sample does, and so does a value that the baseline never showed of a trait that is
    breaking. What cannot gate asks for nothing: a test or a trait in quarantine, and a test that
    is decided without samples.
    """
    if evidence.broken or evidence.not_comparable or quarantine_reason(evidence):
        return ()
    reasons = []
    if evidence.screen.failed:
        reasons.append(
            f"{PASSING}: {evidence.screen} of the candidate, {evidence.baseline} of the baseline"
        )
    for trait in evidence.traits:
        if trait.severity is Severity.BREAKING and not is_quarantined(trait):
            new = _count_new(trait, trait.screen)
            if new:
                reasons.append(
                    f"{trait.name}: new in {new}/{len(trait.screen)} of the candidate, "
                    f"in 0/{len(trait.baseline)} of the baseline"
                )
    return tuple(reasons)


def changed_traits(evidence: TestEvidence, severity: Severity) -> tuple[str, ...]:
    """Return the traits of that severity of which every confirming sample has a new value.

    Confirming are the fresh samples, or all of the candidate's where it has enough from the
    start. Traits in quarantine, and those with too short a baseline, are left out.
    """
    return tuple(
        trait.name
        for trait in evidence.traits
        if trait.severity is severity and _is_changed(trait, evidence)
    )


def fails_throughout(evidence: TestEvidence) -> bool:
    """Tell whether a test that hardly ever failed fails on every confirming sample."""
    baseline, candidate = evidence.baseline, evidence.candidate
    is_judged = baseline.n >= MIN_BASELINE and candidate.n >= MIN_CONFIRMING
    return is_judged and baseline.rate >= STEADY and candidate.passed == 0


def seen_anew(evidence: TestEvidence) -> tuple[str, ...]:
    """Say what was seen anew and is not confirmed, with how often; cosmetic traits left out."""
    seen = []
    baseline, screen = evidence.baseline, evidence.screen
    is_open = not evidence.is_confirmed and not fails_throughout(evidence)
    if is_open and screen.failed and baseline.n and not baseline.failed:
        seen.append(
            f"failed in {screen.failed}/{screen.n} of the candidate, in 0/{baseline.n} of the "
            "baseline"
        )
    for trait in evidence.traits:
        samples = trait.screen + trait.fresh
        new = _count_new(trait, samples)
        is_told = trait.severity is not Severity.COSMETIC and not is_quarantined(trait)
        if is_told and trait.baseline and new and not _is_changed(trait, evidence):
            seen.append(
                f"{trait.name} new in {new}/{len(samples)} of the candidate, "
                f"in 0/{len(trait.baseline)} of the baseline"
            )
    return tuple(seen)


def _is_changed(trait: TraitEvidence, evidence: TestEvidence) -> bool:
    samples = trait.fresh if evidence.is_confirmed else trait.screen
    return (
        len(trait.baseline) >= MIN_BASELINE
        and len(samples) >= MIN_CONFIRMING
        and not is_quarantined(trait)
        and _count_new(trait, samples) == len(samples)
    )


def _count_new(trait: TraitEvidence, samples: tuple[str, ...]) -> int:
    known = set(trait.baseline)
    return sum(value not in known for value in samples) if known else 0
