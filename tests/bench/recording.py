"""Measure how long a recording takes, side by side in one run, as ratios to the ideal.

    python -m pip install pytest-recording && python tests/bench/recording.py

A suite of one-call tests is recorded against a scripted server of this suite that takes half a
second to two seconds an answer, once without a limit and once with one of 240 requests a minute
and a burst of 10. The ideal is the sum of all latencies over the calls that may be under way at a
time, or what the limit lets through. `--short` is for a CI log; no time fails anything.
"""

import argparse
import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

AT_A_TIME = 16
BURST = 10
SUITE = """
import anthropic
import pytest

@pytest.mark.{mark}
@pytest.mark.parametrize("number", range({tests}))
def test_one(number):
    client = anthropic.Anthropic()
    text = f"What is the number after {{number}}?"
    message = {{"role": "user", "content": text}}
    reply = client.messages.create(model="claude-opus-5", max_tokens=100, messages=[message])
    assert reply.content[0].text == text
"""
CONFTEST = """
import pytest

@pytest.fixture(scope="session")
def vcr_config():
    return {"match_on": ["method", "path", "body"], "filter_headers": ["authorization"]}
"""


@dataclass
class Stand:
    """What answers: each text after a time of its own, the same in every run."""

    fastest: float
    slowest: float
    per_second: float | None = None
    """Requests that it takes; None for any number."""
    refused: int = 0
    answered: Counter[str] = field(default_factory=Counter)
    tokens: float = BURST
    last: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def latency(self, text: str) -> float:
        """Return how long an answer takes."""
        share = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32
        return self.fastest + share * (self.slowest - self.fastest)

    def admit(self) -> float:
        """Take a request, or return the seconds after which it may come again."""
        if self.per_second is None:
            return 0.0
        with self.lock:
            now = time.monotonic()
            self.last = self.last or now
            self.tokens = min(BURST, self.tokens + (now - self.last) * self.per_second)
            self.last = now
            if self.tokens >= 1:
                self.tokens -= 1
                return 0.0
            self.refused += 1
            return (1 - self.tokens) / self.per_second


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    stand: Stand

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_POST(self) -> None:
        """Answer a call, or refuse it."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        text = body["messages"][0]["content"]
        later = self.stand.admit()
        if later:
            error = {"type": "rate_limit_error", "message": "later"}
            return self._send(
                429, {"type": "error", "error": error}, {"retry-after": f"{later:.2f}"}
            )
        time.sleep(self.stand.latency(text))
        self.stand.answered[text] += 1
        message = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 9, "output_tokens": 9},
        }
        return self._send(200, message, {})

    def _send(self, status: int, body: object, headers: dict[str, str]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """One way to record."""

    name: str
    mark: str
    options: Sequence[str]
    needs: str


CONTESTANTS = (
    Contestant(
        name="pytest-llmregress",
        mark="llm",
        options=["--llmregress-record=once", "--llmregress-allow-ci-record"],
        needs="anthropic",
    ),
    *(
        Contestant(
            name=f"pytest-recording -n {workers}",
            mark="vcr",
            options=["--record-mode=once", "-n", str(workers)],
            needs="pytest_recording",
        )
        for workers in (8, 16)
    ),
)


def record(contestant: Contestant, stand: Stand, *, tests: int, root: Path) -> tuple[float, int]:
    """Record a suite; return the seconds from the start of pytest to its end, and failed tests."""
    folder = root / f"{contestant.mark}-{time.monotonic_ns()}"
    folder.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_calls.py").write_text(SUITE.format(mark=contestant.mark, tests=tests))
    handler = type("OneHandler", (Handler,), {"stand": stand})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(root),
        "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{server.server_address[1]}",
        "ANTHROPIC_API_KEY": "sk-nobody",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *contestant.options]
    began = time.monotonic()
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    seconds = time.monotonic() - began
    server.shutdown()
    server.server_close()
    failed = re.search(r"(\d+) failed", done.stdout)
    return seconds, int(failed[1]) if failed else 0


def compare(contestants: Sequence[Contestant], *, tests: int, scale: float, root: Path) -> None:
    """Print one table without a limit, and one with it."""
    texts = [f"What is the number after {number}?" for number in range(tests)]
    per_second = 4.0 / scale
    for limit in (None, per_second):
        probe = Stand(fastest=0.5 * scale, slowest=2.0 * scale)
        ideal = sum(map(probe.latency, texts)) / AT_A_TIME
        if limit is not None:
            ideal = max(ideal, (tests - BURST) / limit)
        told = "no limit" if limit is None else f"{60 * limit:.0f} requests a minute"
        sys.stdout.write(f"\n{told}: {tests} tests of one call, ideal {ideal:.1f} s\n")
        for contestant in contestants:
            stand = Stand(fastest=probe.fastest, slowest=probe.slowest, per_second=limit)
            seconds, failed = record(contestant, stand, tests=tests, root=root)
            twice = sum(count - 1 for count in stand.answered.values())
            sys.stdout.write(
                f"  {contestant.name:<24} {seconds:6.1f} s  {seconds / ideal:5.2f} x ideal  "
                f"{failed} failed, {tests - len(stand.answered)} never answered, "
                f"{twice} answered twice, {stand.refused} refused\n"
            )
            sys.stdout.flush()


def main() -> int:
    """Run by command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--short", action="store_true", help="shorter answers, fewer contestants")
    arguments = parser.parse_args()
    present = [each for each in CONTESTANTS if importlib.util.find_spec(each.needs)]
    for contestant in CONTESTANTS:
        if contestant not in present:
            sys.stdout.write(f"{contestant.name}: left out, {contestant.needs} is not installed\n")
    chosen = present[:2] if arguments.short else present
    with tempfile.TemporaryDirectory() as folder:
        scale = 0.4 if arguments.short else 1.0
        compare(chosen, tests=64, scale=scale, root=Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
