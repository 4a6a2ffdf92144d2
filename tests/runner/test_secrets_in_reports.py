"""What an exception or a log of a test quotes of a secret reaches no report and no terminal."""

from pathlib import Path

import pytest

KEY = "s" + "k_live_" + "a1B2c3D4e5F6g7H8i9J0k1L2"
PASSWORD = "correct-horse-battery-9"
TEST = f"""
    import logging, os

    import anthropic, pytest

    URL = "https://api.example.org/v1?user=1&token=" + "{KEY[:4]}" + "{KEY[4:]}"

    def ask():
        content = [{{"role": "user", "content": "[[say Done.]]"}}]
        anthropic.Anthropic().messages.create(model="claude-opus-5", max_tokens=9, messages=content)

    @pytest.mark.llm
    def test_raises():
        ask()
        logging.getLogger("http").warning("POST %s", URL)
        print("with", os.environ["DB_PASSWORD"])
        raise RuntimeError(f"401 Unauthorized for url: {{URL}}")

    @pytest.mark.llm(samples=2)
    def test_raises_in_each_sample():
        ask()
        raise RuntimeError("cannot log in with " + os.environ["DB_PASSWORD"])

    @pytest.mark.llm
    def test_compares():
        ask()
        assert "a" == "b"
"""
REPORTS = ("report.json", "report.md", "report.html", "junit.xml")


@pytest.fixture(scope="module")
def failed(module_project):
    module_project.write(test_it=TEST)
    options = [f"--llmregress-report={name}" for name in REPORTS[:3]]
    module_project.record(*options, "--junitxml=junit.xml", env={"DB_PASSWORD": PASSWORD}, failed=3)
    return module_project


@pytest.mark.parametrize("place", ["terminal", *REPORTS])
def test_no_secret_is_quoted(failed, place):
    path = Path(failed.root, place)
    text = failed.output if place == "terminal" else path.read_text(encoding="utf-8")
    for secret in (KEY, KEY[8:], PASSWORD):
        assert secret not in text


def test_the_rest_of_the_exception_is_told(failed):
    failed.says(
        "RuntimeError: 401 Unauthorized for url: https://api.example.org/v1?user=1&token=[redacted]",
        "POST https://api.example.org/v1?user=1&token=[redacted]",
        "with [redacted]",
        "AssertionError: assert 'a' == 'b'",
    )
