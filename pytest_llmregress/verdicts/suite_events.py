"""Events of a suite: what is bad in itself, and fails the run where it becomes more frequent."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from statistics import fmean
from typing import Any, NamedTuple

from pytest_llmregress.behavior.extractors import AS_REQUESTED, BARE_CODE, DOES_NOT_PARSE
from pytest_llmregress.behavior.text.closed_answer import CLOSED, Form
from pytest_llmregress.behavior.text.text_facts import JsonForm
from pytest_llmregress.statistics.distributions import MINUTE, sum_of
from pytest_llmregress.statistics.events import (
    EventCount,
    Replies,
    assume_selected,
    count_event,
    count_lost,
)
from pytest_llmregress.statistics.multiplicity import step_down
from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.call import Outcome
from pytest_llmregress.values.evidence import OUTCOME, Tally, TestEvidence
from pytest_llmregress.values.history import EventTally
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
    """One event, told by the value of one trait in one reply."""

    name: str
    """In words that follow "N of M samples": "refused in words"."""
    trait: str
    classify: Callable[[Any], str | None]
    """Returns the class of a value; None for a reply that says nothing."""
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
    """Return the language without its script: Chinese in other characters is no other one."""
    return None if value in (None, "", _UNKNOWN) else str(value).partition("-")[0]


def _classify_form(form: Any) -> str | None:
    if form == Form.EMPTY:
        return None
    return "bare" if str(form) in CLOSED else "short" if form == Form.PHRASE else "text"


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
        classify=_flag(lambda value: value not in ("none", "partial", None, [])),
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


class _Sides(NamedTuple):
    """The classes of the replies of each sample of a test, and how bad the event is there."""

    before: list[Replies]
    after: list[Replies]
    severity: Severity


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
    of_each_reply: bool


def judge_events(
    evidences: Sequence[TestEvidence],
    *,
    gate: GatePolicy,
    level: float,
    share_of_failed: float | None = None,
    among: Collection[str] | None = None,
) -> tuple[EventVerdict, ...]:
    """Judge each event over all tests that have its trait.

    Return those that any sample shows, and those that were asked for by name.

    The recorded baseline is held against the first samples of the candidate: later ones were
    drawn where it looked bad. The p-values are adjusted together. To confirm an alarm on other
    samples, give evidence whose two sides are those.

    :param level: what an adjusted p is held against.
    :param share_of_failed: the part of it that the pass rate has for itself; None where it is one
        event among the others.
    :param among: the names of the events that are judged; None for all of them.
    """
    judged = [event for event in EVENTS if among is None or event.name in among]
    found = [each for event in judged if (each := _find(event, evidences)) is not None]
    adjusted = _adjust(found, share_of_failed)
    return tuple(
        _judge(each, p, gate=gate, level=level)
        for each, p in zip(found, adjusted, strict=True)
        if each.baseline.failed or each.candidate.failed or among is not None
    )


def judge_selected_events(
    evidences: Sequence[TestEvidence], *, gate: GatePolicy, level: float
) -> tuple[EventVerdict, ...]:
    """Judge each event beside a baseline that was recorded again until it passed, or may have been.

    Such a one tells nothing of failed samples: they count beyond what it can hide. Of the other
    events it tells something only where the candidate passes as well.
    """
    passing = [evidence for evidence in evidences if not evidence.screen.failed]
    others = (_find(event, passing) for event in EVENTS if event is not FAILED)
    found = [each for each in (_find(FAILED, evidences, is_selected=True), *others) if each]
    adjusted = zip(found, _adjust(found, None), strict=True)
    return tuple(_judge(each, p, gate=gate, level=level) for each, p in adjusted)


def _adjust(found: Sequence[_Found], share_of_failed: float | None) -> list[float]:
    """Return the p-values, adjusted for each other."""
    if share_of_failed is None or not found or found[0].event is not FAILED:
        return list(step_down([each.p for each in found], [each.attainable for each in found]))
    failed, *others = found
    rest = step_down([each.p for each in others], [each.attainable for each in others])
    shares = (share_of_failed, *(1 - share_of_failed for _ in others))
    return [min(1.0, p / share) for p, share in zip((failed.p, *rest), shares, strict=True)]


def tally_events(evidences: Sequence[TestEvidence]) -> tuple[tuple[EventTally, EventTally], ...]:
    """Count of each event, in the order of `EVENTS`, what is free of it on either side."""
    told = []
    for event in EVENTS:
        sides = _tally_sides([(count, each) for _, each, count in _count_tests(event, evidences)])
        baseline, candidate = (EventTally(name=event.name, free=side) for side in sides)
        told.append((baseline, candidate))
    return tuple(told)


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
        of_each_reply=found.of_each_reply,
    )


def _find(
    event: SuiteEvent, evidences: Sequence[TestEvidence], *, is_selected: bool = False
) -> _Found | None:
    """Count an event in all tests that have its trait on both sides; None where none has."""
    found = _count_tests(event, evidences)
    if not found:
        return None
    counts = [(count, sides) for _, sides, count in found]
    if is_selected:
        counts = [(assume_selected(c, len(s.before), len(s.after)), s) for c, s in counts]
    total = sum_of(Counter(count.spread for count, _ in counts), negligible=MINUTE)
    baseline, candidate = _tally_sides(counts)
    return _Found(
        event=event,
        tests=len(counts),
        baseline=baseline,
        candidate=candidate,
        rise=fmean(
            count.candidate / _count_replies(each.after)
            - count.baseline / _count_replies(each.before)
            for count, each in counts
        ),
        p=min(1.0, total.tails(sum(count.candidate for count, _ in counts))[1]),
        attainable=total.upper_tails(),
        gates=any(reaches_limit(evidence, sides.severity) for evidence, sides, _ in found),
        of_each_reply=any(len(replies) > 1 for _, sides in counts for replies in sides.before),
    )


def _count_tests(
    event: SuiteEvent, evidences: Sequence[TestEvidence]
) -> list[tuple[TestEvidence, _Sides, EventCount]]:
    """Return each test that has the trait of an event on both sides, and how often it is seen."""
    return [
        (evidence, sides, _count(event, sides.before, sides.after))
        for evidence in evidences
        if (sides := _read_sides(event, evidence)) is not None
    ]


def _tally_sides(counts: Sequence[tuple[EventCount, _Sides]]) -> tuple[Tally, Tally]:
    """Return how many replies of both sides are free of an event, over all tests."""
    return (
        _free((count.baseline, _count_replies(each.before)) for count, each in counts),
        _free((count.candidate, _count_replies(each.after)) for count, each in counts),
    )


def _free(shown: Iterable[tuple[int, int]]) -> Tally:
    """Return how many replies are free of an event; of each test how many show it, and all."""
    every = list(shown)
    total = sum(n for _, n in every)
    return Tally(passed=total - sum(bad for bad, _ in every), n=total)


def _count_replies(samples: Sequence[Replies]) -> int:
    return sum(each is not None for replies in samples for each in replies)


def _count(event: SuiteEvent, before: Sequence[Replies], after: Sequence[Replies]) -> EventCount:
    if event.is_any_loss or event.as_good:
        return count_lost(before, after, count_losses=partial(_count_losses, event))
    return count_event(*([replies.count(_BAD) for replies in side] for side in (before, after)))


def _count_losses(event: SuiteEvent, kept: Replies, now: Replies) -> int:
    return sum(map(partial(_is_lost, event), kept, now))


def _is_lost(event: SuiteEvent, kept: str | None, now: str | None) -> bool:
    if kept is None or now is None or kept == now:
        return False
    return event.is_any_loss or any(
        first == kept and now not in others for first, *others in event.as_good
    )


def _read_sides(event: SuiteEvent, evidence: TestEvidence) -> _Sides | None:
    """Return the classes of both sides, and how bad the event is; None where one has no sample."""
    if event is FAILED:
        sides = (_read_tally(evidence.baseline), _read_tally(evidence.screen))
        return _known(*sides, Severity.BREAKING)
    for trait in evidence.traits:
        if trait.name == event.trait:
            before, after = (
                [tuple(_classify(event, each) for each in trait.split(value)) for value in side]
                for side in (trait.baseline, trait.screen)
            )
            return _known(before, after, trait.severity)
    return None


def _read_tally(tally: Tally) -> list[Replies]:
    return [(word,) for word, n in ((_FINE, tally.passed), (_BAD, tally.failed)) for _ in range(n)]


def _known(
    before: Sequence[Replies], after: Sequence[Replies], severity: Severity
) -> _Sides | None:
    """Leave out the samples of which no reply says anything."""
    known = [[each for each in side if any(each)] for side in (before, after)]
    return _Sides(known[0], known[1], severity) if all(known) else None


@lru_cache(maxsize=4096)
def _classify(event: SuiteEvent, value: str | None) -> str | None:
    """Return the class of a trait's canonical value."""
    return None if value is None else event.classify(json.loads(value))
