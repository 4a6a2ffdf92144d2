"""Tests against what scipy, statsmodels and exact fractions gave, each with its tolerance."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_llmregress.core.statistics.better import probability_better
from pytest_llmregress.core.statistics.exact import (
    Alternative,
    Table,
    fisher,
    mcnemar,
    smallest_p,
    stratified,
)
from pytest_llmregress.core.statistics.intervals import (
    clopper_pearson,
    newcombe,
    paired_t,
    t_quantile,
    wilson,
)
from pytest_llmregress.core.statistics.multiplicity import (
    benjamini_hochberg,
    discrete_benjamini_hochberg,
    discrete_holm,
    holm,
)
from pytest_llmregress.core.statistics.permutation import (
    Statistic,
    categorical,
    mann_whitney,
    permutation_mean,
    sign_flip,
    total_variation,
)
from pytest_llmregress.core.statistics.sizes import (
    failure_rate_bound,
    paired_tests,
    samples_per_side,
)

CASES = json.loads((Path(__file__).parent / "data" / "stats.json").read_text("utf-8"))["cases"]
NOT_APPLICABLE = {
    ("boschloo", "boschloo_two_sided"): "an unconditional test could not use the discrete ones",
    ("boschloo", "boschloo_less"): "an unconditional test could not use the discrete ones",
    ("boschloo", "boschloo_greater"): "an unconditional test could not use the discrete ones",
    (
        "boschloo",
        "barnard_two_sided_pooled",
    ): "an unconditional test could not use the discrete ones",
    ("multiplicity", "bonferroni"): "Holm is never above it",
    ("permutation_mean", "n_permutations"): "it is no result",
    ("newcombe_diff", "diff"): "it is a subtraction",
}
WORSE, BETTER, DIFFERENT = Alternative.WORSE, Alternative.BETTER, Alternative.DIFFERENT


def tables(rows: list[list[int]]) -> list[Table]:
    return [Table(*row) for row in rows]


def answer_fisher(a: int, n1: int, b: int, n2: int) -> dict[str, Any]:
    return {
        "two_sided": fisher(a, n1, b, n2, DIFFERENT),
        "less": fisher(a, n1, b, n2, BETTER),
        "greater": fisher(a, n1, b, n2, WORSE),
    }


def answer_smallest(n1: int, n2: int, k: int) -> float:
    return smallest_p(k, n1, n2)


def answer_mcnemar(b: int, c: int) -> dict[str, Any]:
    return {"exact": mcnemar(b, c), "mid_p": mcnemar(b, c, mid_p=True)}


def answer_proportion(k: int, n: int) -> dict[str, Any]:
    return {
        "wilson95": wilson(k, n),
        "wilson90": wilson(k, n, 0.9),
        "clopper_pearson95": clopper_pearson(k, n),
    }


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
    return {"holm": holm(p), "bh": benjamini_hochberg(p)}


def answer_discrete(strata: list[list[int]]) -> dict[str, Any]:
    suite = tables(strata)
    return {
        "p_regression": [fisher(*table) for table in suite],
        "discrete_holm": discrete_holm(suite),
        "discrete_bh": discrete_benjamini_hochberg(suite),
    }


def answer_permutation(x: list[float], y: list[float]) -> dict[str, Any]:
    return {
        "abs_two_sided": permutation_mean(x, y, seed=0),
        "less": permutation_mean(x, y, seed=0, alternative=BETTER),
        "greater": permutation_mean(x, y, seed=0, alternative=WORSE),
    }


def answer_mann_whitney(x: list[float], y: list[float]) -> dict[str, Any]:
    return {
        "two_sided": mann_whitney(x, y),
        "less": mann_whitney(x, y, alternative=BETTER),
        "greater": mann_whitney(x, y, alternative=WORSE),
    }


def answer_sign_flip(d: list[float]) -> dict[str, Any]:
    return {
        "abs_two_sided": sign_flip(d, seed=0),
        "less": sign_flip(d, seed=0, alternative=WORSE),
        "greater": sign_flip(d, seed=0, alternative=BETTER),
    }


def answer_categorical(baseline: list[str], candidate: list[str]) -> dict[str, Any]:
    return {
        "tvd": total_variation(baseline, candidate),
        "p_freeman_halton": categorical(baseline, candidate),
        "p_tvd_permutation": categorical(baseline, candidate, statistic=Statistic.DISTANCE),
    }


def answer_samples(p1: float, p2: float, power: float) -> dict[str, Any]:
    return {
        f"{sides}_sided_05{'_cc' if corrected else ''}": samples_per_side(
            p1, p2, power=power, two_sided=sides == "two", corrected=corrected
        )
        for sides in ("one", "two")
        for corrected in (False, True)
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
    "boschloo": lambda **_: {},
    "stratified_exact": answer_stratified,
    "multiplicity": answer_multiplicity,
    "discrete_multiplicity": answer_discrete,
    "permutation_mean": answer_permutation,
    "mann_whitney_exact": answer_mann_whitney,
    "sign_flip_exact": answer_sign_flip,
    "categorical_exact": answer_categorical,
    "prob_candidate_better": probability_better,
    "sample_size_two_proportions": answer_samples,
    "sample_size_mcnemar_pairs": answer_pairs,
    "zero_failure_upper95": failure_rate_bound,
    "t_ppf_975": answer_quantile,
    "paired_t_interval": answer_paired,
}


def compare(case: dict[str, Any]) -> Iterator[tuple[str, float, float]]:
    """Yield each value of a case that applies: its name, what we compute, what is expected."""
    computed, expected = ANSWERS[case["kind"]](**case["input"]), case["expected"]
    if not isinstance(expected, dict):
        computed, expected = {"": computed}, {"": expected}
    for name, values in expected.items():
        if (case["kind"], name) in NOT_APPLICABLE:
            continue
        if isinstance(values, list):
            pairs = zip(computed[name], values, strict=True)
            yield from ((f"{name}[{at}]", *pair) for at, pair in enumerate(pairs))
        else:
            yield name, computed[name], values


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case["kind"] != "boschloo"],
    ids=lambda case: case["id"],
)
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
    lines += [
        f"{kind}: {name} does not apply, because {why}"
        for (kind, name), why in NOT_APPLICABLE.items()
    ]
    lines.append(
        f"{len(compared):,} values compared, largest relative difference "
        f"{max(differences.values()):.1e}; the {numbers['boschloo']} cases of kind boschloo do not "
        f"apply because {NOT_APPLICABLE['boschloo', 'boschloo_less']}"
    )
    print("", *lines, sep="\n")  # noqa: T201 -- seen with -s: what was compared, and how near it is

    assert len(CASES) == 311
    assert len(compared) == 2459
    assert max(differences.values()) < 1e-11
