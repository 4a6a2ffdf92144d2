"""Print the table of the README: what the plugin finds, what it does not, and what that costs.

    python tests/soak/finds.py --runs 60

Each cell is the share of runs that are red, of suites in which most tests are steady and one in ten
is not. What decides are the drivers and verdicts of the plugin: `control_arm.py` draws the samples.
"""

import argparse
import sys

from control_arm import Design, simulate

RECORDED = (1, 10)
"""Recorded samples of each baseline, by column."""
ROWS = (
    ("nothing: red by chance", Design()),
    ("1 test always does something new", Design(changed=1)),
    ("5 tests do", Design(changed=5)),
    ("1 test does in half of its samples", Design(changed=1, share=0.5)),
    ("all tests fail 5 points more often", Design(drop=0.05)),
    ("all tests fail 10 points more often", Design(drop=0.10)),
    ("all tests fail 20 points more often", Design(drop=0.20)),
    ("all tests refuse in 20 % of their samples", Design(refuses=0.20)),
)


def main() -> None:
    """Read the command line, and print a row at a time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tests", type=int, default=20)
    parser.add_argument("--profile", default="typical")
    options = parser.parse_args()
    heads = [f"{options.tests} tests, {recorded} recorded" for recorded in RECORDED]
    sys.stdout.write(f"| what changes | {' | '.join(heads)} |\n|---|{'---|' * len(heads)}\n")
    for name, design in ROWS:
        cells = []
        for recorded in RECORDED:
            row = design._replace(recorded=recorded)
            counts = simulate(
                options.profile, options.tests, row, runs=options.runs, seed=options.seed
            )
            red = 100 * counts.red / options.runs
            new, old = counts.of_candidate / options.runs, counts.of_old_model / options.runs
            cells.append(f"{red:.0f} %, {new:.0f} + {old:.0f} calls")
        sys.stdout.write(f"| {name} | {' | '.join(cells)} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
