"""Libraries that are imported only while something is replayed: patched before they can send.

vcrpy imports all that it knows of, which takes a replay a tenth of a second that hardly any needs.
"""

import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

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
        return ModuleSpec(fullname, self, is_package=hasattr(module, "__path__"))

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
