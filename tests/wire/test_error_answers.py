"""A test about an error of the server is recorded once it says so, and replays the error."""

APP = """
    import anthropic

    def ask(text, **options):
        client = anthropic.Anthropic(max_retries=0, **options)
        content = [{"role": "user", "content": text}]
        return client.messages.create(model="claude-opus-5", max_tokens=9, messages=content)
"""
TESTS = """
    import anthropic, pytest
    from app import ask

    MARK = {mark}

    @pytest.mark.llm(**MARK)
    @pytest.mark.parametrize("status", [401, 402, 404, 429, 500, 529])
    def test_status(status):
        with pytest.raises(anthropic.APIStatusError) as caught:
            ask(f"[[status {status}]]")
        assert caught.value.status_code == status
"""


def test_an_error_is_recorded_and_replayed_where_the_marker_says_so(project):
    project.write(app=APP, test_it=TESTS.replace("{mark}", '{"outcomes": ["error"]}'))
    project.record(passed=6).offline()
    assert len([name for name in project.names() if name.endswith(".cassette.yaml")]) == 6
    project.stand.requests.clear()
    project.replay(passed=6)
    assert project.stand.requests == []


def test_an_error_is_not_recorded_where_nothing_says_that_it_is_meant(project):
    project.write(app=APP, test_it=TESTS.replace("{mark}", "{}"))
    project.record(failed=6).says("a request has no whole answer", "the server answered 402")
    assert not [name for name in project.names() if name.endswith(".cassette.yaml")]
