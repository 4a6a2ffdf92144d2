"""The rules of built-in traits: how bad it is that one value became another."""

from pytest_llmregress.behavior.extractors import AS_REQUESTED, BARE_CODE, DOES_NOT_PARSE
from pytest_llmregress.behavior.text.text_facts import MAX_KEY_PATHS, JsonForm
from pytest_llmregress.behavior.trait_record import Assessment
from pytest_llmregress.behavior.trait_values import gained_and_lost, members
from pytest_llmregress.values.behavior import Severity, Trait

_BREAKING = Assessment(severity=Severity.BREAKING)
_NOTABLE = Assessment(severity=Severity.NOTABLE)
_IMPROVED = Assessment(severity=Severity.NOTABLE, detail="improved")
_COMPLETED = frozenset({"answered", "tool_use"})
"""The outcomes of a test whose last call ended normally."""
_OPPOSITES = {JsonForm.PURE, JsonForm.NOT_JSON}


def assess_outcome(before: Trait, after: Trait) -> Assessment:
    """Take an abnormal outcome for breaking, and so a tool call that nothing answers."""
    if str(after.value) not in _COMPLETED:
        return _BREAKING
    if str(before.value) not in _COMPLETED:
        return _IMPROVED
    if after.value == "tool_use":
        detail = "ends on a tool call that nothing answers"
        return Assessment(severity=Severity.BREAKING, detail=detail)
    return _NOTABLE


def assess_refusal(_before: Trait, after: Trait) -> Assessment:
    """Take a refusal for breaking, and its end for notable."""
    if after.value != "none":
        return _BREAKING
    return Assessment(severity=Severity.NOTABLE, detail="it no longer refuses")


def assess_faults(before: Trait, after: Trait) -> Assessment:
    """Take a new member for breaking, in a set of which every member is a fault."""
    gained, _ = gained_and_lost(before, after)
    return _BREAKING if gained else _IMPROVED


def assess_served_model(_before: Trait, after: Trait) -> Assessment:
    """Take the model that was asked for, instead of another one, for an improvement."""
    return _IMPROVED if after.value == AS_REQUESTED else Assessment()


def assess_tool_set(before: Trait, after: Trait) -> Assessment:
    """Take a new tool for breaking, and so the loss of all of them."""
    gained, _ = gained_and_lost(before, after)
    return _BREAKING if gained or not members(after) else _NOTABLE


def assess_json_form(before: Trait, after: Trait) -> Assessment:
    """Take prose that turns into bare JSON for as bad as the reverse: a reader is no parser."""
    forms = {before.value, after.value}
    if before.value == JsonForm.PURE or after.value == JsonForm.NOT_JSON or forms == _OPPOSITES:
        return _BREAKING
    return _IMPROVED if after.value == JsonForm.PURE else _NOTABLE


def assess_json_keys(before: Trait, after: Trait) -> Assessment:
    """Take a lost key for breaking, among those that both lists reach: a full list is cut off."""
    full = [max(paths) for paths in map(members, (before, after)) if len(paths) >= MAX_KEY_PATHS]
    _, lost = gained_and_lost(before, after)
    return _BREAKING if any(path <= min(full, default=path) for path in lost) else _NOTABLE


def assess_code(before: Trait, after: Trait) -> Assessment:
    """Take Python that no longer parses, or no longer stands alone, for breaking."""
    old, new = members(before), members(after)
    if BARE_CODE in old:
        detail = "the text is no longer code as it stands"
        return Assessment(severity=Severity.BREAKING, detail=detail)
    if DOES_NOT_PARSE in new and DOES_NOT_PARSE not in old and "python" in old:
        return _BREAKING
    if DOES_NOT_PARSE in old and DOES_NOT_PARSE not in new and new & {"python", BARE_CODE}:
        return _IMPROVED
    return _NOTABLE


def assess_language(before: Trait, after: Trait) -> Assessment | None:
    """Take no language that could not be told for a change."""
    return None if "und" in (before.value, after.value) else Assessment()
