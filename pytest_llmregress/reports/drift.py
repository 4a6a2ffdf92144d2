"""The drift of one test, for people: what changed, how bad it is, what to do next."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from textwrap import wrap

from pytest_llmregress.formatting.control_characters import escape_controls
from pytest_llmregress.formatting.text_table import WIDTH, align, count_severities
from pytest_llmregress.formatting.value_text import printable, truncate
from pytest_llmregress.values.behavior import Change, Drift, Severity
from pytest_llmregress.values.cause import NOT_COMPARED, NOT_KNOWN, SAME, Cause
from pytest_llmregress.values.run_report import TestRecord

MAX_LINES = 6
"""Lines of a card; what matters less stays untold. A cross was asked for, and is told beside."""

_MAX_SUMMARY = 3

_SHORT = {"system prompt": "system"}
MAX_CHANGES = 6
"""Changes that are told; the others are counted."""
ONCE = "1 recording against 1: a difference, not how often it happens"
"""What such a comparison can say, and what it cannot."""

_MAX_TRAIT = 32
_MAX_DETAIL = 32
_INDENT = "  "


def is_single(tests: Iterable[TestRecord]) -> bool:
    """Say whether each test held one recording against one."""
    return all(
        test.samples <= 1
        and (test.evidence is None or max(test.evidence.baseline.n, test.evidence.screen.n) <= 1)
        for test in tests
    )


def render_drift(  # noqa: PLR0913 - what a reader of a drift wants to know
    *,
    test: str,
    drift: Drift,
    fails: bool,
    look: str,
    accept: str,
    evidence: tuple[str, ...] = (),
) -> str:
    """Return the drift of a test in about a dozen lines.

    Parameters: `fails`, whether it fails the test; `look` and `accept`, the commands that show
    more and that accept it; an empty one gets no line. `evidence`, what the samples allow one
    to say; without it, that one recording was held against one.
    """
    told, untold = drift.changes[:MAX_CHANGES], drift.changes[MAX_CHANGES:]
    lines = [*_head(test, drift, fails=fails), *_rows(told)]
    if untold:
        counts = count_severities(change.severity for change in untold)
        lines.append(f"{_INDENT}and {len(untold)} more ({counts})")
    if drift.cause is not None:
        lines += render_cause(drift.cause)
    lines += evidence or (f"observed once: {ONCE}",)
    if look:
        lines.append(f"look closer: {escape_controls(look)}")
    if accept:
        lines.append(f"accept:      {escape_controls(accept)}")
    return "\n".join(lines)


def name_models(drift: Drift) -> str:
    """Return what was compared with what: "claude-opus-5 → claude-opus-5-5"."""
    baseline = printable(drift.baseline) or "no model"
    candidate = printable(drift.candidate) or "no model"
    if baseline == candidate:
        return f"{baseline}, recorded again"
    return f"{baseline} → {candidate}"


def _head(test: str, drift: Drift, *, fails: bool) -> tuple[str, ...]:
    counts = count_severities(change.severity for change in drift.changes)
    verdict = "fails the test" if fails else "does not fail the test"
    found = f"{counts}; {verdict}" if counts else "no difference seen"
    name, what = escape_controls(test), f"{name_models(drift)}: {found}"
    line = f"{name}: {what}"
    return (line,) if len(line) <= WIDTH else (f"{name}:", _INDENT + what)


def _rows(changes: tuple[Change, ...]) -> tuple[str, ...]:
    if not changes:
        return ()
    starts = align(
        [
            (str(change.severity), truncate(printable(change.trait), _MAX_TRAIT), "")
            for change in changes
        ]
    )
    edge = max(map(len, starts)) + len(_INDENT)
    room = WIDTH - len(_INDENT) - edge
    lines = []
    for start, change in zip(starts, changes, strict=True):
        whole = _whole_detail(change)
        shown = replace(change, detail="") if whole else change
        lines.append(f"{_INDENT}{start:<{edge}}{_values(shown, room)}")
        lines += [f"{_INDENT * 2}{line}" for line in whole]
    return tuple(lines)


def _whole_detail(change: Change) -> list[str]:
    """Return all of the detail of a breaking change, where its row had no room for it."""
    detail = printable(change.detail)
    if change.severity is not Severity.BREAKING or len(detail) <= _MAX_DETAIL:
        return []
    return wrap(detail, WIDTH - 2 * len(_INDENT))


def _values(change: Change, room: int) -> str:
    """Return "before → after (detail)" in at most `room` columns."""
    before, after = printable(change.before), printable(change.after)
    detail = f" ({truncate(printable(change.detail), _MAX_DETAIL)})" if change.detail else ""
    room -= len(" → ") + len(detail)
    half = room // 2
    # What the shorter of the two leaves over belongs to the longer one.
    shown = truncate(before, max(half, room - len(after)))
    return f"{shown} → {truncate(after, room - len(shown))}{detail}"


def render_cause(cause: Cause) -> tuple[str, ...]:
    """Return the card: at most `MAX_LINES` lines of at most `WIDTH` columns, and the cross."""
    summary = _broken(f"cause: {printable(cause.summary)}")
    rest = (truncate(f"{_INDENT}{printable(line)}", WIDTH) for line in _facts(cause))
    card = (*summary, *rest)[:MAX_LINES]
    if not cause.cross:
        return card
    told = f"cross: {printable(cause.cross)}"
    return (
        *card,
        *wrap(told, WIDTH, initial_indent=_INDENT, subsequent_indent=2 * _INDENT),
    )


def _broken(summary: str) -> list[str]:
    """Return a summary on as few lines as it takes; a long one goes on behind its claim."""
    if len(summary) <= WIDTH:
        return [summary]
    at = summary.rfind(": ", len("cause: "), WIDTH) + 1
    claim, reason = (summary[:at], summary[at + 1 :]) if at else ("", summary)
    lines = wrap(
        reason,
        WIDTH,
        initial_indent=_INDENT * 2 if claim else "",
        subsequent_indent=_INDENT * 2,
        max_lines=_MAX_SUMMARY - bool(claim),
        placeholder=" …",
        break_on_hyphens=False,
    )
    return [claim, *lines] if claim else lines


def _facts(cause: Cause) -> Iterator[str]:
    """Yield what the summary rests on, what matters most first."""
    parts = [part for part in cause.parts if part.part != "model"]
    if parts:
        words = (
            f"{_SHORT.get(part.part, part.part)} {part.what if _is_word(part.what) else 'differs'}"
            for part in parts
        )
        yield f"request: {', '.join(words)}"
    for part in parts:
        if not _is_word(part.what):
            yield f"{part.part}: {part.what}"
    if cause.tool_results not in {"", SAME, NOT_COMPARED}:
        yield f"result of {cause.tool_results}"
    if cause.tokenizer:
        yield cause.tokenizer
    if cause.alias_moved or (cause.served.moved and str(cause.served) != str(cause.requested)):
        yield f"served: {cause.served}"
    if cause.later:
        yield cause.later
    moved = [f"{name} {shift}" for name, shift in cause.versions.items() if shift.moved]
    if moved:
        yield f"versions: {', '.join(moved)}"


def _is_word(what: str) -> bool:
    return what in {SAME, NOT_KNOWN}
