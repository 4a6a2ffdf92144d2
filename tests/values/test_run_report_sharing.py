"""What the records of many tests hold once."""

import json

from pytest_llmregress.values.evidence import TraitEvidence
from pytest_llmregress.values.run_report import TestRecord
from reports import drifted, side

TRAITS = (TraitEvidence(name="outcome", severity="breaking", baseline=("a",), screen=("b",)),)


def read_again(name: str) -> TestRecord:
    evidence = {**drifted(name).evidence.to_json(), "traits": [TRAITS[0].to_json()]}
    data = {**drifted(name).to_json(), "evidence": evidence}
    return TestRecord.from_json(json.loads(json.dumps(data)))


def test_equal_parts_of_two_records_are_one_object():
    one, other = read_again("t.py::test_a"), read_again("t.py::test_b")

    assert one.evidence.traits == TRAITS
    assert one.evidence.traits[0] is other.evidence.traits[0]
    assert one.requested_models is other.requested_models
    assert one.served_models is other.served_models


def test_a_question_that_both_sides_were_asked_is_held_once():
    record = read_again("t.py::test_a")

    assert record == read_again("t.py::test_a")
    assert record.before.prompt is record.after.prompt


def test_sides_that_were_asked_different_questions_keep_theirs():
    before, after = side("a", prompt="one"), side("b", prompt="another")
    record = TestRecord.from_json(drifted(before=before, after=after).to_json())

    assert (record.before, record.after) == (before, after)
