"""The study of examples/README.md runs offline, and its tables are what its command prints."""

import os
import subprocess
from importlib import import_module
from pathlib import Path

import pytest

from forked_pytest import program
from patience import PATIENCE
from pytest_llmregress.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
SUITE = "standing_rules"


@pytest.fixture
def study(monkeypatch):
    """Return the script as a module."""
    monkeypatch.syspath_prepend(EXAMPLES)
    return import_module("study")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script without a key and without a network."""
    foreign = ("ANTHROPIC_", "LLMREGRESS_", "PYTEST_", "DESK_")
    env = {name: text for name, text in os.environ.items() if not name.startswith(foreign)}
    return subprocess.run(
        [*program("python"), "examples/study.py", *arguments],
        cwd=ROOT,
        env={**env, "HTTPS_PROXY": "http://127.0.0.1:9"},
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


def pending() -> set[Path]:
    return set((EXAMPLES / SUITE).rglob("*.new.yaml"))


def test_a_part_of_the_study_runs_offline_and_leaves_reports_and_nothing_to_review(study, tmp_path):
    before = pending()

    done = run(SUITE, "--out", str(tmp_path))

    print(done.stdout, done.stderr)  # noqa: T201 - shown where the test fails
    assert done.returncode == 0
    readme = {line.strip() for line in study.README.read_text(encoding="utf-8").splitlines()}
    table = done.stdout.split("\n\n")[1].splitlines()[:4]
    assert [line.split()[0] for line in table] == ["variant", "baseline", *study.CANDIDATES]
    assert readme.issuperset(table)
    reports = [f"{model}{end}" for model in study.CANDIDATES for end in (".html", ".json", ".txt")]
    written = {f"{study.BASELINE}.txt", "study.txt", "study.md", *reports}
    assert {path.name for path in tmp_path.iterdir()} == written
    assert pending() == before


def test_the_tables_of_the_readme_are_what_the_whole_study_prints(study, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)

    main(study.comparison([f"examples/{suite}" for suite in study.SUITES]))

    tables = study.tables(capsys.readouterr().out)
    assert tables.count("\nexamples/") == len(study.SUITES)
    assert f"{study.BEGIN}{tables}{study.END}" in study.README.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["support"], "no suite of that name: support; code_generation"),
        (["incident_tools", "--write"], "--write: the tables are those of all suites; name none"),
    ],
)
def test_a_wrong_argument_is_told_before_anything_runs(arguments, said, study, tmp_path, capsys):
    with pytest.raises(SystemExit) as raised:
        study.main([*arguments, "--out", str(tmp_path / "out")])

    assert raised.value.code == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
