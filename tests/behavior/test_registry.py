"""The registry of built-in traits: one record each, and a row of the guide for all of them."""

import re
from pathlib import Path

import pytest

from pytest_llmregress.behavior.registry import BUILTIN_TRAITS, TEXT_TRAITS, find_record
from pytest_llmregress.behavior.trait_record import NoisePolicy
from pytest_llmregress.values.behavior import TraitKind

GUIDE = Path(__file__).resolve().parents[2] / "examples" / "guides" / "compare.md"


def documented():
    """Return the rows of the guide's table of traits: what is compared, and how bad it is."""
    _, table = GUIDE.read_text(encoding="utf-8").split("| trait | a change is |\n|---|---|\n")
    rows = table.split("\n\n")[0].splitlines()
    return [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in rows]


def row_of(record):
    """Return the one row that names a trait in words of its own."""
    (row,) = (row for row in documented() if re.search(rf"\b{record.readme}\b", row[0]))
    return row


@pytest.mark.parametrize("record", BUILTIN_TRAITS, ids=lambda record: record.name)
def test_the_guide_tells_how_bad_another_value_of_each_trait_is(record):
    _, severity = row_of(record)

    assert str(record.severity) in severity
    if record.floor > 1:
        assert re.search(rf"\b{record.floor:g}\b", severity)


def test_each_row_of_the_guide_is_about_a_trait():
    assert {row_of(record) for record in BUILTIN_TRAITS} == set(documented())


def test_a_name_stands_for_one_record():
    assert [find_record(record.name) for record in BUILTIN_TRAITS] == list(BUILTIN_TRAITS)
    assert find_record("apologies") is None


@pytest.mark.parametrize("record", BUILTIN_TRAITS, ids=lambda record: record.name)
def test_a_policy_that_a_comparison_would_not_follow_is_not_declared(record):
    kinds = {
        NoisePolicy.WHOLE: set(TraitKind),
        NoisePolicy.EACH_FACT: {TraitKind.SET},
        NoisePolicy.EACH_ARGUMENT: {TraitKind.CATEGORY},
        NoisePolicy.EACH_VALUE: {TraitKind.CATEGORY},
        NoisePolicy.ANSWER: {TraitKind.CATEGORY},
        NoisePolicy.EACH_LOOP: {TraitKind.CATEGORY},
        NoisePolicy.ALWAYS: {TraitKind.NUMBER},
        NoisePolicy.EACH_CONVERSATION: {TraitKind.CATEGORY},
    }

    assert record.kind in kinds[record.noise]
    assert record.kind is TraitKind.NUMBER or not record.floor


def test_the_traits_of_a_text_are_named_after_it():
    """What a snapshot calls them depends on it: "text.json" of "plan" is "snapshot.plan.json"."""
    named = {record for record in BUILTIN_TRAITS if record.name.split(".")[0] == "text"}

    assert set(TEXT_TRAITS) == named
