"""Recording in waves: calls wait together, and what pytest tells is what it tells without them."""

import os
import re
import signal
from collections.abc import Iterator

import pytest

from forked_pytest import is_available, start_forked
from patience import PATIENCE
from wave_stand import TRIALS_COUNTED, WaveStand, wait_for_trials

APP = """
    import anthropic

    TOOL = {"name": "look_up", "description": "d", "input_schema": {"type": "object"}}

    def client():
        return anthropic.Anthropic(max_retries=0)

    def body(text):
        message = {"role": "user", "content": text}
        return {"model": "claude-opus-5", "max_tokens": 50, "messages": [message]}

    def ask(text):
        return client().messages.create(**body(text)).content[0].text

    def loop(text):
        asked = body(text)
        turns = 0
        while True:
            reply = client().messages.create(**asked, tools=[TOOL])
            if reply.stop_reason != "tool_use":
                return turns
            turns += 1
            asked["messages"].append({"role": "assistant", "content": reply.content})
            result = {"type": "tool_result", "tool_use_id": reply.content[0].id, "content": "it"}
            asked["messages"].append({"role": "user", "content": [result]})
"""
HEAD = """
    import pytest
    from app import *

    pytestmark = pytest.mark.llm
"""
VERDICT = '[[json {"reason": "so it is", "verdict": true}]]'
SINGLE = f"""
    {HEAD}
    @pytest.mark.parametrize("number", range(6))
    def test_one(number):
        assert ask(f"[[say {{number}}]]") == str(number)
"""


@pytest.fixture
def stand() -> Iterator[WaveStand]:
    stand = WaveStand()
    yield stand.start()
    stand.stop()


def write(project, tests: str, **more: str):
    return project.write(app=APP, test_it=HEAD + tests, **more)


def waves(project) -> list[str]:
    """What was told of each wave once it was over."""
    lines = project.output.splitlines()
    return [line.partition(": ")[2] for line in lines if re.match(r"llmregress: wave .* in ", line)]


def test_tests_of_one_call_are_asked_for_together_and_each_once(project, stand, key):
    stand.together = 6
    project.write(app=APP, test_it=SINGLE)

    project.record(passed=6)

    assert stand.most_under_way == 6
    assert stand.texts == {f"[[say {number}]]": 1 for number in range(6)}
    assert len(waves(project)) == 1
    assert waves(project)[0].startswith("wave 1: 6 of 6 calls answered in ")
    assert {test["mode"] for test in project.found().values()} == {"recorded"}
    assert all(test["accepted"] for test in project.found().values())
    assert not [name for name in project.names() if ".part." in name or ".new." in name]
    assert key.encode() not in b"".join(project.files().values())
    project.never_says("carried on", key)
    project.offline().replay(passed=6)


def test_no_more_calls_are_under_way_than_are_allowed(project, stand):
    stand.together = 2
    project.write(app=APP, test_it=SINGLE)

    project.record("--llmregress-concurrency=2", passed=6)

    assert stand.most_under_way == 2
    project.says("wave 1: 6 calls of 6 tests, 2 at a time; expected: ")


def test_one_at_a_time_means_no_waves(project, stand):
    project.write(app=APP, test_it=SINGLE)

    project.record("--llmregress-concurrency=1", passed=6)

    assert stand.most_under_way == 1
    assert waves(project) == []


def test_recorded_in_waves_is_what_is_recorded_one_by_one(project):
    tests = """
    def test_json():
        ask("[[gzip]] [[say a]]")

    def test_stream():
        with client().messages.stream(**body("[[say b]]")) as stream:
            stream.get_final_text()

    def test_loop():
        assert loop("[[loop 2]]") == 2
    """
    changing = re.compile(rb"(msg|toolu|req)_[0-9a-f]+|'?20\d\d-[^ ,}\n]*|sha256:\w+|latency: \S+")

    def recorded() -> dict[str, bytes]:
        return {
            name: changing.sub(b"", text)
            for name, text in project.files().items()
            if "cassette" in name
        }

    write(project, tests).record(passed=3)
    in_waves = recorded()
    project.record("--llmregress-concurrency=1", mode="rewrite", passed=3)

    assert in_waves == recorded()
    assert len(in_waves) == 3


def test_a_conversation_takes_a_wave_a_turn(project, stand):
    write(
        project,
        """
    @pytest.mark.parametrize("turns", [2, 2, 1])
    def test_loop(turns):
        assert loop(f"[[loop {turns}]]") == turns
    """,
    )

    project.record(passed=3)

    assert len(stand.calls) == 3 + 3 + 2
    assert [line.partition(" calls")[0] for line in waves(project)] == [
        "wave 1: 3 of 3",
        "wave 2: 3 of 3",
        "wave 3: 2 of 2",
    ]
    project.offline().replay(passed=3)


def test_the_rest_of_the_only_conversation_that_goes_on_is_recorded_as_it_runs(project, stand):
    write(
        project,
        """
    @pytest.mark.parametrize("turns", [0, 4])
    def test_loop(turns):
        assert loop(f"[[loop {turns}]] [[say {turns}]]") == turns
    """,
    )

    project.record(passed=2)

    assert len(waves(project)) == 1
    assert len(stand.calls) == 1 + 5
    project.offline().replay(passed=2)


CONCURRENT = """
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    import anthropic

    def words(number):
        return [f"[[say {number} {word}]]" for word in "abc"]

    def test_threads():
        with ThreadPoolExecutor(3) as pool:
            assert list(pool.map(ask, words(1))) == ["1 a", "1 b", "1 c"]

    def test_tasks():
        async def one(client, text):
            return (await client.messages.create(**body(text))).content[0].text

        async def all_of_them():
            async with anthropic.AsyncAnthropic(max_retries=0) as client:
                return await asyncio.gather(*(one(client, text) for text in words(2)))

        assert asyncio.run(all_of_them()) == ["2 a", "2 b", "2 c"]

    def test_streams():
        async def one(client, text):
            async with client.messages.stream(**body(text)) as stream:
                return await stream.get_final_text()

        async def all_of_them():
            client = anthropic.AsyncAnthropic(max_retries=0)
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(client, text)) for text in words(3)]
            return [task.result() for task in tasks]

        assert asyncio.run(all_of_them()) == ["3 a", "3 b", "3 c"]
"""


def test_concurrent_calls_of_one_test_are_one_turn(project, stand):
    stand.together = 9
    write(project, CONCURRENT)

    project.record(passed=3)

    assert [line.partition(" in ")[0] for line in waves(project)] == [
        "wave 1: 9 of 9 calls answered"
    ]
    assert set(stand.texts.values()) == {1}
    project.offline().replay(passed=3)


def test_an_async_test_is_as_good_as_any(project, stand):
    stand.together = 4
    tests = """
    @pytest.mark.asyncio
    @pytest.mark.parametrize("number", range(4))
    async def test_it(number):
        client = anthropic.AsyncAnthropic(max_retries=0)
        reply = await client.messages.create(**body(f"[[say {number}]]"))
        assert reply.content[0].text == str(number)
    """
    write(project, tests)

    project.record(passed=4)

    assert set(stand.texts.values()) == {1}
    project.offline().replay(passed=4)


def test_each_sample_has_a_request_of_its_own_and_all_go_out_together(project, stand):
    stand.together = 6
    write(
        project,
        """
    @pytest.mark.llm(samples=3)
    @pytest.mark.parametrize("word", ["a", "b"])
    def test_it(word, llm_calls):
        first = ask(f"[[sample]] {word}")
        assert ask(f"[[sample]] {word} {first}") != first
    """,
    )

    project.record(passed=2)

    assert stand.texts["[[sample]] a"] == stand.texts["[[sample]] b"] == 3
    assert len(stand.calls) == 12
    assert len(waves(project)) == 2
    assert all(test["samples"] == 3 for test in project.found().values())
    project.offline().replay(passed=2)


def test_the_same_request_twice_in_a_row_is_two_answers(project, stand):
    write(
        project,
        """
    @pytest.mark.parametrize("word", ["a", "b"])
    def test_it(word):
        assert ask(f"[[sample]] {word}") != ask(f"[[sample]] {word}")
    """,
    )

    project.record(passed=2)

    assert stand.texts == {"[[sample]] a": 2, "[[sample]] b": 2}
    project.offline().replay(passed=2)


COUNTED = """
    import pathlib

    def count(name):
        with pathlib.Path("runs.txt").open("a") as file:
            file.write(name + " ")
"""
INLINE = """
    from counted import count

    @pytest.mark.llm(record="inline")
    def test_once():
        count("once")
        ask("[[say once]]")

    class TestByConfig:
        @pytest.fixture
        def llm_config(self):
            return {"record": "inline"}

        @pytest.fixture
        def prepared(self):
            count("by-config")

        def test_it(self, prepared):
            ask("[[say by config]]")

    @pytest.mark.parametrize("word", ["a", "b"])
    def test_in_waves(word):
        count(word)
        ask(f"[[say {word}]]")
"""


def test_a_test_that_must_not_be_run_twice_is_not(project, stand):
    write(project, INLINE, counted=COUNTED)

    project.record(passed=4)

    assert project.read("runs.txt").split() == ["a", "b", "a", "b", "once", "by-config", "a", "b"]
    assert set(stand.texts.values()) == {1}
    project.says('recorded one call at a time, since its llm_config says record="inline": ')
    project.offline().replay(passed=4)


def test_another_way_to_record_a_test_is_refused(project):
    write(project, '\n    @pytest.mark.llm(record="live")\n    def test_it():\n        pass\n')

    project.record(errors=1)

    project.says("record: 'live' is no way to record one test; 'inline'")


def test_what_fails_by_its_own_assert_fails_once_and_waits(project, stand):
    write(
        project,
        """
    @pytest.mark.filterwarnings("error")
    @pytest.mark.parametrize("word", ["a", "b"])
    def test_it(word, record_property):
        record_property("asked", word)
        print("asking for", word)
        assert ask(f"[[say {word}]]") == "a"
    """,
    )

    project.record("--junitxml=junit.xml", "-o", "junit_family=xunit1", failed=1, passed=1)

    assert set(stand.texts.values()) == {1}
    assert project.output.count("asking for b") == 1
    assert project.read("junit.xml").count('name="asked" value="b"') == 1
    assert 'errors="0" failures="1" skipped="0" tests="2"' in project.read("junit.xml")
    assert [name for name in project.names() if ".new." in name] == [
        name for name in project.names() if "-b-" in name
    ]


SWALLOWING = """
    @pytest.mark.parametrize("word", ["a", "b"])
    def test_it(word):
        try:
            first = ask(f"[[say {word}]]")
        except:
            first = ask("[[say the first one failed]]")
        finally:
            last = ask(f"[[say last {word}]]")
        assert (first, last) == (word, f"last {word}")
"""


def test_what_a_test_asks_because_it_has_no_answer_is_never_sent(project, stand):
    write(project, SWALLOWING)

    project.record(passed=2)

    assert stand.texts == {f"[[say {text}]]": 1 for text in ("a", "b", "last a", "last b")}
    project.offline().replay(passed=2)


def test_what_asks_anew_each_time_is_recorded_as_it_runs(project, stand):
    write(
        project,
        """
    import uuid

    @pytest.mark.parametrize("word", ["a", "b"])
    def test_changing(word):
        ask(f"[[say {word}]] {uuid.uuid4()}")

    def test_other():
        ask("[[say other]]")
    """,
    )

    project.record(passed=3)

    assert len(stand.calls) == 3 + 2
    assert len(waves(project)) == 1
    project.says(
        "llmregress: recorded one call at a time, since it asks for something else each time it is "
        "run (see match_replace): test_it.py::test_changing[a] (and 1 more)"
    )


FIXTURES = """
    from counted import count

    @pytest.fixture(scope="session")
    def everywhere():
        count("session")
        yield
        count("session-ends")

    @pytest.fixture(scope="module", autouse=True)
    def here(everywhere):
        count("module")
        yield
        count("module-ends")

    @pytest.fixture
    def own():
        count("own")

    @pytest.mark.parametrize("word", ["a", "b"])
    def test_it(word, own):
        ask(f"[[say {word}]]")
"""


def test_fixtures_of_a_wider_scope_stay_set_up(project):
    write(project, FIXTURES, counted=COUNTED)

    project.record(passed=2)

    assert project.read("runs.txt").split() == [
        *("session", "module", *["own"] * 6, "module-ends", "session-ends")
    ]


def test_the_next_module_is_set_up_as_ever(project):
    write(project, FIXTURES, counted=COUNTED)
    project.write(test_other=HEAD + FIXTURES.replace("[[say", "[[say other"))

    project.record(passed=4)

    runs = project.read("runs.txt").split()
    assert runs.count("session") == runs.count("session-ends") == 2  # each file has one of its own
    assert runs.count("module") == runs.count("module-ends") == 2 * 3
    project.offline().replay(passed=4)


WIDE = """
    @pytest.fixture(scope="module")
    def answer():
        return ask("[[say wide]]")

    @pytest.mark.parametrize("word", ["a", "b"])
    def test_it(word):
        assert ask(f"[[say {word}]]") == word

    def test_wide(answer):
        assert answer == "wide"

    def test_wide_too(answer):
        assert answer + ask("[[say other]]") == "wideother"
"""


def test_what_a_fixture_of_a_wider_scope_asks_is_recorded_as_it_runs(project, stand):
    write(project, WIDE)

    project.record(passed=4)

    assert set(stand.texts.values()) == {1}
    project.says("recorded one call at a time, since a fixture of a wider scope asks: ")
    project.offline().replay(passed=4)


OTHERS = """
    import io

    def test_upload():
        file = client().beta.files.upload(file=("a.txt", io.BytesIO(b"hello")))
        ask(f"[[say {file.id}]]")

    def test_models():
        assert client().models.retrieve("claude-opus-5").id == "claude-opus-5"
        ask("[[say models]]")

    @pytest.mark.parametrize("word", ["a", "b"])
    def test_it(word):
        assert ask(f"[[say {word}]]") == word
"""


def test_what_is_no_call_of_a_model_is_sent_by_the_test_alone(project, stand):
    write(project, OTHERS)

    project.record(passed=4)

    paths = [each.path.partition("?")[0] for each in stand.requests]
    assert paths.count("/v1/files") == 1
    assert paths.count("/v1/models/claude-opus-5") == 1
    assert set(stand.texts.values()) == {1}
    project.says("since only the test itself can send it (POST http://127.0.0.1")
    project.offline().replay(passed=4)


def test_what_requests_sends_is_recorded_as_it_runs(project, stand):
    pytest.importorskip("requests")
    write(
        project,
        """
    import os

    import requests

    @pytest.mark.parametrize("word", ["a", "b"])
    def test_it(word):
        url = os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages"
        reply = requests.post(url, json=body(f"[[say {word}]]")).json()
        assert reply["content"][0]["text"] == word
    """,
    )

    project.record(passed=2)

    assert stand.most_under_way == 1
    assert set(stand.texts.values()) == {1}
    project.says("since only the test itself can send it (a request of urllib3)")
    project.offline().replay(passed=2)


def test_a_judge_is_asked_in_waves_too(project, stand):
    write(
        project,
        """
    @pytest.mark.parametrize("word", ["a", "b"])
    def test_it(word, llm_judge):
        assert llm_judge(ask(f"[[say {word}]]"), "is a letter")
    """,
    )
    stand.script("judge-2026-01-01", VERDICT)

    project.record("--llmregress-judge-model=judge-2026-01-01", passed=2)

    assert [line.partition(" calls")[0] for line in waves(project)] == [
        "wave 1: 2 of 2",
        "wave 2: 2 of 2",
    ]
    assert len(stand.calls) == 4
    project.offline().replay("--llmregress-judge-model=judge-2026-01-01", passed=2)


def test_workers_of_xdist_record_as_ever(project, stand):
    project.write(app=APP, test_it=SINGLE)

    project.record("-n", "2", passed=6)

    assert waves(project) == []
    assert set(stand.texts.values()) == {1}


@pytest.mark.parametrize("option", ["--pdb", "--setup-show", "-pno:llmregress-waves"])
def test_who_looks_at_single_tests_has_no_waves(project, stand, option: str):
    project.write(app=APP, test_it=SINGLE)

    project.record(option, passed=6)

    assert waves(project) == []
    assert len(stand.calls) == 6


def test_a_single_test_is_recorded_as_it_runs(project, stand):
    project.write(app=APP, test_it=SINGLE)

    project.record("-k", "3", passed=1, deselected=5)

    assert waves(project) == []
    assert len(stand.calls) == 1


def test_what_is_recorded_is_not_run_twice_where_nothing_is_missing(project, stand):
    write(project, INLINE, counted=COUNTED).record(passed=4)
    (project.root / "runs.txt").unlink()

    project.record(passed=4)

    assert project.read("runs.txt").split() == ["once", "by-config", "a", "b"]
    assert len(stand.calls) == 4


@pytest.mark.skipif(not is_available(), reason="kills a forked process: POSIX only")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_wave_loses_what_is_in_flight_and_nothing_else(project, stand, key, number):
    stand.held = "[[say 5]]"
    project.write(app=APP, test_it=SINGLE, conftest=TRIALS_COUNTED)
    env = {
        "HOME": str(project.home),
        "ANTHROPIC_BASE_URL": stand.url,
        "ANTHROPIC_API_KEY": key,
    }
    output = project.root.parent / "killed.txt"
    process = start_forked(
        ["--llmregress-record=once", "-p", "no:cacheprovider"],
        cwd=project.root,
        env=env,
        output=output,
    )
    stand.wait_for("[[say 5]]")
    wait_for_trials(project.root, 6 + 5)  # from here on it waits for the call that is held
    assert process.pid is not None
    os.kill(process.pid, number)
    process.join(PATIENCE)
    with stand.changed:
        stand.held = None
        stand.changed.notify_all()
    assert len(list(project.root.rglob("*.part.jsonl"))) == 5

    project.record(passed=6)

    assert stand.texts == {f"[[say {n}]]": 1 + (n == 5) for n in range(6)}
    project.says("carried on: 5 answers paid for by a recording")
    assert not [name for name in project.names() if ".part." in name]
    project.offline().replay(passed=6)
