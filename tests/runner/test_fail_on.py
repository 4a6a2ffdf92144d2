"""What fails a candidate's test means the same for any number of samples, and for every report."""

import re

import pytest

APP = """
    import anthropic

    client = anthropic.Anthropic(max_retries=0)

    def ask(text="[[say Category: billing.]]"):
        message = {"role": "user", "content": text}
        reply = client.messages.create(model="claude-opus-5", max_tokens=50, messages=[message])
        return reply.content[0].text
"""
TESTS = """
    import pytest
    from app import ask

    def raised(name):
        return pytest.mark.llm(severity={name: "breaking"})

    @raised("text")
    def test_text():
        ask()

    @raised("text.length")
    def test_number():
        ask()

    @raised("snapshot.value")
    def test_value(llm_snapshot):
        assert ask() == llm_snapshot

    @pytest.mark.llm
    def test_default():
        ask()

    @raised("text")
    def test_noise():
        ask("[[sample]]")
"""
NEW = "claude-opus-5-5"
CANDIDATE = f"--llmregress-candidate={NEW}"
LONG = "It seems to be about a bill, and the technical team may want to look at it. " * 4
DEFAULT = {"text", "number", "value"}
"""Tests whose severity was raised and whose baseline shows no noise there."""


def failed(project) -> set[str]:
    """Return the tests that pytest was told of as failed, by what the report says."""
    found = project.found()
    assert project.outcomes.get("failed", 0) == sum(each["failed"] for each in found.values())
    return {name.removeprefix("test_") for name, each in found.items() if each["failed"]}


def headlines(project) -> list[str]:
    """Return the first words of each report, and of the block in the terminal."""
    page = re.sub(r"<[^>]+>", "", re.findall(r"<h1>.*?</h1>", project.read("r.html"))[0])
    told = re.split(r"=+ llmregress =+\n", project.output)[1].splitlines()[0]
    markdown = project.read("r.md").splitlines()[1].removeprefix("### ")
    return [page, markdown, told, project.report()["headline"]]


def verdict(project) -> str:
    """Return the first sentence of the verdict in the terminal, which `-v` shows."""
    (told,) = re.findall(r"^verdict: .*", project.output, flags=re.MULTILINE)
    return told


ONE = "test_it.py::test_default"
REPORTS = ("--llmregress-report=r.html", "--llmregress-report=r.md")


@pytest.mark.parametrize("samples", [1, 5])
def test_what_was_raised_fails_with_one_sample_as_with_five_and_all_reports_say_so(
    project, samples
):
    project.stand.script(NEW, LONG)
    project.write(app=APP, test_it=TESTS).record(f"--llmregress-samples={samples}", passed=5)
    project.record(CANDIDATE, "-v", *REPORTS)

    fails = DEFAULT if samples > 1 else DEFAULT | {"noise"}
    assert project.exit_status == 1
    assert failed(project) == fails
    for line in headlines(project):
        assert line.startswith(f"Fails: {len(fails)} of 5 tests changed with {NEW}")
    for said in (verdict(project), project.report()["verdict"]["lines"][0]):
        assert f"rifted, fails the run: {len(fails)} of 5 tests fail: " in said

    project.offline().replay(CANDIDATE, "--llmregress-fail-on=never")
    assert project.exit_status == 0


def test_notable_fails_with_five_samples_where_it_is_to_fail_and_the_same_answers_do_not(project):
    project.stand.script(NEW, LONG)
    project.write(app=APP, test_it=TESTS).record("--llmregress-samples=5", ONE, passed=1)
    project.record(CANDIDATE, "--llmregress-fail-on=notable", ONE, failed=1)

    assert "text.length" in project.found()["test_default"]["verdict"]["confirmed"]

    project.stand.script(NEW, "Category: billing.")
    same = "--llmregress-candidate=claude-opus-5=claude-haiku-5"
    project.record(same, "--llmregress-fail-on=notable", ONE, passed=1)
    assert project.exit_status == 0


OWN = """
    import pytest
    from app import ask

    @pytest.mark.llm
    @pytest.mark.parametrize("number", [1, 2])
    def test_own(number):
        assert ask() == "Category: billing." or number == 2
"""


def test_what_fails_by_an_assert_of_its_own_is_in_every_headline(project):
    project.stand.script(NEW, "Category: billing!")
    project.write(app=APP, test_it=OWN).record(passed=2)
    project.record(CANDIDATE, "-v", *REPORTS, failed=1, passed=1)

    for line in headlines(project):
        assert line.startswith(f"Fails: 1 of 2 tests changed with {NEW}")
    for said in (verdict(project), project.report()["verdict"]["lines"][0]):
        assert "fails the run: 1 of 2 tests fails" in said
        assert "no evidence" not in said.lower()
    assert "1 failed" in re.sub(r"<[^>]+>", "", project.read("r.html"))


@pytest.mark.parametrize("samples", [1, 4])
def test_a_baseline_recorded_anew_with_too_few_samples_to_confirm_a_change_fails_by_it(
    project, samples: int
):
    test = """
        import pytest
        from app import ask

        @pytest.mark.llm(samples=5)
        def test_one():
            ask('PROMPT')
    """
    again = (f"--llmregress-samples={samples}",)
    project.write(app=APP, test_it=test.replace("PROMPT", "[[say Yes.]]")).record(passed=1)

    project.write(test_it=test.replace("PROMPT", "[[refusal cyber]]"))
    project.record(*again, mode="all", failed=1)

    assert project.found()["test_one"]["failed"] is True
    project.says("pytest-llmregress accept test_it.py::test_one")
    project.write(test_it=test.replace("PROMPT", "[[say Yes.]]")).record(
        *again, mode="all", passed=1
    )


def test_an_expected_failure_does_not_hide_a_drift_that_fails_the_run(project):
    test = """
        import pytest
        from app import ask

        @pytest.mark.llm
        @pytest.mark.xfail(reason="known to be wrong")
        def test_drifts():
            assert ask("PROMPT") == "something else"

        @pytest.mark.llm(samples=2)
        @pytest.mark.xfail(reason="known to be wrong")
        def test_drifts_in_each_sample():
            assert ask("PROMPT") == "something else"
    """
    project.write(app=APP, test_it=test.replace("PROMPT", "[[say Yes.]]")).record(xfailed=2)
    project.record(CANDIDATE, xfailed=2)
    assert failed(project) == set()

    project.stand.script(NEW, "[[refusal cyber]]")
    project.record(CANDIDATE, mode="rewrite", failed=2)

    assert failed(project) == {"drifts", "drifts_in_each_sample"}
    assert project.exit_status == 1
