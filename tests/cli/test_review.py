"""The command `review`, driven by keys in a terminal, and without one."""

import os
import re
import select
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from patience import PATIENCE
from pytest_llmregress.storage.cassette_file import write_cassette
from pytest_llmregress.storage.decisions import read_rejections
from pytest_llmregress.storage.snapshot_file import read_snapshot, write_snapshot
from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.snapshot import PendingReason, PendingState

pty = pytest.importorskip("pty", reason="this system has no pseudo terminals")
fcntl = pytest.importorskip("fcntl")
termios = pytest.importorskip("termios")

TESTS = [f"tests/test_a.py::test_{name}" for name in ("one", "two", "three", "zero")]
ONE, TWO, THREE, ZERO = TESTS
NEW = "claude-opus-5-5"
REVIEWER = "The Reviewer <reviewer@example.org>"
_START = (
    "import fcntl, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "from pytest_llmregress.cli.main import main; sys.exit(main())"
)
_OURS = re.compile(r"\x1b\[(?:[0-9;]*m|H|2J)")
"""The escape sequences that a review writes by itself."""


class Screen:
    """The console script in a terminal of its own."""

    def __init__(self, *arguments: str, columns: int = 80, rows: int = 40, **environment: str):
        self._master, self._slave = pty.openpty()
        self.resize(columns, rows)
        self.before = termios.tcgetattr(self._slave)
        self.process = subprocess.Popen(
            [sys.executable, "-c", _START, "review", *arguments],
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            start_new_session=True,
            env={
                **os.environ,
                "TERM": "xterm",
                "PYTHONPATH": str(Path(__file__).parents[2]),
                "PYTHONIOENCODING": "utf-8",
                **environment,
            },
        )
        self.raw = b""
        self._read_up_to = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self._master)
        os.close(self._slave)

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, size)

    def wait_for(self, text: str) -> str:
        """Return what was written since the last call up to a text and what came with it."""
        deadline = time.monotonic() + PATIENCE
        while text not in (said := self._said()):
            left = deadline - time.monotonic()
            assert left > 0, f"no {text!r} in {said!r}"
            self._read(min(left, 0.5))
        self._read_up_to = len(self.raw)
        return said

    def end(self) -> tuple[int, str]:
        """Return the exit status, and what was written since the last call."""
        while self.process.poll() is None:
            self._read(0.05)
        while self._read(0):
            pass
        return self.process.returncode, self._said()

    @property
    def is_restored(self) -> bool:
        return termios.tcgetattr(self._slave) == self.before

    def _said(self) -> str:
        return _OURS.sub("", self.raw[self._read_up_to :].decode("utf-8", "replace"))

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], seconds)
        if ready:
            self.raw += os.read(self._master, 65536)
        return bool(ready)


@pytest.fixture(autouse=True)
def _known_reviewer(tmp_path, monkeypatch):
    config = tmp_path / "gitconfig"
    config.write_text("[user]\n\tname = The Reviewer\n\temail = reviewer@example.org\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)


@pytest.fixture
def pending(project):
    """Four tests whose candidate waits: in order of their names one, three, two, zero."""
    for test in TESTS:
        project.accepted(test)
    return {
        ONE: project.candidate(ONE, NEW, Severity.NOTABLE),
        TWO: project.candidate(TWO, NEW, Severity.NOTABLE),
        THREE: project.candidate(THREE, NEW, Severity.BREAKING),
        ZERO: project.candidate(ZERO, NEW, Severity.NOTABLE),
    }


def models(paths) -> tuple[str, ...]:
    return read_snapshot(paths.of_baseline().snapshot).requested_models


def test_one_is_accepted_one_rejected_one_skipped_and_the_rest_left(pending):
    with Screen("--reason", "the new tone is wanted") as screen:
        shown = screen.wait_for("q leave")
        screen.press("a")
        screen.wait_for("[2/4]")
        screen.press("r")
        screen.wait_for("[3/4]")
        screen.press("s")
        screen.wait_for("[4/4]")
        screen.press("q")
        status, said = screen.end()
        restored = screen.is_restored

    assert f"[1/4] {ONE}" in shown
    assert "claude-opus-5 → claude-opus-5-5  notable  drifted, 1 notable" in shown
    assert "- On its way." in shown
    assert "+ Sent!" in shown
    assert status == 1
    assert restored
    assert "1 accepted, 1 rejected, 1 skipped, 1 not looked at" in said
    decision = read_snapshot(pending[ONE].of_baseline().snapshot).decision
    assert decision is not None
    assert (decision.by, decision.reason) == (REVIEWER, "the new tone is wanted")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", decision.at)
    assert models(pending[ONE]) == (NEW,)
    assert [models(pending[test]) for test in (TWO, THREE, ZERO)] == [("claude-opus-5",)] * 3
    assert {test: paths.pending_snapshot.exists() for test, paths in pending.items()} == {
        ONE: False,
        TWO: True,
        THREE: False,
        ZERO: True,
    }
    rejected = read_rejections(pending[THREE])
    assert [each.decision.reason for each in rejected] == ["the new tone is wanted"]


def test_a_kill_between_two_keys_loses_no_decision_and_the_next_review_goes_on(pending):
    with Screen() as screen:
        screen.wait_for("q leave")
        screen.press("a")
        screen.wait_for("[2/4]")
        screen.process.send_signal(signal.SIGKILL)
        screen.end()

    assert models(pending[ONE]) == (NEW,)
    assert sum(paths.pending_snapshot.exists() for paths in pending.values()) == 3
    with Screen() as screen:
        assert f"[1/3] {THREE}" in screen.wait_for("q leave")
        screen.press("rA")
        asked = screen.wait_for("y/n")
        screen.press("y")
        status, said = screen.end()
    assert "accept 2 pending tests of this class (trait.0 (notable))? y/n" in asked
    assert status == 0
    assert "2 accepted, 1 rejected" in said
    assert not any(paths.pending_snapshot.exists() for paths in pending.values())


def test_a_class_is_decided_on_only_after_a_yes_and_only_that_class(pending):
    with Screen() as screen:
        assert "A R S all 3 of this class" in screen.wait_for("q leave")
        screen.press("R")
        screen.wait_for("reject 3 pending tests of this class")
        screen.press("x")
        screen.wait_for("nothing was decided")
        before = [paths.pending_snapshot.exists() for paths in pending.values()]
        screen.press("R")
        screen.wait_for("y/n")
        screen.press("y")
        assert f"[2/4] {THREE}" in screen.wait_for("q leave")
        screen.press("q")
        status, _ = screen.end()

    assert before == [True] * 4
    assert status == 1
    assert [test for test, paths in pending.items() if paths.pending_snapshot.exists()] == [THREE]


@pytest.mark.parametrize("keys", ["\x1b[A", "\x1bOA", "\x1b[1;5A", "\x1b", "\x1b[15~"])
def test_an_arrow_or_a_function_key_decides_nothing(pending, keys):
    with Screen() as screen:
        screen.wait_for("q leave")
        screen.press(keys)
        screen.press("?")
        screen.wait_for("this class: trait.0 (notable)")
        screen.press("q")
        _, said = screen.end()

    assert "4 not looked at" in said
    assert all(paths.pending_snapshot.exists() for paths in pending.values())


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 128 + 15), (signal.SIGHUP, 128 + 1)]
)
def test_a_signal_leaves_the_terminal_as_it_was(pending, number, status):
    with Screen() as screen:
        screen.wait_for("q leave")
        changed = not screen.is_restored
        screen.process.send_signal(number)
        ended, _ = screen.end()

        assert changed
        assert ended == status
        assert screen.is_restored


def test_ctrl_c_leaves_as_q_does(pending):
    with Screen() as screen:
        screen.wait_for("q leave")
        screen.press("s")
        screen.wait_for("[2/4]")
        screen.press("\x03")
        status, said = screen.end()

        assert status == 1
        assert "1 skipped, 3 not looked at" in said
        assert screen.is_restored


def test_an_error_of_the_file_system_leaves_the_terminal_as_it_was(pending):
    with Screen() as screen:
        screen.wait_for("q leave")
        screen.press("s")
        screen.wait_for("[2/4]")
        pending[THREE].of_baseline().cassette.unlink()
        pending[THREE].of_baseline().cassette.mkdir()
        screen.press("a")
        screen.wait_for("it is a folder, not a file")
        screen.press("q")
        status, _ = screen.end()

        assert status == 2
        assert screen.is_restored


def test_the_width_decides_on_the_layout_and_a_resize_draws_it_anew(pending):
    with Screen(columns=80) as screen:
        narrow = screen.wait_for("q leave")
        screen.resize(200, 40)
        wide = screen.wait_for("q leave")
        screen.press("d")
        toggled = screen.wait_for("q leave")
        screen.press("q")
        screen.end()

    assert "- On its way." in narrow
    assert re.search(r"On its way\. +│ Sent!", wide)
    assert "- On its way." in toggled
    for shown, columns in ((narrow, 80), (wide, 200), (toggled, 200)):
        assert max(map(len, shown.splitlines())) <= columns


def test_a_small_screen_has_pages(pending):
    with Screen(columns=80, rows=8) as screen:
        first = screen.wait_for("q leave")
        screen.press(" ")
        second = screen.wait_for("q leave")
        screen.press("b")
        again = screen.wait_for("q leave")
        screen.press("q")
        screen.end()

    assert f"[1/4] {ONE}" in first
    assert "space: next page" in first
    assert ONE not in second
    assert again.splitlines() == first.splitlines()


def test_the_prompt_is_shown_on_its_key(pending):
    with Screen() as screen:
        assert "Where is my refund?" not in screen.wait_for("q leave")
        screen.press("p")
        assert "Where is my refund?" in screen.wait_for("q leave")
        screen.press("q")
        screen.end()


def test_a_reason_can_be_written_down_for_what_follows(pending):
    with Screen() as screen:
        screen.wait_for("q leave")
        screen.press("w")
        screen.wait_for("why: ")
        screen.press("a shorter answer is fine\n")
        screen.wait_for("reason: a shorter answer is fine")
        screen.press("a")
        screen.wait_for("[2/4]")
        screen.press("q")
        screen.end()

    decision = read_snapshot(pending[ONE].of_baseline().snapshot).decision
    assert decision is not None
    assert decision.reason == "a shorter answer is fine"


def test_a_terminal_without_utf_8_gets_plain_characters(pending):
    with Screen(PYTHONIOENCODING="", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", LC_ALL="C") as screen:
        shown = screen.wait_for("q leave")
        screen.press("q")
        screen.end()
        raw = screen.raw

    assert "claude-opus-5 -> claude-opus-5-5" in shown
    assert raw.isascii()
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize("variable", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_without_styles_the_changed_words_are_marked_in_the_text(pending, variable):
    with Screen(**variable) as screen:
        shown = screen.wait_for("q leave")
        screen.press("q")
        screen.end()
        raw = screen.raw

    assert "- [-On its way.-]" in shown
    assert "+ {+Sent!+}" in shown
    assert b"m" not in re.findall(rb"\x1b\[[0-9;]*(.)", raw)


def test_what_a_model_said_never_reaches_the_terminal_as_a_command(project):
    project.accepted(ONE)
    paths = project.paths(ONE, NEW)
    evil = "\x1b]0;owned\x07 \x1b[2J\x9b31m \u202egnp.\u2066 \r\b all \x1b[31mred"
    cassette = project.cassette(ONE, model=NEW, candidate=NEW, text=evil)
    write_cassette(paths.cassette, cassette)
    waits = PendingState(why=PendingReason.DRIFTED, candidate=NEW, baseline=f"claude{evil}")
    write_snapshot(paths.pending_snapshot, project.snapshot(cassette, waits))
    with Screen(columns=200) as screen:
        shown = screen.wait_for("q leave")
        screen.press("q")
        screen.end()

    assert r"\x1b]0;owned\x07 \x1b[2J\x9b31m \u202egnp.\u2066" in shown
    assert not set("\x1b\x07\x9b\u202e\u2066\b") & set(shown)


def test_what_a_run_replaced_meanwhile_is_not_decided_on(project, pending):
    with Screen() as screen:
        screen.wait_for("q leave")
        project.candidate(ONE, NEW, Severity.BREAKING, Severity.BREAKING)
        screen.press("a")
        screen.wait_for("[2/4]")
        screen.press("q")
        status, said = screen.end()

    assert status == 2
    assert "it changed since it was looked at; nothing was decided on it" in said
    assert models(pending[ONE]) == ("claude-opus-5",)
    assert pending[ONE].pending_snapshot.exists()


def test_of_two_candidates_of_a_test_a_class_accepts_one_and_says_it_of_the_other(project):
    project.accepted(ONE)
    project.candidate(ONE, NEW, Severity.NOTABLE)
    project.candidate(ONE, "claude-haiku-5", Severity.NOTABLE)
    with Screen() as screen:
        screen.wait_for("q leave")
        screen.press("A")
        screen.wait_for("accept 1 pending test of this class")
        screen.press("y")
        second = screen.wait_for("q leave")
        screen.press("A")
        screen.wait_for("another variant of this test was accepted; a decides on this one alone")
        screen.press("q")
        screen.end()

    assert "another variant was accepted in this review" in second
    assert read_snapshot(project.paths(ONE).snapshot).requested_models == ("claude-haiku-5",)


def test_a_rejection_with_a_reason_is_told_when_the_same_model_waits_again(project):
    project.accepted(ONE)
    project.candidate(ONE, NEW, Severity.NOTABLE)
    assert project.run("reject", ONE, "--reason", "too terse").out[-1] == (
        "  wrote tests/__llm__/test_a/one.rejected.yaml"
    )
    project.candidate(ONE, NEW, Severity.NOTABLE)
    with Screen(columns=200) as screen:
        shown = screen.wait_for("q leave")
        screen.press("q")
        screen.end()

    assert re.search(rf"rejected before, \S{{10}} by {REVIEWER}: too terse", shown)


@pytest.mark.parametrize("columns", [80, 200])
def test_with_nothing_pending_a_terminal_is_told_so(project, columns):
    project.accepted(ONE)
    with Screen(columns=columns) as screen:
        status, said = screen.end()

        assert (status, said.strip()) == (0, "nothing is pending")
        assert screen.is_restored


def test_without_a_terminal_it_lists_what_waits_and_never_asks(project):
    project.accepted(ONE)
    project.candidate(ONE, NEW, Severity.BREAKING)
    run = project.run("review")

    assert run.status == 1
    assert run.err == []
    assert run.out == [
        f"{ONE}: claude-opus-5 → claude-opus-5-5 (drifted, 1 breaking)",
        f"  pytest-llmregress show tests/__llm__/test_a/one@{NEW}.cassette.yaml",
        f"  pytest-llmregress accept {ONE} --candidate {NEW}",
        f"  pytest-llmregress reject {ONE} --candidate {NEW}",
        "review needs a terminal; for programs: pytest-llmregress status --json",
    ]


def test_without_a_terminal_and_with_nothing_pending_it_is_fine(project):
    project.accepted(ONE)
    run = project.run("review")

    assert (run.status, run.out, run.err) == (0, ["nothing is pending"], [])


def test_accept_and_reject_take_a_reason_too(project):
    for test in (ONE, TWO):
        project.accepted(test)
        project.candidate(test, NEW, Severity.NOTABLE)
    assert project.run("accept", ONE, "--reason", "as agreed").status == 0
    assert project.run("reject", "--all", "--reason", "not yet").status == 0

    decision = read_snapshot(project.paths(ONE).snapshot).decision
    assert decision is not None
    assert (decision.by, decision.reason) == (REVIEWER, "as agreed")
    assert "\naccepted:\n" in project.paths(ONE).snapshot.read_text()
    (rejected,) = read_rejections(project.paths(TWO))
    assert (rejected.models, rejected.decision.reason) == ((NEW,), "not yet")
    assert read_snapshot(project.paths(TWO).snapshot).decision is None


def test_a_reason_with_a_secret_in_it_is_refused(project):
    project.accepted(ONE)
    paths = project.candidate(ONE, NEW, Severity.NOTABLE)
    secret = "sk-ant-api03-0123456789abcdef0123456789"  # llmregress: allow-secret
    for command in ("accept", "reject", "review"):
        run = project.run(command, ONE, "--reason", f"ask with {secret}")

        assert run.status == 2
        assert run.out == []
        assert "--reason: it holds a secret" in run.err[0]
        assert secret not in run.err[0]
    assert paths.pending_snapshot.exists()


def test_a_damaged_file_of_rejections_is_named_and_nothing_is_rejected(project):
    project.accepted(ONE)
    paths = project.candidate(ONE, NEW, Severity.NOTABLE)
    file = paths.directory / "one.rejected.yaml"
    file.write_text("llmregress: 1\nkind: rejected\nrejected: 7\n")
    run = project.run("reject", ONE, "--reason", "no")

    assert run.status == 2
    assert "one.rejected.yaml" in run.err[0]
    assert paths.pending_snapshot.exists()
    assert file.read_text().endswith("rejected: 7\n")
