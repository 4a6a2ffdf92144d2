"""Record modes: each does what its word says, counted at the server."""

import pytest

APP = """
    import anthropic

    client = anthropic.Anthropic()

    def ask(text, **more):
        messages = [{"role": "user", "content": text}]
        asked = {"model": "claude-opus-5", "max_tokens": 100, "messages": messages, **more}
        return client.messages.create(**asked)
"""
ONE = """
    import pytest
    from app import ask

    @pytest.mark.llm
    def test_one():
        ask("[[say a]]")
"""
CHANGED = ONE.replace('ask("[[say a]]")', 'ask("[[say b]]")')
BOTH = ONE.replace('ask("[[say a]]")', 'ask("[[say a]]"), ask("[[say b]]")')
CASSETTE = "__llm__/test_it/one.cassette.yaml"


def sent(project) -> int:
    return len(project.stand.requests)


def recorded(project) -> list[str]:
    """The questions in the accepted cassette, in order."""
    lines = project.read(CASSETTE).splitlines()
    return [line.partition("content: ")[2].strip("'\"}") for line in lines if "content: " in line]


def test_by_default_nothing_goes_out_even_with_a_key_and_a_server(project):
    project.write(app=APP, test_it=ONE)

    project.run(env={"ANTHROPIC_API_KEY": "a key"}, failed=1)

    assert sent(project) == 0
    assert project.files() == {}


@pytest.mark.parametrize("mode", ["once", "new_episodes", "all", "rewrite"])
def test_every_mode_that_records_records_what_has_no_cassette(project, mode: str):
    project.write(app=APP, test_it=ONE)

    project.record(mode=mode, passed=1)

    assert sent(project) == 1
    assert project.names() == ["one.cassette.yaml", "one.snapshot.yaml"]
    assert project.found()["test_one"]["mode"] == "recorded"
    assert project.found()["test_one"]["accepted"] is True
    project.offline().replay(passed=1)


@pytest.mark.parametrize(
    ("mode", "goes_out"),
    [("none", 0), ("once", 0), ("new_episodes", 0), ("all", 1), ("rewrite", 1)],
)
def test_what_is_recorded_goes_out_again_only_where_that_is_asked_for(
    project, mode: str, goes_out: int
):
    project.write(app=APP, test_it=ONE).record(passed=1)

    project.record(mode=mode, passed=1)

    assert sent(project) == 1 + goes_out
    assert project.found()["test_one"]["mode"] == ("recorded" if goes_out else "replayed")


@pytest.mark.parametrize("mode", ["none", "once"])
def test_a_cassette_that_is_there_is_not_added_to(project, mode: str):
    project.write(app=APP, test_it=ONE).record(passed=1)
    before = project.files()

    project.write(test_it=CHANGED).record(mode=mode, failed=1)

    assert sent(project) == 1
    assert project.files() == before
    assert project.problems() == {"test_one": ["no_match"]}


def test_new_episodes_adds_only_what_is_new(project):
    project.write(app=APP, test_it=ONE).record(passed=1)

    project.write(test_it=BOTH).record("--llmregress-accept", mode="new_episodes", passed=1)

    assert sent(project) == 2
    assert project.found()["test_one"]["mode"] == "mixed"
    assert recorded(project) == ["[[say a]]", "[[say b]]"]
    project.offline().replay(passed=1)


def test_all_records_every_request_and_keeps_what_was_not_asked_for(project):
    project.write(app=APP, test_it=BOTH).record(passed=1)

    project.write(test_it=CHANGED).record("--llmregress-accept", mode="all", passed=1)

    assert sent(project) == 3
    assert sorted(recorded(project)) == ["[[say a]]", "[[say b]]"]
    project.offline().replay(passed=1)
    project.write(test_it=BOTH).replay()
    assert project.problems().get("test_one", []) in ([], ["changed"])


def test_what_new_episodes_keeps_and_did_not_ask_for_may_be_left_out(project):
    project.write(app=APP, test_it=BOTH).record(passed=1)
    asks_for_another = BOTH.replace("[[say a]]", "[[say c]]")
    assert asks_for_another != BOTH

    project.write(test_it=asks_for_another).record(
        "--llmregress-accept", mode="new_episodes", passed=1
    )

    assert sorted(recorded(project)) == ["[[say a]]", "[[say b]]", "[[say c]]"]
    project.offline().replay(passed=1)


def test_rewrite_replaces_the_whole_cassette(project):
    project.write(app=APP, test_it=BOTH).record(passed=1)

    project.write(test_it=CHANGED).record("--llmregress-accept", mode="rewrite", passed=1)

    assert sent(project) == 3
    assert recorded(project) == ["[[say b]]"]


def test_an_unmarked_test_is_left_alone_in_every_mode(project):
    project.write(
        app=APP,
        test_it="""
        from app import ask

        def test_live():
            ask("[[say a]]")
        """,
    )

    project.record(mode="all", passed=1)

    assert sent(project) == 1
    assert project.files() == {}


@pytest.mark.parametrize(
    "marks",
    [
        "[[status 401]]",
        "[[status 529]]",
        "[[truncated]]",
    ],
)
def test_a_recording_that_went_wrong_leaves_the_old_one_as_it_was(project, marks: str):
    project.write(
        app=APP.replace("Anthropic()", "Anthropic(max_retries=0)"),
        test_it="""
        import pytest
        from app import ask

        @pytest.mark.llm
        def test_one():
            ask("Hello")
        """,
    ).record(passed=1)
    before = project.files()
    project.stand.script("claude-opus-5", marks)

    project.record(mode="rewrite", failed=1)

    assert project.files() == before
    (problem,) = project.found()["test_one"]["problems"]
    assert "a request has no whole answer, so no cassette was written" in problem["message"]
    assert "what was accepted before is untouched" in problem["message"]
    project.says("problem: not_whole: 1 test: test_it.py::test_one")
    project.offline().replay(passed=1)


def test_a_failing_test_does_not_replace_what_was_accepted(project):
    project.write(
        app=APP,
        test_it="""
        import pytest
        from app import ask

        @pytest.mark.llm
        def test_one():
            assert "nice" in ask("Hello").content[0].text
        """,
    )
    project.stand.script("claude-opus-5", "Paris is nice.")
    project.record(passed=1)
    before = project.files()
    project.stand.script("claude-opus-5", "Paris is ugly.")

    project.record(mode="rewrite", failed=1)

    after = project.files()
    assert {name: after[name] for name in before} == before
    assert project.names() == [
        "one.cassette.new.yaml",
        "one.cassette.yaml",
        "one.snapshot.new.yaml",
        "one.snapshot.yaml",
    ]


def test_a_test_that_skips_itself_after_a_call_can_be_replayed(project):
    project.write(app=APP, test_it=ONE).record(passed=1)
    skipping = ONE.replace('ask("[[say a]]")', 'ask("[[say a]]"), pytest.skip("enough")')

    project.write(test_it=skipping).record(mode="rewrite", skipped=1)

    project.offline().replay(skipped=1)


def test_a_test_that_is_skipped_before_any_call_leaves_nothing(project):
    skipped = ONE.replace('ask("[[say a]]")', 'pytest.skip("not today")')
    project.write(app=APP, test_it=skipped).record(skipped=1)

    assert project.files() == {}


def test_retries_leave_one_answer_in_the_cassette(project):
    project.write(
        app=APP,
        test_it="""
        import pytest
        from app import ask

        @pytest.mark.llm
        def test_one():
            ask("[[529 2]] [[say a]]")
        """,
    )

    project.record(passed=1)

    assert sent(project) == 3
    assert "interactions: 1\n" in project.read(CASSETTE)
    project.offline().replay(passed=1)
