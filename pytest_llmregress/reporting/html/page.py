"""The page of a run as values: what stands where, before a template writes it down."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_llmregress.core.behavior import Severity
from pytest_llmregress.core.report import Mode, RunReport, TestRecord
from pytest_llmregress.core.tally import tally
from pytest_llmregress.core.wording import count
from pytest_llmregress.reporting.drift import ONCE
from pytest_llmregress.reporting.html.detail import MAX_LIST, MAX_MESSAGE, MODES, detail_of
from pytest_llmregress.reporting.html.plots import MAX_NAME, Plot, file_of, plots_of
from pytest_llmregress.reporting.html.row import (
    Row,
    is_bad,
    is_excused,
    row_of,
    worst_first,
)
from pytest_llmregress.reporting.html.text import shorten

MOST_TEXT, LEAST_TEXT = 6_000, 500
"""Characters of one text of a test: as many as `ALL_TEXT` allows, the worst tests first."""
ALL_TEXT = 1_200_000
"""Characters of texts of models in a page, so that it opens at once, however many tests it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A number on top that filters the table, too."""

    key: str
    """What a row's `flags` hold; empty for all rows."""
    label: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The whole page."""

    headline: str
    lead: str
    tone: str
    facts: tuple[tuple[str, str], ...]
    chips: tuple[Chip, ...]
    reasons: tuple[str, ...]
    rules: tuple[str, ...]
    plots: tuple[Plot, ...]
    files: tuple[str, ...]
    rows: tuple[Row, ...]
    orphans: tuple[str, ...]
    more_orphans: int


def page_of(report: RunReport) -> Page:
    """Return what the page of a run shows, the worst tests first."""
    excused = set() if report.verdict is None else set(report.verdict.quarantined)
    verdicts = {} if report.verdict is None else {each.test: each for each in report.verdict.tests}
    files = sorted({file_of(test.test) for test in report.tests})
    indexes = {file: index for index, file in enumerate(files)}
    much, little = _rooms(report.tests)
    rows = [
        row_of(
            number,
            test,
            detail_of(
                test,
                test.verdict or verdicts.get(test.test),
                room=much if is_bad(test) else little,
            ),
            file_index=indexes[file_of(test.test)],
            quarantined=is_excused(test, excused),
        )
        for number, test in enumerate(sorted(report.tests, key=worst_first), start=1)
    ]
    headline, lead, tone = _verdict(report)
    return Page(
        headline=headline,
        lead=lead,
        tone=tone,
        facts=tuple(_facts(report)),
        chips=tuple(_chips(report, excused)),
        reasons=tuple(_reasons(report)),
        rules=tuple(
            shorten(rule.in_words, MAX_MESSAGE)
            for rule in tally(
                (rule for test in report.tests for rule in test.rules),
                baseline=(rule for test in report.tests for rule in test.rules_before),
            )[:MAX_LIST]
        ),
        plots=plots_of(report),
        files=tuple(files),
        rows=tuple(rows),
        orphans=tuple(shorten(path, MAX_NAME) for path in report.orphans[:MAX_LIST]),
        more_orphans=max(0, len(report.orphans) - MAX_LIST),
    )


# --- the top --------------------------------------------------------------------------------


def _verdict(report: RunReport) -> tuple[str, str, str]:
    """Return the verdict in a few words, the sentence behind them, and its tone."""
    verdict, problems = report.verdict, sum(bool(test.problems) for test in report.tests)
    failing = problems or report.count(Severity.BREAKING) or not all(t.passed for t in report.tests)
    tone = "bad" if failing else "warn" if report.count(Severity.NOTABLE) else "plain"
    if verdict is not None and verdict.lines:
        head, _, rest = shorten(verdict.lines[0], MAX_MESSAGE).partition(": ")
        tone = "bad" if verdict.fails or failing else "plain"
        lead = _sentence(rest or _drift(report))
        if verdict.fails and report.fail_on == "never":
            lead += "; --llmregress-fail-on=never keeps the run from failing"
        return _sentence(head), lead, tone
    if problems:
        found = _sentence(_drift(report)) if report.drifted else ""
        return f"{count(problems, 'test')} with a problem, of {len(report.tests):,}", found, tone
    if report.drifted:
        return _sentence(_drift(report)), f"{_sentence(ONCE)}.", tone
    return _plain_verdict(report.tests, tone)


def _plain_verdict(tests: Sequence[TestRecord], tone: str) -> tuple[str, str, str]:
    """Return the same of a run in which nothing was found."""
    done = ", ".join(
        f"{number:,} {word}"
        for mode, word in MODES.items()
        if (number := sum(test.mode is mode for test in tests))
    )
    failed = sum(not test.passed for test in tests)
    head = f"{count(len(tests), 'test')}: {done}" if tests else "No marked test has run"
    if failed:
        lead = f"{count(failed, 'test')} failed by asserts of their own."
    elif any(test.drift is not None for test in tests):
        lead = "No difference was seen, which does not show that there is none."
    elif tests and all(test.mode is Mode.REPLAYED for test in tests):
        lead = "A replay is deterministic: no drift is claimed."
    else:
        lead = ""
    return head, lead, tone


def _drift(report: RunReport) -> str:
    numbers = ((report.count(severity), severity) for severity in reversed(Severity))
    found = ", ".join(f"{number:,} {severity}" for number, severity in numbers if number)
    compared = sum(test.drift is not None for test in report.tests)
    return f"drift in {count(len(report.drifted), 'test')} of {compared:,} compared: {found or 0}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _facts(report: RunReport) -> Iterator[tuple[str, str]]:
    if report.candidate is not None:
        yield "Candidate", shorten(report.candidate, MAX_NAME)
    baselines = {test.drift.baseline for test in report.tests if test.drift is not None}
    if baselines:
        named = ", ".join(sorted(baselines)[:3])
        more = f" and {len(baselines) - 3} more" if len(baselines) > 3 else ""  # noqa: PLR2004 - as many as are named
        yield "Baseline", shorten(named + more, MAX_NAME)
    yield (
        "Drift fails a test from",
        "never" if report.fail_on == "never" else f"{shorten(report.fail_on, MAX_NAME)} on",
    )
    yield "Run", shorten(report.created, MAX_NAME)
    versions = ", ".join(f"{name} {version}" for name, version in sorted(report.versions.items()))
    if versions:
        yield "With", shorten(versions, MAX_NAME)


def _chips(report: RunReport, excused: set[str]) -> Iterator[Chip]:
    yield Chip(key="", label="tests", number=len(report.tests))
    for severity in reversed(Severity):
        yield Chip(key=str(severity), label=str(severity), number=report.count(severity))
    numbers = {
        "failed": sum(not test.passed for test in report.tests),
        "problem": sum(bool(test.problems) for test in report.tests),
        "pending": sum(test.pending is not None for test in report.tests),
        "quarantined": sum(is_excused(test, excused) for test in report.tests),
    }
    labels = {"problem": "problems" if numbers["problem"] != 1 else "problem"}
    for key, number in numbers.items():
        yield Chip(key=key, label=labels.get(key, key), number=number)


def _reasons(report: RunReport) -> Iterator[str]:
    if report.verdict is None:
        return
    for line in report.verdict.lines[1 : MAX_LIST + 1]:
        yield _sentence(shorten(line, MAX_MESSAGE))


def _rooms(tests: Sequence[TestRecord]) -> tuple[int, int]:
    """Return how many characters a text has of a test that is bad, and of one that is not."""
    bad = sum(map(is_bad, tests))
    much = _room(ALL_TEXT - 2 * LEAST_TEXT * (len(tests) - bad), bad)
    return much, _room(ALL_TEXT - 2 * much * bad, len(tests) - bad)


def _room(characters: int, tests: int) -> int:
    return min(MOST_TEXT, max(LEAST_TEXT, characters // (2 * max(1, tests))))
