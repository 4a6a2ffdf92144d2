"""Who asks, where it is no code of this process."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ASKING: ContextVar[str] = ContextVar("llmregress_asking_child", default="")


@contextmanager
def asking_for(child: str) -> Iterator[None]:
    """Ask in the name of a child process, in its words, while the context lasts."""
    token = _ASKING.set(child)
    try:
        yield
    finally:
        _ASKING.reset(token)


def asking_child() -> str:
    """Return in whose name this thread asks; empty where it is code of this process."""
    return _ASKING.get()
