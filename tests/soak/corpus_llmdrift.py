"""Record what GPT-4 of March and of June 2023 answered, and count the traits that are named.

    python tests/soak/corpus_llmdrift.py                              all 1,000 and 50 questions
    python tests/soak/corpus_llmdrift.py --primes 100 --programs 20   some, chosen by --seed

The answers are real (arXiv 2307.09009) and come over a socket. June is held against March, and then
March against itself, which has to show nothing. Run by the test suite with a few of the questions.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "helpers"))

from forked_pytest import program

SHARED = Path(__file__).resolve().parents[3] / "shared"
CORPUS = SHARED / "corpus" / "llmdrift"
SERVER = SHARED / "stand" / "corpus_server.py"
MARCH, JUNE = "gpt-4-0314", "gpt-4-0613"
SUITES = {"prime": "prime.jsonl", "leetcode": "leetcode_easy.jsonl"}
COSMETIC = "cosmetic"

_TEST = """
import json
from pathlib import Path

import anthropic
import pytest

QUESTIONS = json.loads(Path(__file__).with_name("{suite}.json").read_text(encoding="utf-8"))
client = anthropic.Anthropic(max_retries=0)


@pytest.mark.llm
@pytest.mark.parametrize("name", QUESTIONS)
def test_{suite}(name):
    messages = [{{"role": "user", "content": QUESTIONS[name]}}]
    client.messages.create(model="{model}", max_tokens=2000, messages=messages)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What a run names in one suite."""

    tests: int
    traits: Mapping[str, int]
    """Tests in which a trait changed above cosmetic, the most frequent first."""
    severities: Mapping[str, int]
    """Tests by their worst change; "none" where nothing differs."""


def questions(suite: str, *, number: int, seed: int) -> dict[str, str]:
    """Return prompts that both versions answered, by their ids."""
    rows = map(json.loads, (CORPUS / SUITES[suite]).read_text(encoding="utf-8").splitlines())
    asked: dict[str, dict[str, str]] = {}
    for row in rows:
        asked.setdefault(row["prompt"], {})[row["model"]] = str(row["id"])
    found = {by[MARCH]: prompt for prompt, by in asked.items() if {MARCH, JUNE} <= by.keys()}
    chosen = random.Random(seed).sample(sorted(found), min(number, len(found)))
    return {re.sub(r"\W+", "_", each): found[each] for each in chosen}


def write_project(folder: Path, *, primes: int, programs: int, seed: int) -> None:
    """Write a file of tests for each suite, and its questions."""
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    for suite, number in (("prime", primes), ("leetcode", programs)):
        asked = questions(suite, number=number, seed=seed)
        (folder / f"{suite}.json").write_text(json.dumps(asked), encoding="utf-8")
        test = _TEST.format(suite=suite, model=MARCH)
        (folder / f"test_{suite}.py").write_text(test, encoding="utf-8")


@contextmanager
def serve() -> Iterator[str]:
    """Serve the recorded answers; yield the URL."""
    answers = [part for name in SUITES.values() for part in ("--answers", str(CORPUS / name))]
    command = [sys.executable, str(SERVER), *answers]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield (server.stdout.readline() if server.stdout else "").strip()
        finally:
            server.terminate()


def run(folder: Path, url: str, *arguments: str) -> str:
    """Run the project; return what it says. What it finds lies in report.json."""
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ANTHROPIC_", "LLMREGRESS_", "PYTEST_")) and name != "CI"
    }
    env |= {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "none", "COLUMNS": "200"}
    plain = (
        "-q",
        "-p",
        "no:cacheprovider",
        "--tb=no",
        "-r",
        "N",
        "--llmregress-report=report.json",
    )
    command = [*program("pytest"), *plain, *arguments]
    ended = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    return ended.stdout


def count(folder: Path) -> dict[str, Counted]:
    """Count by suite what the last run reports."""
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return {
        suite: _count([t for t in report["tests"] if t["test"].startswith(f"test_{suite}.py")])
        for suite in SUITES
    }


def _count(tests: list[dict[str, Any]]) -> Counted:
    drifts = [test["drift"] for test in tests if test["drift"] is not None]
    traits = Counter(
        trait
        for drift in drifts
        for trait in {c["trait"] for c in drift["changes"] if c["severity"] != COSMETIC}
    )
    severities = Counter(drift["severity"] or "none" for drift in drifts)
    return Counted(
        tests=len(drifts),
        traits=dict(sorted(traits.items(), key=lambda item: (-item[1], item[0]))),
        severities=dict(severities.most_common()),
    )


def table(counted: Mapping[str, Counted]) -> Iterator[str]:
    """Yield the counts of each suite."""
    for suite, found in counted.items():
        severities = ", ".join(f"{number} {name}" for name, number in found.severities.items())
        yield f"  {suite}, {found.tests} tests: {severities}"
        for trait, number in found.traits.items():
            yield f"    {trait} in {number} of {found.tests} tests"


def main() -> None:
    """Record and compare; print the counts, and what the run itself says at its end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--primes", type=int, default=1000)
    parser.add_argument("--programs", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, serve() as url:
        folder = Path(name)
        write_project(folder, primes=asked.primes, programs=asked.programs, seed=asked.seed)
        start = time.monotonic()
        run(folder, url, "--llmregress-record=once")
        sys.stdout.write(f"{MARCH} recorded in {time.monotonic() - start:.0f} s\n")
        for candidate in (JUNE, MARCH):
            start = time.monotonic()
            arguments = (f"--llmregress-candidate={candidate}", "--llmregress-record=once")
            said = run(folder, url, *arguments)
            took = time.monotonic() - start
            lines = [f"{MARCH} → {candidate}, in {took:.0f} s:", *table(count(folder))]
            end = said[said.find("= llmregress =") :].splitlines()[1:]
            sys.stdout.write("\n".join([*lines, "  the run says:", *end, ""]))


if __name__ == "__main__":
    main()
