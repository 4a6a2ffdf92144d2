"""What differs between a request that was not recorded and the recording nearest to it."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode

from pytest_llmregress.formatting.one_line_diff import (
    REQUEST_AND_RECORDING,
    SideLabels,
    common_ends,
    count,
    excerpt,
    first_difference,
    json_change,
    line_change,
    missing,
    plain,
    same_json,
)
from pytest_llmregress.values.cause import RequestPartChange
from pytest_llmregress.values.http import Request
from pytest_llmregress.values.matching import betas_of, body_of, path_of, query_of

MAX_PARTS = 8
"""Parts that are told; the names of the others follow in one line."""
_MAX_NAMED = 3
"""Tools, or beta features, whose change is told."""
_WEIGHTS = {"model": 4, "system": 4, "tools": 3}
"""Of equal keys; any other key weighs 1, and the messages as said in `_share_of_messages`."""
_MESSAGES_WEIGHT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestDiff:
    """Why a request was not answered by any recording."""

    nearest: int | None
    """Index of the recorded request that is most like it; None where nothing is recorded."""
    parts: tuple[RequestPartChange, ...] = ()
    """What differs from that one; empty where the two are the same request."""


class _View(NamedTuple):
    """The parts of a request."""

    method: str
    path: str
    betas: list[str]
    fields: dict[str, Any] | None
    """The JSON object of the body; None where it is something else."""
    body: bytes


def explain(request: Request, recorded: Sequence[Request]) -> RequestDiff:
    """Find the recording nearest to a request, and say what differs from it.

    Of two equally near ones, the first. Messages, blocks, lines and bytes are counted from 1.
    What matching ignores (the order of keys, the host, most headers) is not told. A body of any
    kind is taken, and nothing is raised.
    """
    try:
        return _explain(request, recorded, _fields)
    except RecursionError:  # nested too deeply to walk: told as bytes
        return _explain(request, recorded, lambda _body: None)


def _explain(
    request: Request,
    recorded: Sequence[Request],
    fields: Callable[[bytes], dict[str, Any] | None],
) -> RequestDiff:
    asked = _view(request, fields)
    if not recorded:
        return RequestDiff(nearest=None)
    nearest = 0
    winner, best = asked, (False, False, -1.0)
    for index, candidate in enumerate(recorded):
        view = _view(candidate, fields)
        near = (view.path == asked.path, view.method == asked.method, _likeness(view, asked))
        if near > best:
            nearest, winner, best = index, view, near
    return RequestDiff(nearest=nearest, parts=_bounded(_changes(winner, asked)))


def _fields(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _view(request: Request, fields: Callable[[bytes], dict[str, Any] | None]) -> _View:
    query = urlencode(query_of(request))
    path = path_of(request) + ("?" + query if query else "")
    found = fields(request.body)
    body = body_of(request) if found is None else request.body
    return _View(request.method.upper(), path, betas_of(request), found, body)


def _likeness(view: _View, asked: _View) -> float:
    """Return the share of equal parts, 0 to 1."""
    equal = float(view.betas == asked.betas)
    total = 1.0
    if view.fields is None or asked.fields is None:
        weight = sum(_WEIGHTS.values())
        return (equal + weight * (view.body == asked.body)) / (total + weight)
    for key in view.fields.keys() | asked.fields.keys():
        old, new = view.fields.get(key), asked.fields.get(key)
        if key == "messages" and isinstance(old, list) and isinstance(new, list):
            equal += _MESSAGES_WEIGHT * _share_of_messages(old, new)
            total += _MESSAGES_WEIGHT
        else:
            weight = _WEIGHTS.get(key, 1)
            equal += weight * bool(old == new)
            total += weight
    return equal / total


def _share_of_messages(old: list[Any], new: list[Any]) -> float:
    """Return how much of two histories is the same, from the front; a same length counts half."""
    same = sum(bool(a == b) for a, b in zip(old, new, strict=False))
    return (same + 0.5 * (len(old) == len(new))) / (max(len(old), len(new)) + 0.5)


def _bounded(changes: Iterable[RequestPartChange]) -> tuple[RequestPartChange, ...]:
    told = list(changes)
    if len(told) <= MAX_PARTS:
        return tuple(told)
    rest = [change.part for change in told[MAX_PARTS:]]
    names = ", ".join(rest[:MAX_PARTS]) + (", …" if len(rest) > MAX_PARTS else "")
    return (*told[:MAX_PARTS], RequestPartChange(part=f"and {len(rest)} more", what=names))


def _changes(old: _View, new: _View) -> Iterator[RequestPartChange]:
    """Yield every part that differs, the histories last, since they may be many."""
    if old.method != new.method:
        yield RequestPartChange(part="method", what=f"{plain(old.method)} → {plain(new.method)}")
    if old.path != new.path:
        yield RequestPartChange(part="path", what=line_change(old.path, new.path, quote=""))
    if old.betas != new.betas:
        yield RequestPartChange(
            part="beta features",
            what=join_first(_names(old.betas, new.betas, REQUEST_AND_RECORDING)),
        )
    if old.fields is None or new.fields is None:
        if old.body != new.body:
            at = first_difference(old.body, new.body) + 1
            sizes = f"{len(old.body)} bytes → {len(new.body)} bytes"
            yield RequestPartChange(part="body", what=f"{sizes}, first difference at byte {at}")
        return
    yield from changes_of_fields(old.fields, new.fields)


def changes_of_fields(
    old: Mapping[str, Any], new: Mapping[str, Any], *, sides: SideLabels = REQUEST_AND_RECORDING
) -> Iterator[RequestPartChange]:
    """Yield every part that differs between the JSON objects of two requests."""
    first: dict[str, Any] = {"model": None, "system": None, "tools": None}
    keys = [key for key in {**first, **old, **new} if key in old or key in new]
    for key in keys:
        part = "system prompt" if key == "system" else plain(key)
        if key not in old:
            yield RequestPartChange(part=part, what=missing([new[key]], sides.new))
        elif key not in new:
            yield RequestPartChange(part=part, what=missing([old[key]], sides.gone))
        elif key == "messages" or same_json(old[key], new[key]):
            continue
        elif key == "model" and isinstance(old[key], str) and isinstance(new[key], str):
            yield RequestPartChange(part=part, what=line_change(old[key], new[key], quote=""))
        elif key == "tools":
            yield RequestPartChange(part=part, what=_change_of_tools(old[key], new[key], sides))
        else:
            what = json_change(old[key], new[key], blocks=key == "system", sides=sides)
            yield RequestPartChange(part=part, what=what)
    if "messages" in old and "messages" in new:
        yield from _changes_of_messages(old["messages"], new["messages"], sides)


def _changes_of_messages(old: Any, new: Any, sides: SideLabels) -> Iterator[RequestPartChange]:
    if not isinstance(old, list) or not isinstance(new, list):
        if not same_json(old, new):
            yield RequestPartChange(part="messages", what=json_change(old, new, sides=sides))
        return
    start, tail = common_ends(old, new, same_json)
    more = len(new) - len(old)
    if more:
        word = "more" if more > 0 else "fewer"
        inside = tail and start + tail == min(len(old), len(new))
        at = f", at message {start + 1}" if inside else ""
        what = f"{count(abs(more), 'message')} {word} {sides.than}{at}"
        yield RequestPartChange(part="messages", what=what)
    middle = slice(start, min(len(old), len(new)) - tail)
    for number, (a, b) in enumerate(zip(old[middle], new[middle], strict=True), start + 1):
        if not same_json(a, b):
            part = f"message {number}"
            match a, b:
                case {"role": str(role)}, {"role": other} if role == other:
                    part += f" ({plain(role)})"
            yield RequestPartChange(part=part, what=_change_of_message(a, b, sides))


def _change_of_message(old: Any, new: Any, sides: SideLabels) -> str:
    """Leave the word "content" out where nothing but the content differs."""
    if isinstance(old, dict) and isinstance(new, dict) and "content" in old and "content" in new:
        others = [{k: v for k, v in message.items() if k != "content"} for message in (old, new)]
        if same_json(*others):
            return json_change(old["content"], new["content"], blocks=True, sides=sides)
    return json_change(old, new, sides=sides)


def _change_of_tools(old: Any, new: Any, sides: SideLabels) -> str:
    olds, news = _by_name(old), _by_name(new)
    if olds is None or news is None:
        return json_change(old, new, sides=sides)
    told = _names(olds, news, sides)
    told += [
        f"{excerpt(name)} {json_change(olds[name], news[name], sides=sides)}"
        for name in news
        if name in olds and not same_json(olds[name], news[name])
    ]
    if not told:
        return "the same tools in another order"
    return join_first(told)


def _by_name(tools: Any) -> dict[str, Any] | None:
    """Return tools by their names, or None where they have none or share one."""
    if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
        return None
    names = [tool.get("name") for tool in tools]
    named = {name: tool for name, tool in zip(names, tools, strict=True) if isinstance(name, str)}
    return named if len(named) == len(tools) else None


def _names(old: Collection[str], new: Collection[str], sides: SideLabels) -> list[str]:
    added = [f"{excerpt(name)} {sides.new}" for name in new if name not in old]
    return added + [f"{excerpt(name)} {sides.gone}" for name in old if name not in new]


def join_first(told: Sequence[str]) -> str:
    """Return the first differences, and the number of the others."""
    more = f"; and {len(told) - _MAX_NAMED} more" if len(told) > _MAX_NAMED else ""
    return "; ".join(told[:_MAX_NAMED]) + more
