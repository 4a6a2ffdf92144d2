"""Measure what a replayed test costs, side by side in one run, as ratios.

    python -m pip install pytest-recording && python tests/bench/replay.py

Each contestant records the same calls against a scripted server of this suite, and replays them
with the server stopped. CPU is user and system time of the whole process; the cost of a test is
the slope between a small and a large suite, the median over rounds that go through all
contestants forwards, then backwards. `--short` is for a CI log; no time fails anything.
"""

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "helpers"))

from llm_stand import LlmStand

SMALL = 10
CLIENTS = ("shared client", "client per test")
CALL = """
    reply = {client}.messages.create(
        model="claude-opus-5", max_tokens=100, system="Be brief. " * 100,
        messages=[{{"role": "user", "content": "[[say {number} is a number]] " + "word " * 120}}],
    )
    assert reply.content[0].text
"""
FLOOR = """
import anthropic, httpx2
ANSWER = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-5",
          "content": [{"type": "text", "text": "a number"}], "stop_reason": "end_turn",
          "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1}}

def make():
    transport = httpx2.MockTransport(lambda request: httpx2.Response(200, json=ANSWER))
    return anthropic.Anthropic(api_key="k", http_client=httpx2.Client(transport=transport))
"""
CLIENT = """
import anthropic

def make():
    return anthropic.Anthropic()
"""
VCRPY = """
import pytest, vcr

@pytest.fixture(autouse=True)
def recorded(request):
    path = f"cassettes/{request.node.name}.yaml"
    match = ["method", "path", "body"]
    with vcr.use_cassette(path, match_on=match, filter_headers=["authorization"]):
        yield
"""
RECORDING = """
import pytest

@pytest.fixture(scope="session")
def vcr_config():
    return {"match_on": ["method", "path", "body"], "filter_headers": ["authorization"]}
"""


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """One way to replay."""

    name: str
    client: str = CLIENT
    conftest: str = ""
    mark: str = ""
    record: Sequence[str] = ()
    needs: str = "anthropic"
    """The module without which it cannot take part."""


CONTESTANTS = (
    Contestant(name="floor: SDK over memory", client=FLOOR),
    Contestant(
        name="pytest-llmregress",
        mark="@pytest.mark.llm",
        record=["--llmregress-record=once", "--llmregress-allow-ci-record"],
    ),
    Contestant(name="vcrpy, body matched", conftest=VCRPY, needs="vcr"),
    Contestant(
        name="pytest-recording",
        conftest=RECORDING,
        mark="@pytest.mark.vcr",
        record=["--record-mode=once"],
        needs="pytest_recording",
    ),
)


def write_suite(folder: Path, contestant: Contestant, *, tests: int, per_test: bool) -> None:
    """Write a suite of one-call tests."""
    folder.mkdir(parents=True)
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "conftest.py").write_text(contestant.conftest)
    (folder / "client.py").write_text(contestant.client)
    lines = ["import pytest", "from client import make", "client = make()"]
    for number in range(tests):
        client = "make()" if per_test else "client"
        call = CALL.format(client=client, number=number)
        lines.append(f"{contestant.mark}\ndef test_{number}():{call}")
    (folder / "test_calls.py").write_text("\n".join(lines))


def run(folder: Path, arguments: Sequence[str], environment: dict[str, str]) -> float:
    """Run pytest; return its CPU seconds. Every test has to pass."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    with (folder / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit((folder / "output.txt").read_text())
    return usage.ru_utime + usage.ru_stime


def measure(contestants: Sequence[Contestant], *, tests: int, rounds: int, root: Path) -> None:
    """Print one table for each way to make clients."""
    stand = LlmStand().start()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(root),
        "ANTHROPIC_BASE_URL": stand.url,
        "ANTHROPIC_API_KEY": "sk-nobody",
    }
    suites = {
        (contestant.name, kind, size): root / f"{index}-{number}-{size}"
        for index, contestant in enumerate(contestants)
        for number, kind in enumerate(CLIENTS)
        for size in (SMALL, tests)
    }
    for contestant in contestants:
        for kind in CLIENTS:
            for size in (SMALL, tests):
                folder = suites[contestant.name, kind, size]
                write_suite(folder, contestant, tests=size, per_test=kind == CLIENTS[1])
                run(folder, contestant.record, environment)
    stand.stop()
    costs: dict[tuple[str, str], list[float]] = {}
    for number in range(rounds):
        for contestant in contestants if number % 2 == 0 else reversed(contestants):
            for kind in CLIENTS:
                small = run(suites[contestant.name, kind, SMALL], [], environment)
                large = run(suites[contestant.name, kind, tests], [], environment)
                cost = 1000 * (large - small) / (tests - SMALL)
                costs.setdefault((contestant.name, kind), []).append(cost)
    for kind in CLIENTS:
        sys.stdout.write(f"\n{kind}: CPU of one replayed test, {tests} tests, {rounds} rounds\n")
        floor = statistics.median(costs[contestants[0].name, kind])
        for contestant in contestants:
            cost = statistics.median(costs[contestant.name, kind])
            sys.stdout.write(
                f"  {contestant.name:<24} {cost:8.2f} ms  {cost / floor:6.2f} x floor\n"
            )


def main() -> int:
    """Run by command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--short", action="store_true", help="fewer tests and rounds")
    arguments = parser.parse_args()
    present = [each for each in CONTESTANTS if importlib.util.find_spec(each.needs)]
    for contestant in CONTESTANTS:
        if contestant not in present:
            sys.stdout.write(f"{contestant.name}: left out, {contestant.needs} is not installed\n")
    tests, rounds = (120, 2) if arguments.short else (300, 5)
    with tempfile.TemporaryDirectory() as folder:
        measure(present, tests=tests, rounds=rounds, root=Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
