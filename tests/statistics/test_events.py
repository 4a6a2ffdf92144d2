"""Events of a suite: what is bad in itself, and what most of a baseline shows and is lost."""

import random
from itertools import combinations

import pytest

from pytest_llmregress.statistics.distributions import CERTAIN, sum_of
from pytest_llmregress.statistics.events import count_event, count_lost
from pytest_llmregress.statistics.exact_tests import ContingencyTable, fisher, stratified
from pytest_llmregress.statistics.multiplicity import step_down


def count_letters(before, after, *, as_good):
    """Count the losses of samples with one reply each."""

    def count_losses(kept, now):
        return int(kept[0] in as_good and now[0] not in {kept[0], *as_good[kept[0]]})

    sides = ([(value,) for value in side] for side in (before, after))
    return count_lost(*sides, count_losses=count_losses)


def count_other_replies(kept, now):
    return sum(one != other for one, other in zip(kept, now, strict=True))


def test_one_test_with_an_event_is_fishers_test():
    found = count_event([0, 0, 1, 0, 0], [1, 1, 0])

    assert (found.baseline, found.candidate) == (1, 2)
    assert found.spread.tails(2)[1] == pytest.approx(fisher(4, 5, 1, 3))


def test_a_suite_of_events_is_the_stratified_test():
    sides = [("aaaab", "b"), ("aaaaa", "b"), ("aaaaa", "a"), ("bbaaa", "b")]
    found = [count_event(*([v == "b" for v in side] for side in each)) for each in sides]
    tables = [ContingencyTable(a.count("a"), 5, b.count("a"), 1) for a, b in sides]
    parts = {}
    for each in found:
        parts[each.spread] = parts.get(each.spread, 0) + 1

    assert sum_of(parts).tails(sum(e.candidate for e in found))[1] == pytest.approx(
        stratified(tables)
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [("ppppf", "n"), ("ppf", "nnf"), ("pffn", "np"), ("ffff", "npn"), ("nnn", "ppp"), ("p", "n")],
)
def test_a_loss_is_charged_for_the_choice_of_what_could_be_lost(before: str, after: str):
    """The same as asking of each exchange of labels what most of its baseline shows."""
    as_good = {"p": set(), "f": {"p"}}

    def lost(baseline: str, candidate: str) -> int:
        kept = [v for v in as_good if 2 * baseline.count(v) > len(baseline)]
        return sum(v not in {kept[0], *as_good[kept[0]]} for v in candidate) if kept else 0

    found, every = count_letters(before, after, as_good=as_good), before + after
    splits = list(combinations(range(len(every)), len(before)))
    sums = [
        lost(
            "".join(every[at] for at in split),
            "".join(v for at, v in enumerate(every) if at not in split),
        )
        for split in splits
    ]

    assert found.candidate == lost(before, after)
    for number in range(len(after) + 1):
        share = sum(each >= number for each in sums) / len(sums)
        assert found.spread.tails(number)[1] == pytest.approx(share)


@pytest.mark.parametrize(
    ("before", "after"),
    [([0, 0, 1, 0, 0], [6, 5, 6]), ([6, 0, 6, 1], [0, 6]), ([2, 2], [2]), ([0, 3], [1, 1, 2, 0])],
)
def test_replies_of_one_sample_are_exchanged_together(before: list[int], after: list[int]):
    found, every = count_event(before, after), before + after
    sums = [sum(some) for some in combinations(every, len(after))]

    assert (found.baseline, found.candidate) == (sum(before), sum(after))
    for number in range(sum(every) + 1):
        share = sum(each >= number for each in sums) / len(sums)
        assert found.spread.tails(number)[1] == pytest.approx(share)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["ppp", "ppp", "ppn"], ["nnp", "ppp"]),
        (["pp", "pp", "pn", "nn"], ["nn", "np", "pp"]),
        (["pnp", "npn"], ["ppp", "ppp"]),
    ],
)
def test_losses_of_several_replies_are_charged_for_the_choice_of_what_could_be_lost(
    before: list[str], after: list[str]
):
    def lost(baseline: list[tuple[str, ...]], candidate: list[tuple[str, ...]]) -> int:
        kept = [v for v in set(baseline) if 2 * baseline.count(v) > len(baseline)]
        return sum(count_other_replies(each, v) for each in kept for v in candidate)

    sides = [[tuple(sample) for sample in side] for side in (before, after)]
    found = count_lost(*sides, count_losses=count_other_replies)
    every = sides[0] + sides[1]
    sums = [
        lost(
            [every[at] for at in split],
            [value for at, value in enumerate(every) if at not in split],
        )
        for split in combinations(range(len(every)), len(before))
    ]

    assert found.candidate == lost(*sides)
    for number in range(3 * len(after) + 1):
        share = sum(each >= number for each in sums) / len(sums)
        assert found.spread.tails(number)[1] == pytest.approx(share)


def test_one_sample_a_side_cannot_tell_which_of_two_values_is_lost():
    languages = {"en": set(), "de": set()}

    assert count_letters(["en"], ["de"], as_good=languages).spread.tails(1)[1] == 1


def test_a_loss_by_chance_is_seldom_found():
    source, found = random.Random(4), 0
    for _ in range(200):
        parts, seen = {}, 0
        for _ in range(30):
            draw = [source.choice("pppn") for _ in range(6)]
            each = count_letters(draw[:5], draw[5:], as_good={"p": set()})
            parts[each.spread] = parts.get(each.spread, 0) + 1
            seen += each.candidate
        found += sum_of(parts).tails(seen)[1] <= 0.05

    assert found <= 20


def test_what_can_attain_no_small_p_costs_the_others_nothing():
    assert step_down([0.01, 1.0], [(0.01, 1.0), (0.5, 1.0)]) == (0.01, 1.0)
    assert step_down([0.01, 0.02], [(0.01, 1.0), (0.004, 0.02, 1.0)]) == (
        pytest.approx(0.014),
        pytest.approx(0.02),
    )


def test_no_test_is_certain_to_show_nothing():
    assert sum_of({}) == CERTAIN
    assert CERTAIN.tails(0) == (1.0, 1.0)
    assert CERTAIN.upper_tails() == (1.0,)


@pytest.mark.parametrize("sides", [([], ["a"]), (["a"], [])])
def test_a_side_without_a_sample_is_refused(sides: tuple[list[str], list[str]]):
    with pytest.raises(ValueError, match=r"^len\("):
        count_event(*([1] * len(side) for side in sides))
    with pytest.raises(ValueError, match=r"^len\("):
        count_letters(*sides, as_good={"a": set()})
