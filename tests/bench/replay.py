"""Measure what a replayed test costs, side by side in one run, as ratios.

    python -m pip install pytest-recording && python tests/bench/replay.py

Each contestant, alone in its pytest, records the same calls against a scripted server of this
suite and replays them with the server stopped: those of the SDK of Anthropic, and those of OpenAI's
where it is installed. CPU is user and system time of the process; rounds
go through all contestants forwards, then backwards. Further tables: a conversation of many turns
in one test, and what the plugin costs a suite that has no marked test. `--short` is for a CI log;
no time fails anything. `--instructions` counts instructions of a replayed test with valgrind, which
are the same on a busy machine and a quiet one, and takes a minute for each of six runs.
"""

import argparse
import hashlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "helpers"))

from chat_stand import ChatStand
from llm_stand import LlmStand

WARM = 10
"""Tests of each suite that are not measured: the first calls import and compile."""
WHOLE = 1000
"""Tests of the run that is reckoned from start-up and cost of a test."""
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
CALL_OF_OPENAI = """
    reply = {client}.chat.completions.create(
        model="gpt-6", max_completion_tokens=100,
        messages=[
            {{"role": "system", "content": "Be brief. " * 100}},
            {{"role": "user", "content": "[[say {number} is a number]] " + "word " * 120}},
        ],
    )
    assert reply.choices[0].message.content
"""
FLOOR_OF_OPENAI = """
import httpx2, openai
ANSWER = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-6",
          "choices": [{"index": 0, "finish_reason": "stop", "logprobs": None,
                       "message": {"role": "assistant", "content": "a number"}}],
          "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}

def make():
    transport = httpx2.MockTransport(lambda request: httpx2.Response(200, json=ANSWER))
    return openai.OpenAI(api_key="k", http_client=httpx2.Client(transport=transport))
"""
CLIENT_OF_OPENAI = """
import openai

def make():
    return openai.OpenAI()
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
TUNED = """
import hashlib, json, pytest, vcr
from vcr.patch import PATCHER_NAMES

def key(request):
    if not hasattr(request, "key"):
        body = json.dumps(json.loads(request.body), sort_keys=True)
        request.key = hashlib.sha256(body.encode()).digest()
    return request.key

def same(one, other):
    assert key(one) == key(other)

tuned = vcr.VCR(serializer="json", skip_patchers=[n for n in PATCHER_NAMES if n != "httpx2"])
tuned.register_matcher("same", same)

@pytest.fixture(autouse=True)
def recorded(request):
    path = f"cassettes/{request.node.name}.json"
    with tuned.use_cassette(path, match_on=["same"], filter_headers=["authorization"]):
        yield
"""
RECORDING = """
import pytest

@pytest.fixture(scope="session")
def vcr_config():
    return {"match_on": ["method", "path", "body"], "filter_headers": ["authorization"]}
"""
CLOCK = """
import json, sys, time
import pytest
ENDS = []

def pytest_runtest_logstart():
    ENDS or ENDS.append(time.process_time())

def pytest_runtest_logfinish():
    ENDS.append(time.process_time())

@pytest.hookimpl(trylast=True)
def pytest_unconfigure():
    ENDS.append(time.process_time())
    with open("clock.json", "w") as file:
        json.dump({"ends": ENDS, "modules": len(sys.modules)}, file)
"""
IDLE = "\n".join(f"def test_{number}(): pass" for number in range(WHOLE))


@dataclass(frozen=True, kw_only=True)
class Sdk:
    """An SDK that makes the calls, and the server that answers them."""

    name: str
    """That of the module."""
    call: str
    client: str
    floor: str
    """A client that goes over no network."""
    stand: type[LlmStand]
    path: str = ""
    """What follows the address of the server in the base URL."""

    def environment(self, url: str) -> dict[str, str]:
        """Return what leads the SDK to a server."""
        prefix = self.name.upper()
        return {f"{prefix}_BASE_URL": f"{url}{self.path}", f"{prefix}_API_KEY": "sk-nobody"}


ANTHROPIC = Sdk(name="anthropic", call=CALL, client=CLIENT, floor=FLOOR, stand=LlmStand)
OPENAI = Sdk(
    name="openai",
    call=CALL_OF_OPENAI,
    client=CLIENT_OF_OPENAI,
    floor=FLOOR_OF_OPENAI,
    stand=ChatStand,
    path="/v1",
)


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """One way to replay."""

    name: str
    is_floor: bool = False
    conftest: str = ""
    mark: str = ""
    plugin: str = ""
    record: Sequence[str] = ()
    needs: str = "anthropic"
    """The module without which it cannot take part."""
    in_short: bool = True


OURS = Contestant(
    name="pytest-llmregress",
    mark="@pytest.mark.llm",
    plugin="pytest_llmregress.plugin",
    record=["--llmregress-record=once", "--llmregress-allow-ci-record"],
)
PEER = Contestant(
    name="pytest-recording",
    conftest=RECORDING,
    mark="@pytest.mark.vcr",
    plugin="pytest_recording.plugin",
    record=["--record-mode=once"],
    needs="pytest_recording",
)
CONTESTANTS = (
    Contestant(name="floor: SDK over memory", is_floor=True),
    OURS,
    Contestant(name="vcrpy, tuned", conftest=TUNED, needs="vcr", in_short=False),
    Contestant(name="vcrpy, body matched", conftest=VCRPY, needs="vcr", in_short=False),
    PEER,
)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one run of pytest took: CPU, in milliseconds."""

    whole: float
    startup: float
    """Until the first test."""
    test: float
    """One test, from the first that is measured to the end of the session."""
    modules: int


def say(text: str = "") -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def write_suite(
    folder: Path, contestant: Contestant, sdk: Sdk, *, tests: int, per_test: bool
) -> None:
    """Write a suite of one-call tests."""
    lines = ["import pytest", "from client import make", "client = make()"]
    for number in range(tests):
        client = "make()" if per_test else "client"
        call = sdk.call.format(client=client, number=number)
        lines.append(f"{contestant.mark}\ndef test_{number}():{call}")
    write_files(folder, contestant.conftest, "\n".join(lines))
    (folder / "client.py").write_text(sdk.floor if contestant.is_floor else sdk.client)


def write_files(folder: Path, conftest: str, tests: str) -> None:
    """Write a suite, and the clock that measures it."""
    folder.mkdir(parents=True)
    (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    (folder / "clock.py").write_text(CLOCK)
    (folder / "conftest.py").write_text(conftest)
    (folder / "test_calls.py").write_text(tests)


def run(
    folder: Path,
    plugin: str,
    arguments: Sequence[str],
    environment: dict[str, str],
    *,
    under: Sequence[str] = (),
) -> Measured:
    """Run pytest with one plugin; return what it took. Every test has to pass."""
    command = [*under, sys.executable, *("-m", "pytest", "-q", "-p", "no:cacheprovider")]
    command += ["-p", "clock"]
    command += [*(["-p", plugin] if plugin else []), *arguments]
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": "."}
    with (folder / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment | alone,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit((folder / "output.txt").read_text())
    clock = json.loads((folder / "clock.json").read_text())
    ends = clock["ends"]
    return Measured(
        whole=1000 * (usage.ru_utime + usage.ru_stime),
        startup=1000 * ends[0],
        test=1000 * (ends[-1] - ends[WARM]) / (len(ends) - 2 - WARM),
        modules=clock["modules"],
    )


def measure_replay(
    contestants: Sequence[Contestant], sdk: Sdk, *, tests: int, rounds: int, root: Path
) -> None:
    """Print one table for each way to make clients."""
    stand = sdk.stand().start()
    environment = {"PATH": os.environ["PATH"], "HOME": str(root), **sdk.environment(stand.url)}
    folders = {
        (contestant.name, kind): root / f"{sdk.name}-{index}-{number}"
        for index, contestant in enumerate(contestants)
        for number, kind in enumerate(CLIENTS)
    }
    for contestant in contestants:
        for kind in CLIENTS:
            folder = folders[contestant.name, kind]
            write_suite(folder, contestant, sdk, tests=tests, per_test=kind == CLIENTS[1])
            run(folder, contestant.plugin, contestant.record, environment)
        say(f"  {contestant.name}: recorded")
    stand.stop()
    found: dict[tuple[str, str], list[Measured]] = {}
    for number in range(rounds):
        for contestant in contestants if number % 2 == 0 else reversed(contestants):
            for kind in CLIENTS:
                folder = folders[contestant.name, kind]
                taken = run(folder, contestant.plugin, [], environment)
                found.setdefault((contestant.name, kind), []).append(taken)
            say(f"  {contestant.name}: round {number + 1} of {rounds}")
    for kind in CLIENTS:
        say(f"\n{sdk.name}, {kind}: CPU of one replayed test ({tests} tests, {rounds} rounds)")
        _say_ratios({c.name: [each.test for each in found[c.name, kind]] for c in contestants})
        say(f"{sdk.name}, {kind}: CPU of a whole run of {WHOLE:,} tests, start-up included")
        reckoned = {
            c.name: [each.startup + WHOLE * each.test for each in found[c.name, kind]]
            for c in contestants
        }
        _say_ratios(reckoned)


def count_instructions(sdk: Sdk, *, root: Path) -> None:
    """Print how many instructions a replayed test takes, with a shared client, and its ratios."""
    few, many = 20, 120
    stand = sdk.stand().start()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(root),
        "PYTHONHASHSEED": "0",
        **sdk.environment(stand.url),
    }
    contestants = [each for each in CONTESTANTS if each.in_short]
    folders = {each.name: root / f"counted-{sdk.name}-{n}" for n, each in enumerate(contestants)}
    for contestant in contestants:
        folder = folders[contestant.name]
        write_suite(folder, contestant, sdk, tests=many, per_test=False)
        run(folder, contestant.plugin, contestant.record, environment)
    stand.stop()
    counted: dict[str, list[float]] = {}
    for contestant in contestants:
        folder = folders[contestant.name]
        runs = []
        for tests in (few, many):
            chosen = [f"test_calls.py::test_{number}" for number in range(tests)]
            found = folder / f"counted-{tests}"
            valgrind = ["valgrind", "--tool=cachegrind", "--cache-sim=no"]
            valgrind += [f"--cachegrind-out-file={found}"]
            run(folder, contestant.plugin, chosen, environment, under=valgrind)
            runs.append(int(found.read_text().rpartition("summary:")[2].split()[0]))
        counted[contestant.name] = [(runs[1] - runs[0]) / (many - few) / 1e6]
        say(f"  {contestant.name}: counted")
    say(f"\n{sdk.name}, shared client: instructions of one replayed test, {few} to {many} tests")
    _say_ratios(counted, unit="M")


def _say_ratios(costs: dict[str, list[float]], *, unit: str = "ms") -> None:
    """Print a line a contestant: its median, over the first one's and over the peer's."""
    medians = {name: statistics.median(each) for name, each in costs.items()}
    floor, peer = next(iter(medians.values())), medians.get(PEER.name)
    for name, cost in medians.items():
        beside = f"  {cost / peer:5.2f} x {PEER.name}" if peer else ""
        say(f"  {name:<24} {cost:9.2f} {unit:<2}  {cost / floor:6.2f} x floor{beside}")


def measure_conversation(*, turns: int, rounds: int, root: Path) -> None:
    """Print what one test with many calls, each of which sends the history again, costs."""
    import yaml
    from vcr.serialize import deserialize
    from vcr.serializers import yamlserializer

    from pytest_llmregress.recording.cassette_session import CassetteSession, SampleMode
    from pytest_llmregress.redaction.redactor import Redactor
    from pytest_llmregress.storage.cassette_file import read_cassette, write_cassette
    from pytest_llmregress.values.cassette import Cassette
    from pytest_llmregress.values.http import Interaction, Request, Response

    interactions: list[Interaction] = []
    messages: list[dict[str, Any]] = []
    for turn in range(turns):
        messages.append({"role": "user", "content": f"Turn {turn}. " + "Look it up again. " * 60})
        body = {"model": "claude-opus-5", "max_tokens": 100, "messages": messages}
        said = [{"type": "text", "text": f"Answer {turn}. " + "It says what it said. " * 60}]
        answer = {"id": f"msg_{turn}", "type": "message", "role": "assistant", "content": said}
        interactions.append(
            Interaction(
                request=Request(
                    method="POST",
                    url="https://api.anthropic.com/v1/messages",
                    body=json.dumps(body, separators=(",", ":")).encode(),
                ),
                response=Response(status=200, body=json.dumps(answer).encode()),
            )
        )
        messages.append({"role": "assistant", "content": said})
    path = root / f"{turns}.cassette.yaml"
    write_cassette(path, Cassette(test="test", interactions=tuple(interactions)))
    of_vcrpy = yaml.dump(
        {
            "version": 1,
            "interactions": [
                {
                    "request": {
                        "method": "POST",
                        "uri": each.request.url,
                        "body": each.request.body.decode(),
                        "headers": {"accept": ["application/json"]},
                    },
                    "response": {
                        "status": {"code": 200, "message": "OK"},
                        "headers": {"content-type": ["application/json"]},
                        "body": {"string": each.response.body.decode()},
                    },
                }
                for each in interactions
            ],
        },
        Dumper=yaml.CDumper,
    )
    asked = [  # in bytes of their own, as a client sends them
        Request(method="POST", url=each.request.url, body=bytes(bytearray(each.request.body)))
        for each in interactions
    ]

    def fail(_: object) -> Any:
        raise AssertionError("a request has no recording")

    def match() -> None:
        tape = CassetteSession(
            mode=SampleMode.REPLAY, recorded=interactions, redactor=Redactor(), on_miss=fail
        )
        for request in asked:
            tape.ask(request, retry=False)

    def hash_each() -> None:
        for request in asked:
            text = json.dumps(json.loads(request.body), sort_keys=True, separators=(",", ":"))
            hashlib.sha256(text.encode()).hexdigest()

    taken = {
        work: _least(work, rounds)
        for work in (
            match,
            hash_each,
            lambda: read_cassette(path),
            lambda: deserialize(of_vcrpy, yamlserializer),
        )
    }
    matching, hashing, loading, loading_vcrpy = taken.values()
    say(
        f"  {turns} turns: matching all {matching:7.1f} ms, "
        f"{matching / hashing:5.2f} x a canonical hash of each request; "
        f"load {loading:7.1f} ms, {loading / loading_vcrpy:5.3f} x vcrpy's YAML"
    )


def _least(work: Callable[[], object], rounds: int) -> float:
    """Return the least CPU that some work takes, in milliseconds."""
    taken = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        taken.append(1000 * (time.process_time() - start))
    return min(taken)


def measure_idle(*, rounds: int, root: Path) -> None:
    """Print what the plugin costs where no test is marked."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(root)}
    folder = root / "idle"
    write_files(folder, "", IDLE)
    plugins = ("", OURS.plugin)
    found: dict[str, list[Measured]] = {plugin: [] for plugin in plugins}
    run(folder, OURS.plugin, [], environment)  # compiles what is imported
    for number in range(rounds):
        for plugin in plugins if number % 2 == 0 else reversed(plugins):
            found[plugin].append(run(folder, plugin, [], environment))
    alone, ours = found[""], found[OURS.plugin]
    tests = [statistics.median(each.test for each in several) for several in (alone, ours)]
    startup = [min(each.startup for each in several) for several in (alone, ours)]
    say(f"\nno marked test: {WHOLE:,} tests, {rounds} rounds, over pytest alone")
    say(f"  modules   {ours[0].modules - alone[0].modules:+d}")
    say(f"  start-up  {startup[1] / startup[0]:.3f} x ({startup[1] - startup[0]:+.1f} ms)")
    say(f"  a test    {tests[1] / tests[0]:.3f} x ({tests[1] - tests[0]:+.4f} ms)")


def main() -> int:
    """Run by command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--short", action="store_true", help="fewer contestants, tests and rounds")
    parser.add_argument("--instructions", action="store_true", help="count them with valgrind")
    arguments = parser.parse_args()
    chosen = [each for each in CONTESTANTS if each.in_short or not arguments.short]
    present = [each for each in chosen if importlib.util.find_spec(each.needs)]
    for contestant in chosen:
        if contestant not in present:
            say(f"{contestant.name}: left out, {contestant.needs} is not installed")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        measure_idle(rounds=1 if arguments.short else 5, root=root)
        say("\none test with many calls, each with the whole conversation")
        for turns in (100,) if arguments.short else (100, 200):
            measure_conversation(turns=turns, rounds=2 if arguments.short else 3, root=root)
        tests, rounds = (60, 1) if arguments.short else (110, 2)
        in_short = [each for each in present if each.in_short]
        for sdk, several in ((ANTHROPIC, present), (OPENAI, in_short)):
            if not importlib.util.find_spec(sdk.name):
                say(f"{sdk.name}: left out, it is not installed")
                continue
            if arguments.instructions:
                count_instructions(sdk, root=root)
            say(f"\nreplay, {sdk.name}")
            measure_replay(several, sdk, tests=tests, rounds=rounds, root=root)
    return 0


if __name__ == "__main__":
    sys.exit(main())
