"""OpenAI's SDK over a real socket: recorded, replayed without a key, asked for a candidate."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat_stand import ChatStand
from sdk_replies import env, take_seen, write_app

pytest.importorskip("openai", reason="openai is not installed")

OLD, NEW = "gpt-old", "gpt-new"
CANDIDATE = f"--llmregress-candidate={NEW}"
KEYS = {
    "OPENAI_API_KEY": "sk-nobody-0123456789abcdef",
    "AZURE_OPENAI_API_KEY": "a" * 32,
}  # llmregress: allow-secret
APP = """
    import asyncio
    import json
    import os
    import pathlib

    URL = os.environ["STAND"]
    TOOLS = [{"type": "function", "function": {
        "name": "find_order",
        "parameters": {"type": "object", "properties": {"id": {"type": "string"}}},
    }}]
    FLAT = [{"type": "function", "name": "find_order", "strict": False, **{
        key: TOOLS[0]["function"][key] for key in ("parameters",)
    }}]

    def seen(name, *found):
        path = pathlib.Path(os.environ["SEEN"]) / f"{name}.json"
        path.write_text(json.dumps([each.model_dump(mode="json") for each in found]))

    def said(text):
        return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]

    def client(**more):
        import openai
        return openai.OpenAI(base_url=URL + "/v1", **more)
"""
TEST = """
    import asyncio
    import json

    import httpx2
    import pytest
    from app import FLAT, TOOLS, URL, client, said, seen

    pytestmark = pytest.mark.llm

    def test_chat(llm_calls):
        messages = said("[[say Hi.]]")
        seen("chat", client().chat.completions.create(model="gpt-old", messages=messages))
        (call,) = llm_calls
        assert (call.text, call.usage.output_tokens > 0) == ("Hi.", True)
        assert (call.prompt.system, len(call.prompt.messages)) == ("Be brief.", 1)

    def test_chat_stream(llm_calls):
        stream = client().chat.completions.create(
            model="gpt-old", messages=said("[[say Hello there.]]"), stream=True,
            stream_options={"include_usage": True},
        )
        seen("chat_stream", *stream)
        assert llm_calls[0].text == "Hello there."

    def test_tools(llm_calls):
        messages = said('[[tool find_order {"id": "1042"}]]')
        first = client().chat.completions.create(model="gpt-old", messages=messages, tools=TOOLS)
        (asked,) = first.choices[0].message.tool_calls
        messages += [first.choices[0].message.model_dump(exclude_none=True), {
            "role": "tool", "tool_call_id": asked.id, "content": "on its way",
        }]
        second = client().chat.completions.create(model="gpt-old", messages=messages, tools=TOOLS)
        seen("tools", first, second)
        assert llm_calls.tools == ("find_order",)

    def test_async(llm_calls):
        async def ask():
            import openai
            async with openai.AsyncOpenAI(base_url=URL + "/v1") as own:
                one, two = await asyncio.gather(*(
                    own.chat.completions.create(model="gpt-old", messages=said(f"[[say {n}]]"))
                    for n in (1, 2)
                ))
                stream = await own.responses.create(model="gpt-old", input="[[say 3]]", stream=True)
                seen("async", one, two, *[event async for event in stream])
        asyncio.run(ask())
        assert sorted(call.text for call in llm_calls) == ["1", "2", "3"]

    def test_responses(llm_calls):
        own = client()
        one = own.responses.create(model="gpt-old", instructions="Be brief.", input="[[say Yes.]]")
        tool = own.responses.create(model="gpt-old", input="[[tool find_order {}]]", tools=FLAT)
        stream = own.responses.create(model="gpt-old", input="[[say In pieces.]]", stream=True)
        seen("responses", one, tool, *stream)
        assert [str(call.outcome) for call in llm_calls] == ["answered", "tool_use", "answered"]

    def test_azure(llm_calls):
        import openai
        own = openai.AzureOpenAI(azure_endpoint=URL, api_version="2026-01-01")
        seen("azure", own.chat.completions.create(model="gpt-old", messages=said("[[say Azure.]]")))
        assert llm_calls[0].requested_model in ("gpt-old", "gpt-new")

    def test_raw(llm_calls):
        body = {"model": "gpt-old", "messages": said("[[say Raw.]]")}
        reply = httpx2.post(URL + "/api/v1/chat/completions", json=body).json()
        assert reply["choices"][0]["message"]["content"] == "Raw."
"""


@pytest.fixture
def stand() -> Iterator[ChatStand]:
    stand = ChatStand().start()
    yield stand
    stand.stop()


@pytest.fixture
def apps(project, tmp_path: Path):
    return write_app(project, tmp_path, APP)


def drifted(project) -> list[str]:
    """Return the tests of which each was compared with its baseline, and differs."""
    found = project.found()
    assert all(test["drift"] for test in found.values())
    return [name for name, test in found.items() if test["drift"]["changes"]]


def test_what_the_sdk_gets_is_the_same_in_a_replay_without_a_key(apps, tmp_path: Path):
    apps.write(test_it=TEST)
    apps.record(env=env(apps, tmp_path, **KEYS), passed=7)
    recorded = take_seen(tmp_path)
    assert len(recorded) == 6
    for name, text in apps.files().items():
        assert b"sk-nobody" not in text, name

    apps.offline().replay(env=env(apps, tmp_path), passed=7)

    assert take_seen(tmp_path) == recorded
    apps.never_says("not understood")


def test_the_candidate_is_asked_for_by_every_client_and_what_drifts_is_named(apps, tmp_path: Path):
    drifting = """
        import pytest
        from app import client, said

        @pytest.mark.llm
        def test_refused():
            client().chat.completions.create(model="gpt-old", messages=said("[[say Yes.]] refuse"))
    """
    apps.write(test_it=TEST, test_drift=drifting)
    apps.record(env=env(apps, tmp_path, **KEYS), passed=8)
    assert set(apps.stand.asked) == {OLD}
    apps.stand.requests.clear()
    marks = apps.stand.marks
    refusing = {"refusal": "policy"}
    apps.stand.marks = lambda model, history: (
        refusing
        if model == NEW and "refuse" in str(history[-1]["content"])
        else marks(model, history)
    )

    apps.record(CANDIDATE, env=env(apps, tmp_path, **KEYS))

    assert set(apps.stand.asked) == {NEW}
    assert drifted(apps) == ["test_refused"]
    assert {name.split("@")[1].split(".")[0] for name in apps.names() if "@" in name} == {NEW}
    apps.says("refused")

    apps.offline().replay(CANDIDATE, env=env(apps, tmp_path))
    assert drifted(apps) == ["test_refused"]


def test_half_a_stream_is_no_recording(apps, tmp_path: Path):
    apps.write(
        test_it="""
        import pytest
        from app import client, said

        @pytest.mark.llm
        def test_chat():
            messages = said("[[say Only half of it.]] [[truncated_clean]]")
            list(client().chat.completions.create(model="gpt-old", messages=messages, stream=True))

        @pytest.mark.llm
        def test_responses():
            text = "[[say Only half of it.]] [[truncated_clean]]"
            list(client().responses.create(model="gpt-old", input=text, stream=True))
        """
    )

    apps.record(env=env(apps, tmp_path, **KEYS), failed=2)

    assert apps.files() == {}
    apps.says("without a finish reason", "without response.completed")


def test_an_application_sees_no_key_of_a_provider_that_is_not_recorded(apps, tmp_path: Path):
    apps.write(
        test_it="""
        import os
        import pytest
        from app import client, said

        @pytest.mark.llm
        def test_chooses():
            assert not os.environ.get("ANTHROPIC_API_KEY")
            client().chat.completions.create(model="gpt-old", messages=said("[[say Hi.]]"))
        """
    )
    without = {"ANTHROPIC_API_KEY": ""}

    apps.record(env=env(apps, tmp_path, **KEYS, **without), passed=1)
    apps.offline().replay(env=env(apps, tmp_path), passed=1)


def test_what_is_not_streamed_can_go_out_in_batches(apps, tmp_path: Path):
    apps.write(
        test_it="""
        import pytest
        from app import client, said

        @pytest.mark.llm
        @pytest.mark.parametrize("word", ["one", "two"])
        def test_chat(word):
            messages = said(f"[[say {word}]]")
            reply = client().chat.completions.create(model="gpt-old", messages=messages)
            assert reply.choices[0].message.content == word

        @pytest.mark.llm
        def test_responses():
            reply = client().responses.create(model="gpt-old", input="[[say so]]")
            assert reply.output_text == "so"
        """
    )

    apps.record("--llmregress-batch", env=env(apps, tmp_path, **KEYS), passed=3)

    assert apps.stand.asked == []
    sizes = sorted(len(data.splitlines()) for data in apps.stand.files.values())
    assert sizes == [1, 1, 2, 2]  # requests and answers, one batch for each endpoint
    apps.offline().replay(env=env(apps, tmp_path), passed=3)


def test_a_batch_that_fails_as_a_whole_says_why_and_is_handed_in_anew_by_the_next_run(
    apps, tmp_path: Path
):
    apps.write(
        test_it="""
        import pytest
        from app import client, said

        @pytest.mark.llm
        @pytest.mark.parametrize("word", ["one", "two"])
        def test_chat(word):
            messages = said(f"[[say {word}]]")
            client().chat.completions.create(model="gpt-old", messages=messages)
        """
    )
    apps.stand.fails_batches = "gpt-old is not available to batches"

    apps.record("--llmregress-batch", env=env(apps, tmp_path, **KEYS), failed=2)

    apps.says("batch batch_1 has failed: gpt-old is not available to batches")
    assert (apps.stand.asked, len(apps.stand.batches)) == ([], 1)
    apps.stand.fails_batches = ""
    apps.record("--llmregress-batch", env=env(apps, tmp_path, **KEYS), passed=2)
    assert (apps.stand.asked, len(apps.stand.batches)) == ([], 2)


def test_a_judge_is_asked_by_chat_completions(apps, tmp_path: Path):
    apps.write(
        test_it="""
        import pytest
        from app import client, said

        @pytest.mark.llm
        def test_judged(llm_judge, llm_calls):
            reply = client().chat.completions.create(model="gpt-old", messages=said("[[say Hi.]]"))
            judged = llm_judge(reply.choices[0].message.content, "greets")
            assert judged and judged.reason == "it does"
            assert len(llm_calls) == 1
        """
    )
    marks = apps.stand.marks
    verdict = {"json": json.dumps({"reason": "it does", "verdict": True})}
    apps.stand.marks = lambda model, history: (
        verdict if model.startswith("gpt-judge") else marks(model, history)
    )
    judge = "--llmregress-judge-model=gpt-judge-2026-01-01"
    own = env(apps, tmp_path, OPENAI_BASE_URL=f"{apps.stand.url}/v1")

    apps.record(judge, env=own | KEYS, passed=1)

    assert apps.stand.asked == [OLD, "gpt-judge-2026-01-01"]
    apps.offline().replay(judge, env=own, passed=1)
    apps.online().record(judge, CANDIDATE, env=own | KEYS, passed=1)
    assert apps.stand.asked[2:] == [NEW, "gpt-judge-2026-01-01"]  # it judges itself by no other


def test_a_call_that_names_no_model_is_not_the_candidates(apps, tmp_path: Path):
    apps.write(
        test_it="""
        import httpx2
        import pytest
        from app import URL, said

        @pytest.mark.llm
        def test_chat():
            httpx2.post(URL + "/v1/chat/completions", json={"messages": said("[[say Hi.]]")})
        """
    )
    apps.record(env=env(apps, tmp_path), passed=1)

    apps.record(CANDIDATE, env=env(apps, tmp_path), failed=1)

    assert apps.problems() == {"test_chat": ["not_rewritten"]}
    apps.says("asked for model-of-the-server, not for gpt-new")
    assert not [name for name in apps.names() if "@" in name]
