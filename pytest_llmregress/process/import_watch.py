"""Modules that are imported only while something is patched: told as soon as they are there."""

import sys
from collections.abc import Callable, Mapping
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType, TracebackType
from typing import Self

Then = Callable[[], None]


class ImportWatch(MetaPathFinder):
    """Calls a function for each of some modules: at once where it is imported, else after that.

    Imports nothing by itself. :param callbacks: what to call, by the name of the module.
    """

    def __init__(self, callbacks: Mapping[str, Then]) -> None:
        self._waiting = dict(callbacks)

    def __enter__(self) -> Self:
        """Call what may be called now, and wait for the others."""
        for name in [name for name in self._waiting if name in sys.modules]:
            self._waiting.pop(name)()
        if self._waiting:
            sys.meta_path.insert(0, self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Wait for nothing any more."""
        self._waiting.clear()
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, fullname: str, path: object = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module that is waited for as every other finder does, and see it loaded."""
        del path, target
        then = self._waiting.pop(fullname, None)
        if then is None:
            return None
        spec = find_spec(fullname)
        if spec is not None and spec.loader is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = _TellingLoader(spec.loader, then, is_open=lambda: self in sys.meta_path)
        return spec


class _TellingLoader(Loader):
    """Loads a module as its own loader does, and tells when that is done."""

    def __init__(self, real: Loader, then: Then, *, is_open: Callable[[], bool]) -> None:
        self._real = real
        self._then = then
        self._is_open = is_open

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Return what the module's own loader makes."""
        return self._real.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Leave the module with its own loader, load it, and tell."""
        module.__loader__ = self._real
        if module.__spec__ is not None:
            module.__spec__.loader = self._real
        self._real.exec_module(module)
        if self._is_open():
            self._then()
