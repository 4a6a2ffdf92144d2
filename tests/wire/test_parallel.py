"""Many tests, many processes, many runs: every test has its own files and its own answers."""

APP = """
    import anthropic

    client = anthropic.Anthropic()

    def ask(text):
        messages = [{"role": "user", "content": text}]
        reply = client.messages.create(model="claude-opus-5", max_tokens=9, messages=messages)
        return reply.content[0].text
"""

MANY = """
    import pytest
    from app import ask

    pytestmark = pytest.mark.llm

    @pytest.mark.parametrize("number", range(12))
    def test_number(number, llm_snapshot):
        answer = ask(f"[[say Number {number} of FILE.]]")
        assert answer == f"Number {number} of FILE."
        assert answer == llm_snapshot

    def test_sample(llm_snapshot):
        assert [ask("[[sample]]") for _ in range(3)] == llm_snapshot

    class TestSample:
        def test_sample(self, llm_snapshot):
            assert ask("[[sample]]") == llm_snapshot

    def test_Sample(llm_snapshot):
        assert ask("[[sample]]") == llm_snapshot
"""

FILES = {
    "app.py": APP,
    "test_one.py": MANY.replace("FILE", "one"),
    "folder/test_two.py": MANY.replace("FILE", "two"),
    "pytest.ini": "[pytest]\npythonpath = .\n",
}


def test_workers_record_and_replay_like_one_process(project):
    project.write(FILES).record("-n", "2", passed=30)
    recorded = project.files()
    project.says("Passes: 30 tests recorded and accepted\n")

    assert len(recorded) == 60
    assert len({name.lower() for name in recorded}) == 60
    assert len(project.stand.requests) == 24 + 2 * (3 + 1 + 1)
    assert len(project.report()["tests"]) == 30

    # With workers that have imported nothing before.
    project.offline().replay("-n", "2", env={"PYTHONPATH": str(project.root)}, passed=30)
    project.says("Passes: 30 tests replayed\n")
    project.replay("-p", "no:xdist", passed=30)

    assert project.files() == recorded


def test_names_that_look_alike_have_files_of_their_own(project):
    source = """
        import pytest
        from app import ask

        pytestmark = pytest.mark.llm

        PATHS = ["a/b", "a-b", "a?b", "a:b", "A-b", "a b", "", "é", "x" * 300]

        @pytest.mark.parametrize("path", PATHS)
        def test_ask(path, llm_snapshot):
            assert ask(f"[[say Path {path!r}.]]") == f"Path {path!r}."
    """
    project.write(app=APP, test_it=source).record("-p", "no:xdist", passed=9)

    assert len({name.lower() for name in project.files()}) == 18
    project.offline().replay(passed=9)


def test_a_worker_that_crashes_takes_no_other_test_along(project):
    source = """
        import os

        import pytest
        from app import ask

        pytestmark = pytest.mark.llm

        @pytest.mark.parametrize("number", range(8))
        def test_number(number):
            ask(f"[[say Number {number}.]]")
            if number == 3 and os.environ.get("CRASH"):
                os._exit(1)
    """
    project.write(app=APP, test_it=source)
    project.record("-n", "2", env={"CRASH": "yes"}, failed=1, passed=7)
    project.says(
        "crashed while running 'test_it.py::test_number[3]'", "7 recorded, 1 crashed, 7 accepted"
    )
    recorded = {name: text for name, text in project.files().items() if name.endswith(".yaml")}

    assert len(recorded) == 14
    assert sorted(project.found()) == [f"test_number[{n}]" for n in range(8)]

    project.record(passed=8).says("8 tests: 7 replayed, 1 recorded, 1 accepted")

    assert {name: project.files()[name] for name in recorded} == recorded
    assert len(project.files()) == 16


def test_many_replays_in_one_process_are_one(project):
    source = """
        import pytest
        from app import ask

        @pytest.mark.llm
        def test_samples(llm_snapshot, llm_calls):
            assert [ask("[[sample]]") for _ in range(4)] == llm_snapshot
            assert len(llm_calls) == 4
    """
    again = """
        import pytest

        class Outcomes:
            def __init__(self):
                self.seen = []

            def pytest_runtest_logreport(self, report):
                if report.when == "call":
                    self.seen.append(report.outcome)

        def test_again(monkeypatch):
            # What takes most of the time: other plugins, and collections of garbage.
            monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
            without = ["-p", "no:cacheprovider", "-p", "no:unraisableexception"]
            outcomes = Outcomes()
            options = ["-p", "pytest_llmregress.plugin", *without, "test_it.py"]
            statuses = [pytest.main(options, plugins=[outcomes]) for _ in range(25)]
            assert set(statuses) == {0}
            assert outcomes.seen == ["passed"] * 25
    """
    project.write(app=APP, test_it=source).record(passed=1)
    recorded = project.files()
    project.offline().write(again=again).replay("again.py", passed=1)

    assert project.files() == recorded


def test_two_runs_in_one_process_share_nothing(project):
    source = """
        import pytest
        from app import ask

        @pytest.mark.llm
        def test_it():
            ask("[[sample]]")
    """
    again = """
        import pytest

        def run(*options):
            quiet = ["-p", "no:cacheprovider", "-p", "no:terminal"]
            return pytest.main([*quiet, *options, "test_it.py"])

        def test_again():
            assert run() == 1
            assert run("--llmregress-record=once") == 0
            assert run() == 0
            assert run("--llmregress-candidate=claude-opus-5-5") == 1
            assert run() == 0
    """
    project.write(app=APP, test_it=source, again=again)
    project.run("again.py", env={"ANTHROPIC_API_KEY": "none"}, passed=1)

    assert len(project.stand.requests) == 1
    assert project.names() == ["it.cassette.yaml", "it.snapshot.yaml"]


CRASH = """
    import os

    import pytest
    from app import ask

    @pytest.mark.llm
    def test_stays():
        ask("[[say Here.]]")

    @pytest.mark.llm
    def test_crashes():
        ask("[[say There.]]")
        if "CRASH" in os.environ:
            os._exit(3)

    def test_crashes_without_a_model():
        if "CRASH" in os.environ:
            os._exit(3)
"""


def test_a_test_whose_worker_crashes_is_counted_and_named(project):
    project.write(app=APP, test_it=CRASH).record(passed=3).offline()
    project.replay("-n", "1", env={"CRASH": "1"}, passed=1, failed=2)
    project.says(
        "2 tests: 1 replayed, 1 crashed",
        "problem: crashed: 1 test: test_it.py::test_crashes",
    )
    assert project.problems() == {"test_crashes": ["crashed"]}
    assert {test["test"]: test["passed"] for test in project.report()["tests"]} == {
        "test_it.py::test_stays": True,
        "test_it.py::test_crashes": False,
    }
