"""What a recording run tells while it is under way."""

import pytest

APP = """
    import anthropic

    client = anthropic.Anthropic(max_retries=0)

    def ask(text, model="claude-opus-5"):
        message = {"role": "user", "content": text}
        return client.messages.create(model=model, max_tokens=50, messages=[message])
"""
TEST = """
    import pytest
    from app import ask

    @pytest.mark.llm(samples=2)
    @pytest.mark.parametrize("number", range(3))
    def test_many(number):
        ask(f"[[say {number}]]")

    def test_unmarked():
        pass
"""
PRICES = """
    def pytest_llmregress_price(call):
        return PRICE
"""


@pytest.fixture
def many(project):
    return project.write(app=APP, conftest=PRICES.replace("PRICE", "0.5"), test_it=TEST)


def told(project) -> list[str]:
    """What a run tells of itself; of its waves, other tests tell."""
    lines = [line for line in project.output.splitlines() if line.startswith("llmregress: ")]
    return [line for line in lines if not line.startswith("llmregress: wave")]


ONE_BY_ONE = "--llmregress-concurrency=1"


def test_a_first_recording_tells_what_it_will_do_and_how_far_it_is(many):
    many.record(ONE_BY_ONE, passed=4)

    plan, *progress = told(many)
    assert plan == (
        "llmregress: recording 3 tests, 6 samples; calls, tokens and cost unknown: nothing is "
        "recorded yet"
    )
    assert [line.partition(" tests, ")[0] for line in progress] == [
        "llmregress: 1 of 3",
        "llmregress: 2 of 3",
    ]
    assert "2 samples" in progress[0]
    assert "cost $1.0000" in progress[0]
    assert progress[0].endswith(" left")


def test_what_is_recorded_tells_what_to_expect(many):
    many.record(passed=4)
    calls = {"claude-opus-5": 6}["claude-opus-5"]

    many.record("--llmregress-samples=4", "--llmregress-accept", mode="rewrite", passed=4)

    assert (
        f"recording 3 tests, 12 samples; expected from what is recorded: {2 * calls} calls, "
        in (told(many)[0])
    )
    assert told(many)[0].endswith(" tokens, cost $6.0000")

    many.record("--llmregress-candidate=claude-opus-5-5", passed=4)
    assert "recording 3 tests, 3 samples; expected from what is recorded: 3 calls" in told(many)[0]


def test_a_price_that_nobody_knows_is_unknown(many):
    many.record(passed=4)
    many.write(conftest=PRICES.replace("PRICE", "None"), app=APP.replace("opus-5", "own-1"))
    many.write(test_it=TEST)

    accepted = ("--llmregress-samples=3", "--llmregress-accept")
    many.record(*accepted, ONE_BY_ONE, mode="rewrite", passed=4)

    assert told(many)[1].split(", ")[3] == "cost unknown"


def test_a_run_of_what_its_waves_have_recorded_tells_nothing_more(many):
    many.record(passed=4)

    assert [line.partition(";")[0] for line in told(many)] == [
        "llmregress: recording 3 tests, 6 samples"
    ]


def test_a_top_up_expects_only_what_is_new(many):
    many.record(passed=4)

    many.record("--llmregress-samples=3", passed=4)

    assert "recording 3 tests, 3 samples; " in told(many)[0]


@pytest.mark.parametrize(
    "options",
    [("-q",), ("-p", "no:terminal"), ("--collect-only",)],
    ids=["quiet", "no terminal", "collecting"],
)
def test_nobody_is_told_who_does_not_read_along(many, options: tuple[str, ...]):
    many.record(*options)

    assert told(many) == []
    assert many.exit_status == 0


def test_a_replay_and_a_recording_of_nothing_new_tell_nothing(many):
    many.record(passed=4)

    many.record(passed=4)
    assert [line for line in told(many) if "recording" in line] == []
    many.offline().replay(passed=4)
    assert told(many) == []


def test_with_workers_a_run_tells_how_far_it_is_without_a_plan(many):
    many.change("test_it.py", "range(3)", "range(10)").record("-n", "2", passed=11)

    assert [line.split(", ")[:2] for line in told(many)] == [["llmregress: 10 tests", "20 samples"]]
