"""The cause card of a drift, for people: what changed, and what that is consistent with."""

from collections.abc import Iterator
from textwrap import wrap

from pytest_llmregress.formatting.text_table import WIDTH
from pytest_llmregress.formatting.value_text import printable, truncate
from pytest_llmregress.values.cause import NOT_COMPARED, NOT_KNOWN, SAME, Cause

MAX_LINES = 6
"""Lines of a card; what matters less stays untold. A cross was asked for, and is told beside."""

_MAX_SUMMARY = 3
_INDENT = "  "
_SHORT = {"system prompt": "system"}


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
