"""What a provider has to be for one of its models to judge texts."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from pytest_llmregress.values.prompt import Prompt


class UnansweredError(Exception):
    """Why a question got no whole answer, in words for the user."""


class JudgeApi(Protocol):
    """Asks a model one question, and reads its answer."""

    def serves(self, model: str, /) -> bool:
        """Whether a model is one of this API, by its name."""
        ...

    def write(self, model: str, prompt: Prompt, /) -> dict[str, Any]:
        """Return the JSON body that asks a model: system prompt, one message, schema, limit.

        `read_prompt` of `values/prompt.py` has to find the message, as the last one, and the schema
        in it again.
        """
        ...

    def send(self, body: Mapping[str, Any], /, *, base_url: str | None) -> bytes:
        """Send a question, and return the body of the answer. Raises UnansweredError.

        :param base_url: where to; None for what the environment says.
        """
        ...

    def read(self, body: bytes, /) -> str | None:
        """Return the text of an answer, or None where it is in no form of this API.

        Raises UnansweredError where it is an error, or did not come to its end.
        """
        ...


@runtime_checkable
class KnowsAliases(Protocol):
    """A `JudgeApi` of which some names stand for another model every few months."""

    def is_alias(self, model: str, /) -> bool:
        """Tell whether a name is one of those, beside the names that end in "latest"."""
        ...
