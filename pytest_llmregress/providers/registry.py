"""The providers that come with the package, and how several of them read what was recorded."""

from collections.abc import Iterable, Sequence

from pytest_llmregress.providers.anthropic.reader import AnthropicProvider
from pytest_llmregress.providers.protocol import Provider
from pytest_llmregress.values.call import Call, Calls
from pytest_llmregress.values.http import Interaction


def built_in_providers() -> tuple[Provider, ...]:
    """Return the providers that need no plugin."""
    return (AnthropicProvider(),)


def read_call(interaction: Interaction, providers: Sequence[Provider]) -> Call | None:
    """Return the call that an interaction is, by the first provider that knows it, or None.

    A redirect is none: its call is the request that follows it.
    """
    if interaction.response.is_redirect:
        return None
    read = (provider.read(interaction) for provider in providers)
    return next((call for call in read if call is not None), None)


def read_calls(interactions: Iterable[Interaction], providers: Sequence[Provider]) -> Calls:
    """Return the calls among interactions in their order; the questions to a judge are none."""
    read = (read_call(each, providers) for each in interactions if not each.judge)
    return Calls(call for call in read if call is not None)
