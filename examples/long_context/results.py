"""Prints the table of the README out of the recordings: `python results.py`."""

import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from handbook_questions import QUESTIONS, Coverage, Question
from pytest_llmregress import Call
from pytest_llmregress.providers.anthropic.reader import AnthropicProvider
from pytest_llmregress.storage.cassette_file import read_cassette

RECORDINGS = Path(__file__).parent / "__llm__" / "test_long_context"
BASELINE = "qwen2.5-coder-0.5b"
VARIANTS = (BASELINE, "qwen2.5-coder-1.5b", "qwen2.5-coder-0.5b-q2")


def answers(variant: str, question: Question) -> Iterator[tuple[Call, bool]]:
    """Yield each recorded answer of a variant, and whether its test passed."""
    name = question.name.replace(" ", "-")
    of_variant = "" if variant == BASELINE else f"@{variant}"
    (path,) = RECORDINGS.glob(f"*-{name}-????????{of_variant}.cassette.yaml")
    cassette = read_cassette(path)
    for note, run in zip(cassette.notes, cassette.runs, strict=True):
        call = AnthropicProvider().read(run[-1])
        if call is not None:
            yield call, bool(note.passed)


def cell(found: list[tuple[Coverage, bool]]) -> str:
    """Say how many answers were whole, and how many of the facts they hold."""
    passed = sum(passed for _, passed in found)
    covered = sum(len(coverage.covered) for coverage, _ in found)
    of = covered + sum(len(coverage.missed) for coverage, _ in found)
    return f"{passed}/{len(found)} ({covered} of {of} facts)"


def table() -> Iterator[str]:
    """Yield the lines of the table."""
    yield f"| question | chapters | {' | '.join(VARIANTS)} |"
    yield f"|---|---|{'---|' * len(VARIANTS)}"
    everything: dict[str, list[tuple[Coverage, bool]]] = {variant: [] for variant in VARIANTS}
    seconds: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    for question in QUESTIONS:
        cells = []
        for variant in VARIANTS:
            recorded = list(answers(variant, question))
            found = [(question.coverage_of(call.text), passed) for call, passed in recorded]
            everything[variant] += found
            seconds[variant] += [call.latency for call, _ in recorded if call.latency is not None]
            cells.append(cell(found))
        chapters = ", ".join(fact.chapter for fact in question.facts)
        yield f"| {question.name} | {chapters} | {' | '.join(cells)} |"
    yield f"| **all** | | {' | '.join(cell(everything[variant]) for variant in VARIANTS)} |"
    medians = (f"{median(seconds[variant]):.1f} s" for variant in VARIANTS)
    yield f"| median of an answer | | {' | '.join(medians)} |"


if __name__ == "__main__":
    sys.stdout.write("\n".join(table()) + "\n")
