"""Bedrock's Converse and ConverseStream, as calls."""

import json
from typing import Any

import pytest

from plain_stand import frame_of
from pytest_llmregress.providers.bedrock.reader import BedrockProvider
from pytest_llmregress.values.call import Call, Outcome, ToolRunner, Usage
from pytest_llmregress.values.http import Interaction, Request, Response

PROVIDER = BedrockProvider()
AWS = "https://bedrock-runtime.us-east-1.amazonaws.com/model"
ASK, STREAM = (
    f"{AWS}/us.amazon.nova-v1%3A0/converse",
    f"{AWS}/us.amazon.nova-v1%3A0/converse-stream",
)
HELLO = {"messages": [{"role": "user", "content": [{"text": "Hello"}]}]}


def asking(url: str = ASK, body: Any = None, method: str = "POST", **headers: str) -> Request:
    data = json.dumps(HELLO if body is None else body).encode()
    return Request(method=method, url=url, headers={k: (v,) for k, v in headers.items()}, body=data)


def interaction(
    reply: Any, *, url: str = ASK, status: int = 200, asked: Any = None, kind: str = ""
) -> Interaction:
    body = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
    headers = {"x-amzn-errortype": (kind,)} if kind else {}
    response = Response(status=status, headers=headers, body=body)
    return Interaction(request=asking(url, asked), response=response)


def read(reply: Any, **more: Any) -> Call:
    call = PROVIDER.read(interaction(reply, **more))
    assert call is not None
    return call


def fault(reply: Any, **more: Any) -> str | None:
    return PROVIDER.incomplete(interaction(reply, **more))


def turn(*blocks: Any, reason: str | None = "end_turn", **more: Any) -> dict[str, Any]:
    ended = {"stopReason": reason} if reason else {}
    return {"output": {"message": {"role": "assistant", "content": list(blocks)}}, **ended, **more}


def tool(name: str, **more: Any) -> dict[str, Any]:
    return {"toolUse": {"name": name, "toolUseId": "t1", "input": {"a": 1}, **more}}


def test_a_turn_is_read_with_all_that_it_says():
    usage = {
        "inputTokens": 14,
        "outputTokens": 20,
        "cacheReadInputTokens": 16,
        "cacheWriteInputTokenCount": 3,
    }
    reasoning = {"reasoningContent": {"reasoningText": {"text": "They ask.", "signature": "c2ln"}}}

    call = read(
        turn(
            reasoning,
            {"text": "It is "},
            {"text": "sunny."},
            usage=usage,
            serviceTier={"type": "flex"},
            additionalModelResponseFields={"stop_sequence": "END"},
        )
    )

    assert (call.text, call.thinking) == ("It is sunny.", "They ask.")
    assert (call.requested_model, call.served_model) == ("us.amazon.nova-v1:0", None)
    assert (call.outcome, call.service_tier, call.price_key) == (Outcome.ANSWERED, "flex", "aws")
    assert (call.stop_reason, call.stop_sequence) == ("end_turn", "END")
    assert call.usage == Usage(
        input_tokens=14, output_tokens=20, cache_read_tokens=16, cache_write_tokens=3
    )


def test_tools_of_the_caller_and_of_aws_are_told_apart_and_in_rounds():
    own = tool("nova_code_interpreter", type="server_tool_use", input={"snippet": "1 + 1"})
    result = {"toolResult": {"toolUseId": "t1", "content": [{"json": {}}], "status": "success"}}

    call = read(turn(own, result, tool("book", type="tool_use"), reason="tool_use"))

    assert call.outcome is Outcome.TOOL_USE
    assert [(t.name, dict(t.arguments), t.run_by, t.round) for t in call.tool_calls] == [
        ("nova_code_interpreter", {"snippet": "1 + 1"}, ToolRunner.PROVIDER, 0),
        ("book", {"a": 1}, ToolRunner.CLIENT, 1),
    ]
    assert read(turn(own, result, {"text": "2"})).outcome is Outcome.ANSWERED


def test_what_a_text_cites_is_cited():
    citations = [
        {"location": {"web": {"url": "https://a.test"}}, "sourceContent": [{"text": "Paris."}]},
        {"title": "Handbook", "location": {"documentChar": {"start": 1}}},
        {},
    ]
    cited = {"citationsContent": {"content": [{"text": "Paris."}], "citations": citations}}

    call = read(turn({"text": "It is "}, cited))

    assert call.text == "It is Paris."
    assert [(c.source, c.text) for c in call.citations] == [
        ("https://a.test", "Paris."),
        ("Handbook", ""),
        ("document 2", ""),
    ]


def test_reasoning_that_only_the_provider_can_read_and_media_without_a_text():
    hidden = {"reasoningContent": {"redactedContent": "aQ=="}}
    image = {"image": {"format": "png", "source": {"bytes": "aQ=="}}}

    call = read(turn(hidden, image))

    assert (call.thinking, call.outcome) == ("", Outcome.ANSWERED)


def test_a_router_says_who_answered():
    chosen = "arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.nova-v1:0"

    call = read(turn({"text": "Yes."}, trace={"promptRouter": {"invokedModelId": chosen}}))

    assert call.served_model == "us.amazon.nova-v1:0"


def event(kind: str, **payload: Any) -> bytes:
    return frame_of(kind, payload)


def delta(index: int, **given: Any) -> bytes:
    return event("contentBlockDelta", contentBlockIndex=index, delta=given, p="abc")


FRAMES = (
    event("messageStart", role="assistant", p="ab"),
    delta(0, reasoningContent={"text": "They "}),
    delta(0, reasoningContent={"text": "ask."}),
    delta(0, reasoningContent={"signature": "c2ln"}),
    event("contentBlockStop", contentBlockIndex=0),
    delta(1, text="It is "),
    delta(1, citation={"title": "Handbook"}),
    delta(1, text="sunny."),
    event(
        "contentBlockStart",
        contentBlockIndex=2,
        start={"toolUse": {"name": "book", "toolUseId": "t1"}},
    ),
    delta(2, toolUse={"input": '{"seats"'}),
    delta(2, toolUse={"input": ": 2}"}),
    event(
        "contentBlockStart",
        contentBlockIndex=3,
        start={"toolUse": {"name": "look", "toolUseId": "t2"}},
    ),
    event("messageStop", stopReason="tool_use"),
    event("metadata", usage={"inputTokens": 9, "outputTokens": 7}, metrics={"latencyMs": 1}),
)


def test_a_stream_adds_up_to_one_turn():
    call = read(b"".join(FRAMES), url=STREAM)

    assert (call.text, call.thinking, call.streamed) == ("It is sunny.", "They ask.", True)
    assert [(t.name, t.id, dict(t.arguments)) for t in call.tool_calls] == [
        ("book", "t1", {"seats": 2}),
        ("look", "t2", {}),
    ]
    assert [citation.source for citation in call.citations] == ["Handbook"]
    assert (call.outcome, call.usage) == (
        Outcome.TOOL_USE,
        Usage(input_tokens=9, output_tokens=7),
    )
    assert fault(b"".join(FRAMES), url=STREAM) is None


def test_no_cut_of_a_stream_passes_for_whole():
    body = b"".join(FRAMES)

    assert [at for at in range(len(body)) if fault(body[:at], url=STREAM) is None] == []
    assert "its metadata" in (fault(b"".join(FRAMES[:-1]), url=STREAM) or "")
    assert "without a stopReason" in (fault(b"".join(FRAMES[:-2]), url=STREAM) or "")


def test_a_stream_with_a_changed_byte_is_not_whole():
    body = bytearray(b"".join(FRAMES))
    body[body.index(b"sunny")] = ord("f")

    assert fault(bytes(body), url=STREAM) is not None


def test_an_exception_within_a_stream_is_told():
    broken = frame_of("modelStreamErrorException", {"message": "Overloaded."}, kind="exception")

    call = read(b"".join([*FRAMES[:7], broken]), url=STREAM)

    assert call.outcome is Outcome.ERROR
    assert call.error == "modelStreamErrorException: Overloaded."
    assert "broke off with" in (fault(b"".join([*FRAMES[:7], broken]), url=STREAM) or "")


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        (b"not JSON", 200, "no turn of a conversation"),
        ({"results": []}, 200, "no turn of a conversation"),
        ({"message": "Failed behind."}, 200, "the reply is an error: Failed behind."),
        (turn({"text": "Ye"}, reason=None), 200, "the reply ended without a stopReason"),
        ({"message": "Slow down."}, 429, "429 Slow down."),
        ({"message": "Not yours."}, 403, "403 Not yours."),
        (b"<html>", 503, "the server answered 503"),
    ],
)
def test_what_is_no_answer_is_incomplete(body, status, why):
    assert why in (fault(body, status=status) or "")
    assert read(body, status=status).outcome is Outcome.ERROR


def test_an_error_of_the_request_is_an_answer_and_has_its_kind():
    refused = {"message": "Malformed input request"}
    kind = "ValidationException:http://internal.amazon.com/"

    assert fault(refused, status=400, kind=kind) is None
    assert read(refused, status=400, kind=kind).error == (
        "ValidationException: Malformed input request"
    )


@pytest.mark.parametrize(
    ("name", "is_alias"),
    [
        ("us.amazon.nova-v1:0", False),
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-v1:0", False),
        ("arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.nova-v1:0", False),
        ("arn:aws:bedrock:us-east-1:1:application-inference-profile/x9", True),
        ("arn:aws:bedrock:us-east-1:1:default-prompt-router/nova:1", True),
        ("arn:aws-cn:bedrock:cn-north-1:1:provisioned-model/p", True),
    ],
)
def test_the_url_names_the_model_as_an_id_or_as_an_arn(name, is_alias):
    encoded = name.replace(":", "%3A").replace("/", "%2F")
    for url in (f"{AWS}/{encoded}/converse", f"{AWS}/{name}/converse-stream"):
        call = PROVIDER.read(Interaction(request=asking(url), response=Response(status=503)))
        assert call is not None
        assert (call.requested_model, call.is_alias) == (name, is_alias)


@pytest.mark.parametrize(
    ("url", "body", "method"),
    [
        (f"{AWS}/m/invoke", HELLO, "POST"),
        (f"{AWS}/m/count-tokens", HELLO, "POST"),
        (f"{AWS}/m/converse", HELLO, "GET"),
        ("https://cars.test/model/t/converse", {"km": 1}, "POST"),
    ],
)
def test_what_is_somebody_elses_is_no_call(url, body, method):
    request = asking(url, body, method)

    assert PROVIDER.requested_model(request) is None
    assert PROVIDER.rename_model(request, lambda _: "new") is request


def test_a_candidate_takes_the_place_of_the_model_before_a_signature_and_never_after():
    new = "arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.nova-v2:0"
    signed = asking(authorization="AWS4-HMAC-SHA256 Credential=…")

    renamed = PROVIDER.rename_model(asking(STREAM), lambda _: new)

    assert PROVIDER.requested_model(renamed) == new
    assert renamed.url.endswith("%2Fus.amazon.nova-v2%3A0/converse-stream")
    assert PROVIDER.rename_model(signed, lambda _: new) is signed


def test_a_request_is_read_as_a_prompt():
    schema = {"type": "object"}
    structure = {"jsonSchema": {"name": "x", "schema": json.dumps(schema)}}
    body = {
        "system": [{"text": "Be brief."}, {"cachePoint": {"type": "default"}}],
        "messages": [
            {"role": "user", "content": [{"text": "Where is it?"}]},
            {
                "role": "assistant",
                "content": [{"reasoningContent": {"reasoningText": {"text": "Hm."}}}, tool("find")],
            },
            {
                "role": "user",
                "content": [
                    {"toolResult": {"toolUseId": "t1", "content": [{"text": "At home."}]}},
                    {"image": {"format": "png"}},
                ],
            },
        ],
        "toolConfig": {
            "tools": [
                {"toolSpec": {"name": "find", "inputSchema": {"json": schema}}},
                {"systemTool": {"name": "nova_grounding"}},
            ],
            "toolChoice": {"any": {}},
        },
        "inferenceConfig": {"maxTokens": 9, "topP": 0.5},
        "outputConfig": {"textFormat": {"type": "json_schema", "structure": structure}},
        "requestMetadata": {"team": "a"},
    }

    prompt = read(turn({"text": "Home."}), asked=body).prompt

    assert prompt.system == [
        {"type": "text", "text": "Be brief."},
        {"type": "cachePoint", "cachePoint": {"type": "default"}},
    ]
    assert [dict(message) for message in prompt.messages] == [
        {"role": "user", "content": "Where is it?"},
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "t1", "name": "find", "input": {"a": 1}}],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": "At home."},
                {"type": "image", "image": {"format": "png"}},
            ],
        },
    ]
    assert prompt.tools == (
        {"name": "find", "input_schema": schema},
        {"systemTool": {"name": "nova_grounding"}},
    )
    assert prompt.schema == schema
    assert prompt.parameters == {
        "max_tokens": 9,
        "topP": 0.5,
        "tool_choice": {"any": {}},
        "schema_name": "x",
    }


@pytest.mark.parametrize("body", [[], 1, {"messages": 1, "toolConfig": 2, "inferenceConfig": [3]}])
def test_a_request_of_any_form_is_read(body):
    assert read(turn({"text": "Hi."}), asked=body).prompt.messages == ()
