"""The command `scan`: looks for secrets in files, as the last thing before a commit."""

import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pytest_llmregress.cli.output import CommandResult, ExitStatus
from pytest_llmregress.cli.selection import FileProblem, shorten
from pytest_llmregress.formatting.one_line_diff import count
from pytest_llmregress.redaction.redactor import Redactor, find_secrets
from pytest_llmregress.redaction.secret_patterns import SecretFinding

ALLOW = "llmregress: allow-secret"
"""What a line says that shows a key as an example."""

MAX_SIZE = 20 * 1024 * 1024
"""Bytes of a file that is still looked into."""

_HEAD = 8000
"""Bytes among which a zero makes a file a binary one: git decides in the same way."""

_SKIPPED = frozenset({".git", ".hg", ".svn", ".tox", ".nox", "__pycache__", "node_modules"})
_VIRTUAL_ENVIRONMENT = "pyvenv.cfg"


@dataclass(slots=True, kw_only=True)
class _Scan:
    """What has been seen so far."""

    findings: list[tuple[str, SecretFinding]] = field(default_factory=list)
    """With the path of each."""
    files: int = 0
    too_big: list[str] = field(default_factory=list)
    unreadable: list[FileProblem] = field(default_factory=list)

    @property
    def status(self) -> ExitStatus:
        """As `grep` has it: what could not be read outweighs what was found."""
        if self.unreadable:
            return ExitStatus.FAILED
        return ExitStatus.PENDING if self.findings else ExitStatus.FINE

    @property
    def notes(self) -> tuple[str, ...]:
        megabytes = MAX_SIZE // 1024 // 1024
        return (
            *(problem.message for problem in self.unreadable),
            *(
                f"{path}: not scanned; files of up to {megabytes} MB are. grep -n 'sk-' {path}"
                for path in self.too_big
            ),
        )


def scan(paths: Sequence[Path], *, as_json: bool) -> CommandResult:
    """Look for keys of known forms, and for the secrets of this environment, below the paths.

    Of a folder in a git work tree the files are looked into that are, or could be, committed.
    """
    seen = _Scan()
    redactor = Redactor.of_environment(os.environ)
    for path in _files(paths, seen):
        _scan_file(path, redactor, seen)
    lines = _lines_of_json(seen) if as_json else _lines(seen)
    return CommandResult(status=seen.status, lines=lines, problems=seen.notes)


def _scan_file(path: Path, redactor: Redactor, seen: _Scan) -> None:
    name = shorten(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SIZE + 1)
    except OSError as error:
        what = f"it cannot be read: {error.strerror}; a file that can be is needed"
        seen.unreadable.append(FileProblem(path=name, line=None, what=what))
        return
    if b"\0" in data[:_HEAD]:
        return
    if len(data) > MAX_SIZE:
        seen.too_big.append(name)
        return
    seen.files += 1
    text = data.decode("utf-8", "surrogateescape")
    findings = find_secrets(text, redactor=redactor)
    lines = text.split("\n") if findings else []
    seen.findings += [
        (name, finding) for finding in findings if ALLOW not in lines[finding.line - 1]
    ]


def _files(paths: Iterable[Path], seen: _Scan) -> Iterator[Path]:
    """Yield the files to look into, none twice."""
    known: set[Path] = set()
    for path in paths:
        if path.is_dir():
            files: Iterable[Path] = _committed(path) or _walk(path, seen)
        elif path.exists():
            files = (path,)
        else:
            what = "there is no such file or folder"
            seen.unreadable.append(FileProblem(path=str(path), line=None, what=what))
            continue
        for file in files:
            whole = file.absolute()
            if whole not in known:
                known.add(whole)
                yield file


def _committed(folder: Path) -> list[Path]:
    """Return the files below a folder that git knows or would add; none outside a work tree."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(  # noqa: S603 - git and its options, nothing of the user's
            command, cwd=folder, capture_output=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return []
    names = {os.fsdecode(name) for name in listed.stdout.split(b"\0") if name}
    paths = [folder / name for name in sorted(names)]
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def _walk(folder: Path, seen: _Scan) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        what = f"it cannot be read: {error.strerror}; a folder that can be is needed"
        seen.unreadable.append(
            FileProblem(path=shorten(Path(error.filename)), line=None, what=what)
        )

    for root, folders, files in os.walk(folder, onerror=refuse):
        here = Path(root)
        folders[:] = sorted(
            name
            for name in folders
            if name not in _SKIPPED and not (here / name / _VIRTUAL_ENVIRONMENT).exists()
        )
        paths = (here / name for name in sorted(files))
        yield from (path for path in paths if path.is_file() and not path.is_symlink())


def _lines(seen: _Scan) -> tuple[str, ...]:
    files = count(seen.files, "file")
    if not seen.findings:
        return (f"no secret in {files}",)
    secrets = count(len(seen.findings), "secret")
    advice = f'Revoke what is real and take it out; an example has "{ALLOW}" on its line'
    return (
        *(
            f"{path}:{finding.line}: {finding.kind}: {finding.excerpt}"
            for path, finding in seen.findings
        ),
        f"{secrets} in {files}. {advice}",
    )


def _lines_of_json(seen: _Scan) -> tuple[str, ...]:
    report = {
        "files": seen.files,
        "findings": [
            {
                "path": path,
                "line": finding.line,
                "kind": finding.kind,
                "excerpt": finding.excerpt,
            }
            for path, finding in seen.findings
        ],
        "too_big": seen.too_big,
        "problems": [
            {"path": problem.path, "line": problem.line, "what": problem.what}
            for problem in seen.unreadable
        ],
    }
    return tuple(json.dumps(report, indent=2).splitlines())
