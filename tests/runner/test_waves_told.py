"""What a wave tells while it waits, and when somebody interrupts it."""

import os
import re
import signal
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from forked_pytest import is_available, start_forked
from patience import PATIENCE
from wave_stand import TRIALS_COUNTED, WaveStand, wait_for_trials

APP = """
    import anthropic

    def ask(text):
        client = anthropic.Anthropic(max_retries=0)
        message = {"role": "user", "content": text}
        asked = {"model": "claude-opus-5", "max_tokens": 50, "messages": [message]}
        return client.messages.create(**asked).content[0].text
"""
SINGLE = """
    import pytest
    from app import ask

    @pytest.mark.llm
    @pytest.mark.parametrize("number", range(6))
    def test_one(number):
        assert ask(f"[[say {number}]]") == str(number)
"""


@pytest.fixture
def stand() -> Iterator[WaveStand]:
    stand = WaveStand()
    yield stand.start()
    stand.stop()


@pytest.fixture
def single(project):
    return project.write(app=APP, test_it=SINGLE)


def test_who_waits_for_a_server_that_refuses_is_told_why(single, stand):
    stand.refusals = [(529, {"retry-after": "1.5"})] * 6

    single.record(passed=6)
    lines = [each for each in single.output.splitlines() if "the server answered 529" in each]

    assert len(lines) == 1
    assert re.fullmatch(
        r"llmregress: wave 1: 0 of 6 calls answered; the server answered 529 \d times?; "
        r"next try in 1\.\d s",
        lines[0],
    )


def start(project, stand, key: str, output: Path, *arguments: str) -> BaseProcess:
    """Start a recording that runs beside this test."""
    return start_forked(
        ["--llmregress-record=once", "-p", "no:cacheprovider", *arguments],
        cwd=project.root,
        env={
            "HOME": str(project.home),
            "ANTHROPIC_BASE_URL": stand.url,
            "ANTHROPIC_API_KEY": key,
        },
        output=output,
    )


def let_go(stand) -> None:
    with stand.changed:
        stand.held = None
        stand.changed.notify_all()


@pytest.mark.skipif(not is_available(), reason="interrupts a forked process: POSIX only")
@pytest.mark.parametrize("quiet", [(), ("-q",)], ids=["", "quiet"])
def test_who_interrupts_a_wave_is_told_what_is_kept_and_how_to_carry_on(
    project, stand, key, tmp_path, quiet
):
    stand.held = "[[say 5]]"
    project.write(app=APP, test_it=SINGLE, conftest=TRIALS_COUNTED)
    output = tmp_path / "interrupted.txt"
    process = start(project, stand, key, output, *quiet)
    stand.wait_for("[[say 5]]")
    wait_for_trials(project.root, 6 + 5)  # from here on it waits for the call that is held

    assert process.pid is not None
    os.kill(process.pid, signal.SIGINT)
    process.join(PATIENCE)
    let_go(stand)

    assert process.exitcode == pytest.ExitCode.INTERRUPTED
    told = [line for line in output.read_text().splitlines() if "interrupted: " in line]
    assert len(told) == 1
    assert told[0].startswith("llmregress: interrupted: 5 answers kept in the journals; carry on ")
    command = " ".join(["--llmregress-record=once -p no:cacheprovider", *quiet])
    assert ": pytest " in told[0]
    assert told[0].endswith(f" {command}")


@pytest.mark.skipif(not is_available(), reason="needs a forked process: POSIX only")
def test_a_second_recording_of_the_same_tests_pays_for_nothing_again(project, stand, key, tmp_path):
    stand.held = "[[say 5]]"
    project.write(app=APP, test_it=SINGLE, conftest=TRIALS_COUNTED)
    first = start(project, stand, key, tmp_path / "first.txt")
    stand.wait_for("[[say 5]]")
    wait_for_trials(project.root, 6 + 5)  # from here on it waits for the call that is held

    project.record(errors=6)
    let_go(stand)
    first.join(PATIENCE)

    assert first.exitcode == 0
    assert set(stand.texts.values()) == {1}
    assert project.problems() == {f"test_one[{n}]": ["occupied"] for n in range(6)}
    project.says(f"process {first.pid} is recording this test at the moment")
    assert not [name for name in project.names() if ".part." in name]
    project.record(passed=6)
    project.says("Passes: 6 tests replayed\n")


WATCHING = f"""
    import time
    from pathlib import Path

    import pytest
    from app import ask

    pytestmark = pytest.mark.llm

    @pytest.mark.parametrize("number", range(2))
    def test_first(number):
        assert ask(f"[[say {{number}}]]") == str(number)

    def test_last():
        seen = Path("seen.txt")
        if not seen.exists():
            ends = time.monotonic() + {PATIENCE}
            while len(list(Path().rglob("*.part.jsonl"))) < 2 and time.monotonic() < ends:
                time.sleep(0.01)
            seen.write_text(str(len(list(Path().rglob("*.part.jsonl")))))
        assert ask("[[say last]]") == "last"
"""


def test_the_first_calls_go_out_while_the_other_tests_are_tried(project, stand):
    project.write(app=APP, test_it=WATCHING)

    project.record(passed=3)

    assert project.read("seen.txt") == "2"
    assert set(stand.texts.values()) == {1}
    first, second = (
        project.output.index("wave 1: its first calls"),
        project.output.index("3 calls of"),
    )
    assert first < second
    project.says(
        "llmregress: wave 1: its first calls go out while other tests are tried; if those ask for "
        "what the first 2 do: 3 calls, 219 tokens, cost $0.0041",
        "wave 1: 3 calls of 3 tests, 3 at a time; expected: ",
        "wave 1: 3 of 3 calls answered in ",
    )


def test_under_a_limit_nothing_goes_out_before_all_of_it_is_known(single, stand):
    single.record("--llmregress-max-tokens=10_000", passed=6)

    assert set(stand.texts.values()) == {1}
    single.never_says("its first calls go out")


def test_what_a_call_takes_for_the_first_time_disturbs_no_test_that_is_tried_meanwhile(
    project, stand
):
    project.write(app=APP, test_it=SINGLE.replace("range(6)", "range(60)"))

    # A process of its own, which has not yet imported what the first answer takes.
    project.record(env={"PYTHONPATH": str(project.root)}, passed=60)

    project.says("wave 1: 60 of 60 calls answered in ")
    project.never_says("one call at a time")


COLLECTOR = """
    import pytest

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(item):
        with open("collected.txt", "a") as file:
            file.write(f"{item.name}\\n")
        return (yield)
"""


def test_a_plugin_that_collects_results_sees_no_run_that_only_learns_what_a_test_asks_for(single):
    single.write(conftest=COLLECTOR).record(passed=6)

    single.says("wave 1: 6 of 6 calls answered in ")
    collected = (single.root / "collected.txt").read_text().splitlines()
    assert sorted(collected) == [f"test_one[{number}]" for number in range(6)]
