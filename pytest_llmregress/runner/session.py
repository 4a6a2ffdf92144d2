"""What happens once a session: checks, start, reports and the summary at its end."""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pytest_llmregress.process import installed_versions
from pytest_llmregress.providers.protocol import Reporter
from pytest_llmregress.runner import output, progress
from pytest_llmregress.runner.builtin_plugins import BuiltIns
from pytest_llmregress.runner.hook_calls import HookError, Hooks
from pytest_llmregress.runner.settings_reader import read_settings
from pytest_llmregress.values.run_report import RunReport, TestRecord
from pytest_llmregress.values.settings import FailOn, RecordMode, Settings
from pytest_llmregress.values.verdict import GatePolicy

NARROWING = ("keyword", "markexpr", "deselect", "lf", "ignore", "ignore_glob", "stepwise")
"""The options of pytest with which a run does not collect the whole suite."""
UNWRITTEN: pytest.StashKey[dict[str, str]] = pytest.StashKey()
"""On the configuration: why a report could not be written, by its path."""
BAD_HOOKS: pytest.StashKey[tuple[str, ...]] = pytest.StashKey()
"""On the configuration: what hooks that belong to no test did wrong."""
_BUILT_INS = "llmregress-built-ins"


def check(config: pytest.Config) -> None:
    """Refuse, before anything runs, what could only go wrong; UsageError says how to mend it."""
    settings = read_settings(config)
    if (
        settings.record is not RecordMode.NONE
        and os.environ.get("CI")
        and not settings.allow_ci_record
    ):
        raise output.usage_error(
            f"--llmregress-record={settings.record}: CI is set, and a recording in CI is paid "
            "for and thrown away; record on a machine of yours and commit the files, or allow it "
            "with --llmregress-allow-ci-record"
        )
    if config.getoption("llmregress_cross") and settings.candidate is None:
        raise output.usage_error(
            "--llmregress-cross: there is no candidate whose prompts could be crossed with those "
            "of the baseline; give one: --llmregress-candidate MODEL"
        )
    hooks = Hooks(config.rootpath)
    reporters = _reporters(config, hooks)
    for path in settings.report:
        if _reporter_for(path, reporters) is None:
            endings = ", ".join(sorted({reporter.suffix for reporter in reporters}))
            fault = f"--llmregress-report={path}: no report has this ending; {endings}"
            raise output.usage_error("\n".join([fault, *hooks.faults]))
    _check_versions()
    _register_github(config)
    progress.register(config, settings.record)
    if config.pluginmanager.hasplugin("pytest_llm"):
        config.pluginmanager.register(_MarkerIsClaimed(), "llmregress-marker-is-claimed")


def start(config: pytest.Config, marked: Sequence[pytest.Item]) -> tuple[str, ...]:
    """Start a run: from here on the marked tests are recorded or replayed.

    Return the recordings that belong to none of them, where that can be told.
    """
    from pytest_llmregress.pipeline.orphans import find_orphans  # noqa: PLC0415 - only with marked tests
    from pytest_llmregress.runner.collected import identify  # noqa: PLC0415 - only with marked tests
    from pytest_llmregress.runner.context_factory import add_config_fixture, build_context  # noqa: PLC0415 - only with marked tests
    from pytest_llmregress.runner.hooks import CassetteOpener, PytestHooks  # noqa: PLC0415 - only with marked tests

    if config.pluginmanager.hasplugin("llmregress-activity"):
        return ()
    _check_versions()
    _register_built_ins(config)
    _register_github(config)
    run = build_context(config, marked)
    config.pluginmanager.register(PytestHooks(run), "llmregress-activity")
    teller: progress.Progress | None = config.pluginmanager.get_plugin("llmregress-progress")
    if teller is not None:
        teller.run = run
    config.pluginmanager.register(CassetteOpener(), "llmregress-opening")
    add_config_fixture(marked)
    settings = read_settings(config)
    if settings.record is not RecordMode.NONE:
        from pytest_llmregress.runner.concurrent import recorder  # noqa: PLC0415 - only where something is recorded

        recorder.register(config, run, settings)
    if not _has_whole_suite(config):
        return ()  # nobody can tell
    return find_orphans((identify(item) for item in marked), root=config.rootpath)


def _has_whole_suite(config: pytest.Config) -> bool:
    """Tell whether a run has collected all tests there are."""
    if any(config.getoption(name, default=None) for name in NARROWING):
        return False
    return all(Path(config.invocation_params.dir, arg).is_dir() for arg in config.args)


def finish(
    session: pytest.Session, records: Mapping[str, TestRecord], orphans: Sequence[str]
) -> RunReport | None:
    """Judge the suite, write each report that was asked for, and tell the other plugins.

    Not in a worker: the controller has all records. Return what it found, or None there.
    """
    config = session.config
    if hasattr(config, "workerinput"):
        return None
    settings = read_settings(config)
    report = _report(settings, records, orphans)
    fails = report.verdict is not None and report.verdict.fails
    if fails and settings.fail_on is not FailOn.NEVER and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    hooks = Hooks(config.rootpath)
    unwritten = _write_reports(config, settings, report, hooks)
    hooks.finish(config.hook, report)
    config.stash[UNWRITTEN] = unwritten
    config.stash[BAD_HOOKS] = tuple(dict.fromkeys(hooks.faults))
    if (unwritten or hooks.faults) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    return report


def _write_reports(
    config: pytest.Config, settings: Settings, report: RunReport, hooks: Hooks
) -> dict[str, str]:
    """Write each report that was asked for; return why a path could not be written."""
    if not settings.report:
        return {}
    from pytest_llmregress.storage.atomic_write import write_text  # noqa: PLC0415 - with a report

    reporters = _reporters(config, hooks)
    unwritten = {}
    for path in settings.report:
        reporter = _reporter_for(path, reporters)
        if reporter is None:
            continue
        try:
            write_text(config.invocation_params.dir / path, reporter.render(report))
        except OSError as error:  # what the run found is still to be told
            unwritten[path] = f"{error}; give another path"
        except HookError as error:
            unwritten[path] = str(error)
    return unwritten


def summarise(config: pytest.Config, report: RunReport) -> None:
    """Write the block at the end of the run."""
    from pytest_llmregress.reports.samples import render_quarantine  # noqa: PLC0415 - with records
    from pytest_llmregress.reports.summary import summary_lines  # noqa: PLC0415 - with records

    bad_hooks = config.stash.get(BAD_HOOKS, ())
    if not report.tests and not bad_hooks:
        return
    unwritten = config.stash.get(UNWRITTEN, {})
    output.write_title(config, "llmregress")
    output.write_lines(config, (*summary_lines(report), *render_quarantine(report)))
    output.write_lines(config, (f"problem: bad_hook: {fault}" for fault in bad_hooks))
    for path in read_settings(config).report:
        why = unwritten.get(path)
        told = "" if why is None else f": it could not be written: {why}"
        output.write_lines(config, [f"report: {path}{told}"])


def close(session: pytest.Session, report: RunReport) -> None:
    """Write the last line of a run that fails by a drift alone."""
    from pytest_llmregress.reports.summary import closing_line  # noqa: PLC0415 - with records

    if session.exitstatus != pytest.ExitCode.TESTS_FAILED:
        return
    line = closing_line(report, failed=session.testsfailed)
    stash = session.config.stash
    fails_otherwise = bool(stash.get(UNWRITTEN, {})) or bool(stash.get(BAD_HOOKS, ()))
    if line is not None and not fails_otherwise:
        output.write_lines(session.config, [line])


class _MarkerIsClaimed:
    """Says, test file by test file, that another plugin runs what is marked `llm`."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Stop before the other plugin trips over our keywords."""
        if metafunc.definition.get_closest_marker("llm"):
            raise output.collect_error(
                f"{metafunc.definition.nodeid}: pytest-llm is installed too and claims the marker "
                "`llm`; one of the two can have it. Run with -p no:pytest_llm, or uninstall it: "
                "python -m pip uninstall pytest-llm"
            )


def _check_versions() -> None:
    faults = installed_versions.unsupported(installed_versions.installed())
    if faults:
        raise output.usage_error("\n".join(faults))


def _register_built_ins(config: pytest.Config) -> None:
    if not config.pluginmanager.hasplugin(_BUILT_INS):
        config.pluginmanager.register(BuiltIns(), _BUILT_INS)


def _register_github(config: pytest.Config) -> None:
    from pytest_llmregress.runner.github import register  # noqa: PLC0415 - only where there is work

    register(config)


def _reporters(config: pytest.Config, hooks: Hooks) -> list[Reporter]:
    _register_built_ins(config)
    return hooks.reporters(config.hook)


def _reporter_for(path: str, reporters: Sequence[Reporter]) -> Reporter | None:
    suffix = Path(path).suffix.lower()
    return next((reporter for reporter in reporters if reporter.suffix == suffix), None)


def _report(
    settings: Settings, records: Mapping[str, TestRecord], orphans: Sequence[str]
) -> RunReport:
    tests = tuple(records[test] for test in sorted(records))
    verdict = None
    if any(test.evidence is not None for test in tests):
        from pytest_llmregress.verdicts.judge_run import judge_run  # noqa: PLC0415 - with statistics

        tests, verdict = judge_run(tests, gate=GatePolicy(confirm=settings.confirm))
    return RunReport(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        versions=installed_versions.installed(),
        candidate=None if settings.candidate is None else settings.candidate.name,
        fail_on=str(settings.fail_on),
        tests=tests,
        orphans=tuple(orphans),
        verdict=verdict,
    )
