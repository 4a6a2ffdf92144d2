"""Whatever goes wrong while recording, what was accepted before stays as it is."""

import pytest

APP = """
    import os

    import anthropic

    FAULTY = os.environ.get("FAULTY", "")
    client = anthropic.Anthropic(max_retries=1)

    def asking(mark):
        text = f"[[{mark}]] please" if FAULTY else "[[say Good.]]"
        messages = [{"role": "user", "content": text}]
        return {"model": "claude-opus-5", "max_tokens": 100, "messages": messages}

    def ask(mark):
        return client.messages.create(**asking(mark)).content[0].text

    def stream(mark):
        with client.messages.stream(**asking(mark)) as stream:
            return stream.get_final_text()
"""

TESTS = """
    import contextlib

    import pytest
    from app import FAULTY, ask, stream

    pytestmark = pytest.mark.llm

    STATUSES = ["status 401", "status 403", "429 99", "529 99", "500 9"]
    BREAKS = ["truncated", "truncated_clean", "midstream_error"]

    @pytest.mark.parametrize("mark", [*STATUSES, "truncated", "truncated_clean"])
    def test_json(mark):
        ask(mark)

    @pytest.mark.parametrize("mark", BREAKS)
    def test_stream(mark):
        stream(mark)

    @pytest.mark.parametrize("mark", ["status 401", "529 99"])
    def test_app_with_a_fallback(mark):
        with contextlib.suppress(Exception):
            ask(mark)

    def test_second_call():
        ask("say Good.")
        ask("529 99")

    @pytest.mark.skipif(not FAULTY, reason="recorded for the first time when it goes wrong")
    def test_first_recording():
        ask("529 99")
"""

FAULTS = [
    ("test_json[status 401]", "401 authentication_error: scripted 401"),
    ("test_json[status 403]", "403 permission_error: scripted 403"),
    ("test_json[429 99]", "429 rate_limit_error: scripted 429"),
    ("test_json[529 99]", "529 overloaded_error: scripted 529"),
    ("test_json[500 9]", "500 api_error: scripted 500"),
    ("test_json[truncated]", "no answer came"),
    ("test_json[truncated_clean]", "ended without a stop reason"),
    ("test_stream[truncated]", "no answer came"),
    ("test_stream[truncated_clean]", "ended without a stop reason"),
    ("test_stream[midstream_error]", "overloaded_error: scripted in the stream"),
    ("test_app_with_a_fallback[status 401]", "401 authentication_error"),
    ("test_app_with_a_fallback[529 99]", "529 overloaded_error"),
    ("test_second_call", "request 2 (POST /v1/messages): the server answered 529"),
    ("test_first_recording", "529 overloaded_error"),
]


@pytest.fixture(scope="module")
def faulty(module_project):
    """Return a project that was recorded, then recorded again while everything went wrong."""
    project = module_project.write({"app.py": APP, "test_it.py": TESTS})
    project.record(passed=13, skipped=1)
    project.accepted = project.files()
    return project.record(mode="rewrite", env={"FAULTY": "yes"}, failed=14)


def test_what_was_accepted_stays_and_nothing_is_accepted(faulty, key):
    added = {name: text for name, text in faulty.files().items() if name not in faulty.accepted}

    assert len(faulty.accepted) == 26
    assert {name: faulty.files()[name] for name in faulty.accepted} == faulty.accepted
    assert list(added) == ["__llm__/test_it/second_call.part.jsonl"]  # its first answer was whole
    assert key.encode() not in b"".join(added.values())


@pytest.mark.parametrize(("test", "why"), FAULTS)
def test_a_recording_that_is_not_whole_fails_and_says_why(faulty, test, why):
    problems = faulty.found()[test]["problems"]

    assert [problem["code"] for problem in problems] == ["not_whole"]
    assert why in problems[0]["message"]
    assert problems[0]["message"].removeprefix(f"test_it.py::{test}: ") in faulty.output


def test_what_was_accepted_is_replayed_afterwards(faulty, tmp_path):
    faulty.copy(tmp_path).offline().replay(passed=13, skipped=1)


def test_a_server_that_is_down_changes_nothing(project):
    project.write(app=APP, test_it=TESTS).record(
        "-k", "second or first", passed=1, skipped=1, deselected=12
    )
    accepted = project.files()
    project.offline()
    project.record(
        "-k", "second or first", mode="rewrite", env={"FAULTY": "yes"}, failed=2, deselected=12
    )

    assert project.files() == accepted
    assert project.problems() == {
        "test_second_call": ["not_whole"],
        "test_first_recording": ["not_whole"],
    }
    project.says("no answer came")


RETRIED = """
    import pytest
    from app import client

    pytestmark = pytest.mark.llm

    @pytest.mark.parametrize("mark", ["429 1", "529 2", "500 1"])
    def test_retried(mark, llm_calls):
        messages = [{"role": "user", "content": f"[[{mark}]]"}]
        client.messages.create(model="claude-opus-5", max_tokens=9, messages=messages)
        assert [call.outcome for call in llm_calls] == ["answered"]
"""


def test_attempts_that_failed_and_were_repeated_are_one_interaction(project, stand):
    project.write(app=APP, test_it=RETRIED).record(passed=3)
    cassettes = [name for name in project.files() if "cassette" in name]

    assert len(stand.requests) == 2 + 3 + 2
    assert len(cassettes) == 3
    assert all("\ninteractions: 1\n" in project.read(name) for name in cassettes)
    project.offline().replay(passed=3)


FAILING = """
    import os

    import pytest
    from app import client

    WORD = os.environ.get("WORD", "first")

    def ask():
        messages = [{"role": "user", "content": f"[[say The {WORD} answer.]]"}]
        return client.messages.create(model="claude-opus-5", max_tokens=9, messages=messages)

    @pytest.mark.llm
    def test_fails():
        ask()
        assert WORD == "good"

    @pytest.fixture
    def broken_tear_down():
        yield
        assert WORD == "good"

    @pytest.mark.llm
    def test_fails_in_its_tear_down(broken_tear_down):
        ask()

    @pytest.mark.llm(max_calls=1)
    def test_breaks_its_contract():
        ask()
        if WORD != "good":
            ask()
"""


def test_a_failing_test_leaves_its_recording_pending(project):
    project.write(app=APP, test_it=FAILING).record(failed=2, passed=1, errors=1)

    assert project.names() == [
        "breaks_its_contract.cassette.new.yaml",
        "breaks_its_contract.snapshot.new.yaml",
        "fails.cassette.new.yaml",
        "fails.snapshot.new.yaml",
        "fails_in_its_tear_down.cassette.new.yaml",
        "fails_in_its_tear_down.snapshot.new.yaml",
    ]
    assert not any(test["accepted"] for test in project.found().values())
    project.says("pending: 3 tests.")

    project.record(env={"WORD": "good"}, passed=3)

    assert len(project.names()) == 6
    assert not [name for name in project.names() if ".new." in name]
    accepted = project.files()

    project.record(mode="rewrite", env={"WORD": "bad"}, failed=2, passed=1, errors=1)

    assert {name: project.files()[name] for name in accepted} == accepted
    assert [name.replace(".new", "") for name in project.names() if ".new." in name] == [
        name.rpartition("/")[2] for name in accepted
    ]
