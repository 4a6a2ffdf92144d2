"""Refusals and brush-offs are found in plain sentences of fifteen languages, as labelled."""

import runpy
from collections import Counter
from pathlib import Path

import pytest

from pytest_llmregress.behavior.text.phrase_rules import LANGUAGES

MEASURE = runpy.run_path(str(Path(__file__).with_name("measure_sentences.py")))
FLOORS = {("en", "refusal"): (0.95, 0.9), ("en", "deflection"): (0.9, 0.9)}
"""Precision and recall by language and trait; of any other `OTHERS`."""
OTHERS = (0.8, 0.8)


def test_each_language_that_has_phrases_has_labelled_sentences():
    assert MEASURE["languages"]() == sorted(LANGUAGES)
    for language in LANGUAGES:
        labels = Counter(label for _, label, _ in MEASURE["read_sentences"](language))
        assert min(labels["refusal"], labels["brush-off"], labels["answer"]) >= 5


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("trait", ["refusal", "deflection"])
def test_precision_and_recall_of_both_halves_are_above_the_floor(language, trait):
    precision, recall = FLOORS.get((language, trait), OTHERS)
    scores = MEASURE["measure"](language)
    below = [
        (half, score)
        for half in MEASURE["HALVES"]
        if (score := scores[half, trait]).precision < precision or score.recall < recall
    ]

    assert below == []
