"""Waves against a server that refuses, that is down, and against limits of the run."""

import re
from collections.abc import Iterator

import pytest

from wave_stand import WaveStand

APP = """
    import anthropic

    def ask(text, max_tokens=50):
        client = anthropic.Anthropic(max_retries=0)
        message = {"role": "user", "content": text}
        asked = {"model": "claude-opus-5", "max_tokens": max_tokens, "messages": [message]}
        return client.messages.create(**asked).content[0].text
"""
SINGLE = """
    import pytest
    from app import ask

    @pytest.mark.llm
    @pytest.mark.parametrize("number", range(5))
    def test_one(number):
        assert ask(f"[[say {number}]]") == str(number)
"""
TWO_TURNS = """
    import pytest
    from app import ask

    @pytest.mark.llm
    @pytest.mark.parametrize("word", ["a", "b"])
    def test_two(word):
        first = ask(f"[[say {word}]]")
        assert ask(f"[[say then]] {first}") == "then"
"""
PRICES = """
    def pytest_llmregress_price(call):
        return call.usage.total_tokens / 1000 if PRICED else -1.0
"""


@pytest.fixture
def stand() -> Iterator[WaveStand]:
    stand = WaveStand()
    yield stand.start()
    stand.stop()


@pytest.fixture
def single(project):
    return project.write(app=APP, test_it=SINGLE)


@pytest.fixture
def priced(project):
    """A project whose calls cost a dollar for a thousand tokens."""
    return project.write(conftest=PRICES.replace("if PRICED else -1.0", ""), app=APP)


def answered(stand) -> set[int]:
    return set(stand.texts.values())


@pytest.mark.parametrize(
    "refusals",
    [
        [(429, {"retry-after": "0.1"})] * 7,
        [(429, {"retry-after-ms": "20", "anthropic-ratelimit-requests-limit": "6000"})] * 3,
        [(529, {"retry-after": "0"})] * 4 + [(503, {"retry-after": "0"})],
        [(500, {})] * 2,
    ],
    ids=["429", "429 with a limit", "overloaded", "500"],
)
def test_what_is_refused_is_asked_for_again_and_no_test_notices(single, stand, refusals):
    stand.refusals = list(refusals)

    single.record(passed=5)

    assert len(stand.calls) == 5 + len(refusals)
    single.says("wave 1: 5 of 5 calls answered")
    single.offline().replay(passed=5)


def test_a_key_that_is_refused_is_not_tried_for_each_test_of_a_wave(single, stand):
    stand.script("claude-opus-5", "[[status 401]]")

    single.record("--llmregress-concurrency=2", failed=5)

    assert len(stand.calls) <= 2 + 5
    assert single.problems() == {f"test_one[{n}]": ["not_whole"] for n in range(5)}
    single.says("not answered: the server answered 401 authentication_error: scripted 401")
    single.says("5 tests: 5 not whole")
    assert single.names() == []


def test_a_server_that_is_down_fails_each_test_by_itself(single):
    single.offline().record(failed=5)

    assert single.problems() == {f"test_one[{n}]": ["not_whole"] for n in range(5)}
    single.says("wave 1: 0 of 5 calls answered", "not answered: ConnectError")


def test_an_answer_that_is_an_error_of_the_test_is_recorded_as_one(project, stand):
    tests = SINGLE.replace("[[say {number}]]", "[[status 400]] {number}").replace(
        "assert ask", "with pytest.raises(Exception, match='scripted 400'):\n            ask"
    )
    project.write(app=APP, test_it=tests.replace(" == str(number)", ""))

    project.record(passed=5)

    assert answered(stand) == {1}
    project.offline().replay(passed=5)


def stops(project) -> list[str]:
    """What the last run says of why it was stopped."""
    return re.findall(r"llmregress: the recording was stopped: .*", project.output)


def test_as_much_of_a_wave_is_sent_as_a_limit_allows_in_the_order_of_the_tests(project, stand):
    project.write(app=APP, test_it=TWO_TURNS)

    project.record("--llmregress-max-tokens=130", passed=1, failed=1)
    kept = [name for name in project.names() if name.endswith(".part.jsonl")]

    assert stand.texts == {"[[say a]]": 1, "[[say then]] a": 1, "[[say b]]": 1}
    assert len(kept) == 1
    assert project.problems() == {"test_two[b]": ["over_limit"]}
    project.says(
        "wave 1: 1 call of 1 test, 1 at a time; expected: ",
        "; 1 call more would go past the limit, and wait",
        "2 tests: 1 recorded, 1 stopped, 1 accepted",
        "test_two[b] - the recording was stopped; the end of this run says why, and how to go on",
    )
    assert len(stops(project)) == 1
    assert re.search(
        r"stopped: this run has spent \d+ tokens \(.*\), the next call would come to about \d+ "
        r"tokens \(.*\), and --llmregress-max-tokens is 130\. What is recorded is kept\. Carry on "
        r"with: pytest .* --llmregress-record=once --llmregress-max-tokens 130$",
        stops(project)[0],
    )

    project.record("--llmregress-max-tokens=130", passed=2)

    assert set(stand.texts.values()) == {1}
    assert stops(project) == []


def test_one_message_and_one_command_for_all_that_a_limit_has_stopped(priced, stand):
    priced.write(test_it=SINGLE.replace("range(5)", "range(40)"))

    priced.record("--llmregress-max-cost=0.05", failed=40)

    assert stand.calls == []
    assert priced.output.count("Carry on with") == 1
    (line,) = stops(priced)
    assert "the next 40 calls would come to about" in line
    assert "and --llmregress-max-cost is $0.0500" in line
    priced.says("wave 1 is not sent", "40 tests: 40 stopped")

    command = line.partition("Carry on with: pytest ")[2]
    enough = command.rpartition("--llmregress-max-cost ")[2]
    assert "0.05" not in command
    priced.record(f"--llmregress-max-cost={enough}", passed=40)
    assert len(stand.calls) == 40


def test_modules_of_which_a_limit_lets_a_part_through_are_set_up_and_torn_down(priced, stand):
    module = (
        SINGLE.replace("range(5)", "range(3)")
        .replace("[[say", "[[say MODULE")
        .replace("== str(number)", '== f"MODULE {number}"')
    )
    for name in "ab":
        priced.write({f"test_{name}.py": module.replace("MODULE", name)})

    priced.record("--llmregress-max-cost=0.2", passed=6)

    assert set(stand.texts.values()) == {1}
    assert len(stand.calls) == 6
    priced.says("more would go past the limit, and wait")


def test_workers_say_how_to_go_on_with_each_test(single, stand):
    single.record("--llmregress-max-tokens=10", "-n", "2", failed=5)

    assert stand.calls == []
    single.says("What is recorded is kept. pytest 'test_it.py::test_one[0]' --llmregress-record ")


def test_what_is_recorded_tells_what_an_answer_will_cost(priced, stand):
    priced.write(test_it=SINGLE.replace('{number}]]")', '{number}]]", max_tokens=9_000)'))
    priced.record(passed=5)

    priced.record("--llmregress-max-cost=1", mode="rewrite", passed=5)

    assert len(stand.calls) == 10


def test_a_limit_holds_for_single_calls_too(single, stand):
    single.record("--llmregress-max-tokens=100", "--llmregress-concurrency=1", passed=2, failed=3)

    assert len(stand.calls) == 2
    assert list(single.problems().values()) == [["over_limit"]] * 3
    single.says("5 tests: 2 recorded, 3 stopped, 2 accepted")


def test_no_app_can_swallow_a_limit(project, stand):
    tests = SINGLE.replace("assert ask", "try:\n            ask").replace(
        " == str(number)", "\n        except Exception:\n            pass"
    )
    project.write(app=APP, test_it=tests)

    project.record("--llmregress-max-tokens=10", failed=5)

    assert stand.calls == []


def test_costs_cannot_be_limited_where_nobody_knows_a_price(project, stand):
    project.write(app=APP.replace("claude-opus-5", "own-model"), test_it=SINGLE)

    project.record("--llmregress-max-cost=5", failed=5)

    assert stand.calls == []
    assert len(stops(project)) == 1
    assert "Carry on with" not in project.output
    project.says(
        "nobody knows the price of own-model; install",
        "say it in the hook pytest_llmregress_price, or limit --llmregress-max-tokens instead",
    )


def test_a_replay_is_held_to_no_limit_of_recordings(single):
    single.record(passed=5).offline()

    single.replay("--llmregress-max-tokens=1", "--llmregress-max-cost=0", passed=5)


@pytest.mark.parametrize(
    ("option", "fault"),
    [
        ("--llmregress-max-cost=much", "'much' is no amount; a number from 0 on"),
        ("--llmregress-max-tokens=1.5", "'1.5' is no whole number"),
        ("--llmregress-concurrency=0", "'0' is no whole number from 1 to 1,000"),
    ],
)
def test_a_limit_that_cannot_be_is_refused(single, option: str, fault: str):
    single.record(option)

    assert single.exit_status == 4
    single.says(fault)
