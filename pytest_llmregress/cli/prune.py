"""The command `prune`: recordings that nobody needs any more, told first, then deleted."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from pytest_llmregress.cli.git_tracking import ask_git
from pytest_llmregress.cli.output import CommandResult, ExitStatus
from pytest_llmregress.cli.selection import (
    JOURNAL,
    FileProblems,
    files_below,
    journals_below,
    resolve,
    select,
    shorten,
)
from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.formatting.text_table import align
from pytest_llmregress.providers.asked_models import find_candidate_of, never_asked
from pytest_llmregress.storage.cassette_file import read_cassette
from pytest_llmregress.storage.decisions import SUFFIX, rejections_of
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.storage.pending import StoredTest
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.file_names import slug_of_test, slug_of_variant
from pytest_llmregress.values.run_report import RunReport
from pytest_llmregress.values.settings import Candidate

_NOT_WHOLE = ("error during collection", "errors during collection", " deselected")
"""What `pytest --collect-only -q` says where its list is not the whole suite."""
_COLLECT = "pytest --collect-only -q | pytest-llmregress prune --ids -"


class PruneReason(StrEnum):
    """Why a file is not needed."""

    NO_FILE = "the test file is gone"
    NO_TEST = "the test is gone"
    SUPERSEDED = "its model is the baseline's now"
    NOT_ASKED = "its candidate was not asked"
    STALE = "a whole recording has taken its place"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusedFile:
    """Something to delete."""

    why: PruneReason
    test: str
    """The node id, as the files say it; empty where nobody knows."""
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTests:
    """What is known of the tests that there are."""

    collected: frozenset[tuple[Path, str]] = frozenset()
    """File and slug of each test that pytest collected."""
    orphans: frozenset[Path] = frozenset()
    """Recordings that a run of the whole suite found to belong to no test."""


def prune(
    paths: Sequence[Path],
    *,
    ids: str | None,
    from_report: Path | None,
    delete: bool,
    as_json: bool,
) -> CommandResult:
    """List what is not needed below the paths; with `delete`, delete it.

    Which tests are gone is told by what pytest collects (`ids`: a file, or "-" for standard
    input), by a report of the whole suite, or else only by test files that are gone. Whatever
    waits for a decision stays, with all that belongs to it.
    """
    problems = FileProblems()
    faults: list[str] = []
    known = _known(ids, from_report, faults)
    stored = select(paths, problems)
    found: list[UnusedFile] = []
    kept: list[str] = []
    if not faults:
        for test in stored:
            found += _leftovers(test, known, problems, kept)
        found += _rejected(paths, stored, known)
        found += _stale(paths, stored, problems, kept)
    said = (*problems.messages, *faults)
    if delete and not said:
        for file in (file for each in found for file in each.files):
            file.unlink(missing_ok=True)
    lines = (
        _lines_of_json(found, kept, deleted=delete and not said)
        if as_json
        else _lines(found, kept, deleted=delete and not said, told=bool(ids or from_report))
    )
    if said:
        return CommandResult(status=ExitStatus.FAILED, lines=lines, problems=said)
    return CommandResult(
        status=ExitStatus.PENDING if found and not delete else ExitStatus.FINE, lines=lines
    )


def _known(ids: str | None, from_report: Path | None, faults: list[str]) -> KnownTests:
    node_ids = [] if ids is None else _read_ids(ids, faults)
    files = {node_id.partition("::")[0] for node_id in node_ids}
    root = _root_of(files)
    if root is None:
        faults.append(
            f"--ids {ids}: its test files are not here; the list of the project that this folder "
            f"is in. {_COLLECT}"
        )
        root = Path()
    collected = frozenset(
        (resolve(root / node_id.partition("::")[0]), slug_of_test(node_id)) for node_id in node_ids
    )
    orphans: frozenset[Path] = frozenset()
    if from_report is not None:
        try:
            report = RunReport.from_json(json.loads(from_report.read_text(encoding="utf-8")))
        except OSError as error:
            faults.append(f"{from_report}: {error.strerror or error}; a report of a run is wanted")
        except ValueError as error:
            faults.append(f"{from_report}: {error}")
        else:
            orphans = frozenset(resolve(Path(path)) for path in report.orphans)
    return KnownTests(collected=collected, orphans=orphans)


def _root_of(files: Iterable[str]) -> Path | None:
    """Return the folder that node ids start from: this one or one above it; None where none is."""
    here = Path.cwd()
    return next((r for r in (here, *here.parents) if all((r / f).is_file() for f in files)), None)


def _read_ids(ids: str, faults: list[str]) -> list[str]:
    try:
        text = sys.stdin.read() if ids == "-" else Path(ids).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        faults.append(f"--ids {ids}: {why}; what pytest --collect-only -q prints is wanted")
        return []
    lines = [line.strip() for line in text.splitlines()]
    found = [line for line in lines if "::" in line and not line.startswith(("ERROR", "FAILED"))]
    partly = any(word in line for line in lines if "::" not in line for word in _NOT_WHOLE)
    if partly or not found:
        what = "it is not the whole suite" if found else "no test is in it"
        faults.append(f"--ids {ids}: {what}; all tests, collected without an error. {_COLLECT}")
        return []
    return found


def _leftovers(
    test: StoredTest, known: KnownTests, problems: FileProblems, kept: list[str]
) -> Iterator[UnusedFile]:
    why = _why_gone(test.paths, known)
    if why is not None:
        if test.pending:
            kept.append(f"{test.test}: {why}, and something waits for a decision; reject it first")
            return
        yield UnusedFile(why=why, test=test.test, files=tuple(_files(test)))
        return
    baseline = problems.read(test.paths.cassette, read_cassette)
    if baseline is None:
        return
    waiting = {paths.variant for paths in test.pending}
    for candidate in test.candidates:
        owner = find_candidate_of(candidate)  # what was made beside a candidate goes with it
        judged = _of_candidate(test, owner if owner in test.candidates else candidate)
        cassette = problems.read(judged.cassette, read_cassette)
        why = None if cassette is None else _why_of_candidate(cassette, baseline)
        is_accepted = Candidate(name=owner).new in baseline.requested_models
        if is_accepted and owner != candidate and owner not in test.candidates:
            why = PruneReason.SUPERSEDED
        if why is None:
            continue
        if judged.variant in waiting:
            kept.append(f"{test.test}: {candidate} waits for a decision, which stays")
            continue
        files = (_of_candidate(test, candidate).cassette,)
        yield UnusedFile(why=why, test=test.test, files=files)


def _why_of_candidate(cassette: Cassette, baseline: Cassette) -> PruneReason | None:
    """Return why the recording of a candidate is not needed; None where it is."""
    if never_asked(cassette):
        return PruneReason.NOT_ASKED
    if cassette.candidate is not None and Candidate(name=cassette.candidate).is_variant:
        return None  # whatever model it asks, it is another way of asking
    is_same = set(cassette.requested_models) == set(baseline.requested_models)
    return PruneReason.SUPERSEDED if is_same else None


def _why_gone(paths: TestPaths, known: KnownTests) -> PruneReason | None:
    """Return why a test is not there any more; None where it is, or nobody can tell."""
    directory = resolve(paths.directory)
    folder = directory.parent.parent
    if not any(file.is_file() for file in folder.glob(f"{_literal(directory.name)}.*")):
        return PruneReason.NO_FILE
    if (directory / f"{paths.stem}.cassette.yaml") in known.orphans:
        return PruneReason.NO_TEST
    stems = {
        stem for file, stem in known.collected if file.with_suffix("") == folder / directory.name
    }
    # A file of which nothing was collected is not known: it may have been left out.
    return PruneReason.NO_TEST if stems and paths.stem not in stems else None


def _rejected(
    paths: Sequence[Path], stored: Sequence[StoredTest], known: KnownTests
) -> Iterator[UnusedFile]:
    """Yield what remembers the rejections of tests that are gone, and all else of them with it."""
    tests = {(test.paths.directory, test.paths.stem) for test in stored}
    for path in (each for folder in paths for each in files_below(resolve(folder), SUFFIX)):
        own = TestPaths(directory=path.parent, stem=path.name.removesuffix(SUFFIX))
        why = None if (own.directory, own.stem) in tests else _why_gone(own, known)
        if why is not None:
            yield UnusedFile(why=why, test="", files=(path,))


def _stale(
    paths: Sequence[Path], stored: Sequence[StoredTest], problems: FileProblems, kept: list[str]
) -> Iterator[UnusedFile]:
    """Yield the journals that a later recording has made needless; the others can be carried on."""
    tests = {(test.paths.directory, test.paths.stem): test.test for test in stored}
    for path in journals_below(paths):
        stem, _, variant = path.name.removesuffix(JOURNAL).partition("@")
        own = TestPaths(directory=path.parent, stem=stem, variant=variant or None)
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        cassette = problems.read(own.cassette, read_cassette)
        test = tests.get((path.parent, stem), "")
        if cassette is not None and cassette.recorded_at > written:
            yield UnusedFile(why=PruneReason.STALE, test=test, files=(path,))
        else:
            kept.append(
                f"{shorten(path)}: a recording that was interrupted; recording its test again "
                "carries on and pays for nothing twice"
            )


def _files(test: StoredTest) -> Iterator[Path]:
    wanted = [test.paths.cassette, test.paths.snapshot]
    wanted += [_of_candidate(test, candidate).cassette for candidate in test.candidates]
    wanted.append(rejections_of(test.paths))
    return (path for path in wanted if os.path.lexists(path))


def _of_candidate(test: StoredTest, candidate: str) -> TestPaths:
    paths = test.paths
    return TestPaths(directory=paths.directory, stem=paths.stem, variant=slug_of_variant(candidate))


def _literal(name: str) -> str:
    """Return a name as a pattern that matches nothing else."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)


def _lines(
    found: Sequence[UnusedFile], kept: Sequence[str], *, deleted: bool, told: bool
) -> tuple[str, ...]:
    rows = (
        align([(shorten(file), str(each.why)) for each in found for file in each.files])
        if found
        else ()
    )
    files = [file for each in found for file in each.files]
    number = count(len(files), "file")
    end: tuple[str, ...]
    if not found:
        end = ("nothing to delete",)
    elif deleted:
        end = (f"{number} deleted",)
    else:
        lost = len(files) - len(ask_git("ls-files", files))
        warning = f"{lost} of them not in version control: deleting these is final"
        end = (
            *([warning] if lost else []),
            f"{number} (dry run: nothing was deleted). The same with --delete deletes them",
        )
    hint = () if told else (f"tests that are gone from a file that is there: {_COLLECT}",)
    return (*rows, *(f"kept: {line}" for line in kept), *end, *hint)


def _lines_of_json(
    found: Sequence[UnusedFile], kept: Sequence[str], *, deleted: bool
) -> tuple[str, ...]:
    report = {
        "deleted": deleted,
        "leftovers": [
            {
                "why": each.why.name.lower(),
                "test": each.test or None,
                "files": [shorten(file) for file in each.files],
            }
            for each in found
        ],
        "kept": list(kept),
    }
    return tuple(json.dumps(report, indent=2).splitlines())
