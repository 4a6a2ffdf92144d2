"""From the evidence of all tests to the verdict on the suite, each test's verdict included."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pytest_llmregress.statistics.events import spread_of_selected
from pytest_llmregress.statistics.exact_tests import Alternative
from pytest_llmregress.statistics.multiplicity import (
    discrete_benjamini_hochberg,
    discrete_holm,
    holm,
)
from pytest_llmregress.values.evidence import Tally, TestEvidence
from pytest_llmregress.values.history import History
from pytest_llmregress.values.suite_verdict import EventVerdict, SuiteVerdict, TraitVerdict
from pytest_llmregress.values.verdict import GatePolicy, TestVerdict, Verdict
from pytest_llmregress.verdicts.canary import (
    POOLED,
    SHARE_OF_FAILED,
    find_nights,
    gate_of_a_night,
    judge_history,
    pool_nights,
)
from pytest_llmregress.verdicts.confirm_suite import SuiteAlarm, judge_alarm, may_be_selected
from pytest_llmregress.verdicts.control_gate import is_controlled
from pytest_llmregress.verdicts.first_pass import MIN_CONFIRMING, quarantine_reason
from pytest_llmregress.verdicts.judge_single import (
    MIN_BASELINE,
    AdjustedPValues,
    judge_in_family,
    judge_test,
)
from pytest_llmregress.verdicts.suite_events import judge_events
from pytest_llmregress.verdicts.suite_statistics import (
    PooledResult,
    build_table,
    compare_suite,
    fails_below_breaking,
    find_disagreement,
    judge_numbers,
    judge_traits,
    pool_counts,
    samples_for_drop,
)
from pytest_llmregress.verdicts.suite_verdict_text import format_suite

FALSE_DISCOVERIES = 0.10
"""Share of false names that is accepted in the list of what is only suspicious."""
_FAILS_ALREADY = "single tests fail the run already"
"""Why nobody has to confirm what the suite shows as a whole."""
_DECIDED = frozenset({Verdict.BROKEN, Verdict.NOT_COMPARABLE, Verdict.NO_BASELINE})
"""Verdicts that do not depend on a number of samples."""


def judge_suite(
    evidences: Sequence[TestEvidence],
    *,
    gate: GatePolicy,
    failed: Mapping[str, str] | None = None,
    history: History | None = None,
    unconfirmed: str = "",
) -> SuiteVerdict:
    """Judge all tests together.

    The suite is judged by the first samples of every test: by the rise of what is bad in itself, a
    failed sample included, and by traits that differ at all. A test is judged by its fresh samples,
    and the tests that have some are the family that its p is adjusted for; without confirmation
    the family is all tests, by all their samples. Each of the two is held against alpha/2. Where
    the sessions of the baseline differ from each other already, only what a test shows by itself
    fails the run: that was told before all tests were known.

    :param failed: tests that pytest was told of as failed, those without evidence included, each
        with the ground in words; what fails by its evidence is told by that.
    :param history: the nights of a canary: the suite is judged by the last ones together, and by
        the part of alpha that tonight has.
    :param unconfirmed: why an alarm of the suite has no fresh samples of both models; empty where
        that is not to be said.
    """
    compared = [evidence for evidence in evidences if is_compared(evidence)]
    confirms = _confirms(compared, gate=gate)
    family = [evidence for evidence in compared if _is_in_family(evidence, confirms=confirms)]
    # What such a baseline may hide fails no test: only what goes beyond that does.
    hides = bool(unconfirmed) and may_be_selected(compared)
    tests = _judge_tests(evidences, family, gate=gate, hides=hides)
    disagreement = find_disagreement(compared, gate=gate)
    if disagreement:
        tests = tuple(
            replace(test, fails=test.fails and judge_test(each, settings=gate).fails)
            for test, each in zip(tests, evidences, strict=True)
        )
    canary = None
    if history is not None:
        nights = find_nights(compared, history.nights)
        canary = judge_history(compared, nights, is_recorded=history.is_recorded, gate=gate)
        compared = [pool_nights(each, nights[-POOLED:]) for each in compared]
        gate = gate_of_a_night(gate)
    overall = compare_suite([build_table(e.baseline, e.screen) for e in compared])
    is_strict = any(fails_below_breaking(evidence) for evidence in compared)
    # Where traits may fail the run as well, they have one half of what events have without them.
    level = gate.half / 2 if is_strict else gate.half
    failing = tuple(test.test for test in tests if test.fails)
    if canary is None:
        why = _FAILS_ALREADY if failing and unconfirmed else unconfirmed
        alarm = judge_alarm(compared, gate=gate, level=level, unconfirmed=why)
    else:  # the old model is the same one
        alarm = _judge_night(compared, gate=gate, level=level)
    events, traits = alarm.events, alarm.traits
    if alarm.is_decided:
        disagreement = ""  # nothing that was recorded before has a say
    if disagreement:  # what the suite shows as a whole is advisory then
        events = tuple(replace(event, fails=False) for event in events)
        traits = tuple(replace(trait, fails=False) for trait in traits)
    culprits = tuple(test.test for test in tests if _is_culprit(test))
    # Whatever the number of samples, what a baseline may hide is not found.
    is_open = canary is not None or (not gate.asks_old_model and may_be_selected(compared))
    verdict = _decide(tests, overall=overall, events=events, traits=traits, gate=gate)
    grounds = {test: why for test, why in (failed or {}).items() if test not in set(failing)}
    alarms = (*(event.fails for event in events), *(trait.fails for trait in traits))
    fails = bool(failing) or any(alarms)
    suite = SuiteVerdict(
        verdict=verdict,
        fails=fails,
        method=overall.method,
        baseline=pool_counts(evidence.baseline for evidence in compared),
        candidate=pool_counts(evidence.screen for evidence in compared),
        family=len(family),
        confirms=confirms,
        p=overall.p,
        drop=overall.drop,
        interval=overall.interval,
        failing=failing,
        otherwise=tuple(grounds),
        culprits=culprits,
        also_suspicious=_name_suspicious(family, culprits),
        negative_flips=tuple(e.test for e in compared if _is_flip(e.baseline, e.screen)),
        positive_flips=tuple(e.test for e in compared if _is_flip(e.screen, e.baseline)),
        quarantined=tuple(test.test for test in tests if _is_quarantined(test)),
        untestable=tuple(test.test for test in tests if _is_untestable(test, gate=gate)),
        smallest_p=overall.smallest_p,
        needed=None if is_open else samples_for_drop([e.baseline for e in compared], gate=gate),
        baseline_disagrees=disagreement,
        suspects=alarm.suspects,
        spared=alarm.spared,
        history=canary,
        events=events,
        numbers=judge_numbers(compared, gate=gate),
        traits=traits,
        tests=tests,
    )
    lines = format_suite(
        suite,
        evidences=evidences,
        gate=gate,
        grounds=grounds,
        confirmation=alarm.lines,
        hides=hides,
    )
    return replace(suite, lines=lines)


def _judge_night(compared: Sequence[TestEvidence], *, gate: GatePolicy, level: float) -> SuiteAlarm:
    """Judge what the last nights of a canary show together; nothing of it can be confirmed."""
    events = judge_events(compared, gate=gate, level=level, share_of_failed=SHARE_OF_FAILED)
    return SuiteAlarm(events=events, traits=judge_traits(compared, gate=gate))


def _judge_tests(
    evidences: Sequence[TestEvidence],
    family: Sequence[TestEvidence],
    *,
    gate: GatePolicy,
    hides: bool,
) -> tuple[TestVerdict, ...]:
    tables = [build_table(evidence.baseline, evidence.candidate) for evidence in family]
    worse = discrete_holm(tables, Alternative.WORSE)
    beyond = holm([_beyond_selection(each) for each in family]) if hides else (0.0,) * len(family)
    better = discrete_holm(tables, Alternative.BETTER)
    adjusted = {
        id(evidence): AdjustedPValues(max(down, hidden), up, len(family), hides=hidden > down)
        for evidence, down, hidden, up in zip(family, worse, beyond, better, strict=True)
    }
    fresh = (evidence.candidate.n for evidence in family if evidence.is_confirmed)
    confirming = max(fresh, default=gate.confirm)
    return tuple(
        judge_in_family(
            evidence, gate=gate, adjusted=adjusted.get(id(evidence)), confirming=confirming
        )
        for evidence in evidences
    )


def _beyond_selection(evidence: TestEvidence) -> float:
    """Return how often a candidate as bad as its baseline can be hidden to be fails so often."""
    baseline, candidate = evidence.baseline, evidence.candidate
    if baseline.failed or not baseline.n or not candidate.n:
        return 0.0  # it is as it came: Fisher's test decides
    _, above = spread_of_selected(baseline.n, candidate.n).tails(candidate.failed)
    return min(1.0, above)


def _decide(  # noqa: PLR0911 -- one rule after the other, the first that holds
    tests: Sequence[TestVerdict],
    *,
    overall: PooledResult,
    events: Sequence[EventVerdict],
    traits: Sequence[TraitVerdict],
    gate: GatePolicy,
) -> Verdict:
    if any(test.verdict is Verdict.BROKEN and test.fails for test in tests):
        return Verdict.BROKEN
    found = {test.verdict for test in tests if _is_culprit(test)}
    if not overall.method and not found:
        changed = any(test.verdict is Verdict.NOT_COMPARABLE for test in tests)
        return Verdict.NOT_COMPARABLE if changed else Verdict.NO_BASELINE
    if any(event.rises for event in events) or Verdict.REGRESSED in found:
        return Verdict.REGRESSED
    if Verdict.DRIFTED in found:
        return Verdict.DRIFTED
    if overall.better <= gate.half and -overall.drop >= gate.min_drop:
        return Verdict.IMPROVED
    if any(trait.drifts for trait in traits):
        return Verdict.DRIFTED
    low, high = overall.interval
    if gate.margin is not None and -gate.margin < low and high < gate.margin:
        return Verdict.EQUIVALENT
    return Verdict.NO_EVIDENCE


def _name_suspicious(family: Sequence[TestEvidence], culprits: Sequence[str]) -> tuple[str, ...]:
    """Return the tests that discrete Benjamini-Hochberg finds in addition to the culprits."""
    tables = [build_table(evidence.baseline, evidence.candidate) for evidence in family]
    found = zip(family, discrete_benjamini_hochberg(tables, Alternative.WORSE), strict=True)
    return tuple(
        evidence.test
        for evidence, p in found
        if p <= FALSE_DISCOVERIES
        and evidence.test not in culprits
        and not quarantine_reason(evidence)
    )


def is_compared(evidence: TestEvidence) -> bool:
    """Tell whether a test counts for the suite: a declared quarantine excludes it."""
    is_excluded = evidence.not_comparable or evidence.quarantine
    return not is_excluded and evidence.baseline.n > 0 and evidence.screen.n > 0


def _confirms(compared: Sequence[TestEvidence], *, gate: GatePolicy) -> bool:
    """Tell whether tests that look different get fresh samples, even if none did."""
    if any(evidence.is_confirmed for evidence in compared):
        return True
    return gate.confirm > 0 and all(evidence.screen.n < MIN_CONFIRMING for evidence in compared)


def _is_in_family(evidence: TestEvidence, *, confirms: bool) -> bool:
    is_sampled = (evidence.is_confirmed or not confirms) and not is_controlled(evidence)
    return is_sampled and evidence.baseline.n >= MIN_BASELINE and not evidence.broken


def _is_culprit(test: TestVerdict) -> bool:
    return test.verdict in (Verdict.REGRESSED, Verdict.DRIFTED) and not test.quarantine


def _is_quarantined(test: TestVerdict) -> bool:
    """Tell whether a test may not fail by its statistics or by a broken contract."""
    is_spared = test.verdict is Verdict.BROKEN and not test.fails
    return bool(test.quarantine) and (is_spared or test.verdict not in _DECIDED)


def _is_untestable(test: TestVerdict, *, gate: GatePolicy) -> bool:
    """Tell whether no outcome could have shown a regression of this test alone."""
    if test.verdict is Verdict.NO_BASELINE:
        return True
    is_short = test.smallest_p is not None and test.smallest_p > gate.half
    return is_short and not test.quarantine and test.verdict is not Verdict.BROKEN


def _is_flip(before: Tally, after: Tally) -> bool:
    """Tell whether most samples of the baseline passed, and most of the candidate failed."""
    return 2 * before.passed > before.n and 2 * after.passed < after.n
