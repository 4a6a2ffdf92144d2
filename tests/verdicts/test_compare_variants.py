"""Variants side by side: what is counted, what is left out, and what groups share."""

import pytest

from pytest_llmregress.values.evidence import Tally
from pytest_llmregress.values.variants import (
    NOT_SAID,
    Grouping,
    RecordedSample,
    RecordedTest,
    Variant,
)
from pytest_llmregress.values.verdict import GatePolicy, Verdict
from pytest_llmregress.verdicts.compare_variants import choose_groups, compare_variants

A, B = "tests/test_a.py::test_x", "tests/test_b.py::test_y"


def sample(passed: bool | None = True, **fields) -> RecordedSample:
    return RecordedSample(passed=passed, **fields)


def recorded(*outcomes: bool | None, request: str = "", **fields) -> RecordedTest:
    return RecordedTest(samples=tuple(sample(o, **fields) for o in outcomes), request=request)


def variant(name: str, **tests: RecordedTest) -> Variant:
    return Variant(name=name, models=name, tests={{"a": A, "b": B}[k]: t for k, t in tests.items()})


def compare(*variants: Variant, by: Grouping = Grouping.FILE):
    return compare_variants(variants, by=by, gate=GatePolicy())


@pytest.mark.parametrize(
    ("test", "by", "group"),
    [
        ("t/test_a.py::test_x", Grouping.FILE, "t/test_a.py"),
        ("t/test_a.py::test_x", Grouping.SUITE, "t/test_a.py"),
        ("t/test_a.py::test_x", Grouping.FOLDER, "t"),
        ("test_a.py::test_x", Grouping.FOLDER, "(no folder)"),
        ("t/test_a.py::TestX::test_y", Grouping.CLASS, "t/test_a.py::TestX"),
        ("t/test_a.py::TestX::test_y[a::b/c]", Grouping.CLASS, "t/test_a.py::TestX"),
        ("t/test_a.py::test_y[TestX::b]", Grouping.CLASS, "t/test_a.py (no class)"),
        ("t/test_a.py::test_y[a/b]", Grouping.FOLDER, "t"),
    ],
)
def test_a_group_is_what_the_node_id_says_its_parameters_apart(test, by, group):
    assert choose_groups(test, by, []) == (group,)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("AssertionError: no refund", "AssertionError"),
        ("AssertionError", "AssertionError"),
        ("openai.RateLimitError: 429", "openai.RateLimitError"),
        ("contract", "contract"),
        ("Failed: DID NOT RAISE", "Failed"),
        ("", NOT_SAID),
        (" : ", NOT_SAID),
    ],
)
def test_the_class_of_a_failure_is_the_first_word_of_its_line(line, name):
    assert sample(False, failure=line).failure_class == name


def test_costs_are_for_what_passed_and_unknown_where_one_price_is():
    known = compare(
        variant("old", a=recorded(True, False, cost=0.03)),
        variant("new", a=recorded(False, False, cost=0.03)),
    )
    mixed = RecordedTest(samples=(sample(cost=0.03), sample(cost=None)))
    unknown = compare(variant("old", a=mixed), variant("new", a=mixed))

    assert [each.cost for each in known.overall.standings] == [0.06, 0.06]
    assert [each.cost_per_pass for each in known.overall.standings] == [0.06, None]
    assert [each.cost for each in unknown.overall.standings] == [None, None]


def test_a_call_that_cost_nothing_is_known_to():
    found = compare(
        variant("old", a=recorded(True, cost=0.0)), variant("new", a=recorded(True, cost=0.0))
    )

    assert [each.cost_per_pass for each in found.overall.standings] == [0.0, 0.0]


def test_latency_is_a_median_and_unknown_where_one_was_not_measured():
    slow = RecordedTest(samples=tuple(sample(latency=each) for each in (1.0, 2.0, 30.0)))
    gap = RecordedTest(samples=(sample(latency=1.0), sample(latency=None)))

    found = compare(variant("old", a=slow), variant("new", a=gap))

    assert [each.latency for each in found.overall.standings] == [2.0, None]


def test_fresh_samples_of_the_reference_have_no_part_in_what_others_are_held_against():
    reference = RecordedTest(samples=(sample(), *[sample(False, confirms=True)] * 5))

    found = compare(variant("old", a=reference), variant("new", a=recorded(True)))

    assert found.overall.standings[0].fresh == Tally(passed=0, n=5)
    assert found.verdicts[0].suite.baseline == Tally(passed=1, n=1)


def test_all_variants_are_told_over_the_same_tests():
    found = compare(
        variant("old", a=recorded(True, True), b=recorded(True, True)),
        variant("new", a=recorded(True, True), b=recorded(False, False)),
        variant("tiny", a=recorded(True, True)),
    )

    assert [str(each.tally) for each in found.overall.standings] == ["2/2", "2/2", "2/2"]
    assert found.left_out == ((B, "no recording of tiny"),)


def test_another_request_leaves_a_test_out_before_anything_is_counted():
    found = compare(
        variant("old", a=recorded(True, True, request="1"), b=recorded(True, True)),
        variant("new", a=recorded(False, False, request="2"), b=recorded(True, True)),
    )

    assert found.left_out == ((A, "not comparable: new was sent another request"),)
    assert found.overall.tests == 1


def test_nothing_in_common_is_not_judged():
    found = compare(variant("old", a=recorded(True)), variant("new", b=recorded(True)))

    assert not found.is_judged
    assert not found.fails
    assert [each.tally.n for each in found.overall.standings] == [0, 0]


def many(*, files: int, tests: int = 20) -> dict[str, RecordedTest]:
    """Return tests of several files that all went well."""
    return {
        f"test_{file}.py::test[{number:02}]": recorded(True)
        for file in range(files)
        for number in range(tests)
    }


def test_groups_share_one_alpha_and_decide_nothing():
    """Six of twenty lost in one file of four: p = 0.016 there, which a single look would take."""
    old, new = many(files=4), many(files=4)
    for number in range(6):
        new[f"test_0.py::test[{number:02}]"] = recorded(False)
    whole = (Variant(name="old", models="", tests=old), Variant(name="new", models="", tests=new))
    one = tuple(
        Variant(name=e.name, models="", tests={k: v for k, v in e.tests.items() if "_0." in k})
        for e in whole
    )
    gate = GatePolicy(min_drop=0.2)

    found, alone = compare_variants(whole, gate=gate), compare_variants(one, gate=gate)
    first = found.groups[0].standings[1].against

    assert alone.verdicts[0].suite.verdict is Verdict.REGRESSED
    assert first is not None
    assert first.suite.p == alone.verdicts[0].suite.p
    assert first.suite.verdict is Verdict.NO_EVIDENCE
    assert not found.fails


def test_a_single_group_is_not_told_twice():
    found = compare(variant("old", a=recorded(True)), variant("new", a=recorded(True)))

    assert found.groups == ()


def test_sessions_of_the_reference_that_disagree_take_the_weight_from_the_verdict():
    morning, evening = "2026-01-01T08:00:00Z", "2026-01-01T20:00:00Z"
    old = RecordedTest(
        samples=(
            *[sample(session=morning)] * 20,
            *[sample(False, session=evening)] * 20,
        )
    )

    found = compare(variant("old", a=old), variant("new", a=recorded(*[False] * 20)))

    assert found.verdicts[0].suite.baseline_disagrees
    assert not found.fails


def test_the_values_are_plain_json():
    found = compare(
        variant("old", a=recorded(True), b=recorded(True)),
        variant("new", a=recorded(True), b=recorded(False, failure="E: x")),
    ).to_json()

    assert found["reference"] == "old"
    assert found["overall"]["variants"][1]["failures"] == {"E": 1}
    assert [group["name"] for group in found["groups"]] == ["tests/test_a.py", "tests/test_b.py"]
