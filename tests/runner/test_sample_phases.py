"""Set-up, body and tear-down of each sample, and what else of pytest takes part in a test."""

import importlib.util

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
LOGGING = """
    from pathlib import Path
    import pytest

    def log(text):
        with Path("log.txt").open("a") as file:
            print(text, file=file)

    def logged(scope):
        @pytest.fixture(scope=scope)
        def fixture():
            log(f"{scope}+")
            yield
            log(f"{scope}-")
        return fixture

    of_function, of_module, of_session = map(logged, ["function", "module", "session"])
"""
HEAD = """
    import pytest
    from app import ask, ask_for_number
"""
SAMPLED = """
    @pytest.mark.llm(samples=3)
    def test_one(of_session, of_module, of_function):
        ask()
"""
PLAIN = """
    def test_plain(of_session, of_module):
        pass
"""


def needs(module: str) -> pytest.MarkDecorator:
    missing = importlib.util.find_spec(module) is None
    return pytest.mark.skipif(missing, reason=f"{module} is not installed")


def write(project, *tests: str, head: str = HEAD, **files: str):
    # One after the other: what is tried ahead for a wave is set up as well.
    ini = {"pytest.ini": "[pytest]\nllmregress_concurrency = 1\n"}
    return project.write(ini, app=APP, conftest=LOGGING, test_it=head + "".join(tests), **files)


def log(project) -> list[str]:
    """What the fixtures have written, and nothing of it the next time."""
    lines = project.read("log.txt").split()
    (project.root / "log.txt").unlink()
    return lines


def tally(project, test: str = "test_one") -> tuple[int, int]:
    found = project.found()[test]
    return found["passes"], found["samples"]


EACH = ["function+", "function-"]


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_only_what_belongs_to_the_function_is_set_up_for_each_sample(project, workers):
    write(project, SAMPLED).record(*workers, passed=1)

    expected = ["session+", "module+", *EACH * 3, "module-", "session-"]
    assert log(project) == expected

    project.offline().replay(*workers, passed=1)
    assert log(project) == expected


def test_a_module_stays_set_up_for_what_follows_in_it(project):
    write(project, SAMPLED, PLAIN).write(test_next=PLAIN.replace("test_plain", "test_other"))

    project.record(passed=3)

    expected = ["session+", "module+", *EACH * 3, "module-", "module+", "module-", "session-"]
    assert log(project) == expected


def test_the_last_of_its_module_has_it_torn_down_before_the_next_one(project):
    write(project, PLAIN, SAMPLED).write(test_next=PLAIN.replace("test_plain", "test_other"))

    project.record(passed=3)

    expected = ["session+", "module+", *EACH * 3, "module-", "module+", "module-", "session-"]
    assert log(project) == expected


def test_what_a_wider_fixture_fails_by_when_the_run_stops_is_told_as_an_error(project):
    breaking = """
    @pytest.fixture(scope="module")
    def broken():
        yield
        raise RuntimeError("cannot be torn down")

    @pytest.mark.llm(samples=2)
    def test_one(broken):
        ask()
        assert False

    def test_after(broken):
        pass
    """

    write(project, breaking).record("-x", failed=1, errors=1)

    project.says("cannot be torn down").never_says("INTERNALERROR")


# --- set-up and tear-down --------------------------------------------------------------------

NTH = """
    @pytest.fixture
    def nth(log=[]):
        log.append(1)
        return len(log)
"""


@pytest.mark.parametrize("number", [1, 2])
def test_a_set_up_that_fails_ends_the_test_as_an_error(project, number: int):
    failing = f"""
    numbers = iter(range(1, 99))

    @pytest.fixture
    def counted():
        if next(numbers) == {number}:
            raise RuntimeError("cannot be set up")

    @pytest.mark.llm(samples=3)
    def test_one(counted):
        ask()
    """

    write(project, failing).record(errors=1)

    project.says("cannot be set up")
    assert [name for name in project.names() if "cassette" in name] == []
    assert len(project.stand.requests) == number - 1

    fine = failing.replace(f"== {number}", "== 99")
    write(project, fine).record(passed=1)
    assert len(project.stand.requests) == 3


def test_a_skip_in_the_set_up_skips_the_test(project):
    skipping = """
    @pytest.fixture
    def skipped():
        pytest.skip("not today")

    @pytest.mark.llm(samples=3)
    def test_one(skipped):
        ask()

    @pytest.mark.skip(reason="never")
    @pytest.mark.llm(samples=3)
    def test_two():
        ask()
    """

    write(project, skipping).record("-rs", skipped=2)

    project.says("not today", "never")
    assert project.stand.requests == []
    assert project.names() == []


@pytest.mark.parametrize(("before", "asked"), [("", 0), ("ask()", 1)], ids=["idle", "asked"])
def test_a_skip_in_the_body_skips_the_test(project, before: str, asked: int):
    skipping = f"""
    @pytest.mark.llm(samples=3)
    def test_one():
        {before}
        pytest.skip("not here")
    """

    write(project, skipping).record("-rs", skipped=1)

    project.says("not here")
    assert len(project.stand.requests) == asked


def test_a_test_that_fails_as_expected_is_sampled_and_expected(project):
    failing = """
    @pytest.mark.xfail(reason="it is known")
    @pytest.mark.llm(samples=3)
    def test_one():
        ask()
        assert False
    """

    write(project, failing).record(xfailed=1)

    assert len(project.stand.requests) == 3
    project.offline().replay(xfailed=1)


def test_a_tear_down_that_fails_once_fails_the_test_and_is_told_as_an_error(project):
    failing = """
    numbers = iter(range(1, 99))

    @pytest.fixture
    def counted():
        yield
        if next(numbers) == 2:
            raise RuntimeError("cannot be torn down")

    @pytest.mark.llm(samples=3, pass_rate=1.0)
    def test_one(counted):
        ask()
    """

    write(project, failing).record(failed=1, errors=1)

    project.says("cannot be torn down", "2 of 3 samples passed")
    assert len(project.stand.requests) == 3


# --- kinds of tests --------------------------------------------------------------------------


def test_parametrized_tests_are_sampled_each(project):
    parametrized = """
    @pytest.mark.llm(samples=2)
    @pytest.mark.parametrize("word", ["a", "b"])
    def test_one(word):
        ask(f"{word} [[sample]]")
    """

    write(project, parametrized).record(passed=2)

    assert len(project.stand.requests) == 4
    assert tally(project, "test_one[a]") == tally(project, "test_one[b]") == (2, 2)
    project.offline().replay("-n", "1", passed=2)


@needs("anyio")
def test_an_async_test_is_sampled(project):
    asynchronous = """
    import anthropic

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    def anyio_backend():
        return "asyncio"

    @pytest.mark.llm(samples=2)
    async def test_one():
        message = {"role": "user", "content": "[[sample]]"}
        async with anthropic.AsyncAnthropic() as client:
            await client.messages.create(
                model="claude-opus-5", max_tokens=50, messages=[message]
            )
    """

    write(project, asynchronous).record("-p", "anyio", passed=1)

    assert len(project.stand.requests) == 2
    project.offline().replay("-p", "anyio", passed=1)
    assert tally(project) == (2, 2)


@pytest.mark.parametrize("base", ["unittest.TestCase", "object"])
def test_a_method_has_an_instance_of_its_own_for_each_sample(project, base: str):
    methods = f"""
    import unittest

    class TestIt({base}):
        def setUp(self):
            self.asked = 0

        setup_method = lambda self, method: self.setUp()

        @pytest.mark.llm(samples=2)
        def test_one(self):
            assert self.asked == 0
            ask()
            self.asked += 1
    """

    write(project, methods).record(passed=1)

    assert len(project.stand.requests) == 2
    project.offline().replay(passed=1)
    assert tally(project, "TestIt::test_one") == (2, 2)


# --- options and plugins ---------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--setup-show", "--setup-only", "--setup-plan"])
def test_set_ups_can_be_shown(project, option: str):
    write(project, SAMPLED).record(option)

    project.says("SETUP    F of_function").never_says("INTERNALERROR", "Traceback")
    assert len(project.stand.requests) == (3 if option == "--setup-show" else 0)


def test_the_debugger_is_entered_at_a_failing_sample_and_can_be_left(project):
    failing = """
    @pytest.mark.llm(samples=2)
    def test_one():
        ask()
        assert False
    """

    write(project, failing).run("--pdb", "--llmregress-record=once", "-p", "no:xdist")

    project.says("entering PDB").never_says("INTERNALERROR")


def test_the_debugger_is_not_entered_at_a_failure_that_was_expected(project):
    failing = """
    @pytest.mark.xfail(reason="it is known")
    @pytest.mark.llm(samples=2)
    def test_one():
        ask()
        assert False
    """

    write(project, failing).record("--pdb", "-p", "no:xdist", xfailed=1)

    project.never_says("entering PDB")


@needs("pytest_timeout")
@pytest.mark.parametrize("method", ["signal", "thread"])
def test_a_timeout_is_one_for_each_sample(project, method: str):
    watching = """
    timers = []

    def pytest_timeout_set_timer(item):
        timers.append(f"{item.name}+")

    def pytest_timeout_cancel_timer(item):
        if timers[-1] != f"{item.name}-":  # it may be cancelled twice
            timers.append(f"{item.name}-")

    def pytest_terminal_summary(terminalreporter):
        terminalreporter.write_line(f"timers: {' '.join(timers)}")
    """
    sampled = """
    @pytest.mark.llm(samples=3)
    def test_one():
        ask()

    def test_after():
        pass
    """

    write(project, sampled).write(conftest=watching).record(
        "-p", "timeout", "--timeout=600", f"--timeout-method={method}", passed=2
    )

    # That of the whole test is cancelled before its first sample.
    each = " ".join(["test_one+ test_one-"] * (1 + 3))
    project.says("samples: 3 of 3 passed", f"timers: {each} test_after+ test_after-\n")


@needs("pytest_rerunfailures")
def test_a_failing_sample_is_not_run_again(project):
    failing = """
    @pytest.mark.llm(samples=3, pass_rate=1.0)
    def test_one():
        assert ask_for_number() != 2
    """

    write(project, failing).record("-p", "rerunfailures", "--reruns=2", failed=1)

    assert len(project.stand.requests) == 3
    assert tally(project) == (2, 3)


@needs("pytest_rerunfailures")
def test_a_set_up_that_failed_can_be_run_again(project):
    failing = """
    numbers = iter(range(1, 99))

    @pytest.fixture
    def counted():
        if next(numbers) == 2:
            raise RuntimeError("cannot be set up")

    @pytest.mark.llm(samples=3)
    def test_one(counted):
        ask()
    """

    write(project, failing).record("-p", "rerunfailures", "--reruns=2")

    assert len(project.stand.requests) == 3
    assert tally(project) == (3, 3)
    assert project.outcomes["passed"] == 1


def test_who_adds_up_reports_by_phase_counts_a_test_once(project):
    counting = """
    from collections import Counter

    counted = Counter()

    def pytest_runtest_logreport(report):
        if report.when in {"setup", "call", "teardown"}:
            counted[report.when, report.outcome] += 1

    def pytest_terminal_summary(terminalreporter):
        terminalreporter.write_line(f"counted {sorted(map(str, counted))}")
        terminalreporter.write_line(f"calls {counted['call', 'passed']}")
    """
    sampled = """
    @pytest.mark.llm(samples=3)
    def test_one():
        ask()
    """

    write(project, sampled).write(conftest=counting).record(passed=1)

    project.says("calls 1")
    project.record("-n", "1", "--durations=0", passed=1).says("calls 1")


def test_a_tear_down_that_asks_what_was_not_recorded_leaves_the_next_module_alone(project):
    asking = """
    @pytest.fixture
    def late():
        yield
        LATE

    @pytest.mark.llm(samples=2)
    def test_one(late):
        ask()
    """
    write(project, asking.replace("LATE", "pass")).write(test_next="def test_next(): pass")
    project.record(passed=2).offline()

    write(project, asking.replace("LATE", "ask('[[say late]]')")).replay()

    project.says("no_match").never_says("previous item was not torn down properly")
    assert project.outcomes["passed"] == 1
