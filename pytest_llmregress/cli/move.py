"""The command `move`: a renamed or moved test, or test file, takes all its recordings along."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_llmregress.cli.output import CommandResult, ExitStatus
from pytest_llmregress.cli.selection import FileProblems, select, shorten
from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.storage.errors import UnreadableFileError, UnwritableValueError
from pytest_llmregress.storage.file_paths import FOLDER, TestPaths, build_test_paths
from pytest_llmregress.storage.moving import move_test
from pytest_llmregress.storage.pending import StoredTest, find_stored_tests

_SEPARATOR = "::"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    """One test under its new name."""

    stored: StoredTest
    test: str
    """The new node id."""
    paths: TestPaths


def move(old: str, new: str) -> CommandResult:
    """Give the recordings of a test, a class or a test file the name that it has now.

    Parameters: `old` and `new`, both a node id (of a test with all its parameters, or of a class),
    or both a test file.
    """
    problems = FileProblems()
    fault = _find_fault(old, new)
    moves = () if fault else tuple(_plan(old, new, problems))
    if not moves and not fault and not problems.messages:
        fault = f"{old}: nothing is recorded under this name. pytest-llmregress status"
    if fault or problems.messages:
        said = (*((fault,) if fault else ()), *problems.messages)
        return CommandResult(status=ExitStatus.FAILED, problems=said)
    return _carry_out(moves)


def _find_fault(old: str, new: str) -> str | None:
    file, separator, _ = new.partition(_SEPARATOR)
    if separator != old.partition(_SEPARATOR)[1]:
        return f"{new}: two node ids are wanted, or two test files. pytest-llmregress move --help"
    if not Path(file).is_file():
        return f"{new}: there is no test file {file}; the name that the test has now is wanted"
    return f"{new}: both names are the same" if old == new else None


def _plan(old: str, new: str, problems: FileProblems) -> Iterator[_Move]:
    old_file, _, old_name = old.partition(_SEPARATOR)
    new_file, _, new_name = new.partition(_SEPARATOR)
    for stored in _find(old_file, problems):
        file, _, name = stored.test.partition(_SEPARATOR)
        if not _is_of(name, old_name):
            continue
        root = _find_root(stored, file)
        moved = Path(os.path.relpath(Path(new_file).absolute(), root)).as_posix()
        test = f"{moved}{_SEPARATOR}{new_name}{name[len(old_name) :]}"
        paths = build_test_paths(Path(new_file).absolute(), test, None)
        yield _Move(stored=stored, test=test, paths=paths)


def _find(file: str, problems: FileProblems) -> Sequence[StoredTest]:
    """Return the stored tests of a test file, which may be gone, as it is called here or in ids."""
    path = Path(file).absolute()
    folder = path.parent / FOLDER / path.stem
    if folder.is_dir():
        found = find_stored_tests(folder)
        for problem in found.problems:
            problems.add(problem)
        return found.tests
    tests = select([Path()], problems)
    return [each for each in tests if each.test.partition(_SEPARATOR)[0] == file]


def _is_of(name: str, wanted: str) -> bool:
    """Tell whether a test is the wanted one, has it with parameters, or is in it."""
    return not wanted or name == wanted or name.startswith((f"{wanted}[", f"{wanted}::"))


def _find_root(stored: StoredTest, file: str) -> Path:
    """Return the folder that the node id of a stored test begins in."""
    folder = stored.paths.directory.absolute().parent.parent
    return folder.joinpath(*[os.pardir] * (len(Path(file).parts) - 1)).resolve()


def _carry_out(moves: Sequence[_Move]) -> CommandResult:
    lines: list[str] = []
    faults: list[str] = []
    for each in moves:
        try:
            files = move_test(each.stored.paths, each.paths, test=each.test)
        except FileExistsError as error:
            there = shorten(Path(str(error)))
            faults.append(
                f"{each.stored.test}: {there} is there already, and is another one; nothing of "
                f"this test was moved. git rm {there}, or delete what is not wanted"
            )
        except (UnreadableFileError, UnwritableValueError) as error:
            faults.append(str(error))
        else:
            lines.append(f"moved {each.stored.test} to {each.test}")
            lines += [f"  wrote {shorten(file)}" for file in files]
    lines.append(f"{count(len(moves) - len(faults), 'test')} moved")
    status = ExitStatus.FAILED if faults else ExitStatus.FINE
    return CommandResult(status=status, lines=tuple(lines), problems=tuple(faults))
