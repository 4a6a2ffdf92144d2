"""Lets the tests import what stands here, and says which rules of the desk a chat broke."""

import sys
from pathlib import Path

from pytest_llmregress import Severity, Trait, TraitKind

sys.path.insert(0, str(Path(__file__).parent))

from desk_rules import broken_by

BROKEN = "desk.broken_rules"


def pytest_llmregress_traits(calls):
    if not any("desk of a mountain club" in str(call.request.get("system")) for call in calls):
        return []
    broken = sorted(broken_by(calls))
    return [Trait(name=BROKEN, value=broken, kind=TraitKind.SET, severity=Severity.NOTABLE)]


def pytest_llmregress_classify(change, before, after):
    """A rule that was kept so far and is broken now is worse than one that is broken as before."""
    if change.trait != BROKEN:
        return None
    return Severity.BREAKING if set(after.value) - set(before.value) else Severity.NOTABLE
