"""The command `doctor`."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pytest_llmregress.providers import installed_versions
from pytest_llmregress.storage.cassette_file import write_cassette
from pytest_llmregress.storage.snapshot_file import write_snapshot
from pytest_llmregress.values.snapshot import PendingReason, PendingState

REFUND = "tests/test_support.py::test_refund"
FOLDER = "tests/__llm__/test_support"
KEY = "sk-ant-not-to-be-shown"  # llmregress: allow-secret
CHANGED = PendingState(why=PendingReason.CHANGED, candidate=None, baseline="claude-opus-5")
IGNORE = "*.new.yaml\n*.part.jsonl\n"

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture(autouse=True)
def _no_foreign_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("LLMREGRESS_", "ANTHROPIC_", "GIT_", "OPENAI_", "CI")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory):
    """Return what puts the metadata of a distribution before what is installed."""

    def install(name: str, version: str) -> None:
        folder = tmp_path_factory.mktemp("site")
        info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        monkeypatch.syspath_prepend(folder)
        installed_versions.installed.cache_clear()

    yield install
    installed_versions.installed.cache_clear()


def git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True, capture_output=True)


def repository() -> None:
    """Make the current folder a repository in which all is as it should be."""
    git("init", "--quiet")
    Path(".gitignore").write_text(IGNORE)
    git("add", ".")


def faults(project) -> list[tuple[str, str, str | None]]:
    run = project.run("doctor", "--json")
    found = [each for each in json.loads("\n".join(run.out)) if each["fault"]]
    assert run.status == (1 if found else 0)
    return [(each["where"], each["what"], each["command"]) for each in found]


@needs_git
def test_a_set_up_in_order_has_no_fault(project):
    project.accepted(REFUND)
    repository()
    run = project.run("doctor")

    assert run.status == 0
    assert run.out[-1] == "0 faults in 1 recorded test"
    assert run.out[0].startswith("note   Python ")
    assert "anthropic " in run.out[0]


@pytest.mark.parametrize(
    ("name", "version", "command"),
    [
        ("vcrpy", "8.1.1", 'python -m pip install "vcrpy>=9.4.2,<10"'),
        ("anthropic", "0.97.0", 'python -m pip install "anthropic>=1.9,<3"'),
        ("pytest", "8.3.5", 'python -m pip install "pytest>=8.4"'),
    ],
)
def test_a_version_that_does_not_fit_comes_with_the_command_that_mends_it(
    project, install, name, version, command
):
    install(name, version)

    ((where, what, said),) = faults(project)
    assert where == f"{name} {version}"
    assert what
    assert said == command


def test_a_rival_for_the_marker_is_a_fault(project, install):
    install("pytest-llm", "1.2.3")

    ((where, what, command),) = faults(project)
    assert where == "pytest-llm 1.2.3"
    assert "claims the marker `llm`" in what
    assert command.startswith("pytest -p no:pytest_llm")


@pytest.mark.parametrize(("marks", "number"), [("@pytest.mark.vcr\n", 1), ("", 0)])
def test_another_recorder_is_a_fault_only_where_both_markers_meet(project, install, marks, number):
    install("pytest-vcr", "1.0.2")
    project.accepted(REFUND)
    text = f"import pytest\n@pytest.mark.llm\n{marks}def test_refund(): pass\n"
    Path("tests/test_support.py").write_text(text)

    found = [what for where, what, _ in faults(project) if "pytest-vcr 1.0.2" in where]
    assert len(found) == number
    assert all("both markers, llm and vcr, are in tests/test_support.py" in what for what in found)


def test_a_file_that_cannot_be_read_is_a_fault(project):
    project.accepted(REFUND).snapshot.write_text("llmregress: 1\n<<<<<<< ours\n")

    ((where, what, _),) = faults(project)
    assert where == f"{FOLDER}/refund.snapshot.yaml:2"
    assert "a merge conflict" in what


@pytest.mark.parametrize(
    ("gone", "left", "command"),
    [
        ("snapshot", "cassette", f"pytest {REFUND} --llmregress-accept"),
        ("cassette", "snapshot", f"pytest {REFUND} --llmregress-record once"),
    ],
)
def test_half_of_what_is_accepted_is_a_fault_with_what_brings_the_other_back(
    project, gone, left, command
):
    getattr(project.accepted(REFUND), gone).unlink()

    ((where, what, said),) = faults(project)
    assert (where, said) == (f"{FOLDER}/refund.{left}.yaml", command)
    assert gone in what or "recording" in what


@needs_git
def test_recordings_that_git_does_not_have_are_a_fault(project):
    repository()
    project.accepted(REFUND)

    assert faults(project) == [
        (
            f"{FOLDER}/refund.cassette.yaml, {FOLDER}/refund.snapshot.yaml",
            "recorded, and not in version control, so CI has nothing to replay",
            f"git add {FOLDER}",
        )
    ]


@needs_git
def test_recordings_that_git_ignores_are_a_fault(project):
    project.accepted(REFUND)
    git("init", "--quiet")
    Path(".gitignore").write_text(f"{IGNORE}*.cassette.yaml\n")
    git("add", ".")

    assert faults(project) == [
        (
            f"{FOLDER}/refund.cassette.yaml",
            "recorded, and ignored by git, so nobody else can replay it",
            f"git check-ignore -v {FOLDER}/refund.cassette.yaml names the line to take out",
        )
    ]


@needs_git
def test_what_waits_has_to_be_ignored_before_somebody_commits_it(project):
    project.accepted(REFUND)
    git("init", "--quiet")
    Path(".gitignore").write_text("*.new.yaml\n")
    git("add", ".")

    ((where, what, command),) = faults(project)
    assert where == ".gitignore"
    assert what.startswith("*.part.jsonl could be committed")
    subprocess.run(command, shell=True, check=True)
    assert faults(project) == []


@needs_git
def test_what_waits_and_is_committed_is_a_fault(project):
    paths = project.accepted(REFUND)
    repository()
    paths.journal.write_text("{}\n")
    git("add", "--force", str(paths.journal))

    ((where, _, command),) = faults(project)
    assert where == f"{FOLDER}/refund.part.jsonl"
    assert command == f"git rm --cached {FOLDER}/refund.part.jsonl"


@needs_git
def test_line_ends_that_git_has_rewritten_are_a_fault(project):
    paths = project.accepted(REFUND)
    repository()
    paths.cassette.write_bytes(paths.cassette.read_bytes().replace(b"\n", b"\r\n"))

    found = {where: command for where, _, command in faults(project)}
    assert ".gitattributes" in found[f"{FOLDER}/refund.cassette.yaml"]


@needs_git
@pytest.mark.parametrize(("attributes", "told"), [("", True), ("**/__llm__/** text eol=lf", False)])
def test_git_that_would_rewrite_line_ends_is_told_of(project, attributes, told):
    project.accepted(REFUND)
    repository()
    git("config", "core.autocrlf", "true")
    Path(".gitattributes").write_text(attributes)
    run = project.run("doctor")

    assert run.status == 0
    assert any("core.autocrlf=true" in line for line in run.out) == told


def test_without_a_repository_tracking_is_said_to_be_unchecked(project):
    project.accepted(REFUND)
    run = project.run("doctor")

    assert run.status == 0
    assert any(line.startswith("note   git: no work tree here") for line in run.out)


@pytest.mark.parametrize(
    ("name", "value", "command"),
    [
        ("LLMREGRESS_FAIL_ON", "sometimes", "unset LLMREGRESS_FAIL_ON"),
        ("LLMREGRESS_TYPO", "1", "unset LLMREGRESS_TYPO"),
        ("LLMREGRESS_RECORD", "once", "unset LLMREGRESS_RECORD"),
    ],
)
def test_a_setting_that_stops_each_run_is_a_fault(project, monkeypatch, name, value, command):
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv(name, value)

    ((where, _, said),) = faults(project)
    assert (where, said) == (name, command)


@pytest.mark.parametrize("name", ["ANTHROPIC_API_KEY", "CO_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN"])
def test_a_key_is_named_and_its_value_is_never_shown(project, monkeypatch, name):
    monkeypatch.setenv(name, KEY)
    monkeypatch.setenv("CI", "true")
    run = project.run("doctor")

    assert run.status == 0
    assert any(f"{name}: set, and no replay needs it; in CI" in line for line in run.out)
    assert KEY not in "\n".join([*run.out, *run.err])


def test_settings_that_lead_an_agent_past_the_gateway_are_told(project, monkeypatch, tmp_path):
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path))
    settings = tmp_path / "settings.json"
    settings.write_text('{"env": {"ANTHROPIC_BASE_URL": "https://llm.corp"}}')
    run = project.run("doctor")

    assert run.status == 0
    told = f"note   {settings}: its env sets ANTHROPIC_BASE_URL, which wins over"
    assert [line for line in run.out if line.startswith(told)]
    for harmless in ('{"env": {"A": "b"}}', "[]", "no JSON"):
        settings.write_text(harmless)
        assert str(settings) not in "\n".join(project.run("doctor").out)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("command", ["status", "doctor", "prune", "accept --all", "show"])
@pytest.mark.parametrize("kind", ["pipe", "loop", "dangling"])
def test_something_else_in_the_place_of_a_cassette_is_named(project, command, kind):
    project.accepted(REFUND)
    cassette = project.paths(REFUND).cassette
    cassette.unlink()
    if kind == "pipe":
        os.mkfifo(cassette)
    else:
        cassette.symlink_to(cassette.name if kind == "loop" else "gone")
    arguments = [*command.split(), *([str(cassette)] if command == "show" else [])]
    run = project.run(*arguments)
    assert f"{FOLDER}/refund.cassette.yaml: it " in "\n".join([*run.out, *run.err])


@pytest.mark.parametrize("is_waiting", [False, True])
def test_a_snapshot_of_another_recording_is_told_with_the_way_out(project, is_waiting):
    paths = project.accepted(REFUND)
    other = project.cassette(REFUND, text="It is lost.")
    write_cassette(paths.cassette, other)
    if is_waiting:
        write_snapshot(paths.pending_snapshot, project.snapshot(other, CHANGED))
    file = f"{FOLDER}/refund.snapshot.yaml"
    doctor, status = project.run("doctor"), project.run("status")
    assert (doctor.status, status.status) == (1, 2)
    (told,) = [line for line in doctor.out if file in line]
    (problem,) = [line for line in status.err if file in line]
    for line in (told, problem):
        assert "it belongs to another recording than the one beside it" in line
        ends = [
            f"git checkout BRANCH -- {FOLDER}/refund.cassette.yaml {file}",
            f"pytest {REFUND} --llmregress-accept",
        ]
        for end in [f"pytest-llmregress accept {REFUND}"] if is_waiting else ends:
            assert end in line


def test_half_an_upgrade_is_told_with_the_command_that_finishes_it(project):
    plan, new = "tests/test_support.py::test_plan", "claude-haiku-5"
    for test in (REFUND, plan):
        project.accepted(test)
        project.candidate(test, new)
    assert not [line for line in project.run("doctor").out if new in line]
    project.run("accept", plan)

    (told,) = [line for line in project.run("doctor").out if new in line]
    what = "it is the model of 1 baseline, and not yet of 1 test with a recording of it"
    command = f"pytest-llmregress accept --all --candidate {new}"
    assert told == f"note   {new}: {what}. {command}"
