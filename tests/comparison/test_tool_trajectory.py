"""Tests of tool calls: how two trajectories relate, and which arguments differ."""

import pytest

from pytest_llmregress.behavior.traits import extract_traits
from pytest_llmregress.comparison.compare_behavior import compare
from pytest_llmregress.comparison.tool_trajectory import compare_arguments, compare_loops
from pytest_llmregress.values.behavior import Behavior, Severity, Trait, TraitKind
from pytest_llmregress.values.call import Call, Calls, Outcome, ToolCall
from pytest_llmregress.values.comparison_rules import ArgumentRules, ToolMatch, tool_relation

BREAKING, NOTABLE, COSMETIC = Severity.BREAKING, Severity.NOTABLE, Severity.COSMETIC
TRAITS = {
    "tools.set": (TraitKind.SET, BREAKING),
    "tools.order": (TraitKind.CATEGORY, NOTABLE),
    "tools.arguments": (TraitKind.CATEGORY, NOTABLE),
}


def one(name, value):
    kind, severity = TRAITS[name]
    return Behavior(traits=(Trait(name=name, value=value, kind=kind, severity=severity),))


def only(changes):
    (change,) = changes
    return change


def tools_of(*names, **arguments):
    calls = tuple(ToolCall(name=name, arguments=arguments) for name in names)
    return Call(provider="anthropic", outcome=Outcome.TOOL_USE, tool_calls=calls)


def called(*names, **arguments):
    """Return the behavior of a sample that calls tools one after another."""
    calls = tuple(
        ToolCall(name=name, arguments=arguments, round=at) for at, name in enumerate(names)
    )
    call = Call(provider="anthropic", outcome=Outcome.TOOL_USE, tool_calls=calls)
    return Behavior(traits=extract_traits(Calls([call])))


def test_tools_that_do_not_match_as_declared_are_breaking():
    changes = compare(called("a", "b"), called("b", "a"), tools=ToolMatch.STRICT)

    change = changes[0]

    assert (change.trait, change.severity) == ("tools.match", BREAKING)
    assert (change.before, change.after) == ("a, b", "b, a")
    assert change.detail == "not strict: the same calls in another order"


@pytest.mark.parametrize(
    ("match", "after"),
    [
        (ToolMatch.UNORDERED, ["b", "a"]),
        (ToolMatch.SUBSET, ["b"]),
        (ToolMatch.SUPERSET, ["a", "b", "c", "c"]),
    ],
)
def test_tools_that_match_as_declared_are_cosmetic_otherwise(match, after):
    before = called("a", "b")

    undeclared = compare(before, called(*after))
    declared = compare(before, called(*after), tools=match)

    assert {change.severity for change in undeclared} - {COSMETIC}
    assert {change.trait for change in undeclared} == {change.trait for change in declared}
    assert {change.severity for change in declared} == {COSMETIC}


def test_other_arguments_count_whatever_is_declared_for_the_tools():
    before, after = (
        Behavior(
            traits=(
                *one("tools.order", ["a"]).traits,
                *one("tools.arguments", [{"name": "a", "arguments": {"id": number}}]).traits,
            )
        )
        for number in (1, 2)
    )

    change = only(compare(before, after, tools=ToolMatch.STRICT))

    assert (change.trait, change.severity) == ("tools.arguments", BREAKING)


def test_tools_match_where_they_match_any_sample():
    baseline = [called("a"), called("a", "b")]

    assert compare(baseline, called("a", "b"), tools=ToolMatch.STRICT) == ()


def test_what_did_not_record_the_order_of_its_tools_is_held_to_nothing():
    before, after = one("tools.set", ["a"]), one("tools.set", ["b"])

    assert compare(before, after, tools=ToolMatch.STRICT) == compare(before, after)


@pytest.mark.parametrize(
    ("before", "after", "relation"),
    [
        ("", "", "strict"),
        ("ab", "ab", "strict"),
        ("aab", "aba", "unordered"),
        ("aab", "ab", "subset"),
        ("aab", "ba", "subset"),
        ("aab", "", "subset"),
        ("ab", "baa", "superset"),
        ("", "a", "superset"),
        ("ab", "ac", None),
        ("aab", "abb", None),
    ],
)
def test_the_closest_relation_between_two_trajectories_is_named(before, after, relation):
    assert tool_relation(list(before), list(after)) == relation


@pytest.mark.parametrize(
    ("match", "allowed"),
    [
        ("strict", ["ab"]),
        ("unordered", ["ab", "ba"]),
        ("subset", ["ab", "ba", "a", ""]),
        ("superset", ["ab", "ba", "abc", "bab"]),
    ],
)
def test_a_declared_relation_allows_every_closer_one(match, allowed):
    tried = ["ab", "ba", "a", "", "abc", "bab", "ac"]

    assert [tools for tools in tried if ToolMatch(match).allows("ab", tools)] == allowed


# --- arguments -------------------------------------------------------------------------------


def find(**arguments):
    return {"name": "find_order", "arguments": arguments}


def told(change):
    return f"{change.before} → {change.after}"


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (
            [find(order_id="A1001")],
            [find(order_id="A1002")],
            "find_order: order_id 'A1001' → 'A1002'",
        ),
        ([find(days=14)], [find(days=30)], "find_order: days 14 → 30"),
        ([find(late=True)], [find(late=1)], "find_order: late true → 1"),
        ([find(a=1)], [find(a=1, limit=5)], "find_order: limit not given → 5"),
        ([find(a=1, limit=5)], [find(a=1)], "find_order: limit 5 → not given"),
        (
            [find(where={"state": "open", "n": 1})],
            [find(where={"state": "closed", "n": 1})],
            "find_order: where.state 'open' → 'closed'",
        ),
        (
            [find(items=[{"sku": "a"}, {"sku": "b"}])],
            [find(items=[{"sku": "a"}, {"sku": "c"}])],
            "find_order: items[1].sku 'b' → 'c'",
        ),
        ([find(n=1), find(n=2)], [find(n=0), find(n=1)], "find_order: n 2 → 0"),
    ],
)
def test_an_argument_with_another_value_is_told_with_its_place(before, after, line):
    change = compare_arguments([before], after)

    assert told(change) == line
    assert (change.trait, change.detail) == ("tools.arguments", "")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([find(n=1)], [find(n=1.0)]),
        ([find(n=1), find(n=2)], [find(n=2)]),
        ([find(n=1)], [find(n=1), {"name": "refund", "arguments": {"n": 1}}]),
        ([find(n=1), {"name": "b", "arguments": {}}], [{"name": "b", "arguments": {}}, find(n=1)]),
        ([find(n=1)], []),
        ("written by hand", [find(n=1)]),
    ],
)
def test_what_other_traits_tell_is_no_argument_that_differs(before, after):
    assert compare_arguments([before], after) is None


def test_a_sentence_instead_of_another_is_cosmetic_and_comes_after_what_is_not():
    before = find(reason="The parcel came too late.", code="late", n=1)
    reworded = {**before["arguments"], "reason": "It arrived after the promised day."}

    cosmetic = compare_arguments([[before]], [find(**reworded)])
    breaking = compare_arguments([[before]], [find(**{**reworded, "code": "broken", "n": 2})])

    assert cosmetic.severity is COSMETIC
    assert breaking.severity is BREAKING
    assert told(breaking) == "find_order: code 'late' → 'broken'"
    assert breaking.detail.startswith("and 2 more: find_order: n 1 → 2; find_order: reason 'The")


def test_calls_of_one_tool_in_another_order_are_cosmetic():
    change = compare_arguments([[find(n=1), find(n=2)]], [find(n=2), find(n=1)])

    assert (change.severity, change.detail) == (COSMETIC, "the same calls in another order")
    assert change.before != change.after


def test_the_arguments_of_any_sample_are_no_difference():
    baseline = [[find(id="A1", page=1)], [find(id="A2", page=2)]]

    assert compare_arguments(baseline, [find(id="A2", page=1)]) is None


def test_the_closest_sample_is_told():
    baseline = [[], [find(id="A1", page=1)], [find(id="A2", page=2)]]

    change = compare_arguments(baseline, [find(id="A3", page=2)])

    assert (told(change), change.detail) == ("find_order: id 'A2' → 'A3'", "")


def test_one_argument_is_quarantined_and_not_its_neighbours():
    baseline = [[find(id="A1", kind=kind)] for kind in ("shoes", "boots", "socks")]

    kind = compare_arguments(baseline, [find(id="A1", kind="hats")])
    order = compare_arguments(baseline, [find(id="A2", kind="hats")])

    assert (kind.severity, told(kind)) == (COSMETIC, "find_order: kind 'shoes' → 'hats'")
    assert (order.severity, told(order)) == (BREAKING, "find_order: id 'A1' → 'A2'")


def test_a_test_says_how_single_arguments_are_compared():
    rules = ArgumentRules.read({"find_order.page": "ignore", "find_order.lines": "superset"})
    before, after = [find(id=1, page=1, lines=[1])], [find(id=1, page=2, lines=[2, 1])]

    assert compare_arguments([before], after, rules=rules) is None
    assert compare_arguments([after], before, rules=rules).parts == ("find_order: lines",)


def test_an_argument_that_may_be_missing_is_no_other_set_of_keys():
    rules = ArgumentRules.read({"a.limit": "ignore", "a.more": "superset"})
    given, plain = called("a", id=1, limit=2, more=3), called("a", id=1)

    assert compare(plain, given, arguments=rules) == ()
    assert [change.trait for change in compare(plain, given)] == [
        "tools.arg_keys",
        "tools.arguments",
    ]


# --- loops -----------------------------------------------------------------------------------


def loops(value):
    return Trait(name="tools.loops", value=value, kind=TraitKind.CATEGORY, severity=BREAKING)


@pytest.mark.parametrize(
    ("samples", "times", "is_loop"),
    [
        ([{}], 3, False),
        ([{}], 4, True),
        ([{"look": 2}], 6, False),
        ([{"look": 2}], 7, True),
        ([{}, {"look": 4}, {}], 12, False),
        ([{}, {"look": 4}, {}], 13, True),
        (["written by hand"], 4, True),
    ],
)
def test_a_loop_is_breaking_above_three_times_the_baseline(samples, times, is_loop):
    olds = [loops(sample) for sample in samples]

    change = compare_loops(olds, loops({"look": times, "other": 2}))

    assert (change is not None) is is_loop
    if change:
        assert (change.severity, change.parts) == (BREAKING, ("look",))
        assert f"x{times}" in change.after


def test_a_loop_is_named_among_the_changes():
    changes = compare(called("look", id=7), called(*["look"] * 12, id=7))

    assert changes[0].trait == "tools.loops"
    assert changes[0].detail == "the same arguments each time: look"


def test_tools_that_are_called_one_after_another_instead_of_together_are_notable():
    together = Calls([tools_of("a", "b")])
    apart = Calls([tools_of("a"), tools_of("b")])

    before, after = (Behavior(traits=extract_traits(calls)) for calls in (together, apart))

    told_of = {change.trait: change.severity for change in compare(before, after)}
    assert told_of["tools.parallel"] is NOTABLE
    assert "tools.order" not in told_of
