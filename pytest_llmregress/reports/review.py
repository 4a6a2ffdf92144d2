"""One pending item of a review as lines: what would take the place of what, and why it waits."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pytest_llmregress.formatting.styled_text import Line, Screen, Span, Style, beside, wrap
from pytest_llmregress.formatting.text_table import align
from pytest_llmregress.formatting.value_text import cut, in_words, printable
from pytest_llmregress.reports.cause import render_cause
from pytest_llmregress.reports.review_queue import Choice, Fate, Pair, Pieces, Queue, pair_lines
from pytest_llmregress.values.behavior import Change, Severity
from pytest_llmregress.values.canonical_json import canonical
from pytest_llmregress.values.cause import Cause
from pytest_llmregress.values.side_by_side import MAX_TEXT, Side

WIDE = 120
"""Columns from which on two texts stand side by side."""
_MIN_COLUMNS = 20
_BAR = " │ "
_MAX_TRAIT = 32
_STYLES = {
    Severity.BREAKING: Style.OLD,
    Severity.NOTABLE: Style.STRONG,
    Severity.COSMETIC: Style.DIM,
}


class Layout(StrEnum):
    """How two texts are held against each other."""

    BESIDE = "side by side"
    UNIFIED = "unified"


@dataclass(frozen=True, slots=True, kw_only=True)
class SideView:
    """What is shown of one side."""

    side: Side
    prompt: str = ""
    """The system prompt and the messages of the first call."""
    cost: float | None = None
    """In USD; None where it is unknown."""
    values: str = ""
    """What `llm_snapshot` was compared with, as JSON; empty where that was nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """One pending item, ready to be shown."""

    test: str
    models: str
    """What would take the place of what."""
    reason: str
    """Why it waits: "drifted, 1 breaking"."""
    severity: Severity | None
    changes: tuple[Change, ...] = ()
    cause: Cause | None = None
    old: SideView | None = None
    """None where nothing is accepted, or it cannot be read."""
    new: SideView | None = None
    notes: tuple[str, ...] = ()
    """What one should know before one decides, a line each."""


def render_item(
    item: ItemView, queue: Queue, *, screen: Screen, layout: Layout, prompt: bool
) -> tuple[Line, ...]:
    """Return the lines of an item, none wider than the screen.

    Parameters: `prompt`, whether what was asked is shown, too.
    """
    columns = max(screen.columns, _MIN_COLUMNS)
    lines = [line for part in _head(item, queue, screen) for line in wrap(part, columns)]
    if prompt:
        lines += _section("prompt", _of(item, "prompt"), screen, layout)
    if _said(item.old) or _said(item.new):
        texts = _said(item.old), _said(item.new)
        lines += _section("text", texts, screen, layout)
    tools = _tools(item.old), _tools(item.new)
    if any(tools):
        lines += _section("tool calls", tools, screen, layout)
    if any(values := _of(item, "values")) and values[0] != values[1]:
        lines += _section("values", values, screen, layout)
    if item.old is not None or item.new is not None:
        lines += [_rule("spent", screen), *_spent(item, screen)]
    return tuple(lines)


def render_keys(queue: Queue, screen: Screen) -> tuple[Line, ...]:
    """Return the line of the keys, as short as the screen needs it."""
    others = len(queue.rest_of_class(Choice.SKIP))
    keys = ["a accept", "r reject", "s skip"]
    if others > 1:
        keys.append(f"A R S all {others} of this class")
    keys += ["d layout", "p prompt", "? help", "q leave"]
    columns = max(screen.columns, _MIN_COLUMNS)
    lines = [keys[0]]
    for key in keys[1:]:
        longer = f"{lines[-1]}  {key}"
        lines[-1:] = [longer] if len(longer) <= columns else [lines[-1], key]
    return tuple((screen.mark(line, Style.STRONG),) for line in lines)


def render_help(queue: Queue, screen: Screen) -> tuple[Line, ...]:
    """Return what each key does."""
    entry = None if queue.current is None else queue.entries[queue.current]
    drift = "" if entry is None else str(entry.drift)
    rows = (
        ("a", "accept: what is pending becomes the baseline; no model is called"),
        ("r", "reject: what is pending is deleted; what is accepted stays"),
        ("s", "skip: decide later"),
        ("A R S", "the same for all that is left of this class of drift; asks once"),
        ("w", "write down why: the reason goes with the decisions from here on"),
        ("d", "side by side, or one below the other"),
        ("p", "what the model was asked"),
        ("space b", "the next page, the page before; arrows go line by line"),
        ("q Ctrl-C", "leave; what is decided stays decided"),
    )
    columns = max(screen.columns, _MIN_COLUMNS)
    lines = [(screen.mark(line, Style.PLAIN),) for line in align(rows)]
    lines.append((screen.mark(f"this class: {drift}", Style.DIM),))
    return tuple(part for line in lines for part in wrap(line, columns))


def summarize(queue: Queue) -> str:
    """Say in a line what has become of what was pending."""
    fates = (Fate.ACCEPTED, Fate.REJECTED, Fate.SKIPPED, Fate.FAILED)
    found = [f"{queue.count(fate)} {fate}" for fate in fates if queue.count(fate)]
    if left := queue.count(Fate.OPEN):
        found.append(f"{left} not looked at")
    return ", ".join(found) or "nothing is pending"


def _head(item: ItemView, queue: Queue, screen: Screen) -> Iterator[Line]:
    at = len(queue.entries) if queue.current is None else queue.current + 1
    place = screen.mark(f"[{at}/{len(queue.entries)}] ", Style.DIM)
    yield (place, screen.mark(item.test, Style.STRONG))
    severity: Line = ()
    if item.severity is not None:
        severity = (_severity(item.severity, screen), Span("  "))
    models = screen.mark(f"{printable(item.models)}  ", Style.PLAIN)
    yield (models, *severity, screen.mark(item.reason, Style.DIM))
    for note in item.notes:
        yield (screen.mark(printable(note), Style.STRONG),)
    if item.changes:
        names = [cut(printable(change.trait), _MAX_TRAIT) for change in item.changes]
        widest, longest = max(map(len, map(str, Severity))), max(map(len, names))
        for change, name in zip(item.changes, names, strict=True):
            gap = " " * (widest - len(change.severity) + 2)
            detail = f" ({printable(change.detail)})" if change.detail else ""
            values = f"{printable(change.before)} → {printable(change.after)}{detail}"
            words = screen.mark(f"{gap}{name:<{longest}}  {values}", Style.PLAIN)
            yield (Span("  "), _severity(change.severity, screen), words)
    if item.cause is not None:
        for line in render_cause(item.cause):
            yield (screen.mark(line, Style.PLAIN),)


def _severity(severity: Severity, screen: Screen) -> Span:
    """Return the word; its style is of no meaning that the word has not."""
    return Span(screen.show(str(severity)), _STYLES[severity])


def _section(title: str, texts: tuple[str, str], screen: Screen, layout: Layout) -> Iterator[Line]:
    yield _rule(title, screen)
    old, new = (screen_lines(text, screen) for text in texts)
    if old == new:
        note = screen.mark("the same on both sides:" if old else "nothing", Style.DIM)
        yield (note,)
        columns = max(screen.columns, _MIN_COLUMNS)
        yield from (part for line in old for part in wrap((Span(line),), columns))
        return
    pairs = pair_lines(old, new)
    match layout:
        case Layout.BESIDE:
            yield from _beside(pairs, screen)
        case Layout.UNIFIED:
            yield from _unified(pairs, screen)


def screen_lines(text: str, screen: Screen) -> list[str]:
    """Return the lines of a text as the screen shows them; none for an empty one."""
    return [screen.show(line) for line in text.split("\n")] if text else []


def _beside(pairs: Sequence[Pair], screen: Screen) -> Iterator[Line]:
    bar = screen.mark(_BAR, Style.DIM)
    half = (max(screen.columns, _MIN_COLUMNS) - len(bar.text)) // 2
    heads: tuple[Line, ...] = tuple(
        (screen.mark(word, Style.DIM),) for word in ("accepted", "pending")
    )
    yield from beside(heads[:1], heads[1:], half, bar=bar)
    for pair in pairs:
        left = wrap(_styled(pair.old, Style.OLD, screen), half) if pair.old is not None else []
        right = wrap(_styled(pair.new, Style.NEW, screen), half) if pair.new is not None else []
        yield from beside(left, right, half, bar=bar)


def _unified(pairs: Sequence[Pair], screen: Screen) -> Iterator[Line]:
    columns = max(screen.columns, _MIN_COLUMNS) - len("- ")
    block: list[Pair] = []
    for pair in (*pairs, None):
        if pair is not None and not pair.same:
            block.append(pair)
            continue
        # All that went stands before all that came: a changed passage is read as one.
        for sign, style, sides in (
            ("- ", Style.OLD, [each.old for each in block]),
            ("+ ", Style.NEW, [each.new for each in block]),
        ):
            for pieces in sides:
                if pieces is not None:
                    lines = wrap(_styled(pieces, style, screen), columns)
                    yield from ((Span(sign), *line) for line in lines)
        block.clear()
        if pair is not None and pair.old is not None:
            lines = wrap(_styled(pair.old, Style.PLAIN, screen), columns)
            yield from ((Span("  "), *line) for line in lines)


def _styled(pieces: Pieces, style: Style, screen: Screen) -> Line:
    # What is the same on both sides of a changed line is plain, too, and so are spaces.
    spans: list[Span] = []
    for text, changed in pieces:
        word = text.strip() if changed else ""
        before, after = text.split(word, 1) if word else (text, "")
        marked = screen.mark(word, style) if word else Span("")
        spans += [Span(before), marked, Span(after)]
    return tuple(span for span in spans if span.text)


def _spent(item: ItemView, screen: Screen) -> Iterator[Line]:
    old, new = item.old, item.new
    rows = [
        ("", "accepted", "pending"),
        ("outcome", *(_cell(view, "outcome") for view in (old, new))),
        ("calls", *(_cell(view, "calls") for view in (old, new))),
        ("input tokens", *(_cell(view, "input_tokens") for view in (old, new))),
        ("output tokens", *(_cell(view, "output_tokens") for view in (old, new))),
        ("cost", *(_cost(view) for view in (old, new))),
        ("latency", *(_latency(view) for view in (old, new))),
    ]
    columns = max(screen.columns, _MIN_COLUMNS)
    for line in align(rows):
        yield from wrap((screen.mark(line, Style.PLAIN),), columns)


def _cell(view: SideView | None, name: str) -> str:
    return "-" if view is None else in_words(getattr(view.side, name))


def _cost(view: SideView | None) -> str:
    if view is None:
        return "-"
    return "unknown" if view.cost is None else f"${view.cost:.6f}".rstrip("0").rstrip(".")


def _latency(view: SideView | None) -> str:
    if view is None:
        return "-"
    return "unknown" if view.side.latency is None else f"{view.side.latency:.2f} s"


def _rule(title: str, screen: Screen) -> Line:
    columns = max(screen.columns, _MIN_COLUMNS)
    bar = screen.show("─")
    return (screen.mark(f"{bar * 2} {title} {bar * columns}"[:columns], Style.DIM),)


def _of(item: ItemView, name: str) -> tuple[str, str]:
    old, new = ("" if v is None else getattr(v, name)[:MAX_TEXT] for v in (item.old, item.new))
    return old, new


def _said(view: SideView | None) -> str:
    return "" if view is None else view.side.text


def _tools(view: SideView | None) -> str:
    """Return one line a tool call."""
    if view is None:
        return ""
    return "\n".join(
        f"{printable(name)} {canonical(dict(given))}" for name, given in view.side.tools
    )


def to_text(values: object) -> str:
    """Return values as JSON over several lines, as a person would compare them."""
    return json.dumps(values, indent=2, sort_keys=True, ensure_ascii=False)
