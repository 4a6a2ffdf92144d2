"""A test that fails where redaction took a value out of an answer says so."""

TESTS = """
    import anthropic, pytest

    def ask():
        messages = [{"role": "user", "content": "[[say Your account is cust_1042xyz.]]"}]
        made = anthropic.Anthropic().messages.create
        return made(model="claude-opus-5", max_tokens=9, messages=messages).content[0].text

    @pytest.mark.llm
    def test_once():
        assert "cust_" in ask()

    @pytest.mark.llm(samples=2)
    def test_twice():
        assert "cust_" in ask()
"""


def test_a_test_that_fails_by_a_redaction_tells_it(project):
    """Of tests that are recorded together each reads what is kept of an answer, as in a replay."""
    project.write(test_it=TESTS).record(env={"SERVICE_TOKEN": "cust_1042xyz"}, failed=2)

    told = "answer 1, content[0].text: the value of a variable whose name says"
    assert project.output.count(told) == 2
    assert "cust_1042xyz" not in project.output
