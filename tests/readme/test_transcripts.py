"""The commands and outputs of README and guides: each is run, and shows what the page shows.

A page has transcripts: blocks of ```console that begin with a "$ ". `<!-- stand MODEL: TEXT -->`
says what the scripted server answers for a model from there on, and a block whose first line is
"# FILE" is a file of the project. A line "..." stands for any lines.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from forked_pytest import programs
from pages import GUIDES, README, text_of
from patience import PATIENCE

if os.name != "posix" or shutil.which("bash") is None:
    pytest.skip("the commands are those of a POSIX shell", allow_module_level=True)

PARTS = re.compile(
    r"^<!-- stand (?P<model>\S+): (?P<says>.*?) -->$"
    r"|^```(?:python|toml|ini)\n# (?P<file>[\w./-]+)\n(?P<text>.*?)^```$"
    r"|^```console\n(?P<console>\$ .*?)^```$",
    re.MULTILINE | re.DOTALL,
)
ANY = "..."


def pages() -> list[Path]:
    return [page for page in (README, *GUIDES) if "```console\n$ " in text_of(page)]


def commands(console: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each command of a block, and the lines that are shown below it."""
    for part in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
        command, *shown = part.rstrip("\n").split("\n")
        yield command.partition("  #")[0], shown


def run(project, command: str, key: str) -> str:
    foreign = ("ANTHROPIC_", "LLMREGRESS_", "PYTEST_", "GITHUB_")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(foreign) and k != "CI"}
    needs_key = "--llmregress-record" in command
    return subprocess.run(
        ["bash", "-c", command],
        cwd=project.root,
        env={
            **inherited,
            **({"ANTHROPIC_API_KEY": key} if needs_key else {}),
            "PATH": f"{programs()}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(project.home),
            "ANTHROPIC_BASE_URL": project.stand.url,
            "COLUMNS": "120",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    ).stdout


def find_missing(shown: list[str], output: str) -> str | None:
    """Return the first line that is shown and not in the output where it should be."""
    lines = [line.rstrip() for line in output.splitlines()]
    at, may_skip = 0, True
    for line in shown:
        if line == ANY:
            may_skip = True
            continue
        places = range(at, len(lines)) if may_skip else range(at, min(at + 1, len(lines)))
        found = next((place for place in places if lines[place] == line.rstrip()), None)
        if found is None:
            return line
        at, may_skip = found + 1, False
    return None


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_each_command_of_a_page_says_what_the_page_shows(project, page, key):
    for part in PARTS.finditer(text_of(page)):
        if part["model"]:
            project.stand.script(part["model"], part["says"].replace("\\n", "\n"))
        elif part["file"]:
            project.write({part["file"]: part["text"]})
        else:
            for command, shown in commands(part["console"]):
                output = run(project, command, key)
                assert find_missing(shown, output) is None, f"$ {command}\n{output}"


def test_a_line_that_is_not_said_is_found():
    output = "one\ntwo\nthree\n"

    assert find_missing(["one", ANY, "three"], output) is None
    assert find_missing(["one", "three"], output) == "three"
    assert find_missing([ANY, "four"], output) == "four"


def test_the_readme_has_a_drift_in_three_commands():
    shown = [part["console"] for part in PARTS.finditer(text_of(README)) if part["console"]]

    assert sum(len(list(commands(console))) for console in shown) == 3
    assert len(text_of(README).splitlines()) <= 180
