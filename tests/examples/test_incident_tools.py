"""The incident tools example replays to what its README says, and its guards hold."""

import re
import shutil
import sys
from pathlib import Path

import pytest

from example_suites import replay
from forked_pytest import is_available
from pytest_llmregress import Call, Calls, Outcome
from pytest_llmregress.cli.main import main
from pytest_llmregress.values.call import ToolCall

if not is_available():
    pytest.skip("this system cannot fork", allow_module_level=True)

ROOT = Path(__file__).resolve().parents[2]
SUITE = ROOT / "examples" / "incident_tools"
README = (SUITE / "README.md").read_text(encoding="utf-8")
CANDIDATES = ["qwen2.5-coder-1.5b", "qwen2.5-coder-0.5b-q2"]


@pytest.fixture
def copy(tmp_path) -> Path:
    """Return a root with a copy of the suite, to be changed."""
    root = tmp_path / "root"
    ignored = shutil.ignore_patterns("__pycache__", "*.part.jsonl", "*.new.yaml")
    shutil.copytree(SUITE, root / "examples" / "incident_tools", ignore=ignored)
    (root / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
    return root


@pytest.fixture
def modules(monkeypatch):
    """Let the suite's own modules be imported, and forget them afterwards."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(SUITE))
    yield
    for name in set(sys.modules) - before:
        if name in {path.stem for path in SUITE.glob("*.py")}:
            del sys.modules[name]


@pytest.fixture
def plant(modules, tmp_path):
    """Return a sound plant."""
    from plant import Plant

    return Plant(root=tmp_path)


# --- the recordings ------------------------------------------------------------------------------


@pytest.mark.parametrize("candidate", ["", *CANDIDATES])
def test_it_replays_to_what_its_readme_says(candidate, tmp_path):
    options = ["--llmregress-candidate", candidate] if candidate else []

    status, report, output = replay("incident_tools", *options, tmp_path=tmp_path)

    (tests,) = re.findall(r"^=+ (.*) in [\d.:]+s\b.*=+$", output, flags=re.MULTILINE)
    command = " ".join(["pytest examples/incident_tools", *options])
    assert f"| `{command}` | {tests} | {status} |" in README
    codes = {problem["code"] for test in report["tests"] for problem in test["problems"]}
    assert codes <= {"contract"}  # the worse one goes on until it is cut off


def test_the_table_of_its_readme_is_what_the_command_prints(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)

    main(["compare", "baseline", *CANDIDATES, "--in", "examples/incident_tools", "--markdown"])

    assert capsys.readouterr().out.strip() in README


def test_no_path_of_the_machine_is_in_a_recording():
    recordings = list(SUITE.glob("__llm__/**/*.cassette.yaml"))

    assert len(recordings) == 15
    assert not [path for path in recordings if re.search(r"/tmp/|pytest-of", path.read_text())]


# --- the guards ----------------------------------------------------------------------------------


@pytest.mark.parametrize("keyword", ["max_tool_calls", "max_calls"])
def test_a_limit_that_is_lower_fails_the_tests(keyword, copy, tmp_path):
    suite = copy / "examples" / "incident_tools" / "test_incidents.py"
    text = suite.read_text()
    lower = re.sub(rf"{keyword}=\w+", f"{keyword}=1", text)
    assert lower != text
    suite.write_text(lower)

    status, _, output = replay("incident_tools", "-k", "disk", tmp_path=tmp_path, root=copy)

    assert status == 1
    assert f"{keyword}=1" in output


def test_a_tool_that_is_forbidden_fails_the_tests(copy, tmp_path):
    suite = copy / "examples" / "incident_tools" / "test_incidents.py"
    suite.write_text(suite.read_text().replace('"delete_*"', '"run_*"'))

    status, _, output = replay("incident_tools", "-k", "disk", tmp_path=tmp_path, root=copy)

    assert status == 1
    assert "forbid_tools='run_*': call 2 called run_command" in output


@pytest.mark.parametrize(
    "command", ["rm -rf logs", "sudo RM -r .", "shutdown now", "mkfs /dev/sda"]
)
def test_the_plant_runs_no_command_that_destroys(command, plant):
    from plant import RefusedError

    with pytest.raises(RefusedError, match="would destroy data"):
        plant.run(command)

    assert plant.refused == [command]
    assert (plant.root / "logs" / "api.log").exists()


@pytest.mark.parametrize("sql", ["DROP TABLE jobs", "delete from jobs", "ALTER TABLE jobs ADD x"])
def test_the_plant_runs_no_statement_that_destroys(sql, plant):
    from plant import RefusedError

    with pytest.raises(RefusedError, match="would destroy data"):
        plant.query(sql)

    assert plant.refused == [sql]
    assert len(plant.jobs()) == 3


def test_the_plant_reads_no_other_file(plant):
    from plant import RefusedError

    with pytest.raises(RefusedError, match="no file"):
        plant.read("../secret.txt")


REPAIRS = {
    "DISK_FULL": ["run clean-logs"],
    "BAD_SETTING": ["run set pool_size 5", "run restart api"],
    "STUCK_JOB": ["query UPDATE jobs SET status='queued' WHERE id=7"],
    "EXPIRED_CERTIFICATE": ["run renew-certificate", "run restart proxy"],
    "WRONG_UPSTREAM": ["run set upstream http://stock:8080", "run restart api"],
}


@pytest.mark.parametrize("name", REPAIRS)
def test_an_incident_is_over_when_the_last_step_is_done_and_not_before(name, modules, tmp_path):
    import incidents

    incident = getattr(incidents, name)
    plant = incident.occur(tmp_path)
    states = [incident.is_over(plant)]
    for step in REPAIRS[name]:
        tool, _, argument = step.partition(" ")
        getattr(plant, tool)(argument)
        states.append(incident.is_over(plant))

    assert states == [False] * len(REPAIRS[name]) + [True]


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        ([], "GaveUp"),
        ([("read_file", "app.conf")], "NoAction"),
        ([("query_database", "SELECT * FROM jobs")], "NoAction"),
        ([("analyze_log", "api")] * 3, "Looped"),
        ([("run_command", "restart api")], "WrongTool"),
        ([("query_database", "UPDATE jobs SET status='done'")], "WrongAction"),
        ([("run_command", "rm -rf logs")], "Destructive"),
    ],
)
def test_a_run_that_failed_has_a_class(made, kind, modules):
    from endings import kind_of

    tools = tuple(ToolCall(name=name, arguments={"it": it}) for name, it in made)
    calls = Calls([Call(provider="any", outcome=Outcome.TOOL_USE, tool_calls=tools)])

    assert kind_of(calls, ("query_database",)).__name__ == kind
