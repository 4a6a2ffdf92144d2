"""Several samples of one test: recorded into one cassette, replayed, and told as one outcome."""

import json
import re

import pytest

APP = """
    import anthropic

    client = anthropic.Anthropic(max_retries=0)

    def ask(text="[[sample]]"):
        message = {"role": "user", "content": text}
        reply = client.messages.create(model="claude-opus-5", max_tokens=50, messages=[message])
        return reply.content[0].text

    def ask_for_number():
        return int(ask().removesuffix(".").split()[-1])
"""
TEST = """
    import pytest
    from app import ask_for_number

    @pytest.mark.llm(samples=3)
    def test_one():
        assert ask_for_number() not in FAILING
"""
CASSETTE = "__llm__/test_it/one.cassette.yaml"
SNAPSHOT = "__llm__/test_it/one.snapshot.yaml"
PENDING = "__llm__/test_it/one.cassette.new.yaml"
ALL = "samples=3, pass_rate=1.0"
"""Without a rate, a new baseline is kept as it comes."""
ONE_BY_ONE = "--llmregress-concurrency=1"
"""Where it matters which sample comes first: in a wave all of them are asked for at once."""


def written(project, *failing: int, terms: str = "samples=3"):
    """Write a test that fails on the answers of these numbers."""
    text = TEST.replace("FAILING", repr(list(failing))).replace("samples=3", terms)
    return project.write(app=APP, test_it=text)


def sent(project) -> int:
    return len(project.stand.requests)


def sessions(project, name: str = CASSETTE) -> list[str]:
    """When each sample of a cassette was recorded."""
    return re.findall(r"session: '?([^\s',}]+)", project.read(name))


def tally(project, test: str = "test_one") -> tuple[int, int]:
    found = project.found()[test]
    return found["passes"], found["samples"]


# --- recording and replaying -----------------------------------------------------------------


def test_each_sample_sends_a_request_of_its_own_and_all_are_one_cassette(project):
    written(project).record(passed=1)

    assert sent(project) == 3
    assert project.names() == ["one.cassette.yaml", "one.snapshot.yaml"]
    assert [f"answer number {n}." in project.read(CASSETTE) for n in (1, 2, 3, 4)] == [
        True,
        True,
        True,
        False,
    ]
    assert tally(project) == (3, 3)
    project.says("samples: 3 of 3 passed, in 1 test")


def test_a_replay_plays_each_sample_without_a_server_and_writes_nothing(project):
    written(project).record(passed=1).offline()
    before = project.files()

    project.replay(passed=1)

    assert project.files() == before
    assert tally(project) == (3, 3)
    assert project.found()["test_one"]["mode"] == "replayed"
    assert project.found()["test_one"]["calls"] == 3


def test_a_replay_is_no_new_evidence(project):
    written(project).record(passed=1).offline().replay(passed=1)

    found = project.found()["test_one"]
    assert (found["evidence"], found["verdict"], found["drift"]) == (None, None, None)
    project.says("Passes: 1 test replayed\n")


def test_the_command_line_asks_for_samples_of_every_test(project):
    written(project, terms="max_calls=1").record("--llmregress-samples=2", passed=1)

    assert sent(project) == 2
    assert tally(project) == (2, 2)


def test_the_command_line_wins_over_the_marker(project):
    written(project).record("--llmregress-samples=2", passed=1)

    assert sent(project) == 2


def test_a_replay_that_is_asked_for_more_samples_than_there_are_says_so(project):
    written(project).record(passed=1).offline().replay("--llmregress-samples=5", passed=1)

    assert project.problems() == {"test_one": ["too_few_samples"]}
    project.says("5 samples asked for, and 3 recorded", "--llmregress-record once")
    project.replay(passed=1)
    assert project.problems() == {}


def test_once_tops_up_in_a_later_session_and_says_which_sample_is_of_which(project):
    written(project, terms="samples=2").record(passed=1)
    (first,) = set(sessions(project))
    for name in (CASSETTE, SNAPSHOT):  # another day, as if
        project.write({name: project.read(name).replace(first, "2026-01-02T03:04:05Z")})
    project.stand.requests.clear()

    project.record("--llmregress-samples=4", passed=1)

    assert sent(project) == 2
    assert sessions(project)[:2] == ["2026-01-02T03:04:05Z"] * 2
    assert sessions(project)[2] == sessions(project)[3] > "2026-01-02T03:04:05Z"
    assert project.found()["test_one"]["accepted"] is True
    assert project.found()["test_one"]["drift"] is None
    project.offline().replay(passed=1)
    assert tally(project) == (4, 4)


def test_a_sample_that_raises_before_it_asks_is_no_sample_and_fails_the_test(project):
    written(project).record(passed=1)
    before = project.files()

    raising = """
    import pytest
    from app import ask_for_number

    RUNS = []

    @pytest.mark.llm(samples=3)
    def test_one():
        RUNS.append("a run")
        if len(RUNS) > 3:
            raise LookupError("no key")
        assert ask_for_number()
    """
    project.write(test_it=raising)
    project.record(ONE_BY_ONE, "--llmregress-samples=4", failed=1)

    assert "raised_before_asking" in project.problems()["test_one"]
    project.says("raised before asking the model: LookupError: no key", "--llmregress-samples 4")
    assert project.files() == before


def test_samples_that_are_enough_are_not_topped_up(project):
    written(project).record(passed=1)
    before = project.files()

    project.record("--llmregress-samples=2", passed=1)

    assert sent(project) == 3
    assert project.files() == before
    assert tally(project) == (3, 3)


@pytest.mark.parametrize("mode", ["all", "rewrite"])
@pytest.mark.parametrize(("asked", "recorded"), [((), 3), (("--llmregress-samples=2",), 2)])
def test_recording_anew_records_as_many_as_are_asked_for_or_were(
    project, mode: str, asked: tuple[str, ...], recorded: int
):
    written(project, terms="max_calls=1").record("--llmregress-samples=3", passed=1)
    project.stand.requests.clear()

    project.record("--llmregress-accept", *asked, mode=mode, passed=1)

    assert sent(project) == recorded
    project.offline().replay(passed=1)
    assert tally(project) == (recorded, recorded)


STOPPING = """
    import pytest
    from pathlib import Path
    from app import ask_for_number

    @pytest.mark.llm(samples=3)
    def test_one():
        left = int(Path("left").read_text())
        if left == 0:
            raise KeyboardInterrupt
        Path("left").write_text(str(left - 1))
        ask_for_number()
"""


def test_a_top_up_carries_on_even_where_an_earlier_one_left_a_torn_journal(project):
    project.write({"left": "99"}, app=APP, test_it=STOPPING).record(ONE_BY_ONE, passed=1)
    journal = project.root / "__llm__/test_it/one.part.jsonl"
    head = '{"llmregress":1,"kind":"journal","test":"test_it.py::test_one"}'
    journal.write_text(f'{head}\n{{"sample":4,"meth')
    project.write({"left": "4"}).record(ONE_BY_ONE, "--llmregress-samples=5")
    assert project.exit_status == 2
    assert sent(project) == 4

    project.write({"left": "99"}).record(ONE_BY_ONE, "--llmregress-samples=5", passed=1)

    assert sent(project) == 5
    assert project.found()["test_one"]["carried"] == 1
    assert not journal.exists()


# --- the rate --------------------------------------------------------------------------------


def test_without_a_rate_a_new_baseline_is_kept_as_it_comes(project):
    written(project, 2).record(passed=1)

    assert tally(project) == (2, 3)
    assert project.names() == ["one.cassette.yaml", "one.snapshot.yaml"]


def test_with_a_rate_of_one_every_sample_has_to_pass(project):
    written(project, 2, terms=ALL).record(ONE_BY_ONE, failed=1)

    project.says(
        "test_it.py::test_one - 2 of 3 samples passed, 95 % interval 21-94 %",
        "sample 2:",
        "assert 2 not in [2]",
    )
    assert tally(project) == (2, 3)
    assert project.names() == ["one.cassette.new.yaml", "one.snapshot.new.yaml"]


def test_a_first_recording_below_its_rate_waits_and_is_not_paid_for_again(project):
    written(project, 2, terms=ALL).record(failed=1)
    written(project, terms=ALL).offline()

    project.record(passed=1)

    assert sent(project) == 3
    assert project.names() == ["one.cassette.yaml", "one.snapshot.yaml"]
    project.replay(passed=1)


def test_a_sample_that_failed_when_it_was_accepted_replays_to_the_same_outcome(project):
    written(project, 2, terms="samples=5, pass_rate=0.8").record(passed=1)
    before = project.files()
    assert tally(project) == (4, 5)
    assert project.names() == ["one.cassette.yaml", "one.snapshot.yaml"]

    project.offline().replay(passed=1)

    assert tally(project) == (4, 5)
    assert project.files() == before


def test_a_rate_holds_for_a_single_sample_as_well(project):
    written(project, 1, terms="pass_rate=0.0").record(passed=1)
    project.offline().replay(passed=1)

    assert tally(project) == (0, 1)


def test_a_rate_that_is_not_met_fails_and_is_told(project):
    written(project, 2, 3, terms="samples=5, pass_rate=0.8").record(failed=1)

    project.says("3 of 5 samples passed, 95 % interval 23-88 %; pass_rate=0.8")


def test_a_sample_that_passed_when_accepted_and_fails_now_fails_whatever_the_rate(project):
    written(project, terms="samples=5, pass_rate=0.2").record(ONE_BY_ONE, passed=1).offline()

    written(project, 3, terms="samples=5, pass_rate=0.2").replay(failed=1)

    project.says(
        "replayed the accepted recording; sample 3 passed when it was accepted, and the test's "
        "own code fails on it now",
        "assert 3 not in [3]",
    )


def test_a_broken_contract_counts_as_a_sample_that_did_not_pass(project):
    test = """
        import pytest
        from app import ask, ask_for_number

        @pytest.mark.llm(samples=3, max_calls=1)
        def test_one():
            if ask_for_number() == 2:
                ask("[[say once more]]")
    """
    project.write(app=APP, test_it=test).record(failed=1)

    assert tally(project) == (2, 3)
    assert project.problems() == {"test_one": ["contract"]}
    project.says("broke 1 rule of its contract")


# --- interrupted -----------------------------------------------------------------------------

INTERRUPTED = """
    import os, signal
    import pytest
    from pathlib import Path
    from app import ask, ask_for_number

    @pytest.mark.llm(samples=3)
    def test_one():
        ask_for_number()
        if Path("interrupt").exists() and Path("interrupt").read_text() == HOW:
            Path("interrupt").unlink()
            INTERRUPTION
        ask("[[say the second call]]")
"""


@pytest.mark.parametrize(
    "interruption",
    [
        "os.kill(os.getpid(), signal.SIGKILL)",
        "raise KeyboardInterrupt",
        'pytest.exit("enough")',
        "ask('[[status 429]]')",
    ],
    ids=["kill", "ctrl-c", "exit", "429"],
)
def test_a_recording_interrupted_in_its_second_sample_carries_on(project, interruption: str):
    test = INTERRUPTED.replace("HOW", '"2"').replace("INTERRUPTION", interruption)
    counting = """
        from pathlib import Path
        import pytest

        @pytest.fixture(autouse=True)
        def count_samples():
            if Path("interrupt").exists():
                Path("interrupt").write_text(str(int(Path("interrupt").read_text()) + 1))
    """
    project.write({"interrupt": "0"}, app=APP, conftest=counting, test_it=test).record(ONE_BY_ONE)
    assert project.outcomes.get("passed") is None
    assert [name for name in project.names() if name.endswith(".cassette.yaml")] == []
    answers = [each for each in project.stand.requests if "status 429" not in str(each.json)]
    assert len(answers) == 3  # two of the first sample, one of the second
    project.stand.requests.clear()

    project.record(ONE_BY_ONE, passed=1)

    assert sent(project) == 3
    assert project.found()["test_one"]["carried"] == 3
    assert project.names() == ["one.cassette.yaml", "one.snapshot.yaml"]
    project.offline().replay(passed=1)
    assert tally(project) == (3, 3)
    assert project.found()["test_one"]["calls"] == 6


def test_an_outage_ends_the_sampling_and_says_why(project):
    test = TEST.replace("ask_for_number() not in FAILING", 'ask("[[status 500]]")').replace(
        "ask_for_number", "ask"
    )

    project.write(app=APP, test_it=test).record(ONE_BY_ONE, failed=1)

    assert sent(project) == 1
    project.says("a request has no whole answer", "request 1 (POST /v1/messages)")
    assert project.names() == []


# --- one outcome -----------------------------------------------------------------------------


def test_a_test_is_one_row_of_junitxml_with_the_time_of_all_its_samples(project):
    written(project, 2, terms=ALL).record("--junitxml=junit.xml", failed=1)

    text = project.read("junit.xml")
    assert text.count("<testcase ") == 1
    assert 'tests="1"' in text
    assert 'failures="1"' in text
    assert "2 of 3 samples passed" in text


def test_a_test_is_one_line_of_a_verbose_run(project):
    written(project).record("-v", passed=1)

    lines = [line for line in project.output.splitlines() if "test_one" in line]
    assert lines[:1] == [line for line in lines if "PASSED" in line]
    assert len([line for line in lines if line.startswith("test_it.py::test_one")]) == 1
    project.says("[100%]")


def test_a_test_is_one_dot(project):
    written(project).record(passed=1)

    dots = [line for line in project.output.splitlines() if line.startswith("test_it.py ")]
    assert len(dots) == 1
    assert dots[0].split() == ["test_it.py", ".", "[100%]"]


@pytest.mark.parametrize("more", [(), ("-vv",)])
def test_durations_are_told(project, more: tuple[str, ...]):
    written(project).record("--durations=0", *more, passed=1)

    project.says("slowest durations").never_says("INTERNALERROR", "Traceback")


@pytest.mark.parametrize(
    "options",
    [("-n", "1"), ("-p", "no:xdist"), ("-p", "no:terminal")],
    ids=["xdist", "no xdist", "no terminal"],
)
def test_it_is_the_same_with_workers_and_without_a_terminal(project, options: tuple[str, ...]):
    test = TEST.replace("FAILING", "[]") + TEST.partition("ask_for_number\n")[2].replace(
        "test_one", "test_other"
    ).replace("FAILING", "[]")
    project.write(app=APP, test_it=test).record(*options)

    assert project.exit_status == 0
    assert sent(project) == 6
    assert tally(project) == tally(project, "test_other") == (3, 3)
    project.offline().replay(*options)
    assert project.exit_status == 0


def test_failing_samples_count_once_for_maxfail(project):
    text = (
        TEST.replace("FAILING", "range(99)")
        + """
    def test_after():
        pass
    """
    )
    project.write(app=APP, test_it=text)

    project.record("--maxfail=2", failed=1, passed=1)
    project.record("-x", "--llmregress-accept", mode="rewrite", failed=1)


def test_last_failed_runs_what_failed_as_a_whole(project):
    cached = ("-p", "cacheprovider")
    text = (
        TEST.replace("FAILING", "[2]").replace("samples=3", ALL)
        + """
    def test_after():
        pass
    """
    )
    project.write(app=APP, test_it=text).record(*cached, failed=1, passed=1)

    project.record("--lf", *cached, failed=1)

    project.write(app=APP, test_it=text.replace("[2]", "[]"))
    project.record("--lf", *cached, passed=1)


def test_collecting_runs_nothing(project):
    written(project).record("--collect-only", "-q")

    assert sent(project) == 0
    assert project.names() == []
    assert project.exit_status == 0


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ("samples=0", "samples: 0 is no number of samples; a whole number from 1 on"),
        ("samples=3, pass_rate=8", "pass_rate: 8 is no share; a number from 0 to 1"),
    ],
)
def test_a_marker_that_cannot_be_is_told_once(project, terms: str, said: str):
    written(project, terms=terms).record("--llmregress-samples=4", errors=1)

    assert project.output.count(f"test_it.py::test_one: @pytest.mark.llm: {said}") <= 2
    project.says(said)
    assert sent(project) == 0


def test_a_file_that_cannot_be_read_is_told_once(project):
    written(project).record(passed=1)
    project.write({CASSETTE: "kind: [\n"})

    project.replay("--llmregress-samples=4", errors=1)

    assert project.problems() == {"test_one": ["unreadable_file"]}


def test_the_record_of_a_test_is_plain_json(project):
    written(project, 2, terms=ALL).record("-n", "1", failed=1)

    found = json.loads(project.read("report.json"))["tests"][0]
    assert (found["passes"], found["samples"], found["passed"]) == (2, 3, False)


def test_what_each_sample_printed_is_shown_with_the_failure(project):
    text = TEST.replace(
        "assert", 'number = ask_for_number()\n        print("printed", number)\n        assert'
    )
    text = text.replace("assert ask_for_number()", "assert number").replace("FAILING", "[2]")
    project.write(app=APP, test_it=text.replace("samples=3", ALL)).record(failed=1)

    project.says("Captured stdout call", "printed 1", "printed 2", "printed 3")


def test_a_fixture_that_asks_for_samples_is_told_where_to_say_it(project):
    conftest = """
        import pytest

        @pytest.fixture
        def llm_config():
            return {"samples": 3}
    """
    written(project, terms="max_calls=1").write(conftest=conftest).record(errors=1)

    project.says('llm_config["samples"]: ', "say it in the marker")
    assert project.problems() == {"test_one": ["bad_settings"]}
    assert sent(project) == 0
