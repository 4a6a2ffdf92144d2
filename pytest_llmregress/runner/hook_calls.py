"""Calls the hooks of this plugin: whatever one of them does, the run goes on and says whose it was.

Each implementation is called by itself: what one of them breaks is no loss of the others.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from pytest_llmregress.providers import prices
from pytest_llmregress.providers.protocol import (
    HasSdk,
    Judges,
    Provider,
    Rename,
    RenamesModel,
    Reporter,
    SendsBatches,
    TellsLimits,
)
from pytest_llmregress.reports.failures import bad_hook
from pytest_llmregress.reports.reporters import BUILT_IN
from pytest_llmregress.runner.hook_results import (
    WrongResultError,
    read_call,
    read_count,
    read_patterns,
    read_price,
    read_providers,
    read_reporters,
    read_request,
    read_severity,
    read_text,
    read_traits,
)
from pytest_llmregress.values.behavior import Change, Severity, Trait
from pytest_llmregress.values.call import Call, Calls

if TYPE_CHECKING:
    from pytest_llmregress.contracts.budget import Price
    from pytest_llmregress.pipeline.session_context import Plugins
    from pytest_llmregress.providers.sdk_seams import OpenSeams, Seam
    from pytest_llmregress.redaction.redactor import Redactor
    from pytest_llmregress.values.http import Interaction, Request
    from pytest_llmregress.values.run_report import RunReport


_INTERRUPTS = (KeyboardInterrupt, pytest.exit.Exception)
_T = TypeVar("_T")
_BUILT_INS = "llmregress-built-ins"
_INSTALLED = "llmregress-installed-providers"


class HookError(Exception):
    """What a hook has done wrong, in words."""


class Hooks:
    """The hooks as functions that do not raise: what is wrong is kept in words in `faults`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.faults: list[str] = []
        """In order, and as often as they were met: a test finds what it met behind its start."""

    def providers(self, hook: Any) -> "tuple[Provider, ...]":
        """Return the readers of wire formats; those of other plugins raise nothing either."""
        found: list[Provider] = []
        for impl, some in self._ask(hook.pytest_llmregress_providers, read_providers):
            is_own = isinstance(impl.plugin, BuiltIns)
            found += some if is_own else (_CheckedProvider(each, self, impl) for each in some)
        return tuple(found)

    def redactor(self, hook: Any, redactor: "Redactor") -> "Redactor":
        """Return a redactor that takes out what the plugins add, too."""
        for impl, patterns in self._ask(hook.pytest_llmregress_redactions, read_patterns):
            try:
                redactor = redactor.with_rules(patterns=patterns)
            except ValueError as error:
                self.note(impl, "pytest_llmregress_redactions", f"returned a {error}")
        return redactor

    def traits(self, hook: Any, calls: Calls) -> tuple[Trait, ...]:
        """Return the traits of a test beyond the built-in ones.

        Of several with one name the nearest conftest's counts.
        """
        found = list(self._ask(hook.pytest_llmregress_traits, read_traits, calls=calls))
        by_name = {trait.name: trait for _, some in reversed(found) for trait in some}
        return tuple(by_name.values())

    def others_with_traits(self, hook: Any) -> tuple[str, ...]:
        """Return who adds traits to the built-in ones: a plugin's name, or the path of a file."""
        asked = hook.pytest_llmregress_traits.get_hookimpls()
        return tuple(_shorten(Path(str(each.plugin_name)), self._root) for each in asked)

    def classify(
        self, hook: Any, change: Change, before: Trait | None, after: Trait | None
    ) -> Severity | None:
        """Return what the first plugin says how bad a change is; None where nobody does."""
        given = {"change": change, "before": before, "after": after}
        found = self._ask(hook.pytest_llmregress_classify, read_severity, **given)
        return next((severity for _, severity in found), None)

    def price(self, hook: Any, call: Call) -> float | None:
        """Return what a call costs in US dollars; None where nobody knows."""
        found = self._ask(hook.pytest_llmregress_price, read_price, call=call)
        return next((cost for _, cost in found), None)

    def reporters(self, hook: Any) -> "list[Reporter]":
        """Return the writers of reports; those of other plugins raise `HookError` alone."""
        found: list[Reporter] = []
        for impl, some in self._ask(hook.pytest_llmregress_reporters, read_reporters):
            is_own = isinstance(impl.plugin, BuiltIns)
            found += some if is_own else (_CheckedReporter(each, self, impl) for each in some)
        return found

    def finish(self, hook: Any, report: "RunReport") -> None:
        """Tell all plugins that a run is over."""
        for _ in self._ask(hook.pytest_llmregress_finish, lambda given: given, report=report):
            pass

    def plugins(self, hook: Any, *, price: "Price") -> "Plugins":
        """Return those that have a say on a test as plain functions.

        :param hook: calls them: pytest's own, or that of an item, which adds each conftest above.
        :param price: that of the session: a conftest below its root has no say on prices.
        """
        from pytest_llmregress.pipeline.session_context import Plugins

        return Plugins(
            extract_traits=partial(self.traits, hook),
            others_with_traits=self.others_with_traits(hook),
            classify=partial(self.classify, hook),
            price=price,
            faults=self.faults,
        )

    def note(self, impl: Any, hook: str, what: str, error: BaseException | None = None) -> None:
        """Keep what an implementation did wrong."""
        self.faults.append(self.describe(impl, hook, what, error))

    def describe(self, impl: Any, hook: str, what: str, error: BaseException | None = None) -> str:
        """Say in words who did what."""
        return bad_hook(
            hook, what, where=_place(impl, error, self._root), plugin=_name_of_plugin(impl)
        )

    def _ask(
        self, caller: Any, read: Callable[[Any], _T], **given: Any
    ) -> Iterator[tuple[Any, _T]]:
        """Yield each implementation that says something, with what it says, the last one first.

        Those are pluggy's: `plugin`, `function`, `argnames`. Not one call for all of them: what
        one raises would be the end of the others, and of a wrong result nobody would know whose
        it is.
        """
        for impl in reversed(caller.get_hookimpls()):
            if impl.hookwrapper or impl.wrapper:
                self.note(impl, caller.name, "is a wrapper; a function that returns is allowed")
                continue
            try:
                result = impl.function(*(given[name] for name in impl.argnames))
                if inspect.iscoroutine(result):
                    result.close()
                # What is built in is right, and read for each call of each test.
                is_own = isinstance(impl.plugin, BuiltIns)
                found = None if result is None else (impl, result if is_own else read(result))
            except _INTERRUPTS:
                raise
            except WrongResultError as error:
                self.note(impl, caller.name, str(error))
            except BaseException as error:  # noqa: BLE001 - sys.exit and pytest.fail are no way out
                self.note(impl, caller.name, _raised(error), error)
            else:
                if found is not None:
                    yield found


HOOKS: pytest.StashKey[Hooks] = pytest.StashKey()
"""On the configuration: the hooks, from the start of a session with marked tests."""


class _CheckedProvider:
    """A provider of another plugin: what it raises is as if it did not know the request.

    It has what the provider has of `protocol.py` that a run asks for, and no more.
    """

    def __init__(self, provider: "Provider", hooks: Hooks, impl: Any) -> None:
        self.name = provider.name
        self._provider = provider
        self._hooks = hooks
        self._impl = impl
        if isinstance(provider, HasSdk):
            self.sdk = replace(
                provider.sdk,
                seams={name: self._checked(seam) for name, seam in provider.sdk.seams.items()},
            )
        if isinstance(provider, RenamesModel):
            self.rename_model = partial(self._rename_model, provider)
        if isinstance(provider, Judges):
            self.judge = provider.judge
        if isinstance(provider, SendsBatches):
            self.batch = provider.batch
        if isinstance(provider, TellsLimits):
            self.requests_a_minute = partial(self._ask, provider.requests_a_minute, read_count)

    def read(self, interaction: "Interaction") -> Call | None:
        """Return the call that an interaction is, or None."""
        return self._ask(self._provider.read, read_call, interaction)

    def requested_model(self, request: "Request") -> str | None:
        """Return the model that a request asks for, or None."""
        return self._ask(self._provider.requested_model, read_text, request)

    def incomplete(self, interaction: "Interaction") -> str | None:
        """Say why a reply is not whole, or None."""
        return self._ask(self._provider.incomplete, read_text, interaction)

    def _rename_model(
        self, provider: "RenamesModel", request: "Request", rename: "Rename"
    ) -> "Request":
        def rename_model(asked: "Request") -> "Request":
            return provider.rename_model(asked, rename)

        return self._ask(rename_model, read_request, request) or request

    def _checked(self, seam: "Seam") -> "Seam":
        def call(seams: "OpenSeams") -> None:
            self._ask(seam, lambda given: given, seams)

        return call

    def _ask(
        self, method: Callable[[Any], Any], read: Callable[[Any], _T], about: Any
    ) -> _T | None:
        name = f"pytest_llmregress_providers: {type(self._provider).__name__}.{method.__name__}"
        try:
            given = method(about)
            return None if given is None else read(given)
        except _INTERRUPTS:
            raise
        except WrongResultError as error:
            self._hooks.note(self._impl, name, str(error))
        except BaseException as error:  # noqa: BLE001 - as above
            self._hooks.note(self._impl, name, _raised(error), error)
        return None


class _CheckedReporter:
    """A reporter of another plugin: what it raises is a `HookError`."""

    def __init__(self, reporter: "Reporter", hooks: Hooks, impl: Any) -> None:
        self.suffix = reporter.suffix
        self._reporter = reporter
        self._hooks = hooks
        self._impl = impl

    def render(self, report: "RunReport") -> Iterable[str]:
        """Yield the file in pieces; HookError where there is none."""
        name = f"pytest_llmregress_reporters: {type(self._reporter).__name__}.render"
        try:
            given: Any = self._reporter.render(report)
            for piece in (given,) if isinstance(given, str) else given:
                yield read_text(piece)
        except (*_INTERRUPTS, GeneratorExit):
            raise
        except WrongResultError as error:
            what = str(error).replace("None, is", "pieces of one, are")
            raise HookError(self._hooks.describe(self._impl, name, what)) from None
        except BaseException as error:  # noqa: BLE001 - as above
            what = _raised(error)
            raise HookError(self._hooks.describe(self._impl, name, what, error)) from None


def _raised(error: BaseException) -> str:
    said = " ".join(str(error).split())
    return f"raised {type(error).__name__}{': ' if said else ''}{said}"


def _place(impl: Any, error: BaseException | None, root: Path) -> str:
    """Return file and line: where it raised, or where the function begins."""
    function = inspect.unwrap(impl.function)
    code = getattr(function, "__code__", None)
    if code is None:
        return str(getattr(impl.plugin, "__file__", None) or impl.plugin_name)
    line = code.co_firstlineno
    trace = None if error is None else error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == code.co_filename:
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"{_shorten(Path(code.co_filename), root)}:{line}"


def _shorten(path: Path, root: Path) -> str:
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()


def _name_of_plugin(impl: Any) -> str:
    """Return the name that `-p no:` takes; empty for a conftest, which has none."""
    name = str(impl.plugin_name)
    return "" if name.endswith("conftest.py") else name


class BuiltIns:
    """A plugin like any other, asked last."""

    @pytest.hookimpl(trylast=True)
    def pytest_llmregress_providers(self) -> Sequence[Provider]:
        """Return the readers of wire formats that need no plugin."""
        from pytest_llmregress.providers.registry import (
            built_in_providers,
        )

        return built_in_providers()

    @pytest.hookimpl(trylast=True)
    def pytest_llmregress_price(self, call: Call) -> float | None:
        """Return the price by the table of genai-prices, where it is installed."""
        return prices.price(call)

    @pytest.hookimpl(trylast=True)
    def pytest_llmregress_reporters(self) -> Sequence[Reporter]:
        """Return the writers of HTML, JSON, Markdown and JUnit XML."""
        return [reporter() for reporter in BUILT_IN.values()]


class InstalledProviders:
    """The providers of installed packages: the console script knows them as well."""

    @pytest.hookimpl(trylast=True)
    def pytest_llmregress_providers(self) -> Sequence[Provider]:
        """Return the providers that installed packages offer by an entry point."""
        from pytest_llmregress.providers.registry import installed_providers

        return installed_providers()


def register_built_ins(config: pytest.Config) -> None:
    """Have the built-in parts, and those of packages, called with the hooks of this run; once."""
    if not config.pluginmanager.hasplugin(_BUILT_INS):
        config.pluginmanager.register(InstalledProviders(), _INSTALLED)
        config.pluginmanager.register(BuiltIns(), _BUILT_INS)  # of those that are last, the last
