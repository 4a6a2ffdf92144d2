"""Chat completions, Responses and Ollama's own API, as calls."""

import json
import re
from typing import Any

import pytest

from pytest_llmregress.contracts.contract import Contract
from pytest_llmregress.providers.openai.reader import OpenAIProvider
from pytest_llmregress.values.call import Call, Calls, Outcome, ToolRunner, Usage
from pytest_llmregress.values.http import Interaction, Request, Response

PROVIDER = OpenAIProvider()
CHAT = "https://api.openai.com/v1/chat/completions"
RESPONSES = "https://api.openai.com/v1/responses"
OLLAMA = "http://127.0.0.1:11434/api/chat"
ASKED = {"model": "gpt-old", "messages": [{"role": "user", "content": "Hello"}]}
INPUT = {"model": "gpt-old", "input": "Hello"}


def interaction(
    url: str,
    reply: Any,
    *,
    status: int = 200,
    asked: Any = None,
    content_type: str = "application/json",
    **headers: str,
) -> Interaction:
    body = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
    default = INPUT if url.endswith("responses") else ASKED
    request = Request(
        method="POST", url=url, body=json.dumps(default if asked is None else asked).encode()
    )
    named = {"content-type": (content_type,)} | {k: (v,) for k, v in headers.items()}
    return Interaction(request=request, response=Response(status=status, headers=named, body=body))


def read(url: str, reply: Any, **more: Any) -> Call:
    call = PROVIDER.read(interaction(url, reply, **more))
    assert call is not None
    return call


def stream(*events: Any, done: bool = True) -> bytes:
    """Return events as a server sends them."""
    lines = [f"data: {json.dumps(event)}\n\n" for event in events]
    return "".join([*lines, *(["data: [DONE]\n\n"] if done else [])]).encode()


def choice(message: Any, reason: str | None = "stop", **more: Any) -> dict[str, Any]:
    return {"index": 0, "message": message, "finish_reason": reason, **more}


def completion(*choices: Any, **more: Any) -> dict[str, Any]:
    return {"model": "gpt-old-2026-01-01", "choices": list(choices), **more}


def piece(delta: Any, reason: str | None = None, index: int = 0) -> dict[str, Any]:
    one = {"index": index, "delta": delta, "finish_reason": reason}
    return {"model": "gpt-old-2026-01-01", "choices": [one]}


def called(name: str, arguments: str, **more: Any) -> dict[str, Any]:
    return {"id": "call_1", "type": "function", **more} | {
        "function": {"name": name, "arguments": arguments}
    }


def item(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "id": "item_1", "status": "completed", **more}


def said(text: str) -> dict[str, Any]:
    return item("message", role="assistant", content=[{"type": "output_text", "text": text}])


def response(*items: Any, status: str = "completed", **more: Any) -> dict[str, Any]:
    return {"id": "resp_1", "model": "gpt-old", "status": status, "output": list(items), **more}


# --- chat completions ------------------------------------------------------------------------


def test_a_completion_is_read_with_all_that_it_says():
    message = {
        "content": "It is sunny.",
        "reasoning_content": "They ask for the weather.",
        "annotations": [{"type": "url_citation", "url_citation": {"url": "https://a.test"}}],
    }
    usage = {
        "prompt_tokens": 30,
        "completion_tokens": 20,
        "total_tokens": 50,
        "prompt_tokens_details": {"cached_tokens": 16},
        "completion_tokens_details": {"reasoning_tokens": 12},
    }

    call = read(CHAT, completion(choice(message), usage=usage, service_tier="default"))

    assert (call.text, call.thinking) == ("It is sunny.", "They ask for the weather.")
    assert [citation.source for citation in call.citations] == ["https://a.test"]
    assert (call.requested_model, call.served_model) == ("gpt-old", "gpt-old-2026-01-01")
    assert call.service_tier == "default"
    assert call.usage == Usage(
        input_tokens=14, cache_read_tokens=16, output_tokens=20, thinking_tokens=12
    )


def test_tool_calls_have_their_arguments_however_they_are_written():
    calls = [
        called("book", '{"seats": 2}'),
        called("book", ""),
        called("book", '{"seats": '),
        {"id": "call_2", "type": "custom", "custom": {"name": "run", "input": "ls"}},
    ]

    call = read(CHAT, completion(choice({"content": None, "tool_calls": calls}, "tool_calls")))

    assert [(tool.name, dict(tool.arguments)) for tool in call.tool_calls] == [
        ("book", {"seats": 2}),
        ("book", {}),
        ("book", {"(no JSON object)": '{"seats": '}),
        ("run", {"input": "ls"}),
    ]
    assert call.tool_calls[0].id == "call_1"


def test_a_function_call_of_the_older_form_is_a_tool_call():
    old = {"content": None, "function_call": {"name": "book", "arguments": "{}"}}

    call = read(CHAT, completion(choice(old, "function_call")))

    assert (call.outcome, [tool.name for tool in call.tool_calls]) == (Outcome.TOOL_USE, ["book"])


def test_tools_that_the_host_has_run_are_calls_of_the_provider():
    message = {
        "content": "42",
        "executed_tools": [{"type": "python", "arguments": '{"code": "6*7"}'}],
    }

    (tool,) = read(CHAT, completion(choice(message))).tool_calls

    assert (tool.name, tool.run_by, dict(tool.arguments)) == (
        "python",
        ToolRunner.PROVIDER,
        {"code": "6*7"},
    )


@pytest.mark.parametrize(
    ("message", "text", "thinking"),
    [
        ({"content": "<think>\nHm.\n</think>\n\nYes."}, "Yes.", "Hm."),
        ({"content": "a <think> in the text"}, "a <think> in the text", None),
        ({"content": "Yes.", "reasoning": "Hm."}, "Yes.", "Hm."),
        (
            {"content": "Yes.", "reasoning_details": [{"type": "encrypted", "data": "x"}]},
            "Yes.",
            "",
        ),
        (
            {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]},
                    {"type": "text", "text": "Yes."},
                ]
            },
            "Yes.",
            "Hm.",
        ),
        ({"content": None, "audio": {"id": "a", "transcript": "Yes."}}, "Yes.", None),
    ],
)
def test_reasoning_is_no_part_of_the_text(message: Any, text: str, thinking: str | None):
    call = read(CHAT, completion(choice(message)))

    assert (call.text, call.thinking) == (text, thinking)


def test_several_choices_are_one_call_with_the_worst_outcome():
    first, second = choice({"content": "One."}), choice({"content": "Tw"}, "length", index=1)

    call = read(CHAT, completion(second, first))

    assert (call.text, call.outcome) == ("One.", Outcome.TRUNCATED)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 9, "prompt_cache_hit_tokens": 4}, (5, 0, 4, 0)),
        ({"prompt_tokens": 9, "num_cached_tokens": 4}, (5, 0, 4, 0)),
        ({"prompt_tokens": 9, "cached_tokens": 4}, (5, 0, 4, 0)),
        ({"prompt_tokens": 2, "cached_tokens": 4}, (2, 0, 4, 0)),
        (
            {"prompt_tokens": 9, "prompt_tokens_details": {"cache_write_tokens": 4}},
            (5, 0, 0, 4),
        ),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 1,
                "total_tokens": 15,
                "completion_tokens_details": {"reasoning_tokens": 5},
            },
            (9, 6, 0, 0),
        ),
        ({"prompt_tokens": None, "completion_tokens": 1}, (0, 1, 0, 0)),
        (None, (0, 0, 0, 0)),
    ],
)
def test_tokens_are_counted_as_each_host_gives_them(usage: Any, expected: tuple[int, ...]):
    found = read(CHAT, completion(choice({"content": "Yes."}), usage=usage)).usage

    counts = (found.input_tokens, found.output_tokens)
    assert (*counts, found.cache_read_tokens, found.cache_write_tokens) == expected


def test_tokens_that_a_stream_does_not_tell_are_unknown_and_not_none_at_all():
    body = stream(piece({"content": "Yes."}), piece({}, "stop"))

    call = read(CHAT, body, content_type="text/event-stream")

    assert call.usage == Usage(unknown=("no count of tokens",))
    (told,) = Contract(max_output_tokens=100).violations(Calls([call]))
    assert "call 1 gave no count of tokens" in told


# --- streams ---------------------------------------------------------------------------------


def test_a_stream_adds_up_to_the_same_call_as_a_reply_in_one_piece():
    body = b": OPENROUTER PROCESSING\n\n" + stream(
        {"choices": [], "prompt_filter_results": []},
        piece({"role": "assistant", "content": "", "reasoning_content": "They "}),
        piece({"reasoning_content": "ask."}),
        piece({"content": "Hel"}),
        piece({"content": "lo"}),
        {"choices": [{"index": 0, "content_filter_results": {}, "finish_reason": None}]},
        piece({}, "stop"),
        {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}},
    )

    call = read(CHAT, body, content_type="text/event-stream")

    assert (call.text, call.thinking, call.outcome) == ("Hello", "They ask.", Outcome.ANSWERED)
    assert (call.usage.input_tokens, call.usage.output_tokens) == (3, 4)
    assert call.streamed
    assert call.served_model == "gpt-old-2026-01-01"


@pytest.mark.parametrize("indexed", [True, False])
def test_pieces_of_several_tool_calls_find_their_own(indexed: bool):
    def part(index: int, **more: Any) -> dict[str, Any]:
        return ({"index": index} if indexed else {}) | more

    one = part(0, **called("first", '{"a"', id="c1"))
    two = part(1, **called("second", "", id="c2"))
    pieces = [piece({"tool_calls": [one]}), piece({"tool_calls": [two]})]
    if indexed:
        pieces.append(piece({"tool_calls": [part(0, function={"arguments": ": 1}"})]}))
    else:
        pieces.append(piece({"tool_calls": [part(0, id="c1", function={"arguments": ": 1}"})]}))
    pieces.append(piece({}, "tool_calls"))

    call = read(CHAT, stream(*pieces), content_type="text/event-stream")

    assert [(t.id, t.name, dict(t.arguments)) for t in call.tool_calls] == [
        ("c1", "first", {"a": 1}),
        ("c2", "second", {}),
    ]


@pytest.mark.parametrize(
    ("url", "body", "why"),
    [
        (CHAT, stream(piece({"content": "Hel"}), done=False), "without a finish reason"),
        (CHAT, stream(piece({"content": "Hel"}, "stop"), done=False), r"without \[DONE\]"),
        (
            CHAT,
            stream(piece({"content": "a"}, "stop"), piece({"content": "b"}, index=1)),
            "without a finish reason",
        ),
        (CHAT, stream(piece({"content": "a"}, "stop"))[:-40] + b"\n\n", "cannot be read"),
        (CHAT, stream({"error": {"message": "overloaded", "code": 502}}), "broke off with 502"),
        (CHAT, b'{"choices": [', "no choices"),
        (CHAT, {"error": {"message": "upstream is down", "code": 503}}, "503: upstream is down"),
        (
            RESPONSES,
            stream({"type": "response.created", "response": response(status="in_progress")}),
            "without response.completed",
        ),
        (RESPONSES, stream({"type": "error", "code": "server_error"}), "broke off"),
        (
            RESPONSES,
            b'data: {"type": "response.out\n\n'
            + stream({"type": "response.completed", "response": response(said("Hello"))}),
            "cannot be read",
        ),
        (RESPONSES, response(status="in_progress"), "not made yet"),
        (RESPONSES, response(status="cancelled"), "cancelled"),
        (RESPONSES, b"", "no response in JSON"),
        (
            OLLAMA,
            b'{"model": "m", "message": {"content": "H"}, "done": false}\n{"done": false}',
            "done",
        ),
    ],
)
def test_what_is_not_whole_says_why(url: str, body: Any, why: str):
    is_stream = isinstance(body, bytes) and body.startswith(b"data")
    kind = "text/event-stream" if is_stream else "application/json"
    found = interaction(url, body, content_type=kind)
    call = PROVIDER.read(found)

    assert call is not None
    assert re.search(why, PROVIDER.incomplete(found) or "")


@pytest.mark.parametrize("status", [401, 402, 403, 404, 408, 409, 429, 500, 502, 503])
def test_an_error_of_the_account_or_the_hour_is_no_answer(status: int):
    body = {"error": {"message": "not now", "type": "some_error", "code": None}}

    why = PROVIDER.incomplete(interaction(CHAT, body, status=status))

    assert why == f"the server answered {status} some_error: not now"


def test_a_cut_of_a_whole_stream_never_passes_for_whole():
    whole = stream(piece({"content": "Hello"}), piece({}, "stop"))

    faults = [
        PROVIDER.incomplete(interaction(CHAT, whole[:at], content_type="text/event-stream"))
        for at in range(len(whole) - 2)
    ]

    assert None not in faults[: whole.index(b"[DONE]") + 5]


# --- responses -------------------------------------------------------------------------------


def test_a_response_is_read_with_all_its_items():
    usage = {
        "input_tokens": 30,
        "output_tokens": 20,
        "input_tokens_details": {"cached_tokens": 10},
        "output_tokens_details": {"reasoning_tokens": 5},
    }
    items = (
        item("reasoning", summary=[{"type": "summary_text", "text": "They ask."}]),
        item("web_search_call", action={"type": "search", "query": "weather"}),
        item("mcp_call", name="find", server_label="docs", arguments='{"q": "x"}'),
        said("It is sunny."),
        item("function_call", call_id="call_9", name="book", arguments='{"seats": 2}'),
    )

    call = read(RESPONSES, response(*items, usage=usage))

    assert (call.text, call.thinking) == ("It is sunny.", "They ask.")
    assert [(t.full_name, t.run_by, t.round) for t in call.tool_calls] == [
        ("web_search", ToolRunner.PROVIDER, 0),
        ("docs/find", ToolRunner.MCP, 1),
        ("book", ToolRunner.CLIENT, 2),
    ]
    assert dict(call.tool_calls[0].arguments) == {"action": {"type": "search", "query": "weather"}}
    assert call.tool_calls[2].id == "call_9"
    assert (call.usage.input_tokens, call.usage.cache_read_tokens) == (20, 10)


def test_the_last_event_of_a_stream_has_the_whole_response():
    done = {"type": "response.output_item.done", "item": said("Hello")}
    events = [
        {"type": "response.created", "response": response(status="in_progress")},
        done,
        {"type": "response.completed", "response": response(said("Hello"))},
    ]

    call = read(RESPONSES, stream(*events, done=False), content_type="text/event-stream")

    assert (call.text, call.outcome, call.streamed) == ("Hello", Outcome.ANSWERED, True)


def test_a_response_that_is_made_in_the_background_is_read_when_it_is_made():
    asked = {**INPUT, "background": True}
    begun = interaction(RESPONSES, response(status="queued", background=True), asked=asked)
    call = PROVIDER.read(begun)
    assert call is not None
    assert (call.outcome, PROVIDER.incomplete(begun)) == (Outcome.PAUSED, None)

    def poll(reply: Any) -> Call | None:
        request = Request(method="GET", url=f"{RESPONSES}/resp_1")
        answer = Response(status=200, body=json.dumps(reply).encode())
        return PROVIDER.read(Interaction(request=request, response=answer))

    assert poll(response(status="in_progress", background=True)) is None
    assert poll(response(said("Hello"))) is None  # looked up, and made long before
    made = poll(response(said("Hello"), background=True))
    assert made is not None
    assert (made.text, made.requested_model) == ("Hello", "gpt-old")


# --- Ollama's own API ------------------------------------------------------------------------


def test_ollama_is_read_in_one_piece_and_line_by_line():
    counts = {"prompt_eval_count": 3, "eval_count": 4}
    tool = {"function": {"name": "book", "arguments": {"seats": 2}}}
    message = {"role": "assistant", "content": "Hello", "thinking": "Hm.", "tool_calls": [tool]}
    whole = {"model": "m", "message": message, "done": True, "done_reason": "stop", **counts}
    parts = [
        {"model": "m", "message": {"content": "", "thinking": "Hm."}, "done": False},
        {"model": "m", "message": {"content": "Hel"}, "done": False},
        {"model": "m", "message": {"content": "lo", "tool_calls": [tool]}, "done": False},
        {"model": "m", "message": {"content": ""}, "done": True, "done_reason": "stop", **counts},
    ]
    lines = b"\n".join(json.dumps(part).encode() for part in parts)

    calls = [read(OLLAMA, whole), read(OLLAMA, lines, content_type="application/x-ndjson")]

    for call in calls:
        assert (call.text, call.thinking, call.outcome) == ("Hello", "Hm.", Outcome.TOOL_USE)
        assert dict(call.tool_calls[0].arguments) == {"seats": 2}
        assert (call.usage.input_tokens, call.usage.output_tokens) == (3, 4)
        assert call.served_model == "m"


def test_a_text_that_ollama_completes_is_read():
    url = "http://127.0.0.1:11434/api/generate"
    reply = {"model": "m", "response": "Hello", "done": True, "done_reason": "length"}

    call = read(url, reply, asked={"model": "m", "prompt": "Hi"})

    assert (call.text, call.outcome) == ("Hello", Outcome.TRUNCATED)


# --- whose it is -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "url", "asked"),
    [
        ("POST", "https://api.openai.com/v1/embeddings", {"model": "m", "input": "x"}),
        ("POST", "https://api.openai.com/v1/conversations", {"items": []}),
        ("POST", "https://survey.test/responses", {"form": 3}),
        ("POST", "https://app.test/api/chat", {"text": "hello"}),
        ("GET", "https://api.openai.com/v1/models", {}),
        ("POST", "https://api.anthropic.com/v1/messages", ASKED),
        ("DELETE", "https://api.openai.com/v1/responses/resp_1", {}),
    ],
)
def test_what_is_no_call_is_none(method: str, url: str, asked: Any):
    request = Request(method=method, url=url, body=json.dumps(asked).encode())
    found = Interaction(request=request, response=Response(status=200, body=b"{}"))

    assert PROVIDER.read(found) is None
    assert PROVIDER.requested_model(request) is None
    assert PROVIDER.incomplete(found) is None


@pytest.mark.parametrize("body", [b"", b"no JSON", b"[]", b"null", b'{"model": 3, "messages": 4}'])
def test_a_body_that_is_none_is_a_call_without_a_model(body: bytes):
    request = Request(method="POST", url=CHAT, body=body)
    reply = Response(status=400, body=b'{"error": {"message": "no JSON"}}')

    call = PROVIDER.read(Interaction(request=request, response=reply))

    assert call is not None
    assert (call.requested_model, call.outcome) == (None, Outcome.ERROR)
    assert call.prompt.messages == ()


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("https://api.openai.com", "openai"),
        ("https://me.openai.azure.com/openai/deployments/d", "azure"),
        ("https://api.groq.com/openai", "groq"),
        ("https://openrouter.ai/api", "openrouter"),
        ("http://127.0.0.1:8000", None),
        ("https://notopenrouter.ai/api", None),
    ],
)
def test_the_host_says_who_is_paid(host: str, key: str | None):
    reply = completion(choice({"content": "Yes."}))

    assert read(f"{host}/v1/chat/completions", reply).price_key == key


@pytest.mark.parametrize(
    ("url", "is_alias"),
    [
        ("https://me.openai.azure.com/openai/deployments/mine/chat/completions", True),
        ("https://me.openai.azure.com/openai/v1/responses", True),
        ("http://127.0.0.1:4000/openai/deployments/mine/chat/completions", True),
        (CHAT, False),
    ],
)
def test_a_deployment_says_nothing_of_its_model(url: str, is_alias: bool):
    reply = response(said("Yes.")) if url.endswith("responses") else completion(choice({}))

    assert read(url, reply).is_alias is is_alias


# --- models and limits -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "asked", "sent", "body"),
    [
        (CHAT, ASKED, CHAT, {**ASKED, "model": "new"}),
        (RESPONSES, INPUT, RESPONSES, {**INPUT, "model": "new"}),
        (
            CHAT,
            {**ASKED, "models": ["gpt-old", "b"]},
            CHAT,
            {**ASKED, "model": "new", "models": ["new"]},
        ),
        (OLLAMA, ASKED, OLLAMA, {**ASKED, "model": "new"}),
        (
            "https://me.openai.azure.com/openai/deployments/old%2Fone/chat/completions?api-version=1",
            {"messages": []},
            "https://me.openai.azure.com/openai/deployments/new/chat/completions?api-version=1",
            {"messages": []},
        ),
    ],
)
def test_a_candidate_stands_wherever_the_model_stood(url: str, asked: Any, sent: str, body: Any):
    request = Request(method="POST", url=url, body=json.dumps(asked).encode())

    renamed = PROVIDER.rename_model(request, lambda _: "new")

    assert renamed.url == sent
    assert json.loads(renamed.body) == body


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("https://api.openai.com/v1/embeddings", {}),
        (CHAT, {"authorization": ("AWS4-HMAC-SHA256 Credential=x",)}),
    ],
)
def test_what_is_no_call_or_signed_keeps_its_model(url: str, headers: Any):
    request = Request(method="POST", url=url, headers=headers, body=json.dumps(ASKED).encode())

    assert PROVIDER.rename_model(request, lambda _: "new") is request


@pytest.mark.parametrize(
    ("limit", "remaining", "reset", "a_minute"),
    [
        ("60", "0", "1m0s", 60),  # so many a minute
        ("14400", "14370", "2m59.56s", 10),  # so many a day
        ("5000", "4999", "12ms", 5000),
        ("60", "60", "0s", None),
        ("60", "59", "soon", None),
        ("", "59", "1s", None),
    ],
)
def test_limits_of_a_minute_and_of_a_day_are_told_apart(
    limit: str, remaining: str, reset: str, a_minute: int | None
):
    named = {"limit": limit, "remaining": remaining, "reset": reset}
    headers = {f"x-ratelimit-{name}-requests": (value,) for name, value in named.items()}

    assert PROVIDER.requests_a_minute(Response(status=429, headers=headers)) == a_minute


def strictly(**more: Any) -> dict[str, Any]:
    described = {"name": "Plan", "schema": PLAN, **more}
    return {**ASKED, "response_format": {"type": "json_schema", "json_schema": described}}


PLAN = {"type": "object", "title": "Plan"}
LENIENT = {"schema_strict": False}


@pytest.mark.parametrize(
    ("url", "asked", "parameters"),
    [
        (CHAT, strictly(strict=True), {}),
        (CHAT, strictly(), LENIENT),
        (CHAT, strictly(strict=False), LENIENT),
        (OLLAMA, {**ASKED, "format": PLAN}, {}),
        (
            RESPONSES,
            {**INPUT, "text": {"format": {"type": "json_schema", "name": "Plan", "schema": PLAN}}},
            {},
        ),
    ],
)
def test_a_schema_is_told_in_one_way_whichever_api_has_it(url: str, asked: Any, parameters: Any):
    reply = (
        {"message": {"content": "{}"}, "done": True} if url == OLLAMA else completion(choice({}))
    )
    prompt = read(url, response(said("{}")) if url == RESPONSES else reply, asked=asked).prompt

    assert prompt.schema == PLAN
    assert prompt.parameters == parameters
    assert prompt.fields()["schema"] == PLAN
