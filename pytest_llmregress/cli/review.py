"""The command `review`: what is pending, looked at and decided on one by one."""

import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import assert_never

from pytest_llmregress.cli.carry_out import DecisionKind, carry_out, faults_of_reason
from pytest_llmregress.cli.decide import find_waiting
from pytest_llmregress.cli.output import CommandResult, ExitStatus
from pytest_llmregress.cli.pending_item import PendingItem
from pytest_llmregress.cli.pending_view import read_view
from pytest_llmregress.cli.selection import shorten
from pytest_llmregress.cli.terminal import KeyEvent, Terminal, is_terminal
from pytest_llmregress.formatting.control_characters import escape_controls
from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.formatting.styled_text import Line, Style, TerminalScreen, wrap
from pytest_llmregress.reports.review import (
    WIDE,
    ItemView,
    ReviewLayout,
    render_help,
    render_item,
    render_keys,
    summarize,
)
from pytest_llmregress.reports.review_queue import (
    QueueEntry,
    ReviewChoice,
    ReviewQueue,
    ReviewState,
    classify_drift,
)
from pytest_llmregress.storage.decisions import build_decision, find_author

_CHOICES = {"a": ReviewChoice.ACCEPT, "r": ReviewChoice.REJECT, "s": ReviewChoice.SKIP}


def review(targets: Sequence[str], *, candidate: str | None, reason: str) -> CommandResult:
    """Show what is pending of some tests, or of all below the current folder, and decide on it.

    Where nobody can press a key it lists what waits, with the commands that decide on it.
    """
    if faults := faults_of_reason(reason):
        return CommandResult(status=ExitStatus.FAILED, problems=faults)
    if not is_terminal():
        return _list(targets, candidate)
    waiting, faults = find_waiting(targets, candidate=candidate)
    if not waiting:
        status = ExitStatus.FAILED if faults else ExitStatus.FINE
        return CommandResult(
            status=status, lines=() if targets else ("nothing is pending",), problems=faults
        )
    with Terminal() as terminal:
        session = _Session(terminal, waiting, reason)
        with suppress(KeyboardInterrupt):  # Ctrl-C leaves, as q does
            session.run()
    left = session.queue.remaining
    said = tuple(dict.fromkeys((*faults, *session.faults)))
    status = ExitStatus.PENDING if left else ExitStatus.FINE
    return CommandResult(
        status=ExitStatus.FAILED if said else status,
        lines=(*session.log, summarize(session.queue)),
        problems=said,
    )


def _list(targets: Sequence[str], candidate: str | None) -> CommandResult:
    waiting, faults = find_waiting(targets, candidate=candidate)
    lines = [
        line
        for each in waiting
        for line in (
            f"{each.test}: {each.models} ({each.reason})",
            f"  pytest-llmregress show {shlex.quote(escape_controls(shorten(each.recording)))}",
            f"  {each.command('accept')}",
            f"  {each.command('reject')}",
        )
    ]
    if waiting:
        lines.append("review needs a terminal; for programs: pytest-llmregress status --json")
    status = ExitStatus.PENDING if waiting else ExitStatus.FINE
    return CommandResult(
        status=ExitStatus.FAILED if faults else status,
        lines=tuple(lines) or (() if targets else ("nothing is pending",)),
        problems=faults,
    )


class _Session:
    """One review: the queue, and what the person before the screen has set."""

    def __init__(self, terminal: Terminal, waiting: Sequence[PendingItem], reason: str) -> None:
        self.queue = ReviewQueue(entries=tuple(map(_entry, waiting)))
        self.log: list[str] = []
        self.faults: list[str] = []
        self._terminal = terminal
        self._waiting = waiting
        self._reason = reason
        self._author = find_author()
        self._layout: ReviewLayout | None = None
        """None where the width decides."""
        self._prompt = False
        self._help = False
        self._said: tuple[str, ...] = ()
        """About the last key; shown above the keys."""
        self._top = 0
        """The first line of the item that is shown."""
        self._view: tuple[int, ItemView] | None = None

    def run(self) -> None:
        """Show one item after another, until all are decided on or somebody leaves."""
        while (current := self.queue.current) is not None:
            page = self._draw(current)
            match self._terminal.key():
                case "q" | "\x04" | KeyEvent.END:
                    return
                case KeyEvent.REDRAW:
                    continue
                case "a" | "r" | "s" as key:
                    self._decide(_CHOICES[key], (current,))
                case "A" | "R" | "S" as key:
                    self._decide_class(_CHOICES[key.lower()])
                case "w":
                    self._ask_why()
                case key:
                    self._look(key, page)

    def _look(self, key: str, page: int) -> None:
        """Obey a key that changes what is shown, and decides nothing."""
        moves = {" ": page, "b": -page, "j": 1, KeyEvent.DOWN: 1, "k": -1, KeyEvent.UP: -1}
        self._top += moves.get(key, 0)
        match key:
            case "d":
                other = {
                    ReviewLayout.BESIDE: ReviewLayout.UNIFIED,
                    ReviewLayout.UNIFIED: ReviewLayout.BESIDE,
                }
                self._layout = other[self._layout_on(self._terminal.screen)]
            case "p":
                self._prompt = not self._prompt
            case "?":
                self._help = not self._help
        if key in {"d", "p"}:
            self._top = 0

    def _draw(self, current: int, *, question: str = "") -> int:
        """Show the current item, and return how many of its lines a page has."""
        screen = self._terminal.screen
        lines = render_item(
            self._item(current),
            self.queue,
            screen=screen,
            layout=self._layout_on(screen),
            prompt=self._prompt,
        )
        below = list(self._below(screen, question))
        page = max(screen.rows - len(below) - 2, 1)  # the cursor's line, and the one of the pages
        self._top = max(min(self._top, len(lines) - page), 0)
        shown = lines[self._top : self._top + page]
        if len(lines) > page:
            last = self._top + len(shown)
            place = f"lines {self._top + 1}-{last} of {len(lines)}; space: next page, b: back"
            shown = (*shown, (screen.mark(place, Style.DIM),))
        self._terminal.draw([*shown, *below], screen)
        return page

    def _below(self, screen: TerminalScreen, question: str) -> list[Line]:
        """Return what stands below the item: help, messages, the question or the keys."""
        lines: list[Line] = []
        if self._help:
            lines += render_help(self.queue, screen)
        said = (*self._said, f"reason: {self._reason}") if self._reason else self._said
        for each in said:
            lines += wrap((screen.mark(each, Style.PLAIN),), screen.columns)
        if question:
            lines += wrap((screen.mark(question, Style.STRONG),), screen.columns)
            return lines
        return [*lines, *render_keys(self.queue, screen)]

    def _layout_on(self, screen: TerminalScreen) -> ReviewLayout:
        if self._layout is not None:
            return self._layout
        return ReviewLayout.BESIDE if screen.columns >= WIDE else ReviewLayout.UNIFIED

    def _item(self, current: int) -> ItemView:
        """Return what is shown of an item; its files are read once."""
        if self._view is None or self._view[0] != current:
            view = read_view(self._waiting[current])
            if self.queue.has_accepted(self.queue.entries[current].test):
                note = "another variant was accepted in this review; accepting this one replaces it"
                view = replace(view, notes=(note, *view.notes))
            self._view = (current, view)
            self._top = 0
        return self._view[1]

    def _decide_class(self, choice: ReviewChoice) -> None:
        """Ask once, and decide on the rest of the class of the current item."""
        current, indices = self.queue.current, self.queue.rest_of_class(choice)
        if current is None or not indices:
            self._said = ("another variant of this test was accepted; a decides on this one alone",)
            return
        drift = self.queue.entries[current].drift
        self._said = ()
        question = f"{choice} {count(len(indices), 'pending test')} of this class ({drift})? y/n"
        while True:
            self._draw(current, question=question)
            match self._terminal.key():
                case "y":
                    self._decide(choice, indices)
                    return
                case KeyEvent.END:
                    return
                case KeyEvent.REDRAW:
                    continue
                case _:
                    self._said = ("nothing was decided",)
                    return

    def _decide(self, choice: ReviewChoice, indices: Sequence[int]) -> None:
        """Decide on some; each is on disk before the next one's turn."""
        said: list[str] = []
        for index in indices:
            match choice:
                case ReviewChoice.SKIP:
                    self._settle(index, ReviewState.SKIPPED, "skipped", said)
                case ReviewChoice.ACCEPT:
                    self._carry_out(DecisionKind.ACCEPT, index, ReviewState.ACCEPTED, said)
                case ReviewChoice.REJECT:
                    self._carry_out(DecisionKind.REJECT, index, ReviewState.REJECTED, said)
                case _:
                    assert_never(choice)
        self._said = (said[0],) if len(said) == 1 else (f"{said[0]}; and {len(said) - 1} more",)

    def _carry_out(
        self, deed: DecisionKind, index: int, fate: ReviewState, said: list[str]
    ) -> None:
        done = carry_out(deed, self._waiting[index], build_decision(self._author, self._reason))
        if done.faults or done.is_late:
            said_instead = done.faults or done.lines
            self.faults += said_instead
            self._settle(index, ReviewState.FAILED, said_instead[0], said)
            return
        self.log += done.lines
        self._settle(index, fate, done.lines[0], said)

    def _settle(self, index: int, fate: ReviewState, words: str, said: list[str]) -> None:
        self.queue = self.queue.mark((index,), fate)
        said.append(words)

    def _ask_why(self) -> None:
        """Let the reason of the decisions from here on be written."""
        given = self._terminal.line("why: ")
        if faults := faults_of_reason(given):
            self._said = faults
            return
        self._reason = given


def _entry(waiting: PendingItem) -> QueueEntry:
    pending = None if waiting.snapshot is None else waiting.snapshot.pending
    changes = () if pending is None else pending.changes
    key = shorten(waiting.paths.of_baseline().cassette)
    return QueueEntry(test=key, drift=classify_drift(changes, waiting.why))
