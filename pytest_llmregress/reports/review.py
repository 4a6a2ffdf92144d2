"""One pending item of a review as lines: what would take the place of what, and why it waits."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pytest_llmregress.formatting.styled_text import (
    Line,
    Style,
    StyledSpan,
    TerminalScreen,
    join_columns,
    wrap,
)
from pytest_llmregress.formatting.text_table import align
from pytest_llmregress.formatting.value_text import format_value, printable, truncate
from pytest_llmregress.reports.drift import render_cause
from pytest_llmregress.reports.review_queue import (
    ChangedLines,
    Pieces,
    ReviewChoice,
    ReviewQueue,
    ReviewState,
    pair_lines,
)
from pytest_llmregress.values.behavior import Change, Severity
from pytest_llmregress.values.canonical_json import dump_canonical_json
from pytest_llmregress.values.cause import Cause
from pytest_llmregress.values.side_by_side import MAX_TEXT, CallSummary

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


class ReviewLayout(StrEnum):
    """How two texts are held against each other."""

    BESIDE = "side by side"
    UNIFIED = "unified"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSide:
    """What is shown of one side."""

    side: CallSummary
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
    old: ReviewSide | None = None
    """None where nothing is accepted, or it cannot be read."""
    new: ReviewSide | None = None
    notes: tuple[str, ...] = ()
    """What one should know before one decides, a line each."""


def render_item(
    item: ItemView,
    queue: ReviewQueue,
    *,
    screen: TerminalScreen,
    layout: ReviewLayout,
    prompt: bool,
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


def render_keys(queue: ReviewQueue, screen: TerminalScreen) -> tuple[Line, ...]:
    """Return the line of the keys, as short as the screen needs it."""
    others = len(queue.rest_of_class(ReviewChoice.SKIP))
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


def render_help(queue: ReviewQueue, screen: TerminalScreen) -> tuple[Line, ...]:
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


def summarize(queue: ReviewQueue) -> str:
    """Say in a line what has become of what was pending."""
    fates = (ReviewState.ACCEPTED, ReviewState.REJECTED, ReviewState.SKIPPED, ReviewState.FAILED)
    found = [f"{queue.count(fate)} {fate}" for fate in fates if queue.count(fate)]
    if left := queue.count(ReviewState.OPEN):
        found.append(f"{left} not looked at")
    return ", ".join(found) or "nothing is pending"


def _head(item: ItemView, queue: ReviewQueue, screen: TerminalScreen) -> Iterator[Line]:
    at = len(queue.entries) if queue.current is None else queue.current + 1
    place = screen.mark(f"[{at}/{len(queue.entries)}] ", Style.DIM)
    yield (place, screen.mark(item.test, Style.STRONG))
    severity: Line = ()
    if item.severity is not None:
        severity = (_severity(item.severity, screen), StyledSpan("  "))
    models = screen.mark(f"{printable(item.models)}  ", Style.PLAIN)
    yield (models, *severity, screen.mark(item.reason, Style.DIM))
    for note in item.notes:
        yield (screen.mark(printable(note), Style.STRONG),)
    if item.changes:
        names = [truncate(printable(change.trait), _MAX_TRAIT) for change in item.changes]
        widest, longest = max(map(len, map(str, Severity))), max(map(len, names))
        for change, name in zip(item.changes, names, strict=True):
            gap = " " * (widest - len(change.severity) + 2)
            detail = f" ({printable(change.detail)})" if change.detail else ""
            values = f"{printable(change.before)} → {printable(change.after)}{detail}"
            words = screen.mark(f"{gap}{name:<{longest}}  {values}", Style.PLAIN)
            yield (StyledSpan("  "), _severity(change.severity, screen), words)
    if item.cause is not None:
        for line in render_cause(item.cause):
            yield (screen.mark(line, Style.PLAIN),)


def _severity(severity: Severity, screen: TerminalScreen) -> StyledSpan:
    """Return the word; its style is of no meaning that the word has not."""
    return StyledSpan(screen.show(str(severity)), _STYLES[severity])


def _section(
    title: str, texts: tuple[str, str], screen: TerminalScreen, layout: ReviewLayout
) -> Iterator[Line]:
    yield _rule(title, screen)
    old, new = (screen_lines(text, screen) for text in texts)
    if old == new:
        note = screen.mark("the same on both sides:" if old else "nothing", Style.DIM)
        yield (note,)
        columns = max(screen.columns, _MIN_COLUMNS)
        yield from (part for line in old for part in wrap((StyledSpan(line),), columns))
        return
    pairs = pair_lines(old, new)
    match layout:
        case ReviewLayout.BESIDE:
            yield from _beside(pairs, screen)
        case ReviewLayout.UNIFIED:
            yield from _unified(pairs, screen)


def screen_lines(text: str, screen: TerminalScreen) -> list[str]:
    """Return the lines of a text as the screen shows them; none for an empty one."""
    return [screen.show(line) for line in text.split("\n")] if text else []


def _beside(pairs: Sequence[ChangedLines], screen: TerminalScreen) -> Iterator[Line]:
    bar = screen.mark(_BAR, Style.DIM)
    half = (max(screen.columns, _MIN_COLUMNS) - len(bar.text)) // 2
    heads: tuple[Line, ...] = tuple(
        (screen.mark(word, Style.DIM),) for word in ("accepted", "pending")
    )
    yield from join_columns(heads[:1], heads[1:], half, bar=bar)
    for pair in pairs:
        left = wrap(_styled(pair.old, Style.OLD, screen), half) if pair.old is not None else []
        right = wrap(_styled(pair.new, Style.NEW, screen), half) if pair.new is not None else []
        yield from join_columns(left, right, half, bar=bar)


def _unified(pairs: Sequence[ChangedLines], screen: TerminalScreen) -> Iterator[Line]:
    columns = max(screen.columns, _MIN_COLUMNS) - len("- ")
    block: list[ChangedLines] = []
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
                    yield from ((StyledSpan(sign), *line) for line in lines)
        block.clear()
        if pair is not None and pair.old is not None:
            lines = wrap(_styled(pair.old, Style.PLAIN, screen), columns)
            yield from ((StyledSpan("  "), *line) for line in lines)


def _styled(pieces: Pieces, style: Style, screen: TerminalScreen) -> Line:
    # What is the same on both sides of a changed line is plain, too, and so are spaces.
    spans: list[StyledSpan] = []
    for text, changed in pieces:
        word = text.strip() if changed else ""
        before, after = text.split(word, 1) if word else (text, "")
        marked = screen.mark(word, style) if word else StyledSpan("")
        spans += [StyledSpan(before), marked, StyledSpan(after)]
    return tuple(span for span in spans if span.text)


def _spent(item: ItemView, screen: TerminalScreen) -> Iterator[Line]:
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


def _cell(view: ReviewSide | None, name: str) -> str:
    return "-" if view is None else format_value(getattr(view.side, name))


def _cost(view: ReviewSide | None) -> str:
    if view is None:
        return "-"
    return "unknown" if view.cost is None else f"${view.cost:.6f}".rstrip("0").rstrip(".")


def _latency(view: ReviewSide | None) -> str:
    if view is None:
        return "-"
    return "unknown" if view.side.latency is None else f"{view.side.latency:.2f} s"


def _rule(title: str, screen: TerminalScreen) -> Line:
    columns = max(screen.columns, _MIN_COLUMNS)
    bar = screen.show("─")
    return (screen.mark(f"{bar * 2} {title} {bar * columns}"[:columns], Style.DIM),)


def _of(item: ItemView, name: str) -> tuple[str, str]:
    old, new = ("" if v is None else getattr(v, name)[:MAX_TEXT] for v in (item.old, item.new))
    return old, new


def _said(view: ReviewSide | None) -> str:
    return "" if view is None else view.side.text


def _tools(view: ReviewSide | None) -> str:
    """Return one line a tool call."""
    if view is None:
        return ""
    return "\n".join(
        f"{printable(name)} {dump_canonical_json(dict(given))}" for name, given in view.side.tools
    )


def to_text(values: object) -> str:
    """Return values as JSON over several lines, as a person would compare them."""
    return json.dumps(values, indent=2, sort_keys=True, ensure_ascii=False)
