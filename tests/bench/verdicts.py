"""Measure the verdict over a large suite: CPU seconds of the judgement alone.

    python tests/bench/verdicts.py
    python tests/bench/verdicts.py --tests 500

Each test has ten samples a side, and as many traits and numbers as a test of an agent has.
"""

import argparse
import random
import sys
import time
from collections.abc import Sequence

from pytest_llmregress.values.behavior import Severity
from pytest_llmregress.values.canonical_json import dump_canonical_json
from pytest_llmregress.values.evidence import NumberEvidence, Tally, TestEvidence, TraitEvidence
from pytest_llmregress.values.verdict import GatePolicy
from pytest_llmregress.verdicts.judge_suite import judge_suite

SAMPLES = 10
WORDS = {
    "outcome": ("answered", "tool_use", "truncated"),
    "refusal": ("none", "soft"),
    "served_model": ("as requested",),
    "text.json": ("not_json", "pure", "with_prose"),
    "text.language": ("en", "und", "de"),
    "text.reasoning": ("none", "steps", "prose"),
    "text.hedge": ("none", "some"),
}
"""Values of traits that are one word, the most frequent first."""
SETS = ("deflection", "interruptions", "tools.set", "text.json_keys", "text.shape", "text.urls")
FREE = ("tools.counts", "tools.order", "tools.arg_keys", "tools.arguments", "text.numbers")
"""Traits that have another value in many samples."""
NUMBERS = ("text.length", "usage.output_tokens", "usage.input_tokens", "calls", "tool_calls")


def draw(chance: random.Random, number: int) -> TestEvidence:
    """Return a test of which nothing has changed."""
    rate, steady = chance.choice((1.0, 0.95, 0.8)), chance.choice((1.0, 0.97, 0.8))

    def values(words: Sequence[object]) -> tuple[str, ...]:
        drawn = (words[0] if chance.random() < steady else chance.choice(words) for _ in range(10))
        return tuple(map(dump_canonical_json, drawn))

    def tally() -> Tally:
        return Tally(passed=sum(chance.random() < rate for _ in range(SAMPLES)), n=SAMPLES)

    def numbers() -> tuple[float, ...]:
        return tuple(float(round(chance.lognormvariate(4, 0.3))) for _ in range(SAMPLES))

    words: dict[str, Sequence[object]] = {
        **WORDS,
        "text.code": ([], ["python"]),
        **{name: ([], ["a"], ["a", "b"]) for name in SETS},
        **{name: [[each] for each in range(8)] for name in FREE},
    }
    return TestEvidence(
        test=f"tests/test_{number % 40}.py::test_{number}",
        baseline=tally(),
        screen=tally(),
        traits=tuple(
            TraitEvidence(
                name=name, severity=Severity.NOTABLE, baseline=values(some), screen=values(some)
            )
            for name, some in words.items()
        ),
        numbers=tuple(
            NumberEvidence(name=name, baseline=numbers(), candidate=numbers()) for name in NUMBERS
        ),
    )


def main() -> None:
    """Read the command line, judge, and print the CPU time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tests", type=int, default=2_000)
    options = parser.parse_args()
    chance = random.Random(1)
    evidences = [draw(chance, number) for number in range(options.tests)]
    started = time.process_time()
    suite = judge_suite(evidences, gate=GatePolicy())
    seconds = time.process_time() - started
    sys.stdout.write(
        f"{options.tests:,} tests, {SAMPLES} samples a side, {len(suite.traits)} traits, "
        f"{len(suite.numbers)} numbers: {seconds:.2f} s of CPU ({suite.verdict})\n"
    )


if __name__ == "__main__":
    main()
