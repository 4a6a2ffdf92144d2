"""`llm_snapshot`: exact in a replay, by behavior in a new recording."""

from dataclasses import replace

import pytest

from pytest_llmregress.storage.snapshot_file import read_snapshot, write_snapshot
from pytest_llmregress.values.behavior import Behavior

APP = """
    import json

    import anthropic

    client = anthropic.Anthropic()

    def ask(text):
        messages = [{"role": "user", "content": text}]
        answer = client.messages.create(
            model="claude-opus-5", max_tokens=100, messages=messages
        )
        return answer.content[0].text

    def plan(text="Hello"):
        return json.loads(ask(text))
"""
PLAN = '[[json {"days": 14, "steps": ["refund", "mail"], "note": "We are sorry for this."}]]'
TEST = """
    import pytest
    from app import ask, plan

    @pytest.mark.llm
    def test_plan(llm_snapshot):
        assert plan() == llm_snapshot
"""
NEW = "claude-opus-5-5"
CANDIDATE = f"--llmregress-candidate={NEW}"
ACCEPT = "accept: pytest-llmregress accept test_it.py::test_plan"


def recorded(project, test: str = TEST, answer: str = PLAN):
    project.stand.script("claude-opus-5", answer)
    return project.write(app=APP, test_it=test).record(passed=1)


def drift(project):
    return project.found()["test_plan"]["drift"]


def test_a_first_recording_stores_the_value_and_a_replay_compares_it_exactly(project):
    recorded(project)

    assert project.names() == ["plan.cassette.yaml", "plan.snapshot.yaml"]
    assert "We are sorry for this." in project.read("__llm__/test_it/plan.snapshot.yaml")
    project.offline().replay(passed=1)
    project.change("app.py", "json.loads(ask(text))", '{**json.loads(ask(text)), "days": 15}')
    before = project.files()

    project.replay(failed=1)

    project.says(
        "llm_snapshot:",
        "root['days']: 14 → 15",
        ACCEPT,
        "pending: 1 test. pytest-llmregress accept test_it.py::test_plan",
    )
    project.never_says("drift:")
    after = project.files()
    assert {name: after[name] for name in before} == before
    assert project.names() == ["plan.cassette.yaml", "plan.snapshot.new.yaml", "plan.snapshot.yaml"]


@pytest.mark.parametrize("way", ["option", "command"])
def test_what_the_code_makes_of_it_now_can_be_accepted(project, console, way: str):
    recorded(project).offline()
    project.change("app.py", "json.loads(ask(text))", '{**json.loads(ask(text)), "days": 15}')
    project.replay(failed=1)

    if way == "option":
        project.replay("--llmregress-accept", passed=1)
    else:
        assert console("accept", "test_it.py::test_plan").returncode == 0

    assert project.names() == ["plan.cassette.yaml", "plan.snapshot.yaml"]
    project.replay(passed=1)


def test_a_pending_value_goes_once_the_code_is_back_to_what_it_was(project):
    recorded(project).offline()
    project.change("app.py", "json.loads(ask(text))", '{**json.loads(ask(text)), "days": 15}')
    project.replay(failed=1)
    project.change("app.py", '{**json.loads(ask(text)), "days": 15}', "json.loads(ask(text))")

    project.replay(passed=1)

    assert project.names() == ["plan.cassette.yaml", "plan.snapshot.yaml"]


def test_in_ci_nothing_is_left_pending(project):
    recorded(project).offline()
    project.change("app.py", "json.loads(ask(text))", '{**json.loads(ask(text)), "days": 15}')
    before = project.files()

    project.replay(env={"CI": "true"}, failed=1)

    assert project.files() == before


def test_strings_dicts_dataclasses_and_pydantic_models_can_be_compared(project):
    test = """
        from dataclasses import dataclass

        import pytest
        from app import ask, plan
        from pydantic import BaseModel

        @dataclass
        class Plan:
            days: int
            steps: list
            note: str

        class Model(BaseModel):
            days: int
            steps: list[str]
            note: str

        @pytest.mark.llm
        def test_plan(llm_snapshot):
            answer = plan()
            assert answer["note"] == llm_snapshot("text")
            assert answer == llm_snapshot("dict")
            assert Plan(**answer) == llm_snapshot("dataclass")
            assert Model(**answer) == llm_snapshot("model")
            assert llm_snapshot("reversed") == answer
    """
    recorded(project, test).offline().replay(passed=1)

    project.change("test_it.py", "Model(**answer)", 'Model(**{**answer, "note": "Sorry."})')
    project.replay(failed=1)

    project.says("llm_snapshot('model'):", "root['note']: ", ACCEPT)


def test_the_same_name_twice_is_two_values(project):
    test = """
        import pytest
        from app import plan

        @pytest.mark.llm
        def test_plan(llm_snapshot):
            for step in plan()["steps"]:
                assert step == llm_snapshot
                assert step.upper() == llm_snapshot("loud")
    """
    recorded(project, test).offline().replay(passed=1)

    project.change("test_it.py", '["steps"]:', '["steps"][::-1]:')
    project.replay(failed=1)

    project.says("llm_snapshot:")
    text = project.read("__llm__/test_it/plan.snapshot.yaml")
    for name in ("value: refund", "value 2: mail", "loud: REFUND", "loud 2: MAIL"):
        assert name in text


def test_a_new_assertion_in_an_old_test_waits_for_its_value_to_be_accepted(project):
    recorded(project).offline()
    project.change("test_it.py", "== llm_snapshot", '== llm_snapshot == llm_snapshot("more")')
    project.change(
        "test_it.py",
        'assert plan() == llm_snapshot == llm_snapshot("more")',
        'answer = plan(); assert answer == llm_snapshot; assert answer == llm_snapshot("more")',
    )

    project.replay(failed=1)

    project.says("snapshot.more: nothing accepted yet → ", ACCEPT)
    assert "calls: {value: 1," in project.read("__llm__/test_it/plan.snapshot.new.yaml")
    project.replay("--llmregress-accept", passed=1)
    project.replay(passed=1)


def test_a_missing_fact_fails_on_every_run(project):
    test = TEST.replace("== llm_snapshot", '== llm_snapshot(facts=["14", "sorry"])')
    recorded(project, test).offline().replay(passed=1)
    project.online().stand.script(NEW, PLAN.replace("14", "13"))

    project.record(CANDIDATE, failed=1)

    project.says("fact missing: '14' is not in the text")


def test_a_fact_that_is_missing_from_a_first_recording_fails_it(project):
    test = TEST.replace("== llm_snapshot", '== llm_snapshot(facts=["within 30 days"])')
    project.stand.script("claude-opus-5", PLAN)

    project.write(app=APP, test_it=test).record(failed=1)

    project.says("fact missing: 'within 30 days' is not in the text")
    assert project.names() == ["plan.cassette.new.yaml", "plan.snapshot.new.yaml"]


def test_excluded_paths_do_not_count(project):
    test = TEST.replace("== llm_snapshot", "== llm_snapshot(exclude_paths=[\"root['days']\"])")
    recorded(project, test).offline()
    project.change("app.py", "json.loads(ask(text))", '{**json.loads(ask(text)), "days": 15}')

    project.replay(passed=1)

    project.change("app.py", '"days": 15', '"steps": 15')
    project.replay(failed=1).says("root['steps']")


def test_an_unknown_option_of_a_comparison_lists_the_known_ones(project):
    test = TEST.replace("== llm_snapshot", "== llm_snapshot(exclude_path=[1])")
    recorded(project).offline().write(test_it=test)

    project.replay(failed=1)

    project.says("llm_snapshot: unknown option(s) exclude_path; allowed are ", "exclude_paths")


# --- on a candidate --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "severity"),
    [
        ("We are sorry for this.", "This is a pity, so sorry.", "cosmetic"),
        ('"days": 14', '"days": 15', "breaking"),
        ('"days": 14, ', "", "breaking"),
    ],
)
def test_on_a_candidate_values_are_compared_by_behavior(project, old: str, new: str, severity: str):
    recorded(project).stand.script(NEW, PLAN.replace(old, new))

    outcomes = {"failed": 1} if severity == "breaking" else {"passed": 1}
    project.record(CANDIDATE, **outcomes)

    found = {each["trait"]: each["severity"] for each in drift(project)["changes"]}
    assert found["snapshot.value"] == severity
    assert drift(project)["severity"] == severity
    report = drift(project)
    project.offline().replay(CANDIDATE, **outcomes)
    assert drift(project) == report


def test_a_value_that_no_test_compares_with_any_more_is_told_as_obsolete(project):
    recorded(project)
    project.change("test_it.py", "assert plan() == llm_snapshot", "assert plan()")

    project.offline().replay(passed=1)

    project.says(
        "obsolete: 1 snapshot value that no test compares with: test_it.py::test_plan value"
    )
    assert project.found()["test_plan"]["obsolete"] == ["value"]


TEST_OF_TRAITS = """
    import pytest
    from app import ask

    @pytest.mark.llm
    def test_plan():
        assert ask("Hello")
"""
HOOK = """
    from pathlib import Path
    from pytest_llmregress import Severity, Trait, TraitKind

    def pytest_llmregress_traits(calls):
        with Path(__file__).with_name("asked.txt").open("a") as asked:
            print(calls[0].text, file=asked)
        value = "Hello" in calls[0].text
        return [
            Trait(name="greets", value=value, kind=TraitKind.CATEGORY, severity=Severity.BREAKING)
        ]
"""


def test_a_hook_that_is_added_later_judges_what_was_accepted_before_it(project):
    recorded(project, TEST_OF_TRAITS, "Hello you.")
    name = "__llm__/test_it/plan.snapshot.yaml"
    kept = project.read(name)
    edited = kept.replace("value: answered", "value: truncated")
    assert edited != kept
    project.write({name: edited}, conftest=HOOK)

    project.replay(passed=1)
    assert not (project.root / "asked.txt").exists(), "a replay extracts nothing"

    project.stand.script(NEW, "Hello there.")
    project.record(CANDIDATE, passed=1).never_says("greets", "outcome", "traits not compared")
    assert project.read("asked.txt").split("\n") == ["Hello there.", "Hello you.", ""]

    project.stand.script(NEW, "Good day.")
    project.record(CANDIDATE, mode="rewrite", failed=1).says("breaking  greets  yes → no")
    project.never_says("outcome")
    assert project.read(name) == edited, "nothing is accepted by itself"

    (project.root / "__llm__/test_it/plan.cassette.yaml").unlink()
    project.run(CANDIDATE, passed=1).says(
        "traits not compared: 1 in 1 test: test_it.py::test_plan",
        "greets: not in the baseline, of which no cassette is left",
    )


def test_a_built_in_trait_of_a_newer_version_fails_nothing_until_it_is_accepted(project):
    recorded(project, TEST_OF_TRAITS, "Hello you.")
    path = project.root / "__llm__/test_it/plan.snapshot.yaml"
    known = read_snapshot(path)
    older = tuple(t for t in known.samples[0].behavior.traits if t.name != "refusal")
    sample = replace(known.samples[0], behavior=Behavior(traits=older))
    written = replace(known, samples=(sample,), extractors=("pytest-llmregress=0",))
    write_snapshot(path, written)
    project.replay(passed=1).never_says("traits")
    assert read_snapshot(path) == written, "the first run after an upgrade accepts nothing"

    project.stand.script(NEW, "I can't help with that.")
    project.record(CANDIDATE, passed=1).says(
        "new traits, which fail nothing until pytest --llmregress-accept: 1 in 1 test", "  refusal"
    )
    change = next(c for c in drift(project)["changes"] if c["trait"] == "refusal")
    assert change["severity"] == "cosmetic"
    assert change["detail"].startswith("new in pytest-llmregress 0.1.0")

    project.offline().run("--llmregress-accept", passed=1)
    assert read_snapshot(path).behaviors == known.behaviors
    project.run(CANDIDATE, failed=1).never_says("new traits", "new in")
