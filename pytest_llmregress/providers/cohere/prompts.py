"""Reads what a request asks in Cohere's form as a `Prompt`."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytest_llmregress.providers.json_access import read_mapping
from pytest_llmregress.providers.openai.prompts import read_chat_prompt
from pytest_llmregress.values.prompt import Prompt


def read_cohere_prompt(body: Mapping[str, Any]) -> Prompt:
    """Read the body of a request: messages and tools have the form of chat completions."""
    form = read_mapping(body.get("response_format"))
    schemas = (read_mapping(form.get(key)) for key in ("json_schema", "schema"))
    schema = next(filter(None, schemas), {})
    rest = {key: value for key, value in body.items() if key != "response_format"}
    return replace(read_chat_prompt(rest if schema else body), schema=schema)
