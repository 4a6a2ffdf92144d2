"""Google's generateContent and streamGenerateContent, as calls."""

import json
from typing import Any

import pytest

from pytest_llmregress.providers.gemini.reader import GeminiProvider
from pytest_llmregress.values.call import Call, Outcome, ToolRunner, Usage
from pytest_llmregress.values.http import Interaction, Request, Response

PROVIDER = GeminiProvider()
MODELS = "https://generativelanguage.googleapis.com/v1beta/models"
ASK = f"{MODELS}/gemini-old:generateContent"
STREAM = f"{MODELS}/gemini-old:streamGenerateContent?alt=sse"
VERTEX = "https://aiplatform.googleapis.com/v1/projects/p/locations/global"
HELLO = {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}


def asking(url: str = ASK, body: Any = None, method: str = "POST", **headers: str) -> Request:
    data = json.dumps(HELLO if body is None else body).encode()
    return Request(method=method, url=url, headers={k: (v,) for k, v in headers.items()}, body=data)


def interaction(reply: Any, *, url: str = ASK, status: int = 200, asked: Any = None) -> Interaction:
    body = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
    return Interaction(request=asking(url, asked), response=Response(status=status, body=body))


def read(reply: Any, **more: Any) -> Call:
    call = PROVIDER.read(interaction(reply, **more))
    assert call is not None
    return call


def fault(reply: Any, **more: Any) -> str | None:
    return PROVIDER.incomplete(interaction(reply, **more))


def candidate(*parts: Any, reason: str | None = "STOP", **more: Any) -> dict[str, Any]:
    ended = {"finishReason": reason} if reason else {}
    return {"content": {"role": "model", "parts": list(parts)}, **ended, **more}


def reply(*candidates: Any, **more: Any) -> dict[str, Any]:
    return {"modelVersion": "models/gemini-old-001", "candidates": list(candidates), **more}


def stream(*chunks: Any) -> bytes:
    return "".join(f"data: {json.dumps(chunk)}\r\n\r\n" for chunk in chunks).encode()


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"text": words, **more}


def test_a_reply_is_read_with_all_that_it_says():
    usage = {
        "promptTokenCount": 30,
        "cachedContentTokenCount": 16,
        "toolUsePromptTokenCount": 5,
        "candidatesTokenCount": 20,
        "thoughtsTokenCount": 12,
        "serviceTier": "standard",
    }

    parts = (text("They ask.", thought=True), text("It is "), text("sunny."))
    call = read(reply(candidate(*parts), usageMetadata=usage))

    assert (call.text, call.thinking) == ("It is sunny.", "They ask.")
    assert (call.requested_model, call.served_model) == ("gemini-old", "gemini-old-001")
    assert (call.outcome, call.stop_reason) == (Outcome.ANSWERED, "STOP")
    assert (call.service_tier, call.price_key) == ("standard", "google")
    assert call.usage == Usage(
        input_tokens=19, cache_read_tokens=16, output_tokens=32, thinking_tokens=12
    )


def test_calls_of_functions_are_the_callers_and_need_no_arguments_and_no_id():
    calls = [
        {"functionCall": {"name": "book", "args": {"seats": 2}}, "thoughtSignature": "c2ln"},
        {"functionCall": {"name": "look", "id": "f1"}},
    ]

    call = read(reply(candidate(*calls)))

    assert call.outcome is Outcome.TOOL_USE
    assert [(t.name, dict(t.arguments), t.id, t.round) for t in call.tool_calls] == [
        ("book", {"seats": 2}, "book 1", 0),
        ("look", {}, "f1", 0),
    ]
    assert call.thinking == ""  # only Google can read what its signature stands for


def test_tools_that_google_runs_are_told_apart_and_in_rounds():
    parts = [
        {"executableCode": {"language": "PYTHON", "code": "print(42)", "id": "x1"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "42\n"}},
        {"toolCall": {"toolType": "GOOGLE_SEARCH_WEB", "args": {"queries": ["a"]}, "id": "s1"}},
        {"toolResponse": {"toolType": "GOOGLE_SEARCH_WEB", "id": "s1"}},
        text("42"),
    ]
    grounding = {"webSearchQueries": ["a"]}

    call = read(reply(candidate(*parts, groundingMetadata=grounding)))

    assert call.outcome is Outcome.ANSWERED
    assert {t.run_by for t in call.tool_calls} == {ToolRunner.PROVIDER}
    assert [(t.name, dict(t.arguments), t.round) for t in call.tool_calls] == [
        ("code_execution", {"language": "PYTHON", "code": "print(42)"}, 0),
        ("google_search", {"queries": ["a"]}, 1),
    ]


def test_what_an_answer_is_grounded_on_is_cited():
    grounding = {
        "webSearchQueries": ["capital of France"],
        "groundingChunks": [
            {"web": {"uri": "https://a.test", "title": "a"}},
            {"retrievedContext": {"text": "…"}},
            {"web": {"title": "b.test"}},
        ],
        "groundingSupports": [
            {"segment": {"text": "Paris."}, "groundingChunkIndices": [0, 1, 7, "x"]}
        ],
    }
    pages = {"urlMetadata": [{"retrievedUrl": "https://c.test"}]}
    recited = {"citationSources": [{"uri": "https://d.test"}]}

    call = read(
        reply(
            candidate(
                text("Paris."),
                groundingMetadata=grounding,
                urlContextMetadata=pages,
                citationMetadata=recited,
            )
        )
    )

    assert [(t.name, dict(t.arguments)) for t in call.tool_calls] == [
        ("google_search", {"queries": ["capital of France"]}),
        ("url_context", {"url": "https://c.test"}),
    ]
    assert [(c.source, c.text) for c in call.citations] == [
        ("https://a.test", "Paris."),
        ("document 1", "Paris."),
        ("b.test", ""),
        ("https://d.test", ""),
    ]


def test_of_several_candidates_the_first_is_read_and_the_worst_counts():
    ratings = [{"category": "HARM_CATEGORY_HARASSMENT", "blocked": True}]

    call = read(reply(candidate(text("Yes.")), candidate(reason="SAFETY", safetyRatings=ratings)))
    first = read(reply(candidate(reason="SAFETY", safetyRatings=ratings)))

    assert (call.text, call.outcome) == ("Yes.", Outcome.REFUSED)
    assert first.refusal_category == "HARM_CATEGORY_HARASSMENT"


def test_a_blocked_prompt_is_refused_and_its_reason_kept():
    call = read({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}})

    assert (call.outcome, call.stop_reason) == (Outcome.REFUSED, "PROHIBITED_CONTENT")
    assert call.error is None


def test_a_candidate_that_holds_an_image_has_answered():
    image = {"inlineData": {"mimeType": "image/png", "data": "aQ=="}}

    assert read(reply(candidate(image))).outcome is Outcome.ANSWERED
    assert read(reply(candidate())).outcome is Outcome.EMPTY


@pytest.mark.parametrize(
    ("reason", "part"),
    [
        ("UNEXPECTED_TOOL_CALL", {"functionCall": {"name": "book"}}),
        ("A_WORD_OF_TOMORROW", {"text": "Yes."}),
    ],
)
def test_an_end_that_went_wrong_is_an_error_whatever_came_with_it(reason, part):
    call = read(reply(candidate(part, reason=reason, finishMessage="No such function.")))

    assert call.outcome is Outcome.ERROR
    assert call.error is not None
    assert reason in call.error
    assert fault(reply(candidate(part, reason=reason))) is None  # it is what the model did


CHUNKS = (
    reply(
        candidate(text("Think.", thought=True), reason=None),
        usageMetadata={"promptTokenCount": 9, "thoughtsTokenCount": 3},
    ),
    reply(candidate(text("It is "), reason=None)),
    reply(candidate({"functionCall": {"name": "book"}}, reason=None)),
    reply(
        candidate(text("sunny.")), usageMetadata={"promptTokenCount": 9, "candidatesTokenCount": 7}
    ),
)


@pytest.mark.parametrize("body", [stream(*CHUNKS), json.dumps(CHUNKS, indent=2).encode()])
def test_a_stream_adds_up_to_one_reply(body):
    call = read(body, url=STREAM)

    assert (call.text, call.thinking, call.streamed) == ("It is sunny.", "Think.", True)
    assert [tool.name for tool in call.tool_calls] == ["book"]
    assert call.usage == Usage(input_tokens=9, output_tokens=7)
    assert fault(body, url=STREAM) is None


@pytest.mark.parametrize("body", [stream(*CHUNKS), json.dumps(CHUNKS).encode()])
def test_no_cut_of_a_stream_passes_for_whole(body):
    end = body.rindex(b"}")

    assert [at for at in range(end) if fault(body[:at], url=STREAM) is None] == []


def test_arguments_that_come_in_pieces_are_put_together():
    def piece(path: str, going_on: bool, **value: Any) -> dict[str, Any]:
        part = {"jsonPath": path, "willContinue": going_on, **value}
        return {"functionCall": {"partialArgs": [part], "willContinue": True}}

    parts = (
        {"functionCall": {"name": "book", "id": "f1", "willContinue": True}},
        piece("$.city", True, stringValue="Pa"),
        piece("$.city", True, stringValue="ris"),
        piece("$.city", True, stringValue="!"),
        piece("$.city", False, stringValue="!"),
        piece("$.stops[0].at", False, stringValue="Lyon"),
        piece("$.stops[1].at", False, stringValue="Dijon"),
        piece("$.seats", False, numberValue=2),
        piece("$['first class']", False, boolValue=False),
        piece("$.note", False, nullValue="NULL_VALUE"),
        {"functionCall": {}},
        {"functionCall": {"name": "look", "args": {"a": 1}}},
    )
    chunks = [reply(candidate(part, reason=None)) for part in parts]

    call = read(stream(*chunks, reply(candidate())), url=STREAM)

    assert [(tool.name, dict(tool.arguments)) for tool in call.tool_calls] == [
        (
            "book",
            {
                "city": "Paris!!",
                "stops": [{"at": "Lyon"}, {"at": "Dijon"}],
                "seats": 2,
                "first class": False,
                "note": None,
            },
        ),
        ("look", {"a": 1}),
    ]


@pytest.mark.parametrize("path", [None, 7, "", "$", "$.a.b", "$.a[x]", "$.a[99999999]"])
def test_a_piece_of_an_argument_at_any_place_is_read(path):
    pieces = [{"jsonPath": "$.a", "stringValue": "x"}, {"jsonPath": path, "stringValue": "y"}]

    call = read(reply(candidate({"functionCall": {"name": "book", "partialArgs": pieces}})))

    assert [tool.name for tool in call.tool_calls] == ["book"]


def test_an_error_within_a_stream_is_told():
    broken = {"error": {"code": 503, "message": "Overloaded.", "status": "UNAVAILABLE"}}

    call = read(stream(CHUNKS[1], broken), url=STREAM)

    assert (call.outcome, call.error) == (Outcome.ERROR, "UNAVAILABLE: Overloaded.")
    assert "broke off with UNAVAILABLE" in (fault(stream(CHUNKS[1], broken), url=STREAM) or "")


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        (b"not JSON", 200, "no JSON object"),
        ([], 200, "no JSON object"),
        ({}, 200, "no candidates"),
        ({"candidates": [{"content": {"parts": [{"text": "Ye"}]}}]}, 200, "without a finishReason"),
        ({"error": {"status": "INTERNAL"}}, 200, "the reply is an error: INTERNAL"),
        ([{"error": {"status": "RESOURCE_EXHAUSTED"}}], 429, "429 RESOURCE_EXHAUSTED"),
        (b"<html>", 503, "the server answered 503"),
    ],
)
def test_what_is_no_answer_is_incomplete(body, status, why):
    assert why in (fault(body, status=status) or "")
    assert read(body, status=status).outcome is Outcome.ERROR


def test_an_error_of_the_request_is_an_answer():
    refused = {"error": {"code": 400, "message": "Bad tool.", "status": "INVALID_ARGUMENT"}}

    assert fault(refused, status=400) is None
    assert read(refused, status=400).error == "INVALID_ARGUMENT: Bad tool."


@pytest.mark.parametrize(
    ("url", "model"),
    [
        (f"{MODELS}/gemini-old:generateContent?key=none", "gemini-old"),
        (f"{MODELS}/gemini-old%3AstreamGenerateContent", "gemini-old"),
        (f"{VERTEX}/publishers/google/models/gemini-old:generateContent", "gemini-old"),
        (f"{VERTEX}/endpoints/4711:generateContent", "4711"),
        ("https://a.test/v1beta/tunedModels/mine-1:generateContent", "mine-1"),
        (f"{MODELS}/gemini-old:countTokens", None),
        (f"{MODELS}/gemini-old:embedContent", None),
        (f"{MODELS}/gemini-old:batchGenerateContent", None),
        (f"{VERTEX}/publishers/anthropic/models/claude:rawPredict", None),
        (MODELS, None),
    ],
)
def test_the_url_names_the_model(url, model):
    assert PROVIDER.requested_model(asking(url)) == model
    assert PROVIDER.requested_model(asking(url, method="GET")) is None


@pytest.mark.parametrize(
    ("url", "renamed"),
    [
        (f"{MODELS}/a:generateContent?key=k/a:generateContent", None),
        (f"{MODELS}/a:streamGenerateContent?alt=sse", None),
        (f"{VERTEX}/publishers/google/models/a:generateContent", None),
        (
            f"{VERTEX}/endpoints/a:generateContent",
            f"{VERTEX}/publishers/google/models/new:generateContent",
        ),
        (
            "https://a.test/v1beta/tunedModels/a:generateContent",
            "https://a.test/v1beta/models/new:generateContent",
        ),
    ],
)
def test_a_candidate_takes_the_place_of_the_model_in_the_url(url, renamed):
    expected = renamed or url.replace("/a:", "/new:", 1)

    assert PROVIDER.rename_model(asking(url), lambda _: "new").url == expected
    same = asking(url)
    assert PROVIDER.rename_model(same, lambda name: name) is same


def test_what_is_somebody_elses_stays_as_it_is():
    count = asking(f"{MODELS}/a:countTokens")

    assert PROVIDER.rename_model(count, lambda _: "new") is count


def test_a_request_is_read_as_a_prompt():
    body = {
        "systemInstruction": {"parts": [text("Be brief.")]},
        "contents": [
            {"role": "user", "parts": [text("Where is it?"), {"inlineData": {"data": "aQ=="}}]},
            {
                "role": "model",
                "parts": [
                    text("Hm.", thought=True),
                    {"functionCall": {"name": "find", "args": {"id": 1}}, "thoughtSignature": "c2"},
                ],
            },
            {"parts": [{"functionResponse": {"name": "find", "response": {"at": "home"}}}]},
        ],
        "tools": [
            {"functionDeclarations": [{"name": "find", "parameters": {"type": "OBJECT"}}]},
            {"googleSearch": {}},
        ],
        "generationConfig": {
            "maxOutputTokens": 9,
            "topK": 2,
            "responseJsonSchema": {"type": "object"},
            "responseMimeType": "application/json",
        },
        "cachedContent": "cachedContents/1",
        "labels": {"team": "a"},
    }

    prompt = read(reply(candidate(text("Home."))), asked=body).prompt

    assert prompt.system == "Be brief."
    assert [dict(message) for message in prompt.messages] == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Where is it?"},
                {"type": "inlineData", "inlineData": {"data": "aQ=="}},
            ],
        },
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "find 1", "name": "find", "input": {"id": 1}}],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "find 1", "content": {"at": "home"}}
            ],
        },
    ]
    assert prompt.tools == (
        {"name": "find", "input_schema": {"type": "OBJECT"}},
        {"googleSearch": {}},
    )
    assert prompt.schema == {"type": "object"}
    assert prompt.links == {"cachedContent": "cachedContents/1"}
    assert prompt.parameters == {"max_tokens": 9, "topK": 2}
    assert "labels" not in prompt.parameters


def test_calls_without_an_id_are_told_apart_within_a_conversation():
    def asked(*names: str) -> Any:
        return {"role": "model", "parts": [{"functionCall": {"name": name}} for name in names]}

    def given(*names: str) -> Any:
        results = [{"functionResponse": {"name": n, "response": {"at": 1}}} for n in names]
        return {"role": "user", "parts": results}

    first = {"contents": [HELLO["contents"][0]]}
    second = {"contents": [*first["contents"], asked("find", "find"), given("find", "find")]}
    answer = reply(
        candidate({"functionCall": {"name": "find"}}, {"functionCall": {"name": "find"}})
    )

    calls = [read(answer, asked=body) for body in (first, second)]

    assert [[tool.id for tool in call.tool_calls] for call in calls] == [
        ["find 1", "find 2"],
        ["find 3", "find 4"],
    ]
    _, assistant, results = calls[1].prompt.messages
    assert [part["id"] for part in assistant["content"]] == ["find 1", "find 2"]
    assert [part["tool_use_id"] for part in results["content"]] == ["find 1", "find 2"]


def test_keys_in_the_other_way_of_writing_are_the_same():
    snake = {
        "system_instruction": {"parts": [text("Be brief.")]},
        "contents": {"parts": [text("Hello")]},
        "generation_config": {"max_output_tokens": 9},
    }

    prompt = read(reply(candidate(text("Hi."))), asked=snake).prompt

    assert (prompt.system, prompt.parameters) == ("Be brief.", {"max_tokens": 9})
    assert prompt.messages == ({"role": "user", "content": "Hello"},)


@pytest.mark.parametrize("body", [[], 1, {"contents": 1, "tools": 2, "generationConfig": [3]}])
def test_a_request_of_any_form_is_read(body):
    assert read(reply(candidate(text("Hi."))), asked=body).prompt.messages == ()
