"""Print precision and recall of refusals and brush-offs over the labelled sentences.

    python tests/labels/measure_sentences.py              the table, with the misses of "tuned"
    python tests/labels/measure_sentences.py de --short   of one language, without any miss

The misses of "held out" are never printed: nobody is to correct a rule after one of them.
"""

import argparse
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pytest_llmregress.behavior.text.deflections import find_deflections
from pytest_llmregress.behavior.text.language import language_of
from pytest_llmregress.behavior.text.refusals import find_refusal

SENTENCES = Path(__file__).with_name("sentences")
HALVES = ("tuned", "held out")
LATER = "# Written later"
"""Begins the line from which on sentences were written after a first measurement."""
EXPECTED = {
    "refusal": {"refusal"},
    "brush-off": {"deflection"},
    "both": {"refusal", "deflection"},
    "answer": set(),
}
"""What is to be found in a sentence of each label."""


@dataclass
class Score:
    """How often one trait of one half was right."""

    right: int = 0
    false_positives: list[str] = field(default_factory=list)
    false_negatives: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        found = self.right + len(self.false_positives)
        return self.right / found if found else 1.0

    @property
    def recall(self) -> float:
        there = self.right + len(self.false_negatives)
        return self.right / there if there else 1.0


def read_sentences(language: str) -> Iterator[tuple[str, str, str]]:
    """Yield half, label and text of each sentence of a language."""
    lines = (SENTENCES / f"{language}.txt").read_text(encoding="utf-8").splitlines()
    is_later = False
    for line in lines:
        if line.startswith("#"):
            is_later = line.startswith(LATER)
            continue
        label, _, text = line.partition(": ")
        text = text.replace("\\n", "\n")
        digest = hashlib.sha256(text.encode()).hexdigest()
        yield HALVES[0 if is_later else int(digest[-1], 16) % 2], label, text


def find_traits(text: str) -> set[str]:
    """Return "refusal", "deflection", both or neither."""
    found = {"deflection"} if "deflection" in find_deflections(text) else set()
    return found | ({"refusal"} if find_refusal(text) else set())


def measure(language: str) -> dict[tuple[str, str], Score]:
    """Return the scores of a language by half and trait, the language itself included."""
    scores = {
        (half, trait): Score() for half in HALVES for trait in ("refusal", "deflection", "language")
    }
    for half, label, text in read_sentences(language):
        found = {"refusal": set(), "deflection": set(), "language": {language_of(text)} - {"und"}}
        for trait in find_traits(text):
            found[trait] = {trait}
        for trait, names in found.items():
            expected = {language} if trait == "language" else EXPECTED[label] & {trait}
            score = scores[half, trait]
            score.right += len(names & expected)
            score.false_positives += [text] if names - expected else []
            score.false_negatives += [text] if expected - names else []
    return scores


def languages() -> list[str]:
    """Return the languages that have labelled sentences."""
    return sorted(path.stem for path in SENTENCES.glob("*.txt"))


def write_table(names: list[str], *, short: bool) -> None:
    """Print one line for each language, trait and half."""
    write = sys.stdout.write
    write(f"{'language':<10}{'trait':<12}{'half':<10}{'labels':>7}{'precision':>11}{'recall':>8}\n")
    for name in names:
        for (half, trait), score in measure(name).items():
            labels = score.right + len(score.false_negatives)
            write(
                f"{name:<10}{trait:<12}{half:<10}{labels:>7}"
                f"{score.precision:>11.3f}{score.recall:>8.3f}\n"
            )
            if short or half != HALVES[0]:
                continue
            for text in score.false_positives:
                write(f"    false positive: {text!r}\n")
            for text in score.false_negatives:
                write(f"    false negative: {text!r}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("languages", nargs="*", help="ISO 639 codes; all where none is named")
    parser.add_argument("--short", action="store_true", help="without the misses")
    options = parser.parse_args()
    write_table(options.languages or languages(), short=options.short)


if __name__ == "__main__":
    main()
