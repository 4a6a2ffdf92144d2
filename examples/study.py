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
from collections.abc import Iterator, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
SUITES = ("code_generation", "long_context", "incident_tools", "standing_rules")
BASELINE = "qwen2.5-coder-0.5b"
CANDIDATES = ("qwen2.5-coder-1.5b", "qwen2.5-coder-0.5b-q2")
FINE = (0, 1)
"""Exit statuses that leave something to compare: 1 says that a model regressed."""
README = HERE / "README.md"
BEGIN, END = "<!-- study -->\n```text\n", "```\n<!-- end of study -->\n"
BY_FOLDER = "by folder: "
"""How the part of a comparison begins that has a table for each suite."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the study; return 0 whatever it found, and 2 where it could not be made."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "suites", nargs="*", default=SUITES, metavar="SUITE", help=", ".join(SUITES)
    )
    parser.add_argument("--out", type=Path, default=Path("study"), help="folder of the reports")
    parser.add_argument(
        "--write", action="store_true", help=f"write the tables into {os.path.relpath(README)}"
    )
    given = parser.parse_args(arguments)
    if unknown := sorted(set(given.suites) - set(SUITES)):
        parser.error(f"no suite of that name: {', '.join(unknown)}; {', '.join(SUITES)}")
    if given.write and set(given.suites) != set(SUITES):
        parser.error("--write: the tables are those of all suites; name none")
    folders = [os.path.relpath(HERE / suite) for suite in given.suites]
    given.out.mkdir(parents=True, exist_ok=True)
    pytest = [sys.executable, "-m", "pytest", "-q", "--no-header", "--no-summary", "--tb=no"]
    baseline = replay([*pytest, *folders], log=given.out / f"{BASELINE}.txt")
    statuses = [2 if baseline else 0]  # what was recorded has to be what is replayed
    for model in CANDIDATES:
        reports = [f"--llmregress-report={given.out / model}{end}" for end in (".html", ".json")]
        command = [*pytest, *folders, f"--llmregress-candidate={model}", *reports]
        statuses.append(replay(command, log=given.out / f"{model}.txt"))
    script = str(Path(sysconfig.get_path("scripts"), "pytest-llmregress"))
    text, markdown = given.out / "study.txt", given.out / "study.md"
    statuses.append(run([script, *comparison(folders)], log=text))
    print(text.read_text(encoding="utf-8"))
    statuses.append(run([script, *comparison(folders), "--markdown"], log=markdown))
    print(f"\nreports: {', '.join(str(given.out / f'{model}.html') for model in CANDIDATES)}")
    if given.write:
        write(text.read_text(encoding="utf-8"))
    return 0 if all(status in FINE for status in statuses) else 2


def comparison(folders: Sequence[str]) -> list[str]:
    """Return the arguments of `pytest-llmregress` that hold the models side by side."""
    where = [part for folder in folders for part in ("--in", folder)]
    return ["compare", "baseline", *CANDIDATES, "--by", "folder", *where]


def replay(command: Sequence[str], *, log: Path) -> int:
    """Replay suites; say how it ended, and return the exit status."""
    status = run(command, log=log)
    print(log.read_text(encoding="utf-8").rstrip().rpartition("\n")[2], flush=True)
    return status


def run(command: Sequence[str], *, log: Path) -> int:
    """Run a command, its output into a file; return its exit status."""
    print(f"$ {shlex.join([Path(command[0]).name, *command[1:]])} > {log}", flush=True)
    # In CI nothing is left for a review. Settings of other runs are none of this one.
    settings = {name: text for name, text in os.environ.items() if "LLMREGRESS_" not in name}
    with log.open("w", encoding="utf-8") as file:
        done = subprocess.run(
            command,
            check=False,
            env={**settings, "CI": "true"},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    if done.returncode not in FINE:
        print(log.read_text(encoding="utf-8"), file=sys.stderr)
    return done.returncode


def tables(compared: str) -> str:
    """Return what the README shows of a comparison, word by word.

    That is the table of all suites with its notes, the verdict on each model, and a table a suite.
    """
    return "\n\n".join(_shown(compared.strip().split("\n\n"))) + "\n"


def _shown(paragraphs: Sequence[str]) -> Iterator[str]:
    by_folder = next(n for n, each in enumerate(paragraphs) if each.startswith(BY_FOLDER))
    yield from paragraphs[:2]
    for paragraph in paragraphs[2:by_folder]:
        first, *rest = paragraph.split("\n")
        end = next((n for n, line in enumerate(rest) if line[:1] != " "), len(rest))
        yield "\n".join([first, *rest[:end]])
    yield from paragraphs[by_folder:]


def write(compared: str) -> None:
    """Put the tables of a comparison into the README."""
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    README.write_text(f"{before}{BEGIN}{tables(compared)}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
