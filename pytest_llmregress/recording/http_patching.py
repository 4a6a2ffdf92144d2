"""Interception of HTTP: stubs around the transports, those that are imported late as well."""

import sys
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pytest_llmregress.process.attribute_patch import AttributePatch, read_own_attribute
from pytest_llmregress.recording.aiohttp_connections import connect_of
from pytest_llmregress.recording.cassette_session import CassetteSession, SampleMode
from pytest_llmregress.recording.http_client_connections import Connections, opening_classes
from pytest_llmregress.recording.httpx_replay import Handler, async_handler, handler

if TYPE_CHECKING:
    from pytest_llmregress.recording.vcr_bridge import VcrBridge


_BY_WAY_OF = ("vcr",)
"""What imports them all: not once half of it is there."""


class LateImportHook(MetaPathFinder, Loader):
    """Stands before every other finder, and lets vcrpy import its libraries when one is asked for.

    Parameters: `names`, the libraries; `arrived`, called once they are imported, before whoever
    asked goes on.
    """

    def __init__(self, names: Sequence[str], *, arrived: Callable[[], None]) -> None:
        self._names = frozenset({*names, *_BY_WAY_OF})
        self._arrived = arrived
        self._spec: ModuleSpec | None = None

    def watch(self) -> None:
        """Begin to watch, where any of them is not imported by now."""
        if self not in sys.meta_path and not self._names <= sys.modules.keys():
            sys.meta_path.insert(0, self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Import all of them; whoever asked is given the module that this has made."""
        del path, target
        if fullname not in self._names:
            return None
        self.let_in()
        module = sys.modules.get(fullname)
        if module is None:
            return None  # vcrpy does without it
        self._spec = module.__spec__
        # Where a module is there by now, importlib goes on with the spec that the module has: with
        # its own one, it would be executed once more, without the submodules of the first time.
        module.__spec__ = ModuleSpec(fullname, self, is_package=hasattr(module, "__path__"))
        return module.__spec__

    def let_in(self) -> None:
        """Import them now."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        import vcr  # noqa: F401, PLC0415 - imports what it knows of all the libraries

        self._arrived()

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module that is there."""
        return sys.modules[spec.name]

    def exec_module(self, module: ModuleType) -> None:
        """Leave it as it is."""
        module.__spec__ = self._spec


_Patch = tuple[Any, str, Any]
"""Owner, attribute, and what stands there for the time of a test."""

_CLIENTS = ("httpx2", "httpx", "aiohttp")
"""The libraries that send over a network by themselves; the others stand on http.client."""


@contextmanager
def patch_http(tape: CassetteSession) -> Iterator[None]:
    """Send the HTTP of the whole process through a tape for as long as the context lasts.

    Of each installed library only what goes over a network is patched: an application under
    test that is called in process (ASGI, WSGI) is left alone.
    """
    if tape.mode is SampleMode.REPLAY:
        _LATECOMERS.watch()
    else:  # before it is looked what there is to patch: vcrpy imports all of them
        _LATECOMERS.let_in()
    stubs = _take_stubs()
    try:
        with stubs.playing(tape):
            yield
    finally:
        _READY.append(stubs)


class _Stubs:
    """What stands in the libraries' places: built once, since building takes longer than a call."""

    tape: CassetteSession

    def __init__(self) -> None:
        self._connections = Connections(tape=self._tape, arrived=self.catch_up)
        self._replaced = AttributePatch()
        self._imported = _imported()
        self._patches = self._patches_of(self._imported)

    def _patches_of(self, libraries: Container[str | type]) -> list[tuple[Any, str, Any, Any]]:
        """Return owner, attribute, what stands there for the time of a test, and what does else."""
        patches = [*self._of_httpx(libraries)]
        if "aiohttp" in libraries:  # the SDK imports it where it is installed
            patches.append(self._of_aiohttp())
        patches += self._connections.patches(c for c in opening_classes() if c in libraries)
        return [(*patch, read_own_attribute(*patch[:2])) for patch in patches]

    @property
    def is_fresh(self) -> bool:
        """Whether it fits what is imported and patched now."""
        return self._imported == _imported() and all(
            read_own_attribute(owner, name) is real for owner, name, _, real in self._patches
        )

    @contextmanager
    def playing(self, tape: CassetteSession) -> Iterator[None]:
        """Stand there, with a tape behind, for as long as the context lasts."""
        self.tape = tape
        _PLAYING.append(self)
        try:
            self._put(self._patches)
            yield
        finally:
            _PLAYING.remove(self)
            self._replaced.restore()
            self._connections.leave()

    def catch_up(self) -> None:
        """Stand in the places of what was imported by now as well."""
        known, self._imported = self._imported, _imported()
        late = self._patches_of(self._imported - known)
        self._patches += late
        self._put(late)

    def _put(self, patches: Iterable[tuple[Any, str, Any, Any]]) -> None:
        for owner, name, new, real in patches:
            self._replaced.replace_known(owner, name, new, before=real)

    @cached_property
    def _bridge(self) -> "VcrBridge":
        from pytest_llmregress.recording.vcr_bridge import VcrBridge  # noqa: PLC0415 - imports vcr

        return VcrBridge(self)

    def _of_httpx(self, libraries: Container[str | type]) -> Iterator[_Patch]:
        for name in ("httpx2", "httpx"):
            if name not in libraries:
                continue
            library = sys.modules[name]
            # A client over a MockTransport is a client whose model a test has scripted: recorded
            # too.
            for transport in (library.HTTPTransport, library.MockTransport):
                real = transport.handle_request
                record = self._recorder(library, real, is_async=False)
                new = handler(library, real, tape=self._tape, record=record)
                yield transport, "handle_request", new
            for transport in (library.AsyncHTTPTransport, library.MockTransport):
                real = transport.handle_async_request
                record = self._recorder(library, real, is_async=True)
                new = async_handler(library, real, tape=self._tape, record=record)
                yield transport, "handle_async_request", new

    def _of_aiohttp(self) -> _Patch:
        connector: Any = sys.modules["aiohttp"].BaseConnector
        return connector, "connect", connect_of(connector.connect, tape=self._tape)

    def _tape(self) -> CassetteSession:
        return self.tape

    def _recorder(
        self, library: ModuleType, real: Handler, *, is_async: bool
    ) -> Callable[[], Handler]:
        @cache
        def record() -> Handler:
            from pytest_llmregress.recording import vcr_bridge  # noqa: PLC0415 - imports vcr

            of = vcr_bridge.async_handler_of if is_async else vcr_bridge.handler_of
            made: Handler = of(self._bridge, real, library)
            return made

        return record


_READY: list[_Stubs] = []
"""Stubs that nobody uses now. Several, where a test runs pytest in its own process."""


def _take_stubs() -> _Stubs:
    while _READY:
        stubs = _READY.pop()
        if stubs.is_fresh:
            return stubs
    return _Stubs()


def _imported() -> set[str | type]:
    return {name for name in _CLIENTS if name in sys.modules}.union(opening_classes())


_PLAYING: list[_Stubs] = []


def _catch_up() -> None:
    for stubs in _PLAYING:
        stubs.catch_up()


_LATECOMERS = LateImportHook(_CLIENTS, arrived=_catch_up)
