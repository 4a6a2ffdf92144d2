"""The model upgrade of examples/README.md, command by command, in a repository of its own."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from forked_pytest import programs
from patience import PATIENCE
from pytest_llmregress.storage.cassette_file import read_cassette
from pytest_llmregress.storage.snapshot_file import read_snapshot

if os.name != "posix" or not all(map(shutil.which, ("bash", "git", "sed"))):
    pytest.skip("the commands are those of a POSIX shell with git", allow_module_level=True)

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
(WALK,) = re.findall(r"<!-- walk -->\n(.*?)<!-- end of walk -->", README, flags=re.DOTALL)
SUITES = ("incident_tools", "support")
NEW = "qwen2.5-coder-1.5b"


@dataclass(frozen=True, kw_only=True)
class Step:
    """The commands of one block, and what the block below them shows of their output."""

    commands: tuple[str, ...]
    shown: str


@dataclass(frozen=True, kw_only=True)
class Walked:
    """Where the commands were run, and what came of it."""

    root: Path
    statuses: dict[str, int]
    outputs: dict[str, str]


def steps() -> Iterator[Step]:
    """Yield the blocks of the page."""
    pattern = r"^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?"
    for commands, shown in re.findall(pattern, WALK, flags=re.DOTALL | re.MULTILINE):
        yield Step(commands=tuple(commands.splitlines()), shown=shown)


def expected(command: str) -> int:
    """Return the exit status that the page names for a command."""
    found = re.search(r"# ends with status (\d)", command)
    return int(found[1]) if found else 0


def environment(home: Path) -> dict[str, str]:
    """Return what a person has: no key, no way to a network, and no CI."""
    foreign = ("ANTHROPIC_", "LLMREGRESS_", "PYTEST_", "GIT_", "INCIDENT_", "SUPPORT_", "GITHUB_")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(foreign) and k != "CI"}
    return {
        **inherited,
        "PATH": f"{programs()}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "COLUMNS": "104",
    }


def run(command: str, root: Path) -> tuple[int, str]:
    """Run a command as a shell does; return status and output."""
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=root,
        env=environment(root.parent),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.fixture(scope="module")
def walked(tmp_path_factory) -> Walked:
    """Run all commands of the page, one after the other."""
    root = tmp_path_factory.mktemp("walk") / "repository"
    ignored = shutil.ignore_patterns("__pycache__", "*.new.yaml", "*.part.jsonl")
    for suite in SUITES:
        shutil.copytree(ROOT / "examples" / suite, root / "examples" / suite, ignore=ignored)
    for name in ("pyproject.toml", ".gitignore"):
        shutil.copy(ROOT / name, root)
    identity = "git config user.name Someone && git config user.email someone@example.org"
    first = f"git init -q -b main && {identity} && git add . && git commit -qm Examples"
    status, output = run(first, root)
    assert status == 0, output
    statuses, outputs = {}, {}
    for command in (command for step in steps() for command in step.commands):
        statuses[command], outputs[command] = run(command, root)
        print(f"$ {command}\n{outputs[command]}")  # noqa: T201 - shown where the test fails
    return Walked(root=root, statuses=statuses, outputs=outputs)


def test_each_command_ends_as_the_page_says(walked):
    commands = [command for step in steps() for command in step.commands]

    assert walked.statuses == {command: expected(command) for command in commands}
    assert len(walked.statuses) == len(commands) > 20  # none stands there twice


@pytest.mark.parametrize(
    "step", [step for step in steps() if step.shown], ids=lambda s: s.shown[:40]
)
def test_each_output_that_the_page_shows_is_one_of_its_command(walked, step):
    printed = "".join(walked.outputs[command] for command in step.commands)

    for line in step.shown.splitlines():
        assert line.removesuffix("…") in printed


def test_the_merge_leaves_the_new_model_accepted_and_nothing_behind(walked):
    suite = "examples/incident_tools"
    run("git checkout -q main", walked.root)

    cassettes = [read_cassette(path) for path in (walked.root / suite).rglob("*.cassette.yaml")]
    baseline = [each.requested_models for each in cassettes if each.candidate is None]
    assert baseline == [(NEW,)] * 5
    assert NEW not in {each.candidate for each in cassettes}
    assert f'"{NEW}"' in (walked.root / suite / "responder.py").read_text(encoding="utf-8")
    assert not list((walked.root / suite).rglob("*.new.yaml"))


def test_who_accepted_and_why_is_what_the_merge_brings(walked):
    path = (
        "examples/incident_tools/__llm__/test_incidents/a_stuck_job_is_queued_again.snapshot.yaml"
    )

    decision = read_snapshot(walked.root / path).decision
    assert decision is not None
    assert decision.reason == "It names the job that is stuck, and queues it again."


def test_a_rejection_is_committed_and_the_model_stays(walked):
    _, committed = run("git show --name-only --format= upgrade-support", walked.root)

    assert committed.split()
    assert all(name.endswith(".rejected.yaml") for name in committed.split())
