"""Old and new prompt are crossed with old and new model where a test drifted with both."""

import pytest

APP = """
    import anthropic

    client = anthropic.Anthropic(max_retries=0)
    PROMPT = 'QUESTION'

    def ask():
        message = {"role": "user", "content": PROMPT}
        answer = client.messages.create(model="claude-opus-5", max_tokens=50, messages=[message])
        return answer.content[0].text
"""
TEST = """
    import pytest
    from app import ask

    @pytest.fixture(scope="module", autouse=True)
    def module(request):
        with open("set-ups.txt", "a") as file:
            file.write("x")

    @pytest.mark.llm(samples=5)
    def test_one():
        assert "good" in ask()

    @pytest.mark.llm(severity={"text.answer": "cosmetic"})
    def test_two():
        ask()
"""
OLD, NEW = "claude-opus-5", "claude-opus-5-5"
CANDIDATE = f"--llmregress-candidate={NEW}"
CROSS = (CANDIDATE, "--llmregress-cross")
CELLS = ("old-model", "old-prompt")
BY_MODEL = ("Say it, old. [[say good]]", "Say it, new. [[say good]]", "bad")
BY_PROMPT = ("Say it, old. [[say good]]", "Say it, new. [[say bad]]", None)


def recorded(project, old_prompt: str, new_prompt: str, new_model: str | None):
    """Record a baseline, then change the prompt; the candidate says what it says."""
    if new_model is not None:
        project.stand.script(NEW, new_model)
    project.write(app=APP.replace("QUESTION", old_prompt), test_it=TEST).record(passed=2)
    project.write(app=APP.replace("QUESTION", new_prompt), test_it=TEST)
    (project.root / "set-ups.txt").unlink()
    project.stand.requests.clear()
    return project


def cross(project, test: str = "test_one") -> str:
    return project.found()[test]["drift"]["cause"]["cross"]


def asked(project) -> list[tuple[str, str]]:
    """Return model and prompt of what was sent, each pair once."""
    sent = [each.json for each in project.stand.requests]
    return sorted({(body["model"], body["messages"][0]["content"]) for body in sent})


@pytest.mark.parametrize(
    ("answers", "finding"),
    [
        (BY_MODEL, "the difference comes with the model; no evidence that the prompt matters"),
        (BY_PROMPT, "the difference comes with the prompt; no evidence that the model matters"),
    ],
    ids=["model", "prompt"],
)
def test_a_cross_tells_a_new_prompt_from_a_new_model(project, answers, finding):
    recorded(project, *answers).record(*CROSS, failed=1, passed=1)

    old_prompt, new_prompt, _ = answers
    assert asked(project) == [(OLD, new_prompt), (NEW, new_prompt), (NEW, old_prompt)]
    assert len(project.stand.requests) == 1 + 1 + 10 + 5 + 5
    assert cross(project).startswith(finding)
    project.says("cross: the difference comes with the")
    assert project.read("set-ups.txt") == "x"

    told, files = cross(project), project.files()
    project.offline().replay(CANDIDATE, failed=1, passed=1)
    assert cross(project) == told
    assert project.files() == files


def test_without_being_asked_nothing_is_crossed(project):
    recorded(project, *BY_MODEL).record(CANDIDATE, failed=1, passed=1)

    assert len(project.stand.requests) == 1 + 1 + 10
    assert cross(project) == ""


def test_a_prompt_that_is_the_same_needs_no_cross(project):
    prompt, _, answer = BY_MODEL
    recorded(project, prompt, prompt, answer).record(*CROSS, failed=1, passed=1)

    assert len(project.stand.requests) == 1 + 1 + 10
    assert cross(project) == ""


def test_a_cross_that_was_cut_short_goes_on_with_what_is_missing(project):
    recorded(project, *BY_MODEL).record(CANDIDATE, failed=1, passed=1)
    project.stand.requests.clear()

    project.record(*CROSS, failed=1, passed=1)
    assert len(project.stand.requests) == 10
    told = cross(project)
    project.record(*CROSS, failed=1, passed=1)

    assert len(project.stand.requests) == 10
    assert cross(project) == told


def test_a_trait_is_crossed_where_the_test_passes_all_the_same(project):
    text = '[[json {"good": 1}]]'
    recorded(project, f"old {text}", f"new {text}", "good, in prose of more than one word")
    project.record(*CROSS, failed=2)

    assert "text.json as in the baseline: the difference comes with the model" in cross(project)
    assert "its baseline has 1 of the 5 samples that a cross takes" in cross(project, "test_two")


def test_the_files_of_a_cross_are_no_baseline_and_no_candidate(project, console):
    recorded(project, *BY_MODEL).record(*CROSS, failed=1, passed=1)

    names = {path.name for path in (project.root / "__llm__/test_it").iterdir()}
    assert {f"one@{NEW}.{cell}.cassette.yaml" for cell in CELLS} <= names
    assert not [name for name in names if "cassette.new" in name or "part" in name]
    assert f"{NEW}.old-prompt: {NEW}" in console("status").stdout
    pending = console("accept", "test_it.py::test_two", "--candidate", NEW)
    assert pending.returncode == 0


def test_a_cross_without_a_candidate_is_refused(project):
    project.write(app=APP, test_it=TEST).run("--llmregress-cross")

    assert project.exit_status == 4
    project.says("--llmregress-cross: there is no candidate", "--llmregress-candidate MODEL")
