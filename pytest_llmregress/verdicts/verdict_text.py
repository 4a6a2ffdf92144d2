"""A verdict in sentences: counts, differences, p-values, and what the samples cannot show."""

from collections.abc import Sequence

from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.formatting.value_text import printable
from pytest_llmregress.values.evidence import Tally, TestEvidence
from pytest_llmregress.values.verdict import Bounds, GatePolicy, TestVerdict, Verdict
from pytest_llmregress.verdicts.control_gate import is_controlled
from pytest_llmregress.verdicts.first_pass import MIN_BASELINE as SHOWS_NOISE
from pytest_llmregress.verdicts.first_pass import count_after_baseline

MAX_NAMED = 3
"""Tests that a sentence names; the others are counted."""
MIN_SAMPLES = 2
"""Samples of a baseline from which on something can be said about one test alone."""
UNTESTED = "observed once, not tested"
"""The name of a difference that a short baseline cannot tell from noise."""
NAMES = {
    Verdict.BROKEN: "broken",
    Verdict.REGRESSED: "regressed",
    Verdict.IMPROVED: "improved",
    Verdict.DRIFTED: "drifted",
    Verdict.EQUIVALENT: "equivalent within the declared margin",
    Verdict.NO_EVIDENCE: "no evidence of a change",
    Verdict.NOT_COMPARABLE: "not comparable",
    Verdict.NO_BASELINE: "no baseline to tell a change from chance",
}
"""What a verdict is called; what shows nothing is never called more than that."""
HIDDEN = ", and for what a baseline recorded again until it passed hides"
"""What else a p-value is adjusted for where nobody can be asked, and it may be such a one."""
_ROUGH = 0.1
"""A p-value from here on has two decimals, a smaller one three significant digits."""


def format_p(p: float) -> str:
    """Return a p-value, as "0.50", "0.0037" or "1.00"."""
    return f"{p:.2f}" if p >= _ROUGH else f"{p:.3g}"


def format_points(share: float) -> str:
    """Return a difference of two rates in percentage points, with its sign."""
    return f"{round(100 * share, 1) + 0.0:+.1f}"


def format_bounds(bounds: Bounds) -> str:
    """Return a 95 % interval of a difference, in points."""
    return f"{format_points(bounds[0])} to {format_points(bounds[1])}"


def format_names(tests: Sequence[str]) -> str:
    """Return the names of the first tests, and how many there are beside them."""
    more = f" and {len(tests) - MAX_NAMED} more" if len(tests) > MAX_NAMED else ""
    return ", ".join(tests[:MAX_NAMED]) + more


def format_test(
    verdict: TestVerdict, *, evidence: TestEvidence, gate: GatePolicy, hides: bool
) -> str:
    """Return the verdict on a test, a statement a line, what it is called first.

    :param hides: whether its p for a worse candidate is what a selected baseline can hide.
    """
    parts = [_head(verdict, evidence, gate=gate)]
    if verdict.p is not None and verdict.interval is not None:
        parts.append(_say_counts(verdict, evidence))
        if verdict.verdict is not Verdict.BROKEN:
            parts += [_say_fisher(verdict, evidence, hides=hides), *_say_limits(verdict, gate=gate)]
    parts += verdict.control
    if verdict.confirmed and not is_controlled(evidence):
        samples = f"all {verdict.candidate.n} {_kind_of_samples(evidence)}"
        parts.append(
            f"confirmed: {', '.join(verdict.confirmed)} ({samples} are unlike the baseline)"
        )
    if verdict.untested:
        parts.append(
            f"{UNTESTED}: {', '.join(verdict.untested)} (the baseline has "
            f"{count(verdict.baseline.n, 'sample')}, and its noise shows from {SHOWS_NOISE} on)"
        )
    if verdict.unconfirmed:
        parts.append(f"unconfirmed: {'; '.join(verdict.unconfirmed)}")
    if verdict.quarantined_traits:
        names = ", ".join(verdict.quarantined_traits)
        parts.append(f"quarantined, as the baseline alone shows many values: {names}")
    if verdict.quarantine and verdict.verdict is not Verdict.NO_BASELINE:
        parts.append(f"quarantined: {verdict.quarantine}")
    if evidence.cached:
        parts.append(f"the samples may not be independent: {evidence.cached}")
    return "\n".join(map(printable, parts))


def _head(verdict: TestVerdict, evidence: TestEvidence, *, gate: GatePolicy) -> str:
    name = NAMES[verdict.verdict]
    match verdict.verdict:
        case Verdict.BROKEN:
            return f"{name}: {'; '.join(evidence.broken)}"
        case Verdict.NOT_COMPARABLE:
            return f"{name}: {evidence.not_comparable}"
        case Verdict.NO_BASELINE:
            sides = f"{verdict.baseline.n} of the baseline, {verdict.candidate.n} of the candidate"
            seen = f"{verdict.baseline} → {verdict.candidate}"
            return f"{name}: samples: {sides}; it takes 2 and 1 at least; seen: {seen}"
        case Verdict.EQUIVALENT if gate.margin is not None:
            return f"equivalent within ±{100 * gate.margin:g} points"
    return name


def _say_counts(verdict: TestVerdict, evidence: TestEvidence) -> str:
    change = format_points(verdict.candidate.rate - verdict.baseline.rate)
    counts = f"{format_rate(verdict.baseline)} → {format_rate(verdict.candidate)}"
    fresh = " (fresh samples, the first one not counted)" if evidence.is_confirmed else ""
    bounds = verdict.interval or (-1.0, 1.0)
    return (
        f"{counts}{fresh}, {change} points, compatible with {format_bounds(bounds)} (95 % interval)"
    )


def _say_fisher(verdict: TestVerdict, evidence: TestEvidence, *, hides: bool) -> str:
    side = "better" if verdict.candidate.rate > verdict.baseline.rate else "worse"
    p, two_sided = verdict.p or 0.0, verdict.p_two_sided or 0.0
    both = f"{format_p(p)} one-sided ({side}), {format_p(two_sided)} two-sided"
    words = f"Fisher's exact test: p = {both}"
    if verdict.p_adjusted is None:
        return f"{words}, not adjusted for any other test"
    which = "that looked different" if evidence.is_confirmed else "that were compared"
    family = f"{count(verdict.family, 'test')} {which} (discrete Holm)"
    also = HIDDEN if hides and side == "worse" else ""
    return f"{words}, adjusted for the {family}{also}: {format_p(verdict.p_adjusted)}"


def _say_limits(verdict: TestVerdict, *, gate: GatePolicy) -> list[str]:
    """Say which difference the samples could have shown, where they showed none."""
    if verdict.verdict not in (Verdict.NO_EVIDENCE, Verdict.EQUIVALENT):
        return []
    parts = []
    if verdict.smallest_p is not None and verdict.smallest_p > gate.half:
        parts.append(
            "these sample sizes cannot show a regression: the smallest p possible is "
            f"{format_p(verdict.smallest_p)}, and the limit is {gate.half:g}"
        )
    if verdict.verdict is Verdict.NO_EVIDENCE and verdict.needed is not None:
        drop = min(gate.interesting_drop_test, verdict.baseline.rate)
        parts.append(
            f"to find a drop of {100 * drop:g} points 80 % of the time takes about "
            f"{verdict.needed:,} samples a side, recorded at once"
        )
    return parts


def say_too_few(tests: Sequence[TestVerdict]) -> list[str]:
    """Say where samples of the candidate can confirm nothing, however many of them show it.

    A shorter baseline confirms nothing at all, and where the old model is asked, that decides.
    """
    judged = [test for test in tests if test.baseline.n >= SHOWS_NOISE and not test.control]
    short = [t for t in judged if t.candidate.n < count_after_baseline(t.baseline.n)]
    if not short:
        return []
    known, seen = min((test.baseline.n, test.candidate.n) for test in short)
    needed = count_after_baseline(known)
    return [
        (
            f"{count(seen, 'sample')} of the candidate can confirm nothing: after a baseline of "
            f"{known} it takes {needed} that all show it; --llmregress-confirm {needed}"
        )
    ]


def format_rate(tally: Tally) -> str:
    """Return "18/25 (72 %)"; never 100 % where one failed."""
    share = f"{100 * tally.rate:.3g}"
    if share == "100" and tally.failed:
        share = "above 99.9"
    return f"{tally} ({share} %)"


def _kind_of_samples(evidence: TestEvidence) -> str:
    return "fresh samples" if evidence.is_confirmed else "samples"
