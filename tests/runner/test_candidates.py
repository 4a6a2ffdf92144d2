"""Runs against a candidate: recorded beside the baseline, compared, replayed without a server."""

import json
from textwrap import dedent

import pytest

APP = """
    import anthropic

    client = anthropic.Anthropic()
    TOOL = {"name": "lookup", "input_schema": {"type": "object", "properties": {}}}

    def ask(text="Hello", model="claude-opus-5", **more):
        messages = [{"role": "user", "content": text}]
        asked = {"model": model, "max_tokens": 100, "messages": messages, **more}
        return client.messages.create(**asked)
"""
TEST = """
    import pytest
    from app import ask

    @pytest.mark.llm(outcomes=["answered", "tool_use", "refused", "truncated", "paused"])
    def test_hello(llm_calls):
        ask()
"""
OLD, NEW = "claude-opus-5", "claude-opus-5-5"
CANDIDATE = f"--llmregress-candidate={NEW}"
PARIS = "Paris is the capital of France, and it is nice."
BASELINE = ["hello.cassette.yaml", "hello.snapshot.yaml"]
BESIDE = [
    "hello.cassette.yaml",
    "hello.snapshot.yaml",
    "hello@claude-opus-5-5.cassette.yaml",
    "hello@claude-opus-5-5.snapshot.new.yaml",
]


def baseline(project, answer: str = PARIS, test: str = TEST):
    """Record the baseline, and count from here on."""
    project.stand.script(OLD, answer)
    project.write(app=APP, test_it=test).record(passed=1)
    project.stand.requests.clear()
    return project


def drift(project, test: str = "test_hello"):
    return project.found()[test]["drift"]


def changes(project) -> dict[str, tuple[str, str, str]]:
    return {
        each["trait"]: (each["severity"], each["before"], each["after"])
        for each in drift(project)["changes"]
    }


def test_a_candidate_is_recorded_beside_the_baseline_and_replays_to_the_same_report(project):
    baseline(project).stand.script(NEW, "[[refusal cyber]]")
    before = project.files()

    project.record(CANDIDATE, failed=1)

    recorded, report = project.found(), drift(project)
    after = project.files()
    assert project.names() == BESIDE
    assert {name: after[name] for name in before} == before
    assert [each.json["model"] for each in project.stand.requests] == [NEW]

    project.offline().replay(CANDIDATE, failed=1)

    assert drift(project) == report
    assert project.found()["test_hello"]["mode"] == "replayed"
    assert recorded["test_hello"]["mode"] == "recorded"
    assert project.files() == after
    project.replay(passed=1)


def test_a_rewording_is_cosmetic_and_passes(project):
    baseline(project).stand.script(NEW, "France has a nice capital, and it is Paris.")

    project.record(CANDIDATE, passed=1)

    assert drift(project)["severity"] == "cosmetic"
    project.says(f"Passes: 1 of 1 test changed with {NEW}, in wording alone: other wording (1)")


@pytest.mark.parametrize(
    ("before", "after", "trait", "was", "now"),
    [
        (PARIS, "[[refusal cyber]]", "outcome", "answered", "refused (cyber)"),
        (PARIS, "[[say Paris is]] [[max_tokens]]", "outcome", "answered", "truncated"),
        (PARIS, "[[say Paris is]] [[pause]]", "outcome", "answered", "paused"),
        (
            PARIS,
            f"[[say {PARIS}]] [[served claude-opus-4-8]]",
            "served_model",
            "as requested",
            "claude-opus-5-5 → claude-opus-4-8",
        ),
        ('[[json {"a": 1}]]', '[[say Sure: {"a": 1}, here.]]', "text.json", "pure", ""),
        ('[[json {"a": 1, "b": 2}]]', '[[json {"a": 1}]]', "text.json_keys", "b", "a"),
        ("[[tool lookup {}]]", PARIS, "tools.set", "lookup", "none"),
    ],
    ids=["refusal", "truncation", "pause", "served model", "no json", "lost key", "dropped tool"],
)
def test_what_breaks_software_is_breaking_and_fails(
    project, *, before: str, after: str, trait: str, was: str, now: str
):
    baseline(project, before).stand.script(NEW, after)

    project.record(CANDIDATE, failed=1)

    severity, said_before, said_after = changes(project)[trait]
    assert severity == "breaking"
    assert was in said_before
    assert now in said_after
    assert project.names() == BESIDE
    project.says(
        "test_it.py::test_hello",
        "claude-opus-5 → claude-opus-5-5: 1 breaking",
        "; fails the test",
        trait,
        "observed once: 1 recording against 1: a difference, not how often it happens",
        "look closer: pytest-llmregress show __llm__/test_it/hello.cassette.yaml "
        "__llm__/test_it/hello@claude-opus-5-5.cassette.yaml",
        "accept:      pytest-llmregress accept test_it.py::test_hello --candidate claude-opus-5-5",
    )
    project.never_says("INTERNALERROR", "Traceback")


def test_fail_on_chooses_what_fails(project):
    baseline(project).stand.script(NEW, "France has a nice capital, and it is Paris.")
    project.record(CANDIDATE, passed=1).offline()

    levels = {
        level: project.replay(CANDIDATE, f"--llmregress-fail-on={level}").outcomes
        for level in ("cosmetic", "notable", "breaking", "never")
    }

    assert levels == {
        "cosmetic": {"failed": 1},
        "notable": {"passed": 1},
        "breaking": {"passed": 1},
        "never": {"passed": 1},
    }


def test_even_what_is_breaking_fails_nothing_where_nothing_is_to_fail(project):
    baseline(project).stand.script(NEW, "[[refusal cyber]]")

    project.record(CANDIDATE, "--llmregress-fail-on=never", passed=1)

    assert drift(project)["severity"] == "breaking"
    project.says(f"Passes: 1 of 1 test changed with {NEW}, which fails nothing with", "refused (1)")


def test_a_test_can_have_its_own_fail_on(project):
    test = (
        TEST
        + """
    @pytest.fixture
    def llm_config():
        return {"fail_on": "cosmetic"}
    """
    )
    baseline(project, test=test).stand.script(NEW, "France has a nice capital, and it is Paris.")

    project.record(CANDIDATE, failed=1).says("1 cosmetic; fails the test")


ASSERTING = """
    import pytest
    from app import ask

    @pytest.mark.llm
    def test_hello():
        assert "Paris" in ask().content[0].text
"""


def test_a_test_that_fails_by_its_own_assert_is_recorded_and_its_drift_told(project):
    baseline(project, test=ASSERTING).stand.script(NEW, "Rome is the capital, and it is nice.")

    project.record(CANDIDATE, failed=1)

    assert changes(project)["test"] == ("breaking", "passed", "failed")
    assert "hello@claude-opus-5-5.cassette.yaml" in project.names()
    assert project.found()["test_hello"]["passed"] is False
    project.says("assert 'Paris' in", "- llmregress -", "passed → failed")
    report = drift(project)

    project.offline().replay(CANDIDATE, failed=1).says("- llmregress -", "passed → failed")

    assert drift(project) == report


def test_a_candidate_without_a_baseline_is_told_to_record_one(project):
    project.write(app=APP, test_it=TEST)

    project.record(CANDIDATE, failed=1)

    project.says(
        "FAILED test_it.py::test_hello - there is no accepted baseline to hold a candidate ",
        "there is no accepted baseline to hold a candidate against; "
        "record one first. pytest test_it.py::test_hello --llmregress-record once",
    )
    assert project.problems() == {"test_hello": ["no_baseline"]}
    assert project.files() == {}
    assert project.stand.requests == []


def test_a_candidate_that_was_not_recorded_is_told_to_be(project):
    baseline(project).offline().replay(CANDIDATE, failed=1)

    project.says(
        "cassette_not_found",
        "record    pytest test_it.py::test_hello --llmregress-record once "
        "--llmregress-candidate claude-opus-5-5",
    )


def test_one_model_of_two_can_be_replaced(project):
    test = TEST.replace("ask()", 'ask(), ask(model="claude-haiku-5")')
    baseline(project, test=test)

    project.record(f"--llmregress-candidate={OLD}={NEW}", passed=1)

    assert [each.json["model"] for each in project.stand.requests] == [NEW, "claude-haiku-5"]
    assert project.problems() == {}
    assert len(project.names()) >= 3


# --- the baseline, recorded again ------------------------------------------------------------


def test_a_baseline_recorded_again_with_the_same_behavior_is_accepted_silently(project):
    baseline(project, "[[sample]]")
    before = project.files()

    project.record(mode="rewrite", passed=1)

    found = project.found()["test_hello"]
    if found["pending"] is None:
        assert found["accepted"] is True
        assert project.names() == BASELINE
        assert project.files() != before
    else:  # another number in the text is told, and fails nothing
        assert found["drift"]["severity"] == "notable"


def test_a_baseline_recorded_again_word_by_word_is_accepted(project):
    baseline(project)

    project.record(mode="rewrite", passed=1)

    found = project.found()["test_hello"]
    assert (found["accepted"], found["pending"]) == (True, None)
    assert drift(project)["changes"] == []
    assert project.names() == BASELINE
    project.says("1 test compared, no difference seen (1 recording against 1)")


@pytest.mark.parametrize("way", ["option", "command"])
def test_other_behavior_of_a_baseline_waits_until_it_is_accepted(project, console, way: str):
    baseline(project)
    before = project.files()
    project.stand.script(OLD, "[[refusal cyber]]")

    project.record(mode="rewrite", failed=1)

    pending = ["hello.cassette.new.yaml", "hello.snapshot.new.yaml"]
    after = project.files()
    assert sorted([*BASELINE, *pending]) == project.names()
    assert {name: after[name] for name in before} == before
    project.says("claude-opus-5, recorded again: ", "pending: 1 test. pytest-llmregress accept ")
    project.offline()

    if way == "option":
        project.replay("--llmregress-accept", passed=1)
    else:
        result = console("accept", "test_it.py::test_hello")
        assert result.returncode == 0

    assert project.names() == BASELINE
    assert project.files() != before
    assert "refusal" in project.read("__llm__/test_it/hello.cassette.yaml")
    project.replay(passed=1)


def test_an_accepted_candidate_becomes_the_baseline(project, console):
    baseline(project).stand.script(NEW, "[[refusal cyber]]")
    project.record(CANDIDATE, failed=1).offline()

    result = console("accept", "test_it.py::test_hello", "--candidate", NEW)

    assert result.returncode == 0
    assert project.names() == BASELINE
    project.replay(failed=1).says("no_match")
    project.change("app.py", 'model="claude-opus-5"', 'model="claude-opus-5-5"')
    project.replay(passed=1)


# --- reports ---------------------------------------------------------------------------------

SEVERAL = """
    import pytest
    from app import ask

    @pytest.mark.llm(outcomes=["answered", "refused"])
    @pytest.mark.parametrize("number", range(6))
    def test_many(number):
        ask(f"Hello {number}")

    def test_unmarked():
        pass
"""


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_the_report_holds_every_marked_test_and_the_counts(project, workers):
    project.write(app=APP, test_it=SEVERAL).record(*workers, passed=7)
    project.stand.script(NEW, "[[refusal cyber]]")

    project.record(CANDIDATE, *workers, failed=6, passed=1)

    report = json.loads(project.read("report.json"))
    assert report["llmregress_report"] == 1
    assert report["candidate"] == NEW
    assert report["fail_on"] == "breaking"
    assert report["counts"]["tests"] == report["counts"]["breaking"] == 6
    assert report["counts"]["recorded"] == report["counts"]["pending"] == 6
    assert report["counts"]["problems"] == report["counts"]["replayed"] == 0
    assert [test["test"] for test in report["tests"]] == [
        f"test_it.py::test_many[{number}]" for number in range(6)
    ]
    first = report["tests"][0]
    assert first["requested_models"] == first["served_models"] == [NEW]
    assert (first["calls"], first["passed"], first["accepted"]) == (1, True, False)
    assert first["drift"]["baseline"] == OLD
    assert first["drift"]["candidate"] == NEW
    assert (project.root / first["cassette"]).is_file()
    assert (project.root / first["pending"]).is_file()
    project.says(
        "Fails: 6 of 6 tests changed with claude-opus-5-5: ",
        "6 tests: 6 recorded; candidate claude-opus-5-5",
        "pending: 6 tests. one by one: pytest-llmregress review; all: "
        "pytest-llmregress accept --all --candidate claude-opus-5-5",
        "report: report.json",
    )


def test_a_plain_replay_is_one_line(project):
    baseline(project).offline().replay(passed=1)

    lines = project.output.splitlines()
    start = next(n for n, line in enumerate(lines) if line.strip("= ") == "llmregress")
    assert lines[start + 1 : start + 3] == [
        "Passes: 1 test replayed",
        "report: report.json",
    ]


def test_a_run_without_marked_tests_has_no_block(project):
    project.write(test_it=dedent("def test_unmarked(): pass")).replay(passed=1)

    assert not [line for line in project.output.splitlines() if line.strip("= ") == "llmregress"]


def test_a_hook_of_one_folder_has_no_say_on_the_tests_of_another(project):
    test = """
        import pytest
        from app import ask

        @pytest.mark.llm
        def test_NAME():
            ask()
    """
    hook = """
        from pytest_llmregress import Severity, Trait, TraitKind

        def pytest_llmregress_traits(calls):
            return [
                Trait(name="own", value=1, kind=TraitKind.NUMBER, severity=Severity.NOTABLE)
            ]
    """
    app = """
        import anthropic

        def ask():
            message = {"role": "user", "content": "Hello"}
            return anthropic.Anthropic().messages.create(
                model="claude-opus-5", max_tokens=9, messages=[message]
            )
    """
    project.write(
        {
            "app.py": app,
            "conftest.py": "",
            "one/conftest.py": hook,
            "one/test_one.py": test.replace("NAME", "one"),
            "two/test_two.py": test.replace("NAME", "two"),
        }
    ).record(passed=2)

    assert "own:" in project.read("one/__llm__/test_one/one.snapshot.yaml")
    assert "own:" not in project.read("two/__llm__/test_two/two.snapshot.yaml")


def test_accepting_a_candidate_ends_with_all_tests_on_its_recordings(project, console):
    test = """
        import anthropic, pytest

        def ask(text):
            message = {"role": "user", "content": text}
            return anthropic.Anthropic().messages.create(
                model=MODEL, max_tokens=9, messages=[message]
            )

        @pytest.mark.llm
        def test_same():
            ask("[[say yes]]")

        @pytest.mark.llm
        def test_other():
            ask("[[json {}]]")
    """
    old, new = "'claude-opus-5'", "'claude-opus-5-5'"
    candidate = "--llmregress-candidate=claude-opus-5-5"
    project.stand.script("claude-opus-5-5", "yes")
    project.write(test_it=test.replace("MODEL", old)).record(passed=2).record(candidate)

    promote = ("accept", "--all", "--candidate", "claude-opus-5-5")
    undecided = console(*promote)
    assert undecided.returncode == 1
    assert "1 test not decided on, and nothing was accepted" in undecided.stderr

    assert console("accept", "test_it.py::test_other", *promote[2:]).returncode == 0
    told = console(*promote).stdout
    assert "accepted test_it.py::test_same: claude-opus-5 → claude-opus-5-5, no difference" in told
    assert "ask for claude-opus-5-5 in your code, where it asks for claude-opus-5" in told

    project.offline()
    project.write(test_it=test.replace("MODEL", new)).replay(passed=2)


def test_what_a_failed_replay_left_pending_goes_with_one_that_does_as_the_baseline_did(project):
    test = """
        import os

        import anthropic, pytest

        @pytest.mark.llm
        def test_one():
            message = {"role": "user", "content": "[[say one]]"}
            anthropic.Anthropic().messages.create(
                model="claude-opus-5", max_tokens=9, messages=[message]
            )
            assert "BROKEN" not in os.environ
    """
    candidate = "--llmregress-candidate=claude-opus-5-5"
    project.write(test_it=test).record(passed=1).record(candidate, passed=1)

    project.replay(candidate, env={"BROKEN": "1"}, failed=1)
    assert [name for name in project.names() if ".new." in name]

    project.replay(candidate, passed=1)
    assert not [name for name in project.names() if ".new." in name]


def test_what_was_rejected_stays_rejected_until_it_is_recorded_again(project, console):
    test = """
        import anthropic, pytest

        @pytest.mark.llm
        def test_one():
            message = {"role": "user", "content": "[[json {}]]"}
            anthropic.Anthropic().messages.create(
                model="claude-opus-5", max_tokens=9, messages=[message]
            )
    """
    candidate = "--llmregress-candidate=claude-opus-5-5"
    project.stand.script("claude-opus-5-5", "prose")
    project.write(test_it=test).record(passed=1).record(candidate, failed=1)
    reject = ("reject", "test_it.py::test_one", "--candidate", "claude-opus-5-5")
    assert console(*reject, "--reason", "no JSON").returncode == 0

    project.replay(candidate, failed=1)
    project.says(
        "note: replayed a recording that was rejected", "no JSON", "--llmregress-record rewrite"
    )
    assert "nothing is pending" in console("accept", "--all").stdout
    project.replay(candidate, "--llmregress-accept")
    assert "{}" in project.read("__llm__/test_it/one.cassette.yaml")

    project.record(candidate, mode="rewrite", failed=1)
    assert "test_it.py::test_one" in console("accept").stdout
