"""Nights of a canary: the same model against its baseline again and again, on one alpha.

Each night has an equal part of alpha, half of it for the suite, which is judged by the last nights
together, and half for single tests, which are judged by fresh samples of tonight. Nights count from
the first one that is held against what is accepted now.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.values.evidence import Tally, TestEvidence, TraitEvidence
from pytest_llmregress.values.history import (
    HistoryVerdict,
    Night,
    NightTally,
    TestNight,
)
from pytest_llmregress.values.verdict import GatePolicy
from pytest_llmregress.verdicts.control_gate import NIGHTS
from pytest_llmregress.verdicts.suite_events import EVENTS, tally_events

_NO_NIGHT = "canary: nothing was recorded, so that no night is added"
POOLED = 7
"""The last nights that the suite is judged by."""
SHARE_OF_FAILED = 0.9
"""The part of the suite's alpha that the pass rate has for itself. A loss of it is slow to show,
and found nights later with an equal part; what is bad in itself hardly occurs in a baseline."""
SHOWN_ALONE = 14
"""The last nights that are shown one by one; those before in groups of `POOLED`."""
_TRAITS = frozenset(event.trait for event in EVENTS)


def build_night(
    evidences: Iterable[TestEvidence], *, at: str, candidate: str, fails: bool = False
) -> Night:
    """Return what the first samples of a run show.

    :param evidences: of the tests that this very run has recorded.
    """
    return Night(
        at=at,
        candidate=candidate,
        fails=fails,
        tests={
            each.test: TestNight(
                accepted=each.accepted,
                passed=each.screen,
                traits={
                    _name_values(t): t.screen for t in each.traits if t.name in _TRAITS and t.screen
                },
            )
            for each in evidences
            if each.screen.n and not each.not_comparable
        },
    )


def gate_of_a_night(gate: GatePolicy) -> GatePolicy:
    """Return what it takes to fail one night of many by the whole suite."""
    return replace(gate, alpha=gate.alpha / NIGHTS)


def find_nights(evidences: Sequence[TestEvidence], nights: Sequence[Night]) -> tuple[Night, ...]:
    """Return the nights of which any test was held against what is accepted now."""
    accepted = {each.test: each.accepted for each in evidences}
    return tuple(
        night
        for night in nights
        if any(accepted.get(name) == test.accepted for name, test in night.tests.items())
    )


def pool_nights(evidence: TestEvidence, nights: Sequence[Night]) -> TestEvidence:
    """Return the evidence of a test with the first samples of some nights in place of tonight's.

    A night in which another recording was accepted says nothing of this one. A test that none of
    the nights has stays as it is.
    """
    found = [
        test
        for night in nights
        if (test := night.tests.get(evidence.test)) and test.accepted == evidence.accepted
    ]
    if not found:
        return evidence
    return replace(
        evidence,
        screen=_pool(test.passed for test in found),
        traits=tuple(_pool_trait(trait, found) for trait in evidence.traits),
    )


def _pool_trait(trait: TraitEvidence, found: Sequence[TestNight]) -> TraitEvidence:
    if trait.name not in _TRAITS:
        return trait
    name = _name_values(trait)
    return replace(trait, screen=tuple(v for test in found for v in test.traits.get(name, ())))


def _name_values(trait: TraitEvidence) -> str:
    """Return the name that the values of a trait go by: those of other numbers of replies differ.

    A value that is of each reply of a sample has nothing to say beside one of fewer replies.
    """
    if not trait.of_each_reply:
        return trait.name
    return f"{trait.name} of {len(trait.split(trait.baseline[0]))} replies"


def judge_history(
    evidences: Sequence[TestEvidence],
    nights: Sequence[Night],
    *,
    is_recorded: bool,
    gate: GatePolicy,
) -> HistoryVerdict:
    """Return what the nights have spent of alpha, and what each of them shows.

    :param nights: as `find_nights` returns them.
    :param gate: of a run by itself.
    """
    spent = len(nights) * gate.alpha / NIGHTS
    groups = [[night] for night in nights[-SHOWN_ALONE:]]
    before = nights[:-SHOWN_ALONE]
    # From the newest one on, so that a night stays in its group as long as possible.
    first = len(before) % POOLED
    older = [before[:first], *(before[k : k + POOLED] for k in range(first, len(before), POOLED))]
    told = [_tally(evidences, group) for group in (*older, *groups) if group]
    baseline = [before for before, _ in tally_events(evidences)]
    shown = [
        place
        for place, event in enumerate(baseline)
        if not place or event.free.failed or any(each.events[place].free.failed for each in told)
    ]
    return HistoryVerdict(
        since=nights[0].at if nights else "",
        nights=len(nights),
        pooled=min(POOLED, len(nights)),
        is_recorded=is_recorded,
        spent=spent,
        left=max(0.0, gate.alpha - spent),
        baseline=tuple(baseline[place] for place in shown),
        by_night=tuple(
            replace(each, events=tuple(each.events[place] for place in shown)) for each in told
        ),
    )


def _tally(evidences: Sequence[TestEvidence], nights: Sequence[Night]) -> NightTally:
    ran = {name for night in nights for name in night.tests}
    pooled = [pool_nights(each, nights) for each in evidences if each.test in ran]
    return NightTally(
        first=nights[0].at[:10],
        nights=len(nights),
        failing=sum(night.fails for night in nights),
        events=tuple(after for _, after in tally_events(pooled)),
    )


def _pool(tallies: Iterable[Tally]) -> Tally:
    every = tuple(tallies)
    return Tally(passed=sum(t.passed for t in every), n=sum(t.n for t in every))


def say_history(history: HistoryVerdict | None) -> list[str]:
    """Return how many nights there are, what the suite is judged by, and what is left of alpha."""
    if history is None:
        return []
    lines = [] if history.is_recorded else [_NO_NIGHT]
    if not history.nights:
        return lines
    nights = f"{count(history.nights, 'night')} since {history.since[:10]}"
    if history.pooled == 1:
        by = "the suite is judged by one night"
    else:
        by = f"the suite is judged by the last {history.pooled} nights together"
    if history.left:
        left = f"{history.spent:.2g} of it spent, {history.left:.3g} left"
    else:
        left = (
            "all of it spent: record the baseline again, so that a red night still means something"
        )
    share = f"alpha, one part in {NIGHTS} a night, half of that for the suite"
    return [*lines, f"canary: {nights}; {by}; {share}: {left}"]
