"""Sums of amounts of which some may be unknown."""

import pytest

from pytest_llmregress.values.call import sum_known


@pytest.mark.parametrize(
    ("amounts", "total"),
    [([0.5, 0.25], 0.75), ([0.0], 0.0), ([0.5, None], None), ([None], None), ([], None)],
)
def test_a_sum_is_known_where_each_amount_is(amounts, total):
    assert sum_known(amounts) == total
