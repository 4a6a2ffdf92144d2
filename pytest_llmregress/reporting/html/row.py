"""One test in the table of a page."""

from collections.abc import Callable
from dataclasses import dataclass

from pytest_llmregress.core.behavior import Severity
from pytest_llmregress.core.evidence import Tally
from pytest_llmregress.core.report import TestRecord
from pytest_llmregress.reporting.html.detail import MODES, Detail
from pytest_llmregress.reporting.html.plots import (
    file_of,
    name_of,
    number_of,
    say_number,
    say_seconds,
    tallies_of,
)

_TRAITS_IN_A_ROW = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A number of both sides, in a cell."""

    before: str
    after: str
    sort: float
    """By what the column is sorted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One test in the table."""

    number: int
    name: str
    file: str
    file_index: int
    badge: str
    tone: str
    """The class of the badge: "bad", "warn" or "plain"."""
    rank: int
    flags: str
    """Keys of the chips that it belongs to, a space between two."""
    notes: tuple[str, ...]
    """Short words beside its name: "pending", "quarantined", "problem"."""
    traits: str
    passed: Pair | None
    tokens: Pair | None
    latency: Pair | None
    detail: Detail


def worst_first(test: TestRecord) -> tuple[int, str]:
    """Return what sorts tests, the worst first."""
    return -_rank(test), test.test


def is_bad(test: TestRecord) -> bool:
    """Tell whether there is more to a test than words."""
    return test.severity not in {None, Severity.COSMETIC} or bool(test.problems)


def _rank(test: TestRecord) -> int:
    severity = -1 if test.severity is None else test.severity.rank
    return 4 * (severity + 1) + 2 * bool(test.problems) + (not test.passed)


def is_excused(test: TestRecord, excused: set[str]) -> bool:
    """Tell whether a test is in quarantine."""
    return test.test in excused or (test.evidence is not None and bool(test.evidence.quarantine))


def row_of(
    number: int, test: TestRecord, detail: Detail, *, file_index: int, quarantined: bool
) -> Row:
    """Return the row of a test, and what unfolds below it."""
    badge, tone = _badge(test)
    notes = (
        ("failed", not test.passed),
        ("problem", bool(test.problems)),
        ("pending", test.pending is not None),
        ("quarantined", quarantined),
    )
    flags = [name for name, holds in notes if holds]
    traits = [change.trait for change in detail.changes]
    more = len(traits) + detail.more_changes - _TRAITS_IN_A_ROW
    return Row(
        number=number,
        name=name_of(test.test),
        file=file_of(test.test),
        file_index=file_index,
        badge=badge,
        tone=tone,
        rank=_rank(test),
        flags=" ".join([*([] if test.severity is None else [str(test.severity)]), *flags]),
        notes=tuple(flag for flag in flags if flag != badge),
        traits=", ".join(traits[:_TRAITS_IN_A_ROW]) + (f" and {more} more" if more > 0 else ""),
        passed=_passed(tallies_of(test)),
        tokens=_pair(number_of(test, "usage.output_tokens"), say=say_number),
        latency=_pair(number_of(test, "latency"), say=say_seconds),
        detail=detail,
    )


def _badge(test: TestRecord) -> tuple[str, str]:
    match test.severity:
        case Severity.BREAKING:
            return "breaking", "bad"
        case Severity.NOTABLE:
            return "notable", "warn"
        case Severity.COSMETIC:
            return "cosmetic", "plain"
    if test.problems:
        return "problem", "bad"
    if not test.passed:
        return "failed", "bad"
    return ("none seen" if test.drift is not None else MODES[test.mode]), "plain"


def _passed(sides: tuple[Tally, Tally] | None) -> Pair | None:
    if sides is None:
        return None
    before, after = sides
    return Pair(
        before=str(before) if before.n else "",
        after=str(after) if after.n else "",
        sort=after.rate - (before.rate if before.n else 0.0),
    )


def _pair(numbers: tuple[float, float] | None, *, say: Callable[[float], str]) -> Pair | None:
    if numbers is None:
        return None
    before, after = numbers
    return Pair(before=say(before), after=say(after), sort=after - before)
