"""Reads Converse and ConverseStream of Bedrock, whichever model is spoken to."""

from pytest_llmregress.providers.aws_credentials import PLACEHOLDERS
from pytest_llmregress.providers.aws_requests import rewrite_before_signing
from pytest_llmregress.providers.bedrock.routes import find_route, rename_model
from pytest_llmregress.providers.protocol import Rename
from pytest_llmregress.providers.reply import Asked, build_call
from pytest_llmregress.providers.sdk_seams import SdkSupport
from pytest_llmregress.values.call import Call
from pytest_llmregress.values.http import Interaction, Request


class BedrockProvider:
    """Reads calls of Converse; InvokeModel speaks the format of each model's maker."""

    name: str = "bedrock"
    sdk: SdkSupport = SdkSupport(
        package="boto3",
        environment=PLACEHOLDERS,
        seams={"botocore.endpoint": rewrite_before_signing},
    )

    def read(self, interaction: Interaction) -> Call | None:
        """Return the call that an interaction is, or None where it is no call of a model."""
        route = find_route(interaction.request)
        if route is None:
            return None
        from pytest_llmregress.providers.bedrock.prompts import read_converse_prompt
        from pytest_llmregress.providers.bedrock.reply import read_reply

        asked = Asked(
            provider=self.name,
            requested_model=route.model,
            is_alias=route.is_alias,
            request=route.body,
            prompt_reader=read_converse_prompt,
            price_key="aws",
        )
        reply = read_reply(interaction.response, streamed=route.streamed)
        return build_call(asked, reply, interaction)

    def requested_model(self, request: Request) -> str | None:
        """Return the model that a request names in its URL, or None."""
        route = find_route(request)
        return None if route is None else route.model

    def incomplete(self, interaction: Interaction) -> str | None:
        """Say why a reply is not whole; None where it is, and where it is somebody else's."""
        route = find_route(interaction.request)
        if route is None:
            return None
        from pytest_llmregress.providers.bedrock.reply import read_reply

        return read_reply(interaction.response, streamed=route.streamed).fault

    def rename_model(self, request: Request, rename: Rename) -> Request:
        """Return a request that asks for another model."""
        return rename_model(request, rename)
