"""Asks a judge by the Messages API, with the credentials and the base URL of the environment."""

import re
from collections.abc import Mapping
from typing import Any, cast

from pytest_llmregress.providers.json_access import parse
from pytest_llmregress.providers.judges import UnansweredError
from pytest_llmregress.values.prompt import Prompt

_ALIAS = re.compile(r"^claude-.*-0$", re.IGNORECASE)
_NO_KEY = "Could not resolve authentication"
"""Stands in the SDK's message where it has found no credentials; it is a plain TypeError."""


def serves(model: str) -> bool:
    """Whether a model is one of Anthropic's."""
    return "claude" in model.lower()


def is_alias(model: str) -> bool:
    """Whether a name stands for the newest snapshot of a model: "claude-opus-4-0"."""
    return bool(_ALIAS.search(model))


def write(model: str, prompt: Prompt) -> dict[str, Any]:
    """Return the JSON body that asks a model."""
    return {
        "model": model,
        "max_tokens": prompt.parameters["max_tokens"],
        "system": prompt.system,
        "messages": list(prompt.messages),
        "output_config": {"format": {"type": "json_schema", "schema": prompt.schema}},
    }


def send(body: Mapping[str, Any], *, base_url: str | None) -> bytes:
    """Send a question, and return the body of the answer. Raises UnansweredError."""
    import anthropic  # noqa: PLC0415 - a second of start-up, paid by tests that use it

    try:
        with anthropic.Anthropic(base_url=base_url) as client:
            # The raw response: what a server makes of structured output need not fit the types.
            messages = cast("Any", client.messages.with_raw_response)
            return cast("bytes", messages.create(**body).http_response.content)
    except anthropic.AnthropicError as error:
        raise UnansweredError(f"{type(error).__name__}: {error}") from error
    except TypeError as error:
        if _NO_KEY not in str(error):
            raise
        raise UnansweredError("there is no key; set ANTHROPIC_API_KEY") from error


def read(body: bytes) -> str | None:
    """Return the text of a message, or None where it is no message."""
    match parse(body):
        case {"stop_reason": "end_turn" | "stop_sequence", "content": list(blocks)}:
            texts = (block.get("text") for block in blocks if isinstance(block, dict))
            return "".join(text for text in texts if isinstance(text, str))
        case {"stop_reason": str(reason)}:
            raise UnansweredError(f"it stopped with {reason}")
        case {"type": "error", "error": {"message": str(words)}}:
            raise UnansweredError(f"the server answered {words!r}")
    return None
