"""A suite that looks worse as a whole: both models are asked again, and that alone decides."""

from collections import Counter

import pytest

OLD, NEW = "claude-opus-5", "claude-opus-5-5"
CANDIDATE = (f"--llmregress-candidate={NEW}", "--llmregress-concurrency=1", "-v")
TESTS = 6
FRESH = 10
SUITE = f"""
    from pathlib import Path

    import anthropic
    import pytest

    client = anthropic.Anthropic(max_retries=0)

    def fails(name):
        counter = Path(__file__).with_name("count_" + name)
        number = int(counter.read_text()) + 1 if counter.exists() else 1
        counter.write_text(str(number))
        return RULE

    @pytest.mark.llm
    @pytest.mark.parametrize("name", list("abcdef"))
    def test_it(name):
        message = {{"role": "user", "content": "Say " + name}}
        reply = client.messages.create(model="{OLD}", max_tokens=50, messages=[message])
        if "new" in reply.content[0].text:
            assert not fails(name)
"""
HALF, ONCE = "number % 2", "number == 1"
"""How often the candidate fails: so rarely that no test fails by itself."""


def begin(project, rule):
    project.asks_old_model = True
    project.stand.script(OLD, "An old answer.").script(NEW, "A new answer.")
    project.write(test_it=SUITE.replace("RULE", rule)).record(passed=TESTS)
    project.stand.requests.clear()
    return project


def asked(project):
    counted = Counter(each.json["model"] for each in project.stand.requests)
    project.stand.requests.clear()
    return counted


def replayed(project, folder):
    """Return a replay of a copy; its tests count from the start again."""
    (folder / "copy").mkdir()
    copy = project.copy(folder / "copy")
    for counter in copy.root.glob("count_*"):
        counter.unlink()
    return copy.replay(*CANDIDATE)


@pytest.fixture(scope="module")
def worse(module_project):
    """Record a candidate that fails half of the time, everywhere."""
    project = begin(module_project, HALF)
    project.record(*CANDIDATE, unconfirmed=TESTS)
    return project


@pytest.fixture(scope="module")
def found(worse):
    return worse.report()


@pytest.fixture(scope="module")
def counted(worse):
    return asked(worse)


def test_both_models_are_asked_again_and_the_run_fails_by_that(worse, found, counted):
    assert worse.exit_status == 1
    assert counted == {NEW: TESTS * (1 + 3 + FRESH), OLD: TESTS * FRESH}
    assert found["verdict"]["suspects"] == ["failed"]
    assert found["verdict"]["fails"]
    assert found["verdict"]["failing"] == []
    again = found["tests"][0]["evidence"]["again"]
    assert (again["control"], again["candidate"]) == (
        {"passed": FRESH, "n": FRESH},
        {"passed": FRESH // 2, "n": FRESH},
    )
    worse.says(
        "llmregress: the suite as a whole looks worse: both models are asked again, 10 samples of "
        "either of 6 tests",
        "suite: both models were asked again, 60 samples of the old one and 60 of the candidate",
        "suite: confirmed: failed: 0/60",
    )


def test_the_fresh_samples_lie_beside_the_candidate(worse, found):
    names = worse.names()

    for side in ("again", "again-control"):
        assert sum(f"@{NEW}.{side}.cassette.yaml" in name for name in names) == TESTS


def test_a_replay_comes_to_the_same_verdict_without_a_request(worse, found, counted, tmp_path):
    again = replayed(worse, tmp_path)

    assert again.exit_status == 1
    for key in ("verdict", "fails", "suspects", "events", "traits", "lines"):
        assert again.report()["verdict"][key] == found["verdict"][key]
    assert not worse.stand.requests


def test_what_the_fresh_samples_do_not_bear_out_fails_nothing(project, tmp_path):
    begin(project, ONCE).record(*CANDIDATE, unconfirmed=TESTS)

    assert project.exit_status == 0
    assert not project.report()["verdict"]["fails"]
    project.says("suite: not borne out: failed: 0/60")
    assert replayed(project, tmp_path).exit_status == 0


def test_a_suite_that_looks_the_same_is_not_asked_again(project):
    begin(project, "False").record(*CANDIDATE, passed=TESTS)

    assert asked(project) == {NEW: TESTS}
    project.never_says("asked again")


def test_where_the_old_model_is_gone_the_recorded_baseline_stands_in_and_a_line_says_so(
    project, tmp_path
):
    begin(project, HALF).stand.script(OLD, "[[status 404]]")
    project.record(*CANDIDATE, unconfirmed=TESTS)

    assert project.exit_status == 1
    assert asked(project)[OLD] == 1
    project.says("suite: not confirmed on fresh samples of both models:", "404")
    project.says("the recorded baseline stands in")
    replay = replayed(project, tmp_path)
    assert replay.exit_status == 1
    replay.says("not confirmed on fresh samples of both models: none are recorded")


def test_a_limit_ends_it_and_a_line_says_so(project):
    begin(project, HALF)

    project.record(*CANDIDATE, "--llmregress-max-tokens=1500")

    project.says("suite: not confirmed on fresh samples of both models:")


def test_of_several_candidates_the_one_that_looks_worse_is_asked_again(project):
    same = "claude-same"
    begin(project, HALF).stand.script(same, "An old answer.")

    project.record(*CANDIDATE, f"--llmregress-candidate={same}", unconfirmed=TESTS, passed=TESTS)

    assert project.exit_status == 1
    assert asked(project) == {NEW: TESTS * (1 + 3 + FRESH), OLD: TESTS * FRESH, same: TESTS}
    project.says(
        f"llmregress: the suite as a whole looks worse with {NEW}: both models are asked again, 10",
        "suite: confirmed: failed: 0/60",
    )
    project.never_says("not confirmed on fresh samples")


def test_under_xdist_a_line_says_that_nothing_is_confirmed(project):
    begin(project, HALF).record(*CANDIDATE, "-n2")

    assert project.exit_status == 1
    (line,) = (each for each in project.report()["verdict"]["lines"] if "not confirmed on" in each)
    assert line == (
        "suite: not confirmed on fresh samples of both models: a worker of xdist knows its own "
        "tests alone, run it without -n; the recorded baseline stands in"
    )


def test_a_run_that_single_tests_fail_asks_nobody_again(project):
    begin(project, "True").record(*CANDIDATE, failed=TESTS)

    assert asked(project) == {NEW: TESTS * 6, OLD: TESTS * 10}
    project.never_says("both models are asked again")


def test_a_candidate_that_is_recorded_anew_outdates_the_fresh_samples(worse, found, tmp_path):
    copy = worse.copy(tmp_path)
    side = next(copy.root.rglob(f"*@{NEW}.again.cassette.yaml"))
    text = side.read_text(encoding="utf-8")
    side.write_text(
        text.replace("session: '20", "session: '19").replace("session: 20", "session: 19")
    )
    for counter in copy.root.glob("count_*"):
        counter.unlink()

    copy.replay(*CANDIDATE)

    copy.says("not confirmed on fresh samples of both models: none are recorded")
