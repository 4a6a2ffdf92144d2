"""Reporters of other plugins: a text, or pieces of one."""

APP = """
    import anthropic

    def ask():
        messages = [{"role": "user", "content": "Hello"}]
        return anthropic.Anthropic().messages.create(
            model="claude-opus-5", max_tokens=100, messages=messages
        )
"""
TEST = """
    import pytest
    from app import ask

    @pytest.mark.llm
    def test_hello():
        ask()
"""
CONFTEST = """
    class Whole:
        suffix = ".txt"

        def render(self, report):
            return f"{len(report.tests)} tests: {report.tests[0].test}"

    class InPieces:
        suffix = ".csv"

        def render(self, report):
            yield "test,calls"
            for test in report.tests:
                yield f"\\n{test.test},{test.calls}"

    def pytest_llmregress_reporters():
        return [Whole(), InPieces()]
"""


def test_a_reporter_returns_a_text_or_yields_pieces_of_one(project):
    project.write(app=APP, test_it=TEST, conftest=CONFTEST)
    reports = ("--llmregress-report=run.txt", "--llmregress-report=run.csv")
    project.record(*reports, passed=1)

    assert project.read("run.txt") == "1 tests: test_it.py::test_hello"
    assert project.read("run.csv") == "test,calls\ntest_it.py::test_hello,1"
    project.says("report: report.json, run.txt, run.csv")
