"""Values that a test compared with a snapshot: how two recordings of one differ in behavior."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pytest_llmregress.behavior.normalize import find_key_changes
from pytest_llmregress.behavior.traits import extract_text_traits
from pytest_llmregress.comparison.baseline_variance import rate_difference, varies_at
from pytest_llmregress.comparison.compare_behavior import (
    Classify,
    TraitDifference,
    apply_severities,
    find_changes,
)
from pytest_llmregress.comparison.json_difference import (
    Differ,
    Difference,
    differing_leaves,
    format_json_path,
    format_one_line,
    is_alike,
    is_same,
)
from pytest_llmregress.formatting.value_text import format_value
from pytest_llmregress.values.behavior import Behavior, Change, Severity
from pytest_llmregress.values.canonical_json import dump_canonical_json
from pytest_llmregress.values.severity_overrides import Severities


def compare_samples(  # noqa: PLR0913 - one argument for each source of a severity
    name: str,
    before: Sequence[Any],
    after: Any,
    *,
    differ: Differ = differing_leaves,
    severities: Severities | None = None,
    classify: Classify | None = None,
) -> tuple[Change, ...]:
    """Return what changed in behavior between the JSON values of a baseline and a new one.

    A value that equals that of any sample did not change. Texts are compared by their traits: a
    rewording is cosmetic. Of structures, a key that every sample has and that is lost or has
    another type is breaking, one that none has notable; where the keys are the same, another
    value is notable, and cosmetic where only sentences differ, or where the samples themselves
    have three values or more in the same place. Samples of another type than the new value
    count only where there are no others.

    :param name: that of the snapshot; the changes are "snapshot.NAME" and "snapshot.NAME.json".
    :param before: the value of each sample of the baseline.
    :param differ: tells where two values differ, after the caller's own exclusions.
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
        found = _compare_texts(name, samples, after)
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


def _compare_texts(name: str, before: Sequence[str], after: str) -> tuple[TraitDifference, ...]:
    traits = {text: extract_text_traits(text) for text in {*before, after}}
    samples = [Behavior(traits=traits[text]) for text in before]
    return tuple(
        replace(each, change=replace(each.change, trait=_name(name, each.change.trait)))
        for each in find_changes(samples, Behavior(traits=traits[after]))
    )


def _name(name: str, trait: str) -> str:
    """Name a trait of a snapshot's text: "text.json" is "snapshot.plan.json"."""
    rest = trait.removeprefix("text").removeprefix(".")
    return f"snapshot.{name}.{rest}" if rest else f"snapshot.{name}"


def _compare_structures(
    name: str, samples: Sequence[Any], after: Any, differences: Sequence[Difference]
) -> Change | None:
    weighed = [
        (severity, varies_at(difference, samples), difference)
        for difference in differences
        if (severity := rate_difference(difference, samples)) is not None
    ]
    if not weighed:
        return None
    weighed.sort(key=lambda each: (-each[0].rank, each[1]))
    lost, gained = _key_changes(samples, after, [difference for *_, difference in weighed])
    if lost or gained:
        return Change(
            trait=f"snapshot.{name}",
            severity=Severity.BREAKING if lost else Severity.NOTABLE,
            before=format_value(lost),
            after=format_value(gained),
            parts=tuple(lost or gained),
        )
    worst, noisy, _ = weighed[0]
    lines = [format_one_line(difference) for *_, difference in weighed]
    return Change(
        trait=f"snapshot.{name}",
        severity=worst,
        before="accepted value",
        after=lines[0],
        detail=f"and {len(lines) - 1} more" if len(lines) > 1 else "",
        parts=tuple(format_json_path(d.path) for s, n, d in weighed if (s, n) == (worst, noisy)),
        noisy=noisy,
    )


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
