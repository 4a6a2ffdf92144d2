"""What the README and its guides say is what happens."""

import os
import re
import subprocess

import pytest

from forked_pytest import program
from pages import README as README_PAGE
from pages import ROOT, text_for_users, text_of
from patience import PATIENCE
from pytest_llmregress import Call, Calls, Outcome, TraitKind
from pytest_llmregress.contracts.contract import Contract
from pytest_llmregress.plugin import FLAGS, OPTIONS

README = text_of(README_PAGE)


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


ENVIRONMENT = ["python3 -m venv .venv", ". .venv/bin/activate"]
"""What both commands begin with: Python of Debian or Homebrew installs nothing outside of one."""


def command(marker: str) -> list[str]:
    """Return the steps of the command below a marker, which is one line."""
    (line,) = re.findall(rf"^<!-- {marker} -->\n```sh\n(.*)\n```$", README, flags=re.MULTILINE)
    return line.split(" && ")


@pytest.fixture(scope="module")
def main_job(tmp_path_factory) -> str:
    """Return the output of the README's main job, its installation apart."""
    *installation, replay, candidate = command("main-job")
    assert installation == [*ENVIRONMENT, "python -m pip install -e ."]
    output = ""
    for step, status in ((replay, 0), (candidate, 1)):
        arguments = [
            str(tmp_path_factory.mktemp("report") / part) if part == "drift.json" else part
            for part in step.split()[1:]
        ]
        env = {k: v for k, v in os.environ.items() if not k.startswith(("ANTHROPIC_", "PYTEST_"))}
        result = subprocess.run(
            [*program("python"), *arguments, "-p", "no:cacheprovider"],
            cwd=ROOT,
            env={**env, "CI": "true", "HTTPS_PROXY": "http://127.0.0.1:9", "COLUMNS": "100"},
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
            check=False,
        )
        output += result.stdout
        assert result.returncode == status, output
    return output


def test_the_drift_that_it_shows_is_the_drift_of_the_main_job(main_job):
    (shown,) = blocks("text")

    assert shown in main_job


def test_the_main_job_replays_without_a_claim_and_fails_with_a_reason(main_job):
    assert "Passes: 9 tests replayed\n" in main_job
    assert re.search(r"Fails: \d of 9 tests changed with qwen2.5-coder-1.5b: ", main_job)


def test_the_last_line_of_the_main_job_says_that_its_exit_status_is_meant(main_job):
    (paragraph,) = (part for part in README.split("\n\n") if "`drift.json`" in part)

    last = main_job.strip().splitlines()[-1]

    assert last.startswith("llmregress: exit status 1, as it is meant: candidate qwen2.5-coder")
    assert "exit status 1" in paragraph
    assert README.index(paragraph) < README.index("<!-- main-job -->")


def test_the_test_command_makes_its_own_environment():
    assert command("test-command") == [
        *ENVIRONMENT,
        'python -m pip install -e ".[test]"',
        "python -m pytest -n auto",
    ]


def test_it_names_every_option_and_every_keyword():
    for row in (*OPTIONS, *FLAGS):
        assert f"--llmregress-{row[0]}" in text_for_users()
    for keyword in Contract.__dataclass_fields__:
        assert keyword in text_for_users()


def test_the_hook_of_the_guides_finds_a_trait():
    (hook,) = (
        block
        for block in blocks("python", text_for_users())
        if "def pytest_llmregress_traits" in block
    )
    namespace: dict = {}
    exec(hook, namespace)
    call = Call(provider="any", outcome=Outcome.ANSWERED, text="I am sorry.")

    (trait,) = namespace["pytest_llmregress_traits"](Calls([call]))

    assert (trait.name, trait.value, trait.kind) == ("apologies", 1, TraitKind.NUMBER)
