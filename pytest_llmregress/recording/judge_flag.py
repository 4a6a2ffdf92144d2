"""Marks the requests that ask a judge, for whoever sends or records them."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_JUDGING: ContextVar[bool] = ContextVar("llmregress_judging", default=False)
"""Whether what this thread or task sends is a question to a judge."""


@contextmanager
def mark_judge_requests() -> Iterator[None]:
    """Mark what is sent while the context lasts as questions to a judge."""
    token = _JUDGING.set(True)
    try:
        yield
    finally:
        _JUDGING.reset(token)


def is_judging() -> bool:
    """Whether what this thread or task sends now is a question to a judge."""
    return _JUDGING.get()
