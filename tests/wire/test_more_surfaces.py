"""The rarer surfaces of the SDK, against the server that speaks more of the API."""

import pytest

from whole_api import WholeApi

TESTS = """
import json, os
from pathlib import Path

import anthropic, pytest

pytestmark = pytest.mark.llm
MODEL = "claude-opus-5"
SEEN = Path(os.environ["SEEN"])


@pytest.fixture
def client():
    return anthropic.Anthropic(base_url=os.environ["FULL_STAND"], max_retries=2)


@pytest.fixture
def seen(request):
    values = []
    yield lambda value: values.append(json.loads(json.dumps(value, default=str)))
    assert values
    (SEEN / f"{request.node.name}.json").write_text(json.dumps(values))


def asking(text, **more):
    message = {"role": "user", "content": text}
    return {"model": MODEL, "max_tokens": 100, "messages": [message], **more}


def test_batches(client, seen):
    batch = client.messages.batches.create(requests=[{"custom_id": "a", "params": asking("hi")}])
    seen(batch.to_dict(mode="json"))
    seen(client.messages.batches.retrieve(batch.id).to_dict(mode="json"))
    seen([result.to_dict(mode="json") for result in client.messages.batches.results(batch.id)])


def test_files(client, seen):
    file = client.beta.files.upload(file=("a.bin", bytes(range(256)), "application/octet-stream"))
    seen(file.to_dict(mode="json"))
    seen(list(client.beta.files.download(file.id).read()))


def test_an_image_in_the_request(client, seen):
    image = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    content = [{"type": "image", "source": image}, {"type": "text", "text": "What is it?"}]
    message = client.messages.create(
        model=MODEL, max_tokens=50, messages=[{"role": "user", "content": content}]
    )
    seen(message.to_dict(mode="json"))


def test_thinking_and_cache(client, seen):
    seen(client.messages.create(**asking("[[thinking]]")).to_dict(mode="json"))
    seen(client.messages.create(**asking("[[cache]]")).to_dict(mode="json"))
    seen(client.messages.create(**asking("[[server_tool]]")).to_dict(mode="json"))


@pytest.mark.llm(outcomes=["answered", "paused"])
def test_a_pause_that_is_resumed(client, seen):
    ask = asking("[[pause]]")
    paused = client.messages.create(**ask)
    seen(paused.to_dict(mode="json"))
    ask["messages"].append({"role": "assistant", "content": paused.to_dict()["content"]})
    seen(client.messages.create(**ask).to_dict(mode="json"))


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_compressed(client, seen, coding):
    seen(client.messages.create(**asking(f"[[enc {coding}]]")).to_dict(mode="json"))
    with client.messages.stream(**asking(f"[[enc {coding}]] stream")) as stream:
        seen([event.to_dict(mode="json") for event in stream])


def test_vertex(seen, llm_calls):
    client = anthropic.AnthropicVertex(
        region="us-east5",
        project_id="a-project",
        access_token="ya29." + "of-nobody-of-nobody-of-nobody",
        base_url=os.environ["FULL_STAND"] + "/v1",
    )
    seen(client.messages.create(**asking("hi")).to_dict(mode="json"))
    with client.messages.stream(**asking("stream")) as stream:
        seen([event.to_dict(mode="json") for event in stream])
    assert [call.requested_model for call in llm_calls] == [MODEL, MODEL]


def test_foundry(seen):
    client = anthropic.AnthropicFoundry(
        api_key="k" * 12, base_url=os.environ["FULL_STAND"] + "/anthropic/"
    )
    seen(client.messages.create(**asking("hi")).to_dict(mode="json"))
"""


@pytest.fixture(scope="module")
def full_stand():
    """Return a server that listens."""
    with WholeApi() as api:
        yield api


def test_each_surface_replays_what_was_recorded(project, full_stand, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    project.write(test_it=TESTS)
    url = {"FULL_STAND": full_stand.url}

    project.record(env={**url, "SEEN": str(first)}, passed=9)
    offline = {"FULL_STAND": "http://127.0.0.1:9"}
    project.replay(env={**offline, "SEEN": str(second)}, passed=9)

    names = sorted(path.name for path in first.iterdir())
    assert len(names) == 9
    for name in names:
        assert (second / name).read_text() == (first / name).read_text()


def test_vertex_is_replayed_without_credentials_of_google(project, full_stand, tmp_path):
    pytest.importorskip("google.auth", reason="google-auth is not installed")
    project.write(
        test_it="""
        import os

        import anthropic
        import pytest

        @pytest.mark.llm
        def test_default_credentials(llm_calls):
            given = {"access_token": os.environ["TOKEN"]} if "TOKEN" in os.environ else {}
            url = os.environ["FULL_STAND"] + "/v1"
            client = anthropic.AnthropicVertex(
                region="us-east5", project_id="a-project", base_url=url, **given
            )
            said = [{"role": "user", "content": "hi"}]
            client.messages.create(model="claude-opus-5", max_tokens=9, messages=said)
            assert llm_calls[0].requested_model == "claude-opus-5"
        """
    )
    token = "ya29." + "of-nobody-of-nobody-of-nobody"
    project.record(env={"FULL_STAND": full_stand.url, "TOKEN": token}, passed=1)

    project.replay(env={"FULL_STAND": "http://127.0.0.1:9"}, passed=1)
