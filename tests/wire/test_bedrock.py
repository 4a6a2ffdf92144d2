"""Bedrock over a real socket: recorded, replayed without credentials, asked for a candidate."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud_stand import CloudStand
from llm_stand import Received
from sdk_replies import env, take_seen, write_app

pytest.importorskip("boto3", reason="boto3 is not installed")

OLD, NEW = "us.anthropic.old-v1:0", "us.anthropic.new-v1:0"
CANDIDATE = f"--llmregress-candidate={NEW}"
SECRET = "a-secret-that-nobody-may-find-4711"
KEYS = {
    "AWS_ACCESS_KEY_ID": "an-id-that-nobody-may-find-4711",
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_DEFAULT_REGION": "us-east-1",
}
APP = """
    import json
    import os
    import pathlib

    OLD = "us.anthropic.old-v1:0"
    TOOLS = {"tools": [{"toolSpec": {
        "name": "find_order",
        "inputSchema": {"json": {"type": "object", "properties": {"id": {"type": "string"}}}},
    }}]}

    def seen(name, *found):
        path = pathlib.Path(os.environ["SEEN"]) / f"{name}.json"
        for each in found:
            each.pop("ResponseMetadata", None)
        path.write_text(json.dumps(found))

    def client():
        import boto3
        return boto3.client("bedrock-runtime", endpoint_url=os.environ["STAND"])

    def said(text):
        return {"modelId": OLD, "messages": [{"role": "user", "content": [{"text": text}]}]}
"""
TEST = """
    import json

    import pytest
    from app import OLD, TOOLS, client, said, seen

    pytestmark = pytest.mark.llm

    def test_converse(llm_calls):
        asked = {**said("[[say Hi.]]"), "system": [{"text": "Be brief."}]}
        seen("converse", client().converse(**asked))
        (call,) = llm_calls
        assert (call.text, call.usage.output_tokens > 0) == ("Hi.", True)
        assert (call.prompt.system, len(call.prompt.messages)) == ("Be brief.", 1)

    def test_stream(llm_calls):
        stream = client().converse_stream(**said("[[say Hello there, you.]]"))["stream"]
        seen("stream", *stream)
        assert llm_calls[0].text == "Hello there, you."
        assert llm_calls[0].usage.output_tokens > 0

    def test_tools(llm_calls):
        own = client()
        asked = {**said('[[tool find_order {"id": "1042"}]]'), "toolConfig": TOOLS}
        first = own.converse(**asked)
        message = first["output"]["message"]
        (tool,) = [block["toolUse"] for block in message["content"] if "toolUse" in block]
        result = {"toolUseId": tool["toolUseId"], "content": [{"text": "on its way"}]}
        asked["messages"] += [message, {"role": "user", "content": [{"toolResult": result}]}]
        seen("tools", first, own.converse(**asked))
        assert llm_calls.tools == ("find_order",)
        assert [str(call.outcome) for call in llm_calls] == ["tool_use", "answered"]

    def test_invoke_model(llm_calls):
        asked = {
            "anthropic_version": "bedrock-2023-05-31", "max_tokens": 9,
            "messages": [{"role": "user", "content": "[[say Invoked.]]"}],
        }
        reply = client().invoke_model(modelId=OLD, body=json.dumps(asked))
        seen("invoke_model", json.load(reply["body"]))
        assert llm_calls[0].text == "Invoked."
"""


@pytest.fixture
def stand() -> Iterator[CloudStand]:
    stand = CloudStand().start()
    yield stand
    stand.stop()


@pytest.fixture
def apps(project, tmp_path: Path):
    return write_app(project, tmp_path, APP)


def sign_anew(request: Received, url: str) -> str:
    """Return the signature that a request must have, by what came in."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    given = request.headers["authorization"]
    names = given.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    headers = {name: request.headers[name] for name in names}
    again = AWSRequest(method="POST", url=url + request.path, data=request.body, headers=headers)
    again.context["timestamp"] = request.headers["x-amz-date"]
    keys = Credentials(KEYS["AWS_ACCESS_KEY_ID"], SECRET)
    signer = SigV4Auth(keys, "bedrock", "us-east-1")
    canonical = signer.canonical_request(again)
    return str(signer.signature(signer.string_to_sign(again, canonical), again))


def test_what_boto3_gets_is_the_same_in_a_replay_without_credentials(apps, tmp_path: Path):
    apps.write(test_it=TEST)
    apps.record(env=env(apps, tmp_path, **KEYS), passed=4)
    recorded = take_seen(tmp_path)
    assert len(recorded) == 4
    for name, text in apps.files().items():
        assert b"nobody-may-find" not in text, name

    apps.offline().replay(env=env(apps, tmp_path), passed=4)

    assert take_seen(tmp_path) == recorded
    apps.never_says("not understood")


def test_the_candidate_is_asked_for_and_signed_for_and_what_drifts_is_named(apps, tmp_path: Path):
    drifting = """
        import pytest
        from app import client, said

        @pytest.mark.llm
        def test_refused():
            client().converse(**said("[[say Yes.]] refuse"))
    """
    apps.write(test_it=TEST, test_drift=drifting)
    apps.record(env=env(apps, tmp_path, **KEYS), passed=5)
    assert set(apps.stand.asked) == {OLD}
    apps.stand.requests.clear()
    marks = apps.stand.marks
    apps.stand.marks = lambda model, history: (
        {"refusal": "policy"}
        if model == NEW and "refuse" in str(history[-1]["content"])
        else marks(model, history)
    )

    apps.record(CANDIDATE, env=env(apps, tmp_path, **KEYS))

    assert set(apps.stand.asked) == {NEW}
    for request in apps.stand.requests:
        signed = request.headers["authorization"].rpartition("Signature=")[2]
        assert signed == sign_anew(request, apps.stand.url), request.path
    found = apps.found()
    assert all(test["drift"] for test in found.values())
    assert [name for name, test in found.items() if test["drift"]["changes"]] == ["test_refused"]
    apps.says("refused")


def test_half_a_stream_is_no_recording(apps, tmp_path: Path):
    apps.write(
        test_it="""
        import pytest
        from app import client, said

        @pytest.mark.llm
        def test_stream():
            text = "[[say Only half of it.]] [[truncated_clean]]"
            list(client().converse_stream(**said(text))["stream"])
        """
    )

    apps.record(env=env(apps, tmp_path, **KEYS), failed=1)

    assert apps.files() == {}
    apps.says("the stream ended without a stopReason")
