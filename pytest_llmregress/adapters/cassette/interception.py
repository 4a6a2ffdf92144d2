"""Interception of HTTP: stubs around the transports, with a tape behind them."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache, cached_property
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pytest_llmregress.adapters.cassette.replaying import Handler, async_handler, handler
from pytest_llmregress.adapters.cassette.tape import Tape, TapeMode
from pytest_llmregress.adapters.replacing import Replaced, own_value

if TYPE_CHECKING:
    from pytest_llmregress.adapters.cassette.bridge import Bridge

_Patch = tuple[Any, str, Any]
"""Owner, attribute, and what stands there for the time of a test."""

_CLIENTS = ("httpx2", "httpx", "aiohttp", "urllib3")
"""The libraries that send over a network, as far as they are told apart here."""


@contextmanager
def intercepted(tape: Tape) -> Iterator[None]:
    """Send the HTTP of the whole process through a tape for as long as the context lasts.

    Of each installed library only what goes over a network is patched: an application under
    test that is called in process (ASGI, WSGI) is left alone.
    """
    if tape.mode is not TapeMode.REPLAY or _may_be_imported_yet():
        import vcr  # noqa: F401, PLC0415 - imports what it knows of all the libraries
    stubs = _take_stubs()
    try:
        with stubs.playing(tape):
            yield
    finally:
        _READY.append(stubs)


def _may_be_imported_yet() -> bool:
    """Whether a test could still import a library that has to be patched.

    Where none is installed that vcrpy patches, a replay does without its half of a second.
    """
    return any(name not in sys.modules and _is_installed(name) for name in _CLIENTS)


@cache
def _is_installed(name: str) -> bool:
    return find_spec(name) is not None


class _Stubs:
    """What stands in the libraries' places: built once, since building takes longer than a call."""

    tape: Tape

    def __init__(self) -> None:
        self._imported = _imported()
        self._of_urllib3: Bridge | None = None
        patches = [*self._of_httpx()]
        self._removers: list[AbstractContextManager[Any]] = []
        if "aiohttp" in sys.modules:
            from pytest_llmregress.adapters.cassette import bridge  # noqa: PLC0415 - imports vcr

            patches += bridge.patches_of_aiohttp(self._bridge, sys.modules["aiohttp"])
        if "urllib3" in sys.modules:
            from pytest_llmregress.adapters.cassette import bridge  # noqa: PLC0415 - imports vcr

            self._of_urllib3 = bridge.Bridge(self)
            for patcher in bridge.patchers_of_urllib3(self._of_urllib3):
                if hasattr(patcher, "attribute"):
                    patches.append((patcher.getter(), patcher.attribute, patcher.new))
                else:
                    self._removers.append(patcher)
        # vcrpy has two groups that stand in the same places: the last one does.
        last = {(id(owner), name): (owner, name, new) for owner, name, new in patches}
        self._patches = [(*patch, own_value(*patch[:2])) for patch in last.values()]

    @property
    def is_fresh(self) -> bool:
        """Whether it fits what is imported and patched now, and holds nobody's connections."""
        return (
            not (self._of_urllib3 and self._of_urllib3.was_asked)
            and self._imported == _imported()
            and all(own_value(owner, name) is real for owner, name, _, real in self._patches)
        )

    @contextmanager
    def playing(self, tape: Tape) -> Iterator[None]:
        """Stand there, with a tape behind, for as long as the context lasts."""
        replaced = Replaced()
        self.tape = tape
        try:
            for owner, name, new, real in self._patches:
                replaced.replace_known(owner, name, new, before=real)
            yield
        finally:
            for remover in self._removers:
                remover.__exit__(None, None, None)
            replaced.restore()

    @cached_property
    def _bridge(self) -> "Bridge":
        from pytest_llmregress.adapters.cassette.bridge import Bridge  # noqa: PLC0415 - imports vcr

        return Bridge(self)

    def _of_httpx(self) -> Iterator[_Patch]:
        for name in ("httpx2", "httpx"):
            library = sys.modules.get(name)
            if library is None:
                continue
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

    def _tape(self) -> Tape:
        return self.tape

    def _recorder(
        self, library: ModuleType, real: Handler, *, is_async: bool
    ) -> Callable[[], Handler]:
        @cache
        def record() -> Handler:
            from pytest_llmregress.adapters.cassette import bridge  # noqa: PLC0415 - imports vcr

            of = bridge.async_handler_of if is_async else bridge.handler_of
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


def _imported() -> list[bool]:
    return [name in sys.modules for name in _CLIENTS]
