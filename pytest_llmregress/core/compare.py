"""What changed between two behaviors: exactly for a replay, by rules for a new recording."""

import math
from collections import Counter
from collections.abc import Callable
from difflib import SequenceMatcher
from typing import Any

from pytest_llmregress.core.behavior import Behavior, Change, Severity, Trait, TraitKind
from pytest_llmregress.core.canonical import canonical
from pytest_llmregress.core.text import MAX_KEY_PATHS, JsonForm
from pytest_llmregress.core.traits import AS_REQUESTED, BARE_CODE, DOES_NOT_PARSE
from pytest_llmregress.core.words import cut, excerpts, in_words, in_words_apart

RATIO = 2.0
"""How many times larger or smaller a number has to be: one recording is held against one."""
FLOORS = {
    "usage.output_tokens": 50,
    "usage.input_tokens": 50,
    "text.length": 20,
    "calls": 1,
    "tool_calls": 1,
}
"""By how much a number has to differ beside the ratio: 1 word and 3 words are the same length."""
MAX_DIFFED_WORDS = 2_000
"""Words of a text up to which the words that differ are counted."""
MAX_DETAIL = 200
"""Characters of a change's detail."""
IMPROVED = "improved"

Rule = Callable[[Trait, Trait], Change | None]
"""From a trait before and after, with different values, to the change; None where it is none."""


def compare(before: Behavior, after: Behavior) -> tuple[Change, ...]:
    """Return what a new recording does differently, worst first, then in the order of its traits.

    A built-in trait has its own rule; any other is compared by its kind, with its own severity.
    A trait that only one side has is no change: a plugin that brings it came or went.
    """
    return _changes(before, after, _rule_of)


def differences(before: Behavior, after: Behavior) -> tuple[Change, ...]:
    """Return every trait that a replay did not reproduce, each with its own severity.

    The recording is the same on both sides, so numbers and texts have to be equal as well.
    Traits that only one side has are left out, as in `compare`.
    """
    return _changes(before, after, lambda _: _report)


def _changes(
    before: Behavior, after: Behavior, rule_of: Callable[[Trait], Rule]
) -> tuple[Change, ...]:
    changes = []
    for trait in after.traits:
        old = before.get(trait.name)
        if old is None or _is_same(old, trait):
            continue
        change = rule_of(trait)(old, trait)
        if change is not None:
            changes.append(change)
    return tuple(sorted(changes, key=lambda change: -change.severity.rank))


def _rule_of(trait: Trait) -> Rule:
    return _RULES.get(trait.name) or _RULES_OF_KINDS[trait.kind]


def _is_same(before: Trait, after: Trait) -> bool:
    if after.kind is TraitKind.SET:
        return _strings(before) == _strings(after)
    return canonical(before.value) == canonical(after.value)


def _report(
    before: Trait, after: Trait, *, severity: Severity | None = None, detail: str | None = None
) -> Change:
    """Put a difference in words; severity and detail are what trait and kind say by default."""
    if after.kind is TraitKind.TEXT:
        words = excerpts(str(before.value), str(after.value))
    else:
        words = in_words_apart(before.value, after.value)
    return Change(
        trait=after.name,
        severity=severity or after.severity,
        before=words[0],
        after=words[1],
        detail=cut(_DETAILS[after.kind](before, after) if detail is None else detail, MAX_DETAIL),
    )


def _improve(before: Trait, after: Trait) -> Change:
    return _report(before, after, severity=Severity.NOTABLE, detail=IMPROVED)


# --- details ---------------------------------------------------------------------------------


def _say_gained_and_lost(before: Trait, after: Trait) -> str:
    gained, lost = _gained_and_lost(before, after)
    parts = {"gained": gained, "lost": lost}
    return "; ".join(f"{word} {in_words(sorted(some))}" for word, some in parts.items() if some)


def _say_how_many_times(before: Trait, after: Trait) -> str:
    old, new = _number(before), _number(after)
    if old is None or new is None or old < 0 or new < 0:
        return ""
    if old == 0 or new == 0:
        return "from 0" if old == 0 else "to 0"
    ratio = new / old
    if 1 / RATIO < ratio < RATIO:
        return f"{'+' if new > old else ''}{in_words(new - old)}"
    return f"{ratio:,.1f}x" if ratio >= 0.1 else f"{ratio:.1g}x"  # noqa: PLR2004  # 0.0x says nothing


def _say_how_many_words(before: Trait, after: Trait) -> str:
    old, new = str(before.value).split(), str(after.value).split()
    if old == new:
        return "only white space differs"
    most = max(len(old), len(new))
    if most > MAX_DIFFED_WORDS:
        return f"length {len(old):,} → {len(new):,} words"
    if Counter(old) == Counter(new):
        return f"the same {most:,} words in another order"
    same = sum(block.size for block in SequenceMatcher(None, old, new).get_matching_blocks())
    return f"{most - same:,} of {most:,} words differ"


_DETAILS: dict[TraitKind, Callable[[Trait, Trait], str]] = {
    TraitKind.CATEGORY: lambda _before, _after: "",
    TraitKind.SET: _say_gained_and_lost,
    TraitKind.NUMBER: _say_how_many_times,
    TraitKind.TEXT: _say_how_many_words,
}


# --- rules -----------------------------------------------------------------------------------


def _compare_outcomes(before: Trait, after: Trait) -> Change:
    if str(after.value) not in _WHOLE:
        return _report(before, after, severity=Severity.BREAKING)
    if str(before.value) not in _WHOLE:
        return _improve(before, after)
    if after.value == "tool_use":
        detail = "ends on a tool call that nothing answers"
        return _report(before, after, severity=Severity.BREAKING, detail=detail)
    return _report(before, after, severity=Severity.NOTABLE)


def _compare_interruptions(before: Trait, after: Trait) -> Change:
    gained, _ = _gained_and_lost(before, after)
    return _report(before, after, severity=Severity.BREAKING) if gained else _improve(before, after)


def _compare_served_models(before: Trait, after: Trait) -> Change:
    return _improve(before, after) if after.value == AS_REQUESTED else _report(before, after)


def _compare_tool_sets(before: Trait, after: Trait) -> Change:
    gained, _ = _gained_and_lost(before, after)
    breaks = gained or not _strings(after)
    return _report(before, after, severity=Severity.BREAKING if breaks else Severity.NOTABLE)


def _compare_json_forms(before: Trait, after: Trait) -> Change:
    """Take prose that turns into bare JSON for as bad as the reverse: a reader is no parser."""
    forms = {before.value, after.value}
    if before.value == JsonForm.PURE or after.value == JsonForm.NOT_JSON or forms == _OPPOSITES:
        return _report(before, after, severity=Severity.BREAKING)
    if after.value == JsonForm.PURE:
        return _improve(before, after)
    return _report(before, after, severity=Severity.NOTABLE)


def _compare_json_keys(before: Trait, after: Trait) -> Change:
    """Hold against each other what both lists reach: a full one is cut where it is full."""
    full = [max(paths) for paths in map(_strings, (before, after)) if len(paths) >= MAX_KEY_PATHS]
    _, lost = _gained_and_lost(before, after)
    breaks = any(path <= min(full, default=path) for path in lost)
    return _report(before, after, severity=Severity.BREAKING if breaks else Severity.NOTABLE)


def _compare_code(before: Trait, after: Trait) -> Change:
    old, new = _strings(before), _strings(after)
    if BARE_CODE in old:
        detail = "the text is no longer code as it stands"
        return _report(before, after, severity=Severity.BREAKING, detail=detail)
    if DOES_NOT_PARSE in new and DOES_NOT_PARSE not in old and "python" in old:
        return _report(before, after, severity=Severity.BREAKING)
    if DOES_NOT_PARSE in old and DOES_NOT_PARSE not in new and new & {"python", BARE_CODE}:
        return _improve(before, after)
    return _report(before, after, severity=Severity.NOTABLE)


def _compare_languages(before: Trait, after: Trait) -> Change | None:
    return None if "und" in (before.value, after.value) else _report(before, after)


def _compare_numbers(before: Trait, after: Trait) -> Change | None:
    old, new = _number(before), _number(after)
    if old is None or new is None:
        return _report(before, after)
    small, large = sorted((abs(old), abs(new)))
    is_far = large >= RATIO * small or old * new < 0
    is_much = abs(new - old) >= FLOORS.get(after.name, 0)
    return _report(before, after) if is_far and is_much else None


def _compare_texts(before: Trait, after: Trait) -> Change:
    return _report(before, after, severity=Severity.COSMETIC)


_RULES: dict[str, Rule] = {
    "outcome": _compare_outcomes,
    "interruptions": _compare_interruptions,
    "served_model": _compare_served_models,
    "tools.set": _compare_tool_sets,
    "text.json": _compare_json_forms,
    "text.json_keys": _compare_json_keys,
    "text.code": _compare_code,
    "text.language": _compare_languages,
}
_RULES_OF_KINDS: dict[TraitKind, Rule] = {
    TraitKind.CATEGORY: _report,
    TraitKind.SET: _report,
    TraitKind.NUMBER: _compare_numbers,
    TraitKind.TEXT: _compare_texts,
}
_OPPOSITES = {JsonForm.PURE, JsonForm.NOT_JSON}
_WHOLE = frozenset({"answered", "tool_use"})
"""The outcomes of a test that came to an end."""


def _gained_and_lost(before: Trait, after: Trait) -> tuple[frozenset[str], frozenset[str]]:
    old, new = _strings(before), _strings(after)
    return new - old, old - new


def _strings(trait: Trait) -> frozenset[str]:
    """Return the members of a set or of a list, whatever a hand wrote into the file."""
    value: Any = trait.value
    return (
        frozenset(map(str, value)) if isinstance(value, list | tuple) else frozenset({str(value)})
    )


def _number(trait: Trait) -> float | None:
    """Return a number as it is, None where it is none."""
    value: Any = trait.value
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value
