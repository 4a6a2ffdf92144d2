"""Reads generateContent and streamGenerateContent, whichever of Google's hosts speaks them."""

from dataclasses import replace

from pytest_llmregress.providers.gemini.routes import find_route, rename_model
from pytest_llmregress.providers.gemini.sdk import SUPPORT
from pytest_llmregress.providers.protocol import Rename
from pytest_llmregress.providers.reply import Asked, build_call
from pytest_llmregress.providers.sdk_seams import SdkSupport
from pytest_llmregress.values.call import Call
from pytest_llmregress.values.http import Interaction, Request


class GeminiProvider:
    """Reads calls of the Gemini API, and of Google's own models on Vertex AI."""

    name: str = "gemini"
    sdk: SdkSupport = SUPPORT

    def read(self, interaction: Interaction) -> Call | None:
        """Return the call that an interaction is, or None where it is no call of a model."""
        route = find_route(interaction.request)
        if route is None:
            return None
        from pytest_llmregress.providers.gemini.call_ids import name_calls
        from pytest_llmregress.providers.gemini.prompts import read_gemini_prompt
        from pytest_llmregress.providers.gemini.reply import read_reply

        asked = Asked(
            provider=self.name,
            requested_model=route.model,
            request=route.body,
            prompt_reader=read_gemini_prompt,
            price_key="google",
        )
        reply = read_reply(interaction.response, streamed=route.streamed)
        named = replace(reply, tool_calls=name_calls(reply.tool_calls, route.body))
        return build_call(asked, named, interaction)

    def requested_model(self, request: Request) -> str | None:
        """Return the model that a request names in its URL, or None."""
        route = find_route(request)
        return None if route is None else route.model

    def incomplete(self, interaction: Interaction) -> str | None:
        """Say why a reply is not whole; None where it is, and where it is somebody else's."""
        route = find_route(interaction.request)
        if route is None:
            return None
        from pytest_llmregress.providers.gemini.reply import read_reply

        return read_reply(interaction.response, streamed=route.streamed).fault

    def rename_model(self, request: Request, rename: Rename) -> Request:
        """Return a request that asks for another model."""
        return rename_model(request, rename)
