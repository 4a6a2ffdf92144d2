"""The providers that come with the package, and how several of them read what was recorded."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

from pytest_llmregress.providers.anthropic.reader import AnthropicProvider
from pytest_llmregress.providers.asked_models import asked_models
from pytest_llmregress.providers.bedrock.reader import BedrockProvider
from pytest_llmregress.providers.cohere.reader import CohereProvider
from pytest_llmregress.providers.gemini.reader import GeminiProvider
from pytest_llmregress.providers.judges import KnowsAliases
from pytest_llmregress.providers.load_error import ProviderLoadError
from pytest_llmregress.providers.openai.reader import OpenAIProvider
from pytest_llmregress.providers.protocol import (
    Judges,
    Provider,
    SendsBatches,
    TellsLimits,
    TellsRetirements,
)
from pytest_llmregress.providers.sdk_seams import SdkSupport
from pytest_llmregress.values.call import Call, Calls
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.http import (
    AGENT_HEADERS,
    SESSION_HEADERS,
    Interaction,
    Request,
    Response,
)

if TYPE_CHECKING:
    from pytest_llmregress.providers.batches import BatchApi
    from pytest_llmregress.providers.judges import JudgeApi
    from pytest_llmregress.providers.retirement import Retirement
    from pytest_llmregress.recording.cassette_session import Exchange

GROUP = "pytest_llmregress.providers"
"""The group of entry points by which an installed package offers a provider."""


def known_providers() -> tuple[Provider, ...]:
    """Return the providers of installed packages, then the built-in ones.

    Raises ProviderLoadError.
    """
    return (*installed_providers(), *built_in_providers())


@cache
def installed_providers() -> tuple[Provider, ...]:
    """Return the providers that installed packages offer by an entry point: a class, or an object.

    Raises ProviderLoadError.
    """
    return tuple(map(_load, entry_points(group=GROUP)))


def _load(entry: EntryPoint) -> Provider:
    try:
        given = entry.load()
        provider: Provider = given() if isinstance(given, type) else given
    except Exception as error:
        raise ProviderLoadError(
            f"the provider {entry.name} ({entry.value}) cannot be loaded: "
            f"{type(error).__name__}: {error}. Mend its package, or uninstall it"
        ) from error
    return provider


def built_in_providers() -> tuple[Provider, ...]:
    """Return the providers that need no plugin."""
    return (
        AnthropicProvider(),
        OpenAIProvider(),
        GeminiProvider(),
        BedrockProvider(),
        CohereProvider(),
    )


def read_call(interaction: Interaction, providers: Sequence[Provider]) -> Call | None:
    """Return the call that an interaction is, by the first provider that knows it, or None.

    A redirect is none: its call is the request that follows it.
    """
    if interaction.response.is_redirect:
        return None
    read = (provider.read(interaction) for provider in providers)
    call = next((call for call in read if call is not None), None)
    session = _find_header(interaction.request, SESSION_HEADERS)
    if call is None or not session:
        return call
    agent = _find_header(interaction.request, AGENT_HEADERS)
    return replace(call, session=session, agent=agent)


def read_calls(interactions: Iterable[Interaction], providers: Sequence[Provider]) -> Calls:
    """Return the calls among interactions in their order; the questions to a judge are none."""
    read = (read_call(each, providers) for each in interactions if not each.judge)
    return Calls(call for call in read if call is not None)


class CallReader:
    """Reads the calls of one sample as they come: each exchange once."""

    def __init__(self, providers: Sequence[Provider]) -> None:
        self._providers = providers
        self._known: dict[int, Call | None] = {}

    def read(self, exchange: "Exchange") -> Call | None:
        """Return the call that an exchange is, or None: without an answer, and of a judge."""
        return next(iter(self.read_all([exchange])), None)

    def read_all(self, exchanges: "Sequence[Exchange]") -> tuple[Call, ...]:
        """Return the calls among exchanges, in their order."""
        known = self._known
        for each in exchanges:
            if each.interaction is not None and not each.judge and id(each) not in known:
                known[id(each)] = read_call(each.interaction, self._providers)
        return tuple(call for each in exchanges if (call := known.get(id(each))) is not None)


def requested_model(request: Request, providers: Sequence[Provider]) -> str | None:
    """Return the model that a request asks for, by the first provider that knows, or None."""
    asked = (provider.requested_model(request) for provider in providers)
    return next((model for model in asked if model is not None), None)


def incomplete(interaction: Interaction, providers: Sequence[Provider]) -> str | None:
    """Say why a reply is not whole, by the first provider that sees it, or None."""
    if interaction.response.is_redirect:
        return None
    said = (provider.incomplete(interaction) for provider in providers)
    return next((why for why in said if why is not None), None)


def requests_a_minute(response: Response, providers: Sequence[Provider]) -> int | None:
    """Return how many requests a minute a server allows, by the first provider that sees it."""
    asked = (
        each.requests_a_minute(response) for each in providers if isinstance(each, TellsLimits)
    )
    return next((limit for limit in asked if limit is not None), None)


def find_batch_api(request: Request, providers: Sequence[Provider]) -> "BatchApi | None":
    """Return what can hand in a request as one of a batch, or None where nobody can."""
    apis = (each.batch for each in providers if isinstance(each, SendsBatches))
    return next((api for api in apis if api.check_batchable(request)), None)


def find_judge(model: str, providers: Sequence[Provider]) -> "JudgeApi":
    """Return what asks a model; where nobody knows the name, the first of the built-in ones."""
    apis = judge_apis(providers)
    return next((api for api in apis if api.serves(model)), judge_apis(built_in_providers())[0])


def judge_apis(providers: Sequence[Provider]) -> "tuple[JudgeApi, ...]":
    """Return what asks models, of the providers that can."""
    return tuple(provider.judge for provider in providers if isinstance(provider, Judges))


def is_alias(model: str, providers: Sequence[Provider]) -> bool:
    """Tell whether a provider knows a name as one that stands for one model after another."""
    apis = judge_apis(providers)
    return any(isinstance(api, KnowsAliases) and api.is_alias(model) for api in apis)


def find_retirements(
    cassettes: Sequence[Cassette], providers: Sequence[Provider]
) -> "dict[str, Retirement]":
    """Return what providers know of the ends of models, by model; the first one that knows."""
    found: dict[str, Retirement] = {}
    for provider in reversed(providers):
        if isinstance(provider, TellsRetirements):
            found |= provider.find_retirements(cassettes)
    return found


def sdk_supports(providers: Sequence[Provider]) -> tuple[SdkSupport, ...]:
    """Return what the SDKs of the providers need."""
    return tuple(sdk for provider in providers if (sdk := _find_sdk(provider)) is not None)


def find_packages(calls: Iterable[Call], providers: Sequence[Provider]) -> frozenset[str]:
    """Return the SDKs by which calls were made, as far as their providers have one."""
    made_by = {call.provider for call in calls}
    supports = (_find_sdk(each) for each in providers if each.name in made_by)
    return frozenset(sdk.package for sdk in supports if sdk is not None and sdk.package)


def _find_sdk(provider: Provider) -> SdkSupport | None:
    """Return what the SDK of a provider needs, or None.

    Each replayed test asks for it, and `isinstance` with a protocol takes fifty times as long.
    """
    sdk: SdkSupport | None = getattr(provider, "sdk", None)
    return sdk


def replay_environment(
    providers: Sequence[Provider], recorded: Iterable[Interaction] | None
) -> Mapping[str, str]:
    """Return what a replay sets where it is not set: for the providers that it has answers of.

    For others nothing is set: an application may choose its provider by the keys that there are.
    Where nobody reads a recorded request to a model, nobody knows whose key it takes: for all.

    :param recorded: None where there is no recording; then for all providers.
    """
    # One of each address: to read the bodies of a long conversation takes a while.
    requests = {each.request.url: each.request for each in recorded or ()}.values()
    known = [
        [provider.requested_model(each) is not None for provider in providers] for each in requests
    ]
    for_all = recorded is None or any(
        not any(by) and asked_models(each) for each, by in zip(requests, known, strict=True)
    )
    found: dict[str, str] = {}
    for place, provider in reversed(tuple(enumerate(providers))):
        sdk = _find_sdk(provider)
        if sdk is not None and (for_all or any(by[place] for by in known)):
            found |= sdk.environment
    return found


def _find_header(request: Request, names: Iterable[str]) -> str:
    """Return the value of the first of several headers that a request has, or ""."""
    return next((value for name in names if (value := request.header(name))), "")
