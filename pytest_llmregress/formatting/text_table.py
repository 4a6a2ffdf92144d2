"""Lays out text for a terminal: aligned columns."""

from collections.abc import Iterable, Sequence

from pytest_llmregress.values.behavior import Severity

WIDTH = 100
"""Columns of a line, where possible."""


def align(rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return one line a row, each column but the last as wide as its widest cell.

    Two spaces stand between two columns. All rows have the same number of cells.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return tuple(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def count_severities(severities: Iterable[Severity]) -> str:
    """Return how many there are of each, the worst first: "1 breaking, 2 notable"."""
    found = list(severities)
    numbers = ((found.count(severity), severity) for severity in reversed(Severity))
    return ", ".join(f"{number} {severity}" for number, severity in numbers if number)
