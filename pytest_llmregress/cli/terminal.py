"""A terminal whose keys are read one by one; however that ends, it is left as it was."""

import contextlib
import os
import select
import shutil
import signal
import sys
from collections.abc import Sequence
from enum import StrEnum
from types import FrameType
from typing import Any, Self

from pytest_llmregress.formatting.control_characters import escape_controls
from pytest_llmregress.formatting.styled_text import Line, TerminalScreen
from pytest_llmregress.formatting.text_table import WIDTH

_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
_ESCAPE = b"\x1b"
_ESCAPE_PATIENCE = 0.05
"""Seconds for the rest of an escape sequence to arrive: a bare Esc has none."""
_ARROWS = {b"A": "up", b"B": "down"}
_CLEAR = "\x1b[H\x1b[2J"
_INTERRUPTED = 128


class KeyEvent(StrEnum):
    """What happens instead of a key."""

    REDRAW = "redraw"
    """The size is another one, or the terminal was used by something else."""
    END = "end"
    """Nobody is there any more."""
    UP = "up"
    DOWN = "down"


def is_terminal() -> bool:
    """Say whether keys can be read and lines be drawn here."""
    try:
        import termios  # noqa: F401, PLC0415 - absent on Windows
    except ImportError:
        return False
    try:
        return sys.stdin.isatty() and sys.stdout.isatty()
    except (AttributeError, ValueError):  # closed, or none at all
        return False


class Terminal:
    """A context in which single keys are read.

    Signals that end a process, and Ctrl-C, take effect when the next key is waited for: never
    between two files of a decision.
    """

    def __init__(self) -> None:
        self._keys = sys.stdin.fileno()
        self._buffer = b""
        self._saved: list[Any] = []
        self._handlers: dict[int, Any] = {}
        self._ending: int | None = None
        self._redraw = False
        self._wake: tuple[int, int] = (-1, -1)
        self._old_wake = -1

    @property
    def screen(self) -> TerminalScreen:
        """What the terminal can show now."""
        columns, rows = shutil.get_terminal_size((WIDTH, 24))
        with contextlib.suppress(OSError):
            size = os.get_terminal_size(sys.stdout.fileno())  # COLUMNS is of the past by now
            columns, rows = size.columns or columns, size.lines or rows
        return TerminalScreen(
            columns=columns,
            rows=rows,
            encoding=sys.stdout.encoding or "ascii",
            styled=self._is_clever and not os.environ.get("NO_COLOR"),
        )

    def __enter__(self) -> Self:
        import termios  # noqa: PLC0415 - absent on Windows

        self._saved = termios.tcgetattr(self._keys)
        self._wake = os.pipe()
        for end in self._wake:
            os.set_blocking(end, False)
        self._old_wake = signal.set_wakeup_fd(self._wake[1], warn_on_full_buffer=False)
        for name in _ENDING:
            self._handle(getattr(signal, name), self._end)
        self._handle(signal.SIGWINCH, self._ask_to_redraw)
        self._handle(signal.SIGTSTP, self._stop)
        self._read_single_keys()
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._old_wake)
        for end in self._wake:
            os.close(end)

    def draw(self, lines: Sequence[Line], screen: TerminalScreen) -> None:
        """Show lines from the top of an empty screen."""
        text = "\n".join(screen.paint(line) for line in lines)
        sys.stdout.write(f"{_CLEAR if self._is_clever else ''}{text}\n")
        sys.stdout.flush()

    def key(self) -> str:
        """Wait for a key, and return its character, or an `Event`.

        Raises KeyboardInterrupt after Ctrl-C, and SystemExit after a signal that ends a process.
        """
        while True:
            if self._ending is not None:
                if self._ending == signal.SIGINT:
                    raise KeyboardInterrupt
                raise SystemExit(_INTERRUPTED + self._ending)
            if self._redraw:
                self._redraw = False
                return KeyEvent.REDRAW
            if not self._buffer and self._wait(None):
                self._buffer = self._read()
                if not self._buffer:
                    return KeyEvent.END
            if self._buffer and (found := self._take()) is not None:
                return found

    def line(self, prompt: str) -> str:
        """Ask for a line of text, as a terminal edits one; empty where there is none."""
        self._restore()
        try:
            sys.stdout.write(escape_controls(prompt))
            sys.stdout.flush()
            self._buffer = b""
            while self._ending is None:
                if self._wait(None):
                    return self._read().decode(errors="replace").strip()
            return ""
        finally:
            self._read_single_keys()

    @property
    def _is_clever(self) -> bool:
        return os.environ.get("TERM", "dumb") not in {"", "dumb"}

    def _take(self) -> str | None:
        """Take one key off the buffer; None for what is no key of ours, such as F1.

        An arrow is sent as Esc [ A: taken byte by byte it would be the key "A".
        """
        first, self._buffer = self._buffer[:1], self._buffer[1:]
        if first != _ESCAPE:
            return first.decode("ascii", "replace")
        if not self._buffer and self._wait(_ESCAPE_PATIENCE):
            self._buffer = self._read()
        if self._buffer[:1] not in {b"[", b"O"}:
            return None
        self._buffer = self._buffer[1:]
        while True:
            if not self._buffer and self._wait(_ESCAPE_PATIENCE):
                self._buffer = self._read()
            if not self._buffer:
                return None
            last, self._buffer = self._buffer[:1], self._buffer[1:]
            if b"@" <= last <= b"~":
                return KeyEvent(_ARROWS[last]) if last in _ARROWS else None

    def _wait(self, seconds: float | None) -> bool:
        """Wait until there is something to read; False where a signal or the time came first."""
        ready, _, _ = select.select([self._keys, self._wake[0]], [], [], seconds)
        if self._wake[0] in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake[0], 4096)
        return self._keys in ready

    def _read(self) -> bytes:
        try:
            return os.read(self._keys, 4096)
        except OSError:  # the terminal has gone
            return b""

    def _read_single_keys(self) -> None:
        import tty  # noqa: PLC0415 - absent on Windows

        tty.setcbreak(self._keys)

    def _restore(self) -> None:
        import termios  # noqa: PLC0415 - absent on Windows

        with contextlib.suppress(termios.error):  # it has gone
            termios.tcsetattr(self._keys, termios.TCSANOW, self._saved)  # draining may hang

    def _handle(self, number: int, handler: Any) -> None:
        self._handlers[number] = signal.signal(number, handler)

    def _end(self, number: int, _: FrameType | None) -> None:
        self._ending = number

    def _ask_to_redraw(self, *_: object) -> None:
        self._redraw = True

    def _stop(self, *_: object) -> None:
        """Leave the terminal to the shell while this process is stopped, and take it back."""
        self._restore()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)  # goes on from here
        signal.signal(signal.SIGTSTP, self._stop)
        self._read_single_keys()
        self._redraw = True
