"""Ending of what has asked, a task or a thread, without what is around it."""

import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import NoReturn


def end_caller(message: str, *, fail: Callable[[str], NoReturn]) -> NoReturn:
    """End who asks, in a way that no `except Exception` catches where it asks for itself.

    A task, and a thread that works for one, ends as if it were cancelled: its loop goes on for
    whoever else it serves, and nobody is told of a task that ended so and was never waited for.
    Any other exception that is no `Exception` ends the loop of a test client as well, with all
    later tests of its fixture. A server that answers in its own thread knows errors alone.

    :param fail: raises what fails the test, in its own thread and outside of any loop.
    """
    if is_in_task():
        _cancel(message)
    if threading.current_thread() is threading.main_thread():
        fail(message)
    if _is_in_server():
        raise ConnectionAbortedError(message)
    _cancel(message)


def _cancel(message: str) -> NoReturn:
    import asyncio  # noqa: PLC0415 - most replays need none

    raise asyncio.CancelledError(message)


def is_in_task() -> bool:
    """Tell whether a task of asyncio runs in this thread."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return False
    try:
        return asyncio.current_task() is not None
    except RuntimeError:  # no loop runs
        return False


def _is_in_server() -> bool:
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - the frames of this very thread
    while frame is not None:
        if frame.f_globals.get("__name__") == "socketserver":
            return True
        frame = frame.f_back
    return False
