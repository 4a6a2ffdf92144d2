"""Several candidates in one run: each test is run once for each of them, a verdict each."""

import json
from collections import Counter

import pytest

from pytest_llmregress.runner.several_candidates import split_by_candidate
from pytest_llmregress.storage.cassette_file import read_cassette

APP = """
    import anthropic

    def ask(text):
        client = anthropic.Anthropic(max_retries=0)
        message = {"role": "user", "content": text}
        asked = {"model": "claude-opus-5", "max_tokens": 50, "messages": [message]}
        return client.messages.create(**asked).content[0].text
"""
TESTS = """
    import pytest
    from app import ask

    @pytest.mark.llm
    @pytest.mark.parametrize("number", range(2))
    def test_one(number):
        ask(f"[[say {number}]]")

    class TestMore:
        @pytest.mark.llm
        def test_two(self, llm_calls):
            ask("two")
            assert llm_calls[0].requested_model != "claude-bad"

    def test_plain():
        pass
"""
NAMES = ("claude-good", "claude-bad")
BOTH = tuple(f"--llmregress-candidate={name}" for name in NAMES)


@pytest.fixture(scope="module")
def compared(module_project):
    project = module_project.write(app=APP, test_it=TESTS).record(passed=4)
    asked = len(project.stand.requests)
    project.record(*BOTH, "--llmregress-confirm=0", passed=6, failed=1)
    return project, project.stand.requests[asked:]


def test_each_marked_test_is_recorded_once_for_each_candidate_in_the_same_rounds(compared):
    project, requests = compared

    assert len(requests) == 6
    recorded = [read_cassette(path) for path in project.root.rglob("*@*.cassette.yaml")]
    assert Counter((each.candidate, each.requested_models) for each in recorded) == {
        (name, (name,)): 3 for name in NAMES
    }
    project.says("wave 1: 6 of 6 calls answered in ")


def test_each_candidate_has_a_summary_a_verdict_and_a_report_of_its_own(compared):
    project, _ = compared

    project.says("3 tests: 3 recorded; candidate claude-good; ", "candidate claude-bad")
    good, bad = (json.loads((project.root / f"report@{name}.json").read_text()) for name in NAMES)
    assert (good["candidate"], bad["candidate"]) == NAMES
    assert [report["counts"]["breaking"] for report in (good, bad)] == [0, 1]
    assert [report["verdict"]["fails"] for report in (good, bad)] == [False, True]
    assert [test["test"] for test in bad["tests"]] == [
        "test_it.py::TestMore::test_two",
        "test_it.py::test_one[0]",
        "test_it.py::test_one[1]",
    ]
    project.says(
        "FAILED test_it.py::TestMore::test_two@claude-bad",
        "side by side: pytest-llmregress compare baseline claude-good claude-bad",
    )
    project.never_says("carried on")


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_several_candidates_are_replayed_from_the_recordings_of_both(compared, workers):
    project, _ = compared
    sent = len(project.stand.requests)

    project.replay(*BOTH, *workers, passed=6, failed=1)

    assert len(project.stand.requests) == sent
    project.says("3 tests: 3 replayed; candidate claude-good; ", "candidate claude-bad")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((BOTH[0], BOTH[0]), "claude-good, claude-good: name each candidate once"),
        (
            (*BOTH, "--llmregress-accept"),
            "--llmregress-accept: it takes one candidate, and there are 2 (claude-good, ",
        ),
    ],
)
def test_what_takes_one_candidate_is_refused_beside_several(project, options, said):
    project.write(app=APP, test_it=TESTS).replay(*options)

    assert project.exit_status == 4
    project.says(said)


def test_a_method_of_unittest_is_run_with_one_candidate_alone(project):
    tests = """
        import unittest, pytest

        class TestOld(unittest.TestCase):
            @pytest.mark.llm
            def test_it(self):
                pass
    """
    project.write(test_it=tests).replay(*BOTH)

    assert project.exit_status == 4
    project.says("test_it.py::TestOld::test_it: it is no function of pytest")


def test_each_record_goes_to_one_candidate_whatever_the_names_have_in_common():
    names = ("sonnet", "sonnet[1m]", "on@sonnet", "arn:aws::model/opus")
    endings = ("", "[0]", "[a@sonnet[1m]-b::c]")
    items = {
        name: [f"test_it.py::TestIt::test_one@{name}{ending}" for ending in endings]
        for name in names
    }

    items["sonnet"].append("test_it.py::test_marked_later")
    found = split_by_candidate({item: None for each in items.values() for item in each}, names)

    assert [list(each) for each in found] == list(items.values())
