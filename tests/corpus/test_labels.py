"""The traits of real texts agree with what people wrote down about them: all labels."""

import runpy
from pathlib import Path

import pytest

MEASURE = runpy.run_path(str(Path(__file__).parents[1] / "labels" / "measure.py"))
FLOORS = {
    "code": (1.0, 1.0),
    "dates": (1.0, 1.0),
    "json": (1.0, 1.0),
    "language": (0.95, 0.85),
    "numbers": (0.99, 0.99),
    "reasoning": (0.93, 0.85),
    "reasons at all": (0.95, 0.85),
    "refusal": (1.0, 0.5),
    "shape: bold": (1.0, 1.0),
    "shape: bullet list": (1.0, 1.0),
    "shape: ends with a question": (1.0, 1.0),
    "shape: fenced": (1.0, 1.0),
    "shape: headings": (0.8, 1.0),
    "shape: numbered list": (1.0, 1.0),
    "shape: postamble": (1.0, 1.0),
    "shape: preamble": (0.9, 0.83),
    "shape: table": (1.0, 1.0),
}
"""Precision and recall of each trait, of either half, that were reached once."""

if not MEASURE["CORPUS"].exists():
    pytest.skip(
        f"{MEASURE['CORPUS']} is not here: most of the labelled texts lie there",
        allow_module_level=True,
    )


@pytest.fixture(scope="module")
def measured():
    return MEASURE["measure"](MEASURE["read_labels"]())


def test_every_label_finds_its_text(measured):
    assert measured[1] == len(MEASURE["read_labels"]()) >= 200


def test_precision_and_recall_stay_where_they_were(measured):
    below = [
        (trait, half, score)
        for trait, (precision, recall) in FLOORS.items()
        for half, score in measured[0][trait].items()
        if (score.precision is not None and score.precision < precision)
        or (score.recall is not None and score.recall < recall)
    ]

    assert below == []


@pytest.mark.parametrize("trait", ["deflection", "urls"])
def test_nothing_is_found_where_no_text_has_any(measured, trait):
    assert [miss for score in measured[0][trait].values() for miss in score.false_positives] == []
