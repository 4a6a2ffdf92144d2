"""Record `tests/data/cassettes` again: cassettes of vcrpy and of pytest-recording.

    python -m pip install -e ".[test]" "pytest-recording>=0.14" httpx
    python tests/helpers/record_cassettes.py

The clients are real, the server of `whole_api` answers them over a socket, and vcrpy writes what
passes. `tests/data/README.md` says which versions recorded what is there.
"""

import asyncio
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import anthropic
import httpx
import httpx2
import requests
import urllib3
import vcr
import yaml

from whole_api import WholeApi

CASSETTES = Path(__file__).resolve().parents[1] / "data" / "cassettes"
PORT = 18500
KEY = "no-key-at-all"
MODEL = "claude-opus-5"
TOOL = {
    "name": "find_order",
    "description": "Find an order by its number.",
    "input_schema": {"type": "object", "properties": {"order": {"type": "integer"}}},
}
ENDINGS = (
    "[[say Paris.]]", "[[unicode]]", "[[size 900]]", "[[stop_seq END]]", "[[max_tokens]]",
    "[[ctx]]", "[[refusal cyber]]", "[[thinking]] [[redacted]]", "[[server_tool]] [[cache]]",
)  # fmt: skip
"""What is asked for, one call each."""
ASKED_MODELS = (
    "claude-opus-5", "claude-opus-5-5", "claude-haiku-4-5", "claude-haiku-4-5-20251001",
    "claude-opus-4-5", "claude-sonnet-4-0", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929",
    "claude-3-5-haiku-latest",
)  # fmt: skip
PLUGIN_TESTS = """
import anthropic
import pytest

client = anthropic.Anthropic(base_url={url!r}, api_key={key!r})


@pytest.fixture(scope="module")
def vcr_config():
    return {{"filter_headers": ["x-api-key", "authorization"]}}


@pytest.mark.vcr
@pytest.mark.parametrize("city", ["Paris", "Zürich", "a/b[c]"])
def test_city(city):
    message = {{"role": "user", "content": f"[[say {{city}}]]"}}
    client.messages.create(model={model!r}, max_tokens=50, messages=[message])


@pytest.mark.vcr
class TestStream:
    def test_text(self):
        message = {{"role": "user", "content": "[[size 200]]"}}
        with client.messages.stream(model={model!r}, max_tokens=50, messages=[message]) as stream:
            stream.get_final_text()
"""


class ParsedBodies:
    """A serializer of vcrpy that keeps bodies as structure, as suites of some projects do."""

    @staticmethod
    def serialize(cassette: Mapping[str, Any]) -> str:
        """Return the file; JSON and texts lie under `parsed_body`."""
        for interaction in cassette["interactions"]:
            for side in interaction.values():
                lower = {name.lower(): values for name, values in side["headers"].items()}
                if lower.get("content-type", [""])[0] != "application/json":
                    continue
                body = side.pop("body")
                text = body["string"] if isinstance(body, dict) else body
                side["headers"] = lower
                side["parsed_body"] = json.loads(text)
        return yaml.safe_dump(cassette, allow_unicode=True, width=120)

    @staticmethod
    def deserialize(text: str) -> Any:
        """Refuse: what is recorded here starts anew."""
        raise NotImplementedError(text)


def asking(text: str | list[Any], **more: Any) -> dict[str, Any]:
    """Return a request in the API's JSON."""
    message = {"role": "user", "content": text}
    return {"model": MODEL, "max_tokens": 100, "messages": [message], **more}


def sdk(url: str) -> anthropic.Anthropic:
    """Return a client; its key is none."""
    return anthropic.Anthropic(base_url=url, api_key=KEY, max_retries=1)


def messages(url: str) -> None:
    for text in ENDINGS:
        sdk(url).messages.create(**asking(text))


def streams(url: str) -> None:
    for text in ENDINGS:
        with sdk(url).messages.stream(**asking(text)) as stream:
            stream.get_final_message()


def tools(url: str, *, streamed: bool = False) -> None:
    text = '[[tool find_order {"order": 17, "by": "Zoë \\"Z\\""}]] [[thinking]] Where is it?'
    asked = asking(text, tools=[TOOL])
    for _ in range(2):
        if streamed:
            with sdk(url).messages.stream(**asked) as stream:
                reply = stream.get_final_message()
        else:
            reply = sdk(url).messages.create(**asked)
        results = [
            {"type": "tool_result", "tool_use_id": block.id, "content": "It was sent on Monday."}
            for block in reply.content
            if block.type == "tool_use"
        ]
        said = {"role": "assistant", "content": reply.to_dict(mode="json")["content"]}
        asked["messages"] = [*asked["messages"], said, {"role": "user", "content": results}]


def tools_streamed(url: str) -> None:
    tools(url, streamed=True)


def pause(url: str) -> None:
    asked = asking("[[pause]]")
    reply = sdk(url).messages.create(**asked)
    said = {"role": "assistant", "content": reply.to_dict(mode="json")["content"]}
    asked["messages"] = [*asked["messages"], said]
    sdk(url).messages.create(**asked)


def compressed(url: str) -> None:
    for encoding in ("gzip", "deflate"):
        sdk(url).messages.create(**asking(f"[[enc {encoding}]] [[unicode]]"))
        with sdk(url).messages.stream(**asking(f"[[enc {encoding}]] [[unicode]]")) as stream:
            stream.get_final_message()


def errors(url: str) -> None:
    for text in ("[[status 400]]", "[[status 404]]", "[[429 1]] and then", "[[529 2]] for long"):
        try:
            sdk(url).messages.create(**asking(text))
        except anthropic.APIStatusError as error:
            assert error.status_code in {400, 404, 529}  # noqa: PT017 - one of them does not raise


def beta(url: str) -> None:
    betas = ["context-management-2025-06-27"]
    sdk(url).beta.messages.create(**asking("[[say a beta]]"), betas=betas)
    with sdk(url).beta.messages.stream(**asking("[[thinking]]"), betas=betas) as stream:
        stream.get_final_message()


def asynchronous(url: str) -> None:
    async def ask() -> None:
        async with anthropic.AsyncAnthropic(base_url=url, api_key=KEY) as client:
            await client.messages.create(**asking("[[say async]]"))
            async with client.messages.stream(**asking("[[size 100]]")) as stream:
                await stream.get_final_message()

    asyncio.run(ask())


def other_requests(url: str) -> None:
    client = sdk(url)
    client.messages.count_tokens(model=MODEL, messages=asking("how long?")["messages"])
    client.models.list()
    client.models.retrieve(MODEL)
    file = ("a.bin", bytes(range(256)), "application/octet-stream")
    client.beta.files.download(client.beta.files.upload(file=file).id).read()
    batch = client.messages.batches.create(
        requests=[{"custom_id": "a", "params": asking("[[say a batch]]")}]
    )
    client.messages.batches.retrieve(batch.id)
    assert [result.custom_id for result in client.messages.batches.results(batch.id)] == ["a"]
    client.messages.create(**asking("[[say a call between]]"))


def models(url: str) -> None:
    for model in ASKED_MODELS:
        sdk(url).messages.create(**{**asking("[[say the model]]"), "model": model})


def image(url: str) -> None:
    source = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    content = [{"type": "image", "source": source}, {"type": "text", "text": "[[say a square]]"}]
    system = [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]
    sdk(url).messages.create(**asking(content, system=system))


def by_other_clients(url: str, post: Callable[[str, dict[str, str], bytes], int]) -> None:
    """Ask by a function that gives a status: once in one piece, once as a stream."""
    headers = {"content-type": "application/json", "anthropic-version": "2023-06-01"}
    for asked in (asking("[[unicode]]"), asking("[[thinking]] [[size 60]]", stream=True)):
        data = json.dumps(asked, ensure_ascii=False).encode()
        assert post(f"{url}/v1/messages", headers, data) == http.client.OK


def by_requests(url: str) -> None:
    by_other_clients(
        url, lambda to, headers, data: requests.post(to, data, headers=headers).status_code
    )


def by_urllib3(url: str) -> None:
    by_other_clients(
        url,
        lambda to, headers, data: urllib3.request("POST", to, body=data, headers=headers).status,
    )


def by_httpx(url: str) -> None:
    by_other_clients(
        url, lambda to, headers, data: httpx.post(to, content=data, headers=headers).status_code
    )


def by_httpx2(url: str) -> None:
    by_other_clients(
        url, lambda to, headers, data: httpx2.post(to, content=data, headers=headers).status_code
    )


def by_http_client(url: str) -> None:
    def post(to: str, headers: dict[str, str], data: bytes) -> int:
        connection = http.client.HTTPConnection(urlsplit(to).netloc)
        connection.request("POST", urlsplit(to).path, data, headers)
        response = connection.getresponse()
        response.read()
        connection.close()
        return response.status

    by_other_clients(url, post)


def by_aiohttp(url: str) -> None:
    async def send(to: str, headers: dict[str, str], data: bytes) -> int:
        async with (
            aiohttp.ClientSession() as session,
            session.post(to, data=data, headers=headers) as response,
        ):
            await response.read()
            return response.status

    by_other_clients(url, lambda *given: asyncio.run(send(*given)))


STOCK = (
    messages, streams, tools, tools_streamed, pause, compressed, errors, beta, asynchronous,
    other_requests, models, image, by_requests, by_urllib3, by_httpx, by_httpx2, by_http_client,
    by_aiohttp,
)  # fmt: skip
PARSED = (messages, tools, tools_streamed, errors, beta, models)


@contextmanager
def recording(path: Path, **options: Any) -> Iterator[None]:
    """Record what is asked meanwhile, by a new file."""
    recorder = vcr.VCR(
        filter_headers=["authorization", "x-api-key"], decode_compressed_response=False
    )
    recorder.register_serializer("parsed_body", ParsedBodies)
    with recorder.use_cassette(str(path), **options):
        yield


def record_by_plugin(folder: Path, url: str) -> None:
    """Run a suite that pytest-recording records; keep its cassettes."""
    with tempfile.TemporaryDirectory() as name:
        suite = Path(name)
        text = PLUGIN_TESTS.format(url=url, key=KEY, model=MODEL)
        (suite / "test_recorded.py").write_text(text, encoding="utf-8")
        (suite / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "--record-mode=once"]
        env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        subprocess.run([*command, "-p", "no:cacheprovider"], cwd=suite, env=env, check=True)
        shutil.copytree(suite / "cassettes" / "test_recorded", folder)


def main() -> None:
    """Record everything, in place of what was there."""
    shutil.rmtree(CASSETTES, ignore_errors=True)
    runs: list[tuple[Callable[[str], None], str, dict[str, Any]]] = [
        *((each, f"vcrpy/{each.__name__}.yaml", {}) for each in STOCK),
        (tools, "vcrpy/json.json", {"serializer": "json"}),
        (compressed, "vcrpy/decoded.yaml", {"decode_compressed_response": True}),
        *(
            (each, f"parsed_body/{each.__name__}.yaml", {"serializer": "parsed_body"})
            for each in PARSED
        ),
    ]
    for scenario, name, options in runs:
        # A server of its own: one that was asked before refuses no more.
        with WholeApi(PORT) as api, recording(CASSETTES / name, **options):
            scenario(api.url)
    with WholeApi(PORT) as api:
        record_by_plugin(CASSETTES / "pytest_recording", api.url)


if __name__ == "__main__":
    main()
