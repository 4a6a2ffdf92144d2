"""Each adapter replays what was recorded, and says why it is skipped where its package is not."""

import json
import os
from importlib.util import find_spec
from pathlib import Path
from shutil import copytree

import pytest

from forked_pytest import is_available, run_forked
from pytest_llmregress.cli.main import main
from pytest_llmregress.storage.cassette_file import read_cassette

ROOT = Path(__file__).resolve().parents[2]
SUITE = ROOT / "examples" / "adapters"
MOVED = SUITE / "from_pytest_recording"
NEEDS = {
    "test_pydantic_ai.py": "pydantic_ai",
    "test_langchain.py": "langchain_anthropic",
    "test_fastapi.py": "fastapi",
    "test_async.py": "anthropic",
    "test_unittest.py": "anthropic",
    "from_pytest_recording/after/test_captions.py": "anthropic",
    "from_pytest_recording/before/test_captions.py": "pytest_recording",
}
"""What has to be installed for a case, by its file."""
CASSETTES = [read_cassette(path) for path in sorted(SUITE.rglob("*.cassette.yaml"))]

needs_fork = pytest.mark.skipif(not is_available(), reason="this system cannot fork")


def environment() -> dict[str, str]:
    """Return what a replay needs: no key, and no way to a network."""
    foreign = ("ANTHROPIC_", "LLMREGRESS_", "PYTEST_")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(foreign)}
    # In CI nothing is left pending beside the recordings.
    return {**inherited, "CI": "true", "HTTPS_PROXY": "http://127.0.0.1:9"}


def replay(tmp_path: Path, *arguments: str, cwd: Path = ROOT) -> tuple[int, str, dict]:
    """Run pytest; return its status, what it says and its report."""
    output, report = tmp_path / "output.txt", tmp_path / "report.json"
    common = ("-rs", "-p", "no:cacheprovider", "-p", "no:xdist", f"--llmregress-report={report}")
    status = run_forked([*arguments, *common], cwd=cwd, env=environment(), output=output)
    text = output.read_text(encoding="utf-8")
    print(text)  # noqa: T201 - pytest shows it where the test fails
    return status, text, json.loads(report.read_text(encoding="utf-8"))


def is_installed(path: str) -> bool:
    """Tell whether a case can run; importing a framework to find out takes seconds."""
    return find_spec(NEEDS[path]) is not None


def recorded(path: str, candidate: str | None = None) -> set[str]:
    """Return the tests of a file that have a recording."""
    tests = {cassette.test for cassette in CASSETTES if cassette.candidate == candidate}
    return {test for test in tests if test.startswith(f"examples/adapters/{path}::")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> tuple[int, str, dict]:
    """Return what a replay of all cases comes to."""
    if not is_available():
        pytest.skip("this system cannot fork")
    return replay(tmp_path_factory.mktemp("whole"), "examples/adapters")


def test_everything_that_is_installed_passes(whole):
    status, text, report = whole

    assert status == 0
    assert f"\nPasses: {len(report['tests'])} tests replayed\n" in text


@pytest.mark.parametrize("path", [path for path in NEEDS if "/before/" not in path])
def test_a_case_replays_what_was_recorded(whole, path):
    if not is_installed(path):
        pytest.skip(f"{NEEDS[path]} is not installed")
    _, _, report = whole

    found = {test["test"]: test["mode"] for test in report["tests"] if f"/{path}::" in test["test"]}
    assert set(found) == recorded(path) != set()
    assert set(found.values()) == {"replayed"}


@needs_fork
def test_a_candidate_is_asked_through_a_framework(tmp_path):
    files = [path for path in ("test_pydantic_ai.py", "test_langchain.py") if is_installed(path)]
    if not files:
        pytest.skip("neither pydantic-ai nor langchain-anthropic is installed")
    candidate = "qwen2.5-coder-0.5b"
    status, _, report = replay(
        tmp_path,
        *(f"examples/adapters/{path}" for path in files),
        f"--llmregress-candidate={candidate}",
    )

    assert status == ("test_langchain.py" in files)
    tests = {test["test"]: test["requested_models"] for test in report["tests"]}
    assert set(tests) == {test for path in files for test in recorded(path, candidate)}
    assert all(models == [candidate] for models in tests.values())


@needs_fork
def test_what_is_not_installed_is_skipped_with_the_reason(tmp_path):
    absent = sorted({package for package in NEEDS.values() if package != "anthropic"})
    blocked = "".join(f"sys.modules[{package!r}] = None\n" for package in absent)
    (tmp_path / "absent_packages.py").write_text(f"import sys\n\n{blocked}", encoding="utf-8")
    output = tmp_path / "output.txt"
    status = run_forked(
        [
            *("examples/adapters", "-rs", "-q"),
            *("-p", "absent_packages", "-p", "no:recording", "-p", "no:cacheprovider"),
        ],
        cwd=ROOT,
        env={**environment(), "PYTHONPATH": str(tmp_path), "COLUMNS": "200"},
        output=output,
    )
    text = output.read_text(encoding="utf-8")

    assert status == 0, text
    skipped = [line for line in text.splitlines() if line.startswith("SKIPPED")]
    assert len(skipped) == len(absent)
    assert all("needs pip install" in line for line in skipped)


@needs_fork
def test_a_suite_of_pytest_recording_is_moved_by_the_printed_commands(tmp_path, monkeypatch):
    suite = tmp_path / "suite"
    copytree(MOVED, suite)
    before = {path: path.read_bytes() for path in suite.glob("before/**/*.yaml")}
    committed = {
        path.relative_to(suite): read_cassette(path).interactions
        for path in suite.glob("after/**/*.cassette.yaml")
    }
    for path in suite.glob("after/__llm__/*/*"):
        path.unlink()
    monkeypatch.chdir(suite)

    assert main(["import", "before", "--tests", "after"]) == 0
    imported = {path: read_cassette(suite / path).interactions for path in committed}
    accepted, _, _ = replay(tmp_path, "after", "--llmregress-accept", cwd=suite)
    status, _, report = replay(tmp_path, "after", cwd=suite)

    assert imported == committed
    assert len(imported) == len(before) == 3
    assert (accepted, status) == (0, 0)
    assert [test["mode"] for test in report["tests"]] == ["replayed"] * 3
    assert all(not test["problems"] for test in report["tests"])
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.skipif(find_spec("pytest_recording") is None, reason="pytest-recording is not here")
@needs_fork
def test_the_suite_as_it_was_still_passes_too(tmp_path):
    status, text, report = replay(tmp_path, str(MOVED / "before"), "--block-network")

    assert status == 0
    assert "3 passed" in text
    assert report["tests"] == []
