"""Prints the tables of the README out of the recordings: `python results.py`."""

import sys
from collections.abc import Iterator
from pathlib import Path

from desk_rules import RULES
from pytest_llmregress import Call
from pytest_llmregress.providers.anthropic.reader import AnthropicProvider
from pytest_llmregress.storage.cassette_file import read_cassette

RECORDINGS = Path(__file__).parent / "__llm__" / "test_standing_rules"
BASELINE = "qwen2.5-coder-0.5b"
VARIANTS = (BASELINE, "qwen2.5-coder-1.5b", "qwen2.5-coder-0.5b-q2")


def recordings(variant: str) -> Iterator[tuple[str, str, list[Call]]]:
    """Yield, of each sample of a variant, the test, "passed" or why not, and its calls."""
    candidate = None if variant == BASELINE else variant
    for path in sorted(RECORDINGS.glob("*.cassette.yaml")):
        cassette = read_cassette(path)
        if cassette.candidate != candidate:
            continue
        test = cassette.test.rpartition("::test_")[2].replace("_", " ")
        for note, run in zip(cassette.notes, cassette.runs, strict=True):
            calls = [call for each in run if (call := AnthropicProvider().read(each)) is not None]
            yield test, "passed" if note.passed else note.failure, calls


def share(outcomes: list[bool]) -> str:
    """Say how many of them are true."""
    return f"{sum(outcomes)}/{len(outcomes)}"


def tables() -> Iterator[str]:
    """Yield the lines of both tables: tests that passed, and rules that were kept."""
    recorded = {variant: list(recordings(variant)) for variant in VARIANTS}
    head = f"{' | '.join(VARIANTS)} |\n|---|{'---|' * len(VARIANTS)}"
    yield f"| samples that passed | {head}"
    for test in dict.fromkeys(test for test, _, _ in recorded[BASELINE]):
        cells = (
            share([said == "passed" for name, said, _ in recorded[variant] if name == test])
            for variant in VARIANTS
        )
        yield f"| {test} | {' | '.join(cells)} |"
    yield f"\n| answers that kept it | {head}"
    for name, rule in RULES.items():
        cells = []
        for variant in VARIANTS:
            calls = [call for _, _, calls in recorded[variant] for call in calls]
            verdicts = [verdict for call in calls if (verdict := rule(call)) is not None]
            cells.append(share([verdict is True for verdict in verdicts]))
        yield f"| {name} | {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.stdout.write("\n".join(tables()) + "\n")
