"""Tests of what a drift is said to be consistent with."""

import copy
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_llmregress.causes.find_cause import RecordedSide, find_cause
from pytest_llmregress.providers.anthropic.reader import AnthropicProvider
from pytest_llmregress.storage.cassette_file import read_cassette
from pytest_llmregress.values.call import Call, Outcome, ToolCall, Usage
from pytest_llmregress.values.cause import NOT_COMPARED, NOT_KNOWN, SAME, Cause, CauseKind

ROOT = Path(__file__).resolve().parents[2]
CASSETTES = ROOT / "examples" / "support" / "__llm__" / "test_support"
CANDIDATES = ("qwen2.5-coder-1.5b", "qwen2.5-coder-0.5b-q2")

TOOL = {"name": "find_order", "description": "Look up an order.", "input_schema": {}}
REQUEST: dict[str, Any] = {
    "model": "opus",
    "max_tokens": 100,
    "system": "You help customers.\nBe brief.",
    "tools": [TOOL],
    "messages": [{"role": "user", "content": "Where is order A1?"}],
}


def call(text: str = "On its way.", *, model: str = "opus", **changes: Any) -> Call:
    """Return a call whose request is `REQUEST`, or `REQUEST` with other fields."""
    request = {**copy.deepcopy(REQUEST), "model": model, **changes.pop("request", {})}
    fields: dict[str, Any] = {
        "provider": "anthropic",
        "outcome": Outcome.ANSWERED,
        "text": text,
        "stop_reason": "end_turn",
        "requested_model": model,
        "served_model": model,
        "usage": Usage(input_tokens=120, output_tokens=9),
        "request": request,
    }
    return Call(**{**fields, **changes})


def conversation(
    *,
    model: str = "opus",
    tool_id: str = "toolu_1",
    order: str = "A1",
    result: Any = "in Hamburg",
    answer: str = "It is in Hamburg.",
    preface: str = "Let me look.",
    follow_up: dict[str, Any] | None = None,
) -> list[Call]:
    """Return a tool call, and the answer that is given once the tool has run."""
    asked = ToolCall(name="find_order", arguments={"order": order}, id=tool_id)
    first = call(preface, model=model, tool_calls=(asked,), outcome=Outcome.TOOL_USE)
    messages = [
        *REQUEST["messages"],
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": f"hm, {tool_id}", "signature": tool_id},
                {"type": "text", "text": preface},
                {
                    "type": "tool_use",
                    "id": tool_id,
                    "name": "find_order",
                    "input": {"order": order},
                },
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": tool_id, "content": result},
                {"type": "text", "text": "Explain this."},
            ],
        },
    ]
    request = {"messages": messages, **(follow_up or {})}
    return [first, call(answer, model=model, request=request)]


def cause(old: Sequence[Call], new: Sequence[Call]) -> Cause:
    return find_cause(RecordedSide(calls=old), RecordedSide(calls=new))


def part(found: Cause, name: str) -> str:
    return {part.part: part.what for part in found.parts}[name]


def texts_of(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for item in (*value, *value.values()):
                yield from texts_of(item)
        case list():
            for item in value:
                yield from texts_of(item)


# --- one thing changed ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "name", "what"),
    [
        (
            {"system": "You help customers.\nBe kind."},
            "system prompt",
            "line 2: 'Be brief.' → 'Be kind.'",
        ),
        (
            {"messages": [{"role": "user", "content": "Where is order A2?"}]},
            "messages",
            "message 1 (user): 'Where is order A1?' → 'Where is order A2?'",
        ),
        (
            {"tools": [{**TOOL, "description": "Find it."}]},
            "tools",
            "'find_order' description: 'Look up an order.' → 'Find it.'",
        ),
        ({"tools": []}, "tools", "'find_order' not in the candidate"),
        ({"max_tokens": 50}, "parameters", "max_tokens: 100 → 50"),
        (
            {"thinking": {"type": "enabled"}, "temperature": 0.5},
            "parameters",
            "thinking: not in the baseline; temperature: not in the baseline: 0.5",
        ),
        ({"input": "a prompt in other words"}, "parameters", None),
    ],
)
def test_a_changed_request_is_not_model_drift(
    change: dict[str, Any], name: str, what: str | None
) -> None:
    found = cause([call()], [call("Something else.", request=change)])

    assert found.kind is CauseKind.REQUEST
    assert found.summary == f"request changed: {name}; not model drift"
    assert [part.part for part in found.parts if part.what != SAME] == [name]
    assert what is None or part(found, name) == what
    assert found.divergence == "the recordings part at the request of call 1"


def test_a_model_switch_alone_is_named_and_not_claimed_to_be_the_cause():
    found = cause([call()], [call("Gone.", model="opus-5")])

    assert found.kind is CauseKind.MODEL
    assert (
        found.summary
        == "consistent with the model switch opus → opus-5: the request is otherwise identical"
    )
    assert [part.what for part in found.parts] == [SAME, SAME, SAME, SAME, "opus → opus-5"]
    assert str(found.requested) == str(found.served) == "opus → opus-5"
    assert not found.alias_moved


def test_a_model_that_is_named_in_the_url_alone_is_a_switch_too():
    old, new = (
        call(text, requested_model=model, served_model=None, request={"model": None})
        for text, model in (("a", "anthropic.opus"), ("b", "anthropic.opus-5"))
    )

    found = cause([old], [new])

    assert found.kind is CauseKind.MODEL
    assert part(found, "model") == "anthropic.opus → anthropic.opus-5"


def test_another_model_behind_the_same_name_is_told():
    old = call(model="opus-latest", served_model="opus-2025-01-01")
    new = call("Gone.", model="opus-latest", served_model="opus-2025-06-01")

    found = cause([old], [new])

    assert found.kind is CauseKind.SERVED_MODEL
    assert found.alias_moved
    assert found.summary == (
        "served model changed behind the same name: opus-2025-01-01 → opus-2025-06-01; "
        "the request is otherwise identical"
    )


def test_a_candidate_that_was_answered_by_another_model_is_told():
    found = cause([call()], [call("Gone.", model="opus-5", served_model="haiku-5")])

    assert found.summary.endswith("; served by haiku-5")


def test_two_names_of_one_served_model_are_no_model_switch():
    old = call(model="opus-latest", served_model="opus-5")
    new = call("Gone.", model="opus-5", served_model="opus-5")

    found = cause([old], [new])

    assert found.kind is CauseKind.PROVIDER
    assert found.summary.startswith(
        "another name for the model (opus-latest → opus-5), same served model (opus-5): "
    )


def test_the_same_request_and_served_model_point_at_the_provider_or_at_chance():
    found = cause([call()], [call("Gone.")])

    assert found.kind is CauseKind.PROVIDER
    assert found.summary == (
        "same request, same served model (opus), other behavior: "
        "consistent with a change at the provider, or with chance"
    )


def test_recordings_without_any_difference_have_no_cause():
    found = cause([call()], [call()])

    assert found.kind is CauseKind.NONE
    assert found.summary == "requests and answers are the same in both recordings"
    assert found.divergence == found.later == ""


# --- several things changed -------------------------------------------------------------------


def test_of_several_changed_parts_none_is_singled_out():
    new = call("Gone.", model="opus-5", request={"system": "Be kind.", "max_tokens": 1})

    found = cause([call()], [new])

    assert found.kind is CauseKind.SEVERAL
    assert found.summary == (
        "several things changed (system prompt, parameters, model opus → opus-5): "
        "none of them is singled out"
    )


def test_a_switch_behind_another_answer_of_the_same_model_is_not_claimed():
    def recording(first: str, model: str) -> list[Call]:
        return [call(first, model="router"), call("x", model=model, request={"system": "agent"})]

    found = cause(recording("a", "opus"), recording("b", "opus-5"))

    assert found.kind is CauseKind.SEVERAL
    assert "model opus → opus-5, an earlier answer of the same model" in found.summary


@pytest.mark.parametrize("name", ["requested_model", "served_model"])
def test_a_model_that_another_answer_leads_to_is_no_switch(name: str) -> None:
    def routed(answer: str, *models: str) -> list[Call]:
        return [call(answer), *(call("x", **{name: model}) for model in models)]

    found = cause(routed("a", "opus", "haiku"), routed("b", "haiku", "opus"))

    assert found.kind is CauseKind.PROVIDER
    assert part(found, "model") == SAME
    assert not found.alias_moved


# --- conversations ----------------------------------------------------------------------------


def test_new_ids_and_thoughts_in_the_history_are_no_change_of_the_request():
    old, new = conversation(), conversation(tool_id="toolu_2", answer="Hamburg!")

    found = cause(old, new)

    assert found.kind is CauseKind.PROVIDER
    assert found.divergence == (
        "the recordings part at the answer of call 2: its request is the same"
    )
    assert found.tool_results == SAME


def test_requests_that_carry_the_other_models_answers_are_a_consequence():
    old = conversation()
    new = conversation(model="opus-5", order="A2", result="unknown", preface="One moment.")

    found = cause(old, new)

    assert found.kind is CauseKind.MODEL
    assert found.summary.endswith(": the first request is otherwise identical")
    assert found.later == "from call 2 on the requests differ: they carry the other model's answers"
    assert found.tool_results == NOT_COMPARED


def test_an_answer_within_a_later_prompt_is_a_consequence():
    def chain(model: str, answer: str) -> list[Call]:
        prompt = {
            "system": f"Translate:\n{answer}",
            "messages": [{"role": "user", "content": "go"}],
        }
        return [call(answer, model=model), call("hecho", model=model, request=prompt)]

    found = cause(chain("opus", "done"), chain("opus-5", "it is done by now"))

    assert found.kind is CauseKind.MODEL
    assert found.later == "from call 2 on the requests differ: they carry the other model's answers"


def test_a_prompt_that_is_new_behind_another_answer_is_reserved():
    old = conversation()
    new = conversation(model="opus-5", preface="Hm.", follow_up={"system": "Be kind."})

    found = cause(old, new)

    assert found.kind is CauseKind.MODEL
    assert found.summary.endswith(
        "; another difference, in the system prompt of call 2, may follow from it or not"
    )
    assert found.later.endswith("; beyond that, differences in the system prompt of call 2")


def test_a_changed_prompt_behind_equal_answers_is_a_changed_request():
    found = cause(conversation(), conversation(follow_up={"system": "Be kind."}, answer="!"))

    assert found.kind is CauseKind.REQUEST
    assert found.divergence == "the recordings part at the request of call 2"


def test_another_result_of_the_same_tool_call_is_told():
    found = cause(conversation(), conversation(result="in Bremen"))

    assert found.kind is CauseKind.TOOL_RESULT
    assert found.tool_results == "find_order (call 2): 'in Hamburg' → 'in Bremen'"
    assert found.summary == (
        "the result of find_order (call 2) changed, after the same tool calls; not model drift"
    )


@pytest.mark.parametrize(
    ("model", "other"),
    [("opus", "an earlier answer of the same model"), ("opus-5", "model opus → opus-5")],
)
def test_another_result_behind_another_answer_is_not_singled_out(model: str, other: str) -> None:
    new = conversation(model=model, result="in Bremen", preface="One moment.")

    found = cause(conversation(), new)

    assert found.kind is CauseKind.SEVERAL
    assert found.summary == (
        f"several things changed (the result of find_order (call 2), {other}): "
        "none of them is singled out"
    )


def test_a_result_that_became_an_error_is_told():
    new = conversation()
    new[1].request["messages"][2]["content"][0]["is_error"] = True

    assert cause(conversation(), new).kind is CauseKind.TOOL_RESULT


def test_results_in_the_form_of_openai_are_compared_too():
    def recording(tool_id: str, result: str) -> list[Call]:
        asked = ToolCall(name="find_order", arguments={}, id=tool_id)
        messages = [
            {"role": "system", "content": "Be brief."},
            {"role": "assistant", "content": None, "tool_calls": [{"id": tool_id}]},
            {"role": "tool", "tool_call_id": tool_id, "content": result},
        ]
        return [call("", tool_calls=(asked,)), call(request={"messages": messages})]

    same, other = (
        cause(recording("call_1", "in Hamburg"), recording("call_2", result))
        for result in ("in Hamburg", "in Bremen")
    )

    assert same.kind is CauseKind.NONE
    assert other.tool_results == "find_order (call 2): 'in Hamburg' → 'in Bremen'"


def test_a_link_to_an_earlier_answer_is_no_change_of_the_request():
    def recording(link: str) -> list[Call]:
        thread = {"type": "continue", "previous_message_id": link}
        return [call("a"), call("b", request={"thread": thread, "messages": []})]

    assert cause(recording("msg_1"), recording("msg_2")).kind is CauseKind.NONE


def test_the_same_text_as_string_and_as_block_is_the_same_message():
    blocks = [{"type": "text", "text": "Where is order A1?"}]
    system = [{"type": "text", "text": REQUEST["system"]}]
    new = call(request={"messages": [{"role": "user", "content": blocks}], "system": system})

    assert cause([call()], [new]).kind is CauseKind.NONE


# --- calls that do not pair up ----------------------------------------------------------------


def test_calls_that_were_sent_at_once_may_come_in_any_order():
    one, two = (call(system, request={"system": system}) for system in ("one", "two"))

    assert cause([one, two], [two, one]).kind is CauseKind.NONE


@pytest.mark.parametrize("status", [408, 409, 429, 500, 529])
def test_a_call_that_failed_and_was_made_again_is_no_difference(status: int) -> None:
    failed = call("", outcome=Outcome.ERROR, status=status, error="overloaded_error")

    assert cause([call()], [failed, call()]).kind is CauseKind.NONE
    assert cause([call()], [failed]).kind is not CauseKind.NONE


def test_a_call_that_was_refused_for_what_it_asks_is_a_difference_though_it_was_made_again():
    refused = call("", outcome=Outcome.ERROR, status=400, error="invalid_request_error")

    assert cause([call()], [refused, call()]).kind is not CauseKind.NONE


@pytest.mark.parametrize(
    ("old", "new", "side"),
    [([call(), call("b")], [call()], "baseline"), ([call()], [call(), call("b")], "candidate")],
)
def test_a_call_more_behind_equal_answers_is_a_changed_request(
    old: list[Call], new: list[Call], side: str
) -> None:
    found = cause(old, new)

    assert found.kind is CauseKind.REQUEST
    assert found.summary == "request changed: calls; not model drift"
    assert found.divergence == f"the recordings part at call 2, which only the {side} makes"


def test_a_call_more_behind_another_answer_is_a_consequence():
    found = cause([call()], conversation(model="opus-5"))

    assert found.kind is CauseKind.MODEL
    assert found.later == "call 2 is made by the candidate only, behind the other model's answers"


def test_no_calls_at_all_attribute_nothing():
    found = cause([], [])

    assert found.kind is CauseKind.UNKNOWN
    assert {part.what for part in found.parts} == {NOT_KNOWN}


def test_a_candidate_that_makes_no_call_is_a_changed_request():
    found = cause([call(), call("b")], [])

    assert found.kind is CauseKind.REQUEST
    assert part(found, "calls") == "2 → 0 calls, though every answer before is the same"


def test_requests_that_could_not_be_read_are_not_said_to_be_the_same():
    old, new = (
        Call(provider="x", outcome=Outcome.ANSWERED, text=model, requested_model=model)
        for model in ("opus", "opus-5")
    )

    found = cause([old], [new])

    assert found.kind is CauseKind.MODEL
    assert found.summary.endswith(": what else the requests hold is not known")
    assert part(found, "messages") == NOT_KNOWN


# --- tokens, versions, files ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("new", "tokens", "words"),
    [
        (
            call("b", model="opus-5", usage=Usage(input_tokens=148)),
            (120, 148),
            "input tokens 120 → 148 on an identical request: another tokenizer",
        ),
        (call("b", usage=Usage(input_tokens=20, cache_read_tokens=100)), (120, 120), ""),
        (call("b", usage=Usage()), None, ""),
        (call("b", request={"max_tokens": 1}, usage=Usage(input_tokens=9)), None, ""),
    ],
)
def test_tokens_are_compared_on_an_identical_request_alone(
    new: Call, tokens: tuple[int, int] | None, words: str
) -> None:
    found = cause([call()], [new])

    assert found.input_tokens == tokens
    assert found.tokenizer == words


def test_versions_and_dates_are_kept_and_everything_survives_json():
    old = RecordedSide(
        calls=conversation(), versions={"anthropic": "1.9.0"}, recorded_at="2026-01-01T00:00:00Z"
    )
    new = RecordedSide(
        calls=conversation(model="opus-5", preface="Hm.", result="in Bremen"),
        versions={"anthropic": "2.12.0", "vcrpy": "9.4.2"},
        recorded_at="2026-02-01T00:00:00Z",
    )

    found = find_cause(old, new)

    assert {name: str(shift) for name, shift in found.versions.items()} == {
        "anthropic": "1.9.0 → 2.12.0",
        "vcrpy": "none → 9.4.2",
    }
    assert str(found.recorded_at) == "2026-01-01T00:00:00Z → 2026-02-01T00:00:00Z"
    assert Cause.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_hostile_names_and_texts_come_out_printable():
    evil = "\x1b[2J\u202e\ud800\n"
    old = conversation(order=evil)
    asked = ToolCall(name=evil, id="toolu_9")
    new = [
        call(evil, model=evil, request={evil: evil, "system": evil}, tool_calls=(asked,)),
        *conversation(model=evil, result=evil),
    ]

    found = find_cause(
        RecordedSide(calls=old, versions={evil: "1"}, recorded_at=evil),
        RecordedSide(calls=new, versions={evil: evil}),
    )

    assert all(text.isprintable() for text in texts_of(found.to_json()))


@pytest.mark.parametrize("key", ["messages", "system", "metadata"])
def test_deeply_nested_requests_are_compared_all_the_same(key: str) -> None:
    def nested(leaf: str) -> Any:
        value: Any = leaf
        for level in range(5_000):
            value = [value] if level % 2 else {"a": value}
        return value

    same = cause([call(request={key: nested("x")})], [call("b", request={key: nested("x")})])
    other = cause([call(request={key: nested("x")})], [call("b", request={key: nested("y")})])

    assert same.kind is CauseKind.PROVIDER
    assert other.kind is CauseKind.REQUEST


@pytest.mark.parametrize(
    "request_",
    [
        {"messages": "text"},
        {"messages": [None, 1, "x", {"role": "user"}, {"content": [None, 3]}]},
        {"messages": {"role": "user"}},
        {"tools": "x", "system": 3, "model": 7, "thread": "t"},
    ],
)
def test_requests_of_any_shape_are_taken(request_: dict[str, Any]) -> None:
    old, new = (call(text, request=request_) for text in ("a", "b"))

    assert cause([old, old], [new, new]).kind is CauseKind.PROVIDER
    assert cause([old], [call("b")]).kind in {CauseKind.REQUEST, CauseKind.SEVERAL}


# --- real recordings --------------------------------------------------------------------------


def recording(name: str) -> RecordedSide:
    cassette = read_cassette(CASSETTES / f"{name}.cassette.yaml")
    read = AnthropicProvider().read
    calls = [found for each in cassette.interactions if (found := read(each)) is not None]
    return RecordedSide(calls=calls, versions=cassette.versions, recorded_at=cassette.recorded_at)


def recorded_tests() -> list[str]:
    names = [path.name.removesuffix(".cassette.yaml") for path in CASSETTES.glob("*.cassette.yaml")]
    return sorted(name for name in names if "@" not in name)


@pytest.mark.parametrize("candidate", CANDIDATES)
@pytest.mark.parametrize("test", recorded_tests())
def test_the_recordings_of_the_example_differ_by_the_model_alone(test: str, candidate: str) -> None:
    found = find_cause(recording(test), recording(f"{test}@{candidate}"))

    assert found.kind is CauseKind.MODEL
    assert part(found, "model") == f"qwen2.5-coder-0.5b → {candidate}"
    assert [part.what for part in found.parts[:4]] == [SAME] * 4
    assert found.tool_results in {"", SAME, NOT_COMPARED}
    assert found.input_tokens is not None


def test_a_recording_compared_with_itself_has_no_cause():
    for test in recorded_tests():
        once = recording(test)

        assert find_cause(once, once).kind is CauseKind.NONE


def test_a_prompt_edited_between_two_real_recordings_is_found():
    old = recording("a_damaged_order_is_refunded")
    new = recording("a_damaged_order_is_refunded@qwen2.5-coder-1.5b")
    for each in new.calls:
        each.request["system"] = each.request["system"].replace("30 days", "14 days")

    found = find_cause(old, new)

    assert found.kind is CauseKind.SEVERAL
    assert "30 days" in part(found, "system prompt")
    assert "14 days" in part(found, "system prompt")
