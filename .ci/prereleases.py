"""Prints what the tests say of each dependency's pre-release; a table to read, which fails nothing.

A dependency whose newest version is a stable one has nothing to try, and its row says so.
"""

import argparse
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import VERSION_PATTERN, Version

EXTRAS = ("prices", "test")
"""Optional dependencies that the tests use, beside those that every user has."""
FAST = (
    "tests/providers/test_installed_versions.py",
    "tests/comparison/test_deepdiff_adapter.py",
    "tests/storage/test_yaml_document.py",
    "tests/runner/test_candidates.py",
    "tests/runner/test_snapshots.py",
    "tests/wire/test_surfaces.py",
)
"""Each dependency is used by one of them."""
SECONDS = 240
"""For the tests of one pre-release."""
_PEP_440 = re.compile(VERSION_PATTERN, re.VERBOSE | re.IGNORECASE)


def main() -> None:
    """Print a row for each dependency."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uv", required=True, help="path of uv")
    parser.add_argument("--tree", type=Path, required=True, help="a copy of this repository")
    parser.add_argument("--work", type=Path, required=True, help="a folder for environments")
    given = parser.parse_args()
    row = "{:<16}{:<12}{:<14}{}".format
    print(row("dependency", "stable", "pre-release", "result"))
    for requirement in _read_requirements(given.tree / "pyproject.toml"):
        name = requirement.name
        versions = _find_versions(name)
        stable = max((each for each in versions if not each.is_prerelease), default=None)
        newest = max(versions, default=None)
        if newest is None or stable is None:
            print(row(name, "?", "?", "the package index tells no version"), flush=True)
        elif newest == stable:
            print(row(name, str(stable), "none", "nothing newer than the stable one"), flush=True)
        else:
            result = try_version(requirement, newest, given.uv, given.tree, given.work / name)
            print(row(name, str(stable), str(newest), result), flush=True)


def _read_requirements(pyproject: Path) -> Iterator[Requirement]:
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    optional = (each for extra in EXTRAS for each in project["optional-dependencies"][extra])
    for line in (*project["dependencies"], *optional):
        requirement = Requirement(line)
        if requirement.name != project["name"]:
            yield requirement


def _find_versions(name: str) -> list[Version]:
    """Return the versions that the package index has for this Python."""
    done = _run([sys.executable, "-m", "pip", "index", "versions", "--pre", name], seconds=60)
    found = re.search(r"^Available versions: (.+)$", done.stdout, flags=re.MULTILINE)
    texts = found[1].split(", ") if found else []
    # An old release may have a version that no installer of today takes.
    return [Version(each) for each in texts if _PEP_440.fullmatch(each)]


def try_version(requirement: Requirement, version: Version, uv: str, tree: Path, work: Path) -> str:
    """Return in a line what the fast tests say of a version, installed whatever our bounds say."""
    note = "" if requirement.specifier.contains(version, prereleases=True) else " (out of bounds)"
    work.mkdir(parents=True)
    override = work / "override.txt"
    override.write_text(f"{requirement.name}=={version}\n", encoding="utf-8")
    python = str(work / "env" / "bin" / "python")
    install = [uv, "pip", "install", "-q", "--python", python, "--override", str(override)]
    made = _run([uv, "venv", "-q", "--python", sys.executable, str(work / "env")])
    installed = _run([*install, "-e", f"{tree}[test]"])
    if made.returncode or installed.returncode:
        return f"cannot be installed{note}: {' '.join(installed.stderr.split())[:160]}"
    tests = _run([python, "-m", "pytest", "-q", "-n", "2", *FAST], cwd=tree)
    return _last_line(tests.stdout or tests.stderr) + note


def _run(
    command: Sequence[str], *, seconds: int = SECONDS, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, cwd=cwd, capture_output=True, text=True, check=False, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", f"no end within {seconds} s")


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["nothing was printed"])[-1].strip()


if __name__ == "__main__":
    main()
