"""Whose calls a child process makes: those of one sample of one test."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pytest_llmregress.recording.cassette_session import CassetteSession, SampleMode
from pytest_llmregress.recording.socket_guard import SocketGuard

SETTLING = 30.0
"""Seconds to wait at the end of a body for answers that are on their way into the recording."""


class Tenant:
    """One sample of a test, as the gateway sees it.

    Parameters: `test`, its node id; `guard`, what refuses a replayed test its connections;
    `sends`, whether anything may go out: not while it is only looked what a test asks for.
    """

    def __init__(
        self,
        tape: CassetteSession,
        *,
        test: str,
        guard: SocketGuard | None,
        sends: bool,
    ) -> None:
        self.tape = tape
        self.test = test
        self.guard = guard
        self.sends = sends
        self.is_in_body = False
        """Whether the test's own body runs: what a fixture starts may serve later tests."""
        self.is_over = False
        self._under_way = 0
        self._changed = threading.Condition()

    @property
    def is_replay(self) -> bool:
        """Whether all its answers come from a recording."""
        return self.tape.mode is SampleMode.REPLAY

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
