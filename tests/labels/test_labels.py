"""The traits of the examples' texts agree with what people wrote down about them."""

import json
import runpy
from pathlib import Path

import pytest

MEASURE = runpy.run_path(str(Path(__file__).with_name("measure.py")))
FLOORS = {
    "code": (1.0, 1.0),
    "json": (1.0, 1.0),
    "language": (1.0, 0.7),
    "numbers": (1.0, 1.0),
    "refusal": (1.0, 1.0),
    "shape: fenced": (1.0, 1.0),
    "shape: numbered list": (1.0, 1.0),
    "shape: preamble": (1.0, 1.0),
}
"""Precision and recall of each trait that some text has, of either half."""


@pytest.fixture(scope="module")
def measured():
    own = Path(__file__).with_name(MEASURE["OWN"]).read_text(encoding="utf-8")
    labels = json.loads(own)
    scores, count = MEASURE["measure"](labels)
    assert count == len(labels) >= 24
    return scores


@pytest.mark.parametrize("trait", FLOORS)
def test_precision_and_recall_stay_where_they_were(measured, trait):
    precision, recall = FLOORS[trait]

    assert sum(score.positives for score in measured[trait].values())
    for half, score in measured[trait].items():
        assert score.precision is None or score.precision >= precision, (half, score)
        assert score.recall is None or score.recall >= recall, (half, score)


def test_nothing_is_found_where_no_text_has_any(measured):
    absent = [scores for trait, scores in measured.items() if trait not in FLOORS]

    assert len(absent) >= 5
    assert [miss for each in absent for s in each.values() for miss in s.false_positives] == []
