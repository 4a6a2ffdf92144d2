"""Tests of budgets: what a run has spent, held against a limit or against the accepted run."""

from typing import Any

import pytest

from pytest_llmregress.contracts.budget import BaselineUsage
from pytest_llmregress.contracts.contract import Contract, ContractError
from pytest_llmregress.values.call import Call, Calls, Outcome, ToolCall, Usage

MEASURES = "calls, tool_calls, input_tokens, output_tokens, total_tokens, cost_usd, agents, latency"
UNKNOWN = (
    "nothing is taken to be free. pip install 'pytest-llmregress[prices]', or return the price "
    "from a pytest_llmregress_price hook"
)


def call(*tools: str, output: int = 100, **fields: Any) -> Call:
    given: dict[str, Any] = {
        "provider": "anthropic",
        "outcome": Outcome.ANSWERED,
        "served_model": "claude-opus-5",
        "usage": Usage(input_tokens=200, output_tokens=output),
        "tool_calls": tuple(ToolCall(name=name, id=f"toolu_{name}") for name in tools),
    }
    return Call(**{**given, **fields})


def asking(*messages: Any, **fields: Any) -> Call:
    return call(request={"messages": list(messages)}, **fields)


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": [{"type": "text", "text": text}]}


def thread(kind: str, *messages: Any, **fields: Any) -> Call:
    told = {"type": kind, **({"previous_message_id": "msg_1"} if kind == "continue" else {})}
    return call(request={"thread": told, "messages": list(messages)}, **fields)


def cent(_: Call) -> float:
    return 0.01


def broken(
    keywords: dict[str, Any], *calls: Call, before: Calls | None = None, price: Any = cent
) -> tuple[str, ...]:
    baseline = None if before is None else BaselineUsage.of(before, price=price)
    contract = Contract.from_keywords(keywords)
    return contract.violations(Calls(calls), baseline=baseline, price=price)


def agents(*calls: Call) -> int:
    return BaselineUsage.of(Calls(calls)).agents


# --- against the baseline --------------------------------------------------------------------

BEFORE = Calls([call("look"), call()])


@pytest.mark.parametrize(
    ("measure", "factor", "line"),
    [
        ("calls", 1.4, "3 in all, and the baseline spent 2; call 3 went over it"),
        ("tool_calls", 2, "3 in all, and the baseline spent 1; call 2 went over it"),
        ("input_tokens", 1, "600 in all, and the baseline spent 400; call 3 went over it"),
        ("output_tokens", 0.9, "300 in all, and the baseline spent 200; call 2 went over it"),
        ("total_tokens", 1.2, "900 in all, and the baseline spent 600; call 3 went over it"),
        ("cost_usd", 1.4, "$0.03 in all, and the baseline spent $0.02; call 3 went over it"),
    ],
)
def test_a_budget_names_the_call_that_went_over_it(measure: str, factor: float, line: str):
    lines = broken({"budget": {measure: factor}}, call("a"), call("a", "b"), call(), before=BEFORE)

    assert lines == (f"budget={{'{measure}': {factor}}}: {line}",)


def test_more_agents_than_the_baseline_had_are_told():
    one = asking(user("Plan it."))
    lines = broken({"budget": {"agents": 1}}, one, asking(user("Find out.")), before=Calls([one]))

    assert lines == (
        "budget={'agents': 1}: 2 in all, and the baseline spent 1; call 2 went over it",
    )


@pytest.mark.parametrize(
    ("factor", "output"), [(1.5, 150), (1.1, 110), (1.15, 115), (2, 200), (0.1, 10)]
)
def test_a_budget_that_is_used_up_whole_is_kept(factor: float, output: int):
    keywords = {"budget": {"output_tokens": factor}}

    assert broken(keywords, call(output=output), before=Calls([call()])) == ()
    assert broken(keywords, call(output=output + 1), before=Calls([call()])) != ()


def test_costs_that_add_up_to_the_limit_but_for_rounding_are_within_it():
    calls = [call() for _ in range(10)]

    assert broken({"max_cost_usd": 0.1}, *calls) == ()
    assert broken({"budget": {"cost_usd": 10}}, *calls, before=Calls(calls[:1])) == ()


def test_a_cost_that_exceeds_its_limit_by_rounding_alone_keeps_it():
    above = 0.1 + 0.2

    assert above > 0.3
    assert broken({"max_cost_usd": 0.3}, call(), price=lambda _: above) == ()
    assert broken({"max_cost_usd": 0.3}, call(), price=lambda _: 0.300001) != ()


def test_of_a_measure_that_was_0_any_is_over():
    lines = broken({"budget": {"tool_calls": 3}}, call(), call("look"), before=Calls([call()]))

    assert lines == (
        "budget={'tool_calls': 3}: 1 in all, and the baseline spent 0; call 2 went over it",
    )
    assert broken({"budget": {"tool_calls": 3}}, call(), before=Calls([call()])) == ()


def test_without_a_baseline_a_budget_says_nothing():
    assert broken({"budget": {"output_tokens": 0.1, "cost_usd": 0.1}}, call(), price=None) == ()


def test_measures_without_a_budget_are_not_looked_at():
    assert broken({"budget": {"calls": 1}}, call(output=9_999), before=Calls([call()])) == ()


# --- costs -----------------------------------------------------------------------------------


def test_a_cost_above_the_limit_is_told_with_the_call():
    lines = broken({"max_cost_usd": 0.015}, call(), call(), call())

    assert lines == ("max_cost_usd=0.015: $0.03 in all; call 2 went over it",)


@pytest.mark.parametrize("price", [None, lambda _: None, lambda _: float("nan"), lambda _: -1.0])
def test_a_price_that_nobody_knows_fails_the_limit(price: Any):
    lines = broken({"max_cost_usd": 100}, call(), call(served_model="local-7b"), price=price)

    assert lines == (
        "max_cost_usd=100.0: the price of claude-opus-5 (call 1), local-7b (call 2) is unknown; "
        + UNKNOWN,
    )


def test_one_unknown_price_is_enough():
    def price(asked: Call) -> float | None:
        return None if asked.served_model == "local-7b" else 0.01

    lines = broken({"max_cost_usd": 1}, call(), call(served_model="local-7b"), price=price)

    assert lines == (f"max_cost_usd=1.0: the price of local-7b (call 2) is unknown; {UNKNOWN}",)


def test_what_the_baseline_cost_may_be_unknown_too():
    contract = Contract.from_keywords({"budget": {"cost_usd": 2}})
    lines = contract.violations(
        Calls([call()]), baseline=BaselineUsage.of(BEFORE, price=None), price=cent
    )

    assert lines == (f"budget={{'cost_usd': 2}}: what the baseline cost is unknown; {UNKNOWN}",)


def test_no_price_is_asked_for_where_no_rule_is_about_costs():
    def refuse(_: Call) -> float:
        raise AssertionError

    assert broken({"max_calls": 3}, call(), price=refuse) == ()


def test_an_http_error_is_not_billed():
    failed = call(outcome=Outcome.ERROR, status=529, usage=Usage(), served_model=None)

    assert broken({"max_cost_usd": 0.01}, failed, call()) == ()


def test_a_call_that_was_answered_with_exactly_400_costs_nothing():
    refused = call(outcome=Outcome.ERROR, status=400)

    assert broken({"max_cost_usd": 0.01}, refused, call()) == ()
    assert broken({"max_cost_usd": 0.01}, call(status=399), call()) != ()


@pytest.mark.parametrize(
    ("cost", "words"),
    [(1234.5, "$1,234.50"), (0.000012, "$0.000012"), (1, "$1.00"), (0.07, "$0.07")],
)
def test_an_amount_of_dollars_is_readable(cost: float, words: str):
    lines = broken({"max_cost_usd": 0}, call(), price=lambda _: cost)

    assert lines == (f"max_cost_usd=0.0: {words} in all; call 1 went over it",)


# --- agents ----------------------------------------------------------------------------------

U1, U2, A1, A2 = user("Plan a trip."), user("To Rome."), assistant("Where to?"), assistant("Done.")


def test_the_turns_of_one_conversation_are_one_agent():
    assert agents(asking(U1), asking(U1, A1, U2), asking(U1, A1, U2, A2, user("Thanks."))) == 1


def test_every_other_task_is_another_agent():
    lines = broken(
        {"max_agents": 2},
        asking(U1),
        asking(user("Find flights.")),
        asking(U1, A1, U2),
        asking(user("Find hotels.")),
    )

    assert lines == ("max_agents=2: 3 in all; call 4 went over it",)


def test_the_same_prompt_twice_is_two_agents():
    assert agents(asking(U1), asking(U1)) == 2


def test_a_retry_after_an_error_is_no_other_agent():
    assert agents(asking(U1, outcome=Outcome.ERROR, status=529), asking(U1)) == 1


def test_a_mark_of_the_cache_and_the_form_of_a_text_make_no_other_agent():
    marked = {
        "role": "user",
        "content": [{"type": "text", "text": "Plan a trip.", "cache_control": {"type": "e"}}],
    }

    assert agents(asking(marked), asking(U1, A1, U2)) == 1


def test_a_history_that_was_cut_short_is_the_same_conversation():
    before = asking(U1, A1, U2, text="Done.")

    assert agents(before, asking(U2, A2, user("Thanks."))) == 1


def test_a_history_that_was_cut_short_is_told_by_its_tool_calls_too():
    before = asking(U1, A1, U2, tool_calls=(ToolCall(name="book", id="toolu_1"),))
    used = {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1"}]}

    assert agents(before, asking(U2, used, user("Go on."))) == 1


def test_examples_that_two_prompts_share_are_no_conversation():
    examples = [user("2+2"), assistant("4")]

    assert agents(asking(*examples, user("3+3")), asking(*examples, user("4+4"))) == 2


def test_a_message_thread_is_one_agent():
    assert agents(thread("create", U1), thread("continue", U2), thread("continue", U1)) == 1


def test_every_message_thread_that_is_created_counts():
    calls = [thread("create", U1), thread("create", user("Find out.")), thread("continue", U2)]

    assert broken({"max_agents": 1}, *calls) == ("max_agents=1: 2 in all; call 2 went over it",)


def test_a_message_thread_that_began_before_the_test_is_one_agent():
    assert agents(thread("continue", U1), thread("continue", U2)) == 1


def test_a_message_thread_that_was_lost_and_is_told_again_is_the_same_agent():
    lost = thread("continue", U2, outcome=Outcome.ERROR, status=404)

    assert agents(thread("create", U1), lost, thread("create", U1, A1, U2)) == 1


@pytest.mark.parametrize(
    "request_",
    [{}, {"messages": None}, {"messages": "x"}, {"messages": [1, "x"]}, {"thread": 5}],
)
def test_a_request_that_shows_no_messages_belongs_to_what_came_before(request_: dict[str, Any]):
    assert agents(call(request=request_), call(request=request_)) == 1


def test_without_calls_there_is_no_agent():
    assert agents() == 0


# --- keywords --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ({"outputtokens": 1}, f"'outputtokens': there is no such measure; {MEASURES}"),
        ({3: 1}, f"3: there is no such measure; {MEASURES}"),
        (
            1.5,
            (
                "1.5 is no mapping; how many times the baseline's a measure may be: "
                '{"output_tokens": 1.5}'
            ),
        ),
        ({"calls": -1}, "'calls': -1 is no factor; a number above 0"),
        ({"calls": 0}, "'calls': 0 is no factor; a number above 0"),
        ({"calls": True}, "'calls': True is no factor; a number above 0"),
        ({"calls": "2"}, "'calls': '2' is no factor; a number above 0"),
        ({"calls": float("nan")}, "'calls': nan is no factor; a number above 0"),
        ({"calls": float("inf")}, "'calls': inf is no factor; a number above 0"),
        (
            {"calls": -1, "call": 2},
            (
                "'calls': -1 is no factor; a number above 0; "
                f"'call': there is no such measure; {MEASURES}"
            ),
        ),
    ],
)
def test_a_bad_budget_is_told_with_what_is_allowed(budget: Any, message: str):
    with pytest.raises(ContractError) as caught:
        Contract.from_keywords({"budget": budget})

    assert str(caught.value) == f"budget: {message}"


@pytest.mark.parametrize("limit", [-0.01, True, "3", None, float("nan"), float("inf")])
def test_a_bad_limit_on_costs_is_told_with_what_is_allowed(limit: Any):
    with pytest.raises(ContractError) as caught:
        Contract.from_keywords({"max_cost_usd": limit})

    assert str(caught.value) == (
        f"max_cost_usd: {limit!r} is no limit; a number of US dollars from 0 on"
    )


# --- latency ---------------------------------------------------------------------------------


def test_seconds_of_all_calls_are_limited():
    calls = call(latency=1.25), call(latency=0.5), call(latency=0.5)

    assert broken({"max_latency": 2.25}, *calls) == ()
    assert broken({"max_latency": 1.5}, *calls) == (
        "max_latency=1.5: 2.25 s in all; call 2 went over it",
    )
    assert broken({"budget": {"latency": 1.5}}, *calls, before=Calls([call(latency=1.0)])) == (
        (
            "budget={'latency': 1.5}: 2.25 s in all, and the baseline spent 1.00 s; "
            "call 2 went over it"
        ),
    )


def test_a_limit_on_seconds_that_were_not_measured_cannot_be_kept():
    cure = "an answer out of a batch has no time. Record it as it runs"

    assert broken({"max_latency": 9}, call(latency=1.0), call()) == (
        f"max_latency=9.0: how long call 2 took was not measured; {cure}",
    )
    assert broken({"budget": {"latency": 2}}, call(latency=1.0), before=Calls([call()])) == (
        f"budget={{'latency': 2}}: how long the baseline took was not measured; {cure}",
    )
