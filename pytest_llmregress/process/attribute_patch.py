"""Attributes of classes and modules, replaced for a while and put back as they were."""

from collections.abc import Callable
from typing import Any

_INHERITED: Any = object()


class AttributePatch:
    """What has been replaced, the last one to be put back first.

    `unittest.mock` does the same and takes twenty times as long, which each replayed test would
    pay for each of the attributes.
    """

    def __init__(self) -> None:
        self._before: list[tuple[Any, str, Any]] = []
        self._built: dict[tuple[Any, str], tuple[Any, Any]] = {}

    def replace(self, owner: Any, name: str, value: Any) -> None:
        """Set an attribute of a class or module until `restore` is called."""
        self.replace_known(owner, name, value, before=read_own_attribute(owner, name))

    def replace_known(self, owner: Any, name: str, value: Any, *, before: Any) -> None:
        """Do the same, where what stands there now is known."""
        self._before.append((owner, name, before))
        setattr(owner, name, value)

    def wrap(self, owner: Any, name: str, build: Callable[[Any], Any]) -> None:
        """Set what `build` makes of an attribute; made once while what it is made of stays."""
        real = getattr(owner, name)
        built = self._built.get((owner, name))
        if built is None or built[0] is not real:
            built = self._built[owner, name] = real, build(real)
        self.replace(owner, name, built[1])

    def restore(self) -> None:
        """Put everything back."""
        while self._before:
            owner, name, value = self._before.pop()
            if value is _INHERITED:
                delattr(owner, name)
            else:
                setattr(owner, name, value)


def read_own_attribute(owner: Any, name: str) -> Any:
    """Return an attribute as its owner holds it, and the same for all that is inherited."""
    return vars(owner).get(name, _INHERITED)
