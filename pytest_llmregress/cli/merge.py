"""The command `merge`: the reports of several shards of a suite as one, judged as one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_llmregress.cli.output import CommandResult, ExitStatus
from pytest_llmregress.cli.selection import shorten
from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.reports.brief import headline_lines
from pytest_llmregress.reports.failing_tests import run_fails
from pytest_llmregress.reports.headline import add_headline
from pytest_llmregress.reports.reporters import BUILT_IN, EXTENSIONS
from pytest_llmregress.reports.summary import summary_lines
from pytest_llmregress.storage.atomic_write import write_text
from pytest_llmregress.values.history import History
from pytest_llmregress.values.run_report import AnswerSource, ReportError, RunReport, TestRecord
from pytest_llmregress.values.settings import Settings
from pytest_llmregress.values.suite_verdict import SuiteVerdict
from pytest_llmregress.values.verdict import GatePolicy

MAX_NOTES = 10
"""Tests in several reports that are named; the others are counted."""
_PLUGIN = "pytest-llmregress"
_ALONE = "each shard knows its own tests alone, run them as one"
"""Why an alarm of all shards together has no fresh samples of both models."""
_TESTS_RAN = frozenset({None, 0, 1, 5})
"""Exit statuses of runs that came to their end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """A report, and the file that it was read from."""

    path: str
    report: RunReport


def merge(files: Sequence[Path], *, to: Path) -> CommandResult:
    """Write the reports as one; the ending of `to` chooses its form.

    Nothing is written where one of them cannot be read, or they do not belong together. The exit
    status is that of the whole: 1 where it fails, or something is pending.
    """
    reporter = BUILT_IN.get(to.suffix.lower())
    problems = []
    if reporter is None:
        problems.append(f"--output {to}: no report has this ending; {EXTENSIONS}")
    shards = [each for file in files if (each := _read(file, problems)) is not None]
    problems += refusals(shards)
    if problems or reporter is None:
        return CommandResult(status=ExitStatus.FAILED, problems=tuple(problems))
    try:
        report = merge_shards(shards)
        write_text(to, reporter().render(report))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # Types are not checked value by value on reading, so a file edited by hand gets as far.
        what = f"one of them is damaged: {type(error).__name__}: {error}; write it again"
        return CommandResult(status=ExitStatus.FAILED, problems=(f"merge: {what}",))
    lines = (
        *_notes(shards),
        *headline_lines(report),
        *summary_lines(report),
        f"{count(len(shards), 'report')} merged: {shorten(to)}",
    )
    return CommandResult(status=_status(report), lines=lines)


def refusals(shards: Sequence[Shard]) -> tuple[str, ...]:
    """Say, one line each, why reports are not of one suite; all of them at once."""
    problems = []
    for name, values in (
        ("candidates", [shard.report.candidate or "no candidate" for shard in shards]),
        ("values of fail_on", [shard.report.fail_on for shard in shards]),
        (f"versions of {_PLUGIN}", [_version(shard.report) for shard in shards]),
    ):
        holders: dict[str, list[str]] = {}
        for shard, value in zip(shards, values, strict=True):
            holders.setdefault(value, []).append(shard.path)
        if len(holders) > 1:
            said = "; ".join(f"{value} in {', '.join(paths)}" for value, paths in holders.items())
            problems.append(
                f"merge: {name} differ: {said}; reports of one suite have the same. "
                "Run all shards in the same way, and merge those"
            )
    return tuple(problems)


def merge_shards(shards: Sequence[Shard]) -> RunReport:
    """Return one report of all tests, with a verdict on all of them together.

    Of a test that several reports have, the record of the one that was created last counts.
    """
    reports = sorted((shard.report for shard in shards), key=lambda report: report.created)
    latest = {test.test: test for report in reports for test in report.tests}
    tests, verdict = _judge(reports, [latest[test] for test in sorted(latest)])
    merged = RunReport(
        created=reports[-1].created,
        versions=_versions(reports),
        candidate=reports[-1].candidate,
        fail_on=reports[-1].fail_on,
        tests=tests,
        orphans=_orphans(reports, tests),
        verdict=verdict,
    )
    # A shard ends with 1 by a verdict on its own tests, too, which the one on all replaces.
    ended = [each.exit_status for each in reports if each.exit_status not in _TESTS_RAN]
    return add_headline(merged, exit_status=max(filter(None, ended), default=None))


def _read(file: Path, problems: list[str]) -> Shard | None:
    path = shorten(file)
    try:
        report = RunReport.from_json(json.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        problems.append(f"{path}: {error.strerror or error}; a report of a run is wanted")
    except (RecursionError, UnicodeDecodeError, json.JSONDecodeError) as error:
        problems.append(
            f"{path}: it is no JSON: {error}; a report of a run is wanted. "
            f"pytest --llmregress-report {path}"
        )
    except ReportError as error:
        problems.append(f"{path}: {error}")
    else:
        return Shard(path=path, report=report)
    return None


def _judge(
    reports: Sequence[RunReport], tests: Sequence[TestRecord]
) -> tuple[tuple[TestRecord, ...], SuiteVerdict | None]:
    if all(test.evidence is None for test in tests):
        return tuple(tests), None
    from pytest_llmregress.verdicts.judge_run import judge_run  # noqa: PLC0415 - with statistics

    # Whether tests that look different were to get fresh samples is in the shards' own verdicts.
    verdicts = [report.verdict for report in reports if report.verdict is not None]
    gate = GatePolicy(confirm=Settings().confirm if any(v.confirms for v in verdicts) else 0)
    if any(verdict.history is not None for verdict in verdicts):
        return judge_run(tests, gate=gate, history=_build_history(reports, tests))
    is_compared = any(report.candidate is not None for report in reports)
    return judge_run(tests, gate=gate, unconfirmed=_ALONE if is_compared else "")


def _build_history(reports: Sequence[RunReport], tests: Sequence[TestRecord]) -> History:
    """Return the night that shards of a canary are together; no report has the nights before."""
    from pytest_llmregress.verdicts.canary import build_night  # noqa: PLC0415 - with statistics

    is_new = (test for test in tests if test.mode is AnswerSource.RECORDED)
    recorded = [test.evidence for test in is_new if test.evidence is not None]
    last = reports[-1]
    night = build_night(recorded, at=last.created, candidate=last.candidate or "")
    return History(nights=(night,) if night.tests else (), is_recorded=bool(night.tests))


def _versions(reports: Sequence[RunReport]) -> Mapping[str, str]:
    """Return each version; several where the shards ran on several, as a matrix does."""
    names = dict.fromkeys(name for report in reports for name in report.versions)
    return {
        name: ", ".join(dict.fromkeys(r.versions[name] for r in reports if name in r.versions))
        for name in names
    }


def _orphans(reports: Sequence[RunReport], tests: Sequence[TestRecord]) -> tuple[str, ...]:
    """Return the recordings that no shard has a test for."""
    used = {_stem(test.cassette) for test in tests}
    found = {path for report in reports for path in report.orphans}
    return tuple(sorted(path for path in found if _stem(path) not in used))


def _stem(path: str) -> str:
    folder, _, name = path.rpartition("/")
    return f"{folder}/{name.removesuffix('.cassette.yaml').partition('@')[0]}"


def _notes(shards: Sequence[Shard]) -> tuple[str, ...]:
    """Say which tests are in several reports, and which of them counts."""
    in_order = sorted(shards, key=lambda shard: shard.report.created)
    holders: dict[str, list[str]] = {}
    for shard in in_order:
        for test in shard.report.tests:
            holders.setdefault(test.test, []).append(shard.path)
    several = [(test, paths) for test, paths in sorted(holders.items()) if len(paths) > 1]
    notes = [
        f"note: {test} is in {', '.join(paths)}; the last one counts"
        for test, paths in several[:MAX_NOTES]
    ]
    if rest := several[MAX_NOTES:]:
        notes.append(f"note: and {count(len(rest), 'more test')} in several reports")
    return tuple(notes)


def _status(report: RunReport) -> ExitStatus:
    pending = any(test.pending is not None for test in report.tests)
    is_fine = report.exit_status is None and not run_fails(report) and not pending
    return ExitStatus.FINE if is_fine else ExitStatus.PENDING


def _version(report: RunReport) -> str:
    return report.versions.get(_PLUGIN, "unknown")
