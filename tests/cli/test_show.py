"""The command `show`."""

import json
from pathlib import Path

from pytest_llmregress.storage.cassette_file import write_cassette
from pytest_llmregress.values.http import Interaction, Request, Response

REFUND = "tests/test_support.py::test_refund"
PLAN = "tests/test_support.py::test_plan"
MODELS = Interaction(
    request=Request(method="GET", url="https://api.anthropic.com/v1/models?limit=2"),
    response=Response(status=200, body=b"{}"),
)


def test_calls_and_other_requests_are_rows_below_a_header_line(project):
    path = project.accepted(REFUND, MODELS, served="claude-opus-5-1").cassette
    run = project.run("show", path)

    assert run.status == 0
    assert run.err == []
    assert run.out == [
        (
            "tests/test_support.py::test_refund: claude-opus-5 → claude-opus-5-1, recorded "
            "2026-01-02T03:04:05Z, 2 requests, tests/__llm__/test_support/refund.cassette.yaml"
        ),
        "#  requested      served           outcome   tools  in  out  latency  text",
        "1  claude-opus-5  claude-opus-5-1  answered  -      12  7    1.2 s    On its way.",
        "-  -              -                HTTP 200  -      -   -    -        GET /v1/models",
    ]


def test_several_cassettes_follow_one_another_and_a_damaged_one_hides_none(project):
    refund = project.accepted(REFUND).cassette
    candidate = project.candidate(REFUND, "claude-opus-5-5").cassette
    damaged = project.accepted(PLAN).cassette
    damaged.write_text("")
    run = project.run("show", refund, damaged, "missing.yaml", candidate)

    assert run.status == 2
    assert [line for line in run.out if ".py::" in line or not line] == [
        (
            "tests/test_support.py::test_refund: claude-opus-5, recorded 2026-01-02T03:04:05Z, "
            "1 request, tests/__llm__/test_support/refund.cassette.yaml"
        ),
        "",
        (
            "tests/test_support.py::test_refund: candidate claude-opus-5-5, recorded "
            "2026-01-02T03:04:05Z, 1 request, "
            "tests/__llm__/test_support/refund@claude-opus-5-5.cassette.yaml"
        ),
    ]
    assert run.err[0].startswith(
        "pytest-llmregress: tests/__llm__/test_support/plan.cassette.yaml: it is empty; "
    )
    assert run.err[1:] == ["pytest-llmregress: missing.yaml: there is no such file or folder"]


def test_a_snapshot_is_no_cassette(project):
    run = project.run("show", project.accepted(REFUND).snapshot)

    assert run.status == 2
    assert run.out == []
    assert run.err[0].startswith(
        "pytest-llmregress: tests/__llm__/test_support/refund.snapshot.yaml"
    )


def test_json_is_one_list_in_ascii(project):
    paths = project.paths(REFUND)
    write_cassette(paths.cassette, project.cassette(REFUND, MODELS, text="über \x9b31m"))
    run = project.run("show", paths.cassette, "--json")
    (shown,) = json.loads("\n".join(run.out))

    assert run.status == 0
    assert "\n".join(run.out).isascii()
    assert shown["test"] == REFUND
    assert shown["file"] == "tests/__llm__/test_support/refund.cassette.yaml"
    assert [request["call"] for request in shown["requests"]] == [1, None]
    assert shown["requests"][0]["text"] == "über \x9b31m"


def test_nothing_that_a_model_says_reaches_the_terminal_as_a_command(project):
    paths = project.paths(REFUND)
    hostile = project.cassette(
        REFUND, model="m\x1b[31m", text="\x1b]0;owned\x07 \x1b[2J \x9b1m \u202egnp.exe"
    )
    write_cassette(paths.cassette, hostile)
    run = project.run("show", paths.cassette)

    assert run.status == 0
    assert all(line.isprintable() for line in run.out)
    assert run.out[2] == (
        r"1  m\x1b[31m  same    answered  -      12  7    1.2 s    "
        r"\x1b]0;owned\x07 \x1b[2J \x9b1m \u202egnp.…"
    )


EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FAN_OUT = "agents/__llm__/test_coding_agent/a_question_takes_one_agent@scripted-new.cassette.yaml"


def test_sub_agents_are_a_tree_below_the_calls(project):
    run = project.run("show", EXAMPLES / FAN_OUT)

    _, session, *others = run.out[run.out.index("agents:") :]
    assert session.startswith("  session 1 'Which function turns a price into cents?': calls 1, ")
    assert [line[: len("    sub-agent 1 'Look into ")] for line in others] == [
        f"    sub-agent {number} 'Look into " for number in (1, 2, 3, 4)
    ]
    assert all("': by call 1; calls " in line and "; Bash; " in line for line in others)


def test_json_has_the_agents_of_each_sample(project):
    (shown,) = json.loads("\n".join(project.run("show", "--json", EXAMPLES / FAN_OUT).out))

    (agents,) = shown["agents"]
    calls = sorted(call for agent in agents for call in agent["calls"])
    assert calls == [row["call"] for row in shown["requests"]]
    assert [(each["depth"], each["started_by"]) for each in agents] == [(0, None), *[(1, 1)] * 4]
