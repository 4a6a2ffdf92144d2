"""Whose calls a child process makes: those of one sample of one test."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn

from pytest_llmregress.recording.cassette_session import CassetteSession, SampleMode
from pytest_llmregress.recording.socket_guard import SocketGuard

SETTLING = 30.0
"""Seconds to wait at the end of a body for answers that are on their way into the recording."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerTenant:
    """One that is over: what its children ask for now is nobody's."""

    test: str
    is_replay: bool


class Tenant:
    """One sample of a test, as the gateway sees it.

    Parameters: `test`, its node id; `stop`, of a test that is only tried: raises what ends it
    where a child asks, in the words of its request; `guard`, of one that must connect to
    nothing; None where it may.
    """

    def __init__(
        self,
        tape: CassetteSession,
        *,
        test: str,
        stop: Callable[[str], NoReturn] | None,
        guard: SocketGuard | None,
    ) -> None:
        self.tape = tape
        self.test = test
        self.stop = stop
        self.guard = guard
        self.is_in_body = False
        """Whether the test's own body runs: what a fixture starts may serve later tests."""
        self._under_way = 0
        self._changed = threading.Condition()

    def end(self) -> FormerTenant:
        """Return what is left of it once it is over."""
        return FormerTenant(test=self.test, is_replay=self.tape.mode is SampleMode.REPLAY)

    @contextmanager
    def body(self) -> Iterator[None]:
        """Own the children that start while the context lasts, and wait for their answers."""
        self.is_in_body = True
        try:
            yield
        finally:
            self.is_in_body = False
            self._settle()

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Count an answer that is on its way."""
        with self._changed:
            self._under_way += 1
        try:
            yield
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    def _settle(self) -> None:
        """Wait for what a child has asked and may not have stayed for: it belongs to the test."""
        with self._changed:
            self._changed.wait_for(lambda: not self._under_way, SETTLING)
