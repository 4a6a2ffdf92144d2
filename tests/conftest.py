"""What the tests share: a scripted server, and a project of tests that runs against it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any, Self

import pytest

from forked_pytest import is_available, run_forked
from llm_stand import LlmStand
from patience import PATIENCE

KEY = "sk-ant-a-key-that-nobody-may-find-in-a-file-0123456789"  # llmregress: allow-secret
"""The key that a project records with."""
_FOREIGN = frozenset({"CI", "COLUMNS", "NO_COLOR", "FORCE_COLOR", "PY_COLORS"})
_FOREIGN_BEGINNINGS = ("ANTHROPIC_", "LLMREGRESS_", "AWS_", "GITHUB_", "PYTEST_", "OTEL_")
"""The environment variables that a project does not inherit."""
_REPORT = "report.json"


class Project:
    """A folder of tests, and runs of pytest in it; what acts returns the project, for a chain.

    project.write(test_app=...).record(passed=1).offline().replay(passed=1)
    """

    def __init__(self, root: Path, stand: LlmStand) -> None:
        self.root = root / "project"
        self.home = root / "home"
        self.stand = stand
        self.output = ""
        """What the last run said."""
        self.exit_status = 0
        self.outcomes: dict[str, int] = {}
        self.asks_old_model = False
        """Whether a candidate's runs ask the old model again, as they do by default."""
        self.home.mkdir()
        self.write({"pytest.ini": "[pytest]\n"})

    def write(self, files: Mapping[str, str] | None = None, /, **modules: str) -> Self:
        """Write files: by their paths, or modules by their names."""
        for name, text in {**(files or {}), **{f"{m}.py": t for m, t in modules.items()}}.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            # Of two versions within one second, Python takes the bytecode of the first for both.
            shutil.rmtree(path.parent / "__pycache__", ignore_errors=True)
            path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        return self

    def change(self, name: str, old: str, new: str) -> Self:
        """Replace a text that a file holds once."""
        text = self.read(name)
        assert text.count(old) == 1, f"{name} holds {old!r} {text.count(old)} times"
        # A change within the same second, to the same length, is none to a compiled file.
        shutil.rmtree(self.root / "__pycache__", ignore_errors=True)
        return self.write({name: text.replace(old, new)})

    def copy(self, folder: Path) -> "Project":
        """Return a project that begins with these files; its runs leave this one as it is."""
        copied = Project(folder, self.stand)
        copied.asks_old_model = self.asks_old_model
        shutil.copytree(self.root, copied.root, dirs_exist_ok=True)
        return copied

    def record(
        self,
        *arguments: str,
        mode: str = "once",
        env: Mapping[str, str] | None = None,
        **outcomes: int,
    ) -> Self:
        """Run the tests with a key, recording."""
        __tracebackhide__ = True
        env = {"ANTHROPIC_API_KEY": KEY, **(env or {})}
        return self.run(f"--llmregress-record={mode}", *arguments, env=env, **outcomes)

    def replay(
        self, *arguments: str, env: Mapping[str, str] | None = None, **outcomes: int
    ) -> Self:
        """Run the tests without a key."""
        __tracebackhide__ = True
        return self.run(*arguments, env=env, **outcomes)

    def run(self, *arguments: str, env: Mapping[str, str] | None = None, **outcomes: int) -> Self:
        """Run pytest in a process of its own; with outcomes, these and no others are expected."""
        __tracebackhide__ = True
        (self.root / _REPORT).unlink(missing_ok=True)
        self.run_without_report(f"--llmregress-report={_REPORT}", *arguments, env=env)
        if outcomes:
            assert self.outcomes == outcomes
        return self

    def run_without_report(self, *arguments: str, env: Mapping[str, str] | None = None) -> Self:
        """Run pytest in a process of its own, with these options of the plugin and no others."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name not in _FOREIGN and not name.startswith(_FOREIGN_BEGINNINGS)
        }
        ours = {
            "HOME": str(self.home),
            "USERPROFILE": str(self.home),
            "COLUMNS": "200",
            "ANTHROPIC_BASE_URL": self.stand.url,
        }
        arguments = ("-p", "no:cacheprovider", *arguments)
        has_candidate = any(each.startswith("--llmregress-candidate") for each in arguments)
        if has_candidate and not self.asks_old_model:
            arguments = (*arguments, "--llmregress-control=0")
        # What this run alone has in its search path has to be there before the first import.
        forks = is_available() and "PYTHONPATH" not in (env or {})
        env = {**inherited, **ours, **(env or {})}
        output = self.root.parent / "output.txt"
        if forks:
            self.exit_status = run_forked(arguments, cwd=self.root, env=env, output=output)
        else:
            self.exit_status = _run_anew(arguments, cwd=self.root, env=env, output=output)
        self.output = output.read_text(encoding="utf-8", errors="replace")
        self.outcomes = _outcomes(self.output)
        print(self.output)  # noqa: T201 - pytest shows it where the test fails
        return self

    def says(self, *texts: str) -> Self:
        """Expect texts in what the last run said."""
        missing = [text for text in texts if text not in self.output]
        assert not missing
        return self

    def never_says(self, *texts: str) -> Self:
        """Expect that the last run said none of these texts."""
        found = [text for text in texts if text in self.output]
        assert not found
        return self

    def offline(self) -> Self:
        """Stop the server: from here on every connection is refused."""
        self.stand.stop()
        return self

    def online(self) -> Self:
        """Start the server again, on the same port."""
        self.stand.start()
        return self

    def read(self, name: str) -> str:
        """Return a file of the project."""
        return (self.root / name).read_text(encoding="utf-8")

    def files(self) -> dict[str, bytes]:
        """Return what the plugin has written, by path: everything below a `__llm__` folder."""
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in sorted(self.root.rglob("__llm__/**/*"))
            if path.is_file()
        }

    def names(self) -> list[str]:
        """Return the names of these files, without their folders."""
        return [name.rpartition("/")[2] for name in self.files()]

    def report(self) -> dict[str, Any]:
        """Return the last run's report."""
        report: dict[str, Any] = json.loads(self.read(_REPORT))
        return report

    def found(self) -> dict[str, Any]:
        """Return what the last run reports of each marked test, by its name within its file."""
        return {test["test"].partition("::")[2]: test for test in self.report()["tests"]}

    def problems(self) -> dict[str, list[str]]:
        """Return the codes of the problems that the last run reports, by test."""
        return {
            name: [problem["code"] for problem in test["problems"]]
            for name, test in self.found().items()
            if test["problems"]
        }


def pytest_configure(config: pytest.Config) -> None:
    """Leave the tests of a module to one worker, as far as that keeps all of them busy.

    What a module has recorded once is recorded again by each worker that has a part of it.
    """
    if config.getoption("dist", "no") == "load":  # what -n takes where nobody says how
        config.option.dist = "worksteal"


@pytest.fixture
def key() -> str:
    """Return the key that a project records with."""
    return KEY


@pytest.fixture
def stand() -> Iterator[LlmStand]:
    """Return a scripted server that listens."""
    stand = LlmStand().start()
    yield stand
    stand.stop()


@pytest.fixture
def project(tmp_path: Path, stand: LlmStand) -> Project:
    """Return an empty project, with a home folder of its own."""
    return Project(tmp_path, stand)


@pytest.fixture(scope="module")
def module_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Return a project that all tests of a module look at. Who runs something takes a copy."""
    stand = LlmStand().start()
    yield Project(tmp_path_factory.mktemp("module"), stand)
    stand.stop()


def _run_anew(arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str], output: Path) -> int:
    with output.open("wb") as file:
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:randomly", *arguments],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
        ).returncode


def _outcomes(output: str) -> dict[str, int]:
    try:
        found = pytest.RunResult.parse_summary_nouns(output.splitlines())
    except ValueError:  # it came to no summary
        return {}
    return {name: number for name, number in found.items() if name != "warnings"}
