"""Clients of models as applications use them: each asks every route that it has, in every way.

An application is a module `app`: `ROUTES`, by name a function that makes a client and returns how
it is asked in each way; `dump`, which makes JSON of what the client gives.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import dedent

SECRET = "a-key-that-nobody-may-find-4711"  # llmregress: allow-secret
_COMMON = """
    import asyncio
    import json
    import os
    import pathlib

    URL = os.environ["STAND"]
    OLD = "old-1"
    LOOP = asyncio.new_event_loop()  # langchain-openai keeps its connections for later clients

    def said(text):
        return [{"role": "user", "content": text}]

    def seen(name, found):
        path = pathlib.Path(os.environ["SEEN"]) / f"{name}.json"
        path.write_text(json.dumps(found, default=repr, sort_keys=True))

    def drop(value, *names):
        '''Return a JSON value without what a client makes up by itself.'''
        if isinstance(value, dict):
            return {k: drop(v, *names) for k, v in value.items() if k not in names}
        return [drop(each, *names) for each in value] if isinstance(value, list) else value

    def ask(route, way, text):
        '''Return what a client gives, as JSON; an error that it raises by its type and words.'''
        try:
            found = ROUTES[route]()[way](text)
            if asyncio.iscoroutine(found):
                found = LOOP.run_until_complete(found)
            return [dump(each) for each in (found if isinstance(found, list) else [found])]
        except Exception as error:
            return [type(error).__name__, str(error)]

    async def gather(stream):
        return [each async for each in stream]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One library, with the routes by which it reaches models."""

    module: str
    """What has to be importable."""
    app: str
    formats: frozenset[str]
    """A route for each wire format: its scenarios are asked in the short form."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """The environment of a recording."""
    ways: tuple[str, ...] = ("sync", "stream", "async", "async stream")
    """How it can be asked."""
    signed: frozenset[str] = frozenset()
    """Routes whose requests are signed where nobody can change them: a candidate is refused."""

    hides_model: frozenset[str] = frozenset()
    """Routes that do not say which model has answered, or not under a name to compare."""

    @property
    def source(self) -> str:
        """The module `app`."""
        return dedent(_COMMON) + dedent(self.app)


AWS = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_DEFAULT_REGION": "us-east-1",
}
_OPENAI = """
    import importlib.util

    import openai

    def dump(each):
        return each.model_dump(mode="json", warnings=False)

    def chat(make, make_async, close=True):
        def ways():
            def ask(text, **more):
                return make().chat.completions.create(model=OLD, messages=said(text), **more)
            async def ask_async(text, **more):
                async with make_async() as own:
                    found = await own.chat.completions.create(
                        model=OLD, messages=said(text), **more
                    )
                    return await gather(found) if more else found
            return {
                "sync": ask,
                "stream": lambda text: list(ask(text, stream=True)),
                "async": ask_async,
                "async stream": lambda text: ask_async(text, stream=True),
            }
        return ways

    def responses(make, make_async):
        def ways():
            def ask(text, **more):
                return make().responses.create(model=OLD, input=text, **more)
            async def ask_async(text, **more):
                async with make_async() as own:
                    found = await own.responses.create(model=OLD, input=text, **more)
                    return await gather(found) if more else found
            return {
                "sync": ask,
                "stream": lambda text: list(ask(text, stream=True)),
                "async": ask_async,
                "async stream": lambda text: ask_async(text, stream=True),
            }
        return ways

    def at(path, **more):
        return (
            lambda: openai.OpenAI(base_url=URL + path, max_retries=0, **more),
            lambda: openai.AsyncOpenAI(base_url=URL + path, max_retries=0, **more),
        )

    def azure(**more):
        given = {"azure_endpoint": URL, "api_version": "2026-01-01", "max_retries": 0, **more}
        return lambda: openai.AzureOpenAI(**given), lambda: openai.AsyncAzureOpenAI(**given)

    def on_openrouter():
        return chat(*at("/api/v1", api_key=os.environ["OPENROUTER_API_KEY"]))()

    def over_httpx():
        import httpx
        return chat(
            lambda: openai.OpenAI(base_url=URL + "/v1", http_client=httpx.Client()),
            lambda: openai.AsyncOpenAI(base_url=URL + "/v1", http_client=httpx.AsyncClient()),
        )()

    def over_aiohttp():
        make, _ = at("/v1")
        return chat(make, lambda: openai.AsyncOpenAI(
            base_url=URL + "/v1", http_client=openai.DefaultAioHttpClient()
        ))()

    ROUTES = {
        "chat": chat(*at("/v1")),
        "Responses": responses(*at("/v1")),
        "Azure chat": chat(*azure()),
        "Azure, deployment of the client": chat(*azure(azure_deployment=OLD)),
        "Azure Responses": responses(*azure()),
        "Azure v1": chat(*at("/openai/v1/")),
        "OpenRouter": on_openrouter,
        "over aiohttp": over_aiohttp,
    }
    if importlib.util.find_spec("httpx"):
        ROUTES["over httpx"] = over_httpx
"""
_GENAI = """
    from google import genai

    def dump(each):
        return each.model_dump(mode="json", exclude={"sdk_http_response"})

    def ways_of(make):
        def ways():
            asked = {"model": OLD}
            def ask(text):
                own = make()
                return own.models.generate_content(**asked, contents=text)
            def stream(text):
                own = make()
                return list(own.models.generate_content_stream(**asked, contents=text))
            async def ask_async(text):
                async with make().aio as own:
                    return await own.models.generate_content(**asked, contents=text)
            async def stream_async(text):
                async with make().aio as own:
                    return await gather(
                        await own.models.generate_content_stream(**asked, contents=text)
                    )
            return {
                "sync": ask, "stream": stream, "async": ask_async, "async stream": stream_async,
            }
        return ways

    def vertex():
        more = {}
        if "TOKEN" in os.environ:
            from google.oauth2.credentials import Credentials
            more["credentials"] = Credentials(token=os.environ["TOKEN"])
        options = {"base_url": URL}
        return genai.Client(
            vertexai=True, project="p", location="global", http_options=options, **more
        )

    ROUTES = {
        "Gemini": ways_of(lambda: genai.Client(http_options={"base_url": URL})),
        "Vertex": ways_of(vertex),
    }
"""
_BOTO3 = """
    import boto3

    def dump(each):
        return drop(each, "ResponseMetadata")

    def converse():
        own = boto3.client("bedrock-runtime", region_name="us-east-1", endpoint_url=URL)
        def asked(text):
            return {
                "modelId": "us.amazon.old-1:0",
                "messages": [{"role": "user", "content": [{"text": text}]}],
            }
        return {
            "sync": lambda text: own.converse(**asked(text)),
            "stream": lambda text: list(own.converse_stream(**asked(text))["stream"]),
        }

    ROUTES = {"Converse": converse}
"""
_ANTHROPIC = """
    import anthropic

    def dump(each):
        return each.model_dump(mode="json", warnings=False)

    def ways_of(make, make_async, model=OLD):
        def ways():
            asked = {"model": model, "max_tokens": 100}
            def ask(text, **more):
                return make().messages.create(**asked, messages=said(text), **more)
            async def ask_async(text, **more):
                async with make_async() as own:
                    found = await own.messages.create(**asked, messages=said(text), **more)
                    return await gather(found) if more else found
            return {
                "sync": ask,
                "stream": lambda text: list(ask(text, stream=True)),
                "async": ask_async,
                "async stream": lambda text: ask_async(text, stream=True),
            }
        return ways

    def vertex():
        given = {"region": "global", "project_id": "p", "base_url": URL + "/v1"}
        if "TOKEN" in os.environ:
            given["access_token"] = os.environ["TOKEN"]
        return ways_of(
            lambda: anthropic.AnthropicVertex(**given),
            lambda: anthropic.AsyncAnthropicVertex(**given),
        )()

    def bedrock():
        given = {"base_url": URL, "aws_region": "us-east-1"}
        return ways_of(
            lambda: anthropic.AnthropicBedrock(**given),
            lambda: anthropic.AsyncAnthropicBedrock(**given),
            model="anthropic.old-1",
        )()

    ROUTES = {
        "Messages": ways_of(
            lambda: anthropic.Anthropic(base_url=URL),
            lambda: anthropic.AsyncAnthropic(base_url=URL),
        ),
        "Messages on Bedrock": bedrock,
        "Messages on Vertex": vertex,
    }
"""
_LITELLM = """
    os.environ["OLLAMA_API_BASE"] = URL  # it is asked for what it knows, whatever the base is

    import litellm

    litellm.suppress_debug_info = True

    def dump(each):
        return drop(each.model_dump(mode="json", warnings=False), "id", "created")

    def ways_of(**given):
        def ways():
            asked = {"max_retries": 0, **given}
            def ask(text, **more):
                return litellm.completion(messages=said(text), **asked, **more)
            async def ask_async(text, **more):
                found = await litellm.acompletion(messages=said(text), **asked, **more)
                return await gather(found) if more else found
            return {
                "sync": ask,
                "stream": lambda text: list(ask(text, stream=True)),
                "async": ask_async,
                "async stream": lambda text: ask_async(text, stream=True),
            }
        return ways

    bedrock = {"aws_bedrock_runtime_endpoint": URL, "aws_region_name": "us-east-1"}
    ROUTES = {
        "OpenAI chat": ways_of(model="openai/old-1", api_base=URL + "/v1"),
        "Azure chat": ways_of(model="azure/old-1", api_base=URL, api_version="2026-01-01"),
        "OpenRouter": ways_of(model="openrouter/old-1", api_base=URL + "/api/v1"),
        "Groq": ways_of(model="groq/old-1", api_base=URL + "/openai/v1"),
        "Mistral": ways_of(model="mistral/old-1", api_base=URL + "/v1"),
        "Ollama": ways_of(model="ollama_chat/old-1", api_base=URL),
        "Gemini": ways_of(model="gemini/old-1", api_base=URL + "/v1beta"),
        "Messages": ways_of(model="anthropic/old-1", api_base=URL, max_tokens=100),
        "Cohere": ways_of(model="cohere_chat/old-1", api_base=URL + "/v2/chat"),
        "Converse": ways_of(model="bedrock/converse/us.amazon.old-1", **bedrock),
    }
"""
_LANGCHAIN = """
    def dump(each):
        return drop(each.model_dump(mode="json", warnings=False), "id", "ResponseMetadata")

    def ways_of(make):
        def ways():
            async def ask_async(text):
                return await make().ainvoke(text)
            async def stream_async(text):
                return await gather(make().astream(text))
            return {
                "sync": lambda text: make().invoke(text),
                "stream": lambda text: list(make().stream(text)),
                "async": ask_async,
                "async stream": stream_async,
            }
        return ways
"""
_LANGCHAIN_OPENAI = """
    from langchain_openai import AzureChatOpenAI, ChatOpenAI

    def responses():
        return ChatOpenAI(model=OLD, base_url=URL + "/v1", use_responses_api=True)

    ROUTES = {
        "OpenAI chat": ways_of(lambda: ChatOpenAI(model=OLD, base_url=URL + "/v1")),
        "Responses": ways_of(responses),
        "Azure chat": ways_of(lambda: AzureChatOpenAI(
            azure_endpoint=URL, api_version="2026-01-01", azure_deployment=OLD
        )),
    }
"""
_LANGCHAIN_GOOGLE = """
    from langchain_google_genai import ChatGoogleGenerativeAI

    ROUTES = {"Gemini": ways_of(
        lambda: ChatGoogleGenerativeAI(model=OLD, base_url=URL, max_retries=0)
    )}
"""
_LANGCHAIN_AWS = """
    from langchain_aws import ChatBedrockConverse

    ROUTES = {"Converse": ways_of(lambda: ChatBedrockConverse(
        model="us.amazon.old-1", region_name="us-east-1", endpoint_url=URL, provider="amazon"
    ))}
"""
_COHERE = """
    import cohere

    def dump(each):
        return each.model_dump(mode="json", warnings=False)

    def v2():
        def ask(text):
            return cohere.ClientV2(base_url=URL).chat(model=OLD, messages=said(text))
        def stream(text):
            return list(cohere.ClientV2(base_url=URL).chat_stream(model=OLD, messages=said(text)))
        async def ask_async(text):
            return await cohere.AsyncClientV2(base_url=URL).chat(model=OLD, messages=said(text))
        async def stream_async(text):
            own = cohere.AsyncClientV2(base_url=URL)
            return await gather(own.chat_stream(model=OLD, messages=said(text)))
        return {"sync": ask, "stream": stream, "async": ask_async, "async stream": stream_async}

    ROUTES = {"Cohere v2": v2}
"""
_MISTRAL = """
    from mistralai.client import Mistral

    def dump(each):
        return each.model_dump(mode="json", warnings=False)

    def chat():
        own = Mistral(server_url=URL, api_key=os.environ.get("MISTRAL_API_KEY"))
        asked = {"model": OLD}
        async def ask_async(text):
            return await own.chat.complete_async(**asked, messages=said(text))
        async def stream_async(text):
            return await gather(await own.chat.stream_async(**asked, messages=said(text)))
        return {
            "sync": lambda text: own.chat.complete(**asked, messages=said(text)),
            "stream": lambda text: list(own.chat.stream(**asked, messages=said(text))),
            "async": ask_async,
            "async stream": stream_async,
        }

    ROUTES = {"Mistral": chat}
"""
_GROQ = """
    import groq

    def dump(each):
        return each.model_dump(mode="json", warnings=False)

    def chat():
        def ask(text, **more):
            own = groq.Groq(base_url=URL, max_retries=0)
            return own.chat.completions.create(model=OLD, messages=said(text), **more)
        async def ask_async(text, **more):
            async with groq.AsyncGroq(base_url=URL, max_retries=0) as own:
                found = await own.chat.completions.create(model=OLD, messages=said(text), **more)
                return await gather(found) if more else found
        return {
            "sync": ask,
            "stream": lambda text: list(ask(text, stream=True)),
            "async": ask_async,
            "async stream": lambda text: ask_async(text, stream=True),
        }

    ROUTES = {"Groq": chat}
"""
_OLLAMA = """
    import ollama

    def dump(each):
        return each.model_dump(mode="json")

    def chat():
        def ask(text, **more):
            return ollama.Client(host=URL).chat(model=OLD, messages=said(text), **more)
        async def ask_async(text, **more):
            own = ollama.AsyncClient(host=URL)
            found = await own.chat(model=OLD, messages=said(text), **more)
            return await gather(found) if more else found
        return {
            "sync": ask,
            "stream": lambda text: list(ask(text, stream=True)),
            "async": ask_async,
            "async stream": lambda text: ask_async(text, stream=True),
        }

    ROUTES = {"Ollama chat": chat}
"""
_OPENAI_KEYS = {
    f"{name}_API_KEY": SECRET for name in ("OPENAI", "AZURE_OPENAI", "OPENROUTER", "AZURE")
}
_GOOGLE_KEYS = {"GEMINI_API_KEY": SECRET, "TOKEN": SECRET}
_ON_AZURE = frozenset({"Azure chat", "Azure, deployment of the client"})
"""A deployment has a name of its own, whatever model answers."""
_CONVERSE = frozenset({"Converse"})

CLIENTS = {
    "openai": Client(
        module="openai",
        formats=frozenset({"chat", "Responses"}),
        app=_OPENAI,
        keys=_OPENAI_KEYS,
        hides_model=_ON_AZURE,
    ),
    "google-genai": Client(
        module="google.genai", formats=frozenset({"Gemini"}), app=_GENAI, keys=_GOOGLE_KEYS
    ),
    "boto3": Client(
        module="boto3",
        formats=frozenset({"Converse"}),
        app=_BOTO3,
        keys=AWS,
        ways=("sync", "stream"),
        hides_model=_CONVERSE,
    ),
    "anthropic": Client(
        module="anthropic",
        formats=frozenset({"Messages"}),
        app=_ANTHROPIC,
        keys={**AWS, "TOKEN": SECRET},
    ),
    "litellm": Client(
        module="litellm",
        formats=frozenset({"OpenAI chat", "Gemini", "Messages", "Cohere", "Ollama"}),
        app=_LITELLM,
        keys={
            **AWS,
            **_OPENAI_KEYS,
            **_GOOGLE_KEYS,
            **{f"{name}_API_KEY": SECRET for name in ("GROQ", "MISTRAL", "COHERE")},
        },
        signed=_CONVERSE,
        hides_model=frozenset({"Azure chat", "Cohere"}),
    ),
    "langchain-openai": Client(
        module="langchain_openai",
        formats=frozenset({"OpenAI chat", "Responses"}),
        app=dedent(_LANGCHAIN) + dedent(_LANGCHAIN_OPENAI),
        keys=_OPENAI_KEYS,
        hides_model=_ON_AZURE,
    ),
    "langchain-google-genai": Client(
        module="langchain_google_genai",
        formats=frozenset({"Gemini"}),
        app=dedent(_LANGCHAIN) + dedent(_LANGCHAIN_GOOGLE),
        keys=_GOOGLE_KEYS,
    ),
    "langchain-aws": Client(
        module="langchain_aws",
        formats=frozenset({"Converse"}),
        app=dedent(_LANGCHAIN) + dedent(_LANGCHAIN_AWS),
        keys=AWS,
        hides_model=_CONVERSE,
    ),
    "cohere": Client(
        module="cohere",
        formats=frozenset({"Cohere v2"}),
        app=_COHERE,
        keys={"CO_API_KEY": SECRET},
        hides_model=frozenset({"Cohere v2"}),
    ),
    "mistralai": Client(
        module="mistralai",
        formats=frozenset({"Mistral"}),
        app=_MISTRAL,
        keys={"MISTRAL_API_KEY": SECRET},
    ),
    "groq": Client(
        module="groq", formats=frozenset({"Groq"}), app=_GROQ, keys={"GROQ_API_KEY": SECRET}
    ),
    "ollama": Client(module="ollama", formats=frozenset({"Ollama chat"}), app=_OLLAMA),
}
"""By the name of the distribution."""
