"""Recording in waves what does not end with its test: threads, tasks and loops of a wider scope."""

import pytest

APP = """
    import anthropic

    def ask(text, model="claude-opus-5"):
        message = {"role": "user", "content": text}
        client = anthropic.Anthropic(max_retries=0)
        return client.messages.create(model=model, max_tokens=50, messages=[message])

    async def ask_async(text):
        message = {"role": "user", "content": text}
        async with anthropic.AsyncAnthropic(max_retries=0) as client:
            return await client.messages.create(
                model="claude-opus-5", max_tokens=50, messages=[message]
            )
"""
TESTS = """
    import asyncio
    import os
    import queue
    import threading
    from concurrent.futures import Future, ThreadPoolExecutor
    from contextlib import contextmanager

    import pytest
    from anyio import to_thread
    from anyio.from_thread import start_blocking_portal
    from app import ask, ask_async

    LATER = os.environ.get("LATER", "")

    @pytest.fixture(scope="module")
    def portal():
        with start_blocking_portal() as portal:
            yield portal

    @pytest.fixture(scope="module")
    def worker():
        jobs = queue.Queue()

        def work():
            while (job := jobs.get()) is not None:
                job[0].set_result(ask(job[1]))

        thread = threading.Thread(target=work)
        thread.start()

        def run(text):
            future = Future()
            jobs.put((future, text))
            return future.result(timeout=60)

        yield run
        jobs.put(None)
        thread.join()

    @pytest.fixture(scope="module")
    def pool():
        with ThreadPoolExecutor() as pool:
            yield pool

    @pytest.mark.llm
    @pytest.mark.parametrize("word", ["a", "b"])
    def test_portal(portal, word):
        assert portal.call(ask_async, f"[[say {word}]]{LATER if word == 'a' else ''}")

    @pytest.mark.llm
    def test_thread_of_a_portal(portal):
        assert portal.call(to_thread.run_sync, ask, "[[say thread]]" + LATER)

    @pytest.mark.llm
    def test_portal_again(portal):
        assert portal.call(ask_async, "[[say again]]")

    def test_unmarked(portal):
        assert portal.call(asyncio.sleep, 0) is None

    @pytest.mark.llm
    @pytest.mark.parametrize("word", ["c", "d"])
    def test_worker(worker, word):
        assert worker(f"[[say {word}]]").content[0].text == word

    @pytest.mark.llm
    @pytest.mark.parametrize("word", ["e", "f"])
    def test_pool(pool, word):
        asked = [pool.submit(ask, f"[[say {word}{number}]]") for number in range(2)]
        assert [each.result().content[0].text for each in asked] == [f"{word}0", f"{word}1"]

    @pytest.mark.llm
    @pytest.mark.parametrize("word", ["g", "h"])
    def test_race(word):
        async def race():
            tasks = [asyncio.create_task(ask_async(f"[[say {word}{n}]]")) for n in range(2)]
            done, _ = await asyncio.wait(tasks)
            return [each.result() for each in done]

        assert len(asyncio.run(race())) == 2

    @pytest.mark.llm
    @pytest.mark.parametrize("word", ["i", "j"])
    def test_bare_thread(word):
        threads = [threading.Thread(target=ask, args=[f"[[say {word}{n}]]"]) for n in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
"""
EVERY = [*"abcd", "thread", "again", *(f"{each}{n}" for each in "efghij" for n in range(2))]


@pytest.fixture(scope="module")
def recorded(module_project):
    """Record all of it in waves."""
    project = module_project
    return project.write(app=APP, test_it=TESTS).record(passed=13)


def test_each_call_is_made_once_and_nobody_is_told_of_what_was_stopped(recorded):
    asked = sorted(each.json["messages"][0]["content"] for each in recorded.stand.requests)

    assert asked == sorted(f"[[say {each}]]" for each in EVERY)
    recorded.never_says("never retrieved", "Traceback", "Exception in thread")


def test_what_outlives_its_test_gets_its_answers_at_once_and_the_run_says_so(recorded):
    recorded.says(
        "recorded one call at a time, since a thread or a task of a wider scope than the test "
        "asks: test_it.py::test_worker[c] (and 1 more)"
    )
    recorded.never_says("test_portal[a] (and", "test_pool[e]")


def test_a_miss_in_a_loop_of_a_wider_scope_fails_its_own_test_alone(recorded):
    sent = len(recorded.stand.requests)

    recorded.offline().replay(env={"LATER": " later"}, failed=2, passed=11)

    assert recorded.problems() == {
        "test_portal[a]": ["no_match"],
        "test_thread_of_a_portal": ["no_match"],
    }
    assert len(recorded.stand.requests) == sent
