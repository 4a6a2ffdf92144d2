"""Statistics over all tests of a suite: its exact test, its numbers, its sessions."""

import math
from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import NamedTuple

from pytest_llmregress.statistics.exact_tests import Alternative, ContingencyTable, stratified
from pytest_llmregress.statistics.intervals import median_ratio, newcombe, paired_t
from pytest_llmregress.statistics.multiplicity import discrete_holm, holm
from pytest_llmregress.statistics.permutation import Sample, sign_flip, suite_mismatch
from pytest_llmregress.statistics.sample_sizes import samples_per_test
from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.evidence import Tally, TestEvidence, TraitEvidence
from pytest_llmregress.values.suite_verdict import NumberVerdict, TraitVerdict
from pytest_llmregress.values.verdict import Bounds, GatePolicy
from pytest_llmregress.verdicts.verdict_text import format_p

MATERIAL = 0.10
"""Share by which a number has to differ to matter."""
MATERIAL_LATENCY = 0.25
LATENCY = "latency"
"""The name of the number that depends on the day and the machine."""


class PooledResult(NamedTuple):
    """A suite's exact test."""

    method: str
    """Empty where there is no test to compare."""
    worse: float
    better: float
    p: float | None
    """The one of the two in the direction that was seen."""
    smallest_p: float | None
    drop: float
    interval: Bounds


def build_table(baseline: Tally, candidate: Tally) -> ContingencyTable:
    """Return two tallies as one table."""
    return ContingencyTable(baseline.passed, baseline.n, candidate.passed, candidate.n)


def pool_counts(tallies: Iterable[Tally]) -> Tally:
    """Return the sum of all tallies."""
    every = tuple(tallies)
    return Tally(passed=sum(tally.passed for tally in every), n=sum(tally.n for tally in every))


def compare_suite(tables: Sequence[ContingencyTable]) -> PooledResult:
    """Test a whole suite, each test compared with itself alone."""
    if not tables:
        return PooledResult("", 1.0, 1.0, None, None, 0.0, (-1.0, 1.0))
    worse = stratified(tables, Alternative.WORSE)
    better = stratified(tables, Alternative.BETTER)
    drop = -fmean(_differences(tables))
    return PooledResult(
        method=_name_method(tables),
        worse=worse,
        better=better,
        p=better if drop < 0 else worse,
        smallest_p=stratified([table._replace(b=0) for table in tables], Alternative.WORSE),
        drop=drop,
        interval=_bound_change(tables),
    )


POWER = 0.8
"""How often a number of samples that is named has to find its drop."""
OF_EACH = 0.86
"""How often fresh samples have to find it, that alarm and confirmation together do so often."""


def samples_for_drop(baselines: Sequence[Tally], *, gate: GatePolicy) -> int | None:
    """Return the samples a side and test with which the gate finds a drop 80 % of the time.

    The noise is what the repeated samples of the baseline show, and what it becomes once all
    tests fail so much more often. None where no test has two samples, of which nobody knows the
    noise, and where the drop is none that the gate asks for. An alarm is confirmed on as many fresh
    samples where the old model may be asked again: then both have to find it.
    """
    drop = gate.interesting_drop_suite
    repeated = [tally for tally in baselines if tally.n > 1]
    if not repeated or drop <= gate.min_drop:
        return None
    noise = fmean(t.passed * t.failed / (t.n * (t.n - 1)) for t in repeated)
    rate = fmean(t.rate for t in repeated)
    after = min(0.25, max(0.0, noise + drop * (2 * rate - 1) - drop * drop))
    return samples_per_test(
        (noise, after),
        drop=drop,
        min_drop=gate.min_drop,
        tests=len(baselines),
        alpha=gate.half,
        power=OF_EACH if gate.confirm and gate.asks_old_model else POWER,
    )


def judge_numbers(
    evidences: Sequence[TestEvidence], *, gate: GatePolicy
) -> tuple[NumberVerdict, ...]:
    """Judge each number over all tests that have it, by the logarithm of its ratio in each."""
    names = sorted({number.name for evidence in evidences for number in evidence.numbers})
    ratios = {name: _log_ratios(evidences, name) for name in names}
    told = [name for name in names if ratios[name]]
    ps = [sign_flip(ratios[name], seed=name) for name in told]
    return tuple(
        _judge_number(name, ratios[name], p=p, p_adjusted=adjusted, gate=gate)
        for name, p, adjusted in zip(told, ps, holm(ps), strict=True)
    )


def judge_traits(
    evidences: Sequence[TestEvidence], *, gate: GatePolicy
) -> tuple[TraitVerdict, ...]:
    """Judge each trait over all tests that have it and two samples of the baseline or more.

    Whether another value is better or worse is not asked: it fails a run only where notable
    changes do, and for that its p is held against half of what it takes to be told.
    """
    pairs: dict[str, list[tuple[Sequence[Sample], Sequence[Sample]]]] = {}
    gating: set[str] = set()
    told: set[str] = set()
    for evidence in evidences:
        for trait in evidence.traits:
            if len(trait.baseline) > 1 and trait.screen:
                sides = (_list_samples(trait, trait.baseline), _list_samples(trait, trait.screen))
                pairs.setdefault(trait.name, []).append(sides)
                if trait.severity is not Severity.COSMETIC:
                    told.add(trait.name)
                if fails_below_breaking(evidence) and reaches_limit(evidence, trait.severity):
                    gating.add(trait.name)
    names = sorted(pairs)
    # A test that shows one value alone has no part in any order of the labels.
    varied = {name: [p for p in pairs[name] if len({*p[0], *p[1]}) > 1] for name in names}
    ps = [suite_mismatch(varied[name], seed=name) for name in names]
    return tuple(
        TraitVerdict(
            name=name,
            tests=len(pairs[name]),
            p=p,
            p_adjusted=adjusted,
            drifts=name in told and adjusted <= gate.half,
            fails=name in gating and adjusted <= gate.half / 2,
        )
        for name, p, adjusted in zip(names, ps, holm(ps), strict=True)
    )


def _list_samples(trait: TraitEvidence, values: Sequence[str]) -> Sequence[Sample]:
    return [trait.split(value) for value in values] if trait.of_each_reply else values


def reaches_limit(evidence: TestEvidence, severity: Severity) -> bool:
    """Tell whether something that bad may fail the run in a test."""
    return evidence.fails_from is not None and severity.rank >= evidence.fails_from.rank


def fails_below_breaking(evidence: TestEvidence) -> bool:
    """Tell whether less than breaking changes may fail the run in a test."""
    return evidence.fails_from not in (None, Severity.BREAKING)


def find_disagreement(evidences: Sequence[TestEvidence], *, gate: GatePolicy) -> str:
    """Return how the baseline's sessions differ from each other by the run's own rules.

    Empty where they do not. Each session is held against all the others, in both directions.
    """
    sessions = max((len(evidence.sessions) for evidence in evidences), default=0)
    comparisons = sessions if sessions > 2 else sessions - 1  # noqa: PLR2004 -- two are one pair
    for position in range(comparisons):
        tables = [
            build_table(one, rest)
            for evidence in evidences
            if len(evidence.sessions) > position and (one := evidence.sessions[position]).n
            if (
                rest := pool_counts(
                    (*evidence.sessions[:position], *evidence.sessions[position + 1 :])
                )
            ).n
        ]
        if tables:
            found = _disagree(tables, level=gate.half / comparisons, min_drop=gate.min_drop)
            if found:
                sides = (
                    pool_counts(Tally(passed=t.a, n=t.n1) for t in tables),
                    pool_counts(Tally(passed=t.b, n=t.n2) for t in tables),
                )
                return f"session {position + 1}: {sides[0]}, the others: {sides[1]}; {found}"
    return ""


def _disagree(tables: Sequence[ContingencyTable], *, level: float, min_drop: float) -> str:
    p = stratified(tables, Alternative.DIFFERENT)
    if p <= level and abs(fmean(_differences(tables))) >= min_drop:
        return f"{_name_method(tables)}, two-sided: p = {format_p(p)}"
    sides = (Alternative.WORSE, Alternative.BETTER)
    smallest = min(1.0, 2 * min(min(discrete_holm(tables, side)) for side in sides))
    if smallest <= level:
        return (
            f"Fisher's exact test, two-sided, adjusted for all {len(tables)} tests "
            f"(discrete Holm): p = {format_p(smallest)}"
        )
    return ""


def _differences(tables: Sequence[ContingencyTable]) -> list[float]:
    return [table.b / table.n2 - table.a / table.n1 for table in tables]


def _name_method(tables: Sequence[ContingencyTable]) -> str:
    if len(tables) == 1:
        return "Fisher's exact test"
    if all(table.n1 == table.n2 == 1 for table in tables):
        return "exact McNemar test"
    return "stratified exact test"


def _bound_change(tables: Sequence[ContingencyTable]) -> Bounds:
    """Return the interval of the mean change over the tests.

    It is Student's over the differences of the tests, and reaches at least as far as the interval
    of all samples taken together: where tests differ alike, or not at all, there is no spread for
    Student's to see, and it would call a handful of samples certainty.
    """
    low, high = newcombe(*(sum(column) for column in zip(*tables, strict=True)))
    differences = _differences(tables)
    if len(differences) > 1:
        _, (lower, upper) = paired_t(differences)
        low, high = min(low, lower), max(high, upper)
    return max(-1.0, low), min(1.0, high)


def _log_ratios(evidences: Sequence[TestEvidence], name: str) -> list[float]:
    pairs = [
        (number.baseline, number.candidate)
        for evidence in evidences
        for number in evidence.numbers
        if number.name == name and number.baseline and number.candidate
    ]
    every = [value for pair in pairs for side in pair for value in side]
    # A count can be 0, which has no logarithm.
    logarithm = math.log if all(value > 0 for value in every) else _log_of_count
    return [fmean(map(logarithm, after)) - fmean(map(logarithm, before)) for before, after in pairs]


def _log_of_count(value: float) -> float:
    return math.log1p(max(0.0, value))


def _judge_number(
    name: str, ratios: Sequence[float], *, p: float, p_adjusted: float, gate: GatePolicy
) -> NumberVerdict:
    ratio, interval = median_ratio(ratios, seed=name)
    if interval is not None and interval.low == interval.high:
        interval = None  # equal ratios are no certainty
    limit = MATERIAL_LATENCY if name == LATENCY else MATERIAL
    is_off = ratio >= 1 + limit or ratio <= 1 - limit
    return NumberVerdict(
        name=name,
        tests=len(ratios),
        ratio=ratio,
        interval=interval,
        p=p,
        p_adjusted=p_adjusted,
        limit=limit,
        material=is_off and p_adjusted <= gate.alpha,
        advisory=name == LATENCY,
    )
