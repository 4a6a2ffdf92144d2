"""Which other plugins see a test that is run several times: dry runs, and samples of one test."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest

_PROTOCOL = "pytest_runtest_protocol"
"""The hook around a whole run of a test: what only wraps that takes no part in it."""
_AROUND = (
    "pytest_runtest_setup",
    "pytest_runtest_call",
    "pytest_runtest_teardown",
    "pytest_runtest_makereport",
    "pytest_pyfunc_call",
    "pytest_fixture_setup",
    "pytest_fixture_post_finalizer",
)
"""The hooks by which a plugin takes part in a run, or watches it."""
_PREPARING = frozenset(
    {
        "pytest_runtest_setup",
        "pytest_runtest_teardown",
        "pytest_pyfunc_call",
        "pytest_fixture_setup",
    }
)
"""Those that do what a fixture does, where they wrap nothing: they run as often as fixtures do."""
_TAKING_PART = frozenset(
    {
        "_hypothesis_pytestplugin",
        "_pytest",
        "anyio",
        "pytest_asyncio",
        "pytest_check",
        "pytest_cov",
        "pytest_html",
        "pytest_llmregress",
        "pytest_randomly",
        "pytest_socket",
        "pytest_subtests",
        "pytest_timeout",
        "pytest_trio",
    }
)
"""Packages whose hooks belong to the run of a test, or change no more than its own report."""
_WATCHING = frozenset(
    {"allure_pytest", "flaky", "pytest_jsonreport", "pytest_rerunfailures", "pytest_retry"}
)
"""Packages whose hooks tell of tests or repeat them: a dry run goes past them."""
_REPEATING = frozenset({"flaky"})
"""Packages that look themselves whether a test has failed, and run it again: a sample has not."""
_SILENT = frozenset(
    {
        "pytest_runtest_logstart",
        "pytest_runtest_logreport",
        "pytest_runtest_logfinish",
        "pytest_exception_interact",
        "pytest_warning_recorded",
    }
)
"""The hooks that tell of a test: a dry run is none."""


def find_watcher(item: pytest.Item) -> str:
    """Return the plugin for whose sake a test must not be tried; empty where there is none.

    Nobody knows what a plugin does that looks at each run of a test: it may count it, report it or
    run it again.
    """
    for name in _AROUND:
        for implementation in getattr(item.ihook, name).get_hookimpls():
            package = _find_package(implementation)
            is_wrapper = implementation.wrapper or implementation.hookwrapper
            is_like_a_fixture = name in _PREPARING and not is_wrapper
            if not is_like_a_fixture and package not in _TAKING_PART | _WATCHING:
                return str(implementation.plugin_name)
    return ""


def run_once(item: pytest.Item, nextitem: Any) -> None:
    """Run one sample of a test by pytest's protocol, as no plugin runs it again."""
    hook, plugins = getattr(item.ihook, _PROTOCOL), item.config.pluginmanager
    hidden = frozenset(_find_plugins(hook.get_hookimpls(), of=_REPEATING))
    _leave_out(hidden, _PROTOCOL, hook, plugins)(item=item, nextitem=nextitem)


@contextmanager
def hide_runs(session: pytest.Session) -> Iterator[None]:
    """Have nobody told of the tests that run meanwhile."""
    hooks = _hide_from_watchers(session.gethookproxy, session.config.pluginmanager)
    with mock.patch.object(session, "gethookproxy", hooks):
        yield


def _hide_from_watchers(
    gethookproxy: Callable[[Any], Any], plugins: pytest.PytestPluginManager
) -> Callable[[Any], Any]:
    """Return what gives the hooks of an item without those that tell of it or repeat it."""
    every = getattr(plugins.hook, _PROTOCOL).get_hookimpls()
    around = frozenset(each.plugin for each in every if _find_package(each) not in _TAKING_PART)
    hidden = {_PROTOCOL: around} | {
        name: frozenset(_find_plugins(getattr(plugins.hook, name).get_hookimpls(), of=_WATCHING))
        for name in _AROUND
    }
    return lambda path: _HiddenHooks(gethookproxy(path), plugins, hidden)


def _find_plugins(implementations: Collection[Any], *, of: Collection[str]) -> Iterator[Any]:
    return (each.plugin for each in implementations if _find_package(each) in of)


def _leave_out(
    hidden: Collection[Any], name: str, hook: Any, plugins: pytest.PytestPluginManager
) -> Any:
    """Return what calls a hook without some of the plugins that it calls."""
    if not hidden:
        return hook
    called = {each.plugin for each in hook.get_hookimpls()} - set(hidden)
    every = {each.plugin for each in getattr(plugins.hook, name).get_hookimpls()}
    return plugins.subset_hook_caller(name, list(every - called))


def _find_package(implementation: Any) -> str:
    """Return the package of what implements a hook."""
    module = getattr(implementation.function, "__module__", None) or ""
    return str(module).partition(".")[0]


class _HiddenHooks:
    """The hooks of an item, as far as a dry run calls them."""

    def __init__(
        self,
        hooks: Any,
        plugins: pytest.PytestPluginManager,
        hidden: dict[str, frozenset[Any]],
    ) -> None:
        self._hooks = hooks
        self._plugins = plugins
        self._hidden = hidden

    def __getattr__(self, name: str) -> Any:
        if name in _SILENT:
            return _NoHook()
        hidden = self._hidden.get(name, frozenset())
        return _leave_out(hidden, name, getattr(self._hooks, name), self._plugins)


class _NoHook:
    """A hook that nobody implements."""

    def __call__(self, **_: object) -> list[Any]:
        return []

    def call_historic(self, **_: object) -> None:
        """Tell nobody, later either."""
