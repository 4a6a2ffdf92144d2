"""Measure what comparing snapshots costs, side by side in one run, as ratios.

    python -m pip install syrupy && python tests/bench/snapshots.py

Each contestant compares the same pairs: texts of 500 words, and records with such a text in them,
which are equal, reworded (every seventh word), or changed (another number, a lost key, JSON that
became prose). CPU time, the median over rounds that go through all contestants forwards, then
backwards. `--short` is for a CI log; no time fails anything.
"""

import argparse
import importlib.util
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from deepdiff import DeepDiff

from pytest_llmregress.behavior.traits import extract_text_traits
from pytest_llmregress.comparison.compare_behavior import compare
from pytest_llmregress.comparison.compare_values import compare_samples
from pytest_llmregress.comparison.deepdiff_adapter import locate_differences
from pytest_llmregress.values.behavior import Behavior

WORDS = 500
SAMPLES = 5
VOCABULARY = """
    the order was shipped to your address and will arrive within a few days please let us know
    if you have any further questions about a refund or an exchange of the items we are happy to
    help with that our team looks into every single case as soon as possible thank you
"""

Pair = tuple[Any, Any]


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """One way to compare."""

    name: str
    compare: Callable[[Any, Any], object]
    every: int = 1
    """One of how many pairs it gets: a slow one would take the whole time."""
    needs: str = "deepdiff"
    """The module without which it cannot take part."""


def compare_one(before: Any, after: Any) -> object:
    """Compare as `llm_snapshot` does with one accepted sample."""
    return compare_samples("value", [before], after, differ=locate_differences)


def compare_several(before: Any, after: Any) -> object:
    """Compare with a baseline of several samples that are all alike."""
    return compare_samples("value", [before] * SAMPLES, after, differ=locate_differences)


def compare_with_syrupy(before: Any, after: Any) -> object:
    """Compare as syrupy does: what is serialized, and where that differs its lines."""
    from syrupy.extensions.amber import AmberSnapshotExtension

    extension = AmberSnapshotExtension()
    old, new = extension.serialize(before), extension.serialize(after)
    return () if old == new else tuple(extension.diff_lines(new, old))


CONTESTANTS = (
    Contestant(name="DeepDiff alone", compare=DeepDiff, every=10),
    Contestant(name="pytest-llmregress", compare=compare_one),
    Contestant(name=f"… with {SAMPLES} samples", compare=compare_several, every=10),
    Contestant(name="syrupy", compare=compare_with_syrupy, every=100, needs="syrupy"),
)


def text(number: int) -> str:
    """Return 500 words in sentences and paragraphs."""
    draw = random.Random(number)
    words = draw.choices(VOCABULARY.split(), k=WORDS)
    words[7] = str(number)
    for at in range(11, WORDS, 12):
        words[at] += ".\n\n" if at % 60 == 59 else "."
    return " ".join(words)


def reword(answer: str) -> str:
    """Put another word in every seventh place."""
    words = answer.split(" ")
    return " ".join(f"{word}ly" if at % 7 == 3 else word for at, word in enumerate(words))


def record(number: int, answer: str) -> dict[str, Any]:
    """Return a record with a text in it."""
    lines = [{"sku": f"A{number + line}", "price": 1.5 * line} for line in range(10)]
    return {"order": number, "status": "open", "lines": lines, "answer": answer}


def pairs(count: int) -> dict[str, list[Pair]]:
    """Return the pairs of each kind; an equal pair shares no object."""
    numbers = range(count)
    return {
        "texts, equal": [(text(n), text(n)) for n in numbers],
        "texts, reworded": [(text(n), reword(text(n))) for n in numbers],
        "texts, changed": [(f'{{"answer": "{n}"}}', text(n)) for n in numbers],
        "records, equal": [(record(n, text(n)), record(n, text(n))) for n in numbers],
        "records, reworded": [(record(n, text(n)), record(n, reword(text(n)))) for n in numbers],
        "records, changed": [
            (record(n, text(n)), {**record(n, text(n)), "order": -n - 1}) for n in numbers
        ],
    }


def seconds(contestant: Contestant, sample: Sequence[Pair]) -> float:
    """Return the CPU seconds for one pair."""
    chosen = sample[:: contestant.every]
    start = time.process_time()
    for before, after in chosen:
        contestant.compare(before, after)
    return (time.process_time() - start) / len(chosen)


def measure(contestants: Sequence[Contestant], *, count: int, rounds: int) -> None:
    """Print one table for each kind of pair; the first contestant is 1."""
    for kind, sample in pairs(count).items():
        costs: dict[str, list[float]] = {}
        for contestant in contestants:
            contestant.compare(*sample[0])  # what it imports is not what is measured
        for number in range(rounds):
            for contestant in contestants if number % 2 == 0 else reversed(contestants):
                costs.setdefault(contestant.name, []).append(seconds(contestant, sample))
        first = statistics.median(costs[contestants[0].name])
        sys.stdout.write(f"\n{kind}: CPU of one comparison, {count:,} pairs, {rounds} rounds\n")
        for contestant in contestants:
            cost = statistics.median(costs[contestant.name])
            sys.stdout.write(
                f"  {contestant.name:<20} {1e6 * cost:10.1f} us  {cost / first:7.2f} x"
                f"  {10_000 * cost:6.1f} s for 10,000\n"
            )


def measure_behaviors(*, count: int, rounds: int) -> None:
    """Print what comparing traits costs that are there already, as they are in a snapshot."""
    for kind, sample in list(pairs(count).items())[:3]:
        behaviors = [
            tuple(Behavior(traits=extract_text_traits(answer)) for answer in pair)
            for pair in sample
        ]
        costs = []
        for _ in range(rounds):
            start = time.process_time()
            for before, after in behaviors:
                compare(before, after)
            costs.append((time.process_time() - start) / len(behaviors))
        cost = statistics.median(costs)
        sys.stdout.write(f"  traits of {kind:<16} {1e6 * cost:10.1f} us\n")


def main() -> int:
    """Run by command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--short", action="store_true", help="fewer pairs and rounds")
    arguments = parser.parse_args()
    present = [each for each in CONTESTANTS if importlib.util.find_spec(each.needs)]
    for contestant in CONTESTANTS:
        if contestant not in present:
            sys.stdout.write(f"{contestant.name}: left out, {contestant.needs} is not installed\n")
    count, rounds = (500, 2) if arguments.short else (10_000, 3)
    measure(present, count=count, rounds=rounds)
    sys.stdout.write("\ncomparing the traits alone\n")
    measure_behaviors(count=min(count, 2_000), rounds=rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
