"""The traits of a test's calls."""

import json
from dataclasses import replace

import pytest

from pytest_llmregress.behavior.traits import extract_text_traits, extract_traits
from pytest_llmregress.values.behavior import Behavior, Severity, TraitKind
from pytest_llmregress.values.call import Call, Calls, Outcome, ToolCall, ToolRunner, Usage

NAMES = [
    "outcome",
    "refusal",
    "deflection",
    "interruptions",
    "served_model",
    "tools.set",
    "tools.counts",
    "tools.order",
    "tools.arg_keys",
    "tools.arguments",
    "tools.loops",
    "tools.parallel",
    "demanded_words",
    "text.json",
    "text.json_keys",
    "text.json_values",
    "text.form",
    "text.answer",
    "text.code",
    "text.language",
    "text.reasoning",
    "text.shape",
    "text.hedge",
    "text.numbers",
    "text.dates",
    "text.urls",
    "text.length",
    "text",
    "usage.output_tokens",
    "usage.input_tokens",
    "calls",
    "tool_calls",
    "agents.count",
    "agents.depth",
    "agents.tools",
    "thinking",
    "usage.thinking_tokens",
    "usage.thinking_share",
    "citations",
    "citations.sources",
    "usage.cache_read_tokens",
    "usage.cache_write_tokens",
    "stop_sequence",
    "service_tier",
    "conversations",
]
"""All but "latency", which is there where each call was measured."""


def call(outcome=Outcome.ANSWERED, text="", **fields):
    return Call(provider="anthropic", outcome=outcome, text=text, **fields)


def values(*calls, **options):
    return Behavior(traits=extract_traits(Calls(calls), **options)).values()


def conversation(length):
    return {"messages": [{"role": "user", "content": "hi"}] * length}


def test_no_calls_have_no_traits():
    assert extract_traits(Calls()) == ()


@pytest.mark.parametrize(
    "calls",
    [
        [call(text="Done.")],
        [call(Outcome.REFUSED)],
        [call(Outcome.ERROR, error="overloaded_error")],
        [call(Outcome.TOOL_USE, tool_calls=(ToolCall(name="search"),)), call(text='{"a": 1}')],
    ],
)
def test_the_traits_are_always_the_same_ones_and_plain_json(calls):
    traits = extract_traits(Calls(calls))

    assert [trait.name for trait in traits] == NAMES
    for trait in traits:
        data = trait.to_json()
        assert json.loads(json.dumps(data)) == data


def test_each_trait_has_the_severity_of_its_worst_change():
    notable = {name for name in NAMES if name.startswith("usage")}
    notable |= {"tools.counts", "tools.order", "tools.arg_keys", "tools.parallel", "text.length"}
    notable |= {"text.reasoning", "text.shape", "text.numbers", "text.dates", "text.urls"}
    notable |= {"calls", "tool_calls", "thinking", "citations", "citations.sources"}
    notable |= {"stop_sequence", "service_tier", "conversations", "agents.depth", "agents.tools"}

    found = {trait.name: trait.severity for trait in extract_traits(Calls([call(text="Done.")]))}

    assert {name for name, severity in found.items() if severity is Severity.NOTABLE} == notable
    assert {name for name, severity in found.items() if severity is Severity.COSMETIC} == {
        "text",
        "text.hedge",
    }


@pytest.mark.parametrize(
    ("last", "value"),
    [
        (call(), "answered"),
        (call(Outcome.TOOL_USE), "tool_use"),
        (call(Outcome.REFUSED), "refused"),
        (call(Outcome.REFUSED, refusal_category="cyber"), "refused (cyber)"),
        (call(Outcome.PAUSED), "paused"),
        (call(Outcome.TRUNCATED), "truncated"),
    ],
)
def test_the_outcome_is_how_the_last_call_ended(last, value):
    assert values(call(Outcome.EMPTY), last)["outcome"] == value


@pytest.mark.parametrize(
    ("calls", "value"),
    [
        ([call()], []),
        ([call(Outcome.TOOL_USE), call()], []),
        ([call(Outcome.REFUSED)], []),
        ([call(Outcome.TRUNCATED), call(Outcome.ERROR), call()], ["error", "truncated"]),
        ([call(Outcome.EMPTY), call(Outcome.EMPTY), call()], ["empty"]),
        ([call(Outcome.PAUSED), call()], []),
        (
            [call(Outcome.PAUSED, request=conversation(1)), call(request=conversation(2))],
            [],
        ),
        (
            [call(Outcome.PAUSED, request=conversation(1)), call(request=conversation(1))],
            ["paused"],
        ),
    ],
)
def test_interruptions_are_the_abnormal_outcomes_before_the_last(calls, value):
    assert values(*calls)["interruptions"] == value


@pytest.mark.parametrize(
    ("calls", "value"),
    [
        ([call(Outcome.PAUSED), call()], 1),
        ([call(Outcome.PAUSED), call(Outcome.PAUSED), call()], 1),
        ([call(Outcome.PAUSED, request=conversation(1)), call(request=conversation(1))], 2),
        ([call(), call(Outcome.PAUSED)], 2),
    ],
)
def test_a_paused_call_and_the_one_that_resumes_it_count_as_one(calls, value):
    assert values(*calls)["calls"] == value


@pytest.mark.parametrize(
    ("requested", "served", "value"),
    [
        ("claude-opus-5", "claude-opus-5", "as requested"),
        ("claude-opus-5", None, "as requested"),
        (None, "claude-opus-5", "as requested"),
        ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929", "as requested"),
        ("claude-sonnet-4-0", "claude-sonnet-4-20250514", "as requested"),
        ("claude-3-5-haiku-latest", "claude-3-5-haiku-20241022", "as requested"),
        ("claude-opus-4", "claude-opus-4-8", ["claude-opus-4 → claude-opus-4-8"]),
        ("claude-fable-5", "claude-sonnet-5", ["claude-fable-5 → claude-sonnet-5"]),
    ],
)
def test_a_dated_snapshot_is_what_was_asked_for(requested, served, value):
    found = values(call(requested_model=requested, served_model=served))

    assert found["served_model"] == value


def test_served_models_are_named_only_where_they_are_others():
    good = call(requested_model="claude-opus-5", served_model="claude-opus-5")
    unknown = call(requested_model="claude-opus-5", served_model=None)
    other = call(requested_model="claude-opus-5", served_model="claude-haiku-4-5")

    assert values(good, unknown)["served_model"] == "as requested"
    assert values(other, good, other)["served_model"] == ["claude-opus-5 → claude-haiku-4-5"]
    assert values(other, served=lambda _, served: "haiku" in served)["served_model"] == (
        "as requested"
    )


def test_tools_are_told_by_set_counts_order_and_argument_keys():
    found = values(
        call(
            Outcome.TOOL_USE,
            tool_calls=(
                ToolCall(name="search", arguments={"query": "a", "limit": 3}),
                ToolCall(name="lookup", arguments={"id": 1}),
            ),
        ),
        call(
            Outcome.TOOL_USE,
            tool_calls=(
                ToolCall(name="search", arguments={"query": "b"}),
                ToolCall(name="search", arguments={"query": "c"}),
            ),
        ),
        call(text="Done."),
    )

    assert found["tools.set"] == ["lookup", "search"]
    assert found["tools.counts"] == {"lookup": 1, "search": 3}
    assert found["tools.order"] == ["lookup", "search", "search", "search"]
    assert found["tools.arg_keys"] == {"lookup": ["id"], "search": ["limit,query", "query"]}
    assert found["calls"] == 3
    assert found["tool_calls"] == 4


def asked(*tools, **more):
    return call(Outcome.TOOL_USE, tool_calls=tools, **more)


SEARCH, LOOKUP = ToolCall(name="search", arguments={"q": "a"}), ToolCall(name="lookup")


@pytest.mark.parametrize("name", ["tools.order", "tools.arguments", "tools.parallel"])
def test_tool_calls_that_go_together_have_no_order(name):
    assert values(asked(SEARCH, LOOKUP))[name] == values(asked(LOOKUP, SEARCH))[name]


@pytest.mark.parametrize("name", ["tools.order", "tools.arguments"])
def test_tool_calls_that_follow_each_other_have_an_order(name):
    first, second = values(asked(SEARCH), asked(LOOKUP)), values(asked(LOOKUP), asked(SEARCH))

    assert first[name] != second[name]


def test_tools_that_the_caller_does_not_run_are_in_the_traits_of_tools():
    remote = ToolCall(name="drop", run_by=ToolRunner.MCP, server="db", arguments={"id": 7})

    found = values(asked(ToolCall(name="web_search", run_by=ToolRunner.PROVIDER), remote))

    assert found["tools.set"] == ["db/drop", "web_search"]
    assert found["tools.arg_keys"] == {"db/drop": ["id"], "web_search": [""]}
    assert found["tools.arguments"][0] == {"name": "db/drop", "arguments": {"id": 7}}


@pytest.mark.parametrize(
    ("calls", "value"),
    [
        ([call(text="Done.")], "fewer than two calls"),
        ([asked(SEARCH)], "fewer than two calls"),
        ([asked(SEARCH), asked(LOOKUP)], "serial"),
        ([asked(SEARCH, replace(LOOKUP, round=1))], "serial"),
        ([asked(SEARCH, LOOKUP)], "parallel"),
    ],
)
def test_tools_are_called_together_or_one_after_another(calls, value):
    assert values(*calls)["tools.parallel"] == value


def test_a_loop_is_a_tool_with_the_same_arguments_again():
    other = replace(SEARCH, arguments={"q": "b"})

    found = values(asked(SEARCH), asked(other), asked(SEARCH), asked(LOOKUP), asked(SEARCH))

    assert found["tools.loops"] == {"search": 3}


def test_places_whose_values_the_schema_of_a_tool_lists_are_named():
    properties = {
        "q": {"type": "string"},
        "kind": {"enum": ["one of these", "or this"]},
        "where": {"$ref": "#/$defs/Where"},
        "sides": {"type": "array", "items": {"enum": ["left hand", "right hand"]}},
    }
    where = {"properties": {"side": {"anyOf": [{"const": "left hand"}, {"type": "null"}]}}}
    schema = {"properties": properties, "$defs": {"Where": where}}
    given = {"q": "a", "kind": "or this", "where": {"side": "left hand"}, "sides": ["left hand"]}
    tool = ToolCall(name="find", arguments=given)

    for described in (
        {"name": "find", "input_schema": schema},
        {"type": "function", "function": {"name": "find", "parameters": schema}},
    ):
        found = values(asked(tool, request={"tools": [{"name": "other"}, described]}))
        assert found["tools.arguments"][0]["closed"] == ["kind", "sides[]", "where.side"]
    assert "closed" not in values(asked(tool, request={"tools": "x"}))["tools.arguments"][0]


def test_the_final_text_is_that_of_the_last_call_that_has_one():
    found = values(
        call(text="First."), call(text='{"items": [{"price": 1}]}'), call(Outcome.REFUSED, text=" ")
    )

    assert found["text"] == '{"items": [{"price": 1}]}'
    assert found["text.json"] == "pure"
    assert found["text.json_keys"] == ["items: array", "items[].price: number"]
    assert found["text.length"] == 3


@pytest.mark.parametrize(
    ("last", "refusal"),
    [
        (call(text="I'm sorry, but I can't help with that."), "soft"),
        (call(text="Lo siento, pero no puedo ayudarte con eso."), "soft"),
        (call(text="We open at 9. I can't name the owner, as that is private."), "partial"),
        (
            call(text="Es sind vier. Die Namen darf ich nicht nennen, da sie privat sind."),
            "partial",
        ),
        (call(text="We open at 9. I can't find the owner, as the page is gone."), "none"),
        (call(text="I'm sorry for the wait. Your refund is done."), "none"),
        (call(text='{"reply": "I can\'t help with that."}'), "none"),
        (call(Outcome.REFUSED, text="I can't help with that."), "none"),
        (call(Outcome.TOOL_USE, text="I can't provide it; let me ask."), "none"),
        (call(), "none"),
    ],
)
def test_a_refusal_in_the_words_of_an_answer_is_soft_or_partial(last, refusal):
    assert values(call(text="First."), last)["refusal"] == refusal


@pytest.mark.parametrize(
    ("content", "deflection"),
    [
        ("Why is it slow?", ["upsell"]),
        ([{"type": "text", "text": "Why is it slow?"}], ["upsell"]),
        ("Which plans do you have?", []),
        ([{"type": "text", "text": "Which plans do you have?"}], []),
        (
            [{"type": "text", "text": "<note>Plans: one.</note>"}, {"text": "Is it slow?"}],
            ["upsell"],
        ),
    ],
)
def test_what_the_user_asked_for_is_no_deflection(content, deflection):
    messages = [
        {"role": "user", "content": content},
        {"role": "assistant", "content": "Let me look."},
        {"role": "user", "content": [{"type": "tool_result", "content": "slow"}]},
    ]

    found = values(call(text="Upgrade to our Pro plan.", request={"messages": messages}))

    assert found["deflection"] == deflection


@pytest.mark.parametrize(
    "request_body", [{}, {"messages": "?"}, {"messages": [1, {"role": "user"}, {}]}]
)
def test_a_request_that_shows_no_question_is_read_all_the_same(request_body):
    found = values(call(text="Upgrade to our Pro plan.", request=request_body))

    assert found["deflection"] == ["upsell"]


def test_the_arguments_of_tools_are_told_in_order_without_the_ids_of_the_provider():
    arguments = {"tool_use_id": "toolu_01AB", "id": 7, "items": [{"id": "msg_01"}, {"id": "A1"}]}

    found = values(
        call(Outcome.TOOL_USE, tool_calls=(ToolCall(name="b", arguments=arguments, id="toolu_1"),)),
        call(Outcome.TOOL_USE, tool_calls=(ToolCall(name="a", id="toolu_2"),)),
    )

    assert found["tools.arguments"] == [
        {"name": "b", "arguments": {"id": 7, "items": [{}, {"id": "A1"}]}},
        {"name": "a", "arguments": {}},
    ]


def test_the_facts_of_a_text_are_read_from_its_prose_and_from_its_json():
    prose = values(call(text="On May 3, 2025: 39.00 EUR, see https://a.example/x. `f(7)`"))
    pure = values(call(text='{"price": 39.00, "on": "2025-05-03"}'))
    fenced = values(call(text='```json\n{"price": 39.00, "on": "2025-05-03"}\n```'))
    code = values(call(text="```python\nx = 7\n```"))

    assert prose["text.numbers"] == pure["text.numbers"] == fenced["text.numbers"] == ["39"]
    assert prose["text.dates"] == pure["text.dates"] == fenced["text.dates"] == ["2025-05-03"]
    assert prose["text.urls"] == ["https://a.example/x"]
    assert code["text.numbers"] == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Done.", []),
        ("def f():\n    return 1", ["python (bare)"]),
        (
            "```python\nx = 1\n```\n```py\nx =\n```\n```\nout\n```",
            ["python", "python (does not parse)", "text"],
        ),
    ],
)
def test_code_is_told_by_language_and_whether_it_parses(text, value):
    assert values(call(text=text))["text.code"] == value


def test_input_tokens_are_the_same_with_a_cold_and_with_a_warm_cache():
    cold = values(call(usage=Usage(input_tokens=20, cache_write_tokens=5_000, output_tokens=7)))
    warm = values(call(usage=Usage(input_tokens=20, cache_read_tokens=5_000, output_tokens=7)))

    assert cold["usage.input_tokens"] == warm["usage.input_tokens"] == 5_020
    assert cold["usage.output_tokens"] == 7


def test_a_text_alone_has_the_traits_of_a_text():
    names = [trait.name for trait in extract_text_traits("Done.")]

    assert names == [name for name in NAMES if name.startswith("text")]


def test_sets_are_sorted_and_without_repetitions():
    traits = extract_traits(
        Calls([call(tool_calls=tuple(ToolCall(name=name) for name in ("b", "a", "b")))])
    )

    sets = {trait.name: trait.value for trait in traits if trait.kind is TraitKind.SET}

    empty = ("deflection", "interruptions", "text.json_keys", "text.shape")
    empty += ("text.numbers", "text.dates", "text.urls", "citations.sources", "agents.tools")
    empty += ("demanded_words",)
    assert sets == {"tools.set": ["a", "b"], **{name: [] for name in empty}}


def test_a_declared_fallback_is_as_requested_and_other_traits_stay():
    calls = Calls([call(requested_model="claude-opus-5", served_model="claude-haiku-5")])
    traits = extract_traits(calls)

    declared = extract_traits(calls, served=lambda _, got: got == "claude-haiku-5")
    refused = extract_traits(calls, served=lambda *_: False)

    assert Behavior(traits=declared).values()["served_model"] == "as requested"
    assert [trait for trait in declared if trait.name != "served_model"] == [
        trait for trait in traits if trait.name != "served_model"
    ]
    assert refused == traits
