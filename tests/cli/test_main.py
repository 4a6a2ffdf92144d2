"""The console script as a program."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REFUND = "tests/test_support.py::test_refund"


def start(*arguments: str | Path, **environment: str) -> subprocess.Popen[bytes]:
    code = "import sys; from pytest_llmregress.cli.main import main; sys.exit(main())"
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "pytest-llmregress: the following arguments are required: COMMAND. "),
        (["nope"], "pytest-llmregress: argument COMMAND: invalid choice: 'nope'"),
        (["show"], "pytest-llmregress: the following arguments are required: CASSETTE. "),
        (["status", "--nope"], "pytest-llmregress: unrecognized arguments: --nope. "),
    ],
)
def test_a_usage_that_cannot_be_is_one_line_and_status_2(project, arguments, said):
    run = project.run(*arguments)

    assert run.status == 2
    assert run.out == []
    assert len(run.err) == 1
    assert run.err[0].startswith(said)
    assert run.err[0].endswith(" --help")


@pytest.mark.parametrize("arguments", [["--help"], ["status", "--help"], ["--version"]])
def test_help_and_version_are_fine(project, arguments):
    run = project.run(*arguments)

    assert run.status == 0
    assert "pytest-llmregress" in run.out[0]


def test_no_command_imports_pytest_vcr_or_a_provider(project):
    project.accepted(REFUND)
    code = (
        "import sys; from pytest_llmregress.cli.main import main\n"
        "early = {'yaml', 'pytest_llmregress.cli.status'} & set(sys.modules)\n"
        "main(['status']); main(['show', sys.argv[1]]); main(['accept'])\n"
        "late = {'pytest', 'vcr', 'anthropic', 'deepdiff', 'pytest_llmregress.runner'}\n"
        "print(early, late & set(sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, project.paths(REFUND).cassette],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout.splitlines()[-1] == "set() set()"


def test_a_terminal_without_utf_8_gets_escapes(project):
    project.accepted(REFUND, served="claude-opus-5-1")
    process = start("status", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    out, err = process.communicate()

    assert (process.returncode, err) == (0, b"")
    assert rb"claude-opus-5 \u2192 claude-opus-5-1" in out


def test_a_reader_that_has_gone_is_no_error(project):
    project.accepted(REFUND)
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pytest_llmregress.cli.main import main; sys.exit(main())",
            "status",
        ],
        stdout=writing,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    os.close(writing)
    _, err = process.communicate()

    assert (process.returncode, err) == (0, b"")


def test_the_installed_script_runs(project):
    script = shutil.which("pytest-llmregress", path=str(Path(sys.executable).parent))
    if script is None:
        pytest.skip("pytest-llmregress is not installed beside this interpreter")
    project.accepted(REFUND)
    ran = subprocess.run([script, "status"], capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[-1] == "1 test, 0 pending"
