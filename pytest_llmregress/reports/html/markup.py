"""Markup: all that a page is made of, and the one way in which a text gets into it."""

from collections.abc import Iterable
from functools import lru_cache

from pytest_llmregress.reports.html.model_text import as_text


class Markup:
    """A piece of a page. Made here alone, out of the literals of this package and escaped texts."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


Value = str | Markup
"""What may fill a gap."""
_as_text = lru_cache(maxsize=1024)(as_text)  # most names and numbers come again with each test


class MarkupTemplate:
    """A literal with gaps, each a `{}`: what fills one is escaped, unless it is markup itself.

    A gap is between elements, or in an attribute with double quotes. A literal of several lines
    loses its line breaks and indents: each would be a node of the page, row by row.
    """

    __slots__ = ("_fill", "_pattern")

    def __init__(self, literal: str) -> None:
        lines = literal.splitlines()
        joined = literal if len(lines) == 1 else "".join(line.strip() for line in lines)
        self._pattern = joined.replace("%", "%%").replace("{}", "%s")
        self._fill = lru_cache(maxsize=256)(lambda values: self(*values).text)

    def __call__(self, *values: Value) -> Markup:
        """Return the markup with a value in each gap."""
        return Markup(
            self._pattern
            % tuple([each.text if type(each) is Markup else _as_text(each) for each in values])
        )

    def each(self, rows: Iterable[tuple[Value, ...]]) -> Markup:
        """Return the markup once for each row of values."""
        filled = list(rows)
        if not filled:
            return NOTHING
        return Markup(
            self._pattern
            * len(filled)
            % tuple(
                [
                    each.text if type(each) is Markup else _as_text(each)
                    for row in filled
                    for each in row
                ]
            )
        )

    def again(self, rows: Iterable[tuple[Value, ...]]) -> Markup:
        """Return the same as `each`, sooner for rows most of which other tests have, too."""
        return Markup("".join([self._fill(row) for row in rows]))


def join(pieces: Iterable[Markup]) -> Markup:
    """Return pieces one behind another."""
    return Markup("".join([piece.text for piece in pieces]))


NOTHING = Markup("")
