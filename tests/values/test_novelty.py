"""Whether another value is to be expected, by the values that were seen."""

import pytest

from pytest_llmregress.values.novelty import expects_new_value


@pytest.mark.parametrize("values", ["abc", "aabc", "abcde", "aaaaabbcde", "abcdefghij"])
def test_where_many_are_alone_with_their_value_another_one_is_expected(values: str):
    assert expects_new_value(values)


@pytest.mark.parametrize(
    "values", ["", "a", "ab", "aaaaa", "aaaab", "aabbc", "aaaabbbccc", "aaaaabbbcd"]
)
def test_values_that_come_again_and_again_expect_no_other_one(values: str):
    assert not expects_new_value(values)
