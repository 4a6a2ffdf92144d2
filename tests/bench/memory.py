"""Print by how much the peak memory of a run grows with each test, beside pytest alone.

    python tests/bench/memory.py

Suites of two sizes, of the same tests as in replay.py, are recorded against a scripted server and
replayed without it, each in a process of its own. What a test adds is the difference of their peaks
over that of their sizes; the candidate of the last rows answers otherwise in every test. Caches
that are bounded fill up on the way, so larger suites show less; nothing fails.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from replay import CONTESTANTS, OURS, say, write_suite

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "helpers"))

from llm_stand import LlmStand

CANDIDATE = "claude-opus-5-5"
ANSWER = "It is something else, says this one. " * 30
REPORTS = tuple(f"--llmregress-report=run.{ending}" for ending in ("html", "json", "xml", "md"))
AGAINST = (f"--llmregress-candidate={CANDIDATE}", "--llmregress-confirm=0")
PLUGIN = ("-p", OURS.plugin)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One way to run a suite."""

    name: str
    suite: str
    arguments: Sequence[str] = ()


KINDS = (
    Kind(name="pytest alone", suite="alone"),
    Kind(name="replay", suite="ours", arguments=PLUGIN),
    Kind(name="replay, reports", suite="ours", arguments=(*PLUGIN, *REPORTS)),
    Kind(
        name="candidate",
        suite="ours",
        arguments=(*PLUGIN, *AGAINST, "--llmregress-fail-on=never"),
    ),
    Kind(
        name="candidate, reports",
        suite="ours",
        arguments=(*PLUGIN, *AGAINST, "--llmregress-fail-on=never", *REPORTS),
    ),
)


def peak(folder: Path, arguments: Sequence[str], environment: dict[str, str]) -> int:
    """Run pytest; return its peak memory in bytes. Every test has to pass."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": "."}
    with (folder / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment | alone, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit((folder / "output.txt").read_text())
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def prepare(root: Path, sizes: Sequence[int], environment: dict[str, str]) -> None:
    """Write the suites, and record them with both models."""
    for size in sizes:
        write_suite(root / f"alone-{size}", CONTESTANTS[0], tests=size, per_test=False)
        folder = root / f"ours-{size}"
        write_suite(folder, OURS, tests=size, per_test=False)
        for more in ((), (*AGAINST, "--llmregress-fail-on=never")):
            peak(folder, [*PLUGIN, *OURS.record, *more], environment)
        say(f"  {size} tests: recorded")


def main() -> int:
    """Run by command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs=2, default=(100, 500), metavar="TESTS")
    small, big = parser.parse_args().sizes
    stand = LlmStand().start().script(CANDIDATE, ANSWER)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(root),
            "ANTHROPIC_BASE_URL": stand.url,
            "ANTHROPIC_API_KEY": "sk-nobody",
        }
        prepare(root, (small, big), environment)
        stand.stop()
        floor: float | None = None
        for kind in KINDS:
            few, many = (
                peak(root / f"{kind.suite}-{size}", kind.arguments, environment)
                for size in (small, big)
            )
            each = (many - few) / (big - small)
            floor = floor or each
            say(
                f"  {kind.name:<20} {few / 1e6:6.1f} MB → {many / 1e6:6.1f} MB: {each:8,.0f} bytes "
                f"a test, {each - floor:+8,.0f} over pytest alone ({each / floor:5.2f} x)"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
