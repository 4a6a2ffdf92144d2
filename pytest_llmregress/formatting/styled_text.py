"""Styled text for a terminal: measured in columns, wrapped, set in two columns, painted."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from typing import NamedTuple

from pytest_llmregress.formatting.control_characters import escape_controls

_TAB = 4
_PLAINER = {"→": "->", "…": "...", "│": "|", "─": "-"}
"""ASCII for the characters of this package that a terminal may lack."""
_CHUNK = re.compile(r"\s+|\S+")


class Style(StrEnum):
    """How a piece of text looks."""

    PLAIN = "plain"
    STRONG = "strong"
    DIM = "dim"
    OLD = "old"
    """Only in what is accepted now."""
    NEW = "new"
    """Only in what is pending."""


class StyledSpan(NamedTuple):
    """A piece of text in one style, without a line break."""

    text: str
    style: Style = Style.PLAIN


Line = tuple[StyledSpan, ...]

_CODES = {Style.STRONG: "1", Style.DIM: "2", Style.OLD: "31;7", Style.NEW: "32;7"}
_MARKS = {Style.OLD: ("[-", "-]"), Style.NEW: ("{+", "+}")}
"""As `git diff --word-diff` has them, where a terminal has no styles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalScreen:
    """What a terminal can show."""

    columns: int
    rows: int
    encoding: str = "utf-8"
    styled: bool = True
    """Whether it obeys the escape sequences of styles."""

    def show(self, text: str) -> str:
        """Return a text on one line with nothing in it that this terminal would obey or lacks."""
        text = escape_controls(text.expandtabs(_TAB))
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            text = "".join(map(self._spell, text))
        return text

    def mark(self, text: str, style: Style) -> StyledSpan:
        """Return a span; where there are no styles, what it says of them stands in the text."""
        before, after = ("", "") if self.styled else _MARKS.get(style, ("", ""))
        return StyledSpan(f"{before}{self.show(text)}{after}", style)

    def paint(self, line: Line) -> str:
        """Return a line as it is written to the terminal: nothing in it is obeyed but styles."""
        shown = [(escape_controls(text), style) for text, style in line]
        return "".join(
            f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.styled and style in _CODES else text
            for text, style in shown
        )

    def _spell(self, char: str) -> str:
        try:
            char.encode(self.encoding)
        except UnicodeEncodeError:
            plainer = char.encode("ascii", "backslashreplace").decode("ascii")
            return _PLAINER.get(char, plainer)
        return char


def measure(text: str) -> int:
    """Return how many columns a text takes: two for a wide character, none for an accent."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def wrap(line: Line, columns: int) -> list[Line]:
    """Return a line on as many lines as it takes, broken between words where possible."""
    lines: list[list[StyledSpan]] = [[]]
    room = columns
    for text, style in _chunks(line):
        width = measure(text)
        if width > room and room < columns:
            if text.isspace():
                continue
            lines.append([])
            room = columns
        while width > room:
            head = _head(text, room)
            lines[-1].append(StyledSpan(head, style))
            lines.append([])
            width -= measure(head)
            text, room = text[len(head) :], columns  # noqa: PLW2901 - what is left of the chunk
        lines[-1].append(StyledSpan(text, style))
        room -= width
    return [tuple(_joined(each)) for each in lines]


def join_columns(
    left: Sequence[Line], right: Sequence[Line], columns: int, *, bar: StyledSpan
) -> Iterator[Line]:
    """Yield two columns of lines that fit, a bar between them."""
    for one, other in zip_longest(left, right, fillvalue=()):
        gap = columns - sum(measure(span.text) for span in one)
        yield (*one, StyledSpan(" " * max(gap, 0)), bar, *other)


def _chunks(line: Line) -> Iterator[StyledSpan]:
    return (StyledSpan(chunk, style) for text, style in line for chunk in _CHUNK.findall(text))


def _head(text: str, columns: int) -> str:
    """Return as much of a text as fits, at least one character."""
    used = 0
    for n, char in enumerate(text):
        used += _columns(char)
        if used > columns:
            return text[: max(n, 1)]
    return text


def _columns(char: str) -> int:
    if unicodedata.category(char) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1


def _joined(spans: Iterable[StyledSpan]) -> Iterator[StyledSpan]:
    """Join neighbours of one style: each would be painted with codes of its own."""
    text, style = "", Style.PLAIN
    for span in spans:
        if span.style is style:
            text += span.text
            continue
        if text:
            yield StyledSpan(text, style)
        text, style = span
    if text:
        yield StyledSpan(text, style)
