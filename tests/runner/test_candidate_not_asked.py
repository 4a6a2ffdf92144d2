"""A candidate that was not asked, or not understood: it fails, and leaves nothing behind."""

import json
from dataclasses import replace

import pytest

from pytest_llmregress.storage.cassette_file import read_cassette, write_cassette

OLD, NEW = "claude-opus-5", "claude-opus-5-5"
CANDIDATE = f"--llmregress-candidate={NEW}"
APP = """
    import os
    import anthropic
    import httpx2

    URL = os.environ["ANTHROPIC_BASE_URL"]

    def ask(text="Hello", model="claude-opus-5"):
        messages = [{"role": "user", "content": text}]
        anthropic.Anthropic().messages.create(model=model, max_tokens=9, messages=messages)

    def post(path, model="claude-opus-5", **more):
        body = {"model": model, "messages": [{"role": "user", "content": "Hello"}], **more}
        return httpx2.post(URL + path, json=body)

    def chat(model="gpt-old"):
        return post("/rpc/talk", model)
"""
TEST = """
    import os
    import httpx2
    import pytest
    from app import URL, ask, chat, post

    @pytest.mark.llm
    def test_asked():
        ask()

    @pytest.mark.llm
    def test_beside():
        ask()
        httpx2.post(URL + "/weather", json={"city": "Paris"})
        httpx2.post(URL + "/v1/embeddings", json={"model": "small", "input": "Hello"})

    @pytest.mark.llm
    def test_raw():
        post("/v1/messages", max_tokens=9)

    @pytest.mark.llm
    def test_chat():
        chat()

    @pytest.mark.llm
    def test_caught():
        ask()
        try:
            chat()
        except Exception:
            pass

    @pytest.mark.llm
    @pytest.mark.xfail(reason="known to be wrong")
    def test_expected():
        chat()
        assert not "wrong"

    @pytest.fixture
    def asks_late():
        yield
        chat()

    @pytest.mark.llm
    def test_late(asks_late):
        ask()

    @pytest.mark.llm(samples=5)
    def test_own():
        chat(os.environ.get("MODEL", "gpt-old"))

    @pytest.mark.llm
    def test_weather():
        httpx2.post(URL + "/weather", json={"city": "Paris"})
"""
NOT_ASKED = {
    name: ["not_rewritten"] for name in ("test_chat", "test_caught", "test_expected", "test_late")
}
NOT_UNDERSTOOD = {name: ["not_understood"] for name in ("test_own", "test_weather")}
ASKED = [f"{name}@claude-opus-5-5.cassette.yaml" for name in ("asked", "beside", "raw")]


def models(project) -> set[str]:
    """Return the models that the server was asked for, and count from here on."""
    asked = [json.loads(each.body).get("model", "none") for each in project.stand.requests]
    project.stand.requests.clear()
    return set(asked)


def kept(project, before) -> list[str]:
    """Return the files that a candidate has left, all of the baseline's being as they were."""
    after = project.files()
    assert {name: after[name] for name in before} == before
    return sorted(name.rpartition("/")[2] for name in after.keys() - before.keys())


def told(project, test: str) -> str:
    return "\n".join(each["message"] for each in project.found()[test]["problems"])


def held_against(project) -> list[str]:
    """Return the tests of which anything was compared."""
    parts = ("drift", "evidence", "verdict", "after", "pending")
    return [name for name, test in project.found().items() if any(test[part] for part in parts)]


def test_a_candidate_that_was_not_asked_fails_and_leaves_nothing(project):
    project.write(app=APP, test_it=TEST).record(passed=8, xfailed=1)
    project.says(
        "Passes: 5 tests recorded and accepted; 4 tests with requests that no provider reads; 2 ",
        "9 tests: 9 recorded, 9 accepted; 6 not understood",
        "not understood: no request to a model is read in 4 tests: test_it.py::test_chat, ",
        f"no provider reads POST {project.stand.url}/rpc/talk, ",
        "not understood: not every request to a model is read in 2 tests: ",
    )
    assert project.found()["test_beside"]["not_understood"] == []
    before = project.files()
    models(project)
    env = {"MODEL": NEW}

    project.record(CANDIDATE, env=env, passed=4, failed=5, errors=1)

    assert project.problems() == NOT_ASKED | NOT_UNDERSTOOD
    assert kept(project, before) == ASKED
    assert held_against(project) == ["test_asked", "test_beside", "test_raw"]
    assert models(project) == {NEW, "small", "none"}  # nothing was paid for the old models
    project.says(
        "9 tests: 3 recorded, 6 not compared; candidate claude-opus-5-5",
        "test_it.py::test_chat - asked for gpt-old, not for claude-opus-5-5 (app.py:13 in post)",
        "record it then: pytest test_it.py::test_chat --llmregress-record once "
        "--llmregress-candidate claude-opus-5-5",
        f"test_own - not understood: no provider reads POST {project.stand.url}/rpc/talk",
        "pytest --deselect test_it.py::test_own --llmregress-record once ",
    )
    project.never_says("Traceback", "INTERNALERROR")

    project.offline().replay(CANDIDATE, env=env, passed=3, failed=6, errors=1)

    found = project.problems()
    for test in ("test_chat", "test_expected"):
        assert found[test] == ["not_rewritten"]
    assert kept(project, before) == ASKED


def test_nothing_of_another_model_is_accepted_in_no_mode(project):
    test = """
        import pytest
        from app import ask, chat, post

        @pytest.mark.llm
        @pytest.mark.parametrize("number", range(2))
        def test_chat(number):
            chat()

        @pytest.mark.llm
        @pytest.mark.parametrize("number", range(2))
        def test_own(number):
            chat("claude-opus-5-5")
    """
    project.write(app=APP, test_it=test).record(passed=4)
    before = project.files()
    models(project)
    options = ("--llmregress-accept", "--llmregress-samples=3")

    project.record(CANDIDATE, *options, "-n", "1", failed=4)
    assert models(project) == {NEW}
    project.record(CANDIDATE, *options, mode="rewrite", failed=4)

    assert len(project.stand.requests) == 2  # one of each test that is not understood
    assert kept(project, before) == []
    assert held_against(project) == []


def test_a_recording_that_never_asked_its_candidate_fails_and_can_be_removed(project, console):
    test = """
        import pytest
        from app import ask, chat

        @pytest.mark.llm
        def test_asked():
            ask()

        @pytest.mark.llm
        def test_chat():
            chat()
    """
    project.write(app=APP, test_it=test).record(passed=2).record(CANDIDATE, passed=1, failed=1)
    folder = project.root / "__llm__/test_it"
    file = folder / f"chat@{NEW}.cassette.yaml"
    write_cassette(file, replace(read_cassette(folder / "chat.cassette.yaml"), candidate=NEW))
    before = project.files()

    project.offline().replay(CANDIDATE, "--llmregress-accept", passed=1, failed=1)

    command = f"pytest-llmregress prune __llm__/test_it/{file.name} --delete"
    assert project.problems() == {"test_chat": ["not_rewritten"]}
    assert told(project, "test_chat").endswith(f"remove it: {command}")
    assert held_against(project) == ["test_asked"]
    assert file.exists()
    said = f"chat@{NEW}.cassette.yaml: it asked for gpt-old, not for {NEW}; remove it. {command}"
    assert said in console("status").stdout
    compared = console("compare", "baseline", NEW)
    assert said in compared.stderr
    assert before[f"__llm__/test_it/{file.name}"] == file.read_bytes()

    assert console(*command.split()[1:]).returncode == 0

    assert not file.exists()
    assert NEW not in console("status").stdout.split("test_chat", 1)[1]


def test_what_the_candidate_has_answered_before_stays(project):
    test = """
        import pytest
        from app import ask, post

        @pytest.mark.llm
        def test_asked():
            ask()
    """
    project.write(app=APP, test_it=test).record(passed=1).record(CANDIDATE, passed=1)
    before = project.files()
    project.change("test_it.py", "    ask()", '    post("/rpc/talk", max_tokens=9)')

    project.record(CANDIDATE, mode="rewrite", failed=1)

    assert kept(project, before) == []
    assert project.problems() == {"test_asked": ["not_rewritten"]}
    assert "remove it" not in told(project, "test_asked")


def test_where_one_model_is_replaced_a_test_of_others_is_left_out(project):
    test = """
        import pytest
        from app import ask, chat

        @pytest.mark.llm
        def test_other():
            ask(model="claude-haiku-5")

        @pytest.mark.llm
        def test_both():
            ask()
            ask(model="claude-haiku-5")
            chat()
    """
    project.write(app=APP, test_it=test).record(passed=2)
    before = project.files()

    project.record(f"--llmregress-candidate={OLD}={NEW}", passed=1, failed=1)

    assert project.problems() == {"test_other": ["not_rewritten"]}
    assert held_against(project) == ["test_both"]
    assert all(name.startswith("both@") for name in kept(project, before))
    project.says(
        "test_other - asked for claude-haiku-5, not for claude-opus-5-5",
        "replaces claude-opus-5 alone, and this test does not ask for it",
        "leave the test out: pytest --deselect test_it.py::test_other --llmregress-record once "
        "--llmregress-candidate claude-opus-5=claude-opus-5-5",
        "or replace its model: pytest test_it.py::test_other --llmregress-record once "
        "--llmregress-candidate claude-haiku-5=claude-opus-5-5",
    )


SKIPPED = """
    import unittest
    import pytest
    from app import ask

    @pytest.mark.llm
    @pytest.mark.skip(reason="not now")
    def test_mark(): ask()

    @pytest.mark.llm
    @pytest.mark.skipif("True", reason="elsewhere")
    def test_condition(): ask()

    @pytest.fixture
    def needs(): pytest.skip("needs a thing")

    @pytest.mark.llm
    def test_fixture(needs): ask()

    @pytest.mark.llm
    def test_body():
        pytest.skip("not this time")

    @pytest.mark.llm
    def test_import():
        pytest.importorskip("no_such_module")

    @pytest.mark.llm
    class TestCase(unittest.TestCase):
        @unittest.skip("no")
        def test_case(self): ask()

    @pytest.mark.llm
    @pytest.mark.xfail(run=False, reason="hangs")
    def test_not_run(): ask()
"""


@pytest.mark.parametrize("mode", ["once", "none"])
def test_what_is_skipped_needs_no_baseline(project, mode: str):
    project.write(app=APP, test_it=SKIPPED)

    project.record(CANDIDATE, mode=mode, skipped=6, xfailed=1)

    assert project.exit_status == 0
    assert project.problems() == {}
    assert project.files() == {}
    project.never_says("baseline")


def test_a_missing_baseline_is_told_to_a_test_that_asks_before_anything_is_sent(project):
    test = """
        import httpx2
        import pytest
        from app import URL, ask

        @pytest.mark.llm
        def test_asks():
            try:
                httpx2.post(URL + "/weather", json={})
            except Exception:
                pass

        @pytest.mark.llm
        @pytest.mark.xfail(reason="known to be wrong")
        def test_expected():
            ask()

        @pytest.mark.llm
        def test_nothing():
            pass
    """
    project.write(app=APP, test_it=test)

    project.record(CANDIDATE, failed=3)

    assert project.problems() == {
        "test_asks": ["no_baseline"],
        "test_expected": ["no_baseline"],
        "test_nothing": ["no_calls"],
    }
    assert project.stand.requests == []
    assert project.files() == {}
    project.says("3 tests: 1 without a request, 2 not compared")


def test_a_test_that_raises_before_it_asks_the_candidate_fails(project):
    test = """
        import os
        import pytest
        from app import ask

        def prepare():
            if "BROKEN" in os.environ:
                raise LookupError("no key")

        @pytest.mark.llm
        def test_one():
            prepare()
            ask()

        @pytest.mark.llm(samples=5)
        def test_several():
            prepare()
            ask()

        @pytest.mark.llm
        @pytest.mark.xfail(reason="known to be wrong")
        def test_expected():
            prepare()
            ask()
            assert not "wrong"
    """
    names = ("test_one", "test_several", "test_expected")
    broken = {"BROKEN": "1"}
    project.write(app=APP, test_it=test).record(passed=2, xfailed=1)
    before = project.files()

    for run in (project.record, project.replay):
        run(CANDIDATE, env=broken, failed=3)

        assert project.problems() == {name: ["raised_before_asking"] for name in names}
        assert kept(project, before) == []
        assert held_against(project) == []
        project.says(
            "3 tests", "3 not compared", f"raised before asking {NEW}: LookupError: no key"
        )

    project.record(CANDIDATE, passed=2, xfailed=1)
    project.offline().replay(CANDIDATE, env=broken, failed=3)
    assert project.problems() == {name: ["raised_before_asking"] for name in names}
