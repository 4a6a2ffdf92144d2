"""The command `doctor`: what of a set-up is broken, and the command that mends it."""

import json
import os
import platform
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.version import InvalidVersion, Version

from pytest_llmregress.cli.git_tracking import DoctorFinding, check_tracking, name_files
from pytest_llmregress.cli.output import CommandResult, ExitStatus
from pytest_llmregress.cli.selection import FileProblems, find_other, select, shorten
from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.providers.asked_models import find_candidate_of
from pytest_llmregress.providers.child_environment import CHILD_ENVIRONMENT, SETTINGS_FILES, is_key
from pytest_llmregress.providers.installed_versions import installed, unsupported
from pytest_llmregress.storage.cassette_file import read_cassette
from pytest_llmregress.storage.errors import rerecord, retake
from pytest_llmregress.storage.file_paths import TestPaths
from pytest_llmregress.storage.pending import StoredTest
from pytest_llmregress.storage.snapshot_file import read_snapshot
from pytest_llmregress.values.file_names import slug_of_variant
from pytest_llmregress.values.settings import (
    Candidate,
    RecordMode,
    Settings,
    SettingsError,
    SettingsSource,
)

_OLDEST_PYTEST = "8.4"
_CLAIM = {"pytest-llm": "it claims the marker `llm`, so no marked test is collected"}
"""Distributions that this plugin cannot run beside."""
_RECORDERS = ("pytest-recording", "pytest-vcr", "cassetter")
"""Distributions that record the same requests, where a test carries their marker, too."""


def examine(paths: Sequence[Path], *, as_json: bool) -> CommandResult:
    """Look at versions, plugins, files, version control and environment; exit status 1 on a fault.

    Values of environment variables are not shown: one of them may be a key.
    """
    problems = FileProblems()
    tests = select(paths, problems)
    findings = [
        *_versions(),
        *_plugins(tests),
        *_unreadable(tests, problems),
        *_halves(tests),
        *_of_others(tests),
        *_half_upgrades(tests),
        *check_tracking([path for test in tests for path in _accepted(test)]),
        *_environment(os.environ),
        *_program_settings(os.environ),
    ]
    faults = sum(finding.fault for finding in findings)
    if as_json:
        report = [
            {"fault": f.fault, "where": f.where, "what": f.what, "command": f.command or None}
            for f in findings
        ]
        lines = tuple(json.dumps(report, indent=2).splitlines())
    else:
        end = f"{count(faults, 'fault')} in {count(len(tests), 'recorded test')}"
        lines = (*(finding.line for finding in findings), end)
    return CommandResult(status=ExitStatus.PENDING if faults else ExitStatus.FINE, lines=lines)


def _versions() -> Iterator[DoctorFinding]:
    found = installed()
    for line in unsupported(found):
        where, _, rest = line.partition(": ")
        what, _, command = rest.rpartition(". ")
        yield DoctorFinding(fault=True, where=where, what=what, command=command)
    try:
        is_old = Version(found["pytest"]) < Version(_OLDEST_PYTEST)
    except InvalidVersion:
        is_old = True
    if is_old:
        yield DoctorFinding(
            fault=True,
            where=f"pytest {found['pytest']}",
            what=f"{_OLDEST_PYTEST} or later is needed",
            command=f'python -m pip install "pytest>={_OLDEST_PYTEST}"',
        )
    said = ", ".join(f"{name} {number}" for name, number in found.items() if name != "python")
    yield DoctorFinding(fault=False, where=f"Python {platform.python_version()}", what=said)


def _plugins(tests: Sequence[StoredTest]) -> Iterator[DoctorFinding]:
    for name, what in _CLAIM.items():
        if number := _version_of(name):
            yield DoctorFinding(
                fault=True,
                where=f"{name} {number}",
                what=f"{what}; one of the two can have it",
                command=f"pytest -p no:pytest_llm, or python -m pip uninstall {name}",
            )
    recorders = [f"{name} {number}" for name in _RECORDERS if (number := _version_of(name))]
    if not recorders:
        return
    both = sorted({file for test in tests for file in _files_with_both_marks(test)})
    yield DoctorFinding(
        fault=bool(both),
        where=", ".join(recorders),
        what=(
            f"both markers, llm and vcr, are in {name_files(both)}; on one test the outer recorder "
            "keeps the inner one from its requests. Use one marker for each test"
            if both
            else "no recorded test file uses its marker, so the two do not meet"
        ),
        command="pytest-llmregress import takes its cassettes over" if both else "",
    )


def _files_with_both_marks(test: StoredTest) -> Iterator[Path]:
    directory = test.paths.directory
    file = directory.parent.parent / f"{directory.name}.py"
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    if re.search(r"\bmark\.llm\b", text) and re.search(r"\bmark\.(vcr|block_network)\b", text):
        yield file


def _unreadable(tests: Sequence[StoredTest], problems: FileProblems) -> Iterator[DoctorFinding]:
    for test in tests:
        for path in _accepted(test):
            if path.name.endswith(".cassette.yaml"):
                problems.read(path, read_cassette)
            else:
                problems.read(path, read_snapshot)
        for paths in test.pending:
            problems.read(paths.pending_cassette, read_cassette)
            problems.read(paths.pending_snapshot, read_snapshot)
    for problem in problems.by_path.values():
        where = problem.path if problem.line is None else f"{problem.path}:{problem.line}"
        yield DoctorFinding(fault=True, where=where, what=problem.what)


def _halves(tests: Sequence[StoredTest]) -> Iterator[DoctorFinding]:
    """Yield of which tests only one of the two accepted files is there."""
    for test in tests:
        if test.cassette and not test.snapshot:
            yield DoctorFinding(
                fault=True,
                where=shorten(test.paths.cassette),
                what=(
                    "it has no snapshot, so nothing new can be compared with it; restore that from "
                    "version control, or take it from the recording"
                ),
                command=retake(test.test),
            )
        elif test.snapshot and not test.cassette:
            yield DoctorFinding(
                fault=True,
                where=shorten(test.paths.snapshot),
                what=(
                    "the recording that it was taken from is gone; restore it from version "
                    "control, or record it again"
                ),
                command=rerecord(test.test),
            )


def _of_others(tests: Sequence[StoredTest]) -> Iterator[DoctorFinding]:
    """Yield of which tests the snapshot was taken from another recording than the accepted one."""
    unheard = FileProblems()  # what cannot be read was told
    for test in tests:
        cassette = unheard.read(test.paths.cassette, read_cassette)
        snapshot = unheard.read(test.paths.snapshot, read_snapshot)
        if found := find_other(test, cassette, snapshot):
            path = shorten(test.paths.snapshot)
            yield DoctorFinding(fault=True, where=path, what=found)


def _half_upgrades(tests: Sequence[StoredTest]) -> Iterator[DoctorFinding]:
    """Yield of which candidates some recordings are the baseline, and others are not yet."""
    unheard = FileProblems()
    accepted = [unheard.read(test.paths.snapshot, read_snapshot) for test in tests]
    names = {name for test in tests for name in test.candidates if find_candidate_of(name) == name}
    for name in sorted(names):
        new = Candidate(name=name).new
        done = sum(each is not None and new in each.requested_models for each in accepted)
        left = [test for test in tests if name in test.candidates]
        if done and left:
            what = f"it is the model of {count(done, 'baseline')}, and not yet of"
            yield DoctorFinding(
                fault=False,
                where=name,
                what=f"{what} {count(len(left), 'test')} with a recording of it",
                command=f"pytest-llmregress accept --all --candidate {shlex.quote(name)}",
            )


def _environment(environment: Mapping[str, str]) -> Iterator[DoctorFinding]:
    ours = {
        name.removeprefix("LLMREGRESS_").lower(): value
        for name, value in environment.items()
        if name.startswith("LLMREGRESS_")
    }
    settings = Settings()
    try:
        settings = Settings.resolve([SettingsSource(name="LLMREGRESS_{variable}", values=ours)])
    except SettingsError as error:
        for line in str(error).splitlines():
            where, _, what = line.partition(": ")
            yield DoctorFinding(fault=True, where=where, what=what, command=f"unset {where}")
    else:
        if ours:
            names = ", ".join(f"LLMREGRESS_{name.upper()}" for name in sorted(ours))
            yield DoctorFinding(
                fault=False, where="environment", what=f"{names} decide on each run here"
            )
    in_ci = bool(environment.get("CI"))
    if in_ci and settings.record is not RecordMode.NONE and not settings.allow_ci_record:
        yield DoctorFinding(
            fault=True,
            where="LLMREGRESS_RECORD",
            what=f"{settings.record} is refused where CI is set",
            command="unset LLMREGRESS_RECORD",
        )
    keys = sorted(name for name, value in environment.items() if value and is_key(name))
    if keys:
        what = "set, and no replay needs it" + (
            "; in CI leave it out of every job that only replays" if in_ci else ""
        )
        yield DoctorFinding(fault=False, where=", ".join(keys), what=what)
    addresses = [name for name in CHILD_ENVIRONMENT.addresses if environment.get(name)]
    if addresses:
        what = "set: recordings are made there; replays are matched without host and scheme"
        yield DoctorFinding(fault=False, where=", ".join(addresses), what=what)
    if in_ci:
        yield DoctorFinding(
            fault=False, where="CI", what="set: nothing is recorded, nothing is pending"
        )


def _program_settings(environment: Mapping[str, str]) -> Iterator[DoctorFinding]:
    """Yield a note on each file that leads a program past the gateway."""
    for file in SETTINGS_FILES:
        folder = environment.get(file.folder_variable) or file.folder
        path = Path(folder).expanduser() / file.name
        names = sorted(CHILD_ENVIRONMENT.addresses.keys() & _read_environment(path).keys())
        if names:
            yield DoctorFinding(
                fault=False,
                where=str(path),
                what=(
                    f"its env sets {', '.join(names)}, which wins over the environment of a "
                    "child: what the program asks is neither recorded nor replayed"
                ),
                command=f"take it out, or set {file.folder_variable} to another folder for tests",
            )


def _read_environment(path: Path) -> Mapping[str, object]:
    try:
        settings = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    found = settings.get("env") if isinstance(settings, dict) else None
    return found if isinstance(found, dict) else {}


def _version_of(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _accepted(test: StoredTest) -> Iterator[Path]:
    paths = test.paths
    wanted = [paths.cassette, paths.snapshot]
    for candidate in test.candidates:
        variant = slug_of_variant(candidate)
        own = TestPaths(directory=paths.directory, stem=paths.stem, variant=variant)
        wanted.append(own.cassette)
    return (path for path in wanted if os.path.lexists(path))
