"""From what pytest knows to values: what all tests of a session share, and which test it is."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from pytest_llmregress.gateway.server import Gateway
from pytest_llmregress.pipeline.config import Marker, TestIdentity
from pytest_llmregress.pipeline.next_command import find_calling_line
from pytest_llmregress.pipeline.session_context import SessionContext
from pytest_llmregress.pipeline.spend_tracker import SpendLimits, SpendTracker
from pytest_llmregress.providers import installed_versions
from pytest_llmregress.providers.child_environment import CHILD_ENVIRONMENT
from pytest_llmregress.providers.protocol import Provider
from pytest_llmregress.providers.registry import replay_environment
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.runner.hook_calls import HOOKS, Hooks
from pytest_llmregress.runner.settings_reader import read_settings, read_sources
from pytest_llmregress.runner.several_candidates import choose_context, find_node_id
from pytest_llmregress.storage.cassette_file import read_cassette
from pytest_llmregress.storage.file_paths import build_test_paths
from pytest_llmregress.values.http import Interaction
from pytest_llmregress.values.settings import RecordMode, Settings

CONFIG_FIXTURE = "_llmregress_config"
"""The fixture in hooks.py that hands a test's `llm_config` over."""
_CONFIG = "llm_config"
CONTEXT: pytest.StashKey[SessionContext] = pytest.StashKey()
"""On the config of a run with marked tests: what all of them share."""


def build_context(config: pytest.Config, marked: Sequence[pytest.Item]) -> SessionContext:
    """Read everything, once, and keep the hooks of this session where its tests find them."""
    hooks = config.stash[HOOKS] = Hooks(config.rootpath)
    providers = hooks.providers(config.hook)
    # What a replay without a key puts in its place stands for the key, in a prompt too.
    placeholders = replay_environment(providers, None)
    redactor = Redactor.of_environment({**placeholders, **os.environ})
    redactor = hooks.redactor(config.hook, redactor)
    settings = read_settings(config)
    price = partial(hooks.price, config.hook)
    paths = [build_test_paths(item.path, find_node_id(item), None) for item in marked]
    variant = None if settings.candidate is None else settings.candidate.name
    variants = [build_test_paths(item.path, find_node_id(item), variant) for item in marked]
    cassettes = dict.fromkeys(each.cassette for each in (*paths, *variants))
    context = config.stash[CONTEXT] = SessionContext(
        root=config.rootpath,
        invoked_from=config.invocation_params.dir,
        sources=read_sources(config),
        settings=settings,
        plugins=hooks.plugins(config.hook, price=price),
        broken_hooks=tuple(hooks.faults),
        providers=providers,
        redactor=redactor,
        versions=installed_versions.installed(),
        in_ci=bool(os.environ.get("CI")),
        started=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        stems=frozenset((each.directory, each.stem) for each in paths),
        gateway=Gateway(
            environment=CHILD_ENVIRONMENT,
            is_open=settings.record is not RecordMode.NONE,
            locate=partial(find_calling_line, config.rootpath),
            shared_keys=partial(_find_shared_keys, cassettes, providers),
        ),
        spending=SpendTracker(
            limits=_read_limits(config, settings), providers=providers, price=price
        ),
    )
    return context


_NO_GROUP = frozenset(
    {"llm", "parametrize", "usefixtures", "filterwarnings", "skip", "skipif", "xfail"}
)
"""Marks that say how a test is run, and not what it is about."""


def identify(item: pytest.Item) -> TestIdentity:
    """Return which test an item is."""
    return TestIdentity(
        node_id=find_node_id(item),
        path=item.path,
        markers=tuple(
            Marker(args=mark.args, kwargs=mark.kwargs) for mark in item.iter_markers("llm")
        ),
        marks=tuple(sorted({mark.name for mark in item.iter_markers()} - _NO_GROUP)),
    )


def narrow_context(item: pytest.Item, context: SessionContext) -> SessionContext:
    """Return the context of one test: its candidate's, and the hooks of the folders above it."""
    context = choose_context(item, context)
    plugins = item.config.stash[HOOKS].plugins(item.ihook, price=context.plugins.price)
    return replace(context, plugins=plugins, item=item.nodeid)


def add_config_fixture(marked: Sequence[pytest.Item]) -> None:
    """Have each marked test's `llm_config` read before its own fixtures are set up."""
    overridden: dict[pytest.Collector | None, bool] = {}
    for item in marked:
        names = getattr(item, "fixturenames", None)  # an item that is no function has none
        if names is None or CONFIG_FIXTURE in names:
            continue
        if item.parent not in overridden:
            overridden[item.parent] = _has_own_config(item)
        if _CONFIG in names or overridden[item.parent]:
            names.insert(0, CONFIG_FIXTURE)


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


def _find_shared_keys(
    cassettes: Iterable[Path], providers: Sequence[Provider]
) -> Mapping[str, str]:
    """Return what stands for the keys that the recordings of all these tests were made with.

    The test that a child is started in tells of its own provider alone, and a later test may ask
    another one. A recording that is missing or broken tells of none: its own test says so.
    """
    found: dict[str, Interaction] = {}
    for path in cassettes:
        try:
            recorded = read_cassette(path).interactions
        except (OSError, ValueError):
            continue
        found |= {each.request.url: each for each in recorded}
    return replay_environment(providers, found.values())
