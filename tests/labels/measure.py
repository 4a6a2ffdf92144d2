"""Hold the traits of real texts against labels that people wrote: precision and recall of each.

    python tests/labels/measure.py                    the table over both halves of the labels
    python tests/labels/measure.py --xstest FOLDER    and of refusals over XSTest's answers, too
    python tests/labels/measure.py --polyrefuse FOLDER    and over PolyRefuse's in 14 languages

A label is keyed by the SHA-256 of its text and says where the text lies; the texts themselves are
not kept here. The labels were written from reading, before any detector ran. The halves are told
by the hash: the patterns were corrected after the misses of "tuned", while those of "held out"
were looked at last, save some that an earlier, uneven split had shown. Neither half was unknown
to whoever wrote the patterns, so the numbers for other texts will be lower; XSTest's are fairer.

XSTest (https://github.com/paul-rottger/xstest, the folder `model_completions`) holds 2,250 answers
of five models, each judged by two people: full refusal, partial refusal or compliance. Partial ones
are left out. "Compliance" there includes declining what makes no sense ("Totoro has no passport").

PolyRefuse (https://github.com/mainlp/Multilingual-Refusal, `output/ja_vector_sweep`) holds answers
of three models to 572 requests, as they are and with refusals ablated, judged by a model. "Refusal"
there includes condemning what was asked for without declining it.

What the labels mean: `reasoning` is working towards an answer, so instructions ("1. Go to…") are
none; `preamble` announces the answer ("Here is…:") or is filler ("Sure!"), not "I'll look that
up"; `language` is "und" for names, numbers, code and JSON; `numbers` are written without units.
"""

import argparse
import csv
import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pytest_llmregress.behavior.text.phrase_rules import LANGUAGES
from pytest_llmregress.behavior.text.refusals import find_refusal
from pytest_llmregress.behavior.traits import extract_traits
from pytest_llmregress.providers.anthropic.reader import AnthropicProvider
from pytest_llmregress.storage.vcr_format.reader import read_any_cassette
from pytest_llmregress.values.call import Call, Calls, Outcome

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
CORPUS = REPOSITORY.parent / "shared" / "corpus"
OWN = "examples.json"
"""The labels of texts that this project holds; the texts of the others lie outside of it."""
HALVES = ("tuned", "held out")
SHOWN = 6
"""Misses of one trait that the table names."""


@dataclass
class Score:
    """How often a detector was right about one trait."""

    texts: int = 0
    right: int = 0
    false_positives: list[str] = field(default_factory=list)
    false_negatives: list[str] = field(default_factory=list)

    @property
    def positives(self) -> int:
        return self.right + len(self.false_negatives)

    @property
    def precision(self) -> float | None:
        found = self.right + len(self.false_positives)
        return self.right / found if found else None

    @property
    def recall(self) -> float | None:
        return self.right / self.positives if self.positives else None

    def add(self, expected: set[str], found: set[str], source: str) -> None:
        self.texts += 1
        self.right += len(expected & found)
        self.false_positives += [f"{source} {item}".strip() for item in sorted(found - expected)]
        self.false_negatives += [f"{source} {item}".strip() for item in sorted(expected - found)]


Scores = dict[str, dict[str, Score]]
"""By trait, then by half."""


def half_of(digit: str) -> str:
    """Return the half that a digit of a hash stands for."""
    return HALVES[int(digit, 16) % 2]


def read_labels() -> dict[str, dict]:
    """Return the labels of the texts that are here: those of the examples always are."""
    labels: dict[str, dict] = {}
    for path in sorted(HERE.glob("*.json")):
        if path.name == OWN or CORPUS.exists():
            labels |= json.loads(path.read_text(encoding="utf-8"))
    return labels


def read_texts(sources: Iterable[str]) -> Iterator[str]:
    """Yield the texts of every file that one of the sources points into."""
    provider = AnthropicProvider()
    for name in sorted({source.rpartition("#")[0] for source in sources}):
        if name.endswith(".jsonl"):
            for line in (CORPUS / name).read_text(encoding="utf-8").splitlines():
                yield json.loads(line)["answer"]
            continue
        path = (REPOSITORY if name.startswith("examples/") else CORPUS) / name
        calls = map(provider.read, read_any_cassette(path).interactions)
        yield from (call.text for call in calls if call is not None)


def facts_of(label: dict) -> dict[str, set[str]]:
    """Return a label as one set per row of the table; a missing row is one nobody labelled."""
    rows = {
        "refusal": {label["refusal"]} - {"none"},
        "deflection": set(label["deflection"]),
        "reasoning": {label["reasoning"]} - {"none"},
        "reasons at all": set() if label["reasoning"] == "none" else {"yes"},
        "json": {label["json"]} - {"not_json"},
        "code": {f"{number} {block}" for number, block in enumerate(label["code"])},
        "language": {label["language"]} - {"und"},
        "dates": set(label["dates"]),
        "urls": set(label["urls"]),
    }
    if "numbers" in label:
        rows["numbers"] = set(label["numbers"])
    return rows | {f"shape: {element}": {element} for element in label["shape"]}


def detect(text: str) -> dict:
    """Return a label as the detectors write it."""
    call = Call(provider="anthropic", outcome=Outcome.ANSWERED, text=text)
    values = {trait.name: trait.value for trait in extract_traits(Calls([call]))}
    names = ("reasoning", "json", "code", "language", "shape", "numbers", "dates", "urls")
    return {
        "refusal": values["refusal"],
        "deflection": values["deflection"],
        **{name: values[f"text.{name}"] for name in names},
    }


def measure(labels: dict[str, dict]) -> tuple[Scores, int]:
    """Return the scores and how many labelled texts were found."""
    scores: Scores = defaultdict(lambda: {half: Score() for half in HALVES})
    texts = {}
    for text in read_texts(label["source"] for label in labels.values()):
        digest = hashlib.sha256(text.encode()).hexdigest()
        if digest in labels:
            texts[digest] = text
    elements = sorted({element for label in labels.values() for element in label["shape"]})
    for digest, text in sorted(texts.items()):
        label = labels[digest]
        expected, found = facts_of(label), facts_of(detect(text))
        shapes = {f"shape: {element}" for element in elements}
        for row in sorted(set(expected) | shapes | {r for r in found if r.startswith("shape")}):
            scores[row][half_of(digest[-1])].add(
                expected.get(row, set()), found.get(row, set()), label["source"]
            )
    return scores, len(texts)


def measure_xstest(folder: Path) -> Scores:
    """Score refusals against people's judgement; partial refusals are neither and left out."""
    scores = {half: Score() for half in HALVES}
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            for row in csv.DictReader(file):
                if row["final_label"].startswith("3"):
                    continue
                text = row["completion"].strip()
                expected = {"soft"} if row["final_label"].startswith("2") else set()
                found = {"soft"} if find_refusal(text) else set()
                digest = hashlib.sha256(text.encode()).hexdigest()
                scores[half_of(digest[0])].add(expected, found, f"{path.stem} {row['id']}")
    return {"refusal": scores}


def measure_polyrefuse(folder: Path) -> Scores:
    """Score refusals by language against the judgement of a model."""
    scores: Scores = defaultdict(lambda: {half: Score() for half in HALVES})
    for name in ("harmful_baseline_evaluations.json", "harmful_harm_ablation_evaluations.json"):
        for path in sorted(folder.rglob(name)):
            language = path.parents[3].name
            if language not in LANGUAGES or path.stat().st_size == 0:
                continue
            answers = json.loads(path.read_text(encoding="utf-8"))["completions"]
            for number, answer in enumerate(answers):
                text = answer["response"].strip()
                expected = {"soft"} if answer["wildguard"]["refusal"] else set()
                found = {"soft"} if find_refusal(text) else set()
                half = half_of(hashlib.sha256(text.encode()).hexdigest()[0])
                scores[f"refusal, {language}"][half].add(expected, found, f"{number}")
    return scores


def table_of(scores: Scores) -> str:
    lines = [f"{'trait':<28}{'half':<10}{'texts':>6}{'labels':>8}{'precision':>11}{'recall':>8}"]
    for row, halves in sorted(scores.items()):
        for half, score in halves.items():
            lines.append(
                f"{row:<28}{half:<10}{score.texts:>6}{score.positives:>8}"
                f"{_rate(score.precision):>11}{_rate(score.recall):>8}"
            )
            for name, misses in (
                ("false positive", score.false_positives),
                ("false negative", score.false_negatives),
            ):
                lines += [f"    {name}: {miss}" for miss in misses[:SHOWN]]
                if len(misses) > SHOWN:
                    lines.append(f"    {name}: … and {len(misses) - SHOWN} more")
    return "\n".join(lines)


def _rate(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def main() -> None:
    sys.stdout.write(f"{report()}\n")


def report() -> str:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--xstest", type=Path, metavar="FOLDER")
    parser.add_argument("--polyrefuse", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    scores, count = measure(read_labels())
    parts = [f"{count} labelled texts", table_of(scores)]
    if not CORPUS.exists():
        parts.insert(0, f"{CORPUS} is not here: only texts of the examples are measured with")
    if options.xstest:
        parts += ["refusals against the people of XSTest", table_of(measure_xstest(options.xstest))]
    if options.polyrefuse:
        table = table_of(measure_polyrefuse(options.polyrefuse))
        parts += ["refusals against the model that judged PolyRefuse", table]
    return "\n\n".join(parts)


if __name__ == "__main__":
    main()
