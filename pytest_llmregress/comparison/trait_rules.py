"""The rule of each trait: from two different values to the change, and how bad it is."""

from collections import Counter
from collections.abc import Callable

from pytest_llmregress.behavior.text.text_facts import MAX_KEY_PATHS, JsonForm
from pytest_llmregress.behavior.traits import AS_REQUESTED, BARE_CODE, DOES_NOT_PARSE
from pytest_llmregress.comparison.baseline_variance import RATIO, is_another_number, members, number
from pytest_llmregress.formatting.value_text import (
    excerpts,
    format_value,
    format_values_apart,
    truncate,
)
from pytest_llmregress.values.behavior import Change, Severity, Trait, TraitKind

MAX_DETAIL = 200
"""Characters of a change's detail."""
IMPROVED = "improved"

Rule = Callable[[Trait, Trait], Change | None]
"""From a trait before and after, with different values, to the change; None where it is none."""


def find_trait_rule(trait: Trait) -> Rule:
    """Return the rule of a built-in trait, or else that of the trait's kind."""
    return _RULES.get(trait.name) or _RULES_OF_KINDS[trait.kind]


def build_change(
    before: Trait, after: Trait, *, severity: Severity | None = None, detail: str | None = None
) -> Change:
    """Put a difference in words; severity and detail are what trait and kind say by default."""
    if after.kind is TraitKind.TEXT:
        words = excerpts(str(before.value), str(after.value))
    else:
        words = format_values_apart(before.value, after.value)
    return Change(
        trait=after.name,
        severity=severity or after.severity,
        before=words[0],
        after=words[1],
        detail=truncate(
            _DETAILS[after.kind](before, after) if detail is None else detail, MAX_DETAIL
        ),
    )


def _improve(before: Trait, after: Trait) -> Change:
    return build_change(before, after, severity=Severity.NOTABLE, detail=IMPROVED)


# --- details ---------------------------------------------------------------------------------


def _say_gained_and_lost(before: Trait, after: Trait) -> str:
    gained, lost = _gained_and_lost(before, after)
    parts = {"gained": gained, "lost": lost}
    return "; ".join(f"{word} {format_value(sorted(some))}" for word, some in parts.items() if some)


def _say_how_many_times(before: Trait, after: Trait) -> str:
    old, new = number(before), number(after)
    if old is None or new is None or old < 0 or new < 0:
        return ""
    if old == 0 or new == 0:
        return "from 0" if old == 0 else "to 0"
    ratio = new / old
    if 1 / RATIO < ratio < RATIO:
        return f"{'+' if new > old else ''}{format_value(new - old)}"
    return f"{ratio:,.1f}x" if ratio >= 0.1 else f"{ratio:.1g}x"  # noqa: PLR2004  # 0.0x says nothing


def _say_how_many_words(before: Trait, after: Trait) -> str:
    """Count words without regard to their places: that is linear, and a moved word is the same."""
    old, new = str(before.value).split(), str(after.value).split()
    if old == new:
        return "only white space differs"
    most = max(len(old), len(new))
    common = (Counter(old) & Counter(new)).total()
    if common == most:
        return f"the same {most:,} words in another order"
    return f"{most - common:,} of {most:,} words differ"


_DETAILS: dict[TraitKind, Callable[[Trait, Trait], str]] = {
    TraitKind.CATEGORY: lambda _before, _after: "",
    TraitKind.SET: _say_gained_and_lost,
    TraitKind.NUMBER: _say_how_many_times,
    TraitKind.TEXT: _say_how_many_words,
}


# --- rules -----------------------------------------------------------------------------------


def _compare_outcomes(before: Trait, after: Trait) -> Change:
    if str(after.value) not in _WHOLE:
        return build_change(before, after, severity=Severity.BREAKING)
    if str(before.value) not in _WHOLE:
        return _improve(before, after)
    if after.value == "tool_use":
        detail = "ends on a tool call that nothing answers"
        return build_change(before, after, severity=Severity.BREAKING, detail=detail)
    return build_change(before, after, severity=Severity.NOTABLE)


def _compare_refusals(before: Trait, after: Trait) -> Change:
    if after.value != "none":
        return build_change(before, after, severity=Severity.BREAKING)
    return build_change(before, after, severity=Severity.NOTABLE, detail="it no longer refuses")


def _compare_blemishes(before: Trait, after: Trait) -> Change:
    """Compare sets of which every member is bad: interruptions, deflections."""
    gained, _ = _gained_and_lost(before, after)
    return (
        build_change(before, after, severity=Severity.BREAKING)
        if gained
        else _improve(before, after)
    )


def _compare_served_models(before: Trait, after: Trait) -> Change:
    return _improve(before, after) if after.value == AS_REQUESTED else build_change(before, after)


def _compare_tool_sets(before: Trait, after: Trait) -> Change:
    gained, _ = _gained_and_lost(before, after)
    breaks = gained or not members(after)
    return build_change(before, after, severity=Severity.BREAKING if breaks else Severity.NOTABLE)


def _compare_json_forms(before: Trait, after: Trait) -> Change:
    """Take prose that turns into bare JSON for as bad as the reverse: a reader is no parser."""
    forms = {before.value, after.value}
    if before.value == JsonForm.PURE or after.value == JsonForm.NOT_JSON or forms == _OPPOSITES:
        return build_change(before, after, severity=Severity.BREAKING)
    if after.value == JsonForm.PURE:
        return _improve(before, after)
    return build_change(before, after, severity=Severity.NOTABLE)


def _compare_json_keys(before: Trait, after: Trait) -> Change:
    """Hold against each other what both lists reach: a full one is cut where it is full."""
    full = [max(paths) for paths in map(members, (before, after)) if len(paths) >= MAX_KEY_PATHS]
    _, lost = _gained_and_lost(before, after)
    breaks = any(path <= min(full, default=path) for path in lost)
    return build_change(before, after, severity=Severity.BREAKING if breaks else Severity.NOTABLE)


def _compare_code(before: Trait, after: Trait) -> Change:
    old, new = members(before), members(after)
    if BARE_CODE in old:
        detail = "the text is no longer code as it stands"
        return build_change(before, after, severity=Severity.BREAKING, detail=detail)
    if DOES_NOT_PARSE in new and DOES_NOT_PARSE not in old and "python" in old:
        return build_change(before, after, severity=Severity.BREAKING)
    if DOES_NOT_PARSE in old and DOES_NOT_PARSE not in new and new & {"python", BARE_CODE}:
        return _improve(before, after)
    return build_change(before, after, severity=Severity.NOTABLE)


def _compare_languages(before: Trait, after: Trait) -> Change | None:
    return None if "und" in (before.value, after.value) else build_change(before, after)


def _compare_numbers(before: Trait, after: Trait) -> Change | None:
    old, new = number(before), number(after)
    if old is not None and new is not None and not is_another_number(after.name, old, new):
        return None
    return build_change(before, after)


def _compare_texts(before: Trait, after: Trait) -> Change:
    return build_change(before, after, severity=Severity.COSMETIC)


_RULES: dict[str, Rule] = {
    "outcome": _compare_outcomes,
    "interruptions": _compare_blemishes,
    "served_model": _compare_served_models,
    "refusal": _compare_refusals,
    "deflection": _compare_blemishes,
    "tools.set": _compare_tool_sets,
    "text.json": _compare_json_forms,
    "text.json_keys": _compare_json_keys,
    "text.code": _compare_code,
    "text.language": _compare_languages,
}
_RULES_OF_KINDS: dict[TraitKind, Rule] = {
    TraitKind.CATEGORY: build_change,
    TraitKind.SET: build_change,
    TraitKind.NUMBER: _compare_numbers,
    TraitKind.TEXT: _compare_texts,
}
_OPPOSITES = {JsonForm.PURE, JsonForm.NOT_JSON}
_WHOLE = frozenset({"answered", "tool_use"})
"""The outcomes of a test that came to an end."""


def _gained_and_lost(before: Trait, after: Trait) -> tuple[frozenset[str], frozenset[str]]:
    old, new = members(before), members(after)
    return new - old, old - new
