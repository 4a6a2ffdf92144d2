"""Google's SDK over a real socket: recorded, replayed without a key, asked for a candidate."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud_stand import CloudStand
from sdk_replies import env, take_seen, write_app

pytest.importorskip("google.genai", reason="google-genai is not installed")

OLD, NEW = "gemini-old", "gemini-new"
CANDIDATE = f"--llmregress-candidate={NEW}"
KEY = "a-key-that-nobody-may-find-4711"
APP = """
    import json
    import os
    import pathlib

    URL = os.environ["STAND"]
    BRIEF = {"system_instruction": "Be brief."}
    TOOLS = {"tools": [{"function_declarations": [{
        "name": "find_order",
        "parameters_json_schema": {"type": "object", "properties": {"id": {"type": "string"}}},
    }]}]}

    def seen(name, *found):
        path = pathlib.Path(os.environ["SEEN"]) / f"{name}.json"
        path.write_text(json.dumps([
            each.model_dump(mode="json", exclude={"sdk_http_response"}) for each in found
        ]))

    def client(**more):
        from google import genai
        return genai.Client(http_options={"base_url": URL}, **more)
"""
TEST = """
    import asyncio

    import httpx2
    import pytest
    from app import BRIEF, TOOLS, URL, client, seen

    pytestmark = pytest.mark.llm

    def test_generate(llm_calls):
        own = client()
        reply = own.models.generate_content(
            model="gemini-old", contents="[[say Hi.]]", config=BRIEF
        )
        seen("generate", reply)
        (call,) = llm_calls
        assert (call.text, call.usage.output_tokens > 0) == ("Hi.", True)
        assert (call.prompt.system, len(call.prompt.messages)) == ("Be brief.", 1)

    def test_stream(llm_calls):
        own = client()
        said = "[[say Hello there, you.]]"
        chunks = own.models.generate_content_stream(model="gemini-old", contents=said)
        seen("stream", *chunks)
        assert llm_calls[0].text == "Hello there, you."
        assert llm_calls[0].usage.output_tokens > 0

    def test_tools(llm_calls):
        own = client()
        chat = own.chats.create(model="gemini-old", config=TOOLS)
        first = chat.send_message('[[tool find_order {"id": "1042"}]]')
        (asked,) = first.function_calls
        from google.genai import types
        second = chat.send_message(types.Part.from_function_response(
            name=asked.name, response={"is": "on its way"}
        ))
        seen("tools", first, second)
        assert llm_calls.tools == ("find_order",)
        assert [str(call.outcome) for call in llm_calls] == ["tool_use", "answered"]

    def test_async(llm_calls):
        async def ask():
            async with client().aio as own:
                one, two = await asyncio.gather(*(
                    own.models.generate_content(model="gemini-old", contents=f"[[say {n}]]")
                    for n in (1, 2)
                ))
                stream = await own.models.generate_content_stream(
                    model="gemini-old", contents="[[say 3]]"
                )
                seen("async", one, two, *[chunk async for chunk in stream])
        asyncio.run(ask())
        assert sorted(call.text for call in llm_calls) == ["1", "2", "3"]

    def test_vertex(llm_calls):
        from google import genai
        own = genai.Client(
            vertexai=True, project="p", location="global", http_options={"base_url": URL},
            **CREDENTIALS(),
        )
        seen("vertex", own.models.generate_content(model="gemini-old", contents="[[say V.]]"))
        assert llm_calls[0].text == "V."

    def CREDENTIALS():
        import os
        if "TOKEN" not in os.environ:
            return {}
        from google.oauth2.credentials import Credentials
        return {"credentials": Credentials(token=os.environ["TOKEN"])}

    def test_raw(llm_calls):
        import os
        key = os.environ["GEMINI_API_KEY"]
        url = f"{URL}/v1beta/models/gemini-old:streamGenerateContent?key={key}"
        body = {"contents": [{"parts": [{"text": "[[say Raw and in pieces.]]"}]}]}
        assert len(httpx2.post(url, json=body).json()) > 2
        assert llm_calls[0].text == "Raw and in pieces."
"""


@pytest.fixture
def stand() -> Iterator[CloudStand]:
    stand = CloudStand().start()
    yield stand
    stand.stop()


@pytest.fixture
def apps(project, tmp_path: Path):
    return write_app(project, tmp_path, APP)


KEYS = {"GEMINI_API_KEY": KEY, "TOKEN": KEY}


def test_what_the_sdk_gets_is_the_same_in_a_replay_without_a_key(apps, tmp_path: Path):
    apps.write(test_it=TEST)
    apps.record(env=env(apps, tmp_path, **KEYS), passed=6)
    recorded = take_seen(tmp_path)
    assert len(recorded) == 5
    assert any(KEY in str(request.headers) for request in apps.stand.requests)
    assert any(f"key={KEY}" in request.path for request in apps.stand.requests)
    for name, text in apps.files().items():
        assert KEY.encode() not in text, name

    apps.offline().replay(env=env(apps, tmp_path), passed=6)

    assert take_seen(tmp_path) == recorded
    apps.never_says("not understood")


def test_the_candidate_is_asked_for_by_every_client_and_what_drifts_is_named(apps, tmp_path: Path):
    drifting = """
        import pytest
        from app import client

        @pytest.mark.llm
        def test_refused():
            own = client()
            own.models.generate_content(model="gemini-old", contents="[[say Yes.]] refuse")
    """
    apps.write(test_it=TEST, test_drift=drifting)
    apps.record(env=env(apps, tmp_path, **KEYS), passed=7)
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
    found = apps.found()
    assert all(test["drift"] for test in found.values())
    assert [name for name, test in found.items() if test["drift"]["changes"]] == ["test_refused"]
    apps.says("refused")


def test_half_a_stream_is_no_recording(apps, tmp_path: Path):
    apps.write(
        test_it="""
        import pytest
        from app import client

        @pytest.mark.llm
        def test_stream():
            own = client()
            said = "[[say Only half of it.]] [[truncated_clean]]"
            list(own.models.generate_content_stream(model="gemini-old", contents=said))
        """
    )

    apps.record(env=env(apps, tmp_path, **KEYS), failed=1)

    assert apps.files() == {}
    apps.says("the stream ended without a finishReason")
