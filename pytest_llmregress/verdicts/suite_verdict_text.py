"""The verdict on a suite in sentences, what decides first."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.values.evidence import OUTCOME, TestEvidence
from pytest_llmregress.values.suite_verdict import SuiteVerdict
from pytest_llmregress.values.verdict import GatePolicy, TestVerdict, Verdict
from pytest_llmregress.verdicts.canary import say_history
from pytest_llmregress.verdicts.control_text import say_controls
from pytest_llmregress.verdicts.event_text import (
    FAILS,
    SPARES,
    fails_by_behavior,
    say_event,
    say_events,
)
from pytest_llmregress.verdicts.first_pass import quarantine_reason
from pytest_llmregress.verdicts.number_text import say_number, say_other_numbers
from pytest_llmregress.verdicts.verdict_text import (
    HIDDEN,
    MAX_NAMED,
    MIN_SAMPLES,
    NAMES,
    UNTESTED,
    format_bounds,
    format_names,
    format_p,
    format_points,
    format_rate,
    say_too_few,
)

SELECTED = (
    "a recording is accepted where its test went well: recorded again, the same model would do "
    "a little worse by chance as well; samples of the baseline tell the two apart"
)
"""What accepted single recordings leave out."""
SPARES_BY_ITSELF = "fails nothing by itself below --llmregress-fail-on notable"
"""What becomes of a run by traits of which nobody said which way is better."""


MIN_TESTS = 10
"""Tests of one recording a side from which on an interval over them says something."""


def format_suite(  # noqa: PLR0913 - one argument for each thing that is told
    suite: SuiteVerdict,
    *,
    evidences: Sequence[TestEvidence],
    gate: GatePolicy,
    grounds: Mapping[str, str],
    confirmation: Sequence[str] = (),
    hides: bool = False,
) -> tuple[str, ...]:
    """Return the verdict on a suite, a sentence a line, what decides first.

    `grounds` says why tests failed that do not fail by their evidence, in words, by their names;
    `confirmation`, what fresh samples of both models show of an alarm; `hides`, whether a test
    is held against what a selected baseline can hide as well.
    Where no test has two samples of its baseline, nothing can be said of one test or one trait:
    then it is short.
    """
    told = (
        _say_overall(suite, evidences=evidences, gate=gate, grounds=grounds),
        *_say_rules(suite),
        *_say_suite_test(suite, gate=gate),
        *confirmation,
        *say_events(suite, gate=gate),
        *say_history(suite.history),
        *say_controls(evidences, gate=gate),
    )
    material = [say_number(each, gate=gate) for each in suite.numbers if each.material]
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
        *_say_family(suite, gate=gate, hides=hides),
        *_say_too_small(suite, gate=gate),
        *_say_needed(suite, gate=gate),
        *_say_exclusions(suite, evidences=evidences),
        *_say_traits(suite, gate=gate),
        *material,
        *say_other_numbers(suite),
        *_say_cached(evidences),
    )


def _say_selection(suite: SuiteVerdict) -> tuple[str, ...]:
    """Say what a baseline of accepted single recordings leaves out: the runs that failed."""
    if not suite.negative_flips or suite.baseline.failed:
        return ()
    return (SELECTED,)


def _is_one_against_one(evidences: Sequence[TestEvidence]) -> bool:
    return all(evidence.baseline.n < MIN_SAMPLES for evidence in evidences)


_NOTHING_FOUND = frozenset(
    {
        Verdict.EQUIVALENT,
        Verdict.IMPROVED,
        Verdict.NO_BASELINE,
        Verdict.NO_EVIDENCE,
        Verdict.NOT_COMPARABLE,
    }
)
"""Verdicts that cannot explain a failed test; where one failed, the text says that instead."""


def _say_overall(
    suite: SuiteVerdict,
    *,
    evidences: Sequence[TestEvidence],
    gate: GatePolicy,
    grounds: Mapping[str, str],
) -> str:
    """Say first what fails the run, and how many tests; then how the suite did as a whole."""
    head = f"{_say_name(suite, evidences=evidences, gate=gate)}: "
    tests = len({evidence.test for evidence in evidences} | set(grounds))
    failed = len(suite.failing) + len(suite.otherwise)
    head += "".join(f"{say_event(event)}; " for event in suite.events if fails_by_behavior(event))
    if failed:
        verb = "fails" if failed == 1 else "fail"
        why = "; ".join(_say_grounds(suite, grounds))
        head += f"{failed:,} of {count(tests, 'test')} {verb}: {why}; pass/fail of the samples: "
    else:
        head += f"{count(tests, 'test')}, "
    if suite.drop is None or not suite.method or suite.interval is None:
        return f"{head}none of them with samples to compare"
    rates = f"{format_rate(suite.baseline)} → {format_rate(suite.candidate)}"
    once = f"{format_points(-suite.drop)} points with each test counted once"
    if _is_one_against_one(evidences) and tests < MIN_TESTS:
        return f"{head}{rates}, {once}"
    bounds = f"95 % interval {format_bounds(suite.interval)}"
    return f"{head}{rates} of all samples, {once} ({bounds})"


_GROUNDS = (
    (Verdict.REGRESSED, "failing more often than the baseline"),
    (Verdict.BROKEN, "a broken contract"),
)


def _say_grounds(suite: SuiteVerdict, grounds: Mapping[str, str]) -> Iterable[str]:
    """Yield each ground that tests fail on, with their number."""
    failing = [test for test in suite.tests if test.fails]
    untested = [test for test in failing if test.untested]
    rest = [test for test in failing if not test.untested]
    drifted = [test for test in rest if test.verdict is Verdict.DRIFTED]
    if untested:
        yield f"{len(untested):,} by a difference {UNTESTED} ({_say_traits_of(untested)})"
    if drifted:
        yield f"{len(drifted):,} by a confirmed change ({_say_traits_of(drifted)})"
    for verdict, why in _GROUNDS:
        if number := sum(test.verdict is verdict for test in rest):
            yield f"{number:,} by {why}"
    for why, number in Counter(grounds.values()).most_common():
        yield f"{number:,} by {why}"


def _say_traits_of(tests: Sequence[TestVerdict]) -> str:
    """Name the changes that most of the tests show, with the number of tests where that differs."""
    numbers = Counter(name for test in tests for name in test.untested or test.confirmed)
    ranked = numbers.most_common()
    names = [name if n == len(tests) else f"{name} {n}" for name, n in ranked[:MAX_NAMED]]
    more = f" and {len(ranked) - MAX_NAMED} more" if len(ranked) > MAX_NAMED else ""
    return ", ".join(names) + more


def _say_name(suite: SuiteVerdict, *, evidences: Sequence[TestEvidence], gate: GatePolicy) -> str:
    """Return the name of the verdict, and whether it fails the run."""
    if suite.verdict in _NOTHING_FOUND and (suite.failing or suite.otherwise):
        return FAILS
    name = NAMES[suite.verdict]
    if suite.verdict is Verdict.EQUIVALENT and gate.margin is not None:
        name = f"equivalent within ±{100 * gate.margin:g} points"
    elif suite.verdict is Verdict.NO_EVIDENCE and suite.spared:
        name = "looks worse, not confirmed"
    elif suite.verdict is Verdict.NO_EVIDENCE and _is_one_against_one(evidences):
        name = f"{name} in pass/fail"  # of traits, one sample is no evidence either way
    return f"{name}, {FAILS if suite.fails or suite.otherwise else SPARES}"


def _say_rules(suite: SuiteVerdict) -> list[str]:
    """Name the tests that the statistics leave out, and the reasons to trust them less."""
    lines = []
    broken = [test.test for test in suite.tests if test.verdict is Verdict.BROKEN]
    if broken:
        lines.append(f"contract: {count(len(broken), 'test')} broken: {format_names(broken)}")
    if suite.baseline_disagrees:
        lines.append(
            f"the baseline disagrees with itself: {suite.baseline_disagrees}; "
            "what the suite shows as a whole is advisory and fails nothing"
        )
    return lines


def _say_suite_test(suite: SuiteVerdict, *, gate: GatePolicy) -> list[str]:
    if suite.p is None or suite.drop is None:
        return []
    side = "better" if suite.drop < 0 else "worse"
    flips = f"{len(suite.negative_flips)} negative, {len(suite.positive_flips)} positive"
    takes = f"the limits are {gate.half:g}, half of alpha, and {100 * gate.min_drop:g} points"
    failed = next((event for event in suite.events if event.trait == OUTCOME), None)
    also = ""
    if failed is not None and suite.drop > 0 and len(suite.events) > 1:
        also = f", adjusted for the other events of the suite: {format_p(failed.p_adjusted)}"
    return [
        f"suite: {suite.method}: p = {format_p(suite.p)} one-sided ({side}){also}; {takes}",
        f"flips, by most of the samples of a test: {flips}",
    ]


def _say_family(suite: SuiteVerdict, *, gate: GatePolicy, hides: bool) -> list[str]:
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
            f"tests: Fisher's exact test, adjusted for {which} (discrete Holm)"
            f"{HIDDEN if hides else ''}; the limit is {gate.half:g}: {numbers}"
        )
    elif suite.method and suite.history is None:
        why = "no test has fresh samples" if suite.confirms else "none has two baseline samples"
        lines.append(f"tests: no verdict on a single one: {why}")
    if suite.culprits:
        lines.append(f"culprits: {format_names(suite.culprits)}")
    if suite.also_suspicious:
        lines.append(
            "also suspicious (discrete Benjamini-Hochberg, q = 0.10; a list to read, no verdict): "
            f"{format_names(suite.also_suspicious)}"
        )
    open_tests = [t.test for t in suite.tests if t.unconfirmed and not t.confirmed]
    if open_tests:
        number = count(len(open_tests), "test")
        lines.append(f"unconfirmed: {number} showed something new: {format_names(open_tests)}")
    asked = [t for t in suite.tests if t.unconfirmed or (suite.confirms and t.family)]
    return [*lines, *say_too_few(asked)]


def _say_too_small(suite: SuiteVerdict, *, gate: GatePolicy) -> list[str]:
    """Say so where these sample sizes cannot show a regression of the suite."""
    if suite.verdict not in (Verdict.NO_EVIDENCE, Verdict.EQUIVALENT):
        return []
    if suite.smallest_p is None or suite.smallest_p <= gate.half:
        return []
    return [
        (
            "these sample sizes cannot show a regression of the suite: the smallest p possible is "
            f"{format_p(suite.smallest_p)}, and the limit is {gate.half:g}"
        )
    ]


def _say_needed(suite: SuiteVerdict, *, gate: GatePolicy) -> list[str]:
    if suite.needed is None or suite.verdict is not Verdict.NO_EVIDENCE:
        return []
    return [
        (
            f"to find a drop of {100 * gate.interesting_drop_suite:g} points in all tests 80 % of "
            f"the time takes about {count(suite.needed, 'sample')} a side of each test: "
            f"--llmregress-samples {suite.needed} for baseline and candidate"
        )
    ]


_NOT_ALONE = "with too few samples, too much noise or in quarantine"


def _say_exclusions(suite: SuiteVerdict, *, evidences: Sequence[TestEvidence]) -> list[str]:
    """Count the tests that the verdict leaves out, so that none is left out silently."""
    traits = sum(len(test.quarantined_traits) for test in suite.tests)
    best = [t.smallest_p for t in suite.tests if t.test in set(suite.untestable) and t.smallest_p]
    least = f" (the smallest p possible is {format_p(min(best))})" if best else ""
    parts = [
        f"{count(len(suite.quarantined), 'test')} and {count(traits, 'trait')} {_NOT_ALONE}",
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
        lines.append(f"{count(len(changed), 'test')} not comparable: {format_names(changed)}")
    lines += [
        f"{'quarantined' if evidence.quarantine else 'not judged alone'}: {evidence.test}: "
        f"{quarantine_reason(evidence)}"
        for evidence in evidences
        if evidence.test in suite.quarantined[:MAX_NAMED]
    ]
    if len(suite.quarantined) > MAX_NAMED:
        lines.append(f"not judged alone: and {len(suite.quarantined) - MAX_NAMED} more")
    return lines


def _say_traits(suite: SuiteVerdict, *, gate: GatePolicy) -> list[str]:
    return [
        f"trait {trait.name} differs over {count(trait.tests, 'test')}: permutation within each "
        f"test: p = {format_p(trait.p)}, adjusted for {count(len(suite.traits), 'trait')} (Holm): "
        f"{format_p(trait.p_adjusted)}; the limit is {gate.half:g}; "
        f"{FAILS if trait.fails else SPARES_BY_ITSELF}"
        for trait in suite.traits
        if trait.drifts
    ]


def _say_cached(evidences: Sequence[TestEvidence]) -> list[str]:
    cached = [evidence for evidence in evidences if evidence.cached]
    if not cached:
        return []
    tests = format_names([evidence.test for evidence in cached])
    return [f"samples may not be independent: {tests}: {cached[0].cached}"]
