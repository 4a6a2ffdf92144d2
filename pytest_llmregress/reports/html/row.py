"""One test in the table of a page."""

from collections.abc import Callable

from pytest_llmregress.reports.html.detail import MODES, TONES
from pytest_llmregress.reports.html.markup import Markup, MarkupTemplate
from pytest_llmregress.reports.html.plots import (
    file_of,
    format_number,
    format_seconds,
    name_of,
    number_of,
    tallies_of,
)
from pytest_llmregress.reports.html.side_by_side import line
from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.evidence import Tally
from pytest_llmregress.values.run_report import TestRecord

_TRAITS_IN_A_ROW = 3
_RANKS: dict[Severity | None, int] = {None: 0} | {each: each.rank + 1 for each in Severity}

# A browser that runs scripts reads what is inside of `noscript` as a text, and the script makes
# elements of it once the test is unfolded: otherwise a thousand tests keep it busy for seconds.
# One that runs none has them at once.
_ROW = MarkupTemplate("""
    <tbody data-flags="{}" data-file="{}">
    <tr class="row">
    <td data-v="{}"><span class="badge {}">{}</span></td>
    <th scope="row">
    <button type="button" class="name" aria-expanded="false" aria-controls="t{}">{}</button>
    <span class="file">{}{}</span></th>
    <td class="wide traits">{}</td>
    {}{}{}
    </tr>
    <tr class="detail" id="t{}"><td colspan="6"><noscript>{}</noscript></td></tr>
    </tbody>
""")
_NOTE = MarkupTemplate(" <em>{}</em>")
_PAIR = MarkupTemplate("""
    <td class="number{}" data-v="{}"><span class="was">{}</span> → <span>{}</span></td>
""")
_NEW = MarkupTemplate('<td class="number{}" data-v="{}"><span>{}</span></td>')
_NO_PAIR = MarkupTemplate('<td class="number{}"><span class="hidden">not measured</span></td>')


def rank_of(test: TestRecord, severity: Severity | None) -> int:
    """Return how bad a test of that severity is; what fails is worse than what does not."""
    return 16 * test.failed + 4 * _RANKS[severity] + 2 * bool(test.faults)


def is_bad(test: TestRecord, severity: Severity | None) -> bool:
    """Tell whether there is more to a test of that severity than words."""
    return severity not in {None, Severity.COSMETIC} or bool(test.faults)


def is_excused(test: TestRecord, excused: set[str]) -> bool:
    """Tell whether a test is in quarantine."""
    return test.test in excused or (test.evidence is not None and bool(test.evidence.quarantine))


def draw_row(  # noqa: PLR0913 - what is known of a test beside its record
    number: int,
    test: TestRecord,
    severity: Severity | None,
    detail: Markup,
    *,
    file_index: int,
    quarantined: bool,
) -> Markup:
    """Return the row of a test, and what unfolds below it."""
    badge, tone = _badge(test, severity)
    notes = (
        ("failed", test.failed),
        ("problem", bool(test.problems)),
        ("pending", test.pending is not None),
        ("quarantined", quarantined),
    )
    flags = [name for name, holds in notes if holds]
    return _ROW(
        " ".join(flags if severity is None else [str(severity), *flags]),
        str(file_index),
        str(rank_of(test, severity)),
        tone,
        badge,
        str(number),
        name_of(test.test),
        file_of(test.test),
        _NOTE.again([(flag,) for flag in flags if flag != badge]),
        _traits(test),
        _passed(tallies_of(test)),
        _pair(number_of(test, "usage.output_tokens"), say=format_number),
        _pair(number_of(test, "latency"), say=format_seconds),
        str(number),
        detail,
    )


def _traits(test: TestRecord) -> str:
    changes = () if test.drift is None else test.drift.changes
    more = len(changes) - _TRAITS_IN_A_ROW
    told = ", ".join([line(change.trait) for change in changes[:_TRAITS_IN_A_ROW]])
    return f"{told} and {more} more" if more > 0 else told


def _badge(test: TestRecord, severity: Severity | None) -> tuple[str, str]:
    if severity is not None:
        return str(severity), TONES[severity]
    if test.faults:
        return "problem", "bad"
    if test.failed:
        return "failed", "bad"
    if test.problems:
        return "remark", "plain"
    return ("none seen" if test.drift is not None else MODES[test.mode]), "plain"


def _passed(sides: tuple[Tally, Tally] | None) -> Markup:
    if sides is None:
        return _NO_PAIR("")
    before, after = sides
    told = str(after) if after.n else ""
    if not before.n:
        return _NEW("", str(after.rate), told)
    return _PAIR("", str(after.rate - before.rate), str(before), told)


def _pair(numbers: tuple[float, float] | None, *, say: Callable[[float], str]) -> Markup:
    if numbers is None:
        return _NO_PAIR(" wide")
    before, after = numbers
    return _PAIR(" wide", str(after - before), say(before), say(after))
