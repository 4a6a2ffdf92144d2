"""A failure that does not end the body counts as one that does, with one sample and with two."""

import pytest

OLD, NEW = "claude-opus-5", "claude-opus-5-5"
APP = """
    import anthropic

    client = anthropic.Anthropic(max_retries=0)

    def ask():
        message = {"role": "user", "content": "What is the capital of France?"}
        reply = client.messages.create(model="claude-opus-5", max_tokens=50, messages=[message])
        return reply.content[0].text
"""
COLLECTED = """
    import pytest

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(item, call):
        report = yield
        if call.when == "call" and getattr(item, "collected", []):
            report.outcome, report.longrepr = "failed", "; ".join(item.collected)
        return report
"""
"""What pytest-check does: it collects failures, and has the report of the body fail."""
TESTS = """
    import unittest

    import pytest
    from app import ask

    pytestmark = pytest.mark.llm(SAMPLES)

    def test_assert():
        assert ask().startswith("Paris")

    def test_subtests(subtests):
        answer = ask()
        with subtests.test("skipped"):
            pytest.skip("not here")
        with subtests.test("starts"):
            assert answer.startswith("Paris")

    class TestCase(unittest.TestCase):
        def test_unittest(self):
            answer = ask()
            with self.subTest("starts"):
                self.assertTrue(answer.startswith("Paris"))

    def test_collected(request):
        if not ask().startswith("Paris"):
            request.node.collected = ["the answer does not start with Paris"]
"""
HAS_SUBTESTS = hasattr(pytest, "Subtests")
SUBTESTS = pytest.param(
    "test_subtests",
    marks=pytest.mark.skipif(not HAS_SUBTESTS, reason="subtests came with pytest 9"),
)
NAMES = ["test_assert", SUBTESTS, "test_unittest", "test_collected"]


@pytest.fixture(scope="module")
def compared(module_project):
    """Return the tests of a candidate's run by file and name."""
    stand = module_project.stand
    stand.script(OLD, "Paris is the capital of France.")
    stand.script(NEW, "The capital of France is Paris.")
    module_project.write(
        app=APP,
        conftest=COLLECTED,
        test_one=TESTS.replace("SAMPLES", ""),
        test_two=TESTS.replace("SAMPLES", "samples=2"),
    )
    module_project.record()
    module_project.record(f"--llmregress-candidate={NEW}")
    assert module_project.exit_status == 1
    tests = module_project.report()["tests"]
    return {(test["test"].split(".")[0], test["test"].split("::")[-1]): test for test in tests}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("file", ["test_one", "test_two"])
def test_a_failure_under_the_candidate_is_a_breaking_change_of_the_test(compared, file, name):
    drift = compared[file, name]["drift"]

    severities = {change["trait"]: change["severity"] for change in drift["changes"]}
    assert (drift["severity"], severities.get("test")) == ("breaking", "breaking")
