"""What is left of a test's record where pytest keeps all reports until the end."""

import pytest

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
    @pytest.mark.parametrize("number", range(2))
    def test_hello(number):
        ask()
"""
CONFTEST = """
    SEEN = []

    def pytest_runtest_logreport(report):
        if hasattr(report, "llmregress"):
            SEEN.append(report.llmregress["test"])

    def pytest_terminal_summary(terminalreporter):
        kept = [each for several in terminalreporter.stats.values() for each in several]
        left = [each for each in kept if hasattr(each, "llmregress")]
        terminalreporter.write_line(f"seen: {len(SEEN)}, left: {len(left)}")
        facts = [dict(each.user_properties) for each in kept if each.user_properties]
        modes = [each["llmregress.mode"] for each in facts]
        terminalreporter.write_line(f"modes: {' '.join(modes)}")
"""


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "xdist"])
@pytest.mark.parametrize("samples", [(), ("--llmregress-samples=2",)], ids=["one", "sampled"])
def test_a_record_is_taken_off_its_report_once_everybody_has_seen_it(project, workers, samples):
    project.write(app=APP, test_it=TEST, conftest=CONFTEST)
    project.record(*workers, *samples, passed=2).replay(*workers, passed=2)

    project.says("seen: 2, left: 0", "modes: replayed replayed")
    assert set(project.found()) == {"test_hello[0]", "test_hello[1]"}
