"""Tests of the differences that a failing snapshot shows."""

import inspect
import logging
import subprocess
import sys
from typing import Any

import pytest
from deepdiff import DeepDiff

from pytest_llmregress.comparison.deepdiff_adapter import OPTIONS, diff_values, locate_differences
from pytest_llmregress.comparison.json_difference import ABSENT, Difference


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ({"total": 12}, {"total": 15}, "root['total']: 12 → 15"),
        ({"total": 12}, {"total": "12"}, "root['total']: 12 → '12'"),
        ({"total": None}, {"total": False}, "root['total']: None → False"),
        ({"items": [1, 2]}, {"items": [1, 2, "x"]}, "root['items'][2]: added 'x'"),
        ({"items": [0, 1, 2]}, {"items": [1, 2]}, "root['items'][0]: removed 0"),
        ({"a": 1}, {"a": 1, "b": {"c": 2}}, "root['b']: added {'c': 2}"),
        ({"a": 1, "b": 2}, {"a": 1}, "root['b']: removed 2"),
        ({"t": "a\nb\nc"}, {"t": "a\nB\nc"}, "root['t'] line 2: 'b' → 'B'"),
        ({"__typename": "A"}, {"__typename": "B"}, "root['__typename']: 'A' → 'B'"),
        ("a", ["a"], "root: 'a' → ['a']"),
    ],
)
def test_a_difference_is_one_line_with_its_place(before: Any, after: Any, line: str) -> None:
    assert diff_values(before, after, options={}) == (line,)


def test_an_object_with_mostly_new_keys_is_told_key_by_key() -> None:
    found = diff_values({"a": 1, "b": 2, "c": 3}, {"a": 2, "x": 1, "y": 1}, options={})

    assert found == (
        "root['a']: 1 → 2",
        "root['b']: removed 2",
        "root['c']: removed 3",
        "root['x']: added 1",
        "root['y']: added 1",
    )


MIXED_UP = {"a": [{"id": 1, "v": 1.0}, {"id": 2, "v": 2.0}]}
NEARLY = {"a": [{"id": 2, "v": 2.001}, {"id": 1, "v": 1.001}]}


@pytest.mark.parametrize(
    ("before", "after", "options"),
    [
        ({"id": 1, "a": 1}, {"id": 2, "a": 1}, {"exclude_paths": ["root['id']"]}),
        ({"id": 1, "a": 1}, {"a": 1}, {"exclude_paths": "root['id']"}),
        (
            [{"at": 1}, {"at": 2}],
            [{"at": 3}, {"at": 4}],
            {"exclude_regex_paths": [r"\['at'\]$"]},
        ),
        ({"id": 1, "a": 1}, {"id": 2, "a": 1}, {"include_paths": ["root['a']"]}),
        ([1, 2, 3], [3, 1, 2], {"ignore_order": True}),
        ([1.0001], [1.0002], {"significant_digits": 3}),
        ([1.0001], [1.0002], {"math_epsilon": 0.001}),
        (MIXED_UP, NEARLY, {"ignore_order": True, "math_epsilon": 0.01}),
        (["A"], ["a"], {"ignore_string_case": True}),
        ({"n": [1, "a"]}, {"n": [1.0, "a"]}, {}),
    ],
)
def test_what_an_option_allows_is_no_difference(
    before: Any, after: Any, options: dict[str, Any]
) -> None:
    assert diff_values(before, after, options=options) == ()


@pytest.mark.parametrize(
    ("before", "after", "options", "expected"),
    [
        (
            {"id": 1, "a": 1},
            {"id": 2, "a": 2},
            {"exclude_paths": ["root['id']"]},
            ("root['a']: 1 → 2",),
        ),
        (
            [1, 1],
            [1, 1, 1],
            {"ignore_order": True, "report_repetition": True},
            ("root[0]: 1 occurs 3 times, not 2",),
        ),
        (
            MIXED_UP,
            NEARLY,
            {"ignore_order": True, "math_epsilon": 0.0001},
            ("root['a'][0]['v']: 1.0 → 1.001", "root['a'][1]['v']: 2.0 → 2.001"),
        ),
        ([1, 2], [2, 1], {}, ("root[0]: 1 → 2", "root[1]: 2 → 1")),
    ],
)
def test_what_no_option_allows_is_told(
    before: Any, after: Any, options: dict[str, Any], expected: tuple[str, ...]
) -> None:
    assert diff_values(before, after, options=options) == expected


def test_more_than_twenty_differences_end_in_a_count_in_the_order_of_the_list() -> None:
    found = diff_values(list(range(27)), [-n - 1 for n in range(27)], options={})

    assert len(found) == 21
    assert found[0] == "root[0]: 0 → -1"
    assert found[11] == "root[11]: 11 → -12"
    assert found[-1] == "and 7 more"


def test_a_line_has_a_bounded_length() -> None:
    before = {"k" * 500: ["x" * 5000] * 100}

    [line] = diff_values(before, {"k" * 500: 1}, options={})
    [short] = diff_values({"a": ["x" * 5000]}, {"a": 1}, options={})

    assert len(line) == 300
    assert line.endswith("…")
    assert len(short) < 100


def test_true_beside_a_real_change_is_as_equal_to_one_as_it_is_alone() -> None:
    assert diff_values({"a": True}, {"a": 1}, options={}) == ()
    assert diff_values({"a": True, "b": 1}, {"a": 1, "b": 2}, options={}) == ("root['b']: 1 → 2",)


def test_an_unknown_option_is_an_error_that_lists_the_known_ones_even_for_equal_values() -> None:
    with pytest.raises(TypeError) as caught:
        diff_values(1, 1, options={"exclude_path": [], "ignore_order": True, "view": "tree"})

    assert str(caught.value) == (
        f"llm_snapshot: unknown option(s) exclude_path, view; allowed are {', '.join(OPTIONS)}"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"exclude_regex_paths": ["("]}, r"DeepDiff refuses exclude_regex_paths=\['\('\]: missing"),
        ({"exclude_paths": 3}, r"DeepDiff refuses exclude_paths=3: "),
        ({"significant_digits": -1}, r"DeepDiff refuses significant_digits=-1: "),
    ],
)
def test_a_bad_value_of_an_option_is_an_error_of_ours(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=f"^llm_snapshot: {message}"):
        diff_values(1, 2, options=options)


def test_every_option_is_one_of_deepdiff() -> None:
    assert set(OPTIONS) <= set(inspect.signature(DeepDiff.__init__).parameters)


def test_a_tolerance_without_order_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    diff_values(MIXED_UP, NEARLY, options={"ignore_order": True, "math_epsilon": 0.01})

    assert caplog.records == []
    assert logging.getLogger("deepdiff.diff").filters == []


@pytest.mark.parametrize(
    ("before", "after", "path", "values"),
    [
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, ("a", 0, "b"), (1, 2)),
        ({"a": 1}, {"a": "1"}, ("a",), (1, "1")),
        ({}, {"a": None}, ("a",), (ABSENT, None)),
        ({"a": None}, {}, ("a",), (None, ABSENT)),
        ([1], [1, 2], (1,), (ABSENT, 2)),
        ([0, 1, 2], [1, 2], (0,), (0, ABSENT)),
        ("x", "y", (), ("x", "y")),
        ("x", ["x"], (), ("x", ["x"])),
    ],
)
def test_a_difference_is_located(
    before: Any, after: Any, path: tuple[str | int, ...], values: tuple[Any, Any]
) -> None:
    (found,) = locate_differences(before, after)

    assert (found.path, found.before, found.after) == (path, *values)
    assert (found.told,) == diff_values(before, after, options={})


def test_another_number_of_repetitions_is_located_with_both_numbers() -> None:
    options = {"ignore_order": True, "report_repetition": True}

    assert locate_differences({"a": [1, 1]}, {"a": [1, 1, 1]}, options=options) == (
        Difference(
            path=("a", 0),
            before="2 times",
            after="3 times",
            told="root['a'][0]: 1 occurs 3 times, not 2",
        ),
    )


def test_all_differences_are_located_however_many_are_told() -> None:
    assert len(locate_differences(list(range(27)), [-n - 1 for n in range(27)])) == 27


def test_two_texts_do_not_import_deepdiff_unless_an_option_is_about_them() -> None:
    code = (
        "import sys; from pytest_llmregress.comparison.deepdiff_adapter import diff_values; "
        "assert diff_values('a b', 'a c', options={}) == (\"root: 'a b' → 'a c'\",); "
        "assert 'deepdiff' not in sys.modules; "
        "assert diff_values('a', 'A', options={'ignore_string_case': True}) == (); "
        "assert 'deepdiff' in sys.modules"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_equal_values_do_not_import_deepdiff() -> None:
    code = (
        "import sys; from pytest_llmregress.comparison.deepdiff_adapter import diff_values; "
        "options = {'ignore_order': True}; "
        "assert diff_values({'a': [1]}, {'a': [1]}, options=options) == (); "
        "assert 'deepdiff' not in sys.modules; "
        "assert diff_values([1, 2], [2, 1], options=options) == (); "
        "assert 'deepdiff' in sys.modules"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
