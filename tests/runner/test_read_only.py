"""A candidate is replayed, and judged, where nothing can be written."""

OLD, NEW = "claude-opus-5", "claude-opus-5-5"
GUARD = """
    import errno
    import os
    import sys

    WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT

    def refuse(event, args):
        if event == "open" and isinstance(args[0], str) and (args[2] or 0) & WRITING:
            if "__llm__" in args[0]:
                raise OSError(errno.EROFS, "Read-only file system", args[0])

    if "READ_ONLY" in os.environ:
        sys.addaudithook(refuse)
"""
TESTS = """
    import anthropic
    import pytest

    client = anthropic.Anthropic(max_retries=0)

    def ask():
        message = {"role": "user", "content": "What is the capital of France?"}
        reply = client.messages.create(model="claude-opus-5", max_tokens=50, messages=[message])
        return reply.content[0].text

    @pytest.mark.llm
    def test_other_words():
        ask()

    @pytest.mark.llm
    def test_fails():
        assert ask().startswith("Paris")
"""


def test_a_replay_needs_no_file_for_its_verdict(project):
    project.stand.script(OLD, "Paris is the capital of France.")
    project.stand.script(NEW, "The capital of France is Paris.")
    project.write(conftest=GUARD, test_it=TESTS).record(passed=2)
    project.record(f"--llmregress-candidate={NEW}", passed=1, failed=1)
    for path in project.root.rglob("*.new.yaml"):
        path.unlink()
    before = project.names()

    project.replay(f"--llmregress-candidate={NEW}", env={"READ_ONLY": "1"})

    assert project.outcomes.items() >= {"passed": 1, "failed": 1}.items()
    assert "errors" not in project.outcomes
    assert project.problems() == {}
    assert project.found()["test_fails"]["drift"]["severity"] == "breaking"
    assert project.names() == before
    project.says("could not be saved", "Read-only file system")
