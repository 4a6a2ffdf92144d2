"""What a suite shows of events that are bad in themselves, in sentences."""

from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.values.evidence import OUTCOME, Tally
from pytest_llmregress.values.suite_verdict import EventVerdict, SuiteVerdict
from pytest_llmregress.values.verdict import GatePolicy
from pytest_llmregress.verdicts.verdict_text import format_p, format_points, format_rate

FAILS = "fails the run"
SPARES = "does not fail the run"


def fails_by_behavior(event: EventVerdict) -> bool:
    """Tell whether an event fails the run that the pass rate does not tell."""
    return event.fails and event.trait != OUTCOME


def say_event(event: EventVerdict) -> str:
    """Return how often an event was seen on both sides."""
    before, after = (format_rate(_shown(side)) for side in (event.baseline, event.candidate))
    counted = "replies" if event.of_each_reply else "samples"
    return f"{event.name}: {before} → {after} of the {counted} of {count(event.tests, 'test')}"


def say_events(suite: SuiteVerdict, *, gate: GatePolicy) -> list[str]:
    """Say of each event that rises how sure that is; the pass rate has sentences of its own."""
    return [
        f"{say_event(event)}, {format_points(event.rise)} points with each test counted once: "
        f"stratified exact test: p = {format_p(event.p)} one-sided, adjusted for the "
        f"{count(len(suite.events), 'event')} that occurred (discrete Holm): "
        f"{format_p(event.p_adjusted)}; the limits are {gate.half:g} and "
        f"{100 * gate.min_drop:g} points; "
        f"{FAILS if event.fails else SPARES}"
        for event in suite.events
        if event.rises and event.trait != OUTCOME
    ]


def _shown(free: Tally) -> Tally:
    """Return what shows an event, from what is free of it."""
    return Tally(passed=free.failed, n=free.n)
