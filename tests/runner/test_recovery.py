"""Advice that is printed has to work: after a loss, a failure, a place that nobody can write to."""

import pytest

APP = """
    import anthropic

    client = anthropic.Anthropic()

    def ask(text):
        message = {"role": "user", "content": text}
        reply = client.messages.create(model="claude-opus-5", max_tokens=50, messages=[message])
        return reply.content[0].text
"""
ONE = """
    import pytest
    from app import ask

    @pytest.mark.llm
    def test_one():
        assert ask("[[say a]]") == "a"
"""
SNAPSHOT = "__llm__/test_it/one.snapshot.yaml"


@pytest.fixture
def one(project):
    return project.write(app=APP, test_it=ONE)


def test_nothing_is_asked_where_nothing_can_be_saved(one):
    (one.root / "__llm__").write_text("a file in the place of the folder")

    one.record(errors=1)

    one.says("/__llm__/test_it/one.", "Not a directory")
    assert one.stand.requests == []


def test_a_lost_snapshot_is_told_and_comes_back_from_its_recording(one):
    one.record(passed=1).offline()
    (one.root / SNAPSHOT).unlink()

    one.replay(passed=1)
    assert one.problems() == {"test_one": ["no_snapshot"]}

    one.replay("--llmregress-candidate=claude-opus-5-5", failed=1)
    one.says("pytest test_it.py::test_one --llmregress-accept")
    one.replay("--llmregress-accept", passed=1)
    assert one.problems() == {}
    assert "outcome: {value: answered" in one.read(SNAPSHOT)
    assert "accepted:" in one.read(SNAPSHOT)


def test_a_first_recording_that_failed_is_asked_anew_where_that_is_said(one):
    one.write(app=APP, test_it=ONE.replace('== "a"', '== "b"')).record(failed=1)

    one.write(app=APP, test_it=ONE).record(mode="rewrite", passed=1)

    assert len(one.stand.requests) == 2
    one.never_says("carried on")


def test_a_first_recording_that_failed_is_not_paid_for_again(one):
    one.change("test_it.py", '== "a"', '== "b"').record(failed=1)
    one.replay(failed=1).says(
        "a recording on which this test failed waits: pytest-llmregress accept"
    )
    asked = len(one.stand.requests)

    one.change("test_it.py", '== "b"', '== "a"').offline().record(passed=1)

    assert len(one.stand.requests) == asked
    one.replay(passed=1)


def test_the_recording_of_a_test_that_is_there_is_not_offered_to_another(one):
    one.record(passed=1).offline()
    other = ONE.replace("test_one", "test_other").replace(
        "import pytest\n    from app import ask", ""
    )
    one.write(test_it=ONE + other)

    one.replay(passed=1, failed=1)
    one.says("cassette_not_found").never_says("renamed?")

    one.write(test_it=ONE.replace("test_one", "test_other")).replay(failed=1)
    one.says(
        "renamed?  __llm__/test_it/one.cassette.yaml answers this very request",
        "pytest-llmregress move test_it.py::test_one test_it.py::test_other",
        "git mv __llm__/test_it/one.cassette.yaml __llm__/test_it/other.cassette.yaml",
    )


def test_a_moved_file_finds_its_recordings_and_the_command_that_takes_them_along(one):
    one.record(passed=1).offline()
    (one.root / "unit").mkdir()
    (one.root / "test_it.py").rename(one.root / "unit/test_it.py")
    one.write({"conftest.py": ""})

    one.replay(failed=1).says(
        "renamed?  __llm__/test_it/one.cassette.yaml answers this very request",
        "pytest-llmregress move test_it.py unit/test_it.py",
        "git mv __llm__/test_it unit/__llm__/test_it",
    )


def test_in_ci_the_advice_is_a_run_that_accepts(one):
    one.record(passed=1).offline()
    one.change("test_it.py", "test_one():", "test_one(llm_snapshot):")
    one.change("test_it.py", '== "a"', "== llm_snapshot")

    one.replay(env={"CI": "true"}, failed=1)

    one.says("pytest test_it.py::test_one --llmregress-accept")
    assert not [name for name in one.files() if name.endswith(".new.yaml")]


def test_a_recording_that_waits_keeps_its_snapshot_through_a_replay(one):
    pending = "__llm__/test_it/one.snapshot.new.yaml"
    one.record(passed=1).change("test_it.py", "[[say a]]", "[[say b]]")
    one.record(mode="rewrite", failed=1).offline()
    before = one.read(pending)
    one.change("test_it.py", "[[say b]]", "[[say a]]")
    one.change("test_it.py", "test_one():", "test_one(llm_snapshot):")
    one.change("test_it.py", '== "a"', "== llm_snapshot")

    one.replay(failed=1)

    assert one.read(pending) == before
