"""Print what the gateway costs: its start, and each call beside a direct one; nothing fails.

    python tests/bench/gateway.py [--calls N] [--at-a-time N]

The children are threads of this process with a connection each, the API is a server in it: both
are part of each number. Wall time, the median over rounds in turn.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

sys.path.append(str(Path(__file__).resolve().parents[1] / "helpers"))

from llm_stand import LlmStand
from pytest_llmregress.gateway.child_environment import ChildEnvironment
from pytest_llmregress.gateway.server import Gateway
from pytest_llmregress.gateway.tenant import Tenant
from pytest_llmregress.recording.cassette_session import CassetteSession, Miss, SampleMode
from pytest_llmregress.redaction.redactor import Redactor
from pytest_llmregress.values.http import Interaction

ROUNDS = 3
PROMPT = "How many days are there to send something back? " * 200


def fail(miss: Miss) -> None:
    """Stop at a miss: the numbers would say nothing."""
    raise SystemExit(f"missed: {miss.reason}")


@contextmanager
def serving(
    upstream: str, recorded: list[Interaction] | None
) -> Iterator[tuple[str, CassetteSession, float]]:
    """Serve one test; give the address, the tape, and how long the gateway took to start."""
    mode = SampleMode.RECORD if recorded is None else SampleMode.REPLAY
    tape = CassetteSession(mode=mode, recorded=recorded, redactor=Redactor(), on_miss=fail)
    gateway = Gateway(environment=ChildEnvironment(), is_open=True, locate=lambda: None)
    with gateway.serving(Tenant(tape, test="t.py::test_a", stop=None, guard=None)):
        start = time.perf_counter()
        base = gateway.address_of(upstream, number=gateway.register("a child"))
        took = time.perf_counter() - start
        yield base, tape, took
    gateway.close()


def seconds(base: str, calls: int, at_a_time: int) -> float:
    """Return how long all calls take."""
    parts = urlsplit(base)

    def work(first: int) -> None:
        connection = HTTPConnection(parts.netloc)
        for number in range(first, calls, at_a_time):
            content = f"{number}: {PROMPT} [[say 14 days.]]"
            body = {
                "model": "m",
                "max_tokens": 9,
                "messages": [{"role": "user", "content": content}],
            }
            connection.request("POST", f"{parts.path}/v1/messages", body=json.dumps(body))
            connection.getresponse().read()
        connection.close()

    start = time.perf_counter()
    with ThreadPoolExecutor(at_a_time) as pool:
        list(pool.map(work, range(at_a_time)))
    return time.perf_counter() - start


def main() -> None:
    """Measure in turn, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=1_000)
    parser.add_argument("--at-a-time", type=int, default=32)
    options = parser.parse_args()
    took: dict[str, list[float]] = {"direct": [], "recorded": [], "replayed": []}
    starts = []
    stand = LlmStand().start()
    for _ in range(ROUNDS):
        took["direct"].append(seconds(stand.url, options.calls, options.at_a_time))
        with serving(stand.url, None) as (base, tape, start):
            took["recorded"].append(seconds(base, options.calls, options.at_a_time))
        starts.append(start)
        recorded = [each.interaction for each in tape.exchanges if each.interaction is not None]
        with serving(stand.url, recorded) as (base, _, start):
            took["replayed"].append(seconds(base, options.calls, options.at_a_time))
    stand.stop()
    direct = statistics.median(took["direct"])
    sys.stdout.write(
        f"start of the gateway: {statistics.median(starts) * 1000:.1f} ms\n"
        f"{options.calls:,} calls, {options.at_a_time} at a time, {len(PROMPT):,} bytes each\n"
    )
    for name, rounds in took.items():
        median = statistics.median(rounds)
        each = median / options.calls * 1000
        sys.stdout.write(
            f"  {name:<9} {each:6.2f} ms a call  {median / direct:5.2f} of a direct one\n"
        )


if __name__ == "__main__":
    main()
