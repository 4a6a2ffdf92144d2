"""The project's own CI runs what a developer runs, and a machine that cannot run it is told why."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from patience import PATIENCE

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def workflow() -> Any:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=yaml.BaseLoader)  # YAML 1.1 takes the key `on` for true


@pytest.fixture(scope="module")
def project() -> Any:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_it_runs_the_script_that_a_developer_runs(workflow):
    (job,) = workflow["jobs"].values()

    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_it_runs_on_every_version_that_the_classifiers_name(workflow, project):
    (job,) = workflow["jobs"].values()
    named = [each.rpartition(" ")[2] for each in project["classifiers"] if ":: 3." in each]

    assert job["strategy"]["matrix"]["python-version"] == named
    assert project["requires-python"] == f">={named[0]}"


def test_it_runs_on_push_on_pull_requests_and_each_night(workflow):
    assert set(workflow["on"]) == {"push", "pull_request", "schedule"}
    assert len(workflow["on"]["schedule"][0]["cron"].split()) == 5


def test_its_actions_are_pinned_and_may_only_read(workflow):
    (job,) = workflow["jobs"].values()
    actions = [step["uses"] for step in job["steps"] if "uses" in step]

    assert [each for each in actions if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", each)] == []
    assert workflow["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("script", ["run", "functions.sh"])
def test_its_scripts_are_well_formed(script):
    path = ROOT / ".ci" / script

    assert subprocess.run(["bash", "-n", path], check=False).returncode == 0


def test_the_tests_that_its_scripts_name_are_there():
    text = "".join((ROOT / ".ci" / name).read_text("utf-8") for name in ("run", "prereleases.py"))
    named = set(re.findall(r"(?<![\w/-])(?:tests|examples)/[\w/]+(?:\.py)?", text))

    assert len(named) > 5
    assert [each for each in named if not (ROOT / each).exists()] == []


def old_python(folder: Path) -> str:
    """Return a program that answers as Python 3.10 does."""
    program = folder / "python3.10"
    program.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.10.13 || exit 1\n')
    program.chmod(0o755)
    return str(program)


def without_venv(folder: Path) -> str:
    """Return a Python that cannot make a virtual environment, as Debian's without python3-venv."""
    program = folder / "python3"
    program.write_text(f'#!/bin/sh\n[ "$1" = -m ] && exit 1\nexec "{sys.executable}" "$@"\n')
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize(
    ("python", "message"),
    [
        (
            lambda _: "python3.1",
            (
                "CI: there is no python3.1; install Python 3.11 or later, or name one: "
                "PYTHON=python3.12 .ci/run"
            ),
        ),
        (
            old_python,
            (
                "CI: Python 3.10.13 is too old; Python 3.11 or later. Name one: "
                "PYTHON=python3.12 .ci/run"
            ),
        ),
        (
            without_venv,
            (
                "CI: {python} makes no virtual environment; on Debian and Ubuntu: "
                "sudo apt install python3-venv"
            ),
        ),
    ],
    ids=["none", "too old", "no venv"],
)
def test_a_machine_that_cannot_run_it_is_told_in_a_line_what_to_do(tmp_path, python, message):
    name = python(tmp_path)

    done = subprocess.run(
        [ROOT / ".ci" / "run"],
        env={**os.environ, "PYTHON": name, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )

    assert done.returncode == 1
    assert done.stderr.splitlines() == [message.format(python=name)]


def test_an_index_that_cannot_be_reached_is_told_in_a_line_what_to_do(tmp_path):
    done = subprocess.run(
        [ROOT / ".ci" / "run"],
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("PIP_")},
            "PYTHON": sys.executable,
            "TMPDIR": str(tmp_path),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "CI: pip cannot install uv: is a package index reached? Name yours by PIP_INDEX_URL, "
        "or a proxy by HTTPS_PROXY"
    )
