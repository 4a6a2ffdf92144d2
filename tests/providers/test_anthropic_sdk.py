"""Tests of the SDK's seams: no key for a replay, another model on the wire, nothing left behind."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic._base_client import BaseClient

from pytest_llmregress.providers.anthropic.reader import AnthropicProvider
from pytest_llmregress.providers.rewriting import Rewriter
from pytest_llmregress.providers.sdk_seams import SentRequests, open_seams
from pytest_llmregress.redaction.redactor import Redactor

MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-opus-5",
    "content": [{"type": "text", "text": "Hello"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
ASKED: dict[str, Any] = {
    "model": "claude-opus-5",
    "max_tokens": 10,
    "messages": [{"role": "user", "content": "Hello"}],
}


class Wire:
    """An HTTP client that keeps what is sent."""

    def __init__(self) -> None:
        self.requests: list[httpx2.Request] = []
        self.client = httpx2.Client(transport=httpx2.MockTransport(self._answer))

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        return httpx2.Response(200, json=MESSAGE)

    @property
    def body(self) -> Any:
        return json.loads(self.requests[-1].content)

    @property
    def url(self) -> str:
        return str(self.requests[-1].url)


@contextmanager
def open_sdk(
    *, replaying: bool, rename: Callable[[str], str] | None = None
) -> Iterator[SentRequests]:
    provider = AnthropicProvider()
    with open_seams(
        (provider.sdk,),
        replaying=replaying,
        environment=provider.sdk.environment,
        rewrite=Rewriter(providers=(provider,), rename=rename),
    ) as sent:
        yield sent


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Wire]:
    """Return a wire, in an environment without any credentials."""
    for name in list(os.environ):
        if name.startswith(("ANTHROPIC_", "AWS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    wire = Wire()
    yield wire
    wire.client.close()


def swap(model: str) -> str:
    return "claude-opus-5-5" if model == "claude-opus-5" else model


def opus_5_5(_: str) -> str:
    return "claude-opus-5-5"


# --- keys ------------------------------------------------------------------------------------


def test_a_replay_needs_no_key_even_of_a_client_made_before_it(wire: Wire):
    client = anthropic.Anthropic(http_client=wire.client)

    with open_sdk(replaying=True):
        answer = client.messages.create(**ASKED)

    assert answer.model == "claude-opus-5"
    assert "x-api-key" not in wire.requests[0].headers


def test_a_client_made_in_a_replay_needs_no_key_either(wire: Wire):
    with open_sdk(replaying=True):
        anthropic.Anthropic(http_client=wire.client).messages.create(**ASKED)

    assert len(wire.requests) == 1


def test_a_recording_needs_a_key(wire: Wire):
    client = anthropic.Anthropic(http_client=wire.client)

    with (
        open_sdk(replaying=False),
        pytest.raises((TypeError, anthropic.AnthropicError)),
    ):
        client.messages.create(**ASKED)

    assert wire.requests == []


def test_a_replay_needs_no_profile_even_where_one_is_named(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("ANTHROPIC_PROFILE", "one-that-is-not-there")

    with open_sdk(replaying=True):
        anthropic.Anthropic(http_client=wire.client).messages.create(**ASKED)

    assert len(wire.requests) == 1
    assert list(tmp_path.rglob("*")) == []


def test_a_key_that_is_set_stays_set_in_a_replay(wire: Wire, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a key")

    with open_sdk(replaying=True):
        assert os.environ["ANTHROPIC_API_KEY"] == "a key"


@pytest.mark.parametrize("replaying", [True, False])
def test_nothing_of_it_outlasts_the_context(wire: Wire, replaying: bool):
    environment = dict(os.environ)
    build, validate = BaseClient._build_request, anthropic.Anthropic._validate_headers
    own = "custom_auth" in vars(anthropic.Anthropic)

    with (
        pytest.raises(ZeroDivisionError),
        open_sdk(replaying=replaying, rename=swap),
    ):
        raise ZeroDivisionError

    assert dict(os.environ) == environment
    assert BaseClient._build_request is build
    assert anthropic.Anthropic._validate_headers is validate
    assert ("custom_auth" in vars(anthropic.Anthropic)) is own


# --- models ----------------------------------------------------------------------------------


def client_of(wire: Wire, base_url: str | None = None) -> anthropic.Anthropic:
    return anthropic.Anthropic(api_key="a key", base_url=base_url, http_client=wire.client)


def test_the_wire_asks_for_the_candidate_and_the_callers_own_arguments_stay(wire: Wire):
    asked = {**ASKED}

    with open_sdk(replaying=False, rename=swap):
        client_of(wire).messages.create(**asked)

    assert wire.body == {**ASKED, "model": "claude-opus-5-5"}
    assert asked == ASKED


def test_a_model_that_is_not_to_be_replaced_stays(wire: Wire):
    with open_sdk(replaying=False, rename=swap):
        client_of(wire).messages.create(**{**ASKED, "model": "claude-haiku-5"})

    assert wire.body["model"] == "claude-haiku-5"


def test_a_model_in_the_extra_body_is_replaced_too(wire: Wire):
    with open_sdk(replaying=False, rename=swap):
        client_of(wire).messages.create(
            **{**ASKED, "model": "claude-haiku-5"}, extra_body={"model": "claude-opus-5"}
        )

    assert wire.body["model"] == "claude-opus-5-5"


def test_the_other_methods_of_messages_are_rewritten_as_well(wire: Wire):
    with open_sdk(replaying=False, rename=swap):
        client = client_of(wire)
        client.beta.messages.create(**ASKED, betas=["a-beta"])
        client.messages.with_raw_response.create(**ASKED)
        client.messages.count_tokens(model=ASKED["model"], messages=ASKED["messages"])
        client.post("/v1/messages", body=dict(ASKED), cast_to=object)

    assert [json.loads(each.content)["model"] for each in wire.requests] == ["claude-opus-5-5"] * 4


def test_every_request_of_a_batch_is_rewritten(wire: Wire):
    batch = [{"custom_id": str(number), "params": {**ASKED}} for number in range(2)]

    with open_sdk(replaying=False, rename=swap):
        client_of(wire).messages.batches.create(requests=batch)  # type: ignore[arg-type]  # dicts

    assert [each["params"]["model"] for each in wire.body["requests"]] == ["claude-opus-5-5"] * 2
    assert batch[0]["params"]["model"] == "claude-opus-5"


def test_a_retry_does_not_rename_twice(wire: Wire):
    statuses = iter([529, 200])

    def answer(request: httpx2.Request) -> httpx2.Response:
        wire.requests.append(request)
        return httpx2.Response(next(statuses), json=MESSAGE, headers={"retry-after-ms": "1"})

    chain = {"claude-opus-5": "claude-b", "claude-b": "claude-b"}
    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    with http, open_sdk(replaying=False, rename=lambda model: chain[model]):
        anthropic.Anthropic(api_key="a key", http_client=http).messages.create(**ASKED)

    assert [json.loads(each.content)["model"] for each in wire.requests] == ["claude-b"] * 2


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("/model/anthropic.claude-opus-5/invoke", "/model/claude-opus-5-5/invoke"),
        (
            "/model/us.anthropic.claude-opus-5-v1%3A0/invoke-with-response-stream",
            "/model/claude-opus-5-5/invoke-with-response-stream",
        ),
        (
            "/projects/p/locations/l/publishers/anthropic/models/claude-opus-5:rawPredict",
            "/projects/p/locations/l/publishers/anthropic/models/claude-opus-5-5:rawPredict",
        ),
        (
            (
                "/projects/p/locations/l/publishers/anthropic/models/claude-opus-5@20260131"
                ":streamRawPredict"
            ),
            "/projects/p/locations/l/publishers/anthropic/models/claude-opus-5-5:streamRawPredict",
        ),
        (
            "/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict",
            "/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict",
        ),
        ("/v1/models/claude-opus-5", "/v1/models/claude-opus-5"),
        ("/v1/messages?beta=true", "/v1/messages?beta=true"),
    ],
)
def test_a_model_in_the_url_is_replaced_where_a_cloud_has_it_there(wire: Wire, url: str, sent: str):
    with open_sdk(replaying=False, rename=opus_5_5):
        client_of(wire).post(url, body={"max_tokens": 1}, cast_to=object)

    assert wire.url == f"https://api.anthropic.com{sent}"


@pytest.mark.parametrize("name", ["us.anthropic.claude-opus-5-v1:0", "claude-opus-5@20260131"])
def test_a_candidate_in_a_url_keeps_its_colon_and_its_at_sign(wire: Wire, name: str):
    with open_sdk(replaying=False, rename=lambda _: name):
        client_of(wire).post("/model/x/invoke", body={"max_tokens": 1}, cast_to=object)

    assert wire.url == f"https://api.anthropic.com/model/{name}/invoke"


# --- what was sent ---------------------------------------------------------------------------


def test_each_request_that_the_sdk_builds_is_counted(wire: Wire):
    with open_sdk(replaying=False) as sent:
        client = client_of(wire)
        client.messages.create(**ASKED)
        client.messages.create(**ASKED)
        client.messages.count_tokens(model=ASKED["model"], messages=ASKED["messages"])

    one, count = ("POST", "/v1/messages"), ("POST", "/v1/messages/count_tokens")

    def missing_from(*seen: tuple[str, str]) -> tuple[str, ...]:
        return sent.missing_from(seen, redact=str)

    assert missing_from(one, one, count) == ()
    assert missing_from(one) == ("POST /v1/messages", "POST /v1/messages/count_tokens")
    assert missing_from(one, one, one, ("GET", "/else")) == ("POST /v1/messages/count_tokens",)


def test_a_secret_in_the_path_neither_hides_a_request_nor_is_told(wire: Wire):
    redact = Redactor.of_environment({"GATEWAY_TOKEN": "gw-4f9a8b7c6d5e"}).url
    with open_sdk(replaying=False) as sent:
        client = client_of(wire, base_url="https://gateway.test/gw-4f9a8b7c6d5e")
        client.messages.create(**ASKED)

    for path in ("gw-4f9a8b7c6d5e", "[redacted]"):
        seen = [("POST", f"https://gateway.test/{path}/v1/messages")]
        assert sent.missing_from(seen, redact=redact) == ()
    assert sent.missing_from([], redact=redact) == ("POST /[redacted]/v1/messages",)
