"""What is installed beside us: versions that we cannot stand on, and a rival for the marker."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

USAGE_ERROR = 4
HEAVY = frozenset({"anthropic", "deepdiff", "genai_prices", "vcr", "yaml"})
MARKED = """
import pytest

@pytest.mark.llm
def test_marked():
    open("ran", "w").close()
"""
SHOW_MODULES = """
import sys

def pytest_unconfigure(config):
    with open("modules", "w") as file:
        file.write("\\n".join(sys.modules))
"""

SHOW_HOOKS = """
import pytest

@pytest.hookimpl(trylast=True)
def pytest_runtest_logfinish(nodeid):
    names = ["pytest_report_teststatus"]
    names += [name for name in vars(CONFIG.hook) if name.startswith("pytest_runtest_")]
    with open("hooks", "w") as file:
        for name in names:
            for hook in getattr(CONFIG.hook, name).get_hookimpls():
                if "llmregress" in hook.plugin_name:
                    file.write(f"{name}\\n")

def pytest_configure(config):
    global CONFIG
    CONFIG = config
"""


def said(result: pytest.RunResult) -> str:
    return "\n".join([*result.outlines, *result.errlines])


def own(modules: list[str]) -> list[str]:
    return [name for name in modules if name.split(".")[0] == "pytest_llmregress"]


# --- start-up --------------------------------------------------------------------------------


def test_importing_the_plugin_imports_nothing_heavy():
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import pytest_llmregress.plugin"],
        check=True,
        capture_output=True,
        text=True,
    )

    imported = [line.rpartition("|")[2].strip() for line in result.stderr.splitlines()]
    assert "pytest_llmregress.plugin" in imported
    assert HEAVY & {name.split(".")[0] for name in imported} == set()
    assert len(own(imported)) <= 3


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_a_run_without_marked_tests_imports_nothing_heavy(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, workers: tuple[str, ...]
):
    monkeypatch.delenv("CI", raising=False)
    pytester.makeconftest(SHOW_MODULES)
    pytester.makepyfile("def test_unmarked(): pass")

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", *workers)

    modules = (pytester.path / "modules").read_text(encoding="utf-8").split()
    result.assert_outcomes(passed=1)
    assert "pytest_llmregress.plugin" in modules
    assert HEAVY & {name.split(".")[0] for name in modules} == set()
    if not workers:
        assert len(own(modules)) <= 3, own(modules)


def test_a_run_without_marked_tests_has_no_hook_around_a_test(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("CI", raising=False)
    pytester.makeconftest(SHOW_HOOKS)
    pytester.makepyfile("def test_unmarked(): pass")

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")

    result.assert_outcomes(passed=1)
    assert (pytester.path / "hooks").read_text(encoding="utf-8").split() == []


def test_a_run_with_a_marked_test_has_hooks_around_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("CI", raising=False)
    pytester.makeconftest(SHOW_HOOKS)
    pytester.makepyfile(MARKED)

    pytester.runpytest_subprocess("-p", "no:cacheprovider")

    assert "pytest_runtest_call" in (pytester.path / "hooks").read_text(encoding="utf-8").split()


# --- versions --------------------------------------------------------------------------------


@pytest.fixture
def pretend(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what puts the metadata of another version before the installed one."""
    monkeypatch.delenv("CI", raising=False)
    folder = pytester.path / "elsewhere"

    def pretend(package: str, version: str) -> None:
        info = folder / f"{package}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n", encoding="utf-8"
        )
        monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)

    return pretend


UNSUPPORTED = [
    ("vcrpy", "8.1.1", ">=9.4.2,<10", ()),
    ("vcrpy", "8.1.1", ">=9.4.2,<10", ("-n", "1")),
    ("vcrpy", "10.0.0", ">=9.4.2,<10", ()),
    ("anthropic", "0.97.0", ">=1.0,<3", ()),
    ("anthropic", "3.0.0", ">=1.0,<3", ()),
]


@pytest.mark.parametrize(("package", "version", "allowed", "workers"), UNSUPPORTED)
def test_a_version_that_we_cannot_stand_on_stops_the_run(
    pytester: pytest.Pytester,
    pretend: Callable[..., None],
    *,
    package: str,
    version: str,
    allowed: str,
    workers: tuple[str, ...],
):
    pretend(package, version)
    pytester.makepyfile(MARKED)

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", *workers)

    output = said(result)
    assert result.ret == USAGE_ERROR, output
    assert (
        f"{package} {version}: pytest-llmregress cannot record or replay with this version; "
        f'{package}{allowed}. python -m pip install "{package}{allowed}"'
    ) in output
    assert "INTERNALERROR" not in output
    assert "Traceback" not in output
    assert not (pytester.path / "ran").exists()


def test_where_no_test_is_marked_no_version_matters(
    pytester: pytest.Pytester, pretend: Callable[..., None]
):
    pretend("vcrpy", "8.1.1")
    pytester.makepyfile("def test_unmarked(): pass")

    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


# --- pytest-llm ------------------------------------------------------------------------------

OTHER = '''
"""What pytest-llm does, as far as it matters here: it claims the marker and its arguments."""

def pytest_generate_tests(metafunc):
    marker = metafunc.definition.get_closest_marker("llm")
    if marker:
        prompt, rate = marker.args
        metafunc.parametrize("sample", range(10))
'''


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_another_plugin_that_claims_the_marker_is_named(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, workers: tuple[str, ...]
):
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(pytester.path), prepend=os.pathsep)
    pytester.makepyfile(pytest_llm=OTHER, test_it=MARKED)

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "pytest_llm", *workers)

    output = said(result)
    assert (
        "test_it.py::test_marked: pytest-llm is installed too and claims the marker `llm`; one of "
        "the two can have it. Run with -p no:pytest_llm, or uninstall it: "
        "python -m pip uninstall pytest-llm"
    ) in output
    assert result.ret != 0
    assert "INTERNALERROR" not in output
    assert "Traceback" not in output
    assert "unpack" not in output
    assert not (pytester.path / "ran").exists()


def test_another_plugin_that_claims_the_marker_does_not_matter_to_unmarked_tests(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PYTHONPATH", str(pytester.path), prepend=os.pathsep)
    pytester.makepyfile(pytest_llm=OTHER, test_it="def test_unmarked(): pass")

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "pytest_llm")

    result.assert_outcomes(passed=1)


def test_with_the_other_plugin_switched_off_the_marker_is_ours(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(pytester.path), prepend=os.pathsep)
    info = pytester.path / "pytest_llm-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pytest-llm\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[pytest11]\npytest_llm = pytest_llm\n")
    pytester.makepyfile(pytest_llm=OTHER, test_it=MARKED)

    on = said(pytester.runpytest_subprocess("-p", "no:cacheprovider"))
    off = said(pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:pytest_llm"))

    assert "pytest-llm is installed too" in on
    assert "pytest-llm is installed too" not in off
    assert "and made no model call" in off
