"""Variants side by side, as Markdown for a pull request."""

from collections.abc import Iterable, Sequence

from pytest_llmregress.formatting.control_characters import escape_controls
from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.reports.variants import (
    HEAD,
    MAX_TOLD,
    cells,
    format_against,
    format_group,
    format_groups,
    format_head,
    format_left_out,
    format_notes,
    format_of_group,
    format_other_groups,
    told_groups,
    told_tests,
)
from pytest_llmregress.reports.verdict import head_of_suite
from pytest_llmregress.values.variants import Comparison, TestGroup

_SPECIAL = frozenset("\\`*_[]<>|#~@!$&")
"""What Markdown, or the site that shows it, would take for more than a character."""


def render_markdown(comparison: Comparison) -> tuple[str, ...]:
    """Return the comparison as lines of Markdown; nothing that a test says is markup in it."""
    lines = [f"### {_plain(format_head(comparison))}", ""]
    lines += _table((*HEAD, "verdict"), _rows(comparison.overall))
    lines += ["", *(f"- {_plain(note)}" for note in format_notes(comparison))]
    reference = comparison.models[0][0]
    for each in comparison.overall.standings:
        if each.against is not None:
            suite = each.against.suite
            head = f"{each.variant} against {reference}: {head_of_suite(suite)}"
            lines += ["", f"**{_plain(head)}**", ""]
            told = [*format_against(each.against), *suite.lines[1:]]
            lines += [f"- {_plain(sentence)}" for sentence in told]
            tests = told_tests(suite)
            for test in tests[:MAX_TOLD]:
                said = "; ".join(test.text.splitlines())
                lines.append(f"- {_plain(test.test)}: {_plain(said)}")
            if len(tests) > MAX_TOLD:
                lines.append(f"- and {len(tests) - MAX_TOLD} more")
    if comparison.groups:
        lines += ["", _plain(format_groups(comparison)), ""]
        rows = [
            (f"{group.name} ({count(group.tests, 'test')})", *row)
            for group in told_groups(comparison)
            for row in _rows(group)
        ]
        lines += _table((str(comparison.by), *HEAD, "verdict"), rows)
        of_groups = [
            (group.name, each)
            for group in told_groups(comparison)
            for each in format_of_group(group)
        ]
        if of_groups:
            lines += ["", *(f"- {_plain(name)}: {_plain(each)}" for name, each in of_groups)]
    if rest := [*format_other_groups(comparison), *format_left_out(comparison)]:
        lines += ["", *(f"- {_plain(each)}" for each in rest)]
    return tuple(lines)


def _rows(group: TestGroup) -> list[tuple[str, ...]]:
    return [(*cells(each), format_group(each.against)) for each in group.standings]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [
        _row(head),
        _row(["---"] * len(head), escape=False),
        *map(_row, rows),
    ]


def _row(cells_of_row: Sequence[str], *, escape: bool = True) -> str:
    told = map(_plain, cells_of_row) if escape else cells_of_row
    return f"| {' | '.join(told)} |"


def _plain(text: str) -> str:
    """Return a text that reads the same once it is rendered."""
    return "".join(f"\\{char}" if char in _SPECIAL else char for char in escape_controls(text))
