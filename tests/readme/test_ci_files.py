"""The files for CI do what they say, as far as a machine without the internet can show it."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from forked_pytest import programs
from patience import PATIENCE

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "ci"
OLD, NEW = "claude-opus-5", "claude-opus-5-5"
APP = """
    import anthropic

    def ask(text="Hello"):
        return anthropic.Anthropic().messages.create(
            model="claude-opus-5", max_tokens=100, messages=[{"role": "user", "content": text}]
        )
"""
TEST = """
    import pytest
    from app import ask

    @pytest.mark.llm
    def test_hello():
        assert "Paris" in ask().content[0].text
"""


def read(name: str) -> Any:
    return yaml.safe_load((EXAMPLES / name).read_text(encoding="utf-8"))


@pytest.fixture
def recorded(project):
    answer = "Paris is the capital of France."
    project.stand.script(OLD, answer).script(NEW, answer)
    project.write(app=APP, test_it=TEST).record(passed=1)
    return project


def run(project, script: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a script as CI does, with this Python in place of the one that CI installs."""
    summary = project.root / "step-summary.md"
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("ANTHROPIC_", "PYTEST"))}
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script],
        cwd=project.root,
        env={
            **inherited,
            "PATH": f"{programs()}{os.pathsep}{os.environ['PATH']}",
            "CI": "true",
            "HOME": str(project.home),
            "ANTHROPIC_BASE_URL": project.stand.url,
            "GITHUB_STEP_SUMMARY": str(summary),
            **env,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def steps(name: str, job: str) -> dict[str, str]:
    """Return the scripts of a workflow's steps, by their names."""
    return {each["name"]: each["run"] for each in read(name)["jobs"][job]["steps"] if "run" in each}


GH = """\
#!/bin/sh
printf '%s\\n' "$*" >> gh.log
case "$*" in *--jq*) cat known.txt 2>/dev/null;; esac
exit 0
"""
"""A stand-in for GitHub's program: writes down its calls, and knows the comment of known.txt."""


def action() -> dict[str, str]:
    """Return the scripts of the composite action's steps, by their names."""
    steps = read("action.yml")["runs"]["steps"]
    return {each["name"]: each["run"] for each in steps if "run" in each}


def test_the_replay_of_a_pull_request_needs_no_key_and_leaves_a_summary(recorded):
    recorded.offline()
    uses = [each.get("uses", "") for each in read("github-replay.yml")["jobs"]["replay"]["steps"]]

    replay = run(recorded, action()["test"], ARGUMENTS="-n 1", GITHUB_ACTIONS="true")

    assert "./.github/actions/llm-tests" in uses
    assert replay.returncode == 0, replay.stdout
    assert recorded.read("step-summary.md") == recorded.read("llm.md")
    assert recorded.read("llm.html").startswith("<!doctype html>")


def test_each_run_of_a_pull_request_edits_the_comment_of_the_one_before(recorded):
    recorded.offline().write({"bin/gh": GH})
    (recorded.root / "bin" / "gh").chmod(0o755)
    env = {
        "ARGUMENTS": "",
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "me/it",
        "NUMBER": "7",
    }
    found = f"PATH={recorded.root}/bin:$PATH\n{action()['comment']}"
    assert run(recorded, action()["test"], **env).returncode == 0

    assert run(recorded, found, **env).returncode == 0
    recorded.write({"known.txt": "41\n"})
    assert run(recorded, found, **env).returncode == 0

    first, second = [
        line for line in recorded.read("gh.log").splitlines() if line.startswith("api --method")
    ]
    assert first == "api --method POST repos/me/it/issues/7/comments -F body=@llm.md --silent"
    assert second == "api --method PATCH repos/me/it/issues/comments/41 -F body=@llm.md --silent"


@pytest.mark.parametrize(
    ("name", "job", "env"),
    [
        ("github-upgrade.yml", "upgrade", {"CANDIDATE": NEW}),
    ],
)
def test_a_job_with_a_key_records_reports_and_fails_on_a_drift(recorded, key, name, job, env):
    scripts = steps(name, job)
    same = run(recorded, scripts["record"], ANTHROPIC_API_KEY=key, **env)
    assert same.returncode == 0, same.stdout

    recorded.stand.script(OLD, "[[refusal cyber]]").script(NEW, "[[refusal cyber]]")
    again = scripts["record"].replace("--llmregress-record once", "--llmregress-record rewrite")
    drifted = run(recorded, again, ANTHROPIC_API_KEY=key, **env)

    assert drifted.returncode == 1, drifted.stdout
    assert "refused (cyber)" in recorded.read("llm.md")
    assert recorded.read("llm.html").startswith("<!doctype html>")


def test_a_canary_keeps_its_nights_in_a_branch_and_fails_where_the_model_moved(
    project, key, tmp_path
):
    project.stand.script(OLD, "Paris is the capital of France.")
    project.write(app=APP, test_it=TEST).record("--llmregress-samples=10", passed=1)
    origin = tmp_path / "origin.git"
    run(project, f"git init -q --bare {origin} && git init -q . && git remote add origin {origin}")
    scripts = steps("github-canary.yml", "canary")
    statuses = []
    for answer in ("Paris is the capital of France.", "I cannot help with that."):
        project.stand.script(OLD, answer)
        (project.root / "nights.jsonl").unlink(missing_ok=True)
        assert run(project, scripts["history"]).returncode == 0
        night = run(project, scripts["record"], ANTHROPIC_API_KEY=key, MODEL=OLD)
        statuses.append(night.returncode)
        kept = run(project, scripts["keep"])
        assert kept.returncode == 0, kept.stderr

    shown = run(project, f"git -C {origin} show llm-canary:nights.jsonl").stdout
    log = run(project, f"git -C {origin} log --oneline llm-canary").stdout
    assert statuses == [0, 1], night.stdout
    assert [json.loads(line)["fails"] for line in shown.splitlines()] == [False, True]
    assert len(log.splitlines()) == 2
    assert "Pass rate by night" in project.read("llm.html")


def test_a_canary_that_recorded_nothing_keeps_nothing(project):
    assert run(project, steps("github-canary.yml", "canary")["keep"]).returncode == 0


def test_gitlab_gets_a_junit_report(recorded, key):
    jobs = read("gitlab-ci.yml")
    (replay,) = jobs["replay"]["script"]
    (upgrade,) = jobs["upgrade"]["script"]

    assert run(recorded, upgrade, ANTHROPIC_API_KEY=key, CANDIDATE=NEW).returncode in {0, 1}
    recorded.offline()
    assert run(recorded, replay).returncode == 0

    assert "<testsuite" in recorded.read("llm.xml")


def test_the_commit_hook_runs_what_is_installed(recorded):
    (hook,) = read("pre-commit-config.yaml")["repos"][0]["hooks"]

    assert run(recorded, f"{hook['entry']} .").returncode == 0


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("github-*.yml")), ids=lambda path: path.stem)
def test_a_workflow_asks_for_no_more_rights_than_it_needs(path):
    workflow = read(path.name)

    pushes = "git push" in str(workflow)
    assert workflow["permissions"]["contents"] == ("write" if pushes else "read")
    assert all(
        "ANTHROPIC_API_KEY" not in str(job) or "secrets.ANTHROPIC_API_KEY" in str(job)
        for job in workflow["jobs"].values()
    )
