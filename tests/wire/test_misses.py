"""A request without a recorded answer fails its test at once, whatever the code around it does."""

import pytest

APP = """
    import os

    import anthropic

    CHANGED = os.environ.get("CHANGED", "")
    client = anthropic.Anthropic()

    def asking(text):
        messages = [{"role": "user", "content": text + CHANGED}]
        return {"model": "claude-opus-5", "max_tokens": 100, "messages": messages}

    def ask(text="Hello."):
        return client.messages.create(**asking(text)).content[0].text

    def same():
        messages = [{"role": "user", "content": "Always the same."}]
        return client.messages.create(model="claude-opus-5", max_tokens=9, messages=messages)
"""

MISSING = """
    import asyncio
    import contextlib
    import threading
    from concurrent.futures import ThreadPoolExecutor

    import anthropic
    import httpx2
    import pytest
    from app import CHANGED, ask, asking, client

    pytestmark = pytest.mark.llm

    def expected(kind):
        return pytest.raises(kind) if CHANGED else contextlib.nullcontext()

    def ask_async():
        return anthropic.AsyncAnthropic().messages.create(**asking("Hello."))

    def test_create():
        ask()

    def test_stream():
        with client.messages.stream(**asking("Hello.")) as stream:
            stream.until_done()

    def test_raw_response():
        client.messages.with_raw_response.create(**asking("Hello."))

    def test_tool_runner():
        client.beta.messages.tool_runner(**asking("Hello."), tools=[]).until_done()

    @pytest.mark.asyncio
    async def test_async():
        await ask_async()

    def test_except_of_the_sdk():
        with contextlib.suppress(anthropic.APIError):
            ask()

    def test_except_exception():
        with contextlib.suppress(Exception):
            ask()

    def test_bare_except():
        try:
            ask()
        except:
            pass

    def test_pytest_raises():
        with expected(anthropic.APIConnectionError):
            ask()

    def test_pytest_raises_everything():
        with expected(BaseException):
            ask()

    def test_thread():
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()

    def test_pool_whose_results_nobody_reads():
        with ThreadPoolExecutor(1) as pool:
            pool.submit(ask)

    @pytest.mark.asyncio
    async def test_gather():
        await asyncio.gather(ask_async(), ask_async())

    @pytest.mark.asyncio
    async def test_gather_that_returns_exceptions():
        await asyncio.gather(ask_async(), ask_async(), return_exceptions=True)

    @pytest.mark.asyncio
    async def test_task_group():
        async with asyncio.TaskGroup() as group:
            group.create_task(ask_async())

    @pytest.mark.asyncio
    async def test_task_that_nobody_awaits():
        tasks = [asyncio.create_task(ask_async())]
        await asyncio.wait(tasks)

    def test_an_assert_about_the_wrong_answer():
        answer = "Hello, this is the scripted answer."
        try:
            answer = ask()
        except BaseException:
            answer = "fallback"
        assert "scripted" in answer

    @pytest.mark.xfail(reason="an answer is expected to be wrong", condition=bool(CHANGED))
    def test_expected_to_fail_for_another_reason():
        ask()

    def test_attempts():
        attempts = []
        hooks = {"request": [attempts.append]}
        own = anthropic.Anthropic(http_client=httpx2.Client(event_hooks=hooks))
        try:
            own.messages.create(**asking("Hello."))
        finally:
            with open("attempts.txt", "w") as file:
                file.write(str(len(attempts)))
"""

FIXTURES = """
    import pytest
    from app import ask, same

    pytestmark = pytest.mark.llm

    @pytest.fixture
    def asked_first():
        return ask()

    @pytest.fixture
    def asks_last():
        yield
        ask()

    def test_set_up(asked_first):
        pass

    def test_tear_down(asks_last):
        same()
"""

OTHERS = """
    import os

    import pytest
    from app import CHANGED, ask, same

    pytestmark = pytest.mark.llm

    def test_passes():
        same()

    def test_fails_by_its_own_assert():
        same()
        assert not CHANGED, "an assert of its own"

    def test_asks_once_too_often():
        for _ in range(2 if CHANGED else 1):
            same()

    @pytest.mark.skipif(not CHANGED, reason="not recorded yet")
    def test_new():
        ask()

    def test_asks_for_credentials():
        import httpx2

        same()
        if CHANGED:
            httpx2.post(os.environ["ANTHROPIC_BASE_URL"] + "/v1/oauth/token", json={"a": 1})

    def test_skips_itself():
        if CHANGED:
            pytest.skip("not today")
        same()

    @pytest.mark.skipif(bool(CHANGED), reason="not today")
    def test_is_skipped():
        same()

    @pytest.mark.xfail(condition=bool(CHANGED), reason="known to be wrong")
    def test_is_expected_to_fail():
        same()
        assert not CHANGED

    def test_asks_for_less():
        same()
        if not CHANGED:
            ask()
"""

BODY = [
    "create",
    "stream",
    "raw_response",
    "tool_runner",
    "async",
    "except_of_the_sdk",
    "except_exception",
    "bare_except",
    "pytest_raises",
    "pytest_raises_everything",
    "thread",
    "pool_whose_results_nobody_reads",
    "gather",
    "gather_that_returns_exceptions",
    "task_group",
    "task_that_nobody_awaits",
    "an_assert_about_the_wrong_answer",
    "expected_to_fail_for_another_reason",
    "attempts",
]
FILES = {
    "app.py": APP,
    "test_it.py": MISSING,
    "test_fixtures.py": FIXTURES,
    "test_others.py": OTHERS,
}


@pytest.fixture(scope="module")
def missed(module_project):
    """Return a project whose prompts changed after it was recorded; the server still listens."""
    project = module_project.write(FILES).record(skipped=1, passed=29)
    project.accepted = project.files()
    project.asked = len(project.stand.requests)
    return project.replay("-rA", env={"CHANGED": " And now?"})


@pytest.mark.parametrize("test", BODY)
def test_a_miss_in_a_test_fails_it(missed, test):
    missed.says(
        f"FAILED test_it.py::test_{test} - no recorded answer to POST",
        f"no recorded answer to POST {missed.stand.url}/v1/messages",
        f"pytest test_it.py::test_{test} --llmregress-record rewrite",
    )

    assert set(missed.problems()[f"test_{test}"]) == {"no_match"}


@pytest.mark.parametrize("test", ["set_up", "tear_down"])
def test_a_miss_in_a_fixture_fails_its_test(missed, test):
    missed.says(
        f"ERROR test_fixtures.py::test_{test} - no recorded answer to POST",
    )

    assert missed.problems()[f"test_{test}"] == ["no_match"]


def test_a_miss_says_where_it_was_asked_and_what_differs(missed):
    missed.says(
        "reason    no_match: ",
        "asked in  app.py:13 in ask",
        "cassette  __llm__/test_it/create.cassette.yaml",
        "nearest   request 1 of the cassette; it differs in",
        "message 1 (user)",
        "And now?",
    )


def test_a_miss_shows_no_stack_trace(missed):
    # As pytest writes a frame; Python itself writes one of a thread as `_base_client.py", line`.
    missed.never_says("_base_client.py:", "Connection error", "CannotOverwriteExistingCassette")


def test_a_miss_in_a_task_is_not_placed_where_nobody_wrote_code(missed):
    missed.never_says("<frozen")


def test_the_sdk_makes_no_further_attempt(missed):
    assert missed.read("attempts.txt") == "1"


def test_nothing_is_sent_and_nothing_is_written(missed):
    written = {name: text for name, text in missed.files().items() if "asks_for_less" not in name}
    accepted = {name: text for name, text in missed.accepted.items() if name in written}

    assert len(missed.stand.requests) == missed.asked
    assert written == accepted


@pytest.mark.parametrize(
    ("test", "code"),
    [
        ("asks_once_too_often", "already_played"),
        ("new", "cassette_not_found"),
        ("asks_for_credentials", "credentials"),
    ],
)
def test_a_miss_has_its_reason(missed, test, code):
    missed.says(f"FAILED test_others.py::test_{test} ", f"reason    {code}: ")

    assert missed.problems()[f"test_{test}"] == [code]


def test_a_first_recording_is_made_once_and_a_later_one_rewrites(missed):
    missed.says(
        "pytest test_others.py::test_new --llmregress-record once",
        "pytest test_others.py::test_asks_once_too_often --llmregress-record rewrite",
    )


@pytest.mark.parametrize(
    "line",
    [
        "PASSED test_others.py::test_passes",
        "FAILED test_others.py::test_fails_by_its_own_assert - AssertionError: an assert of its",
        "XFAIL test_others.py::test_is_expected_to_fail - known to be wrong",
        "not today",
    ],
)
def test_what_is_no_miss_keeps_its_own_outcome(missed, line):
    missed.says(line)

    assert missed.outcomes["skipped"] == 2


def test_the_misses_of_a_run_come_to_one_command_a_kind(missed):
    missed.says("tests: no recording answers", "    pytest --lf --llmregress-record rewrite")


def test_what_was_recorded_and_not_asked_for_is_told(missed):
    assert missed.found()["test_asks_for_less"]["unplayed"] == 1
    assert missed.problems()["test_asks_for_less"] == ["unplayed"]


NO_CALLS = """
    import json

    import anthropic
    import httpx2
    import pytest

    @pytest.mark.llm
    def test_without_a_call():
        assert 1 + 1 == 2

    class Own(httpx2.BaseTransport):
        def handle_request(self, request):
            return httpx2.Response(200, json={"data": [], "has_more": False})

    @pytest.mark.llm
    def test_transport_of_its_own():
        own = anthropic.Anthropic(http_client=httpx2.Client(transport=Own()))
        own.models.list()

    class Derived(httpx2.HTTPTransport):
        pass

    @pytest.mark.llm
    def test_transport_that_derives():
        own = anthropic.Anthropic(http_client=httpx2.Client(transport=Derived()))
        own.models.list()

    def test_unmarked():
        own = anthropic.Anthropic(http_client=httpx2.Client(transport=Own()), api_key="none")
        own.models.list()
"""


def test_a_test_whose_calls_are_not_seen_fails(project):
    project.write(test_it=NO_CALLS).record(failed=2, passed=2)
    recorded = project.files()

    assert project.problems() == {
        "test_without_a_call": ["no_calls"],
        "test_transport_of_its_own": ["bypassed"],
    }
    assert project.names() == [
        "transport_that_derives.cassette.yaml",
        "transport_that_derives.snapshot.yaml",
    ]
    project.says("made no model call", "1 request of the SDK went past the cassette")

    project.offline().replay(failed=2, passed=2)

    assert project.problems()["test_without_a_call"] == ["no_calls"]
    assert project.problems()["test_transport_of_its_own"] == ["bypassed"]
    assert project.files() == recorded


CHANGED = """
    import anthropic, pytest

    PROMPT = "[[say It arrives on Friday.]]"

    @pytest.mark.llm
    def test_it():
        content = [{"role": "user", "content": PROMPT}]
        anthropic.Anthropic().messages.create(model="claude-opus-5", max_tokens=9, messages=content)
"""


def test_a_miss_names_the_pending_recording_that_answers_it(project):
    project.write(test_it=CHANGED).record(passed=1)
    project.change("test_it.py", "It arrives on Friday.", "I can't help with that, sorry.")
    project.record(mode="rewrite", failed=1).offline().replay(failed=1)

    project.says(
        "pending   a recording that answers this very request waits: pytest-llmregress accept"
    )


def test_a_miss_of_a_model_that_the_code_names_now_names_the_upgrade_that_answers_it(project):
    project.write(test_it=CHANGED).record(passed=1)
    project.record("--llmregress-candidate=claude-haiku-5", passed=1).offline()
    project.change("test_it.py", "claude-opus-5", "claude-haiku-5").replay(failed=1)

    upgrade = "pytest-llmregress accept --all --candidate claude-haiku-5"
    project.says(f"the recording of claude-haiku-5 answers this very request: {upgrade}")


EACH_TIME = """
    import uuid

    import anthropic, pytest

    @pytest.fixture
    def llm_config():
        return {"match_ignore": []}

    @pytest.mark.llm
    def test_it():
        content = [{"role": "user", "content": f"[[say Done.]] run {uuid.uuid4()}"}]
        anthropic.Anthropic().messages.create(model="claude-opus-5", max_tokens=9, messages=content)
"""


def test_a_miss_by_an_id_names_the_setting_with_which_the_recording_answers(project):
    project.write(test_it=EACH_TIME).record(passed=1).offline().replay(failed=1)

    project.says("each time where the uuid is another one each time")
    lines = (line.strip() for line in project.output.splitlines())
    setting = next(line for line in lines if line.startswith('{"match_replace"'))
    project.change("test_it.py", '{"match_ignore": []}', setting).replay(passed=1)


READ_PAST = """
    import os

    import anthropic
    import pytest

    @pytest.fixture
    def llm_config():
        return {"match_replace": {r"[0-9-]{10}": "<date>"}, "match_ignore": ["metadata"]}

    @pytest.mark.llm
    def test_it():
        day, city = os.environ.get("DAY", "2026-01-01"), os.environ.get("CITY", "Paris")
        content = [{"role": "user", "content": f"[[say Done.]] It is {day}.\\nWe are in {city}."}]
        anthropic.Anthropic().messages.create(
            model="claude-opus-5", max_tokens=9, messages=content, metadata={"user_id": day}
        )
"""


def test_a_miss_tells_nothing_of_what_matching_reads_past(project):
    project.write(test_it=READ_PAST).record(passed=1).offline()

    project.replay(env={"DAY": "2026-02-02"}, passed=1)
    project.replay(env={"DAY": "2026-02-02", "CITY": "Rome"}, failed=1)

    project.says("We are in Paris.", "We are in Rome.")
    told = project.output.partition("nearest")[2].partition("record  ")[0]
    assert "2026" not in told
    assert "metadata" not in told
