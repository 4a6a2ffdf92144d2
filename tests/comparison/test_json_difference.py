"""Tests of single differences between two JSON values."""

from typing import Any

import pytest

from pytest_llmregress.comparison.json_difference import (
    ABSENT,
    Difference,
    differing_leaves,
    format_json_path,
    format_one_line,
    is_rewording,
    is_same,
    value_at,
)


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1, "b": 2}, {"b": 2.0, "a": 1}, []),
        ({"a": 1}, {"a": 2}, [(("a",), 1, 2)]),
        (
            {"b": 1, "a": 1},
            {"a": 2, "c": 3},
            [(("a",), 1, 2), (("b",), 1, ABSENT), (("c",), ABSENT, 3)],
        ),
        ([1, [2]], [1, [3]], [((1, 0), 2, 3)]),
        ({"a": [1]}, {"a": [1, 2]}, [(("a",), [1], [1, 2])]),
        ("a", {"a": 1}, [((), "a", {"a": 1})]),
        ([True], [1], [((0,), True, 1)]),
        ([None], ["None"], [((0,), None, "None")]),
    ],
)
def test_the_smallest_parts_that_differ_are_found(before: Any, after: Any, found: list[Any]):
    leaves = differing_leaves(before, after)

    assert [(each.path, each.before, each.after) for each in leaves] == found


@pytest.mark.parametrize(
    ("path", "words", "keys"),
    [
        ((), "root", "root"),
        (("a", "b"), "a.b", "a.b"),
        (("lines", 0, "price"), "lines[0].price", "lines[].price"),
        ((1, 2), "[1][2]", "[][]"),
        (("a b", "x"), '"a b".x', '"a b".x'),
    ],
)
def test_a_place_is_put_in_words(path: tuple[str | int, ...], words: str, keys: str):
    assert (format_json_path(path), format_json_path(path, any_index=True)) == (words, keys)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("a", 1), 2),
        (("a", 2), ABSENT),
        (("b",), None),
        (("c",), ABSENT),
        (("a", "x"), ABSENT),
        (("b", "x"), ABSENT),
    ],
)
def test_what_stands_at_a_place_is_found(path: tuple[str | int, ...], value: Any):
    assert value_at({"a": [1, 2], "b": None}, path) is value


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("A1001", "A1002", "a: 'A1001' → 'A1002'"),
        (ABSENT, {"b": [1, "x"]}, 'a: not given → {"b":[1,"x"]}'),
        (True, None, "a: true → null"),
        ("x" * 100, 1, f"a: '{'x' * 58}… → 1"),
    ],
)
def test_a_difference_without_words_of_its_own_gets_some(before: Any, after: Any, line: str):
    assert format_one_line(Difference(path=("a",), before=before, after=after)) == line


@pytest.mark.parametrize(
    ("before", "after", "rewording"),
    [
        ("All fine here.", "Everything is fine here.", True),
        ("Everything is fine here.", "All fine.", False),
        ("open", "It was closed some time ago.", False),
        ("", "It was closed some time ago.", False),
        (None, "It was closed some time ago.", False),
        ("needs a human", "needs another human", False),
        ("包裹已经寄出明天送达", "您的包裹将于明天送到", True),
        ("東京都", "大阪府", False),
    ],
)
def test_one_sentence_instead_of_another_is_a_rewording(before: Any, after: Any, rewording: bool):
    assert is_rewording(before, after) is rewording


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1, 1.0, True),
        (True, 1, False),
        ("1", 1, False),
        ([1, {"a": None}], [1, {"a": None}], True),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ([1, 2], [2, 1], False),
        (ABSENT, None, False),
        (ABSENT, ABSENT, True),
    ],
)
def test_two_values_are_the_same_or_not(one: Any, other: Any, same: bool):
    assert is_same(one, other) is same
    assert is_same(other, one) is same
