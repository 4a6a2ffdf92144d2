"""Asks a judge by chat completions, with the key and the base URL of the environment."""

import os
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pytest_llmregress.providers.json_access import parse
from pytest_llmregress.providers.judges import UnansweredError
from pytest_llmregress.providers.openai.chat import read_completion
from pytest_llmregress.providers.openai.reply import describe, find_error
from pytest_llmregress.providers.sdk_seams import NO_KEY
from pytest_llmregress.recording.rate_limiter import retry_after
from pytest_llmregress.recording.received_response import build_response
from pytest_llmregress.values.call import Outcome
from pytest_llmregress.values.http import is_passing
from pytest_llmregress.values.prompt import Prompt

_MODEL = re.compile(r"(?:openai/|ft:)?(?:gpt-|chatgpt-|o\d)", re.IGNORECASE)
_ATTEMPTS = 3
_FIRST_ERROR, _NO_ACCESS = 400, 401
_SECONDS = 120.0


def serves(model: str) -> bool:
    """Whether a model is one of OpenAI's."""
    return _MODEL.match(model) is not None


def write(model: str, prompt: Prompt) -> dict[str, Any]:
    """Return the JSON body that asks a model."""
    schema = {"name": "judgement", "strict": True, "schema": prompt.schema}
    return {
        "model": model,
        "max_completion_tokens": prompt.parameters["max_tokens"],
        "messages": [{"role": "system", "content": prompt.system}, *prompt.messages],
        "response_format": {"type": "json_schema", "json_schema": schema},
    }


def send(body: Mapping[str, Any], *, base_url: str | None) -> bytes:
    """Send a question, and return the body of the answer. Raises UnansweredError."""
    import httpx2  # noqa: PLC0415 - paid by tests that use it

    base = base_url or os.environ.get("OPENAI_BASE_URL") or "https://api.openai.com/v1"
    key = os.environ.get("OPENAI_API_KEY") or NO_KEY
    with httpx2.Client(timeout=_SECONDS) as client:
        for attempt in range(_ATTEMPTS):
            headers = {"authorization": f"Bearer {key}", "x-stainless-retry-count": str(attempt)}
            try:
                came = client.post(
                    f"{base.rstrip('/')}/chat/completions", json=dict(body), headers=headers
                )
            except httpx2.HTTPError as error:
                if attempt == _ATTEMPTS - 1:
                    raise UnansweredError(f"{type(error).__name__}: {error}") from error
                continue
            if came.status_code < _FIRST_ERROR:
                return came.content
            if not is_passing(came.status_code) or attempt == _ATTEMPTS - 1:
                break
            reply = build_response(came.status_code, "", came.headers.multi_items(), b"")
            time.sleep(min(60.0, retry_after(reply, now=datetime.now(UTC)) or 0.5 * 2**attempt))
    words = describe(find_error(parse(came.content))) or came.reason_phrase
    key_is_missing = came.status_code == _NO_ACCESS and key == NO_KEY
    raise UnansweredError(
        "there is no key; set OPENAI_API_KEY"
        if key_is_missing
        else f"the server answered {came.status_code} {words}"
    )


def read(body: bytes) -> str | None:
    """Return the text of a completion, or None where it is no completion."""
    found = parse(body)
    if not isinstance(found, dict):
        return None
    if "choices" not in found:
        if isinstance(found.get("error"), dict) and found.get("type") != "error":
            raise UnansweredError(f"the server answered {describe(find_error(found))!r}")
        return None
    reply = read_completion(found)
    if reply.outcome is not Outcome.ANSWERED:
        raise UnansweredError(f"it stopped with {reply.stop_reason} ({reply.outcome})")
    return reply.text
