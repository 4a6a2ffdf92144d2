"""Reads chat completions, Responses and Ollama's own API, whichever host speaks them."""

from typing import TYPE_CHECKING

from pytest_llmregress.providers.openai.routes import DEPLOYMENT, Dialect, find_route
from pytest_llmregress.providers.openai.sellers import PLACEHOLDERS, find_seller
from pytest_llmregress.providers.protocol import Rename
from pytest_llmregress.providers.renaming import (
    change_body,
    is_signed,
    rename_in_object,
    rename_in_url,
)
from pytest_llmregress.providers.reply import Asked, build_call
from pytest_llmregress.providers.sdk_seams import SdkSupport
from pytest_llmregress.providers.stainless import watch_requests
from pytest_llmregress.values.call import Call
from pytest_llmregress.values.http import Interaction, Request, Response

if TYPE_CHECKING:
    from pytest_llmregress.providers.batches import BatchApi
    from pytest_llmregress.providers.judges import JudgeApi


class OpenAIProvider:
    """Reads the calls of OpenAI's APIs and of all that are compatible with them."""

    name: str = "openai"
    sdk: SdkSupport = SdkSupport(
        package="openai", environment=PLACEHOLDERS, seams={"openai": watch_requests("openai")}
    )

    @property
    def batch(self) -> "BatchApi":
        """What hands in requests together."""
        from pytest_llmregress.providers.openai import batch_files

        return batch_files

    @property
    def judge(self) -> "JudgeApi":
        """What asks a model about a text."""
        from pytest_llmregress.providers.openai import judge

        return judge

    def read(self, interaction: Interaction) -> Call | None:
        """Return the call that an interaction is, or None where it is no call of a model."""
        route = find_route(interaction.request)
        if route is None:
            return None
        from pytest_llmregress.providers.openai.dialects import read_reply
        from pytest_llmregress.providers.openai.prompts import (
            read_chat_prompt,
            read_responses_prompt,
        )

        reply = read_reply(route, interaction.response)
        if reply is None:
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
        if route is None:
            return None
        from pytest_llmregress.providers.openai.dialects import read_reply

        reply = read_reply(route, interaction.response)
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
        from pytest_llmregress.providers.openai.limits import read_limit

        return read_limit(response)
