"""The traits of real texts agree with what people wrote down about them."""

import runpy
from pathlib import Path

import pytest

MEASURE = runpy.run_path(str(Path(__file__).with_name("measure.py")))
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


@pytest.fixture(scope="module")
def measured():
    corpus = MEASURE["CORPUS"]
    if not corpus.exists():
        pytest.skip(f"{corpus} is not here: there are no texts to measure with")
    return MEASURE["measure"]()


def test_every_label_finds_its_text(measured):
    assert measured[1] == len(MEASURE["read_labels"]()) >= 200


@pytest.mark.parametrize("trait", FLOORS)
def test_precision_and_recall_stay_where_they_were(measured, trait):
    precision, recall = FLOORS[trait]

    for half, score in measured[0][trait].items():
        assert score.precision is None or score.precision >= precision, (half, score)
        assert score.recall is None or score.recall >= recall, (half, score)


@pytest.mark.parametrize("trait", ["deflection", "urls"])
def test_nothing_is_found_where_no_text_has_any(measured, trait):
    assert [miss for score in measured[0][trait].values() for miss in score.false_positives] == []
