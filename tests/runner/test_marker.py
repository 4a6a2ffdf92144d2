"""The marker and `llm_config`: what cannot be is told by the test that has it."""

import pytest

from marker_keywords import KNOWN

APP = """
    import anthropic

    client = anthropic.Anthropic()

    def ask(text, **more):
        messages = [{"role": "user", "content": text}]
        asked = {"model": "claude-opus-5", "max_tokens": 100, "messages": messages, **more}
        return client.messages.create(**asked)
"""
OWN = "fail_on, judge_model, match_ignore, match_replace"
"""What `llm_config` takes beside the marker's keywords."""


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("max_cals=1", f"max_cals: there is no such keyword; {KNOWN}"),
        ("max_calls=-1", "max_calls: -1 is no limit; a whole number from 0 on"),
        ("'claude-opus-5'", "it takes keywords only"),
        ("3, max_calls=1", "it takes keywords only"),
    ],
)
def test_a_marker_that_cannot_be_fails_its_test(project, marker: str, message: str):
    project.write(
        test_it=f"""
        import pytest

        @pytest.mark.llm({marker})
        def test_bad():
            open("ran", "w").close()

        def test_other():
            pass
        """
    )

    project.replay(errors=1, passed=1)

    project.says("ERROR test_it.py::test_bad - @pytest.mark.llm: ", f"@pytest.mark.llm: {message}")
    project.never_says("Traceback", "INTERNALERROR", "testrun.py")
    assert project.problems() == {"test_bad": ["bad_marker"]}
    assert not (project.root / "ran").exists()


def test_a_bad_marker_is_told_the_same_way_from_a_worker(project):
    project.write(
        test_it="""
        import pytest

        @pytest.mark.llm(max_cals=1)
        def test_bad():
            pass
        """
    )

    project.replay("-n", "1", errors=1)

    project.says("test_it.py::test_bad - @pytest.mark.llm: max_cals: there is no such keyword")
    project.never_says("INTERNALERROR")
    assert project.problems() == {"test_bad": ["bad_marker"]}


def test_the_closest_marker_wins_keyword_by_keyword(project):
    project.write(
        app=APP,
        test_it="""
        import pytest
        from app import ask

        pytestmark = pytest.mark.llm(max_calls=1, max_output_tokens=1)

        @pytest.mark.llm(max_calls=3)
        class TestClass:
            @pytest.mark.llm(max_output_tokens=1000)
            def test_both_are_overridden(self):
                ask("[[say a]]"), ask("[[say b]]")

            def test_one_is_overridden(self):
                ask("[[say a]]"), ask("[[say b]]")
        """,
    )

    project.record(passed=1, failed=1)

    project.says("::test_one_is_overridden - broke 1 rule of its contract: max_output_tokens")
    project.says("max_output_tokens=1: ")
    project.never_says("max_calls=")


def test_a_broken_rule_fails_the_replay_as_well_as_the_recording(project):
    project.write(
        app=APP,
        test_it="""
        import pytest
        from app import ask

        @pytest.mark.llm(max_calls=2)
        def test_two_calls():
            ask("[[say a]]"), ask("[[say b]]")
        """,
    )
    project.record(passed=1).offline().change("test_it.py", "max_calls=2", "max_calls=1")

    project.replay(failed=1)

    project.says(
        "FAILED test_it.py::test_two_calls - broke 1 rule of its contract: max_calls",
        "  max_calls=1: 2 in all; call 2 went over it",
    )
    assert project.problems() == {"test_two_calls": ["contract"]}


def test_a_first_recording_that_breaks_a_rule_is_not_accepted(project):
    project.write(
        app=APP,
        test_it="""
        import pytest
        from app import ask

        @pytest.mark.llm
        def test_refused():
            ask("[[refusal cyber]]")
        """,
    )

    project.record(failed=1)

    project.says("outcomes: call 1 ended refused (cyber); allowed: answered, tool_use, error")
    assert project.names() == ["refused.cassette.new.yaml", "refused.snapshot.new.yaml"]


def test_a_marked_test_without_a_call_fails(project):
    project.write(
        test_it="""
        import pytest

        @pytest.mark.llm
        def test_silent():
            pass
        """
    )

    project.replay(failed=1)

    project.says(
        "FAILED test_it.py::test_silent - it is marked with @pytest.mark.llm and made no ",
        "it is marked with @pytest.mark.llm and made no model call, so "
        "it watches over nothing; let it call the model, or take the marker off",
    )
    assert project.problems() == {"test_silent": ["no_calls"]}


@pytest.mark.parametrize("fixture", ["llm_calls", "llm_snapshot"])
def test_a_fixture_without_the_marker_is_told(project, fixture: str):
    project.write(
        test_it=f"""
        def test_unmarked({fixture}):
            pass
        """
    )

    project.replay(errors=1)

    project.says(
        f"test_it.py::test_unmarked: {fixture} is for tests marked with @pytest.mark.llm; "
        "mark this one, or take the fixture out"
    )
    project.never_says("Traceback", "fixtures.py")


# --- llm_config ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ('{"max_cals": 1}', f"llm_config: 'max_cals': no such key; {KNOWN}, {OWN}"),
        ('{"report": "a.html"}', f"llm_config: 'report': no such key; {KNOWN}, {OWN}"),
        ('{"record": "all"}', "record: 'all' is no way to record one test; 'inline'"),
        (
            '{"fail_on": "minor"}',
            "llm_config[\"fail_on\"]: 'minor' is none of breaking, notable, cosmetic, never",
        ),
    ],
)
def test_an_llm_config_that_cannot_be_fails_the_tests_it_is_for(project, config: str, message: str):
    project.write(
        test_it=f"""
        import pytest

        @pytest.fixture
        def llm_config():
            return {config}

        @pytest.mark.llm
        def test_bad():
            open("ran", "w").close()

        def test_unmarked():
            pass
        """
    )

    project.replay(errors=1, passed=1)

    project.says("ERROR test_it.py::test_bad - ", message)
    project.never_says("Traceback", "testrun.py")
    assert not (project.root / "ran").exists()


def test_llm_config_is_overridden_at_any_scope_and_the_marker_wins_over_it(project):
    project.write(
        app=APP,
        conftest="""
        import pytest

        @pytest.fixture(scope="session")
        def llm_config():
            return {"max_calls": 1}
        """,
        test_of_session="""
        import pytest
        from app import ask

        @pytest.mark.llm
        def test_session():
            ask("[[say a]]"), ask("[[say b]]")

        @pytest.mark.llm(max_calls=2)
        def test_marker():
            ask("[[say a]]"), ask("[[say b]]")
        """,
        test_of_module="""
        import pytest
        from app import ask

        @pytest.fixture(scope="module")
        def llm_config(llm_config):
            return {**llm_config, "max_calls": 2}

        @pytest.mark.llm
        def test_module():
            ask("[[say a]]"), ask("[[say b]]"), ask("[[say c]]")

        class TestFunction:
            @pytest.fixture
            def llm_config(self, llm_config):
                return {**llm_config, "max_calls": 3}

            @pytest.mark.llm
            def test_function(self):
                ask("[[say a]]"), ask("[[say b]]"), ask("[[say c]]")
        """,
    )

    project.record(passed=2, failed=2)

    project.says("max_calls=1: 2 in all; call 2 went over it")
    project.says("max_calls=2: 3 in all; call 3 went over it")
    assert project.problems() == {"test_session": ["contract"], "test_module": ["contract"]}
