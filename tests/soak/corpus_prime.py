"""Record what real model versions answered to 1,000 questions, and compare the versions.

    python tests/soak/corpus_prime.py --folder /tmp/prime --questions 1000

GPT-4 and GPT-3.5 of March and June 2023 were asked whether a number is prime (arXiv 2307.09009).
A project of one parametrized test is recorded over a socket, once for each version, and compared
from its recordings. A version that the folder holds already is not recorded again. Run by the
test suite with a few of the questions.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "helpers"))

from forked_pytest import program

SHARED = Path(__file__).resolve().parents[3] / "shared"
ANSWERS = SHARED / "corpus" / "llmdrift" / "prime.jsonl"
SERVER = SHARED / "stand" / "corpus_server.py"
BASELINE = "gpt-4-0314"
VERSIONS = ("gpt-4-0613", "gpt-4-0314", "gpt-3.5-turbo-0301", "gpt-3.5-turbo-0613")
COMPARISONS = (
    ("baseline", "gpt-4-0613"),
    ("gpt-3.5-turbo-0301", "gpt-3.5-turbo-0613"),
    ("baseline", "gpt-4-0314"),
)
"""June against March, of either model; then March against March, recorded a second time."""

_FOREIGN = ("CI", "ANTHROPIC_", "LLMREGRESS_", "PYTEST_")
"""How the environment variables begin that a recording does not inherit."""
_TEST = f"""
import json
import re
from pathlib import Path

import anthropic
import pytest

QUESTIONS = json.loads(Path(__file__).with_name("questions.json").read_text(encoding="utf-8"))
client = anthropic.Anthropic(max_retries=0)


@pytest.mark.llm
@pytest.mark.parametrize(
    ("question", "right"), QUESTIONS, ids=[re.search("[0-9]+", text)[0] for text, _ in QUESTIONS]
)
def test_prime(question, right):
    reply = client.messages.create(
        model="{BASELINE}", max_tokens=1000, messages=[{{"role": "user", "content": question}}]
    )
    said = re.findall(r"[[](yes|no)[]]", reply.content[0].text.lower())
    assert set(said) == {{right}}, "says " + (" and ".join(sorted(set(said))) or "neither")
"""


def write_project(folder: Path, *, questions: int, seed: int) -> None:
    """Write the test, and a choice of the questions."""
    rows = [json.loads(line) for line in ANSWERS.read_text(encoding="utf-8").splitlines()]
    every = sorted({(row["prompt"], row["reference"].lower()) for row in rows})
    chosen = random.Random(seed).sample(every, questions)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "questions.json").write_text(json.dumps(chosen), encoding="utf-8")
    (folder / "test_prime.py").write_text(_TEST, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")


@contextmanager
def serving() -> Iterator[str]:
    """Serve the answers; gives the base URL."""
    command = [sys.executable, str(SERVER), "--answers", str(ANSWERS), "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        yield server.stdout.readline().strip()
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


def record(folder: Path, url: str, *options: str, workers: int) -> None:
    """Record one version; AssertionError where a test came to no answer."""
    parallel = ["-n", str(workers)] if workers > 1 else []
    quiet = ("-q", "--tb=no", "-p", "no:cacheprovider")
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)},
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": "none",
    }
    done = subprocess.run(
        [*program("pytest"), *quiet, *parallel, "--llmregress-record", "once", *options],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stdout + done.stderr


def record_all(folder: Path, *, versions: Sequence[str] = VERSIONS, workers: int = 1) -> None:
    """Record March's GPT-4 as the baseline, and the versions as its candidates.

    A recording on which the test fails waits for a decision, and here it is the truth.
    """
    stored = folder / "__llm__"
    questions = len(json.loads((folder / "questions.json").read_text(encoding="utf-8")))
    with serving() as url:
        if not stored.exists():
            record(folder, url, workers=workers)
            status, said = script(folder, "accept", "--all")
            assert status == 0, said
        for version in versions:
            # What an interrupted recording left out is recorded; the rest is replayed.
            if len(list(stored.rglob(f"*@{version}.cassette.yaml"))) < questions:
                # `compare` reads one sample of each: none is confirmed, no control is asked.
                alone = ("--llmregress-confirm=0", "--llmregress-control=0")
                record(folder, url, "--llmregress-candidate", version, *alone, workers=workers)


def script(folder: Path, *arguments: str) -> tuple[int, str]:
    """Run the console script; return its exit status and what it said."""
    done = subprocess.run(
        [*program("pytest-llmregress"), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def say(text: str) -> None:
    """Print at once: the next step may take a minute."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """Record what is not there yet, and print the comparisons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    write_project(given.folder, questions=given.questions, seed=given.seed)
    began = time.monotonic()
    record_all(given.folder, workers=given.workers)
    say(f"recorded in {time.monotonic() - began:.0f} s")
    for names in COMPARISONS:
        began = time.monotonic()
        status, said = script(given.folder, "compare", *names)
        say(f"\n$ pytest-llmregress compare {' '.join(names)}\n{said}")
        say(f"exit status {status}, {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
