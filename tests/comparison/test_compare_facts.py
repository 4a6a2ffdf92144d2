"""What counts as a change of the facts in a text."""

import pytest

from pytest_llmregress.behavior.traits import extract_text_traits
from pytest_llmregress.comparison.compare_behavior import compare
from pytest_llmregress.values.behavior import Behavior, Severity

FACTS = {"text.numbers", "text.dates", "text.urls"}
MANY = "It has 3 rooms, 2 baths, 4 beds and 5 tables."


def found(before, after, samples=1):
    """Return the severities of the facts that changed."""
    olds = [Behavior(traits=extract_text_traits(before))] * samples
    changes = compare(olds, Behavior(traits=extract_text_traits(after)))
    return {change.trait: change.severity for change in changes if change.trait in FACTS}


@pytest.mark.parametrize("samples", [1, 5])
@pytest.mark.parametrize(
    ("before", "after", "trait"),
    [
        ("The hearing is on 2026-03-04.", "The hearing is on 2026-04-03.", "text.dates"),
        ("It costs $1,299 with delivery.", "It costs $1,929 with delivery.", "text.numbers"),
        ("It is 5 km to the beach.", "It is 3.1 miles to the beach.", "text.numbers"),
        ("Call 030 5550 1234.", "Call 030 5550 1243.", "text.numbers"),
        ("See https://a.example/docs now.", "See https://a.example/blog now.", "text.urls"),
        ('{"why": "It costs 12 euros today."}', '{"why": "It costs 13 euros."}', "text.numbers"),
    ],
)
def test_another_fact_instead_of_one_that_is_lost_is_notable(before, after, trait, samples):
    assert found(before, after, samples) == {trait: Severity.NOTABLE}


@pytest.mark.parametrize("samples", [1, 5])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("It starts at 14:30 in the hall.", "It starts at 2:30 pm in the hall."),
        ("About 2,102,650 people live there.", "About 2.1 million people live there."),
        ("A share of 0.8333333 is done.", "A share of 0.83 is done."),
        ("It costs $1,299.00 with delivery.", "The price is 1,299 USD."),
        ('{"share": 0.83, "n": 12}', '{"share": 0.8333333, "n": 12}'),
    ],
)
def test_another_way_to_write_a_fact_is_no_change(before, after, samples):
    assert found(before, after, samples) == {}


def test_a_fact_that_is_only_lost_needs_samples_to_be_told():
    assert found(MANY, "It has many rooms.") == {"text.numbers": Severity.COSMETIC}
    assert found(MANY, "It has many rooms.", 3) == {"text.numbers": Severity.NOTABLE}


def test_one_of_many_facts_may_be_another_one_by_chance():
    assert found(MANY, MANY.replace("5", "6")) == {"text.numbers": Severity.COSMETIC}


def test_a_fact_that_is_new_is_no_change():
    assert found("It costs 12 euros.", "It costs 12 euros, and 3 more for the way.", 5) == {}
