"""From the samples of one test to the evidence that a verdict is founded on."""

from collections.abc import Iterable, Sequence

from pytest_llmregress.comparison.merging import count_changes
from pytest_llmregress.pipeline.drift import describe_request_change, fails_from
from pytest_llmregress.pipeline.state import ObservedSample, ObservedTest
from pytest_llmregress.values.behavior import Behavior, Change, Severity, Trait, TraitKind, worst
from pytest_llmregress.values.canonical_json import dump_canonical_json
from pytest_llmregress.values.evidence import (
    NumberEvidence,
    Tally,
    TestEvidence,
    TraitEvidence,
)
from pytest_llmregress.values.snapshot import SampleSnapshot

_TOLD = frozenset({TraitKind.CATEGORY, TraitKind.SET})
CACHED_FROM = 5
"""Identical answers from which on one has to ask whether they were sampled at all."""


def collect_evidence(test: ObservedTest) -> TestEvidence:
    """Return what the usable samples say, beside those that are accepted."""
    accepted, quarantine = test.gating, test.state.config.terms.quarantine
    baseline = () if accepted is None else accepted.samples
    compared = [sample for sample in test.compared if sample.usable]
    first = [sample for sample in compared if not sample.plan.confirms]
    fresh = [sample for sample in compared if sample.plan.confirms]
    return TestEvidence(
        test=test.node_id,
        baseline=count_passes(sample.passed for sample in baseline),
        screen=count_passes(sample.own_passed for sample in first),
        fresh=count_passes(sample.own_passed for sample in fresh) if fresh else None,
        sessions=_sessions(baseline),
        traits=tuple(_traits(baseline, first, fresh)),
        changes=count_changes([each.changes for each in first], [each.changes for each in fresh]),
        fails_from=fails_from(test),
        numbers=tuple(_numbers(baseline, first)),
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
    )


def count_passes(outcomes: Iterable[bool]) -> Tally:
    """Count how many of them are true."""
    counted = list(outcomes)
    return Tally(passed=sum(counted), n=len(counted))


def _sessions(baseline: Sequence[SampleSnapshot]) -> tuple[Tally, ...]:
    sessions: dict[str, list[bool]] = {}
    for sample in baseline:
        sessions.setdefault(sample.session, []).append(sample.passed)
    return tuple(count_passes(sessions[name]) for name in sorted(sessions))


def _traits(
    baseline: Sequence[SampleSnapshot],
    first: Sequence[ObservedSample],
    fresh: Sequence[ObservedSample],
) -> Iterable[TraitEvidence]:
    """Yield each trait of a few values; a difference that the rules pass over is none here."""
    names = dict.fromkeys(
        trait.name for sample in baseline for trait in sample.behavior.traits if trait.kind in _TOLD
    )
    for name in names:
        known = [_value(trait) for each in baseline if (trait := each.behavior.get(name))]
        changes = [_change_of(sample, name) for sample in (*first, *fresh)]
        severity = worst(change for change in changes if change is not None)
        yield TraitEvidence(
            name=name,
            severity=severity or Severity.COSMETIC,
            baseline=tuple(known),
            screen=tuple(_value_in(sample, name, known[0]) for sample in first),
            fresh=tuple(_value_in(sample, name, known[0]) for sample in fresh),
        )


def _value_in(sample: ObservedSample, name: str, same: str) -> str:
    """Return a sample's value; one of the baseline's where the comparison found no change."""
    change = _change_of(sample, name)
    trait = sample.behavior.get(name)
    if change is None or trait is None or change.severity is Severity.COSMETIC:
        return same
    return _value(trait)


def _change_of(sample: ObservedSample, name: str) -> Change | None:
    return next((change for change in sample.changes if change.trait == name), None)


def _value(trait: Trait) -> str:
    return dump_canonical_json(trait.value)


def _numbers(
    baseline: Sequence[SampleSnapshot], first: Sequence[ObservedSample]
) -> Iterable[NumberEvidence]:
    names = dict.fromkeys(
        trait.name
        for sample in baseline
        for trait in sample.behavior.traits
        if trait.kind is TraitKind.NUMBER
    )
    for name in names:
        before = _values_of(name, [sample.behavior for sample in baseline])
        after = _values_of(name, [sample.behavior for sample in first])
        if before and after:
            yield NumberEvidence(name=name, baseline=before, candidate=after)


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
    warm = any(_temperature(call.request.get("temperature")) > 0 for some in calls for call in some)
    if len(calls) >= CACHED_FROM and len(texts) == 1 and warm:
        return f"{len(calls)} identical answers at a temperature above 0: cache?"
    return ""


def _temperature(value: object) -> float:
    """Return the temperature of a request; 1 where it says none, as the API has it."""
    return float(value) if isinstance(value, int | float) else 1.0
