"""Print what the page of a run costs beside building the same page of strings; nothing fails.

    python tests/bench/html.py

Each round is a process of its own, so that imports count. The floor joins the pieces of the page,
which are there already, with one escaping of each text of the run in between: what any page with
all these texts in it takes. CPU time of 1,000 drifted tests, the median over rounds in turn.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from xml.sax.saxutils import escape

HELPERS = Path(__file__).resolve().parents[1] / "helpers"
TESTS = 1_000


def run_of(tests: int):
    """Return a run in which all tests drifted."""
    sys.path[0] = str(HELPERS)  # not this folder: a module of Python is named as this file is
    from reports import compared, drifted

    return compared(*(drifted(f"tests/test_{n % 20}.py::test_{n}") for n in range(tests)))


def texts_of(value: object) -> list[str]:
    """Return all texts in some JSON."""
    if isinstance(value, dict):
        return [text for each in value.values() for text in texts_of(each)]
    if isinstance(value, list):
        return [text for each in value for text in texts_of(each)]
    return [value] if isinstance(value, str) else []


def seconds_and_size(contestant: str) -> tuple[float, int]:
    """Return the CPU seconds of one page, and its characters."""
    report = run_of(TESTS)
    if contestant == "page":
        start = time.process_time()
        from pytest_llmregress.reports.html import HtmlReporter

        page = "".join(HtmlReporter().render(report))
        return time.process_time() - start, len(page)
    from pytest_llmregress.reports.html import HtmlReporter

    page = "".join(HtmlReporter().render(report))
    pieces = page.split("<")
    texts = texts_of([test.to_json() for test in report.tests])
    start = time.process_time()
    built = "<".join([f"{piece}" for piece in pieces])
    escaped = sum(len(escape(text)) for text in texts)
    return time.process_time() - start, len(built) if escaped else 0


def main() -> int:
    """Run by command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one", choices=["page", "floor"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        cost, size = seconds_and_size(arguments.one)
        sys.stdout.write(f"{cost} {size}\n")
        return 0
    costs: dict[str, list[float]] = {"floor": [], "page": []}
    size = 0
    for _ in range(arguments.rounds):
        for name, found in costs.items():
            said = subprocess.run(
                [sys.executable, __file__, "--one", name],
                capture_output=True,
                text=True,
                check=True,
                env=os.environ,
            ).stdout.split()
            found.append(float(said[0]))
            size = int(said[1])
    floor = statistics.median(costs["floor"])
    sys.stdout.write(f"{TESTS:,} drifted tests, {size / 1e6:.1f} MB, {arguments.rounds} rounds\n")
    for name, found in costs.items():
        cost = statistics.median(found)
        sys.stdout.write(
            f"  {name:<6} {1000 * cost:7.0f} ms (least {1000 * min(found):.0f})"
            f"  {cost / floor:6.2f} x\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
