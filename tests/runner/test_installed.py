"""What is installed beside us: versions that we cannot stand on, and a rival for the marker."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
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


def run(project, *arguments: str) -> None:
    """Run pytest with what lies in the project before what is installed, for workers as well."""
    env = {"PYTHONPATH": str(project.root)} if "-n" in arguments else {}
    project.run_without_report(*arguments, env=env)


def refused(project, message: str) -> None:
    assert project.exit_status != 0
    project.says(message).never_says("INTERNALERROR", "Traceback")
    assert not (project.root / "ran").exists()


def own(modules: list[str]) -> list[str]:
    return [name for name in modules if name.split(".")[0] == "pytest_llmregress"]


# --- start-up --------------------------------------------------------------------------------


def modules_of(statement: str) -> list[str]:
    """Return what a fresh interpreter imports for a statement."""
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", statement],
        check=True,
        capture_output=True,
        text=True,
    )
    return [line.rpartition("|")[2].strip() for line in result.stderr.splitlines()]


def test_importing_the_plugin_imports_nothing_heavy():
    imported = modules_of("import pytest_llmregress.plugin")

    assert "pytest_llmregress.plugin" in imported
    assert HEAVY & {name.split(".")[0] for name in imported} == set()
    assert len(own(imported)) <= 3


def test_the_hooks_around_a_test_import_no_extractor_and_no_server():
    """A replay extracts nothing, and a test that starts no child needs no gateway that listens."""
    imported = modules_of("import pytest_llmregress.runner.hooks")

    assert "pytest_llmregress.pipeline.observe" in imported
    assert [name for name in imported if name.startswith("pytest_llmregress.behavior")] == []
    assert "http.server" not in imported


NOT_FOR_A_REPLAY = frozenset(
    {
        *("providers.batches", "providers.anthropic.message_batches"),
        *("providers.openai.dialects", "providers.openai.chat", "providers.openai.responses"),
        *("providers.openai.batch_files", "providers.openai.judge", "providers.gemini.reply"),
        *(
            "providers.bedrock.reply",
            "providers.cohere.reply",
            "providers.anthropic.judge",
            "recording.request_capture",
        ),
        *(
            "recording.request_pool",
            "recording.vcr_bridge",
            "behavior.traits",
            "comparison.compare_behavior",
        ),
        *("gateway.listening", "runner.concurrent", "reports.html", "verdicts.judge_run"),
    }
)


def test_a_replay_imports_nothing_of_other_providers_and_nothing_that_records(tmp_path: Path):
    (tmp_path / "show_modules.py").write_text(SHOW_MODULES, encoding="utf-8")
    test = f"{ROOT}/examples/support/test_support.py::test_a_question_about_the_rules_needs_no_tool"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-p",
            "show_modules",
            test,
        ],
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )

    imported = own((tmp_path / "modules").read_text(encoding="utf-8").split())
    assert "pytest_llmregress.recording.httpx_replay" in imported
    assert NOT_FOR_A_REPLAY & {name.partition(".")[2] for name in imported} == set()


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


def test_a_run_without_marked_tests_has_no_hook_around_a_test(project):
    project.write(conftest=SHOW_HOOKS, test_it="def test_unmarked(): pass").run_without_report()

    assert project.outcomes == {"passed": 1}
    assert project.read("hooks").split() == []


def test_a_run_with_a_marked_test_has_hooks_around_it(project):
    project.write(conftest=SHOW_HOOKS, test_it=MARKED).run_without_report()

    assert "pytest_runtest_call" in project.read("hooks").split()


# --- versions --------------------------------------------------------------------------------


def pretend(project, package: str, version: str) -> None:
    """Put the metadata of another version before the installed one."""
    metadata = f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
    project.write({f"{package}-{version}.dist-info/METADATA": metadata})


UNSUPPORTED = [
    ("vcrpy", "8.1.1", ">=9.4.2,<10", ()),
    ("vcrpy", "8.1.1", ">=9.4.2,<10", ("-n", "1")),
    ("vcrpy", "10.0.0", ">=9.4.2,<10", ()),
    ("anthropic", "0.97.0", ">=1.9,<3", ()),
    ("anthropic", "3.0.0", ">=1.9,<3", ()),
]


@pytest.mark.parametrize(("package", "version", "allowed", "workers"), UNSUPPORTED)
def test_a_version_that_we_cannot_stand_on_stops_the_run(
    project, package: str, version: str, allowed: str, workers: tuple[str, ...]
):
    pretend(project, package, version)
    run(project.write(test_it=MARKED), *workers)

    refused(
        project,
        f"{package} {version}: pytest-llmregress cannot record or replay with this version; "
        f'{package}{allowed}. python -m pip install "{package}{allowed}"',
    )
    assert project.exit_status == USAGE_ERROR


def test_where_no_test_is_marked_no_version_matters(project):
    pretend(project, "vcrpy", "8.1.1")
    run(project.write(test_it="def test_unmarked(): pass"))

    assert project.outcomes == {"passed": 1}


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
def test_another_plugin_that_claims_the_marker_is_named(project, workers: tuple[str, ...]):
    run(project.write(pytest_llm=OTHER, test_it=MARKED), "-p", "pytest_llm", *workers)

    refused(
        project,
        "test_it.py::test_marked: pytest-llm is installed too and claims the marker `llm`; one of "
        "the two can have it. Run with -p no:pytest_llm, or uninstall it: "
        "python -m pip uninstall pytest-llm",
    )
    project.never_says("unpack")


def test_another_plugin_that_claims_the_marker_does_not_matter_to_unmarked_tests(project):
    unmarked = "def test_unmarked(): pass"
    run(project.write(pytest_llm=OTHER, test_it=unmarked), "-p", "pytest_llm")

    assert project.outcomes == {"passed": 1}


def test_with_the_other_plugin_switched_off_the_marker_is_ours(project):
    pretend(project, "pytest_llm", "1.0")
    entry = {"pytest_llm-1.0.dist-info/entry_points.txt": "[pytest11]\npytest_llm = pytest_llm\n"}
    project.write(entry, pytest_llm=OTHER, test_it=MARKED)

    run(project)
    project.says("pytest-llm is installed too")

    run(project, "-p", "no:pytest_llm")
    project.never_says("pytest-llm is installed too").says("and made no model call")
