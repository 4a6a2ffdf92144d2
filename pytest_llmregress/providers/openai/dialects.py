"""Reads a reply in the dialect in which it was asked for."""

from typing import Any

from pytest_llmregress.providers.event_stream import is_event_stream
from pytest_llmregress.providers.json_access import is_one_of, parse, read_mapping
from pytest_llmregress.providers.openai import chat_stream, responses
from pytest_llmregress.providers.openai.chat import read_completion
from pytest_llmregress.providers.openai.ollama import read_ollama
from pytest_llmregress.providers.openai.reply import read_error
from pytest_llmregress.providers.openai.routes import Dialect, Route
from pytest_llmregress.providers.reply import FIRST_ERROR, Reply
from pytest_llmregress.values.http import Response

_OLLAMA = frozenset({Dialect.OLLAMA_CHAT, Dialect.OLLAMA_GENERATE})


def read_reply(route: Route, response: Response) -> Reply | None:
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
