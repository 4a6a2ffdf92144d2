"""Tests of what holds for every sample: bounds, symmetries, order, and the level of the gate."""

import math
import random
from collections import Counter
from fractions import Fraction
from itertools import combinations, product

import pytest

from pytest_llmregress.statistics.exact_tests import (
    Alternative,
    ContingencyTable,
    fisher,
    list_attainable_p_values,
    mcnemar,
    smallest_p,
    stratified,
)
from pytest_llmregress.statistics.intervals import newcombe, wilson
from pytest_llmregress.statistics.multiplicity import (
    discrete_benjamini_hochberg,
    discrete_holm,
    holm,
)

WORSE, BETTER, DIFFERENT = Alternative.WORSE, Alternative.BETTER, Alternative.DIFFERENT
SMALL = [
    ContingencyTable(a, n1, b, n2)
    for n1, n2 in [(1, 1), (3, 3), (10, 1), (10, 5), (5, 7)]
    for a, b in product(range(n1 + 1), range(n2 + 1))
]


def near(p):
    """Match a p-value by its relative difference, however small it is."""
    return pytest.approx(p, rel=1e-12, abs=0)


def draw_table(source: random.Random, largest: int = 12) -> ContingencyTable:
    n1, n2 = source.randint(1, largest), source.randint(1, largest)
    return ContingencyTable(source.randint(0, n1), n1, source.randint(0, n2), n2)


def draw_suite(seed: int, largest: int = 12) -> list[ContingencyTable]:
    source = random.Random(seed)
    return [draw_table(source, largest) for _ in range(source.randint(2, 25))]


def tail_of_suite(suite: list[ContingencyTable]) -> Fraction:
    """Compute the probability of so few passes, in fractions, one test after another."""
    ways = Counter({0: Fraction(1)})
    for a, n1, b, n2 in suite:
        following: Counter[int] = Counter()
        for k in range(max(0, a + b - n1), min(a + b, n2) + 1):
            share = Fraction(math.comb(n2, k) * math.comb(n1, a + b - k), math.comb(n1 + n2, a + b))
            for passes, probability in ways.items():
                following[passes + k] += probability * share
        ways = following
    observed = sum(table.b for table in suite)
    return sum((share for passes, share in ways.items() if passes <= observed), Fraction(0))


@pytest.mark.parametrize("alternative", Alternative)
def test_a_p_value_is_above_0_and_no_more_than_1(alternative: Alternative):
    for table in [
        *SMALL,
        ContingencyTable(10_000, 10_000, 0, 10_000),
        ContingencyTable(0, 3000, 3000, 3000),
    ]:
        assert 0 < fisher(*table, alternative) <= 1
        assert 0 < stratified([table, table], alternative) <= 1


def test_worse_for_one_side_is_better_for_the_other():
    for a, n1, b, n2 in SMALL:
        assert fisher(a, n1, b, n2, WORSE) == near(fisher(b, n2, a, n1, BETTER))


def test_one_more_failure_of_the_candidate_never_raises_the_p_value():
    for a, n1, b, n2 in SMALL:
        if b:
            assert fisher(a, n1, b - 1, n2) <= fisher(a, n1, b, n2)


@pytest.mark.parametrize("n", [3, 10, 17, 40, 1000])
def test_with_as_many_samples_on_both_sides_two_sided_is_twice_one_sided(n: int):
    for a, b in [(n, n // 2), (n - 1, n // 3), (n // 2, n // 5), (2, 0), (1, 1)]:
        smaller = min(fisher(a, n, b, n, WORSE), fisher(a, n, b, n, BETTER))

        assert fisher(a, n, b, n, DIFFERENT) == near(min(1, 2 * smaller))


@pytest.mark.parametrize(
    "table",
    [ContingencyTable(0, 5, 8, 21), ContingencyTable(5, 6, 2, 11), ContingencyTable(4, 6, 11, 39)],
)
def test_tables_as_probable_as_the_one_observed_count_though_rounding_differs(
    table: ContingencyTable,
):
    a, n1, b, n2 = table
    ways = [math.comb(n1, a + b - k) * math.comb(n2, k) for k in range(a + b + 1)]
    share = sum(way for way in ways if way <= ways[b]) / sum(ways)

    assert fisher(*table, DIFFERENT) == near(share)
    assert len(list_attainable_p_values(a + b, n1, n2, DIFFERENT)) == len(
        {way for way in ways if way}
    )


@pytest.mark.parametrize("alternative", [WORSE, BETTER])
def test_a_suite_of_one_test_is_fishers_test(alternative: Alternative):
    large = ContingencyTable(400, 1000, 300, 1000)
    for table in [*SMALL, large]:
        assert stratified([table], alternative) == near(fisher(*table, alternative))


@pytest.mark.parametrize(("lost", "won"), [(0, 0), (5, 0), (3, 11), (40, 70), (150, 90)])
def test_a_suite_of_one_sample_per_side_is_mcnemars_test(lost: int, won: int):
    suite = (
        [ContingencyTable(1, 1, 0, 1)] * lost
        + [ContingencyTable(0, 1, 1, 1)] * won
        + [ContingencyTable(1, 1, 1, 1)] * 9
    )

    below = sum(math.comb(lost + won, k) for k in range(won + 1))

    assert stratified(suite, DIFFERENT) == near(mcnemar(lost, won))
    assert stratified(suite) == near(below / 2 ** (lost + won))


@pytest.mark.parametrize("seed", range(12))
def test_a_suite_of_unequal_tests_has_the_tail_that_fractions_have(seed: int):
    suite = draw_suite(seed)

    assert stratified(suite) == near(float(tail_of_suite(suite)))


def test_what_is_cut_off_in_a_large_suite_counts_against_it():
    suite = [ContingencyTable(10, 10, 0, 10)] * 40

    exact = float(tail_of_suite(suite))

    assert 0 < exact < 1e-60
    assert exact <= stratified(suite) < 1e-55


def approximate(suite: list[ContingencyTable]) -> float:
    deviation, variance = 0.5, 0.0
    for a, n1, b, n2 in suite:
        n = n1 + n2
        deviation += b - (a + b) * n2 / n
        variance += (a + b) * (n - a - b) * n1 * n2 / (n**2 * (n - 1))
    return math.erfc(-deviation / math.sqrt(2 * variance)) / 2


def test_a_suite_too_large_for_the_exact_test_gets_the_normal_one():
    """A test of these leaves 10 passes open, and 100,000 are the most."""
    largest = [ContingencyTable(6, 10, 4, 10)] * 250 + [ContingencyTable(5, 10, 5, 10)] * 9_750
    larger = [ContingencyTable(7100, 10_001, 7000, 10_001)]

    exact, beyond = stratified(largest), stratified([*largest, ContingencyTable(5, 10, 5, 10)])

    assert exact == pytest.approx(approximate(largest), rel=1e-3)
    assert exact != near(approximate(largest))
    assert beyond == near(approximate([*largest, ContingencyTable(5, 10, 5, 10)]))
    assert stratified(larger) == near(approximate(larger))
    assert stratified(larger) == pytest.approx(fisher(*larger[0]), rel=1e-2)


@pytest.mark.parametrize("alternative", Alternative)
def test_each_p_value_of_a_table_is_one_that_its_margins_allow(alternative: Alternative):
    for a, n1, b, n2 in SMALL:
        allowed = list_attainable_p_values(a + b, n1, n2, alternative)

        assert allowed == tuple(sorted(allowed))
        assert allowed[-1] == 1
        assert allowed[0] == smallest_p(a + b, n1, n2, alternative)
        assert any(
            math.isclose(fisher(a, n1, b, n2, alternative), p, rel_tol=1e-12) for p in allowed
        )


@pytest.mark.parametrize("seed", range(40))
def test_discrete_holm_is_never_above_holm_nor_holm_above_bonferroni(seed: int):
    suite = draw_suite(seed)
    ps = [fisher(*table) for table in suite]

    discrete, plain = discrete_holm(suite), holm(ps)

    assert len(discrete) == len(plain) == len(suite)
    for p, low, middle in zip(ps, discrete, plain, strict=True):
        assert p * (1 - 1e-12) <= low <= middle * (1 + 1e-12) <= min(1, len(ps) * p) * (1 + 2e-12)


@pytest.mark.parametrize("seed", range(40))
def test_discrete_false_discovery_rates_are_never_above_the_plain_ones(seed: int):
    suite = draw_suite(seed)
    ps = [fisher(*table) for table in suite]
    plain = [
        min(1, *(len(ps) * other / sum(each <= other for each in ps) for other in ps if other >= p))
        for p in ps
    ]

    for low, high in zip(discrete_benjamini_hochberg(suite), plain, strict=True):
        assert 0 < low <= high * (1 + 1e-12) <= 1 + 1e-12


@pytest.mark.parametrize("alternative", Alternative)
@pytest.mark.parametrize("seed", range(8))
def test_tests_that_always_pass_change_nothing(seed: int, alternative: Alternative):
    suite = draw_suite(seed)
    longer = [*suite, *[ContingencyTable(10, 10, 5, 5)] * 90]

    assert stratified(longer, alternative) == stratified(suite, alternative)
    assert discrete_holm(longer, alternative)[: len(suite)] == near(
        discrete_holm(suite, alternative)
    )


@pytest.mark.parametrize("adjust", [discrete_holm, discrete_benjamini_hochberg])
@pytest.mark.parametrize("seed", range(8))
def test_the_order_of_the_tests_does_not_matter(adjust, seed: int):
    suite = draw_suite(seed, largest=4)
    order = random.Random(seed).sample(range(len(suite)), len(suite))

    shuffled = adjust([suite[position] for position in order])

    assert shuffled == near([adjust(suite)[position] for position in order])


@pytest.mark.parametrize("seed", range(8))
def test_an_improvement_is_adjusted_as_a_regression_of_the_sides_exchanged(seed: int):
    suite = draw_suite(seed)
    exchanged = [ContingencyTable(b, n2, a, n1) for a, n1, b, n2 in suite]

    assert discrete_holm(suite, BETTER) == near(discrete_holm(exchanged))


def test_equal_p_values_of_different_tables_are_adjusted_alike():
    """Both have p = 1/6, one as 1 of 6 and one as 5 of 30."""
    assert discrete_holm([ContingencyTable(5, 5, 0, 1), ContingencyTable(5, 5, 0, 1)]) == near(
        (1 / 3, 1 / 3)
    )
    assert fisher(9, 9, 2, 4) == near(1 / 13)
    assert discrete_holm([ContingencyTable(9, 9, 2, 4), ContingencyTable(12, 12, 0, 1)]) == near(
        (2 / 13,) * 2
    )


def test_no_tests_show_nothing():
    assert stratified([]) == 1
    assert stratified([ContingencyTable(0, 0, 3, 5)]) == fisher(0, 0, 3, 5) == 1
    assert holm([]) == discrete_holm([]) == discrete_benjamini_hochberg([]) == ()


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.999])
def test_the_interval_of_a_difference_holds_it_and_turns_with_the_sides(confidence: float):
    for a, n1, b, n2 in SMALL:
        low, high = newcombe(a, n1, b, n2, confidence)

        assert -1 <= low <= b / n2 - a / n1 <= high <= 1
        assert newcombe(b, n2, a, n1, confidence) == pytest.approx((-high, -low), abs=1e-14)


def is_red(suite: list[ContingencyTable], least_drop: float = 0.02) -> bool:
    drop = sum(table.a / table.n1 - table.b / table.n2 for table in suite) / len(suite)
    whole = stratified(suite) <= 0.025 and drop >= least_drop
    return whole or min(discrete_holm(suite)) <= 0.025


def draw_run(source: random.Random, profile: str, broken: int = 0) -> list[ContingencyTable]:
    """Draw the tables of 50 tests, 10 samples before and 5 after; the last `broken` always fail."""
    suite = []
    for position in range(50):
        match profile:
            case "quiet":
                rate = 0.999
            case "typical":
                rate = [0.995] * 35 + [0.95] * 10 + [0.5, 0.6, 0.7, 0.8, 0.9]
                rate = rate[position]
            case _:
                rate = source.betavariate(4, 1)
        after = 0.0 if position >= 50 - broken else rate
        passes = [sum(source.random() < p for _ in range(n)) for p, n in [(rate, 10), (after, 5)]]
        suite.append(ContingencyTable(passes[0], 10, passes[1], 5))
    return suite


@pytest.mark.parametrize("profile", ["quiet", "typical", "noisy"])
def test_the_gate_is_red_by_chance_in_no_more_than_one_run_of_twenty(profile: str):
    source = random.Random(20)
    suites = [draw_run(source, profile) for _ in range(400)]

    assert sum(map(is_red, suites)) <= 20


def test_the_gate_is_red_where_a_tenth_of_the_tests_broke():
    source = random.Random(20)

    assert sum(is_red(draw_run(source, "typical", broken=5)) for _ in range(50)) >= 48


def test_a_rate_of_none_or_all_reaches_the_end():
    for n in range(1, 60):
        assert wilson(0, n).low == 0 < wilson(0, n).high < 1
        assert wilson(n, n).high == 1 > wilson(n, n).low > 0


def test_wilson_covers_a_rate_about_as_often_as_it_says():
    covered = {
        n: sum(
            math.comb(n, k) * 0.8**k * 0.2 ** (n - k)
            for k in range(n + 1)
            if wilson(k, n).low <= 0.8 <= wilson(k, n).high
        )
        for n in (5, 10, 20, 50)
    }

    assert all(0.92 < share < 0.99 for share in covered.values()), covered


def test_every_pair_of_small_tables_as_a_suite_agrees_with_fractions():
    for pair in combinations(SMALL[::7], 2):
        assert stratified(list(pair)) == pytest.approx(float(tail_of_suite(list(pair))), rel=1e-13)
