"""What happens once a session before its first test: checks, and the start."""

import os
from pathlib import Path

import pytest

from pytest_llmregress.providers import installed_versions
from pytest_llmregress.runner import output, progress
from pytest_llmregress.runner.hook_calls import Hooks, register_built_ins
from pytest_llmregress.runner.record_collector import collect_records
from pytest_llmregress.runner.report_files import choose_reporter, find_reporters
from pytest_llmregress.runner.settings_reader import read_settings
from pytest_llmregress.runner.several_candidates import check as check_candidates
from pytest_llmregress.runner.several_candidates import repeat_tests
from pytest_llmregress.values.settings import RecordMode, Settings

NARROWING = ("keyword", "markexpr", "deselect", "lf", "ignore", "ignore_glob", "stepwise")
"""The options of pytest with which a run does not collect the whole suite."""


def check(config: pytest.Config, *, is_controller: bool) -> None:
    """Refuse, before anything runs, what could only go wrong; UsageError says how to mend it.

    Found while a worker collects, it would read INTERNALERROR.

    :param is_controller: whether tests run in workers of xdist: their controller collects no
        tests, and never knows what is marked.
    """
    settings = read_settings(config)
    if is_controller or config.getoption("llmregress_report"):
        collect_records(config)
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
    if settings.cross and settings.candidate is not None and settings.candidate.is_variant:
        raise output.usage_error(
            f"--llmregress-cross: {settings.candidate.name} is the application as it is now: no "
            "model of it is replaced, and none can be crossed with the baseline's; leave it out"
        )
    if config.getoption("llmregress_cross") and settings.candidate is None:
        raise output.usage_error(
            "--llmregress-cross: there is no candidate whose prompts could be crossed with those "
            "of the baseline; give one: --llmregress-candidate MODEL"
        )
    if settings.history is not None:
        _check_history(config, settings)
    hooks = Hooks(config.rootpath)
    reporters = find_reporters(config, hooks)
    for path in settings.report:
        if choose_reporter(path, reporters) is None:
            endings = ", ".join(sorted({reporter.suffix for reporter in reporters}))
            fault = f"--llmregress-report={path}: no report has this ending; {endings}"
            raise output.usage_error("\n".join([fault, *hooks.faults]))
    check_candidates(config)
    _check_versions()
    _register_github(config)
    progress.register(config, settings.record)
    if config.pluginmanager.hasplugin("pytest_llm"):
        config.pluginmanager.register(_MarkerIsClaimed(), "llmregress-marker-is-claimed")


def _check_history(config: pytest.Config, settings: Settings) -> None:
    """Refuse a history without a candidate, and one that cannot be read or is being written."""
    if settings.candidate is None and not config.getoption("llmregress_history"):
        return  # a file has the path for the nights, and this is none
    if settings.candidate is None:
        raise output.usage_error(
            f"--llmregress-history={settings.history}: no model is recorded again; name the one of "
            "the baseline: --llmregress-candidate MODEL --llmregress-record rewrite"
        )
    from pytest_llmregress.pipeline.nights import claim_history

    is_worker = hasattr(config, "workerinput")
    adds = settings.record is not RecordMode.NONE and not is_worker
    fault = claim_history(config.invocation_params.dir / str(settings.history), adds=adds)
    if fault:
        raise output.usage_error(f"--llmregress-history={settings.history}: {fault}")


def start(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Start a run: from here on the marked tests are recorded or replayed.

    Recordings that belong to none of them are noted, where that can be told. Where there are
    several candidates, each marked test becomes an item for each of them.
    """
    from pytest_llmregress.pipeline.orphans import find_orphans
    from pytest_llmregress.runner.context_factory import add_config_fixture, build_context, identify
    from pytest_llmregress.runner.hooks import CassetteOpener, PytestHooks

    records = collect_records(config)
    if config.pluginmanager.hasplugin("llmregress-activity"):
        return
    _check_versions()
    register_built_ins(config)
    _register_github(config)
    repeat_tests(config, items)
    marked = [item for item in items if item.get_closest_marker("llm")]
    run = build_context(config, marked)
    config.pluginmanager.register(PytestHooks(run), "llmregress-activity")
    teller: progress.Progress | None = config.pluginmanager.get_plugin("llmregress-progress")
    if teller is not None:
        teller.run = run
    config.pluginmanager.register(CassetteOpener(), "llmregress-opening")
    add_config_fixture(marked)
    settings = read_settings(config)
    if settings.record is not RecordMode.NONE:
        from pytest_llmregress.runner import suite_confirmation
        from pytest_llmregress.runner.concurrent import recorder

        recorder.register(config, run, settings)
        suite_confirmation.register(config, run, records, settings)
    if _has_whole_suite(config):  # else nobody can tell
        tests = (identify(item) for item in marked)
        records.note_orphans(config, find_orphans(tests, root=config.rootpath))


def _has_whole_suite(config: pytest.Config) -> bool:
    """Tell whether a run has collected all tests there are."""
    if any(config.getoption(name, default=None) for name in NARROWING):
        return False
    return all(Path(config.invocation_params.dir, arg).is_dir() for arg in config.args)


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


def _register_github(config: pytest.Config) -> None:
    from pytest_llmregress.runner.github import register

    register(config)
