"""How a call ended, by the words of each provider: the table on the page says the same."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_llmregress.providers.registry import built_in_providers, read_call
from pytest_llmregress.values.call import Call
from pytest_llmregress.values.http import Interaction, Request, Response

PAGE = Path(__file__).resolve().parents[2] / "pytest_llmregress" / "README.md"
TOOL = {"name": "book", "input": {}}
CALLED = {"id": "c", "type": "function", "function": {"name": "book", "arguments": "{}"}}


def messages(reason: str | None, *content: Any) -> dict[str, Any]:
    return {"type": "message", "model": "m", "stop_reason": reason, "content": list(content)}


def text(words: str = "Yes.") -> dict[str, Any]:
    return {"type": "text", "text": words}


def chat(reason: str | None, **message: Any) -> dict[str, Any]:
    message = {"content": None, **message}
    return {"choices": [{"index": 0, "message": message, "finish_reason": reason}]}


def response(status: str, *items: Any, reason: str | None = None, **more: Any) -> dict[str, Any]:
    details = {"incomplete_details": {"reason": reason}} if reason else {}
    return {"status": status, "output": list(items), **details, **more}


def item(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, **more}


def said(kind: str = "output_text", **part: Any) -> dict[str, Any]:
    return item("message", content=[{"type": kind, **(part or {"text": "Yes."})}])


def turn(reason: str, *blocks: Any) -> dict[str, Any]:
    return {"output": {"message": {"content": list(blocks)}}, "stopReason": reason}


def candidate(reason: str | None, *parts: Any) -> dict[str, Any]:
    content = {"content": {"role": "model", "parts": list(parts)}} if parts else {}
    return {"candidates": [{**content, "finishReason": reason}]}


def cohere(reason: str, *content: Any, **message: Any) -> dict[str, Any]:
    return {"finish_reason": reason, "message": {"content": list(content), **message}}


def error(code: str | None, message: str = "no") -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


ENDS = {
    "messages": [
        ("answered", "end_turn", messages("end_turn", text())),
        ("answered", "stop_sequence", messages("stop_sequence", text())),
        ("tool_use", "tool_use", messages("tool_use", {"type": "tool_use", **TOOL})),
        ("refused", "refusal", messages("refusal")),
        ("paused", "pause_turn", messages("pause_turn", text())),
        ("truncated", "max_tokens", messages("max_tokens", text())),
        (
            "context_full",
            "model_context_window_exceeded",
            messages("model_context_window_exceeded", text()),
        ),
        ("empty", "end_turn", messages("end_turn")),
        ("error", "any other word", messages("a_word_of_tomorrow", text())),
    ],
    "chat completions": [
        ("answered", "stop", chat("stop", content="Yes.")),
        ("tool_use", "tool_calls", chat("tool_calls", tool_calls=[CALLED])),
        ("tool_use", "function_call", chat("function_call", function_call=CALLED["function"])),
        ("tool_use", "stop", chat("stop", tool_calls=[CALLED])),
        ("refused", "stop", chat("stop", refusal="I cannot.")),
        ("refused", "content_filter", chat("content_filter", content="Ye")),
        ("refused", "sensitive", chat("sensitive")),
        ("refused", "400 content_filter", (400, error("content_filter"))),
        ("truncated", "length", chat("length", content="Ye")),
        ("truncated", "max_tokens", chat("max_tokens", content="Ye")),
        ("context_full", "model_length", chat("model_length")),
        (
            "context_full",
            "model_context_window_exceeded",
            chat("model_context_window_exceeded"),
        ),
        ("context_full", "400 context_length_exceeded", (400, error("context_length_exceeded"))),
        ("empty", "stop", chat("stop")),
        ("error", "error", chat("error", content="Ye")),
        ("error", "insufficient_system_resource", chat("insufficient_system_resource")),
        ("error", "network_error", chat("network_error")),
        ("error", "abort", chat("abort", content="Ye")),
        ("error", "400 tool_use_failed", (400, error("tool_use_failed"))),
        ("error", "any other word", chat("a_word_of_tomorrow", content="Yes.")),
    ],
    "Responses": [
        ("answered", "completed", response("completed", said())),
        ("tool_use", "completed", response("completed", item("function_call", name="book"))),
        ("refused", "completed", response("completed", said("refusal", refusal="I cannot."))),
        ("refused", "content_filter", response("incomplete", said(), reason="content_filter")),
        ("paused", "completed", response("completed", item("mcp_approval_request", name="a"))),
        ("paused", "max_messages", response("incomplete", reason="max_messages")),
        ("paused", "steered", response("incomplete", reason="steered")),
        ("truncated", "max_output_tokens", response("incomplete", reason="max_output_tokens")),
        ("context_full", "400 context_length_exceeded", (400, error("context_length_exceeded"))),
        ("empty", "completed", response("completed")),
        ("error", "failed", response("failed", **error("server_error"))),
        ("error", "cancelled", response("cancelled")),
        ("error", "any other word", response("incomplete", reason="a_word_of_tomorrow")),
    ],
    "generateContent": [
        ("answered", "STOP", candidate("STOP", {"text": "Yes."})),
        ("tool_use", "STOP", candidate("STOP", {"functionCall": {"name": "book"}})),
        *(
            ("refused", word, candidate(word))
            for word in (
                *("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"),
                *("MODEL_ARMOR", "ESCALATION", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT"),
                "IMAGE_RECITATION",
            )
        ),
        ("refused", "blockReason", {"promptFeedback": {"blockReason": "JAILBREAK"}}),
        ("paused", "CONTINUATION", candidate("CONTINUATION", {"text": "Ye"})),
        ("truncated", "MAX_TOKENS", candidate("MAX_TOKENS", {"text": "Ye"})),
        (
            "context_full",
            "400 exceeds the maximum number of tokens",
            (400, error("400", "The input exceeds the maximum number of tokens allowed (9).")),
        ),
        ("empty", "STOP", candidate("STOP")),
        *(
            ("error", word, candidate(word))
            for word in (
                *("MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"),
                *("MISSING_THOUGHT_SIGNATURE", "MALFORMED_RESPONSE", "LANGUAGE", "NO_IMAGE"),
                *("IMAGE_OTHER", "OTHER"),
            )
        ),
        ("error", "any other word", candidate("a_word_of_tomorrow", {"text": "Yes."})),
    ],
    "Converse": [
        ("answered", "end_turn", turn("end_turn", {"text": "Yes."})),
        ("answered", "stop_sequence", turn("stop_sequence", {"text": "Yes."})),
        ("tool_use", "tool_use", turn("tool_use", {"toolUse": TOOL})),
        ("refused", "guardrail_intervened", turn("guardrail_intervened", {"text": "Sorry."})),
        ("refused", "content_filtered", turn("content_filtered")),
        ("refused", "refusal", turn("refusal")),
        ("paused", "pause_turn", turn("pause_turn", {"text": "Ye"})),
        ("truncated", "max_tokens", turn("max_tokens", {"text": "Ye"})),
        (
            "context_full",
            "model_context_window_exceeded",
            turn("model_context_window_exceeded"),
        ),
        (
            "context_full",
            "400 Input is too long",
            (400, {"message": "Input is too long for requested model."}),
        ),
        ("empty", "end_turn", turn("end_turn")),
        ("error", "malformed_model_output", turn("malformed_model_output")),
        ("error", "malformed_tool_use", turn("malformed_tool_use")),
        ("error", "any other word", turn("a_word_of_tomorrow", {"text": "Yes."})),
    ],
    "Cohere v2": [
        ("answered", "COMPLETE", cohere("COMPLETE", text())),
        ("answered", "STOP_SEQUENCE", cohere("STOP_SEQUENCE", text())),
        ("tool_use", "TOOL_CALL", cohere("TOOL_CALL", tool_calls=[CALLED])),
        ("truncated", "MAX_TOKENS", cohere("MAX_TOKENS", text("Ye"))),
        (
            "context_full",
            "400 too many tokens",
            (400, {"message": "too many tokens: size limit exceeded by 9 tokens."}),
        ),
        ("empty", "COMPLETE", cohere("COMPLETE")),
        ("error", "ERROR", cohere("ERROR", text("Ye"))),
        ("error", "TIMEOUT", cohere("TIMEOUT")),
        ("error", "any other word", cohere("a_word_of_tomorrow", text())),
    ],
}
PATHS = {
    "messages": "v1/messages",
    "chat completions": "v1/chat/completions",
    "Responses": "v1/responses",
    "generateContent": "v1beta/models/m:generateContent",
    "Converse": "model/m/converse",
    "Cohere v2": "v2/chat",
}
CASES = [(api, *end) for api, ends in ENDS.items() for end in ends]


def read(api: str, given: Any) -> Call:
    status, body = given if isinstance(given, tuple) else (200, given)
    asked = {"model": "m", "messages": [], "input": "?"}
    request = Request(
        method="POST", url=f"https://a.test/{PATHS[api]}", body=json.dumps(asked).encode()
    )
    reply = Response(status=status, body=json.dumps(body).encode())
    call = read_call(Interaction(request=request, response=reply), built_in_providers())
    assert call is not None
    return call


@pytest.mark.parametrize(("api", "outcome", "word", "reply"), CASES)
def test_each_word_means_what_the_table_says(api: str, outcome: str, word: str, reply: Any):
    call = read(api, reply)

    assert call.outcome == outcome
    if word == "any other word":
        assert "a_word_of_tomorrow" in (call.error or "")
    elif outcome == "error":
        assert call.error


@pytest.mark.skipif(not PAGE.exists(), reason=f"{PAGE} is not here: a wheel has no pages")
def test_the_page_has_the_same_table():
    rows = {(api, outcome, word) for api, outcome, word, _ in CASES}

    assert set(read_page()) == rows


def read_page() -> Iterator[tuple[str, str, str]]:
    """Yield API, outcome and word of each cell of the table on the page."""
    section = PAGE.read_text(encoding="utf-8").split("### How a call ended", 1)[1]
    lines = section.split("\n### ")[0].split("\n## ")[0].splitlines()
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]
    head, _, *rows = table
    for outcome, *cells in rows:
        for api, cell in zip(head[1:], cells, strict=True):
            for word in re.findall(r"`([^`]+)`|(any other word)", cell):
                yield api, outcome.strip("`"), word[0] or word[1]
