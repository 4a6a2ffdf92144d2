"""An alarm of a whole suite, confirmed on fresh samples of both models before it fails the run.

The recorded baseline may have been selected, or recorded on another day; where nothing has changed,
fresh samples of both models are exchangeable. So the alarm may be a loose one: what fails the run
are the same tests on the fresh samples alone, at the level that holds without confirmation.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.values.evidence import TestEvidence
from pytest_llmregress.values.suite_verdict import EventVerdict, TraitVerdict
from pytest_llmregress.values.verdict import GatePolicy
from pytest_llmregress.verdicts.event_text import say_event
from pytest_llmregress.verdicts.first_pass import MIN_BASELINE, MIN_RATE
from pytest_llmregress.verdicts.suite_events import judge_events, judge_selected_events
from pytest_llmregress.verdicts.suite_statistics import judge_traits
from pytest_llmregress.verdicts.verdict_text import format_p

FRESH = 200
"""About how many fresh samples of each model a suite gets."""
LEAST, MOST = 2, 10
"""Of each test at least, and at most."""
ALARM = 0.1
"""What an event's adjusted p is held against for an alarm, which fails nothing by itself."""

AS_IT_CAME = 0.1
"""From this share of tests on whose baseline has a failed sample, nobody has selected it."""
HIDES = "a baseline that is recorded again until none of its samples fails hides as much"
"""Why an alarm fails nothing where the recorded baseline stands in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteAlarm:
    """What a suite shows as a whole, confirmed where it has fresh samples of both models."""

    events: tuple[EventVerdict, ...]
    traits: tuple[TraitVerdict, ...]
    suspects: tuple[str, ...] = ()
    """The events and traits that call for fresh samples, by name."""
    spared: tuple[str, ...] = ()
    """Those of them that nobody confirms, and that a selected baseline would hide."""
    is_decided: bool = False
    """Whether fresh samples of both models decide, and nothing that was recorded before."""
    lines: tuple[str, ...] = ()
    """What they show, in sentences."""


def count_fresh(tests: int, *, first: int = 1) -> int:
    """Return how many fresh samples of each model each test of a suite gets.

    :param first: the first samples of the candidate: who asks for many wants to see a smaller
        loss, and as many it takes to confirm one.
    """
    return max(first, min(MOST, max(LEAST, -(-FRESH // max(1, tests)))))


def judge_alarm(
    compared: Sequence[TestEvidence], *, gate: GatePolicy, level: float, unconfirmed: str
) -> SuiteAlarm:
    """Judge what a suite shows as a whole.

    Without fresh samples the recorded baseline stands in, at the same level, as far as nobody may
    have selected it.

    :param level: what an event's adjusted p is held against.
    :param unconfirmed: why there are no fresh samples, and never will be; empty where that is not
        to be said.
    """
    loose = judge_events(compared, gate=gate, level=max(ALARM, level))
    traits = judge_traits(compared, gate=gate)
    suspects = (
        *(event.name for event in loose if event.fails),
        *(trait.name for trait in traits if trait.fails),
    )
    alarm = SuiteAlarm(events=loose, traits=traits, suspects=suspects)
    if suspects and compared and all(each.again is not None for each in compared):
        return _decide(alarm, compared, gate=gate, level=level)
    return _stand_in(alarm, compared, gate=gate, level=level, unconfirmed=unconfirmed)


def may_be_selected(compared: Sequence[TestEvidence]) -> bool:
    """Tell whether a baseline may have been recorded again until no sample of it failed.

    One that was taken as it came shows failed samples of some tests. A test that fails about as
    often as it passes says nothing of that: nobody can record it until it does not. Where few
    samples of each are recorded, a difference counts, whatever the baseline is like.
    """
    known = [evidence.baseline for evidence in compared if evidence.baseline.n >= MIN_BASELINE]
    failing = sum(MIN_RATE <= baseline.rate < 1 for baseline in known)
    return failing < AS_IT_CAME * len(known)


def _stand_in(
    alarm: SuiteAlarm,
    compared: Sequence[TestEvidence],
    *,
    gate: GatePolicy,
    level: float,
    unconfirmed: str,
) -> SuiteAlarm:
    """Return what fails a run where the recorded baseline stands in for fresh samples.

    What a baseline that was recorded again until it passed may hide is told, and fails nothing.
    """
    found = {event.name for event in alarm.events if event.rises and event.p_adjusted <= level}
    found |= {trait.name for trait in alarm.traits if trait.fails}
    kept, held = found, alarm.events
    if found and unconfirmed and may_be_selected(compared):
        held = judge_selected_events(compared, gate=gate, level=level)
        passing = [evidence for evidence in compared if not evidence.screen.failed]
        kept = {event.name for event in held if event.rises}
        kept |= {trait.name for trait in judge_traits(passing, gate=gate) if trait.fails}
    failing = found & kept & {*alarm.suspects}
    why = f"suite: not confirmed on fresh samples of both models: {unconfirmed}"
    lines = [f"{why}; the recorded baseline stands in"] if failing and unconfirmed else []
    told = {event.name: say_event(event) for event in alarm.events}
    ps = {event.name: f" (p = {format_p(event.p_adjusted)} then)" for event in held}
    spared = tuple(name for name in alarm.suspects if name in found - kept)
    lines += [
        f"suite: not confirmed, and fails nothing ({unconfirmed}): {told.get(name, name)}: {HIDES}"
        f"{ps.get(name, '')}"
        for name in spared
    ]
    return SuiteAlarm(
        events=tuple(_hold_against(e, is_found=e.name in found & kept) for e in alarm.events),
        traits=tuple(replace(t, fails=t.fails and t.name in kept) for t in alarm.traits),
        suspects=alarm.suspects,
        spared=spared,
        lines=tuple(lines),
    )


def _hold_against(event: EventVerdict, *, is_found: bool) -> EventVerdict:
    return replace(event, rises=event.rises and is_found, fails=event.fails and is_found)


def _decide(
    alarm: SuiteAlarm, compared: Sequence[TestEvidence], *, gate: GatePolicy, level: float
) -> SuiteAlarm:
    """Return what the fresh samples say of what an alarm was about."""
    taken, suspects = [_take_fresh(evidence) for evidence in compared], set(alarm.suspects)
    fresh = judge_events(taken, gate=gate, level=level, among=suspects)
    failing = {event.name for event in fresh if event.fails}
    failing |= {t.name for t in judge_traits(taken, gate=gate) if t.fails and t.name in suspects}
    told = {event.name: say_event(event) for event in fresh}
    ps = {event.name: f": p = {format_p(event.p_adjusted)}" for event in fresh}
    old = count(sum(evidence.baseline.n for evidence in taken), "sample")
    new = f"{sum(evidence.screen.n for evidence in taken):,} of the candidate"
    asked = f"suite: both models were asked again, {old} of the old one and {new}: these decide"
    return SuiteAlarm(
        events=tuple(_hold_against(each, is_found=each.name in failing) for each in alarm.events),
        traits=tuple(replace(t, fails=t.fails and t.name in failing) for t in alarm.traits),
        suspects=alarm.suspects,
        is_decided=True,
        lines=(
            asked,
            *(
                f"suite: {'confirmed' if name in failing else 'not borne out'}: "
                f"{told.get(name, name)}{ps.get(name, '')}; the limit is {level:g}"
                for name in alarm.suspects
            ),
        ),
    )


def _take_fresh(evidence: TestEvidence) -> TestEvidence:
    """Return the evidence of a test with the fresh samples of both models as its two sides."""
    again = evidence.again
    if again is None:
        return evidence
    return replace(
        evidence, baseline=again.control, screen=again.candidate, fresh=None, traits=again.traits
    )
