"""Recording in waves beside other plugins: none of them sees a test more often than it counts."""

import pytest

APP = """
    import anthropic

    def ask(text):
        message = {"role": "user", "content": text}
        client = anthropic.Anthropic(max_retries=0)
        return client.messages.create(model="claude-opus-5", max_tokens=9, messages=[message])
"""
TESTS = """
    import pytest
    from app import ask

    pytestmark = pytest.mark.llm

    def test_one():
        ask("[[say one]]")

    def test_two():
        ask("[[say two]]")
"""
COLLECTING = """
    from pathlib import Path

    import pytest

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(item, call):
        report = yield
        if call.when == "call":
            with Path("results.txt").open("a") as file:
                print(item.name, report.outcome, file=file)
        return report
"""
PREPARING = """
    def pytest_runtest_setup(item):
        item.user_properties.append(("prepared", item.name))
"""
REPEATING = """
    def pytest_runtest_protocol(item, nextitem):
        run = item.config.pluginmanager.getplugin("runner").runtestprotocol
        for _ in range(3):
            if all(report.passed for report in run(item, nextitem=nextitem)):
                break
        return True
"""
RESTRICTING = """
    import socket

    import pytest

    @pytest.fixture(autouse=True)
    def restricted(request, monkeypatch):
        if request.node.name == "test_two":
            class Restricted(socket.socket):
                def connect(self, address):
                    raise RuntimeError("no connection is allowed here")

            monkeypatch.setattr(socket, "socket", Restricted)
"""
PLAIN = "recorded one call at a time, since "


@pytest.fixture
def two(project):
    return project.write(app=APP, test_it=TESTS)


def test_what_collects_results_sees_each_test_once(two):
    two.write(conftest=COLLECTING).record(passed=2)

    assert two.read("results.txt").splitlines() == ["test_one passed", "test_two passed"]
    assert len(two.stand.requests) == 2
    two.says(f"{PLAIN}the plugin ", "conftest.py watches each run of a test: ", "(and 1 more)")


def test_what_prepares_tests_runs_as_often_as_a_fixture_does(two):
    two.write(conftest=PREPARING).record(passed=2)

    assert len(two.stand.requests) == 2
    two.says("wave 1: 2 of 2 calls answered").never_says(PLAIN)


def test_a_plugin_that_repeats_what_has_failed_comes_to_an_end(two):
    two.write(conftest=REPEATING).record(passed=2)
    two.stand.script("claude-new", "[[status 400]]")

    two.record("--llmregress-candidate=claude-new")

    assert two.outcomes.get("failed") == 6  # each of the three attempts is told


def test_where_sockets_are_restricted_the_test_itself_finds_out(two):
    two.write(conftest=RESTRICTING).record(passed=1, failed=1)

    assert len(two.stand.requests) == 1
    two.says(f"{PLAIN}only the test itself can send it (sockets are restricted while it runs)")
