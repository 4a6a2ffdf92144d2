"""The study of a model upgrade: replay four suites for each model, and print them side by side.

    python examples/study.py

Nothing is asked of a model: everything is replayed from the recordings beside the tests.
"""

import argparse
import os
import shlex
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
SUITES = ("code_generation", "long_context", "incident_tools", "standing_rules")
BASELINE = "qwen2.5-coder-0.5b"
CANDIDATES = ("qwen2.5-coder-1.5b", "qwen2.5-coder-0.5b-q2")
FINE = (0, 1)
"""Exit statuses that leave something to compare: 1 says that a model regressed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the study; return 0 whatever it found, and 2 where it could not be made."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "suites", nargs="*", default=SUITES, metavar="SUITE", help=", ".join(SUITES)
    )
    parser.add_argument("--out", type=Path, default=Path("study"), help="folder of the reports")
    given = parser.parse_args(arguments)
    unknown = sorted(set(given.suites) - set(SUITES))
    if unknown:
        parser.error(f"no suite of that name: {', '.join(unknown)}; {', '.join(SUITES)}")
    folders = [os.path.relpath(HERE / suite) for suite in given.suites]
    given.out.mkdir(parents=True, exist_ok=True)
    python, script = sys.executable, Path(sysconfig.get_path("scripts"), "pytest-llmregress")
    quiet = ["-q", "--no-header", "--no-summary", "--tb=no"]
    statuses = [run([python, "-m", "pytest", *quiet, *folders], log=given.out / f"{BASELINE}.txt")]
    for model in CANDIDATES:
        reports = [f"--llmregress-report={given.out / model}{end}" for end in (".html", ".json")]
        statuses.append(
            run(
                [
                    *(python, "-m", "pytest", *quiet, *folders),
                    f"--llmregress-candidate={model}",
                    *reports,
                ],
                log=given.out / f"{model}.txt",
            )
        )
    comparison = [str(script), "compare", "baseline", *CANDIDATES, "--by", "folder"]
    comparison += [part for folder in folders for part in ("--in", folder)]
    statuses.append(run(comparison))
    run([*comparison, "--markdown"], log=given.out / "study.md")
    print(f"\nreports: {', '.join(str(given.out / f'{model}.html') for model in CANDIDATES)}")
    return 0 if all(status in FINE for status in statuses) else 2


def run(command: Sequence[str], *, log: Path | None = None) -> int:
    """Run a command, its output into a file where one is named; return its exit status."""
    shown = [Path(command[0]).name, *command[1:]]
    print(f"$ {shlex.join(shown)}{f' > {log}' if log else ''}", flush=True)
    if log is None:
        return subprocess.run(command, check=False).returncode
    with log.open("w", encoding="utf-8") as file:
        done = subprocess.run(command, check=False, stdout=file, stderr=subprocess.STDOUT)
    if done.returncode not in FINE:
        print(log.read_text(encoding="utf-8"), file=sys.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
