"""Kill a recording at random moments; nothing accepted may be lost, and no file be unreadable.

    python tests/soak/kills.py --kills 300 --seed 1

A test of twenty calls is recorded against a scripted server of this suite and killed, again and
again; each recording carries on from what the last one left. Whenever one comes to its end, the
test is recorded anew over the accepted one. Run by the test suite with a few kills.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "helpers"))

from forked_pytest import start_forked
from llm_stand import LlmStand
from pytest_llmregress.storage.cassette_file import read_cassette
from pytest_llmregress.storage.file_paths import build_test_paths
from pytest_llmregress.storage.journal import Journal
from pytest_llmregress.storage.snapshot_file import read_snapshot

CALLS = 20
NODE_ID = "test_many.py::test_many"
TEST = f"""
import anthropic, pytest

@pytest.mark.llm
def test_many():
    client = anthropic.Anthropic(max_retries=0)
    for number in range({CALLS}):
        client.messages.create(
            model="claude-opus-5", max_tokens=50,
            messages=[{{"role": "user", "content": f"[[slow 0.01]] question {{number}}"}}],
        )
"""


@dataclass(kw_only=True)
class Tally:
    """What came of it."""

    kills: int = 0
    whole: int = 0
    """Recordings that came to their end before the kill."""
    most_lost: int = 0
    """Answers that the server had given and no file held, at worst."""


def _held(journal: Journal) -> int:
    return sum(map(len, journal.read().values()))


def run(kills: int, *, seed: int, folder: Path) -> Tally:
    """Record and kill; AssertionError where something is lost or cannot be read."""
    chance = random.Random(seed)
    tally = Tally()
    (folder / "test_many.py").write_text(TEST)
    (folder / "pytest.ini").write_text("[pytest]\n")
    paths = build_test_paths(folder / "test_many.py", NODE_ID, None)
    stand = LlmStand().start()
    try:
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "ANTHROPIC_BASE_URL": stand.url,
            "ANTHROPIC_API_KEY": "sk-nobody",
        }
        mode, longest = "once", 3.0
        while tally.kills < kills:
            journal = Journal(paths.journal, test=NODE_ID)
            held_before, asked_before = _held(journal), len(stand.requests)
            accepted = paths.cassette.read_bytes() if paths.cassette.exists() else None
            started = time.monotonic()
            process = start_forked(
                ["-q", "-p", "no:cacheprovider", f"--llmregress-record={mode}"],
                cwd=folder,
                env=env,
                output=folder / "output.txt",
            )
            process.join(chance.uniform(0.0, longest))
            killed = process.exitcode is None
            if killed:
                process.kill()
                process.join()
                tally.kills += 1
            else:
                longest = min(longest, time.monotonic() - started)
                assert process.exitcode == 0, (folder / "output.txt").read_text()
                tally.whole += 1
            if paths.cassette.exists():
                assert len(read_cassette(paths.cassette).interactions) == CALLS
                if paths.snapshot.exists():
                    read_snapshot(paths.snapshot)
                mode = "rewrite"
            assert accepted is None or paths.cassette.exists(), "an accepted recording is gone"
            changed = paths.cassette.exists() and paths.cassette.read_bytes() != accepted
            if killed and not changed:
                held, asked = _held(journal), len(stand.requests) - asked_before
                lost = asked - (held - held_before)
                tally.most_lost = max(tally.most_lost, lost)
                assert lost <= 1, f"{lost} answers lost (seed {seed}, kill {tally.kills})"
    finally:
        stand.stop()
    return tally


def main() -> int:
    """Run by command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tally = run(arguments.kills, seed=arguments.seed, folder=Path(folder))
    sys.stdout.write(
        f"{tally.kills} kills, {tally.whole} recordings came to their end, "
        f"seed {arguments.seed}; every file loads, no accepted recording was lost, "
        f"{tally.most_lost} answer lost at worst\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
