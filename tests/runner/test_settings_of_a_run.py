"""Settings that cannot be stop the run before anything runs: status 4, and no stack trace."""

from collections.abc import Callable, Mapping

import pytest

USAGE_ERROR = 4
WAYS = ("command line", "environment", "ini file")
TESTS = """
import pytest

@pytest.mark.llm
def test_marked():
    open("ran", "w").close()

def test_unmarked():
    open("ran", "w").close()
"""

UNMARKED_RAN = {"passed": 1, "deselected": 1}

Run = Callable[..., None]


@pytest.fixture
def run(project) -> Run:
    """Return what runs pytest with settings given in one way or another."""
    project.write(test_it=TESTS)

    def run(
        *arguments: str,
        way: str = "command line",
        settings: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        given, env = dict(settings or {}), dict(env or {})
        ini = "[pytest]\n"
        match way:
            case "command line":
                arguments += tuple(
                    f"--llmregress-{name.replace('_', '-')}={value}"
                    for name, value in given.items()
                )
            case "environment":
                for name, value in given.items():
                    env[f"LLMREGRESS_{name.upper()}"] = value
            case "ini file":
                ini += "".join(f"llmregress_{name} = {value}\n" for name, value in given.items())
        project.write({"pytest.ini": ini}).run_without_report(*arguments, env=env)

    return run


def refused(project, *messages: str) -> None:
    assert project.exit_status == USAGE_ERROR
    project.says(*messages).never_says("INTERNALERROR", "Traceback")
    assert not (project.root / "ran").exists()


SPELLED = {
    "record": ("--llmregress-record", "LLMREGRESS_RECORD", "llmregress_record"),
    "fail_on": ("--llmregress-fail-on", "LLMREGRESS_FAIL_ON", "llmregress_fail_on"),
    "candidate": ("--llmregress-candidate", "LLMREGRESS_CANDIDATE", "llmregress_candidate"),
    "report": ("--llmregress-report", "LLMREGRESS_REPORT", "llmregress_report"),
}
BAD = [
    ("record", "onec", "'onec' is none of none, once, new_episodes, all, rewrite"),
    ("fail_on", "minor", "'minor' is none of breaking, notable, cosmetic, never"),
    (
        "candidate",
        "claude-opus-5=claude-opus-5",
        "'claude-opus-5=claude-opus-5' replaces a model by itself; OLD=NEW takes two models",
    ),
]


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "xdist"])
@pytest.mark.parametrize("way", WAYS)
def test_bad_values_are_refused_all_at_once_whichever_way_they_were_given(
    run: Run, project, way: str, workers: tuple[str, ...]
):
    run(*workers, way=way, settings={name: value for name, value, _ in BAD})

    at = WAYS.index(way)
    refused(project, f"ERROR: {SPELLED[BAD[0][0]][at]}: {BAD[0][2]}")
    project.says(*(f"{SPELLED[name][at]}: {message}" for name, _, message in BAD))


@pytest.mark.parametrize("way", ["environment", "ini file"])
@pytest.mark.parametrize("name", ["accept", "allow_ci_record"])
def test_a_flag_that_is_neither_true_nor_false_is_refused(run: Run, project, name: str, way: str):
    run(way=way, settings={name: "maybe"})

    refused(project, "maybe")


@pytest.mark.skipif(pytest.version_tuple < (9, 2), reason="pytest 9.2 has types for TOML keys")
@pytest.mark.parametrize(
    ("name", "table"), [("pytest.toml", "pytest"), ("pyproject.toml", "tool.pytest")]
)
def test_numbers_and_truth_values_of_toml_are_read_and_judged(project, name: str, table: str):
    (project.root / "pytest.ini").unlink()
    good = "llmregress_max_cost = 0.5\nllmregress_max_tokens = 900\nllmregress_batch = false\n"
    bad = "llmregress_samples = 0\nllmregress_confirm = 2.5\nllmregress_accept = true\n"
    project.write({name: f"[{table}]\n{good}{bad}"})

    project.run_without_report()

    refused(project, "ERROR: llmregress_")
    project.says("llmregress_samples: ", "llmregress_confirm: ")
    project.never_says("llmregress_max_cost", "llmregress_max_tokens", "llmregress_batch")


def test_an_unknown_setting_in_the_environment_is_refused(run: Run, project):
    run(way="environment", settings={"recrod": "once"})

    refused(project, "ERROR: LLMREGRESS_RECROD: there is no such setting; LLMREGRESS_ACCEPT, ")


def test_all_problems_are_told_at_once(run: Run, project):
    run("--llmregress-record=onec", env={"LLMREGRESS_FAIL_ON": "minor"})

    refused(project, "ERROR: --llmregress-record: 'onec' is none of ")
    project.says("LLMREGRESS_FAIL_ON: 'minor' is none of ")


@pytest.mark.parametrize("way", WAYS)
def test_a_report_with_an_ending_that_nobody_writes_is_refused(run: Run, project, way: str):
    run(way=way, settings={"report": "drift.docx"})

    refused(project, "drift.docx: no report has this ending; .html, .json, .md, .xml")


CI_MESSAGE = (
    "CI is set, and a recording in CI is paid for and thrown away; record on a machine of yours "
    "and commit the files, or allow it with --llmregress-allow-ci-record"
)


@pytest.mark.parametrize(
    ("mode", "way", "workers"),
    [
        ("once", "command line", ()),
        ("once", "environment", ()),
        ("once", "ini file", ()),
        ("once", "ini file", ("-n", "1")),
        ("rewrite", "command line", ("-n", "1")),
        ("all", "command line", ()),
        ("new_episodes", "command line", ()),
    ],
)
def test_a_recording_in_ci_is_refused(
    run: Run, project, mode: str, way: str, workers: tuple[str, ...]
):
    run(*workers, way=way, settings={"record": mode}, env={"CI": "true"})

    refused(project, f"ERROR: --llmregress-record={mode}: {CI_MESSAGE}")


@pytest.mark.parametrize("way", WAYS)
def test_a_recording_in_ci_can_be_allowed(run: Run, project, way: str):
    allow = ["--llmregress-allow-ci-record"] if way == "command line" else []
    env = {"CI": "true"}
    if way == "environment":
        env["LLMREGRESS_ALLOW_CI_RECORD"] = "1"
    settings = {"record": "once"}
    if way == "ini file":
        settings["allow_ci_record"] = "true"

    run(*allow, "-k", "unmarked", way=way, settings=settings, env=env)

    assert project.outcomes == UNMARKED_RAN


def test_a_replay_in_ci_is_allowed(run: Run, project):
    run("-k", "unmarked", "--llmregress-record=none", env={"CI": "true"})

    assert project.outcomes == UNMARKED_RAN


def test_the_command_line_wins_over_the_environment_and_that_over_the_ini_file(run: Run, project):
    given = {"settings": {"record": "once"}, "env": {"CI": "true", "LLMREGRESS_RECORD": "all"}}

    run(way="ini file", **given)
    project.says("--llmregress-record=all: CI is set")

    run("-k", "unmarked", "--llmregress-record=none", way="ini file", **given)
    assert project.outcomes == UNMARKED_RAN
