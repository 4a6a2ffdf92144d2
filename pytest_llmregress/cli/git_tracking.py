"""Whether git keeps what it should, and leaves alone what waits; what `doctor` finds."""

import shlex
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_llmregress.cli.selection import shorten

_IGNORED = ("*.new.yaml", "*.part.jsonl")
"""What waits for a decision, or is left of an interrupted recording: never committed."""
_MAX_NAMED = 3
"""Files that a finding names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorFinding:
    """Something about the set-up."""

    fault: bool
    """Whether it has to be mended; otherwise it is good to know."""
    where: str
    what: str
    command: str = ""
    """What to do next; empty where there is nothing to do."""

    @property
    def line(self) -> str:
        """Return it whole, for people."""
        word = "FAULT" if self.fault else "note "
        return f"{word}  {self.where}: {self.what}{f'. {self.command}' if self.command else ''}"


def name_files(paths: Sequence[Path]) -> str:
    """Return the first files by name, and how many more there are."""
    rest = len(paths) - _MAX_NAMED
    more = f" and {rest} more" if rest > 0 else ""
    return ", ".join(shorten(path) for path in paths[:_MAX_NAMED]) + more


def check_tracking(files: Sequence[Path]) -> Iterator[DoctorFinding]:
    """Yield what git does to recorded files that it should not do."""
    if not files:
        return
    if _git(files[0].parent, "rev-parse", "--is-inside-work-tree") is None:
        yield DoctorFinding(
            fault=False, where="git", what="no work tree here, or no git: tracking was not checked"
        )
        return
    ignored = ask_git("check-ignore", files)
    if ignored:
        yield DoctorFinding(
            fault=True,
            where=name_files(ignored),
            what="recorded, and ignored by git, so nobody else can replay it",
            command=f"git check-ignore -v {_quote(ignored[0])} names the line to take out",
        )
    tracked = set(ask_git("ls-files", files))
    untracked = [path for path in files if path not in tracked and path not in ignored]
    if untracked:
        folders = sorted({path.parent for path in untracked})
        yield DoctorFinding(
            fault=True,
            where=name_files(untracked),
            what="recorded, and not in version control, so CI has nothing to replay",
            command=f"git add {' '.join(map(_quote, folders[:_MAX_NAMED]))}",
        )
    yield from _never_committed(sorted({path.parent for path in files}))
    yield from _line_ends(files)


def _never_committed(folders: Sequence[Path]) -> Iterator[DoctorFinding]:
    # No file has to be there: what a rule says of a name is asked.
    names = [folder / pattern.replace("*", "x") for folder in folders for pattern in _IGNORED]
    ignored = set(ask_git("check-ignore", names))
    missing = [
        pattern
        for pattern in _IGNORED
        if any(folder / pattern.replace("*", "x") not in ignored for folder in folders)
    ]
    if missing:
        rules = " ".join(f"'{pattern}'" for pattern in missing)
        yield DoctorFinding(
            fault=True,
            where=".gitignore",
            what=f"{' and '.join(missing)} could be committed; they wait for a decision of yours",
            command=f"printf '%s\\n' {rules} >> .gitignore",
        )
    committed = [
        path
        for folder in folders
        for pattern in _IGNORED
        for path in ask_git("ls-files", sorted(folder.glob(pattern)))
    ]
    if committed:
        yield DoctorFinding(
            fault=True,
            where=name_files(committed),
            what="not decided on, and in version control",
            command=f"git rm --cached {' '.join(map(_quote, committed[:_MAX_NAMED]))}",
        )


def _line_ends(files: Sequence[Path]) -> Iterator[DoctorFinding]:
    converted = [path for path in files if _has_crlf(path)]
    setting = (_git(files[0].parent, "config", "core.autocrlf") or "").strip()
    said = _git(files[0].parent, "check-attr", "text", "eol", "--", files[0].name) or ""
    is_fixed = "eol: lf" in said or "text: unset" in said
    if converted or (setting == "true" and not is_fixed):
        yield DoctorFinding(
            fault=bool(converted),
            where=name_files(converted) if converted else f"core.autocrlf={setting}",
            what="git rewrites line ends of recordings; they are written with line feeds alone",
            command="echo '**/__llm__/** text eol=lf' >> .gitattributes && git add --renormalize .",
        )


def ask_git(command: str, files: Sequence[Path]) -> list[Path]:
    """Return those of some files that a command of git names, in their order."""
    found: set[Path] = set()
    by_folder: dict[Path, list[Path]] = {}
    for file in files:
        by_folder.setdefault(file.parent, []).append(file)
    for folder, own in by_folder.items():
        names = [file.name for file in own]
        if command == "ls-files":
            said = _git(folder, "--literal-pathspecs", command, "-z", "--", *names)
        else:
            said = _git(folder, command, "-z", "--stdin", given="\0".join(names))
        found |= {folder / name for name in (said or "").split("\0") if name}
    return [file for file in files if file in found]


def _git(folder: Path, *arguments: str, given: str = "") -> str | None:
    """Return what git says in a folder; None where there is none, or it refuses."""
    try:
        run = subprocess.run(  # noqa: S603 - fixed commands on paths that were found
            ["git", *arguments],  # noqa: S607 - the git of this shell is meant
            cwd=folder,
            input=given,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
        )
    except OSError:
        return None
    return run.stdout if run.returncode == 0 else None


def _has_crlf(path: Path) -> bool:
    try:
        return b"\r\n" in path.read_bytes()
    except OSError:
        return False


def _quote(path: Path) -> str:
    return shlex.quote(shorten(path))
