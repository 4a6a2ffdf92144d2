"""The run: what all marked tests of one session share, and the hooks that call on each of them."""

import os
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from pytest_llmregress.contracts.budget import Price
from pytest_llmregress.hookspecs import RECORD
from pytest_llmregress.llm_judge.question import fault_of_answer
from pytest_llmregress.pipeline.config import TestConfig
from pytest_llmregress.pipeline.spend_tracker import SpendLimits, SpendTracker
from pytest_llmregress.process import installed_versions
from pytest_llmregress.providers.anthropic.sdk_patch import KEYLESS_ENVIRONMENT
from pytest_llmregress.providers.protocol import Provider
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.runner import output, session
from pytest_llmregress.runner.hook_calls import Hooks
from pytest_llmregress.runner.item_runner import TestRun
from pytest_llmregress.runner.sample_loop import run_samples, withhold_report
from pytest_llmregress.runner.stash_keys import SETTING_UP, TEST_RUN
from pytest_llmregress.storage.file_paths import build_test_paths
from pytest_llmregress.values.call import Call
from pytest_llmregress.values.http import Interaction, Request
from pytest_llmregress.values.settings import Settings, SettingsSource

CONFIG_FIXTURE = "_llmregress_config"
"""The fixture in plugin.py that hands a test's `llm_config` over."""
_CONFIG = "llm_config"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionContext:
    """Everything that is the same for all tests of a session."""

    root: Path
    invoked_from: Path
    sources: tuple[SettingsSource, SettingsSource, SettingsSource]
    """Command line, environment, ini file."""
    settings: Settings
    """What they come to where a test says nothing."""
    hooks: Hooks
    broken_hooks: tuple[str, ...]
    """What is wrong with hooks that all tests depend on: none of them is run."""
    providers: tuple[Provider, ...]
    redactor: Redactor
    versions: Mapping[str, str]
    in_ci: bool
    started: str
    """When this session began, as ISO 8601 in UTC."""
    price: Price
    """Says what a call costs in US dollars; None where nobody knows."""
    spending: SpendTracker
    """What its recordings cost, and may cost."""
    in_waves: Counter[str] = field(default_factory=Counter)
    """By node id, how many answers of its recording came in waves of this very run."""
    plain_rules: list[TestConfig] = field(default_factory=list)
    """The rules of all tests that have none of their own, once they are read."""
    stems: set[tuple[Path, str]] = field(default_factory=set)
    """Folder and stem of the files of each marked test that was collected."""

    @classmethod
    def from_config(cls, config: pytest.Config) -> "SessionContext":
        """Read everything from pytest's configuration and the environment, once."""
        hooks = Hooks(config.rootpath)
        providers = hooks.providers(config.hook)
        # What a replay without a key puts in its place stands for the key, in a prompt too.
        redactor = Redactor.of_environment({**KEYLESS_ENVIRONMENT, **os.environ})
        redactor = hooks.redactor(config.hook, redactor)
        settings = session.read_settings(config)
        return cls(
            root=config.rootpath,
            invoked_from=config.invocation_params.dir,
            sources=session.sources(config),
            settings=settings,
            price=partial(hooks.price, config.hook),
            hooks=hooks,
            broken_hooks=tuple(hooks.faults),
            providers=providers,
            redactor=redactor,
            versions=installed_versions.installed(),
            in_ci=bool(os.environ.get("CI")),
            started=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            spending=SpendTracker(
                limits=_read_limits(config, settings),
                providers=providers,
                price=partial(hooks.price, config.hook),
            ),
        )

    def prepare(self, marked: Sequence[pytest.Item]) -> None:
        """Have each marked test's `llm_config` read before its own fixtures are set up."""
        overridden: dict[pytest.Collector | None, bool] = {}
        for item in marked:
            paths = build_test_paths(item.path, item.nodeid, None)
            self.stems.add((paths.directory, paths.stem))
            names = getattr(item, "fixturenames", None)  # an item that is no function has none
            if names is None or CONFIG_FIXTURE in names:
                continue
            if item.parent not in overridden:
                overridden[item.parent] = _has_own_config(item)
            if _CONFIG in names or overridden[item.parent]:
                names.insert(0, CONFIG_FIXTURE)

    def read(self, interaction: Interaction) -> Call | None:
        """Return the call that an interaction is, by the first provider that knows it."""
        read = (provider.read(interaction) for provider in self.providers)
        return next((call for call in read if call is not None), None)

    def requested_model(self, request: Request) -> str | None:
        """Return the model that a request asks for, by the first provider that knows."""
        asked = (provider.requested_model(request) for provider in self.providers)
        return next((model for model in asked if model is not None), None)

    def incomplete(self, interaction: Interaction) -> str | None:
        """Say why an answer must not be kept, or None."""
        said = (provider.incomplete(interaction) for provider in self.providers)
        why = next((why for why in said if why is not None), None)
        return why or (fault_of_answer(interaction) if interaction.judge else None)


def _read_limits(config: pytest.Config, settings: Settings) -> SpendLimits:
    """Return what this process may spend: a worker of xdist has an equal part of it."""
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    return SpendLimits(cost=settings.max_cost, tokens=settings.max_tokens, share=workers)


def _has_own_config(item: pytest.Item) -> bool:
    """Whether anybody overrides `llm_config` where a test is: else it need not be looked up.

    pytest looks a fixture that no function names up for each test anew.
    """
    manager = getattr(item.session, "_fixturemanager", None)
    try:
        found = manager.getfixturedefs(_CONFIG, item)  # type: ignore[union-attr]
    except (AttributeError, TypeError):  # private: where it is another one, each is looked up
        return True
    return found is None or len(found) > 1


class CassetteOpener:
    """Opens the cassette before the first fixture is set up, and after every other wrapper.

    Not a wrapper: an error raised in front of a wrapper's `yield` keeps other plugins from
    setting up what they tear down later.
    """

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Open it, or fail the set-up by what is wrong."""
        test = item.stash.get(TEST_RUN, None)
        if test is not None:
            test.current.open()


class PytestHooks:
    """The hooks around each test. Registered only where there is a marked test."""

    def __init__(self, run: SessionContext) -> None:
        self._run = run

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> object | None:
        """Run a marked test as often as it is to be sampled, and tell pytest one outcome."""
        if item.get_closest_marker("llm") is None or TEST_RUN in item.stash:
            return None  # nobody's, or one sample of a test that is under way
        test = TestRun.of_item(item, self._run)
        item.stash[TEST_RUN] = test
        return run_samples(item, test, nextitem) if test.is_sampled else None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, object, object]:
        """Begin a sample, and watch over its set-up."""
        if item.get_closest_marker("llm") is None:
            return (yield)
        if TEST_RUN not in item.stash:  # another plugin runs it again
            item.stash[TEST_RUN] = TestRun.of_item(item, self._run)
        test = item.stash[TEST_RUN]
        sample = test.begin()
        before = SETTING_UP.set(test)
        try:
            with sample.watched():
                return (yield)
        finally:
            SETTING_UP.reset(before)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """Judge a sample as soon as its own body is over."""
        test = item.stash.get(TEST_RUN, None)
        if test is None:
            return (yield)
        with test.current.watched(), test.current.judged():
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        """Close the cassette after the last fixture is torn down."""
        test = item.stash.get(TEST_RUN, None)
        if test is None:
            return (yield)
        try:
            with test.current.watched():
                return (yield)
        finally:
            test.current.close()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Put what was found on the reports, as plain JSON: they reach the controller."""
        report = yield
        test = item.stash.get(TEST_RUN, None)
        if test is None:
            return report
        test.current.note(report)
        if test.is_trial:
            output.pass_report(report)  # nobody is to run it once more
            return report
        if test.is_sampled:
            return withhold_report(test, report)
        if call.when == "teardown":
            told = test.untold
            setattr(report, RECORD, test.finish().to_json())
            if report.passed and test.untold != told:  # what is found only now still has to fail
                output.fail_report(report, test.untold)
            del item.stash[TEST_RUN]
        elif call.when == "call" and not report.passed and test.untold:
            output.add_section(report, test.untold)
        return report
