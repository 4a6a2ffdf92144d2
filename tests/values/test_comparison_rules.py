"""Comparators of arguments: which of several names decides, and what is within a name."""

import pytest

from pytest_llmregress.values.comparison_rules import ArgumentMatch, ArgumentRules

RULES = ArgumentRules.read(
    {
        "*.id": "exact",
        "search.*": "facts",
        "search.query": "ignore",
        "book.seats": "superset",
        "db/*.note": "ignore",
        "close": "ignore",
    }
)


@pytest.mark.parametrize(
    ("place", "match"),
    [
        ("search.query", "ignore"),
        ("search.query[]", "ignore"),
        ("search.query_id", "facts"),
        ("search.id", "facts"),
        ("find.id", "exact"),
        ("find.where.id", "exact"),
        ("find.idle", None),
        ("book.seats", "superset"),
        ("book.seats[].row", "superset"),
        ("book.seat", None),
        ("db/drop.note", "ignore"),
        ("close.anything.below", "ignore"),
        ("closed.anything", None),
    ],
)
def test_the_most_specific_name_that_covers_a_place_decides(place: str, match: str | None) -> None:
    assert RULES.find(place) == (None if match is None else ArgumentMatch(match))


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ValueError, match="names no argument") as caught:
        ArgumentRules.read({3: "exact", "a.b": "near"})

    assert str(caught.value).split("\n") == [
        "3 names no argument; TOOL.FIELD, * allowed: 'search.query', 'book.*'",
        "'a.b': 'near' is none of exact, facts, superset, ignore",
    ]
