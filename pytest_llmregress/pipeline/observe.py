"""From what the samples of a test came to, to one value: drift, cause and evidence with it."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from pytest_llmregress.comparison.merging import count_changes
from pytest_llmregress.pipeline.collect_control import blame_old_model, collect_control
from pytest_llmregress.pipeline.drift import (
    build_drift,
    describe_request_change,
    explain_no_cross,
    fails_from,
)
from pytest_llmregress.pipeline.extract import AcceptedRecording, build_extractors
from pytest_llmregress.pipeline.plan import AGAIN, AGAIN_CONTROL
from pytest_llmregress.pipeline.session_context import SessionContext
from pytest_llmregress.pipeline.state import ObservedSample, ObservedSide, ObservedTest, TestState
from pytest_llmregress.values.behavior import Behavior, Change, Drift, Severity, Trait, TraitKind
from pytest_llmregress.values.canonical_json import dump_canonical_json
from pytest_llmregress.values.evidence import (
    FreshEvidence,
    NumberEvidence,
    Tally,
    TestEvidence,
    TraitEvidence,
)
from pytest_llmregress.values.snapshot import SampleSnapshot
from pytest_llmregress.verdicts.suite_statistics import LATENCY

if TYPE_CHECKING:
    from pytest_llmregress.comparison.align_replies import AlignedReplies

_TOLD = frozenset({TraitKind.CATEGORY, TraitKind.SET})
_CACHED_FROM = 5
"""Identical answers from which on one has to ask whether they were sampled at all."""


class TestObserver:
    """Observes one test as often as it is asked; finds the cause of a drift once."""

    __test__ = False  # pytest must not collect it

    def __init__(self, accepted: AcceptedRecording, context: SessionContext) -> None:
        self._accepted = accepted
        self._context = context
        self._drifts: dict[tuple[tuple[Change, ...], ...], Drift | None] = {}
        """By the changes of the compared samples: a cause takes reading both recordings."""

    @cached_property
    def now(self) -> str:
        """When what this run records is said to be recorded."""
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def observe(
        self,
        state: TestState,
        samples: Sequence[ObservedSample],
        sides: Sequence[ObservedSide] = (),
    ) -> ObservedTest:
        """Return what a test has come to by now.

        Nothing of it is compared where the candidate was not asked, be it in one sample.
        """
        if any(sample.unasked is not None for sample in samples):
            samples = [replace(sample, compared=False) for sample in samples]
        test = ObservedTest(
            state=state,
            samples=tuple(samples),
            sides=tuple(sides),
            run_fail_on=self._context.settings.fail_on,
            is_quarantined=state.is_quarantined(datetime.now(UTC).date()),
        )
        if not test.is_compared:
            return test
        observed = self._accepted.observe(build_extractors(state.config, self._context.plugins))
        test = replace(test, observed=observed)
        changes = tuple(sample.changes for sample in test.compared)
        if changes not in self._drifts:
            self._drifts[changes] = build_drift(
                test, self._context, baseline=self._accepted.cassette, now=self.now
            )
        test = self._explain_cross(replace(test, drift=self._drifts[changes]))
        test = replace(test, evidence=collect_evidence(test))
        return replace(test, drift=blame_old_model(test))

    @staticmethod
    def _explain_cross(test: ObservedTest) -> ObservedTest:
        """Return a test with what a grid has shown of its drift, or why there is no grid."""
        drift = test.drift
        if drift is None or drift.cause is None:
            return test
        crossed = ""
        if test.sides:
            from pytest_llmregress.pipeline.explain_grid import explain_grid

            crossed = explain_grid(test)
        crossed = crossed or explain_no_cross(test.state, drift)
        return replace(test, drift=replace(drift, cause=replace(drift.cause, cross=crossed)))


def collect_evidence(test: ObservedTest) -> TestEvidence:
    """Return what the usable samples say, beside those that are accepted."""
    from pytest_llmregress.comparison.align_replies import align_replies

    accepted, quarantine = test.gating, test.state.config.terms.quarantine
    baseline = () if accepted is None else accepted.samples
    compared = [sample for sample in test.compared if sample.usable]
    first = [sample for sample in compared if not sample.plan.confirms]
    fresh = [sample for sample in compared if sample.plan.confirms]
    sides = [[sample.behavior for sample in side] for side in (baseline, first, fresh)]
    replies = align_replies([behavior for side in sides for behavior in side])
    evidence = TestEvidence(
        test=test.node_id,
        accepted="" if accepted is None else accepted.cassette,
        baseline=Tally.of(sample.passed for sample in baseline),
        screen=Tally.of(sample.own_passed for sample in first),
        fresh=Tally.of(sample.own_passed for sample in fresh) if fresh else None,
        sessions=_sessions(baseline),
        traits=tuple(_traits(test, sides, replies)),
        changes=count_changes([each.changes for each in first], [each.changes for each in fresh]),
        fails_from=fails_from(test),
        numbers=tuple(_numbers(sides, replies)),
        broken=tuple(
            dict.fromkeys(
                problem.message
                for sample in compared
                for problem in sample.problems
                if problem.code == "contract"
            )
        ),
        not_comparable=describe_request_change(test),
        quarantine=quarantine.reason if quarantine and test.is_quarantined else "",
        cached=_cached(compared),
        traits_compared=_count_common_traits(baseline, compared),
        is_same=_is_same(baseline, compared),
        again=collect_fresh_evidence(test),
    )
    if evidence.broken or evidence.not_comparable or evidence.quarantine:
        return evidence  # decided without samples, or it may not gate
    limit = evidence.fails_from or Severity.BREAKING
    return replace(evidence, control=collect_control(test, first, fresh, limit=limit))


def collect_fresh_evidence(test: ObservedTest) -> FreshEvidence | None:
    """Return what fresh samples of both models show, where the suite as a whole looked worse.

    None where one of them does not count, and where the candidate was recorded anew since.
    """
    from pytest_llmregress.comparison.align_replies import align_replies

    control, candidate = test.find_side(AGAIN_CONTROL), test.find_side(AGAIN)
    if control is None or candidate is None:
        return None
    samples = (*control.samples, *candidate.samples)
    is_whole = len(control.usable) == len(candidate.usable) == len(samples) / 2
    since = test.state.old.notes[0].session if test.state.old and test.state.old.notes else ""
    notes = (sample.plan.note for sample in samples)
    if not is_whole or any(note is not None and note.session < since for note in notes):
        return None
    sides = [[each.behavior for each in side.usable] for side in (control, candidate)]
    replies = align_replies([behavior for side in sides for behavior in side])
    return FreshEvidence(
        control=Tally.of(sample.own_passed for sample in control.usable),
        candidate=Tally.of(sample.own_passed for sample in candidate.usable),
        traits=tuple(_traits(test, [*sides, []], replies)),
    )


def _sessions(baseline: Sequence[SampleSnapshot]) -> tuple[Tally, ...]:
    sessions: dict[str, list[bool]] = {}
    for sample in baseline:
        sessions.setdefault(sample.session, []).append(sample.passed)
    return tuple(Tally.of(sessions[name]) for name in sorted(sessions))


def _traits(
    test: ObservedTest, sides: Sequence[Sequence[Behavior]], replies: "AlignedReplies | None"
) -> Iterable[TraitEvidence]:
    """Yield each trait of a few values that both sides have, with the values as extracted.

    :param sides: the baseline's samples, the first ones, the fresh ones.
    :param replies: those of all samples in that order; None where a sample has one conversation.
    """
    from pytest_llmregress.behavior.registry import CONVERSATIONS
    from pytest_llmregress.comparison.conversation_pairs import OF_A_REPLY

    known = {
        trait.name: trait.severity
        for behavior in sides[0]
        for trait in behavior.traits
        if trait.kind in _TOLD and trait.name != CONVERSATIONS  # its replies have their own
    }
    for name, severity in known.items():
        of_each_reply = replies is not None and name in OF_A_REPLY
        if replies is not None and of_each_reply:
            rows = _split(replies.values(name), sides)
            baseline, screen, fresh = (tuple(map(dump_canonical_json, side)) for side in rows)
        else:
            baseline, screen, fresh = (_values(name, side) for side in sides)
        if baseline and screen:
            yield TraitEvidence(
                name=name,
                severity=_override(test, name, severity),
                baseline=baseline,
                screen=screen,
                fresh=fresh,
                of_each_reply=of_each_reply,
            )


def _split(rows: Iterable[list[Any]], sides: Iterable[Sequence[Behavior]]) -> list[list[list[Any]]]:
    """Return the values of all samples by side, those left out of which no reply has one."""
    following = iter(rows)
    every = [list(islice(following, len(side))) for side in sides]
    return [[row for row in side if any(each is not None for each in row)] for side in every]


def _count_common_traits(
    baseline: Sequence[SampleSnapshot], compared: Sequence[ObservedSample]
) -> int:
    sides = (
        {trait.name for sample in side for trait in sample.behavior.traits}
        for side in (baseline, compared)
    )
    return len(set.intersection(*sides))


def _is_same(baseline: Sequence[SampleSnapshot], compared: Sequence[ObservedSample]) -> bool:
    """Tell whether every trait of every call of each sample is equal, and so are all values.

    Some traits tell of the last call alone: of several calls not every one is compared. Latency is
    no behavior: it differs in every recording.
    """
    if any(len(sample.calls) > 1 for sample in compared):
        return False
    seen = {
        dump_canonical_json([{**sample.behavior.values(), LATENCY: None}, dict(sample.values)])
        for side in (baseline, compared)
        for sample in side
    }
    return len(seen) == 1 and bool(compared) and bool(baseline)


def _override(test: ObservedTest, name: str, severity: Severity) -> Severity:
    """Return the severity that the project gives a trait; what it ignores is cosmetic."""
    severities = test.state.config.terms.severity
    change = Change(trait=name, severity=severity, before="", after="")
    found = severities.apply_to(change)
    return Severity.COSMETIC if found is None else found.severity


def _values(name: str, behaviors: Iterable[Behavior]) -> tuple[str, ...]:
    return tuple(_value(trait) for each in behaviors if (trait := each.get(name)))


def _value(trait: Trait) -> str:
    return dump_canonical_json(trait.value)


def _numbers(
    sides: Sequence[Sequence[Behavior]], replies: "AlignedReplies | None"
) -> Iterable[NumberEvidence]:
    """Yield each number that both sides have; of several replies their sum, as of all tokens."""
    from pytest_llmregress.comparison.conversation_pairs import OF_A_REPLY

    names = dict.fromkeys(
        trait.name
        for behavior in sides[0]
        for trait in behavior.traits
        if trait.kind is TraitKind.NUMBER
    )
    for name in names:
        before, after = ([*_values_of(name, side)] for side in sides[:2])
        if replies is not None and name in OF_A_REPLY:
            rows = _split(replies.values(name), sides)
            before, after = ([float(sum(filter(None, row))) for row in side] for side in rows[:2])
        if before and after:
            yield NumberEvidence(name=name, baseline=tuple(before), candidate=tuple(after))


def _values_of(name: str, behaviors: Sequence[Behavior]) -> tuple[float, ...]:
    values = (trait.value for each in behaviors if (trait := each.get(name)))
    return tuple(
        float(value)
        for value in values
        if isinstance(value, int | float) and not isinstance(value, bool)
    )


def _cached(samples: Sequence[ObservedSample]) -> str:
    """Say why the samples may not be independent of each other."""
    calls = [sample.calls for sample in samples]
    texts = {
        dump_canonical_json(
            [[c.text, [[t.full_name, dict(t.arguments)] for t in c.tool_calls]] for c in some]
        )
        for some in calls
    }
    warm = any(
        _temperature(call.prompt.parameters.get("temperature")) > 0
        for some in calls
        for call in some
    )
    if len(calls) >= _CACHED_FROM and len(texts) == 1 and warm:
        return f"{len(calls)} identical answers at a temperature above 0: cache?"
    return ""


def _temperature(value: object) -> float:
    """Return the temperature of a request; 1 where it says none, as the API has it."""
    return float(value) if isinstance(value, int | float) else 1.0
