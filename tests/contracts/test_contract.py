"""Tests of contracts: each rule, the call that broke it, and what is said about bad keywords."""

from dataclasses import replace
from typing import Any

import pytest

from cassette_checks import OWN, check_served_models, interactions_of, served_models
from pytest_llmregress.contracts.contract import Contract, ContractError
from pytest_llmregress.values.call import Call, Calls, Outcome, ToolCall, ToolRunner, Usage

KNOWN = (
    "max_calls, max_tool_calls, max_input_tokens, max_output_tokens, max_total_tokens, "
    "max_cost_usd, max_agents, max_latency, budget, allow_tools, forbid_tools, outcomes, "
    "served_model"
)
USUAL = "answered, tool_use, error"


def call(*tools: str, **fields: Any) -> Call:
    given: dict[str, Any] = {
        "provider": "anthropic",
        "outcome": Outcome.ANSWERED,
        "requested_model": "claude-opus-5",
        "served_model": "claude-opus-5",
        "usage": Usage(
            input_tokens=100, output_tokens=50, cache_read_tokens=700, cache_write_tokens=200
        ),
        "tool_calls": tuple(ToolCall(name=name) for name in tools),
    }
    return Call(**{**given, **fields})


def broken(keywords: dict[str, Any], *calls: Call) -> tuple[str, ...]:
    return Contract.from_keywords(keywords).violations(Calls(calls))


def fault(keywords: dict[str, Any]) -> str:
    with pytest.raises(ContractError) as caught:
        Contract.from_keywords(keywords)
    return str(caught.value)


@pytest.mark.parametrize(
    ("keyword", "limit", "line"),
    [
        ("max_calls", 2, "max_calls=2: 3 in all; call 3 went over it"),
        ("max_calls", 0, "max_calls=0: 3 in all; call 1 went over it"),
        ("max_tool_calls", 2, "max_tool_calls=2: 3 in all; call 2 went over it"),
        ("max_input_tokens", 1_999, "max_input_tokens=1,999: 3,000 in all; call 2 went over it"),
        ("max_output_tokens", 100, "max_output_tokens=100: 150 in all; call 3 went over it"),
        ("max_total_tokens", 3_000, "max_total_tokens=3,000: 3,150 in all; call 3 went over it"),
    ],
)
def test_a_budget_names_the_call_that_went_over_it(keyword: str, limit: int, line: str):
    lines = broken({keyword: limit}, call("a"), call("b", "b"), call())

    assert lines == (line,)


@pytest.mark.parametrize(
    ("keyword", "limit"),
    [
        ("max_calls", 2),
        ("max_tool_calls", 3),
        ("max_input_tokens", 2_000),
        ("max_output_tokens", 100),
        ("max_total_tokens", 2_100),
    ],
)
def test_a_budget_that_is_used_up_whole_is_kept(keyword: str, limit: int):
    assert broken({keyword: limit}, call("a"), call("b", "b")) == ()


def test_a_forbidden_tool_is_named_with_its_pattern_and_call():
    lines = broken({"forbid_tools": ["delete_*", "drop"]}, call("look"), call("delete_user"))

    assert lines == ("forbid_tools='delete_*': call 2 called delete_user",)


def test_a_tool_that_is_not_allowed_is_named_with_those_that_are():
    lines = broken({"allow_tools": ["look*", "refund"]}, call("lookup"), call("refund", "pay"))

    assert lines == ("allow_tools: call 2 called pay; allowed: look*, refund",)


def test_an_empty_list_of_allowed_tools_allows_none():
    assert broken({"allow_tools": []}, call("look")) == (
        "allow_tools: call 1 called look; allowed: none",
    )


def test_a_tool_both_allowed_and_forbidden_is_forbidden():
    lines = broken({"allow_tools": "*", "forbid_tools": "pay"}, call("pay"))

    assert lines == ("forbid_tools='pay': call 1 called pay",)


def test_patterns_regard_letter_case_on_every_platform():
    assert broken({"forbid_tools": "Delete*"}, call("delete_user")) == ()


REMOTE = ToolCall(name="delete_row", run_by=ToolRunner.MCP, server="db")
SEARCH = ToolCall(name="web_search", run_by=ToolRunner.PROVIDER)


@pytest.mark.parametrize(
    ("keywords", "lines"),
    [
        ({"forbid_tools": "delete_*"}, ("forbid_tools='delete_*': call 1 called db/delete_row",)),
        ({"forbid_tools": "db/*"}, ("forbid_tools='db/*': call 1 called db/delete_row",)),
        ({"forbid_tools": "web_*"}, ("forbid_tools='web_*': call 1 called web_search",)),
        (
            {"allow_tools": ["web_search", "read_*"]},
            ("allow_tools: call 1 called db/delete_row; allowed: web_search, read_*",),
        ),
        ({"allow_tools": ["web_search", "db/delete_row"]}, ()),
        ({"max_tool_calls": 1}, ("max_tool_calls=1: 2 in all; call 1 went over it",)),
    ],
)
def test_tools_that_the_caller_does_not_run_are_held_to_the_same_limits(
    keywords: dict[str, Any], lines: tuple[str, ...]
):
    assert broken(keywords, call(tool_calls=(REMOTE, SEARCH))) == lines


@pytest.mark.parametrize(
    "outcome",
    [Outcome.REFUSED, Outcome.PAUSED, Outcome.TRUNCATED, Outcome.CONTEXT_FULL, Outcome.EMPTY],
)
def test_an_abrupt_ending_breaks_the_contract_unless_it_is_allowed_by_name(outcome: Outcome):
    last = call(outcome=outcome)

    assert broken({}, call(), last) == (f"outcomes: call 2 ended {outcome}; allowed: {USUAL}",)
    assert broken({"outcomes": ["answered", str(outcome)]}, call(), last) == ()


@pytest.mark.parametrize("outcome", [Outcome.ANSWERED, Outcome.TOOL_USE, Outcome.ERROR])
def test_an_ordinary_ending_is_allowed_by_default(outcome: Outcome):
    assert broken({}, call(outcome=outcome)) == ()


def test_outcomes_that_are_given_are_the_only_ones_allowed():
    lines = broken({"outcomes": "refused"}, call())

    assert lines == ("outcomes: call 1 ended answered; allowed: refused",)


def test_a_refusal_is_told_with_its_category():
    lines = broken({}, call(outcome=Outcome.REFUSED, refusal_category="cyber"))

    assert lines == (f"outcomes: call 1 ended refused (cyber); allowed: {USUAL}",)


def test_a_pause_that_is_resumed_is_no_ending():
    assert broken({}, call(outcome=Outcome.PAUSED), call()) == ()


def test_another_model_than_the_requested_one_is_told():
    lines = broken({}, call(), call(served_model="claude-opus-4-8"))

    assert lines == ("served_model: call 2 asked for claude-opus-5 and claude-opus-4-8 answered",)


@pytest.mark.parametrize(
    ("served_model", "kept"),
    [
        ({"claude-opus-5": ["claude-opus-4-8"]}, True),
        ({"claude-opus-5": "claude-opus-4-*"}, True),
        ({"claude-opus-5": ["claude-sonnet-*", "*-4-8"]}, True),
        ({"claude-opus-5": ["claude-opus-4-7"]}, False),
        ({"claude-sonnet-5": ["claude-opus-4-8"]}, False),
        ({}, False),
    ],
)
def test_another_served_model_is_legitimate_where_the_test_names_it(
    served_model: dict[str, Any], kept: bool
):
    lines = broken({"served_model": served_model}, call(served_model="claude-opus-4-8"))

    assert (not lines) is kept


def test_the_dated_snapshot_of_the_requested_model_is_always_legitimate():
    assert broken({}, call(served_model="claude-opus-5-20260131")) == ()


def test_every_broken_rule_is_told_in_one_go():
    lines = broken(
        {"max_calls": 1, "forbid_tools": "pay"},
        call("pay"),
        call(outcome=Outcome.TRUNCATED, served_model="claude-opus-4-8"),
    )

    assert lines == (
        "max_calls=1: 2 in all; call 2 went over it",
        "forbid_tools='pay': call 1 called pay",
        f"outcomes: call 2 ended truncated; allowed: {USUAL}",
        "served_model: call 2 asked for claude-opus-5 and claude-opus-4-8 answered",
    )


def test_a_test_without_calls_breaks_no_rule():
    assert broken({"max_calls": 0, "allow_tools": []}) == ()


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"max_call": 1}, f"max_call: there is no such keyword; {KNOWN}"),
        ({"max_calls": -1}, "max_calls: -1 is no limit; a whole number from 0 on"),
        ({"max_calls": "3"}, "max_calls: '3' is no limit; a whole number from 0 on"),
        ({"max_calls": True}, "max_calls: True is no limit; a whole number from 0 on"),
        ({"max_calls": 1.5}, "max_calls: 1.5 is no limit; a whole number from 0 on"),
        ({"max_calls": None}, "max_calls: None is no limit; a whole number from 0 on"),
        ({"max_total_tokens": -1}, "max_total_tokens: -1 is no limit; a whole number from 0 on"),
        (
            {"allow_tools": ["look", 3]},
            "allow_tools: ['look', 3] is no list of patterns; names of tools, * and ? allowed",
        ),
        (
            {"forbid_tools": 3},
            "forbid_tools: 3 is no list of patterns; names of tools, * and ? allowed",
        ),
        (
            {"outcomes": ["answered", "refussed"]},
            (
                "outcomes: refussed: none of answered, tool_use, refused, paused, truncated, "
                "context_full, empty, error"
            ),
        ),
        (
            {"outcomes": 3},
            (
                "outcomes: 3: none of answered, tool_use, refused, paused, truncated, "
                "context_full, empty, error"
            ),
        ),
        (
            {"served_model": ["claude-opus-4-8"]},
            (
                "served_model: ['claude-opus-4-8'] is no mapping; the served models (patterns) by "
                'the requested one: {"asked-model": ["served-model"]}'
            ),
        ),
        (
            {"served_model": {"claude-opus-5": 4}},
            "served_model: 4 is no list of patterns; names of models, * and ? allowed",
        ),
        (
            {"max_calls": -1, "max_cals": 1},
            (
                "max_calls: -1 is no limit; a whole number from 0 on\n"
                f"max_cals: there is no such keyword; {KNOWN}"
            ),
        ),
    ],
)
def test_bad_keywords_are_told_all_at_once_with_what_is_allowed(
    keywords: dict[str, Any], message: str
):
    assert fault(keywords) == message


def test_keywords_that_other_parts_read_are_named_as_known_ones():
    with pytest.raises(ContractError) as caught:
        Contract.from_keywords({"sample": 3}, beside=["samples", "rules"])

    assert str(caught.value) == f"sample: there is no such keyword; {KNOWN}, samples, rules"


# --- recorded replies ------------------------------------------------------------------------


def test_of_recorded_replies_only_other_models_are_refused():
    pairs = served_models(interactions_of(OWN))

    assert len(pairs) >= 9
    assert any(requested != served for requested, served in pairs)
    check_served_models(pairs)


def test_what_serves_a_deployment_is_what_was_asked_for():
    asked = Call(
        provider="openai",
        outcome=Outcome.ANSWERED,
        requested_model="mine",
        served_model="gpt-5-2025-08-07",
    )

    assert Contract().violations(Calls([replace(asked, is_alias=True)])) == ()
    assert len(Contract().violations(Calls([asked]))) == 1
