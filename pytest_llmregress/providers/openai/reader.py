"""Reads chat completions, Responses and Ollama's own API, whichever host speaks them."""

from typing import Any

from pytest_llmregress.providers.batches import BatchApi
from pytest_llmregress.providers.event_stream import is_event_stream
from pytest_llmregress.providers.json_access import is_one_of, parse, read_mapping
from pytest_llmregress.providers.judges import JudgeApi
from pytest_llmregress.providers.openai import batch_files, chat_stream, judge, responses
from pytest_llmregress.providers.openai.chat import read_completion
from pytest_llmregress.providers.openai.limits import read_limit
from pytest_llmregress.providers.openai.ollama import read_ollama
from pytest_llmregress.providers.openai.prompts import read_chat_prompt, read_responses_prompt
from pytest_llmregress.providers.openai.reply import read_error
from pytest_llmregress.providers.openai.routes import DEPLOYMENT, Dialect, Route, find_route
from pytest_llmregress.providers.openai.sellers import PLACEHOLDERS, find_seller
from pytest_llmregress.providers.protocol import Rename
from pytest_llmregress.providers.renaming import (
    change_body,
    is_signed,
    rename_in_object,
    rename_in_url,
)
from pytest_llmregress.providers.reply import FIRST_ERROR, Asked, Reply, build_call
from pytest_llmregress.providers.sdk_seams import SdkSupport
from pytest_llmregress.providers.stainless import watch_requests
from pytest_llmregress.values.call import Call
from pytest_llmregress.values.http import Interaction, Request, Response

_OLLAMA = frozenset({Dialect.OLLAMA_CHAT, Dialect.OLLAMA_GENERATE})


class OpenAIProvider:
    """Reads the calls of OpenAI's APIs and of all that are compatible with them."""

    name: str = "openai"
    sdk: SdkSupport = SdkSupport(
        environment=PLACEHOLDERS, seams={"openai": watch_requests("openai")}
    )

    batch: BatchApi = batch_files
    judge: JudgeApi = judge

    def read(self, interaction: Interaction) -> Call | None:
        """Return the call that an interaction is, or None where it is no call of a model."""
        route = find_route(interaction.request)
        reply = None if route is None else _read_reply(route, interaction.response)
        if route is None or reply is None:
            return None
        is_response = route.dialect is Dialect.RESPONSES
        asked = Asked(
            provider=self.name,
            requested_model=reply.served_model if route.is_poll else route.model,
            is_alias=route.is_deployment,
            request=route.body,
            prompt_reader=read_responses_prompt if is_response else read_chat_prompt,
            price_key=find_seller(interaction.request),
        )
        return build_call(asked, reply, interaction)

    def requested_model(self, request: Request) -> str | None:
        """Return the model that a request names in its URL or its body, or None."""
        route = find_route(request)
        return None if route is None else route.model

    def incomplete(self, interaction: Interaction) -> str | None:
        """Say why a reply is not whole; None where it is, and where it is somebody else's."""
        route = find_route(interaction.request)
        reply = None if route is None else _read_reply(route, interaction.response)
        return None if reply is None else reply.fault

    def rename_model(self, request: Request, rename: Rename) -> Request:
        """Return a request that asks for another model; fallbacks are renamed with it."""
        route = find_route(request)
        if route is None or route.is_poll or is_signed(request):
            return request
        request = rename_in_url(request, DEPLOYMENT, rename)
        return change_body(request, lambda body: rename_in_object(body, rename))

    def requests_a_minute(self, response: Response) -> int | None:
        """Return how many requests a minute the server allows, or None where it does not say."""
        return read_limit(response)


def _read_reply(route: Route, response: Response) -> Reply | None:
    """Read the response to a request; None where it is the answer to no call."""
    if route.is_poll:
        return _read_poll(response)
    if response.status >= FIRST_ERROR:
        return read_error(response)
    if route.dialect in _OLLAMA:
        return read_ollama(response.body)
    is_response = route.dialect is Dialect.RESPONSES
    if is_event_stream(response):
        read = responses.read_stream if is_response else chat_stream.read_stream
        return read(response.body)
    body = read_mapping(parse(response.body))
    if is_response:
        return responses.read_response(body, background=_is_background(route.body))
    return read_completion(body)


def _read_poll(response: Response) -> Reply | None:
    """Read a response that was made in the background; None while it is, and of any other."""
    body = read_mapping(parse(response.body))
    if response.status >= FIRST_ERROR or not _is_background(body):
        return None
    is_waiting = is_one_of(body.get("status"), {"queued", "in_progress"})
    return None if is_waiting else responses.read_response(body)


def _is_background(body: Any) -> bool:
    return read_mapping(body).get("background") is True
