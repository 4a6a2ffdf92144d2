"""Tests of counts of tokens: what is no count is told, and never added, priced or compared."""

from typing import Any

import pytest

from pytest_llmregress.behavior.traits import extract_traits
from pytest_llmregress.contracts.budget import BaselineUsage
from pytest_llmregress.contracts.contract import Contract
from pytest_llmregress.values.call import MAX_COUNT, Call, Calls, Outcome, Usage

ODD: tuple[Any, ...] = (
    (-5, "-5"),
    (MAX_COUNT + 1, "more than 1,000,000,000,000"),
    pytest.param(10**5_000, "more than 1,000,000,000,000", id="of 5001 digits"),
    pytest.param(-(10**5_000), "less than -1,000,000,000,000", id="of 5001 digits, negative"),
    (1e300, "1e+300"),
    (1.5, "1.5"),
    (float("nan"), "nan"),
    (float("inf"), "inf"),
    ("12", "'12'"),
    (None, "None"),
    (True, "True"),
    ([1], "[1]"),
)
NO_COUNT = "a count of tokens is a whole number, 0 or more. Look at what the server sends"


def call(**usage: Any) -> Call:
    return Call(provider="anthropic", outcome=Outcome.ANSWERED, text="Hi.", usage=Usage(**usage))


@pytest.mark.parametrize(("given", "shown"), ODD)
@pytest.mark.parametrize(
    "name", ["input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"]
)
def test_what_is_no_count_is_taken_as_none_and_told(name: str, given: Any, shown: str):
    usage = Usage(**{"input_tokens": 3, name: given})

    assert getattr(usage, name) == 0
    assert usage.unknown == (f"{name}: {shown}",)


@pytest.mark.parametrize("given", [0, 7, 7.0, MAX_COUNT])
def test_a_whole_number_is_a_count(given: float):
    assert Usage(output_tokens=given) == Usage(output_tokens=int(given))  # type: ignore[arg-type]
    assert Usage(output_tokens=int(given)).unknown == ()


def test_a_sum_tells_once_what_is_unknown_of_its_parts():
    total = Calls([call(output_tokens=-5), call(output_tokens=-5), call(output_tokens=2)]).usage

    assert (total.output_tokens, total.unknown) == (2, ("output_tokens: -5",))


def test_tokens_that_are_unknown_are_no_trait():
    names = {trait.name for trait in extract_traits(Calls([call(output_tokens=-5)]))}

    assert not {name for name in names if name.startswith("usage.")}
    assert "outcome" in names


@pytest.mark.parametrize("limit", ["input_tokens", "output_tokens", "total_tokens", "cost_usd"])
def test_a_limit_cannot_be_held_where_the_count_is_none(limit: str):
    contract = Contract.from_keywords({f"max_{limit}": 1_000})
    calls = Calls([call(output_tokens=1), call(output_tokens=-5)])

    (line,) = contract.violations(calls, price=lambda each: None if each.usage.unknown else 0.1)

    assert line.endswith(f": call 2 gave output_tokens: -5; {NO_COUNT}")


def test_a_limit_on_calls_holds_whatever_the_counts_are():
    contract = Contract.from_keywords({"max_calls": 1})

    assert contract.violations(Calls([call(output_tokens=-5)]), price=None) == ()


def test_a_budget_cannot_be_held_where_the_count_of_the_baseline_is_none():
    contract = Contract.from_keywords({"budget": {"output_tokens": 2}})
    baseline = BaselineUsage.of(Calls([call(output_tokens="12")]))

    (line,) = contract.violations(Calls([call(output_tokens=1)]), baseline=baseline)

    assert line == (
        "budget={'output_tokens': 2}: how many tokens the baseline took is unknown; " + NO_COUNT
    )
