"""A verdict in sentences: how often, how far, how sure, and what could not be seen."""

from collections.abc import Sequence

from pytest_llmregress.core.evidence import Tally, TestEvidence
from pytest_llmregress.core.screening import quarantine_reason
from pytest_llmregress.core.suite_verdict import NumberVerdict, SuiteVerdict
from pytest_llmregress.core.verdict import Bounds, Gate, TestVerdict, Verdict
from pytest_llmregress.core.wording import count
from pytest_llmregress.core.words import printable

MAX_NAMED = 3
"""Tests that a sentence names; the others are counted."""
MIN_SAMPLES = 2
"""Samples of a baseline from which on something can be said about one test alone."""
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
_ROUGH = 0.1
"""A p from here on is told with two digits, a smaller one with three that count."""


def say_p(p: float) -> str:
    """Return a p-value, as "0.50", "0.0037" or "1.00"."""
    return f"{p:.2f}" if p >= _ROUGH else f"{p:.3g}"


def say_points(share: float) -> str:
    """Return a difference of two rates in percentage points, with its sign."""
    return f"{round(100 * share, 1) + 0.0:+.1f}"


def say_bounds(bounds: Bounds) -> str:
    """Return a 95 % interval of a difference, in points."""
    return f"{say_points(bounds[0])} to {say_points(bounds[1])}"


def say_names(tests: Sequence[str]) -> str:
    """Return the names of the first tests, and how many there are beside them."""
    more = f" and {len(tests) - MAX_NAMED} more" if len(tests) > MAX_NAMED else ""
    return ", ".join(tests[:MAX_NAMED]) + more


def say_test(verdict: TestVerdict, *, evidence: TestEvidence, gate: Gate) -> str:
    """Return the verdict on a test, a statement a line, what it is called first."""
    parts = [_head(verdict, evidence, gate=gate)]
    if verdict.p is not None and verdict.interval is not None:
        parts.append(_say_counts(verdict, evidence))
        if verdict.verdict is not Verdict.BROKEN:
            parts += [_say_fisher(verdict, evidence), *_say_limits(verdict, gate=gate)]
    if verdict.confirmed:
        samples = f"all {verdict.candidate.n} {_kind_of_samples(evidence)}"
        parts.append(
            f"confirmed: {', '.join(verdict.confirmed)} ({samples} are unlike the baseline)"
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


def _head(verdict: TestVerdict, evidence: TestEvidence, *, gate: Gate) -> str:
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
    change = say_points(verdict.candidate.rate - verdict.baseline.rate)
    counts = f"{_rate(verdict.baseline)} → {_rate(verdict.candidate)}"
    fresh = " (fresh samples, the first one not counted)" if evidence.is_confirmed else ""
    bounds = verdict.interval or (-1.0, 1.0)
    return f"{counts}{fresh}, {change} points, compatible with {say_bounds(bounds)} (95 % interval)"


def _say_fisher(verdict: TestVerdict, evidence: TestEvidence) -> str:
    side = "better" if verdict.candidate.rate > verdict.baseline.rate else "worse"
    p, two_sided = verdict.p or 0.0, verdict.p_two_sided or 0.0
    words = f"Fisher's exact test: p = {say_p(p)} one-sided ({side}), {say_p(two_sided)} two-sided"
    if verdict.p_adjusted is None:
        return f"{words}, not adjusted for any other test"
    which = "that looked different" if evidence.is_confirmed else "that were compared"
    family = f"{count(verdict.family, 'test')} {which}"
    return f"{words}, adjusted for the {family} (discrete Holm): {say_p(verdict.p_adjusted)}"


def _say_limits(verdict: TestVerdict, *, gate: Gate) -> list[str]:
    """Say what could have been seen, where nothing was."""
    if verdict.verdict not in (Verdict.NO_EVIDENCE, Verdict.EQUIVALENT):
        return []
    parts = []
    if verdict.better is not None:
        parts.append(
            f"probability that the candidate is better: {verdict.better:.2f} (uniform prior)"
        )
    if verdict.smallest_p is not None and verdict.smallest_p > gate.half:
        parts.append(
            "these sample sizes cannot show a regression: the smallest p possible is "
            f"{say_p(verdict.smallest_p)}, and it takes {gate.half:g}"
        )
    if verdict.verdict is Verdict.NO_EVIDENCE and verdict.needed is not None:
        drop = min(gate.interesting_drop_test, verdict.baseline.rate)
        seen = verdict.needed_for_seen
        as_seen = f", one as large as the seen difference {seen:,}" if seen is not None else ""
        parts.append(
            f"to detect a drop of {100 * drop:g} points with 80 % power takes "
            f"{verdict.needed:,} samples a side{as_seen}"
        )
    return parts


def say_suite(
    suite: SuiteVerdict, *, evidences: Sequence[TestEvidence], gate: Gate
) -> tuple[str, ...]:
    """Return the verdict on a suite, a sentence a line, what decides first.

    Where no test has two samples of its baseline, nothing can be said of one test or one trait:
    then it is short.
    """
    told = (
        _say_overall(suite, evidences=evidences, gate=gate),
        *_say_rules(suite),
        *_say_suite_test(suite, gate=gate),
    )
    material = [_say_number(each, gate=gate) for each in suite.numbers if each.material]
    if _is_one_against_one(evidences):
        return (
            *told,
            *_say_selection(suite),
            *_say_too_small(suite, gate=gate),
            *_say_excluded_tests(suite, evidences=evidences),
            *material,
        )
    return (
        *told,
        *_say_family(suite, gate=gate),
        *_say_too_small(suite, gate=gate),
        *_say_needed(suite, gate=gate),
        *_say_exclusions(suite, evidences=evidences),
        *_say_traits(suite, gate=gate),
        *material,
        *_say_other_numbers(suite),
        *_say_cached(evidences),
    )


def _say_selection(suite: SuiteVerdict) -> tuple[str, ...]:
    """Say what a baseline of accepted single recordings leaves out: the runs that failed."""
    if not suite.negative_flips or suite.baseline.failed:
        return ()
    return (
        "a recording is accepted where its test went well: recorded again, the same model would do a "
        "little worse by chance as well; samples of the baseline tell the two apart",
    )


def _is_one_against_one(evidences: Sequence[TestEvidence]) -> bool:
    return all(evidence.baseline.n < MIN_SAMPLES for evidence in evidences)


def _say_overall(suite: SuiteVerdict, *, evidences: Sequence[TestEvidence], gate: Gate) -> str:
    name = NAMES[suite.verdict]
    if suite.verdict is Verdict.EQUIVALENT and gate.margin is not None:
        name = f"equivalent within ±{100 * gate.margin:g} points"
    elif suite.verdict is Verdict.NO_EVIDENCE and _is_one_against_one(evidences):
        name = f"{name} in pass/fail"  # of traits, one sample is no evidence either way
    fails = "fails the run" if suite.fails else "does not fail the run"
    head = f"{name}, {fails}: {count(len(evidences), 'test')}"
    if suite.drop is None or not suite.method or suite.interval is None:
        return f"{head}, none of them with samples to compare"
    return (
        f"{head}, {_rate(suite.baseline)} → {_rate(suite.candidate)}, "
        f"{say_points(-suite.drop)} points a test on average, "
        f"compatible with {say_bounds(suite.interval)} (95 % interval over the tests)"
    )


def _say_rules(suite: SuiteVerdict) -> list[str]:
    """Say what the statistics have no part in, and what takes their weight away."""
    lines = []
    broken = [test.test for test in suite.tests if test.verdict is Verdict.BROKEN]
    if broken:
        lines.append(f"contract: {count(len(broken), 'test')} broken: {say_names(broken)}")
    if suite.baseline_disagrees:
        lines.append(
            f"the baseline disagrees with itself: {suite.baseline_disagrees}; "
            "drift verdicts are advisory and fail nothing"
        )
    return lines


def _say_suite_test(suite: SuiteVerdict, *, gate: Gate) -> list[str]:
    if suite.p is None or suite.drop is None:
        return []
    side = "better" if suite.drop < 0 else "worse"
    flips = f"{len(suite.negative_flips)} negative, {len(suite.positive_flips)} positive"
    takes = f"it takes {gate.half:g}, half of alpha, and {100 * gate.min_drop:g} points"
    return [
        f"suite: {suite.method}: p = {say_p(suite.p)} one-sided ({side}); {takes}",
        f"flips, by most of the samples of a test: {flips}",
    ]


def _say_family(suite: SuiteVerdict, *, gate: Gate) -> list[str]:
    lines = []
    found = [test for test in suite.tests if test.test in set(suite.culprits)]
    numbers = ", ".join(
        f"{sum(test.verdict is verdict for test in found)} {verdict}"
        for verdict in (Verdict.REGRESSED, Verdict.DRIFTED)
    )
    if suite.family:
        which = (
            f"the {count(suite.family, 'test')} that looked different and got fresh samples"
            if suite.confirms
            else f"the {count(suite.family, 'test')} that were compared"
        )
        lines.append(
            f"tests: Fisher's exact test, adjusted for {which} (discrete Holm); "
            f"it takes {gate.half:g}: {numbers}"
        )
    elif suite.method:
        why = "no test has fresh samples" if suite.confirms else "none has two baseline samples"
        lines.append(f"tests: no verdict on a single one: {why}")
    if suite.culprits:
        lines.append(f"culprits: {say_names(suite.culprits)}")
    if suite.also_suspicious:
        lines.append(
            "also suspicious (discrete Benjamini-Hochberg, q = 0.10; a list to read, no verdict): "
            f"{say_names(suite.also_suspicious)}"
        )
    open_tests = [t.test for t in suite.tests if t.unconfirmed and not t.confirmed]
    if open_tests:
        number = count(len(open_tests), "test")
        lines.append(f"unconfirmed: {number} showed something new: {say_names(open_tests)}")
    return lines


def _say_too_small(suite: SuiteVerdict, *, gate: Gate) -> list[str]:
    """Say that nothing could have been seen, where that is so."""
    if suite.verdict not in (Verdict.NO_EVIDENCE, Verdict.EQUIVALENT):
        return []
    if suite.smallest_p is None or suite.smallest_p <= gate.half:
        return []
    return [
        (
            "these sample sizes cannot show a regression of the suite: the smallest p possible is "
            f"{say_p(suite.smallest_p)}, and it takes {gate.half:g}"
        )
    ]


def _say_needed(suite: SuiteVerdict, *, gate: Gate) -> list[str]:
    if suite.needed is None or suite.verdict is not Verdict.NO_EVIDENCE:
        return []
    return [
        (
            f"to detect a drop of {100 * gate.interesting_drop_suite:g} points over the suite with "
            f"80 % power takes about {count(suite.needed, 'sample')} a side of each test"
        )
    ]


def _say_exclusions(suite: SuiteVerdict, *, evidences: Sequence[TestEvidence]) -> list[str]:
    """Count what has no part in the verdict: never silently."""
    traits = sum(len(test.quarantined_traits) for test in suite.tests)
    best = [t.smallest_p for t in suite.tests if t.test in set(suite.untestable) and t.smallest_p]
    least = f" (the smallest p possible is {say_p(min(best))})" if best else ""
    parts = [
        f"{count(len(suite.quarantined), 'test')} and {count(traits, 'trait')} quarantined",
        f"{count(len(suite.untestable), 'test')} untestable at these sample sizes{least}",
    ]
    return [
        f"not judged one by one: {', '.join(parts)}",
        *_say_excluded_tests(suite, evidences=evidences),
    ]


def _say_excluded_tests(suite: SuiteVerdict, *, evidences: Sequence[TestEvidence]) -> list[str]:
    """Name the tests that are in no count at all, and why."""
    changed = [test.test for test in suite.tests if test.verdict is Verdict.NOT_COMPARABLE]
    lines = []
    if changed:
        lines.append(f"{count(len(changed), 'test')} not comparable: {say_names(changed)}")
    lines += [
        f"quarantined: {evidence.test}: {quarantine_reason(evidence)}"
        for evidence in evidences
        if evidence.test in suite.quarantined[:MAX_NAMED]
    ]
    if len(suite.quarantined) > MAX_NAMED:
        lines.append(f"quarantined: and {len(suite.quarantined) - MAX_NAMED} more")
    return lines


def _say_traits(suite: SuiteVerdict, *, gate: Gate) -> list[str]:
    return [
        f"trait {trait.name} differs over {count(trait.tests, 'test')}: permutation within each "
        f"test: p = {say_p(trait.p)}, adjusted for {count(len(suite.traits), 'trait')} (Holm): "
        f"{say_p(trait.p_adjusted)}; it takes {gate.half:g}; fails nothing by itself"
        for trait in suite.traits
        if trait.drifts
    ]


def _say_number(number: NumberVerdict, *, gate: Gate) -> str:
    interval = ""
    if number.interval is not None:
        interval = f" (95 % interval {number.interval[0]:.2f} to {number.interval[1]:.2f})"
    if number.material:
        found = "a material difference"
    elif number.p_adjusted <= gate.alpha:
        found = f"a difference below {100 * number.limit:g} %"
    else:
        found = "no evidence of a change"
    advisory = ", advisory" if number.advisory else ""
    return (
        f"{number.name}{advisory}: {found}: median ratio {number.ratio:.2f}x{interval} over "
        f"{count(number.tests, 'test')}; sign-flip test: p = {say_p(number.p)}, "
        f"adjusted (Holm over the numbers): {say_p(number.p_adjusted)}"
    )


def _say_other_numbers(suite: SuiteVerdict) -> list[str]:
    others = [number.name for number in suite.numbers if not number.material]
    if not others:
        return []
    names = ", ".join(others)
    return [f"{count(len(others), 'number')} without a material difference: {names}"]


def _say_cached(evidences: Sequence[TestEvidence]) -> list[str]:
    cached = [evidence for evidence in evidences if evidence.cached]
    if not cached:
        return []
    tests = say_names([evidence.test for evidence in cached])
    return [f"samples may not be independent: {tests}: {cached[0].cached}"]


def _rate(tally: Tally) -> str:
    share = f"{100 * tally.rate:.3g}"
    if share == "100" and tally.failed:
        share = "above 99.9"
    return f"{tally} ({share} %)"


def _kind_of_samples(evidence: TestEvidence) -> str:
    return "fresh samples" if evidence.is_confirmed else "samples"
