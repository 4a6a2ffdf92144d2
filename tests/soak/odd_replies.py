"""Put odd values into requests and replies of every API; no provider may raise over any of them.

    python tests/soak/odd_replies.py --rounds 3000 --seed 1

Up to three parts of a request and of its reply, or of the events of a stream, become something else
or go: null where an object is due, a list where a word is. `tests/providers/test_odd_replies.py` is
the short form.
"""

import argparse
import base64
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "helpers"))

from plain_stand import frame_of
from pytest_llmregress.behavior.traits import extract_traits
from pytest_llmregress.providers.asked_models import asked_models
from pytest_llmregress.providers.registry import (
    built_in_providers,
    incomplete,
    read_call,
    requested_model,
)
from pytest_llmregress.providers.rewriting import Rewriter
from pytest_llmregress.values.call import Call, Calls
from pytest_llmregress.values.http import Interaction, Request, Response

PROVIDERS = built_in_providers()
MOST_PARTS = 3
"""Parts of a request, and of its reply, that become odd in one round."""
ODD: tuple[Any, ...] = (
    *(None, True, False, "", "word", "\ud800", "-1", 0, -1, 1.5, 10**400, 1e308),
    *([], {}, [None], [[]], [{}], [0, "word"], {"": None}, {"type": {}}, {"type": []}),
    *([[["word"]]], {"word": {"word": []}}, [{"type": "text", "text": []}]),
)
Encode = Callable[[Sequence[Any]], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """One way in which an API is asked and answers."""

    url: str
    asked: Any
    replies: tuple[Any, ...]
    """The bodies of replies, or the events of one stream."""
    content_type: str = "application/json"
    encode: Encode | None = None
    """Makes a stream of the events; None where each reply is a body of its own."""
    status: int = 200


def sse(events: Sequence[Any]) -> bytes:
    """Return events as most APIs stream them, each with its type as its name."""
    named = [
        f"event: {e['type']}\n" if isinstance(e, dict) and isinstance(e.get("type"), str) else ""
        for e in events
    ]
    pairs = zip(named, events, strict=True)
    whole = "".join(f"{name}data: {json.dumps(event)}\n\n" for name, event in pairs)
    return f"{whole}data: [DONE]\n\n".encode(errors="replace")


def lines(events: Sequence[Any]) -> bytes:
    """Return events as Ollama streams them."""
    return "".join(f"{json.dumps(event)}\n" for event in events).encode()


def frames(events: Sequence[Any]) -> bytes:
    """Return events as AWS streams them: each is an object with the kind as its only key."""
    pairs = [next(iter(e.items()), ("", {})) if isinstance(e, dict) else ("", e) for e in events]
    return b"".join(frame_of(name, event) for name, event in pairs)


def wrapped(events: Sequence[Any]) -> bytes:
    """Return events as InvokeModel streams them: in base64, in a frame each."""
    texts = [base64.b64encode(json.dumps(event).encode()).decode() for event in events]
    return b"".join(frame_of("chunk", {"bytes": text}) for text in texts)


SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
USAGE = {
    "input_tokens": 20,
    "output_tokens": 12,
    "cache_read_input_tokens": 3,
    "cache_creation_input_tokens": 2,
    "output_tokens_details": {"thinking_tokens": 4},
    "service_tier": "standard",
}
MESSAGES = {
    "model": "claude-old",
    "max_tokens": 100,
    "system": [{"type": "text", "text": "Be short.", "cache_control": {"type": "ephemeral"}}],
    "tools": [{"name": "find", "description": "Finds.", "input_schema": SCHEMA}],
    "tool_choice": {"type": "auto"},
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "output_config": {"format": {"type": "json_schema", "schema": SCHEMA}},
    "messages": [
        {"role": "user", "content": "Where is it?"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "I look.", "signature": "c2ln"},
                {"type": "tool_use", "id": "t1", "name": "find", "input": {"city": "Paris"}},
            ],
        },
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "in Paris"}],
        },
    ],
}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-old",
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "stop_details": {"category": "cyber"},
    "usage": USAGE,
    "content": [
        {"type": "thinking", "thinking": "I look.", "signature": "c2ln"},
        {
            "type": "text",
            "text": "It is in Paris.",
            "citations": [
                {"type": "char_location", "document_title": "Map", "cited_text": "Paris"}
            ],
        },
        {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "Paris"}},
        {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []},
        {"type": "mcp_tool_use", "id": "m1", "name": "read", "server_name": "maps", "input": {}},
        {"type": "tool_use", "id": "t2", "name": "find", "input": {"city": "Lyon"}},
    ],
}
REFUSAL = {**MESSAGE, "content": [], "stop_reason": "refusal"}
MESSAGE_EVENTS: tuple[Any, ...] = (
    {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": "It is in Paris."},
    },
    {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "citations_delta", "citation": {"url": "https://a.b", "cited_text": "P"}},
    },
    {"type": "content_block_stop", "index": 0},
    {
        "type": "content_block_start",
        "index": 1,
        "content_block": {"type": "tool_use", "id": "t1", "name": "find", "input": {}},
    },
    {
        "type": "content_block_delta",
        "index": 1,
        "delta": {"type": "input_json_delta", "partial_json": '{"city": "Paris"}'},
    },
    {
        "type": "content_block_start",
        "index": 2,
        "content_block": {"type": "fallback", "to": {"model": "claude-other"}},
    },
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": USAGE},
    {"type": "message_stop"},
)
MESSAGES_ERROR = {"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}

TOOL_CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "find", "arguments": '{"city": "Paris"}'},
}
CUSTOM_CALL = {"id": "call_2", "type": "custom", "custom": {"name": "run", "input": "ls"}}
FUNCTION = {
    "type": "function",
    "function": {"name": "find", "description": "Finds.", "parameters": SCHEMA},
}
CHAT = {
    "model": "gpt-old",
    "models": ["gpt-old", "gpt-other"],
    "temperature": 0,
    "max_completion_tokens": 100,
    "tools": [FUNCTION, {"type": "custom", "custom": {"name": "run"}}],
    "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}},
    "messages": [
        {"role": "system", "content": "Be short."},
        {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
        {"role": "user", "content": [{"type": "text", "text": "Where is it?"}]},
        {"role": "assistant", "content": None, "tool_calls": [TOOL_CALL, CUSTOM_CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "in Paris"},
        {"role": "tool", "tool_call_id": "call_2", "content": [{"type": "text", "text": "a.txt"}]},
        {"role": "assistant", "content": "", "function_call": {"name": "find", "arguments": "{}"}},
        {"role": "function", "name": "find", "content": "nothing"},
        {"role": "assistant", "refusal": "I cannot."},
    ],
}
CHAT_USAGE = {
    "prompt_tokens": 20,
    "completion_tokens": 12,
    "total_tokens": 32,
    "prompt_tokens_details": {"cached_tokens": 3},
    "completion_tokens_details": {"reasoning_tokens": 4},
}
COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "gpt-old-2026-01-01",
    "service_tier": "default",
    "usage": CHAT_USAGE,
    "citations": ["https://a.b"],
    "choices": [
        {
            "index": 0,
            "finish_reason": "tool_calls",
            "content_filter_results": {"hate": {"filtered": True}},
            "message": {
                "role": "assistant",
                "content": "<think>I look.</think>It is in Paris.",
                "refusal": None,
                "reasoning_details": [{"type": "reasoning.text", "text": "I look."}],
                "annotations": [
                    {"type": "url_citation", "url_citation": {"url": "https://a.b", "title": "A"}}
                ],
                "tool_calls": [TOOL_CALL, CUSTOM_CALL],
                "executed_tools": [{"type": "search", "arguments": "{}"}],
            },
        },
        {
            "index": 1,
            "finish_reason": "stop",
            "message": {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "I look."}]},
                    {"type": "text", "text": "Lyon."},
                ],
                "function_call": {"name": "find", "arguments": "{}"},
            },
        },
    ],
}
CHUNKS: tuple[Any, ...] = (
    {"id": "", "model": "", "choices": [], "prompt_filter_results": [{"prompt_index": 0}]},
    {"model": "gpt-old", "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]},
    {"model": "gpt-old", "choices": [{"index": 0, "delta": {"reasoning": "I look."}}]},
    {"model": "gpt-old", "choices": [{"index": 0, "delta": {"content": "It is "}}]},
    {"model": "gpt-old", "choices": [{"index": 0, "delta": {"content": "in Paris."}}]},
    {
        "model": "gpt-old",
        "choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, **TOOL_CALL}]}}],
    },
    {
        "model": "gpt-old",
        "choices": [
            {"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": " "}}]}}
        ],
    },
    {"model": "gpt-old", "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
    {"model": "gpt-old", "choices": [], "usage": CHAT_USAGE, "x_groq": {"usage": CHAT_USAGE}},
)
CHAT_ERROR = {
    "error": {
        "message": "filtered",
        "type": None,
        "code": "content_filter",
        "innererror": {"code": "ResponsibleAIPolicyViolation"},
    }
}

RESPONSES = {
    "model": "gpt-old",
    "instructions": "Be short.",
    "previous_response_id": "resp_0",
    "conversation": {"id": "conv_1"},
    "store": False,
    "tools": [{"type": "function", "name": "find", "parameters": SCHEMA}, {"type": "web_search"}],
    "text": {"format": {"type": "json_schema", "name": "a", "schema": SCHEMA}},
    "reasoning": {"effort": "low"},
    "input": [
        {"role": "developer", "content": "Be kind."},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Where?"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "abc"},
        {"type": "function_call", "call_id": "call_1", "name": "find", "arguments": "{}"},
        {"type": "custom_tool_call", "call_id": "call_2", "name": "run", "input": "ls"},
        {"type": "function_call_output", "call_id": "call_1", "output": "in Paris"},
        {"type": "custom_tool_call_output", "call_id": "call_2", "output": "a.txt"},
        {"type": "web_search_call", "id": "ws_1", "action": {"type": "search", "query": "Paris"}},
    ],
}
ITEMS: tuple[Any, ...] = (
    {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "I look."}]},
    {"type": "web_search_call", "id": "ws_1", "action": {"type": "search", "query": "Paris"}},
    {"type": "mcp_call", "id": "m1", "name": "read", "server_label": "maps", "arguments": "{}"},
    {"type": "function_call", "call_id": "call_1", "name": "find", "arguments": "{}"},
    {
        "type": "message",
        "role": "assistant",
        "content": [
            {
                "type": "output_text",
                "text": "It is in Paris.",
                "annotations": [{"type": "url_citation", "url": "https://a.b", "title": "A"}],
            },
            {"type": "refusal", "refusal": "I cannot."},
        ],
    },
)
RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "status": "completed",
    "model": "gpt-old-2026-01-01",
    "service_tier": "default",
    "error": None,
    "incomplete_details": {"reason": "max_output_tokens"},
    "output": list(ITEMS),
    "usage": {
        "input_tokens": 20,
        "output_tokens": 12,
        "total_tokens": 32,
        "input_tokens_details": {"cached_tokens": 3},
        "output_tokens_details": {"reasoning_tokens": 4},
    },
}
STARTED = {**RESPONSE, "status": "in_progress", "output": []}
FAILED = {**RESPONSE, "status": "failed", "error": {"code": "server_error", "message": "no"}}
RESPONSE_EVENTS: tuple[Any, ...] = (
    {"type": "response.created", "response": STARTED},
    {"type": "response.output_text.delta", "delta": "It is "},
    *({"type": "response.output_item.done", "item": item} for item in ITEMS),
    {"type": "response.completed", "response": {**RESPONSE, "output": []}},
)

OLLAMA = {
    "model": "llama-old",
    "messages": [
        {"role": "user", "content": "Where is it?", "images": ["aGk="]},
        {"role": "assistant", "tool_calls": [{"function": {"name": "find", "arguments": {}}}]},
        {"role": "tool", "tool_name": "find", "content": "in Paris"},
    ],
    "format": SCHEMA,
    "options": {"num_predict": 100, "temperature": 0},
    "tools": [FUNCTION],
}
OLLAMA_REPLY = {
    "model": "llama-old",
    "message": {
        "role": "assistant",
        "content": "It is in Paris.",
        "thinking": "I look.",
        "tool_calls": [{"function": {"name": "find", "arguments": {"city": "Paris"}}}],
    },
    "done": True,
    "done_reason": "stop",
    "prompt_eval_count": 20,
    "eval_count": 12,
}
GENERATED = {"model": "llama-old", "response": "It is in Paris.", "done": True, "eval_count": 12}

GEMINI = {
    "systemInstruction": {"role": "user", "parts": [{"text": "Be short."}]},
    "cachedContent": "cachedContents/1",
    "tools": [
        {"functionDeclarations": [{"name": "find", "parameters": SCHEMA}]},
        {"urlContext": {}},
    ],
    "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}},
    "generationConfig": {"maxOutputTokens": 100, "responseSchema": SCHEMA, "temperature": 0},
    "contents": [
        {"role": "user", "parts": [{"text": "Where is it?"}]},
        {
            "role": "model",
            "parts": [
                {"thought": True, "text": "I look."},
                {"functionCall": {"name": "find", "args": {}}, "thoughtSignature": "c2ln"},
            ],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"name": "find", "response": {"result": "in Paris"}}},
                {"inlineData": {"mimeType": "image/png", "data": "aGk="}},
            ],
        },
    ],
}
CANDIDATE = {
    "index": 0,
    "finishReason": "STOP",
    "content": {
        "role": "model",
        "parts": [
            {"thought": True, "text": "I look."},
            {"text": "It is in Paris."},
            {"executableCode": {"language": "PYTHON", "code": "print(1)"}},
            {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}},
            {"toolCall": {"toolType": "GOOGLE_SEARCH_WEB", "args": {"queries": ["Paris"]}}},
            {"toolResponse": {"toolType": "GOOGLE_SEARCH_WEB"}},
            {"functionCall": {"name": "find", "args": {"city": "Paris"}}},
            {
                "functionCall": {
                    "name": "plan",
                    "partialArgs": [
                        {"jsonPath": "$.stops[0].city", "stringValue": "Par", "willContinue": True},
                        {"jsonPath": "$.stops[0].city", "stringValue": "is"},
                        {"jsonPath": "$.days", "numberValue": 3},
                    ],
                }
            },
        ],
    },
    "safetyRatings": [{"category": "HARM_CATEGORY_HATE_SPEECH", "blocked": True}],
    "groundingMetadata": {
        "webSearchQueries": ["Paris"],
        "groundingChunks": [{"web": {"uri": "https://a.b", "title": "A"}}],
        "groundingSupports": [{"segment": {"text": "It is"}, "groundingChunkIndices": [0]}],
    },
    "urlContextMetadata": {"urlMetadata": [{"retrievedUrl": "https://a.b"}]},
    "citationMetadata": {"citationSources": [{"uri": "https://a.b"}]},
}
GEMINI_REPLY = {
    "modelVersion": "gemini-old-001",
    "candidates": [CANDIDATE, {"index": 1, "finishReason": "SAFETY"}],
    "usageMetadata": {
        "promptTokenCount": 20,
        "candidatesTokenCount": 12,
        "cachedContentTokenCount": 3,
        "thoughtsTokenCount": 4,
        "toolUsePromptTokenCount": 1,
        "serviceTier": "standard",
    },
}
BLOCKED = {"promptFeedback": {"blockReason": "SAFETY", "safetyRatings": []}}
GEMINI_ERROR = {
    "error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "no", "details": [{}]}
}

CONVERSE = {
    "system": [{"text": "Be short."}, {"cachePoint": {"type": "default"}}],
    "inferenceConfig": {"maxTokens": 100, "temperature": 0},
    "toolConfig": {
        "tools": [
            {"toolSpec": {"name": "find", "inputSchema": {"json": SCHEMA}}},
            {"systemTool": {"name": "nova_grounding"}},
        ],
        "toolChoice": {"auto": {}},
    },
    "outputConfig": {"textFormat": {"structure": {"jsonSchema": {"schema": json.dumps(SCHEMA)}}}},
    "requestMetadata": {"team": "a"},
    "messages": [
        {"role": "user", "content": [{"text": "Where is it?"}]},
        {
            "role": "assistant",
            "content": [
                {"reasoningContent": {"reasoningText": {"text": "I look.", "signature": "c2ln"}}},
                {"toolUse": {"toolUseId": "t1", "name": "find", "input": {"city": "Paris"}}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "toolResult": {
                        "toolUseId": "t1",
                        "status": "error",
                        "content": [{"json": {"a": 1}}, {"text": "in Paris"}],
                    }
                }
            ],
        },
    ],
}
CITED = {
    "content": [{"text": "It is"}],
    "citations": [
        {
            "location": {"web": {"url": "https://a.b"}},
            "title": "A",
            "sourceContent": [{"text": "P"}],
        }
    ],
}
TURN_USAGE = {
    "inputTokens": 20,
    "outputTokens": 12,
    "cacheReadInputTokens": 3,
    "cacheWriteInputTokens": 2,
}
ROUTER = {"promptRouter": {"invokedModelId": "arn:aws:bedrock:x:1:inference-profile/nova"}}
TURN = {
    "output": {
        "message": {
            "role": "assistant",
            "content": [
                {"reasoningContent": {"reasoningText": {"text": "I look."}}},
                {"text": "It is in Paris."},
                {"citationsContent": CITED},
                {"toolUse": {"toolUseId": "s1", "type": "server_tool_use", "name": "search"}},
                {"toolResult": {"toolUseId": "s1", "content": []}},
                {"toolUse": {"toolUseId": "t1", "name": "find", "input": {"city": "Paris"}}},
            ],
        }
    },
    "stopReason": "tool_use",
    "usage": TURN_USAGE,
    "trace": ROUTER,
    "serviceTier": {"type": "flex"},
    "additionalModelResponseFields": {"stop_sequence": "END"},
}
TURN_EVENTS: tuple[Any, ...] = (
    {"messageStart": {"role": "assistant"}},
    {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "I"}}}},
    {"contentBlockDelta": {"contentBlockIndex": 1, "delta": {"text": "It is "}}},
    {"contentBlockDelta": {"contentBlockIndex": 1, "delta": {"text": "in Paris."}}},
    {"contentBlockDelta": {"contentBlockIndex": 1, "delta": {"citation": {"title": "A"}}}},
    {
        "contentBlockStart": {
            "contentBlockIndex": 2,
            "start": {"toolUse": {"toolUseId": "t1", "name": "find"}},
        }
    },
    {"contentBlockDelta": {"contentBlockIndex": 2, "delta": {"toolUse": {"input": "{}"}}}},
    {"contentBlockDelta": {"contentBlockIndex": 3, "delta": {"toolResult": [{"text": "in"}]}}},
    {"messageStop": {"stopReason": "tool_use"}},
    {"metadata": {"usage": TURN_USAGE, "trace": ROUTER}},
)

COHERE = {
    **{key: CHAT[key] for key in ("tools", "messages", "temperature")},
    "model": "command-old",
    "response_format": {"type": "json_object", "json_schema": SCHEMA},
}
COHERE_SOURCE = {"type": "document", "id": "d1", "document": {"title": "Map"}}
COHERE_CITED = {"text": "Paris", "sources": [COHERE_SOURCE]}
COHERE_USAGE = {"tokens": {"input_tokens": 20, "output_tokens": 12}, "cached_tokens": 3}
COHERE_REPLY = {
    "id": "r1",
    "finish_reason": "TOOL_CALL",
    "usage": COHERE_USAGE,
    "message": {
        "role": "assistant",
        "tool_plan": "I look.",
        "tool_calls": [TOOL_CALL],
        "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Paris."}],
        "citations": [COHERE_CITED],
    },
}
COHERE_EVENTS: tuple[Any, ...] = (
    {"type": "message-start", "id": "r1", "delta": {"message": {"role": "assistant"}}},
    {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "I look."}}},
    {"type": "tool-call-start", "index": 0, "delta": {"message": {"tool_calls": TOOL_CALL}}},
    {
        "type": "tool-call-delta",
        "index": 0,
        "delta": {"message": {"tool_calls": {"function": {"arguments": " "}}}},
    },
    {
        "type": "content-start",
        "index": 0,
        "delta": {"message": {"content": {"type": "text", "text": ""}}},
    },
    {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "Paris."}}}},
    {"type": "citation-start", "index": 0, "delta": {"message": {"citations": COHERE_CITED}}},
    {"type": "message-end", "delta": {"finish_reason": "TOOL_CALL", "usage": COHERE_USAGE}},
)

HOST = "https://api.example.com"
SSE, AWS_STREAM = "text/event-stream", "application/vnd.amazon.eventstream"
NOVA = f"{HOST}/model/us.amazon.nova%3A0"
CLAUDE = f"{HOST}/model/anthropic.claude-old"
VERTEX = f"{HOST}/v1/projects/p/locations/l/publishers"
BEDROCK_MESSAGES = {"anthropic_version": "bedrock-2023-05-31", **MESSAGES}
BATCH = {"requests": [{"custom_id": "a", "params": MESSAGES}]}
STREAMED = {"stream": True}

WIRES: dict[str, tuple[Wire, ...]] = {
    "messages": (
        Wire(url=f"{HOST}/v1/messages", asked=MESSAGES, replies=(MESSAGE, REFUSAL)),
        Wire(url=f"{HOST}/v1/messages", asked=MESSAGES, replies=(MESSAGES_ERROR,), status=400),
        Wire(url=f"{HOST}/v1/messages/batches", asked=BATCH, replies=({"id": "b", "type": "a"},)),
        Wire(
            url=f"{HOST}/v1/messages",
            asked=MESSAGES | STREAMED,
            replies=MESSAGE_EVENTS,
            content_type=SSE,
            encode=sse,
        ),
    ),
    "messages on Bedrock": (
        Wire(url=f"{CLAUDE}/invoke", asked=BEDROCK_MESSAGES, replies=(MESSAGE,)),
        Wire(
            url=f"{CLAUDE}/invoke-with-response-stream",
            asked=BEDROCK_MESSAGES,
            replies=MESSAGE_EVENTS,
            content_type=AWS_STREAM,
            encode=wrapped,
        ),
    ),
    "messages on Vertex": (
        Wire(
            url=f"{VERTEX}/anthropic/models/claude-old:rawPredict",
            asked=MESSAGES,
            replies=(MESSAGE,),
        ),
        Wire(
            url=f"{VERTEX}/anthropic/models/claude-old:streamRawPredict",
            asked=MESSAGES | STREAMED,
            replies=MESSAGE_EVENTS,
            content_type=SSE,
            encode=sse,
        ),
    ),
    "chat completions": (
        Wire(url=f"{HOST}/v1/chat/completions", asked=CHAT, replies=(COMPLETION,)),
        Wire(url=f"{HOST}/v1/chat/completions", asked=CHAT, replies=(CHAT_ERROR,)),
        Wire(url=f"{HOST}/v1/chat/completions", asked=CHAT, replies=(CHAT_ERROR,), status=400),
        Wire(
            url=f"{HOST}/v1/completions",
            asked={"model": "gpt-old", "prompt": "Where?", "suffix": "."},
            replies=({"model": "m", "choices": [{"text": "Paris.", "finish_reason": "stop"}]},),
        ),
        Wire(
            url=f"{HOST}/openai/deployments/mine/chat/completions",
            asked=CHAT | STREAMED,
            replies=CHUNKS,
            content_type=SSE,
            encode=sse,
        ),
    ),
    "Responses": (
        Wire(url=f"{HOST}/v1/responses", asked=RESPONSES, replies=(RESPONSE, FAILED)),
        Wire(
            url=f"{HOST}/v1/responses",
            asked={**RESPONSES, "input": "Where?", "background": True},
            replies=({**STARTED, "background": True},),
        ),
        Wire(
            url=f"{HOST}/v1/responses",
            asked=RESPONSES | STREAMED,
            replies=RESPONSE_EVENTS,
            content_type=SSE,
            encode=sse,
        ),
    ),
    "Ollama": (
        Wire(url=f"{HOST}/api/chat", asked=OLLAMA, replies=(OLLAMA_REPLY, {"error": "no model"})),
        Wire(
            url=f"{HOST}/api/generate",
            asked={"model": "llama-old", "prompt": "Where?", "system": "Be short."},
            replies=(GENERATED,),
        ),
        Wire(
            url=f"{HOST}/api/chat",
            asked=OLLAMA | STREAMED,
            replies=({**OLLAMA_REPLY, "done": False}, OLLAMA_REPLY),
            content_type="application/x-ndjson",
            encode=lines,
        ),
    ),
    "generateContent": (
        Wire(
            url=f"{HOST}/v1beta/models/gemini-old:generateContent",
            asked=GEMINI,
            replies=(GEMINI_REPLY, BLOCKED),
        ),
        Wire(
            url=f"{HOST}/v1beta/models/gemini-old:generateContent",
            asked=GEMINI,
            replies=(GEMINI_ERROR, [GEMINI_ERROR]),
            status=400,
        ),
        Wire(
            url=f"{VERTEX}/google/models/gemini-old:streamGenerateContent",
            asked=GEMINI,
            replies=([GEMINI_REPLY, GEMINI_REPLY],),
        ),
        Wire(
            url=f"{VERTEX}/google/models/gemini-old:streamGenerateContent?alt=sse",
            asked=GEMINI,
            replies=(GEMINI_REPLY, GEMINI_REPLY),
            content_type=SSE,
            encode=sse,
        ),
    ),
    "Converse": (
        Wire(url=f"{NOVA}/converse", asked=CONVERSE, replies=(TURN,)),
        Wire(url=f"{NOVA}/converse", asked=CONVERSE, replies=({"message": "no"},), status=400),
        Wire(
            url=f"{NOVA}/converse-stream",
            asked=CONVERSE,
            replies=TURN_EVENTS,
            content_type=AWS_STREAM,
            encode=frames,
        ),
    ),
    "Cohere": (
        Wire(url=f"{HOST}/v2/chat", asked=COHERE, replies=(COHERE_REPLY, {"message": "no"})),
        Wire(url=f"{HOST}/v2/chat", asked=COHERE, replies=({"message": "no"},), status=400),
        Wire(
            url=f"{HOST}/v2/chat",
            asked=COHERE | STREAMED,
            replies=COHERE_EVENTS,
            content_type=SSE,
            encode=sse,
        ),
    ),
}
"""By the name of the API: the ways in which it is asked."""


def make_odd(value: Any, chance: random.Random) -> Any:
    """Return a copy of a JSON value of which some parts are gone, or are something else."""
    whole = [deepcopy(value)]
    for _ in range(chance.randint(1, MOST_PARTS)):
        holder, key = chance.choice(list(_find_places(whole)))
        if holder is not whole and chance.random() < 0.2:
            del holder[key]
        else:
            holder[key] = deepcopy(chance.choice(ODD))
    return whole[0]


def _find_places(value: Any) -> list[tuple[Any, Any]]:
    """Return each container with each key or index in it."""
    if not isinstance(value, dict | list):
        return []
    pairs = list(value.items() if isinstance(value, dict) else enumerate(value))
    return [
        *((value, key) for key, _ in pairs),
        *(place for _, item in pairs for place in _find_places(item)),
    ]


def make_interaction(wire: Wire, chance: random.Random) -> Interaction:
    """Return a call of an API, with an odd request, an odd reply, or both."""
    odd_request, odd_reply = chance.choice([(True, False), (False, True), (True, True)])
    asked = make_odd(wire.asked, chance) if odd_request else wire.asked
    if wire.encode is None:
        told = chance.choice(wire.replies)
        body = json.dumps(make_odd(told, chance) if odd_reply else told).encode()
    else:
        events = list(wire.replies)
        if odd_reply:
            for _ in range(chance.randint(1, MOST_PARTS)):
                at = chance.randrange(len(events))
                events[at] = make_odd(events[at], chance)
        body = wire.encode(events)
    headers = {"content-type": (wire.content_type,)}
    return Interaction(
        request=Request(method="POST", url=wire.url, body=json.dumps(asked).encode()),
        response=Response(status=wire.status, headers=headers, body=body),
    )


def look_at(interaction: Interaction) -> Call | None:
    """Do with an interaction all that a run does; return the call that it is."""
    requested_model(interaction.request, PROVIDERS)
    asked_models(interaction.request)
    Rewriter(providers=PROVIDERS, rename=lambda _: "new")(interaction.request)
    incomplete(interaction, PROVIDERS)
    call = read_call(interaction, PROVIDERS)
    if call is not None:
        extract_traits(Calls((call, call)))
    return call


def fuzz(api: str, *, rounds: int, seed: int) -> Counter[str]:
    """Look at odd calls of an API; return how often each outcome came.

    Raises AssertionError, with seed, round and call, where a provider has raised anything.
    """
    found: Counter[str] = Counter()
    for number in range(rounds):
        chance = random.Random(f"{api} {seed} {number}")
        interaction = make_interaction(chance.choice(WIRES[api]), chance)
        try:
            call = look_at(interaction)
        except Exception as error:
            raise AssertionError(
                f"{api}, seed {seed}, round {number}: {type(error).__name__}: {error}\n"
                f"request: {interaction.request.body!r}\nreply: {interaction.response.body!r}"
            ) from error
        found["none of its calls" if call is None else str(call.outcome)] += 1
    return found


def main() -> int:
    """Run by command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for api in WIRES:
        found = fuzz(api, rounds=arguments.rounds, seed=arguments.seed)
        told = ", ".join(f"{times:,} {what}" for what, times in found.most_common())
        sys.stdout.write(f"{api}: {told}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
