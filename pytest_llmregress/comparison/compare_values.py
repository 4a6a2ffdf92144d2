"""Values that a test compared with a snapshot: how two recordings of one differ in behavior."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pytest_llmregress.behavior.normalize import find_key_changes
from pytest_llmregress.behavior.text.closed_answer import (
    is_equal_number,
    is_plain_value,
    is_prose,
    normalize_answer,
)
from pytest_llmregress.behavior.traits import extract_text_traits
from pytest_llmregress.comparison.baseline_variance import is_between
from pytest_llmregress.comparison.compare_answers import RatedDifference, rate_by_agreement
from pytest_llmregress.comparison.compare_behavior import (
    Classify,
    TraitDifference,
    apply_severities,
    find_changes,
)
from pytest_llmregress.comparison.json_difference import (
    ABSENT,
    Differ,
    Difference,
    differing_leaves,
    format_json_path,
    format_one_line,
    is_alike,
    is_rewording,
    is_same,
    value_at,
)
from pytest_llmregress.formatting.value_text import format_value, format_values_apart
from pytest_llmregress.values.behavior import Behavior, Change, Severity
from pytest_llmregress.values.canonical_json import dump_canonical_json
from pytest_llmregress.values.comparison_rules import Severities


def compare_samples(  # noqa: PLR0913 - one argument for each source of a severity
    name: str,
    before: Sequence[Any],
    after: Any,
    *,
    differ: Differ = differing_leaves,
    severities: Severities | None = None,
    classify: Classify | None = None,
    is_plain: bool = False,
) -> tuple[Change, ...]:
    """Return what changed in behavior between the JSON values of a baseline and a new one.

    A value that equals that of any sample did not change. A value that is no prose (a label, a
    number, a date, a truth value, a structure of such) has to be equal, as far as the differ
    sees: else it is breaking where the samples agree, notable where they show two values, and
    cosmetic where they show three or more in the same place. Prose is compared by its traits: a
    rewording is cosmetic. Of structures, a key that every sample has and that is lost or has
    another type is breaking, one that none has notable. Samples of another type than the new
    value count only where there are no others.

    :param name: that of the snapshot; the changes are "snapshot.NAME" and "snapshot.NAME.json".
    :param before: the value of each sample of the baseline.
    :param differ: tells where two values differ, after the caller's own exclusions.
    :param is_plain: whether the new value is known to be no prose, however it reads: an enum.
    """
    if any(is_same(old, after) for old in before):
        return ()
    samples = [old for old in before if is_alike(old, after)] or before
    distinct = tuple({dump_canonical_json(old): old for old in samples}.values())
    differences = []
    for old in distinct:
        differences.append(differ(old, after))
        if not differences[-1]:
            return ()
    if isinstance(after, str) and all(isinstance(old, str) for old in samples):
        found = _compare_texts(name, samples, after, is_plain=is_plain)
    else:
        closest = min(differences, key=len, default=())
        change = _compare_structures(name, distinct, after, closest)
        found = (TraitDifference(change=change),) if change else ()
    return apply_severities(found, severities=severities, classify=classify)


def missing_facts(value: Any, facts: Sequence[Any]) -> tuple[str, ...]:
    """Say which facts a value does not hold, one line each.

    A fact is a string, looked for without regard to letter case, or a compiled pattern.
    """
    text = value if isinstance(value, str) else dump_canonical_json(value)
    lines = []
    for fact in facts:
        if isinstance(fact, re.Pattern):
            if not fact.search(text):
                lines.append(f"fact missing: nothing matches {fact.pattern!r}")
        elif str(fact).casefold() not in text.casefold():
            lines.append(f"fact missing: {str(fact)!r} is not in the text")
    return tuple(lines)


def _compare_texts(
    name: str, before: Sequence[str], after: str, *, is_plain: bool
) -> tuple[TraitDifference, ...]:
    old = Counter(before).most_common(1)[0][0]
    is_closed = is_plain or not is_prose(old)
    if is_closed and not any(_is_equal(each, after) for each in before):
        distinct = len({normalize_answer(each) for each in before})
        severity, noisy = rate_by_agreement(Severity.BREAKING, distinct)
        words = format_values_apart(old, after)
        change = Change(
            trait=f"snapshot.{name}",
            severity=severity,
            before=words[0],
            after=words[1],
            noisy=noisy,
        )
        return (TraitDifference(change=change),)
    traits = {text: extract_text_traits(text) for text in {*before, after}}
    samples = [Behavior(traits=traits[text]) for text in before]
    return tuple(
        replace(each, change=replace(each.change, trait=_name(name, each.change.trait)))
        for each in find_changes(samples, Behavior(traits=traits[after]))
    )


def _is_equal(before: str, after: str) -> bool:
    """Say whether two texts that are no prose are one answer: "Spam." is "spam"."""
    old, new = normalize_answer(before), normalize_answer(after)
    return old == new or is_equal_number(old, new)


def _name(name: str, trait: str) -> str:
    """Name a trait of a snapshot's text: "text.json" is "snapshot.plan.json"."""
    rest = trait.removeprefix("text").removeprefix(".")
    return f"snapshot.{name}.{rest}" if rest else f"snapshot.{name}"


def _compare_structures(
    name: str, samples: Sequence[Any], after: Any, differences: Sequence[Difference]
) -> Change | None:
    rated = [found for each in differences if (found := _rate(each, samples)) is not None]
    if not rated:
        return None
    rated.sort(key=lambda each: (-each.severity.rank, each.noisy))
    worst = rated[0]
    lost, gained = _key_changes(samples, after, [each.difference for each in rated])
    if lost or (gained and worst.severity is not Severity.BREAKING):
        return Change(
            trait=f"snapshot.{name}",
            severity=Severity.BREAKING if lost else Severity.NOTABLE,
            before=format_value(lost),
            after=format_value(gained),
            parts=tuple(lost or gained),
        )
    lines = [format_one_line(each.difference) for each in rated]
    is_root = not worst.difference.path
    return Change(
        trait=f"snapshot.{name}",
        severity=worst.severity,
        before=format_value(worst.difference.before) if is_root else "accepted value",
        after=format_value(worst.difference.after) if is_root else lines[0],
        detail=f"and {len(lines) - 1} more" if len(lines) > 1 else "",
        parts=tuple(
            format_json_path(each.difference.path)
            for each in rated
            if (each.severity, each.noisy) == (worst.severity, worst.noisy)
        ),
        noisy=worst.noisy,
    )


def _rate(difference: Difference, samples: Sequence[Any]) -> RatedDifference | None:
    """Return how bad another value in a structure is; None where the samples show it, too.

    A gained key is notable, since the test did not look at it when it was accepted.
    """
    seen = [value_at(sample, difference.path) for sample in samples]
    if any(is_same(value, difference.after) for value in seen):
        return None
    if is_between(difference.after, seen):
        return None
    before = difference.before
    if before is ABSENT and _is_key(difference):
        severity = Severity.NOTABLE
    elif is_plain_value(difference.after if before is ABSENT else before):
        severity = Severity.BREAKING
    elif is_rewording(before, difference.after):
        severity = Severity.COSMETIC
    else:
        severity = Severity.NOTABLE
    distinct = len({None if each is ABSENT else dump_canonical_json(each) for each in seen})
    severity, noisy = rate_by_agreement(severity, distinct)
    return RatedDifference(difference=difference, severity=severity, noisy=noisy)


def _is_key(difference: Difference) -> bool:
    return bool(difference.path) and isinstance(difference.path[-1], str)


def _key_changes(
    samples: Sequence[Any], after: Any, differences: Sequence[Difference]
) -> tuple[list[str], list[str]]:
    """Return the keys that every sample has and the value has not, and the reverse.

    Only keys at a place that differs: the caller may have excluded the others.
    """
    pairs = [find_key_changes(sample, after) for sample in samples]
    lost, gained = (
        [
            key
            for key in pairs[0][side]
            if all(key in pair[side] for pair in pairs) and _is_at(key, differences)
        ]
        for side in (0, 1)
    )
    return lost, gained


def _is_at(key: str, differences: Sequence[Difference]) -> bool:
    """Say whether a key's path, its type behind it, lies at or below a place that differs."""
    path = key.rpartition(": ")[0]
    for difference in differences:
        where = format_json_path(difference.path, any_index=True)
        if not difference.path or path == where or path.startswith((f"{where}.", f"{where}[")):
            return True
    return False
