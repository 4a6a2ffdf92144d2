"""Server-sent events as structure: a run of events that differ in one text is written as one."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_llmregress.storage.encoding.anchors import AnchoredText
from pytest_llmregress.storage.encoding.json_styles import (
    DEFAULT,
    STYLES,
    SizeLimit,
    read_json,
    render_field,
    styles_of,
)
from pytest_llmregress.storage.encoding.repeated_history import exact
from pytest_llmregress.storage.yaml.emitter import FlowList
from pytest_llmregress.storage.yaml.validation import MappingReader

CUTS = "|¦‖│⁞␟"
"""What may stand in a text where one event ends and the next begins; the first that is free."""

_FRAME = re.compile(r"(?:event: (?P<event>[^\r\n]*)\n)?data: (?P<data>[^\r\n]*)")
_PADDED = re.compile(r"(.*[^ ])( +)\}", re.DOTALL)
"""Anthropic pads its events with spaces before the last brace."""

Path = tuple[str | int, ...]
"""The keys and indices that lead to a part of a JSON value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """One event; either with data that are JSON, or with a text."""

    name: str | None
    text: str
    padding: int = 0
    data: Any = None
    styles: tuple[str, ...] = ()
    """The ways to write the data that give the text; none where the data are no JSON."""


def is_stream(text: str) -> bool:
    """Say whether a text begins like server-sent events."""
    return text.startswith(("event: ", "data: "))


def describe_stream(text: str) -> tuple[dict[str, Any], list[Any]] | None:
    """Return events as the keys that stand for them, and their data; None if a byte were lost."""
    if not text.endswith("\n\n"):
        return None
    frames = [_FRAME.fullmatch(frame) for frame in text[:-2].split("\n\n")]
    events = [_event(frame["event"], frame["data"]) for frame in frames if frame]
    if len(events) < len(frames):
        return None
    count = Counter(style for event in events for style in event.styles)
    if not count:
        return None
    common = max(STYLES, key=lambda style: count[style])  # the first of equals
    written: list[dict[str, Any]] = []
    start = 0
    while start < len(events):
        length, path = _run(events, start, common)
        written += _written(events[start : start + length], path, common)
        start += length
    style = {} if common == DEFAULT else {"json_style": common}
    return {**style, "events": written}, [event.data for event in events if event.styles]


def restore_stream(fields: MappingReader, budget: SizeLimit) -> tuple[bytes, list[Any]]:
    """Return the events that `describe_stream` described as bytes, and their data."""
    common = fields.choice("json_style", STYLES, default=DEFAULT)
    frames: list[str] = []
    values: list[Any] = []
    for event in fields.list_of_fields("events"):
        name = f"event: {event.text('event')}\n" if event.has("event") else ""
        if event.has("text"):
            frames.append(f"{name}data: {event.text('text')}\n\n")
            continue
        style = event.choice("json_style", STYLES, default=common)
        several = _uncut(event, budget)
        paddings = _paddings(event, len(several), budget)
        for value, padding in zip(several, paddings, strict=True):
            data = render_field(event, "data", value, style)
            if padding:
                data = data[:-1] + " " * padding + data[-1:]
            frames.append(f"{name}data: {data}\n\n")
        values += several
    text = "".join(frames)
    budget.take(len(text))
    return text.encode("utf-8", "surrogatepass"), values


def differing_texts(one: Any, other: Any) -> list[Path] | None:
    """Return where two JSON values have different texts; None where they differ otherwise."""
    if isinstance(one, str) and isinstance(other, str):
        return [] if one == other else [()]
    if type(one) is not type(other):
        return None
    if isinstance(one, dict | list):
        if _steps(one) != _steps(other):
            return None
        found: list[Path] = []
        for step in _steps(one):
            below = differing_texts(one[step], other[step])
            if below is None:
                return None
            found += [(step, *path) for path in below]
        return found
    return [] if repr(one) == repr(other) else None


def _event(name: str | None, text: str) -> _Event:
    padded = _PADDED.fullmatch(text)
    forms = [(text, 0), *([(padded[1] + "}", len(padded[2]))] if padded else [])]
    for form, padding in forms:
        read = read_json(form)
        if read is not None and (styles := styles_of(read[0], form)):
            return _Event(name=name, text=text, padding=padding, data=read[0], styles=tuple(styles))
    return _Event(name=name, text=text)


def _run(events: Sequence[_Event], start: int, common: str) -> tuple[int, Path]:
    """Return how many events from a place on differ in one text alone, and where that text is."""
    first = events[start]
    length = 1
    path: Path = ()
    while first.styles and start + length < len(events):
        event = events[start + length]
        if event.name != first.name or _style(event, common) != _style(first, common):
            break
        paths = differing_texts(first.data, event.data)
        if paths is None or len(paths) > 1 or (path and paths and paths[0] != path):
            break
        path = paths[0] if paths else path
        length += 1
    return (length, path) if path else (1, path)


def _written(run: Sequence[_Event], path: Path, common: str) -> list[dict[str, Any]]:
    """Return a run of events as one, or as they are where no cut is free."""
    first = run[0]
    texts = [_at(event.data, path) for event in run] if path else []
    taken = "".join((exact(first.data), *texts))
    cut = next((cut for cut in CUTS if cut not in taken), None)
    if len(run) > 1 and cut is None:
        return [written for event in run for written in _written([event], (), common)]
    event: dict[str, Any] = {} if first.name is None else {"event": first.name}
    if not first.styles:
        return [{**event, "text": first.text}]
    data = first.data
    if path and cut is not None:
        event["cut_at"] = cut
        data = _with(data, path, cut.join(texts))
    if (style := _style(first, common)) != common:
        event["json_style"] = style
    paddings = [each.padding for each in run]
    if any(paddings):
        event["padding"] = paddings[0] if len(set(paddings)) == 1 else FlowList(paddings)
    return [{**event, "data": AnchoredText(data)}]


def _uncut(event: MappingReader, budget: SizeLimit) -> list[Any]:
    """Return the data of all events that one stands for."""
    value = event.value("data")
    if not event.has("cut_at"):
        return [value]
    cut = event.choice("cut_at", CUTS)
    paths = list(_paths_of(value, cut))
    if len(paths) != 1:
        event.blame("data", f"{len(paths)} texts in it have the cut {cut}, and one has to")
        return [value]
    texts = _at(value, paths[0]).split(cut)
    budget.take(len(texts) * len(exact(_with(value, paths[0], ""))))
    return [_with(value, paths[0], text) for text in texts]


def _paddings(event: MappingReader, count: int, budget: SizeLimit) -> list[int]:
    """Return the padding of each of the events that one stands for."""
    found = event.value("padding") if event.has("padding") else 0
    paddings = found if isinstance(found, list) else [found] * count
    if len(paddings) != count or not all(type(each) is int and each >= 0 for each in paddings):
        event.blame("padding", f"it is no number of spaces, nor a list of {count}")
        return [0] * count
    budget.take(sum(paddings))
    return paddings


def _paths_of(value: Any, part: str) -> Iterator[Path]:
    """Yield where the texts are that have a part."""
    if isinstance(value, str):
        if part in value:
            yield ()
    elif isinstance(value, dict | list):
        for step in _steps(value):
            for path in _paths_of(value[step], part):
                yield (step, *path)


def _steps(value: dict[Any, Any] | list[Any]) -> list[Any]:
    return list(value) if isinstance(value, dict) else list(range(len(value)))


def _at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def _with(value: Any, path: Path, leaf: str) -> Any:
    """Return a value with another text at one place."""
    if not path:
        return leaf
    step, *rest = path
    copy = value.copy()
    copy[step] = _with(value[step], tuple(rest), leaf)
    return copy


def _style(event: _Event, common: str) -> str | None:
    if not event.styles:
        return None
    return common if common in event.styles else event.styles[0]
