"""Whatever the SDK offers gives the same objects in a replay, with the server gone."""

import json
from importlib.util import find_spec

import pytest

CONFTEST = """
    import json
    import os
    from pathlib import Path

    import anthropic
    import pytest

    @pytest.fixture(scope="session")
    def session_client():
        return anthropic.Anthropic()

    @pytest.fixture
    def keep(request):
        seen = []
        yield lambda *values: seen.extend(values)
        folder = Path(os.environ["SEEN"])
        folder.mkdir(exist_ok=True)
        text = json.dumps(seen, default=plain, indent=1)
        (folder / f"{request.path.stem}-{request.node.name}.json").write_text(text)

    def plain(value):
        if isinstance(value, bytes):
            return value.hex()
        return value.model_dump(mode="json", warnings=False)
"""

APP = """
    import anthropic

    client = anthropic.Anthropic()
    async_client = anthropic.AsyncAnthropic()

    def asking(text, **more):
        messages = [{"role": "user", "content": text}]
        return {"model": "claude-opus-5", "max_tokens": 100, "messages": messages, **more}
"""

SYNC = """
    import pytest
    from app import asking, client

    pytestmark = pytest.mark.llm

    def test_create(keep):
        keep(client.messages.create(**asking("[[say Paris.]]", system="Be brief.")))

    def test_stream_helper(keep):
        with client.messages.stream(**asking("[[size 300]]")) as stream:
            keep(list(stream), stream.get_final_message())

    def test_text_stream(keep):
        with client.messages.stream(**asking("[[unicode]]")) as stream:
            keep(list(stream.text_stream), stream.get_final_text())

    def test_stream_that_is_left_early(keep):
        with client.messages.stream(**asking("[[size 900]]")) as stream:
            keep(next(iter(stream.text_stream)))

    def test_create_stream(keep):
        keep(list(client.messages.create(**asking("Stream!"), stream=True)))

    def test_raw_response(keep):
        raw = client.messages.with_raw_response.create(**asking("Raw, please."))
        keep(raw.status_code, raw.read(), raw.request_id, raw.headers["content-type"])
        keep(raw.parse())

    def test_streaming_response_lines(keep):
        request = asking("[[unicode]]", stream=True)
        with client.messages.with_streaming_response.create(**request) as response:
            keep(response.status_code, list(response.iter_lines()))

    def test_streaming_response_bytes(keep):
        with client.messages.with_streaming_response.create(**asking("Bytes!")) as response:
            keep(b"".join(response.iter_bytes()))

    def test_count_tokens(keep):
        request = asking("How long is this?")
        del request["max_tokens"]
        keep(client.messages.count_tokens(**request))

    def test_list_of_models_in_two_pages(keep):
        keep(list(client.models.list()), client.models.retrieve("claude-opus-5"))

    def test_unicode(keep):
        reply = client.messages.create(**asking("[[unicode]] 東京 \\u2028 \\x85 🗼"))
        assert "🗼" in reply.content[0].text
        keep(reply)

    def test_gzip(keep):
        keep(client.messages.create(**asking("[[gzip]] [[size 2000]]")))

    def test_gzip_stream(keep):
        with client.messages.stream(**asking("[[gzip]] [[size 200]]")) as stream:
            keep(list(stream))

    def test_one_request_twice(keep):
        for _ in range(2):
            keep(client.messages.create(**asking("[[sample]]")))

    def test_an_error_that_the_app_expects(keep):
        with pytest.raises(__import__("anthropic").BadRequestError) as error:
            client.messages.create(**asking("[[status 400]]"))
        keep(str(error.value), error.value.status_code, error.value.body)

    @pytest.mark.llm(outcomes=["refused", "paused", "truncated", "context_full", "empty"])
    @pytest.mark.parametrize("mark", ["refusal cyber", "pause", "max_tokens", "ctx", "empty"])
    def test_each_way_to_end(keep, mark):
        keep(client.messages.create(**asking(f"[[{mark}]]")))
        with client.messages.stream(**asking(f"[[{mark}]] stream")) as stream:
            keep(list(stream))
"""

TOOLS = """
    import inspect

    import anthropic
    import pydantic
    import pytest
    from app import asking, client

    pytestmark = pytest.mark.llm
    KNOWN = inspect.signature(client.beta.messages.tool_runner).parameters
    NO_THREAD = {"thread": False} if "thread" in KNOWN else {}  # before anthropic 2.2 there is none

    @anthropic.beta_tool
    def look_up(word: str, page: int) -> str:
        '''Look a word up.'''
        return f"{word} is on page {page}"

    class Plan(pydantic.BaseModel):
        title: str
        days: int
        paid: bool

    @pytest.mark.parametrize("options", [{}, NO_THREAD], ids=["thread", "no thread"])
    def test_tool_runner(keep, options):
        request = asking("[[loop 3]]", tools=[look_up], **options)
        runner = client.beta.messages.tool_runner(**request)
        keep([message.content for message in runner])

    def test_tool_runner_that_streams(keep):
        request = asking("[[loop 2]] stream", tools=[look_up], stream=True, **NO_THREAD)
        for stream in client.beta.messages.tool_runner(**request):
            keep(list(stream))

    def test_a_loop_by_hand(keep):
        request = asking('[[tool look_up {"word": "north", "page": 4}]]')
        first = client.messages.create(**request)
        use = first.content[-1]
        result = {"type": "tool_result", "tool_use_id": use.id, "content": "here"}
        request["messages"] += [
            {"role": "assistant", "content": first.content},
            {"role": "user", "content": [result]},
        ]
        keep(first, client.messages.create(**request))

    def test_parse(keep):
        reply = client.messages.parse(**asking("Plan it."), output_format=Plan)
        assert reply.parsed_output.days == 1
        keep(reply, reply.parsed_output)

    def test_stream_of_structured_output(keep):
        with client.messages.stream(**asking("Plan it."), output_format=Plan) as stream:
            keep(list(stream), stream.get_final_message().parsed_output)

    def test_beta_create(keep):
        request = asking("Beta.", betas=["context-1m-2025-08-07"])
        keep(client.beta.messages.create(**request))
"""

ASYNC = """
    import asyncio

    import anthropic
    import pytest
    from app import asking, async_client

    pytestmark = pytest.mark.llm

    @pytest.fixture
    def anyio_backend():
        return "asyncio"

    @pytest.mark.anyio
    async def test_create_under_anyio(keep):
        keep(await async_client.messages.create(**asking("[[say Lyon.]]")))

    @pytest.mark.asyncio
    async def test_create_under_pytest_asyncio(keep):
        keep(await async_client.messages.create(**asking("[[say Nice.]]")))

    def test_create_under_asyncio_run(keep):
        async def main():
            async with anthropic.AsyncAnthropic() as own:
                return await own.messages.create(**asking("[[say Brest.]]"))

        keep(asyncio.run(main()))

    @pytest.mark.asyncio
    async def test_stream_helper(keep):
        async with async_client.messages.stream(**asking("[[size 200]]")) as stream:
            keep([event async for event in stream], await stream.get_final_message())

    @pytest.mark.asyncio
    async def test_create_stream(keep):
        stream = await async_client.messages.create(**asking("[[unicode]]"), stream=True)
        keep([event async for event in stream])

    @pytest.mark.asyncio
    async def test_streaming_response(keep):
        streaming = async_client.messages.with_streaming_response
        async with streaming.create(**asking("Lines."), stream=True) as response:
            keep([line async for line in response.iter_lines()])

    @pytest.mark.asyncio
    async def test_tool_runner(keep):
        @anthropic.beta_async_tool
        async def look_up(word: str) -> str:
            '''Look a word up.'''
            return word.upper()

        request = asking("[[loop 2]]", tools=[look_up])
        runner = async_client.beta.messages.tool_runner(**request)
        keep([message.content async for message in runner])

    @pytest.mark.asyncio
    async def test_list_of_models(keep):
        keep([model async for model in async_client.models.list()])
"""

CLIENTS = """
    import asyncio
    import threading
    from concurrent.futures import ThreadPoolExecutor

    import anthropic
    import httpx2
    import pytest
    from app import asking, client

    pytestmark = pytest.mark.llm

    @pytest.fixture
    def fixture_client():
        return anthropic.Anthropic()

    @pytest.fixture
    def greeting(fixture_client):
        return fixture_client.messages.create(**asking("Asked in the set-up."))

    def test_client_made_at_import(keep):
        keep(client.messages.create(**asking("One.")))

    def test_client_of_a_fixture(keep, greeting, fixture_client):
        keep(greeting, fixture_client.messages.create(**asking("Two.")))

    @pytest.mark.parametrize("number", [1, 2])
    def test_client_of_the_session(keep, session_client, number):
        keep(session_client.messages.create(**asking(f"Three, {number}.")))

    def test_client_over_a_client_of_http(keep):
        own = anthropic.Anthropic(http_client=httpx2.Client(timeout=9))
        keep(own.messages.create(**asking("Four.")))

    def test_client_with_options(keep):
        keep(client.with_options(max_retries=0).messages.create(**asking("Five.")))

    def test_clients_in_a_pool_of_threads(keep):
        def ask(number):
            return client.messages.create(**asking(f"[[say Number {number}.]]")).content[0].text

        with ThreadPoolExecutor(8) as pool:
            keep(list(pool.map(ask, range(16))))

    def test_a_client_in_a_thread(keep):
        thread = threading.Thread(
            target=lambda: keep(anthropic.Anthropic().messages.create(**asking("Six.")))
        )
        thread.start()
        thread.join()
"""

SAMPLES = """
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    import anthropic
    import pytest
    from app import asking, client

    pytestmark = pytest.mark.llm

    def text(reply):
        return reply.content[0].text

    def test_in_tasks(keep):
        async def main():
            async with anthropic.AsyncAnthropic() as own:
                await own.messages.create(**asking("First of all."))
                request = asking("[[sample]] [[slow 0.02]]")
                return await asyncio.gather(*(own.messages.create(**request) for _ in range(12)))

        keep([text(reply) for reply in asyncio.run(main())])

    def test_in_threads(keep):
        def ask(_):
            return text(client.messages.create(**asking("[[sample]] [[slow 0.02]]")))

        with ThreadPoolExecutor(12) as pool:
            keep(sorted(pool.map(ask, range(12))))
"""

AIOHTTP = """
    import anthropic
    import pytest
    from app import asking

    pytestmark = [pytest.mark.llm, pytest.mark.asyncio]

    async def test_create(keep):
        async with anthropic.AsyncAnthropic(http_client=anthropic.DefaultAioHttpClient()) as own:
            keep(await own.messages.create(**asking("[[gzip]] [[unicode]]")))

    async def test_stream(keep):
        async with anthropic.AsyncAnthropic(http_client=anthropic.DefaultAioHttpClient()) as own:
            async with own.messages.stream(**asking("[[size 200]]")) as stream:
                keep([event async for event in stream], await stream.get_final_message())
"""


FILES = {
    "test_sync.py": SYNC,
    "test_tools.py": TOOLS,
    "test_async.py": ASYNC,
    "test_clients.py": CLIENTS,
    "test_samples.py": SAMPLES,
}
if find_spec("aiohttp"):
    FILES["test_aiohttp.py"] = AIOHTTP


@pytest.fixture(scope="module")
def surfaces(module_project):
    """Return a project that was recorded, then replayed with the server gone."""
    project = module_project.write({"conftest.py": CONFTEST, "app.py": APP, **FILES})
    return project.record(env={"SEEN": "recorded"}).offline().replay(env={"SEEN": "replayed"})


def test_everything_passes_in_a_replay(surfaces):
    assert surfaces.outcomes == {"passed": len(_seen(surfaces, "recorded"))}
    assert {test["mode"] for test in surfaces.found().values()} == {"replayed"}


@pytest.mark.parametrize(
    ("file", "tests"),
    [
        ("test_sync", 20),
        ("test_tools", 7),
        ("test_async", 8),
        ("test_clients", 8),
        ("test_samples", 2),
        pytest.param(
            "test_aiohttp",
            2,
            marks=pytest.mark.skipif(not find_spec("aiohttp"), reason="aiohttp is not installed"),
        ),
    ],
)
def test_a_replay_gives_what_was_recorded(surfaces, file, tests):
    recorded = _seen(surfaces, "recorded", file)

    assert len(recorded) == tests
    assert all(recorded.values())
    assert _seen(surfaces, "replayed", file) == recorded


def test_further_replays_give_the_same_and_write_nothing(surfaces, tmp_path):
    written = surfaces.files()
    again = surfaces.copy(tmp_path)
    again.replay("test_samples.py", "test_clients.py", env={"SEEN": "again"})

    assert _seen(again, "again", "test_samples") == _seen(surfaces, "recorded", "test_samples")
    assert _seen(again, "again", "test_clients") == _seen(surfaces, "recorded", "test_clients")
    assert again.files() == written
    assert not [name for name in written if ".new." in name]


def test_a_recording_is_replayed_whichever_host_the_client_asks(surfaces, tmp_path):
    elsewhere = {"SEEN": "elsewhere", "ANTHROPIC_BASE_URL": "https://api.anthropic.invalid"}
    again = surfaces.copy(tmp_path)
    again.replay("test_clients.py", "-k", "import", env=elsewhere)

    name = "test_clients-test_client_made_at_import"
    assert _seen(again, "elsewhere")[name] == _seen(surfaces, "recorded")[name]


def _seen(project, folder, file=""):
    files = sorted((project.root / folder).glob(f"{file}*.json"))
    return {file.stem: json.loads(file.read_text()) for file in files}
