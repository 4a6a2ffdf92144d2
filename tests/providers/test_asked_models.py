"""Which model a request asks for, and whether a candidate was asked."""

import json
from typing import Any

import pytest

from pytest_llmregress.providers.asked_models import asked_models, never_asked, wrong_models
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.http import Interaction, Request, Response
from pytest_llmregress.values.settings import Candidate

TALK = {"messages": [{"role": "user", "content": "Hello"}]}
CHAT = {"model": "gpt-old", **TALK}
VERTEX = "https://aiplatform.googleapis.com/v1/projects/p/locations/l"
GOOGLE = "https://generativelanguage.googleapis.com/v1beta/models"
AWS = "https://bedrock-runtime.us-east-1.amazonaws.com/model"
AZURE = "https://x.openai.azure.com/openai/deployments"


def request(url: str, body: Any = None, method: str = "POST") -> Request:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Request(method=method, url=url, body=data)


@pytest.mark.parametrize(
    ("url", "body", "models"),
    [
        ("https://api.openai.com/v1/chat/completions", CHAT, "gpt-old"),
        ("https://api.openai.com/v1/responses", {"model": "gpt-old", "input": "Hello"}, "gpt-old"),
        ("https://api.anthropic.com/v1/complete", {"model": "old", "prompt": "Hello"}, "old"),
        ("https://api.cohere.com/v1/chat", {"model": "command", "message": "Hello"}, "command"),
        ("http://localhost:11434/api/generate", {"model": "llama", "prompt": "Hello"}, "llama"),
        ("http://localhost:8000/ask?x=1", CHAT, "gpt-old"),
        ("https://openrouter.ai/api/v1/chat/completions", {"models": ["a", "b"], **TALK}, "a b"),
        (
            "https://host/v1/messages/batches",
            {"requests": [{"params": CHAT}, {"params": CHAT}, {"params": {**CHAT, "model": "b"}}]},
            "gpt-old b",
        ),
        (f"{GOOGLE}/gemini-old:generateContent?key=none", {"contents": []}, "gemini-old"),
        (f"{VERTEX}/endpoints/4711:generateContent", {"contents": []}, "4711"),
        (f"{GOOGLE}/gemini-old%3AstreamGenerateContent?alt=sse", {"contents": []}, "gemini-old"),
        (f"{AWS}/us.amazon.nova-lite-v1%3A0/converse", TALK, "us.amazon.nova-lite-v1:0"),
        (f"{AWS}/arn%3Aaws%3Abedrock%2Fnova/converse-stream", TALK, "arn:aws:bedrock/nova"),
        (f"{AWS}/meta.llama/invoke", {"prompt": "Hello"}, "meta.llama"),
        # With a deployment in the URL, Azure does not look at the model in the body.
        (f"{AZURE}/old/chat/completions?api-version=1", {**CHAT, "model": "x"}, "old"),
    ],
)
def test_the_model_is_read_from_the_body_or_the_path(url: str, body: Any, models: str):
    assert asked_models(request(url, body)) == tuple(models.split())


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("https://weather.example/forecast", {"city": "Paris"}),
        ("https://weather.example/forecast", {"model": "gfs", "city": "Paris"}),
        ("https://api.openai.com/v1/embeddings", {"model": "small", "input": "Hello"}),
        ("https://api.cohere.com/v2/embed", {"model": "embed-v4", "input": "Hello"}),
        ("http://localhost:11434/api/embed/", {"model": "nomic", "input": "Hello"}),
        ("https://api.openai.com/v1/moderations", {"model": "omni", "input": "Hello"}),
        ("https://api.openai.com/v1/images/generations", {"model": "dall-e", "prompt": "A cat"}),
        (f"{GOOGLE}/gemini-embedding:batchEmbedContents", {"contents": []}),
        (f"{GOOGLE}/gemini-old:countTokens", {"contents": []}),
        (f"{AWS}/amazon.titan-embed-text-v2%3A0/invoke", {"inputText": "Hello"}),
        (f"{AZURE}/small/embeddings", {"model": "small", "input": "Hello"}),
        ("https://host/v1/chat/completions", b"\x00\xff"),
        ("https://host/v1/chat/completions", ["model"]),
        ("https://host/v1/chat/completions", {"model": 3, **TALK}),
        ("https://host/v1/batches", {"requests": ["x", {"params": 3}, {}]}),
    ],
)
def test_what_asks_no_model_for_a_text_names_none(url: str, body: Any):
    assert asked_models(request(url, body)) == ()


AGENTS = "https://bedrock-agent-runtime.us-east-1.amazonaws.com"


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("https://api.openai.com/v1/threads/t1/runs", {"assistant_id": "a1"}),
        ("https://api.openai.com/v1/threads/runs", {"assistant_id": "a1", "thread": {}}),
        ("https://x.openai.azure.com/openai/threads/t1/runs?api-version=1", {"assistant_id": "a"}),
        ("https://api.openai.com/v1/threads/t1/runs/r1/submit_tool_outputs", {"tool_outputs": []}),
        (f"{AGENTS}/agents/A/agentAliases/B/sessions/C/text", {"inputText": "Hello"}),
        (f"{AGENTS}/retrieveAndGenerate", {"input": {"text": "Hello"}}),
        (f"{VERTEX}/reasoningEngines/4711:streamQuery?alt=sse", {"input": {}}),
        ("https://generativelanguage.googleapis.com/v1beta/interactions", {"agent": "research"}),
    ],
)
def test_an_agent_of_the_server_has_a_model_that_no_candidate_takes_the_place_of(url, body):
    asked = asked_models(request(url, body))

    assert asked == ("the model of an agent on the server",)
    assert wrong_models(Candidate(name="new"), asked) == asked


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:2024/threads/t1/runs",
        "https://api.openai.com/v1/threads/t1/messages",
        "https://api.openai.com/v1/conversations",
        f"{AGENTS}/knowledgebases/K/retrieve",
    ],
)
def test_what_has_no_agent_answer_asks_none(url: str):
    assert asked_models(request(url, {"assistant_id": "a1"})) == ()


def test_an_agent_whose_model_the_request_names_is_asked_for_that():
    body = {"assistant_id": "a1", "model": "gpt-old", "instructions": "Be brief."}

    assert asked_models(request("https://api.openai.com/v1/threads/t/runs", body)) == ("gpt-old",)


def test_only_a_post_asks_a_model():
    assert asked_models(request("https://host/v1/models/gpt-old", CHAT, method="GET")) == ()


@pytest.mark.parametrize(
    ("candidate", "asked", "wrong"),
    [
        ("new", "new", ""),
        ("new", "old", "old"),
        ("new", "new old", "old"),
        ("old=new", "new other", ""),
        ("old=new", "new old other", "old"),
        ("old=new", "other", "other"),
        ("old=new", "", ""),
    ],
)
def test_a_candidate_was_asked_where_nothing_asks_for_what_it_replaces(
    candidate: str, asked: str, wrong: str
):
    assert wrong_models(Candidate(name=candidate), asked.split()) == tuple(wrong.split())


@pytest.mark.parametrize(
    ("candidate", "judge", "models"),
    [
        (None, False, ""),
        ("gpt-new", False, "gpt-old"),
        ("gpt-old", False, ""),
        ("gpt-old=gpt-new", False, "gpt-old"),
        ("gpt-new", True, ""),
        ("gpt-new.old-model", False, ""),
    ],
)
def test_a_recording_tells_whether_its_candidate_was_asked(
    candidate: str | None, *, judge: bool, models: str
):
    asked = request("https://api.openai.com/v1/chat/completions", CHAT)
    interaction = Interaction(request=asked, response=Response(status=200), judge=judge)
    cassette = Cassette(test="test_a.py::test_a", candidate=candidate, interactions=(interaction,))

    assert never_asked(cassette) == tuple(models.split())
