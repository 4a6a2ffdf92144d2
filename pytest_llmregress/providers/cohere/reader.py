"""Reads version 2 of Cohere's chat: which requests are calls, and what they ask for."""

import re
from collections.abc import Mapping
from typing import Any

from pytest_llmregress.providers.json_access import parse, read_mapping, read_string
from pytest_llmregress.providers.protocol import Rename
from pytest_llmregress.providers.renaming import change_body, is_signed, rename_in_object
from pytest_llmregress.providers.reply import Asked, build_call
from pytest_llmregress.providers.sdk_seams import NO_KEY, SdkSupport
from pytest_llmregress.values.call import Call
from pytest_llmregress.values.http import Interaction, Request

_CALL = re.compile(r"/v2/chat$")
_HOST = re.compile(r"https?://(?:[^/?#]*\.)?cohere\.(?:com|ai)(?::\d+)?/", re.IGNORECASE)
_ASKED = frozenset({"model", "messages"})
"""What a body holds at another host than Cohere's: others have such paths, too."""


class CohereProvider:
    """Reads calls of Cohere's models.

    Tokens are those that the model saw. Cohere bills fewer, for its own words around a prompt are
    free: a cost is told too high rather than too low.
    """

    name: str = "cohere"
    sdk: SdkSupport = SdkSupport(
        package="cohere", environment={"CO_API_KEY": NO_KEY, "COHERE_API_KEY": NO_KEY}
    )

    def read(self, interaction: Interaction) -> Call | None:
        """Return the call that an interaction is, or None where it is no call of a model."""
        body = _find_call(interaction.request)
        if body is None:
            return None
        from pytest_llmregress.providers.cohere.prompts import read_cohere_prompt
        from pytest_llmregress.providers.cohere.reply import read_reply

        asked = Asked(
            provider=self.name,
            requested_model=read_string(body.get("model")),
            request=body,
            prompt_reader=read_cohere_prompt,
            price_key="cohere",
        )
        return build_call(asked, read_reply(interaction.response), interaction)

    def requested_model(self, request: Request) -> str | None:
        """Return the model that a request names in its body, or None."""
        return read_string((_find_call(request) or {}).get("model"))

    def incomplete(self, interaction: Interaction) -> str | None:
        """Say why a reply is not whole; None where it is, and where it is somebody else's."""
        if _find_call(interaction.request) is None:
            return None
        from pytest_llmregress.providers.cohere.reply import read_reply

        return read_reply(interaction.response).fault

    def rename_model(self, request: Request, rename: Rename) -> Request:
        """Return a request that asks for another model."""
        if _find_call(request) is None or is_signed(request):
            return request
        return change_body(request, lambda body: rename_in_object(body, rename))


def _find_call(request: Request) -> Mapping[str, Any] | None:
    """Return what a request asks, or None where it is no call; empty where it is no JSON."""
    path = re.split(r"[?#]", request.url, maxsplit=1)[0].rstrip("/")
    if request.method.upper() != "POST" or not _CALL.search(path):
        return None
    body = read_mapping(parse(request.body))
    return body if _HOST.match(request.url) or body.keys() >= _ASKED else None
