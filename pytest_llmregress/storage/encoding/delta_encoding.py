"""Requests that go on from earlier ones: written as what is new in them, and read as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_llmregress.storage.encoding.anchors import MIN_REPEAT, AnchoredText, on_one_line
from pytest_llmregress.storage.encoding.body_encoding import (
    BodyStructure,
    describe,
    form_of,
    read_structure,
    restore_body,
    restore_structure,
)
from pytest_llmregress.storage.encoding.json_styles import STYLES, JsonRenderer, SizeLimit
from pytest_llmregress.storage.encoding.repeated_history import (
    ANSWER,
    SharedHistories,
    describe_repeat,
    exact,
    find_repeat_marks,
    repeat,
)
from pytest_llmregress.storage.yaml.emitter import FlowList, FlowMapping
from pytest_llmregress.storage.yaml.validation import MappingReader
from pytest_llmregress.values.http import Request, Response

HISTORIES = ("messages", "input", "contents")
"""The fields of a body that grow from call to call; the first that is a list counts."""

AS_CALL = "as_call"
"""The key that says from which earlier call a request has what it does not say itself."""

_Headers = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """A request whose body is a JSON object."""

    method: str
    url: str
    headers: _Headers
    body: BodyStructure
    history: str | None
    """The field of the body that grows from call to call."""
    texts: Mapping[str, str]
    """The other fields of the body as exact text; of a request that was read, none."""
    items: tuple[str, ...] = ()
    """The items of the history as exact text; of a request that was read, none."""

    @property
    def path(self) -> tuple[str, ...]:
        """What tells how much two histories share."""
        return (self.history or "", *self.items)


class DeltaWriter:
    """Describes the messages of a cassette, in their order."""

    def __init__(self) -> None:
        self._sent: dict[int, _Sent] = {}
        self._histories = SharedHistories()
        self._answers: dict[int, dict[str, Any]] = {}
        self._marks: dict[str, int] = {}
        """The latest call whose answer has a mark."""
        self._known: dict[str, tuple[str, Any]] = {}
        """One text and value for each exact text: what is sent again is held once."""

    def request(self, request: Request, call: int) -> dict[str, Any]:
        """Return the keys that stand for a request."""
        structure = read_structure(request.body)
        if structure is None:
            body, _ = describe(request.body)
        elif not isinstance(structure.value, dict):
            body = structure.describe()
        else:
            sent = self._take_apart(request, structure)
            earlier = self._as_earlier(sent)
            self._sent[call] = sent
            self._histories.add(call, sent.path)
            if earlier is not None:
                return earlier
            body = sent.body.describe()
        headers = {"headers": _describe(request.headers)} if request.headers else {}
        return {"method": request.method, "url": request.url, **headers, **body}

    def response(self, response: Response, call: int) -> dict[str, Any]:
        """Return the keys that stand for a response."""
        body, message = describe(response.body)
        if message is not None:
            self._answers[call] = message
            self._marks |= dict.fromkeys(find_repeat_marks(message), call)
        reason = {"reason": response.reason} if response.reason else {}
        headers = {"headers": _describe(response.headers)} if response.headers else {}
        return {"status": response.status, **reason, **headers, **body}

    def _take_apart(self, request: Request, structure: BodyStructure) -> _Sent:
        value: dict[str, Any] = {}
        texts: dict[str, str] = {}
        items: tuple[str, ...] = ()
        history = _history_of(structure.value)
        for key, item in structure.value.items():
            if key == history:
                pairs = [self._hold(each) for each in item]
                items = tuple(text for text, _ in pairs)
                value[key] = [each for _, each in pairs]
            else:
                texts[key], value[key] = self._hold(item)
        return _Sent(
            method=request.method,
            url=request.url,
            headers=request.headers,
            body=BodyStructure(value=value, style=structure.style),
            history=history,
            texts=texts,
            items=items,
        )

    def _hold(self, value: Any) -> tuple[str, Any]:
        text = exact(value)
        return self._known.setdefault(text, (text, value))

    def _as_earlier(self, sent: _Sent) -> dict[str, Any] | None:
        """Return a request as what is new in it; None where it is plainer to say it all."""
        shared = self._histories.find(sent.path)
        if shared is None:
            return None
        base, kept = self._sent[shared.call], shared.length - 1
        new = sent.body.value[sent.history][kept:] if sent.history else []
        if any(isinstance(item, dict) and ANSWER in item for item in new):
            return None  # it would be taken for a reference
        same = {key for key, text in sent.texts.items() if base.texts.get(key) == text}
        but = {key: AnchoredText(sent.body.value[key]) for key in sent.texts if key not in same}
        if kept == 0 and but and sum(len(sent.texts[key]) for key in same) < MIN_REPEAT:
            return None
        written: dict[str, Any] = {AS_CALL: shared.call, **_new_head(sent, base)}
        if sent.body.style != base.body.style:
            written["json_style"] = sent.body.style
        if list({**base.body.value, **but}) != list(sent.body.value):
            written["fields"] = FlowList(sent.body.value)
        if but:
            written["but"] = but
        if kept < len(base.items):
            written[f"{sent.history}_first"] = kept
        if new:
            written[f"{sent.history}_then"] = [self._item(item) for item in new]
        return written

    def _item(self, item: Any) -> Any:
        """Return an item of a history, or which answer it is."""
        marks = (mark for mark in find_repeat_marks(item) if mark in self._marks)
        for call in dict.fromkeys(self._marks[mark] for mark in marks):
            how = describe_repeat(item, self._answers[call])
            if how is not None:
                return FlowMapping({ANSWER: call, **how})
        return AnchoredText(item)


class DeltaReader:
    """Restores what a `DeltaWriter` described, in the same order.

    Raises `TooLargeError` where the bodies come to more than `limit` characters.

    :param calls: how many there are: after the last one, nothing has to be at hand.
    """

    def __init__(self, limit: int, *, calls: int) -> None:
        self._last = calls
        self._budget = SizeLimit(limit)
        self._renderer = JsonRenderer(self._budget)
        self._sent: dict[int, _Sent] = {}
        self._answers: dict[int, dict[str, Any]] = {}
        self._repeated: dict[str, Any] = {}
        """Answers as they were sent again, so that each is one object however often it is."""

    @property
    def hashes(self) -> Mapping[int, str]:
        """SHA-256 of bodies that go on from an earlier one, by the identities of the bodies."""
        return self._renderer.hashes

    def request(self, fields: MappingReader, call: int) -> Request:
        """Return the request that a mapping stands for."""
        base = self._base(fields) if fields.has(AS_CALL) else None
        structure: BodyStructure | None = None
        extends: list[Any] | None = None
        body = b""
        if base is not None:
            structure = self._extended(fields, base)
            extends = base.body.value[base.history] if base.history else None
        elif form_of(fields) == "json":
            structure = restore_structure(fields)
        else:
            body, _ = restore_body(fields, self._budget)
        if structure is not None:
            body = self._render(fields, structure, extends, is_last=call == self._last)
        request = Request(
            method=fields.text("method", default=base.method if base else None),
            url=fields.text("url", default=base.url if base else None),
            headers=base.headers if base and not fields.has("headers") else _headers(fields),
            body=body,
        )
        if call < self._last and structure is not None and isinstance(structure.value, dict):
            self._sent[call] = _Sent(
                method=request.method,
                url=request.url,
                headers=request.headers,
                body=structure,
                history=_history_of(structure.value),
                texts={},
            )
        return request

    def response(self, fields: MappingReader, call: int) -> Response:
        """Return the response that a mapping stands for."""
        body, message = restore_body(fields, self._budget)
        if message is not None:
            self._answers[call] = message
        return Response(
            status=fields.integer("status"),
            reason=fields.text("reason", default=""),
            headers=_headers(fields),
            body=body,
        )

    def _base(self, fields: MappingReader) -> _Sent | None:
        number = fields.integer(AS_CALL)
        if form := form_of(fields):
            fields.blame(form, f"a body has one form, and {AS_CALL} is there too")
        elif number not in self._sent:
            what = "an earlier call whose request is a JSON object"
            fields.blame(AS_CALL, f"it is {number}, and the number of {what} is needed")
        return self._sent.get(number)

    def _extended(self, fields: MappingReader, base: _Sent) -> BodyStructure:
        """Return the body of an earlier request with what is new in this one."""
        value = {**base.body.value, **fields.mapping("but")}
        history = base.history
        if history is not None and (
            fields.has(f"{history}_first") or fields.has(f"{history}_then")
        ):
            items = base.body.value[history]
            first = fields.integer(f"{history}_first", default=len(items))
            if not 0 <= first <= len(items):
                fields.blame(f"{history}_first", f"it is {first}, and there are {len(items)}")
            new = [self._item(fields, item) for item in fields.items(f"{history}_then")]
            value[history] = [*items[: max(first, 0)], *new]
        if fields.has("fields"):
            order = fields.texts("fields")
            for key in order:
                if key not in value:
                    fields.blame("fields", f"there is no {key}")
            value = {key: value[key] for key in order if key in value}
        style = fields.choice("json_style", STYLES, default=base.body.style)
        return BodyStructure(value=value, style=style)

    def _item(self, fields: MappingReader, item: Any) -> Any:
        """Return an item of a history, or the answer for which it stands."""
        if not isinstance(item, dict) or ANSWER not in item:
            return item
        key = repr(item)
        if key not in self._repeated:
            how = {name: value for name, value in item.items() if name != ANSWER}
            number = item[ANSWER]
            answer = self._answers.get(number) if type(number) is int else None
            if answer is None:
                what = "an earlier call that was answered with a message"
                fields.blame(ANSWER, f"it is {number!r:.40}, and the number of {what} is needed")
            self._repeated[key] = message = None if answer is None else repeat(answer, how)
            if answer is not None and message is None:
                fields.blame(ANSWER, f"the answer of call {number} cannot be sent again like that")
        return self._repeated[key]

    def _render(
        self,
        fields: MappingReader,
        structure: BodyStructure,
        extends: list[Any] | None,
        *,
        is_last: bool,
    ) -> bytes:
        value = structure.value
        history = _history_of(value) if isinstance(value, dict) else None
        try:
            return self._renderer.render(
                value, structure.style, shared=history, extends=extends, is_last=is_last
            )
        except (ValueError, TypeError, RecursionError):
            fields.blame("json", "it is no JSON")
            return b""


def _history_of(body: Mapping[str, Any]) -> str | None:
    return next((name for name in HISTORIES if isinstance(body.get(name), list)), None)


def _new_head(sent: _Sent, base: _Sent) -> dict[str, Any]:
    """Return what a request says of itself, its body apart, as far as an earlier one differs."""
    head: dict[str, Any] = {}
    if sent.method != base.method:
        head["method"] = sent.method
    if sent.url != base.url:
        head["url"] = sent.url
    if list(sent.headers.items()) != list(base.headers.items()):
        head["headers"] = _describe(sent.headers)
    return head


def _describe(headers: _Headers) -> Any:
    return on_one_line(
        {name: values[0] if len(values) == 1 else list(values) for name, values in headers.items()}
    )


def _headers(message: MappingReader) -> dict[str, tuple[str, ...]]:
    values: dict[str, tuple[str, ...]] = {}
    for name, value in message.mapping("headers").items():
        several = value if isinstance(value, list) else [value]
        if all(isinstance(item, str) for item in several):
            values[name] = tuple(several)
        else:
            message.blame("headers", f"{name} is neither a text nor a list of texts")
    return values
