"""Events of a suite: what is bad in itself, and fails the run where it becomes more frequent."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean
from typing import Any, NamedTuple

from pytest_llmregress.behavior.extractors import AS_REQUESTED, BARE_CODE, DOES_NOT_PARSE
from pytest_llmregress.behavior.text.closed_answer import CLOSED, Form
from pytest_llmregress.behavior.text.text_facts import JsonForm
from pytest_llmregress.statistics.distributions import MINUTE, sum_of
from pytest_llmregress.statistics.events import EventCount, count_event, count_lost
from pytest_llmregress.statistics.multiplicity import step_down
from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.call import Outcome
from pytest_llmregress.values.evidence import OUTCOME, Tally, TestEvidence
from pytest_llmregress.values.suite_verdict import EventVerdict
from pytest_llmregress.values.verdict import GatePolicy
from pytest_llmregress.verdicts.suite_statistics import reaches_limit

_BAD, _FINE = "bad", "fine"
_UNKNOWN = "und"
"""The language of a text that is too short to tell."""
_INTERRUPTED = frozenset(
    str(outcome)
    for outcome in (
        Outcome.PAUSED,
        Outcome.TRUNCATED,
        Outcome.CONTEXT_FULL,
        Outcome.EMPTY,
        Outcome.ERROR,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteEvent:
    """One event, told by the value of one trait in one sample."""

    name: str
    """In words that follow "N of M samples": "refused in words"."""
    trait: str
    classify: Callable[[Any], str | None]
    """Returns the class of a value; None for a sample that says nothing."""
    as_good: tuple[tuple[str, ...], ...] = ()
    """The classes whose loss is the event, each with those that are as good; none where the event
    is the class "bad", whatever the baseline does."""
    is_any_loss: bool = False
    """Whether the loss of any class is the event."""


def _flag(is_bad: Callable[[Any], bool]) -> Callable[[Any], str]:
    return lambda value: _BAD if is_bad(value) else _FINE


def _classify_code(value: Any) -> str:
    blocks = value if isinstance(value, list) else []
    if BARE_CODE in blocks:
        return BARE_CODE
    return "python" if "python" in blocks and DOES_NOT_PARSE not in blocks else "none"


def _classify_language(value: Any) -> str | None:
    return None if value in (None, "", _UNKNOWN) else str(value)


def _classify_form(form: Any) -> str | None:
    if form == Form.EMPTY:
        return None
    return "bare" if form in CLOSED else "short" if form == Form.PHRASE else "text"


FAILED = SuiteEvent(name="failed", trait=OUTCOME, classify=str)
"""The loss of pass rate, an event among the others."""
EVENTS = (
    FAILED,
    SuiteEvent(
        name="refused",
        trait="outcome",
        classify=_flag(lambda value: str(value).startswith(str(Outcome.REFUSED))),
    ),
    SuiteEvent(
        name="refused in words",
        trait="refusal",
        classify=_flag(lambda value: value not in ("none", None, [])),
    ),
    SuiteEvent(name="deflected", trait="deflection", classify=_flag(bool)),
    SuiteEvent(
        name="interrupted",
        trait="outcome",
        classify=_flag(lambda value: str(value) in _INTERRUPTED),
    ),
    SuiteEvent(name="interrupted on the way", trait="interruptions", classify=_flag(bool)),
    SuiteEvent(
        name="served by another model than requested",
        trait="served_model",
        classify=_flag(lambda value: value != AS_REQUESTED),
    ),
    SuiteEvent(
        name="without the JSON that the baseline has",
        trait="text.json",
        classify=str,
        as_good=((str(JsonForm.PURE),), (str(JsonForm.FENCED), str(JsonForm.PURE))),
    ),
    SuiteEvent(
        name="without the code that the baseline has",
        trait="text.code",
        classify=_classify_code,
        as_good=((BARE_CODE,), ("python", BARE_CODE)),
    ),
    SuiteEvent(
        name="in another language than the baseline",
        trait="text.language",
        classify=_classify_language,
        is_any_loss=True,
    ),
    SuiteEvent(
        name="a text in place of a bare answer",
        trait="text.form",
        classify=_classify_form,
        as_good=(("bare", "short"),),
    ),
)
"""All of them, in the order in which they are told."""


class _Found(NamedTuple):
    """What all tests show of one event."""

    event: SuiteEvent
    tests: int
    baseline: Tally
    candidate: Tally
    rise: float
    p: float
    attainable: tuple[float, ...]
    gates: bool


def judge_events(
    evidences: Sequence[TestEvidence],
    *,
    gate: GatePolicy,
    level: float,
) -> tuple[EventVerdict, ...]:
    """Judge each event over all tests that have its trait; return those that any sample shows.

    The recorded baseline is held against the first samples of the candidate: later ones were
    drawn where it looked bad. The p-values are adjusted together. To confirm an alarm on other
    samples, give evidence whose two sides are those.

    :param level: what an adjusted p is held against.
    """
    found = [each for event in EVENTS if (each := _find(event, evidences)) is not None]
    adjusted = step_down([each.p for each in found], [each.attainable for each in found])
    return tuple(
        _judge(each, p, gate=gate, level=level)
        for each, p in zip(found, adjusted, strict=True)
        if each.baseline.failed or each.candidate.failed
    )


def _judge(found: _Found, adjusted: float, *, gate: GatePolicy, level: float) -> EventVerdict:
    is_found = adjusted <= level and found.rise >= gate.min_drop
    return EventVerdict(
        name=found.event.name,
        trait=found.event.trait,
        tests=found.tests,
        baseline=found.baseline,
        candidate=found.candidate,
        rise=found.rise,
        p=found.p,
        p_adjusted=adjusted,
        rises=is_found,
        fails=is_found and found.gates,
    )


def _find(event: SuiteEvent, evidences: Sequence[TestEvidence]) -> _Found | None:
    """Count an event in all tests that have its trait on both sides; None where none has."""
    counts: list[tuple[EventCount, int, int]] = []
    gates = False
    for evidence in evidences:
        sides = _read_sides(event, evidence)
        if sides is not None:
            before, after, severity = sides
            counts.append((_count(event, before, after), len(before), len(after)))
            gates = gates or reaches_limit(evidence, severity)
    if not counts:
        return None
    parts = Counter(each.spread for each, _, _ in counts)
    total = sum_of(parts, negligible=MINUTE)
    return _Found(
        event=event,
        tests=len(counts),
        baseline=_free(((each.baseline, n) for each, n, _ in counts)),
        candidate=_free(((each.candidate, n) for each, _, n in counts)),
        rise=fmean(each.candidate / n2 - each.baseline / n1 for each, n1, n2 in counts),
        p=min(1.0, total.tails(sum(each.candidate for each, _, _ in counts))[1]),
        attainable=total.upper_tails(),
        gates=gates,
    )


def _free(shown: Iterable[tuple[int, int]]) -> Tally:
    """Return how many samples are free of an event; of each test how many show it, and all."""
    every = list(shown)
    total = sum(n for _, n in every)
    return Tally(passed=total - sum(bad for bad, _ in every), n=total)


def _count(event: SuiteEvent, before: Sequence[str], after: Sequence[str]) -> EventCount:
    if event.is_any_loss:
        return count_lost(before, after, as_good={each: frozenset() for each in (*before, *after)})
    if event.as_good:
        as_good = {first: frozenset(others) for first, *others in event.as_good}
        return count_lost(before, after, as_good=as_good)
    return count_event(before, after, bad={_BAD})


def _read_sides(
    event: SuiteEvent, evidence: TestEvidence
) -> tuple[list[str], list[str], Severity] | None:
    """Return the classes of both sides, and how bad the event is; None where one has no sample."""
    if event is FAILED:
        sides = (_read_tally(evidence.baseline), _read_tally(evidence.screen))
        return _known(*sides, Severity.BREAKING)
    for trait in evidence.traits:
        if trait.name == event.trait:
            before = [_classify(event, value) for value in trait.baseline]
            after = [_classify(event, value) for value in trait.screen]
            return _known(before, after, trait.severity)
    return None


def _read_tally(tally: Tally) -> list[str]:
    return [_FINE] * tally.passed + [_BAD] * tally.failed


def _known(
    before: Sequence[str | None], after: Sequence[str | None], severity: Severity
) -> tuple[list[str], list[str], Severity] | None:
    known = [[each for each in side if each is not None] for side in (before, after)]
    return (known[0], known[1], severity) if all(known) else None


@lru_cache(maxsize=4096)
def _classify(event: SuiteEvent, value: str) -> str | None:
    """Return the class of a trait's canonical value."""
    return event.classify(json.loads(value))
