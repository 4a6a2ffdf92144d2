"""Lets the tests import what stands here, and says how much of the handbook an answer has."""

import sys
from pathlib import Path

from pytest_llmregress import Severity, Trait, TraitKind

sys.path.insert(0, str(Path(__file__).parent))

from handbook_questions import QUESTIONS

COVERED, INVENTED = "handbook.covered", "handbook.invented"


def pytest_llmregress_traits(calls):
    if not calls:
        return []
    asked = str(calls[-1].request.get("messages"))
    coverages = [each.coverage_of(calls[-1].text) for each in QUESTIONS if each.text in asked]
    return [
        trait
        for coverage in coverages
        for trait in (
            _names(COVERED, [fact.chapter for fact in coverage.covered]),
            _names(INVENTED, coverage.invented),
        )
    ]


def pytest_llmregress_classify(change, before, after):
    """A chapter that is lost breaks the answer; one that is found is good news."""
    if change.trait == COVERED:
        return Severity.BREAKING if set(before.value) - set(after.value) else Severity.NOTABLE
    if change.trait == INVENTED:
        return Severity.BREAKING if set(after.value) - set(before.value) else Severity.NOTABLE
    return None


def _names(name, members):
    value = sorted(set(members))
    return Trait(name=name, value=value, kind=TraitKind.SET, severity=Severity.NOTABLE)
