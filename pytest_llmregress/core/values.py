"""Values that a test compared with a snapshot: how two recordings of one differ in behavior."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from pytest_llmregress.core.behavior import Behavior, Change, Severity
from pytest_llmregress.core.canonical import canonical
from pytest_llmregress.core.compare import compare
from pytest_llmregress.core.normalize import key_changes
from pytest_llmregress.core.traits import text_traits
from pytest_llmregress.core.words import in_words


def compare_values(
    name: str, before: Any, after: Any, *, differences: Sequence[str]
) -> tuple[Change, ...]:
    """Return what changed in behavior between two JSON values from two recordings.

    Texts are compared by their traits: a rewording is cosmetic. Of structures, a key that is
    lost or has another type is breaking, a new one notable; where the keys are the same,
    another value is notable, and cosmetic where only sentences differ.

    :param differences: every difference in words, after the caller's own exclusions; where
        there is none, nothing changed.
    """
    if not differences:
        return ()
    trait = f"snapshot.{name}"
    if isinstance(before, str) and isinstance(after, str):
        found = compare(Behavior(traits=text_traits(before)), Behavior(traits=text_traits(after)))
        return tuple(
            replace(change, trait=f"{trait}{change.trait.removeprefix('text')}") for change in found
        )
    lost, gained = key_changes(before, after)
    if lost:
        return (_change(trait, Severity.BREAKING, lost, gained),)
    if gained:
        return (_change(trait, Severity.NOTABLE, lost, gained),)
    only_sentences = all(_is_sentence(leaf) for leaf in _differing_leaves(before, after))
    more = f"and {len(differences) - 1} more" if len(differences) > 1 else ""
    return (
        Change(
            trait=trait,
            severity=Severity.COSMETIC if only_sentences else Severity.NOTABLE,
            before="accepted value",
            after=differences[0],
            detail=more,
        ),
    )


def missing_facts(value: Any, facts: Sequence[Any]) -> tuple[str, ...]:
    """Say which facts a value does not hold, one line each.

    A fact is a string, looked for without regard to letter case, or a compiled pattern.
    """
    text = value if isinstance(value, str) else canonical(value)
    lines = []
    for fact in facts:
        if isinstance(fact, re.Pattern):
            if not fact.search(text):
                lines.append(f"fact missing: nothing matches {fact.pattern!r}")
        elif str(fact).casefold() not in text.casefold():
            lines.append(f"fact missing: {str(fact)!r} is not in the text")
    return tuple(lines)


def _change(trait: str, severity: Severity, lost: Sequence[str], gained: Sequence[str]) -> Change:
    return Change(
        trait=trait, severity=severity, before=in_words(list(lost)), after=in_words(list(gained))
    )


def _is_sentence(value: Any) -> bool:
    """Whether a value reads like words of a model rather than like one of a few choices."""
    return isinstance(value, str) and len(value.split()) > 3  # noqa: PLR2004 - "needs a human"


def _differing_leaves(before: Any, after: Any) -> Iterator[Any]:
    """Yield the scalars of `after` that `before` does not have in the same place."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in after.items():
            yield from _differing_leaves(before.get(key), value)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for old, new in zip(before, after, strict=True):
            yield from _differing_leaves(old, new)
    elif before != after:
        yield after
