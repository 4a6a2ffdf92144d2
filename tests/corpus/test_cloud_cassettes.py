"""Cassettes that another project recorded from Gemini, Vertex and Bedrock, by their own SDKs."""

import base64
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import unquote

import pytest

from cassette_checks import OUTSIDE
from pytest_llmregress.providers.asked_models import asked_models
from pytest_llmregress.providers.registry import (
    built_in_providers,
    incomplete,
    read_call,
    requested_model,
    sdk_supports,
)
from pytest_llmregress.providers.sdk_seams import open_seams
from pytest_llmregress.recording.cassette_session import CassetteSession, Miss, SampleMode
from pytest_llmregress.recording.http_patching import patch_http
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.storage.vcr_format.reader import read_any_cassette
from pytest_llmregress.values.call import Call, Outcome, ToolRunner
from pytest_llmregress.values.http import Interaction

CORPUS = OUTSIDE / "provider-cassettes"
FOLDERS = (
    *("gemini-generate", "gemini-stream", "vertex-generate", "gateway"),
    *("bedrock-converse", "bedrock-converse-stream", "mixed"),
)
FILES = sorted(path for folder in FOLDERS for path in (CORPUS / folder).glob("*.yaml"))
OURS = frozenset({"gemini", "bedrock"})
PROVIDERS = built_in_providers()

if not FILES:
    pytest.skip(f"there are no cassettes in {CORPUS}", allow_module_level=True)


def calls(provider: str | None = None) -> Iterator[tuple[Path, Interaction, Call]]:
    for path in FILES:
        for each in read_any_cassette(path).interactions:
            call = read_call(each, PROVIDERS)
            if call is not None and call.provider in ({provider} if provider else OURS):
                yield path, each, call


def test_every_call_is_read_and_nothing_else_is():
    unread = [
        (path.name, each.request.url)
        for path in FILES
        for each in read_any_cassette(path).interactions
        if bool(re.search(r"[gG]enerateContent|/converse", each.request.url))
        != (getattr(read_call(each, PROVIDERS), "provider", None) in OURS)
    ]

    assert unread == []
    assert Counter(call.provider for _, _, call in calls()) == {"gemini": 100, "bedrock": 48}


def test_each_call_names_the_model_that_the_url_names():
    wrong = [
        (path.name, call.requested_model)
        for path, each, call in calls()
        if asked_models(each.request) != (requested_model(each.request, PROVIDERS),)
    ]

    assert wrong == []


def test_what_is_not_understood_of_a_reply_has_its_reason():
    told = Counter(
        (call.error or "").partition(": ")[0]
        for _, each, call in calls()
        if call.outcome is Outcome.ERROR and each.response.status < 400
    )

    assert told == {"UNEXPECTED_TOOL_CALL": 3}
    assert Counter(call.outcome for _, _, call in calls() if call.outcome is Outcome.REFUSED) == {
        Outcome.REFUSED: 2
    }


def test_each_prompt_is_read_whole():
    """No message and no system prompt of a request is lost, whichever form it has."""
    unread = 0
    for path, _, call in calls():
        given, prompt = call.request, call.prompt
        unread += not given
        messages = given.get("contents") or given.get("messages") or ()
        assert len(prompt.messages) == len(messages), path.name
        system = given.get("systemInstruction") or given.get("system")
        assert bool(prompt.system) == bool(system), path.name

    assert unread == 1  # the end of its body was cut off by hand


def test_no_cut_of_a_recorded_stream_passes_for_whole():
    cut = []
    for path, each, call in calls():
        if not call.streamed or incomplete(each, PROVIDERS) is not None:
            continue
        body = each.response.body
        for at in range(len(body) // 8, int(len(body) * 0.9), max(1, len(body) // 8)):
            half = replace(each, response=replace(each.response, body=body[:at]))
            if incomplete(half, PROVIDERS) is None:
                cut.append((path.name, at, len(body)))

    assert cut == []


def test_gemini_replays_through_the_sdk_and_agrees_with_its_fields():
    genai = pytest.importorskip("google.genai", reason="google-genai is not installed")
    replayed = Counter()
    for path in FILES:
        recorded = read_any_cassette(path).interactions
        for each in recorded:
            call = read_call(each, PROVIDERS)
            if call is None or call.provider != "gemini" or "localhost" in each.request.url:
                continue
            with replaying(recorded):
                got = _ask_google(genai, each)
            replayed[each.response.status < 400, call.streamed] += 1
            if got is None:
                assert each.response.status >= 400, path.name
                continue
            assert _ours(call) == _of_google(genai, got, each), path.name

    assert replayed == {(True, False): 88, (True, True): 8, (False, False): 3}


def test_bedrock_replays_through_boto3_and_agrees_with_its_fields():
    boto3 = pytest.importorskip("boto3", reason="boto3 is not installed")
    replayed = Counter()
    for path in FILES:
        recorded = read_any_cassette(path).interactions
        for each in recorded:
            call = read_call(each, PROVIDERS)
            if call is None or call.provider != "bedrock" or not call.request:
                continue
            with replaying(recorded):
                got = _ask_aws(boto3, each, call)
            replayed[each.response.status < 400, call.streamed] += 1
            if got is None:
                assert each.response.status >= 400, path.name
                continue
            assert _ours(call) == got, path.name

    assert replayed == {(True, False): 38, (True, True): 6, (False, False): 3}


def replaying(recorded: Any) -> Any:
    from contextlib import ExitStack

    tape = CassetteSession(
        mode=SampleMode.REPLAY, recorded=recorded, redactor=Redactor(), on_miss=_missed
    )
    stack = ExitStack()
    stack.enter_context(
        open_seams(
            sdk_supports(PROVIDERS), replaying=True, environment={}, rewrite=lambda asked: asked
        )
    )
    stack.enter_context(patch_http(tape))
    return stack


def _missed(miss: Miss) -> NoReturn:
    raise AssertionError(miss)


def _ours(call: Call) -> tuple[str, list[str], str | None, int]:
    asked = [t.name for t in call.tool_calls if t.run_by is ToolRunner.CLIENT]
    return call.text, asked, call.stop_reason, call.usage.total_tokens


def _ask_google(genai: Any, each: Interaction) -> list[Any] | None:
    """Return what the SDK's transport gives of a reply; None where it raises an error."""
    base, _, rest = each.request.url.partition(".com/")
    version, _, path = rest.partition("/")
    client = _client_of_google(genai, f"{base}.com", version)
    body = json.loads(each.request.body)
    try:
        if "streamGenerate" in path:
            chunks = client._api_client.request_streamed("post", path, body)
            return [json.loads(chunk.body) for chunk in chunks]
        return [json.loads(client._api_client.request("post", path, body).body)]
    except genai.errors.APIError:
        return None


@cache
def _client_of_google(genai: Any, base: str, version: str) -> Any:
    options = {"base_url": base, "api_version": version}
    more: dict[str, Any] = {"api_key": "none"}
    if "aiplatform" in base:
        more = {"vertexai": True, "project": "p", "location": "global"}
    return genai.Client(http_options=options, **more)


@cache
def _client_of_aws(boto3: Any, region: str) -> Any:
    from botocore.config import Config

    kept = Config(parameter_validation=False)  # the recorded bodies stay as they are
    return boto3.client("bedrock-runtime", region_name=region, config=kept)


def _of_google(genai: Any, bodies: list[Any], each: Interaction) -> Any:
    is_vertex = "aiplatform" in each.request.url
    convert = dict if is_vertex else genai.models._GenerateContentResponse_from_mldev
    read = [
        genai.types.GenerateContentResponse._from_response(response=convert(body), kwargs={})
        for body in bodies
    ]
    text = "".join(
        part.text or ""
        for each in read
        for candidate in (each.candidates or ())[:1]
        for part in (candidate.content and candidate.content.parts) or ()
        if not part.thought
    )
    calls = [call.name for each in read for call in each.function_calls or ()]
    ends = [each.candidates[0].finish_reason for each in read if each.candidates]
    blocks = [each.prompt_feedback for each in read if each.prompt_feedback]
    reason = next((end.value for end in reversed(ends) if end), None)
    return (
        text,
        calls,
        reason or blocks[0].block_reason.value,
        (read[-1].usage_metadata.total_token_count),
    )


def _ask_aws(boto3: Any, each: Interaction, call: Call) -> Any:
    """Return the same of what boto3 makes of a reply; None where it raises an error."""
    from botocore.exceptions import ClientError

    client = _client_of_aws(boto3, each.request.url.split(".")[1])
    name = unquote(each.request.url.split("/model/")[1].rpartition("/")[0])
    asked = {**_with_bytes(json.loads(each.request.body)), "modelId": name}
    try:
        if call.streamed:
            return _of_events(client.converse_stream(**asked)["stream"])
        reply = client.converse(**asked)
    except ClientError:
        return None
    content, usage = reply["output"]["message"]["content"], reply["usage"]
    tools = [b["toolUse"] for b in content if "toolUse" in b]
    asked_for = [t["name"] for t in tools if t.get("type") != "server_tool_use"]
    text = "".join(block.get("text", "") for block in content)
    return text, asked_for, reply["stopReason"], usage["totalTokens"]


def _of_events(events: Any) -> Any:
    text, tools, reason, total = "", [], None, 0
    for event in events:
        ((kind, given),) = event.items()
        if kind == "contentBlockStart" and "toolUse" in given["start"]:
            tool = given["start"]["toolUse"]
            tools += [tool["name"]] if tool.get("type") != "server_tool_use" else []
        elif kind == "contentBlockDelta":
            text += given["delta"].get("text", "")
        elif kind == "messageStop":
            reason = given["stopReason"]
        elif kind == "metadata":
            total = given["usage"]["totalTokens"]
    return text, tools, reason, total


def _with_bytes(value: Any) -> Any:
    """Return a body as boto3 is given it: it encodes files itself."""
    if isinstance(value, list):
        return [_with_bytes(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: base64.b64decode(each)
        if key in {"bytes", "redactedContent"} and isinstance(each, str)
        else _with_bytes(each)
        for key, each in value.items()
    }
