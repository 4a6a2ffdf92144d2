"""Collects the records of marked tests off their reports, then judges and tells them all."""

import atexit
import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pytest_llmregress.hookspecs import HELD_BACK, RECORD, UNCONFIRMED
from pytest_llmregress.providers import installed_versions
from pytest_llmregress.reports.failing_tests import drift_fails
from pytest_llmregress.reports.failures import refused_late
from pytest_llmregress.reports.headline import add_headline
from pytest_llmregress.reports.junit_properties import add_junit_properties
from pytest_llmregress.reports.verdict import render_test
from pytest_llmregress.runner import output
from pytest_llmregress.runner.hook_calls import Hooks
from pytest_llmregress.runner.report_files import write_reports
from pytest_llmregress.runner.settings_reader import read_candidates, read_settings
from pytest_llmregress.runner.several_candidates import name_reports, split_by_candidate
from pytest_llmregress.values.evidence import FreshEvidence
from pytest_llmregress.values.run_report import RunReport, TestRecord
from pytest_llmregress.values.settings import FailOn, RecordMode, Settings
from pytest_llmregress.values.verdict import GatePolicy

_NAME = "llmregress-records"
"""What it is registered as."""

_ORPHANS = "llmregress_orphans"
"""The key of a worker's output: the recordings that belong to no test."""

_LATE = "llmregress_late"
"""The key of what threads were refused after the end of their tests."""


class RecordCollector:
    """The records of the marked tests, by test; registered where a test is marked."""

    def __init__(self, *, in_worker: bool) -> None:
        self._in_worker = in_worker
        self._by_test: dict[str, TestRecord] = {}
        """Empty in a worker: its controller has them."""
        self._begun: set[str] = set()
        """Marked tests of workers that have begun, and are not over."""
        self._orphans: Sequence[str] = ()
        """Recordings that belong to no test; known where the whole suite was collected."""
        self._late: list[str] = []
        """What threads were refused after the end of their tests."""
        self._reports: tuple[RunReport, ...] = ()
        """What the run found of each candidate, once it is over."""
        self._paths: tuple[Sequence[str], ...] = ()
        """Where the reports of each candidate were to be written."""
        self._unwritten: dict[str, str] = {}
        """Why a report could not be written, by its path."""
        self._no_night = ""
        """Why this night could not be added to the history; empty where nothing went wrong."""
        self.unconfirmed: dict[str, str] = {}
        """Why both models could not be asked again for the suite's sake, by candidate."""
        self._bad_hooks: tuple[str, ...] = ()
        """What hooks that belong to no test did wrong."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(
        self, report: pytest.TestReport
    ) -> Generator[None, object, object]:
        """Take the record of a test; the last one where it ran several times.

        Off its report, once everybody has seen it: pytest keeps all reports until the end.
        """
        record = getattr(report, RECORD, None)
        if report.when == "setup" and "llm" in report.keywords:
            self._begun.add(report.nodeid)
        if record is not None and not self._in_worker:
            self._begun.discard(report.nodeid)
            test = self._by_test[report.nodeid] = TestRecord.from_json(record)
            add_junit_properties(test, report.user_properties)
        result = yield
        if record is not None:
            delattr(report, RECORD)
        return result

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.CollectReport | pytest.TestReport
    ) -> tuple[str, str, str] | None:
        """Say nothing of one sample among several, and tell what is not confirmed from passed."""
        if hasattr(report, HELD_BACK):
            return "", "", ""
        if hasattr(report, UNCONFIRMED):
            return "unconfirmed", "u", "UNCONFIRMED"
        return None

    @pytest.hookimpl(optionalhook=True)
    def pytest_handlecrashitem(self, crashitem: str) -> None:
        """Count a test that ended with its worker of xdist, and so has left no record."""
        if crashitem in self._begun:
            from pytest_llmregress.pipeline.report import build_crashed_record

            self._by_test.setdefault(crashitem, build_crashed_record(crashitem))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker of xdist has found: recordings of no test, late refusals."""
        told = getattr(node, "workeroutput", {})
        self._orphans = told.get(_ORPHANS, self._orphans)
        self._late += told.get(_LATE, ())

    def write_closing_line(self, session: pytest.Session) -> None:
        """Say why the run failed, where a drift is why."""
        if len(self._reports) != 1 or self._unwritten or self._bad_hooks or self._no_night:
            return
        if session.exitstatus == pytest.ExitCode.TESTS_FAILED:
            from pytest_llmregress.reports.summary import closing_line

            line = closing_line(self._reports[0], failed=session.testsfailed)
            output.write_lines(session.config, [] if line is None else [line])

    def note_orphans(self, config: pytest.Config, orphans: Sequence[str]) -> None:
        """Take recordings that belong to no test; known where the whole suite was collected."""
        self._orphans = orphans
        if self._in_worker:
            config.workeroutput[_ORPHANS] = list(orphans)  # type: ignore[attr-defined]  # of xdist

    def find_suspicious(self, config: pytest.Config) -> Iterator[tuple[str, Mapping[str, int]]]:
        """Yield each candidate whose suite looks worse, and the tests to ask both models again of.

        It takes a suite that looks worse as a whole, while no single test fails the run. With the
        node id of each test come its first samples of the candidate.
        """
        if not any(test.evidence is not None for test in self._by_test.values()):
            return
        from pytest_llmregress.verdicts.judge_run import judge_run
        from pytest_llmregress.verdicts.judge_suite import is_compared

        every = split_by_candidate(self._by_test, read_candidates(config))
        for number, records in enumerate(every):
            settings = read_settings(config, candidate=number)
            _, verdict = judge_run(tuple(records.values()), gate=_read_gate(settings))
            if verdict is None or verdict.failing or not verdict.suspects:
                continue
            evidences = {item: record.evidence for item, record in records.items()}
            name = "" if settings.candidate is None else settings.candidate.name
            yield name, {i: e.screen.n for i, e in evidences.items() if e and is_compared(e)}

    def add_fresh(self, test: str, again: FreshEvidence, *, cost: float | None) -> None:
        """Take fresh samples of both models of a test that is over.

        :param cost: what they cost; None where that is not known.
        """
        record = self._by_test[test]
        before = record.cost_usd
        self._by_test[test] = replace(
            record,
            evidence=None if record.evidence is None else replace(record.evidence, again=again),
            cost_usd=None if cost is None or before is None else before + cost,
        )

    def pytest_terminal_summary(self, config: pytest.Config) -> None:
        """Write the block at the end of the run."""
        if not (any(each.tests for each in self._reports) or (self._reports and self._bad_hooks)):
            return
        from pytest_llmregress.runner.closing_block import name_paths, render_all, render_brief

        output.write_title(config, "llmregress")
        faults = (
            *(f"problem: bad_hook: {fault}" for fault in self._bad_hooks),
            *(f"problem: refused: {line}" for line in self._late),
        )
        if self._no_night:
            faults = (*faults, f"problem: history: no night was added: {self._no_night}")
        render = render_all if config.get_verbosity() > 0 else render_brief
        paths = name_paths([p for paths in self._paths for p in paths], self._unwritten)
        output.write_lines(config, render(self._reports, faults=faults, paths=paths))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Judge the suite, write each report that was asked for, and tell the other plugins.

        Not where no test was marked and no report asked for, and not in a worker: the controller
        has all records.
        """
        config = session.config
        self._late += _take_late_refusals()
        if self._in_worker:
            config.workeroutput[_LATE] = self._late  # type: ignore[attr-defined]  # of xdist
        elif self._late and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if self._in_worker or not (self._by_test or config.getoption("llmregress_report")):
            return
        settings, hooks = read_settings(config), Hooks(config.rootpath)
        names = read_candidates(config)
        split = split_by_candidate(self._by_test, names)
        judged = [
            _judge_run(
                config,
                read_settings(config, candidate=number),
                records,
                self._orphans,
                unconfirmed=self.unconfirmed,
            )
            for number, records in enumerate(split)
        ]
        self._no_night = next((fault for _, fault in judged if fault), "")
        has_failed = any(each.verdict is not None and each.verdict.fails for each, _ in judged)
        is_failing = has_failed and settings.fail_on is not FailOn.NEVER
        if (is_failing or self._no_night) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        status = int(session.exitstatus)
        self._reports = tuple(add_headline(found, exit_status=status) for found, _ in judged)
        for number, (records, report) in enumerate(zip(split, self._reports, strict=True)):
            if report.verdict is not None and report.verdict.fails:
                output.fail_unconfirmed(config, _explain_failures(report, records))
            own = read_settings(config, candidate=number)
            self._paths += (name_reports(own.report, names[number] if names[1:] else None),)
        self._unwritten = write_reports(config, self._paths, self._reports, hooks)
        if self._unwritten:
            self._fail(session, hooks)
        for report in self._reports:
            hooks.finish(config.hook, report)
        self._bad_hooks = tuple(dict.fromkeys(hooks.faults))
        if self._bad_hooks:
            self._fail(session, hooks)

    def _fail(self, session: pytest.Session, hooks: Hooks) -> None:
        """Have a run fail that was fine so far, and say so in the reports that can be written."""
        if session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = status = pytest.ExitCode.TESTS_FAILED
            self._reports = tuple(add_headline(r, exit_status=int(status)) for r in self._reports)
            self._unwritten |= write_reports(session.config, self._paths, self._reports, hooks)


class ClosingLine:
    """Writes below pytest's own last line."""

    def __init__(self, records: RecordCollector) -> None:
        self._records = records

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Say why the run failed, once pytest has said all it has to say."""
        result = yield
        self._records.write_closing_line(session)
        return result


def collect_records(config: pytest.Config) -> RecordCollector:
    """Listen to each report of a run from now on; return who does.

    Not where nothing is marked, whose tests pay nothing.
    """
    known: RecordCollector | None = config.pluginmanager.getplugin(_NAME)
    if known is None:
        known = RecordCollector(in_worker=hasattr(config, "workerinput"))
        config.pluginmanager.register(known, _NAME)
        config.pluginmanager.register(ClosingLine(known), f"{_NAME}-closing")
        atexit.register(_tell_at_exit)  # before any test, so after what tests leave for it
    return known


def _explain_failures(report: RunReport, records: Mapping[str, TestRecord]) -> dict[str, str]:
    """Return why tests fail by their evidence, or by that of all tests, by their items' node ids.

    :param records: of the same tests, by those.
    """
    told = {
        test.test: "\n".join(render_test(test.verdict)).removeprefix(f"{test.test}: ")
        for test in report.tests
        if test.verdict is not None and drift_fails(test, report.fail_on)
    }
    return {item: told[each.test] for item, each in records.items() if each.test in told}


def _take_late_refusals() -> list[str]:
    """Return what threads of this process were refused after the end of their tests."""
    guard = sys.modules.get("pytest_llmregress.recording.socket_guard")
    if guard is None:  # nothing was replayed
        return []
    return [refused_late(each.test, each.place, each.by) for each in guard.take_late_refusals()]


def _tell_at_exit() -> None:
    """Tell of what was refused once the session was over, whose summary could not tell it."""
    for line in _take_late_refusals():
        output.write_at_exit(line)


def _judge_run(
    config: pytest.Config,
    settings: Settings,
    records: Mapping[str, TestRecord],
    orphans: Sequence[str],
    *,
    unconfirmed: Mapping[str, str],
) -> tuple[RunReport, str]:
    """Return the records of all tests with the verdict on all of them, and why no night was added.

    The latter is empty where one was, and where no history was asked for.

    :param unconfirmed: why both models could not be asked again, by candidate.
    """
    tests = tuple(records[test] for test in sorted(records))
    verdict, fault, created = None, "", datetime.now(UTC).isoformat(timespec="seconds")
    candidate = None if settings.candidate is None else settings.candidate.name
    gate = _read_gate(settings)
    if any(test.evidence is not None for test in tests):
        from pytest_llmregress.verdicts.judge_run import judge_run

        if settings.history is not None and candidate is not None:
            from pytest_llmregress.pipeline.nights import judge_night

            path = config.invocation_params.dir / settings.history
            tests, verdict, fault = judge_night(
                path, tests, at=created, candidate=candidate, gate=gate
            )
        else:
            why = unconfirmed.get(candidate or "") or _explain_unasked(config, settings)
            tests, verdict = judge_run(tests, gate=gate, unconfirmed=why)
    report = RunReport(
        created=created,
        versions=installed_versions.installed(),
        candidate=candidate,
        fail_on=str(settings.fail_on),
        tests=tests,
        orphans=tuple(orphans),
        verdict=verdict,
    )
    return report, fault


def _read_gate(settings: Settings) -> GatePolicy:
    is_alone = settings.candidate is None or settings.history is not None
    return GatePolicy(confirm=settings.confirm, asks_old_model=is_alone or settings.control != 0)


def _explain_unasked(config: pytest.Config, settings: Settings) -> str:
    """Return why nobody has asked both models again where the suite as a whole looks worse."""
    if settings.candidate is None:
        return ""
    if settings.record is RecordMode.NONE:
        return "none are recorded"
    if not settings.confirm or settings.control == 0:
        return "the old model was not to be asked again"
    if config.getoption("numprocesses", default=None):
        return "a worker of xdist knows its own tests alone, run it without -n"
    return "it was not asked"
