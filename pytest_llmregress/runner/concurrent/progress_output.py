"""What a recording tells on the terminal while it waits, and at the end where it was stopped."""

import time
from collections.abc import Callable

import pytest

from pytest_llmregress.pipeline.next_command import build_resume_command
from pytest_llmregress.pipeline.spend_tracker import SpendTracker
from pytest_llmregress.recording.rate_limiter import RoundState
from pytest_llmregress.reports import recording_progress as words
from pytest_llmregress.runner import output
from pytest_llmregress.values.settings import Settings

TELL_EVERY = 10.0
"""Seconds."""


class ProgressOutput:
    """Tells it; in a process that has a terminal."""

    def __init__(self, config: pytest.Config, settings: Settings, spending: SpendTracker) -> None:
        self._config = config
        self._arguments = config.invocation_params.args
        self._settings = settings
        self._spending = spending

    def tell(self, line: str) -> None:
        """Tell a line to who wants to read along."""
        if self._config.get_verbosity() >= 0:
            self.insist(line)

    def insist(self, line: str) -> None:
        """Tell a line, quiet or not."""
        output.interject(self._config, line)

    def of_wave(self, number: int, *, of: int) -> Callable[[RoundState], None]:
        """Return what tells how far a wave is, each time that there is something to say."""
        began = told = time.monotonic()
        told_why = False

        def tell(standing: RoundState) -> None:
            nonlocal told, told_why
            now = time.monotonic()
            is_news = standing.is_held and not told_why
            if (is_news or now - told >= TELL_EVERY) and standing.answered < of:
                told, told_why = now, standing.is_held
                self.tell(words.during_wave(number, standing, of=of, seconds=now - began))

        return tell

    def interrupted(self, kept: int) -> None:
        """Tell what is left of a recording that somebody has interrupted."""
        self.insist(words.interrupted(kept, build_resume_command(self._arguments, self._settings)))

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self) -> None:
        """Say at the end of a run why it was stopped, where it was: its tests refer to it."""
        stop = self._spending.stop
        if stop is not None:
            command = build_resume_command(self._arguments, self._settings, options=stop.limits)
            self.insist(words.stopped(stop.in_full, command if stop.may_go_on else ""))
