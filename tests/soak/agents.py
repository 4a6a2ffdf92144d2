"""Record the Claude Agent SDK once and replay it elsewhere, many times; print what came of each.

    python tests/soak/agents.py --replays 20

Each replay has a folder, a home, a user and a day of its own, no key, and a model that is stopped.
It fails where a scenario is replayed otherwise than it was recorded, but for those that ask by
timing, whose luck it tells. `tests/gateway/test_claude_agent.py` does the same once.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from textwrap import dedent
from xml.etree import ElementTree as ET

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "helpers"))

from agent_suite import SCENARIOS, SUITE, UNSTEADY, load_stand

FOREIGN = ("ANTHROPIC_", "CLAUDE", "LLMREGRESS_", "PYTEST_")


def run_suite(folder: Path, *options: str, **variables: str) -> dict[str, bool]:
    """Run the suite in a folder; tell which scenarios passed."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith(FOREIGN)}
    home = folder / "home"
    home.mkdir()
    env = {**inherited, "HOME": str(home), "IS_SANDBOX": "1", "UNSTEADY": "1", **variables}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junitxml=x.xml"]
    with (folder / "output.txt").open("wb") as output:
        where = f"--basetemp={folder / 'tmp'}"
        command += [where, *options]
        subprocess.run(command, cwd=folder, env=env, stdout=output, stderr=output, check=False)
    return {
        case.attrib["name"].partition("[")[2].rstrip("]"): case.find("failure") is None
        for case in ET.parse(folder / "x.xml").iter("testcase")
        if case.find("skipped") is None
    }


def main() -> None:
    """Record, replay, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replays", type=int, default=20)
    replays = parser.parse_args().replays
    passed: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as made:
        first = Path(made) / "recorded"
        first.mkdir()
        (first / "test_it.py").write_text(dedent(SUITE), encoding="utf-8")
        (first / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        with load_stand().AgentStand() as model:
            address = {"ANTHROPIC_BASE_URL": model.url}
            key = {"ANTHROPIC_API_KEY": "none"}
            recorded = run_suite(first, "--llmregress-record=rewrite", **address, **key)
        names = [name for name, well in recorded.items() if well]
        for number in range(replays):
            folder = Path(made) / f"replay{number}"
            folder.mkdir()
            for name in ("test_it.py", "pytest.ini"):
                shutil.copy(first / name, folder)
            shutil.copytree(first / "__llm__", folder / "__llm__")
            day = f"Etc/GMT{(number % 2) * 24 - 12:+d}"
            found = run_suite(folder, **address, USER=f"user{number}", TZ=day)
            passed.update(name for name in names if found.get(name))
    for name in [*SCENARIOS, *UNSTEADY]:
        told = f"{passed[name]} of {replays}" if name in names else "not recorded"
        sys.stdout.write(f"{name:<12} {told}\n")
    if any(passed[name] < replays for name in SCENARIOS):
        sys.exit("a scenario was replayed otherwise than it was recorded")


if __name__ == "__main__":
    main()
