"""Tests against what scipy, statsmodels and exact fractions gave, each with its tolerance."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_llmregress.statistics.exact_tests import (
    Alternative,
    ContingencyTable,
    fisher,
    mcnemar,
    smallest_p,
    stratified,
)
from pytest_llmregress.statistics.intervals import (
    newcombe,
    paired_t,
    t_quantile,
    wilson,
)
from pytest_llmregress.statistics.multiplicity import (
    discrete_benjamini_hochberg,
    discrete_holm,
    holm,
)
from pytest_llmregress.statistics.permutation import sign_flip
from pytest_llmregress.statistics.sample_sizes import paired_tests, samples_per_side

EVERY = json.loads((Path(__file__).parent / "data" / "stats.json").read_text("utf-8"))["cases"]
CASES = [case for case in EVERY if case["kind"] != "prob_candidate_better"]
"""All but those of a number that says more than the samples do, and that nobody computes here."""
WORSE, BETTER, DIFFERENT = Alternative.WORSE, Alternative.BETTER, Alternative.DIFFERENT


def tables(rows: list[list[int]]) -> list[ContingencyTable]:
    return [ContingencyTable(*row) for row in rows]


def answer_fisher(a: int, n1: int, b: int, n2: int) -> dict[str, Any]:
    return {
        "two_sided": fisher(a, n1, b, n2, DIFFERENT),
        "less": fisher(a, n1, b, n2, BETTER),
        "greater": fisher(a, n1, b, n2, WORSE),
    }


def answer_smallest(n1: int, n2: int, k: int) -> float:
    return smallest_p(k, n1, n2)


def answer_mcnemar(b: int, c: int) -> dict[str, Any]:
    return {"exact": mcnemar(b, c)}


def answer_proportion(k: int, n: int) -> dict[str, Any]:
    return {"wilson95": wilson(k, n), "wilson90": wilson(k, n, 0.9)}


def answer_newcombe(a: int, n1: int, b: int, n2: int) -> dict[str, Any]:
    return {"ci95": newcombe(a, n1, b, n2), "ci90": newcombe(a, n1, b, n2, 0.9)}


def answer_stratified(strata: list[list[int]]) -> dict[str, Any]:
    suite = tables(strata)
    return {
        "regression": stratified(suite),
        "improvement": stratified(suite, BETTER),
        "two_sided": stratified(suite, DIFFERENT),
    }


def answer_multiplicity(p: list[float]) -> dict[str, Any]:
    return {"holm": holm(p)}


def answer_discrete(strata: list[list[int]]) -> dict[str, Any]:
    suite = tables(strata)
    return {
        "p_regression": [fisher(*table) for table in suite],
        "discrete_holm": discrete_holm(suite),
        "discrete_bh": discrete_benjamini_hochberg(suite),
    }


def answer_sign_flip(d: list[float]) -> dict[str, Any]:
    return {"abs_two_sided": sign_flip(d, seed=0)}


def answer_samples(p1: float, p2: float, power: float) -> dict[str, Any]:
    return {
        "one_sided_05_cc": samples_per_side(p1, p2, power=power),
        "two_sided_05_cc": samples_per_side(p1, p2, power=power, two_sided=True),
    }


def answer_pairs(discordance: float, diff: float, power: float) -> int:
    return paired_tests(discordance, diff, power=power)


def answer_quantile(df: float) -> float:
    return t_quantile(0.975, df)


def answer_paired(d: list[float]) -> dict[str, Any]:
    mean, interval = paired_t(d)
    return {"mean": mean, "ci95": interval}


ANSWERS: dict[str, Callable[..., Any]] = {
    "fisher": answer_fisher,
    "fisher_min_p_regression": answer_smallest,
    "mcnemar": answer_mcnemar,
    "proportion_ci": answer_proportion,
    "newcombe_diff": answer_newcombe,
    "stratified_exact": answer_stratified,
    "multiplicity": answer_multiplicity,
    "discrete_multiplicity": answer_discrete,
    "sign_flip_exact": answer_sign_flip,
    "sample_size_two_proportions": answer_samples,
    "sample_size_mcnemar_pairs": answer_pairs,
    "t_ppf_975": answer_quantile,
    "paired_t_interval": answer_paired,
}


def compare(case: dict[str, Any]) -> Iterator[tuple[str, float, float]]:
    """Yield each value of a case: its name, what we compute, what is expected."""
    computed, expected = ANSWERS[case["kind"]](**case["input"]), case["expected"]
    if not isinstance(expected, dict):
        computed, expected = {"": computed}, {"": expected}
    for name, values in expected.items():
        if isinstance(values, list):
            pairs = zip(computed[name], values, strict=True)
            yield from ((f"{name}[{at}]", *pair) for at, pair in enumerate(pairs))
        else:
            yield name, computed[name], values


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_case_of_the_oracle_has_its_values(case: dict[str, Any]):
    rows = list(compare(case))
    wrong = [
        row
        for row in rows
        if not abs(row[1] - row[2]) <= max(case["abs_tol"], case["rel_tol"] * abs(row[2]))
    ]

    assert rows
    assert wrong == []


def test_the_oracle_is_compared_whole():
    numbers = Counter(case["kind"] for case in CASES)
    compared = [(case["kind"], *row) for case in CASES for row in compare(case)]
    differences = {
        kind: max(
            abs(got - expected) / abs(expected)
            for of, _, got, expected in compared
            if of == kind and expected
        )
        for kind in sorted({row[0] for row in compared})
    }
    lines = [
        f"{kind:28}{numbers[kind]:4} cases{Counter(row[0] for row in compared)[kind]:6} values, "
        f"largest relative difference {difference:.1e}"
        for kind, difference in differences.items()
    ]
    lines.append(
        f"{len(compared):,} values compared, largest relative difference "
        f"{max(differences.values()):.1e}"
    )
    print("", *lines, sep="\n")  # noqa: T201 -- seen with -s: what was compared, and how near it is

    assert set(numbers) == set(ANSWERS)
    assert len(CASES) == 232
    assert len(compared) == 1779
    assert max(differences.values()) < 1e-11
