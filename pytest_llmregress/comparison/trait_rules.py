"""From two different values of a trait to the change: how bad it is, and in which words."""

from collections import Counter
from collections.abc import Callable

from pytest_llmregress.behavior.registry import find_rule
from pytest_llmregress.behavior.trait_record import Assessment, Rule, gained_and_lost, number
from pytest_llmregress.comparison.baseline_variance import RATIO, is_another_number
from pytest_llmregress.formatting.value_text import (
    excerpts,
    format_value,
    format_values_apart,
    truncate,
)
from pytest_llmregress.values.behavior import Change, Severity, Trait, TraitKind

MAX_DETAIL = 200
"""Characters of a change's detail."""


def compare_pair(before: Trait, after: Trait) -> Change | None:
    """Return the change between two different values of a trait; None where its rule sees none.

    The rule is that of the trait's record, or else that of its kind.
    """
    rule = find_rule(after) or _RULES_OF_KINDS[after.kind]
    found = rule(before, after)
    if found is None:
        return None
    return build_change(before, after, severity=found.severity, detail=found.detail)


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


# --- details ---------------------------------------------------------------------------------


def _say_gained_and_lost(before: Trait, after: Trait) -> str:
    gained, lost = gained_and_lost(before, after)
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


# --- rules of kinds --------------------------------------------------------------------------


def _assess_value(_before: Trait, _after: Trait) -> Assessment:
    return Assessment()


def _assess_number(before: Trait, after: Trait) -> Assessment | None:
    old, new = number(before), number(after)
    if old is not None and new is not None and not is_another_number(after.name, old, new):
        return None
    return Assessment()


def _assess_text(_before: Trait, _after: Trait) -> Assessment:
    return Assessment(severity=Severity.COSMETIC)


_RULES_OF_KINDS: dict[TraitKind, Rule] = {
    TraitKind.CATEGORY: _assess_value,
    TraitKind.SET: _assess_value,
    TraitKind.NUMBER: _assess_number,
    TraitKind.TEXT: _assess_text,
}
