"""Writes what the recordings show into README.md: `python examples/incident_tools/results.py`."""

import json
import os
import subprocess
import sys
from contextlib import chdir, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from pytest_llmregress.cli.main import main

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CANDIDATES = ("qwen2.5-coder-1.5b", "qwen2.5-coder-0.5b-q2")
BEGIN, END = "<!-- results -->\n", "<!-- end of results -->\n"


def compare(*options: str, where: Path = HERE) -> str:
    """Return what `pytest-llmregress compare` says of the recordings of all variants."""
    said = StringIO()
    with redirect_stdout(said), chdir(ROOT):
        folder = where.relative_to(ROOT).as_posix()
        main(["compare", "baseline", *CANDIDATES, "--in", folder, *options])
    return said.getvalue()


def replay(candidate: str) -> str:
    """Return how pytest ends on the recordings of a candidate, in a row of a table."""
    options = ["--llmregress-candidate", candidate] if candidate else []
    arguments = [HERE.relative_to(ROOT).as_posix(), *options]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    environment = {**os.environ, "CI": "true"}  # so that nothing is left for a review
    ended = subprocess.run(  # noqa: S603 - our own command
        command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", check=False
    )
    tests = ended.stdout.strip().splitlines()[-1].rpartition(" in ")[0]
    return f"| `pytest {' '.join(arguments)}` | {tests} | {ended.returncode} |"


def incident_row(recording: Path) -> str:
    """Return what each variant did with one incident."""
    group: dict[str, Any] = json.loads(compare("--json", where=recording))["overall"]
    cells = [
        f"{found['samples']['passed']}/{found['samples']['n']}, {found['tool_calls']:.1f} calls"
        + "".join(f", {number} {kind}" for kind, number in found["failures"].items())
        for found in group["variants"]
    ]
    name = recording.name.removesuffix(".cassette.yaml").replace("_", " ")
    return f"| {name} | {' | '.join(cells)} |"


def results() -> str:
    """Return the part of the README that the recordings decide on."""
    recordings = sorted(HERE.glob("__llm__/*/*.cassette.yaml"))
    parts = [
        "| incident | qwen2.5-coder-0.5b | " + " | ".join(CANDIDATES) + " |",
        "|---" * (2 + len(CANDIDATES)) + "|",
        *(incident_row(path) for path in recordings if "@" not in path.name),
        "",
        "Runs that reached the state, mean tool calls of a run, and how the others failed.",
        "",
        "| replay | tests | status |",
        "|---|---|---|",
        *(replay(candidate) for candidate in ("", *CANDIDATES)),
        "",
        "`pytest-llmregress compare`:",
        "",
        compare("--markdown").strip(),
    ]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    readme = HERE / "README.md"
    before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    readme.write_text(f"{before}{BEGIN}{results()}{END}{after}", encoding="utf-8")
