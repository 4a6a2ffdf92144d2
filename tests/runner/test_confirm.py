"""A candidate that looks different is asked again, and only what its samples bear out fails."""

import pytest

APP = """
    import anthropic

    client = anthropic.Anthropic(max_retries=0)

    def ask(text="[[sample]]"):
        message = {"role": "user", "content": text}
        return client.messages.create(model="claude-opus-5", max_tokens=50, messages=[message])

    def ask_for_number():
        return int(ask().content[0].text.removesuffix(".").split()[-1])
"""
TEST = """
    import pytest
    from app import ask, ask_for_number

    @pytest.mark.llm(samples=5)
    def test_one():
        assert ask_for_number() not in FAILING
"""
SHAPE = """
    import pytest
    from app import ask

    @pytest.mark.llm(samples=5)
    def test_one():
        ask("say something")
"""
OLD, NEW = "claude-opus-5", "claude-opus-5-5"
CANDIDATE = f"--llmregress-candidate={NEW}"
NEVER = "range(6, 99)"
"""Answers 1 to 5 are the baseline's, 6 is the candidate's first one, 7 on are the fresh ones."""


def written(project, failing: str = "[]", terms: str = "samples=5"):
    text = TEST.replace("FAILING", failing).replace("samples=5", terms)
    return project.write(app=APP, test_it=text)


def baseline(project, failing: str = "[]", terms: str = "samples=5"):
    """Record a baseline of five samples, and count from here on."""
    written(project, failing, terms).record()
    assert project.exit_status == 0
    project.stand.requests.clear()
    return project


def verdict(project):
    return project.found()["test_one"]["verdict"]


def evidence(project):
    return project.found()["test_one"]["evidence"]


def test_a_candidate_that_looks_the_same_is_asked_once(project):
    baseline(project).record(CANDIDATE, passed=1)

    assert len(project.stand.requests) == 1
    assert evidence(project)["screen"] == {"passed": 1, "n": 1}
    assert evidence(project)["fresh"] is None
    assert verdict(project)["verdict"] == "no_evidence"
    assert verdict(project)["fails"] is False


def test_a_candidate_that_always_fails_is_confirmed_in_the_same_command_and_fails(project):
    baseline(project, NEVER).record(CANDIDATE, failed=1)

    assert len(project.stand.requests) == 11
    assert evidence(project)["screen"] == {"passed": 0, "n": 1}
    assert evidence(project)["fresh"] == {"passed": 0, "n": 10}
    assert verdict(project)["verdict"] == "regressed"
    assert verdict(project)["fails"] is True
    assert project.exit_status == 1
    project.says("test_it.py::test_one: 0 of 11 samples passed")


def test_a_replay_comes_to_the_same_verdict_and_records_nothing(project):
    baseline(project, NEVER).record(CANDIDATE, failed=1)
    told, seen, before = verdict(project), evidence(project), project.files()

    project.offline().replay(CANDIDATE, failed=1)

    assert verdict(project) == told
    assert evidence(project) == seen
    assert project.files() == before
    assert project.found()["test_one"]["mode"] == "replayed"


def test_recording_once_more_asks_nothing_of_what_is_confirmed(project):
    baseline(project, NEVER).record(CANDIDATE, failed=1)
    told = verdict(project)

    project.record(CANDIDATE, failed=1)

    assert len(project.stand.requests) == 11
    assert verdict(project) == told


def test_a_failure_that_its_fresh_samples_do_not_bear_out_is_unconfirmed(project):
    baseline(project, "[6]").record(CANDIDATE, "--junitxml=junit.xml", unconfirmed=1)

    assert len(project.stand.requests) == 11
    assert evidence(project)["fresh"] == {"passed": 10, "n": 10}
    assert verdict(project)["fails"] is False
    assert project.found()["test_one"]["unconfirmed"] is True
    assert project.exit_status == 0
    project.says("1 unconfirmed")
    assert 'failures="0"' in project.read("junit.xml")

    project.offline().replay(CANDIDATE, "-v", unconfirmed=1)
    project.says("UNCONFIRMED")
    project.replay(CANDIDATE, "-n", "1", unconfirmed=1)


def test_what_only_all_tests_together_bear_out_is_failed_in_every_report(project):
    """Fresh samples that fail 9 times in 10 fail no test by themselves, and the run still."""
    baseline(project, "range(6, 16)").record(
        CANDIDATE, "-v", "--llmregress-report=run.xml", "--llmregress-report=run.md", failed=1
    )
    found = project.found()["test_one"]

    assert project.exit_status == 1
    assert evidence(project)["fresh"] == {"passed": 1, "n": 10}
    assert (found["verdict"]["verdict"], found["verdict"]["fails"]) == ("regressed", True)
    assert (found["failed"], found["unconfirmed"]) == (True, False)
    project.says("adjusted for the 1 test that looked different")
    assert "<failure" in project.read("run.xml")
    assert "### Fails: 1 of 1 test changed with" in project.read("run.md")
    project.says("FAILED test_it.py::test_one - regressed; fails the run")


def test_what_only_all_tests_bear_out_is_failed_for_one_of_several_candidates(project):
    other = "--llmregress-candidate=claude-haiku-5"
    baseline(project, "range(6, 16)").record(CANDIDATE, other, failed=1, unconfirmed=1)

    project.says(f"FAILED test_it.py::test_one@{NEW} - regressed; fails the run")


def test_too_few_fresh_samples_say_that_they_can_confirm_nothing(project):
    baseline(project, "[6]").record(CANDIDATE, "--llmregress-confirm=3", "-v", unconfirmed=1)

    project.says(
        "3 samples of the candidate can confirm nothing: after a baseline of 5 it takes 10 that all"
    )


def test_the_number_of_fresh_samples_can_be_chosen(project):
    baseline(project, NEVER).record(CANDIDATE, "--llmregress-confirm=12", failed=1)

    assert len(project.stand.requests) == 13
    assert evidence(project)["fresh"] == {"passed": 0, "n": 12}


def test_a_run_that_is_not_to_ask_the_old_model_says_which_rule_holds(project):
    baseline(project).record(CANDIDATE, "-v", passed=1)

    project.says(
        "control: the old model was not to be asked again: a recorded baseline of 5 samples"
    )


def test_without_fresh_samples_what_was_seen_once_is_unconfirmed(project):
    baseline(project, NEVER).record(CANDIDATE, "--llmregress-confirm=0", unconfirmed=1)

    assert len(project.stand.requests) == 1
    assert evidence(project)["fresh"] is None
    assert verdict(project)["fails"] is False


def test_a_candidate_that_fails_as_the_baseline_does_has_not_changed(project):
    baseline(project, "range(99)", "samples=2, pass_rate=0.0")

    project.record(CANDIDATE, passed=1)

    assert [c["trait"] for c in project.found()["test_one"]["drift"]["changes"]] in ([], ["text"])
    project.never_says("passed → failed")


def test_a_screening_can_be_confirmed_by_a_later_command(project):
    baseline(project, NEVER).record(CANDIDATE, "--llmregress-confirm=0", unconfirmed=1)

    project.record(CANDIDATE, failed=1)

    assert len(project.stand.requests) == 11
    assert evidence(project)["fresh"] == {"passed": 0, "n": 10}
    told = verdict(project)
    project.offline().replay(CANDIDATE, failed=1)
    assert verdict(project) == told


def test_a_fixed_number_of_samples_is_screened_as_a_whole_and_not_confirmed(project):
    baseline(project, NEVER).record(CANDIDATE, "--llmregress-samples=5", failed=1)

    assert len(project.stand.requests) == 5
    assert evidence(project)["screen"] == {"passed": 0, "n": 5}
    assert evidence(project)["fresh"] is None
    assert verdict(project)["verdict"] == "regressed"
    told = verdict(project)
    project.offline().replay(CANDIDATE, failed=1)
    assert verdict(project) == told


INTERRUPTED = """
    import pytest
    from pathlib import Path
    from app import ask_for_number

    @pytest.mark.llm(samples=5)
    def test_one():
        if Path("left").exists():
            left = int(Path("left").read_text())
            if left == 0:
                raise KeyboardInterrupt
            Path("left").write_text(str(left - 1))
        assert ask_for_number() not in FAILING
"""


def test_an_interrupted_confirmation_carries_on(project):
    baseline(project, NEVER)
    test = INTERRUPTED.replace("FAILING", NEVER)
    project.write({"left": "3"}, test_it=test).record(CANDIDATE)
    assert project.exit_status == 2
    assert len(project.stand.requests) == 3
    (project.root / "left").unlink()

    project.record(CANDIDATE, failed=1)

    assert len(project.stand.requests) == 11
    assert evidence(project)["fresh"] == {"passed": 0, "n": 10}
    assert project.found()["test_one"]["carried"] == 3


# --- what fails ------------------------------------------------------------------------------


def shaped(project, before: str, after: str, terms: str = "samples=5"):
    """Record a baseline that says one thing, and have the candidate say another."""
    project.stand.script(OLD, before).script(NEW, after)
    project.write(app=APP, test_it=SHAPE.replace("samples=5", terms)).record(passed=1)
    project.stand.requests.clear()
    return project


PURE, PROSE = '[[json {"a": 1}]]', "Paris is the capital of France, and it is nice."
LONG = "Paris is the capital of France, and it is nice. " * 20


def test_a_breaking_trait_that_all_fresh_samples_show_fails(project):
    shaped(project, PURE, PROSE).record(CANDIDATE, failed=1)

    assert len(project.stand.requests) == 11
    assert verdict(project)["verdict"] == "drifted"
    assert "text.json" in verdict(project)["confirmed"]
    told = verdict(project)
    project.offline().replay(CANDIDATE, failed=1)
    assert verdict(project) == told
    project.replay(CANDIDATE, "--llmregress-fail-on=never")
    assert project.exit_status == 0
    assert project.outcomes.get("failed") is None


NOTABLE = '{"plan": ["a", "b"]}', '{"plan": ["a", "b"], "more": 1}'


def test_a_confirmed_notable_trait_fails_where_it_is_to_fail(project):
    old, new = (f"[[json {text}]]" for text in NOTABLE)
    shaped(project, old, new).record(CANDIDATE, "--llmregress-samples=10")
    assert project.exit_status == 0
    assert verdict(project)["fails"] is False
    assert verdict(project)["confirmed"] == ["text.json_keys"]
    project.offline()

    project.replay(CANDIDATE, "--llmregress-fail-on=notable", failed=1)

    project.says("notable", "text.json_keys")
    project.replay(CANDIDATE, "--llmregress-fail-on=cosmetic", failed=1)
    project.replay(CANDIDATE, "--llmregress-fail-on=never")
    assert project.exit_status == 0


def test_a_confirmed_failure_fails_nothing_where_nothing_is_to_fail(project):
    baseline(project, NEVER).record(CANDIDATE, "--llmregress-fail-on=never")

    assert project.outcomes.get("failed") is None
    assert project.exit_status == 0
    assert verdict(project)["verdict"] == "regressed"


# --- quarantine ------------------------------------------------------------------------------

HELD = 'quarantine={"reason": "flaky upstream", "until": "2999-01-01"}'


def test_a_quarantined_test_reports_and_does_not_gate(project):
    baseline(project, NEVER, terms=f"samples=5, {HELD}").record(CANDIDATE)

    assert len(project.stand.requests) == 1  # what cannot gate is not worth asking for again
    assert project.exit_status == 0
    assert project.outcomes.get("failed") is None
    assert verdict(project)["quarantine"] == "flaky upstream"
    project.says("quarantine", "flaky upstream")


def test_a_quarantined_test_does_not_gate_with_one_sample_either(project):
    shaped(project, PURE, PROSE, terms=HELD).record(CANDIDATE)

    assert project.exit_status == 0
    assert project.outcomes.get("failed") is None
    assert project.found()["test_one"]["drift"]["severity"] == "breaking"
    project.says("quarantined: 1 test, not gating: test_it.py::test_one (flaky upstream)")


@pytest.mark.parametrize(
    ("failing", "terms"),
    [("range(2, 9)", HELD), ("[]", f"max_output_tokens=1, {HELD}")],
    ids=["its own assert", "its contract"],
)
def test_nothing_that_a_quarantined_candidate_does_gates(project, failing: str, terms: str):
    written(project, failing, HELD).record(passed=1)
    written(project, failing, terms)

    project.record(CANDIDATE)

    assert project.exit_status == 0
    assert project.outcomes.get("failed") is None
    assert project.found()["test_one"]["passes"] == 0
    project.says("quarantined: ", "flaky upstream")


def test_a_quarantine_that_is_over_fails(project):
    over = HELD.replace("2999", "2020")
    shaped(project, PURE, PROSE)

    project.write(test_it=SHAPE.replace("samples=5", f"samples=5, {over}")).replay(failed=1)

    project.says("quarantine: it ended on 2020-01-01 (flaky upstream)")


def test_a_short_baseline_is_compared_as_one_recording_with_another(project):
    shaped(project, PURE, PROSE, terms="samples=2").record(CANDIDATE, failed=1)

    assert len(project.stand.requests) == 1
    assert verdict(project) is None
    assert project.found()["test_one"]["drift"]["severity"] == "breaking"
