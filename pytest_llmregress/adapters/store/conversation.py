"""Requests that go on from earlier ones: written as what is new in them, and read as a whole."""

from dataclasses import dataclass, field, replace
from typing import Any

from pytest_llmregress.adapters.store.bodies import (
    Structure,
    describe,
    form_of,
    read_structure,
    restore_body,
    restore_structure,
)
from pytest_llmregress.adapters.store.fields import Fields
from pytest_llmregress.adapters.store.json_text import STYLES, Budget, Renderer
from pytest_llmregress.adapters.store.repeats import MIN_REPEAT, Recorded
from pytest_llmregress.adapters.store.yaml_emit import Inline
from pytest_llmregress.core.answers import (
    ANSWER,
    describe_repeat,
    exact,
    marks_of,
    repeat,
)
from pytest_llmregress.core.history import Histories
from pytest_llmregress.core.http import Request, Response

HISTORIES = ("messages", "input", "contents")
"""The fields of a body that grow from call to call; the first that is a list counts."""

_SEVERAL = 4
"""Answers that a message is compared with, at most."""

Headers = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """The head of a request whose body is a JSON object, and the body."""

    method: str
    url: str
    headers: Headers
    body: Structure
    texts: dict[str, str] = field(default_factory=dict)
    """The fields of the body, without the history, as exact text."""
    items: tuple[str, ...] = ()
    """The items of the history, as exact text."""


class Writer:
    """Describes the calls of a cassette, one after another."""

    def __init__(self) -> None:
        self._sent: dict[int, _Sent] = {}
        self._histories = Histories()
        self._answers: dict[int, dict[str, Any]] = {}
        self._marks: dict[str, int] = {}
        """The latest answer that a text is a mark of."""
        self._values: dict[str, Any] = {}
        """One value for each exact text, so that a history that is sent again is held once."""
        self._texts: dict[str, str] = {}

    def request(self, request: Request, call: int) -> dict[str, Any]:
        """Return the keys that stand for a request."""
        structure = read_structure(request.body)
        headers = dict(request.headers)
        head: dict[str, Any] = {"method": request.method, "url": request.url}
        if structure is None or not isinstance(structure.value, dict):
            return {**head, **describe_headers(headers), **describe(request.body)[0]}
        sent = self._take_apart(request, structure)
        history = _history_of(sent.body.value)
        base = None
        path = (history or "", *sent.items)
        shared = self._histories.find(path)
        if shared is not None and not any(_is_marked(item) for item in sent.body.value.get(history or "", ())):
            base = self._as_call(shared.call, shared.length - 1, sent, history)
        self._histories.add(call, path)
        self._sent[call] = sent
        if base is None:
            return {**head, **describe_headers(headers), **sent.body.describe()}
        return base
