"""Where a candidate looks different, the old model is asked again, and both decide together."""

from collections import Counter

import pytest

from pytest_llmregress.cli.main import main

NEW, SHARED = "claude-opus-5-5", "claude-shared"
OLD, GONE, LOCKED = "claude-opus-5", "claude-gone", "claude-locked"
CANDIDATE = f"--llmregress-candidate={NEW}"
TESTS = f"""
    import anthropic
    import pytest

    client = anthropic.Anthropic(max_retries=0)

    def ask(model):
        message = {{"role": "user", "content": "What does it cost?"}}
        client.messages.create(model=model, max_tokens=50, messages=[message])

    @pytest.mark.llm
    def test_new():
        ask("{OLD}")

    @pytest.mark.llm
    def test_both():
        ask("{SHARED}")

    @pytest.mark.llm
    def test_gone():
        ask("{GONE}")

    @pytest.mark.llm
    def test_locked():
        ask("{LOCKED}")
"""
ANSWER, REFUSAL = "It costs 3 euros.", "I cannot help with that."
ONCE = "observed once, not tested (the baseline has 1 sample)"


@pytest.fixture(scope="module")
def recorded(module_project):
    """Record one sample of each baseline, then a candidate that refuses everywhere."""
    project, stand = module_project, module_project.stand
    for model in (OLD, SHARED, GONE, LOCKED):
        stand.script(model, ANSWER)
    project.asks_old_model = True
    project.write(test_it=TESTS).record(passed=4)
    stand.requests.clear()
    stand.script(NEW, REFUSAL).script(SHARED, REFUSAL)
    stand.script(GONE, "[[status 404]]").script(LOCKED, "[[status 401]]")
    return project.record(CANDIDATE, "-v", failed=3, unconfirmed=1)


@pytest.fixture(scope="module")
def asked(recorded):
    """Return how often each model was asked, and take the requests off the server."""
    counted = Counter(each.json["model"] for each in recorded.stand.requests)
    recorded.stand.requests.clear()
    return counted


@pytest.fixture(scope="module")
def found(recorded, asked):
    """Return the records of the tests of that run."""
    return recorded.found()


@pytest.fixture(scope="module")
def replayed(recorded, found, tmp_path_factory):
    """Replay a copy without a key, and with no answer recorded for any request."""
    return recorded.copy(tmp_path_factory.mktemp("replayed")).replay(
        CANDIDATE, failed=3, unconfirmed=1
    )


def control(found, test):
    return found[test]["evidence"]["control"]


def test_what_the_candidate_alone_does_fails(found):
    (event,) = control(found, "test_new")["events"]

    assert event == {"name": "refusal", "candidate": 5, "control": 0}
    assert found["test_new"]["failed"]
    assert found["test_new"]["verdict"]["fails"]
    (said,) = found["test_new"]["verdict"]["control"]
    assert said.startswith(
        "control: the old model, asked again, shows refusal in 0/10 of its samples, in 5/5 fresh "
        "samples of the candidate: Fisher's exact test, adjusted for 1 event and 4 tests: "
    )
    assert said.endswith("charged to the candidate")


def test_what_the_old_model_does_now_as_well_is_not_charged_to_the_candidate(found):
    (event,) = control(found, "test_both")["events"]

    assert event == {"name": "refusal", "candidate": 5, "control": 4}
    assert not found["test_both"]["failed"]
    assert not found["test_both"]["verdict"]["fails"]
    cause = found["test_both"]["drift"]["cause"]
    assert cause["kind"] == "old_model"
    assert cause["summary"].startswith("the old model, asked again, does it too: refusal")


@pytest.mark.parametrize(("test", "status"), [("test_gone", "404"), ("test_locked", "401")])
def test_where_the_old_model_cannot_be_asked_a_single_recording_is_observed_once(
    found, test, status
):
    unasked = control(found, test)["unasked"]

    assert status in unasked
    assert found[test]["failed"]
    assert found[test]["evidence"]["fresh"] == {"passed": 5, "n": 5}


def test_the_run_says_why_the_old_model_was_not_asked(recorded, found):
    assert ONCE in recorded.output
    recorded.says("the old model could not be asked (NotFoundError: Error code: 404")


def test_the_run_says_how_many_calls_go_to_which_model(recorded, found, asked):
    recorded.says(
        "for each test that looks different up to 8 samples more, and 16 of the old model"
    )
    refused = {model: asked.pop(model) for model in (GONE, LOCKED)}
    assert asked == {NEW: 4 * 6, OLD: 10, SHARED: 4}
    assert all(1 <= calls <= 2 for calls in refused.values())  # in waves, and by the test itself
    recorded.says(
        "control: 4 tests looked different and got fresh samples: 20 of the candidate, 14 of the "
        "old model"
    )


def test_a_replay_comes_to_the_same_verdicts_without_a_request(recorded, found, replayed):
    again = replayed.found()

    for test in ("test_new", "test_both"):
        assert control(again, test) == control(found, test)
        assert again[test]["verdict"] == found[test]["verdict"]
        assert again[test]["drift"] == found[test]["drift"]
    assert control(again, "test_gone")["unasked"] == "no sample of it is recorded"
    assert recorded.stand.requests == []


def test_control_samples_are_kept_beside_the_candidate_and_the_baseline_stays_as_it_was(recorded):
    names = [name for name in recorded.names() if "test_it/new" in name or name.startswith("new")]

    assert any(f"new@{NEW}.control.cassette.yaml" in name for name in names)
    assert "controls: 10, among: 4" in recorded.read(f"__llm__/test_it/new@{NEW}.cassette.yaml")
    assert "controls" not in recorded.read("__llm__/test_it/new.cassette.yaml")


def test_without_a_control_a_single_recording_is_observed_once(replayed):
    replayed.replay(CANDIDATE, "--llmregress-control=0", failed=4)

    assert control(replayed.found(), "test_new") is None


def test_what_could_not_be_asked_is_asked_by_the_next_recording(recorded, found, tmp_path):
    again = recorded.copy(tmp_path)
    again.stand.script(GONE, ANSWER)
    again.record(CANDIDATE, "test_it.py::test_gone", failed=1)

    assert Counter(each.json["model"] for each in again.stand.requests) == {GONE: 10}
    again.stand.requests.clear()
    (event,) = control(again.found(), "test_gone")["events"]
    assert event == {"name": "refusal", "candidate": 5, "control": 0}


def test_a_limit_stops_the_old_model_as_any_recording_and_the_next_run_carries_on(
    recorded, found, tmp_path
):
    again = recorded.copy(tmp_path)
    (kept,) = again.root.rglob(f"new@{NEW}.control.cassette.yaml")
    kept.unlink()
    again.record(CANDIDATE, "test_it.py::test_new", "--llmregress-max-tokens=120", failed=1)
    paid = len(again.stand.requests)

    assert 0 < paid < 10
    again.says("the old model could not be asked (the recording was stopped")
    again.record(CANDIDATE, "test_it.py::test_new", failed=1)

    assert Counter(each.json["model"] for each in again.stand.requests) == {OLD: 10}
    again.stand.requests.clear()
    assert control(again.found(), "test_new") == control(found, "test_new")


@pytest.fixture
def pipeline(recorded, found, tmp_path, monkeypatch):
    """Return a copy of the project, as the folder that commands look at."""
    copy = recorded.copy(tmp_path)
    monkeypatch.chdir(copy.root)
    return copy


def test_a_run_offers_the_samples_of_the_old_model_to_its_baseline(recorded, found):
    lines = recorded.report()["verdict"]["lines"]

    (offer,) = (line for line in lines if "--control" in line)
    assert offer == (
        "control: in 1 test the old model, asked again, does it too: test_it.py::test_both; its "
        "samples join the baseline by pytest-llmregress accept TEST --control"
    )


def test_the_samples_of_the_old_model_can_join_its_baseline(pipeline, capsys):
    assert main(["accept", "test_it.py::test_both", "--control"]) == 0

    said = capsys.readouterr().out
    assert f"4 samples of {SHARED} wait as further ones of the baseline, which has 1" in said
    assert "pytest test_it.py::test_both --llmregress-accept" in said
    assert pipeline.read(f"__llm__/test_it/both@{NEW}.snapshot.new.yaml")
    pipeline.replay("test_it.py::test_both", "--llmregress-accept", passed=1)
    pipeline.replay("test_it.py::test_both", passed=1)
    assert pipeline.report()["tests"][0]["samples"] == 5
    assert main(["accept", "test_it.py::test_both", "--control"]) == 2
    assert "the baseline has these samples already" in capsys.readouterr().err


def test_a_control_of_another_model_joins_no_baseline(pipeline, capsys):
    assert main(["accept", "test_it.py::test_new", f"--candidate={NEW}"]) == 0
    said = capsys.readouterr().out
    assert f"its control is of the old model, and none of it is taken over: new@{NEW}" in said

    assert main(["accept", "test_it.py::test_new", "--control"]) == 2

    fault = capsys.readouterr().err
    assert f"its control has asked {OLD}, and the baseline is of {NEW}" in fault


def test_a_test_without_a_control_says_so(pipeline, capsys):
    assert main(["accept", "test_it.py::test_locked", "--control"]) == 2

    assert "no control is recorded beside a candidate of it" in capsys.readouterr().err


def test_a_control_is_taken_of_a_test_that_is_named(pipeline, capsys):
    assert main(["accept", "--control"]) == 2

    assert "name a TEST, or --all below the current folder" in capsys.readouterr().err
