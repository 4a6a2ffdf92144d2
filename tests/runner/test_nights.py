"""A canary: the model of the baseline is recorded again, night after night, on one alpha."""

import json
from collections import Counter

import pytest

from pytest_llmregress.storage import recording_lock

MODEL, FILE = "claude-opus-5", "nights/llm.jsonl"
NIGHT = (f"--llmregress-candidate={MODEL}", f"--llmregress-history={FILE}", "-v")
TESTS = f"""
    from pathlib import Path

    import anthropic
    import pytest

    client = anthropic.Anthropic(max_retries=0)

    def ask(text):
        message = {{"role": "user", "content": text}}
        reply = client.messages.create(model="{MODEL}", max_tokens=50, messages=[message])
        return reply.content[0].text

    @pytest.mark.llm
    def test_price():
        ask("What does it cost?")

    @pytest.mark.llm
    def test_capital():
        text = ask("Which city is it?")
        fails_once = Path(__file__).with_name("once")
        if fails_once.exists():
            fails_once.unlink()
            raise AssertionError("once")
        assert "Paris" in text
"""
ANSWER, REFUSAL = "Paris has it for 3 euros.", "I cannot help with that."


@pytest.fixture(scope="module")
def nights(module_project):
    """Record a baseline of ten samples, a quiet night, and one in which everything is refused."""
    project, stand = module_project, module_project.stand
    project.asks_old_model = True
    stand.script(MODEL, ANSWER)
    project.write(test_it=TESTS).record("--llmregress-samples=10", passed=2)
    return project


@pytest.fixture(scope="module")
def quiet(nights):
    nights.record(*NIGHT, mode="rewrite", passed=2)
    return nights.output, nights.report()


@pytest.fixture(scope="module")
def red(nights, quiet):
    """Return output and report of a night in which everything is refused, and how often it asks."""
    nights.stand.requests.clear()
    nights.stand.script(MODEL, REFUSAL)
    nights.record(*NIGHT, mode="rewrite", failed=2)
    asked = Counter(each.json["messages"][0]["content"] for each in nights.stand.requests)
    nights.stand.requests.clear()
    return nights.output, nights.report(), asked


@pytest.fixture
def one_night(nights, quiet, tmp_path):
    """Return a copy whose history has the quiet night alone."""
    copy = nights.copy(tmp_path)
    copy.stand.script(MODEL, ANSWER)
    return copy.write({FILE: f"{copy.read(FILE).splitlines()[0]}\n"})


def lines(project):
    return [json.loads(line) for line in project.read(FILE).splitlines()]


def of_test(report, name):
    return next(each for each in report["tests"] if each["test"] == f"test_it.py::{name}")


def test_a_night_is_a_line_of_the_history(nights, quiet, red):
    first, second = lines(nights)

    assert (first["kind"], first["candidate"], first["fails"]) == ("night", MODEL, False)
    assert second["fails"]
    assert [each["shown"][0]["refusal"] for each in (first, second)] == [['"none"'], ['"soft"']]
    assert first["tests"]["test_it.py::test_capital"]["passed"] == 1
    assert second["tests"]["test_it.py::test_capital"]["passed"] == 0


def test_the_summary_says_what_is_spent_of_alpha(quiet):
    output, report = quiet

    told = report["verdict"]["history"]
    assert (told["nights"], told["pooled"], told["is_recorded"]) == (1, 1, True)
    assert told["spent"] == pytest.approx(0.05 / 365)
    assert told["spent"] + told["left"] == pytest.approx(0.05)
    assert "canary: 1 night since" in output
    assert "0.00014 of it spent, 0.0499 left" in output


def test_a_test_that_moved_is_found_the_same_night_by_as_many_fresh_samples_as_that_takes(red):
    output, report, asked = red

    evidence = of_test(report, "test_price")["evidence"]
    assert evidence["control"] == {
        "events": [{"name": "refusal", "candidate": 8, "control": 0}],
        "tests": 2,
        "nights": 365,
        "planned": 10,
        "candidate": 8,
        "control": 10,
        "unasked": "",
    }
    assert asked == {"What does it cost?": 1 + 8, "Which city is it?": 1 + 9}
    assert of_test(report, "test_price")["verdict"]["fails"]
    assert "canary: 2 tests looked different and got fresh samples: 17" in output


def test_nights_are_judged_together(red):
    _, report, _ = red

    told = report["verdict"]["history"]
    assert (told["nights"], told["pooled"]) == (2, 2)
    assert report["verdict"]["candidate"] == {"passed": 3, "n": 4}
    failed, refused = (
        [each["free"] for each in night["events"] if each["name"] == name]
        for name in ("failed", "refused in words")
        for night in told["by_night"][-1:]
    )
    assert (failed, refused) == ([{"passed": 1, "n": 2}], [{"passed": 0, "n": 2}])


def test_a_replay_comes_to_the_same_verdict_and_adds_no_night(nights, red, tmp_path):
    _, report, _ = red
    copy = nights.copy(tmp_path)

    copy.replay(*NIGHT, failed=2)

    again = copy.report()
    assert len(lines(copy)) == 2
    assert again["verdict"]["fails"]
    assert [each["verdict"] for each in again["tests"]] == [
        each["verdict"] for each in report["tests"]
    ]
    assert again["verdict"]["events"] == report["verdict"]["events"]
    assert again["verdict"]["history"] == {**report["verdict"]["history"], "is_recorded": False} | {
        "by_night": again["verdict"]["history"]["by_night"]
    }
    copy.says("canary: nothing was recorded, so that no night is added")


def test_a_sample_that_shows_nothing_ends_the_fresh_ones(one_night):
    one_night.write({"once": ""})

    one_night.record(*NIGHT, "-k", "capital", mode="rewrite", unconfirmed=1, deselected=1)

    found = of_test(one_night.report(), "test_capital")
    assert found["evidence"]["control"]["candidate"] == 1
    assert found["verdict"]["control"] == [
        "canary: pass/fail is not borne out: in 0/1 fresh samples of tonight"
    ]


def test_a_baseline_of_one_sample_fails_no_test_of_a_night_by_itself(project):
    project.asks_old_model = True
    project.stand.script(MODEL, ANSWER)
    project.write(test_it=TESTS).record(passed=2)
    project.stand.script(MODEL, REFUSAL)

    project.record(*NIGHT, "-k", "price", mode="rewrite", unconfirmed=1, deselected=1)

    project.says("canary: refusal in 0/1 of the baseline, and in a first sample of tonight:")
    assert len(lines(project)) == 1


def test_nights_of_another_model_and_of_another_baseline_do_not_count(one_night):
    copy = one_night
    first = copy.read(FILE)
    other = first.replace(f'"candidate":"{MODEL}"', '"candidate":"other"')
    older = first.replace('"accepted":"', '"accepted":"0')
    copy.write({FILE: first + other + older})

    copy.record(*NIGHT, mode="rewrite", passed=2)

    assert copy.report()["verdict"]["history"]["nights"] == 2


def test_a_history_without_a_candidate_is_refused(project):
    project.write(test_it=TESTS).run("--llmregress-history=nights.jsonl")

    assert project.exit_status == 4
    project.says("--llmregress-history=nights.jsonl: no model is recorded again; name the one")


def test_a_history_in_a_file_of_settings_concerns_nights_alone(nights, tmp_path):
    copy = nights.copy(tmp_path)
    copy.write({"pytest.ini": f"[pytest]\nllmregress_history = {FILE}\n"})

    copy.replay(passed=2)


def test_another_model_than_that_of_the_baseline_is_refused_before_it_is_asked(nights, tmp_path):
    copy = nights.copy(tmp_path)
    copy.stand.requests.clear()

    copy.record("--llmregress-candidate=claude-other", NIGHT[1], mode="rewrite", failed=2)

    copy.says(f"its baseline is of {MODEL}, and --llmregress-history keeps nights of")
    assert not copy.stand.requests


def test_what_is_no_history_is_refused_before_anything_is_asked(nights, tmp_path):
    copy = nights.copy(tmp_path)
    copy.write({FILE: "<<<<<<< HEAD\n"})
    copy.stand.requests.clear()

    copy.record(*NIGHT, mode="rewrite")

    assert copy.exit_status == 4
    copy.says("llm.jsonl:1: it is no night of a history; give another path, or keep the whole")
    assert not copy.stand.requests


def test_a_second_run_that_would_add_a_night_is_refused(nights, tmp_path):
    copy = nights.copy(tmp_path)
    path = copy.root / FILE
    recording_lock.acquire(path)
    try:
        copy.record(*NIGHT, mode="rewrite")
    finally:
        recording_lock.release(path)

    assert copy.exit_status == 4
    copy.says("another run is going to add a night to it; let it finish")


def test_a_night_that_cannot_be_written_fails_the_run_with_its_verdict(one_night):
    copy = one_night
    copy.write({"taken": "a file where a folder should be"})

    copy.record(NIGHT[0], "--llmregress-history=taken/llm.jsonl", mode="rewrite")

    assert copy.exit_status != 0
    copy.says("taken")


def test_workers_of_xdist_leave_one_night(one_night):
    copy = one_night

    copy.record(*NIGHT, "-n2", mode="rewrite", passed=2)

    assert len(lines(copy)) == 2
    assert len(lines(copy)[-1]["tests"]) == 2
