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
from pytest_llmregress.verdicts.suite_events import judge_events
from pytest_llmregress.verdicts.suite_statistics import judge_traits
from pytest_llmregress.verdicts.verdict_text import format_p

FRESH = 200
"""About how many fresh samples of each model a suite gets."""
LEAST, MOST = 2, 10
"""Of each test at least, and at most."""
ALARM = 0.1
"""What an event's adjusted p is held against for an alarm, which fails nothing by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteAlarm:
    """What a suite shows as a whole, confirmed where it has fresh samples of both models."""

    events: tuple[EventVerdict, ...]
    traits: tuple[TraitVerdict, ...]
    suspects: tuple[str, ...] = ()
    """The events and traits that call for fresh samples, by name."""
    is_decided: bool = False
    """Whether fresh samples of both models decide, and nothing that was recorded before."""
    lines: tuple[str, ...] = ()
    """What they show, in sentences."""


def count_fresh(tests: int) -> int:
    """Return how many fresh samples of each model each test of a suite gets."""
    return min(MOST, max(LEAST, -(-FRESH // max(1, tests))))


def judge_alarm(
    compared: Sequence[TestEvidence], *, gate: GatePolicy, level: float, unconfirmed: str
) -> SuiteAlarm:
    """Judge what a suite shows as a whole.

    Without fresh samples the recorded baseline stands in, at the same level.

    :param level: what an event's adjusted p is held against.
    :param unconfirmed: why there are no fresh samples; empty where that is not to be said.
    """
    loose = judge_events(compared, gate=gate, level=max(ALARM, level))
    traits = judge_traits(compared, gate=gate)
    suspects = (
        *(event.name for event in loose if event.fails),
        *(trait.name for trait in traits if trait.fails),
    )
    if suspects and compared and all(each.again is not None for each in compared):
        alarm = SuiteAlarm(events=loose, traits=traits, suspects=suspects)
        return _decide(alarm, compared, gate=gate, level=level)
    events = tuple(_hold_against(each, is_found=each.p_adjusted <= level) for each in loose)
    fails = any(event.fails for event in events) or any(trait.fails for trait in traits)
    why = f"suite: not confirmed on fresh samples of both models: {unconfirmed}"
    return SuiteAlarm(
        events=events,
        traits=traits,
        suspects=suspects,
        lines=(f"{why}; the recorded baseline stands in",) if fails and unconfirmed else (),
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
                f"{told.get(name, name)}{ps.get(name, '')}; it takes {level:g}"
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
