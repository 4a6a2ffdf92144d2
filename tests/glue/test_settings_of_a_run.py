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

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return what runs pytest with settings given in one way or another."""
    monkeypatch.delenv("CI", raising=False)
    pytester.makepyfile(test_it=TESTS)

    def run(
        *arguments: str, way: str = "command line", settings: Mapping[str, str] | None = None
    ) -> pytest.RunResult:
        given = dict(settings or {})
        ini = "[pytest]\n"
        match way:
            case "command line":
                arguments += tuple(
                    f"--llmregress-{name.replace('_', '-')}={value}"
                    for name, value in given.items()
                )
            case "environment":
                for name, value in given.items():
                    monkeypatch.setenv(f"LLMREGRESS_{name.upper()}", value)
            case "ini file":
                ini += "".join(f"llmregress_{name} = {value}\n" for name, value in given.items())
        pytester.makeini(ini)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)

    return run


def said(result: pytest.RunResult) -> str:
    return "\n".join([*result.outlines, *result.errlines])


def refused(pytester: pytest.Pytester, result: pytest.RunResult, message: str) -> None:
    output = said(result)
    assert result.ret == USAGE_ERROR, output
    assert f"ERROR: {message}" in output
    assert "INTERNALERROR" not in output
    assert "Traceback" not in output
    assert not (pytester.path / "ran").exists()


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
    run: Run, pytester: pytest.Pytester, way: str, workers: tuple[str, ...]
):
    result = run(*workers, way=way, settings={name: value for name, value, _ in BAD})

    at = WAYS.index(way)
    refused(pytester, result, f"{SPELLED[BAD[0][0]][at]}: {BAD[0][2]}")
    assert all(f"{SPELLED[name][at]}: {message}" in said(result) for name, _, message in BAD)


@pytest.mark.parametrize("way", ["environment", "ini file"])
@pytest.mark.parametrize("name", ["accept", "allow_ci_record"])
def test_a_flag_that_is_neither_true_nor_false_is_refused(
    run: Run, pytester: pytest.Pytester, name: str, way: str
):
    result = run(way=way, settings={name: "maybe"})

    output = said(result)
    assert result.ret == USAGE_ERROR, output
    assert "maybe" in output
    assert "Traceback" not in output
    assert not (pytester.path / "ran").exists()


def test_an_unknown_setting_in_the_environment_is_refused(run: Run, pytester: pytest.Pytester):
    result = run(way="environment", settings={"recrod": "once"})

    refused(pytester, result, "LLMREGRESS_RECROD: there is no such setting; LLMREGRESS_ACCEPT, ")


def test_all_problems_are_told_at_once(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LLMREGRESS_FAIL_ON", "minor")

    result = run("--llmregress-record=onec")

    refused(pytester, result, "--llmregress-record: 'onec' is none of ")
    assert "LLMREGRESS_FAIL_ON: 'minor' is none of " in said(result)


@pytest.mark.parametrize("way", WAYS)
def test_a_report_with_an_ending_that_nobody_writes_is_refused(
    run: Run, pytester: pytest.Pytester, way: str
):
    result = run(way=way, settings={"report": "drift.docx"})

    output = said(result)
    assert result.ret == USAGE_ERROR, output
    assert "drift.docx: no report has this ending; .html, .json, .md, .xml" in output
    assert not (pytester.path / "ran").exists()


def test_two_candidates_are_refused(run: Run, pytester: pytest.Pytester):
    result = run("--llmregress-candidate=claude-a", "--llmregress-candidate=claude-b")

    refused(
        pytester,
        result,
        "--llmregress-candidate: 2 candidates (claude-a, claude-b); one run takes one. "
        "Run once for each: their recordings lie side by side",
    )


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
    run: Run,
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    *,
    mode: str,
    way: str,
    workers: tuple[str, ...],
):
    monkeypatch.setenv("CI", "true")

    result = run(*workers, way=way, settings={"record": mode})

    refused(pytester, result, f"--llmregress-record={mode}: {CI_MESSAGE}")


@pytest.mark.parametrize("way", WAYS)
def test_a_recording_in_ci_can_be_allowed(run: Run, monkeypatch: pytest.MonkeyPatch, way: str):
    monkeypatch.setenv("CI", "true")
    allow = ["--llmregress-allow-ci-record"] if way == "command line" else []
    if way == "environment":
        monkeypatch.setenv("LLMREGRESS_ALLOW_CI_RECORD", "1")
    settings = {"record": "once"}
    if way == "ini file":
        settings["allow_ci_record"] = "true"

    result = run(*allow, "-k", "unmarked", way=way, settings=settings)

    result.assert_outcomes(passed=1, deselected=1)


def test_a_replay_in_ci_is_allowed(run: Run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CI", "true")

    run("-k", "unmarked", "--llmregress-record=none").assert_outcomes(passed=1, deselected=1)


def test_the_command_line_wins_over_the_environment_and_that_over_the_ini_file(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("LLMREGRESS_RECORD", "all")

    by_environment = run(way="ini file", settings={"record": "once"})
    by_command_line = run(
        "-k", "unmarked", "--llmregress-record=none", way="ini file", settings={"record": "once"}
    )

    refused_by = "\n".join(by_environment.errlines)
    assert "--llmregress-record=all: CI is set" in refused_by
    by_command_line.assert_outcomes(passed=1, deselected=1)
