"""Tests of shuffled labels, intervals of numbers, sizes, and of what is refused."""

import bisect
import math
import random
from collections.abc import Callable
from itertools import combinations, product
from statistics import median

import pytest

from pytest_llmregress.statistics.exact_tests import (
    ContingencyTable,
    fisher,
    list_attainable_p_values,
    mcnemar,
    smallest_p,
    stratified,
)
from pytest_llmregress.statistics.intervals import (
    median_ratio,
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
from pytest_llmregress.statistics.permutation import sign_flip, suite_mismatch
from pytest_llmregress.statistics.sample_sizes import (
    paired_tests,
    samples_per_side,
    samples_per_test,
)


def test_a_draw_of_signs_agrees_with_all_of_them():
    source = random.Random(5)
    differences = [source.gauss(0.25, 1) for _ in range(16)]

    # With a 0 beside them there are more than can be tried, and the sums stay the same.
    drawn = sign_flip([*differences, 0.0], seed="a suite")

    assert drawn == pytest.approx(sign_flip(differences, seed="a suite"), abs=0.03)
    assert drawn == sign_flip([*differences, 0.0], seed="a suite")
    assert drawn * 5000 == pytest.approx(round(drawn * 5000))


def test_differences_that_are_rounding_show_nothing():
    assert sign_flip([4e-16] * 14, seed=0) == 1
    assert sign_flip([4e-16] * 40, seed=0) == 1


@pytest.mark.parametrize("sign", [1, -1])
def test_decimals_that_cancel_out_tie(sign: int):
    """Two of the eight sums are 0, though no float adds up to it; all are as far from 0."""
    assert sign_flip([sign * 0.1, sign * 0.2, sign * -0.3], seed=0) == 1


def test_nothing_drawn_is_ever_impossible():
    assert sign_flip([1.0] * 60, seed=0) == 1 / 5000
    assert suite_mismatch([(["a"] * 10, ["b"] * 5)] * 30, seed=0) == 1 / 10_000


def test_a_suite_of_categories_is_tested_by_labels_within_each_test():
    """20 of 100 tests change; the suite tells it, and does not where as many only vary."""
    source = random.Random(9)
    changed = [(["stop"] * 5, ["length" if at < 20 else "stop"]) for at in range(100)]
    varied = [([source.choice("ab") for _ in range(5)], [source.choice("ab")]) for _ in range(100)]

    assert suite_mismatch(changed, seed="suite") == 1 / 10_000
    assert suite_mismatch(varied, seed="suite") > 0.05
    assert suite_mismatch(varied, seed="suite") == suite_mismatch(varied, seed="suite")


def test_one_sample_per_side_cannot_show_a_change_of_category():
    assert suite_mismatch([(["a"], ["b"])] * 500, seed=0) == 1
    assert suite_mismatch([], seed=0) == 1


@pytest.mark.parametrize(
    "pairs",
    [
        [("aaaab", "bba")],
        [("aab", "b"), ("aaaabbb", "ab")],
        [("bb", "a"), ("baabab", "aabb")],
    ],
)
def test_a_suite_has_the_share_of_all_its_splits(pairs: list[tuple[str, str]]):
    def list_mismatches(before: str, after: str) -> list[float]:
        """List the share of pairs that differ, of each split; that of the one observed is last."""
        values, found = before + after, []
        for split in combinations(range(len(values)), len(before)):
            rest = [value for at, value in enumerate(values) if at not in split]
            unequal = sum(values[at] != value for at in split for value in rest)
            found.append(unequal / (len(before) * len(after)))
        return [*found[1:], found[0]]

    each = [list_mismatches(*pair) for pair in pairs]
    observed = sum(mismatches[-1] for mismatches in each)
    sums = [sum(chosen) for chosen in product(*each)]
    share = sum(total >= observed - 1e-12 for total in sums) / len(sums)

    assert suite_mismatch(pairs, seed=4) == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["aaa", "aab", "aaa"], ["bba", "bba"]),
        (["ab", "ba", "bb", "aa"], ["ab"]),
        (["xa", "yb", "za"], ["vb", "wb", "ub"]),
    ],
)
def test_several_replies_of_a_test_have_the_share_of_all_splits_of_whole_samples(before, after):
    values = [tuple(sample) for sample in (*before, *after)]

    def count_mismatches(split: tuple[int, ...]) -> int:
        rest = [at for at in range(len(values)) if at not in split]
        return sum(
            one != other
            for first in split
            for second in rest
            for one, other in zip(values[first], values[second], strict=True)
        )

    splits = list(combinations(range(len(values)), len(before)))
    found = [count_mismatches(split) for split in splits]
    share = sum(each >= found[0] for each in found) / len(found)
    pair = (values[: len(before)], values[len(before) :])

    assert suite_mismatch([pair], seed=4) == pytest.approx(share, abs=0.02)


def test_five_changed_replies_of_six_are_found_in_one_test_of_ten_samples():
    noise = random.Random(3)
    before = [("a",) * 5 + (noise.choice("xyz"),) for _ in range(10)]
    after = [("b",) * 5 + (noise.choice("xyz"),) for _ in range(10)]

    assert suite_mismatch([(before, after)], seed=0) < 0.005


@pytest.mark.parametrize("replies", [0, 6])
def test_a_suite_of_equal_models_is_seldom_found_different(replies: int):
    """Also where the replies of one sample have much in common."""
    source = random.Random(11)

    def draw() -> str | tuple[str, ...]:
        value = source.choice("aaab")
        return tuple(value if at else source.choice("aab") for at in range(replies)) or value

    found = 0
    for run in range(100):
        pairs = [([draw() for _ in range(5)], [draw() for _ in range(3)]) for _ in range(20)]
        found += suite_mismatch(pairs, seed=run) <= 0.05

    assert found <= 10


def test_a_ratio_gets_an_interval_from_30_tests_on():
    differences = [math.log(1.2) + 0.01 * (position - 20) for position in range(41)]

    ratio, interval = median_ratio(differences, seed=0)

    assert ratio == pytest.approx(1.2)
    assert interval is not None
    assert 1.05 < interval.low < 1.2 < interval.high < 1.35
    assert median_ratio(differences, seed=0) == (ratio, interval)
    assert median_ratio(differences[6:35], seed=0) == (pytest.approx(1.2), None)


@pytest.mark.parametrize("n", [30, 31, 64, 101])
def test_the_interval_of_a_median_is_the_one_of_resampling(n: int):
    source = random.Random(n)
    differences = [source.gauss(0.1, 0.4) for _ in range(n)]
    resampled = sorted(median(source.choices(differences, k=n)) for _ in range(20_000))
    _, interval = median_ratio(differences, seed="tokens")

    assert interval is not None
    for bound, share in zip(interval, (0.025, 0.975), strict=True):
        below = bisect.bisect_left(resampled, math.log(bound) - 1e-12) / len(resampled)
        upto = bisect.bisect_right(resampled, math.log(bound) + 1e-12) / len(resampled)
        assert below - 0.012 <= share <= upto + 0.012


def test_differences_that_are_all_equal_have_an_interval_without_width():
    assert paired_t([0.0] * 20) == (0, (0, 0))


@pytest.mark.parametrize("df", [1, 2, 7.5, 30])
def test_the_t_distribution_is_symmetric_and_has_known_quantiles(df: float):
    assert t_quantile(0.5, df) == 0
    assert t_quantile(0.1, df) == pytest.approx(-t_quantile(0.9, df), rel=1e-13)
    if df == 1:
        assert t_quantile(0.9, df) == pytest.approx(math.tan(math.pi * 0.4))
    if df == 2:
        assert t_quantile(0.9, df) == pytest.approx(0.8 / math.sqrt(2 * 0.9 * 0.1))


@pytest.mark.parametrize(
    ("before", "after", "samples"),
    [(1, 0, 4), (1, 0.5, 12), (1, 0.8, 37), (1, 0.9, 77), (0.95, 0.5, 16), (0.8, 0.6, 74)],
)
def test_samples_per_side_for_a_drop(before: float, after: float, samples: int):
    assert samples_per_side(before, after) == samples
    assert samples_per_side(after, before) == samples


def test_the_samples_of_a_suite_are_those_of_one_test_shared_out_between_all():
    gate = {"drop": 0.2, "min_drop": 0.02, "alpha": 0.05}
    alone = samples_per_test((0.16, 0.24), tests=1, **gate)

    assert alone == 64  # by hand, without a continuity correction
    assert samples_per_test((0.16, 0.24), tests=10, **gate) == math.ceil(alone / 10)


def test_a_drop_close_to_the_least_that_counts_takes_more_samples():
    found = [
        samples_per_test((0.03, 0.05), drop=drop, min_drop=0.02, tests=50, alpha=0.025)
        for drop in (0.08, 0.04, 0.025, 0.021)
    ]

    assert found == sorted(found)
    assert found[-1] > 20 * found[1]


NAN = math.nan


def suite_samples(**change: float) -> int:
    gate = {"drop": 0.04, "min_drop": 0.02, "tests": 10, "alpha": 0.025, **change}
    return samples_per_test((0.03, 0.05), **gate)


@pytest.mark.parametrize(
    ("refused", "name"),
    [
        (lambda: fisher(11, 10, 0, 5), "a=11"),
        (lambda: fisher(1, 10, -1, 5), "b=-1"),
        (lambda: fisher(1, 10, 1, -5), "n2=-5"),
        (lambda: fisher(NAN, 10, 1, 5), "a=nan"),
        (lambda: fisher(1, NAN, 1, 5), "n1=nan"),
        (lambda: fisher(1, 10, 0.5, 5), r"b=0\.5"),
        (lambda: smallest_p(16, 10, 5), r"passed=16.*n1\+n2=15"),
        (lambda: list_attainable_p_values(0, 10, -5), "n2=-5"),
        (lambda: mcnemar(-1, 2), "b=-1"),
        (lambda: mcnemar(1, NAN), "c=nan"),
        (
            lambda: stratified([ContingencyTable(1, 1, 1, 1), ContingencyTable(2, 1, 1, 1)]),
            r"strata\[1\]\.a=2",
        ),
        (lambda: discrete_holm([ContingencyTable(1, 1, 3, 1)]), r"tables\[0\]\.b=3"),
        (
            lambda: discrete_benjamini_hochberg([ContingencyTable(1, math.inf, 3, 1)]),
            r"tables\[0\]\.n1=inf",
        ),
        (lambda: holm([0.5, NAN]), r"ps\[1\]=nan"),
        (lambda: wilson(0, 0), "n=0"),
        (lambda: wilson(1, 2, 1), "confidence=1"),
        (lambda: newcombe(0, 0, 1, 1), "n1=0"),
        (lambda: newcombe(1, 1, 0, 0), "n2=0"),
        (lambda: newcombe(2, 1, 0, 3), "a=2"),
        (lambda: t_quantile(0, 3), "p=0"),
        (lambda: t_quantile(0.9, 0), "df=0"),
        (lambda: paired_t([1.0]), r"len\(differences\)=1"),
        (lambda: paired_t([1.0, NAN]), r"differences\[1\]=nan"),
        (lambda: median_ratio([], seed=0), r"len\(differences\)=0"),
        (lambda: median_ratio([0.1], seed=0, confidence=95), "confidence=95"),
        (lambda: sign_flip([], seed=0), r"len\(differences\)=0"),
        (lambda: sign_flip([math.inf], seed=0), r"differences\[0\]=inf"),
        (lambda: suite_mismatch([(["a"], ["a"]), (["a"], [])], seed=0), r"len\(candidate\)=0"),
        (lambda: samples_per_side(0.9, 0.9), r"p1=0\.9"),
        (lambda: samples_per_side(0.9, 1.1), r"p2=1\.1"),
        (lambda: samples_per_side(0.9, 0.8, power=0.05), r"power=0\.05"),
        (lambda: samples_per_side(0.9, 0.8, alpha=0), "alpha=0"),
        (lambda: paired_tests(0.1, 0.2), r"difference=0\.2"),
        (lambda: paired_tests(0.1, 0), "difference=0"),
        (lambda: suite_samples(min_drop=0.04), r"min_drop=0\.04"),
        (lambda: suite_samples(tests=0), "tests=0"),
        (lambda: suite_samples(drop=1.5), r"drop=1\.5"),
        (lambda: paired_tests(1.1, 0.2), r"discordance=1\.1"),
    ],
)
def test_a_number_that_cannot_be_is_refused_by_its_name(refused: Callable[[], object], name: str):
    with pytest.raises(ValueError, match=f"^{name}"):
        refused()
