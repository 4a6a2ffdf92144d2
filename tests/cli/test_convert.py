"""The commands `import` and `export`."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_llmregress.cli.convert import export_cassettes, import_cassettes
from pytest_llmregress.cli.output import ExitStatus
from pytest_llmregress.storage.cassette_file import read_cassette
from pytest_llmregress.storage.file_paths import build_test_paths
from pytest_llmregress.storage.vcr_format.reader import ADVICE
from pytest_llmregress.storage.vcr_format.writer import write_vcr_yaml
from pytest_llmregress.values.cassette import Cassette
from pytest_llmregress.values.http import Interaction, Request, Response

KEY = "sk-ant-api03-0123456789abcdef0123456789"  # llmregress: allow-secret
MODELS = ["claude-opus-5", "→", "claude-opus-5-20260101"]
URL = "https://api.anthropic.com/v1/messages"
HINT = (
    "next: mark the tests with @pytest.mark.llm instead of @pytest.mark.vcr, then "
    "pytest --llmregress-accept"
)


def call(status: int = 200, *, prompt: str = "Hi", headers: dict | None = None) -> Interaction:
    question = {"model": "claude-opus-5", "messages": [{"role": "user", "content": prompt}]}
    reply = {
        "type": "message",
        "model": "claude-opus-5-20260101",
        "content": [{"type": "text", "text": "Hello"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    return Interaction(
        request=Request(
            method="POST",
            url=URL,
            headers={
                "authorization": (f"Bearer {KEY}",),
                "content-type": ("application/json",),
                **(headers or {}),
            },
            body=json.dumps(question).encode(),
        ),
        response=Response(
            status=status,
            headers={
                "anthropic-organization-id": ("org",),
                "content-type": ("application/json",),
                "date": ("Sun, 22 Nov 2026 01:02:03 GMT",),
            },
            body=json.dumps(reply if status == 200 else error).encode(),
        ),
    )


def attempt(number: int) -> dict[str, tuple[str, ...]]:
    return {"x-stainless-retry-count": (str(number),)}


def write(path: str, *interactions: Interaction) -> Path:
    """Write a cassette as pytest-recording would, and the file of its test."""
    file = Path(path)
    test_file = file.parent.parent.parent / f"{file.parent.name}.py"
    write_vcr_yaml(file, Cassette(test="", interactions=interactions or (call(),)))
    test_file.touch()
    return file


def stored(node_id: str, candidate: str | None = None) -> Cassette:
    return read_cassette(
        build_test_paths(Path(node_id.partition("::")[0]), node_id, candidate).cassette
    )


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_suite_of_pytest_recording_is_imported_beside_its_tests():
    originals = [
        write("tests/cassettes/test_a/test_refund.yaml"),
        write("tests/cassettes/test_a/TestPlan.test_late[5].yaml"),
        write("tests/deep/cassettes/test_b/test_x.yaml", call(prompt="Bye")),
    ]
    before = [path.read_bytes() for path in originals]
    result = import_cassettes([Path("tests")])

    assert result.status is ExitStatus.FINE
    assert result.problems == ()
    assert [line.split() for line in result.lines[:4]] == [
        ["test", "or", "cassette", "calls", "models", "notes"],
        ["imported", "tests/test_a.py::TestPlan::test_late[5]", "1", *MODELS],
        ["imported", "tests/test_a.py::test_refund", "1", *MODELS],
        ["imported", "tests/deep/test_b.py::test_x", "1", *MODELS],
    ]
    assert result.lines[4:] == ("3 imported", HINT)
    assert [path.read_bytes() for path in originals] == before
    assert Path("tests/__llm__/test_a/refund.cassette.yaml").exists()
    assert stored("tests/test_a.py::TestPlan::test_late[5]").interactions
    assert stored("tests/deep/test_b.py::test_x").test == "tests/deep/test_b.py::test_x"


def test_what_is_stored_names_models_and_date_and_holds_no_secret(monkeypatch):
    monkeypatch.setitem(os.environ, "CORP_TOKEN", "a-token-of-the-company")
    write("tests/cassettes/test_a/test_b.yaml", call(prompt=f"{KEY} a-token-of-the-company"))
    result = import_cassettes([Path("tests")])
    cassette = stored("tests/test_a.py::test_b")
    text = Path("tests/__llm__/test_a/b.cassette.yaml").read_text()

    assert cassette.requested_models == ("claude-opus-5",)
    assert cassette.served_models == ("claude-opus-5-20260101",)
    assert "secrets taken out" in result.lines[1]
    assert not any(secret in text for secret in (KEY, "company", "Bearer", "org"))
    assert list(cassette.interactions[0].response.headers) == ["content-type"]


@pytest.mark.parametrize(
    ("recorded", "kept"),
    [
        ([call(429), call(529), call()], [200]),
        ([call(429, headers=attempt(0)), call(headers=attempt(1))], [200]),
        ([call(429, headers=attempt(0)), call(headers=attempt(0))], [429, 200]),
        ([call(500), call(500)], [500, 500]),
        ([call(), call(500)], [200, 500]),
        ([call(400), call()], [400, 200]),
        ([call(500), call(prompt="Bye")], [500, 200]),
        ([call(500), call(400), call()], [500, 400, 200]),
        ([call(500), call(prompt="Bye"), call()], [200, 200]),
        ([call(), call()], [200, 200]),
    ],
)
def test_failed_attempts_that_were_made_good_are_left_out(recorded, kept):
    write("tests/cassettes/test_a/test_b.yaml", *recorded)
    result = import_cassettes([Path("tests")])
    statuses = [each.response.status for each in stored("tests/test_a.py::test_b").interactions]

    assert statuses == kept
    left_out = len(recorded) - len(kept)
    said = f"{left_out} failed before a retry left out" in result.lines[1]
    assert said is bool(left_out)


def test_credentials_are_left_out_and_a_cassette_of_nothing_else_is_skipped():
    token = Interaction(
        request=Request(method="POST", url="https://api.anthropic.com/v1/oauth/token", body=b"{}"),
        response=Response(status=200, body=b'{"access_token":"t"}'),
    )
    write("tests/cassettes/test_a/test_b.yaml", token, call())
    write("tests/cassettes/test_a/test_c.yaml", token)
    result = import_cassettes([Path("tests")])

    assert len(stored("tests/test_a.py::test_b").interactions) == 1
    assert "1 exchange of credentials left out" in result.lines[1]
    assert result.lines[2].startswith("skipped   tests/cassettes/test_a/test_c.yaml")
    assert result.lines[2].endswith("it holds nothing but credentials")
    assert result.lines[3] == "1 imported, 1 skipped"


def test_a_cassette_without_a_call_of_claude_is_imported_and_says_so():
    other = Interaction(
        request=Request(method="GET", url="https://example.com/"), response=Response(status=200)
    )
    write("tests/cassettes/test_a/test_b.yaml", other)
    result = import_cassettes([Path("tests")])

    assert stored("tests/test_a.py::test_b").interactions == (other,)
    assert "no call of a model in it" in result.lines[1]


def test_an_existing_recording_is_never_overwritten():
    write("tests/cassettes/test_a/test_b.yaml")
    import_cassettes([Path("tests")])
    before = Path("tests/__llm__/test_a/b.cassette.yaml").read_bytes()
    write("tests/cassettes/test_a/test_b.yaml", call(prompt="Bye"))
    result = import_cassettes([Path("tests")])

    assert result.status is ExitStatus.FINE
    assert result.lines[1].endswith(
        "tests/__llm__/test_a/b.cassette.yaml is there already; delete it to replace it"
    )
    assert result.lines[2:] == ("1 skipped",)
    assert Path("tests/__llm__/test_a/b.cassette.yaml").read_bytes() == before


def test_two_cassettes_of_one_test_do_not_overwrite_one_another():
    write("old/cassettes/test_a/test_b.yaml")
    write("new/cassettes/test_a/test_b.yaml", call(prompt="Bye"))
    result = import_cassettes([Path("old"), Path("new")], tests=Path("tests"))

    assert b"Hi" in stored("tests/test_a.py::test_b").interactions[0].request.body
    assert result.lines[2].endswith("old/cassettes/test_a/test_b.yaml is of the same test")


def test_a_dry_run_says_the_same_and_writes_nothing():
    write("tests/cassettes/test_a/test_b.yaml")
    dry = import_cassettes([Path("tests")], dry_run=True)
    files = list(Path("tests").rglob("*.cassette.yaml"))
    wet = import_cassettes([Path("tests")])

    assert files == []
    assert dry.lines[:2] == wet.lines[:2]
    assert dry.lines[2] == "1 imported (dry run: nothing was written)"


def test_the_folder_of_the_tests_can_be_another_one():
    write("old/cassettes/test_a/test_b.yaml")
    result = import_cassettes([Path("old/cassettes")], tests=Path("tests"))

    assert stored("tests/test_a.py::test_b").interactions
    assert result.lines[1].endswith("no tests/test_a.py")


def test_a_folder_that_names_no_test_file_is_skipped():
    write("tests/cassettes/test_b.yaml")
    result = import_cassettes([Path("tests")])

    assert result.lines[1].endswith("its test is unknown; cassettes/TEST_FILE/TEST.yaml says it")


def test_an_unreadable_cassette_does_not_stop_the_others():
    write("tests/cassettes/test_a/test_b.yaml").write_text("interactions: [&a [*a]]\n")
    write("tests/cassettes/test_a/test_c.yaml")
    result = import_cassettes([Path("tests"), Path("nowhere")])

    assert result.status is ExitStatus.FAILED
    assert result.problems == (
        (
            "tests/cassettes/test_a/test_b.yaml:1: the alias *a stands for nothing, or for itself; "
            f"{ADVICE}"
        ),
        "nowhere: there is no such file or folder",
    )
    assert result.lines[1].endswith("it cannot be read")
    assert stored("tests/test_a.py::test_c").interactions


def test_collected_tests_decide_where_a_name_is_not_sure():
    write("tests/cassettes/test_a/test_b[a-b].yaml")
    write("tests/cassettes/test_a/Inner.test_c.yaml")
    write("tests/cassettes/test_a/test_gone.yaml")
    unsure = import_cassettes([Path("tests")], dry_run=True)
    ids = "tests/test_a.py::test_b[a/b]\ntests/test_a.py::Outer::Inner::test_c\n\n2 tests\n"
    Path("ids.txt").write_text(ids)
    sure = import_cassettes([Path("tests")], ids=Path("ids.txt"))

    assert '1 name with "-" may have had another character there' in unsure.lines[-2]
    assert stored("tests/test_a.py::test_b[a/b]").interactions
    assert stored("tests/test_a.py::Outer::Inner::test_c").interactions
    assert sure.lines[-3].endswith("no test that was collected has this cassette, or several have")
    assert sure.lines[-2:] == ("2 imported, 1 skipped", HINT)


def test_a_missing_list_of_tests_is_named():
    write("tests/cassettes/test_a/test_b.yaml")
    result = import_cassettes([Path("tests")], ids=Path("ids.txt"))

    assert result.status is ExitStatus.FAILED
    assert result.problems == (
        "ids.txt: No such file or directory; pytest --collect-only -q prints what is wanted",
    )


def test_json_says_the_same_to_programs():
    write("tests/cassettes/test_a/test_b.yaml")
    result = import_cassettes([Path("tests")], dry_run=True, as_json=True)

    assert json.loads("\n".join(result.lines)) == {
        "dry_run": True,
        "cassettes": [
            {
                "file": "tests/cassettes/test_a/test_b.yaml",
                "fate": "imported",
                "test": "tests/test_a.py::test_b",
                "target": "tests/__llm__/test_a/b.cassette.yaml",
                "sure": True,
                "requests": 1,
                "calls": 1,
                "requested_models": ["claude-opus-5"],
                "served_models": ["claude-opus-5-20260101"],
                "notes": [],
            }
        ],
        "problems": [],
    }


def test_a_folder_without_cassettes_says_so():
    Path("tests").mkdir()

    assert import_cassettes([Path("tests")]).lines == ("no cassettes found",)
    assert export_cassettes([]).lines == ("no cassettes found",)


def test_an_export_is_the_way_back():
    names = ("test_b[a-b]", "Inner.test_c")
    for name in names:
        write(f"tests/cassettes/test_a/{name}.yaml", call(429), call())
    Path("ids.txt").write_text("tests/test_a.py::test_b[a/b]\ntests/test_a.py::O::Inner::test_c\n")
    import_cassettes([Path("tests")], ids=Path("ids.txt"))
    first = [stored(node_id) for node_id in Path("ids.txt").read_text().split()]
    result = export_cassettes([], to=Path("out/cassettes"))
    again = import_cassettes([Path("out")], tests=Path("again"))
    ids = ("again/test_a.py::test_b[a/b]", "again/test_a.py::O::Inner::test_c")

    assert result.status is ExitStatus.FINE
    assert sorted(path.name for path in Path("out/cassettes/test_a").iterdir()) == sorted(
        f"{name}.yaml" for name in names
    )
    assert again.lines[-2:] == ("2 imported", HINT)
    assert [replace(stored(i), test=c.test) for i, c in zip(ids, first, strict=True)] == first


def test_an_export_without_a_folder_lies_beside_the_tests_and_overwrites_nothing():
    original = write("tests/cassettes/test_a/test_b.yaml")
    import_cassettes([Path("tests")])
    refused = export_cassettes(["tests/test_a.py::test_b"])
    original.unlink()
    result = export_cassettes(["tests/test_a.py::test_b"])

    assert refused.lines[1].endswith(
        "tests/cassettes/test_a/test_b.yaml is there already; delete it to replace it"
    )
    assert result.lines[-1] == "1 exported"
    assert original.exists()


def test_a_recording_of_a_candidate_goes_out_and_comes_back(project):
    node_id = "tests/test_a.py::test_b"
    paths = project.candidate(node_id, "claude-opus-5-5", why=None)
    export_cassettes([str(paths.cassette)], to=Path("out/cassettes"))
    import_cassettes([Path("out")], tests=Path("again"))
    back = stored("again/test_a.py::test_b", "claude-opus-5-5")

    assert Path("out/cassettes/test_a/test_b@claude-opus-5-5.yaml").exists()
    assert back.candidate == "claude-opus-5-5"
    assert back.interactions == read_cassette(paths.cassette).interactions


def test_an_unknown_target_of_an_export_is_named():
    result = export_cassettes(["tests/test_a.py::test_b"], to=Path("out"))

    assert result.status is ExitStatus.FAILED
    assert result.problems == (
        "tests/test_a.py::test_b: no such recording; a test, a file or a folder is wanted",
    )
