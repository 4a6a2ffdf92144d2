"""Odd values in requests and replies: the short form of tests/soak/odd_replies.py."""

import random

import pytest

from odd_replies import WIRES, fuzz, make_odd
from pytest_llmregress.values.call import Outcome


@pytest.mark.parametrize("api", WIRES)
def test_no_provider_raises_over_an_odd_request_or_reply(api: str):
    found = fuzz(api, rounds=400, seed=1)

    assert found.total() == 400
    assert found[Outcome.ERROR]
    assert found[Outcome.ANSWERED] + found[Outcome.TOOL_USE]


def test_an_odd_value_is_a_copy_and_the_value_stays():
    value = {"a": [{"b": "word"}], "c": {"d": 1}}
    odd = [make_odd(value, random.Random(seed)) for seed in range(50)]

    assert value == {"a": [{"b": "word"}], "c": {"d": 1}}
    assert all(each != value for each in odd)
