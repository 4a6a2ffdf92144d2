"""The next command to type, as a user of this shell in this folder would type it."""

import os
import shlex
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import FrameType

from pytest_llmregress.gateway.asking_child import asking_child
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.values.settings import RecordMode, Settings

_ELSEWHERE = tuple(
    str(Path(path).resolve()) for path in set(sysconfig.get_paths().values()) if path
)

_RECORD = "--llmregress-record"


class NextCommand:
    """Commands about one test."""

    def __init__(
        self, node_id: str, path: Path, *, invoked_from: Path, settings: Settings, in_ci: bool
    ) -> None:
        self._in_ci = in_ci
        self._settings = settings
        self._node_id = node_id
        self._path = path
        self._invoked_from = invoked_from
        candidate = settings.candidate
        self._candidate = (
            "" if candidate is None else f" --llmregress-candidate {shlex.quote(candidate.name)}"
        )

    @cached_property
    def _test(self) -> str:
        """The test as an argument; few tests have anything to say about it."""
        _, separator, name = self._node_id.partition("::")
        return shlex.quote(f"{from_folder(self._invoked_from, self._path)}{separator}{name}")

    def record(self, *, exists: bool) -> str:
        """Record this test, again where there is a recording."""
        mode = "rewrite" if exists else "once"
        return f"pytest {self._test} --llmregress-record {mode}{self._candidate}"

    def more_samples(self) -> str:
        """Record as many samples of the baseline as show its own noise well."""
        return f"pytest {self._test} --llmregress-record once --llmregress-samples 10"

    def carry_on(self, option: str) -> str:
        """Record on in the mode of this run, with a further option."""
        settings = self._settings
        samples = "" if settings.samples is None else f" --llmregress-samples {settings.samples}"
        batch = " --llmregress-batch" if settings.batch else ""
        record = f"--llmregress-record {settings.record}"
        return f"pytest {self._test} {record}{samples}{self._candidate}{batch}{option}"

    def record_candidate(self, name: str) -> str:
        """Record this test with a candidate, by the name that the command line is to have."""
        return (
            f"pytest {self._test} --llmregress-record once "
            f"--llmregress-candidate {shlex.quote(name)}"
        )

    def without_test(self) -> str:
        """Repeat the run without this test."""
        mode = self._settings.record
        record = "" if mode is RecordMode.NONE else f" --llmregress-record {mode}"
        return f"pytest --deselect {self._test}{record}{self._candidate}"

    def remove(self, paths: TestPaths) -> str:
        """Delete the recording of a candidate, with what waits for a decision on it."""
        candidate = self._candidate.replace("--llmregress-candidate", "--candidate")
        reject = f"pytest-llmregress reject {self._test}{candidate} && "
        file = shlex.quote(from_folder(self._invoked_from, paths.cassette))
        is_pending = paths.has_pending_snapshot
        return f"{reject if is_pending else ''}pytest-llmregress prune {file} --delete"

    def baseline(self, *, recorded: bool) -> str:
        """Come to an accepted baseline: from its recording, where there is one."""
        how = "--llmregress-accept" if recorded else "--llmregress-record once"
        return f"pytest {self._test} {how}"

    def accept_by_running(self) -> str:
        """Accept what a run of this test finds."""
        return f"pytest {self._test}{self._candidate} --llmregress-accept"

    def accept(self) -> str:
        """Accept what this test leaves pending; in CI nothing is left that could be decided on."""
        if self._in_ci:
            return self.accept_by_running()
        candidate = self._candidate.replace("--llmregress-candidate", "--candidate")
        return f"pytest-llmregress accept {self._test}{candidate}"

    def show(self, paths: TestPaths) -> str:
        """Show the calls of the baseline beside those of what differs from it."""
        baseline = paths.of_baseline().cassette
        new = paths.cassette if paths.variant else paths.pending_cassette
        files = [baseline, new] if new != baseline else [baseline]
        names = " ".join(shlex.quote(from_folder(self._invoked_from, file)) for file in files)
        return f"pytest-llmregress show {names}"


def build_resume_command(
    arguments: Sequence[str], settings: Settings, *, options: Mapping[str, str] | None = None
) -> str:
    """Return what this run was called with, as one would type it, so that it carries on.

    :param arguments: those of the run, without the name of the program.
    :param options: replace those of the same name, or join them.
    """
    changed = dict(options or {})
    given = list(_without(arguments, tuple(changed)))
    if not any(each.partition("=")[0] == _RECORD for each in given):
        changed[_RECORD] = str(settings.record)  # it may stand where the next shell has none
    parts = [*given, *(part for pair in changed.items() for part in pair)]
    return shlex.join(["pytest", *parts])


def _without(arguments: Sequence[str], names: Sequence[str]) -> Iterator[str]:
    """Yield the arguments but for these options and their values."""
    is_value = False
    for argument in map(str, arguments):
        if is_value:
            is_value = False
        elif argument in names:
            is_value = True
        elif argument.partition("=")[0] not in names:
            yield argument


def find_calling_line(root: Path) -> str | None:
    """Return "app.py:41 in answer" of the innermost frame that is the user's own code.

    Where a child process asks, return the child, with the line that has started it.
    """
    if child := asking_child():
        return child
    package = str(Path(__file__).resolve().parents[1])
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - see who asks without raising
    while frame is not None:
        name = frame.f_code.co_filename
        # A module says where it is; its compiled file may say where it was before it was moved.
        file = os.path.realpath(frame.f_globals.get("__file__") or name)
        inside = not name.startswith("<") and Path(file).is_relative_to(root)
        if inside and not file.startswith((package, *_ELSEWHERE)) and "site-packages" not in file:
            return f"{from_folder(root, Path(file))}:{frame.f_lineno} in {frame.f_code.co_name}"
        frame = frame.f_back
    return None


def from_folder(folder: Path, path: Path) -> str:
    """Return a path as one writes it from a folder, "/" between its parts."""
    return Path(os.path.relpath(path, folder)).as_posix()
